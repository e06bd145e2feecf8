//! What a source gets to see of the conversation.

use serde_json::{Value, json};

use super::driven::Beginning;

/// The messages that a source is sent, in short: role and words.
fn seen(messages: &Value, options: &str, lines: &str) -> String {
    let request = json!({"messages": messages, "model": "m", "stream": true}).to_string();
    let turn = Beginning {
        request: &request,
        options,
        lines,
        ..Beginning::default()
    }
    .begin()
    .turn;
    let request: Value = serde_json::from_str(&turn.request()).unwrap();
    let show = |message: &Value| {
        let role = message["role"].as_str().unwrap();
        let content = message["content"]
            .as_str()
            .map_or("-".to_owned(), |text| format!("'{text}'"));
        format!("{role} {content}")
    };
    request["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(show)
        .collect::<Vec<_>>()
        .join(", ")
}

fn message(role: &str, content: &str) -> Value {
    json!({"role": role, "content": content})
}

#[test]
fn lines_of_the_endpoint_are_taken_out() {
    let lines = r#"{"failure":"Sorry, I lost my thread.","filler":{"afterMs":1,"line":"One moment, please."}}"#;
    for (said, left) in [
        ("Hello", "user 'a', assistant 'Hello', user 'b'"),
        ("Sorry, I lost my thread.", "user 'a', user 'b'"),
        (" Sorry, I lost my thread.\n", "user 'a', user 'b'"),
        (
            "One moment, please. It is noon.",
            "user 'a', assistant 'It is noon.', user 'b'",
        ),
        ("One moment, please. Sorry, I lost my thread.", "user 'a', user 'b'"),
        // Interrupted.
        ("Sorry, I lost", "user 'a', user 'b'"),
        ("One moment, pl", "user 'a', user 'b'"),
        // Anybody may begin like that.
        ("Sorry", "user 'a', assistant 'Sorry', user 'b'"),
        (
            "Sorry, I lost my keys.",
            "user 'a', assistant 'Sorry, I lost my keys.', user 'b'",
        ),
    ] {
        let messages = json!([message("user", "a"), message("assistant", said), message("user", "b")]);
        assert_eq!(seen(&messages, "{}", lines), left, "{said}");
    }
    let users = json!([message("user", "Sorry, I lost my thread.")]);
    assert_eq!(seen(&users, "{}", lines), "user 'Sorry, I lost my thread.'");
}

#[test]
fn the_oldest_messages_go_first_and_instructions_stay() {
    let messages = json!([
        message("system", "s"),
        message("user", "1"),
        message("assistant", "2"),
        message("developer", "d"),
        message("user", "3"),
    ]);
    for (limit, left) in [
        (1, "system 's', developer 'd', user '3'"),
        (2, "system 's', assistant '2', developer 'd', user '3'"),
        (3, "system 's', user '1', assistant '2', developer 'd', user '3'"),
        (9, "system 's', user '1', assistant '2', developer 'd', user '3'"),
    ] {
        let options = format!(r#"{{"limits":{{"historyMessages":{limit}}}}}"#);
        assert_eq!(seen(&messages, &options, "{}"), left, "{limit}");
    }
}

#[test]
fn what_a_tool_answered_goes_with_its_call() {
    let messages = json!([
        message("assistant", ""),
        {"role": "tool", "tool_call_id": "c", "content": "t"},
        message("assistant", "2"),
        message("user", "3"),
    ]);
    assert_eq!(
        seen(&messages, r#"{"limits":{"historyMessages":3}}"#, "{}"),
        "assistant '2', user '3'"
    );
}
