//! [`crate::endpoint`] for JavaScript.

use serde::Serialize;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use super::http::check_fetchable;
use super::report;
use super::turn::TurnMachine;
use crate::call::Call;
use crate::endpoint::{self, ROOM_HEADER, Refused, Route};
use crate::error::Error;
use crate::providers::{Provider, Upstream};
use crate::turn::{Asked, Created, Lines, Options, Turn};

/// An endpoint's options, read once and used for each of its requests.
#[wasm_bindgen(js_name = Endpoint)]
pub struct EndpointMachine {
    options: Options,
    upstream: Option<Upstream>,
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
    /// `options` and `lines` are JSON, the lines to be checked only; `upstream` is where completions come from, as JSON
    /// without key and functions, if they come from one.
    ///
    /// # Errors
    ///
    /// A validation error with an issue for everything that is wrong in either.
    #[wasm_bindgen(constructor)]
    pub fn new(options: &str, lines: &str, upstream: Option<String>) -> Result<Self, Error> {
        Lines::parse(lines)?;
        let options = Options::parse(options)?;
        let upstream = upstream
            .map(|upstream| Upstream::parse(&upstream, &["source"]))
            .transpose()?;
        if let Some(upstream) = &upstream {
            check_fetchable(&upstream.base_url, "/source/baseUrl")?;
        }
        Ok(Self { options, upstream })
    }

    /// What a request asks for: `"completions"`, `"models"`, or the name of the reason for which it is refused.
    pub fn route(method: &str, path: &str) -> String {
        match endpoint::route(method, path) {
            Route::Completions => "completions",
            Route::Models => "models",
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
            _ => Refused::NotFound,
        };
        report(&Reply {
            status: refused.status(),
            body: refused.body(),
            header: refused.header(),
        })
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

    /// The largest request that is read, in bytes.
    #[wasm_bindgen(js_name = bodyBytes)]
    pub fn body_bytes(&self) -> f64 {
        self.options.body_bytes
    }

    /// The list of models, as JSON.
    pub fn models(&self) -> String {
        let named = self.upstream.as_ref().and_then(|upstream| upstream.model.as_deref());
        endpoint::models(named.unwrap_or("default"), 0)
    }

    /// The header that holds the caller's id for the room.
    #[wasm_bindgen(js_name = roomHeader)]
    pub fn room_header() -> String {
        ROOM_HEADER.to_owned()
    }
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
    #[serde(skip_serializing_if = "Option::is_none")]
    room_id: Option<&'a str>,
    text: &'a str,
}

#[wasm_bindgen(js_class = Asked)]
impl AskedMachine {
    /// Reads a request's body. `room` is what the caller calls the room, `seed` is any random number.
    ///
    /// # Errors
    ///
    /// `{ status, body }` of the response for a body that is no chat completion request.
    #[wasm_bindgen(constructor)]
    pub fn new(body: &str, room: Option<String>, seed: u32) -> Result<Self, JsValue> {
        Ok(Self {
            asked: Asked::parse(body, room).map_err(|error| refusal(&error))?,
            id: format!("chatcmpl-{seed:08x}"),
            seed,
        })
    }

    /// `{ id, utteranceId, roomId, text }`.
    pub fn info(&self) -> JsValue {
        report(&Info {
            id: &self.id,
            utterance_id: &self.asked.utterance_id,
            room_id: self.asked.room_id.as_deref(),
            text: &self.asked.text,
        })
    }

    /// Begins the turn. `lines` is JSON, `created` is the time of day in seconds since 1970, `now` is in milliseconds on a
    /// clock that does not run backwards.
    ///
    /// # Errors
    ///
    /// `{ status, body }` of the response for a request that cannot be put to the endpoint's upstream.
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
        let call = match &endpoint.upstream {
            Some(upstream) => {
                let call = self.asked.call(upstream, &endpoint.options, self.seed, now);
                call.map_err(|error| refusal(&error))?
            }
            None => Call::given(Provider::OpenAi, now),
        };
        let lines = Lines::parse(lines).unwrap_or_default();
        let is_given = endpoint.upstream.is_none();
        let turn = Turn::new(
            &self.asked,
            Some(call),
            endpoint.options,
            lines,
            self.id.clone(),
            created,
        );
        Ok(TurnMachine::new(turn, is_given))
    }
}
