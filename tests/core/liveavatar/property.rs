//! What holds for any JSON at all.

use liveavatar_llm::json::{Item, Tree, View};
use liveavatar_llm::liveavatar::{Payload, validate};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{full, lite};

const PAYLOADS: [Payload; 6] = [
    Payload::SessionToken,
    Payload::Secret,
    Payload::LlmConfiguration,
    Payload::LlmConfigurationUpdate,
    Payload::Context,
    Payload::ChatRequest,
];

/// Names that mean something somewhere, and such as do not.
fn names() -> impl Strategy<Value = String> {
    let known = [
        "mode",
        "avatar_id",
        "is_sandbox",
        "video_settings",
        "quality",
        "max_session_duration",
        "avatar_persona",
        "voice_id",
        "context_id",
        "language",
        "voice_settings",
        "provider",
        "speed",
        "stt_config",
        "llm_settings",
        "voice_agent",
        "id",
        "dynamic_variables",
        "llm_configuration_id",
        "memory",
        "livekit_config",
        "elevenlabs_agent_config",
        "secret_id",
        "secret_name",
        "secret_value",
        "secret_type",
        "display_name",
        "model_name",
        "base_url",
        "name",
        "prompt",
        "opening_text",
        "links",
        "url",
        "faq",
        "avatarId",
        "video_quality",
        "model",
    ];
    prop_oneof![
        8 => prop::sample::select(known.to_vec()).prop_map(str::to_owned),
        1 => "[a-z_/~]{0,12}",
        1 => any::<String>(),
    ]
}

fn leaves() -> impl Strategy<Value = Value> {
    let words = [
        "FULL",
        "LITE",
        "CUSTOM",
        "fish",
        "elevenLabs",
        super::UUID,
        "https://a.b/v1",
        "http://[::1",
        "OPENAI_API_KEY",
    ];
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(words.to_vec()).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ]
}

fn values() -> impl Strategy<Value = Value> {
    leaves().prop_recursive(5, 48, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(names(), inner, 0..8)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// A payload that is nearly right: something in it is replaced or added.
fn nearly() -> impl Strategy<Value = Value> {
    let right = prop_oneof![
        Just(full(
            json!({ "avatar_persona": { "voice_settings": { "provider": "fish" }, "stt_config": {} }, "memory": {}, "dynamic_variables": {} })
        )),
        Just(lite(json!({ "livekit_config": {}, "openai_realtime_config": {} }))),
        Just(json!({ "secret_name": "n", "secret_value": "v", "secret_type": "OPENAI_API_KEY" })),
        Just(json!({ "display_name": "d", "model_name": "m", "secret_id": "s", "base_url": "https://a.b" })),
        Just(json!({ "name": "n", "prompt": "p", "opening_text": null, "links": [{ "url": "u", "faq": null }] })),
    ];
    (right, prop::collection::vec((names(), values()), 0..3)).prop_map(|(mut payload, changes)| {
        for (name, value) in changes {
            let inner = payload.pointer_mut("/avatar_persona").filter(|_| name.len() % 2 == 0);
            match inner {
                Some(Value::Object(persona)) => drop(persona.insert(name, value)),
                _ => payload[name] = value,
            }
        }
        payload
    })
}

fn check(payload: &Value) -> Result<(), TestCaseError> {
    let json = payload.to_string();
    for kind in PAYLOADS {
        for issue in validate(kind, &json) {
            let is_there = payload.pointer(&issue.path).is_some();
            let may_be_missing = || {
                let (parent, name) = issue.path.rsplit_once('/').unwrap_or_default();
                !name.is_empty() && payload.pointer(parent).is_some_and(Value::is_object)
            };
            // Of two members that JSON allows to have one name the last counts, and serde_json keeps that one alone.
            prop_assert!(is_there || may_be_missing(), "{issue:?} in {json}");
            prop_assert!(!issue.message.is_empty() && !issue.code.is_empty());
        }
    }
    Ok(())
}

fn same(view: View<'_, '_>, value: &Value) -> bool {
    match (view.item(), value) {
        (Item::Null, Value::Null) => true,
        (Item::Bool(one), Value::Bool(other)) => one == *other,
        (Item::Number(text), Value::Number(number)) => text == number.to_string(),
        (Item::String(text), Value::String(other)) => text.read() == *other,
        (Item::Array, Value::Array(items)) => {
            view.children().count() == items.len() && view.children().zip(items).all(|(view, value)| same(view, value))
        }
        (Item::Object, Value::Object(members)) => {
            view.children().count() == members.len()
                && members
                    .iter()
                    .all(|(name, value)| view.get(name).is_some_and(|view| same(view, value)))
        }
        _ => false,
    }
}

proptest! {
    #[test]
    fn any_json_is_answered_with_issues_that_point_somewhere(payload in values()) {
        check(&payload)?;
    }

    #[test]
    fn so_is_what_is_nearly_right(payload in nearly()) {
        check(&payload)?;
    }

    #[test]
    fn any_text_is_answered(text in any::<String>()) {
        for kind in PAYLOADS {
            let found = validate(kind, &text);
            prop_assert!(!found.is_empty() || serde_json::from_str::<Value>(&text).is_ok());
        }
    }

    #[test]
    fn a_tree_is_what_was_written(value in values()) {
        let text = value.to_string();
        let tree = Tree::parse(&text).unwrap();
        prop_assert!(same(tree.root().unwrap(), &value));
    }
}

#[test]
fn a_tree_is_as_strict_and_as_deep_as_any_reader() {
    for text in ["", "{", "[1,]", "{\"a\"}", "nul", "1 2", "\"a", "[", "{\"a\":1,}"] {
        assert!(Tree::parse(text).is_err(), "{text}");
    }
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert!(Tree::parse(&nested(128)).is_ok());
    assert!(Tree::parse(&nested(129)).is_err());
    let last = Tree::parse(r#"{"a":1,"a":2}"#).unwrap();
    assert!(matches!(
        last.root().unwrap().get("a").unwrap().item(),
        Item::Number("2")
    ));
}
