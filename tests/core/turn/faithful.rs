//! Answers that are handed on whole.

use serde_json::{Value, json};

use super::driven::{Beginning, Driven, upstream};
use super::source::{DONE, delta, event, events, finish, words};

fn turn_about(request: &str) -> Driven {
    Beginning {
        request,
        options: r#"{"output":"faithful"}"#,
        sources: vec![upstream("{}"), upstream("{}")],
        ..Beginning::default()
    }
    .begin()
}

fn turn() -> Driven {
    turn_about(r#"{"messages":[],"model":"m","stream":true}"#)
}

/// The deltas and finish reasons that were written, and what else.
fn written(turn: &mut Driven) -> Vec<Value> {
    let wire = turn.turn.take();
    let events = wire.split("\n\n").filter_map(|event| event.strip_prefix("data: "));
    let show = |event: &str| {
        let Ok(chunk) = serde_json::from_str::<Value>(event) else {
            return json!(event);
        };
        let choice = &chunk["choices"][0];
        match &choice["finish_reason"] {
            Value::Null if choice["delta"].is_object() => choice["delta"].clone(),
            Value::Null => chunk["error"]["code"].clone(),
            reason => reason.clone(),
        }
    };
    events.map(show).collect()
}

#[test]
fn everything_is_handed_on() {
    let mut turn = turn();
    turn.send().respond(200);
    let tool = json!({"tool_calls": [{"index": 0, "id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}]});
    turn.push(events(&[
        &delta(&json!({"reasoning_content": "Hm."})),
        &words("Hello"),
        &delta(&tool),
        &finish("tool_calls"),
        DONE,
    ]));
    assert_eq!(
        written(&mut turn),
        [
            json!({"role": "assistant", "content": ""}),
            json!({"reasoning_content": "Hm."}),
            json!({"content": "Hello"}),
            tool,
            json!("tool_calls"),
            json!("[DONE]"),
        ]
    );
    assert_eq!(turn.turn.refusal(), None);
}

#[test]
fn nothing_is_written_before_a_source_has_answered() {
    let mut turn = turn();
    assert!(turn.turn.waits_for_source());
    turn.pass(3000.0);
    assert!(!turn.turn.has_output());
    turn.send().respond(503).end();
    assert!(!turn.turn.has_output());
    turn.send().respond(200);
    assert_eq!(written(&mut turn).len(), 1);
    turn.at(3600.0).tick();
    assert_eq!(turn.turn.take(), ": hb\n\n");
}

#[test]
fn where_every_source_fails_the_status_says_so() {
    let mut turn = turn();
    turn.send().respond(401).end();
    turn.send()
        .respond(422)
        .push(r#"{"error":{"message":"no such thing"}}"#)
        .end();
    let (status, body) = turn.turn.refusal().unwrap();
    assert_eq!((status, turn.turn.has_output()), (422, false));
    assert!(body.contains("no such thing"), "{body}");
}

#[test]
fn the_failure_of_a_source_is_not_the_callers() {
    for (status, told) in [(400, 400), (401, 502), (403, 502), (429, 429), (500, 502), (503, 502)] {
        let mut turn = turn();
        turn.send().respond(401).end();
        turn.send();
        // A source may be asked three times.
        for _ in 0..3 {
            turn.respond(status).end();
            let until = turn.turn.deadline();
            if let Some(until) = until {
                turn.at(until).tick();
                turn.send();
            }
        }
        assert_eq!(turn.turn.refusal().map(|(status, _)| status), Some(told), "{status}");
    }
}

#[test]
fn an_error_midway_is_told_in_the_stream() {
    let mut turn = turn();
    turn.send().respond(200).push(event(&words("Hel"))).lose();
    let written = written(&mut turn);
    assert_eq!(written.last(), Some(&json!("connection_lost")));
    assert!(!written.contains(&json!("[DONE]")));
}

#[test]
fn a_whole_answer_is_one_completion_or_an_error() {
    let request = r#"{"messages":[],"model":"m"}"#;
    let mut turn = turn_about(request);
    turn.send().respond(200).push(events(&[
        &delta(&json!({"reasoning_content": "Hm."})),
        &words("Hello"),
        &finish("stop"),
        DONE,
    ]));
    let completion: Value = serde_json::from_str(&turn.turn.take()).unwrap();
    assert_eq!(completion["choices"][0]["message"]["reasoning_content"], "Hm.");
    let mut turn = turn_about(request);
    turn.send().respond(200).push(event(&words("Hel"))).lose();
    assert_eq!(
        (turn.turn.take(), turn.turn.refusal().map(|(status, _)| status)),
        (String::new(), Some(502))
    );
}
