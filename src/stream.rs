//! One streamed answer as a developer reads it: as text, as chunks, as strict bytes, as JSON or calls that grow, or whole at
//! its end.

use std::slice;

use serde::Serialize;

use crate::call::{Call, Millis, Next};
use crate::chat::{Calls, ChunkWriter, Completion, Delta, Shape, Thinking};
use crate::error::{Error, Secret};
use crate::http::{self, Response};
use crate::json::{Partial, write_string};
use crate::providers::Decoded;
use crate::speech::Spoken;
use crate::sse;

/// A [`Call`] and what is made of its answer. The call is driven through the methods of the same names; after each
/// [`Stream::push`] and at the end, take what has come with [`Stream::take`].
pub struct Stream {
    call: Call,
    reading: Reading,
    began: Millis,
}

/// What is made of the answer as it comes.
struct Reading {
    outlet: Outlet,
    /// What the outlet has made since it was last taken.
    out: String,
    completion: Completion,
    thinking: Option<Thinking>,
    shape: Shape,
    metrics: Metrics,
}

/// In which form the answer is read while it streams.
#[derive(Debug)]
pub enum Outlet {
    /// In none: only the whole is wanted.
    Nothing,
    /// The words of choice 0.
    Text,
    /// Chunks, as the elements of a JSON array without its brackets: those of the upstream as they are where they are
    /// well-formed, else new ones.
    Chunks(ChunkWriter),
    /// An event stream of strict chunks.
    Events(ChunkWriter),
    /// The content of choice 0 as a JSON text: the value so far, each time that output is taken.
    Json(Partial),
    /// The calls of choice 0, see [`Calls::write`]: all of them so far, each time that output is taken.
    Calls(Calls),
    /// The words of choice 0 as sentences that can be said: the elements of a JSON array without its brackets.
    Sentences(Box<Spoken>),
}

/// Times in milliseconds since the call began, and counts.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Metrics {
    /// Until the response headers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub headers_ms: Option<Millis>,
    /// Until the first byte of the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_byte_ms: Option<Millis>,
    /// Until the first piece of the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_token_ms: Option<Millis>,
    /// Until the first sentence was whole, where the answer is read in sentences.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_sentence_ms: Option<Millis>,
    /// Until the end, however it came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_ms: Option<Millis>,
    /// Payloads with something of the answer in them.
    pub chunks: u32,
    /// Bytes of the body.
    pub bytes: f64,
    /// Tokens used, as the upstream told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<Tokens>,
}

/// Tokens used, as the upstream told, and by its names.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tokens {
    /// Of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt_tokens: Option<u64>,
    /// Of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completion_tokens: Option<u64>,
    /// Both.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_tokens: Option<u64>,
}

impl Stream {
    /// Makes the answer of a call readable. `now` is when the call began.
    #[must_use]
    pub fn new(call: Call, now: Millis) -> Self {
        Self {
            call,
            reading: Reading {
                outlet: Outlet::Nothing,
                out: String::new(),
                completion: Completion::default(),
                thinking: None,
                shape: Shape::default(),
                metrics: Metrics::default(),
            },
            began: now,
        }
    }

    /// The same with an answer in this shape.
    #[must_use]
    pub fn shaped(mut self, shape: Shape) -> Self {
        self.reading.thinking = shape.thinking();
        self.reading.shape = shape;
        self
    }

    /// Sets the form in which the answer is read from here on; JSON and calls can be read from the beginning alone.
    pub fn read_as(&mut self, outlet: Outlet) {
        self.reading.outlet = outlet;
    }

    /// See [`Call::next`].
    #[must_use]
    pub fn next(&self) -> Next {
        self.call.next()
    }

    /// See [`Call::is_finished`].
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.call.is_finished()
    }

    /// See [`Call::request_id`].
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.call.request_id()
    }

    /// See [`Call::outcome`].
    #[must_use]
    pub fn outcome(&self) -> Option<&Result<(), Error>> {
        self.call.outcome()
    }

    /// See [`Call::deadline`].
    #[must_use]
    pub fn deadline(&self) -> Option<Millis> {
        self.call.deadline()
    }

    /// See [`Call::send`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn send(&mut self, key: Option<Secret>, now: Millis) -> Result<http::Request, Error> {
        let request = self.call.send(key, now)?;
        // Nothing of an attempt before it was handed over.
        self.reading.completion = Completion::default();
        self.reading.metrics.chunks = 0;
        Ok(request)
    }

    /// See [`Call::respond`].
    pub fn respond(&mut self, response: Response, now: Millis) {
        let metrics = &mut self.reading.metrics;
        metrics.headers_ms = Some(now - self.began);
        // The body of a refusal before it does not count.
        metrics.first_byte_ms = None;
        metrics.bytes = 0.0;
        self.call.respond(response, now);
    }

    /// See [`Call::push`].
    pub fn push(&mut self, bytes: &[u8], now: Millis) {
        let since = now - self.began;
        let Self { call, reading, .. } = self;
        reading.metrics.bytes += f64::from(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        reading.metrics.first_byte_ms.get_or_insert(since);
        call.push(bytes, now, &mut |decoded| reading.take(decoded, since));
        self.settle(now);
    }

    /// See [`Call::end`].
    pub fn end(&mut self, now: Millis) {
        let since = now - self.began;
        let Self { call, reading, .. } = self;
        call.end(now, &mut |decoded| reading.take(decoded, since));
        self.settle(now);
    }

    /// See [`Call::lose`].
    pub fn lose(&mut self, now: Millis) {
        self.call.lose(now);
        self.settle(now);
    }

    /// See [`Call::tick`].
    pub fn tick(&mut self, now: Millis) {
        self.call.tick(now);
        self.settle(now);
    }

    /// See [`Call::listen`].
    pub fn listen(&mut self, since: Millis) {
        self.call.listen(since);
    }

    /// See [`Call::rest`].
    pub fn rest(&mut self, now: Millis) {
        self.call.rest(now);
    }

    /// It is given up here, whatever its state: for the metrics.
    pub fn stop(&mut self, now: Millis) {
        let since = now - self.began;
        self.reading.metrics.total_ms.get_or_insert(since);
    }

    /// At the end of the call: the time, and what the outlet still owes.
    fn settle(&mut self, now: Millis) {
        let Some(outcome) = self.call.outcome() else {
            return;
        };
        let reading = &mut self.reading;
        if reading.metrics.total_ms.is_some() {
            return;
        }
        reading.metrics.total_ms = Some(now - self.began);
        reading.end(outcome.is_ok());
        if matches!(reading.outlet, Outlet::Sentences(_)) && !reading.out.is_empty() {
            reading.metrics.first_sentence_ms.get_or_insert(now - self.began);
        }
    }

    /// What the outlet has made since it was last asked.
    pub fn take(&mut self) -> String {
        let Reading {
            outlet,
            out,
            completion,
            ..
        } = &mut self.reading;
        match outlet {
            Outlet::Json(partial) if partial.is_changed() => {
                partial.take_change();
                partial.write(completion.content(), out);
            }
            Outlet::Calls(calls) if calls.is_changed() => calls.write(completion, out),
            _ => {}
        }
        // As much will come next time, and need not be made room for piece by piece.
        let room = String::with_capacity(out.len());
        std::mem::replace(out, room)
    }

    /// Whether [`Stream::take`] has something to give.
    #[must_use]
    pub fn has_output(&self) -> bool {
        match &self.reading.outlet {
            Outlet::Json(partial) => partial.is_changed(),
            Outlet::Calls(calls) => calls.is_changed(),
            _ => !self.reading.out.is_empty(),
        }
    }

    /// At a good end: what is wrong with the answer if it had to be JSON, be it that the request asked for that or that it
    /// is read as such.
    #[must_use]
    pub fn no_json(&self) -> Option<Error> {
        let Reading { outlet, shape, .. } = &self.reading;
        let is_json = shape.parse.content || matches!(outlet, Outlet::Json(_));
        self.reading.completion.no_json().filter(|_| is_json)
    }

    /// Appends the answer so far as JSON, with what is to be parsed.
    pub fn write_completion(&self, out: &mut String) {
        let mut parse = self.reading.shape.parse;
        parse.content |= matches!(self.reading.outlet, Outlet::Json(_));
        self.reading.completion.write_parsed(parse, out);
    }

    /// The answer so far.
    #[must_use]
    pub fn completion(&self) -> &Completion {
        &self.reading.completion
    }

    /// Times and counts so far.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        let mut metrics = self.reading.metrics.clone();
        metrics.usage = self
            .reading
            .completion
            .usage()
            .map(|(prompt, completion, total)| Tokens {
                prompt_tokens: prompt,
                completion_tokens: completion,
                total_tokens: total,
            });
        metrics
    }
}

impl Reading {
    /// Takes what a payload says; whether the outlet has made anything of it.
    fn take(&mut self, decoded: &Decoded<'_>, since: Millis) -> bool {
        if decoded.deltas.is_empty() {
            return false;
        }
        let before = self.out.len();
        self.metrics.chunks += 1;
        if self.metrics.first_token_ms.is_none() && decoded.deltas.iter().any(Delta::is_output) {
            self.metrics.first_token_ms = Some(since);
        }
        let begins = |delta: &Delta<'_>| matches!(delta, Delta::Open { .. });
        match self.thinking.take() {
            Some(mut thinking) if !thinking.is_over() || decoded.deltas.iter().any(begins) => {
                for delta in &decoded.deltas {
                    thinking.take(delta, &mut |delta| self.put(slice::from_ref(delta), None));
                }
                self.thinking = Some(thinking);
            }
            thinking => {
                self.thinking = thinking;
                self.put(&decoded.deltas, decoded.chunk);
            }
        }
        let has_more = self.out.len() > before;
        if has_more && matches!(self.outlet, Outlet::Sentences(_)) {
            self.metrics.first_sentence_ms.get_or_insert(since);
        }
        has_more
    }

    /// Takes what one payload says; `chunk` is the payload, if it can be passed on as it is.
    fn put(&mut self, deltas: &[Delta<'_>], chunk: Option<&str>) {
        let Self { outlet, out, .. } = self;
        match (outlet, chunk) {
            (Outlet::Nothing, _) => {}
            (Outlet::Text, _) => {
                for text in contents(deltas) {
                    out.push_str(text);
                }
            }
            (Outlet::Json(partial), _) => {
                for text in contents(deltas) {
                    partial.push(text);
                }
            }
            (Outlet::Chunks(writer), Some(chunk)) => {
                for delta in deltas {
                    writer.pass(delta);
                }
                element(out, chunk);
            }
            (Outlet::Chunks(writer), None) => writer.rewrite(deltas, &mut |chunk| element(out, chunk)),
            (Outlet::Events(writer), _) => {
                for delta in deltas {
                    writer.write(delta, &mut |chunk| sse::data(out, chunk));
                }
            }
            (Outlet::Calls(calls), _) => {
                for delta in deltas {
                    calls.take(delta);
                }
            }
            (Outlet::Sentences(spoken), _) => {
                let mut sentences = Vec::new();
                for text in contents(deltas) {
                    spoken.push(text, &mut sentences);
                }
                texts(out, &sentences);
            }
        }
        for delta in deltas {
            self.completion.take(delta);
        }
    }

    /// At the end of the call: what was held back, and what is owed if that is a good end.
    fn end(&mut self, is_good: bool) {
        if let Some(mut thinking) = self.thinking.take() {
            thinking.finish(&mut |delta| self.put(slice::from_ref(delta), None));
        }
        // What is left of an answer that broke off is said as well.
        if let Outlet::Sentences(spoken) = &mut self.outlet {
            let mut sentences = Vec::new();
            spoken.finish(&mut sentences);
            texts(&mut self.out, &sentences);
        }
        if !is_good {
            return;
        }
        self.completion.finish();
        let Self { outlet, out, .. } = self;
        match outlet {
            Outlet::Nothing | Outlet::Text | Outlet::Sentences(_) => {}
            Outlet::Chunks(writer) => writer.finish(&mut |chunk| element(out, chunk)),
            Outlet::Events(writer) => {
                writer.finish(&mut |chunk| sse::data(out, chunk));
                sse::data(out, "[DONE]");
            }
            Outlet::Json(partial) => partial.finish(),
            Outlet::Calls(calls) => calls.finish(),
        }
    }
}

/// The words of choice 0.
fn contents<'d>(deltas: &'d [Delta<'_>]) -> impl Iterator<Item = &'d str> {
    deltas.iter().filter_map(|delta| match delta {
        Delta::Content { choice: 0, text } => Some(text.as_ref()),
        _ => None,
    })
}

/// Appends texts as elements of a JSON array.
fn texts(out: &mut String, texts: &[String]) {
    for text in texts {
        let mut json = String::new();
        write_string(&mut json, text);
        element(out, &json);
    }
}

/// Appends an element of a JSON array.
fn element(out: &mut String, json: &str) {
    if !out.is_empty() {
        out.push(',');
    }
    out.push_str(json);
}
