//! Errors reach JavaScript as plain objects.

use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;

use super::machine::{REQUEST, Stream, UPSTREAM, answered, bytes, call, client, event, open, sent, signal};
use super::shape::{get, json, shape, text};

const ISSUE: &str = "{path: string, code: string, message: string, severity: string}";

/// Expects a validation error with these issues: path and code of each.
#[track_caller]
fn invalid<T>(result: Result<T, JsValue>, issues: &[(&str, &str)]) {
    let Err(thrown) = result else {
        panic!("nothing was thrown")
    };
    let shapes = vec![ISSUE; issues.len()].join(", ");
    assert_eq!(
        shape(&thrown),
        format!("{{family: string, code: string, message: string, issues: [{shapes}]}}")
    );
    assert_eq!(text(&thrown, "family"), "validation");
    let found: Vec<(String, String)> = js_sys::Array::from(&get(&thrown, "issues"))
        .iter()
        .map(|issue| (text(&issue, "path"), text(&issue, "code")))
        .collect();
    let found: Vec<(&str, &str)> = found
        .iter()
        .map(|(path, code)| (path.as_str(), code.as_str()))
        .collect();
    assert_eq!(found, issues);
    assert_eq!(text(&thrown, "code"), issues[0].1);
}

/// Expects that the call failed with an error of this family, code and shape.
#[track_caller]
fn failed(stream: &Stream, family: &str, code: &str, rest: &str) -> JsValue {
    assert_eq!(stream.next().unwrap(), "done");
    let failure = stream.failure();
    assert_eq!(
        shape(&failure),
        format!("{{family: string, code: string, message: string{rest}}}")
    );
    assert_eq!(
        (text(&failure, "family"), text(&failure, "code")),
        (family.to_owned(), code.to_owned())
    );
    failure
}

#[wasm_bindgen_test]
fn a_wrong_upstream_is_thrown_with_an_issue_for_each_mistake() {
    invalid(client("no JSON", "{}"), &[("", "wrong_type")]);
    invalid(
        client(r#"{"baseUrl":"nowhere","headers":{"a b":"c"},"model":5}"#, "{}"),
        &[
            ("/baseUrl", "bad_url"),
            ("/model", "wrong_type"),
            ("/headers/a b", "bad_header"),
        ],
    );
}

#[wasm_bindgen_test]
fn wrong_options_are_thrown_by_client_and_stream() {
    let wrong = r#"{"maxRetries":-1,"timeouts":{"idleMs":0}}"#;
    let issues = [("/maxRetries", "out_of_range"), ("/timeouts/idleMs", "out_of_range")];
    invalid(client(UPSTREAM, wrong), &issues);
    let client = client(UPSTREAM, "{}").unwrap();
    invalid(client.stream(REQUEST, wrong, false, 1, 0.0, 0.0), &issues);
}

#[wasm_bindgen_test]
fn a_wrong_request_is_thrown_and_the_client_works_on() {
    let client = client(UPSTREAM, "{}").unwrap();
    invalid(client.stream("{", "{}", false, 1, 0.0, 0.0), &[("", "not_json")]);
    invalid(
        client.stream("{}", "{}", false, 1, 0.0, 0.0),
        &[("/messages", "missing")],
    );
    assert_eq!(
        client
            .stream(REQUEST, "{}", false, 1, 0.0, 0.0)
            .unwrap()
            .next()
            .unwrap(),
        "send"
    );
}

#[wasm_bindgen_test]
fn an_unknown_provider_is_thrown() {
    invalid(answered("robot"), &[("/provider", "unknown_provider")]);
}

#[wasm_bindgen_test]
fn a_suggestion_stands_in_its_issue() {
    let thrown = client(r#"{"baseURL":"http://127.0.0.1:9/v1"}"#, "{}").err().unwrap();
    let issue = get(&get(&thrown, "issues"), "0");
    assert_eq!(
        shape(&issue),
        "{path: string, code: string, message: string, severity: string, suggestion: string}"
    );
    assert_eq!(text(&issue, "suggestion"), "baseUrl");
}

#[wasm_bindgen_test]
fn a_wrong_key_is_thrown_without_the_key_and_a_right_one_may_follow() {
    let stream = call(UPSTREAM, "{}");
    let thrown = stream.send(Some("sk-secret\n"), &signal(), 1000.0).err().unwrap();
    assert!(!json(&thrown).contains("sk-secret"));
    invalid::<()>(Err(thrown), &[("/apiKey", "bad_key")]);
    assert!(stream.send(Some("sk-secret"), &signal(), 1000.0).is_ok());
}

#[wasm_bindgen_test]
fn an_address_that_the_platform_refuses_is_thrown_and_not_shown() {
    // The core leaves hosts and ports to the platform, which is asked as soon as there is an upstream.
    for host in ["127.0.0.1:99999", "[::1", "a^b"] {
        let upstream = format!(r#"{{"baseUrl":"http://{host}/v1","model":"m"}}"#);
        let thrown = client(upstream, "{}").err().unwrap();
        assert!(!json(&thrown).contains(host), "{}", json(&thrown));
        invalid::<()>(Err(thrown), &[("/baseUrl", "bad_url")]);
    }
}

#[wasm_bindgen_test]
fn a_refusal_has_what_the_upstream_said() {
    let stream = call(UPSTREAM, r#"{"maxRetries":0}"#);
    stream.send(Some("sk-secret"), &signal(), 1000.0).unwrap();
    let headers = ["x-request-id", "req_1", "retry-after", "1.5"]
        .map(str::to_owned)
        .to_vec();
    stream.respond(429, headers, 1010.0).unwrap();
    assert_eq!(stream.next().unwrap(), "readRefusal");
    let body = r#"{"error":{"message":"not for sk-secret","code":"quota"}}"#;
    stream.push(&bytes(body), 1010.0).unwrap();
    stream.end(1020.0).unwrap();
    let rest = ", status: number, serviceCode: string, body: string, requestId: string, retryAfterMs: number";
    let failure = failed(&stream, "api", "rate_limited", rest);
    assert_eq!(get(&failure, "status"), 429);
    assert_eq!(get(&failure, "retryAfterMs"), 1500);
    assert_eq!(text(&failure, "serviceCode"), "quota");
    assert_eq!(text(&failure, "requestId"), "req_1");
    assert!(!json(&failure).contains("sk-secret"));
}

#[wasm_bindgen_test]
fn a_lost_connection_has_no_more_than_family_code_and_message() {
    let stream = call(UPSTREAM, r#"{"maxRetries":0}"#);
    sent(&stream, 1000.0);
    stream.lose(1010.0).unwrap();
    failed(&stream, "connection", "connection_failed", "");
}

#[wasm_bindgen_test]
fn a_missed_deadline_has_its_phase() {
    let stream = open(r#"{"maxRetries":0,"timeouts":{"idleMs":50}}"#);
    stream.tick(Some(1010.0), 1060.0).unwrap();
    let failure = failed(&stream, "deadline", "deadline_idle", ", phase: string");
    assert_eq!(text(&failure, "phase"), "idle");
}

#[wasm_bindgen_test]
fn a_bad_stream_has_its_kind() {
    let stream = open("{}");
    stream.push(&bytes(event(r#""content":"a""#, "null")), 1020.0).unwrap();
    stream.end(1030.0).unwrap();
    let failure = failed(&stream, "stream", "stream_truncated", ", kind: string");
    assert_eq!(text(&failure, "kind"), "truncated");
}

#[wasm_bindgen_test]
fn there_is_no_failure_before_the_end_nor_after_a_good_one() {
    let stream = open("{}");
    assert!(stream.failure().is_undefined());
    stream
        .push(&bytes(event("", "\"stop\"") + "data: [DONE]\n\n"), 1020.0)
        .unwrap();
    assert_eq!(stream.next().unwrap(), "done");
    assert!(stream.failure().is_undefined());
}
