//! Bytes in; flags, text, chunks, bytes, completion and metrics out.

use js_sys::Uint8Array;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::wasm_bindgen_test;

use super::machine::{EARLIER_DEADLINE, HAS_OUTPUT, STOP_READING, Stream, answered, answered_as, bytes, event, open};
use super::shape::{json, shape, text};

const DONE: &str = "data: [DONE]\n\n";

/// Letters of one to four bytes.
const WORDS: &str = "aß→🙂 é\u{10ffff}";

fn answer() -> Vec<u8> {
    let content = format!(r#""role":"assistant","content":"{WORDS}""#);
    let usage = r#"data: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}"#;
    format!(
        "\u{feff}{}{}{usage}\n\n{DONE}",
        event(&content, "null"),
        event("", "\"stop\"")
    )
    .into_bytes()
}

/// The bytes that can be taken, copied out of a JavaScript array that is no view of the module's memory.
#[track_caller]
fn taken(stream: &Stream) -> Vec<u8> {
    let array: Uint8Array = stream.take_bytes().dyn_into().expect("a Uint8Array");
    assert_eq!(array.buffer().byte_length(), array.length(), "its buffer is its own");
    array.to_vec()
}

#[wasm_bindgen_test]
fn flags_say_whether_to_take_and_whether_to_read_on() {
    let stream = open("{}");
    stream.read_text();
    let words = event(r#""content":"Hello""#, "null");
    let (start, rest) = words.split_at(20);
    for (piece, flags) in [
        ("", 0),
        (": a comment\n\n", 0),
        (start, 0),
        (rest, HAS_OUTPUT),
        ("\n", HAS_OUTPUT),
    ] {
        assert_eq!(stream.push(&bytes(piece), 1020.0).unwrap(), flags, "{piece:?}");
    }
    assert_eq!(stream.take().unwrap(), "Hello");
    assert_eq!(stream.take().unwrap(), "");
    assert_eq!(
        stream.push(&bytes(event("", "\"stop\"")), 1020.0).unwrap(),
        EARLIER_DEADLINE
    );
    assert_eq!(
        stream.push(&bytes(DONE), 1020.0).unwrap(),
        STOP_READING | EARLIER_DEADLINE
    );
    assert_eq!(stream.next().unwrap(), "done");
    // What comes late changes nothing.
    assert_eq!(
        stream.push(&bytes(words.as_str()), 1030.0).unwrap(),
        STOP_READING | EARLIER_DEADLINE
    );
    assert_eq!(stream.end(1030.0).unwrap(), STOP_READING | EARLIER_DEADLINE);
    assert_eq!(stream.take().unwrap(), "");
}

#[wasm_bindgen_test]
fn the_end_of_the_body_ends_the_answer() {
    let stream = open("{}");
    stream
        .push(&bytes(event(r#""content":"a""#, "\"stop\"")), 1020.0)
        .unwrap();
    assert_eq!(stream.end(1030.0).unwrap(), STOP_READING | EARLIER_DEADLINE);
    assert_eq!(stream.next().unwrap(), "done");
    assert!(stream.failure().is_undefined());
}

#[wasm_bindgen_test]
fn a_body_cut_anywhere_gives_the_same_words() {
    let body = answer();
    for cut in 0..=body.len() {
        let (start, rest) = body.split_at(cut);
        let (stream, mut text) = (open("{}"), String::new());
        stream.read_text();
        for piece in [start, rest] {
            stream.push(&bytes(piece), 1020.0).unwrap();
            text += &stream.take().unwrap();
        }
        assert_eq!(text, WORDS, "cut after {cut} bytes");
        assert!(
            stream
                .completion()
                .unwrap()
                .contains(&format!(r#""content":"{WORDS}""#))
        );
    }
}

#[wasm_bindgen_test]
fn byte_for_byte_it_gives_the_same_events_as_at_once() {
    let body = answer();
    let read = |size: usize| {
        let (stream, mut events) = (open("{}"), Vec::new());
        stream.read_events();
        for piece in body.chunks(size) {
            let flags = stream.push(&bytes(piece), 1020.0).unwrap();
            let given = taken(&stream);
            assert_eq!(flags & HAS_OUTPUT != 0, !given.is_empty());
            events.extend(given);
        }
        String::from_utf8(events).expect("whole characters")
    };
    let events = read(body.len());
    assert_eq!(read(1), events);
    let mut lines = events.split("\n\n");
    let head = r#"data: {"id":"c1","object":"chat.completion.chunk","created":7,"model":"m","choices":["#;
    let choice =
        |delta: &str, finish: &str| format!(r#"{head}{{"index":0,"delta":{{{delta}}},"finish_reason":{finish}}}]}}"#);
    assert_eq!(
        lines.next().unwrap(),
        choice(r#""role":"assistant","content":"""#, "null")
    );
    assert_eq!(
        lines.next().unwrap(),
        choice(&format!(r#""content":"{WORDS}""#), "null")
    );
    assert_eq!(lines.next().unwrap(), choice("", "\"stop\""));
    assert!(lines.next().unwrap().contains(r#""usage":{"prompt_tokens":1"#));
    assert_eq!(lines.collect::<Vec<_>>(), ["data: [DONE]", ""]);
}

#[wasm_bindgen_test]
fn chunks_are_the_elements_of_a_json_array() {
    let stream = open("{}");
    stream.read_chunks();
    stream.push(&bytes(answer()), 1020.0).unwrap();
    let chunks = js_sys::JSON::parse(&stream.take().unwrap()).unwrap();
    let chunks: js_sys::Array = chunks.unchecked_into();
    assert_eq!(chunks.length(), 3);
    assert!(json(&chunks.get(0)).contains(WORDS));
}

#[wasm_bindgen_test]
fn json_and_calls_are_told_as_they_grow() {
    let stream = open("{}");
    stream.read_json();
    for (content, told) in [(r#"{\"a\":"#, "{}"), (r#"\"→"#, r#"{"a":"→"}"#), (r#"\"}"#, "")] {
        let flags = stream
            .push(&bytes(event(&format!(r#""content":"{content}""#), "null")), 1020.0)
            .unwrap();
        assert_eq!(flags & HAS_OUTPUT != 0, !told.is_empty());
        assert_eq!(stream.take().unwrap(), told);
    }
    let stream = open("{}");
    stream.read_calls();
    let call = r#""tool_calls":[{"index":0,"id":"t","function":{"name":"f","arguments":"[1"}}]"#;
    stream.push(&bytes(event(call, "null")), 1020.0).unwrap();
    let told = r#"[{"index":0,"id":"t","name":"f","arguments":"[1","value":[],"done":false}]"#;
    assert_eq!(stream.take().unwrap(), told);
}

#[wasm_bindgen_test]
fn an_answer_that_had_to_be_json_says_why_it_is_none() {
    let stream = answered_as("openai", r#"{"json":true,"thinkTags":true}"#).unwrap();
    stream.respond(200, Vec::new(), 0.0).unwrap();
    stream
        .push(
            &bytes(event(r#""content":"<think>Hm.</think>No.""#, "\"stop\"") + DONE),
            0.0,
        )
        .unwrap();
    assert!(stream.failure().is_undefined());
    let failure = stream.no_json();
    assert_eq!(
        shape(&failure),
        "{family: string, code: string, message: string, kind: string}"
    );
    assert_eq!(text(&failure, "kind"), "notJson");
    let completion = stream.completion().unwrap();
    assert!(
        completion.contains(r#""reasoning_content":"Hm.","parsed":null"#),
        "{completion}"
    );
}

#[wasm_bindgen_test]
fn an_answer_without_a_name_gets_one_from_the_seed_and_the_time_of_the_call() {
    let stream = open("{}");
    stream.read_events();
    stream
        .push(
            &bytes("data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n"),
            1020.0,
        )
        .unwrap();
    let events = String::from_utf8(taken(&stream)).unwrap();
    assert!(
        events.starts_with(
            r#"data: {"id":"chatcmpl-0000002a","object":"chat.completion.chunk","created":1700000000,"model":"","#
        ),
        "{events}"
    );
}

#[wasm_bindgen_test]
fn the_completion_is_json_once_there_is_something_of_it() {
    let stream = open("{}");
    assert_eq!(stream.completion(), None);
    stream.push(&bytes(answer()), 1020.0).unwrap();
    let completion = js_sys::JSON::parse(&stream.completion().unwrap()).unwrap();
    assert_eq!(
        shape(&completion),
        "{id: string, object: string, created: number, model: string, choices: [{index: number, message: \
         {role: string, content: string, refusal: null}, logprobs: null, finish_reason: string}], \
         usage: {prompt_tokens: number, completion_tokens: number, total_tokens: number}}"
    );
}

#[wasm_bindgen_test]
fn metrics_are_a_plain_object_of_numbers_and_lack_what_is_not_known() {
    let stream = open("{}");
    assert_eq!(json(&stream.metrics()), r#"{"headersMs":10,"chunks":0,"bytes":0}"#);
    assert_eq!(
        shape(&stream.metrics()),
        "{headersMs: number, chunks: number, bytes: number}"
    );
    stream.push(&bytes(answer()), 1025.5).unwrap();
    let bytes = answer().len();
    assert_eq!(
        shape(&stream.metrics()),
        "{headersMs: number, firstByteMs: number, firstTokenMs: number, totalMs: number, chunks: number, bytes: number, \
         usage: {prompt_tokens: number, completion_tokens: number, total_tokens: number}}"
    );
    assert_eq!(
        json(&stream.metrics()),
        format!(
            r#"{{"headersMs":10,"firstByteMs":25.5,"firstTokenMs":25.5,"totalMs":25.5,"chunks":3,"bytes":{bytes},"usage":{{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}}}"#
        )
    );
}

#[wasm_bindgen_test]
fn what_was_given_up_can_still_be_taken_and_has_its_time() {
    let stream = open("{}");
    stream.read_text();
    stream
        .push(&bytes(event(r#""content":"Hello""#, "null")), 1020.0)
        .unwrap();
    stream.stop(1040.0);
    assert_eq!(stream.take().unwrap(), "Hello");
    assert!(json(&stream.metrics()).contains(r#""totalMs":40,"#));
}

#[wasm_bindgen_test]
fn headers_are_names_and_values_in_turn() {
    let stream = open("{}");
    assert_eq!(stream.request_id(), None);
    let stream = answered("openai").unwrap();
    let headers = [
        "content-type",
        "text/plain",
        "X-Request-Id",
        "req_ü",
        "one without a value",
    ];
    stream.respond(200, headers.map(str::to_owned).to_vec(), 0.0).unwrap();
    assert_eq!(stream.request_id().as_deref(), Some("req_ü"));
}

#[wasm_bindgen_test]
fn an_answer_from_elsewhere_is_read_the_same_way() {
    let stream = answered("openai").unwrap();
    stream.respond(200, Vec::new(), 0.0).unwrap();
    stream.read_text();
    assert_eq!(
        stream.push(&bytes(answer()), 0.0).unwrap(),
        HAS_OUTPUT | STOP_READING | EARLIER_DEADLINE
    );
    assert_eq!(stream.take().unwrap(), WORDS);
    assert_eq!(stream.deadline(), JsValue::UNDEFINED);
}

#[wasm_bindgen_test]
fn token_counts_beyond_what_a_number_holds_are_left_out_of_the_metrics() {
    let stream = open("{}");
    let usage = r#"{"prompt_tokens":18446744073709551615,"completion_tokens":9007199254740993,"total_tokens":9007199254740991}"#;
    stream
        .push(
            &bytes(format!("data: {{\"choices\":[],\"usage\":{usage}}}\n\n")),
            1020.0,
        )
        .unwrap();
    let metrics = json(&stream.metrics());
    assert!(
        metrics.ends_with(r#""usage":{"total_tokens":9007199254740991}}"#),
        "{metrics}"
    );
}
