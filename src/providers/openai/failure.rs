//! What went wrong inside an answer, as an error.

use crate::error::{Error, StreamKind};
use crate::http;
use crate::json::{Malformed, Value};

/// An event that is no JSON.
pub(in crate::providers) fn unreadable(text: &str, malformed: &Malformed) -> Error {
    const SHOWN: usize = 80;
    let start: String = text.chars().take(SHOWN).collect();
    Error::stream(
        StreamKind::Malformed,
        format!("an event of the answer is {malformed}: {start}"),
    )
}

/// The error for an error object, or the text of an `error` event.
pub(in crate::providers) fn reported(error: &str) -> Error {
    // The readers of refusals expect the body around it.
    let body = format!("{{\"error\":{error}}}");
    let (message, code) = match Value::parse(&body) {
        Ok(body) => {
            let inner = body
                .get("error")
                .filter(|inner| inner.get("error").is_some())
                .unwrap_or(&body);
            (http::message(inner), http::code(inner))
        }
        Err(_) => (Some(error.to_owned()), None),
    };
    let said = message.map_or_else(String::new, |message| format!(": {message}"));
    Error::stream(
        StreamKind::Error,
        format!("the upstream reported an error inside its answer{said}"),
    )
    .with_service_code(code)
}
