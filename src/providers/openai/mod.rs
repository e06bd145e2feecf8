//! `OpenAI`'s chat completions: the dialect that everything is translated into, and what other servers make of it.
//!
//! Sources: the `OpenAI` API reference, «The chat completion chunk object» and «Create chat completion». Where others
//! differ from it, the rule names one of them, and the thread or the recorded stream that shows it.

mod calls;
mod choices;
mod content;
pub(super) mod failure;
mod finish;
mod form;
mod native;
mod reader;
mod request;
mod tools;
mod usage;

use std::borrow::Cow;

use calls::Calls;
use choices::{Choices, Part};
use reader::Reader;

use super::Decoded;
use crate::chat::Delta;
use crate::error::{Error, StreamKind};
use crate::framing::{self, Payload};

pub(super) use form::{Form, Strings};
pub(super) use request::{encode, is_single, post, settle};

/// Where one is in an answer.
#[derive(Clone, Debug)]
pub struct Decoder {
    state: State,
    calls: Calls,
    /// `[DONE]` was seen.
    done: bool,
    /// What the last chunk looked like.
    form: Option<Form>,
}

/// What changes while a chunk is read, and must be as before if it proves to be broken.
#[derive(Clone, Copy, Debug)]
struct State {
    /// Which of id, model and time have been told.
    told: u8,
    choices: Choices,
    /// How many of the three token counts have been told.
    counts: usize,
}

impl Decoder {
    /// `is_single` says that one alternative was asked for; else as many as there are indices are told apart.
    pub(super) fn new(is_single: bool) -> Self {
        Self {
            state: State {
                told: 0,
                choices: Choices::new(is_single),
                counts: 0,
            },
            calls: Calls::default(),
            done: false,
            form: None,
        }
    }

    pub(super) fn decode<'a>(&mut self, payload: &'a Payload<'_>) -> Decoded<'a> {
        let text = payload.text.as_ref();
        let is_error = payload.kind == "error";
        if !is_error && let Some((deltas, is_chunk)) = self.form.as_ref().and_then(|form| form.read(text)) {
            return Decoded {
                deltas,
                chunk: is_chunk.then_some(text),
                end: None,
            };
        }
        let trimmed = text.trim_ascii();
        if trimmed.is_empty() {
            return Decoded::NOTHING;
        }
        if is_error && trimmed != framing::DONE {
            return Decoded {
                end: Some(Err(failure::reported(text))),
                ..Decoded::NOTHING
            };
        }
        let before = self.state;
        let read = self.value(text, trimmed);
        let is_broken =
            |end: &Result<(), Error>| matches!(end, Err(error) if error.kind() == Some(StreamKind::Malformed));
        if !read.end.as_ref().is_some_and(is_broken) {
            return read;
        }
        let parts = framing::parts(text);
        if parts.is_empty() {
            return read;
        }
        self.state = before;
        let mut decoded = Decoded::NOTHING;
        for part in parts {
            let Decoded { deltas, end, .. } = self.value(part, part);
            decoded.deltas.extend(deltas);
            decoded.end = end;
            if decoded.end.is_some() {
                break;
            }
        }
        decoded
    }

    /// Reads one chunk, or `[DONE]`.
    fn value<'a>(&mut self, text: &'a str, trimmed: &str) -> Decoded<'a> {
        self.form = None;
        if trimmed == framing::DONE {
            self.done = true;
            return Decoded {
                end: Some(self.end()),
                ..Decoded::NOTHING
            };
        }
        let mut reader = Reader::new(text, self);
        let read = reader.chunk();
        let is_chunk = read.is_ok() && reader.is_chunk();
        let Reader {
            strings, deltas, error, ..
        } = reader;
        let end = match (read, error) {
            (_, Some(error)) => Some(Err(failure::reported(error))),
            (Err(malformed), None) => Some(Err(failure::unreadable(text, &malformed))),
            (Ok(()), None) => None,
        };
        if end.is_none() {
            self.form = Form::of(text, strings, &deltas, is_chunk);
        }
        Decoded {
            deltas,
            chunk: is_chunk.then_some(text),
            end,
        }
    }

    pub(super) fn words<'a>(&mut self, text: &'a str) -> Decoded<'a> {
        let mut deltas = Vec::with_capacity(2);
        if !text.is_empty() {
            self.done = true;
            let choice = self.state.choices.saying(0, Part::Words);
            if self.state.choices.open(choice) {
                deltas.push(Delta::Open { choice });
            }
            deltas.push(Delta::Content {
                choice,
                text: Cow::Borrowed(text),
            });
        }
        Decoded {
            deltas,
            ..Decoded::NOTHING
        }
    }

    pub(super) fn is_finished(&self) -> bool {
        self.state.choices.are_finished()
    }

    pub(super) fn end(&self) -> Result<(), Error> {
        let is_begun = !self.state.choices.is_empty();
        super::ended(is_begun, self.done || self.is_finished(), "chat completion chunk")
    }
}
