//! Chunks as they go out: what the strictest reader takes.

use std::borrow::Cow;
use std::collections::BTreeMap;

use liveavatar_llm::chat::{ChunkWriter, Completion, Delta, Place, Usage};
use liveavatar_llm::framing::Payload;
use liveavatar_llm::providers::Provider;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::delta::{calls, counts, extra, finishes, open, refuses, says, thinks};
use crate::property::holds;

fn writer() -> ChunkWriter {
    ChunkWriter::new("fallback".to_owned(), "none".to_owned(), 5)
}

/// The chunks for these deltas, and what is owed behind them.
fn write(deltas: &[Delta<'_>]) -> Vec<String> {
    let mut writer = writer();
    let mut chunks = Vec::new();
    for delta in deltas {
        writer.write(delta, &mut |chunk| chunks.push(chunk.to_owned()));
    }
    writer.finish(&mut |chunk| chunks.push(chunk.to_owned()));
    chunks
}

/// Panics unless a reader that is strict about everything takes these chunks of a whole answer.
#[track_caller]
pub fn judge<S: AsRef<str>>(chunks: &[S]) {
    #[derive(Default)]
    struct Choice {
        role: bool,
        finished: bool,
    }
    let mut head: Option<[Value; 4]> = None;
    let mut choices: BTreeMap<u64, Choice> = BTreeMap::new();
    let mut counted = false;
    for chunk in chunks {
        let text = chunk.as_ref();
        let mut chunk: serde_json::Map<String, Value> = serde_json::from_str(text).unwrap();
        assert!(!counted, "something follows usage: {text}");
        let here = ["id", "object", "created", "model"].map(|name| chunk.remove(name).unwrap_or_default());
        assert!(here[0].is_string() && here[2].is_u64() && here[3].is_string(), "{text}");
        assert_eq!(here[1], "chat.completion.chunk", "{text}");
        assert_eq!(
            head.get_or_insert_with(|| here.clone()),
            &here,
            "the head changes: {text}"
        );
        let here = chunk.remove("choices").unwrap_or_default();
        let here = here.as_array().unwrap();
        if let Some(usage) = chunk.remove("usage") {
            counted = true;
            assert!(here.is_empty(), "a choice beside usage: {text}");
            for name in ["prompt_tokens", "completion_tokens", "total_tokens"] {
                assert!(usage[name].is_u64(), "incomplete usage: {text}");
            }
        } else {
            assert_eq!(here.len(), 1, "{text}");
            let choice = choices.entry(here[0]["index"].as_u64().unwrap()).or_default();
            let delta = here[0]["delta"].as_object().unwrap();
            let role = delta.get("role");
            assert!(role.is_none_or(|role| role == "assistant"), "{text}");
            assert_ne!(role.is_some(), choice.role, "the role comes once and first: {text}");
            choice.role = true;
            for name in ["content", "refusal", "reasoning_content"] {
                assert!(delta.get(name).is_none_or(Value::is_string), "{text}");
            }
            for call in delta
                .get("tool_calls")
                .map_or(&[][..], |calls| calls.as_array().unwrap())
            {
                assert!(
                    call["index"].is_u64() && call["function"]["arguments"].is_string(),
                    "{text}"
                );
            }
            let finish = &here[0]["finish_reason"];
            assert!(finish.is_null() || finish.is_string(), "{text}");
            assert!(finish.is_null() || !choice.finished, "a second finish reason: {text}");
            choice.finished |= finish.is_string();
        }
        assert!(chunk.is_empty(), "nobody knows {chunk:?} in {text}");
    }
    assert!(
        choices.values().all(|choice| choice.finished),
        "a finish reason is missing"
    );
}

/// Any deltas in an order that a dialect's decoder gives them.
fn deltas() -> impl Strategy<Value = Vec<Delta<'static>>> {
    let text = || "[ -~é\n😀]{1,6}".prop_map(Cow::Owned);
    let json = || select(vec!["1", "\"x\"", "{\"a\": [1, null]}", "[ ]"]).prop_map(Cow::Borrowed);
    let logprobs = select(vec![
        r#"{"content":[{"token":"a"}]}"#,
        r#"{"content":[],"refusal":null}"#,
        r#"{"content":null,"refusal":[{"token":"b"}]}"#,
    ]);
    let choice = || 0..3_u32;
    let delta = prop_oneof![
        2 => text().prop_map(Delta::Id),
        2 => text().prop_map(Delta::Model),
        2 => (1..9_u64).prop_map(Delta::Created),
        9 => (choice(), text()).prop_map(|(choice, text)| Delta::Content { choice, text }),
        3 => (choice(), text()).prop_map(|(choice, text)| Delta::Reasoning { choice, text }),
        2 => (choice(), text()).prop_map(|(choice, text)| Delta::Refusal { choice, text }),
        2 => (choice(), 0..2_u32, prop::option::of(text()), prop::option::of(text()), text())
            .prop_map(|(choice, index, id, name, arguments)| Delta::Tool { choice, index, id, name, arguments }),
        3 => (choice(), text()).prop_map(|(choice, reason)| Delta::Finish { choice, reason }),
        2 => (prop::option::of(0..9_u64), 0..9_u64, 0..9_u64).prop_map(|(prompt, completion, total)| {
            let json = json!({"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": total});
            Delta::Usage(Usage { prompt, completion: Some(completion), total: Some(total), json: Cow::Owned(json.to_string()) })
        }),
        1 => json().prop_map(|json| Delta::Extra { place: Place::Chunk, name: "tier".into(), json }),
        1 => (choice(), json()).prop_map(|(choice, json)| Delta::Extra { place: Place::Choice(choice), name: "mask".into(), json }),
        1 => (choice(), logprobs).prop_map(|(choice, json)| Delta::Extra { place: Place::Choice(choice), name: "logprobs".into(), json: json.into() }),
        1 => (choice(), json()).prop_map(|(choice, json)| Delta::Extra { place: Place::Message(choice), name: "a\"b".into(), json }),
    ];
    vec(delta, 0..16).prop_map(|deltas| {
        let (mut told, mut opened, mut finished) = ([false; 3], [false; 3], [false; 3]);
        let mut calls = [0; 3];
        let mut ordered = Vec::new();
        for mut delta in deltas {
            // A call has its id and its name in its first piece.
            if let Delta::Tool {
                choice,
                index,
                id,
                name,
                ..
            } = &mut delta
            {
                let begun = &mut calls[*choice as usize];
                *index = (*index).min(*begun);
                let is_new = *index == *begun;
                *begun += u32::from(is_new);
                *id = is_new.then(|| format!("call {index}").into());
                *name = is_new.then(|| "f".into());
            }
            let repeated = match &delta {
                Delta::Id(_) => std::mem::replace(&mut told[0], true),
                Delta::Model(_) => std::mem::replace(&mut told[1], true),
                Delta::Created(_) => std::mem::replace(&mut told[2], true),
                Delta::Finish { choice, .. } => std::mem::replace(&mut finished[*choice as usize], true),
                _ => false,
            };
            if repeated {
                continue;
            }
            if let Some(choice) = choice_of(&delta)
                && !std::mem::replace(&mut opened[choice as usize], true)
            {
                ordered.push(open(choice));
            }
            ordered.push(delta);
        }
        ordered
    })
}

fn choice_of(delta: &Delta<'_>) -> Option<u32> {
    match delta {
        Delta::Open { choice }
        | Delta::Content { choice, .. }
        | Delta::Reasoning { choice, .. }
        | Delta::Refusal { choice, .. }
        | Delta::Tool { choice, .. }
        | Delta::Finish { choice, .. } => Some(*choice),
        Delta::Extra { place, .. } => match place {
            Place::Choice(choice) | Place::Message(choice) | Place::Call { choice, .. } => Some(*choice),
            Place::Chunk => None,
        },
        Delta::Id(_) | Delta::Model(_) | Delta::Created(_) | Delta::Usage(_) => None,
    }
}

fn completion<'d>(deltas: impl IntoIterator<Item = &'d Delta<'d>>) -> Value {
    let mut completion = Completion::default();
    deltas.into_iter().for_each(|delta| completion.take(delta));
    let mut json = String::new();
    completion.write(&mut json);
    serde_json::from_str(&json).unwrap()
}

#[test]
fn any_answer_goes_out_as_the_strictest_reader_takes_it() {
    holds(deltas(), |deltas| judge(&write(&deltas)));
}

#[test]
fn what_goes_out_is_read_back_as_the_same_answer() {
    holds(deltas(), |deltas| {
        let chunks = write(&deltas);
        let mut decoder = Provider::OpenAi.decoder(false);
        let payloads: Vec<Payload<'_>> = chunks
            .iter()
            .map(|chunk| Payload {
                kind: "message",
                text: Cow::Borrowed(chunk),
            })
            .collect();
        let mut read = Vec::new();
        for payload in &payloads {
            let said = decoder.decode(payload);
            // A writer that is owed a finish reason does not know of calls.
            let is_owed = payload.text.ends_with(r#""finish_reason":"stop"}]}"#);
            assert!(
                said.chunk.is_some() || is_owed,
                "it would be passed on: {}",
                payload.text
            );
            read.extend(said.deltas);
        }
        // What has no place in a chunk, or came when its place had been written, is left out; what is owed is put in.
        let mut expected = vec![
            Delta::Id("fallback".into()),
            Delta::Model("none".into()),
            Delta::Created(5),
        ];
        let mut begun = false;
        let mut waiting = [false; 3];
        for delta in &deltas {
            begun |= matches!(delta, Delta::Open { .. });
            match delta {
                Delta::Id(_) | Delta::Model(_) | Delta::Created(_) if begun => continue,
                Delta::Usage(Usage { prompt: None, .. })
                | Delta::Extra {
                    place: Place::Chunk, ..
                } => continue,
                Delta::Extra {
                    place: Place::Choice(_),
                    name,
                    ..
                } if name != "logprobs" => continue,
                Delta::Open { choice } => waiting[*choice as usize] = true,
                Delta::Finish { choice, .. } => waiting[*choice as usize] = false,
                _ => {}
            }
            expected.push(delta.clone());
        }
        expected.extend((0..).zip(waiting).filter(|(_, waits)| *waits).map(|(choice, _)| {
            let has_called = |delta: &Delta<'_>| matches!(delta, Delta::Tool { choice: of, .. } if *of == choice);
            finishes(
                choice,
                if deltas.iter().any(has_called) {
                    "tool_calls"
                } else {
                    "stop"
                },
            )
        }));
        if !chunks.is_empty() {
            assert_eq!(completion(&read), completion(&expected));
        }
    });
}

#[test]
fn each_delta_has_its_chunk() {
    let place = Place::Message(1);
    let rows = [
        (open(1), json!({"role": "assistant", "content": ""})),
        (says(1, "a\"\n"), json!({"content": "a\"\n"})),
        (thinks(1, "hm"), json!({"reasoning_content": "hm"})),
        (refuses(1, "no"), json!({"refusal": "no"})),
        (
            calls(1, 2, "t", "f", "{"),
            json!({"tool_calls": [{"index": 2, "id": "t", "type": "function", "function": {"name": "f", "arguments": "{"}}]}),
        ),
        (
            calls(1, 0, "", "", "}"),
            json!({"tool_calls": [{"index": 0, "function": {"arguments": "}"}}]}),
        ),
        (extra(place, "audio", "[1, 2]"), json!({"audio": [1, 2]})),
        (
            extra(Place::Call { choice: 1, index: 2 }, "extra_content", "{\"a\": 1}"),
            json!({"tool_calls": [{"index": 2, "function": {"arguments": ""}, "extra_content": {"a": 1}}]}),
        ),
    ];
    for (delta, expected) in rows {
        let mut chunks: Vec<Value> = Vec::new();
        writer().write(&delta, &mut |chunk| chunks.push(serde_json::from_str(chunk).unwrap()));
        assert_eq!(
            chunks,
            [json!({
                "id": "fallback", "object": "chat.completion.chunk", "created": 5, "model": "none",
                "choices": [{"index": 1, "delta": expected, "finish_reason": null}]
            })]
        );
    }
}

#[test]
fn log_probabilities_and_finish_reasons_stand_beside_an_empty_delta() {
    let deltas = [
        open(0),
        extra(Place::Choice(0), "logprobs", r#"{"content":[]}"#),
        finishes(0, "length"),
    ];
    let chunks: Vec<Value> = write(&deltas)
        .iter()
        .map(|chunk| serde_json::from_str(chunk).unwrap())
        .collect();
    let choices: Vec<&Value> = chunks.iter().map(|chunk| &chunk["choices"][0]).collect();
    assert_eq!(
        choices[1..],
        [
            &json!({"index": 0, "delta": {}, "logprobs": {"content": []}, "finish_reason": null}),
            &json!({"index": 0, "delta": {}, "finish_reason": "length"})
        ]
    );
}

#[test]
fn usage_waits_for_the_end_and_the_last_complete_one_counts() {
    let deltas = [
        counts(r#"{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}"#),
        open(0),
        counts(r#"{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3,"x":[]}"#),
        counts(r#"{"prompt_tokens":1,"completion_tokens":null}"#),
    ];
    let chunks = write(&deltas);
    assert_eq!(chunks.len(), 3, "role, finish and usage: {chunks:?}");
    assert_eq!(
        serde_json::from_str::<Value>(&chunks[2]).unwrap(),
        json!({
            "id": "fallback", "object": "chat.completion.chunk", "created": 5, "model": "none", "choices": [],
            "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3, "x": []}
        })
    );
}

#[test]
fn nothing_is_owed_for_what_was_passed_on() {
    let mut writer = writer();
    let mut chunks = Vec::new();
    let deltas = [
        Delta::Id("a".into()),
        open(0),
        says(0, "Hi"),
        finishes(0, "stop"),
        counts(r#"{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}"#),
        open(1),
    ];
    writer.write(&deltas[4], &mut |_| panic!("usage waits for the end"));
    for delta in &deltas {
        writer.pass(delta);
    }
    writer.finish(&mut |chunk| chunks.push(chunk.to_owned()));
    assert_eq!(chunks.len(), 1, "{chunks:?}");
    let chunk: Value = serde_json::from_str(&chunks[0]).unwrap();
    assert_eq!((&chunk["id"], &chunk["choices"][0]["index"]), (&json!("a"), &json!(1)));
    assert_eq!(chunk["choices"][0]["finish_reason"], "stop");
}

/// The chunks for payloads that say these deltas, but for their heads, and what is owed behind them.
fn rewritten(payloads: &[&[Delta<'_>]]) -> Vec<Value> {
    let mut writer = writer();
    let mut chunks = Vec::new();
    for payload in payloads {
        writer.rewrite(payload, &mut |chunk| chunks.push(chunk.to_owned()));
    }
    writer.finish(&mut |chunk| chunks.push(chunk.to_owned()));
    let bodies = chunks.iter().map(|chunk| {
        let mut chunk: serde_json::Map<String, Value> = serde_json::from_str(chunk).unwrap();
        for name in ["id", "object", "created", "model"] {
            assert!(chunk.remove(name).is_some());
        }
        Value::Object(chunk)
    });
    bodies.collect()
}

#[test]
fn a_chunk_that_is_written_anew_keeps_what_is_unknown() {
    let delta = |index: u32, delta: &Value| json!({"index": index, "delta": delta, "finish_reason": null});
    let payload = [
        open(0),
        says(0, "a"),
        extra(Place::Chunk, "x_chunk", "{\"a\":[1]}"),
        open(1),
        extra(Place::Choice(1), "logprobs", r#"{"content":[]}"#),
        says(1, "b"),
        extra(Place::Choice(0), "x_choice", "true"),
    ];
    let beside = |index: u32, name: &str, value: Value| {
        let mut choice = delta(index, &json!({}));
        choice[name] = value;
        json!({"choices": [choice]})
    };
    let begun = json!({"role": "assistant", "content": ""});
    assert_eq!(
        rewritten(&[&payload])[..6],
        [
            json!({"choices": [delta(0, &begun)], "x_chunk": {"a": [1]}}),
            json!({"choices": [delta(0, &json!({"content": "a"}))]}),
            json!({"choices": [delta(1, &begun)]}),
            beside(1, "logprobs", json!({"content": []})),
            json!({"choices": [delta(1, &json!({"content": "b"}))]}),
            beside(0, "x_choice", true.into()),
        ]
    );
}

#[test]
fn what_is_unknown_in_a_payload_without_words_is_kept_as_well() {
    let filter = [extra(Place::Chunk, "filter", "1")];
    let alone = [open(0), says(0, "a")];
    let mask = [extra(Place::Choice(0), "mask", "2")];
    let usage = [
        counts(r#"{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}"#),
        extra(Place::Chunk, "x", "3"),
    ];
    let chunks = rewritten(&[&filter, &alone, &mask, &[finishes(0, "stop")], &usage]);
    assert_eq!((&chunks[0]["filter"], &chunks[1]["filter"]), (&json!(1), &Value::Null));
    assert_eq!(
        chunks[2]["choices"],
        json!([{"index": 0, "delta": {}, "finish_reason": null, "mask": 2}])
    );
    let total = json!({"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2});
    assert_eq!(chunks[4..], [json!({"choices": [], "usage": total, "x": 3})]);
    assert_eq!(rewritten(&[&filter]), [json!({"choices": [], "filter": 1})]);
}
