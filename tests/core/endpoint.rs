//! An endpoint's side of HTTP.

use liveavatar_llm::endpoint::{Refused, Route, bearer, invalid, is_same, models, route};
use liveavatar_llm::turn::{Asked, Correlation};
use serde_json::{Value, json};

fn shown(method: &str, path: &str) -> String {
    match route(method, path) {
        Route::Completions => "completions".to_owned(),
        Route::Models => "models".to_owned(),
        Route::Preflight => "preflight".to_owned(),
        Route::Refused(refused) => {
            let (_, allow) = refused.header().unwrap_or_default();
            format!("{} {allow}", refused.status()).trim_end().to_owned()
        }
    }
}

#[test]
fn a_request_is_told_by_its_method_and_the_end_of_its_path() {
    for (method, path, expected) in [
        ("POST", "/chat/completions", "completions"),
        ("POST", "/v1/chat/completions", "completions"),
        ("POST", "/tenants/7/v1/chat/completions", "completions"),
        ("POST", "/v1/chat/completions/", "completions"),
        ("GET", "/models", "models"),
        ("GET", "/v1/models", "models"),
        ("GET", "/v1/models/", "models"),
        ("GET", "/chat/completions", "405 POST"),
        ("HEAD", "/chat/completions", "405 POST"),
        ("OPTIONS", "/v1/chat/completions", "preflight"),
        ("POST", "/v1/models", "405 GET"),
        ("POST", "/", "404"),
        ("GET", "/", "404"),
        ("POST", "", "404"),
        ("POST", "/v1", "404"),
        ("POST", "/completions", "404"),
        ("POST", "/v1/chat/completion", "404"),
        ("POST", "/mychat/completions", "404"),
        ("POST", "/v1/Chat/Completions", "404"),
        ("GET", "/v1/models/gpt", "404"),
        ("POST", "/v1/chat/completions/chat/completions", "404"),
        ("POST", "/v1/chat/completions/v1/chat/completions", "404"),
        ("GET", "/v1/chat/completions/models", "404"),
        ("POST", "/v1/chat/completions/extra", "404"),
    ] {
        assert_eq!(shown(method, path), expected, "{method} {path}");
    }
}

#[test]
fn a_token_is_read_from_a_bearer_header_alone() {
    for (header, expected) in [
        ("Bearer abc", Some("abc")),
        ("bearer abc", Some("abc")),
        ("BEARER  abc ", Some("abc")),
        ("Bearer a b", Some("a b")),
        ("Bearer ", Some("")),
        ("Bearer", None),
        ("Basic abc", None),
        ("abc", None),
        ("", None),
    ] {
        assert_eq!(bearer(header), expected, "{header:?}");
    }
}

#[test]
fn tokens_are_the_same_or_not() {
    assert!(is_same("abc", "abc"));
    assert!(is_same("", ""));
    for (one, other) in [
        ("abc", "abd"),
        ("abc", "ab"),
        ("abc", "abcd"),
        ("abc", ""),
        ("abc", "ABC"),
    ] {
        assert!(!is_same(one, other), "{one} {other}");
    }
}

#[test]
fn refusals_have_the_shape_of_openais_errors() {
    for (refused, status, code, header) in [
        (Refused::NotFound, 404, "not_found", None),
        (
            Refused::MethodNotAllowed("GET"),
            405,
            "method_not_allowed",
            Some(("allow", "GET")),
        ),
        (
            Refused::Unauthorized,
            401,
            "unauthorized",
            Some(("www-authenticate", "Bearer")),
        ),
        (Refused::TooLarge, 413, "too_large", None),
        (Refused::Unreadable, 400, "unreadable", None),
        (Refused::Unavailable, 503, "unavailable", None),
    ] {
        assert_eq!((refused.status(), refused.header()), (status, header));
        let body: Value = serde_json::from_str(&refused.body()).unwrap();
        let message = body["error"]["message"].as_str().unwrap();
        assert!(message.len() > 20);
        let kind = if status == 503 {
            "server_error"
        } else {
            "invalid_request_error"
        };
        let expected = json!({"error": {"message": message, "type": kind, "param": null, "code": code}});
        assert_eq!(body, expected);
    }
}

#[test]
fn a_request_that_is_none_is_told_what_is_wrong_with_it() {
    for (body, code, said) in [
        ("", "not_json", "not JSON"),
        ("[]", "wrong_type", "`messages`"),
        ("{}", "missing", "`messages`"),
        (r#"{"messages":"Hello"}"#, "wrong_type", "a list"),
        (r#"{"messages":[{"content":"Hello \"you\""}]}"#, "missing", "`role`"),
    ] {
        let body: Value =
            serde_json::from_str(&invalid(&Asked::parse(body, Correlation::default()).unwrap_err())).unwrap();
        assert_eq!(body["error"]["code"], code);
        assert!(body["error"]["message"].as_str().unwrap().contains(said), "{body}");
    }
}

#[test]
fn the_list_of_models_names_those_that_there_are() {
    let list: Value = serde_json::from_str(&models(&["a \"model\"", "b"], 5)).unwrap();
    let model = |name: &str| json!({"id": name, "object": "model", "created": 5, "owned_by": "liveavatar-llm"});
    assert_eq!(
        list,
        json!({"object": "list", "data": [model("a \"model\""), model("b")]})
    );
}
