//! Writing an answer as chunks that the strictest reader takes.

use std::fmt::Write as _;

use super::completion::Extras;
use super::{Delta, Place};
use crate::json::write_string;

/// Turns deltas into `chat.completion.chunk` objects, one choice in each: a string id and model that stay the same, the
/// role once and first, one finish reason a choice, usage last, and only when its numbers are complete.
#[derive(Clone, Debug)]
pub struct ChunkWriter {
    /// Everything from the opening brace to the bracket of `choices`, once the first chunk was written.
    head: String,
    id: String,
    model: String,
    created: u64,
    open: u128,
    finished: u128,
    usage: Option<String>,
    /// Members that are to stand in the next chunk; see [`ChunkWriter::rewrite`].
    extras: Extras,
}

impl ChunkWriter {
    /// What the answer is called if its upstream gives it no id, model or time of its own before the first chunk.
    /// `created` is in seconds since 1970.
    #[must_use]
    pub fn new(id: String, model: String, created: u64) -> Self {
        Self {
            head: String::new(),
            id,
            model,
            created,
            open: 0,
            finished: 0,
            usage: None,
            extras: Extras::default(),
        }
    }

    /// The chunks for all deltas of one payload, with the members of it that the vocabulary has no place for: those of the
    /// payload in the first chunk there is, those of a choice in chunks of their own.
    pub fn rewrite(&mut self, deltas: &[Delta<'_>], emit: &mut dyn FnMut(&str)) {
        for delta in deltas {
            if let Delta::Extra {
                place: Place::Chunk,
                name,
                json,
            } = delta
            {
                self.extras.set(name, json);
            }
        }
        for delta in deltas {
            match delta {
                Delta::Extra {
                    place: Place::Choice(choice),
                    name,
                    json,
                } => self.beside(*choice, name, json, emit),
                _ => self.write(delta, emit),
            }
        }
    }

    /// The chunk for one delta, given to `emit` as JSON; nothing for a delta that has to wait or has no place.
    pub fn write(&mut self, delta: &Delta<'_>, emit: &mut dyn FnMut(&str)) {
        match delta {
            Delta::Id(id) => id.as_ref().clone_into(&mut self.id),
            Delta::Model(model) => model.as_ref().clone_into(&mut self.model),
            Delta::Created(created) => self.created = *created,
            Delta::Open { choice } => {
                self.open |= bit(*choice);
                self.chunk(*choice, None, emit, &|out| {
                    out.push_str("\"role\":\"assistant\",\"content\":\"\"");
                });
            }
            Delta::Content { choice, text } => self.words(*choice, "content", text, emit),
            Delta::Reasoning { choice, text } => self.words(*choice, "reasoning_content", text, emit),
            Delta::Refusal { choice, text } => self.words(*choice, "refusal", text, emit),
            Delta::Tool {
                choice,
                index,
                id,
                name,
                arguments,
            } => self.chunk(*choice, None, emit, &|out| {
                let _ = write!(out, "\"tool_calls\":[{{\"index\":{index}");
                if let Some(id) = id {
                    out.push_str(",\"id\":");
                    write_string(out, id);
                    out.push_str(",\"type\":\"function\"");
                }
                out.push_str(",\"function\":{");
                if let Some(name) = name {
                    out.push_str("\"name\":");
                    write_string(out, name);
                    out.push(',');
                }
                out.push_str("\"arguments\":");
                write_string(out, arguments);
                out.push_str("}}]");
            }),
            Delta::Finish { choice, reason } => self.finish_choice(*choice, reason, emit),
            Delta::Usage(usage) => {
                if let (Some(_), Some(_), Some(_)) = (usage.prompt, usage.completion, usage.total) {
                    self.usage = Some(usage.json.as_ref().to_owned());
                }
            }
            Delta::Extra { place, name, json } => match place {
                Place::Message(choice) => self.chunk(*choice, None, emit, &|out| {
                    write_string(out, name);
                    out.push(':');
                    out.push_str(json);
                }),
                Place::Call { choice, index } => self.chunk(*choice, None, emit, &|out| {
                    let _ = write!(
                        out,
                        "\"tool_calls\":[{{\"index\":{index},\"function\":{{\"arguments\":\"\"}},"
                    );
                    write_string(out, name);
                    let _ = write!(out, ":{json}}}]");
                }),
                Place::Choice(choice) if name == "logprobs" => self.beside(*choice, name, json, emit),
                Place::Choice(_) | Place::Chunk => {}
            },
        }
    }

    /// Takes note of a delta that reached the reader in another chunk, so that none of it is said again.
    pub fn pass(&mut self, delta: &Delta<'_>) {
        match delta {
            Delta::Id(_) | Delta::Model(_) | Delta::Created(_) => self.write(delta, &mut |_| {}),
            Delta::Open { choice } => self.open |= bit(*choice),
            Delta::Finish { choice, .. } => self.finished |= bit(*choice),
            Delta::Usage(_) => self.usage = None,
            Delta::Extra {
                place: Place::Chunk,
                name,
                ..
            } => self.extras.remove(name),
            _ => {}
        }
    }

    /// What is still owed at the end of an answer that ended well: a finish reason for each choice without one, usage.
    pub fn finish(&mut self, emit: &mut dyn FnMut(&str)) {
        let mut waiting = self.open & !self.finished;
        while waiting != 0 {
            self.finish_choice(waiting.trailing_zeros(), "stop", emit);
            waiting &= waiting - 1;
        }
        let usage = self.usage.take();
        if usage.is_some() || !self.extras.is_empty() {
            self.settle_head();
            let mut last = format!("{}]", self.head);
            if let Some(usage) = usage {
                let _ = write!(last, ",\"usage\":{usage}");
            }
            self.extras.write(&mut last);
            last.push('}');
            emit(&last);
        }
    }

    fn finish_choice(&mut self, choice: u32, reason: &str, emit: &mut dyn FnMut(&str)) {
        if self.finished & bit(choice) == 0 {
            self.finished |= bit(choice);
            self.chunk(choice, Some(reason), emit, &|_| {});
        }
    }

    /// A member of a choice, beside an empty delta.
    fn beside(&mut self, choice: u32, name: &str, json: &str, emit: &mut dyn FnMut(&str)) {
        self.with_head(emit, &|out| {
            let _ = write!(out, "{{\"index\":{choice},\"delta\":{{}},");
            write_string(out, name);
            let _ = write!(out, ":{json},\"finish_reason\":null}}");
        });
    }

    fn words(&mut self, choice: u32, member: &str, text: &str, emit: &mut dyn FnMut(&str)) {
        self.chunk(choice, None, emit, &|out| {
            out.push('"');
            out.push_str(member);
            out.push_str("\":");
            write_string(out, text);
        });
    }

    fn chunk(&mut self, choice: u32, finish: Option<&str>, emit: &mut dyn FnMut(&str), delta: &dyn Fn(&mut String)) {
        self.with_head(emit, &|out| {
            // Formatting numbers takes as long as all the rest, and nearly every chunk is of the first choice.
            if choice == 0 {
                out.push_str("{\"index\":0,\"delta\":{");
            } else {
                let _ = write!(out, "{{\"index\":{choice},\"delta\":{{");
            }
            delta(out);
            out.push_str("},\"finish_reason\":");
            match finish {
                Some(reason) => write_string(out, reason),
                None => out.push_str("null"),
            }
            out.push('}');
        });
    }

    fn with_head(&mut self, emit: &mut dyn FnMut(&str), choice: &dyn Fn(&mut String)) {
        self.settle_head();
        let start = self.head.len();
        choice(&mut self.head);
        self.head.push(']');
        std::mem::take(&mut self.extras).write(&mut self.head);
        self.head.push('}');
        emit(&self.head);
        self.head.truncate(start);
    }

    fn settle_head(&mut self) {
        if self.head.is_empty() {
            self.head.push_str("{\"id\":");
            write_string(&mut self.head, &self.id);
            let _ = write!(
                self.head,
                ",\"object\":\"chat.completion.chunk\",\"created\":{},\"model\":",
                self.created
            );
            write_string(&mut self.head, &self.model);
            self.head.push_str(",\"choices\":[");
        }
    }
}

fn bit(choice: u32) -> u128 {
    1_u128.checked_shl(choice).unwrap_or(0)
}
