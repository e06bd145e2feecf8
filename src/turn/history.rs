//! The conversation as a source is to see it: without what this endpoint put in itself, and no longer than it may be.

use super::Lines;
use super::asked::{role, words};
use crate::chat::Request;
use crate::json::Value;

/// How much of a line must have been said for what was interrupted to be known again.
const RECOGNISABLE: usize = 12;

/// Takes out lines of the endpoint's own: the caller has heard them as the assistant's words and sends them back, but they
/// are nobody's thoughts, and a model that reads its own apologies goes on apologising.
pub(super) fn forget(request: &mut Request, lines: &Lines) {
    let filler = lines.filler.as_ref().map(|filler| filler.line.as_str());
    let failure = lines.failure.as_deref();
    edit(request, &mut |message| {
        if role(message) != "assistant" {
            return true;
        }
        let said = words(message);
        let rest = filler.map_or(said.as_str(), |filler| without(&said, filler));
        let rest = failure.map_or(rest, |failure| without(rest, failure));
        if rest.len() == said.len() {
            return true;
        }
        let rest = rest.to_owned();
        if let Value::Object(members) = message {
            members.retain(|(name, _)| name != "content");
            members.push(("content".to_owned(), Value::String(rest.clone())));
        }
        !rest.is_empty() || message.get("tool_calls").is_some()
    });
}

/// What follows `line`, where `said` begins with it; nothing, where it is only its beginning.
fn without<'a>(said: &'a str, line: &str) -> &'a str {
    let line = line.trim();
    match said.strip_prefix(line) {
        _ if line.is_empty() => said,
        Some(rest) => rest.trim_start(),
        None if said.len() >= RECOGNISABLE && line.starts_with(said) => "",
        None => said,
    }
}

/// Keeps the last `limit` messages, and instructions from everywhere. What a tool answered goes with the call that it
/// answers.
pub(super) fn trim(request: &mut Request, limit: usize) {
    let is_kept = |message: &Value| matches!(role(message), "system" | "developer");
    let messages = request.get("messages").and_then(Value::as_array).unwrap_or_default();
    let conversation: Vec<&Value> = messages.iter().filter(|message| !is_kept(message)).collect();
    let Some(surplus) = conversation.len().checked_sub(limit).filter(|surplus| *surplus > 0) else {
        return;
    };
    let answers = conversation
        .iter()
        .skip(surplus)
        .take_while(|message| role(message) == "tool");
    let mut surplus = surplus + answers.count();
    edit(request, &mut |message| {
        let goes = surplus > 0 && !is_kept(message);
        surplus -= usize::from(goes);
        !goes
    });
}

/// Adds messages to the end.
pub(super) fn append(request: &mut Request, mut more: Vec<Value>) {
    if let Some(Value::Array(messages)) = request.get_mut("messages") {
        messages.append(&mut more);
    }
}

/// Shows each message to `keeps`, which may change it, and lets go of those that it does not keep.
fn edit(request: &mut Request, keeps: &mut dyn FnMut(&mut Value) -> bool) {
    if let Some(Value::Array(messages)) = request.get_mut("messages") {
        messages.retain_mut(keeps);
    }
}
