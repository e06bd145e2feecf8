//! Anthropic's Messages API.
//!
//! Sources: Anthropic's API reference, «Create a Message», and «Streaming Messages», «Extended thinking», «Structured outputs»
//! of its guide.

mod decoder;
mod request;

pub(super) use decoder::Decoder;
pub(super) use request::{BROWSER, encode};
