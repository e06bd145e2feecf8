//! Bytes to events, as openai-python cuts them.
//!
//! Not [`crate::sse`], which reads what the standard says. Here invalid UTF-8 is an error and a byte order mark part of
//! the first field's name; a blank line after any earlier `id:` is an event, and so is one after `retry:`; and what has
//! no blank line at the end is thrown away. The older version reads nothing of a block before its blank line, and
//! sees that line only where it ends as the line before does.

use memchr::memchr2;

use super::python::is_int;
use super::{Caller, MAX_EVENT, Why};

/// Why no more is read.
pub(super) enum Stop {
    /// The stream is over for the caller.
    Done,
    Tripped(Why),
}

/// What a blank line completes.
pub(super) struct Event<'e> {
    /// The `data` fields, joined by line feeds.
    pub(super) data: &'e str,
    /// Its name is one of the Assistants API's, which are read otherwise.
    pub(super) is_thread: bool,
    /// What made it an event, should it have no data.
    pub(super) cause: Why,
}

/// Takes the events in their order.
pub(super) type Sink<'s> = dyn FnMut(&Event<'_>) -> Result<(), Stop> + 's;

pub(super) struct Events {
    caller: Caller,
    /// The observed version: what has come since the last block. The newest: the beginning of a line.
    pending: Vec<u8>,
    /// The newest version: a CR ended the last line, so that a LF right behind it belongs to it.
    after_cr: bool,
    fields: Fields,
}

/// The fields since the last blank line.
#[expect(clippy::struct_excessive_bools, reason = "each is a field of its own")]
#[derive(Default)]
struct Fields {
    is_named: bool,
    is_thread: bool,
    data: Option<String>,
    /// This one stays for the rest of the stream.
    has_id: bool,
    has_retry: bool,
}

impl Events {
    pub(super) fn new(caller: Caller) -> Self {
        Self {
            caller,
            pending: Vec::new(),
            after_cr: false,
            fields: Fields::default(),
        }
    }

    /// Takes the next piece of the body.
    pub(super) fn push(&mut self, bytes: &[u8], sink: &mut Sink<'_>) -> Result<(), Stop> {
        match self.caller {
            Caller::Observed => self.push_block(bytes, sink),
            Caller::Newest => self.push_lines(bytes, sink),
        }
    }

    /// The body has ended. The observed version reads its last block as it stands, the newest its last line; only the
    /// former can hold a blank line.
    pub(super) fn end(&mut self, sink: &mut Sink<'_>) -> Result<(), Stop> {
        let rest = std::mem::take(&mut self.pending);
        self.read_block(&rest, sink)
    }

    fn keep(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        if self.pending.len() + bytes.len() > MAX_EVENT {
            return Err(Stop::Tripped(Why::TooLong));
        }
        self.pending.extend_from_slice(bytes);
        Ok(())
    }

    fn push_block(&mut self, bytes: &[u8], sink: &mut Sink<'_>) -> Result<(), Stop> {
        let mut rest = bytes;
        while let Some((line, end, after)) = split_line(rest) {
            self.keep(line)?;
            self.keep(end)?;
            rest = after;
            let block = &self.pending;
            if block.ends_with(b"\r\r") || block.ends_with(b"\n\n") || block.ends_with(b"\r\n\r\n") {
                let block = std::mem::take(&mut self.pending);
                self.read_block(&block, sink)?;
                // Keep the room that it has grown.
                self.pending = block;
                self.pending.clear();
            }
        }
        self.keep(rest)
    }

    fn push_lines(&mut self, bytes: &[u8], sink: &mut Sink<'_>) -> Result<(), Stop> {
        let mut rest = bytes;
        if self.after_cr && !rest.is_empty() {
            self.after_cr = false;
            rest = rest.strip_prefix(b"\n").unwrap_or(rest);
        }
        while let Some((line, end, after)) = split_line(rest) {
            rest = after;
            self.after_cr = end == b"\r" && rest.is_empty();
            if self.pending.is_empty() {
                self.read_line(line, sink)?;
                continue;
            }
            self.keep(line)?;
            let whole = std::mem::take(&mut self.pending);
            self.read_line(&whole, sink)?;
            self.pending = whole;
            self.pending.clear();
        }
        self.keep(rest)
    }

    fn read_block(&mut self, block: &[u8], sink: &mut Sink<'_>) -> Result<(), Stop> {
        let mut rest = block;
        while let Some((line, _, after)) = split_line(rest) {
            self.read_line(line, sink)?;
            rest = after;
        }
        if rest.is_empty() {
            Ok(())
        } else {
            self.read_line(rest, sink)
        }
    }

    fn read_line(&mut self, line: &[u8], sink: &mut Sink<'_>) -> Result<(), Stop> {
        let line = str::from_utf8(line).map_err(|_| Stop::Tripped(Why::NotUtf8))?;
        if line.is_empty() {
            return self.dispatch(sink);
        }
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        let fields = &mut self.fields;
        match name {
            "data" => {
                let data = match &mut fields.data {
                    Some(data) => {
                        data.push('\n');
                        data
                    }
                    none => none.insert(String::new()),
                };
                if data.len() + value.len() > MAX_EVENT {
                    return Err(Stop::Tripped(Why::TooLong));
                }
                data.push_str(value);
            }
            "event" => {
                fields.is_named = !value.is_empty();
                fields.is_thread = value.starts_with("thread.");
            }
            "id" if !value.contains('\0') => fields.has_id = !value.is_empty(),
            "retry" => fields.has_retry |= is_int(value),
            _ => {}
        }
        Ok(())
    }

    fn dispatch(&mut self, sink: &mut Sink<'_>) -> Result<(), Stop> {
        let Fields {
            is_named,
            is_thread,
            data,
            has_id,
            has_retry,
        } = std::mem::take(&mut self.fields);
        self.fields.has_id = has_id;
        let cause = match data {
            Some(_) => Why::EmptyData,
            None if is_named => Why::EventWithoutData,
            None if has_retry => Why::RetryWithoutData,
            None if has_id => Why::BlankLineAfterId,
            None => return Ok(()),
        };
        let data = data.as_deref().unwrap_or_default();
        sink(&Event { data, is_thread, cause })
    }
}

/// The first line, its end, and what follows, if it has an end. CR, LF and CR LF end a line, as in `bytes.splitlines`;
/// a CR that comes last does too.
fn split_line(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (line, tail) = bytes.split_at_checked(memchr2(b'\n', b'\r', bytes)?)?;
    let (end, rest) = tail.split_at_checked(if tail.starts_with(b"\r\n") { 2 } else { 1 })?;
    Some((line, end, rest))
}
