//! How a request is put.

use crate::chat::Request;
use crate::error::Error;
use crate::http;
use crate::json::Value;
use crate::providers::Upstream;

/// The request for a streamed completion, but for the key.
pub(in crate::providers) fn encode(upstream: &Upstream, mut request: Request) -> Result<http::Request, Error> {
    request.layer(&upstream.defaults, &upstream.overrides);
    match (request.get("model"), &upstream.model) {
        (Some(Value::String(model)), _) if !model.is_empty() => {}
        (Some(other), _) => {
            let found = if matches!(other, Value::String(_)) {
                "empty"
            } else {
                other.describe()
            };
            return Err(Error::invalid_at(
                "/model",
                "wrong_type",
                format!("`model` must be the model's name, it is {found}"),
            ));
        }
        (None, Some(model)) => request.set("model", Value::String(model.clone())),
        (None, None) => {
            return Err(Error::invalid_at(
                "/model",
                "missing",
                "`model` is missing: name it in the request or in the upstream",
            ));
        }
    }
    request.set("stream", Value::Bool(true));
    let mut headers = vec![
        ("content-type".to_owned(), "application/json".to_owned()),
        ("accept".to_owned(), "text/event-stream".to_owned()),
    ];
    headers.extend(upstream.headers.iter().cloned());
    Ok(http::Request {
        method: "POST",
        url: http::endpoint(&upstream.base_url, "/chat/completions", &upstream.query),
        headers,
        body: Some(request.into_json()),
    })
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
