//! The face: what JavaScript calls. It converts and forwards, and knows no protocol.
//!
//! Machines for the hot path are synchronous: bytes in, results out. Nothing is borrowed while JavaScript runs. Every
//! error is thrown as a plain object with the members of [`Error`]'s JSON form; the npm package's shell makes `Error`
//! classes of them.

mod endpoint;
mod http;
mod judge;
pub mod key;
pub mod liveavatar;
mod sessions;
mod stream;
mod turn;

pub use stream::ClientMachine;

use serde::Serialize;
use wasm_bindgen::JsValue;

use crate::call::Next;
use crate::error::Error;

/// What the shell is to do next for a machine.
fn state(next: Next) -> &'static str {
    match next {
        Next::Send => "send",
        Next::Read => "read",
        Next::ReadRefusal => "readRefusal",
        Next::Wait => "wait",
        Next::Done => "done",
    }
}

/// What a machine says after each step: a sum of 1 (there is output to take), 2 (read no more) and 4 (the deadline may be
/// earlier than it was).
fn flags(next: Next, has_output: bool, is_earlier: bool) -> u32 {
    let reads = matches!(next, Next::Read | Next::ReadRefusal);
    u32::from(has_output) | u32::from(!reads) << 1 | u32::from(is_earlier) << 2
}

/// A plain JavaScript object; `undefined` for what cannot be one, which none of our reports is.
fn report(value: &impl Serialize) -> JsValue {
    value
        .serialize(&serde_wasm_bindgen::Serializer::json_compatible())
        .unwrap_or(JsValue::UNDEFINED)
}

impl From<Error> for JsValue {
    fn from(error: Error) -> Self {
        report(&error)
    }
}
