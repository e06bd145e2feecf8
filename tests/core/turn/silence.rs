//! Signs of life, deadlines and second attempts.

use serde_json::json;

use super::driven::{FAILURE, answering, turn};
use super::source::{DONE, delta, event, events, finish, words};

#[test]
fn a_failed_attempt_is_followed_by_another_in_the_same_turn() {
    let mut turn = turn("{}", "{}");
    turn.send().respond(503).end().says("role");
    turn.pass(500.0).says("hb").send().respond(200);
    turn.push(events(&[&words("Hello"), &finish("stop"), DONE]));
    turn.says("'Hello' stop done").is("spoken");
}

#[test]
fn a_wait_that_is_asked_for_is_kept_only_if_the_user_would_wait_as_long() {
    let mut short = turn("{}", "{}");
    short
        .send()
        .respond_with(429, &[("retry-after", "3")])
        .end()
        .is("goes on");
    short.pass(3000.0).send().respond(200);
    let mut long = turn("{}", "{}");
    long.send().respond_with(429, &[("retry-after", "30")]).end();
    long.says(&format!("role {FAILURE}")).is("failed rate_limited");
}

#[test]
fn a_sign_of_life_goes_out_when_nothing_else_did_for_a_while() {
    let mut turn = turn("{}", "{}");
    turn.says("role")
        .send()
        .wait_until(500.0)
        .says("hb")
        .wait_until(1000.0)
        .says("hb");
    turn.at(1200.0).respond(200);
    turn.at(1400.0).push(event(&words("Hello"))).says("'Hello'");
    turn.wait_until(1900.0).says("hb");
    turn.at(2000.0)
        .push(events(&[&finish("stop"), DONE]))
        .says("stop done")
        .is("spoken");
}

#[test]
fn words_that_are_not_said_are_no_sign_of_life_to_the_caller() {
    let mut turn = answering();
    turn.at(400.0)
        .push(event(&delta(&json!({"reasoning_content": "Hm."}))))
        .says("");
    turn.wait_until(500.0).says("hb");
}

#[test]
fn how_often_signs_of_life_go_out_can_be_set() {
    let mut seldom = turn(r#"{"heartbeatMs":2000}"#, "{}");
    seldom.says("role").send().wait_until(2000.0).says("hb");
    let mut never = turn(r#"{"heartbeatMs":null}"#, "{}");
    never
        .says("role")
        .send()
        .wait_until(20_000.0)
        .says(FAILURE)
        .is("failed deadline_first_token");
}

#[test]
fn a_source_that_is_silent_for_too_long_before_its_words_fails() {
    let mut turn = turn("{}", "{}");
    turn.says("role").send().pass(19_999.0);
    assert_eq!(turn.signs(), 39);
    turn.is("goes on")
        .pass(20_000.0)
        .says(FAILURE)
        .is("failed deadline_first_token");
    assert_eq!(turn.turn.report().total_ms, Some(20_000.0));
}

#[test]
fn a_source_that_is_silent_for_too_long_between_its_words_is_cut() {
    let mut turn = answering();
    turn.at(100.0).push(event(&words("Hello"))).says("'Hello'").pass(8099.0);
    turn.is("goes on");
    assert_eq!(turn.signs(), 15);
    turn.pass(8100.0).says("stop done").is("cut deadline_idle");
    assert_eq!(turn.turn.report().first_token_ms, Some(100.0));
}

#[test]
fn how_long_a_source_may_be_silent_can_be_set() {
    let options = r#"{"timeouts":{"firstTokenMs":3000,"idleMs":1000},"heartbeatMs":null}"#;
    let mut mute = turn(options, "{}");
    mute.send().wait_until(3000.0).is("failed deadline_first_token");
    let mut stuck = turn(options, "{}");
    stuck.send().respond(200).at(50.0).push(event(&words("Hello")));
    stuck.wait_until(1050.0).is("cut deadline_idle");
    let mut patient = turn(
        r#"{"timeouts":{"firstTokenMs":null,"idleMs":null},"heartbeatMs":null}"#,
        "{}",
    );
    patient.send();
    assert_eq!(patient.turn.deadline(), None);
    patient.respond(200).push(event(&words("Hello")));
    assert_eq!(patient.turn.deadline(), None);
}

#[test]
fn a_source_that_sends_comments_is_alive() {
    let mut turn = answering();
    for second in 1..=60 {
        turn.pass(f64::from(second) * 1000.0)
            .push(": working\n\n")
            .is("goes on");
    }
    assert_eq!(turn.signs(), 120);
    turn.push(events(&[&words("Hello"), DONE]))
        .says("'Hello' stop done")
        .is("spoken");
}

#[test]
fn silence_counts_from_when_somebody_listened() {
    let mut turn = answering();
    turn.push(event(&words("Hello"))).says("'Hello'");
    turn.turn.listen(5000.0);
    turn.at(9000.0).tick().is("goes on");
    turn.at(13_000.0).tick().is("cut deadline_idle");
}

#[test]
fn while_the_caller_takes_nothing_no_silence_is_the_sources() {
    let mut turn = answering();
    turn.push(event(&words("Hello"))).says("'Hello'");
    for second in 1..=100 {
        turn.at(f64::from(second) * 1000.0);
        turn.turn.rest(turn.now);
        turn.tick().says("").is("goes on");
    }
    turn.turn.listen(turn.now);
    turn.wait_until(100_500.0).says("hb");
}

#[test]
fn a_caller_that_takes_nothing_for_ten_seconds_has_hung_up() {
    let mut unread = answering();
    unread.turn.untaken(Some(0.0));
    unread.pass(9999.0).is("goes on");
    unread.pass(10_000.0).is("interrupted");
    let mut slow = answering();
    slow.push(event(&words("Hello"))).says("'Hello'");
    for second in 1..=100 {
        slow.at(f64::from(second) * 1000.0);
        slow.turn.rest(slow.now);
        // It takes something every nine seconds.
        slow.turn.untaken(Some((slow.now / 9000.0).floor() * 9000.0));
        slow.tick().says("").is("goes on");
    }
    slow.turn.untaken(None);
    slow.turn.listen(slow.now);
    slow.wait_until(100_500.0).says("hb");
}

#[test]
fn what_the_caller_has_not_taken_is_looked_at_in_time_whatever_else_is_due() {
    let options = r#"{"timeouts":{"firstTokenMs":null,"idleMs":null},"heartbeatMs":null}"#;
    let mut turn = turn(options, "{}");
    turn.send();
    assert_eq!(turn.turn.deadline(), None);
    turn.turn.untaken(Some(500.0));
    assert_eq!(turn.turn.deadline(), Some(10_500.0));
    // It has taken something meanwhile.
    turn.turn.untaken(Some(8000.0));
    turn.at(10_500.0)
        .tick()
        .is("goes on")
        .wait_until(18_000.0)
        .is("interrupted");
}

#[test]
fn a_connection_that_is_held_open_holds_nobody_up() {
    let mut done = answering();
    done.push(events(&[&words("Hello"), &finish("stop"), DONE]))
        .says("'Hello' stop done")
        .is("spoken");
    let mut finished = answering();
    finished
        .push(events(&[words("Hello"), finish("stop")]))
        .says("'Hello'")
        .pass(2000.0);
    finished.says("hb hb hb stop done").is("spoken");
}

#[test]
fn an_answer_that_is_whole_is_not_cut_by_a_short_deadline() {
    let mut turn = turn(r#"{"timeouts":{"firstTokenMs":300,"idleMs":300}}"#, "{}");
    turn.send().respond(200).push(events(&[words("Hello"), finish("stop")]));
    turn.pass(300.0).says("role 'Hello' stop done").is("spoken");
}
