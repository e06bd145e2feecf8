//! What the caller's versions do with a body, rule by rule.

use liveavatar_llm::judge::{Caller, MAX_EVENT, MAX_HEARD, Reading, Why};

use super::{DONE, chunk, say};

const BOTH: &[Caller] = &Caller::ALL;
const OBSERVED: &[Caller] = &[Caller::Observed];
const NEWEST: &[Caller] = &[Caller::Newest];

fn read(caller: Caller, body: &[u8]) -> Reading {
    let mut reading = Reading::new(caller);
    reading.push(body);
    reading.end();
    reading
}

#[track_caller]
fn hears(callers: &[Caller], body: impl AsRef<[u8]>, heard: &str, failure: Option<Why>) {
    for &caller in callers {
        let reading = read(caller, body.as_ref());
        assert_eq!((reading.heard(), reading.failure()), (heard, failure), "{caller:?}");
    }
}

/// A chunk whose delta is the JSON that is given.
fn delta(json: &str) -> String {
    chunk(&format!(r#"{{"delta":{json}}}"#))
}

/// A chunk without choices that has usage.
fn usage(json: &str) -> String {
    format!("data: {{\"id\":\"c\",\"choices\":[],\"usage\":{json}}}\n\n")
}

#[test]
fn an_answer_is_heard_and_done_ends_it() {
    hears(
        BOTH,
        say("Hello") + &say(" world") + DONE + "data: {\n\n",
        "Hello world",
        None,
    );
    hears(
        BOTH,
        say("Hello") + "data: [DONE] and more\n\n" + "data: {\n\n",
        "Hello",
        None,
    );
}

#[test]
fn what_has_no_blank_line_at_the_end_is_lost() {
    hears(BOTH, say("Hello") + say(" world").trim_end(), "Hello", None);
    hears(BOTH, say("Hello") + say(" world").trim_end() + "\n", "Hello", None);
}

#[test]
fn a_byte_order_mark_takes_the_first_field_with_it() {
    hears(
        BOTH,
        "\u{feff}".to_owned() + &say("Hello") + &say(" world"),
        " world",
        None,
    );
}

#[test]
fn lines_end_with_lf_crlf_or_cr() {
    for end in ["\n", "\r\n", "\r"] {
        hears(BOTH, (say("Hello") + DONE).replace('\n', end), "Hello", None);
    }
}

#[test]
fn the_observed_version_waits_for_a_blank_line_that_ends_as_its_line_does() {
    let mixed = (say("Hello") + &say(" world")).replace("\n\n", "\n\r\n");
    let mut reading = Reading::new(Caller::Observed);
    reading.push(mixed.as_bytes());
    assert!(!reading.has_output());
    reading.end();
    assert_eq!(reading.take(), "Hello world");
    let mut reading = Reading::new(Caller::Newest);
    reading.push(mixed.as_bytes());
    assert_eq!(reading.take(), "Hello world");
}

#[test]
fn the_observed_version_sees_a_blank_line_more_where_a_read_ends_between_the_cr_and_lf_behind_a_cr() {
    let failure = |caller, pieces: &[&str]| {
        let mut reading = Reading::new(caller);
        for piece in pieces {
            reading.push(piece.as_bytes());
        }
        reading.push(DONE.as_bytes());
        (reading.heard().to_owned(), reading.failure())
    };
    let before = "id: 1\r".to_owned() + &say("Hello").replace('\n', "\r");
    let whole = before.clone() + "\n";
    let hello = |failure| ("Hello".to_owned(), failure);
    assert_eq!(failure(Caller::Observed, &[&whole]), hello(None));
    assert_eq!(
        failure(Caller::Observed, &[&before, "\n"]),
        hello(Some(Why::BlankLineAfterId))
    );
    assert_eq!(failure(Caller::Newest, &[&whole]), hello(None));
    assert_eq!(failure(Caller::Newest, &[&before, "\n"]), hello(None));
}

#[test]
fn a_blank_line_makes_an_event_after_an_id_a_retry_or_a_name() {
    hears(
        BOTH,
        "id: 1\n".to_owned() + &say("Hello") + ": hb\n\n",
        "Hello",
        Some(Why::BlankLineAfterId),
    );
    hears(
        BOTH,
        "id: 1\n".to_owned() + &say("Hello") + ": hb\n" + &say(" world"),
        "Hello world",
        None,
    );
    hears(BOTH, "id: 1\0\n".to_owned() + &say("Hello") + ": hb\n\n", "Hello", None);
    hears(
        BOTH,
        "id: 1\n".to_owned() + &say("Hello") + "id:\n: hb\n\n",
        "Hello",
        None,
    );
    hears(BOTH, "retry: 3000\n\n", "", Some(Why::RetryWithoutData));
    hears(BOTH, "retry: +1_0\n\n", "", Some(Why::RetryWithoutData));
    hears(BOTH, "retry: soon\n\n".to_owned() + &say("Hello"), "Hello", None);
    hears(BOTH, "event: ping\n\n", "", Some(Why::EventWithoutData));
    hears(BOTH, "event:\n\n".to_owned() + &say("Hello"), "Hello", None);
    hears(BOTH, "data:\n\n", "", Some(Why::EmptyData));
    hears(BOTH, "data\n\n", "", Some(Why::EmptyData));
}

#[test]
fn utf8_is_strict_in_whatever_is_read() {
    hears(
        BOTH,
        [say("Hello").as_bytes(), b": \xff\n\n"].concat(),
        "Hello",
        Some(Why::NotUtf8),
    );
    hears(
        BOTH,
        [say("Hello").as_bytes(), b"data: \xed\xa0\x80\n\n"].concat(),
        "Hello",
        Some(Why::NotUtf8),
    );
    hears(
        BOTH,
        [(say("Hello") + DONE).as_bytes(), b": \xff\n\n"].concat(),
        "Hello",
        None,
    );
}

#[test]
fn json_is_pythons() {
    for (odd, failure) in [
        (r#""created":NaN"#, None),
        (r#""created":-Infinity"#, None),
        (r#""created":1e999"#, None),
        (r#""created":-NaN"#, Some(Why::NotJson)),
        (r#""created":+1"#, Some(Why::NotJson)),
        (r#""created":1."#, Some(Why::NotJson)),
        (r#""created":1,"#, Some(Why::NotJson)),
        ("\"created\":\"\t\"", Some(Why::NotJson)),
        (r#""id":null,"id":"c""#, None),
        (r#""id":"c","id":null"#, Some(Why::NoId)),
    ] {
        let heard = if failure.is_none() { "Hello" } else { "" };
        let body = format!("data: {{\"id\":\"c\",\"choices\":[{{\"delta\":{{\"content\":\"Hello\"}}}}],{odd}}}\n\n");
        hears(BOTH, body, heard, failure);
    }
    for (digits, failure) in [(4300, None), (4301, Some(Why::NotJson))] {
        let number = "1".repeat(digits);
        hears(
            BOTH,
            format!("data: {{\"id\":\"c\",\"choices\":[],\"created\":-{number}}}\n\n"),
            "",
            failure,
        );
    }
    for (depth, failure) in [(980, None), (981, Some(Why::TooDeep))] {
        let deep = "[".repeat(depth) + &"]".repeat(depth);
        hears(
            BOTH,
            format!("data: {{\"id\":\"c\",\"choices\":[],\"more\":{deep}}}\n\n"),
            "",
            failure,
        );
    }
}

#[test]
fn half_a_surrogate_pair_is_said_as_a_replacement_character() {
    hears(
        BOTH,
        delta(r#"{"content":"a\ud83d"}"#) + &delta(r#"{"content":"\udc4bb"}"#),
        "a\u{fffd}\u{fffd}b",
        None,
    );
}

#[test]
fn data_must_be_a_chunk_with_choices() {
    for (data, failure) in [
        ("ping", Why::NotJson),
        ("null", Why::NotAnObject),
        ("[]", Why::NotAnObject),
        ("{}", Why::NoChoices),
        (r#"{"choices":null}"#, Why::NoChoices),
        (r#"{"choices":false}"#, Why::ChoicesNotList),
        (r#"{"choices":"a"}"#, Why::ChoicesNotList),
        (r#"{"choices":{"a":1}}"#, Why::ChoicesNotList),
        (r#"{"choices":[null]}"#, Why::ChoiceNotObject),
        (r#"{"choices":[{"delta":[]}]}"#, Why::DeltaNotObject),
        (r#"{"choices":[{"delta":false}]}"#, Why::DeltaNotObject),
        (r#"{"choices":[],"error":"no"}"#, Why::ErrorObject),
        (r#"{"choices":[],"error":-0.1}"#, Why::ErrorObject),
        (r#"{"choices":[],"_fields_set":1}"#, Why::ReservedName),
        (r#"{"choices":[{"delta":{"_fields_set":1}}]}"#, Why::ReservedName),
        (r#"{"_BaseModel__cls":null,"choices":[]}"#, Why::ReservedName),
    ] {
        hears(
            BOTH,
            say("Hello") + &format!("data: {data}\n\n"),
            "Hello",
            Some(failure),
        );
    }
    for data in [
        r#"{"choices":[]}"#,
        r#"{"choices":""}"#,
        r#"{"choices":{}}"#,
        r#"{"choices":[{}]}"#,
        r#"{"choices":[{"delta":null}]}"#,
        r#"{"choices":[{"delta":{}}]}"#,
        r#"{"choices":[],"error":{}}"#,
        r#"{"choices":[],"error":-0.0e9}"#,
        r#"{"choices":[],"_fields_set":null}"#,
    ] {
        hears(BOTH, format!("data: {data}\n\n") + &say("Hello"), "Hello", None);
    }
    hears(
        BOTH,
        "event: thread.run\n".to_owned() + &say("Hello"),
        "",
        Some(Why::ThreadEvent),
    );
    hears(BOTH, "event: error\n".to_owned() + &say("Hello"), "Hello", None);
}

#[test]
fn an_id_must_be_a_text_where_something_is_handed_on() {
    for (id, failure) in [("null", Some(Why::NoId)), ("7", Some(Why::IdNotText)), (r#""""#, None)] {
        let heard = if failure.is_none() { "Hello" } else { "" };
        hears(BOTH, say("Hello").replace(r#""c""#, id), heard, failure);
        hears(BOTH, say("").replace(r#""c""#, id), "", None);
        hears(
            BOTH,
            usage(r#"{"completion_tokens":1,"prompt_tokens":1,"total_tokens":1}"#).replace(r#""c""#, id),
            "",
            failure,
        );
    }
}

#[test]
fn content_is_a_text_and_to_the_newest_version_a_list_of_texts_too() {
    for odd in ["1", "0", "true", "false", "{}", "[]", r#"["a"]"#] {
        hears(
            OBSERVED,
            delta(&format!(r#"{{"content":{odd}}}"#)),
            "",
            Some(Why::ContentNotText),
        );
    }
    for (odd, heard) in [
        ("1", ""),
        ("{}", ""),
        ("[]", ""),
        (r#"["a",{"type":"text","text":"b"},{"text":1},null]"#, "ab"),
    ] {
        hears(NEWEST, delta(&format!(r#"{{"content":{odd}}}"#)), heard, None);
    }
}

#[test]
fn the_observed_version_sees_a_thinking_tag_only_whole_and_loses_what_is_before_it() {
    let texts = |texts: &[&str]| texts.iter().map(|text| say(text)).collect::<String>();
    for (parts, observed, newest) in [
        (&["<think>", "hm", "</think>", "So"][..], "So", "So"),
        (&["Well<think>hm</think>So"], "hm</think>So", "WellSo"),
        (&["<thi", "nk>hm</th", "ink>So"], "<think>hm</think>So", "So"),
        (&["a < b", " <th"], "a < b <th", "a < b "),
        (&["<think>", "hm", "So"], "", ""),
        (&["<<think>a</think>b"], "a</think>b", "<b"),
    ] {
        hears(OBSERVED, texts(parts), observed, None);
        hears(NEWEST, texts(parts), newest, None);
    }
}

#[test]
fn a_finish_reason_frees_what_the_newest_version_held_back_and_ends_a_thought() {
    let finish = chunk(r#"{"delta":{},"finish_reason":"stop"}"#);
    hears(NEWEST, say("a <th") + &finish + &say("b"), "a <thb", None);
    hears(NEWEST, say("<think>hm") + &finish + &say("b"), "b", None);
    hears(
        NEWEST,
        say("a <th") + &chunk(r#"{"delta":{},"finish_reason":0}"#),
        "a <th",
        None,
    );
}

#[test]
fn all_choices_are_spoken() {
    let two = r#"{"index":0,"delta":{"content":"Hel"}},{"index":1,"delta":{"content":"Goo"}}"#;
    hears(
        BOTH,
        chunk(two) + &chunk(&two.replace("Hel", "lo").replace("Goo", "d")),
        "HelGoolod",
        None,
    );
}

#[test]
fn usage_must_count() {
    let whole = r#""completion_tokens":2,"prompt_tokens":9"#;
    for (json, observed, newest) in [
        ("null", None, None),
        (r#"{W,"total_tokens":11}"#, None, None),
        (r#"{W,"total_tokens":99999999999999999999}"#, None, None),
        (r#"{W,"total_tokens":"1_1.0"}"#, None, None),
        (r#"{W,"total_tokens":11.0}"#, None, None),
        (r#"{W,"total_tokens":true}"#, None, None),
        (
            r#"{W,"total_tokens":11.5}"#,
            Some(Why::UsageNotCounts),
            Some(Why::UsageNotCounts),
        ),
        (
            r#"{W,"total_tokens":1e19}"#,
            Some(Why::UsageNotCounts),
            Some(Why::UsageNotCounts),
        ),
        (
            r#"{W,"total_tokens":NaN}"#,
            Some(Why::UsageNotCounts),
            Some(Why::UsageNotCounts),
        ),
        (
            r#"{W,"total_tokens":"x"}"#,
            Some(Why::UsageNotCounts),
            Some(Why::UsageNotCounts),
        ),
        (r#"{W,"total_tokens":null}"#, Some(Why::UsageNotCounts), None),
        (r#"{W,"total_tokens":""}"#, Some(Why::UsageNotCounts), None),
        ("{}", Some(Why::UsageNotCounts), None),
        ("[]", Some(Why::UsageNotObject), Some(Why::UsageNotObject)),
        ("false", Some(Why::UsageNotObject), Some(Why::UsageNotObject)),
        (
            r#"{W,"total_tokens":1,"prompt_tokens_details":{"cached_tokens":null}}"#,
            None,
            None,
        ),
        (r#"{W,"total_tokens":1,"prompt_tokens_details":[]}"#, None, None),
        (
            r#"{W,"total_tokens":1,"prompt_tokens_details":"x"}"#,
            Some(Why::DetailsNotObject),
            Some(Why::DetailsNotObject),
        ),
        (
            r#"{W,"total_tokens":1,"completion_tokens_details":"x"}"#,
            None,
            Some(Why::DetailsNotObject),
        ),
        (
            r#"{W,"total_tokens":1,"completion_tokens_details":{"reasoning_tokens":1.5}}"#,
            None,
            Some(Why::UsageNotCounts),
        ),
    ] {
        let body = say("Hello") + &usage(&json.replace('W', whole));
        hears(OBSERVED, &body, "Hello", observed);
        hears(NEWEST, &body, "Hello", newest);
    }
    let tier = usage(&format!(r#"{{{whole},"total_tokens":1}},"service_tier":1"#));
    hears(BOTH, tier, "", Some(Why::TierNotText));
}

#[test]
fn only_the_observed_version_takes_usage_or_a_signature_for_something_said() {
    for body in [usage("{}"), delta(r#"{"extra_content":{"google":{}}}"#)] {
        for caller in Caller::ALL {
            assert_eq!(
                read(caller, body.as_bytes()).is_committed(),
                caller == Caller::Observed,
                "{body}"
            );
        }
    }
    assert!(
        Caller::ALL
            .iter()
            .all(|&caller| read(caller, say("a").as_bytes()).is_committed())
    );
    assert!(
        Caller::ALL
            .iter()
            .all(|&caller| !read(caller, say("").as_bytes()).is_committed())
    );
}

#[test]
fn extra_content_must_be_an_object() {
    hears(
        BOTH,
        delta(r#"{"content":"a","extra_content":[]}"#),
        "",
        Some(Why::ExtraNotObject),
    );
    hears(
        BOTH,
        delta(r#"{"content":"","extra_content":[]}"#) + &say("a"),
        "a",
        None,
    );
}

/// A chunk with these calls of tools.
fn calls(json: &str) -> String {
    delta(&format!(r#"{{"tool_calls":[{json}]}}"#))
}

const CALL: &str = r#"{"index":0,"id":"1","function":{"name":"f","arguments":"{"}}"#;
const REST: &str = r#"{"index":0,"function":{"arguments":"}"}}"#;
const CALLED: &str = r#"{"delta":{},"finish_reason":"tool_calls"}"#;

#[track_caller]
fn called(callers: &[Caller], body: &str, expected: &[(&str, &str)], failure: Option<Why>) {
    for &caller in callers {
        let reading = read(caller, body.as_bytes());
        let made: Vec<_> = reading
            .tool_calls()
            .iter()
            .map(|call| (call.name.as_str(), call.arguments.as_str()))
            .collect();
        assert_eq!((&made[..], reading.failure()), (expected, failure), "{caller:?}");
    }
}

#[test]
fn calls_of_tools_are_put_together_and_handed_on_when_the_next_begins_or_a_finish_reason_comes() {
    called(
        BOTH,
        &(calls(CALL) + &calls(REST) + &chunk(CALLED)),
        &[("f", "{}")],
        None,
    );
    called(BOTH, &(calls(CALL) + &calls(REST)), &[], None);
    let second = CALL
        .replace(":0", ":1")
        .replace("\"1\"", "\"2\"")
        .replace("\"f\"", "\"g\"");
    let two = format!("{CALL},{second}");
    called(NEWEST, &(calls(&two) + &chunk(CALLED)), &[("f", "{"), ("g", "{")], None);
    called(
        OBSERVED,
        &(calls(&two) + &chunk(CALLED)),
        &[("f", "{"), ("g", "{")],
        None,
    );
    // Both in one: the observed version passes over what follows the call that completes another.
    let three = format!(
        "{two},{}",
        CALL.replace(":0", ":2")
            .replace("\"1\"", "\"3\"")
            .replace("\"f\"", "\"h\"")
    );
    called(
        OBSERVED,
        &(calls(&three) + &chunk(CALLED)),
        &[("f", "{"), ("g", "{")],
        None,
    );
    called(
        NEWEST,
        &(calls(&three) + &chunk(CALLED)),
        &[("f", "{"), ("g", "{"), ("h", "{")],
        None,
    );
}

#[test]
fn a_call_of_a_tool_must_hold_texts_once_it_is_complete() {
    let object = CALL.replace(r#""{""#, "{\"a\":1}");
    called(BOTH, &calls(&object), &[], None);
    called(
        BOTH,
        &(calls(&object) + &chunk(CALLED)),
        &[],
        Some(Why::ToolCallNotText),
    );
    called(BOTH, &calls(REST), &[], Some(Why::ArgumentsWithoutName));
    called(BOTH, &calls("null"), &[], Some(Why::ToolCallNotObject));
    called(BOTH, &calls(r#"{"function":"f"}"#), &[], Some(Why::FunctionNotObject));
    called(BOTH, &calls(r#"{"function":""},{"function":{}}"#), &[], None);
    called(
        BOTH,
        &delta(r#"{"tool_calls":{"a":1}}"#),
        &[],
        Some(Why::ToolCallsNotList),
    );
    called(BOTH, &delta(r#"{"tool_calls":{}}"#), &[], None);
}

#[test]
fn a_text_beside_a_call_goes_out_with_it_and_to_the_observed_version_with_its_thoughts() {
    let both = chunk(&format!(
        r#"{{"delta":{{"content":"<think>a</think>b","tool_calls":[{CALL}]}},"finish_reason":"stop"}}"#
    ));
    hears(OBSERVED, &both, "<think>a</think>b", None);
    hears(NEWEST, &both, "b", None);
}

#[test]
fn an_event_and_an_answer_have_a_limit_here() {
    let large = format!(": {}", "x".repeat(MAX_EVENT));
    hears(BOTH, say("Hello") + &large, "Hello", Some(Why::TooLong));
    let lines = format!("data: {}\n", "x".repeat(MAX_EVENT / 4)).repeat(5);
    hears(BOTH, say("Hello") + &lines, "Hello", Some(Why::TooLong));
    let text = "x".repeat(MAX_HEARD / 4);
    hears(BOTH, say(&text).repeat(5), &text.repeat(4), Some(Why::TooLong));
}

#[test]
fn every_cause_has_a_code_of_its_own_and_a_sentence() {
    let mut codes: Vec<_> = Why::ALL.iter().map(|why| why.code()).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), Why::ALL.len());
    for why in Why::ALL {
        let (code, sentence) = (why.code(), why.sentence());
        assert!(
            code.bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_'),
            "{code}"
        );
        assert!(
            sentence.ends_with('.') && sentence.starts_with(|first: char| first.is_uppercase() || first == '`'),
            "{sentence}"
        );
    }
}
