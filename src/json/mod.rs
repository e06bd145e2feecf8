//! Reading and writing JSON (RFC 8259) without a framework.
//!
//! [`Cursor`] reads in place, for the hot path. [`Tree`] is the same for what is looked at twice, and [`Value`] a small
//! tree of its own for what is kept.
//! [`write_string`] is all that writing needs. [`Splitter`] finds where one value ends in a stream of several, [`Partial`]
//! what can be told of a value that is still being written.

mod cursor;
mod decimal;
mod partial;
mod splitter;
mod text;
mod tree;
mod value;

pub use cursor::{Cursor, Kind, Malformed, Members};
pub use decimal::decimal;
pub use partial::{NoJson, Partial, json_in};
pub use splitter::{Overflow, Splitter, Values};
pub use text::{Text, write_ascii, write_string};
pub use tree::{Item, Tree, View};
pub use value::Value;

/// Whether `text` is one JSON value and nothing more.
#[must_use]
pub fn is_whole(text: &str) -> bool {
    let mut cursor = Cursor::new(text);
    cursor.skip().is_ok() && cursor.end().is_ok()
}

/// How deeply arrays and objects may be nested: as deep as other readers go, and no stack is at risk.
pub const MAX_DEPTH: u32 = 128;
