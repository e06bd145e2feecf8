//! Reading what a service says when it refuses, in whichever shape it says it.

use super::Response;
use crate::error::{Error, Refusal};
use crate::json::Value;

/// How much of a refusal's body is read, in bytes: enough for any message, too little to be a burden.
pub const MAX_BODY: usize = 64 << 10;

/// The error for a response whose status means no.
#[must_use]
pub fn refusal(response: &Response, body: &[u8]) -> Error {
    let text = String::from_utf8_lossy(body).trim().to_owned();
    let (message, service_code) = match (response.status, Value::parse(&text)) {
        (0 | 300..=399, _) => (Some(redirection(response)), None),
        (_, Ok(value)) => (message(&value), code(&value)),
        (_, Err(_)) => (plain(&text), None),
    };
    Error::refused(Refusal {
        status: response.status,
        message,
        service_code,
        body: text,
        request_id: response.request_id().map(str::to_owned),
        retry_after_ms: response.retry_after_ms(),
    })
}

/// The words of an error, in the order in which services hide them: `{error: {message}}` (`OpenAI`), `[{error: …}]`
/// (Gemini), `{error: "…"}`, `{data: [{message}]}` (`LiveAvatar`), `{message}`, `{detail: "…"}` and
/// `{detail: [{msg}]}` (`FastAPI`).
pub(crate) fn message(value: &Value) -> Option<String> {
    let value = first(value);
    let said = |value: &Value| {
        let value = first(value);
        value
            .as_str()
            .or_else(|| value.get("message").and_then(Value::as_str))
            .or_else(|| value.get("msg").and_then(Value::as_str))
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    ["error", "data", "message", "detail"]
        .into_iter()
        .find_map(|name| value.get(name).and_then(said))
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
    let to = target.map_or_else(String::new, |to| format!("to {to}, "));
    format!("{to}and is not followed, since the key would go along: give the address it leads to as the base URL")
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
