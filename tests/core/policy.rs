//! Deadlines and retries as options give them.

use liveavatar_llm::call::{Policy, Timeouts};

fn policy(options: &str) -> Policy {
    Policy::default().with_options(options).unwrap()
}

#[track_caller]
fn problems(options: &str, expected: &[(&str, &str, &str)]) {
    let error = Policy::default().with_options(options).unwrap_err();
    let found: Vec<(&str, &str, &str)> = error
        .issues()
        .iter()
        .map(|issue| (issue.path.as_str(), issue.code, issue.message.as_str()))
        .collect();
    assert_eq!(found, expected, "of {options}");
}

#[test]
fn without_options_the_documented_defaults_hold() {
    for options in ["{}", r#"{"timeouts":{}}"#] {
        let Policy {
            timeouts,
            max_retries,
            longest_wait_ms,
        } = policy(options);
        assert_eq!((max_retries, longest_wait_ms), (2, 60_000.0));
        assert_eq!(
            [timeouts.headers_ms, timeouts.first_token_ms],
            [Some(30_000.0), Some(60_000.0)]
        );
        assert_eq!([timeouts.idle_ms, timeouts.total_ms], [Some(30_000.0), None]);
    }
}

#[test]
fn each_option_changes_what_it_names() {
    let changed =
        policy(r#"{"timeouts":{"headersMs":1,"firstTokenMs":0.5,"idleMs":1e3,"totalMs":86400000},"maxRetries":100}"#);
    assert_eq!(
        changed,
        Policy {
            timeouts: Timeouts {
                headers_ms: Some(1.0),
                first_token_ms: Some(0.5),
                idle_ms: Some(1000.0),
                total_ms: Some(86_400_000.0),
            },
            max_retries: 100,
            ..Policy::default()
        }
    );
    let none = changed
        .with_options(
            r#"{"timeouts":{"headersMs":null,"firstTokenMs":null,"idleMs":null,"totalMs":null},"maxRetries":0}"#,
        )
        .unwrap();
    assert_eq!((none.timeouts, none.max_retries), (Timeouts::NONE, 0));
}

#[test]
fn options_are_told_apart_from_mistakes_all_at_once() {
    let retries = "`maxRetries` must be a whole number from 0 to 100";
    problems(
        r#"{"maxRetries":-1,"timeouts":{"idleMs":0,"idle":5},"retries":3}"#,
        &[
            ("/maxRetries", "out_of_range", retries),
            (
                "/timeouts/idleMs",
                "out_of_range",
                "`timeouts.idleMs` must be a number of milliseconds above 0, or Infinity for none",
            ),
            (
                "/timeouts/idle",
                "unknown_member",
                "there is no `timeouts.idle`: headersMs, firstTokenMs, idleMs and totalMs may stand here",
            ),
            (
                "/retries",
                "unknown_member",
                "there is no option `retries`: `timeouts`, `maxRetries`, `thinkTags` and `json` may stand here",
            ),
        ],
    );
    for value in ["101", "1.5", "\"2\"", "null", "true"] {
        problems(
            &format!(r#"{{"maxRetries":{value}}}"#),
            &[("/maxRetries", "out_of_range", retries)],
        );
    }
    for (value, found) in [("5", "a number"), ("null", "null"), ("[]", "an array")] {
        let message = format!("`timeouts` must be an object such as {{ idleMs: 30000 }}, it is {found}");
        problems(
            &format!(r#"{{"timeouts":{value}}}"#),
            &[("/timeouts", "wrong_type", &message)],
        );
    }
}

#[test]
fn a_deadline_is_above_zero() {
    for value in ["0", "-5", "\"5\"", "false", "[]"] {
        let options = format!(r#"{{"timeouts":{{"totalMs":{value}}}}}"#);
        problems(
            &options,
            &[(
                "/timeouts/totalMs",
                "out_of_range",
                "`timeouts.totalMs` must be a number of milliseconds above 0, or Infinity for none",
            )],
        );
    }
}

#[test]
fn pointers_to_unknown_options_are_escaped() {
    let error = Policy::default()
        .with_options(r#"{"a/b":1,"timeouts":{"~":1}}"#)
        .unwrap_err();
    let paths: Vec<&str> = error.issues().iter().map(|issue| issue.path.as_str()).collect();
    assert_eq!(paths, ["/a~1b", "/timeouts/~0"]);
}
