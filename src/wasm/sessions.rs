//! [`crate::endpoint::sessions`] for JavaScript.

use serde::Serialize;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use super::endpoint::flat;
use super::report;
use crate::endpoint::{Cors, sessions};
use crate::error::Error;

/// The pages that may ask for a session, and what they are told.
#[wasm_bindgen(js_name = SessionDesk)]
pub struct SessionDesk {
    cors: Cors,
}

/// A whole response.
#[derive(Serialize)]
struct Reply {
    status: u16,
    body: String,
}

fn reply((status, body): (u16, String)) -> JsValue {
    report(&Reply { status, body })
}

#[wasm_bindgen(js_class = SessionDesk)]
impl SessionDesk {
    /// `cors` is JSON.
    ///
    /// # Errors
    ///
    /// A validation error with an issue for each origin that is none.
    #[wasm_bindgen(constructor)]
    pub fn new(cors: &str) -> Result<Self, Error> {
        Ok(Self {
            cors: Cors::parse(cors)?,
        })
    }

    /// What a request asks for: the name of a method of `sessions`, `"preflight"`, or why it is refused. `origin` is that of
    /// the page, or empty, and `host` that at which the endpoint was asked.
    pub fn route(&self, method: &str, path: &str, origin: &str, host: &str) -> String {
        let own = origin.split_once("://").is_some_and(|(_, own)| own == host);
        let route = sessions::route(method, path);
        // A browser sends what needs no leave even to where its page may not read the answer.
        if route != "preflight" && !origin.is_empty() && !own && self.cors.headers(origin).is_empty() {
            return "foreign".to_owned();
        }
        route.to_owned()
    }

    /// The headers that let a page of `origin` read a response, names and values in turn.
    pub fn headers(&self, origin: &str) -> Vec<String> {
        flat(self.cors.with_credentials(origin, None))
    }

    /// The headers of the answer to a preflight, in the same form; empty if the page may send nothing.
    pub fn preflight(&self, origin: &str, asked_headers: &str) -> Vec<String> {
        flat(self.cors.with_credentials(origin, Some(asked_headers)))
    }

    /// The response for a request that is refused: `{ status, body }`.
    pub fn refusal(reason: &str) -> JsValue {
        reply(sessions::refusal(reason))
    }

    /// The response for a call of the service that failed, with its status or 0: `{ status, body }`.
    pub fn failure(status: u16, is_pages: bool) -> JsValue {
        reply(sessions::refusal(sessions::reason(status, is_pages)))
    }

    /// The response for what has worked: `{ status, body }`.
    pub fn success(method: &str, data: &str) -> JsValue {
        reply(sessions::success(method, data))
    }
}
