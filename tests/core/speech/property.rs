//! What must hold for every text.

use liveavatar_llm::speech::{Options, Sentences, Shaper};
use proptest::collection::vec;
use proptest::sample::select;
use proptest::strategy::Strategy;

use super::{characters, sentences, shaped};
use crate::property::holds;

/// What texts are made of: words, and everything that means something to a shaper.
const PIECES: &[&str] = &[
    "a",
    "b2",
    "3",
    "x",
    "Paris",
    "word",
    "über",
    "好",
    "です",
    "แมว",
    "한국",
    "नमस्ते",
    "سلام",
    " ",
    " ",
    " ",
    "  ",
    "\n",
    "\n",
    "\n\n",
    "\t",
    "\r\n",
    ".",
    ",",
    "!",
    "?",
    ":",
    ";",
    "…",
    "。",
    "'",
    "\"",
    "“",
    "”",
    "(",
    ")",
    "-",
    "--",
    "---",
    "=",
    "===",
    "+",
    "#",
    "##",
    "# ",
    "*",
    "*",
    "**",
    "**",
    "***",
    "_",
    "__",
    "~",
    "~~",
    "`",
    "``",
    "```",
    "```js\n",
    "\n```\n",
    "~~~",
    ">",
    "> ",
    "- ",
    "* ",
    "1. ",
    "2) ",
    "• ",
    "[",
    "]",
    "(",
    ")",
    "](",
    "[1]",
    "[^1]",
    "[^1]: ",
    "[1]: ",
    "[ ] ",
    "![",
    "【",
    "】",
    "†",
    "【4:0†s】",
    "|",
    " | ",
    "| ",
    "|---|",
    ":-",
    "<",
    ">",
    "<b>",
    "</b>",
    "<br>",
    "<li>",
    "<td>",
    "<x y=\"z\">",
    "</",
    "<think>",
    "</think>",
    "<!--",
    "-->",
    "<|im_end|>",
    "<https://e.x>",
    "http://",
    "https://e.org/p_q",
    "www.",
    "www.e.net",
    "a@b.co",
    "\\",
    "$",
    "$$",
    "$x$",
    "&",
    "👋",
    "❤\u{fe0f}",
    "1\u{fe0f}\u{20e3}",
    "\u{200d}",
    "\u{fe0f}",
    "↔",
    "™",
    "🇩🇪",
];

fn texts() -> impl Strategy<Value = String> {
    vec(select(PIECES), 0..14).prop_map(|pieces| pieces.concat())
}

/// All that can be set at once, so that each value of each option comes up.
fn settings() -> impl Strategy<Value = Options> {
    select(vec![
        "{}",
        r#"{"markdown": "keep"}"#,
        r#"{"emoji": "keep", "links": "skip"}"#,
        r#"{"links": "keep", "code": "say"}"#,
        r#"{"citations": "keep", "tables": "skip"}"#,
        r#"{"thinking": "first"}"#,
    ])
    .prop_map(|json| Options::parse(json).unwrap())
}

#[test]
fn what_is_said_does_not_depend_on_how_the_text_is_cut() {
    holds((texts(), settings(), 0..40_usize), |(text, options, at)| {
        let whole = shaped(options, [text.as_str()]);
        assert_eq!(shaped(options, characters(&text)), whole, "by the character: {text:?}");
        let at = (0..=at.min(text.len()))
            .rev()
            .find(|at| text.is_char_boundary(*at))
            .unwrap();
        assert_eq!(
            shaped(options, [&text[..at], &text[at..]]),
            whole,
            "cut at {at}: {text:?}"
        );
    });
}

#[test]
fn what_was_shaped_is_shaped() {
    let options = Options::default();
    // Not in the scraps of a tag with an address in it, such as `<a www.http://[`: of `<a http[` less is left than of all.
    let is_scrap = |text: &str| text.contains('<') && text.contains("www.");
    holds(texts(), |text| {
        if is_scrap(&text) {
            return;
        }
        let once = shaped(options, [text.as_str()]);
        assert_eq!(shaped(options, [once.as_str()]), once, "{text:?}");
    });
}

#[test]
fn sentences_do_not_depend_on_how_the_text_is_cut() {
    holds((texts(), 0..40_usize), |(text, at)| {
        let whole = sentences([text.as_str()]);
        assert_eq!(sentences(characters(&text)), whole, "{text:?}");
        let at = (0..=at.min(text.len()))
            .rev()
            .find(|at| text.is_char_boundary(*at))
            .unwrap();
        assert_eq!(sentences([&text[..at], &text[at..]]), whole, "cut at {at}: {text:?}");
    });
}

/// Text without any markup, of several scripts.
fn plain() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9äöüßéñжя漢字かなمرحباनमस्ते,.;:?'()\"%&@+/€°™ ]{0,60}"
}

#[test]
fn text_without_markup_stays_and_goes_out_at_once() {
    holds(plain(), |text| {
        // Ends in a word, so that nothing of it waits; a line that begins like a list item would end as a sentence.
        let text = format!("Say {text}end");
        let mut shaper = Shaper::new(&Options::default());
        let mut said = String::new();
        shaper.push(&text, &mut said);
        assert_eq!(said, text);
    });
}

#[test]
fn no_more_is_held_back_than_promised() {
    let long = select(vec![
        "a", "=\"", " b=", "[", "](", "http://", "a@", "~~", "<a ", "*", "_", "`", "-", "|", "```", "【", "<!--",
        "<think>", "</", "(", ":", ".", "\\", "$", "#", ">",
    ]);
    holds(
        (long.clone(), long.clone(), long, 0..600_usize),
        |(one, two, three, times)| {
            let text = format!("x {one}{}{three}", two.repeat(times));
            let mut shaper = Shaper::new(&Options::default());
            let mut said = String::new();
            shaper.push(&text, &mut said);
            assert!(shaper.held() <= Shaper::LONGEST, "{} bytes of {text:?}", shaper.held());
        },
    );
}

#[test]
fn a_shaper_that_is_finished_is_as_new() {
    holds((texts(), texts(), settings()), |(before, text, options)| {
        let mut shaper = Shaper::new(&options);
        shaper.push(&before, &mut String::new());
        shaper.finish(&mut String::new());
        let mut said = String::new();
        shaper.push(&text, &mut said);
        shaper.finish(&mut said);
        assert_eq!(said, shaped(options, [text.as_str()]));
    });
}

#[test]
fn sentences_one_after_the_other_are_the_text_but_for_white_space() {
    holds(texts(), |text| {
        let mut rest = text.as_str();
        for sentence in sentences([text.as_str()]) {
            assert_eq!(sentence, sentence.trim(), "white space around it: {text:?}");
            rest = rest
                .trim_start()
                .strip_prefix(&sentence)
                .unwrap_or_else(|| panic!("{sentence:?} of {text:?}"));
        }
        assert_eq!(rest.trim(), "", "{text:?}");
    });
}

#[test]
fn no_sentence_is_longer_than_the_longest() {
    holds((texts(), 1..60_usize), |(text, times)| {
        let text = text.repeat(times);
        let whole = sentences([text.as_str()]);
        let longest = whole
            .iter()
            .map(|sentence| sentence.chars().count())
            .max()
            .unwrap_or_default();
        assert!(longest <= Sentences::LONGEST, "{longest} characters of {text:?}");
        assert_eq!(sentences(characters(&text)), whole, "by the character: {text:?}");
    });
}

/// Words in markup that is none of what is left out with its content.
fn written() -> impl Strategy<Value = (String, Vec<&'static str>)> {
    let word = select(vec![
        "Paris",
        "über",
        "snake_case",
        "3.50",
        "it's",
        "слово",
        "a-b",
        "x",
        "C#",
        "10:30",
    ]);
    let around = select(vec![
        ("", ""),
        ("", ""),
        ("**", "**"),
        ("*", "*"),
        ("__", "__"),
        ("_", "_"),
        ("***", "***"),
        ("`", "`"),
        ("[", "](https://e.org/a_b)"),
        ("![", "](e.png \"t\")"),
        ("<b>", "</b>"),
        ("<span class=\"a b\">", "</span>"),
        ("(", ")"),
        ("\"", "\""),
        ("“", "”"),
        ("👋 ", " 🎉"),
        ("", "[1]"),
        ("", ","),
        ("~~old~~ ", ""),
        ("<think>hm</think>", ""),
    ]);
    let line = select(vec![
        "", "", "# ", "### ", "- ", "* ", "1. ", "> ", "> - ", "| ", "- [ ] ", "• ",
    ]);
    vec((line, vec((word, around), 1..6)), 1..5).prop_map(|lines| {
        let mut text = String::new();
        let mut words = Vec::new();
        for (marker, pieces) in lines {
            words.extend((marker == "1. ").then_some("1"));
            text += marker;
            for (word, (before, after)) in pieces {
                words.push(word);
                text.extend([before, word, after, " "]);
            }
            text += "\n";
        }
        (text, words)
    })
}

#[test]
fn no_word_in_markup_is_lost() {
    let is_sign = |c: char| c.is_whitespace() || ".,()\"“”".contains(c);
    holds(written(), |(text, words)| {
        let said = shaped(Options::default(), [text.as_str()]);
        let heard: Vec<&str> = said.split_whitespace().map(|word| word.trim_matches(is_sign)).collect();
        assert_eq!(heard, words, "{text:?}");
    });
}

#[test]
fn what_was_hard_to_shape_once_is_shaped() {
    // What is left out between two characters must not make markup of them.
    for text in [
        "\\http://.",
        "\\\r\n---.",
        "![www.[a",
        "|-\u{200d}",
        "http://-*a",
        "</http://[a",
        "http://www.<b></",
        "a<td>* ",
        "www.*.[",
        "[ ] 👋!",
        "b2*<b>好",
        "www.[1].1. ",
        "1. http://**",
        "1. http://<br>a",
        "2) * <td>.",
        "|+| .",
        "http://&<b>a@b.co",
        "|http://|a",
        "</www.e.net=[",
        "<a@b.co*>",
        "- </a",
        "![?!\\[1]",
        "<a- www.*",
        "|好]|(",
        "好[ ] <td>↔",
        "|[|3]",
        "【http://3】",
        "|【|】",
        "<http://$>x",
    ] {
        let once = shaped(Options::default(), [text]);
        assert_eq!(shaped(Options::default(), [once.as_str()]), once, "{text:?}");
    }
}
