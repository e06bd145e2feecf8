//! How a request is put.

use crate::chat::Request;
use crate::error::Error;
use crate::http;
use crate::json::Value;
use crate::providers::Upstream;

/// The request for a streamed completion, but for the key.
pub(in crate::providers) fn encode(
    upstream: &Upstream,
    path: &str,
    mut request: Request,
) -> Result<http::Request, Error> {
    settle(upstream, &mut request)?;
    request.set("stream", Value::Bool(true));
    Ok(post(upstream, path, &[], request.into_json()))
}

/// Puts the upstream's members under and over the request's own, and gives the name of its model.
pub(in crate::providers) fn settle(upstream: &Upstream, request: &mut Request) -> Result<String, Error> {
    request.layer(&upstream.defaults, &upstream.overrides);
    match (request.get("model"), &upstream.model) {
        (Some(Value::String(model)), _) if !model.is_empty() => Ok(model.clone()),
        (Some(other), _) => {
            let found = if matches!(other, Value::String(_)) {
                "empty"
            } else {
                other.describe()
            };
            Err(Error::invalid_at(
                "/model",
                "wrong_type",
                format!("`model` must be the model's name, it is {found}"),
            ))
        }
        (None, Some(model)) => {
            request.set("model", Value::String(model.clone()));
            Ok(model.clone())
        }
        (None, None) => Err(Error::invalid_at(
            "/model",
            "missing",
            "`model` is missing: name it in the request or in the upstream",
        )),
    }
}

/// Posts JSON to `path` under the upstream's base URL, and asks for an event stream. The upstream's own headers go over
/// `headers`.
pub(in crate::providers) fn post(
    upstream: &Upstream,
    path: &str,
    headers: &[(&str, &str)],
    body: String,
) -> http::Request {
    let own = [("content-type", "application/json"), ("accept", "text/event-stream")];
    let mut all: Vec<(String, String)> = Vec::new();
    for (name, value) in own.iter().chain(headers) {
        all.push(((*name).to_owned(), (*value).to_owned()));
    }
    for (name, value) in &upstream.headers {
        all.retain(|(known, _)| known != name);
        all.push((name.clone(), value.clone()));
    }
    http::Request {
        method: "POST",
        url: http::endpoint(&upstream.base_url, path, &upstream.query),
        headers: all,
        body: Some(body),
    }
}

/// Whether a request asks for one alternative, as it does unless its `n` says otherwise.
pub(in crate::providers) fn is_single(upstream: &Upstream, request: &Request) -> bool {
    let set = |members: &'_ [(String, Value)]| {
        members
            .iter()
            .rev()
            .find(|(name, _)| name == "n")
            .map(|(_, n)| n.clone())
    };
    let n = set(&upstream.overrides)
        .or_else(|| request.get("n").cloned())
        .or_else(|| set(&upstream.defaults));
    n.is_none_or(|n| n == Value::Null || n.as_f64() == Some(1.0))
}
