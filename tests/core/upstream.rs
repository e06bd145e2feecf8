//! Where completions come from, as a developer describes it.

use liveavatar_llm::error::{Error, Family};
use liveavatar_llm::json::Value;
use liveavatar_llm::providers::{Provider, Upstream};

/// Every problem: path, code and message, and what is suggested.
fn problems(json: &str) -> Vec<(String, &'static str, String, Option<String>)> {
    let Err(error) = parse(json) else {
        panic!("{json} is valid")
    };
    assert_eq!(error.family(), Family::Validation);
    let issues = error.issues().iter().cloned();
    issues
        .map(|issue| (issue.path, issue.code, issue.message, issue.suggestion))
        .collect()
}

#[track_caller]
fn problem(json: &str, path: &str, code: &str, message: &str) {
    let found = problems(json);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        (found[0].0.as_str(), found[0].1, found[0].2.as_str()),
        (path, code, message),
        "of {json}"
    );
}

fn parse(json: &str) -> Result<Upstream, Error> {
    Upstream::parse(json, &[])
}

#[test]
fn an_empty_upstream_is_openai() {
    for json in ["{}", r#"{"provider":"openai"}"#, r#"{"headers":null,"query":null}"#] {
        let upstream = parse(json).unwrap();
        assert_eq!(
            (upstream.provider, upstream.base_url.as_str()),
            (Provider::OpenAi, "https://api.openai.com/v1")
        );
        assert_eq!(
            (upstream.model, upstream.headers, upstream.query),
            (None, vec![], vec![])
        );
        assert_eq!((upstream.defaults, upstream.overrides), (vec![], vec![]));
    }
}

#[test]
fn all_members_are_read() {
    let upstream = parse(
        r#"{
            "baseUrl": "http://localhost:1234/v1", "model": "m", "headers": {"X-Org": "o"}, "query": {"a": ""},
            "defaults": {"temperature": 0.5}, "override": {"stop": null}
        }"#,
    )
    .unwrap();
    let pair = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
    assert_eq!(
        (upstream.base_url.as_str(), upstream.model.as_deref()),
        ("http://localhost:1234/v1", Some("m"))
    );
    assert_eq!((upstream.headers, upstream.query), (pair("x-org", "o"), pair("a", "")));
    assert_eq!(
        upstream.defaults,
        [("temperature".to_owned(), Value::Number("0.5".to_owned()))]
    );
    assert_eq!(upstream.overrides, [("stop".to_owned(), Value::Null)]);
}

#[test]
fn it_must_be_an_object() {
    for json in ["[]", "\"https://a\"", "null", ""] {
        problem(
            json,
            "",
            "wrong_type",
            "an upstream must be an object such as { baseUrl, apiKey, model }",
        );
    }
}

#[test]
fn an_unknown_provider_is_told_with_those_there_are() {
    problem(
        r#"{"provider":"azur"}"#,
        "/provider",
        "unknown_provider",
        "`provider` is \"azur\", this version knows \"openai\", \"azure\", \"anthropic\", \"gemini\", \"workers-ai\"",
    );
    problem(
        r#"{"provider":5}"#,
        "/provider",
        "wrong_type",
        "`provider` must be a string, it is a number",
    );
}

#[test]
fn a_member_has_the_type_it_must_have() {
    problem(
        r#"{"baseUrl":5}"#,
        "/baseUrl",
        "wrong_type",
        "`baseUrl` must be a string, it is a number",
    );
    problem(
        r#"{"baseUrl":""}"#,
        "/baseUrl",
        "wrong_type",
        "`baseUrl` must be a string, it is empty",
    );
    problem(
        r#"{"model":[]}"#,
        "/model",
        "wrong_type",
        "`model` must be a string, it is an array",
    );
    problem(
        r#"{"headers":[]}"#,
        "/headers",
        "wrong_type",
        "`headers` must be an object, it is an array",
    );
    problem(
        r#"{"query":"a=b"}"#,
        "/query",
        "wrong_type",
        "`query` must be an object, it is a string",
    );
    problem(
        r#"{"query":{"a/b":1}}"#,
        "/query/a~1b",
        "wrong_type",
        "`query.a/b` must be a string, it is a number",
    );
    problem(
        r#"{"defaults":true}"#,
        "/defaults",
        "wrong_type",
        "`defaults` must be an object, it is a boolean",
    );
    problem(
        r#"{"override":"x"}"#,
        "/override",
        "wrong_type",
        "`override` must be an object, it is a string",
    );
}

#[test]
fn a_base_url_is_what_the_path_is_appended_to() {
    problem(
        r#"{"baseUrl":"ftp://a"}"#,
        "/baseUrl",
        "bad_url",
        "`baseUrl` must begin with https:// (or http:// on your own machine)",
    );
    for url in ["https://a/v1/chat/completions", "https://a/v1/chat/completions/"] {
        problem(
            &format!(r#"{{"baseUrl":"{url}"}}"#),
            "/baseUrl",
            "bad_url",
            "`baseUrl` ends in /chat/completions, which is appended to it: write https://a/v1",
        );
    }
}

#[test]
fn a_header_must_be_one() {
    problem(
        r#"{"headers":{"a/b~":"x"}}"#,
        "/headers/a~1b~0",
        "bad_header",
        "the header `a/b~` is no header name: use letters, digits and hyphens",
    );
    problem(
        r#"{"headers":{"a":"x\ny"}}"#,
        "/headers/a",
        "bad_header",
        "the header `a` holds a line break or control character: remove it",
    );
    problem(
        r#"{"headers":{"a":null}}"#,
        "/headers/a",
        "wrong_type",
        "`headers.a` must be a string, it is null",
    );
}

#[test]
fn a_name_that_is_nearly_right_is_suggested() {
    let rows = [
        ("base_url", "baseUrl"),
        ("baseURL", "baseUrl"),
        ("url", "baseUrl"),
        ("endpoint", "baseUrl"),
        ("api_key", "apiKey"),
        ("token", "apiKey"),
        ("models", "model"),
        ("model_name", "model"),
        ("header", "headers"),
        ("Headers", "headers"),
        ("default", "defaults"),
        ("overrides", "override"),
    ];
    for (name, meant) in rows {
        let found = problems(&format!(r#"{{"{name}":null}}"#));
        assert_eq!(
            found,
            [(
                format!("/{name}"),
                "unknown_member",
                format!("an upstream has no `{name}`: write `{meant}`"),
                Some(meant.to_owned())
            )]
        );
    }
}

#[test]
fn a_name_that_is_nothing_like_one_is_told_with_those_there_are() {
    problem(
        r#"{"a/b":1}"#,
        "/a~1b",
        "unknown_member",
        "an upstream has no `a/b`: it has `provider`, `baseUrl`, `model`, `headers`, `query`, `defaults`, `override`, `apiKey` and `fetch`",
    );
}

#[test]
fn all_problems_are_told_at_once() {
    let found = problems(r#"{"Model":"m","baseUrl":"a","headers":{"é":"a","b":1},"query":5}"#);
    let places: Vec<(&str, &str)> = found.iter().map(|(path, code, ..)| (path.as_str(), *code)).collect();
    assert_eq!(
        places,
        [
            ("/Model", "unknown_member"),
            ("/baseUrl", "bad_url"),
            ("/headers/b", "wrong_type"),
            ("/headers/é", "bad_header"),
            ("/query", "wrong_type"),
        ]
    );
}

#[test]
fn a_text_that_is_given_and_not_set_is_no_default() {
    let found = problems(r#"{"provider":null,"baseUrl":null,"model":null}"#);
    for (found, name) in found.iter().zip(["provider", "baseUrl", "model"]) {
        let message = format!(
            "`{name}` is given but undefined or null, perhaps a variable that is not set: leave it out for the default"
        );
        assert_eq!(
            (found.0.as_str(), found.1, found.2.as_str()),
            (format!("/{name}").as_str(), "unset", message.as_str())
        );
    }
    assert_eq!(found.len(), 3);
}

#[test]
fn headers_that_are_secrets_by_their_names_are_known() {
    let upstream = parse(
        r#"{"headers":{"Authorization":"Bearer s1","api-key":"s2","X-Auth-Token":"s3","Cookie":"s4","x-title":"t","x-client-secret":"s5"}}"#,
    )
    .unwrap();
    let secrets: Vec<String> = upstream
        .secrets()
        .iter()
        .map(|secret| secret.reveal().to_owned())
        .collect();
    assert_eq!(secrets, ["s1", "s2", "s3", "s4", "s5"]);
}

#[test]
fn so_is_every_value_that_is_long_enough_to_be_one() {
    let upstream = parse(
        r#"{"headers":{"x-title":"My title","x-short":"short","x-odd":"Grüße an dich"},"query":{"deployment":"a/b c+d1","v":"2024"}}"#,
    )
    .unwrap();
    let secrets: Vec<String> = upstream
        .secrets()
        .iter()
        .map(|secret| secret.reveal().to_owned())
        .collect();
    assert_eq!(
        secrets,
        [
            "My title",
            "My%20title",
            "Grüße an dich",
            "Gr%C3%BC%C3%9Fe%20an%20dich",
            "a/b c+d1",
            "a%2Fb%20c%2Bd1"
        ]
    );
}
