//! The value of a JSON text that is still being written.

use liveavatar_llm::json::{NoJson, Partial, json_in};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Map, Value, json};

use crate::property::holds;

/// The value so far of a text that comes in pieces, and whether it is whole.
fn told(pieces: &[&str]) -> (Option<Value>, bool) {
    let mut partial = Partial::default();
    for piece in pieces {
        partial.push(piece);
    }
    let text = pieces.concat();
    let mut closed = String::new();
    partial.write(&text, &mut closed);
    let value = partial
        .has_value()
        .then(|| serde_json::from_str(&closed).unwrap_or_else(|error| panic!("{error}: {closed} of {text}")));
    (value, partial.is_whole())
}

#[track_caller]
fn tells(text: &str, expected: impl Into<Option<Value>>) {
    assert_eq!(told(&[text]).0, expected.into(), "of {text}");
}

#[test]
fn a_string_is_told_as_far_as_it_has_come() {
    tells("\"", json!(""));
    tells("\"Hi th", json!("Hi th"));
    tells("\"é😀", json!("é😀"));
    tells("\"Hi\"", json!("Hi"));
    tells("{\"a\":\"x", json!({"a": "x"}));
}

#[test]
fn half_an_escape_is_held_back() {
    for cut in ["\\", "\\u", "\\u00", "\\u00e"] {
        tells(&format!("\"a{cut}"), json!("a"));
    }
    tells("\"a\\u00e9", json!("aé"));
    tells("\"a\\\\", json!("a\\"));
    tells("\"a\\\"", json!("a\""));
}

#[test]
fn half_a_surrogate_pair_is_held_back() {
    for cut in ["\\ud83d", "\\ud83d\\", "\\uD83D\\ude0"] {
        tells(&format!("\"a{cut}"), json!("a"));
    }
    tells("\"a\\ud83d\\ude00", json!("a😀"));
}

#[test]
fn a_number_is_held_back_until_it_cannot_go_on() {
    for cut in ["1", "-", "12.", "12.5", "1e", "1E+", "1e5"] {
        tells(cut, None);
        tells(&format!("[{cut}"), json!([]));
    }
    tells("[12.5e1 ", json!([125.0]));
    tells("[0,", json!([0]));
    tells("{\"a\":-7}", json!({"a": -7}));
}

#[test]
fn half_a_word_is_held_back() {
    for word in ["true", "false", "null"] {
        for cut in 1..word.len() {
            tells(&format!("[{}", &word[..cut]), json!([]));
        }
        tells(
            &format!("[{word}"),
            serde_json::from_str::<Value>(&format!("[{word}]")).unwrap(),
        );
    }
}

#[test]
fn a_name_is_held_back_until_its_value_has_begun() {
    for cut in ["{", "{\"a", "{\"a\\", "{\"a\"", "{\"a\" :", "{\"a\":1"] {
        tells(cut, json!({}));
    }
    tells("{\"a\":[", json!({"a": []}));
    tells("{\"a\":1,", json!({"a": 1}));
    tells("{\"a\":1,\"b\":{", json!({"a": 1, "b": {}}));
}

#[test]
fn nothing_is_told_before_the_value_begins() {
    for text in ["", " \n", "`", "```json", "```json\n"] {
        tells(text, None);
    }
}

#[test]
fn a_code_fence_around_it_is_passed_over() {
    for text in [
        "```json\n{\"a\":[1]}\n```",
        "```\n{\"a\":[1]}```\n",
        " ``` JSON \r\n {\"a\":[1]}",
    ] {
        assert_eq!(told(&[text]), (Some(json!({"a": [1]})), true), "of {text}");
        assert_eq!(json_in(text), Ok("{\"a\":[1]}"));
    }
    tells("```json\n{\"a\":\"``", json!({"a": "``"}));
    assert_eq!(json_in("{}`"), Err(NoJson::At(2)), "there was none at the beginning");
}

#[test]
fn what_is_no_json_is_known_by_its_first_wrong_byte() {
    for (text, at) in [
        ("Sure! {}", 0),
        ("{} x", 3),
        ("[1 2]", 3),
        ("[1,]", 3),
        ("{1:2}", 1),
        ("{\"a\" 1}", 5),
        ("[}", 1),
        ("[1}", 2),
        ("01", 1),
        ("-x", 1),
        ("1.e", 2),
        ("nul!", 3),
        ("\"\\x\"", 2),
        ("\"\\u00g0\"", 5),
        ("\"a\n\"", 2),
        ("{\"é\":tru\"", 9),
    ] {
        assert_eq!(json_in(text), Err(NoJson::At(at)), "of {text}");
    }
    for text in ["{\"a\":", "[1", "\"a", "tru", "-", "1.", "[[]", "```"] {
        assert_eq!(json_in(text), Err(NoJson::Cut), "of {text}");
    }
    for text in ["", " \n", "```json\n"] {
        assert_eq!(json_in(text), Err(NoJson::Empty), "of {text}");
    }
    assert_eq!(json_in(" 12.5 "), Ok("12.5"));
    assert_eq!(json_in("12"), Ok("12"));
}

#[test]
fn what_was_told_stays_when_the_rest_is_no_json() {
    tells("{\"a\":\"x\"; and more", json!({"a": "x"}));
    tells("[\"a\\x", json!(["a"]));
}

#[test]
fn nesting_has_a_limit() {
    assert!(json_in(&("[".repeat(128) + &"]".repeat(128))).is_ok());
    assert_eq!(json_in(&"[".repeat(129)), Err(NoJson::At(128)));
    assert_eq!(json_in(&"{\"a\":".repeat(129)), Err(NoJson::At(128 * 5)));
}

#[test]
fn a_change_is_told_once_and_closing_is_none() {
    let mut partial = Partial::default();
    for (piece, changes) in [
        ("{", true),
        (" \"a", false),
        ("\":", false),
        ("\"", true),
        ("x", true),
        ("\\u", false),
        ("0041", true),
        ("\"", false),
        (",\"b\":1", false),
        ("0", false),
        ("}", true),
        (" ", false),
    ] {
        partial.push(piece);
        assert_eq!(partial.take_change(), changes, "with {piece}");
        assert!(!partial.take_change());
    }
    for (text, end) in [("[\"\\ud83d", "\""), ("[\"\\ud83d", "x")] {
        let mut partial = Partial::default();
        partial.push(text);
        partial.take_change();
        partial.push(end);
        assert!(partial.take_change(), "half a pair comes after all: {text}{end}");
    }
    let mut number = Partial::default();
    number.push("12");
    assert!(!number.take_change());
    number.finish();
    assert!(number.take_change() && number.is_whole());
}

/// Whether one value is the beginning of another.
fn begins(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::String(one), Value::String(other)) => other.starts_with(one.as_str()),
        (Value::Array(one), Value::Array(other)) => {
            one.len() <= other.len() && one.iter().zip(other).all(|(one, other)| begins(one, other))
        }
        (Value::Object(one), Value::Object(other)) => one
            .iter()
            .all(|(name, one)| other.get(name).is_some_and(|other| begins(one, other))),
        _ => one == other,
    }
}

/// Any value, as a text with white space and escapes in any places.
fn texts() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-b\"\\\\/\n\t\u{1f600}é\u{0}]{0,6}".prop_map(Value::from),
    ];
    let value = scalar.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map("[a-c\"é]{0,2}", inner, 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    });
    let style = prop_oneof![Just(("", "")), Just((" ", "\n")), Just(("```json\n", "\n```"))];
    (value, any::<bool>(), any::<bool>(), style).prop_map(|(value, is_pretty, is_ascii, (before, behind))| {
        let text = if is_pretty {
            serde_json::to_string_pretty(&value).unwrap()
        } else {
            value.to_string()
        };
        let mut body = String::new();
        if is_ascii {
            liveavatar_llm::json::write_ascii(&mut body, &text);
        } else {
            body = text;
        }
        format!("{before}{body}{behind}")
    })
}

/// The text up to about that place.
fn cut(text: &str, place: Index) -> usize {
    (0..=place.index(text.len() + 1))
        .rev()
        .find(|&at| text.is_char_boundary(at))
        .unwrap_or_default()
}

#[test]
fn any_text_cut_anywhere_is_the_beginning_of_the_whole_and_only_grows() {
    holds((texts(), any::<[Index; 2]>()), |(text, places)| {
        let whole: Value = serde_json::from_str(json_in(&text).unwrap()).unwrap();
        let mut cuts = places.map(|place| cut(&text, place));
        cuts.sort_unstable();
        let [first, second] = cuts.map(|at| told(&[&text[..at]]).0);
        for value in [&first, &second].into_iter().flatten() {
            assert!(begins(value, &whole), "{value} of {whole}");
        }
        match (&first, &second) {
            (Some(first), Some(second)) => assert!(begins(first, second), "{first} before {second}"),
            (first, second) => assert!(first.is_none(), "{first:?} before {second:?}"),
        }
    });
}

#[test]
fn how_a_text_is_cut_into_pieces_makes_no_difference() {
    holds((texts(), any::<[Index; 3]>(), any::<Index>()), |(text, places, end)| {
        let text = &text[..cut(&text, end)];
        let mut cuts = places.map(|place| cut(text, place));
        cuts.sort_unstable();
        let [a, b, c] = cuts;
        assert_eq!(told(&[&text[..a], &text[a..b], &text[b..c], &text[c..]]), told(&[text]));
        let single: Vec<String> = text.chars().map(String::from).collect();
        let single: Vec<&str> = single.iter().map(String::as_str).collect();
        assert_eq!(told(&single), told(&[text]));
    });
}

#[test]
fn whatever_the_text_what_is_told_is_json() {
    holds("[\\[\\]{}:,\"\\\\u0-9d8ca-f.eE+ truefalsnl`\n-]{0,24}", |text| {
        told(&[&text]);
        assert_eq!(
            json_in(&text).is_ok() && !text.contains('`'),
            serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok() && !text.contains('`'),
            "of {text}"
        );
    });
}
