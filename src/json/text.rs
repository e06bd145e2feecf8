//! Strings: taking escapes out and putting them in.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::cursor::plain;

/// A JSON string as it stands on the wire, between its quotes.
#[derive(Clone, Copy, Debug)]
pub struct Text<'a> {
    raw: &'a str,
    escaped: bool,
}

impl<'a> Text<'a> {
    /// «stop», for what means it without saying so.
    pub const STOP: Text<'static> = Text {
        raw: "stop",
        escaped: false,
    };

    /// `raw` must be legal between quotes; `escaped` says whether it holds a backslash.
    pub(super) fn new(raw: &'a str, escaped: bool) -> Self {
        Self { raw, escaped }
    }

    /// The string it stands for. A surrogate without its other half becomes U+FFFD.
    #[must_use]
    pub fn read(self) -> Cow<'a, str> {
        if self.escaped {
            Cow::Owned(unescape(self.raw))
        } else {
            Cow::Borrowed(self.raw)
        }
    }

    /// Whether it stands for `plain`.
    #[must_use]
    pub fn is(self, plain: &str) -> bool {
        if self.escaped {
            unescape(self.raw) == plain
        } else {
            self.raw == plain
        }
    }

    /// The name as a match needs it: as written. Names written with escapes are never ours.
    #[must_use]
    pub fn raw(self) -> &'a str {
        self.raw
    }

    /// Whether nothing stands between the quotes.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.raw.is_empty()
    }
}

fn unescape(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut parts = raw.split('\\');
    text.push_str(parts.next().unwrap_or_default());
    let mut high: Option<u32> = None;
    while let Some(part) = parts.next() {
        let (character, rest) = match part.as_bytes().first() {
            // Two backslashes in a row: the part between them is empty, and the next one is plain text.
            None => ('\\', parts.next().unwrap_or_default()),
            Some(b'u') => {
                let (digits, rest) = part.split_at_checked(5).unwrap_or((part, ""));
                let unit = u32::from_str_radix(digits.get(1..).unwrap_or_default(), 16).unwrap_or(0xfffd);
                let pair = high.take().filter(|_| (0xdc00..0xe000).contains(&unit));
                if let (None, 0xd800..0xdc00, true) = (pair, unit, rest.is_empty()) {
                    // The other half may follow at once.
                    high = Some(unit);
                    text.push(char::REPLACEMENT_CHARACTER);
                    continue;
                }
                let code = match pair {
                    Some(high) => {
                        text.pop();
                        0x10000 + ((high - 0xd800) << 10) + (unit - 0xdc00)
                    }
                    None => unit,
                };
                (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), rest)
            }
            Some(&letter) => (
                match letter {
                    b'n' => '\n',
                    b't' => '\t',
                    b'r' => '\r',
                    b'b' => '\u{8}',
                    b'f' => '\u{c}',
                    other => char::from(other),
                },
                part.get(1..).unwrap_or_default(),
            ),
        };
        high = None;
        text.push(character);
        text.push_str(rest);
    }
    text
}

/// Appends `text` as a JSON string, with its quotes.
pub fn write_string(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    loop {
        let (clean, other) = rest.split_at_checked(plain(rest.as_bytes())).unwrap_or((rest, ""));
        out.push_str(clean);
        let Some(byte) = other.bytes().next() else { break };
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            _ => {
                out.push_str("\\u00");
                out.push(char::from(b'0' + (byte >> 4)));
                out.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or('0'));
            }
        }
        rest = other.get(1..).unwrap_or_default();
    }
    out.push('"');
}

/// Appends a JSON text in ASCII: every other character, which can only stand in a string, as an escape.
pub fn write_ascii(out: &mut String, json: &str) {
    let mut rest = json;
    loop {
        let (plain, other) = rest.split_at_checked(ascii(rest.as_bytes())).unwrap_or((rest, ""));
        out.push_str(plain);
        let mut characters = other.chars();
        let Some(character) = characters.next() else {
            break;
        };
        for unit in character.encode_utf16(&mut [0; 2]) {
            let _ = write!(out, "\\u{unit:04x}");
        }
        rest = characters.as_str();
    }
}

/// How many bytes come before one that is not ASCII.
fn ascii(bytes: &[u8]) -> usize {
    let (words, rest) = bytes.as_chunks();
    for (index, word) in words.iter().enumerate() {
        let found = u64::from_le_bytes(*word) & 0x8080_8080_8080_8080;
        if found != 0 {
            return index * 8 + (found.trailing_zeros() / 8) as usize;
        }
    }
    words.len() * 8 + rest.iter().take_while(|byte| byte.is_ascii()).count()
}
