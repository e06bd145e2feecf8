//! How a body is framed is told by its first byte, whatever its content type says.

use liveavatar_llm::error::StreamKind;
use liveavatar_llm::framing::{Framing, parts};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::property::holds;
use crate::wire::{Cuts, cuts, events};

/// The payloads of a body, `kind text`, and the message of the error it ended with.
fn read(body: &[u8], cuts: &Cuts, limit: usize) -> (Vec<String>, Option<String>) {
    let mut framing = Framing::new(limit);
    let mut found = Vec::new();
    for piece in cuts.cut(body) {
        let mut payloads = framing.push(piece);
        loop {
            match payloads.next() {
                Ok(Some(payload)) => found.push(format!("{} {}", payload.kind, payload.text)),
                Ok(None) => break,
                Err(error) => {
                    assert_eq!(error.kind(), Some(StreamKind::TooLarge));
                    return (found, Some(error.to_string()));
                }
            }
        }
    }
    loop {
        match framing.finish() {
            Ok(Some(payload)) => found.push(format!("{} {}", payload.kind, payload.text)),
            Ok(None) => return (found, None),
            Err(error) => return (found, Some(error.to_string())),
        }
    }
}

#[track_caller]
fn payloads(body: impl AsRef<[u8]>) -> Vec<String> {
    let body = body.as_ref();
    let whole = read(body, &Cuts::None, 1000);
    assert_eq!(read(body, &Cuts::Everywhere, 1000), whole, "cut behind each byte");
    assert_eq!(whole.1, None);
    whole.0
}

#[test]
fn the_first_byte_tells_the_format() {
    let rows: &[(&str, &[&str])] = &[
        // Event streams.
        ("data: 1\n\ndata: 2\n\n", &["message 1", "message 2"]),
        ("data: 1\n\nevent: e\ndata: 2", &["message 1", "e 2"]),
        (": ping\n\ndata: {}\n\n", &["message {}"]),
        ("event: e\r\ndata: []\r\n\r\n", &["e []"]),
        ("\n\n data: 1\n\n", &["message 1"]),
        ("\u{feff}data: 1\n\n", &["message 1"]),
        // JSON: one value, lines, an array, run together.
        ("{\"a\":1}", &["message {\"a\":1}"]),
        ("\u{feff} \r\n{\"a\":\n1}\n", &["message {\"a\":\n1}"]),
        (
            "{\"a\":1}\n{\"a\":2}\r\n\n{\"a\":3}",
            &["message {\"a\":1}", "message {\"a\":2}", "message {\"a\":3}"],
        ),
        ("{\"a\":1}{\"a\":2}", &["message {\"a\":1}", "message {\"a\":2}"]),
        (
            "[{\"a\":1},\n{\"a\":[2]}]",
            &["message {\"a\":1}", "message {\"a\":[2]}"],
        ),
        (
            "\t[\n  {\n    \"a\": \"}\"\n  }\n,\n  {}\n]\n",
            &["message {\n    \"a\": \"}\"\n  }", "message {}"],
        ),
        (
            "{\"a\":1}\n\ndata: [DONE]\n\n",
            &["message {\"a\":1}", "message [DONE]"],
        ),
        ("{\"a\":1}[DONE]", &["message {\"a\":1}", "message [DONE]"]),
        // What is not closed is given as far as it came.
        ("{\"a\":1", &["message {\"a\":1"]),
        ("{\"a\":1}\n{\"a\":[2", &["message {\"a\":1}", "message {\"a\":[2"]),
        // Lines that are no fields of an event stream.
        (
            "data: 1\n\nerror: {\"a\":1}\n\ndata: 2\n\n",
            &["message 1", "error {\"a\":1}", "message 2"],
        ),
        ("error:down", &["error down"]),
        (
            ": ping\n{\"a\":1}\n{\"a\":2}",
            &["message {\"a\":1}", "message {\"a\":2}"],
        ),
        (
            ": ping\n{\"a\":1}\n\n[DONE]\n",
            &["message {\"a\":1}", "message [DONE]"],
        ),
        (": ping\n {\"a\":1} \r\n\r\n", &["message {\"a\":1}"]),
        ("data: 1\n\n\t data: 2\n\n", &["message 1", "message 2"]),
        ("data: 1\n\n\u{feff}data: 2\n\n", &["message 1", "message 2"]),
        ("DATA: 1\n\ndata : 2\n\n", &["message 1", "message 2"]),
        ("data: 1\n{\"a\":1}", &["message {\"a\":1}", "message 1"]),
        (": ping\n{\"a\":1\n{}x\nDONE\nfoo: {}\n", &[]),
        ("<style>\n{}\n</style>\nerror: {}\n", &[]),
        ("[]", &[]),
        // Neither.
        ("", &[]),
        (" \n\u{feff}", &[]),
        ("upstream is down", &[]),
    ];
    for (body, expected) in rows {
        assert_eq!(payloads(body), *expected, "of {body:?}");
    }
}

#[test]
fn a_web_page_is_known_by_its_first_byte() {
    for (body, expected) in [
        ("<!doctype html>\n<p>data: 1\n\n", true),
        ("\u{feff}\n <html>", true),
        ("data: <p>\n\n", false),
        ("{\"a\":\"<\"}", false),
        ("", false),
    ] {
        for cuts in [Cuts::None, Cuts::Everywhere] {
            let mut framing = Framing::default();
            for piece in cuts.cut(body.as_bytes()) {
                let _ = framing.push(piece);
            }
            assert_eq!(framing.is_page(), expected, "of {body:?}");
        }
    }
}

#[test]
fn what_is_larger_than_the_limit_is_named() {
    let message = Some("one event of the stream is larger than 20 bytes".to_owned());
    let rows: [(&str, &[&str]); 4] = [
        ("data: 1\n\ndata: 0123456789012345\n\n", &["message 1"]),
        ("data: 1\n\n: 012345678901234567890", &["message 1"]),
        ("{\"a\":1}\n{\"a\":\"01234567890123\"}", &["message {\"a\":1}"]),
        ("[{\"a\":1},{\"a\":\"012345678901234", &["message {\"a\":1}"]),
    ];
    for (body, expected) in rows {
        for cuts in [Cuts::None, Cuts::Everywhere] {
            let (found, error) = read(body.as_bytes(), &cuts, 20);
            assert!(
                found == expected && error == message,
                "{body:?} gives {found:?}, {error:?}"
            );
        }
    }
}

#[test]
fn invalid_utf8_becomes_replacement_characters_in_every_format() {
    assert_eq!(payloads(b"data: a\xff\n\n"), ["message a\u{fffd}"]);
    assert_eq!(payloads(b"{\"a\":\"\xff\"}"), ["message {\"a\":\"\u{fffd}\"}"]);
}

#[test]
fn payloads_come_back_however_they_are_framed_and_cut() {
    let payload = select(vec![
        "{}",
        r#"{"a":"}{\""}"#,
        r#"{"é":[{"b":null}]}"#,
        r#"{"a": {"b": "\\"}}"#,
    ]);
    let before = select(vec!["", "\u{feff}", "\n", " \r\n", "\u{feff}\n"]);
    let format = select(vec!["events", "lines", "array", "run together"]);
    holds(
        (vec(payload, 0..5), before, format, cuts()),
        |(values, before, format, cuts)| {
            let body = match format {
                "events" => events(&values).replace('\n', "\r\n"),
                "lines" => values.join("\n"),
                "array" => format!("[\n{}\n]", values.join(",\n")),
                _ => values.concat(),
            };
            let expected: Vec<String> = values.iter().map(|value| format!("message {value}")).collect();
            let body = format!("{before}{body}");
            assert_eq!(read(body.as_bytes(), &cuts, 1000), (expected, None), "of {body:?}");
        },
    );
}

#[test]
fn any_bytes_give_the_same_payloads_wherever_they_are_cut() {
    let byte = prop_oneof![select(b"\xef\xbb\xbf \n\r{}[]\"\\<data: 1".to_vec()), any::<u8>()];
    holds((vec(byte, 0..24), cuts()), |(body, cuts)| {
        assert_eq!(read(&body, &cuts, 1000), read(&body, &Cuts::None, 1000));
    });
}

#[test]
fn an_event_holds_the_whole_objects_that_are_in_it() {
    let rows: &[(&str, &[&str])] = &[
        ("", &[]),
        ("x", &[]),
        (r#"{"a":1}"#, &[r#"{"a":1}"#]),
        (r#"{"a":1}{"a":2}"#, &[r#"{"a":1}"#, r#"{"a":2}"#]),
        ("{\"a\":1}\n{\"a\":2}\n[DONE]", &[r#"{"a":1}"#, r#"{"a":2}"#, "[DONE]"]),
        (r#"[{"a":[{}]},{"a":2}]"#, &[r#"{"a":[{}]}"#, r#"{"a":2}"#]),
        ("[]", &[]),
        (r#"{"a":1} x"#, &[r#"{"a":1}"#]),
        // What breaks off is not told, nor anything inside it.
        (r#"{"a":"bdata: {"a":2}"#, &[r#"{"a":2}"#]),
        (r#"{"a":{"b":1},"data: {"a":2}"#, &[r#"{"a":2}"#]),
        (r#"{"a":1}data:{"a":2}"#, &[r#"{"a":1}"#, r#"{"a":2}"#]),
        ("{\"a\":{\"b\":1},\n{\"error\":\"x\"}", &[r#"{"error":"x"}"#]),
        (r#"{"a":{"b":1},{"error":"x"}"#, &[r#"{"error":"x"}"#]),
        (r#"{"a":{"b":1},"c"#, &[]),
        (r#"{"a":[DONE]"#, &["[DONE]"]),
        (r#"{"a":[{"b":1}],"c":NaN}"#, &[]),
        // In a text that is whole, all of this is only text.
        (
            r#"{"a":"data: {\"b\":1}[DONE]"}"#,
            &[r#"{"a":"data: {\"b\":1}[DONE]"}"#],
        ),
    ];
    for (text, expected) in rows {
        assert_eq!(parts(text), *expected, "of {text:?}");
    }
    // Whoever sends rubbish without end has it looked through so often and no oftener.
    let rubbish = format!("{}{}", "data:{\"a\":x".repeat(1000), r#"data:{"a":1}"#);
    assert_eq!(parts(&rubbish), [""; 0]);
}
