//! What a developer sets, and what a developer is told.

use liveavatar_llm::turn::{Lines, Options};
use serde_json::json;

use super::driven::{HELLO, asked, turn};
use super::source::{DONE, event, events, finish, usage, words};

#[test]
fn the_report_tells_ids_times_tokens_and_errors_and_no_words() {
    let mut turn = turn("{}", "{}");
    turn.send()
        .at(10.0)
        .respond(200)
        .at(20.0)
        .push(event(&words("Psst")))
        .at(30.0);
    turn.push(events(&[
        &finish("stop"),
        &usage(&json!({"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7})),
        DONE,
    ]));
    let report = serde_json::to_value(turn.turn.report()).unwrap();
    let expected = json!({
        "id": "chatcmpl-1",
        "utteranceId": asked(HELLO).utterance_id,
        "roomId": "RM_1",
        "path": [],
        "outcome": "spoken",
        "sources": [{"source": 0, "firstTokenMs": 20.0, "ms": 30.0}],
        "firstTokenMs": 20.0,
        "totalMs": 30.0,
        "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7},
    });
    assert_eq!(report, expected);
}

#[test]
fn no_key_is_in_a_report() {
    let mut turn = turn("{}", "{}");
    turn.send()
        .respond(401)
        .push(r#"{"error":{"message":"no such key: sk-key","code":"sk-key"}}"#)
        .end();
    let told = format!(
        "{:?} {}",
        turn.turn.report(),
        serde_json::to_string(turn.turn.report()).unwrap()
    );
    assert!(!told.contains("sk-key"), "{told}");
}

#[test]
fn options_that_are_wrong_are_told_all_at_once() {
    let issues = |json: &str| {
        let issues = Options::parse(json).unwrap_err().issues().to_vec();
        issues
            .into_iter()
            .map(|issue| format!("{} {}", issue.path, issue.code))
            .collect::<Vec<_>>()
            .join(", ")
    };
    for (json, expected) in [
        (r#"{"heartbeatMs":0}"#, "/heartbeatMs out_of_range"),
        (r#"{"heartbeatMs":"500"}"#, "/heartbeatMs out_of_range"),
        (r#"{"timeouts":5}"#, "/timeouts wrong_type"),
        (r#"{"timeouts":{"idleMs":-1}}"#, "/timeouts/idleMs out_of_range"),
        (r#"{"timeouts":{"headersMs":5}}"#, "/timeouts/headersMs unknown_member"),
        (r#"{"limits":{"bodyBytes":0.5}}"#, "/limits/bodyBytes out_of_range"),
        (r#"{"limits":{"a/b~":1}}"#, "/limits/a~1b~0 unknown_member"),
        (
            r#"{"heartbeat":1,"timeouts":{"firstTokenMs":0},"limits":[]}"#,
            "/heartbeat unknown_member, /timeouts/firstTokenMs out_of_range, /limits wrong_type",
        ),
    ] {
        assert_eq!(issues(json), expected, "{json}");
    }
    assert_eq!(Options::parse("{}"), Ok(Options::default()));
}

#[test]
fn lines_that_are_none_are_told() {
    let issues = |json: &str| {
        let issues = Lines::parse(json).unwrap_err().issues().to_vec();
        issues
            .into_iter()
            .map(|issue| format!("{} {}", issue.path, issue.code))
            .collect::<Vec<_>>()
            .join(", ")
    };
    assert_eq!(issues(r#"{"failure":5}"#), "/say/failure wrong_type");
    assert_eq!(issues(r#"{"failure":true}"#), "/say/failure wrong_type");
    assert_eq!(
        issues(r#"{"failed":"Oh.","empty":[]}"#),
        "/say/failed unknown_member, /say/empty wrong_type"
    );
    assert_eq!(Lines::parse("{}"), Ok(Lines::default()));
}
