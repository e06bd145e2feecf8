//! Gemini's API.
//!
//! Source: Google's «Gemini API reference», `models.streamGenerateContent`, and «Thought signatures», «Function calling» of its
//! guide.

mod decoder;
mod request;

pub(super) use decoder::Decoder;
pub(super) use request::encode;
