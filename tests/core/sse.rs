//! Event streams: WHATWG HTML §9.2, «Interpreting an event stream».

use liveavatar_llm::sse::{self, Decoder, Event, Overflow};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::property::holds;
use crate::wire::{Cuts, cuts};

/// What a decoder made of a body.
#[derive(Clone, Debug, Default, PartialEq)]
struct Heard {
    /// Type, data and last event ID of each.
    events: Vec<[String; 3]>,
    /// What was begun when the body ended.
    unfinished: Option<[String; 3]>,
    retry_ms: Option<u64>,
    overflow: bool,
}

fn parts(event: Event<'_>) -> [String; 3] {
    [event.kind, event.data, event.last_event_id].map(str::to_owned)
}

fn hear(body: &[u8], cuts: &Cuts, limit: usize) -> Heard {
    let mut decoder = Decoder::new(limit);
    let mut heard = Heard::default();
    for piece in cuts.cut(body) {
        let mut events = decoder.push(piece);
        loop {
            match events.next() {
                Ok(Some(event)) => heard.events.push(parts(event)),
                Ok(None) => break,
                Err(Overflow) => {
                    heard.overflow = true;
                    return heard;
                }
            }
        }
    }
    match decoder.finish() {
        Ok(event) => heard.unfinished = event.map(parts),
        Err(Overflow) => heard.overflow = true,
    }
    heard.retry_ms = decoder.retry_ms();
    heard
}

/// The standard's steps on the whole text at once.
fn reference(body: &[u8]) -> Heard {
    let text = String::from_utf8_lossy(body).replace("\r\n", "\n").replace('\r', "\n");
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let (finished, last) = text
        .rsplit_once('\n')
        .map_or((None, text), |(lines, last)| (Some(lines), last));
    let mut heard = Heard::default();
    let [mut kind, mut data, mut id] = [const { String::new() }; 3];
    let lines = finished.into_iter().flat_map(|lines| lines.split('\n'));
    let end = if last.is_empty() { vec![""] } else { vec![last, ""] };
    let blank_lines_of_the_body = lines.clone().count();
    for (number, line) in lines.chain(end).enumerate() {
        if line.is_empty() {
            let event = data.strip_suffix('\n').map(|data| {
                let kind = if kind.is_empty() { "message" } else { &kind };
                [kind, data, &id].map(str::to_owned)
            });
            if number < blank_lines_of_the_body {
                heard.events.extend(event);
            } else {
                heard.unfinished = event;
            }
            data.clear();
            kind.clear();
            continue;
        }
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "data" => data = data + value + "\n",
            "event" => value.clone_into(&mut kind),
            "id" if !value.contains('\0') => value.clone_into(&mut id),
            "retry" if value.chars().all(|digit| digit.is_ascii_digit()) => {
                heard.retry_ms = value.parse().ok().or(heard.retry_ms);
            }
            _ => {}
        }
    }
    heard
}

/// The events of a body in short, the unfinished one behind a `+`; the same however it is cut.
#[track_caller]
fn events(body: impl AsRef<[u8]>) -> String {
    let body = body.as_ref();
    let heard = hear(body, &Cuts::None, 1000);
    assert_eq!(hear(body, &Cuts::Everywhere, 1000), heard, "cut behind each byte");
    assert_eq!(heard, reference(body), "by the standard");
    let show = |[kind, data, id]: &[String; 3]| {
        let id = if id.is_empty() { String::new() } else { format!("@{id}") };
        format!("{kind}:{data:?}{id}")
    };
    let mut shown: Vec<String> = heard.events.iter().map(show).collect();
    shown.extend(heard.unfinished.as_ref().map(|event| format!("+ {}", show(event))));
    shown.join(" ")
}

/// `wire`, `events` a row.
#[track_caller]
fn table(rows: &[(&str, &str)]) {
    for (wire, expected) in rows {
        assert_eq!(events(wire), *expected, "of {wire:?}");
    }
}

#[test]
fn a_line_ends_with_lf_or_crlf_or_cr() {
    for end in ["\n", "\r\n", "\r"] {
        let wire = "data: one|data: two||event: e|data: three||".replace('|', end);
        assert_eq!(events(&wire), r#"message:"one\ntwo" e:"three""#, "with {end:?}");
    }
    table(&[
        ("data: a\r\n\ndata: b\n\r\n", r#"message:"a" message:"b""#),
        ("data: a\r\rdata: b\n\r", r#"message:"a" message:"b""#),
        ("data: a\n\r\ndata: b\r\n\r", r#"message:"a" message:"b""#),
    ]);
}

#[test]
fn one_byte_order_mark_is_passed_over_at_the_start_and_nowhere_else() {
    table(&[
        ("\u{feff}data: a\n\n", r#"message:"a""#),
        ("\u{feff}data: a", r#"+ message:"a""#),
        ("\u{feff}\ndata: a\n\n", r#"message:"a""#),
        ("\u{feff}\u{feff}data: a\n\n", ""),
        ("data: a\n\n\u{feff}data: b\n\n", r#"message:"a""#),
        ("data: \u{feff}\n\n", r#"message:"\u{feff}""#),
    ]);
}

#[test]
fn a_comment_says_nothing() {
    table(&[
        (": ping\n\n:\n\n:data: a\n\n", ""),
        ("data: a\n: ping\ndata: b\n\n", r#"message:"a\nb""#),
    ]);
}

#[test]
fn a_field_may_lack_colon_and_value_and_loses_one_space() {
    table(&[
        ("data\n\n", r#"message:"""#),
        ("data:\n\n", r#"message:"""#),
        ("data\ndata\n\n", r#"message:"\n""#),
        ("data:a\n\n", r#"message:"a""#),
        ("data:  a \n\n", r#"message:" a ""#),
        ("data: a:b\n\n", r#"message:"a:b""#),
        ("data:\ta\n\n", r#"message:"\ta""#),
    ]);
}

#[test]
fn names_are_taken_literally_and_others_ignored() {
    table(&[(
        "Data: a\n data: b\ndata : c\nfoo: d\ndata: e\nerror: f\n\n",
        r#"message:"e""#,
    )]);
}

#[test]
fn an_event_without_data_is_none_and_its_type_is_forgotten() {
    table(&[
        ("event: ping\n\ndata: a\n\n", r#"message:"a""#),
        ("event: a\nevent: b\ndata: c\n\ndata: d\n\n", r#"b:"c" message:"d""#),
        ("event: a\nevent\ndata: b\n\n", r#"message:"b""#),
    ]);
}

#[test]
fn the_last_event_id_stays_until_another_comes() {
    table(&[
        (
            "id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n",
            r#"message:"a"@1 message:"b"@1 message:"c""#,
        ),
        ("id: 2\n\ndata: a\n\n", r#"message:"a"@2"#),
        ("id: 3\nid: 4\0\ndata: a\n\n", r#"message:"a"@3"#),
    ]);
}

#[test]
fn retry_is_digits_only() {
    let rows = [
        ("retry: 1500\n", Some(1500)),
        ("retry:007\n", Some(7)),
        ("retry: 10\nretry: 20\n", Some(20)),
        ("retry: 1.5\nretry: -1\nretry: +1\nretry\nretry: 1 \nretry: ١\n", None),
        ("retry: 10\nretry: 99999999999999999999\n", Some(10)),
    ];
    for (wire, expected) in rows {
        assert_eq!(
            hear(wire.as_bytes(), &Cuts::None, 100).retry_ms,
            expected,
            "of {wire:?}"
        );
    }
}

#[test]
fn the_end_gives_what_was_not_finished() {
    table(&[
        ("data: a\n\ndata: b\n", r#"message:"a" + message:"b""#),
        ("data: a\ndata: b", r#"+ message:"a\nb""#),
        ("event: e\r\ndata: b\r", r#"+ e:"b""#),
        ("data: a\n\nda", r#"message:"a""#),
        ("data: a\n\nevent: e", r#"message:"a""#),
        ("", ""),
    ]);
}

#[test]
fn invalid_utf8_becomes_replacement_characters() {
    assert_eq!(
        events(b"data: a\xffb\xe2\x82\nevent: \xc3\ndata: \xf0\x9f\x98\x80\n\n"),
        "\u{fffd}:\"a\u{fffd}b\u{fffd}\n😀\"".replace('\n', "\\n")
    );
}

#[test]
fn lines_and_events_are_limited() {
    let rows: [(&str, &[&str], bool); 9] = [
        ("data: 45678901\n\n", &["45678901"], false),
        ("data: 456789012\n\n", &[], true),
        ("data: a\n\n: 3456789012345\n", &["a"], true),
        ("data: a\n\n: 34567890123", &["a"], false),
        ("data: a\n\ndata: 456789012", &["a"], true),
        ("data: 456\ndata: 9012\ndata: 01234\n\n", &["456\n9012\n01234"], false),
        ("data: 456\ndata: 9012\ndata: 012345\n\n", &[], true),
        ("data\ndata\ndata\ndata\ndata\ndata\ndata\n\n", &["\n\n\n\n\n\n"], false),
        ("data: a\n\ndata: 456\ndata: 9012\ndata: 012345", &["a"], true),
    ];
    for (wire, expected, overflow) in rows {
        for cuts in [Cuts::None, Cuts::Everywhere] {
            let heard = hear(wire.as_bytes(), &cuts, 14);
            let data: Vec<&str> = heard.events.iter().map(|[_, data, _]| data.as_str()).collect();
            assert_eq!((data.as_slice(), heard.overflow), (expected, overflow), "of {wire:?}");
        }
    }
}

fn line_end() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("\n"), Just("\r\n"), Just("\r")]
}

/// Any bytes that have something of an event stream.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let field = (
        prop_oneof![
            Just("data"),
            Just("event"),
            Just("id"),
            Just("retry"),
            Just("foo"),
            Just("")
        ],
        prop_oneof![Just(""), Just(":"), Just(": "), Just(":  ")],
        "[a-c:0-9\u{0}\u{feff}é😀]{0,6}",
    );
    let line = prop_oneof![
        6 => field.prop_map(|(name, colon, value)| format!("{name}{colon}{value}").into_bytes()),
        3 => Just(Vec::new()),
        1 => vec(any::<u8>(), 0..6),
    ];
    (
        any::<bool>(),
        vec((line, line_end()), 0..12),
        prop_oneof![Just(""), Just("data: x"), Just("id: 9")],
    )
        .prop_map(|(mark, lines, last)| {
            let mut body = if mark { b"\xef\xbb\xbf".to_vec() } else { Vec::new() };
            for (line, end) in lines {
                body.extend(line);
                body.extend(end.as_bytes());
            }
            body.extend(last.as_bytes());
            body
        })
}

#[test]
fn any_bytes_cut_anywhere_are_read_as_the_standard_says() {
    holds((body(), cuts()), |(body, cuts)| {
        assert_eq!(hear(&body, &cuts, 1000), reference(&body));
    });
}

#[test]
fn a_limit_is_reached_at_the_same_event_wherever_the_body_is_cut() {
    holds((body(), cuts(), 1..24_usize), |(body, cuts, limit)| {
        let whole = hear(&body, &Cuts::None, limit);
        let cut = hear(&body, &cuts, limit);
        assert_eq!((&cut.events, cut.overflow), (&whole.events, whole.overflow));
    });
}

#[test]
fn events_come_back_however_they_are_written_and_cut() {
    let event = ("[a-z]{0,3}", "[ -~é\n]{0,12}", line_end(), "(:[ -~]{0,5})?");
    holds((vec(event, 0..6), cuts()), |(events, cuts)| {
        let mut body = String::new();
        let mut expected = Vec::new();
        for (kind, data, end, comment) in &events {
            let fields = data.split('\n').map(|line| format!("data: {line}"));
            let lines = [comment.clone(), format!("event:{kind}")].into_iter().chain(fields);
            for line in lines.filter(|line| !line.is_empty()) {
                body = body + &line + end;
            }
            body += end;
            let kind = if kind.is_empty() { "message" } else { kind };
            expected.push([kind, data, ""].map(str::to_owned));
        }
        let heard = hear(body.as_bytes(), &cuts, 1000);
        assert_eq!((heard.events, heard.unfinished), (expected, None));
    });
}

#[test]
fn what_is_encoded_is_read_back_with_line_feeds() {
    holds("[ -~é\n\r]{0,20}", |data| {
        let mut wire = String::new();
        sse::comment(&mut wire, "hb");
        sse::data(&mut wire, &data);
        let heard = hear(wire.as_bytes(), &Cuts::None, 1000);
        let data = data.replace("\r\n", "\n").replace('\r', "\n");
        assert_eq!(heard.events, [["message", &data, ""].map(str::to_owned)]);
        assert_eq!(heard.unfinished, None);
    });
}

#[test]
fn the_plainest_form_is_written() {
    let mut wire = String::new();
    sse::comment(&mut wire, "hb");
    sse::data(&mut wire, "{}");
    sse::data(&mut wire, "a\nb");
    assert_eq!(wire, ": hb\n\ndata: {}\n\ndata: a\ndata: b\n\n");
}
