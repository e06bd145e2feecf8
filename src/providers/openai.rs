//! `OpenAI`'s chat completions: the dialect that everything is translated into.
//!
//! Sources: the `OpenAI` API reference, «The chat completion chunk object» and «Create chat completion».

mod form;

use std::borrow::Cow;

use form::{Form, Strings};

use super::{Decoded, Upstream};
use crate::chat::{Delta, Place, Request, Usage};
use crate::error::{Error, StreamKind};
use crate::framing::Payload;
use crate::http;
use crate::json::{Cursor, Kind, Malformed, Text, Value};

/// Alternatives are counted in bits; `n` may be 128 at most («Create chat completion»).
const MAX_CHOICES: u64 = 128;

/// The request for a streamed completion, but for the key.
pub(super) fn encode(upstream: &Upstream, mut request: Request) -> Result<http::Request, Error> {
    request.layer(&upstream.defaults, &upstream.overrides);
    match (request.get("model"), &upstream.model) {
        (Some(Value::String(model)), _) if !model.is_empty() => {}
        (Some(other), _) => {
            let found = if matches!(other, Value::String(_)) {
                "empty"
            } else {
                other.describe()
            };
            return Err(Error::invalid_at(
                "/model",
                "wrong_type",
                format!("`model` must be the model's name, it is {found}"),
            ));
        }
        (None, Some(model)) => request.set("model", Value::String(model.clone())),
        (None, None) => {
            return Err(Error::invalid_at(
                "/model",
                "missing",
                "`model` is missing: name it in the request or in the upstream",
            ));
        }
    }
    request.set("stream", Value::Bool(true));
    let mut headers = vec![
        ("content-type".to_owned(), "application/json".to_owned()),
        ("accept".to_owned(), "text/event-stream".to_owned()),
    ];
    headers.extend(upstream.headers.iter().cloned());
    Ok(http::Request {
        method: "POST",
        url: http::endpoint(&upstream.base_url, "/chat/completions", &upstream.query),
        headers,
        body: Some(request.into_json()),
    })
}

/// Where one is in an answer.
#[derive(Clone, Debug, Default)]
pub struct Decoder {
    /// Which of id, model and time have been told.
    told: u8,
    /// One bit a choice that has begun.
    open: u128,
    /// One bit a choice that has its finish reason.
    finished: u128,
    /// `[DONE]` was seen.
    done: bool,
    /// What the last chunk looked like.
    form: Option<Form>,
}

// What a chunk must have to be passed on as it is; the first three are also what `Decoder::told` counts.
const ID: u8 = 1;
const MODEL: u8 = 2;
const CREATED: u8 = 4;
const OBJECT: u8 = 8;
const CHOICES: u8 = 16;
const WHOLE: u8 = ID | MODEL | CREATED | OBJECT | CHOICES;

impl Decoder {
    pub(super) fn decode<'a>(&mut self, payload: &'a Payload<'_>) -> Decoded<'a> {
        let text = payload.text.as_ref();
        if text.trim_ascii().is_empty() {
            return Decoded {
                deltas: Vec::new(),
                chunk: None,
                end: None,
            };
        }
        if text.trim_ascii() == "[DONE]" {
            self.done = true;
            return Decoded {
                deltas: Vec::new(),
                chunk: None,
                end: Some(self.end()),
            };
        }
        let is_error = payload.kind == "error";
        if !is_error && let Some((deltas, is_chunk)) = self.form.as_ref().and_then(|form| form.read(text)) {
            return Decoded {
                deltas,
                chunk: is_chunk.then_some(text),
                end: None,
            };
        }
        let mut reader = Reader {
            cursor: Cursor::new(text),
            strings: Strings::default(),
            decoder: self,
            deltas: Vec::with_capacity(2),
            found: 0,
            straight: true,
            error: is_error.then_some(text),
        };
        let read = reader.chunk();
        let Reader {
            strings,
            deltas,
            found,
            straight,
            error,
            ..
        } = reader;
        let is_read = read.is_ok() && error.is_none();
        let is_chunk = is_read && straight && found == WHOLE;
        self.form = Form::of(text, strings, &deltas, is_chunk).filter(|_| is_read);
        Decoded {
            deltas,
            chunk: is_chunk.then_some(text),
            end: match (read, error) {
                (_, Some(error)) => Some(Err(reported(error))),
                (Err(malformed), None) => Some(Err(unreadable(text, &malformed))),
                (Ok(()), None) => None,
            },
        }
    }

    pub(super) fn words<'a>(&mut self, text: &'a str) -> Decoded<'a> {
        let mut deltas = Vec::with_capacity(2);
        if !text.is_empty() {
            self.done = true;
            if self.open & 1 == 0 {
                self.open |= 1;
                deltas.push(Delta::Open { choice: 0 });
            }
            deltas.push(Delta::Content {
                choice: 0,
                text: Cow::Borrowed(text),
            });
        }
        Decoded {
            deltas,
            chunk: None,
            end: None,
        }
    }

    pub(super) fn is_finished(&self) -> bool {
        self.open != 0 && self.open & !self.finished == 0
    }

    pub(super) fn end(&self) -> Result<(), Error> {
        if self.open == 0 {
            Err(Error::stream(
                StreamKind::Empty,
                "the answer ended without any message: the upstream sent no chat completion chunk",
            ))
        } else if self.done || self.is_finished() {
            Ok(())
        } else {
            Err(Error::stream(
                StreamKind::Truncated,
                "the answer broke off before a finish reason or [DONE]: the upstream, or something before it, gave up halfway",
            ))
        }
    }
}

/// Reads one chunk.
struct Reader<'d, 'a> {
    cursor: Cursor<'a>,
    strings: Strings,
    decoder: &'d mut Decoder,
    deltas: Vec<Delta<'a>>,
    /// The members seen in their proper type.
    found: u8,
    /// Nothing was seen that the reference does not describe.
    straight: bool,
    /// An error that the upstream reports, as JSON or plain text.
    error: Option<&'a str>,
}

impl<'a> Reader<'_, 'a> {
    fn chunk(&mut self) -> Result<(), Malformed> {
        let mut members = self.cursor.object()?;
        while let Some(name) = self.cursor.member(&mut members)? {
            match name.raw() {
                "id" => {
                    if let Some(id) = self.word(ID)? {
                        self.deltas.push(Delta::Id(id));
                    }
                }
                "model" => {
                    if let Some(model) = self.word(MODEL)? {
                        self.deltas.push(Delta::Model(model));
                    }
                }
                "created" => {
                    if let Some(created) = self.cursor.integer()? {
                        self.found |= CREATED;
                        if created > 0 && self.first(CREATED) {
                            self.deltas.push(Delta::Created(created));
                        }
                    }
                }
                "object" => {
                    if self
                        .cursor
                        .text()?
                        .is_some_and(|object| object.is("chat.completion.chunk"))
                    {
                        self.found |= OBJECT;
                    }
                }
                "choices" => self.choices()?,
                "usage" => self.usage()?,
                "error" => {
                    let error = self.cursor.skip()?;
                    if error != "null" {
                        self.error = Some(error);
                    }
                }
                // Padding against guessing text from lengths; it is not part of the answer.
                "obfuscation" => {
                    let is_string = self.cursor.kind()? == Kind::String;
                    let start = self.cursor.at();
                    self.cursor.skip()?;
                    if is_string && !self.strings.words.is_empty() {
                        self.strings.padding = start..self.cursor.at();
                    }
                }
                _ => self.extra(Place::Chunk, name)?,
            }
        }
        self.cursor.end()
    }

    /// A string of the head: noted as found, and given the first time it says something.
    fn word(&mut self, which: u8) -> Result<Option<Cow<'a, str>>, Malformed> {
        let Some(text) = self.cursor.text()? else {
            return Ok(None);
        };
        self.found |= which;
        Ok((!text.is_empty() && self.first(which)).then(|| text.read()))
    }

    fn first(&mut self, which: u8) -> bool {
        let first = self.decoder.told & which == 0;
        self.decoder.told |= which;
        first
    }

    fn choices(&mut self) -> Result<(), Malformed> {
        if self.cursor.kind()? != Kind::Array {
            return self.bent();
        }
        self.found |= CHOICES;
        let mut elements = self.cursor.array()?;
        let mut position = 0;
        while self.cursor.element(&mut elements)? {
            if self.cursor.kind()? == Kind::Object {
                self.choice(position)?;
            } else {
                self.bent()?;
            }
            position += 1;
        }
        Ok(())
    }

    fn choice(&mut self, position: u32) -> Result<(), Malformed> {
        let choice = self.index(position)?;
        let mut finish = None;
        let mut has_delta = false;
        let start = self.cursor.clone();
        let mut members = self.cursor.object()?;
        while let Some(name) = self.cursor.member(&mut members)? {
            match name.raw() {
                "index" => {
                    self.cursor.skip()?;
                }
                "delta" if self.cursor.kind()? == Kind::Object => {
                    has_delta = true;
                    self.message(choice)?;
                }
                // Beside a delta it says the same again, or all that was said so far (Perplexity).
                "message" if self.cursor.kind()? == Kind::Object && !deltas(start.clone())? => self.message(choice)?,
                "delta" | "message" => self.bent()?,
                "finish_reason" => match self.cursor.kind()? {
                    Kind::Null => self.cursor.null()?,
                    Kind::String => finish = Some(self.cursor.string()?),
                    _ => self.bent()?,
                },
                _ => self.extra(Place::Choice(choice), name)?,
            }
        }
        self.straight &= has_delta;
        match finish {
            Some(reason) if !reason.is_empty() && self.decoder.finished & bit(choice) == 0 => {
                self.open(choice);
                self.decoder.finished |= bit(choice);
                self.deltas.push(Delta::Finish {
                    choice,
                    reason: reason.read(),
                });
            }
            Some(_) => self.straight = false,
            None => {}
        }
        Ok(())
    }

    /// The `index` of the object that comes next, which need not be its first member; else its position.
    fn index(&mut self, position: u32) -> Result<u32, Malformed> {
        let mut ahead = self.cursor.clone();
        let mut members = ahead.object()?;
        while let Some(name) = ahead.member(&mut members)? {
            if name.raw() == "index" {
                match ahead.integer()? {
                    Some(index) if index < MAX_CHOICES => {
                        return Ok(u32::try_from(index).unwrap_or(position));
                    }
                    _ => break,
                }
            }
            ahead.skip()?;
        }
        self.straight = false;
        Ok(position.min(u32::try_from(MAX_CHOICES).unwrap_or(1) - 1))
    }

    fn open(&mut self, choice: u32) {
        if self.decoder.open & bit(choice) == 0 {
            self.decoder.open |= bit(choice);
            self.deltas.push(Delta::Open { choice });
        }
    }

    fn message(&mut self, choice: u32) -> Result<(), Malformed> {
        self.open(choice);
        let mut thought = false;
        let mut members = self.cursor.object()?;
        while let Some(name) = self.cursor.member(&mut members)? {
            match name.raw() {
                "content" => {
                    self.cursor.kind()?;
                    let start = self.cursor.at();
                    if let Some(text) = self.words()? {
                        self.strings.words = start..self.cursor.at();
                        self.deltas.push(Delta::Content { choice, text });
                    }
                }
                "refusal" => {
                    if let Some(text) = self.words()? {
                        self.deltas.push(Delta::Refusal { choice, text });
                    }
                }
                // DeepSeek's name and OpenRouter's; whoever sends both says the same twice.
                "reasoning_content" | "reasoning" => {
                    if let Some(text) = self.words()?
                        && !std::mem::replace(&mut thought, true)
                    {
                        self.deltas.push(Delta::Reasoning { choice, text });
                    }
                }
                "role" => {
                    self.cursor.skip()?;
                }
                "tool_calls" => self.tools(choice)?,
                _ => self.extra(Place::Message(choice), name)?,
            }
        }
        Ok(())
    }

    /// A piece of text, if there is any in it.
    fn words(&mut self) -> Result<Option<Cow<'a, str>>, Malformed> {
        match self.cursor.kind()? {
            Kind::String => {
                let text = self.cursor.string()?;
                Ok((!text.is_empty()).then(|| text.read()))
            }
            Kind::Null => self.cursor.null().map(|()| None),
            _ => self.bent().map(|()| None),
        }
    }

    fn tools(&mut self, choice: u32) -> Result<(), Malformed> {
        match self.cursor.kind()? {
            Kind::Array => {}
            Kind::Null => return self.cursor.null(),
            _ => return self.bent(),
        }
        let mut elements = self.cursor.array()?;
        let mut position = 0;
        while self.cursor.element(&mut elements)? {
            if self.cursor.kind()? == Kind::Object {
                self.tool(choice, position)?;
            } else {
                self.bent()?;
            }
            position += 1;
        }
        Ok(())
    }

    fn tool(&mut self, choice: u32, position: u32) -> Result<(), Malformed> {
        let mut index = None;
        let mut id = None;
        let mut function = (None, None);
        let mut members = self.cursor.object()?;
        while let Some(name) = self.cursor.member(&mut members)? {
            match name.raw() {
                "index" => index = self.cursor.integer()?.and_then(|index| u32::try_from(index).ok()),
                "id" => id = self.words()?,
                "function" if self.cursor.kind()? == Kind::Object => function = self.function()?,
                _ => {
                    self.cursor.skip()?;
                }
            }
        }
        self.straight &= index.is_some();
        let (name, arguments) = function;
        self.deltas.push(Delta::Tool {
            choice,
            index: index.unwrap_or(position),
            id,
            name,
            arguments: arguments.unwrap_or_default(),
        });
        Ok(())
    }

    /// The name and arguments of a call.
    #[expect(clippy::type_complexity, reason = "two texts that may be missing")]
    fn function(&mut self) -> Result<(Option<Cow<'a, str>>, Option<Cow<'a, str>>), Malformed> {
        let mut function = (None, None);
        let mut members = self.cursor.object()?;
        while let Some(name) = self.cursor.member(&mut members)? {
            match name.raw() {
                "name" => function.0 = self.words()?,
                "arguments" if self.cursor.kind()? == Kind::Object => {
                    self.straight = false;
                    function.1 = Some(Cow::Borrowed(self.cursor.skip()?));
                }
                "arguments" => function.1 = self.words()?,
                _ => {
                    self.cursor.skip()?;
                }
            }
        }
        Ok(function)
    }

    fn usage(&mut self) -> Result<(), Malformed> {
        if self.cursor.kind()? == Kind::Null {
            return self.cursor.null();
        }
        let mut ahead = self.cursor.clone();
        let json = self.cursor.skip()?;
        let (mut prompt, mut completion, mut total) = (None, None, None);
        if ahead.kind()? == Kind::Object {
            let mut members = ahead.object()?;
            while let Some(name) = ahead.member(&mut members)? {
                match name.raw() {
                    "prompt_tokens" => prompt = ahead.integer()?,
                    "completion_tokens" => completion = ahead.integer()?,
                    "total_tokens" => total = ahead.integer()?,
                    _ => {
                        ahead.skip()?;
                    }
                }
            }
        }
        self.straight &= prompt.is_some() && completion.is_some() && total.is_some();
        if prompt.is_some() || completion.is_some() || total.is_some() {
            self.deltas.push(Delta::Usage(Usage {
                prompt,
                completion,
                total,
                json: Cow::Borrowed(json),
            }));
        }
        Ok(())
    }

    fn extra(&mut self, place: Place, name: Text<'a>) -> Result<(), Malformed> {
        let json = self.cursor.skip()?;
        if json != "null" {
            if let Place::Choice(choice) = place {
                self.open(choice);
            }
            self.deltas.push(Delta::Extra {
                place,
                name: name.read(),
                json: Cow::Borrowed(json),
            });
        }
        Ok(())
    }

    /// Passes over a value of a type that the reference does not give it.
    fn bent(&mut self) -> Result<(), Malformed> {
        self.straight = false;
        self.cursor.skip().map(|_| ())
    }
}

/// Whether the choice that comes next has a delta.
fn deltas(mut choice: Cursor<'_>) -> Result<bool, Malformed> {
    let mut members = choice.object()?;
    while let Some(name) = choice.member(&mut members)? {
        if name.raw() == "delta" && choice.kind()? == Kind::Object {
            return Ok(true);
        }
        choice.skip()?;
    }
    Ok(false)
}

fn bit(choice: u32) -> u128 {
    1_u128.checked_shl(choice).unwrap_or(0)
}

fn unreadable(text: &str, malformed: &Malformed) -> Error {
    const SHOWN: usize = 80;
    let start: String = text.chars().take(SHOWN).collect();
    Error::stream(
        StreamKind::Malformed,
        format!("an event of the answer is {malformed}: {start}"),
    )
}

/// The error for an error object, or the text of an `error` event.
fn reported(error: &str) -> Error {
    // The readers of refusals expect the body around it.
    let body = format!("{{\"error\":{error}}}");
    let (message, code) = match Value::parse(&body) {
        Ok(body) => {
            let inner = body
                .get("error")
                .filter(|inner| inner.get("error").is_some())
                .unwrap_or(&body);
            (http::message(inner), http::code(inner))
        }
        Err(_) => (Some(error.to_owned()), None),
    };
    let said = message.map_or_else(String::new, |message| format!(": {message}"));
    Error::stream(
        StreamKind::Error,
        format!("the upstream reported an error inside its answer{said}"),
    )
    .with_service_code(code)
}
