//! Reading the responses of a stream, or one that comes whole.

use std::borrow::Cow;

use crate::chat::{Delta, Place};
use crate::error::{Error, StreamKind};
use crate::framing::{self, Payload};
use crate::json::{Cursor, Text, write_string};
use crate::providers::openai::failure;
use crate::providers::read::{self, count, kept, member, raw, string};
use crate::providers::{Decoded, ended};

/// Why a candidate ended (`FinishReason`), in `OpenAI`'s words. A reason that is not here and says of a call that it went wrong
/// is an error; others are passed on.
const REASONS: [(&str, &str); 12] = [
    ("STOP", STOP),
    ("OTHER", STOP),
    ("FINISH_REASON_UNSPECIFIED", ""),
    ("MAX_TOKENS", "length"),
    ("SAFETY", FILTER),
    ("RECITATION", FILTER),
    ("BLOCKLIST", FILTER),
    ("PROHIBITED_CONTENT", FILTER),
    ("SPII", FILTER),
    ("LANGUAGE", FILTER),
    ("IMAGE_SAFETY", FILTER),
    ("IMAGE_PROHIBITED_CONTENT", FILTER),
];
const STOP: &str = "stop";
const CALLS: &str = "tool_calls";
const FILTER: &str = "content_filter";

/// What ids of calls begin with that are made up, since `OpenAI`'s vocabulary asks for some.
pub(super) const MADE_UP: &str = "call_";

/// Where one is in an answer.
#[derive(Clone, Debug, Default)]
pub struct Decoder {
    is_open: bool,
    has_model: bool,
    /// The answer's id, once there is one.
    id: String,
    calls: u32,
    ending: Ending,
}

/// How far an answer has ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Ending {
    #[default]
    None,
    /// `STOP` was seen. It may stand in each response, and calls may follow; what ends after it has stopped.
    Stopped,
    Told,
}

impl Decoder {
    pub(in crate::providers) fn decode<'a>(&mut self, payload: &'a Payload<'_>) -> Decoded<'a> {
        let text = payload.text.as_ref();
        let mut deltas = Vec::new();
        let trimmed = text.trim_ascii();
        let start = Cursor::new(text);
        let mut check = start.clone();
        let end = match check.skip().and_then(|_| check.end()) {
            _ if trimmed.is_empty() => None,
            _ if trimmed == framing::DONE => Some(self.end()),
            _ if payload.kind == "error" => Some(Err(failure::reported(text))),
            Err(malformed) => Some(Err(failure::unreadable(text, &malformed))),
            Ok(()) => self.response(start, &mut deltas),
        };
        Decoded {
            deltas,
            chunk: None,
            end,
        }
    }

    fn response<'a>(&mut self, mut cursor: Cursor<'a>, deltas: &mut Vec<Delta<'a>>) -> Option<Result<(), Error>> {
        let start = cursor.clone();
        if let Some(error) = raw(&start, "error") {
            return Some(Err(failure::reported(error)));
        }
        if self.id.is_empty()
            && let Some(id) = string(&start, "responseId").filter(|id| !id.is_empty())
        {
            id.raw().clone_into(&mut self.id);
            deltas.push(Delta::Id(id.read()));
        }
        if !self.has_model
            && let Some(model) = string(&start, "modelVersion")
        {
            self.has_model = true;
            deltas.push(Delta::Model(model.read()));
        }
        let mut end = None;
        let mut members = cursor.object().ok()?;
        while let Ok(Some(name)) = cursor.member(&mut members) {
            match name.raw() {
                "candidates" => {
                    let mut candidates = cursor.clone();
                    // One was asked for.
                    let mut elements = candidates.array().ok()?;
                    if candidates.element(&mut elements) == Ok(true) {
                        end = self.candidate(candidates, deltas);
                    }
                }
                "promptFeedback" => {
                    if raw(&cursor, "blockReason").is_some() {
                        self.open(deltas);
                        self.close(Cow::Borrowed(FILTER), deltas);
                    }
                    if let Ok(json) = cursor.clone().skip() {
                        deltas.push(kept("promptFeedback", json.to_owned(), Place::Chunk));
                    }
                }
                "usageMetadata" => usage(&cursor, deltas),
                _ => {}
            }
            cursor.skip().ok()?;
        }
        end
    }

    fn candidate<'a>(&mut self, mut candidate: Cursor<'a>, deltas: &mut Vec<Delta<'a>>) -> Option<Result<(), Error>> {
        let start = candidate.clone();
        self.open(deltas);
        if let Some(mut parts) = member(&start, "content").and_then(|content| member(&content, "parts"))
            && let Ok(mut elements) = parts.array()
        {
            while parts.element(&mut elements) == Ok(true) {
                if let Err(error) = self.part(&parts, deltas) {
                    return Some(Err(error));
                }
                parts.skip().ok()?;
            }
        }
        let mut members = candidate.object().ok()?;
        while let Ok(Some(name)) = candidate.member(&mut members) {
            let json = candidate.skip().ok()?;
            if !matches!(
                name.raw(),
                "content" | "finishReason" | "finishMessage" | "index" | "tokenCount" | "avgLogprobs"
            ) && json != "null"
            {
                deltas.push(Delta::Extra {
                    place: Place::Choice(0),
                    name: name.read(),
                    json: Cow::Borrowed(json),
                });
            }
        }
        let said = string(&start, "finishReason").map(Text::read);
        let known = said
            .as_ref()
            .and_then(|said| REASONS.iter().find(|(name, _)| name == said));
        match (known.map(|(_, reason)| *reason), said) {
            (Some(""), _) | (None, None) => {}
            (Some(STOP), _) => self.ending = self.ending.max(Ending::Stopped),
            (Some(reason), _) => self.close(Cow::Borrowed(reason), deltas),
            (None, Some(said)) if said.contains("TOOL") || said.contains("FUNCTION") => {
                let message = string(&start, "finishMessage").map(Text::read).unwrap_or_default();
                return Some(Err(Error::stream(
                    StreamKind::Error,
                    ["the model's call of a function went wrong (", &said, "): ", &message].concat(),
                )
                .with_service_code(Some(said.into_owned()))));
            }
            (None, Some(said)) => self.close(said, deltas),
        }
        if self.ending == Ending::Stopped && self.calls > 0 {
            self.close(Cow::Borrowed(CALLS), deltas);
        }
        None
    }

    fn part<'a>(&mut self, part: &Cursor<'a>, deltas: &mut Vec<Delta<'a>>) -> Result<(), Error> {
        let mut place = Place::Message(0);
        if let Some(call) = member(part, "functionCall") {
            if raw(&call, "partialArgs").is_some() || raw(&call, "willContinue") == Some("true") {
                return Err(Error::stream(
                    StreamKind::Malformed,
                    "the answer has the arguments of a call in pieces, which are not read here: leave out `streamFunctionCallArguments`",
                ));
            }
            let index = self.calls;
            self.calls = self.calls.saturating_add(1);
            place = Place::Call { choice: 0, index };
            let id = string(&call, "id").filter(|id| !id.is_empty());
            deltas.push(Delta::Tool {
                choice: 0,
                index,
                id: Some(id.map_or_else(|| format!("{MADE_UP}{}_{index}", self.id).into(), Text::read)),
                name: string(&call, "name").map(Text::read),
                arguments: Cow::Borrowed(raw(&call, "args").unwrap_or("{}")),
            });
        } else if let Some(text) = string(part, "text").filter(|text| !text.is_empty()) {
            let text = text.read();
            deltas.push(if raw(part, "thought") == Some("true") {
                Delta::Reasoning { choice: 0, text }
            } else {
                Delta::Content { choice: 0, text }
            });
        } else if let Some(data) = member(part, "inlineData") {
            let url = [
                "data:",
                &string(&data, "mimeType").map(Text::read).unwrap_or_default(),
                ";base64,",
                &string(&data, "data").map(Text::read).unwrap_or_default(),
            ]
            .concat();
            let mut json = "[{\"type\":\"image_url\",\"image_url\":{\"url\":".to_owned();
            write_string(&mut json, &url);
            json.push_str("}}]");
            deltas.push(kept("images", json, Place::Message(0)));
        }
        if let Some(signature) = raw(part, "thoughtSignature") {
            let json = ["{\"google\":{\"thought_signature\":", signature, "}}"].concat();
            deltas.push(kept("extra_content", json, place));
        }
        Ok(())
    }

    fn open(&mut self, deltas: &mut Vec<Delta<'_>>) {
        if !std::mem::replace(&mut self.is_open, true) {
            deltas.push(Delta::Open { choice: 0 });
        }
    }

    fn close<'a>(&mut self, reason: Cow<'a, str>, deltas: &mut Vec<Delta<'a>>) {
        if std::mem::replace(&mut self.ending, Ending::Told) != Ending::Told {
            deltas.push(Delta::Finish { choice: 0, reason });
        }
    }

    pub(in crate::providers) fn is_finished(&self) -> bool {
        self.ending != Ending::None
    }

    pub(in crate::providers) fn end(&self) -> Result<(), Error> {
        ended(self.is_open, self.is_finished(), "candidate")
    }
}

/// Tells the tokens used so far. What the model thought is part of its answer; what tools of the service's own read is part of
/// the request.
fn usage(counts: &Cursor<'_>, deltas: &mut Vec<Delta<'_>>) {
    let Some(prompt) = count(counts, "promptTokenCount") else {
        return;
    };
    let of = |name| count(counts, name).unwrap_or(0);
    let thoughts = of("thoughtsTokenCount");
    let prompt = prompt.saturating_add(of("toolUsePromptTokenCount"));
    let completion = of("candidatesTokenCount").saturating_add(thoughts);
    let total = count(counts, "totalTokenCount").unwrap_or_else(|| prompt.saturating_add(completion));
    let cached = of("cachedContentTokenCount");
    deltas.push(read::usage([prompt, completion, total], cached, 0, thoughts));
}
