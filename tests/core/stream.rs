//! One answer as it is read: as text, as chunks, as an event stream, or whole.

use std::borrow::Cow;

use liveavatar_llm::call::{Call, Millis, Next, Policy};
use liveavatar_llm::chat::{ChunkWriter, Completion, Request, Shape};
use liveavatar_llm::error::Error;
use liveavatar_llm::framing::Payload;
use liveavatar_llm::http::Response;
use liveavatar_llm::providers::{Provider, Upstream};
use liveavatar_llm::sse;
use liveavatar_llm::stream::{Outlet, Stream};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::chunk::judge;
use crate::property::holds;
use crate::wire::{Cuts, answer, chunk, cuts, events, finish, role, usage, words};

pub fn writer() -> ChunkWriter {
    ChunkWriter::new("fallback".to_owned(), String::new(), 5)
}

pub const OUTLETS: [fn() -> Outlet; 4] = [
    || Outlet::Nothing,
    || Outlet::Text,
    || Outlet::Chunks(writer()),
    || Outlet::Events(writer()),
];

/// What one reader got of an answer.
#[derive(Debug, PartialEq)]
pub struct Got {
    pub out: String,
    pub whole: Value,
    end: String,
    chunks: u32,
}

fn written(completion: &Completion) -> Value {
    let mut json = String::new();
    completion.write(&mut json);
    serde_json::from_str(&json).unwrap()
}

fn read(outlet: Outlet, body: &str, cuts: &Cuts) -> Got {
    read_shaped(outlet, "{}", body, cuts)
}

/// The same with these options.
pub fn read_shaped(outlet: Outlet, options: &str, body: &str, cuts: &Cuts) -> Got {
    let separator = if matches!(outlet, Outlet::Chunks(_)) { "," } else { "" };
    let shape = Shape::default().with_options(options).unwrap();
    let mut stream = Stream::new(Call::answered(Provider::OpenAi, 0.0), 0.0).shaped(shape);
    stream.read_as(outlet);
    stream.respond(Response::new(200, Vec::new()), 0.0);
    let mut out: Vec<String> = Vec::new();
    for piece in cuts.cut(body.as_bytes()) {
        if stream.next() == Next::Read {
            stream.push(piece, 0.0);
        }
        if stream.has_output() {
            out.push(stream.take());
        }
    }
    stream.end(0.0);
    if stream.has_output() {
        out.push(stream.take());
    }
    Got {
        out: out.join(separator),
        whole: written(stream.completion()),
        end: stream
            .outcome()
            .unwrap()
            .as_ref()
            .map_or_else(Error::to_string, |()| "done".to_owned()),
        chunks: stream.metrics().chunks,
    }
}

/// Answers of many kinds.
fn answers() -> Vec<String> {
    let choice = |json: &str| format!(r#"{{"id":"n","choices":[{json}]}}"#);
    let call =
        r#"{"index":0,"delta":{"tool_calls":[{"index":0,"id":"t","function":{"name":"f","arguments":{"a":[1]}}}]}}"#;
    let logprobs = r#"{"index":0,"logprobs":{"content":[{"token":"a"}]},"delta":{"content":"a"},"finish_reason":null}"#;
    vec![
        answer(&["Hel", "lo ", "é😀\n\"you\""]),
        // Other line ends, comments, no [DONE].
        events(&[role(), words("a"), finish()]).replace('\n', "\r\n") + ": bye\r\n\r\n",
        "\u{feff}: hi\r\r".to_owned() + &events(&[words("a"), words("b"), "[DONE]".to_owned()]).replace('\n', "\r"),
        // JSON instead of an event stream.
        [
            choice(r#"{"delta":{"content":"a"}}"#),
            choice(r#"{"delta":{"content":"b"},"finish_reason":"stop"}"#),
        ]
        .join("\n"),
        r#"[{"id":"w","object":"chat.completion","model":"m","created":3,"choices":[{"index":0,
            "message":{"role":"assistant","content":"Hi","audio":{"id": 1}},"logprobs":null,"finish_reason":"length"}],
            "usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3},"service_tier":"x"}]"#
            .replace('\n', "\r\n"),
        // Several choices, calls, thoughts, extras.
        events(&[
            chunk(r#"{"index":1,"delta":{"content":"b"}},{"index":0,"delta":{"content":"a","reasoning":"hm"}}"#),
            chunk(
                r#"{"index":0,"delta":{"refusal":"no"},"finish_reason":"stop"},{"index":1,"delta":{},"finish_reason":"stop"}"#,
            ),
        ]),
        events(&[
            role(),
            chunk(call),
            chunk(logprobs),
            chunk(logprobs),
            "{\"x\":1}".to_owned(),
            finish(),
        ]),
        // Not whole.
        events(&[role(), words("a"), words("b")]) + "data: {\"id\"",
        events(&[
            role(),
            words("a"),
            r#"{"error":{"message":"Busy"}}"#.to_owned(),
            words("b"),
        ]),
        events(&[words("a"), "nonsense".to_owned()]),
        "<html>".to_owned(),
        String::new(),
    ]
}

#[test]
fn however_an_answer_is_cut_its_reader_gets_the_same() {
    holds(
        (select(answers()), select(OUTLETS.to_vec()), cuts()),
        |(body, outlet, cuts)| {
            let whole = read(outlet(), &body, &Cuts::None);
            assert_eq!(read(outlet(), &body, &cuts), whole, "of {body}");
        },
    );
    for body in answers() {
        for outlet in OUTLETS {
            assert_eq!(
                read(outlet(), &body, &Cuts::Everywhere),
                read(outlet(), &body, &Cuts::None),
                "of {body}"
            );
        }
    }
}

/// Chunks that have much in common, and their differences.
fn alike() -> impl Strategy<Value = String> {
    let words = || prop_oneof![Just(String::new()), "[a-b\"\\\\\n\u{1f600}é]{0,12}"];
    let quote = |text: &str| serde_json::to_string(text).unwrap();
    let forms = select(vec![
        r#"{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","x":1,"choices":[{"index":0,"delta":{"content":W},"finish_reason":null}]}"#,
        r#"{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","x":2,"choices":[{"index":0,"delta":{"content":W},"finish_reason":null}],"obfuscation":P}"#,
        r#"{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","obfuscation":P,"choices":[{"index":0,"delta":{"content":W}}],"x":P}"#,
        r#"{"id":"","choices":[{"index":1,"delta":{"role":"assistant","content":W},"finish_reason":null}],"x":1,"obfuscation":1}"#,
        r#"{"choices":[{"delta":{"content":W,"content":P}}]}"#,
        r#"{"choices":[{"delta":{"content":W,"refusal":P}}]}"#,
        r#"{"choices":[{"delta":{"content":W},"index":0,"logprobs":{"content":[P]}}],"obfuscation":P,"obfuscation":P}"#,
        r#"{"choices":[{"index":0,"delta":{"content":W},"finish_reason":"stop"}]}"#,
        r#"{"choices":[{"index":0,"delta":{"content":W}}],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}"#,
        r#"{"choices":[{"index":0,"delta":{"content":W}}],"error":P}"#,
        r#"{"choices":[{"index":0,"delta":{"content":W}}"#,
        r#"{"choices":[{"index":0,"delta":{"content":W}}]} and more"#,
        r#"{"choices":[{"index":0,"delta":{"content":W}}]}"#,
    ]);
    (forms, words(), words())
        .prop_map(move |(form, words, padding)| form.replace('W', &quote(&words)).replace('P', &quote(&padding)))
}

#[test]
fn that_a_chunk_looks_like_the_one_before_makes_no_difference() {
    // Each followed by another number of spaces: no two look alike.
    let apart = |chunks: &[String]| -> Vec<String> {
        let spaced = chunks.iter().enumerate();
        spaced.map(|(at, chunk)| format!("{chunk}{:at$}", "")).collect()
    };
    holds((vec(alike(), 0..12), select(OUTLETS.to_vec())), |(chunks, outlet)| {
        let mut one = read(outlet(), &events(&chunks), &Cuts::None);
        let mut other = read(outlet(), &events(&apart(&chunks)), &Cuts::None);
        if let Outlet::Chunks(_) = outlet() {
            for got in [&mut one, &mut other] {
                got.out = serde_json::from_str::<Value>(&format!("[{}]", got.out))
                    .unwrap()
                    .to_string();
            }
        }
        one.end.truncate(40);
        other.end.truncate(40);
        assert_eq!(one, other);
    });
}

#[test]
fn the_completion_and_the_end_do_not_depend_on_the_outlet() {
    for body in answers() {
        let [nothing, text, chunks, events] = OUTLETS.map(|outlet| read(outlet(), &body, &Cuts::None));
        for other in [&text, &chunks, &events] {
            assert_eq!((&other.whole, &other.end), (&nothing.whole, &nothing.end), "of {body}");
        }
        assert_eq!(nothing.out, "");
    }
}

#[test]
fn text_is_the_content_of_the_first_choice() {
    for body in answers() {
        let got = read(Outlet::Text, &body, &Cuts::None);
        let content = got.whole["choices"]
            .as_array()
            .unwrap()
            .iter()
            .find(|choice| choice["index"] == 0);
        let content = content
            .and_then(|choice| choice["message"]["content"].as_str())
            .unwrap_or_default();
        assert_eq!(got.out, content, "of {body}");
    }
}

/// The choices of the answer that these chunks are, without what chunks have no place for.
pub fn choices(chunks: &[String]) -> Value {
    let mut decoder = Provider::OpenAi.decoder(false);
    let mut completion = Completion::default();
    for text in chunks {
        let payload = Payload {
            kind: "message",
            text: Cow::Borrowed(text),
        };
        decoder
            .decode(&payload)
            .deltas
            .iter()
            .for_each(|delta| completion.take(delta));
    }
    written(&completion)["choices"].clone()
}

#[test]
fn chunks_are_the_elements_of_an_array_and_make_the_same_answer() {
    for body in answers() {
        let got = read(Outlet::Chunks(writer()), &body, &Cuts::None);
        let elements: Vec<Value> = serde_json::from_str(&format!("[{}]", got.out)).unwrap();
        let chunks: Vec<String> = elements.iter().map(Value::to_string).collect();
        assert_eq!(choices(&chunks), got.whole["choices"], "of {body}");
    }
}

#[test]
fn an_event_stream_is_strict_and_makes_the_same_answer() {
    for body in answers() {
        let got = read(Outlet::Events(writer()), &body, &Cuts::None);
        let mut decoder = sse::Decoder::new(10_000);
        let mut pushed = decoder.push(got.out.as_bytes());
        let mut chunks: Vec<String> = Vec::new();
        while let Some(event) = pushed.next().unwrap() {
            assert_eq!((event.kind, event.last_event_id), ("message", ""));
            chunks.push(event.data.to_owned());
        }
        assert_eq!(decoder.finish(), Ok(None));
        if got.end == "done" {
            assert_eq!(chunks.pop().as_deref(), Some("[DONE]"), "of {body}");
            assert!(got.out.ends_with("data: [DONE]\n\n"));
            judge(&chunks);
        }
        assert!(!chunks.iter().any(|chunk| chunk == "[DONE]"), "of {body}");
        assert!(
            got.out
                .lines()
                .all(|line| line.is_empty() || line.starts_with("data: ")),
            "of {body}"
        );
        assert!(!got.out.contains('\r'), "of {body}");
        assert_eq!(choices(&chunks), got.whole["choices"], "of {body}");
    }
}

#[test]
fn a_well_formed_chunk_is_passed_on_as_it_is_and_another_is_written_anew() {
    let own = words("a").replace("\"model\"", "\"x\" : [ ],\"obfuscation\":\"abc\",\"model\"");
    let bent = r#"{"choices":[{"delta":{"content":"b"}}]}"#;
    let got = read(Outlet::Chunks(writer()), &events(&[&own, bent]), &Cuts::None);
    let anew = chunk(r#"{"index":0,"delta":{"content":"b"},"finish_reason":null}"#);
    assert_eq!(got.out, format!("{own},{anew}"));
}

#[test]
fn what_is_owed_is_paid_at_a_good_end_only() {
    let parts = |got: &Got| -> Vec<String> {
        let chunks = got.out.split("\n\n").filter_map(|event| event.strip_prefix("data: "));
        chunks
            .map(|data| {
                let chunk: Value = serde_json::from_str(data).unwrap_or_default();
                match (&chunk["choices"][0]["finish_reason"], &chunk["usage"]) {
                    (Value::String(reason), _) => reason.clone(),
                    (_, Value::Object(_)) => "usage".to_owned(),
                    _ if data == "[DONE]" => data.to_owned(),
                    _ => "-".to_owned(),
                }
            })
            .collect()
    };
    let incomplete = r#"{"choices":[],"usage":{"prompt_tokens":1}}"#.to_owned();
    let done = "[DONE]".to_owned();
    let rows: [(Vec<String>, &[&str]); 6] = [
        (
            vec![words("a"), finish(), usage(), done.clone()],
            &["-", "-", "stop", "usage", "[DONE]"],
        ),
        (
            vec![usage(), words("a"), finish()],
            &["-", "-", "stop", "usage", "[DONE]"],
        ),
        (
            vec![words("a"), usage(), done.clone()],
            &["-", "-", "stop", "usage", "[DONE]"],
        ),
        (vec![words("a"), incomplete, done], &["-", "-", "stop", "[DONE]"]),
        (vec![words("a"), usage()], &["-", "-"]),
        (
            vec![words("a"), finish(), "{\"error\":\"x\"}".to_owned()],
            &["-", "-", "stop"],
        ),
    ];
    for (payloads, expected) in rows {
        let got = read(Outlet::Events(writer()), &events(&payloads), &Cuts::None);
        assert_eq!(parts(&got), expected, "of {payloads:?}");
    }
    // Of chunks that were passed on, only the finish reason is owed.
    let got = read(
        Outlet::Chunks(writer()),
        &events(&[words("a"), usage(), "[DONE]".to_owned()]),
        &Cuts::None,
    );
    let owed = chunk(r#"{"index":0,"delta":{},"finish_reason":"stop"}"#);
    assert_eq!(got.out, format!("{},{},{owed}", words("a"), usage()));
}

#[test]
fn an_answer_without_a_head_gets_the_fallbacks() {
    let got = read(
        Outlet::Events(writer()),
        r#"{"choices":[{"delta":{"content":"a"}}]}"#,
        &Cuts::None,
    );
    let first: Value = serde_json::from_str(got.out.lines().next().unwrap().strip_prefix("data: ").unwrap()).unwrap();
    assert_eq!(
        [&first["id"], &first["created"], &first["model"]],
        [&json!("fallback"), &json!(5), &json!("")]
    );
}

#[test]
fn output_is_taken_once() {
    let mut stream = Stream::new(Call::answered(Provider::OpenAi, 0.0), 0.0);
    stream.respond(Response::new(200, Vec::new()), 0.0);
    stream.push(events(&[words("a")]).as_bytes(), 0.0);
    assert!(!stream.has_output());
    stream.read_as(Outlet::Text);
    stream.push(events(&[words("b"), words("c")]).as_bytes(), 0.0);
    assert!(stream.has_output());
    assert_eq!(stream.take(), "bc");
    assert_eq!((stream.has_output(), stream.take()), (false, String::new()));
    assert_eq!(stream.completion().content(), "abc");
}

// Metrics.

struct Timed(Stream);

impl Timed {
    /// A call that begins at 100.
    fn new() -> Self {
        let upstream = Upstream::parse(r#"{"model":"m"}"#, &[]).unwrap();
        let request = Request::parse(r#"{"messages":[]}"#).unwrap();
        let call = Call::new(&upstream, request, Policy::default(), 0, 100.0).unwrap();
        Self(Stream::new(call, 100.0))
    }

    fn attempt(&mut self, now: Millis, status: u16) -> &mut Self {
        self.0.send(None, now).unwrap();
        self.0.respond(Response::new(status, Vec::new()), now + 10.0);
        self
    }

    fn push(&mut self, payload: &str, now: Millis) -> &mut Self {
        self.0.push(events(&[payload]).as_bytes(), now);
        self
    }

    #[track_caller]
    fn metrics(&self, expected: &Value) {
        assert_eq!(serde_json::to_value(self.0.metrics()).unwrap(), *expected);
    }
}

fn bytes(payloads: &[String]) -> f64 {
    f64::from(u32::try_from(events(payloads).len()).unwrap())
}

#[test]
fn metrics_count_from_the_calls_beginning() {
    let mut stream = Timed::new();
    stream.metrics(&json!({"chunks": 0, "bytes": 0.0}));
    stream.attempt(105.0, 200).push(&role(), 130.0);
    stream.metrics(&json!({"headersMs": 15.0, "firstByteMs": 30.0, "chunks": 1, "bytes": bytes(&[role()])}));
    stream
        .push(&words("a"), 150.0)
        .push(&finish(), 160.0)
        .push(&usage(), 170.0)
        .push("[DONE]", 180.0);
    stream.metrics(&json!({
        "headersMs": 15.0, "firstByteMs": 30.0, "firstTokenMs": 50.0, "totalMs": 80.0, "chunks": 4,
        "bytes": bytes(&[role(), words("a"), finish(), usage(), "[DONE]".to_owned()]),
        "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
    }));
}

#[test]
fn metrics_are_of_the_attempt_that_answered() {
    let mut stream = Timed::new();
    stream.attempt(100.0, 503).push("Busy", 120.0);
    stream.0.end(130.0);
    stream.0.tick(630.0);
    stream.attempt(700.0, 200).push(&words("a"), 750.0);
    stream.metrics(&json!({
        "headersMs": 610.0, "firstByteMs": 650.0, "firstTokenMs": 650.0, "chunks": 1, "bytes": bytes(&[words("a")])
    }));
}

#[test]
fn the_total_is_known_however_it_ends() {
    let ends: [fn(&mut Stream); 5] = [
        |stream| stream.end(300.0),
        |stream| stream.lose(300.0),
        |stream| stream.push(b"data: x\n\n", 300.0),
        |stream| stream.stop(300.0),
        |stream| {
            stream.listen(0.0);
            stream.tick(300.0 + 30_000.0);
        },
    ];
    for (end, total) in ends.into_iter().zip([200.0, 200.0, 200.0, 200.0, 30_200.0]) {
        let mut stream = Timed::new();
        stream.attempt(100.0, 200).push(&words("a"), 150.0);
        end(&mut stream.0);
        stream.0.stop(1e9);
        assert_eq!(stream.0.metrics().total_ms, Some(total));
    }
}
