//! The face: what JavaScript calls. It converts and forwards, and knows no protocol.
//!
//! Machines for the hot path are synchronous: bytes in, results out. Nothing is borrowed while JavaScript runs. Every
//! error is thrown as a plain object with the members of [`Error`]'s JSON form; the npm package's shell makes `Error`
//! classes of them.

pub mod liveavatar;
mod stream;

use gloo_net::http::{Headers, Method, RequestBuilder};
use serde::Serialize;
use wasm_bindgen::JsValue;
use web_sys::{AbortSignal, RequestRedirect};

use crate::error::Error;
use crate::http::Request;

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

/// A request as the platform has it.
///
/// # Errors
///
/// A validation error for an address that the platform refuses.
fn platform_request(request: Request, signal: &AbortSignal) -> Result<web_sys::Request, Error> {
    let headers = Headers::new();
    for (name, value) in &request.headers {
        headers.set(name, value);
    }
    let method = match request.method {
        "POST" => Method::POST,
        "PATCH" => Method::PATCH,
        "DELETE" => Method::DELETE,
        _ => Method::GET,
    };
    RequestBuilder::new(&request.url)
        .method(method)
        .headers(headers)
        .abort_signal(Some(signal))
        // Followed, a redirect would take the key to whatever host it names.
        .redirect(RequestRedirect::Manual)
        .body(request.body.map_or(JsValue::UNDEFINED, JsValue::from))
        .map(web_sys::Request::from)
        .map_err(|_| {
            Error::invalid_at(
                "/baseUrl",
                "bad_url",
                "`baseUrl` makes no address that can be fetched: check its host and port",
            )
        })
}
