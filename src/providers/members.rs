//! The members of a request in `OpenAI`'s terms, for dialects with terms of their own.

use super::conversation::{cannot_at, text};
use super::writer::Writer;
use crate::chat::Request;
use crate::error::Error;
use crate::json::Value;

/// What is left out, since it does not change what is said: hints, and what a provider does with an answer besides.
const DROPPED: [&str; 15] = [
    "stream",
    "stream_options",
    "store",
    "metadata",
    "service_tier",
    "verbosity",
    "prediction",
    "logit_bias",
    "prompt_cache_key",
    "prompt_cache_retention",
    "safety_identifier",
    "user",
    "seed",
    "presence_penalty",
    "frequency_penalty",
];

/// What is translated, by each dialect in its way.
const TRANSLATED: [&str; 12] = [
    "messages",
    "model",
    "max_tokens",
    "max_completion_tokens",
    "temperature",
    "top_p",
    "stop",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "response_format",
    "reasoning_effort",
];

/// What asks for an answer of another kind, which would not come.
const REFUSED: [&str; 8] = [
    "n",
    "logprobs",
    "top_logprobs",
    "modalities",
    "audio",
    "functions",
    "function_call",
    "web_search_options",
];

/// Values of these that ask for nothing.
const NEUTRAL: [&str; 5] = ["false", "0", "1", "[\"text\"]", "[]"];

/// Passes on what is not `OpenAI`'s, and so of the dialect's own terms. `own` is translated or passed on by the dialect itself.
pub(super) fn pass(request: &Request, own: &[&str], out: &mut Writer) -> Result<(), Error> {
    for (name, value) in request.members() {
        let name = name.as_str();
        if *value == Value::Null || own.contains(&name) || TRANSLATED.contains(&name) || DROPPED.contains(&name) {
            continue;
        }
        if REFUSED.contains(&name) {
            let mut json = String::new();
            value.write(&mut json);
            if !NEUTRAL.contains(&json.as_str()) {
                return Err(cannot_at(&["/", name].concat(), &["`", name, "`"].concat()));
            }
            continue;
        }
        out.name(name).value(value);
    }
    Ok(())
}

/// A member that is there, and not `null`.
pub(super) fn get<'r>(request: &'r Request, name: &str) -> Option<&'r Value> {
    request.get(name).filter(|value| **value != Value::Null)
}

/// The most tokens that the answer may have.
pub(super) fn max_tokens(request: &Request) -> Option<&Value> {
    get(request, "max_completion_tokens").or_else(|| get(request, "max_tokens"))
}

/// The strings before which the answer ends, as a list.
pub(super) fn stop(request: &Request, name: &str, out: &mut Writer) {
    match get(request, "stop") {
        Some(one @ Value::String(_)) => {
            out.name(name).json("[").value(one).end("]");
        }
        Some(list) => {
            out.name(name).value(list);
        }
        None => {}
    }
}

/// The functions among the tools, and what else there is, which is of the dialect's own terms.
pub(super) fn tools(request: &Request) -> Result<(Vec<&Value>, Vec<&Value>), Error> {
    let (mut functions, mut others) = (Vec::new(), Vec::new());
    let tools = get(request, "tools").and_then(Value::as_array).unwrap_or_default();
    for (index, tool) in tools.iter().enumerate() {
        match (tool.get("function"), text(tool, "type")) {
            (Some(function), _) => functions.push(function),
            (None, "custom") if tool.get("custom").is_some() => {
                return Err(cannot_at(&format!("/tools/{index}"), "a tool that takes a text"));
            }
            (None, _) => others.push(tool),
        }
    }
    Ok((functions, others))
}

/// Whether and which tool must be called.
pub(super) enum Choice<'r> {
    None,
    Auto,
    Required,
    Function(&'r str),
}

pub(super) fn tool_choice(request: &Request) -> Result<Option<Choice<'_>>, Error> {
    let Some(choice) = get(request, "tool_choice") else {
        return Ok(None);
    };
    Ok(Some(match choice.as_str() {
        Some("none") => Choice::None,
        Some("auto") => Choice::Auto,
        Some("required") => Choice::Required,
        _ => match choice.get("function").map(|function| text(function, "name")) {
            Some(name) if !name.is_empty() => Choice::Function(name),
            _ => {
                return Err(cannot_at(
                    "/tool_choice",
                    "a choice other than \"none\", \"auto\", \"required\" and that of a function",
                ));
            }
        },
    }))
}

/// How many tokens a model may think by a `reasoning_effort`, of a dialect's words for it from `minimal` up.
pub(super) fn budget(request: &Request, budgets: &[(&str, u32)]) -> Result<Option<u32>, Error> {
    let Some(effort) = get(request, "reasoning_effort") else {
        return Ok(None);
    };
    let known = budgets.iter().find(|(name, _)| effort.as_str() == Some(name));
    known
        .map(|(_, budget)| Some(*budget))
        .ok_or_else(|| cannot_at("/reasoning_effort", "this `reasoning_effort`"))
}
