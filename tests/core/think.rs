//! Thoughts that a model writes into its message.

use std::borrow::Cow;

use liveavatar_llm::chat::{Delta, Thinking};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::delta::{calls, finishes, open, says, show, thinks};
use crate::property::holds;

/// The same delta, with words of its own.
fn owned(delta: &Delta<'_>) -> Delta<'static> {
    let own = |text: &str| Cow::Owned(text.to_owned());
    match delta {
        Delta::Open { choice } => open(*choice),
        Delta::Content { choice, text } => Delta::Content {
            choice: *choice,
            text: own(text),
        },
        Delta::Reasoning { choice, text } => Delta::Reasoning {
            choice: *choice,
            text: own(text),
        },
        Delta::Finish { choice, reason } => Delta::Finish {
            choice: *choice,
            reason: own(reason),
        },
        Delta::Tool {
            choice,
            index,
            id,
            name,
            arguments,
        } => Delta::Tool {
            choice: *choice,
            index: *index,
            id: id.as_deref().map(own),
            name: name.as_deref().map(own),
            arguments: own(arguments),
        },
        other => panic!("these tests have no {other:?}"),
    }
}

/// What comes of deltas, pieces of one kind put together.
fn read(is_begun: bool, deltas: &[Delta<'_>]) -> Vec<String> {
    let mut thinking = Thinking::new(is_begun);
    let mut out = Vec::new();
    for delta in deltas {
        thinking.take(delta, &mut |delta| out.push(owned(delta)));
    }
    thinking.finish(&mut |delta| out.push(owned(delta)));
    let mut joined: Vec<Delta<'_>> = Vec::new();
    for delta in out {
        match (joined.last_mut(), &delta) {
            (
                Some(Delta::Content { choice, text }),
                Delta::Content {
                    choice: other,
                    text: more,
                },
            )
            | (
                Some(Delta::Reasoning { choice, text }),
                Delta::Reasoning {
                    choice: other,
                    text: more,
                },
            ) if choice == other => {
                *text = Cow::Owned(format!("{text}{more}"));
            }
            _ => joined.push(delta),
        }
    }
    show(&joined)
}

/// What is thought and said in a message that comes in these pieces.
#[track_caller]
fn reads(pieces: &[&str], expected: &[&str]) {
    let deltas: Vec<Delta<'_>> = pieces.iter().map(|piece| says(0, piece)).collect();
    assert_eq!(read(false, &deltas), expected, "of {pieces:?}");
}

/// The same, where the opening tag was in the prompt.
#[track_caller]
fn reads_begun(pieces: &[&str], expected: &[&str]) {
    let deltas: Vec<Delta<'_>> = pieces.iter().map(|piece| says(0, piece)).collect();
    assert_eq!(read(true, &deltas), expected, "of {pieces:?}");
}

#[test]
fn what_stands_between_the_tags_is_thought() {
    reads(&["<think>\nHm.\n</think>\n\nYes."], &["0 thinks Hm.\n", "0 says Yes."]);
    reads(
        &["<th", "ink>H", "m.</", "thi", "nk>Yes."],
        &["0 thinks Hm.", "0 says Yes."],
    );
    reads(
        &[" \n<think>a < b </ thin</think> c"],
        &["0 thinks a < b </ thin", "0 says c"],
    );
}

#[test]
fn no_thoughts_leave_nothing() {
    reads(&["<think>\n\n</think>\n\n", "Yes."], &["0 says Yes."]);
    reads(&["<think></think>"], &[]);
}

#[test]
fn thoughts_without_an_end_are_thoughts() {
    reads(&["<think>Hm. </thi"], &["0 thinks Hm. </thi"]);
    reads_begun(&["Hm. ", "</"], &["0 thinks Hm. </"]);
}

#[test]
fn tags_that_are_not_at_the_beginning_are_words() {
    reads(&["Write <think>a</think>."], &["0 says Write <think>a</think>."]);
    reads(&["Yes.</think>No."], &["0 says Yes.</think>No."]);
    reads(
        &["<think>a</think>b<think>c</think>"],
        &["0 thinks a", "0 says b<think>c</think>"],
    );
    reads(&["<thinker>a</thinker>"], &["0 says <thinker>a</thinker>"]);
    reads(&[" ", "<", "b>"], &["0 says  <b>"]);
    reads(&["<<think>a"], &["0 says <<think>a"]);
}

#[test]
fn a_message_that_begins_with_thoughts_needs_no_opening_tag() {
    reads_begun(
        &["Hm.</think>Yes.", "</think>"],
        &["0 thinks Hm.", "0 says Yes.</think>"],
    );
    reads_begun(&[" <", "/think>\nYes."], &["0 says Yes."]);
    reads_begun(&["<think>Hm.</think>Yes."], &["0 thinks Hm.", "0 says Yes."]);
    reads_begun(&["<<", "/think>a"], &["0 thinks <", "0 says a"]);
}

#[test]
fn nothing_is_held_back_but_what_may_be_a_tag() {
    for (pieces, given) in [
        (&["Yes"][..], &["0 says Yes"][..]),
        (&["  "], &[]),
        (&["<"], &[]),
        (&["<t", "x"], &["0 says <t", "0 says x"]),
        (&["<think>Hm"], &["0 thinks Hm"]),
        (&["<think>Hm", " </", "t"], &["0 thinks Hm", "0 thinks  "]),
        (&["<think></think>", "Yes <"], &["0 says Yes <"]),
    ] {
        let mut thinking = Thinking::new(false);
        let mut out = Vec::new();
        for piece in pieces {
            thinking.take(&says(0, piece), &mut |delta| out.push(owned(delta)));
        }
        assert_eq!(show(&out), given, "of {pieces:?}");
    }
}

#[test]
fn what_is_held_back_comes_before_what_follows_in_its_choice() {
    let deltas = [
        open(0),
        says(0, "<thi"),
        says(1, "<think>a</thi"),
        finishes(0, "stop"),
        calls(1, 0, "t", "f", ""),
    ];
    assert_eq!(
        read(false, &deltas),
        [
            "0 opens",
            "1 thinks a",
            "0 says <thi",
            "0 finishes stop",
            "1 thinks </thi",
            "1 calls 0 t f "
        ]
    );
}

#[test]
fn a_choice_whose_reasoning_is_told_apart_is_left_alone() {
    let deltas = [thinks(0, "Hm."), says(0, "<think>a</think>")];
    assert_eq!(read(false, &deltas), ["0 thinks Hm.", "0 says <think>a</think>"]);
    assert_eq!(read(true, &deltas), ["0 thinks Hm.", "0 says <think>a</think>"]);
}

#[test]
fn it_is_over_when_all_choices_are_at_their_answers() {
    let mut thinking = Thinking::new(false);
    for (delta, is_over) in [
        (open(0), false),
        (says(0, "<think>a"), false),
        (says(0, "</think>\n"), false),
        (says(0, "b"), true),
        (open(1), false),
        (says(1, "c"), true),
    ] {
        thinking.take(&delta, &mut |_| {});
        assert_eq!(thinking.is_over(), is_over, "after {delta:?}");
    }
}

#[test]
fn however_a_message_is_cut_it_is_the_same() {
    let parts = select(vec![
        "<think>", "</think>", "<", "</", "think>", "<thi", " ", "\n", "a", "Hm.", "é",
    ]);
    holds(
        (vec(parts, 0..9), any::<bool>(), any::<[Index; 4]>()),
        |(parts, is_begun, places)| {
            let text = parts.concat();
            let mut cuts = places.map(|place| {
                let at = place.index(text.len() + 1);
                (0..=at).rev().find(|&at| text.is_char_boundary(at)).unwrap_or_default()
            });
            cuts.sort_unstable();
            let [a, b, c, d] = cuts;
            let pieces = [&text[..a], &text[a..b], &text[b..c], &text[c..d], &text[d..]];
            let cut: Vec<Delta<'_>> = pieces
                .iter()
                .map(|piece| says(0, piece))
                .filter(|delta| *delta != says(0, ""))
                .collect();
            let whole = if text.is_empty() {
                Vec::new()
            } else {
                vec![says(0, &text)]
            };
            assert_eq!(read(is_begun, &cut), read(is_begun, &whole), "of {pieces:?}");
            let single: Vec<String> = text.chars().map(String::from).collect();
            let single: Vec<Delta<'_>> = single.iter().map(|piece| says(0, piece)).collect();
            assert_eq!(
                read(is_begun, &single),
                read(is_begun, &whole),
                "of {text:?}, letter by letter"
            );
        },
    );
}
