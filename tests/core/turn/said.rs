//! What the caller gets to hear, whatever the source does.

use liveavatar_llm::error::Error;
use serde_json::{Value, json};

use super::driven::{Driven, FAILURE, HELLO, answering, given, turn, turn_about};
use super::source::{DONE, choice, delta, event, events, finish, role, usage, words};

/// What is said after the role, and how the turn ends, if a source sends this and then ends its body.
#[track_caller]
fn check(sent: &str, said: &str, outcome: &str) {
    answering().push(sent).end().says(said).is(outcome);
}

#[test]
fn the_role_is_written_at_once() {
    turn("{}", "{}").says("role").is("goes on");
}

#[test]
fn words_go_out_as_they_come() {
    let mut turn = answering();
    turn.push(events(&[role(), words("Hel")])).says("'Hel'");
    turn.push(events(&[words("lo"), words(" world")])).says("'lo' ' world'");
    turn.push(event(&finish("stop"))).says("").is("goes on");
    turn.push(event(DONE)).says("stop done").is("spoken");
}

#[test]
fn an_answer_ends_with_done_or_with_its_body() {
    let hello = events(&[role(), words("Hello")]);
    let stop = event(&finish("stop"));
    check(&format!("{hello}{stop}{}", event(DONE)), "'Hello' stop done", "spoken");
    check(&format!("{hello}{stop}"), "'Hello' stop done", "spoken");
    check(&format!("{hello}{}", event(DONE)), "'Hello' stop done", "spoken");
    check(&hello, "'Hello' stop done", "cut stream_truncated");
}

#[test]
fn text_after_a_finish_reason_is_still_text() {
    check(
        &events(&[&words("One"), &finish("stop"), &words(" two"), DONE]),
        "'One' ' two' stop done",
        "spoken",
    );
}

#[test]
fn nothing_that_follows_done_is_read() {
    check(
        &events(&[&words("One"), &finish("stop"), DONE, &words(" two"), "garbage"]),
        "'One' stop done",
        "spoken",
    );
}

#[test]
fn only_a_full_limit_of_tokens_is_told_as_the_reason_for_the_end() {
    for (reason, told) in [
        ("stop", "stop"),
        ("length", "length"),
        ("tool_calls", "stop"),
        ("content_filter", "stop"),
        ("eos", "stop"),
    ] {
        check(
            &events(&[&words("One"), &finish(reason), DONE]),
            &format!("'One' {told} done"),
            "spoken",
        );
    }
}

#[test]
fn of_several_choices_the_first_to_speak_is_said() {
    let other = |text: &str| choice(&json!({"index": 1, "delta": {"content": text}, "finish_reason": null}));
    let both = json!({"choices": [
        {"index": 1, "delta": {"content": "B"}},
        {"index": 0, "delta": {"content": "A"}},
    ]});
    check(
        &events(&[
            &words("Hello"),
            &other("Good"),
            &other("bye"),
            &both.to_string(),
            &finish("stop"),
            DONE,
        ]),
        "'Hello' 'A' stop done",
        "spoken",
    );
    // Parts of one answer, spread over several choices.
    let thought = delta(&json!({"reasoning_content": "Hm."}));
    check(
        &events(&[&thought, &other("Good"), &other(" bye"), &finish("stop"), DONE]),
        "'Good' ' bye' stop done",
        "spoken",
    );
    check(&events(&[&other("Good bye"), DONE]), "'Good bye' stop done", "spoken");
}

#[test]
fn an_answer_without_words_is_a_failure() {
    let tool = json!({"tool_calls": [{"index": 0, "id": "c", "function": {"name": "f", "arguments": "{}"}}]});
    for sent in [
        String::new(),
        event(DONE),
        events(&[&role(), &finish("stop"), DONE]),
        events(&[&delta(&json!({"reasoning_content": "Hm."})), &finish("stop"), DONE]),
        events(&[&delta(&tool), &finish("tool_calls"), DONE]),
        events(&[&words(""), &finish("content_filter"), DONE]),
        events(&[&choice(&json!({"index": 0, "finish_reason": "stop"})), DONE]),
        "Hello".to_owned(),
        "<html>".to_owned(),
        "{}".to_owned(),
        event("{}"),
    ] {
        let mut turn = answering();
        turn.push(&sent).end().says(FAILURE);
        let report = turn.turn.report();
        assert_eq!(report.first_token_ms, None);
        assert!(report.error.is_some(), "{sent}");
        turn.is(&format!("failed {}", report_code(&turn)));
    }
}

fn report_code(turn: &Driven) -> &'static str {
    turn.turn.report().error.as_ref().map_or("", Error::code)
}

#[test]
fn white_space_alone_is_no_speech() {
    check(
        &events(&[&words(" \n"), &finish("stop"), DONE]),
        "' \n' 'Sorry, something went wrong on my side. Could you say that again?' stop done",
        "failed stream_empty",
    );
    check(
        &events(&[&words("\n"), &words("Hi"), DONE]),
        "'\nHi' stop done",
        "spoken",
    );
}

#[test]
fn whatever_form_an_answer_has_its_words_are_said() {
    let whole =
        json!({"choices": [{"index": 0, "message": {"content": "Hello"}, "finish_reason": "stop"}]}).to_string();
    check(&whole, "'Hello' stop done", "spoken");
    check(&event(&whole), "'Hello' stop done", "spoken");
    check(
        &format!("\u{feff}{}", events(&[words("Hello")]).replace('\n', "\r\n")),
        "'Hello' stop done",
        "cut stream_truncated",
    );
    check(
        &format!(
            ": hi\n\nevent: ping\nid: 1\nretry: 5\ndata: {{}}\n\n{}",
            events(&[&words("Hello"), DONE])
        ),
        "'Hello' stop done",
        "spoken",
    );
}

#[test]
fn a_refusal_is_said_where_there_are_no_other_words() {
    let refusal = |text: &str| delta(&json!({ "refusal": text }));
    let refused = events(&[&refusal("I can't "), &refusal("do that."), &finish("stop"), DONE]);
    check(&refused, "'I can't do that.' stop done", "refused");
    check(
        &events(&[&words("Well. "), &refusal("No."), &finish("stop"), DONE]),
        "'Well.' ' ' stop done",
        "spoken",
    );
    let mut own = turn("{}", r#"{"refusal":"Let's not."}"#);
    own.send().respond(200).push(&refused);
    own.says("role 'Let's not.' stop done").is("refused");
    check(&event(&refusal("No.")), "'No.' stop done", "refused stream_truncated");
}

#[test]
fn an_error_or_a_break_before_any_words_is_no_end_yet() {
    for sent in [event(r#"{"error":{"message":"Overloaded"}}"#), event(&role())] {
        let mut turn = answering();
        turn.push(&sent).end().is("goes on").pass(600.0);
        turn.send().respond(200).push(events(&[&words("Hello"), DONE]));
        turn.signs_then("'Hello' stop done").is("spoken");

        let mut turn = answering();
        for end in [600.0, 1700.0] {
            turn.push(&sent).end().pass(end);
            turn.send().respond(200);
        }
        turn.push(&sent).end().signs_then(FAILURE);
        turn.is(&format!("failed {}", report_code(&turn)));
    }
}

#[test]
fn an_error_inside_the_answer_ends_it() {
    let error = json!({"error": {"message": "Overloaded"}}).to_string();
    check(
        &events(&[&words("Hello"), &*error, &words(" you")]),
        "'Hello' stop done",
        "cut stream_error",
    );
    check(
        &events(&[&words("Hello"), "not JSON"]),
        "'Hello' stop done",
        "cut stream_malformed",
    );
}

#[test]
fn a_source_that_refuses_or_is_not_there_fails() {
    turn("{}", "{}")
        .send()
        .respond(401)
        .end()
        .says(&format!("role {FAILURE}"))
        .is("failed unauthorized");
    turn("{}", "{}")
        .send()
        .respond(302)
        .end()
        .says(&format!("role {FAILURE}"))
        .is("failed redirected");
    let mut gone = turn("{}", "{}");
    gone.send().lose().says("role").is("goes on");
    gone.pass(500.0).send().lose().pass(1500.0).send().lose();
    gone.says(&format!("hb hb hb {FAILURE}")).is("failed connection_failed");
}

#[test]
fn a_lost_connection_cuts_what_is_being_said() {
    let mut lost = answering();
    lost.push(event(&words("Hello"))).lose();
    lost.says("'Hello' stop done").is("cut connection_lost");
    let mut whole = answering();
    whole.push(events(&[words("Hello"), finish("stop")])).lose();
    whole.says("'Hello' stop done").is("spoken");
}

#[test]
fn lines_are_the_developers_own() {
    let failed = |lines: &str| {
        let mut turn = turn("{}", lines);
        turn.send().respond(404).end();
        turn
    };
    failed(r#"{"failure":"Oh."}"#)
        .says("role 'Oh.' stop done")
        .is("failed not_found");
    failed(r#"{"failure":false}"#)
        .says("role stop done")
        .is("failed not_found");
    failed(r#"{"failure":""}"#)
        .says("role stop done")
        .is("failed not_found");
}

#[test]
fn a_source_that_cannot_be_asked_fails() {
    let why = || Error::invalid_at("/source", "bad_source", "it is Monday");
    turn("{}", "{}")
        .fail(why())
        .says(&format!("role {FAILURE}"))
        .is("failed bad_source");
    let mut speaking = answering();
    speaking.push(event(&words("Hello"))).fail(why());
    speaking.says("'Hello' stop done").is("cut bad_source");
    speaking.fail(why()).says("").is("cut bad_source");
}

/// What the answer holds as usage, and what the caller is told.
#[track_caller]
fn check_usage(request: &str, sent: &Value, told: &str) {
    let mut turn = turn_about(request, "{}", "{}");
    turn.send().respond(200);
    turn.push(events(&[&words("Hello"), &finish("stop"), &usage(sent), DONE]));
    turn.says(&format!("role 'Hello' stop{told} done")).is("spoken");
}

#[test]
fn token_counts_are_told_if_they_are_wanted_and_complete() {
    let whole = json!({"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7});
    check_usage(HELLO, &whole, " 3+4=7");
    check_usage(&HELLO.replace("true}", "false}"), &whole, "");
    check_usage(
        r#"{"messages":[{"role":"user","content":"Hi"}],"model":"m","stream":true}"#,
        &whole,
        "",
    );
    check_usage(HELLO, &json!({}), "");
    check_usage(
        HELLO,
        &json!({"prompt_tokens": 3, "completion_tokens": null, "total_tokens": 7}),
        "",
    );
    check_usage(
        HELLO,
        &json!({"prompt_tokens": 3, "completion_tokens": 4.5, "total_tokens": 7.5}),
        "",
    );
    check_usage(
        HELLO,
        &json!({"prompt_tokens": "3", "completion_tokens": "4", "total_tokens": "7"}),
        "",
    );
}

#[test]
fn of_token_counts_nothing_is_told_but_the_numbers() {
    for details in [
        json!(null),
        json!("none"),
        json!([1]),
        json!({"cached_tokens": "2"}),
        json!({"cached_tokens": 2}),
    ] {
        let usage = json!({
            "prompt_tokens": 3, "prompt_tokens_details": details, "completion_tokens": 4, "total_tokens": 7, "cost": "a lot",
        });
        check_usage(HELLO, &usage, " 3+4=7");
    }
}

#[test]
fn of_several_token_counts_the_last_is_told() {
    let count = |n: u64| usage(&json!({"prompt_tokens": n, "completion_tokens": n, "total_tokens": 2 * n}));
    check(
        &events(&[
            &words("Hello"),
            &count(1),
            &words("!"),
            &finish("stop"),
            &count(2),
            DONE,
        ]),
        "'Hello' '!' stop 2+2=4 done",
        "spoken",
    );
}

#[test]
fn a_caller_that_hangs_up_gets_nothing_more() {
    let mut turn = answering();
    turn.at(100.0).push(event(&words("Hello"))).says("'Hello'");
    turn.at(200.0).interrupt().says("").is("interrupted");
    turn.push(event(&words(" you")))
        .end()
        .tick()
        .interrupt()
        .says("")
        .is("interrupted");
    let report = turn.turn.report();
    assert_eq!((report.first_token_ms, report.total_ms), (Some(100.0), Some(200.0)));
    let mut over = answering();
    over.push(events(&[&words("Hello"), DONE]))
        .interrupt()
        .says("'Hello' stop done")
        .is("spoken");
}

#[test]
fn code_of_the_developers_own_answers_in_words_or_chunks() {
    given("{}")
        .ask()
        .open()
        .text("Hello")
        .text("")
        .text(" you")
        .end()
        .says("role 'Hello' ' you' stop done")
        .is("spoken");
    let chunked = &mut given("{}");
    chunked
        .ask()
        .open()
        .chunk(&role())
        .chunk(&words("Hello"))
        .chunk(&finish("length"));
    chunked.end().says("role 'Hello' length done").is("spoken");
    given("{}")
        .ask()
        .open()
        .text("A")
        .chunk(&words("B"))
        .end()
        .says("role 'A' 'B' stop done")
        .is("spoken");
    given("{}")
        .ask()
        .open()
        .end()
        .says(&format!("role {FAILURE}"))
        .is("failed stream_empty");
    given("{}")
        .ask()
        .open()
        .text("")
        .end()
        .says(&format!("role {FAILURE}"))
        .is("failed stream_empty");
    given("{}")
        .ask()
        .respond(200)
        .push(events(&[&words("Hello"), DONE]))
        .says("role 'Hello' stop done")
        .is("spoken");
    given("{}")
        .ask()
        .respond(500)
        .end()
        .says(&format!("role {FAILURE}"))
        .is("failed server_error");
}

#[test]
fn code_of_the_developers_own_that_throws_fails_once() {
    given("{}")
        .ask()
        .lose()
        .says(&format!("role {FAILURE}"))
        .is("failed source_failed");
    given("{}")
        .ask()
        .open()
        .text("Hello")
        .lose()
        .says("role 'Hello' stop done")
        .is("cut source_failed");
    given("{}")
        .ask()
        .open()
        .chunk(r#"{"error":"no"}"#)
        .says(&format!("role {FAILURE}"))
        .is("failed stream_error");
    given("{}")
        .ask()
        .open()
        .chunk("[]")
        .says(&format!("role {FAILURE}"))
        .is("failed stream_malformed");
}

#[test]
fn a_caller_that_wants_no_stream_gets_one_completion() {
    let mut turn = turn_about(&HELLO.replace("true", "false"), "{}", "{}");
    assert!(!turn.turn.is_streamed());
    turn.send().respond(200).push(events(&[&words("Hel"), &words("lo")]));
    assert_eq!((turn.turn.take(), turn.turn.deadline()), (String::new(), Some(8000.0)));
    turn.push(events(&[
        &finish("stop"),
        &usage(&json!({"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7, "cost": "a lot"})),
        DONE,
    ]));
    let whole: Value = serde_json::from_str(&turn.turn.take()).unwrap();
    let expected = json!({
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": "m",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello", "refusal": null}, "logprobs": null, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7},
    });
    assert_eq!(whole, expected);
    turn.is("spoken");
}

#[test]
fn a_caller_that_wants_no_stream_hears_the_failure_line_too() {
    let mut turn = turn_about(&HELLO.replace("true", "false"), "{}", r#"{"failure":"Oh."}"#);
    turn.send().respond(401).end().is("failed unauthorized");
    let whole: Value = serde_json::from_str(&turn.turn.take()).unwrap();
    assert_eq!(whole["choices"][0]["message"]["content"], "Oh.");
    assert_eq!(whole["choices"][0]["finish_reason"], "stop");
}
