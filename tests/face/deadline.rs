//! Deadlines are numbers on the caller's clock, or `undefined`.

use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;

use super::machine::{STOP_READING, Stream, UPSTREAM, answered, bytes, call, event, sent};

const TIMEOUTS: &str = r#"{"timeouts":{"headersMs":100,"firstTokenMs":250.5,"idleMs":200,"totalMs":null}}"#;

#[track_caller]
fn due(stream: &Stream, at: impl Into<JsValue>) {
    assert_eq!(stream.deadline(), at.into());
}

#[wasm_bindgen_test]
fn each_phase_has_its_own() {
    let stream = call(UPSTREAM, TIMEOUTS);
    // It goes on while the key is asked for.
    due(&stream, 1100);
    sent(&stream, 1000.0);
    due(&stream, 1100);
    stream.respond(200, Vec::new(), 1090.0).unwrap();
    due(&stream, 1250.5);
    stream.push(&bytes(event(r#""content":"a""#, "null")), 1200.25).unwrap();
    due(&stream, 1400.25);
    stream
        .push(&bytes(event("", "\"stop\"") + "data: [DONE]\n\n"), 1300.0)
        .unwrap();
    due(&stream, JsValue::UNDEFINED);
}

#[wasm_bindgen_test]
fn a_tick_before_it_changes_nothing_and_one_at_it_waits_and_tries_again() {
    let stream = call(UPSTREAM, TIMEOUTS);
    sent(&stream, 1000.0);
    assert_eq!(stream.tick(None, 1099.9).unwrap(), 0);
    assert_eq!(stream.next().unwrap(), "read");
    assert_eq!(stream.tick(None, 1100.0).unwrap(), STOP_READING);
    assert_eq!(stream.next().unwrap(), "wait");
    let until = stream.deadline().as_f64().expect("a number");
    assert_eq!(stream.tick(None, until).unwrap(), STOP_READING);
    assert_eq!(stream.next().unwrap(), "send");
}

#[wasm_bindgen_test]
fn silence_counts_only_while_somebody_waits_for_the_body() {
    let open = || {
        let stream = call(UPSTREAM, r#"{"maxRetries":0,"timeouts":{"idleMs":200}}"#);
        sent(&stream, 1000.0);
        stream.respond(200, Vec::new(), 1010.0).unwrap();
        stream.push(&bytes(event(r#""content":"a""#, "null")), 1020.0).unwrap();
        stream
    };
    for (waiting_since, next) in [(Some(1020.0), "done"), (Some(1200.0), "read"), (None, "read")] {
        let stream = open();
        stream.tick(waiting_since, 1220.0).unwrap();
        assert_eq!(stream.next().unwrap(), next, "{waiting_since:?}");
    }
}

#[wasm_bindgen_test]
fn there_is_none_without_timeouts_and_none_for_an_answer_from_elsewhere() {
    let none = r#"{"timeouts":{"headersMs":null,"firstTokenMs":null,"idleMs":null}}"#;
    let stream = call(UPSTREAM, none);
    sent(&stream, 1000.0);
    due(&stream, JsValue::UNDEFINED);
    due(&answered("openai").unwrap(), JsValue::UNDEFINED);
}
