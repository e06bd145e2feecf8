//! The whole answer, gathered from its pieces.

use liveavatar_llm::chat::{Completion, Delta, Place};
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
