//! Errors say where, what and what to do; no form of them holds a key.

use liveavatar_llm::error::{Error, Family, Issue, Peer, Phase, Refusal, Secret, Severity, StreamKind};
use serde_json::json;

fn secret(key: &str) -> Secret {
    Secret::new(key.to_owned()).unwrap()
}

#[test]
fn a_deadline_names_its_limit_and_its_option() {
    let rows = [
        (
            Phase::Headers,
            "deadline_headers",
            "no response headers after 1500 ms: raise `timeouts.headersMs` if the upstream needs longer",
        ),
        (
            Phase::FirstToken,
            "deadline_first_token",
            "no first token after 1500 ms: raise `timeouts.firstTokenMs` if the upstream needs longer",
        ),
        (
            Phase::Idle,
            "deadline_idle",
            "silence after 1500 ms: raise `timeouts.idleMs` if the upstream needs longer",
        ),
        (
            Phase::Total,
            "deadline_total",
            "not done after 1500 ms: raise `timeouts.totalMs` if the upstream needs longer",
        ),
    ];
    for (phase, code, message) in rows {
        let error = Error::deadline(phase, 1500.7);
        assert_eq!(
            (error.family(), error.code(), error.phase()),
            (Family::Deadline, code, Some(phase))
        );
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn a_lost_connection_says_when_it_was_lost() {
    let rows = [
        (
            Error::unreachable(Peer::Upstream),
            "connection_failed",
            "no answer from the upstream",
        ),
        (
            Error::lost(),
            "connection_lost",
            "the connection broke while the answer was streaming",
        ),
    ];
    for (error, code, beginning) in rows {
        assert_eq!((error.family(), error.code()), (Family::Connection, code));
        assert!(error.to_string().starts_with(beginning) && error.to_string().contains("`cause`"));
    }
}

#[test]
fn a_stream_error_has_a_code_for_its_kind() {
    let rows = [
        (StreamKind::Truncated, "stream_truncated"),
        (StreamKind::Empty, "stream_empty"),
        (StreamKind::Error, "stream_error"),
        (StreamKind::Malformed, "stream_malformed"),
        (StreamKind::TooLarge, "stream_too_large"),
    ];
    for (kind, code) in rows {
        let error = Error::stream(kind, "why");
        assert_eq!(
            (error.family(), error.code(), error.kind()),
            (Family::Stream, code, Some(kind))
        );
        assert_eq!(error.to_string(), "why");
    }
}

#[test]
fn a_validation_error_tells_the_first_problem_and_how_many_more() {
    let issue = |name: &str| Issue::error(format!("/{name}"), "wrong_type", format!("`{name}` is wrong"));
    let rows = [
        (vec![issue("a")], "`a` is wrong", Some("/a")),
        (
            vec![issue("a"), issue("b"), issue("c")],
            "`a` is wrong (and 2 more, see `issues`)",
            Some("/a"),
        ),
        (vec![], "not valid", None),
    ];
    for (issues, message, path) in rows {
        let error = Error::invalid(issues.clone());
        assert_eq!((error.to_string().as_str(), error.path()), (message, path));
        assert_eq!(
            (error.family(), error.issues()),
            (Family::Validation, issues.as_slice())
        );
    }
    assert_eq!(Error::invalid_at("/a", "missing", "m").code(), "missing");
}

#[test]
fn as_json_an_error_has_the_members_that_it_has() {
    let mut issue = Issue::error("/a", "unknown_member", "no `a`");
    issue.suggestion = Some("b".to_owned());
    let mut warning = Issue::error("", "x", "y");
    warning.severity = Severity::Warning;
    let rows = [
        (
            Error::invalid(vec![issue, warning]),
            json!({
                "family": "validation", "code": "unknown_member", "message": "no `a` (and 1 more, see `issues`)",
                "issues": [
                    {"path": "/a", "code": "unknown_member", "message": "no `a`", "severity": "error", "suggestion": "b"},
                    {"path": "", "code": "x", "message": "y", "severity": "warning"}
                ]
            }),
        ),
        (
            Error::refused(
                Peer::Upstream,
                Refusal {
                    status: 429,
                    message: Some("Slow.".to_owned()),
                    service_code: Some("rate".to_owned()),
                    body: "{}".to_owned(),
                    request_id: Some("r".to_owned()),
                    retry_after_ms: Some(1000.0),
                },
            ),
            json!({
                "family": "api", "code": "rate_limited",
                "message": "the upstream takes no more requests for now, or the quota is used up (429): Slow.",
                "status": 429, "serviceCode": "rate", "body": "{}", "requestId": "r", "retryAfterMs": 1000.0
            }),
        ),
        (
            Error::stream(StreamKind::TooLarge, "m").with_status(200),
            json!({"family": "stream", "code": "stream_too_large", "message": "m", "kind": "tooLarge", "status": 200}),
        ),
        (
            Error::deadline(Phase::FirstToken, 1.0),
            json!({
                "family": "deadline", "code": "deadline_first_token", "phase": "firstToken",
                "message": "no first token after 1 ms: raise `timeouts.firstTokenMs` if the upstream needs longer"
            }),
        ),
    ];
    for (error, expected) in rows {
        assert_eq!(serde_json::to_value(&error).unwrap(), expected);
    }
    let plain = serde_json::to_value(Error::lost()).unwrap();
    let members: Vec<&String> = plain.as_object().unwrap().keys().collect();
    assert_eq!(members, ["code", "family", "message"]);
}

#[test]
fn a_key_must_be_fit_for_a_header() {
    let rows = [
        ("", "the API key is empty: give the key"),
        (" sk", "the API key has white space or a line break around it: trim it"),
        ("sk\n", "the API key has white space or a line break around it: trim it"),
        (
            "sk\u{a0}",
            "the API key has white space or a line break around it: trim it",
        ),
        (
            "s\tk",
            "the API key holds a line break or control character: paste it again, in one line",
        ),
        (
            "s\r\nk",
            "the API key holds a line break or control character: paste it again, in one line",
        ),
        (
            "s–k",
            "the API key holds a character that is not ASCII, such as a dash or quote of a word processor: paste it again",
        ),
    ];
    for (key, message) in rows {
        let error = Secret::new(key.to_owned()).unwrap_err();
        assert_eq!((error.path(), error.code()), (Some("/apiKey"), "bad_key"));
        assert_eq!(error.to_string(), message, "of {key:?}");
    }
    assert_eq!(secret("a key~!").reveal(), "a key~!");
}

#[test]
fn a_key_prints_as_dots() {
    assert_eq!(format!("{:?}", secret("sk-1234")), "•••");
    assert_eq!(format!("{:?}", Some(secret("sk-1234"))), "Some(•••)");
}

#[test]
fn a_key_is_blotted_out_of_message_body_and_service_code() {
    let error = Error::refused(
        Peer::Upstream,
        Refusal {
            status: 401,
            message: Some("Bad key sk-1234, really sk-1234.".to_owned()),
            service_code: Some("bad:sk-1234".to_owned()),
            body: "{\"key\":\"sk-1234\"}".to_owned(),
            request_id: Some("r".to_owned()),
            ..Refusal::default()
        },
    )
    .without(&secret("sk-1234"));
    let shown = format!("{error} {error:?} {}", serde_json::to_string(&error).unwrap());
    assert!(!shown.contains("sk-1234"), "{shown}");
    let plain = serde_json::to_value(&error).unwrap();
    assert_eq!(
        error.to_string(),
        "the upstream did not accept the key (401): Bad key •••, really •••."
    );
    assert_eq!(
        [&plain["serviceCode"], &plain["body"]],
        ["bad:•••", "{\"key\":\"•••\"}"]
    );
}

#[track_caller]
fn blotted(key: &str, text: &str, expected: &str) {
    let mut blotted = text.to_owned();
    secret(key).blot(&mut blotted);
    assert_eq!(blotted, expected, "of {text}");
}

#[test]
fn a_very_short_key_is_not_looked_for() {
    blotted("abc", "abc", "abc");
    blotted("abcd", "abcd, not abc", "•••, not abc");
}

#[test]
fn the_beginning_of_a_key_that_was_cut_off_is_blotted_out_too() {
    blotted("sk-1234567", "the key sk-123456", "the key •••");
    blotted("sk-1234567", "sk-1234567 sk-1234567 sk-1", "••• ••• •••");
    blotted("sk-1234567", "the key sk-", "the key sk-");
    blotted("sk-1234567", "sk-123456 is no key", "sk-123456 is no key");
    blotted("aaaaaa", "aaaaa", "•••");
}
