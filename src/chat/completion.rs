//! The whole answer, gathered from its pieces.

use std::fmt::Write as _;

use super::{Delta, Place};
use crate::json::{Value, write_string};

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
    message_extras: Extras,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Tool {
    index: u32,
    id: String,
    name: String,
    arguments: String,
}

#[derive(Clone, Debug, PartialEq)]
struct Totals {
    prompt: Option<u64>,
    completion: Option<u64>,
    total: Option<u64>,
    json: String,
}

/// Members that are only passed on, as JSON; the last value of a name counts.
#[derive(Clone, Debug, Default, PartialEq)]
struct Extras(Vec<(String, String)>);

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
                Place::Message(choice) => self.choice(*choice).message_extras.set(name, json),
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
            choice.write(out);
        }
        out.push(']');
        if let Some(usage) = &self.usage {
            out.push_str(",\"usage\":");
            out.push_str(&usage.json);
        }
        self.extras.write(out);
        out.push('}');
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
        let Ok(Value::Object(piece)) = Value::parse(json) else {
            return;
        };
        let Some(Value::Object(whole)) = &mut self.logprobs else {
            self.logprobs = Some(Value::Object(piece));
            return;
        };
        for (name, value) in piece {
            match (whole.iter_mut().find(|(known, _)| *known == name), value) {
                (Some((_, Value::Array(all))), Value::Array(more)) => all.extend(more),
                (Some(_), Value::Null) => {}
                (Some((_, known)), value) => *known = value,
                (None, value) => whole.push((name, value)),
            }
        }
    }

    fn write(&self, out: &mut String) {
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
                out.push_str("}}");
            }
            out.push(']');
        }
        self.message_extras.write(out);
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

impl Extras {
    /// How many names are kept. No server sends more than some dozen; one that makes up thousands would have each of them
    /// looked for among all.
    const MOST: usize = 256;

    fn set(&mut self, name: &str, json: &str) {
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

    fn write(&self, out: &mut String) {
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
