//! Reading what a service says when it refuses, in whichever shape it says it.

use super::Response;
use crate::error::{Error, Peer, Refusal};
use crate::json::Value;

/// How much of a refusal's body is read, in bytes: enough for any message, too little to be a burden.
pub const MAX_BODY: usize = 64 << 10;

/// The error for a response whose status means no.
#[must_use]
pub fn refusal(peer: Peer, response: &Response, body: &[u8]) -> Error {
    let text = String::from_utf8_lossy(body).trim().to_owned();
    let (message, service_code) = match (response.status, Value::parse(&text)) {
        (0 | 300..=399, _) => (Some(redirection(response)), None),
        (_, Ok(value)) => (message(&value), code(&value)),
        (_, Err(_)) => (plain(&text), None),
    };
    let refusal = Refusal {
        status: response.status,
        message,
        service_code,
        body: text,
        request_id: response.request_id().map(str::to_owned),
        retry_after_ms: response.retry_after_ms(),
    };
    Error::refused(peer, refusal)
}

/// The words of an error, in the order in which services hide them: `{error: {message}}` (`OpenAI`), `[{error: …}]`
/// (Gemini), `{error: "…"}`, `{data: [{loc, message}]}` (`LiveAvatar`), `{message}`, `{detail: "…"}` and
/// `{detail: [{loc, msg}]}` (`FastAPI`). Where it tells the field (`loc`), that goes first: «Field required» alone says
/// nothing.
pub(crate) fn message(value: &Value) -> Option<String> {
    let value = first(value);
    let said = |value: &Value| {
        let value = first(value);
        let words = value
            .as_str()
            .or_else(|| value.get("message").and_then(Value::as_str))
            .or_else(|| value.get("msg").and_then(Value::as_str))
            .filter(|text| !text.is_empty())?;
        let place = field(value);
        Some(if place.is_empty() || words.contains(&place) {
            words.to_owned()
        } else {
            [&place, ": ", words].concat()
        })
    };
    ["error", "data", "message", "detail"]
        .into_iter()
        .find_map(|name| value.get(name).and_then(said))
}

/// The field that a problem's `loc` names, such as `avatar_persona.voice_id`; empty if it names none.
fn field(problem: &Value) -> String {
    let parts = problem.get("loc").and_then(Value::as_array).unwrap_or_default();
    // `FastAPI` begins with where the field stands.
    let parts = match parts {
        [Value::String(body), rest @ ..] if body == "body" => rest,
        parts => parts,
    };
    let mut field = String::new();
    for part in parts {
        if let Value::String(text) | Value::Number(text) = part {
            if !field.is_empty() {
                field.push('.');
            }
            field.push_str(text);
        }
    }
    field
}

/// The service's own code for an error: `code`, else `type`, of the error object or the body.
pub(crate) fn code(value: &Value) -> Option<String> {
    let value = first(value);
    let body = value
        .get("error")
        .filter(|error| error.as_object().is_some())
        .unwrap_or(value);
    ["code", "type"].into_iter().find_map(|name| match body.get(name) {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.clone()),
        _ => None,
    })
}

/// Where a redirect leads, and why it is not followed: it would take the key along.
fn redirection(response: &Response) -> String {
    let target = response.header("location").and_then(|to| to.split(['?', '#']).next());
    let to = target.unwrap_or("an address that it does not tell");
    format!("to {to}, and is not followed, since the key would go along: give the address it leads to as the base URL")
}

fn first(value: &Value) -> &Value {
    value.as_array().and_then(<[Value]>::first).unwrap_or(value)
}

/// The first line of a body that is not JSON, unless it is a page.
fn plain(text: &str) -> Option<String> {
    const LONGEST: usize = 200;
    if text.starts_with('<') {
        return Some("a web page instead of JSON: is this the address of the API?".to_owned());
    }
    let line: String = text.lines().next()?.chars().take(LONGEST).collect();
    (!line.is_empty()).then_some(line)
}
