//! The face: what JavaScript calls. It converts and forwards, and knows no protocol.
//!
//! Machines for the hot path are synchronous: bytes in, results out. Nothing is borrowed while JavaScript runs. Every
//! error is thrown as a plain object with the members of [`Error`]'s JSON form; the npm package's shell makes `Error`
//! classes of them.

mod stream;

pub use stream::ClientMachine;

use serde::Serialize;
use wasm_bindgen::JsValue;

use crate::error::Error;

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
