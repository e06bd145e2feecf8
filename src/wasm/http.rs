//! Requests and responses between the core's plain data and the platform's objects.

use gloo_net::http::{Headers, Method, RequestBuilder};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::{AbortSignal, RequestRedirect};

use crate::error::Error;
use crate::http;

/// The platform's request. A redirect is not followed: it would take the key to whatever host it names.
pub(super) fn web_request(request: http::Request, signal: &AbortSignal) -> Result<web_sys::Request, Error> {
    let headers = Headers::new();
    for (name, value) in &request.headers {
        headers.set(name, value);
    }
    let method = match request.method {
        "POST" => Method::POST,
        "PATCH" => Method::PATCH,
        "PUT" => Method::PUT,
        "DELETE" => Method::DELETE,
        _ => Method::GET,
    };
    RequestBuilder::new(&request.url)
        .method(method)
        .headers(headers)
        .abort_signal(Some(signal))
        .redirect(RequestRedirect::Manual)
        .body(request.body.map_or(JsValue::UNDEFINED, JsValue::from))
        .map(web_sys::Request::from)
        .map_err(|_| not_fetchable("/baseUrl"))
}

/// Refuses a base URL at `path` that is no address to the platform: what a host or port may be is told by no simpler rule.
pub(super) fn check_fetchable(base_url: &str, path: &str) -> Result<(), Error> {
    Url::new(base_url).map(|_| ()).map_err(|_| not_fetchable(path))
}

fn not_fetchable(path: &str) -> Error {
    Error::invalid_at(
        path,
        "bad_url",
        "`baseUrl` makes no address that can be fetched: check its host and port",
    )
}

#[wasm_bindgen]
extern "C" {
    type Url;

    #[wasm_bindgen(constructor, catch, js_class = "URL")]
    fn new(url: &str) -> Result<Url, JsValue>;
}

/// A response's head, from its headers as names and values in turn.
pub(super) fn response(status: u16, headers: Vec<String>) -> http::Response {
    http::Response::new(status, pairs(headers))
}

/// Names and values that come in turn.
pub(super) fn pairs(flat: Vec<String>) -> Vec<(String, String)> {
    let mut flat = flat.into_iter();
    let mut pairs = Vec::new();
    while let (Some(name), Some(value)) = (flat.next(), flat.next()) {
        pairs.push((name, value));
    }
    pairs
}
