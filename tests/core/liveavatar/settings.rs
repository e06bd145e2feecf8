//! What a client may be set to.

use liveavatar_llm::liveavatar::Settings;
use serde_json::{Value, json};

fn settings(value: &Value) -> Settings {
    Settings::parse(&value.to_string()).unwrap()
}

#[track_caller]
fn refused(value: &Value, expected: &[(&str, &str, Option<&str>)]) {
    let error = Settings::parse(&value.to_string()).unwrap_err();
    let found: Vec<_> = error
        .issues()
        .iter()
        .map(|issue| (issue.path.as_str(), issue.code, issue.suggestion.as_deref()))
        .collect();
    assert_eq!(found, expected, "{value}");
}

#[test]
fn what_is_not_set_has_a_default() {
    let plain = settings(&json!({}));
    assert_eq!(plain.base_url, "https://api.liveavatar.com");
    assert_eq!(plain.timeout_ms, Some(15_000.0));
    assert_eq!(plain.policy.max_retries, 2);
}

#[test]
fn what_is_set_is_kept() {
    let set = settings(&json!({ "baseUrl": "http://127.0.0.1:1/", "timeoutMs": 2.5, "maxRetries": 0 }));
    assert_eq!(set.base_url, "http://127.0.0.1:1/");
    assert_eq!(set.timeout_ms, Some(2.5));
    assert_eq!(set.policy.max_retries, 0);
    assert_eq!(
        settings(&json!({ "timeoutMs": null })).timeout_ms,
        None,
        "Infinity is null in JSON"
    );
}

#[test]
fn what_is_wrong_is_told_at_once() {
    refused(
        &json!({ "baseURL": "x", "timeoutMs": 0, "maxRetries": 0.5 }),
        &[
            ("/baseURL", "unknown_member", Some("baseUrl")),
            ("/maxRetries", "wrong_type", None),
            ("/timeoutMs", "out_of_range", None),
        ],
    );
    refused(
        &json!({ "timeout": 5 }),
        &[("/timeout", "unknown_member", Some("timeoutMs"))],
    );
    refused(&json!({ "timeoutMs": "NaN" }), &[("/timeoutMs", "wrong_type", None)]);
    refused(&json!({ "maxRetries": 101 }), &[("/maxRetries", "out_of_range", None)]);
    refused(&json!({ "maxRetries": null }), &[("/maxRetries", "wrong_type", None)]);
    refused(&json!({ "baseUrl": "example.com" }), &[("/baseUrl", "bad_url", None)]);
    refused(&json!({ "baseUrl": "https://a.b?c" }), &[("/baseUrl", "bad_url", None)]);
    refused(&json!({ "baseUrl": null }), &[("/baseUrl", "unset", None)]);
    refused(&json!([]), &[("", "wrong_type", None)]);
}

#[test]
fn the_address_is_that_of_the_service_and_no_llms() {
    for (url, instead) in [
        ("https://api.liveavatar.com/v1", "write https://api.liveavatar.com"),
        ("http://127.0.0.1:1/base/v1/", "write http://127.0.0.1:1/base"),
        ("https://api.openai.com/v1", "an LLM's goes into connectLlm"),
        ("https://API.openai.com", "an LLM's goes into connectLlm"),
        (
            "https://a.example.com/v1/chat/completions",
            "an LLM's goes into connectLlm",
        ),
        (
            "https://a.example.com/chat/completions/",
            "an LLM's goes into connectLlm",
        ),
    ] {
        let error = Settings::parse(&json!({ "baseUrl": url }).to_string()).unwrap_err();
        assert_eq!((error.path(), error.code()), (Some("/baseUrl"), "bad_url"), "{url}");
        assert!(error.to_string().ends_with(instead), "{error}");
    }
    settings(&json!({ "baseUrl": "https://a.example.com/v1/liveavatar" }));
}
