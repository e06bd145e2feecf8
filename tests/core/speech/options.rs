//! What a developer sets for speech.

use liveavatar_llm::speech::Options;

use super::{characters, shaped};

#[track_caller]
fn says(json: &str, text: &str, expected: &str) {
    let options = Options::parse(json).unwrap();
    assert_eq!(shaped(options, [text]), expected);
    assert_eq!(shaped(options, characters(text)), expected, "by the character");
}

#[track_caller]
fn refuses(json: &str, path: &str, message: &str) {
    let error = Options::parse(json).unwrap_err();
    assert_eq!((error.path(), error.to_string().as_str()), (Some(path), message));
}

#[test]
fn what_is_not_set_is_what_suits_a_voice() {
    assert_eq!(Options::parse("{}").unwrap(), Options::default());
    assert_eq!(Options::parse("null").unwrap(), Options::default());
    let all = r#"{"markdown": "shape", "emoji": "skip", "links": "host", "code": "skip", "tables": "say", "citations": "skip", "thinking": "tagged"}"#;
    assert_eq!(Options::parse(all).unwrap(), Options::default());
}

#[test]
fn a_wrong_option_is_named() {
    refuses(
        r#"{"links": "all"}"#,
        "/speech/links",
        r#"`speech.links` must be "host" or "skip" or "keep", it is "all""#,
    );
    refuses(
        r#"{"emoji": true}"#,
        "/speech/emoji",
        "`speech.emoji` must be a string, it is a boolean",
    );
    refuses(
        r#"{"emojis": "keep"}"#,
        "/speech/emojis",
        "`speech` has no `emojis`: write `emoji`",
    );
    refuses(
        r#"{"urls": "keep"}"#,
        "/speech/urls",
        "`speech` has no `urls`: write `links`",
    );
}

#[test]
fn markdown_can_be_kept() {
    let keep = r#"{"markdown": "keep"}"#;
    says(
        keep,
        "# A\n- **b** `c` [d](e) ~~f~~ <b>g</b>",
        "# A\n- **b** `c` [d](e) ~~f~~ <b>g</b>",
    );
    says(
        keep,
        "<think>hm</think>\n\n# A 👋 [1] https://a.example/x",
        "# A a.example",
    );
    says(
        keep,
        "| a | b |\n|---|---|\n```js\nx\n```",
        "| a | b |\n|---|---|\n```js\nx\n```",
    );
}

#[test]
fn emoji_can_be_kept() {
    says(r#"{"emoji": "keep"}"#, "**Hi** 👋🏽 1️⃣ ❤️", "Hi 👋🏽 1️⃣ ❤️");
}

#[test]
fn an_address_can_be_kept_or_left_out() {
    let text = "See https://a.example/x_y*z*?q=1. Or www.b.example!";
    says(r#"{"links": "keep"}"#, text, text);
    says(r#"{"links": "skip"}"#, text, "See. Or!");
    says(
        r#"{"links": "keep"}"#,
        "[text](https://a.example) <https://b.example>",
        "text https://b.example",
    );
}

#[test]
fn code_can_be_said() {
    says(
        r#"{"code": "say"}"#,
        "Run:\n```js\nlet x = 2 * 3;\n```\nDone.",
        "Run:\nlet x = 2 * 3;\nDone.",
    );
}

#[test]
fn tables_can_be_left_out() {
    says(
        r#"{"tables": "skip"}"#,
        "A.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\nB.",
        "A.\n\nB.",
    );
}

#[test]
fn citations_can_be_kept() {
    says(
        r#"{"citations": "keep"}"#,
        "Big [1][2], old【4:0†source】, new[^1].",
        "Big [1][2], old【4:0†source】, new[^1].",
    );
    says(r#"{"citations": "keep"}"#, "**Big** [1](https://a.example)", "Big 1");
}

#[test]
fn thinking_that_no_tag_opens_is_not_said() {
    let first = r#"{"thinking": "first"}"#;
    says(first, "They ask for 2 < 3.\n</think>\n\nYes.", "Yes.");
    says(first, "hm</thinking>Yes. <think>hm</think>No.", "Yes. No.");
    says(first, "never closed", "");
}
