//! Sources that stand in for one another.

use serde_json::{Value, json};

use super::driven::{Beginning, Driven, FAILURE, upstream};
use super::source::{DONE, delta, event, events, finish, role, words};

/// A turn with two sources, the first of which is being asked.
fn two() -> Driven {
    let mut turn = Beginning {
        sources: vec![upstream(r#"{"model":"one"}"#), upstream(r#"{"model":"two"}"#)],
        ..Beginning::default()
    }
    .begin();
    turn.says("role").send();
    turn
}

/// The sources that were asked, and why each was left.
fn tried(turn: &Driven) -> String {
    let report = serde_json::to_value(turn.turn.report()).unwrap();
    let tried = report["sources"].as_array().unwrap();
    let show = |tried: &Value| {
        format!(
            "{} {}",
            tried["model"].as_str().unwrap(),
            tried["error"]["code"].as_str().unwrap_or("-")
        )
    };
    tried.iter().map(show).collect::<Vec<_>>().join(", ")
}

/// What is said when the first source does this and the second says `Hello`.
#[track_caller]
fn check(first: impl Fn(&mut Driven), why: &str) {
    let mut turn = two();
    assert_eq!(turn.turn.source(), 0);
    first(&mut turn);
    assert_eq!(turn.turn.source(), 1);
    turn.send()
        .respond(200)
        .push(events(&[&role(), &words("Hello"), &finish("stop"), DONE]));
    turn.says("'Hello' stop done").is("spoken");
    assert_eq!(tried(&turn), format!("one {why}, two -"));
}

#[test]
fn a_source_that_says_nothing_is_left_for_the_next() {
    check(
        |turn| {
            turn.respond(401).push("{}").end();
        },
        "unauthorized",
    );
    check(
        |turn| {
            turn.respond(500).end();
        },
        "server_error",
    );
    check(
        |turn| {
            turn.lose();
        },
        "connection_failed",
    );
    check(
        |turn| {
            turn.respond(200).end();
        },
        "stream_empty",
    );
    check(
        |turn| {
            turn.respond(200).push("<html>").end();
        },
        "stream_empty",
    );
    check(
        |turn| {
            turn.respond(200).push(event(DONE));
        },
        "stream_empty",
    );
    check(
        |turn| {
            turn.respond(200).push(events(&[&role(), &finish("stop"), DONE]));
        },
        "stream_empty",
    );
    check(
        |turn| {
            turn.respond(200).push(event(&role())).lose();
        },
        "connection_lost",
    );
    check(
        |turn| {
            turn.respond(200).push(event(r#"{"error":{"message":"no"}}"#));
        },
        "stream_error",
    );
    check(
        |turn| {
            turn.respond(200)
                .push(events(&[&delta(&json!({"reasoning_content": "Hm."})), DONE]));
        },
        "stream_empty",
    );
}

#[test]
fn a_source_with_another_behind_it_has_four_seconds_and_the_last_has_twenty() {
    let mut turn = two();
    turn.pass(3999.0);
    assert_eq!(turn.turn.source(), 0);
    turn.pass(4000.0);
    assert_eq!(turn.turn.source(), 1);
    turn.send().signs();
    turn.pass(23_999.0).is("goes on").signs();
    turn.pass(24_000.0).says(FAILURE).is("failed deadline_first_token");
    assert_eq!(tried(&turn), "one deadline_first_token, two deadline_first_token");
}

#[test]
fn a_source_that_gives_signs_of_life_is_waited_for() {
    let mut turn = two();
    turn.respond(200);
    for second in 1..30 {
        turn.pass(f64::from(second) * 1000.0).push(": working\n\n");
    }
    assert_eq!(turn.turn.source(), 0);
}

#[test]
fn once_its_words_were_spoken_no_other_source_is_asked() {
    let mut turn = two();
    turn.respond(200).push(event(&words("Hel"))).lose();
    turn.says("'Hel' stop done").is("cut connection_lost");
    assert_eq!(tried(&turn), "one connection_lost");
}

#[test]
fn a_refusal_is_an_answer() {
    let mut turn = two();
    turn.respond(200).push(events(&[
        &delta(&json!({"refusal": "I'd rather not."})),
        &finish("stop"),
        DONE,
    ]));
    turn.says("'I'd rather not.' stop done").is("refused");
}

#[test]
fn what_only_a_filter_kept_back_is_told_in_the_line_for_a_refusal() {
    let filtered = events(&[&role(), &finish("content_filter"), DONE]);
    let mut turn = Beginning {
        lines: r#"{"refusal":"Let's talk of something else."}"#,
        ..Beginning::default()
    }
    .begin();
    turn.send().respond(200).push(&filtered);
    turn.says("role 'Let's talk of something else.' stop done")
        .is("refused stream_empty");
    let mut turn = Beginning::default().begin();
    turn.send().respond(200).push(&filtered);
    turn.says(&format!("role {FAILURE}")).is("failed stream_empty");
}

#[test]
fn a_source_that_cannot_even_be_asked_is_left_for_the_next() {
    let request = r#"{"messages":[{"role":"user","content":"Hello"}],"stream":true}"#;
    let sources = vec![upstream("{}"), upstream(r#"{"model":"two"}"#)];
    let mut turn = Beginning {
        request,
        sources,
        ..Beginning::default()
    }
    .begin();
    assert_eq!(turn.turn.source(), 1);
    turn.send().respond(200).push(events(&[&words("Hello"), DONE]));
    turn.says("role 'Hello' stop done").is("spoken");
}

#[test]
fn where_no_source_can_be_asked_the_failure_line_is_said() {
    let request = r#"{"messages":[{"role":"user","content":"Hello"}],"stream":true}"#;
    let mut turn = Beginning {
        request,
        ..Beginning::default()
    }
    .begin();
    turn.says(&format!("role {FAILURE}")).is("failed missing");
}

#[test]
fn only_the_last_source_is_asked_again() {
    let mut turn = two();
    turn.respond(503).end();
    assert_eq!(turn.turn.source(), 1);
    turn.send().respond(503).end().pass(600.0);
    assert_eq!(turn.turn.source(), 1);
    turn.send()
        .respond(200)
        .push(events(&[&words("Hello"), DONE]))
        .signs_then("'Hello' stop done")
        .is("spoken");
}

#[test]
fn of_a_source_that_failed_the_report_tells_code_and_message_and_nothing_that_it_was_asked() {
    let mut turn = two();
    turn.respond(400)
        .push(r#"{"error":{"message":"No","code":"x"},"asked":"Hello"}"#)
        .end();
    let report = serde_json::to_value(turn.turn.report()).unwrap();
    assert_eq!(report["sources"], Value::Null, "while it goes on");
    turn.send().respond(200).push(events(&[&words("Hi"), DONE]));
    let report = serde_json::to_value(turn.turn.report()).unwrap();
    let error = json!({"code": "bad_request", "message": "the upstream did not accept the request (400): No"});
    assert_eq!(report["sources"][0]["error"], error);
}
