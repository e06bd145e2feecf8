//! A line for the time of waiting.

use super::driven::{Beginning, Driven, FAILURE};
use super::source::{DONE, event, events, finish, words};

fn turn() -> Driven {
    let lines = r#"{"filler":{"afterMs":1200,"line":"One moment."}}"#;
    let mut turn = Beginning {
        lines,
        ..Beginning::default()
    }
    .begin();
    turn.says("role").send();
    turn
}

#[test]
fn is_said_once_when_it_is_due() {
    let mut turn = turn();
    turn.pass(1199.0).signs();
    turn.pass(1200.0).says("'One moment.'");
    turn.pass(9000.0).signs();
}

#[test]
fn is_not_said_to_whoever_has_an_answer() {
    let mut turn = turn();
    turn.at(1100.0)
        .respond(200)
        .push(event(&words("Hello")))
        .signs_then("'Hello'");
    turn.pass(5000.0).signs();
}

#[test]
fn stands_apart_from_the_answer_and_is_none() {
    let mut turn = turn();
    turn.pass(1200.0).signs_then("'One moment.'");
    turn.respond(200)
        .push(events(&[&words("Hello"), &finish("stop"), DONE]));
    turn.says("' Hello' stop done").is("spoken");
    assert_eq!(turn.turn.report().first_token_ms, Some(1200.0));
    assert!(turn.turn.report().filler);
}

#[test]
fn is_followed_by_the_failure_line_where_no_answer_comes() {
    let mut turn = turn();
    turn.pass(1200.0).signs_then("'One moment.'");
    turn.respond(401).end();
    turn.says(&FAILURE.replacen('\'', "' ", 1)).is("failed unauthorized");
}
