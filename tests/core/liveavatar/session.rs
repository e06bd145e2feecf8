//! What no single row can tell, and what people write instead.

use liveavatar_llm::error::Severity::{Error, Warning};
use liveavatar_llm::liveavatar::Payload::{Context, LlmConfiguration, LlmConfigurationUpdate, Secret, SessionToken};
use liveavatar_llm::liveavatar::{Payload, SANDBOX_AVATAR, validate};
use serde_json::{Value, json};

use super::{UUID, errs, finds, full, lite, passes};

fn persona(changes: &Value) -> Value {
    let mut persona = json!({ "context_id": UUID });
    for (name, value) in changes.as_object().unwrap() {
        persona[name] = value.clone();
    }
    full(json!({ "avatar_persona": persona }))
}

#[track_caller]
fn warns(value: &Value, path: &str, code: &str, suggestion: Option<&str>) {
    finds(SessionToken, value, &[(Warning, path, code, suggestion)]);
}

#[test]
fn a_session_that_is_right_has_no_issue() {
    passes(SessionToken, &full(json!({})));
    passes(SessionToken, &lite(json!({})));
    passes(SessionToken, &full(json!({ "mode": null })));
    passes(
        SessionToken,
        &full(json!({ "avatar_persona": null, "voice_agent": { "id": UUID, "dynamic_variables": { "a": null } } })),
    );
    passes(
        SessionToken,
        &full(json!({ "llm_configuration_id": UUID, "dynamic_variables": { "name": "Rose" } })),
    );
    passes(
        SessionToken,
        &full(json!({ "avatar_id": SANDBOX_AVATAR, "is_sandbox": true, "max_session_duration": 60 })),
    );
    passes(
        SessionToken,
        &full(json!({ "avatar_id": UUID.replace('-', "").to_uppercase() })),
    );
    // Members that nobody has documented.
    passes(
        SessionToken,
        &persona(&json!({ "voice_settings": { "provider": "cartesia", "speed": "fast" } })),
    );
    passes(
        SessionToken,
        &lite(json!({ "cartesia_agent_config": { "secret_id": UUID, "agent_id": "a", "more": 1 } })),
    );
}

#[test]
fn what_is_no_object_is_told_at_the_root() {
    for value in [json!(null), json!(5), json!("FULL"), json!([]), json!(true)] {
        for payload in [SessionToken, Secret, LlmConfiguration, LlmConfigurationUpdate, Context] {
            errs(payload, &value, "", "wrong_type");
        }
    }
    assert_eq!(validate(SessionToken, "{").first().unwrap().code, "not_json");
    assert_eq!(validate(SessionToken, "").first().unwrap().code, "not_json");
}

#[test]
fn exactly_one_of_persona_and_agent() {
    errs(
        SessionToken,
        &full(json!({ "avatar_persona": null })),
        "/avatar_persona",
        "exactly_one",
    );
    let both = full(json!({ "voice_agent": { "id": UUID } }));
    errs(SessionToken, &both, "/voice_agent", "exactly_one");
    let mut with_null = full(json!({}));
    with_null["voice_agent"] = Value::Null;
    passes(SessionToken, &with_null);
}

#[test]
fn an_agents_variables_stand_inside_it() {
    let value =
        full(json!({ "avatar_persona": null, "voice_agent": { "id": UUID }, "dynamic_variables": { "a": "b" } }));
    finds(
        SessionToken,
        &value,
        &[(
            Error,
            "/dynamic_variables",
            "misplaced",
            Some("/voice_agent/dynamic_variables"),
        )],
    );
}

#[test]
fn variables_have_limits() {
    let variables = |name: &str, value: &str| full(json!({ "dynamic_variables": { name: value } }));
    passes(SessionToken, &variables(&"ü".repeat(64), &"ü".repeat(1000)));
    errs(
        SessionToken,
        &variables("a", &"ü".repeat(1001)),
        "/dynamic_variables/a",
        "bad_length",
    );
    let long = "n".repeat(65);
    errs(
        SessionToken,
        &variables(&long, ""),
        &format!("/dynamic_variables/{long}"),
        "bad_length",
    );
    let number = full(json!({ "dynamic_variables": { "a/b~c": 5 } }));
    errs(SessionToken, &number, "/dynamic_variables/a~1b~0c", "wrong_type");
}

#[test]
fn the_sandbox_has_one_avatar_and_a_minute() {
    finds(
        SessionToken,
        &full(json!({ "is_sandbox": true })),
        &[(Error, "/avatar_id", "sandbox_avatar", Some(SANDBOX_AVATAR))],
    );
    finds(
        SessionToken,
        &full(json!({ "is_sandbox": true, "avatar_id": SANDBOX_AVATAR, "max_session_duration": 61 })),
        &[(Error, "/max_session_duration", "out_of_range", Some("60"))],
    );
    warns(
        &full(json!({ "avatar_id": SANDBOX_AVATAR.to_uppercase() })),
        "/is_sandbox",
        "sandbox_avatar",
        Some("true"),
    );
    errs(
        SessionToken,
        &lite(json!({ "is_sandbox": true })),
        "/avatar_id",
        "sandbox_avatar",
    );
    // One thing at a time: what is no UUID is not also the wrong avatar.
    errs(
        SessionToken,
        &full(json!({ "is_sandbox": true, "avatar_id": "wayne" })),
        "/avatar_id",
        "bad_uuid",
    );
}

#[test]
fn an_avatar_without_context_is_mute() {
    warns(
        &full(json!({ "avatar_persona": {} })),
        "/avatar_persona/context_id",
        "no_context",
        None,
    );
    warns(
        &full(json!({ "avatar_persona": { "context_id": null } })),
        "/avatar_persona/context_id",
        "no_context",
        None,
    );
}

#[test]
fn two_llms_are_one_too_many() {
    let mut value = persona(&json!({ "llm_settings": { "provider": "openai", "model": "gpt-4o" } }));
    passes(SessionToken, &value);
    value["llm_configuration_id"] = json!(UUID);
    warns(&value, "/avatar_persona/llm_settings", "two_llms", None);
}

#[test]
fn text_normalization_is_for_japanese() {
    let voice = json!({ "provider": "elevenLabs", "apply_language_text_normalization": true });
    let path = "/avatar_persona/voice_settings/apply_language_text_normalization";
    errs(
        SessionToken,
        &persona(&json!({ "voice_settings": voice })),
        path,
        "not_in_language",
    );
    passes(
        SessionToken,
        &persona(&json!({ "voice_settings": voice, "language": "ja" })),
    );
}

#[test]
fn a_voice_is_told_apart_by_its_provider() {
    let voice = |voice: Value| persona(&json!({ "voice_settings": voice }));
    let path = "/avatar_persona/voice_settings/provider";
    errs(SessionToken, &voice(json!({ "speed": 1 })), path, "missing");
    errs(SessionToken, &voice(json!({ "provider": 5 })), path, "wrong_type");
    finds(
        SessionToken,
        &voice(json!({ "provider": "elevenlabs" })),
        &[(Error, path, "unknown_value", Some("elevenLabs"))],
    );
    // A member of another provider's has no place to go to.
    warns(
        &voice(json!({ "provider": "elevenLabs", "latency_mode": "normal" })),
        "/avatar_persona/voice_settings/latency_mode",
        "unknown_member",
        None,
    );
}

#[test]
fn the_mode_decides_what_may_stand_in_a_session() {
    for (written, meant) in [
        ("lite", "LITE"),
        ("CUSTOM", "LITE"),
        ("full", "FULL"),
        ("FULLL", "FULL"),
    ] {
        let value = if meant == "FULL" {
            full(json!({ "mode": written }))
        } else {
            lite(json!({ "mode": written }))
        };
        finds(SessionToken, &value, &[(Error, "/mode", "unknown_value", Some(meant))]);
    }
    finds(
        SessionToken,
        &lite(
            json!({ "mode": null, "livekit_config": { "livekit_url": "a", "livekit_room": "b", "livekit_client_token": "c" } }),
        ),
        &[(Warning, "/mode", "no_mode", Some("LITE"))],
    );
    for member in [
        "llm_configuration_id",
        "avatar_persona",
        "interactivity_type",
        "dynamic_variables",
        "memory",
    ] {
        warns(
            &lite(json!({ member: UUID })),
            &format!("/{member}"),
            "not_in_mode",
            None,
        );
    }
    warns(
        &lite(json!({ "llmConfigurationId": UUID })),
        "/llmConfigurationId",
        "not_in_mode",
        None,
    );
    warns(
        &full(json!({ "livekit_config": {} })),
        "/livekit_config",
        "not_in_mode",
        None,
    );
}

/// What people write in a FULL session, where, and what they mean.
const MEANT: [(&str, &str, &str, &str); 21] = [
    ("", "avatarId", "unknown_member", "avatar_id"),
    ("", "avatar-id", "unknown_member", "avatar_id"),
    ("", "AVATAR_ID", "unknown_member", "avatar_id"),
    ("", "avtar_id", "unknown_member", "avatar_id"),
    ("", "avatra_id", "unknown_member", "avatar_id"),
    ("", "isSandbox", "unknown_member", "is_sandbox"),
    ("", "sandbox", "unknown_member", "is_sandbox"),
    ("", "llmConfigurationId", "unknown_member", "llm_configuration_id"),
    ("", "llm_config_id", "unknown_member", "llm_configuration_id"),
    ("", "maxSessionDuration", "unknown_member", "max_session_duration"),
    ("", "context_id", "misplaced", "/avatar_persona/context_id"),
    ("", "contextId", "misplaced", "/avatar_persona/context_id"),
    ("", "voice_id", "misplaced", "/avatar_persona/voice_id"),
    ("", "language", "misplaced", "/avatar_persona/language"),
    ("", "video_quality", "misplaced", "/video_settings/quality"),
    ("", "video_encoding", "misplaced", "/video_settings/encoding"),
    ("", "quality", "misplaced", "/video_settings/quality"),
    (
        "/avatar_persona",
        "llm_configuration_id",
        "misplaced",
        "/llm_configuration_id",
    ),
    (
        "/avatar_persona",
        "llmConfigurationId",
        "misplaced",
        "/llm_configuration_id",
    ),
    ("/avatar_persona", "voiceId", "unknown_member", "voice_id"),
    ("/avatar_persona", "contxt_id", "unknown_member", "context_id"),
];

#[test]
fn what_the_service_ignores_is_told_with_what_was_meant() {
    for (parent, written, code, meant) in MEANT {
        let mut value = full(json!({}));
        value.pointer_mut(parent).unwrap()[written] = json!(UUID);
        warns(&value, &format!("{parent}/{written}"), code, Some(meant));
    }
    for (parent, written) in [
        ("", "id"),
        ("", "demo_llm_config"),
        ("/avatar_persona", "zzz"),
        ("", "🦀"),
        ("", ""),
    ] {
        let mut value = full(json!({}));
        value.pointer_mut(parent).unwrap()[written] = json!(UUID);
        warns(&value, &format!("{parent}/{written}"), "unknown_member", None);
    }
    // However long it is.
    let long = "avatar_id".repeat(10_000);
    warns(&full(json!({ &long: 1 })), &format!("/{long}"), "unknown_member", None);
}

/// What people write in the other payloads.
#[test]
fn the_words_of_guides_and_habits_are_known() {
    let secret = |changes: Value| changes;
    let wrong_type = secret(json!({ "secret_name": "n", "secret_value": "v", "secret_type": "LLM_API_KEY" }));
    finds(
        Secret,
        &wrong_type,
        &[(Error, "/secret_type", "unknown_value", Some("OPENAI_API_KEY"))],
    );
    for (payload, written, meant) in [
        (Secret, "name", "secret_name"),
        (Secret, "value", "secret_value"),
        (Secret, "type", "secret_type"),
        (LlmConfiguration, "model", "model_name"),
        (LlmConfiguration, "url", "base_url"),
        (LlmConfiguration, "baseUrl", "base_url"),
        (LlmConfiguration, "secretId", "secret_id"),
        (LlmConfigurationUpdate, "model", "model_name"),
        (Context, "openingText", "opening_text"),
        (Context, "opening", "opening_text"),
    ] {
        let found = validate(payload, &json!({ written: "x" }).to_string());
        let issue = found.iter().find(|issue| issue.path == format!("/{written}")).unwrap();
        assert_eq!(
            (issue.code, issue.suggestion.as_deref()),
            ("unknown_member", Some(meant))
        );
    }
}

#[test]
fn a_context_must_say_whether_it_greets() {
    passes(Context, &json!({ "name": "n", "prompt": "p", "opening_text": null }));
    errs(
        Context,
        &json!({ "name": "n", "prompt": "p" }),
        "/opening_text",
        "missing",
    );
    let links = json!({ "name": "n", "prompt": "p", "opening_text": "o", "links": [{ "url": "u", "faq": null }, { "url": 5, "faq": "f" }] });
    errs(Context, &links, "/links/1/url", "wrong_type");
}

#[test]
fn messages_name_the_field_and_say_what_to_write() {
    let message = |payload: Payload, value: &Value| validate(payload, &value.to_string()).remove(0).message;
    assert_eq!(
        message(
            SessionToken,
            &persona(&json!({ "voice_settings": { "provider": "fish", "speed": 3 } }))
        ),
        "`avatar_persona.voice_settings.speed` must be a number from 0.8 to 1.2, it is 3"
    );
    assert_eq!(
        message(SessionToken, &full(json!({ "video_settings": { "quality": "best" } }))),
        "`video_settings.quality` must be \"very_high\", \"high\", \"medium\" or \"low\", it is another string"
    );
    assert_eq!(
        message(SessionToken, &full(json!({ "avatar_id": null }))),
        "`avatar_id` is missing: give a UUID, 32 hexadecimal digits with hyphens"
    );
    assert_eq!(
        message(
            LlmConfiguration,
            &json!({ "display_name": "", "model_name": "m", "secret_id": "s" })
        ),
        "`display_name` must be a string whose length is from 1 to 255, it is 0"
    );
    assert_eq!(message(Context, &json!([])), "must be an object, it is an array");
}

#[test]
fn no_message_quotes_a_value_that_may_be_a_key() {
    let key = "sk-proj-0123456789";
    for (payload, value) in [
        (
            Secret,
            json!({ "secret_name": "n", "secret_value": [key], "secret_type": key }),
        ),
        (
            Secret,
            json!({ "secret_name": key.repeat(100), "secret_value": "", "secret_type": "FISH_API_KEY" }),
        ),
        (
            LlmConfiguration,
            json!({ "display_name": "d", "model_name": "m", "secret_id": key.repeat(9), "base_url": format!("https://{key}@a.b") }),
        ),
        (
            SessionToken,
            full(json!({ "llm_configuration_id": key, "mode": key, "avatar_id": key })),
        ),
    ] {
        let found = validate(payload, &value.to_string());
        assert!(!found.is_empty());
        assert!(!format!("{found:?}").contains("0123456789"), "{found:?}");
    }
}

#[test]
fn variables_that_a_context_asks_for_are_missed() {
    let context = json!({ "required_dynamic_variables": ["who", "a/b"] }).to_string();
    let missing = |session: Value| -> Vec<String> {
        let found = liveavatar_llm::liveavatar::unfilled(&session.to_string(), &context);
        assert!(
            found
                .iter()
                .all(|issue| issue.code == "unfilled_variable" && issue.severity == Warning)
        );
        found.into_iter().map(|issue| issue.path).collect()
    };
    assert_eq!(
        missing(full(json!({}))),
        ["/dynamic_variables/who", "/dynamic_variables/a~1b"]
    );
    let given = json!({ "who": "x", "a/b": "", "more": "y" });
    assert!(missing(full(json!({ "dynamic_variables": given }))).is_empty());
    assert_eq!(
        missing(full(json!({ "dynamic_variables": { "who": "x" } }))),
        ["/dynamic_variables/a~1b"]
    );
    let agent = json!({ "id": UUID, "dynamic_variables": { "who": "x" } });
    assert_eq!(
        missing(full(json!({ "voice_agent": agent, "dynamic_variables": given }))),
        ["/voice_agent/dynamic_variables/a~1b"]
    );
    assert_eq!(missing(json!([])).len(), 2);
    for odd in [
        "",
        "[]",
        "{",
        r#"{"required_dynamic_variables":5}"#,
        r#"{"required_dynamic_variables":[5,null]}"#,
    ] {
        assert!(liveavatar_llm::liveavatar::unfilled("{}", odd).is_empty());
    }
}

#[test]
fn a_chat_request_is_held_against_what_a_model_is_asked() {
    use liveavatar_llm::liveavatar::Payload::ChatRequest;
    let user = json!({ "role": "user", "content": "Hello" });
    passes(
        ChatRequest,
        &json!({ "messages": [user, { "role": "assistant", "content": null, "tool_calls": [] }], "top_k": 5 }),
    );
    passes(
        ChatRequest,
        &json!({ "messages": [{ "role": "user", "content": [{ "type": "text", "text": "x" }] }], "model": "m" }),
    );
    errs(ChatRequest, &json!({}), "/messages", "missing");
    errs(ChatRequest, &json!({ "messages": [] }), "/messages", "bad_length");
    errs(
        ChatRequest,
        &json!({ "messages": [user, { "content": "x" }] }),
        "/messages/1/role",
        "missing",
    );
    errs(
        ChatRequest,
        &json!({ "messages": [{ "role": "usr", "content": "x" }] }),
        "/messages/0/role",
        "unknown_value",
    );
    errs(
        ChatRequest,
        &json!({ "messages": [{ "role": "user" }] }),
        "/messages/0/content",
        "missing",
    );
    errs(
        ChatRequest,
        &json!({ "messages": [user], "temperature": 2.5 }),
        "/temperature",
        "out_of_range",
    );
}
