//! A JSON text taken apart in place, for values that are looked at from several sides and not kept.

use std::borrow::Cow;

use super::{Cursor, Kind, MAX_DEPTH, Malformed, Text};

/// The values of a JSON text in the order in which they begin. Nothing is copied, and one list holds all of them: three
/// times as fast as [`super::Value`], which allocates for each.
#[derive(Debug)]
pub struct Tree<'a> {
    nodes: Vec<Node<'a>>,
}

#[derive(Clone, Copy, Debug)]
struct Node<'a> {
    name: Option<Text<'a>>,
    item: Item<'a>,
    /// How many nodes this value takes, itself included.
    size: usize,
}

/// A value of a [`Tree`].
#[derive(Clone, Copy, Debug)]
pub enum Item<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as written.
    Number(&'a str),
    /// A string.
    String(Text<'a>),
    /// An array; [`View::children`] has its elements.
    Array,
    /// An object; [`View::children`] has its members.
    Object,
}

/// A value in its place in a [`Tree`].
#[derive(Clone, Copy, Debug)]
pub struct View<'t, 'a> {
    node: &'t Node<'a>,
    /// What is inside it.
    inside: &'t [Node<'a>],
}

impl<'a> Tree<'a> {
    /// Reads one JSON text.
    ///
    /// # Errors
    ///
    /// When it is none, or nested deeper than [`MAX_DEPTH`].
    pub fn parse(text: &'a str) -> Result<Self, Malformed> {
        // About what objects with short names and values need.
        let mut nodes = Vec::with_capacity(text.len() / 24 + 8);
        let mut cursor = Cursor::new(text);
        read(&mut cursor, &mut nodes, None, 0)?;
        cursor.end()?;
        Ok(Self { nodes })
    }

    /// The whole value.
    #[must_use]
    pub fn root(&self) -> Option<View<'_, 'a>> {
        let (node, inside) = self.nodes.split_first()?;
        Some(View { node, inside })
    }
}

fn read<'a>(
    cursor: &mut Cursor<'a>,
    nodes: &mut Vec<Node<'a>>,
    name: Option<Text<'a>>,
    depth: u32,
) -> Result<(), Malformed> {
    let at = nodes.len();
    let kind = cursor.kind()?;
    if depth == MAX_DEPTH && matches!(kind, Kind::Array | Kind::Object) {
        return cursor.fail("less nesting");
    }
    let item = match kind {
        Kind::Null => cursor.null().map(|()| Item::Null)?,
        Kind::Bool => Item::Bool(cursor.bool()?),
        Kind::Number => Item::Number(cursor.number()?),
        Kind::String => Item::String(cursor.string()?),
        Kind::Array => Item::Array,
        Kind::Object => Item::Object,
    };
    nodes.push(Node { name, item, size: 1 });
    match kind {
        Kind::Array => {
            let mut members = cursor.array()?;
            while cursor.element(&mut members)? {
                read(cursor, nodes, None, depth + 1)?;
            }
        }
        Kind::Object => {
            let mut members = cursor.object()?;
            while let Some(name) = cursor.member(&mut members)? {
                read(cursor, nodes, Some(name), depth + 1)?;
            }
        }
        _ => return Ok(()),
    }
    let size = nodes.len() - at;
    if let Some(node) = nodes.get_mut(at) {
        node.size = size;
    }
    Ok(())
}

impl<'t, 'a> View<'t, 'a> {
    /// The value.
    #[must_use]
    pub fn item(self) -> Item<'a> {
        self.node.item
    }

    /// Its name, if it is a member of an object.
    #[must_use]
    pub fn name(self) -> Option<Cow<'a, str>> {
        self.node.name.map(Text::read)
    }

    /// Its elements or members.
    pub fn children(self) -> impl Iterator<Item = View<'t, 'a>> {
        let mut rest = self.inside;
        std::iter::from_fn(move || {
            let (node, after) = rest.split_first()?;
            let (inside, after) = after.split_at_checked(node.size - 1)?;
            rest = after;
            Some(View { node, inside })
        })
    }

    /// The last member of that name, if this is an object that has it.
    #[must_use]
    pub fn get(self, name: &str) -> Option<Self> {
        self.children()
            .filter(|child| child.node.name.is_some_and(|text| text.is(name)))
            .last()
    }

    /// The string, if this is one.
    #[must_use]
    pub fn text(self) -> Option<Cow<'a, str>> {
        match self.node.item {
            Item::String(text) => Some(text.read()),
            _ => None,
        }
    }

    /// Whether this is a string, an array and so on, as a message to a person names it.
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self.node.item {
            Item::Null => "null",
            Item::Bool(_) => "a boolean",
            Item::Number(_) => "a number",
            Item::String(_) => "a string",
            Item::Array => "an array",
            Item::Object => "an object",
        }
    }
}
