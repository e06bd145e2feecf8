//! What may be said aloud of what a model writes, while it streams: [`Shaper`]; and where its sentences end: [`Sentences`].
//!
//! A model writes for the eye, and an avatar speaks what it gets: stars, brackets, addresses, pictures and private
//! thoughts. The shaper decides by what stands right beside a character, never by what a whole document would make of it:
//! so words go out at once, and a delimiter without its partner harms nobody. The grammar is that of `CommonMark` 0.31 and
//! `GitHub`'s tables and strike-through where deciding at once allows it, and otherwise what models were seen to write.

mod block;
mod bracket;
mod character;
mod emoji;
mod inline;
mod options;
mod said;
mod sentences;
mod shaper;
mod spoken;
mod tag;
mod url;

pub use options::{Bare, Options, Thinking};
pub use sentences::Sentences;
pub use shaper::Shaper;
pub use spoken::Spoken;
