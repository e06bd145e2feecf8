//! What one event holds where it should hold one JSON value.

use super::DONE;
use crate::json::Cursor;

/// How often something that cannot be read is passed over in one event: each time may cost reading all of it.
const MOST_BROKEN: usize = 16;

/// The whole JSON objects in the data of an event, and `[DONE]`s, in their order; what else there is is left out:
///
/// - the objects in an array
/// - two objects run together, or in two `data` lines that no blank line parts (anomalyco/opencode#27365)
/// - an object that breaks off where the next event begins, `…"role":"adata: {…}` (Z.ai, anomalyco/opencode#8282). The
///   first is what another answer left in the server's buffer, so it is not told
/// - an error object injected after the beginning of another object (Wei-Shaw/sub2api#1471)
#[must_use]
pub fn parts(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut broken = 0;
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\r', '\n', ',']);
        rest = rest.strip_prefix("data:").unwrap_or(rest).trim_ascii_start();
        if let Some(after) = rest.strip_prefix(DONE) {
            parts.push(DONE);
            rest = after;
        } else if let Some((value, after)) = value(rest) {
            parts.push(value);
            rest = after;
        } else if let Some(inside) = rest.strip_prefix(['[', ']']) {
            rest = inside;
        } else if rest.is_empty() || broken == MOST_BROKEN {
            return parts;
        } else {
            broken += 1;
            rest = from_next(rest);
        }
    }
}

/// The object at the beginning of `text`, and what follows it.
fn value(text: &str) -> Option<(&str, &str)> {
    let mut cursor = Cursor::new(text);
    let value = text.starts_with('{').then(|| cursor.skip().ok())??;
    Some((value, text.get(cursor.at()..)?))
}

/// From where an object may begin that is no part of the one before.
fn from_next(text: &str) -> &str {
    let marks = [("data:", 0), ("\n{", 1), ("}{", 1), (DONE, 0), ("{\"error\"", 0)];
    let next = marks.into_iter().filter_map(|(mark, skipped)| {
        let at = text.get(1..)?.find(mark)?;
        Some(1 + at + skipped)
    });
    text.get(next.min().unwrap_or(text.len())..).unwrap_or_default()
}
