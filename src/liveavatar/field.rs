//! The vocabulary in which payloads are described: as data, so that one table validates, builds and documents.

use super::issues::{Issues, Path};
use crate::json::{View, decimal};

/// An object of the wire.
pub struct Object {
    /// Its members.
    pub fields: &'static [Field],
    /// What is done with other members.
    pub others: Others,
    /// What no single member can tell.
    pub rule: Option<Rule>,
}

/// Looks at a whole object; what its members are was checked before.
pub type Rule = fn(View<'_, '_>, &Path<'_>, &mut Issues);

/// What becomes of members that a table does not list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Others {
    /// The service ignores them without a word.
    Ignored,
    /// There are members that nobody has documented.
    Unknown,
    /// They are refused.
    Refused,
}

/// A member of an object.
pub struct Field {
    /// Its name on the wire.
    pub name: &'static str,
    /// What it must be.
    pub kind: Kind,
    /// Whether it must be there.
    pub required: bool,
    /// Whether it may be `null`.
    pub nullable: bool,
    /// Where this was learnt.
    pub source: Source,
}

/// Where a fact was learnt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The reference of the service's API.
    Spec,
    /// The prose of its documentation.
    Guide,
    /// Recorded against the live service.
    Seen,
    /// It is this package's own.
    Own,
}

/// What a value must be.
#[derive(Clone, Copy)]
pub enum Kind {
    /// `true` or `false`.
    Bool,
    /// A whole number.
    Integer(Bounds),
    /// Any number.
    Number(Bounds),
    /// A string, and how many characters it may have.
    Text(Bounds),
    /// A UUID.
    Uuid,
    /// One of these words, which are set apart by spaces.
    Choice(&'static str),
    /// A string, a number or a boolean.
    Scalar,
    /// A string, or a list of parts.
    Parts,
    /// An object.
    Object(&'static Object),
    /// One of several objects, told apart by a member.
    Tagged(&'static Tagged),
    /// A list of such values.
    List(&'static Kind),
    /// An object whose members are named by the caller.
    Map(&'static Map),
}

/// The least and the most, both included, as an interval is written: `"0.8,1.2"`, `"1,"`, or nothing. As text, since
/// writing a number out takes more code than reading it.
#[derive(Clone, Copy)]
pub struct Bounds(pub &'static str);

/// Objects told apart by a member.
pub struct Tagged {
    /// That member, a string.
    pub tag: &'static str,
    /// Its values and the objects they stand for.
    pub variants: &'static [(&'static str, &'static Object)],
}

/// An object whose members are named by the caller.
pub struct Map {
    /// What each value must be.
    pub value: Kind,
    /// Whether a value may be `null`.
    pub nullable: bool,
    /// How many members there may be.
    pub entries: Bounds,
    /// How many characters a name may have.
    pub name: Bounds,
}

impl Object {
    /// An object whose further members the service ignores.
    pub(super) const fn new(fields: &'static [Field]) -> Self {
        Self {
            fields,
            others: Others::Ignored,
            rule: None,
        }
    }

    pub(super) const fn others(mut self, others: Others) -> Self {
        self.others = others;
        self
    }

    pub(super) const fn rule(mut self, rule: Rule) -> Self {
        self.rule = Some(rule);
        self
    }
}

/// A member that may be left out and must not be `null`.
pub(super) const fn field(name: &'static str, kind: Kind, source: Source) -> Field {
    Field {
        name,
        kind,
        required: false,
        nullable: false,
        source,
    }
}

impl Field {
    pub(super) const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    pub(super) const fn nullable(mut self) -> Self {
        self.nullable = true;
        self
    }
}

impl Kind {
    /// A string of any length.
    pub(super) const TEXT: Self = Self::text("");

    pub(super) const fn text(length: &'static str) -> Self {
        Self::Text(Bounds(length))
    }

    pub(super) const fn number(bounds: &'static str) -> Self {
        Self::Number(Bounds(bounds))
    }

    pub(super) const fn integer(bounds: &'static str) -> Self {
        Self::Integer(Bounds(bounds))
    }
}

impl Bounds {
    /// No bounds.
    pub const NONE: Self = Self("");

    fn ends(self) -> (&'static str, &'static str) {
        self.0.split_once(',').unwrap_or_default()
    }

    /// Whether a number, as it is written, lies between them.
    #[must_use]
    pub fn hold(self, number: &str) -> bool {
        let (least, most) = self.ends();
        let (sign, digits) = match number.strip_prefix('-') {
            Some(digits) => (-1.0, digits),
            None => (1.0, number),
        };
        // What is too large for a number is outside of any bounds.
        decimal(digits).is_some_and(|value| {
            let value = sign * value;
            decimal(least).is_none_or(|least| value >= least) && decimal(most).is_none_or(|most| value <= most)
        })
    }

    /// Whether a count does not lie between them.
    #[must_use]
    pub fn exclude(self, count: usize) -> bool {
        let (least, most) = self.ends();
        // More than that is outside of any bounds, and the same to them.
        let count = f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        decimal(least).is_some_and(|least| count < least) || decimal(most).is_some_and(|most| count > most)
    }

    /// Appends them as words: ` from 0.8 to 1.2`.
    pub(super) fn write(self, out: &mut String) {
        let (least, most) = self.ends();
        if !least.is_empty() {
            out.push_str(" from ");
            out.push_str(least);
        }
        if !most.is_empty() {
            out.push_str(" to ");
            out.push_str(most);
        } else if !least.is_empty() {
            out.push_str(" up");
        }
    }
}
