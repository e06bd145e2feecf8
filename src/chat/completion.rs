//! The whole answer, gathered from its pieces.

use std::fmt::Write as _;

use super::parsed::{no_json, write_parsed};
use super::{Delta, Parse, Place};
use crate::error::Error;
use crate::json::{Partial, Value, write_string};

/// Gathers deltas into one chat completion.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Completion {
    id: Option<String>,
    model: Option<String>,
    created: u64,
    /// Ordered by index.
    choices: Vec<Choice>,
    usage: Option<Totals>,
    extras: Extras,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Choice {
    index: u32,
    content: Option<String>,
    reasoning: Option<String>,
    refusal: Option<String>,
    /// Ordered by index.
    tools: Vec<Tool>,
    finish: Option<String>,
    logprobs: Option<Value>,
    extras: Extras,
    /// Members of the message that come in pieces, see [`PIECEWISE`].
    pieces: Vec<(String, Value)>,
    message_extras: Extras,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Tool {
    index: u32,
    id: String,
    name: String,
    arguments: String,
    extras: Extras,
}

#[derive(Clone, Debug, PartialEq)]
struct Totals {
    prompt: Option<u64>,
    completion: Option<u64>,
    total: Option<u64>,
    json: String,
}

/// Members of a message of which each chunk has a piece; of others the last value counts. `audio` and `annotations` are
/// `OpenAI`'s («The chat completion object»), as is `function_call`, which `tool_calls` have replaced; `OpenRouter` has
/// `reasoning_details` and `images`. The last is what is kept of Anthropic's messages.
const PIECEWISE: [&str; 6] = [
    "audio",
    "annotations",
    "function_call",
    "reasoning_details",
    "images",
    "thinking_blocks",
];

/// Strings within them that are pieces of one text.
const TEXTS: [&str; 4] = ["data", "transcript", "name", "arguments"];

/// How many members of one of them are put together. The reference has some five; one that makes up thousands would have
/// each of them looked for among all.
const MEMBERS: usize = 64;

/// Members that are only passed on, as JSON; the last value of a name counts.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Extras(Vec<(String, String)>);

impl Completion {
    /// Adds one delta.
    pub fn take(&mut self, delta: &Delta<'_>) {
        match delta {
            Delta::Id(id) => self.id = Some(id.as_ref().to_owned()),
            Delta::Model(model) => self.model = Some(model.as_ref().to_owned()),
            Delta::Created(created) => self.created = *created,
            Delta::Open { choice } => {
                self.choice(*choice);
            }
            Delta::Content { choice, text } => append(&mut self.choice(*choice).content, text),
            Delta::Reasoning { choice, text } => append(&mut self.choice(*choice).reasoning, text),
            Delta::Refusal { choice, text } => append(&mut self.choice(*choice).refusal, text),
            Delta::Tool {
                choice,
                index,
                id,
                name,
                arguments,
            } => {
                let tool = self.choice(*choice).tool(*index);
                tool.id.push_str(id.as_deref().unwrap_or_default());
                tool.name.push_str(name.as_deref().unwrap_or_default());
                tool.arguments.push_str(arguments);
            }
            Delta::Finish { choice, reason } => self.choice(*choice).finish = Some(reason.as_ref().to_owned()),
            Delta::Usage(usage) => {
                self.usage = Some(Totals {
                    prompt: usage.prompt,
                    completion: usage.completion,
                    total: usage.total,
                    json: usage.json.as_ref().to_owned(),
                });
            }
            Delta::Extra { place, name, json } => match place {
                Place::Chunk => self.extras.set(name, json),
                Place::Choice(choice) if name == "logprobs" => self.choice(*choice).add_logprobs(json),
                Place::Choice(choice) => self.choice(*choice).extras.set(name, json),
                Place::Message(choice) if PIECEWISE.contains(&name.as_ref()) => self.choice(*choice).add(name, json),
                Place::Message(choice) => self.choice(*choice).message_extras.set(name, json),
                Place::Call { choice, index } => self.choice(*choice).tool(*index).extras.set(name, json),
            },
        }
    }

    fn choice(&mut self, index: u32) -> &mut Choice {
        // Nearly always the only one, and it is there.
        let at = self.choices.partition_point(|choice| choice.index < index);
        if self.choices.get(at).is_none_or(|choice| choice.index != index) {
            self.choices.insert(
                at,
                Choice {
                    index,
                    ..Choice::default()
                },
            );
        }
        #[expect(clippy::indexing_slicing, reason = "it was there or has just been put there")]
        &mut self.choices[at]
    }

    /// It has come to a good end: a message without a finish reason of its own has ended all the same.
    pub fn finish(&mut self) {
        for choice in &mut self.choices {
            choice.finish.get_or_insert_with(|| "stop".to_owned());
        }
    }

    /// What is wrong with the answer if the content of its messages had to be JSON. A message that refuses,
    /// calls functions or is spoken need not have any.
    #[must_use]
    pub fn no_json(&self) -> Option<Error> {
        let mut said = self
            .choices
            .iter()
            .filter(|choice| choice.refusal.is_none() && choice.tools.is_empty() && choice.pieces.is_empty());
        said.find_map(|choice| no_json(choice.content.as_deref().unwrap_or_default(), choice.finish.as_deref()))
    }

    /// Whether no message has begun.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.choices.is_empty()
    }

    /// The words of the first choice so far.
    #[must_use]
    pub fn content(&self) -> &str {
        self.choices
            .first()
            .filter(|choice| choice.index == 0)
            .and_then(|choice| choice.content.as_deref())
            .unwrap_or_default()
    }

    /// Prompt, completion and total tokens, as far as the upstream told.
    #[must_use]
    pub fn usage(&self) -> Option<(Option<u64>, Option<u64>, Option<u64>)> {
        self.usage
            .as_ref()
            .map(|usage| (usage.prompt, usage.completion, usage.total))
    }

    /// Appends the completion as JSON, in the shape of `OpenAI`'s `chat.completion`.
    pub fn write(&self, out: &mut String) {
        self.write_parsed(Parse::default(), out);
    }

    /// The same, and what is to be parsed in `parsed` and `parsed_arguments`, as in `OpenAI`'s own package: `null` where it
    /// is no JSON.
    pub fn write_parsed(&self, parse: Parse, out: &mut String) {
        out.push_str("{\"id\":");
        write_string(out, self.id.as_deref().unwrap_or_default());
        let _ = write!(
            out,
            ",\"object\":\"chat.completion\",\"created\":{},\"model\":",
            self.created
        );
        write_string(out, self.model.as_deref().unwrap_or_default());
        out.push_str(",\"choices\":[");
        for (position, choice) in self.choices.iter().enumerate() {
            if position > 0 {
                out.push(',');
            }
            choice.write(parse, out);
        }
        out.push(']');
        if let Some(usage) = &self.usage {
            out.push_str(",\"usage\":");
            out.push_str(&usage.json);
        }
        self.extras.write(out);
        out.push('}');
    }

    /// Appends one call of choice 0 as it stands, see [`super::Calls`].
    pub(super) fn write_call(&self, index: u32, arguments: &Partial, is_done: bool, out: &mut String) {
        let first = self.choices.first().filter(|choice| choice.index == 0);
        let Some(tool) = first.and_then(|choice| choice.tools.iter().find(|tool| tool.index == index)) else {
            return out.push_str("null");
        };
        let _ = write!(out, "{{\"index\":{index},\"id\":");
        write_string(out, &tool.id);
        out.push_str(",\"name\":");
        write_string(out, &tool.name);
        out.push_str(",\"arguments\":");
        write_string(out, &tool.arguments);
        if arguments.has_value() {
            out.push_str(",\"value\":");
            arguments.write(&tool.arguments, out);
        } else if is_done && tool.arguments.trim_ascii().is_empty() {
            out.push_str(",\"value\":{}");
        }
        let _ = write!(out, ",\"done\":{is_done}}}");
    }
}

impl Choice {
    fn tool(&mut self, index: u32) -> &mut Tool {
        let at = self.tools.partition_point(|tool| tool.index < index);
        if self.tools.get(at).is_none_or(|tool| tool.index != index) {
            self.tools.insert(
                at,
                Tool {
                    index,
                    ..Tool::default()
                },
            );
        }
        #[expect(clippy::indexing_slicing, reason = "it was there or has just been put there")]
        &mut self.tools[at]
    }

    /// Log probabilities come in lists, one per chunk, which belong end to end.
    fn add_logprobs(&mut self, json: &str) {
        if let Ok(piece @ Value::Object(_)) = Value::parse(json) {
            match &mut self.logprobs {
                Some(whole) => join(whole, piece),
                whole => *whole = Some(piece),
            }
        }
    }

    /// A piece of a member of the message.
    fn add(&mut self, name: &str, json: &str) {
        if let Ok(piece) = Value::parse(json) {
            match self.pieces.iter_mut().find(|(known, _)| known == name) {
                Some((_, whole)) => join(whole, piece),
                None => self.pieces.push((name.to_owned(), piece)),
            }
        }
    }

    fn write(&self, parse: Parse, out: &mut String) {
        let _ = write!(
            out,
            "{{\"index\":{},\"message\":{{\"role\":\"assistant\",\"content\":",
            self.index
        );
        write_nullable(out, self.content.as_deref());
        out.push_str(",\"refusal\":");
        write_nullable(out, self.refusal.as_deref());
        if let Some(reasoning) = &self.reasoning {
            out.push_str(",\"reasoning_content\":");
            write_string(out, reasoning);
        }
        if !self.tools.is_empty() {
            out.push_str(",\"tool_calls\":[");
            for (position, tool) in self.tools.iter().enumerate() {
                out.push_str(if position > 0 { ",{\"id\":" } else { "{\"id\":" });
                write_string(out, &tool.id);
                out.push_str(",\"type\":\"function\",\"function\":{\"name\":");
                write_string(out, &tool.name);
                out.push_str(",\"arguments\":");
                write_string(out, &tool.arguments);
                if parse.arguments {
                    out.push_str(",\"parsed_arguments\":");
                    write_parsed(out, Some(&tool.arguments), true);
                }
                out.push('}');
                tool.extras.write(out);
                out.push('}');
            }
            out.push(']');
        }
        for (name, value) in &self.pieces {
            out.push(',');
            write_string(out, name);
            out.push(':');
            value.write(out);
        }
        self.message_extras.write(out);
        if parse.content {
            out.push_str(",\"parsed\":");
            write_parsed(out, self.content.as_deref().filter(|_| self.refusal.is_none()), false);
        }
        out.push_str("},\"logprobs\":");
        match &self.logprobs {
            Some(logprobs) => logprobs.write(out),
            None => out.push_str("null"),
        }
        out.push_str(",\"finish_reason\":");
        write_nullable(out, self.finish.as_deref());
        self.extras.write(out);
        out.push('}');
    }
}

/// Puts a piece to what came before: lists and texts end to end, of all else the last counts.
fn join(whole: &mut Value, piece: Value) {
    match (whole, piece) {
        (Value::Array(all), Value::Array(more)) => all.extend(more),
        (Value::Object(members), Value::Object(pieces)) => {
            for (name, piece) in pieces {
                let is_full = members.len() >= MEMBERS;
                let known = members.iter_mut().take(MEMBERS).find(|(known, _)| *known == name);
                match (known, piece) {
                    (Some((_, Value::String(text))), Value::String(more)) if TEXTS.contains(&name.as_str()) => {
                        text.push_str(&more);
                    }
                    (Some((_, known)), piece) => join(known, piece),
                    (None, piece) if !is_full => members.push((name, piece)),
                    (None, _) => {}
                }
            }
        }
        (_, Value::Null) => {}
        (whole, piece) => *whole = piece,
    }
}

impl Extras {
    /// How many names are kept. No server sends more than some dozen; one that makes up thousands would have each of them
    /// looked for among all.
    const MOST: usize = 256;

    pub(super) fn set(&mut self, name: &str, json: &str) {
        match self.0.iter().position(|(known, _)| known == name) {
            Some(at) => {
                if let Some((_, value)) = self.0.get_mut(at).filter(|(_, value)| value != json) {
                    json.clone_into(value);
                }
            }
            None if self.0.len() == Self::MOST => {}
            None => self.0.push((name.to_owned(), json.to_owned())),
        }
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.0.retain(|(known, _)| known != name);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each with a comma before it.
    pub(super) fn write(&self, out: &mut String) {
        for (name, json) in &self.0 {
            out.push(',');
            write_string(out, name);
            out.push(':');
            out.push_str(json);
        }
    }
}

fn append(to: &mut Option<String>, text: &str) {
    to.get_or_insert_default().push_str(text);
}

fn write_nullable(out: &mut String, text: Option<&str>) {
    match text {
        Some(text) => write_string(out, text),
        None => out.push_str("null"),
    }
}
