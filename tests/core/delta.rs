//! Deltas in short, to write and to read.

use std::borrow::Cow;

use liveavatar_llm::chat::{Delta, Place, Usage};

pub fn open(choice: u32) -> Delta<'static> {
    Delta::Open { choice }
}

pub fn says(choice: u32, text: &str) -> Delta<'_> {
    Delta::Content {
        choice,
        text: Cow::Borrowed(text),
    }
}

pub fn thinks(choice: u32, text: &str) -> Delta<'_> {
    Delta::Reasoning {
        choice,
        text: Cow::Borrowed(text),
    }
}

pub fn refuses(choice: u32, text: &str) -> Delta<'_> {
    Delta::Refusal {
        choice,
        text: Cow::Borrowed(text),
    }
}

/// A piece of a call; an empty id or name is none.
pub fn calls<'a>(choice: u32, index: u32, id: &'a str, name: &'a str, arguments: &'a str) -> Delta<'a> {
    let some = |text: &'a str| (!text.is_empty()).then_some(Cow::Borrowed(text));
    Delta::Tool {
        choice,
        index,
        id: some(id),
        name: some(name),
        arguments: Cow::Borrowed(arguments),
    }
}

pub fn finishes(choice: u32, reason: &str) -> Delta<'_> {
    Delta::Finish {
        choice,
        reason: Cow::Borrowed(reason),
    }
}

/// Token counts as in `json`.
pub fn counts(json: &str) -> Delta<'_> {
    let value: serde_json::Value = serde_json::from_str(json).unwrap();
    Delta::Usage(Usage {
        prompt: value["prompt_tokens"].as_u64(),
        completion: value["completion_tokens"].as_u64(),
        total: value["total_tokens"].as_u64(),
        json: Cow::Borrowed(json),
    })
}

pub fn extra<'a>(place: Place, name: &'a str, json: &'a str) -> Delta<'a> {
    Delta::Extra {
        place,
        name: Cow::Borrowed(name),
        json: Cow::Borrowed(json),
    }
}

/// Each in a few words.
pub fn show(deltas: &[Delta<'_>]) -> Vec<String> {
    deltas
        .iter()
        .map(|delta| match delta {
            Delta::Id(id) => format!("id {id}"),
            Delta::Model(model) => format!("model {model}"),
            Delta::Created(created) => format!("created {created}"),
            Delta::Open { choice } => format!("{choice} opens"),
            Delta::Content { choice, text } => format!("{choice} says {text}"),
            Delta::Reasoning { choice, text } => format!("{choice} thinks {text}"),
            Delta::Refusal { choice, text } => format!("{choice} refuses {text}"),
            Delta::Tool {
                choice,
                index,
                id,
                name,
                arguments,
            } => {
                let (id, name) = (id.as_deref().unwrap_or("-"), name.as_deref().unwrap_or("-"));
                format!("{choice} calls {index} {id} {name} {arguments}")
            }
            Delta::Finish { choice, reason } => format!("{choice} finishes {reason}"),
            Delta::Usage(usage) => {
                let count = |tokens: Option<u64>| tokens.map_or_else(|| "?".to_owned(), |tokens| tokens.to_string());
                format!(
                    "usage {}+{}={}",
                    count(usage.prompt),
                    count(usage.completion),
                    count(usage.total)
                )
            }
            Delta::Extra { place, name, json } => match place {
                Place::Chunk => format!("extra {name} {json}"),
                Place::Choice(choice) => format!("{choice} extra {name} {json}"),
                Place::Message(choice) => format!("{choice} message extra {name} {json}"),
                Place::Call { choice, index } => format!("{choice} call {index} extra {name} {json}"),
            },
        })
        .collect()
}
