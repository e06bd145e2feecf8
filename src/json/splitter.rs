//! Finds where one value ends in a stream of JSON values: newline-delimited, run together, pretty-printed, or the
//! elements of one big array.

/// Cuts bytes into the objects they hold. Scalars between them, commas, and the brackets of arrays around them are
/// passed over: what matters to a chat stream is an object.
#[derive(Debug)]
pub struct Splitter {
    value: Vec<u8>,
    depth: u32,
    place: Place,
    limit: usize,
    given: bool,
    /// What else than objects is given out.
    word: &'static [u8],
    /// How much of it has just come.
    spelt: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    /// Between the tokens of a value, or between values.
    Plain,
    /// Inside a string.
    String,
    /// Behind a backslash in a string.
    Escape,
}

/// A value grew past the limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overflow;

/// The values in one piece of the stream; made by [`Splitter::push`].
#[derive(Debug)]
pub struct Values<'s, 'b> {
    splitter: &'s mut Splitter,
    rest: std::slice::Iter<'b, u8>,
}

impl Splitter {
    /// Refuses values of more than `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            value: Vec::new(),
            depth: 0,
            place: Place::Plain,
            limit,
            given: false,
            word: b"",
            spelt: 0,
        }
    }

    /// Gives out `word`, too, where it stands between values. No part of it but the whole may begin like it.
    #[must_use]
    pub fn with_word(mut self, word: &'static [u8]) -> Self {
        self.word = word;
        self
    }

    /// Takes the next piece of the stream. Draw all values from what it gives.
    pub fn push<'s, 'b>(&'s mut self, bytes: &'b [u8]) -> Values<'s, 'b> {
        Values {
            splitter: self,
            rest: bytes.iter(),
        }
    }

    /// Whether the stream ended inside a value.
    #[must_use]
    pub fn is_unfinished(&self) -> bool {
        self.depth > 0
    }

    /// At the end of the stream: the value it ended inside of, as far as it came.
    pub fn finish(&mut self) -> Option<&[u8]> {
        let is_unfinished = std::mem::take(&mut self.depth) > 0;
        self.place = Place::Plain;
        self.given = true;
        is_unfinished.then_some(&*self.value)
    }
}

impl Values<'_, '_> {
    /// The next whole object as it was written, or `None` when more bytes are needed.
    ///
    /// # Errors
    ///
    /// When it is larger than the limit.
    #[expect(
        clippy::should_implement_trait,
        reason = "it lends its buffer, which an Iterator cannot"
    )]
    pub fn next(&mut self) -> Option<Result<&[u8], Overflow>> {
        let Splitter {
            value,
            depth,
            place,
            limit,
            given,
            word,
            spelt,
        } = &mut *self.splitter;
        if std::mem::take(given) {
            value.clear();
        }
        for &byte in self.rest.by_ref() {
            if *depth > 0 {
                if value.len() == *limit {
                    return Some(Err(Overflow));
                }
                value.push(byte);
            } else if *place == Place::Plain {
                *spelt = match word.get(*spelt) {
                    Some(&next) if next == byte => *spelt + 1,
                    _ => usize::from(word.first() == Some(&byte)),
                };
                if *spelt > 0 && *spelt == word.len() {
                    *spelt = 0;
                    return Some(Ok(word));
                }
            }
            match (*place, byte) {
                (Place::Escape, _) | (Place::Plain, b'"') => *place = Place::String,
                (Place::String, b'\\') => *place = Place::Escape,
                (Place::String, b'"') => *place = Place::Plain,
                (Place::Plain, b'{') => {
                    if *depth == 0 {
                        value.push(byte);
                    }
                    *depth += 1;
                }
                (Place::Plain, b'}') if *depth > 0 => {
                    *depth -= 1;
                    if *depth == 0 {
                        *given = true;
                        return Some(Ok(value));
                    }
                }
                _ => {}
            }
        }
        None
    }
}
