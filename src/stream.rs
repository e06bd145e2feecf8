//! One streamed answer as a developer reads it: as text, as chunks, as strict bytes, or whole at its end.

use serde::Serialize;

use crate::call::{Call, Millis, Next};
use crate::chat::{ChunkWriter, Completion, Delta};
use crate::error::{Error, Secret};
use crate::http::{self, Response};
use crate::providers::Decoded;
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
                metrics: Metrics::default(),
            },
            began: now,
        }
    }

    /// Sets the form in which the answer is read from here on.
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
        let out = &mut reading.out;
        match (&mut reading.outlet, outcome) {
            (Outlet::Chunks(writer), Ok(())) => writer.finish(&mut |chunk| element(out, chunk)),
            (Outlet::Events(writer), Ok(())) => {
                writer.finish(&mut |chunk| sse::data(out, chunk));
                sse::data(out, "[DONE]");
            }
            _ => {}
        }
    }

    /// What the outlet has made since it was last asked.
    pub fn take(&mut self) -> String {
        std::mem::take(&mut self.reading.out)
    }

    /// Whether [`Stream::take`] has something to give.
    #[must_use]
    pub fn has_output(&self) -> bool {
        !self.reading.out.is_empty()
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
        let Self { outlet, out, .. } = self;
        match (outlet, decoded.chunk) {
            (Outlet::Nothing, _) => {}
            (Outlet::Text, _) => {
                for delta in &decoded.deltas {
                    if let Delta::Content { choice: 0, text } = delta {
                        out.push_str(text);
                    }
                }
            }
            (Outlet::Chunks(writer), Some(chunk)) => {
                decoded.deltas.iter().for_each(|delta| writer.pass(delta));
                element(out, chunk);
            }
            (Outlet::Chunks(writer), None) => {
                for delta in &decoded.deltas {
                    writer.write(delta, &mut |chunk| element(out, chunk));
                }
            }
            (Outlet::Events(writer), _) => {
                for delta in &decoded.deltas {
                    writer.write(delta, &mut |chunk| sse::data(out, chunk));
                }
            }
        }
        for delta in &decoded.deltas {
            self.completion.take(delta);
        }
        self.out.len() > before
    }
}

/// Appends an element of a JSON array.
fn element(out: &mut String, json: &str) {
    if !out.is_empty() {
        out.push(',');
    }
    out.push_str(json);
}
