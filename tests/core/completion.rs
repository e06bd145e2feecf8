//! The whole answer, gathered from its pieces.

use liveavatar_llm::chat::{Completion, Delta, Parse, Place};
use liveavatar_llm::error::StreamKind;
use serde_json::{Value, json};

use crate::delta::{calls, counts, extra, finishes, open, refuses, says, thinks};

fn gather(deltas: &[Delta<'_>]) -> Completion {
    let mut completion = Completion::default();
    for delta in deltas {
        completion.take(delta);
    }
    completion
}

fn written(completion: &Completion) -> Value {
    let mut json = String::from(" ");
    completion.write(&mut json);
    serde_json::from_str(&json).unwrap()
}

/// The one choice of these deltas, but for its index.
fn choice(deltas: &[Delta<'_>]) -> Value {
    let mut whole = written(&gather(deltas));
    let choices = whole["choices"].as_array_mut().unwrap();
    assert_eq!(choices.len(), 1);
    choices[0].as_object_mut().unwrap().remove("index");
    choices.remove(0)
}

#[test]
fn an_answer_is_written_as_openai_writes_it() {
    let completion = gather(&[
        Delta::Id("c1".into()),
        Delta::Model("gpt".into()),
        Delta::Created(7),
        open(0),
        says(0, "Hel"),
        says(0, "lo \"you\""),
        finishes(0, "stop"),
        counts(r#"{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3,"details":{"cached":0}}"#),
    ]);
    assert_eq!(
        written(&completion),
        json!({
            "id": "c1", "object": "chat.completion", "created": 7, "model": "gpt",
            "choices": [{
                "index": 0,
                "message": {"role": "assistant", "content": "Hello \"you\"", "refusal": null},
                "logprobs": null,
                "finish_reason": "stop"
            }],
            "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3, "details": {"cached": 0}}
        })
    );
    assert_eq!(completion.content(), "Hello \"you\"");
    assert_eq!(completion.usage(), Some((Some(1), Some(2), Some(3))));
}

#[test]
fn what_never_came_is_null_or_empty() {
    let nothing = Completion::default();
    assert!(nothing.is_empty());
    assert_eq!((nothing.content(), nothing.usage()), ("", None));
    assert_eq!(
        written(&nothing),
        json!({"id": "", "object": "chat.completion", "created": 0, "model": "", "choices": []})
    );
    assert!(!gather(&[open(0)]).is_empty());
    assert_eq!(
        choice(&[open(0)]),
        json!({"message": {"role": "assistant", "content": null, "refusal": null}, "logprobs": null, "finish_reason": null})
    );
}

#[test]
fn refusal_and_thoughts_have_their_own_places() {
    assert_eq!(
        choice(&[
            open(0),
            thinks(0, "h"),
            refuses(0, "n"),
            thinks(0, "m"),
            refuses(0, "o"),
            finishes(0, "content_filter")
        ]),
        json!({
            "message": {"role": "assistant", "content": null, "refusal": "no", "reasoning_content": "hm"},
            "logprobs": null,
            "finish_reason": "content_filter"
        })
    );
}

#[test]
fn calls_are_put_together_and_ordered_by_their_index() {
    let whole = choice(&[
        open(0),
        calls(0, 1, "t1", "look", ""),
        calls(0, 0, "t0", "find", "{\"a\""),
        calls(0, 1, "", "", "{}"),
        calls(0, 0, "", "", ":1}"),
    ]);
    assert_eq!(
        whole["message"]["tool_calls"],
        json!([
            {"id": "t0", "type": "function", "function": {"name": "find", "arguments": "{\"a\":1}"}},
            {"id": "t1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
        ])
    );
}

#[test]
fn choices_are_ordered_by_index_and_content_is_the_first_ones() {
    let completion = gather(&[open(2), says(2, "c"), open(0), says(0, "a"), open(1), says(2, "d")]);
    let whole = written(&completion);
    let choices: Vec<(&Value, &Value)> = whole["choices"]
        .as_array()
        .unwrap()
        .iter()
        .map(|choice| (&choice["index"], &choice["message"]["content"]))
        .collect();
    assert_eq!(
        choices,
        [
            (&json!(0), &json!("a")),
            (&json!(1), &Value::Null),
            (&json!(2), &json!("cd"))
        ]
    );
    assert_eq!(completion.content(), "a");
    assert_eq!(gather(&[open(1), says(1, "b")]).content(), "");
}

#[test]
fn lists_of_log_probabilities_are_joined() {
    let logprobs = |pieces: &[&str]| {
        let deltas: Vec<Delta<'_>> = pieces
            .iter()
            .map(|json| extra(Place::Choice(0), "logprobs", json))
            .collect();
        choice(&deltas)["logprobs"].clone()
    };
    assert_eq!(
        logprobs(&[
            r#"{"content":[{"token":"a"}],"refusal":null}"#,
            r#"{"content":[{"token":"b"},{"token":"c"}],"refusal":null,"x":1}"#,
            r#"{"content":null,"refusal":[]}"#,
            "5",
        ]),
        json!({"content": [{"token": "a"}, {"token": "b"}, {"token": "c"}], "refusal": [], "x": 1})
    );
    assert_eq!(logprobs(&["[]"]), Value::Null);
}

#[test]
fn extras_stand_where_they_stood_and_the_last_of_a_name_counts() {
    let whole = written(&gather(&[
        open(0),
        extra(Place::Chunk, "service_tier", "\"a\""),
        extra(Place::Choice(0), "stop_reason", "1"),
        extra(Place::Message(0), "au\"dio", "{\"id\": [ ]}"),
        extra(Place::Chunk, "service_tier", "\"b\""),
        extra(Place::Choice(0), "stop_reason", "2"),
        extra(Place::Message(0), "x", "true"),
    ]));
    assert_eq!(whole["service_tier"], "b");
    assert_eq!(whole["choices"][0]["stop_reason"], 2);
    assert_eq!(whole["choices"][0]["message"]["au\"dio"], json!({"id": []}));
    assert_eq!(whole["choices"][0]["message"]["x"], true);
}

#[test]
fn what_is_unknown_in_a_call_is_kept_in_it() {
    let place = Place::Call { choice: 0, index: 3 };
    let whole = choice(&[
        open(0),
        calls(0, 3, "t", "f", "{}"),
        extra(place, "extra_content", r#"{"google":{"thought_signature":"abc"}}"#),
        extra(place, "x", "1"),
        extra(place, "x", "2"),
    ]);
    assert_eq!(
        whole["message"]["tool_calls"],
        json!([{
            "id": "t", "type": "function", "function": {"name": "f", "arguments": "{}"},
            "extra_content": {"google": {"thought_signature": "abc"}}, "x": 2
        }])
    );
}

#[test]
fn the_last_usage_counts() {
    let completion = gather(&[
        counts(r#"{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}"#),
        counts(r#"{"prompt_tokens":1,"completion_tokens":5}"#),
    ]);
    assert_eq!(completion.usage(), Some((Some(1), Some(5), None)));
    assert_eq!(
        written(&completion)["usage"],
        json!({"prompt_tokens": 1, "completion_tokens": 5})
    );
}

#[test]
fn of_members_that_are_only_passed_on_the_first_256_names_are_kept() {
    let mut whole = Completion::default();
    let names: Vec<String> = (0..300).map(|number| format!("x{number}")).collect();
    for value in ["1", "2"] {
        for name in &names {
            whole.take(&extra(Place::Chunk, name, value));
        }
    }
    let mut json = String::new();
    whole.write(&mut json);
    let json: Value = serde_json::from_str(&json).unwrap();
    let kept = names.iter().filter(|name| json[name.as_str()] == 2);
    assert!(kept.eq(&names[..256]));
}

#[test]
fn a_good_end_is_a_finish_reason_for_all_choices() {
    let mut completion = gather(&[open(0), finishes(0, "length"), open(1)]);
    completion.finish();
    let whole = written(&completion);
    let reasons: Vec<&Value> = whole["choices"]
        .as_array()
        .unwrap()
        .iter()
        .map(|choice| &choice["finish_reason"])
        .collect();
    assert_eq!(reasons, ["length", "stop"]);
}

/// What a message's member is made of these pieces.
#[track_caller]
fn joins(name: &str, pieces: &[&str], expected: &Value) {
    let deltas: Vec<Delta<'_>> = pieces.iter().map(|json| extra(Place::Message(0), name, json)).collect();
    assert_eq!(&choice(&deltas)["message"][name], expected);
}

#[test]
fn sound_is_put_together() {
    joins(
        "audio",
        &[
            r#"{"id":"a","transcript":"He"}"#,
            r#"{"data":"AAAA"}"#,
            r#"{"id":"a","data":"BBBB","transcript":"llo","x":1}"#,
            r#"{"expires_at":7,"x":2,"data":null}"#,
        ],
        &json!({"id": "a", "transcript": "Hello", "data": "AAAABBBB", "x": 2, "expires_at": 7}),
    );
}

#[test]
fn citations_and_details_of_reasoning_are_one_list() {
    for name in ["annotations", "reasoning_details"] {
        joins(
            name,
            &[r#"[{"a":1}]"#, "[]", r#"[{"a":2},{"a":"é"}]"#],
            &json!([{"a": 1}, {"a": 2}, {"a": "é"}]),
        );
    }
    joins("x_sources", &[r#"["a"]"#, r#"["a","b"]"#], &json!(["a", "b"]));
}

#[test]
fn the_one_call_that_came_before_tool_calls_is_put_together() {
    joins(
        "function_call",
        &[
            r#"{"name":"find","arguments":""}"#,
            r#"{"arguments":"{\"a\""}"#,
            r#"{"arguments":":1}"}"#,
        ],
        &json!({"name": "find", "arguments": "{\"a\":1}"}),
    );
}

#[test]
fn pieces_of_another_type_replace_what_came_before() {
    joins(
        "audio",
        &["[1]", r#"{"data":"A"}"#, r#"{"data":5}"#],
        &json!({"data": 5}),
    );
}

#[test]
fn members_that_are_made_up_are_not_looked_for_without_end() {
    let made_up: Vec<String> = (0..100).map(|name| format!("{{\"{name}\":1}}")).collect();
    let deltas: Vec<Delta<'_>> = made_up
        .iter()
        .map(|json| extra(Place::Message(0), "audio", json))
        .collect();
    assert_eq!(choice(&deltas)["message"]["audio"].as_object().unwrap().len(), 64);
}

const BOTH: Parse = Parse {
    content: true,
    arguments: true,
};

fn parsed(deltas: &[Delta<'_>]) -> Value {
    let mut json = String::new();
    gather(deltas).write_parsed(BOTH, &mut json);
    serde_json::from_str::<Value>(&json).unwrap()["choices"][0]["message"].clone()
}

#[test]
fn json_is_parsed_where_it_is_asked_for() {
    let fenced = "```json\n{\"a\": [1.50, \"\\ud800\"]}\n```";
    let rows = [
        ("{\"a\":\"é\"}", json!({"a": "é"})),
        (" [1] ", json!([1])),
        ("\"a\"", json!("a")),
        ("{\"a\":", Value::Null),
        ("Sure: {}", Value::Null),
        ("", Value::Null),
    ];
    for (content, expected) in rows {
        let message = parsed(&[open(0), says(0, content)]);
        assert_eq!(message["parsed"], expected, "of {content}");
        assert_eq!(message["content"], content);
    }
    let mut json = String::new();
    gather(&[open(0), says(0, fenced)]).write_parsed(BOTH, &mut json);
    assert!(
        json.contains(r#""parsed":{"a": [1.50, "\ud800"]}}"#),
        "as it was written: {json}"
    );
    assert_eq!(
        parsed(&[open(0), refuses(0, "No."), says(0, "{}")])["parsed"],
        Value::Null
    );
    assert!(choice(&[open(0), says(0, "{}")])["message"].get("parsed").is_none());
}

#[test]
fn arguments_are_parsed_and_lose_nothing() {
    for (arguments, expected) in [
        ("{\"a\":1}", json!({"a": 1})),
        ("", json!({})),
        (" ", json!({})),
        ("{\"a\"", Value::Null),
    ] {
        let message = parsed(&[open(0), calls(0, 0, "t", "f", arguments)]);
        assert_eq!(message["parsed"], Value::Null);
        assert_eq!(
            message["tool_calls"],
            json!([{"id": "t", "type": "function", "function": {"name": "f", "arguments": arguments, "parsed_arguments": expected}}])
        );
    }
}

/// What is wrong with an answer that had to be JSON.
#[track_caller]
fn is_no_json(deltas: &[Delta<'_>], why: &str) {
    let mut completion = gather(deltas);
    completion.finish();
    let error = completion.no_json().unwrap();
    assert_eq!(
        (error.code(), error.kind()),
        ("stream_not_json", Some(StreamKind::NotJson))
    );
    assert_eq!(
        error.to_string(),
        format!("the answer is not the JSON that was asked for: {why}. `partial` has what came")
    );
}

#[test]
fn content_that_is_no_json_says_why() {
    let advice = "ask for JSON in the prompt as well, or use a model that keeps to `response_format`";
    is_no_json(
        &[open(0), says(0, "Sure!")],
        &format!("at position 0 it goes on with «Sure!»; {advice}"),
    );
    is_no_json(
        &[open(0), says(0, "{\"😀\": 1} {\"and so on, and so on, and so on\"}")],
        &format!("at position 10 it goes on with «{{\"and so on, and so on, and so»; {advice}"),
    );
    is_no_json(
        &[open(0), says(0, "<think>Hm.</think>{}")],
        "at position 0 it goes on with «<think>Hm.</think>{}»; it begins with thoughts: set `thinkTags` to take them out",
    );
    let cut = "it was cut at the most tokens it may have: raise `max_completion_tokens`";
    is_no_json(&[open(0), says(0, "{\"a\":"), finishes(0, "length")], cut);
    is_no_json(&[open(0), finishes(0, "length")], cut);
    let filtered = "it was cut by the upstream's content filter";
    is_no_json(&[open(0), says(0, "{"), finishes(0, "content_filter")], filtered);
    is_no_json(&[open(0), says(0, "{\"a\":")], "it ends before its value does");
    is_no_json(&[open(0), says(0, " ")], "there are no words in it");
    is_no_json(
        &[open(0), says(0, "{}"), open(1), says(1, "{")],
        "it ends before its value does",
    );
}

#[test]
fn not_every_message_has_to_be_json() {
    for deltas in [
        vec![open(0), says(0, "{}"), open(1), says(1, "[1]")],
        vec![open(0), says(0, "{}"), finishes(0, "length")],
        vec![open(0), refuses(0, "No.")],
        vec![open(0), says(0, "I look it up."), calls(0, 0, "t", "f", "")],
        vec![open(0), extra(Place::Message(0), "audio", r#"{"id":"a"}"#)],
        vec![],
    ] {
        assert_eq!(gather(&deltas).no_json(), None);
    }
}
