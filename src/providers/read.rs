//! Reading payloads whose members come in any order, once they are known to be JSON.

use std::borrow::Cow;

use crate::chat::{Delta, Place, Usage};
use crate::json::{Cursor, Text};

/// The value of a member of an object.
pub(super) fn member<'a>(object: &Cursor<'a>, name: &str) -> Option<Cursor<'a>> {
    object.find(name).ok().flatten()
}

/// A member that is a string.
pub(super) fn string<'a>(object: &Cursor<'a>, name: &str) -> Option<Text<'a>> {
    member(object, name)?.text().ok()?
}

/// A member that is a count.
pub(super) fn count(object: &Cursor<'_>, name: &str) -> Option<u64> {
    member(object, name)?.integer().ok()?
}

/// A member as it stands, unless it is `null`.
pub(super) fn raw<'a>(object: &Cursor<'a>, name: &str) -> Option<&'a str> {
    member(object, name)?.skip().ok().filter(|json| *json != "null")
}

/// A member that the vocabulary has no place for.
pub(super) fn kept<'a>(name: &'static str, json: String, place: Place) -> Delta<'a> {
    Delta::Extra {
        place,
        name: Cow::Borrowed(name),
        json: Cow::Owned(json),
    }
}

/// Tokens of the prompt, of the answer and of both, of which some were read from a cache, and some were thoughts. `created` is
/// what was written to a cache.
pub(super) fn usage<'a>([prompt, completion, total]: [u64; 3], cached: u64, created: u64, thoughts: u64) -> Delta<'a> {
    Delta::Usage(Usage {
        prompt: Some(prompt),
        completion: Some(completion),
        total: Some(total),
        json: Cow::Owned(format!(
            "{{\"prompt_tokens\":{prompt},\"completion_tokens\":{completion},\"total_tokens\":{total},\
             \"prompt_tokens_details\":{{\"cached_tokens\":{cached},\"cache_creation_tokens\":{created}}},\
             \"completion_tokens_details\":{{\"reasoning_tokens\":{thoughts}}}}}"
        )),
    })
}
