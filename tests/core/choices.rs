//! What belongs to which alternative, how a choice finishes, and what counts where several things say the same.

use liveavatar_llm::call::Policy;
use liveavatar_llm::chat::Request;
use liveavatar_llm::framing::Payload;
use liveavatar_llm::providers::{Provider, Upstream};

use crate::delta::show;

/// What these payloads say, where one alternative was asked for or where nobody knows.
fn said<S: AsRef<str>>(payloads: &[S], is_single: bool) -> String {
    let mut decoder = Provider::OpenAi.decoder(is_single);
    let mut said = Vec::new();
    for payload in payloads {
        let payload = Payload::message(payload.as_ref());
        said.extend(show(&decoder.decode(&payload).deltas));
    }
    said.join(", ")
}

#[track_caller]
fn check(payloads: &[&str], expected: &str) {
    assert_eq!(said(payloads, true), expected, "of {payloads:?}");
}

/// A chunk with these choices' members.
fn choices(choices: &[&str]) -> String {
    format!(r#"{{"choices":[{{{}}}]}}"#, choices.join("},{"))
}

fn words(index: u32, text: &str) -> String {
    choices(&[&format!(r#""index":{index},"delta":{{"content":"{text}"}}"#)])
}

fn thought(index: u32, text: &str) -> String {
    choices(&[&format!(r#""index":{index},"delta":{{"reasoning":"{text}"}}"#)])
}

fn role(index: u32) -> String {
    choices(&[&format!(
        r#""index":{index},"delta":{{"role":"assistant","content":""}}"#
    )])
}

fn finish(index: u32) -> String {
    choices(&[&format!(r#""index":{index},"delta":{{}},"finish_reason":"stop""#)])
}

#[test]
fn parts_of_one_answer_are_put_together_if_one_was_asked_for() {
    let rows = [
        (
            vec![
                role(0),
                thought(0, "Hm"),
                role(1),
                words(1, "A"),
                words(1, "B"),
                finish(0),
            ],
            "0 opens, 0 thinks Hm, 0 says A, 0 says B, 0 finishes stop",
            "0 opens, 0 thinks Hm, 1 opens, 1 says A, 1 says B, 0 finishes stop",
        ),
        // All at another index.
        (
            vec![role(1), words(1, "A"), finish(1)],
            "0 opens, 0 says A, 0 finishes stop",
            "1 opens, 1 says A, 1 finishes stop",
        ),
        // Words beside words are another alternative.
        (
            vec![words(0, "A"), words(1, "X"), words(0, "B"), finish(0), finish(1)],
            "0 opens, 0 says A, 1 opens, 1 says X, 0 says B, 0 finishes stop, 1 finishes stop",
            "0 opens, 0 says A, 1 opens, 1 says X, 0 says B, 0 finishes stop, 1 finishes stop",
        ),
        // Whoever speaks first is the first.
        (
            vec![words(1, "X"), words(0, "A"), words(1, "Y"), words(0, "B")],
            "0 opens, 0 says X, 1 opens, 1 says A, 0 says Y, 1 says B",
            "1 opens, 1 says X, 0 opens, 0 says A, 1 says Y, 0 says B",
        ),
    ];
    for (payloads, single, several) in rows {
        assert_eq!(said(&payloads, true), single, "of {payloads:?}");
        assert_eq!(
            said(&payloads, false),
            several,
            "of {payloads:?}, if several may have been asked for"
        );
    }
}

#[test]
fn how_many_were_asked_for_is_what_counts_for_the_upstream() {
    let rows = [
        ("{}", "", true),
        ("{}", r#","n":1"#, true),
        ("{}", r#","n":1.0"#, true),
        ("{}", r#","n":null"#, true),
        ("{}", r#","n":2"#, false),
        (r#"{"defaults":{"n":2}}"#, "", false),
        (r#"{"defaults":{"n":2}}"#, r#","n":1"#, true),
        (r#"{"override":{"n":2}}"#, r#","n":1"#, false),
        (r#"{"override":{"n":null}}"#, r#","n":2"#, true),
    ];
    for (upstream, n, expected) in rows {
        let upstream = Upstream::parse(upstream, &[]).unwrap();
        let request = Request::parse(&format!(r#"{{"model":"m","messages":[]{n}}}"#)).unwrap();
        assert_eq!(upstream.provider.is_single(&upstream, &request), expected, "of {n}");
        let mut call = liveavatar_llm::call::Call::new(&upstream, request, Policy::default(), 0, 0.0).unwrap();
        call.send(None, 0.0).unwrap();
        call.respond(liveavatar_llm::http::Response::new(200, Vec::new()), 0.0);
        let mut told = Vec::new();
        call.push(format!("data: {}\n\n", words(1, "A")).as_bytes(), 0.0, &mut |decoded| {
            told.extend(show(&decoded.deltas));
            true
        });
        let index = usize::from(!expected);
        assert_eq!(told, [format!("{index} opens"), format!("{index} says A")], "of {n}");
    }
}

#[test]
fn finish_reasons_are_those_of_the_reference() {
    let call = r#""delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]}"#;
    let rows = [
        ("stop", "stop", "tool_calls"),
        ("eos", "stop", "tool_calls"),
        ("eos_token", "stop", "tool_calls"),
        ("end_turn", "stop", "tool_calls"),
        ("STOP", "stop", "tool_calls"),
        ("tool_use", "tool_calls", "tool_calls"),
        ("tool_calls", "tool_calls", "tool_calls"),
        ("MAX_TOKENS", "length", "length"),
        ("length", "length", "length"),
        ("content_filter", "content_filter", "content_filter"),
        ("else", "else", "else"),
    ];
    for (reason, expected, after_a_call) in rows {
        let finish = format!(r#""finish_reason":"{reason}""#);
        check(&[&choices(&[&finish])], &format!("0 opens, 0 finishes {expected}"));
        check(
            &[&choices(&[call]), &choices(&[&finish])],
            &format!("0 opens, 0 calls 0 a f {{}}, 0 finishes {after_a_call}"),
        );
        // It comes first in its chunk, and yet last.
        check(
            &[&choices(&[&format!("{finish},{call}")])],
            &format!("0 opens, 0 calls 0 a f {{}}, 0 finishes {after_a_call}"),
        );
    }
}

#[test]
fn what_is_said_twice_is_told_once() {
    let rows = [
        (r#""delta":{"content":"A"},"text":"A""#, "0 opens, 0 says A"),
        (
            r#""text":"A","delta":{"content":"A","token_id":5}"#,
            "0 opens, 0 says A, 0 message extra token_id 5",
        ),
        (
            r#""text":"A","delta":{"token_id":5}"#,
            "0 opens, 0 says A, 0 message extra token_id 5",
        ),
        (r#""text":"A","message":{"content":"A"}"#, "0 opens, 0 says A"),
        (r#""text":"A","delta":null"#, "0 opens, 0 says A"),
        (r#""text":null,"delta":{"content":"A"}"#, "0 opens, 0 says A"),
        (r#""text":["A"]"#, "0 opens, 0 says A"),
        (
            r#""message":{"content":"A"},"delta":{"role":"assistant","content":""}"#,
            "0 opens, 0 says A",
        ),
        (
            r#""delta":{"content":null},"message":{"content":"A","tool_calls":[]}"#,
            "0 opens, 0 says A",
        ),
        (
            r#""delta":{"reasoning":"A"},"message":{"content":"A"}"#,
            "0 opens, 0 thinks A",
        ),
    ];
    for (choice, expected) in rows {
        check(&[&choices(&[choice])], expected);
    }
    // All that was said, beside a delta that says nothing more: the same form as the chunk before, and not read like it.
    let beside = |sofar: &str| choices(&[&format!(r#""delta":{{}},"message":{{"content":"{sofar}"}}"#)]);
    check(&[&beside("A"), &beside("AB"), &beside("ABC")], "0 opens, 0 says A");
    // Where the chunk is cut, nobody knows what was beside it.
    let cut = r#"{"choices":[{"index":0,"message":{"content":"AB"}"#;
    check(&[cut], "0 opens, 0 says AB");
    check(&[&words(0, "A"), cut], "0 opens, 0 says A");
    let text = |text: &str| choices(&[&format!(r#""text":"{text}""#)]);
    check(
        &[&text("A"), &text("B"), &text("C")],
        "0 opens, 0 says A, 0 says B, 0 says C",
    );
}

#[test]
fn words_may_be_parts() {
    let rows = [
        (
            r#"["A",{"type":"text","text":"B"},["C"],null,5,{"text":null}]"#,
            "0 opens, 0 says A, 0 says B, 0 says C",
        ),
        (r#"{"type":"output_text","text":"A"}"#, "0 opens, 0 says A"),
        (
            r#"[{"type":"thinking","thinking":[{"type":"text","text":"A"}],"closed":true},{"text":"B","type":"text"}]"#,
            "0 opens, 0 thinks A, 0 says B",
        ),
        (
            r#"[{"text":"A","type":"reasoning"},{"type":"thinking","thinking":"B"}]"#,
            "0 opens, 0 thinks A, 0 thinks B",
        ),
        // Nobody nests that deeply.
        (r#"[[[["A"]]]]"#, "0 opens, 0 says A"),
        (r#"[[[[["A"]]]]]"#, "0 opens"),
    ];
    for (content, expected) in rows {
        check(&[&choices(&[&format!(r#""delta":{{"content":{content}}}"#)])], expected);
    }
    check(
        &[&choices(&[
            r#""delta":{"reasoning_content":[{"text":"A"}],"thinking":"A"}"#,
        ])],
        "0 opens, 0 thinks A",
    );
}

#[test]
fn token_counts_are_found_where_they_stand() {
    let counts = |n: u32| format!(r#"{{"prompt_tokens":{n},"completion_tokens":1,"total_tokens":9}}"#);
    let rows = [
        (format!(r#"{{"choices":[{{"usage":{}}}]}}"#, counts(1)), "usage 1+1=9"),
        (
            format!(r#"{{"choices":[{{"usage":{}}}],"usage":{}}}"#, counts(1), counts(2)),
            "usage 2+1=9",
        ),
        (
            format!(r#"{{"usage":{},"x_groq":{{"usage":{}}}}}"#, counts(1), counts(2)),
            "usage 1+1=9",
        ),
        (
            format!(r#"{{"x_groq":{{"usage":{}}},"usage":{}}}"#, counts(1), counts(2)),
            "usage 2+1=9",
        ),
        (
            format!(r#"{{"x_groq":{{"id":"r","usage":{}}},"usage":null}}"#, counts(1)),
            "usage 1+1=9",
        ),
        (r#"{"x_groq":{"usage":null},"choices":[{"usage":{}}]}"#.to_owned(), ""),
    ];
    for (payload, expected) in rows {
        let said = said(&[&payload], true);
        let told: Vec<&str> = said.split(", ").filter(|part| part.starts_with("usage")).collect();
        assert_eq!(told.join(", "), expected, "of {payload}");
    }
    // The last ones count, unless they are fewer.
    check(
        &[
            r#"{"usage":{"prompt_tokens":5}}"#,
            r#"{"usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7}}"#,
            r#"{"usage":{"prompt_tokens":5,"completion_tokens":null}}"#,
            r#"{"usage":{"prompt_tokens":5,"completion_tokens":3,"total_tokens":8}}"#,
        ],
        "usage 5+?=?, usage 5+2=7, usage 5+3=8",
    );
}

#[test]
fn errors_stand_in_many_places() {
    for payload in [
        r#"{"error":{"message":"Busy"}}"#,
        r#"{"choices":[{"index":0,"delta":{"content":""},"error":{"message":"Busy"}}]}"#,
        r#"{"object":"error","message":"Busy","type":"x"}"#,
        r#"{"type":"error","error":{"message":"Busy"}}"#,
        r#"{"choices":[{"delta":{"content":"A"}}]}{"error":{"message":"Busy"}}"#,
    ] {
        let payload = Payload::message(payload);
        let end = Provider::OpenAi.decoder(true).decode(&payload).end.expect("it ends");
        let message = end.unwrap_err().to_string();
        assert!(message.ends_with("inside its answer: Busy"), "{message} of {payload:?}");
    }
    for payload in [
        r#"{"error":null}"#,
        r#"{"error":""}"#,
        r#"{"error":false}"#,
        r#"{"choices":[{"error":null}]}"#,
    ] {
        let payload = Payload::message(payload);
        assert_eq!(
            Provider::OpenAi.decoder(true).decode(&payload).end,
            None,
            "of {payload:?}"
        );
    }
}
