//! What the caller asks.

use liveavatar_llm::turn::{Asked, Correlation};
use serde_json::{Value, json};

use super::driven::{self, Beginning, asked, turn_about};

#[test]
fn without_words_of_the_user_nobody_is_asked() {
    for messages in [
        json!([]),
        json!([{"role": "system", "content": "You are Rose."}]),
        json!([{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]),
        json!([{"role": "user", "content": ""}]),
        json!([{"role": "user", "content": " \n"}]),
        json!([{"role": "user"}]),
        json!([{"role": "user", "content": null}]),
        json!([{"role": "user", "content": 5}]),
        json!([{"role": "user", "content": []}]),
        json!([{"role": "user", "content": [{"type": "image_url"}]}]),
    ] {
        let request = json!({"messages": messages, "model": "m", "stream": true}).to_string();
        turn_about(&request, "{}", "{}").says("role stop done").is("empty");
        turn_about(&request, "{}", r#"{"empty":"Yes?"}"#)
            .says("role 'Yes?' stop done")
            .is("empty");
    }
}

/// What the user has just said in this conversation, one letter a message: `s`ystem, `d`eveloper, `a`ssistant, `t`ool, and
/// the numbered ones are the user's.
fn utterance(conversation: &str) -> String {
    asked(&conversed(conversation)).text
}

fn conversed(conversation: &str) -> String {
    let message = |letter: char| {
        let role = match letter {
            's' => "system",
            'd' => "developer",
            'a' => "assistant",
            't' => "tool",
            _ => "user",
        };
        json!({"role": role, "content": letter.to_string()})
    };
    let messages: Vec<Value> = conversation.chars().map(message).collect();
    json!({ "messages": messages }).to_string()
}

#[test]
fn user_messages_in_a_row_at_the_end_are_one_utterance() {
    assert_eq!(utterance("sa1"), "1");
    assert_eq!(utterance("sa1a2"), "2");
    assert_eq!(utterance("sa1a234"), "2 3 4");
    assert_eq!(utterance("12"), "1 2");
    assert_eq!(utterance("1a"), "");
    let parts = json!([{"type": "text", "text": " Hello "}, {"type": "image_url"}, {"type": "text", "text": "you"}]);
    let request = json!({"messages": [{"role": "user", "content": parts}, {"role": "user", "content": " there\n"}]});
    assert_eq!(asked(&request.to_string()).text, "Hello you there");
}

#[test]
fn instructions_behind_the_users_words_dont_hide_them() {
    assert_eq!(utterance("sa12s"), "1 2");
    assert_eq!(utterance("sa12sd"), "1 2");
    assert_eq!(utterance("sa1at"), "");
}

#[test]
fn an_utterance_keeps_its_id_until_the_avatar_has_answered() {
    let id = |conversation: &str| asked(&conversed(conversation)).utterance_id;
    assert_eq!(id("sa1"), id("sa12"));
    assert_eq!(id("sa1"), id("sa2"));
    assert_eq!(id("sa1"), id("sa1s"));
    assert_ne!(id("sa1"), id("sa1a2"));
    assert_ne!(id("sa1"), id("ssa1"));
    assert!(id("sa1").starts_with("utt_"));
}

#[test]
fn utterances_in_different_rooms_are_different() {
    let id = |room: Option<&str>| {
        let request = conversed("sa1");
        let correlation = Correlation {
            room_id: room.map(str::to_owned),
            ..Correlation::default()
        };
        Asked::parse(&request, correlation).unwrap().utterance_id
    };
    assert_eq!(id(Some("RM_1")), id(Some("RM_1")));
    assert_ne!(id(Some("RM_1")), id(Some("RM_2")));
    assert_ne!(id(Some("RM_1")), id(None));
}

#[test]
fn where_one_text_ends_and_the_next_begins_makes_a_difference() {
    let id = |one: &str, other: &str| {
        let messages = json!([{"role": "assistant", "content": one}, {"role": "assistant", "content": other}, {"role": "user", "content": "x"}]);
        asked(&json!({ "messages": messages }).to_string()).utterance_id
    };
    assert_ne!(id("ab", "c"), id("a", "bc"));
    assert_ne!(id("", "abc"), id("abc", ""));
}

/// What is sent to an upstream for a request.
fn sent(request: &str, upstream: &str) -> Value {
    let sources = vec![driven::upstream(upstream)];
    let mut turn = Beginning {
        request,
        sources,
        ..Beginning::default()
    }
    .begin()
    .turn;
    let body = turn.send(None, 0.0).unwrap().body.unwrap();
    serde_json::from_str(&body).unwrap()
}

#[test]
fn what_the_developer_sets_wins_over_what_the_caller_sends() {
    let request = r#"{"messages":[{"role":"user","content":"Hi"}],"model":"avatar","temperature":0.5,"stream":true}"#;
    let both = |more: Value| {
        let mut expected = json!({"messages": [{"role": "user", "content": "Hi"}], "stream": true});
        expected
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        expected
    };
    assert_eq!(
        sent(request, "{}"),
        both(json!({"model": "avatar", "temperature": 0.5}))
    );
    assert_eq!(
        sent(request, r#"{"model":"gpt"}"#),
        both(json!({"model": "gpt", "temperature": 0.5}))
    );
    let override_ =
        r#"{"model":"gpt","defaults":{"top_p":1,"temperature":0},"override":{"temperature":null,"seed":7}}"#;
    assert_eq!(
        sent(request, override_),
        both(json!({"model": "gpt", "top_p": 1, "seed": 7}))
    );
}

#[test]
fn token_counts_are_asked_for_where_the_caller_expects_them() {
    let options = |request: &str| {
        let mut request: Value = serde_json::from_str(request).unwrap();
        request["messages"] = json!([{"role": "user", "content": "Hi"}]);
        sent(&request.to_string(), "{}")["stream_options"].clone()
    };
    assert_eq!(options(r#"{"model":"m","stream":true}"#), Value::Null);
    assert_eq!(
        options(r#"{"model":"m","stream":false}"#),
        json!({"include_usage": true})
    );
    assert_eq!(options(r#"{"model":"m"}"#), json!({"include_usage": true}));
}
