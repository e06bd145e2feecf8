//! How a body is framed, whatever its content type says, and the payloads it holds.
//!
//! An event stream is what was asked for. A body that begins with a bracket is JSON instead: one value, one a line,
//! an array of them, pretty-printed or run together. What providers get wrong about framing is put right here, so that
//! [`sse`] is the standard and nothing else: lines of other names, and events that hold more than one payload or a part
//! of one.

mod parts;

use std::borrow::Cow;

pub use parts::parts;

use crate::error::{Error, StreamKind};
use crate::{json, sse};

/// How large one event or value may grow, in bytes. A chunk of a chat stream has some hundred; a message that is sent
/// whole, with sound or pictures in it, may have millions.
pub const LIMIT: usize = 32 << 20;

/// What ends a chat stream, in or outside of an event.
pub(crate) const DONE: &str = "[DONE]";

/// Cuts a body into payloads. Push its pieces in order, draw all payloads from each, then call [`Framing::finish`].
#[derive(Debug)]
pub struct Framing {
    format: Format,
    limit: usize,
    /// It began with a `<`.
    is_page: bool,
}

#[derive(Debug)]
enum Format {
    /// Nothing but white space or the beginning of a byte order mark so far.
    Undecided {
        bom: Vec<u8>,
    },
    Events(sse::Decoder),
    Values(json::Splitter),
}

/// One payload of the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload<'a> {
    /// The event's type, `message` where the body is no event stream.
    pub kind: &'a str,
    /// The event's data or the JSON value, as text.
    pub text: Cow<'a, str>,
}

/// The payloads in one piece of the body; made by [`Framing::push`].
#[derive(Debug)]
pub struct Payloads<'f, 'b> {
    source: Source<'f, 'b>,
    limit: usize,
}

#[derive(Debug)]
enum Source<'f, 'b> {
    Nothing,
    Events { events: sse::Events<'f, 'b>, is_page: bool },
    Values(json::Values<'f, 'b>),
}

impl Default for Framing {
    fn default() -> Self {
        Self::new(LIMIT)
    }
}

impl Framing {
    /// Refuses events and values of more than `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            format: Format::Undecided { bom: Vec::new() },
            limit,
            is_page: false,
        }
    }

    /// Whether the body looks like a web page, which has no payloads.
    #[must_use]
    pub fn is_page(&self) -> bool {
        self.is_page
    }

    /// Takes the next piece of the body. Draw all payloads from what it gives.
    pub fn push<'f, 'b>(&'f mut self, bytes: &'b [u8]) -> Payloads<'f, 'b> {
        let bytes = self.decide(bytes);
        Payloads {
            source: match &mut self.format {
                Format::Undecided { .. } => Source::Nothing,
                Format::Events(decoder) => Source::Events {
                    events: decoder.push(bytes),
                    is_page: self.is_page,
                },
                Format::Values(splitter) => Source::Values(splitter.push(bytes)),
            },
            limit: self.limit,
        }
    }

    /// Looks for the first byte that tells the format, and gives what is left to read.
    fn decide<'b>(&mut self, mut bytes: &'b [u8]) -> &'b [u8] {
        const BOM: &[u8] = b"\xef\xbb\xbf";
        let Format::Undecided { bom } = &mut self.format else {
            return bytes;
        };
        while let [byte, rest @ ..] = bytes {
            if BOM.get(bom.len()) == Some(byte) {
                bom.push(*byte);
            } else if !byte.is_ascii_whitespace() {
                self.is_page = *byte == b'<';
                self.format = if matches!(byte, b'{' | b'[') {
                    Format::Values(json::Splitter::new(self.limit).with_word(DONE.as_bytes()))
                } else {
                    Format::Events(sse::Decoder::new(self.limit))
                };
                break;
            }
            bytes = rest;
        }
        bytes
    }

    /// At the end of the body: the payloads that were not closed, one at each call. Each may be cut.
    ///
    /// # Errors
    ///
    /// When one is larger than the limit.
    pub fn finish(&mut self) -> Result<Option<Payload<'_>>, Error> {
        let limit = self.limit;
        match &mut self.format {
            Format::Events(decoder) => {
                let too_large = |sse::Overflow| too_large(limit);
                let last = decoder.last_line().map_err(too_large)?;
                if let Some(payload) = last.filter(|_| !self.is_page).and_then(|line| stray(&line)) {
                    return Ok(Some(payload));
                }
                Ok(decoder.finish().map_err(too_large)?.map(Payload::from))
            }
            Format::Values(splitter) => Ok(splitter.finish().map(Payload::value)),
            Format::Undecided { .. } => Ok(None),
        }
    }
}

impl Payloads<'_, '_> {
    /// The next payload, or `None` when more bytes are needed.
    ///
    /// # Errors
    ///
    /// When an event or value is larger than the limit. The body cannot be read on after that.
    #[expect(
        clippy::should_implement_trait,
        reason = "it lends its buffer, which an Iterator cannot"
    )]
    pub fn next(&mut self) -> Result<Option<Payload<'_>>, Error> {
        let limit = self.limit;
        match &mut self.source {
            Source::Nothing => Ok(None),
            Source::Events { events, is_page } => {
                let complete = loop {
                    match events.advance().map_err(|sse::Overflow| too_large(limit))? {
                        Some(sse::Found::Event(complete)) => break complete,
                        Some(sse::Found::Ignored(line)) => {
                            if !*is_page && let Some(payload) = stray(&line) {
                                return Ok(Some(payload));
                            }
                        }
                        None => return Ok(None),
                    }
                };
                Ok(Some(events.event(complete).into()))
            }
            Source::Values(values) => match values.next() {
                None => Ok(None),
                Some(Ok(value)) => Ok(Some(Payload::value(value))),
                Some(Err(json::Overflow)) => Err(too_large(limit)),
            },
        }
    }
}

impl<'a> Payload<'a> {
    /// A payload that came without any framing.
    #[must_use]
    pub fn message(text: &'a str) -> Self {
        Self {
            kind: "message",
            text: Cow::Borrowed(text),
        }
    }

    fn value(value: &'a [u8]) -> Self {
        Self {
            kind: "message",
            text: String::from_utf8_lossy(value),
        }
    }
}

impl<'a> From<sse::Event<'a>> for Payload<'a> {
    fn from(event: sse::Event<'a>) -> Self {
        Self {
            kind: event.kind,
            text: Cow::Borrowed(event.data),
        }
    }
}

/// What a line says that is no field of an event stream, if it is one of these:
///
/// - `error: {…}`, as llama.cpp told of errors until late in 2025 (ggml-org/llama.cpp#16104)
/// - a whole JSON object, or `[DONE]`: a line of newline-delimited JSON in what began as an event stream
/// - ` data: {…}`, indented, in other letters, with a space before its colon, or behind a byte order mark, as stands there
///   when one body was put behind another
fn stray(line: &[u8]) -> Option<Payload<'static>> {
    let text = String::from_utf8_lossy(line);
    let text = text.trim_start_matches('\u{feff}').trim_ascii();
    let (name, value) = text.split_once(':').unwrap_or_default();
    let (kind, said) = if name == "error" {
        ("error", value)
    } else if name.trim_ascii_end().eq_ignore_ascii_case("data") {
        ("message", value)
    } else if text == DONE || (text.starts_with('{') && json::is_whole(text)) {
        ("message", text)
    } else {
        return None;
    };
    Some(Payload {
        kind,
        text: Cow::Owned(said.trim_ascii_start().to_owned()),
    })
}

fn too_large(limit: usize) -> Error {
    Error::stream(
        StreamKind::TooLarge,
        format!("one event of the stream is larger than {limit} bytes"),
    )
}
