//! Bytes to events.
//!
//! ```text
//! stream  = [ BOM ] *event                event = *( comment / field ) end-of-line
//! comment = ":" *any end-of-line          field = 1*name [ ":" [ space ] *any ] end-of-line
//! end-of-line = CR LF / LF / CR
//! ```

use std::borrow::Cow;

use memchr::memchr2;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// The parser of one event stream.
///
/// Give it each piece of the body with [`Decoder::push`] and draw events from what that returns until there are none;
/// how the body is cut into pieces makes no difference. An event is complete at its blank line; at the end of the body
/// the standard throws an unfinished one away, [`Decoder::finish`] gives it for those who would rather have it.
#[derive(Debug)]
pub struct Decoder {
    /// The beginning of a line whose end has not come.
    line: Vec<u8>,
    /// The lines of `data` of the event being read, each with a line feed behind it.
    data: String,
    /// Its `event` field.
    kind: String,
    last_event_id: String,
    retry_ms: Option<u64>,
    /// A CR ended the last line, so that a LF right behind it belongs to it.
    after_cr: bool,
    /// No line has been read yet, so that a byte order mark is still possible.
    at_start: bool,
    /// `data` and `kind` were given out and are to be cleared.
    given: bool,
    limit: usize,
}

/// One event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// Its type: the `event` field, or `message`.
    pub kind: &'a str,
    /// Its data: the `data` fields, joined by line feeds.
    pub data: &'a str,
    /// The last event ID as of this event.
    pub last_event_id: &'a str,
}

/// A line or an event grew past the limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overflow;

/// The events that one piece of the body completes; made by [`Decoder::push`].
#[derive(Debug)]
pub struct Events<'d, 'b> {
    decoder: &'d mut Decoder,
    rest: &'b [u8],
}

/// What was found next in a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found<'b> {
    /// An event; [`Events::event`] gives it.
    Event(Complete<'b>),
    /// A line that the standard has ignored, since it knows no field of that name.
    Ignored(Cow<'b, [u8]>),
}

/// Where a complete event's data is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Complete<'b> {
    /// Still in the piece it came in: the usual case, one `data` line and a blank one.
    InPlace(&'b str),
    /// In the decoder's buffer.
    Buffered,
}

impl Decoder {
    /// Refuses lines and events of more than `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            line: Vec::new(),
            data: String::new(),
            kind: String::new(),
            last_event_id: String::new(),
            retry_ms: None,
            after_cr: false,
            at_start: true,
            given: false,
            limit,
        }
    }

    /// Takes the next piece of the body.
    pub fn push<'d, 'b>(&'d mut self, bytes: &'b [u8]) -> Events<'d, 'b> {
        Events {
            decoder: self,
            rest: bytes,
        }
    }

    /// The reconnection time that the stream last asked for, in milliseconds.
    #[must_use]
    pub fn retry_ms(&self) -> Option<u64> {
        self.retry_ms
    }

    /// At the end of the body: the event that was not finished by a blank line, its last line finished or not.
    ///
    /// # Errors
    ///
    /// When that last line makes the event larger than the limit.
    pub fn finish(&mut self) -> Result<Option<Event<'_>>, Overflow> {
        self.last_line()?;
        Ok(self.dispatch().then(|| self.event(Complete::Buffered)))
    }

    /// At the end of the body, before [`Decoder::finish`]: the last line, if nothing ended it and the standard ignores it.
    ///
    /// # Errors
    ///
    /// When it makes the event larger than the limit.
    pub fn last_line(&mut self) -> Result<Option<Vec<u8>>, Overflow> {
        self.clear_given();
        let mut line = std::mem::take(&mut self.line);
        if std::mem::take(&mut self.at_start) && line.starts_with(BOM) {
            line.drain(..BOM.len());
        }
        Ok((!line.is_empty() && !self.field(&line)?).then_some(line))
    }

    fn clear_given(&mut self) {
        if std::mem::take(&mut self.given) {
            self.data.clear();
            self.kind.clear();
        }
    }

    /// At a blank line: whether there is an event to give out. Without data there is none, and its type is forgotten.
    fn dispatch(&mut self) -> bool {
        self.given = true;
        self.data.pop().is_some()
    }

    fn event<'a>(&'a self, complete: Complete<'a>) -> Event<'a> {
        Event {
            kind: if self.kind.is_empty() { "message" } else { &self.kind },
            data: match complete {
                Complete::InPlace(data) => data,
                Complete::Buffered => &self.data,
            },
            last_event_id: &self.last_event_id,
        }
    }

    /// Reads one line that is not blank, without its end, and gives whether it is a field that the standard knows, or a
    /// comment.
    fn field(&mut self, line: &[u8]) -> Result<bool, Overflow> {
        let (name, value) = match memchr::memchr(b':', line).and_then(|colon| line.split_at_checked(colon)) {
            Some((name, value)) => {
                let value = value.strip_prefix(b":").unwrap_or(value);
                (name, value.strip_prefix(b" ").unwrap_or(value))
            }
            None => (line, &[][..]),
        };
        match name {
            b"data" => {
                if self.data.len() + value.len() > self.limit {
                    return Err(Overflow);
                }
                self.data.push_str(&String::from_utf8_lossy(value));
                self.data.push('\n');
            }
            b"event" => {
                self.kind.clear();
                self.kind.push_str(&String::from_utf8_lossy(value));
            }
            b"id" if !value.contains(&0) => self.last_event_id = String::from_utf8_lossy(value).into_owned(),
            b"retry" if !value.is_empty() && value.iter().all(u8::is_ascii_digit) => {
                self.retry_ms = String::from_utf8_lossy(value).parse().ok().or(self.retry_ms);
            }
            b"id" | b"retry" | b"" => {}
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'b> Events<'_, 'b> {
    /// The next event, or `None` when more bytes are needed.
    ///
    /// # Errors
    ///
    /// When a line or event is larger than the limit. The stream cannot be read on after that.
    #[expect(
        clippy::should_implement_trait,
        reason = "it lends its buffer, which an Iterator cannot"
    )]
    pub fn next(&mut self) -> Result<Option<Event<'_>>, Overflow> {
        let complete = loop {
            match self.advance()? {
                Some(Found::Event(complete)) => break complete,
                Some(Found::Ignored(_)) => {}
                None => return Ok(None),
            }
        };
        Ok(Some(self.event(complete)))
    }

    /// The next event or ignored line, or `None` when more bytes are needed.
    ///
    /// # Errors
    ///
    /// As [`Events::next`].
    pub fn advance(&mut self) -> Result<Option<Found<'b>>, Overflow> {
        self.decoder.clear_given();
        loop {
            if let Some(data) = self.whole_event() {
                return Ok(Some(Found::Event(Complete::InPlace(data))));
            }
            let Some(line) = self.line()? else {
                return Ok(None);
            };
            if line.is_empty() {
                if self.decoder.dispatch() {
                    return Ok(Some(Found::Event(Complete::Buffered)));
                }
                self.decoder.clear_given();
            } else if !self.decoder.field(&line)? {
                return Ok(Some(Found::Ignored(line)));
            }
            if let Cow::Owned(mut buffer) = line {
                // Keep the buffer, and with it the room it has grown.
                buffer.clear();
                self.decoder.line = buffer;
            }
        }
    }

    /// The event that [`Events::advance`] has just found.
    #[must_use]
    pub fn event<'a>(&'a self, complete: Complete<'a>) -> Event<'a> {
        self.decoder.event(complete)
    }

    /// The data of an event that goes on with one `data: ` line and a blank one, all in this piece and in valid UTF-8. Such an
    /// event needs no buffer, and nearly all are such. Anything else is left to be read line by line.
    fn whole_event(&mut self) -> Option<&'b str> {
        const NAME: &[u8] = b"data: ";
        let decoder = &mut *self.decoder;
        if !(decoder.line.is_empty() && decoder.data.is_empty()) || decoder.after_cr {
            return None;
        }
        let line = self.rest.strip_prefix(NAME)?;
        let end = memchr2(b'\n', b'\r', line)?;
        let (data, tail) = line.split_at_checked(end)?;
        let rest = tail.strip_prefix(b"\n\n").or_else(|| tail.strip_prefix(b"\r\n\r\n"))?;
        let data = std::str::from_utf8(data).ok()?;
        if NAME.len() + data.len() > decoder.limit {
            return None;
        }
        self.rest = rest;
        decoder.at_start = false;
        // Its type, if it has one, is its own.
        decoder.given = true;
        Some(data)
    }

    /// The next whole line without its end.
    fn line(&mut self) -> Result<Option<Cow<'b, [u8]>>, Overflow> {
        let decoder = &mut *self.decoder;
        if decoder.after_cr && !self.rest.is_empty() {
            decoder.after_cr = false;
            self.rest = self.rest.strip_prefix(b"\n").unwrap_or(self.rest);
        }
        let Some((head, tail)) = memchr2(b'\n', b'\r', self.rest).and_then(|end| self.rest.split_at_checked(end))
        else {
            if decoder.line.len() + self.rest.len() > decoder.limit {
                return Err(Overflow);
            }
            decoder.line.extend_from_slice(self.rest);
            self.rest = &[];
            return Ok(None);
        };
        self.rest = match tail {
            [b'\r'] => {
                decoder.after_cr = true;
                &[]
            }
            [b'\r', b'\n', rest @ ..] | [_, rest @ ..] => rest,
            [] => tail,
        };
        if decoder.line.len() + head.len() > decoder.limit {
            return Err(Overflow);
        }
        let mut line = if decoder.line.is_empty() {
            Cow::Borrowed(head)
        } else {
            let mut line = std::mem::take(&mut decoder.line);
            line.extend_from_slice(head);
            Cow::Owned(line)
        };
        if std::mem::take(&mut decoder.at_start) {
            line = match line {
                Cow::Borrowed(bytes) => Cow::Borrowed(after_bom(bytes)),
                Cow::Owned(bytes) => Cow::Owned(after_bom(&bytes).to_vec()),
            };
        }
        Ok(Some(line))
    }
}

fn after_bom(line: &[u8]) -> &[u8] {
    line.strip_prefix(BOM).unwrap_or(line)
}
