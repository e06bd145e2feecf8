//! Azure and Workers AI: `OpenAI`'s dialect at other addresses, or at none.

use liveavatar_llm::chat::Request;
use liveavatar_llm::error::Secret;
use liveavatar_llm::http;
use liveavatar_llm::providers::Upstream;
use serde_json::{Value, json};

fn encode(upstream: &Value, request: Value) -> http::Request {
    let upstream = Upstream::parse(&upstream.to_string(), &[]).unwrap();
    upstream
        .provider
        .encode(&upstream, Request::parse(&request.to_string()).unwrap())
        .unwrap()
}

fn azure(members: &Value) -> Value {
    let mut upstream = json!({"provider": "azure", "baseUrl": "https://mine.openai.azure.com"});
    upstream
        .as_object_mut()
        .unwrap()
        .extend(members.as_object().unwrap().clone());
    upstream
}

#[test]
fn the_address_is_that_of_version_1_or_of_the_deployment() {
    let deployed = "https://mine.openai.azure.com/openai/deployments/my%20gpt/chat/completions?api-version=2024-10-21";
    let first = "https://mine.openai.azure.com/openai/v1/chat/completions";
    let classic = |base: &str| json!({"baseUrl": base, "deployment": "my gpt", "apiVersion": "2024-10-21"});
    for (members, url) in [
        (json!({"model": "m"}), first),
        (
            json!({"model": "m", "baseUrl": "https://mine.openai.azure.com/openai/v1/"}),
            first,
        ),
        (
            json!({"model": "m", "apiVersion": "preview", "query": {"a": "b"}}),
            "https://mine.openai.azure.com/openai/v1/chat/completions?api-version=preview&a=b",
        ),
        (
            json!({"model": "m", "baseUrl": "https://gateway.example/azure"}),
            "https://gateway.example/azure/chat/completions",
        ),
        (classic("https://mine.openai.azure.com"), deployed),
        (classic("https://mine.openai.azure.com/openai"), deployed),
        (classic("https://mine.openai.azure.com/openai/v1/"), deployed),
    ] {
        assert_eq!(encode(&azure(&members), json!({"messages": []})).url, url, "{members}");
    }
}

#[test]
fn the_deployment_is_the_model_of_requests_that_name_none() {
    let upstream = azure(&json!({"deployment": "d", "apiVersion": "v"}));
    let model = |request: Value| {
        let body: Value = serde_json::from_str(&encode(&upstream, request).body.unwrap()).unwrap();
        body["model"].clone()
    };
    assert_eq!(model(json!({"messages": []})), json!("d"));
    assert_eq!(model(json!({"messages": [], "model": "m"})), json!("m"));
}

#[test]
fn a_key_and_a_token_have_headers_of_their_own() {
    let header = |members: Value| {
        let upstream = Upstream::parse(&azure(&members).to_string(), &[]).unwrap();
        upstream
            .provider
            .authorization(&Secret::new("k123".to_owned()).unwrap())
    };
    assert_eq!(header(json!({})), ("api-key".to_owned(), "k123".to_owned()));
    assert_eq!(
        header(json!({"entraToken": true})),
        ("authorization".to_owned(), "Bearer k123".to_owned())
    );
}

#[test]
fn what_is_missing_or_not_a_providers_own_is_told() {
    for (upstream, path, code) in [
        (json!({"provider": "azure"}), "/baseUrl", "missing"),
        (azure(&json!({"deployment": "d"})), "/apiVersion", "missing"),
        (azure(&json!({"version": "d"})), "/version", "unknown_member"),
        (json!({"deployment": "d"}), "/deployment", "unknown_member"),
        (
            json!({"provider": "gemini", "version": "d"}),
            "/version",
            "unknown_member",
        ),
        (
            json!({"provider": "workers-ai", "baseUrl": "https://a"}),
            "/baseUrl",
            "unknown_member",
        ),
        (
            json!({"provider": "workers-ai", "ai": {}, "apiKey": "k"}),
            "/ai",
            "unknown_member",
        ),
        (
            json!({"provider": "anthropic", "baseUrl": "https://a/v1/messages"}),
            "/baseUrl",
            "bad_url",
        ),
        (
            json!({"provider": "gemini", "baseUrl": "https://a/v1/models"}),
            "/baseUrl",
            "bad_url",
        ),
    ] {
        let error = Upstream::parse(&upstream.to_string(), &[])
            .map(|_| ())
            .expect_err(&upstream.to_string());
        assert_eq!((error.path(), error.code()), (Some(path), code), "{error}");
    }
}

#[test]
fn a_binding_gets_the_model_and_an_input_of_texts() {
    let upstream = json!({"provider": "workers-ai", "model": "@cf/meta/llama"});
    let image = json!([{"type": "image_url", "image_url": {"url": "data:,"}}]);
    let request = json!({
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "A"}, {"type": "text", "text": "B"}]},
            {"role": "assistant", "content": null, "tool_calls": []}, {"role": "user", "content": image}, {"role": "user", "content": "x"}
        ],
        "max_completion_tokens": 5, "stream_options": {"include_usage": true}, "top_k": 3
    });
    let body: Value = serde_json::from_str(&encode(&upstream, request).body.unwrap()).unwrap();
    assert_eq!(
        body,
        json!(["@cf/meta/llama", {
            "messages": [
                {"role": "user", "content": "AB"}, {"role": "assistant", "content": "", "tool_calls": []},
                {"role": "user", "content": image}, {"role": "user", "content": "x"}
            ],
            "max_tokens": 5, "top_k": 3, "stream": true
        }])
    );
}
