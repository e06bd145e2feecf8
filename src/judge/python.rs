//! Values as Python has them: what `json.loads` takes, what counts as true, and what pydantic takes for a number.
//!
//! The strict reader of [`crate::json`] gives the words; three things are not as it has them. `NaN` and the infinities
//! are numbers to Python; a whole number of more than 4300 digits is an error (`sys.get_int_max_str_digits`); and the
//! nesting ends where Python's stack does, much later than [`crate::json::MAX_DEPTH`].

use std::borrow::Cow;

use crate::json::{Cursor, Kind, Members, Text, decimal};

/// Measured with both versions of the caller on Python 3.11, which counts all that is on its stack; other Pythons count
/// otherwise.
const MAX_DEPTH: usize = 981;
/// The digits of a whole number.
const MAX_DIGITS: usize = 4300;

/// Why a text is no value.
pub(super) enum Refused {
    /// It is not JSON, not even Python's.
    NotJson,
    /// It is nested deeper than Python's stack.
    TooDeep,
}

/// The values of a JSON text in the order in which they begin. One list holds all of them.
pub(super) struct Values<'a> {
    nodes: Vec<Node<'a>>,
}

struct Node<'a> {
    name: Option<Text<'a>>,
    item: Item<'a>,
    /// How many nodes this value takes, itself included.
    size: usize,
}

/// What a value is.
#[derive(Clone, Copy)]
pub(super) enum Item<'a> {
    None,
    Bool(bool),
    /// As written; `NaN`, `Infinity` and `-Infinity` too.
    Number(&'a str),
    Text(Text<'a>),
    List,
    Object,
}

/// A value in its place.
#[derive(Clone, Copy)]
pub(super) struct Value<'t, 'a> {
    pub(super) item: Item<'a>,
    inside: &'t [Node<'a>],
}

impl<'a> Values<'a> {
    pub(super) fn loads(text: &'a str) -> Result<Self, Refused> {
        let mut cursor = Cursor::new(text);
        let mut nodes = Vec::new();
        let mut open: Vec<(usize, bool, Members)> = Vec::new();
        let mut name = None;
        loop {
            let at = nodes.len();
            let (item, members) = value(&mut cursor)?;
            let is_object = matches!(item, Item::Object);
            nodes.push(Node {
                name: name.take(),
                item,
                size: 1,
            });
            if let Some(members) = members {
                if open.len() == MAX_DEPTH {
                    return Err(Refused::TooDeep);
                }
                open.push((at, is_object, members));
            }
            // On to the next value of the innermost list or object, leaving those that end here.
            loop {
                let Some((at, is_object, members)) = open.last_mut() else {
                    cursor.end().map_err(not_json)?;
                    return Ok(Self { nodes });
                };
                if *is_object {
                    name = cursor.member(members).map_err(not_json)?;
                    if name.is_some() {
                        break;
                    }
                } else if cursor.element(members).map_err(not_json)? {
                    break;
                }
                let size = nodes.len() - *at;
                if let Some(node) = nodes.get_mut(*at) {
                    node.size = size;
                }
                open.pop();
            }
        }
    }

    pub(super) fn root(&self) -> Value<'_, 'a> {
        match self.nodes.split_first() {
            Some((node, inside)) => Value {
                item: node.item,
                inside,
            },
            None => Value {
                item: Item::None,
                inside: &[],
            },
        }
    }
}

fn not_json<E>(_: E) -> Refused {
    Refused::NotJson
}

/// The next value, or the beginning of a list or object.
fn value<'a>(cursor: &mut Cursor<'a>) -> Result<(Item<'a>, Option<Members>), Refused> {
    let kind = cursor.kind();
    if matches!(kind, Err(_) | Ok(Kind::Number)) {
        let odd = ["NaN", "Infinity", "-Infinity"]
            .into_iter()
            .find(|word| cursor.pass(word).is_some());
        if let Some(word) = odd {
            return Ok((Item::Number(word), None));
        }
    }
    let item = match kind.map_err(not_json)? {
        Kind::Null => cursor.null().map(|()| Item::None),
        Kind::Bool => cursor.bool().map(Item::Bool),
        Kind::Number => cursor.number().map(Item::Number),
        Kind::String => cursor.string().map(Item::Text),
        Kind::Array => {
            return cursor
                .array()
                .map(|members| (Item::List, Some(members)))
                .map_err(not_json);
        }
        Kind::Object => {
            return cursor
                .object()
                .map(|members| (Item::Object, Some(members)))
                .map_err(not_json);
        }
    };
    let item = item.map_err(not_json)?;
    if let Item::Number(number) = item {
        let digits = number.trim_start_matches('-');
        if digits.len() > MAX_DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Refused::NotJson);
        }
    }
    Ok((item, None))
}

impl<'a> Value<'_, 'a> {
    /// Its elements or members, with the members' names.
    pub(super) fn children(self) -> impl Iterator<Item = (Option<Text<'a>>, Self)> {
        let mut rest = self.inside;
        std::iter::from_fn(move || {
            let (node, after) = rest.split_first()?;
            let (inside, after) = after.split_at_checked(node.size - 1)?;
            rest = after;
            let item = node.item;
            Some((node.name, Value { item, inside }))
        })
    }

    /// The last member of that name, if this is an object that has it: where a name stands twice, the last one counts.
    pub(super) fn member(self, name: &str) -> Option<Self> {
        if !self.is_object() {
            return None;
        }
        let named = self
            .children()
            .filter(|(known, _)| known.is_some_and(|known| known.is(name)));
        named.last().map(|(_, value)| value)
    }

    /// The same, where a missing member is as good as `null`: what `getattr` gives of a model.
    pub(super) fn get(self, name: &str) -> Self {
        self.member(name).unwrap_or(Value {
            item: Item::None,
            inside: &[],
        })
    }

    pub(super) fn is_none(self) -> bool {
        matches!(self.item, Item::None)
    }

    pub(super) fn is_object(self) -> bool {
        matches!(self.item, Item::Object)
    }

    /// The string, if it is one.
    pub(super) fn text(self) -> Option<Cow<'a, str>> {
        match self.item {
            Item::Text(text) => Some(text.read()),
            _ => None,
        }
    }

    /// Whether it is that string.
    pub(super) fn is(self, plain: &str) -> bool {
        matches!(self.item, Item::Text(text) if text.is(plain))
    }

    /// What `if value:` asks: zero, nothing, and whatever is empty count as false.
    pub(super) fn truthy(self) -> bool {
        match self.item {
            Item::None => false,
            Item::Bool(value) => value,
            Item::Number(number) => !is_zero(number),
            Item::Text(text) => !text.is_empty(),
            Item::List | Item::Object => !self.inside.is_empty(),
        }
    }

    /// Whether pydantic takes it for an `int`, in the lax mode that is its default.
    pub(super) fn countable(self) -> bool {
        match self.item {
            Item::Bool(_) => true,
            Item::Number(number) => is_whole(number),
            Item::Text(text) => whole_text(&text.read()).is_some(),
            _ => false,
        }
    }
}

fn is_zero(number: &str) -> bool {
    let number = number.trim_start_matches('-');
    let mantissa = number.split(['e', 'E']).next().unwrap_or_default();
    // Or so small that a float has no room for it.
    mantissa.bytes().all(|byte| matches!(byte, b'0' | b'.')) || decimal(number) == Some(0.0)
}

/// A number written without a point is whole; another one must be so as a 64-bit integer.
fn is_whole(number: &str) -> bool {
    let number = number.trim_start_matches('-');
    if number.bytes().all(|byte| byte.is_ascii_digit()) {
        return true;
    }
    decimal(number).is_some_and(|value| value.fract() == 0.0 && value < 9_223_372_036_854_775_808.0)
}

/// The digits of a whole number written in a string, with a minus and without leading zeros, if pydantic takes it for
/// one: white space around, a sign, single underscores between digits and a fraction of zeros are no trouble.
pub(super) fn whole_text(text: &str) -> Option<String> {
    let text = text.trim();
    let (minus, unsigned) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    if fraction.is_empty() || !fraction.bytes().all(|byte| byte == b'0') {
        return None;
    }
    let digits = underscored(whole)?;
    let digits = digits.trim_start_matches('0');
    if digits.len() > MAX_DIGITS {
        return None;
    }
    Some(if digits.is_empty() {
        "0".to_owned()
    } else {
        format!("{minus}{digits}")
    })
}

/// The digits of a text that holds nothing else but single underscores between them.
fn underscored(text: &str) -> Option<String> {
    let parts = || text.split('_');
    parts()
        .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| parts().collect())
}

/// Whether `int(text)` gives a number. Digits of other scripts, which it takes too, are not known here.
pub(super) fn is_int(text: &str) -> bool {
    let text = text.trim();
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    underscored(unsigned).is_some_and(|digits| digits.len() <= MAX_DIGITS)
}
