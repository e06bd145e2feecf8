//! An endpoint's side of HTTP: which address is which, who may ask, and how a request is refused.
//!
//! What a `200` says is the business of [`crate::turn`].

mod cors;
pub mod sessions;

pub use cors::Cors;

use crate::error::{Error, Family};
use crate::json::write_string;

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// A completion: `POST …/chat/completions`, with or without a `/v1` before it.
    Completions,
    /// The list of models: `GET …/models`. Newer callers look at it once before a session.
    Models,
    /// A page's browser asks whether it may ask.
    Preflight,
    /// It is refused.
    Refused(Refused),
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// There is nothing at this address.
    NotFound,
    /// There is something, for the method named.
    MethodNotAllowed(&'static str),
    /// The token is missing or not the right one.
    Unauthorized,
    /// The body is larger than the endpoint takes.
    TooLarge,
    /// Nothing answers for the model.
    NoSuchModel,
    /// The body broke off while it was read, or was read before.
    Unreadable,
    /// The developer's own code could not say who may ask. It may the next time, and for this status the caller asks again
    /// (three times, observed with livekit-agents 1.6.4); for a 401 it never does.
    Unavailable,
}

/// How long the developer's own code may take to say who may ask, in milliseconds: half of what the caller waits for an
/// answer before it asks again (observed with openai-python 2.44.0).
pub const AUTH_MS: f64 = 5000.0;

pub(crate) const COMPLETIONS: &str = "/chat/completions";

/// What a request asks for, by its method and the path of its address.
#[must_use]
pub fn route(method: &str, path: &str) -> Route {
    let path = path.trim_end_matches('/');
    let completions = path
        .strip_suffix(COMPLETIONS)
        .map(|base| (base, Route::Completions, "POST"));
    let models = || path.strip_suffix("/models").map(|base| (base, Route::Models, "GET"));
    let (route, allowed) = match completions.or_else(models) {
        // A base URL that already holds the path: answering would hide the mistake until it matters.
        Some((base, ..)) if base.contains(COMPLETIONS) => return Route::Refused(Refused::NotFound),
        Some((_, route, allowed)) => (route, allowed),
        None => return Route::Refused(Refused::NotFound),
    };
    if method == allowed {
        route
    } else if method == "OPTIONS" {
        Route::Preflight
    } else {
        Route::Refused(Refused::MethodNotAllowed(allowed))
    }
}

/// The token of an `authorization` header, if it carries one (RFC 6750 §2.1; the scheme's case doesn't matter).
#[must_use]
pub fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Whether two tokens are the same, in a time that tells nothing but their lengths.
#[must_use]
pub fn is_same(one: &str, other: &str) -> bool {
    use subtle::ConstantTimeEq;
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

impl Refused {
    /// The HTTP status.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::NotFound | Self::NoSuchModel => 404,
            Self::MethodNotAllowed(_) => 405,
            Self::Unauthorized => 401,
            Self::TooLarge => 413,
            Self::Unreadable => 400,
            Self::Unavailable => 503,
        }
    }

    /// The header that belongs to the status: the method that would be allowed (RFC 9110 §15.5.6), or how to prove who one
    /// is (§15.5.2).
    #[must_use]
    pub fn header(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::MethodNotAllowed(method) => Some(("allow", method)),
            Self::Unauthorized => Some(("www-authenticate", "Bearer")),
            Self::NotFound | Self::TooLarge | Self::NoSuchModel | Self::Unreadable | Self::Unavailable => None,
        }
    }

    /// The body, in the shape of `OpenAI`'s errors.
    #[must_use]
    pub fn body(self) -> String {
        let (code, message) = match self {
            Self::NotFound => (
                "not_found",
                "There is nothing here. The base URL to register is the address without /chat/completions.",
            ),
            Self::MethodNotAllowed(_) => ("method_not_allowed", "Use the method that the allow header names."),
            Self::Unauthorized => (
                "unauthorized",
                "Send the token that this endpoint expects as `Authorization: Bearer <token>`: it is the secret_value of the secret registered with LiveAvatar.",
            ),
            Self::TooLarge => (
                "too_large",
                "The request is larger than this endpoint takes. Raise `limits.bodyBytes` if it should.",
            ),
            Self::NoSuchModel => (
                "model_not_found",
                "No source of this endpoint answers for this model. GET …/models lists those there are: register one of them as model_name, or name a source `default`.",
            ),
            Self::Unreadable => (
                "unreadable",
                "The request cannot be read: it broke off, or something in front of this endpoint has read its body.",
            ),
            Self::Unavailable => (
                "unavailable",
                "This endpoint cannot find out who may ask right now: ask again later. Its `auth` threw or took too long.",
            ),
        };
        body(message, kind(self.status()), code)
    }
}

/// The body for a request that is no chat completion request, in the shape of `OpenAI`'s errors.
#[must_use]
pub fn invalid(error: &Error) -> String {
    body(&error.to_string(), INVALID_REQUEST, error.code())
}

/// Status and body for an answer that failed before anything of it was sent.
#[must_use]
pub fn failed(error: &Error) -> (u16, String) {
    let status = match (error.family(), error.status()) {
        // What is wrong with the request, or is too much of it, its sender can change. The key is not the sender's.
        (Family::Api, Some(status @ (400 | 402 | 404 | 408 | 409 | 413 | 422 | 429))) => status,
        (Family::Deadline, _) => 504,
        // What the developer's own code gave; anything else that is not valid is the request.
        (Family::Validation, _) if error.code() != "bad_source" => 400,
        (Family::Validation | Family::Source, _) => 500,
        _ => 502,
    };
    (status, body(&error.to_string(), kind(status), error.code()))
}

/// What `OpenAI`'s errors call a fault of the request.
const INVALID_REQUEST: &str = "invalid_request_error";

fn kind(status: u16) -> &'static str {
    if status < 500 { INVALID_REQUEST } else { "server_error" }
}

fn body(message: &str, kind: &str, code: &str) -> String {
    let mut out = "{\"error\":{\"message\":".to_owned();
    write_string(&mut out, message);
    out.push_str(",\"type\":");
    write_string(&mut out, kind);
    out.push_str(",\"param\":null,\"code\":");
    write_string(&mut out, code);
    out.push_str("}}");
    out
}

/// The list of models, in `OpenAI`'s shape.
#[must_use]
pub fn models(names: &[&str], created: u64) -> String {
    let mut out = "{\"object\":\"list\",\"data\":[".to_owned();
    for (index, name) in names.iter().enumerate() {
        out.push_str(if index > 0 { ",{\"id\":" } else { "{\"id\":" });
        write_string(&mut out, name);
        out.push_str(",\"object\":\"model\",\"created\":");
        out.push_str(&created.to_string());
        out.push_str(",\"owned_by\":\"liveavatar-llm\"}");
    }
    out.push_str("]}");
    out
}
