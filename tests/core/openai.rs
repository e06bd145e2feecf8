//! `OpenAI`'s dialect: how a request is put, and what the payloads of an answer say.

use std::borrow::Cow;

use liveavatar_llm::chat::Request;
use liveavatar_llm::error::{Error, Secret, StreamKind};
use liveavatar_llm::framing::Payload;
use liveavatar_llm::http;
use liveavatar_llm::providers::{Provider, Upstream};
use serde_json::json;

use crate::delta::show;
use crate::wire::{chunk, finish, role, usage, words};

// Encoding.

const HELLO: &str = r#"{"messages":[{"role":"user","content":"Hello"}]}"#;

fn encode(upstream: &str, request: &str) -> Result<http::Request, Error> {
    let upstream = Upstream::parse(upstream, &[]).unwrap();
    upstream.provider.encode(&upstream, Request::parse(request).unwrap())
}

#[track_caller]
fn body(upstream: &str, request: &str) -> serde_json::Value {
    serde_json::from_str(&encode(upstream, request).unwrap().body.unwrap()).unwrap()
}

#[test]
fn a_request_is_posted_to_chat_completions_under_the_base_url() {
    let rows = [
        (r#"{"model":"m"}"#, "https://api.openai.com/v1/chat/completions"),
        (
            r#"{"model":"m","baseUrl":"http://localhost:1234/v1"}"#,
            "http://localhost:1234/v1/chat/completions",
        ),
        (
            r#"{"model":"m","baseUrl":"https://a.example//"}"#,
            "https://a.example/chat/completions",
        ),
        (
            r#"{"model":"m","baseUrl":"https://a.example/v1/","query":{"api-version":"2024-10-21","ä b":"&="}}"#,
            "https://a.example/v1/chat/completions?api-version=2024-10-21&%C3%A4%20b=%26%3D",
        ),
    ];
    for (upstream, url) in rows {
        let request = encode(upstream, HELLO).unwrap();
        assert_eq!((request.method, request.url.as_str()), ("POST", url));
    }
}

#[test]
fn it_asks_for_an_event_stream_and_adds_the_headers_given() {
    let request = encode(r#"{"model":"m","headers":{"X-Title":"Talk","x-org":"o"}}"#, HELLO).unwrap();
    let headers: Vec<(&str, &str)> = request.headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    assert_eq!(
        headers,
        [
            ("content-type", "application/json"),
            ("accept", "text/event-stream"),
            ("x-title", "Talk"),
            ("x-org", "o")
        ]
    );
    let key = Secret::new("sk-1".to_owned()).unwrap();
    assert_eq!(
        Provider::OpenAi.authorization(&key),
        ("authorization".to_owned(), "Bearer sk-1".to_owned())
    );
}

#[test]
fn the_body_is_streamed_and_otherwise_as_given() {
    assert_eq!(
        body(
            r#"{"model":"m"}"#,
            r#"{"messages":[],"stream":false,"temperature":0.10,"x":{"y":null}}"#
        ),
        json!({"messages": [], "temperature": 0.1, "x": {"y": null}, "model": "m", "stream": true})
    );
}

#[test]
fn defaults_go_under_and_overrides_over_the_request() {
    let upstream = r#"{
        "model": "m",
        "defaults": {"temperature": 1, "top_p": 0.5, "seed": 1},
        "override": {"temperature": 0.2, "stop": null, "seed": null, "user": "u"}
    }"#;
    let request = r#"{"messages":[],"temperature":2,"top_p":0.9,"stop":"x","max_tokens":5}"#;
    assert_eq!(
        body(upstream, request),
        json!({"messages": [], "temperature": 0.2, "top_p": 0.9, "max_tokens": 5, "user": "u", "model": "m", "stream": true})
    );
}

#[test]
fn the_model_is_the_overrides_else_the_requests_else_the_defaults_else_the_upstreams() {
    let all = r#"{"model":"upstream","defaults":{"model":"default"},"override":{"model":"override"}}"#;
    let rows = [
        (all, true, "override"),
        (
            r#"{"model":"upstream","defaults":{"model":"default"}}"#,
            true,
            "request",
        ),
        (
            r#"{"model":"upstream","defaults":{"model":"default"}}"#,
            false,
            "default",
        ),
        (r#"{"model":"upstream"}"#, false, "upstream"),
        (r#"{"model":"upstream","override":{"model":null}}"#, true, "upstream"),
    ];
    for (upstream, named, expected) in rows {
        let request = if named {
            r#"{"messages":[],"model":"request"}"#
        } else {
            r#"{"messages":[]}"#
        };
        assert_eq!(body(upstream, request)["model"], expected, "of {upstream}");
    }
}

#[test]
fn a_request_needs_a_model() {
    let rows = [
        (
            "{}",
            "missing",
            "`model` is missing: name it in the request or in the upstream",
        ),
        (
            r#"{"defaults":{"model":""}}"#,
            "wrong_type",
            "`model` must be the model's name, it is empty",
        ),
        (
            r#"{"override":{"model":5}}"#,
            "wrong_type",
            "`model` must be the model's name, it is a number",
        ),
    ];
    for (upstream, code, message) in rows {
        let error = encode(upstream, HELLO).unwrap_err();
        assert_eq!((error.code(), error.path()), (code, Some("/model")));
        assert_eq!(error.to_string(), message);
    }
}

// Decoding.

/// What an answer's payloads say, `<` before those that are passed on as they are, and how it ends. A payload that
/// begins with `event name: ` has that type.
fn decode<S: AsRef<str>>(payloads: &[S]) -> (Vec<String>, Result<(), Error>) {
    let mut decoder = Provider::OpenAi.decoder(false);
    let mut said = Vec::new();
    for payload in payloads {
        let named = payload
            .as_ref()
            .strip_prefix("event ")
            .and_then(|text| text.split_once(": "));
        let (kind, text) = named.unwrap_or(("message", payload.as_ref()));
        let payload = Payload {
            kind,
            text: Cow::Borrowed(text),
        };
        let saying = decoder.decode(&payload);
        assert!(saying.chunk.is_none_or(|chunk| chunk == text), "passed on as it is");
        let mark = if saying.chunk.is_some() { "< " } else { "" };
        said.push(mark.to_owned() + &show(&saying.deltas).join(", "));
        if let Some(end) = saying.end {
            return (said, end);
        }
    }
    (said, decoder.end())
}

/// `payload`, what it says in a fresh answer.
#[track_caller]
fn table(rows: &[(&str, &str)]) {
    for (payload, expected) in rows {
        assert_eq!(decode(&[payload]).0, [*expected], "of {payload}");
    }
}

/// The same for a choice 0 with these members.
#[track_caller]
fn choices(rows: &[(&str, &str)]) {
    for (members, expected) in rows {
        let payload = chunk(&format!(r#"{{"index":0,{members}}}"#));
        let (said, _) = decode(&[role(), payload]);
        assert_eq!(said[1], *expected, "of {members}");
    }
}

#[track_caller]
fn failure<S: AsRef<str>>(payloads: &[S], kind: StreamKind, message: &str) {
    let error = decode(payloads).1.unwrap_err();
    assert_eq!((error.kind(), error.to_string().as_str()), (Some(kind), message));
}

#[test]
fn an_answer_as_openai_sends_it_is_passed_on_and_understood() {
    let payloads = [
        role(),
        words("Hel"),
        words("lo"),
        finish(),
        usage(),
        "[DONE]".to_owned(),
    ];
    let (said, end) = decode(&payloads);
    assert_eq!(end, Ok(()));
    assert_eq!(
        said,
        [
            "< id c1, created 1700000000, model gpt, 0 opens",
            "< 0 says Hel",
            "< 0 says lo",
            "< 0 finishes stop",
            "< usage 3+4=7",
            ""
        ]
    );
}

#[test]
fn id_model_and_time_are_told_once_and_only_if_they_say_something() {
    let (said, _) = decode(&[
        r#"{"id":"","model":"","created":0,"choices":[]}"#,
        r#"{"id":null,"model":5,"created":"now","choices":[]}"#,
        r#"{"id":"a","model":"m","created":7,"choices":[]}"#,
        r#"{"id":"b","model":"n","created":8,"choices":[]}"#,
    ]);
    assert_eq!(said, ["", "", "id a, model m, created 7", ""]);
}

#[test]
fn a_choice_opens_once_before_anything_else_of_it_and_finishes_once() {
    let (said, end) = decode(&[
        chunk(r#"{"index":0,"logprobs":{"content":[]},"delta":{"role":"assistant"},"finish_reason":null}"#),
        chunk(r#"{"index":0,"delta":{"role":"assistant","content":"a"}}"#),
        chunk(r#"{"index":0,"finish_reason":"length","delta":{"content":"b"}}"#),
        chunk(r#"{"index":0,"delta":{},"finish_reason":"stop"}"#),
        chunk(r#"{"index":0,"delta":{"content":"c"}}"#),
    ]);
    assert_eq!(end, Ok(()));
    assert_eq!(
        said,
        [
            r#"< id c1, created 1700000000, model gpt, 0 opens, 0 extra logprobs {"content":[]}"#,
            "< 0 says a",
            "< 0 says b, 0 finishes length",
            "",
            "< 0 says c"
        ]
    );
}

#[test]
fn what_a_choice_says() {
    choices(&[
        (
            r#""delta":{"content":"a\u00e9\n"},"finish_reason":null"#,
            "< 0 says aé\n",
        ),
        (r#""delta":{"content":null,"refusal":"No."}"#, "< 0 refuses No."),
        (
            r#""delta":{"reasoning_content":"Hm","content":"Hi"}"#,
            "< 0 thinks Hm, 0 says Hi",
        ),
        (
            r#""delta":{"reasoning":"Hm","reasoning_content":"Hm"}"#,
            "< 0 thinks Hm",
        ),
        (r#""delta":{"reasoning":"","reasoning_content":"Hm"}"#, "< 0 thinks Hm"),
        (r#""delta":{},"finish_reason":"weird""#, "< 0 finishes weird"),
        (r#""delta":{"content":"","role":"user"}"#, "< "),
        // Not as the reference has it, so not passed on.
        (r#""finish_reason":"stop""#, "0 finishes stop"),
        (r#""message":{"role":"assistant","content":"a"}"#, "0 says a"),
        (r#""delta":null,"message":{"content":"a"}"#, "0 says a"),
        (r#""message":{"content":"a"},"delta":{"content":"b"}"#, "0 says b"),
        (r#""delta":{"content":"b"},"message":{"content":"ab"}"#, "0 says b"),
        (r#""delta":{"content":5}"#, ""),
        (r#""delta":null"#, ""),
        (r#""delta":{},"finish_reason":"""#, ""),
        (r#""delta":{},"finish_reason":1"#, ""),
    ]);
}

#[test]
fn a_chunk_is_passed_on_only_if_it_has_all_that_the_reference_says() {
    let whole = words("a");
    let rows = [
        ("", "", true),
        (r#""id":"c1","#, "", false),
        (r#""id":"c1""#, r#""id":1"#, false),
        (r#""object":"chat.completion.chunk","#, "", false),
        ("chat.completion.chunk", "chat.completion", false),
        (r#""created":1700000000,"#, "", false),
        ("1700000000", "1.5", false),
        (r#""model":"gpt","#, "", false),
        (r#""choices":["#, r#""choices":[5,"#, false),
        (r#""index":0,"#, "", false),
        (r#""index":0,"#, r#""index":"0","#, false),
        (r#""index":0,"#, r#""index":128,"#, false),
        (
            r#""model""#,
            r#""x":1,"obfuscation":"ab","usage":null,"error":null,"model""#,
            true,
        ),
        (r#""model""#, r#""usage":{},"model""#, false),
        (
            r#""model""#,
            r#""usage":{"prompt_tokens":1,"completion_tokens":null,"total_tokens":1},"model""#,
            false,
        ),
    ];
    for (part, instead, expected) in rows {
        let payload = whole.replacen(part, instead, usize::from(!part.is_empty()));
        let (said, _) = decode(&[&payload]);
        assert_eq!(said[0].starts_with('<'), expected, "of {payload}");
        assert!(said[0].contains("0 says a"), "{payload} says {said:?}");
    }
}

#[test]
fn a_chunk_says_the_same_in_odd_shapes() {
    table(&[
        ("{}", ""),
        ("  ", ""),
        (r#"{"choices":null}"#, ""),
        (r#"{"choices":{"delta":{"content":"a"}}}"#, ""),
        (
            r#"{"choices":[{"delta":{"content":"a"}},{"delta":{"content":"b"}}]}"#,
            "0 opens, 0 says a, 1 opens, 1 says b",
        ),
        (
            r#"{"choices":[{"delta":{"content":"a"},"index":3}]}"#,
            "3 opens, 3 says a",
        ),
        (
            r#"{"choices":[{"delta":{"content":"a"},"index":127}]}"#,
            "127 opens, 127 says a",
        ),
        (
            r#"{"choices":[{"delta":{"content":"a"},"index":4000000000}]}"#,
            "0 opens, 0 says a",
        ),
        (
            r#" {"choices" : [ {"delta" : {"content" : "a"} } ] } "#,
            "0 opens, 0 says a",
        ),
    ]);
}

#[test]
fn alternatives_are_told_apart() {
    let (said, end) = decode(&[
        r#"{"choices":[{"index":1,"delta":{"content":"b"}},{"index":0,"delta":{"content":"a"}}]}"#,
        r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#,
        r#"{"choices":[{"index":1,"delta":{"content":"c"}}]}"#,
    ]);
    assert_eq!(
        said,
        ["1 opens, 1 says b, 0 opens, 0 says a", "0 finishes stop", "1 says c"]
    );
    assert_eq!(end.unwrap_err().kind(), Some(StreamKind::Truncated));
}

#[test]
fn calls_to_tools_are_told_piece_by_piece() {
    choices(&[
        (
            r#""delta":{"tool_calls":[{"index":0,"id":"t1","type":"function","function":{"name":"look","arguments":""}}]}"#,
            "< 0 calls 0 t1 look ",
        ),
        (r#""delta":{"tool_calls":[]}"#, "< "),
        (r#""delta":{"tool_calls":null}"#, "< "),
        (
            r#""delta":{"tool_calls":[{"id":"a","function":{"name":"f","arguments":"{}"}}]}"#,
            "0 calls 0 a f {}",
        ),
        // Ollama's: no index, and arguments that are an object.
        (
            r#""delta":{"tool_calls":[{"id":"a","function":{"name":"f","arguments":{"x": 1}}},{"id":"b"}]}"#,
            r#"0 calls 0 a f {"x": 1}, 0 calls 1 b - "#,
        ),
        (r#""delta":{"tool_calls":[{"index":0,"function":5}]}"#, ""),
        (r#""delta":{"tool_calls":{"index":0}}"#, ""),
        (r#""delta":{"tool_calls":["x"]}"#, ""),
    ]);
}

#[test]
fn usage_is_told_as_far_as_it_goes() {
    table(&[
        (
            r#"{"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3,"x":{}}}"#,
            "usage 1+2=3",
        ),
        (
            r#"{"usage":{"prompt_tokens":1,"completion_tokens":null}}"#,
            "usage 1+?=?",
        ),
        (r#"{"usage":{"prompt_tokens":null}}"#, ""),
        (r#"{"usage":{}}"#, ""),
        (r#"{"usage":null}"#, ""),
        (r#"{"usage":5}"#, ""),
    ]);
}

#[test]
fn unknown_members_are_kept_by_their_place_unless_null() {
    table(&[
        (
            r#"{"service_tier":"x","a":null,"choices":[{"index":0,"stop_reason":7,"b":null,"delta":{"annotations":[ ],"c":null}}]}"#,
            r#"extra service_tier "x", 0 opens, 0 extra stop_reason 7, 0 message extra annotations [ ]"#,
        ),
        (r#"{"obfuscation":"abc","x\u0079":1}"#, "extra xy 1"),
    ]);
}

#[test]
fn a_whole_completion_is_an_answer_too() {
    let (said, end) = decode(&[
        r#"{"id":"a","object":"chat.completion","created":5,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Hi","refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}"#,
    ]);
    assert_eq!(end, Ok(()));
    assert_eq!(
        said,
        ["id a, created 5, model m, 0 opens, 0 says Hi, 0 finishes stop, usage 1+1=2"]
    );
}

#[test]
fn an_error_inside_the_answer_ends_it_with_its_words_and_code() {
    let rows = [
        (
            r#"{"error":{"message":"Busy","code":"overloaded"}}"#,
            "Busy",
            "\"overloaded\"",
        ),
        (
            r#"{"error":{"message":"Busy","type":"server_error","code":null}}"#,
            "Busy",
            "\"server_error\"",
        ),
        (r#"{"error":{"message":"Busy","code":529}}"#, "Busy", "\"529\""),
        (r#"{"error":"Busy"}"#, "Busy", "null"),
        (
            r#"event error: {"error":{"message":"Busy","code":"x"}}"#,
            "Busy",
            "\"x\"",
        ),
        (r#"event error: {"message":"Busy","code":"x"}"#, "Busy", "\"x\""),
        ("event error: \"Busy\"", "Busy", "null"),
        ("event error: Busy", "Busy", "null"),
        (r#"{"error":{"message":"Busy"},"choices":[}"#, "Busy", "null"),
    ];
    for (payload, words, code) in rows {
        for before in [vec![], vec![role(), crate::wire::words("a")]] {
            let payloads: Vec<String> = before.into_iter().chain([payload.to_owned()]).collect();
            let (said, end) = decode(&payloads);
            assert_eq!(said.len(), payloads.len(), "read to the end of {payloads:?}");
            let error = end.unwrap_err();
            assert_eq!(error.kind(), Some(StreamKind::Error), "of {payload}");
            assert_eq!(
                error.to_string(),
                format!("the upstream reported an error inside its answer: {words}")
            );
            let plain = serde_json::to_value(&error).unwrap();
            assert_eq!(plain["serviceCode"].to_string(), code, "of {payload}");
        }
    }
    failure(
        &[r#"{"error":{}}"#],
        StreamKind::Error,
        "the upstream reported an error inside its answer",
    );
    for none in ["null", "false", "0", "\"\"", "{}"] {
        let with = format!("\"error\":{none},\"choices\"");
        assert_eq!(decode(&[role().replace("\"choices\"", &with), finish()]).1, Ok(()));
    }
}

#[test]
fn an_answer_is_whole_with_a_finish_reason_or_done() {
    assert_eq!(decode(&[words("a"), finish()]).1, Ok(()));
    assert_eq!(decode(&[words("a"), "[DONE]".to_owned()]).1, Ok(()));
    assert_eq!(decode(&[words("a"), " [DONE]\n".to_owned()]).1, Ok(()));
    failure(
        &[role(), words("a"), usage()],
        StreamKind::Truncated,
        "the answer broke off before a finish reason or [DONE]: the upstream, or something before it, gave up halfway",
    );
    for payloads in [
        vec![],
        vec!["[DONE]"],
        vec!["{}", r#"{"id":"a","choices":[]}"#, "[DONE]"],
    ] {
        failure(
            &payloads,
            StreamKind::Empty,
            "the answer ended without any message: the upstream sent no chat completion chunk",
        );
    }
}

#[test]
fn what_cannot_be_read_is_named_and_shown() {
    let rows = [
        (
            "hello",
            "an event of the answer is not JSON: expected an object at byte 0: hello",
        ),
        (
            "[]",
            "an event of the answer is not JSON: expected an object at byte 0: []",
        ),
        (
            r#"{"choices":[{"delta":{"content":"a"#,
            "an event of the answer is not JSON: expected the end of a string at byte 34: {\"choices\":[{\"delta\":{\"content\":\"a",
        ),
    ];
    for (payload, message) in rows {
        failure(&[payload], StreamKind::Malformed, message);
    }
    let long = format!("é{}", "x".repeat(200));
    failure(
        &[&long],
        StreamKind::Malformed,
        &format!(
            "an event of the answer is not JSON: expected an object at byte 0: é{}",
            "x".repeat(79)
        ),
    );
}

#[test]
fn a_choice_without_end_is_finished_by_those_that_have_begun() {
    let mut decoder = Provider::OpenAi.decoder(false);
    assert!(!decoder.is_finished());
    for (text, finished) in [
        (role(), false),
        (finish(), true),
        (finish().replace("\"index\":0", "\"index\":1"), true),
    ] {
        let payload = Payload {
            kind: "message",
            text: Cow::Owned(text),
        };
        decoder.decode(&payload);
        assert_eq!(decoder.is_finished(), finished);
    }
}
