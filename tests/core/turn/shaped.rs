//! Words that are shaped for a voice.

use super::driven::{Beginning, FAILURE, answering};
use super::source::{DONE, event, events, finish, words};

/// What is said of words that come in these pieces.
#[track_caller]
fn check(options: &str, pieces: &[&str], said: &str) {
    let mut turn = Beginning {
        options,
        ..Beginning::default()
    }
    .begin();
    turn.send().respond(200);
    for piece in pieces {
        turn.push(event(&words(piece)));
    }
    turn.push(events(&[&finish("stop"), DONE]));
    turn.says(&format!("role {said}"));
}

#[test]
fn thoughts_are_never_said_wherever_the_tags_are_cut() {
    let done = "'Yes.' stop done";
    check("{}", &["<think>Hm.</think>Yes."], done);
    check("{}", &["<th", "ink>Hm", ".</th", "ink>", "Yes."], done);
    check(r#"{"speech":{"thinking":"first"}}"#, &["Hm.", "</think>Yes."], done);
}

#[test]
fn markup_and_pictures_are_left_out() {
    check("{}", &["**Well**", " done 🎉"], "'Well' ' done' stop done");
    check(
        "{}",
        &["# Plan\n", "- Buy `milk`"],
        "'Plan.' '\nBuy milk' '.' stop done",
    );
}

#[test]
fn everything_is_said_where_that_is_wished() {
    check(
        r#"{"speech":false}"#,
        &["<think>*Hm*</think>"],
        "'<think>*Hm*</think>' stop done",
    );
}

#[test]
fn what_was_held_back_is_said_when_the_answer_breaks_off() {
    let mut turn = answering();
    turn.push(event(&words("2 *")))
        .lose()
        .says("'2' ' *' stop done")
        .is("cut connection_lost");
}

#[test]
fn thoughts_alone_are_no_answer() {
    let mut turn = answering();
    turn.push(events(&[&words("<think>Hm.</think>"), &finish("stop"), DONE]));
    turn.says(FAILURE).is("failed stream_empty");
}
