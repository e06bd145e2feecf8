//! [`crate::endpoint`] for JavaScript.

use std::rc::Rc;

use serde::Serialize;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use super::http::{check_fetchable, pairs};
use super::report;
use super::turn::TurnMachine;
use crate::endpoint::{self, AUTH_MS, Cors, Refused, Route};
use crate::error::Error;
use crate::providers::Upstream;
use crate::turn::{Asked, Correlation, Created, Lines, Options, Routes, Setup, Tool, Turn};

/// An endpoint's options, read once and used for each of its requests.
#[wasm_bindgen(js_name = Endpoint)]
pub struct EndpointMachine {
    setup: Rc<Setup>,
    routes: Routes,
    cors: Cors,
}

/// A whole response.
#[derive(Serialize)]
struct Reply {
    status: u16,
    body: String,
    /// One header more, as name and value.
    #[serde(skip_serializing_if = "Option::is_none")]
    header: Option<(&'static str, &'static str)>,
}

#[wasm_bindgen(js_class = Endpoint)]
impl EndpointMachine {
    /// All are JSON: the plain options; the lines, to be checked only; the sources, as [`Routes::parse`] reads them; the
    /// tools without their functions; the pages that may ask. `prepares` says whether requests are prepared.
    ///
    /// # Errors
    ///
    /// A validation error with an issue for everything that is wrong in the first of them that is wrong.
    #[wasm_bindgen(constructor)]
    pub fn new(
        options: &str,
        lines: &str,
        routes: &str,
        tools: &str,
        cors: &str,
        prepares: bool,
    ) -> Result<Self, Error> {
        Lines::parse(lines)?;
        let options = Options::parse(options)?;
        let tools = Tool::parse_all(tools)?;
        let routes = Routes::parse(routes)?;
        for (path, base_url) in routes.addresses() {
            check_fetchable(base_url, path)?;
        }
        Ok(Self {
            setup: Rc::new(Setup {
                options,
                tools,
                prepares,
            }),
            routes,
            cors: Cors::parse(cors)?,
        })
    }

    /// What a request asks for: `"completions"`, `"models"`, or the name of the reason for which it is refused.
    pub fn route(method: &str, path: &str) -> String {
        match endpoint::route(method, path) {
            Route::Completions => "completions",
            Route::Models => "models",
            Route::Preflight => "preflight",
            Route::Refused(Refused::MethodNotAllowed("GET")) => "useGet",
            Route::Refused(Refused::MethodNotAllowed(_)) => "usePost",
            Route::Refused(_) => "notFound",
        }
        .to_owned()
    }

    /// The response for a request that is refused: `{ status, body, header }`.
    pub fn refusal(reason: &str) -> JsValue {
        let refused = match reason {
            "useGet" => Refused::MethodNotAllowed("GET"),
            "usePost" => Refused::MethodNotAllowed("POST"),
            "unauthorized" => Refused::Unauthorized,
            "tooLarge" => Refused::TooLarge,
            "noSuchModel" => Refused::NoSuchModel,
            "unreadable" => Refused::Unreadable,
            "unavailable" => Refused::Unavailable,
            _ => Refused::NotFound,
        };
        report(&Reply {
            status: refused.status(),
            body: refused.body(),
            header: refused.header(),
        })
    }

    /// Whether an upstream has a member of this name.
    #[wasm_bindgen(js_name = isUpstreamMember)]
    pub fn is_upstream_member(name: &str) -> bool {
        Upstream::has_member(name)
    }

    /// The token of an `authorization` header, if it carries one.
    pub fn bearer(authorization: &str) -> Option<String> {
        endpoint::bearer(authorization).map(str::to_owned)
    }

    /// Whether two tokens are the same, in a time that tells nothing but their lengths.
    #[wasm_bindgen(js_name = isSame)]
    pub fn is_same(one: &str, other: &str) -> bool {
        endpoint::is_same(one, other)
    }

    /// How long the developer's own code may take to say who may ask, in milliseconds.
    #[wasm_bindgen(js_name = authMs)]
    pub fn auth_ms() -> f64 {
        AUTH_MS
    }

    /// The largest request that is read, in bytes.
    #[wasm_bindgen(js_name = bodyBytes)]
    pub fn body_bytes(&self) -> f64 {
        self.setup.options.body_bytes
    }

    /// The list of models, as JSON.
    pub fn models(&self) -> String {
        endpoint::models(&self.routes.models(), 0)
    }

    /// The headers that let a page of `origin` read a response, as names and values in turn.
    #[wasm_bindgen(js_name = corsHeaders)]
    pub fn cors_headers(&self, origin: &str) -> Vec<String> {
        flat(self.cors.headers(origin))
    }

    /// The headers of the answer to a preflight, in the same form; empty if the page may send nothing.
    pub fn preflight(&self, origin: &str, asked_headers: &str) -> Vec<String> {
        flat(self.cors.preflight(origin, asked_headers))
    }
}

/// Names and values in turn.
pub(super) fn flat(headers: Vec<(&'static str, String)>) -> Vec<String> {
    headers
        .into_iter()
        .flat_map(|(name, value)| [name.to_owned(), value])
        .collect()
}

/// The response for a request that is not valid.
fn refusal(error: &Error) -> JsValue {
    report(&Reply {
        status: 400,
        body: endpoint::invalid(error),
        header: None,
    })
}

/// A caller's request, read.
#[wasm_bindgen(js_name = Asked)]
pub struct AskedMachine {
    asked: Asked,
    id: String,
    seed: u32,
}

/// What is known of a turn before it begins.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Info<'a> {
    id: &'a str,
    utterance_id: &'a str,
    #[serde(flatten)]
    correlation: &'a Correlation,
    text: &'a str,
}

#[wasm_bindgen(js_class = Asked)]
impl AskedMachine {
    /// Reads a request's body. `path` is that of its address, `headers` has its names and values in turn, `seed` is any
    /// random number.
    ///
    /// # Errors
    ///
    /// `{ status, body }` of the response for a body that is no chat completion request.
    #[wasm_bindgen(constructor)]
    pub fn new(body: &str, path: &str, headers: Vec<String>, seed: u32) -> Result<Self, JsValue> {
        let correlation = Correlation::of(path, &pairs(headers));
        Ok(Self {
            asked: Asked::parse(body, correlation).map_err(|error| refusal(&error))?,
            id: format!("chatcmpl-{seed:08x}"),
            seed,
        })
    }

    /// `{ id, utteranceId, roomId, jobId, agentId, path, text }`.
    pub fn info(&self) -> JsValue {
        report(&Info {
            id: &self.id,
            utterance_id: &self.asked.utterance_id,
            correlation: &self.asked.correlation,
            text: &self.asked.text,
        })
    }

    /// Begins the turn. `lines` is JSON, `created` is the time of day in seconds since 1970, `now` is in milliseconds on a
    /// clock that does not run backwards.
    ///
    /// # Errors
    ///
    /// `{ status, body }` of the response for a model that nothing answers for.
    pub fn begin(
        &self,
        endpoint: &EndpointMachine,
        lines: &str,
        created: f64,
        now: f64,
    ) -> Result<TurnMachine, JsValue> {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a time of day; the cast saturates"
        )]
        let created = Created {
            seconds: created as u64,
            now,
        };
        let Some(route) = endpoint.routes.find(&self.asked.model) else {
            return Err(EndpointMachine::refusal("noSuchModel"));
        };
        let turn = Turn::new(
            &self.asked,
            Rc::clone(&endpoint.setup),
            route.sources.clone(),
            Lines::parse(lines).unwrap_or_default(),
            (self.id.clone(), self.seed),
            created,
        );
        Ok(TurnMachine::new(turn, route.first))
    }
}
