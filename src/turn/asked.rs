//! What the caller asks: the conversation so far, and what of it the user has just said.

use serde::Serialize;

use crate::chat::Request;
use crate::endpoint;
use crate::error::Error;
use crate::json::Value;

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
    /// Who asks.
    pub correlation: Correlation,
    /// The model that was asked for.
    pub model: String,
    /// Whether the answer is to be streamed.
    pub is_streamed: bool,
    /// Whether token counts are to follow.
    pub wants_usage: bool,
}

/// What tells one caller from another.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Correlation {
    /// The caller's id for the room in which the user is, the same for all requests of one session
    /// (`x-livekit-room-id`, recorded).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub room_id: Option<String>,
    /// The caller's id for its job (`x-livekit-job-id`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_id: Option<String>,
    /// The caller's id for its agent (`x-livekit-agent-id`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<String>,
    /// The parts of the address before `/v1` or `/chat/completions`: a configuration of its own for each session, with the
    /// session's name in its base URL, is how some tell sessions apart.
    pub path: Vec<String>,
}

impl Correlation {
    /// Reads it from a request's path and its headers.
    #[must_use]
    pub fn of(path: &str, headers: &[(String, String)]) -> Self {
        let header = |name: &str| {
            let found = headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.clone()).filter(|value| !value.is_empty())
        };
        let path = path.trim_end_matches('/');
        let base = path.strip_suffix(endpoint::COMPLETIONS).unwrap_or(path);
        let base = base.strip_suffix("/v1").unwrap_or(base);
        Self {
            room_id: header("x-livekit-room-id"),
            job_id: header("x-livekit-job-id"),
            agent_id: header("x-livekit-agent-id"),
            path: base
                .split('/')
                .filter(|part| !part.is_empty())
                .map(str::to_owned)
                .collect(),
        }
    }
}

impl Asked {
    /// Reads a request.
    ///
    /// # Errors
    ///
    /// A validation error when it is no chat completion request.
    pub fn parse(json: &str, correlation: Correlation) -> Result<Self, Error> {
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
        hash.write(correlation.room_id.as_deref().unwrap_or_default());
        correlation.path.iter().for_each(|part| hash.write(part));
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
            correlation,
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
}

/// The messages until the last whose role is such, which is among them; none if there is no such message.
fn until_last(messages: &[Value], is_such: impl Fn(&str) -> bool) -> &[Value] {
    let count = messages
        .iter()
        .rposition(|message| is_such(role(message)))
        .map_or(0, |last| last + 1);
    messages.get(..count).unwrap_or_default()
}

pub(super) fn role(message: &Value) -> &str {
    message.get("role").and_then(Value::as_str).unwrap_or_default()
}

/// The words of a message, whose content is a text or a list of parts.
pub(super) fn words(message: &Value) -> String {
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
