//! Answers that were asked for as JSON.

use crate::error::{Error, StreamKind};
use crate::json::{NoJson, json_in};

/// Appends the JSON text in `text` as it is, without the white space and the code fence around it; `null` where there is
/// none. Arguments that are nothing at all are those of a function that takes none.
pub(super) fn write_parsed(out: &mut String, text: Option<&str>, is_arguments: bool) {
    out.push_str(match text.map(json_in) {
        Some(Ok(json)) => json,
        Some(Err(NoJson::Empty)) if is_arguments => "{}",
        _ => "null",
    });
}

/// The error for content that is no JSON. `finish` is why it ended.
pub(super) fn no_json(content: &str, finish: Option<&str>) -> Option<Error> {
    const SHOWN: usize = 30;
    let why = match (json_in(content).err()?, finish) {
        (NoJson::At(at), _) => {
            let (before, rest) = content.split_at_checked(at).unwrap_or((content, ""));
            let start: String = rest.chars().take(SHOWN).collect();
            let advice = if content.trim_ascii_start().starts_with("<think>") {
                "it begins with thoughts: set `thinkTags` to take them out"
            } else {
                "ask for JSON in the prompt as well, or use a model that keeps to `response_format`"
            };
            // As JavaScript counts.
            let position = before.encode_utf16().count();
            format!("at position {position} it goes on with «{start}»; {advice}")
        }
        (_, Some("length")) => "it was cut at the most tokens it may have: raise `max_completion_tokens`".to_owned(),
        (_, Some("content_filter")) => "it was cut by the upstream's content filter".to_owned(),
        (NoJson::Empty, _) => "there are no words in it".to_owned(),
        (NoJson::Cut, _) => "it ends before its value does".to_owned(),
    };
    let message = format!("the answer is not the JSON that was asked for: {why}. `partial` has what came");
    Some(Error::stream(StreamKind::NotJson, message))
}
