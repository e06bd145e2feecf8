//! Golden cases: lines of data, each a text and what is said of it, or its sentences.

use liveavatar_llm::speech::Options;

use super::{characters, cuts, sentences, shaped};

/// A line of data: `language | text ⟹ expected`, with `⏎` for line breaks, `␣` for spaces that can't be seen, and `=` for
/// what stays as it is.
struct Case {
    at: String,
    language: &'static str,
    text: String,
    expected: String,
}

const SAID: [(&str, &str); 7] = [
    ("block", include_str!("block.txt")),
    ("inline", include_str!("inline.txt")),
    ("plain", include_str!("plain.txt")),
    ("links", include_str!("links.txt")),
    ("hidden", include_str!("hidden.txt")),
    ("languages", include_str!("languages.txt")),
    ("replies", include_str!("replies.txt")),
];

const SENTENCES: &str = include_str!("sentences.txt");

fn cases(name: &str, data: &'static str) -> Vec<Case> {
    let text = |text: &str| text.replace('⏎', "\n").replace('␣', " ");
    let lines = data.lines().enumerate();
    lines
        .filter(|(_, line)| !line.is_empty() && !line.starts_with("//"))
        .map(|(index, line)| {
            let at = format!("{name}.txt:{}", index + 1);
            let (language, case) = line
                .split_once(" | ")
                .unwrap_or_else(|| panic!("{at} names no language"));
            let (given, expected) = case.split_once(" ⟹ ").unwrap_or_else(|| panic!("{at} expects nothing"));
            Case {
                at,
                language,
                text: text(given),
                expected: text(if expected == "=" { given } else { expected }),
            }
        })
        .collect()
}

fn said() -> impl Iterator<Item = Case> {
    SAID.into_iter().flat_map(|(name, data)| cases(name, data))
}

/// The cases for which `actual` is something else, all at once and in the form of the data.
#[track_caller]
fn all_are(cases: impl Iterator<Item = Case>, actual: impl Fn(&Case) -> String) {
    let differ: Vec<String> = cases
        .filter_map(|case| {
            let actual = actual(&case);
            let line = format!("{}\n      is {actual:?}\n  not {:?}", case.at, case.expected);
            (actual != case.expected).then_some(line)
        })
        .collect();
    assert!(differ.is_empty(), "{} differ\n{}", differ.len(), differ.join("\n"));
}

fn joined(sentences: &[String]) -> String {
    sentences.join(" ¦ ")
}

#[test]
fn what_is_said() {
    all_are(said(), |case| shaped(Options::default(), [case.text.as_str()]));
}

#[test]
fn what_is_said_is_the_same_wherever_the_text_is_cut() {
    let options = Options::default();
    for case in said() {
        let whole = shaped(options, [case.text.as_str()]);
        for pieces in cuts(&case.text) {
            assert_eq!(shaped(options, pieces), whole, "{}: {pieces:?}", case.at);
        }
        assert_eq!(
            shaped(options, characters(&case.text)),
            whole,
            "{}: by the character",
            case.at
        );
    }
}

#[test]
fn what_is_said_of_a_case_is_said_of_itself() {
    all_are(
        said().map(|case| Case {
            text: case.expected.clone(),
            ..case
        }),
        |case| shaped(Options::default(), [case.text.as_str()]),
    );
}

#[test]
fn sentences_of_texts() {
    all_are(cases("sentences", SENTENCES).into_iter(), |case| {
        joined(&sentences([case.text.as_str()]))
    });
}

#[test]
fn sentences_are_the_same_wherever_the_text_is_cut() {
    for case in cases("sentences", SENTENCES) {
        let whole = sentences([case.text.as_str()]);
        for pieces in cuts(&case.text) {
            assert_eq!(sentences(pieces), whole, "{}: {pieces:?}", case.at);
        }
        assert_eq!(
            sentences(characters(&case.text)),
            whole,
            "{}: by the character",
            case.at
        );
    }
}

#[test]
fn there_are_cases_in_many_languages() {
    let mut languages: Vec<&str> = said()
        .chain(cases("sentences", SENTENCES))
        .map(|case| case.language)
        .collect();
    assert!(languages.len() >= 300, "{} cases", languages.len());
    languages.sort_unstable();
    languages.dedup();
    assert!(languages.len() >= 12, "{languages:?}");
}

#[test]
fn a_sentence_that_is_too_long_is_cut_at_a_comma_else_at_a_space_else_there() {
    let long = |pattern: &str| pattern.repeat(400 / pattern.chars().count() + 1);
    let first = |text: &str| sentences([text])[0].clone();
    assert_eq!(
        first(&format!("{}, {}", "word ".repeat(40).trim_end(), long("word ")))
            .chars()
            .last(),
        Some(',')
    );
    assert_eq!(first(&long("word ")).chars().count(), 299);
    assert_eq!(first(&long("漢字、")).chars().count(), 297);
    assert_eq!(first(&long("字")).chars().count(), 300);
}
