//! Reads JSON in place: one pass, no tree, and nothing copied but strings that hold escapes.

use std::fmt;

use super::{MAX_DEPTH, Text};

/// A position in a JSON text.
///
/// Ask [`Cursor::kind`] what comes next and take it with the method of that name, or pass over it with
/// [`Cursor::skip`]. Inside an object, call [`Cursor::member`] until it gives `None`, and take or skip exactly one
/// value after each name; inside an array likewise with [`Cursor::element`]. Everything that is passed over is checked
/// as strictly as what is read, so a text whose end was reached is a JSON text.
#[derive(Clone, Debug)]
pub struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

/// What the next value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool,
    /// A number.
    Number,
    /// A string.
    String,
    /// `[`
    Array,
    /// `{`
    Object,
}

/// Where one is in an object or array; made by [`Cursor::object`] and [`Cursor::array`].
#[derive(Debug)]
pub struct Members {
    first: bool,
}

/// The text is not JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// Offset in bytes of what was not expected.
    pub at: usize,
    /// What would have been legal there.
    pub expected: &'static str,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not JSON: expected {} at byte {}", self.expected, self.at)
    }
}

impl std::error::Error for Malformed {}

impl<'a> Cursor<'a> {
    /// Starts at the beginning of `text`.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    pub(super) fn fail<T>(&self, expected: &'static str) -> Result<T, Malformed> {
        Err(Malformed { at: self.at, expected })
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Where the cursor stands, in bytes.
    #[must_use]
    pub fn at(&self) -> usize {
        self.at
    }

    /// Passes over `expected`, if exactly that stands here.
    #[must_use]
    pub fn pass(&mut self, expected: &str) -> Option<()> {
        let next = self.text.as_bytes().get(self.at..)?.get(..expected.len())?;
        same(next, expected.as_bytes()).then(|| self.at += expected.len())
    }

    /// The next byte that is no white space, which is where the cursor then stands.
    fn peek(&mut self) -> Option<u8> {
        loop {
            match self.byte() {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                other => return other,
            }
        }
    }

    /// The text from `start` to the cursor.
    fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// What the next value is.
    ///
    /// # Errors
    ///
    /// When no value starts here.
    pub fn kind(&mut self) -> Result<Kind, Malformed> {
        match self.peek() {
            Some(b'"') => Ok(Kind::String),
            Some(b'{') => Ok(Kind::Object),
            Some(b'[') => Ok(Kind::Array),
            Some(b'-' | b'0'..=b'9') => Ok(Kind::Number),
            Some(b't' | b'f') => Ok(Kind::Bool),
            Some(b'n') => Ok(Kind::Null),
            _ => self.fail("a value"),
        }
    }

    /// Enters an object.
    ///
    /// # Errors
    ///
    /// When the next value is none.
    pub fn object(&mut self) -> Result<Members, Malformed> {
        self.open(b'{', "an object")
    }

    /// Enters an array.
    ///
    /// # Errors
    ///
    /// When the next value is none.
    pub fn array(&mut self) -> Result<Members, Malformed> {
        self.open(b'[', "an array")
    }

    fn open(&mut self, bracket: u8, expected: &'static str) -> Result<Members, Malformed> {
        if self.peek() != Some(bracket) {
            return self.fail(expected);
        }
        self.at += 1;
        Ok(Members { first: true })
    }

    /// The name of the next member, or `None` after the object's end.
    ///
    /// # Errors
    ///
    /// When neither stands here.
    pub fn member(&mut self, members: &mut Members) -> Result<Option<Text<'a>>, Malformed> {
        if !self.more(members, b'}')? {
            return Ok(None);
        }
        let name = self.string()?;
        if self.peek() != Some(b':') {
            return self.fail("':'");
        }
        self.at += 1;
        Ok(Some(name))
    }

    /// Whether another element follows in an array.
    ///
    /// # Errors
    ///
    /// When neither an element nor the array's end stands here.
    pub fn element(&mut self, members: &mut Members) -> Result<bool, Malformed> {
        self.more(members, b']')
    }

    fn more(&mut self, members: &mut Members, bracket: u8) -> Result<bool, Malformed> {
        let next = self.peek();
        if next == Some(bracket) {
            self.at += 1;
            return Ok(false);
        }
        if members.first {
            members.first = false;
            return Ok(true);
        }
        if next != Some(b',') {
            return self.fail("',' or a closing bracket");
        }
        self.at += 1;
        Ok(true)
    }

    /// Takes a string.
    ///
    /// # Errors
    ///
    /// When the next value is none, or it is not closed, or it holds a bare control character or an unknown escape.
    pub fn string(&mut self) -> Result<Text<'a>, Malformed> {
        if self.peek() != Some(b'"') {
            return self.fail("a string");
        }
        self.at += 1;
        let start = self.at;
        let mut escaped = false;
        loop {
            self.at += plain(self.text.as_bytes().get(self.at..).unwrap_or_default());
            match self.byte() {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                _ => return self.fail("the end of a string"),
            }
        }
        let raw = self.since(start);
        self.at += 1;
        Ok(Text::new(raw, escaped))
    }

    fn escape(&mut self) -> Result<(), Malformed> {
        let rest = self.text.as_bytes().get(self.at + 1..).unwrap_or_default();
        self.at += match rest {
            [b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => 2,
            [b'u', a, b, c, d, ..] if [a, b, c, d].iter().all(|digit| digit.is_ascii_hexdigit()) => 6,
            _ => return self.fail("an escape sequence"),
        };
        Ok(())
    }

    /// Takes a number, as it is written.
    ///
    /// # Errors
    ///
    /// When the next value is none.
    pub fn number(&mut self) -> Result<&'a str, Malformed> {
        self.peek();
        let start = self.at;
        if self.byte() == Some(b'-') {
            self.at += 1;
        }
        if self.byte() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.byte() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.byte() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.byte() {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(self.since(start))
    }

    fn digits(&mut self) -> Result<(), Malformed> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.byte() {
            self.at += 1;
        }
        if self.at == start { self.fail("a digit") } else { Ok(()) }
    }

    /// Takes `true` or `false`.
    ///
    /// # Errors
    ///
    /// When the next value is neither.
    pub fn bool(&mut self) -> Result<bool, Malformed> {
        if self.peek() == Some(b't') {
            self.literal("true").map(|()| true)
        } else {
            self.literal("false").map(|()| false)
        }
    }

    /// Takes `null`.
    ///
    /// # Errors
    ///
    /// When the next value is another.
    pub fn null(&mut self) -> Result<(), Malformed> {
        self.peek();
        self.literal("null")
    }

    fn literal(&mut self, word: &'static str) -> Result<(), Malformed> {
        if self.text.get(self.at..self.at + word.len()) != Some(word) {
            return self.fail(word);
        }
        self.at += word.len();
        Ok(())
    }

    /// Takes a whole number from 0 to 2⁵³, or passes over whatever else is there and gives `None`.
    ///
    /// # Errors
    ///
    /// When no value stands here.
    pub fn integer(&mut self) -> Result<Option<u64>, Malformed> {
        Ok(if self.kind()? == Kind::Number {
            self.number()?.parse().ok().filter(|&whole: &u64| whole <= 1 << 53)
        } else {
            self.skip()?;
            None
        })
    }

    /// Takes a string, or passes over whatever else is there and gives `None`.
    ///
    /// # Errors
    ///
    /// When no value stands here.
    pub fn text(&mut self) -> Result<Option<Text<'a>>, Malformed> {
        Ok(if self.kind()? == Kind::String {
            Some(self.string()?)
        } else {
            self.skip()?;
            None
        })
    }

    /// Passes over one value, whatever it is, and gives its text.
    ///
    /// # Errors
    ///
    /// When it is not JSON, or nested deeper than [`MAX_DEPTH`].
    pub fn skip(&mut self) -> Result<&'a str, Malformed> {
        self.peek();
        let start = self.at;
        // One bit a level: 1 in an object, 0 in an array.
        let mut objects: u128 = 0;
        let mut depth = 0;
        loop {
            let mut members = match self.kind()? {
                Kind::String => self.string().map(|_| None)?,
                Kind::Number => self.number().map(|_| None)?,
                Kind::Bool => self.bool().map(|_| None)?,
                Kind::Null => self.null().map(|()| None)?,
                bracket => {
                    if depth == MAX_DEPTH {
                        return self.fail("less nesting");
                    }
                    depth += 1;
                    self.at += 1;
                    objects = objects << 1 | u128::from(bracket == Kind::Object);
                    Some(Members { first: true })
                }
            };
            // After a value: on to the next one of the innermost container, leaving those that end here.
            loop {
                if depth == 0 {
                    return Ok(self.since(start));
                }
                let mut here = members.take().unwrap_or(Members { first: false });
                let more = if objects & 1 == 1 {
                    self.member(&mut here)?.is_some()
                } else {
                    self.element(&mut here)?
                };
                if more {
                    break;
                }
                depth -= 1;
                objects >>= 1;
            }
        }
    }

    /// The value of the first member of that name, if an object that has one comes next. The cursor stays where it is.
    ///
    /// # Errors
    ///
    /// When it is not JSON up to there.
    pub fn find(&self, name: &str) -> Result<Option<Self>, Malformed> {
        let mut ahead = self.clone();
        if ahead.kind()? != Kind::Object {
            return Ok(None);
        }
        let mut members = ahead.object()?;
        while let Some(found) = ahead.member(&mut members)? {
            if found.raw() == name {
                return Ok(Some(ahead));
            }
            ahead.skip()?;
        }
        Ok(None)
    }

    /// Whether nothing but white space follows.
    ///
    /// # Errors
    ///
    /// When something does.
    pub fn end(&mut self) -> Result<(), Malformed> {
        if self.peek().is_some() {
            return self.fail("nothing more");
        }
        Ok(())
    }
}

/// How many bytes come before a quote, a backslash or a control character.
pub(super) fn plain(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::MAX / 0xff;
    // In the lowest byte that is zero, and in none below it, the highest bit gets set.
    let zero = |word: u64| word.wrapping_sub(ONES) & !word;
    let (words, rest) = bytes.as_chunks();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let control = word.wrapping_sub(ONES * 0x20) & !word;
        let found = (zero(word ^ (ONES * 0x22)) | zero(word ^ (ONES * 0x5c)) | control) & (ONES * 0x80);
        if found != 0 {
            return index * 8 + (found.trailing_zeros() / 8) as usize;
        }
    }
    let is_plain = |byte: &&u8| **byte >= 0x20 && !matches!(byte, b'"' | b'\\');
    words.len() * 8 + rest.iter().take_while(is_plain).count()
}

/// Whether two texts of one length are the same. Eight bytes at a time: WebAssembly compares memory byte by byte.
fn same(one: &[u8], other: &[u8]) -> bool {
    let ((one, one_rest), (other, other_rest)) = (one.as_chunks::<8>(), other.as_chunks::<8>());
    one.iter()
        .zip(other)
        .all(|(one, other)| u64::from_le_bytes(*one) == u64::from_le_bytes(*other))
        && one_rest.iter().zip(other_rest).all(|(one, other)| one == other)
}
