//! What a source sends.

use serde_json::{Value, json};

/// A chunk with this choice.
pub fn choice(choice: &Value) -> String {
    json!({"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "gpt", "choices": [choice]})
        .to_string()
}

pub fn delta(delta: &Value) -> String {
    choice(&json!({"index": 0, "delta": delta, "finish_reason": null}))
}

pub fn role() -> String {
    delta(&json!({"role": "assistant", "content": ""}))
}

pub fn words(text: &str) -> String {
    delta(&json!({"content": text}))
}

pub fn finish(reason: &str) -> String {
    choice(&json!({"index": 0, "delta": {}, "finish_reason": reason}))
}

pub fn usage(usage: &Value) -> String {
    json!({"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "gpt", "choices": [], "usage": usage})
        .to_string()
}

pub const DONE: &str = "[DONE]";

/// An event with this data.
pub fn event(data: &str) -> String {
    format!("data: {data}\n\n")
}

/// An event stream of these payloads.
pub fn events<S: AsRef<str>>(payloads: &[S]) -> String {
    payloads.iter().map(|payload| event(payload.as_ref())).collect()
}
