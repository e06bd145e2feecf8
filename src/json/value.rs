//! A small JSON tree for the cold path. Numbers stay as they are written, members keep their order.

use super::{Cursor, Kind, MAX_DEPTH, Malformed, decimal, write_string};

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as written.
    Number(String),
    /// A string.
    String(String),
    /// An array.
    Array(Vec<Value>),
    /// An object: members in their order.
    Object(Vec<(String, Value)>),
}

impl Value {
    /// Reads one JSON text.
    ///
    /// # Errors
    ///
    /// When it is none, or nested deeper than [`MAX_DEPTH`].
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let mut cursor = Cursor::new(text);
        let value = Self::read(&mut cursor, 0)?;
        cursor.end()?;
        Ok(value)
    }

    fn read(cursor: &mut Cursor<'_>, depth: u32) -> Result<Self, Malformed> {
        let kind = cursor.kind()?;
        if depth == MAX_DEPTH && matches!(kind, Kind::Array | Kind::Object) {
            return cursor.fail("less nesting");
        }
        Ok(match kind {
            Kind::Null => {
                cursor.null()?;
                Self::Null
            }
            Kind::Bool => Self::Bool(cursor.bool()?),
            Kind::Number => Self::Number(cursor.number()?.to_owned()),
            Kind::String => Self::String(cursor.string()?.read().into_owned()),
            Kind::Array => {
                let mut members = cursor.array()?;
                let mut items = Vec::new();
                while cursor.element(&mut members)? {
                    items.push(Self::read(cursor, depth + 1)?);
                }
                Self::Array(items)
            }
            Kind::Object => {
                let mut members = cursor.object()?;
                let mut entries = Vec::new();
                while let Some(name) = cursor.member(&mut members)? {
                    entries.push((name.read().into_owned(), Self::read(cursor, depth + 1)?));
                }
                Self::Object(entries)
            }
        })
    }

    /// Appends the value as JSON.
    pub fn write(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(true) => out.push_str("true"),
            Self::Bool(false) => out.push_str("false"),
            Self::Number(number) => out.push_str(number),
            Self::String(text) => write_string(out, text),
            Self::Array(items) => {
                let mut separator = '[';
                for item in items {
                    out.push(separator);
                    item.write(out);
                    separator = ',';
                }
                out.push_str(if items.is_empty() { "[]" } else { "]" });
            }
            Self::Object(entries) => {
                let mut separator = '{';
                for (name, value) in entries {
                    out.push(separator);
                    write_string(out, name);
                    out.push(':');
                    value.write(out);
                    separator = ',';
                }
                out.push_str(if entries.is_empty() { "{}" } else { "}" });
            }
        }
    }

    /// The last member of that name, if this is an object that has it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(entries) => entries
                .iter()
                .rev()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value),
            _ => None,
        }
    }

    /// The string, if this is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The elements, if this is an array.
    #[must_use]
    pub fn as_array(&self) -> Option<&[Self]> {
        match self {
            Self::Array(items) => Some(items),
            _ => None,
        }
    }

    /// The members, if this is an object.
    #[must_use]
    pub fn as_object(&self) -> Option<&[(String, Self)]> {
        match self {
            Self::Object(entries) => Some(entries),
            _ => None,
        }
    }

    /// The number as a quantity, if this is one that is not negative.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Number(number) => decimal(number),
            _ => None,
        }
    }

    /// Whether this is a string, an array and so on, as a message to a person names it.
    #[must_use]
    pub fn describe(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::Array(_) => "an array",
            Self::Object(_) => "an object",
        }
    }
}
