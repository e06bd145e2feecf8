//! Event streams as WHATWG HTML §9.2 defines them, and nothing else: bytes to events, events to bytes.

mod decoder;
mod encode;

pub use decoder::{Complete, Decoder, Event, Events, Found, Overflow};
pub use encode::{comment, data};
