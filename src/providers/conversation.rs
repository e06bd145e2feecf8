//! A conversation in `OpenAI`'s terms, as those dialects need it that have turns of parts instead of messages.

use crate::chat::Request;
use crate::error::Error;
use crate::json::{self, Value};

/// What was said so far.
#[derive(Debug, Default)]
pub(super) struct Conversation<'r> {
    /// All messages of the system and the developer, wherever they stood.
    pub(super) system: Vec<Part<'r>>,
    /// The rest. What the same side says in a row is one turn, and no turn is empty.
    pub(super) turns: Vec<Turn<'r>>,
}

#[derive(Debug)]
pub(super) struct Turn<'r> {
    /// It is the model's; else the user's, or what tools gave.
    pub(super) is_model: bool,
    pub(super) parts: Vec<Part<'r>>,
}

#[derive(Debug)]
pub(super) enum Part<'r> {
    /// Words, never blank, and the part of the message they are, unless its content is a plain string.
    Text {
        text: &'r str,
        part: Option<&'r Value>,
    },
    Media(Media<'r>),
    /// A part that is not `OpenAI`'s: of the dialect's own terms.
    Native(&'r Value),
    /// Members that the dialect's decoder gave a message or a call, see [`Delta::Extra`](crate::chat::Delta::Extra).
    Kept(&'r Value),
    Call {
        call: &'r Value,
        id: &'r str,
        name: &'r str,
        arguments: &'r str,
    },
    /// What a call gave. The name is that of the call with this id.
    Result {
        id: &'r str,
        name: Option<&'r str>,
        parts: Vec<Part<'r>>,
        message: usize,
    },
}

/// A picture, a sound or a file.
#[derive(Debug)]
pub(super) struct Media<'r> {
    /// The type of the part.
    pub(super) kind: &'r str,
    pub(super) source: Source<'r>,
    pub(super) part: &'r Value,
    /// In which message it stands.
    pub(super) message: usize,
}

#[derive(Debug)]
pub(super) enum Source<'r> {
    Data {
        media_type: &'r str,
        base64: &'r str,
    },
    Url(&'r str),
    /// Of a file that was uploaded.
    Id(&'r str),
}

impl<'r> Conversation<'r> {
    pub(super) fn read(request: &'r Request) -> Result<Self, Error> {
        let mut conversation = Self::default();
        let mut called: Vec<(&str, &str)> = Vec::new();
        let messages = request.get("messages").and_then(Value::as_array).unwrap_or_default();
        for (index, message) in messages.iter().enumerate() {
            let mut parts = Vec::new();
            let role = text(message, "role");
            let is_model = role == "assistant";
            match role {
                "system" | "developer" => {
                    read(message.get("content"), index, &mut conversation.system)?;
                    continue;
                }
                "user" => read(message.get("content"), index, &mut parts)?,
                "assistant" => answer(message, index, &mut parts, &mut called)?,
                "tool" => {
                    let id = text(message, "tool_call_id");
                    let mut said = Vec::new();
                    read(message.get("content"), index, &mut said)?;
                    parts.push(Part::Result {
                        id,
                        // An id may come again in a later turn.
                        name: called.iter().rfind(|(known, _)| *known == id).map(|(_, name)| *name),
                        parts: said,
                        message: index,
                    });
                }
                other => return Err(cannot(index, "role", &["`role: \"", other, "\"`"].concat())),
            }
            match conversation.turns.last_mut() {
                _ if parts.is_empty() => {}
                Some(turn) if turn.is_model == is_model => turn.parts.append(&mut parts),
                _ => conversation.turns.push(Turn { is_model, parts }),
            }
        }
        if conversation.turns.is_empty() {
            return Err(Error::invalid_at(
                "/messages",
                "missing",
                "`messages` has no words of the user or the assistant, which this provider asks for: give one message at least",
            ));
        }
        Ok(conversation)
    }
}

/// What the model said.
fn answer<'r>(
    message: &'r Value,
    index: usize,
    parts: &mut Vec<Part<'r>>,
    called: &mut Vec<(&'r str, &'r str)>,
) -> Result<(), Error> {
    for name in ["function_call", "audio"] {
        if message.get(name).is_some_and(|value| *value != Value::Null) {
            return Err(cannot(index, name, &["`", name, "` of a message"].concat()));
        }
    }
    parts.push(Part::Kept(message));
    read(message.get("content"), index, parts)?;
    push_text(text(message, "refusal"), None, parts);
    for call in message.get("tool_calls").and_then(Value::as_array).unwrap_or_default() {
        let Some(function) = call.get("function") else {
            return Err(cannot(index, "tool_calls", "a call that is of no function"));
        };
        let (id, name) = (text(call, "id"), text(function, "name"));
        called.push((id, name));
        parts.push(Part::Call {
            call,
            id,
            name,
            arguments: text(function, "arguments"),
        });
    }
    if let [Part::Kept(_)] = parts.as_slice() {
        parts.clear();
    }
    Ok(())
}

/// The parts of a content.
fn read<'r>(content: Option<&'r Value>, message: usize, parts: &mut Vec<Part<'r>>) -> Result<(), Error> {
    match content {
        None | Some(Value::Null) => {}
        Some(Value::String(text)) => push_text(text, None, parts),
        Some(Value::Array(items)) => {
            for item in items {
                part(item, message, parts)?;
            }
        }
        Some(other) => {
            return Err(cannot(
                message,
                "content",
                &["content that is ", other.describe()].concat(),
            ));
        }
    }
    Ok(())
}

fn push_text<'r>(text: &'r str, part: Option<&'r Value>, parts: &mut Vec<Part<'r>>) {
    // Nobody takes a part that says nothing.
    if !text.trim_ascii().is_empty() {
        parts.push(Part::Text { text, part });
    }
}

fn part<'r>(part: &'r Value, message: usize, parts: &mut Vec<Part<'r>>) -> Result<(), Error> {
    let kind = text(part, "type");
    let inner = part.get(kind).unwrap_or(part);
    let source = match kind {
        "text" => {
            push_text(text(part, kind), Some(part), parts);
            return Ok(());
        }
        "refusal" => {
            push_text(text(part, kind), None, parts);
            return Ok(());
        }
        "image_url" => source(inner.as_str().unwrap_or_else(|| text(inner, "url"))),
        "input_audio" => match text(inner, "format") {
            "wav" => Some("audio/wav"),
            "mp3" => Some("audio/mp3"),
            _ => None,
        }
        .map(|media_type| Source::Data {
            media_type,
            base64: text(inner, "data"),
        }),
        "file" => match text(inner, "file_id") {
            "" => source(text(inner, "file_data")),
            id => Some(Source::Id(id)),
        },
        _ => {
            parts.push(Part::Native(part));
            return Ok(());
        }
    };
    let Some(source) = source else {
        return Err(Error::invalid_at(
            place(message, "content"),
            "bad_media",
            [
                "a part of type \"",
                kind,
                "\" must be an address (https://…) or data in base64 (data:image/png;base64,…); sound must be wav or mp3",
            ]
            .concat(),
        ));
    };
    parts.push(Part::Media(Media {
        kind,
        source,
        part,
        message,
    }));
    Ok(())
}

/// Where a medium is: RFC 2397 for `data:`, whose type may have parameters.
fn source(url: &str) -> Option<Source<'_>> {
    let Some(data) = url.strip_prefix("data:") else {
        return url.contains("://").then_some(Source::Url(url));
    };
    let (head, base64) = data.split_once(',')?;
    let head = head.strip_suffix(";base64")?;
    let media_type = head.split(';').next().filter(|kind| !kind.is_empty())?;
    Some(Source::Data { media_type, base64 })
}

/// The arguments of a call as an object, which is what others than `OpenAI` ask for. What a model wrote that is none must not
/// end the conversation: the model is told what it was.
pub(super) fn object(arguments: &str) -> String {
    let arguments = arguments.trim_ascii();
    if arguments.starts_with('{') && json::is_whole(arguments) {
        return arguments.to_owned();
    }
    let mut object = "{".to_owned();
    if !arguments.is_empty() {
        object.push_str("\"invalid_arguments\":");
        json::write_string(&mut object, arguments);
    }
    object + "}"
}

pub(super) fn text<'r>(value: &'r Value, name: &str) -> &'r str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn place(message: usize, name: &str) -> String {
    format!("/messages/{message}/{name}")
}

/// The error for what a provider has no counterpart of.
pub(super) fn cannot(message: usize, name: &str, what: &str) -> Error {
    cannot_at(&place(message, name), what)
}

pub(super) fn cannot_at(path: &str, what: &str) -> Error {
    Error::invalid_at(
        path,
        "not_translatable",
        ["this provider has no counterpart of ", what, ": leave it out"].concat(),
    )
}
