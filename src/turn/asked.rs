//! What the caller asks: the conversation so far, and what of it the user has just said.

use super::Options;
use crate::call::{Call, Millis};
use crate::chat::Request;
use crate::error::Error;
use crate::json::Value;
use crate::providers::Upstream;

/// A caller's request, read.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// The request itself.
    pub request: Request,
    /// The words of all user messages at the end of the conversation, but for instructions behind them: one utterance,
    /// whose parts were cut short by each other (recorded with the caller, which asks again for each part). Empty if there
    /// are none.
    pub text: String,
    /// The same for every request about one utterance in one room, so that what a tool does can be done once.
    pub utterance_id: String,
    /// The caller's id for the room (`x-livekit-room-id`).
    pub room_id: Option<String>,
    /// The model that was asked for.
    pub model: String,
    /// Whether the answer is to be streamed.
    pub is_streamed: bool,
    /// Whether token counts are to follow.
    pub wants_usage: bool,
}

impl Asked {
    /// Reads a request.
    ///
    /// # Errors
    ///
    /// A validation error when it is no chat completion request.
    pub fn parse(json: &str, room_id: Option<String>) -> Result<Self, Error> {
        let request = Request::parse(json)?;
        let messages = request.get("messages").and_then(Value::as_array).unwrap_or_default();
        let conversation = until_last(messages, |role| !matches!(role, "system" | "developer"));
        let before = until_last(conversation, |role| role != "user");
        let utterance = conversation.get(before.len()..).unwrap_or_default();
        let text = utterance
            .iter()
            .map(words)
            .filter(|words| !words.is_empty())
            .collect::<Vec<_>>()
            .join(" ");

        let mut hash = Fnv::new();
        hash.write(room_id.as_deref().unwrap_or_default());
        for message in before {
            hash.write(role(message));
            hash.write(&words(message));
        }
        let usage = request
            .get("stream_options")
            .and_then(|options| options.get("include_usage"));
        Ok(Self {
            text,
            utterance_id: format!("utt_{:016x}", hash.0),
            room_id,
            model: request
                .get("model")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned(),
            is_streamed: request.get("stream") == Some(&Value::Bool(true)),
            wants_usage: usage == Some(&Value::Bool(true)),
            request,
        })
    }

    /// The call that puts this to an upstream. What the developer sets wins over what the caller sends: the model's name
    /// too, which for the caller is only the name of the endpoint.
    ///
    /// # Errors
    ///
    /// A validation error when the request cannot be put to this upstream.
    pub fn call(&self, upstream: &Upstream, options: &Options, seed: u32, now: Millis) -> Result<Call, Error> {
        let mut request = self.request.clone();
        if let Some(model) = &upstream.model {
            request.set("model", Value::String(model.clone()));
        }
        if !self.is_streamed {
            request.ask_for_usage(&upstream.defaults);
        }
        Call::new(upstream, request, options.policy(), seed, now)
    }
}

/// The messages until the last whose role is such, which is among them; none if there is no such message.
fn until_last(messages: &[Value], is_such: impl Fn(&str) -> bool) -> &[Value] {
    let count = messages
        .iter()
        .rposition(|message| is_such(role(message)))
        .map_or(0, |last| last + 1);
    messages.get(..count).unwrap_or_default()
}

fn role(message: &Value) -> &str {
    message.get("role").and_then(Value::as_str).unwrap_or_default()
}

/// The words of a message, whose content is a text or a list of parts.
fn words(message: &Value) -> String {
    match message.get("content") {
        Some(Value::String(text)) => text.trim().to_owned(),
        Some(Value::Array(parts)) => {
            let texts = parts.iter().filter_map(|part| part.get("text").and_then(Value::as_str));
            texts
                .map(str::trim)
                .filter(|text| !text.is_empty())
                .collect::<Vec<_>>()
                .join(" ")
        }
        _ => String::new(),
    }
}

/// A 64-bit FNV-1a hash: the same everywhere and always, which is all that is asked of it here.
struct Fnv(u64);

impl Fnv {
    fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    /// A text and its end, so that two texts in a row are not their sum.
    fn write(&mut self, text: &str) {
        for byte in text.bytes().chain([0xff]) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
