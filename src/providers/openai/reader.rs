//! Reading one chunk.

use std::borrow::Cow;

use super::calls::Piece;
use super::choices::{MAX_CHOICES, Part};
use super::form::Strings;
use super::{Decoder, finish, usage};
use crate::chat::{Delta, Place, Usage};
use crate::json::{Cursor, Kind, Malformed, Text};

// What a chunk must have to be passed on as it is; the first three are also what `Decoder::told` counts.
const ID: u8 = 1;
const MODEL: u8 = 2;
const CREATED: u8 = 4;
const OBJECT: u8 = 8;
const CHOICES: u8 = 16;
const WHOLE: u8 = ID | MODEL | CREATED | OBJECT | CHOICES;

/// Reads one chunk.
pub(super) struct Reader<'d, 'a> {
    text: &'a str,
    pub(super) cursor: Cursor<'a>,
    pub(super) strings: Strings,
    pub(super) decoder: &'d mut Decoder,
    pub(super) deltas: Vec<Delta<'a>>,
    /// How many of them are parts of the head.
    heads: usize,
    /// The members seen in their proper type.
    found: u8,
    /// Nothing was seen that the reference does not describe.
    pub(super) straight: bool,
    /// An error that the upstream reports, as JSON or plain text.
    pub(super) error: Option<&'a str>,
    /// The pieces of calls in this chunk, and of which choice. What changes more than bits waits until the chunk was read to
    /// its end: of one that breaks off, nothing must be left.
    pub(super) pieces: Vec<(u32, Piece<'a>)>,
    /// Which choices finish in this chunk, and why; told when all of them have said what they say.
    pub(super) finishes: Vec<(u32, Text<'a>)>,
    /// The chunk's token counts.
    pub(super) counts: Option<Usage<'a>>,
    /// Those that stand where they are not expected; told where the others are missing.
    pub(super) aside: Option<Usage<'a>>,
}

impl<'d, 'a> Reader<'d, 'a> {
    pub(super) fn new(text: &'a str, decoder: &'d mut Decoder) -> Self {
        Self {
            text,
            cursor: Cursor::new(text),
            strings: Strings::default(),
            decoder,
            deltas: Vec::with_capacity(2),
            heads: 0,
            found: 0,
            straight: true,
            error: None,
            pieces: Vec::new(),
            finishes: Vec::new(),
            counts: None,
            aside: None,
        }
    }

    /// Whether what was read can be passed on as it is.
    pub(super) fn is_chunk(&self) -> bool {
        self.straight && self.found == WHOLE && self.error.is_none()
    }

    pub(super) fn chunk(&mut self) -> Result<(), Malformed> {
        let start = self.cursor.clone();
        let mut members = self.cursor.object()?;
        while let Some(name) = self.cursor.member(&mut members)? {
            match name.raw() {
                "id" => {
                    if let Some(id) = self.word(ID)? {
                        self.head(Delta::Id(id));
                    }
                }
                "model" => {
                    if let Some(model) = self.word(MODEL)? {
                        self.head(Delta::Model(model));
                    }
                }
                "created" => {
                    if let Some(created) = self.cursor.integer()? {
                        self.found |= CREATED;
                        if created > 0 && self.first(CREATED) {
                            self.head(Delta::Created(created));
                        }
                    }
                }
                "object" => match self.cursor.text()? {
                    Some(object) if object.is("chat.completion.chunk") => self.found |= OBJECT,
                    // An error without an object around it (vLLM).
                    Some(object) if object.is("error") => self.error = Some(self.text),
                    _ => {}
                },
                "choices" => self.choices()?,
                "usage" => self.usage()?,
                "error" => self.error()?,
                "x_groq" => {
                    // Groq (vercel/ai, `groq-tool-call.chunks.txt`)
                    let usage = self.cursor.find("usage")?.and_then(|mut at| usage::read(&mut at).ok());
                    self.aside = usage.or(self.aside.take());
                    self.extra(Place::Chunk, name)?;
                }
                "message" if self.cursor.kind()? == Kind::Object && start.find("done")?.is_some() => {
                    self.native(&start)?;
                }
                "response" | "tool_calls" | "p" if start.find("choices")?.or(start.find("type")?).is_none() => {
                    self.binding(name.raw())?;
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
        self.cursor.end()?;
        // What JavaScript makes of an error is no more than this; in a chunk that answers it says that there is none.
        if self.error == Some("{}") && self.found & CHOICES != 0 {
            self.error = None;
        }
        self.call();
        self.finish();
        self.tell_counts();
        Ok(())
    }

    /// A string of the head: noted as found, and given the first time it says something.
    fn word(&mut self, which: u8) -> Result<Option<Cow<'a, str>>, Malformed> {
        let Some(text) = self.cursor.text()? else {
            return Ok(None);
        };
        self.found |= which;
        Ok((!text.is_empty() && self.first(which)).then(|| text.read()))
    }

    /// Tells a part of the head before all else of the chunk, wherever in it that stands: with Azure and llama.cpp it is last.
    fn head(&mut self, delta: Delta<'a>) {
        self.deltas.insert(self.heads, delta);
        self.heads += 1;
    }

    fn first(&mut self, which: u8) -> bool {
        let first = self.decoder.state.told & which == 0;
        self.decoder.state.told |= which;
        first
    }

    /// An error, unless it says that there is none.
    fn error(&mut self) -> Result<(), Malformed> {
        let error = self.cursor.skip()?;
        if !matches!(error, "null" | "\"\"" | "false" | "0") {
            self.error = Some(error);
        }
        Ok(())
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
        let index = self.index(position)?;
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
                    self.message(index)?;
                }
                "message" if self.cursor.kind()? == Kind::Object => match beside(&start, &["delta"]) {
                    Beside::Nothing => self.message(index)?,
                    Beside::Silence
                        if !self
                            .decoder
                            .state
                            .choices
                            .has_spoken(self.decoder.state.choices.of(index)) =>
                    {
                        self.straight = false;
                        self.message(index)?;
                        // The next one may say all of this again.
                        self.strings.words = 0..0;
                    }
                    // Beside a delta it says the same again, or all that was said so far (Perplexity, MacPaw/OpenAI#317).
                    _ => self.bent()?,
                },
                // What completions that are no chats call it; beside a delta it is the same (Together, mlflow/mlflow#11557).
                "text" if beside(&start, &["delta", "message"]) != Beside::Words => {
                    self.straight = false;
                    self.content(index)?;
                }
                "delta" | "message" | "text" => self.bent()?,
                "finish_reason" => match self.cursor.kind()? {
                    Kind::Null => self.cursor.null()?,
                    Kind::String => self.finishes.push((index, self.cursor.string()?)),
                    _ => self.bent()?,
                },
                // Moonshot (vercel/ai, `moonshotai-stream-choice-usage.chunks.txt`)
                "usage" => self.aside = Some(usage::read(&mut self.cursor)?),
                "error" => self.error()?,
                _ => self.extra(Place::Choice(index), name)?,
            }
        }
        self.straight &= has_delta;
        Ok(())
    }

    /// Tells which have finished.
    fn finish(&mut self) {
        for (index, said) in std::mem::take(&mut self.finishes) {
            let choice = self.decoder.state.choices.of(index);
            self.straight &= choice == index;
            match finish::reason(said, self.decoder.calls.has_called(choice)) {
                Some((reason, as_sent)) if self.decoder.state.choices.finish(choice) => {
                    self.straight &= as_sent;
                    self.open(choice);
                    self.deltas.push(Delta::Finish { choice, reason });
                }
                _ => self.straight = false,
            }
        }
    }

    /// The `index` of the object that comes next, which need not be its first member; else its position.
    fn index(&mut self, position: u32) -> Result<u32, Malformed> {
        let index = self.cursor.find("index")?.and_then(|mut at| at.integer().ok()?);
        Ok(match index.and_then(|index| u32::try_from(index).ok()) {
            Some(index) if index < MAX_CHOICES => index,
            _ => {
                self.straight = false;
                position.min(MAX_CHOICES - 1)
            }
        })
    }

    fn open(&mut self, choice: u32) {
        if self.decoder.state.choices.open(choice) {
            self.deltas.push(Delta::Open { choice });
        }
    }

    /// The open choice in which this is said.
    pub(super) fn saying(&mut self, index: u32, part: Part) -> u32 {
        let choice = self.decoder.state.choices.saying(index, part);
        self.straight &= choice == index;
        self.open(choice);
        choice
    }

    /// The open choice that the rest belongs to.
    fn of(&mut self, index: u32) -> u32 {
        let choice = self.decoder.state.choices.of(index);
        self.straight &= choice == index;
        self.open(choice);
        choice
    }

    pub(super) fn message(&mut self, index: u32) -> Result<(), Malformed> {
        self.of(index);
        let mut thought = false;
        let mut members = self.cursor.object()?;
        while let Some(name) = self.cursor.member(&mut members)? {
            match name.raw() {
                "content" => self.content(index)?,
                "refusal" => {
                    if let Some(text) = self.words()? {
                        let choice = self.saying(index, Part::Words);
                        self.deltas.push(Delta::Refusal { choice, text });
                    }
                }
                // DeepSeek's name, OpenRouter's and Ollama's own; whoever sends two says the same twice.
                "reasoning_content" | "reasoning" | "thinking" => {
                    if thought {
                        self.cursor.skip()?;
                    } else {
                        let before = self.deltas.len();
                        self.part(index, Part::Thoughts, 0)?;
                        thought = self.deltas.len() > before;
                    }
                }
                // The second is Mistral's, and says nothing.
                "role" | "index" => {
                    self.cursor.skip()?;
                }
                "tool_calls" => self.tools(index)?,
                _ => self.extra(Place::Message(index), name)?,
            }
        }
        Ok(())
    }

    /// A piece of text, if there is any in it.
    pub(super) fn words(&mut self) -> Result<Option<Cow<'a, str>>, Malformed> {
        match self.cursor.kind()? {
            Kind::String => {
                let text = self.cursor.string()?;
                Ok((!text.is_empty()).then(|| text.read()))
            }
            Kind::Null => self.cursor.null().map(|()| None),
            _ => self.bent().map(|()| None),
        }
    }

    fn extra(&mut self, place: Place, name: Text<'a>) -> Result<(), Malformed> {
        let json = self.cursor.skip()?;
        if json != "null" {
            let place = match place {
                Place::Chunk | Place::Call { .. } => place,
                Place::Choice(index) => Place::Choice(self.of(index)),
                Place::Message(index) => Place::Message(self.of(index)),
            };
            self.deltas.push(Delta::Extra {
                place,
                name: name.read(),
                json: Cow::Borrowed(json),
            });
        }
        Ok(())
    }

    /// Passes over a value of a type that the reference does not give it.
    pub(super) fn bent(&mut self) -> Result<(), Malformed> {
        self.straight = false;
        self.cursor.skip().map(|_| ())
    }
}

/// What the objects of some names say that a choice has.
#[derive(Clone, Copy, PartialEq)]
enum Beside {
    /// There are none.
    Nothing,
    /// Nothing but a role.
    Silence,
    Words,
}

fn beside(choice: &Cursor<'_>, names: &[&str]) -> Beside {
    let mut found = Beside::Nothing;
    for name in names {
        let mut object = match choice.find(name) {
            Ok(Some(object)) => object,
            Ok(None) => continue,
            // It is cut, and who knows what it had.
            Err(_) => return Beside::Silence,
        };
        let Ok(mut members) = object.object() else {
            continue;
        };
        found = Beside::Silence;
        while let Ok(Some(name)) = object.member(&mut members) {
            let said = object.skip().unwrap_or_default();
            if !matches!(name.raw(), "role" | "token_id") && !matches!(said, "null" | "\"\"" | "[]" | "{}") {
                return Beside::Words;
            }
        }
    }
    found
}
