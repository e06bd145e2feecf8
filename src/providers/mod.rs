//! The dialects: how a request is put to an upstream, and what its payloads say.

mod anthropic;
mod azure;
mod conversation;
mod gemini;
mod members;
mod openai;
mod read;
mod upstream;
mod workers_ai;
mod writer;

pub use upstream::{Provider, Upstream};

use crate::chat::{Delta, Request};
use crate::error::{Error, Secret, StreamKind};
use crate::framing::Payload;
use crate::http;

/// What one payload says.
#[derive(Debug)]
pub struct Decoded<'a> {
    /// What it adds to the answer, in order.
    pub deltas: Vec<Delta<'a>>,
    /// The payload itself, if it is a chunk as `OpenAI`'s reference describes it and can be passed on as it is.
    pub chunk: Option<&'a str>,
    /// Whether the answer ends here, and how.
    pub end: Option<Result<(), Error>>,
}

impl Decoded<'_> {
    /// A payload that says nothing.
    pub(crate) const NOTHING: Self = Self {
        deltas: Vec::new(),
        chunk: None,
        end: None,
    };

    /// Whether it holds something that a user waits for.
    #[must_use]
    pub fn has_output(&self) -> bool {
        self.deltas.iter().any(Delta::is_output)
    }
}

/// Reads the payloads of one answer, in their order.
#[derive(Clone, Debug)]
pub enum Decoder {
    /// `OpenAI`'s chat completions, streamed or whole.
    OpenAi(openai::Decoder),
    /// Anthropic's messages, streamed or whole.
    Anthropic(anthropic::Decoder),
    /// Gemini's responses, streamed or whole.
    Gemini(gemini::Decoder),
}

impl Provider {
    /// The request for a completion, streamed. `key` is the API key, if there is one.
    ///
    /// # Errors
    ///
    /// A validation error when the request lacks something that the provider cannot do without.
    pub fn encode(self, upstream: &Upstream, request: Request) -> Result<http::Request, Error> {
        match self {
            Self::OpenAi => openai::encode(upstream, "/chat/completions", request),
            Self::Azure { .. } => azure::encode(upstream, request),
            Self::Anthropic => anthropic::encode(upstream, request),
            Self::Gemini => gemini::encode(upstream, request),
            Self::WorkersAi => workers_ai::encode(upstream, request),
        }
    }

    /// The header that carries the key.
    #[must_use]
    pub fn authorization(self, key: &Secret) -> (String, String) {
        let (name, scheme) = match self {
            Self::Azure { is_entra: false } => ("api-key", ""),
            Self::Anthropic => ("x-api-key", ""),
            Self::Gemini => ("x-goog-api-key", ""),
            _ => ("authorization", "Bearer "),
        };
        (name.to_owned(), [scheme, key.reveal()].concat())
    }

    /// Whether a request asks for one alternative.
    #[must_use]
    pub fn is_single(self, upstream: &Upstream, request: &Request) -> bool {
        match self {
            Self::OpenAi | Self::Azure { .. } => openai::is_single(upstream, request),
            _ => true,
        }
    }

    /// A decoder for a new answer. `is_single` says that one alternative was asked for: then what an upstream spreads over
    /// several is put together. Else, or where that is not known, they are told apart by their indices.
    #[must_use]
    pub fn decoder(self, is_single: bool) -> Decoder {
        match self {
            Self::Anthropic => Decoder::Anthropic(anthropic::Decoder::default()),
            Self::Gemini => Decoder::Gemini(gemini::Decoder::default()),
            _ => Decoder::OpenAi(openai::Decoder::new(is_single)),
        }
    }
}

/// How an answer has ended at the end of its body: `begins` is what the first of it would have been.
fn ended(is_begun: bool, is_whole: bool, begins: &str) -> Result<(), Error> {
    if !is_begun {
        Err(Error::stream(
            StreamKind::Empty,
            format!("the answer ended without any message: the upstream sent no {begins}"),
        ))
    } else if is_whole {
        Ok(())
    } else {
        Err(broken_off())
    }
}

/// The error of an answer that nothing ended.
pub(crate) fn broken_off() -> Error {
    Error::stream(
        StreamKind::Truncated,
        "the answer broke off before a finish reason or [DONE]: the upstream, or something before it, gave up halfway",
    )
}

impl Decoder {
    /// Reads the next payload.
    pub fn decode<'a>(&mut self, payload: &'a Payload<'_>) -> Decoded<'a> {
        match self {
            Self::OpenAi(decoder) => decoder.decode(payload),
            Self::Anthropic(decoder) => decoder.decode(payload),
            Self::Gemini(decoder) => decoder.decode(payload),
        }
    }

    /// Takes words of the answer as they are, without any dialect, which is `OpenAI`'s here. What ends after words has ended
    /// well.
    pub fn words<'a>(&mut self, text: &'a str) -> Decoded<'a> {
        match self {
            Self::OpenAi(decoder) => decoder.words(text),
            Self::Anthropic(_) | Self::Gemini(_) => Decoded::NOTHING,
        }
    }

    /// Whether every message that was begun has been finished, so that nothing is missing if no more comes.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        match self {
            Self::OpenAi(decoder) => decoder.is_finished(),
            Self::Anthropic(decoder) => decoder.is_finished(),
            Self::Gemini(decoder) => decoder.is_finished(),
        }
    }

    /// At the end of the body: whether that was a whole answer.
    ///
    /// # Errors
    ///
    /// A stream error of kind `truncated` or `empty` when it was not.
    pub fn end(&self) -> Result<(), Error> {
        match self {
            Self::OpenAi(decoder) => decoder.end(),
            Self::Anthropic(decoder) => decoder.end(),
            Self::Gemini(decoder) => decoder.end(),
        }
    }
}
