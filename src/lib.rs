//! What stands between your own language model and a `LiveAvatar` that speaks with it.
//!
//! This crate holds all knowledge and does no I/O: it reads and writes the wire, decides and validates, and is told
//! the time. It opens no connection, has no clock, no timer and no runtime; the npm package of the same name brings
//! those. Follow one answer through it to know it:
//!
//! bytes → [`framing`] (over [`sse`] or [`json`]) → [`providers`] → [`chat::Delta`] → [`stream`].
//!
//! [`call`] adds what one call needs around that: the request, the retries and the deadlines.

pub mod call;
pub mod chat;
pub mod endpoint;
pub mod error;
pub mod framing;
pub mod http;
pub mod json;
pub mod judge;
pub mod liveavatar;
mod options;
pub mod providers;
pub mod schema;
pub mod speech;
pub mod sse;
pub mod stream;
pub mod turn;

#[cfg(target_arch = "wasm32")]
pub mod wasm;

pub use error::{Error, Secret};
