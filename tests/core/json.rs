//! JSON, with `serde_json` as the judge.

use std::fmt::Write as _;

use liveavatar_llm::json::{
    Cursor, Kind, MAX_DEPTH, Overflow, Splitter, Text, Value, decimal, write_ascii, write_string,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde::de::IgnoredAny;

use crate::property::holds;
use crate::wire::{Cuts, cuts};

// Texts.

fn space() -> impl Strategy<Value = String> + Clone {
    prop_oneof![4 => Just(String::new()), 1 => "[ \t\n\r]{1,3}"]
}

fn number() -> impl Strategy<Value = String> + Clone {
    "-?(0|[1-9][0-9]{0,14})(\\.[0-9]{1,5})?([eE][+-]?[0-9]{1,2})?"
}

fn string() -> impl Strategy<Value = String> + Clone {
    let part = prop_oneof![
        "[ !#-\\[\\]-~é😀\u{7f}\u{2028}]{1,4}",
        "\\\\[nrtbf/\"\\\\]",
        "\\\\u0[0-9a-fA-F]{3}",
        Just("\\ud83d\\ude00".to_owned()),
    ];
    vec(part, 0..5).prop_map(|parts| format!("\"{}\"", parts.concat()))
}

/// The text of any value, with white space wherever it may stand.
fn document() -> impl Strategy<Value = String> + Clone {
    let leaf = prop_oneof![
        select(vec!["null", "true", "false"]).prop_map(str::to_owned),
        number(),
        string(),
    ];
    let value = leaf.prop_recursive(5, 40, 5, |inner| {
        let value = (space(), inner, space()).prop_map(|(before, value, after)| before + &value + &after);
        let member = (space(), string(), space(), value.clone())
            .prop_map(|(before, name, after, value)| format!("{before}{name}{after}:{value}"));
        prop_oneof![
            (vec(value, 1..5)).prop_map(|values| format!("[{}]", values.join(","))),
            (vec(member, 1..5)).prop_map(|members| format!("{{{}}}", members.join(","))),
            space().prop_map(|space| format!("[{space}]")),
            space().prop_map(|space| format!("{{{space}}}")),
        ]
    });
    (space(), value, space()).prop_map(|(before, value, after)| before + &value + &after)
}

/// A text that was a document until characters were cut off, taken out, put in or doubled.
fn nearly_a_document() -> impl Strategy<Value = String> + Clone {
    let spoil = (
        any::<Index>(),
        0..4,
        select("[]{},:\"\\/ue-+.01tnx \u{0}\n\u{e9}".chars().collect::<Vec<char>>()),
    );
    (document(), vec(spoil, 1..4)).prop_map(|(document, spoils)| {
        let mut text: Vec<char> = document.chars().collect();
        for (at, how, character) in spoils {
            if text.is_empty() {
                continue;
            }
            let at = at.index(text.len());
            match how {
                0 => text.truncate(at),
                1 => drop(text.remove(at)),
                2 => text.insert(at, character),
                _ => text[at] = character,
            }
        }
        text.into_iter().collect()
    })
}

// Readers.

/// Whether it is a JSON text, by `serde_json`'s way of passing over one, which is strict about everything but lone
/// surrogates and the range of numbers.
fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

fn skips(text: &str) -> bool {
    let mut cursor = Cursor::new(text);
    cursor.skip().and_then(|_| cursor.end()).is_ok()
}

/// Our tree as `serde_json`'s, where the last member of a name counts.
fn tree(value: &Value) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(value) => (*value).into(),
        Value::Number(number) => serde_json::from_str(number).unwrap(),
        Value::String(text) => text.as_str().into(),
        Value::Array(items) => items.iter().map(tree).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), tree(value)))
            .collect(),
    }
}

#[track_caller]
fn judge(text: &str) {
    let is_json = is_json(text);
    assert_eq!(Value::parse(text).is_ok(), is_json, "reading {text:?}");
    assert_eq!(skips(text), is_json, "passing over {text:?}");
}

#[test]
fn every_document_is_read_as_serde_json_reads_it() {
    holds(document(), |text| {
        let value = Value::parse(&text).unwrap();
        let theirs: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(tree(&value), theirs, "of {text}");
        let mut written = String::new();
        value.write(&mut written);
        assert_eq!(Value::parse(&written).unwrap(), value, "written as {written}");
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&written).unwrap(),
            theirs,
            "written as {written}"
        );
    });
}

#[test]
fn what_is_passed_over_is_given_as_it_was_written() {
    holds(document(), |text| {
        let array = format!(" [ {text} ,{text}] ");
        let mut cursor = Cursor::new(&array);
        let mut members = cursor.array().unwrap();
        while cursor.element(&mut members).unwrap() {
            assert_eq!(cursor.skip().unwrap(), text.trim_ascii());
        }
        assert_eq!(cursor.end(), Ok(()));
    });
}

#[test]
fn a_spoiled_document_is_refused_where_serde_json_refuses_it() {
    holds(nearly_a_document(), |text| judge(&text));
}

#[test]
fn a_document_cut_anywhere_is_refused_where_serde_json_refuses_it() {
    holds(document(), |text| {
        for (at, _) in text.char_indices() {
            judge(&text[..at]);
            judge(&text[at..]);
        }
    });
}

#[test]
fn a_member_is_found_by_its_name_and_the_cursor_stays() {
    let text = r#"{"a":{"b":1},"b":[2],"b":3,"c""#;
    let cursor = Cursor::new(text);
    let found = |name: &str| cursor.find(name).map(|found| found.map(|mut at| at.skip().unwrap()));
    assert_eq!(found("a"), Ok(Some("{\"b\":1}")));
    assert_eq!(found("b"), Ok(Some("[2]")));
    assert_eq!(found("d").unwrap_err().expected, "':'");
    assert_eq!(cursor.at(), 0);
    assert!(Cursor::new("{}").find("a").unwrap().is_none());
    assert!(Cursor::new("[1]").find("a").unwrap().is_none());
    assert!(Cursor::new("x").find("a").is_err());
}

#[test]
fn any_text_is_refused_or_read_and_nothing_panics() {
    holds("\\PC{0,12}", |text| judge(&text));
    holds("[\\[\\]{},:\"\\\\u0-9eE.+\\- tfnrulase\u{0}]{0,12}", |text| {
        judge(&text);
    });
}

#[test]
fn texts_that_are_nearly_json_are_refused() {
    let texts = [
        "",
        " ",
        "nul",
        "nulll",
        "True",
        "01",
        "-",
        "+1",
        "1.",
        ".5",
        "1e",
        "1e+",
        "0x1",
        "1_0",
        "NaN",
        "Infinity",
        "\"",
        "\"\\\"",
        "\"\\x\"",
        "\"\\u12g4\"",
        "\"\\u123\"",
        "\"\n\"",
        "\"\t\"",
        "\"\u{1f}\"",
        "'a'",
        "[",
        "]",
        "[1",
        "[1,",
        "[1,]",
        "[,1]",
        "[1 2]",
        "[1,,2]",
        "{",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "{\"a\":1,",
        "{\"a\":1,}",
        "{\"a\" 1}",
        "{a:1}",
        "{1:1}",
        "{\"a\":1 \"b\":2}",
        "[}",
        "{]",
        "[1}",
        "{\"a\":1]",
        "1 2",
        "[] []",
        "\u{feff}1",
        "\u{a0}1",
        "\u{b}1",
        "// a\n1",
    ];
    for text in texts {
        assert!(!is_json(text), "{text:?} is JSON");
        judge(text);
    }
}

#[test]
fn a_refusal_says_where_and_what_is_expected() {
    let rows = [
        ("", "not JSON: expected a value at byte 0"),
        ("[1 2]", "not JSON: expected ',' or a closing bracket at byte 3"),
        ("{\"a\" 1}", "not JSON: expected ':' at byte 5"),
        ("{a:1}", "not JSON: expected a string at byte 1"),
        ("\"abc", "not JSON: expected the end of a string at byte 4"),
        ("\"\\x\"", "not JSON: expected an escape sequence at byte 1"),
        ("tru", "not JSON: expected true at byte 0"),
        ("-x", "not JSON: expected a digit at byte 1"),
        ("1 1", "not JSON: expected nothing more at byte 2"),
    ];
    for (text, expected) in rows {
        assert_eq!(Value::parse(text).unwrap_err().to_string(), expected, "of {text:?}");
    }
}

#[test]
fn nesting_goes_as_deep_as_the_limit_and_no_deeper() {
    let limit = MAX_DEPTH as usize;
    let shapes = [
        ("[", "]", ""),
        ("[", "]", "1"),
        ("{\"a\":", "}", "{}"),
        ("[{\"a\":", "}]", "null"),
    ];
    for (open, close, core) in shapes {
        let levels = open.matches(['[', '{']).count();
        let own = usize::from(core == "{}");
        for (depth, fits) in [(limit, true), (limit + levels, false), (100 * limit, false)] {
            let count = (depth - own) / levels;
            let text = open.repeat(count) + core + &close.repeat(count);
            assert_eq!(Value::parse(&text).is_ok(), fits, "reading {depth} levels of {open}");
            assert_eq!(skips(&text), fits, "passing over {depth} levels of {open}");
        }
    }
}

#[test]
fn members_keep_their_order_and_the_last_of_a_name_counts() {
    let value = Value::parse(r#"{"b":1,"a":2,"b":3}"#).unwrap();
    let names: Vec<&str> = value
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(names, ["b", "a", "b"]);
    assert_eq!(value.get("b"), Some(&Value::Number("3".to_owned())));
    assert_eq!(value.get("c"), None);
}

#[test]
fn a_value_says_what_it_is() {
    let rows = [
        ("null", Kind::Null, "null"),
        ("false", Kind::Bool, "a boolean"),
        ("-1", Kind::Number, "a number"),
        ("\"\"", Kind::String, "a string"),
        ("[]", Kind::Array, "an array"),
        ("{}", Kind::Object, "an object"),
    ];
    for (text, kind, name) in rows {
        assert_eq!(Cursor::new(text).kind(), Ok(kind));
        let value = Value::parse(text).unwrap();
        assert_eq!(value.describe(), name);
        assert_eq!(value.as_str().is_some(), kind == Kind::String);
        assert_eq!(value.as_array().is_some(), kind == Kind::Array);
        assert_eq!(value.as_object().is_some(), kind == Kind::Object);
    }
}

// Strings.

#[test]
fn escapes_stand_for_utf16_and_a_lone_surrogate_becomes_a_replacement_character() {
    let unit = prop_oneof![
        select(vec![0xd83d_u16, 0xde00, 0xd800, 0xdbff, 0xdc00, 0xdfff]),
        select(vec![0x41_u16, 0x22, 0x5c, 0x0a, 0x00, 0xe9, 0xffff, 0xfffd]),
        any::<u16>(),
    ];
    let part = prop_oneof![
        3 => unit.prop_map(|unit| (format!("\\u{unit:04x}"), vec![unit])),
        1 => select(vec!["a", "é", "😀", "udc00"]).prop_map(|text| (text.to_owned(), text.encode_utf16().collect())),
        1 => select(vec![("\\n", 10), ("\\\\", 92), ("\\\"", 34), ("\\/", 47), ("\\b", 8), ("\\f", 12), ("\\t", 9)])
            .prop_map(|(text, unit)| (text.to_owned(), vec![unit])),
    ];
    holds(vec(part, 0..8), |parts| {
        let (texts, units): (Vec<String>, Vec<Vec<u16>>) = parts.into_iter().unzip();
        let text = format!("\"{}\"", texts.concat());
        let meaning = String::from_utf16_lossy(&units.concat());
        let string = Cursor::new(&text).string().unwrap();
        assert_eq!(string.read(), meaning, "of {text}");
        assert!(string.is(&meaning) && !string.is(&(meaning.clone() + "x")), "of {text}");
        // The only difference: serde_json takes no lone surrogates.
        assert!(
            serde_json::from_str::<String>(&text).map_or(true, |theirs| theirs == meaning),
            "of {text}"
        );
    });
}

#[test]
fn a_written_string_is_read_back_by_everyone() {
    holds("[\\x00-\\x1f\"\\\\ -~\u{7f}é\u{2028}😀]{0,12}", |text| {
        let mut written = String::from("x");
        write_string(&mut written, &text);
        let written = &written[1..];
        assert_eq!(serde_json::from_str::<String>(written).unwrap(), text);
        assert_eq!(Cursor::new(written).string().unwrap().read(), text);
    });
}

#[test]
fn only_a_string_with_nothing_in_it_is_empty() {
    for (text, expected) in [(r#""""#, true), (r#"" ""#, false), (r#""\u0000""#, false)] {
        assert_eq!(Cursor::new(text).string().unwrap().is_empty(), expected, "of {text}");
    }
}

// Numbers.

#[test]
fn an_integer_is_a_whole_number_up_to_two_to_the_53() {
    let rows = [
        ("0", Some(0)),
        ("7 ", Some(7)),
        ("9007199254740992", Some(1 << 53)),
        ("9007199254740993", None),
        ("18446744073709551616", None),
        ("-1", None),
        ("1.0", None),
        ("1e3", None),
        ("\"1\"", None),
        ("null", None),
        ("[1]", None),
    ];
    for (text, expected) in rows {
        let mut cursor = Cursor::new(text);
        assert_eq!(cursor.integer(), Ok(expected), "of {text}");
        assert_eq!(cursor.end(), Ok(()), "after {text}");
    }
    assert!(Cursor::new("]").integer().is_err());
}

#[test]
fn text_is_a_string_or_nothing() {
    for (text, expected) in [(r#""a""#, Some("a")), ("1", None), (r#"{"a":"b"}"#, None)] {
        let mut cursor = Cursor::new(text);
        assert_eq!(cursor.text().unwrap().map(Text::raw), expected, "of {text}");
        assert_eq!(cursor.end(), Ok(()), "after {text}");
    }
}

#[test]
fn a_decimal_is_a_number_that_is_not_negative() {
    let rows = [
        ("0", Some(0.0)),
        ("1500", Some(1500.0)),
        ("0.5", Some(0.5)),
        ("2e3", Some(2000.0)),
        ("25E-1", Some(2.5)),
        ("1e+2", Some(100.0)),
        ("9007199254740992", Some(9_007_199_254_740_992.0)),
        ("1e-999", Some(0.0)),
        ("1e999", None),
        ("-1", None),
        ("", None),
        (".5", None),
        ("5.", None),
        ("1.2.3", None),
        ("1e", None),
        ("1e1e1", None),
        ("1 ", None),
        ("0x10", None),
        ("inf", None),
        ("NaN", None),
        ("1e99999999999", None),
    ];
    for (text, expected) in rows {
        assert_eq!(decimal(text), expected, "of {text:?}");
    }
}

#[test]
fn a_decimal_is_what_the_standard_library_reads() {
    holds("(0|[1-9][0-9]{0,16})(\\.[0-9]{1,8})?([eE][+-]?[0-9]{1,2})?", |text| {
        let (ours, theirs) = (decimal(&text).unwrap(), text.parse::<f64>().unwrap());
        assert!(
            (ours - theirs).abs() <= theirs * 1e-14,
            "{text} is {theirs}, not {ours}"
        );
    });
    holds(0..=1_u64 << 53, |whole| {
        assert_eq!(decimal(&whole.to_string()), whole.to_string().parse().ok());
    });
}

// Several values in a row.

/// The objects in `body`, and whether it ended inside one or one was too large.
fn split(body: &[u8], cuts: &Cuts, limit: usize) -> (Vec<String>, &'static str) {
    let mut splitter = Splitter::new(limit);
    let mut found = Vec::new();
    for piece in cuts.cut(body) {
        let mut values = splitter.push(piece);
        while let Some(value) = values.next() {
            match value {
                Ok(value) => found.push(String::from_utf8(value.to_vec()).unwrap()),
                Err(Overflow) => return (found, "too large"),
            }
        }
    }
    (
        found,
        if splitter.is_unfinished() {
            "unfinished"
        } else {
            "whole"
        },
    )
}

#[test]
fn objects_are_found_in_a_row_in_lines_and_in_arrays_wherever_they_are_cut() {
    let object = vec((string(), document()), 0..3).prop_map(|members| {
        let members: Vec<String> = members.iter().map(|(name, value)| format!("{name}:{value}")).collect();
        format!("{{{}}}", members.join(","))
    });
    let between = prop_oneof![
        select(vec!["", "\n", "\r\n", ",", " , ", "\n\n", "null\n", "],["]).prop_map(str::to_owned),
        string().prop_map(|text| format!(",{text},")),
    ];
    let rows = (vec((object, between), 0..5), any::<bool>(), cuts());
    holds(rows, |(rows, bracketed, cuts)| {
        let mut body = String::from(if bracketed { "[" } else { "" });
        for (object, between) in &rows {
            let _ = write!(body, "{object}{between}");
        }
        body.push_str(if bracketed { "]" } else { "" });
        let expected: Vec<String> = rows.into_iter().map(|(object, _)| object).collect();
        assert_eq!(split(body.as_bytes(), &cuts, 10_000), (expected, "whole"), "of {body}");
    });
}

#[test]
fn the_splitter_says_what_it_cannot_give() {
    let rows: [(&str, &[&str], &str); 6] = [
        ("{\"a\":[1,{}]}", &["{\"a\":[1,{}]}"], "whole"),
        ("{} {\"a\":", &["{}"], "unfinished"),
        ("{} {\"a\":\"}", &["{}"], "unfinished"),
        ("{\"a\":\"\\\"}\"}", &["{\"a\":\"\\\"}\"}"], "whole"),
        ("{}{\"a\":\"0123456789\"}", &["{}"], "too large"),
        ("}}{}", &["{}"], "whole"),
    ];
    for (body, expected, end) in rows {
        for cuts in [Cuts::None, Cuts::Everywhere] {
            let (found, how) = split(body.as_bytes(), &cuts, 15);
            assert!(found == expected && how == end, "{body} gives {found:?}, {how}");
        }
    }
}

#[test]
fn any_bytes_are_split_alike_wherever_they_are_cut() {
    holds(
        ("[{}\\[\\]\",\\\\a\n]{0,24}", cuts(), 1..16_usize),
        |(body, cuts, limit)| {
            assert_eq!(
                split(body.as_bytes(), &cuts, limit),
                split(body.as_bytes(), &Cuts::None, limit)
            );
        },
    );
}

#[test]
fn a_text_in_ascii_means_the_same() {
    for text in [
        r#"{"a":"plain"}"#,
        "[\"é\",\"\u{1f600}\",\"eight ch, 漢字 and on\"]",
        "\"\"",
        "",
    ] {
        let mut out = String::new();
        write_ascii(&mut out, text);
        assert!(out.is_ascii(), "{out}");
        let read = |json: &str| serde_json::from_str::<serde_json::Value>(json).ok();
        assert_eq!(read(&out), read(text));
    }
}

#[test]
fn a_word_between_values_is_given_too() {
    for cuts in [Cuts::None, Cuts::Everywhere] {
        let body = br#"{"a":"END"} EN END{"b":1}ENDEENDE "END" [END]"#;
        let mut splitter = Splitter::new(100).with_word(b"END");
        let mut found = Vec::new();
        for piece in cuts.cut(body) {
            let mut values = splitter.push(piece);
            while let Some(value) = values.next() {
                found.push(String::from_utf8(value.unwrap().to_vec()).unwrap());
            }
        }
        assert_eq!(found, [r#"{"a":"END"}"#, "END", r#"{"b":1}"#, "END", "END", "END"]);
        assert_eq!(splitter.finish(), None);
    }
}

#[test]
fn the_value_that_a_stream_ends_in_is_given_as_far_as_it_came() {
    let mut splitter = Splitter::new(100);
    let mut values = splitter.push(br#"[{"a":1},{"b":[{"#);
    assert_eq!(values.next(), Some(Ok(br#"{"a":1}"#.as_slice())));
    assert_eq!(values.next(), None);
    assert_eq!(splitter.finish(), Some(br#"{"b":[{"#.as_slice()));
    assert_eq!(splitter.finish(), None);
}
