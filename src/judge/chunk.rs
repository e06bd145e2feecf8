//! What the caller makes of one chunk: the models that openai-python builds without a check, and what the agent takes
//! from them.

use std::borrow::Cow;

use super::python::{Item, Value};
use super::reading::{Evidence, ToolCall};
use super::thoughts::Thoughts;
use super::tools::Tools;
use super::{Caller, Why};

/// What is kept from chunk to chunk.
#[derive(Default)]
pub(super) struct Chunks {
    thoughts: Thoughts,
    tools: Tools,
    pub(super) evidence: Evidence,
}

/// What is handed on to speech: words, or calls of tools, or neither, as with a thought's signature.
#[derive(Default)]
pub(super) struct Said {
    pub(super) text: String,
    pub(super) tool_calls: Vec<ToolCall>,
}

/// Takes what a chunk hands on, choice by choice. What was handed on before a failure is heard.
pub(super) trait Listener {
    fn hear(&mut self, said: Said) -> Result<(), Why>;
    /// From here on nothing is asked again.
    fn commit(&mut self);
}

impl Chunks {
    pub(super) fn read(&mut self, caller: Caller, chunk: Value<'_, '_>, to: &mut dyn Listener) -> Result<(), Why> {
        if !chunk.is_object() {
            return Err(Why::NotAnObject);
        }
        if chunk.get("error").truthy() {
            return Err(Why::ErrorObject);
        }
        build(chunk, &["choices"])?;
        let (id, choices) = (chunk.get("id"), chunk.get("choices"));
        // All of a chunk is built before any of it is read.
        for (_, choice) in choices.children() {
            build(choice, &["delta", "finish_reason", "index", "logprobs"])?;
            build(
                choice.get("delta"),
                &["content", "function_call", "refusal", "role", "tool_calls"],
            )?;
        }
        for choice in list(choices)? {
            if let Some(said) = self.read_choice(caller, id, choice)? {
                to.hear(said)?;
            }
        }
        let usage = chunk.get("usage");
        if !usage.is_none() {
            if caller == Caller::Observed {
                // Before the usage is looked at, so that bad usage is never asked for again.
                to.commit();
            }
            read_usage(caller, chunk, usage)?;
        }
        Ok(())
    }

    fn read_choice(&mut self, caller: Caller, id: Value<'_, '_>, choice: Value<'_, '_>) -> Result<Option<Said>, Why> {
        if !choice.is_object() {
            return Err(Why::ChoiceNotObject);
        }
        let delta = choice.get("delta");
        self.evidence.see_choice(choice, delta);
        if delta.is_none() {
            return Ok(None);
        }
        if !delta.is_object() {
            return Err(Why::DeltaNotObject);
        }
        let (content, finish) = (delta.get("content"), choice.get("finish_reason"));
        let is_last = finish.is("stop") || finish.is("tool_calls");
        let calls = delta.get("tool_calls");
        match caller {
            Caller::Observed => {
                // A call goes out with the text as it stands: thoughts are left out further below.
                let mut complete = None;
                if calls.truthy() {
                    self.tools.read(caller, calls, &mut |call| {
                        complete = Some(said(id, content_or_none(content)?, vec![call])?);
                        Ok(())
                    })?;
                }
                if complete.is_some() {
                    return Ok(complete);
                }
                if is_last && self.tools.is_open() {
                    let call = self.tools.take()?;
                    extra(delta)?;
                    return said(id, content_or_none(content)?, vec![call]).map(Some);
                }
                let text = self.thoughts.strip(caller, &content_or_none(content)?, false);
                assign(delta)?;
                plain(id, delta, text)
            }
            Caller::Newest => {
                let text = self.thoughts.strip(caller, &flat(content), !finish.is_none());
                assign(delta)?;
                let mut complete = Vec::new();
                if calls.truthy() {
                    self.tools.read(caller, calls, &mut |call| {
                        complete.push(call);
                        Ok(())
                    })?;
                }
                if is_last && self.tools.is_open() {
                    complete.push(self.tools.take()?);
                }
                if complete.is_empty() {
                    return plain(id, delta, text);
                }
                extra(delta)?;
                said(id, text, complete).map(Some)
            }
        }
    }
}

/// A delta without a call.
fn plain(id: Value<'_, '_>, delta: Value<'_, '_>, text: String) -> Result<Option<Said>, Why> {
    if text.is_empty() && !delta.get("extra_content").truthy() {
        return Ok(None);
    }
    extra(delta)?;
    said(id, text, Vec::new()).map(Some)
}

/// What is handed on must have an id that is a text.
fn said(id: Value<'_, '_>, text: String, tool_calls: Vec<ToolCall>) -> Result<Said, Why> {
    check_id(id)?;
    Ok(Said { text, tool_calls })
}

fn check_id(id: Value<'_, '_>) -> Result<(), Why> {
    match id.item {
        Item::Text(_) => Ok(()),
        Item::None => Err(Why::NoId),
        _ => Err(Why::IdNotText),
    }
}

fn extra(delta: Value<'_, '_>) -> Result<(), Why> {
    let extra = delta.get("extra_content");
    if extra.is_none() || extra.is_object() {
        Ok(())
    } else {
        Err(Why::ExtraNotObject)
    }
}

fn content_or_none(content: Value<'_, '_>) -> Result<String, Why> {
    match content.item {
        Item::None => Ok(String::new()),
        Item::Text(text) => Ok(text.read().into_owned()),
        _ => Err(Why::ContentNotText),
    }
}

/// Content that is a list is the texts in it; whatever else is not a text is passed over.
fn flat<'a>(content: Value<'_, 'a>) -> Cow<'a, str> {
    if let Some(text) = content.text() {
        return text;
    }
    let mut all = String::new();
    if matches!(content.item, Item::List) {
        for (_, part) in content.children() {
            if let Some(text) = part.text().or_else(|| part.get("text").text()) {
                all.push_str(&text);
            }
        }
    }
    Cow::Owned(all)
}

/// The choices. Python goes through an object's names and a text's letters; either is no trouble while it is empty.
fn list<'t, 'a>(choices: Value<'t, 'a>) -> Result<impl Iterator<Item = Value<'t, 'a>>, Why> {
    match choices.item {
        Item::None => return Err(Why::NoChoices),
        Item::Text(_) | Item::Object if !choices.truthy() => {}
        Item::List => {}
        _ => return Err(Why::ChoicesNotList),
    }
    Ok(choices.children().map(|(_, choice)| choice))
}

/// An object becomes a model by a function that takes its members as arguments, and has two of its own names among
/// them: `_fields_set`, to which it adds the model's fields that it finds, and its class.
pub(super) fn build(object: Value<'_, '_>, fields: &[&str]) -> Result<(), Why> {
    let adds = !object.get("_fields_set").is_none() && fields.iter().any(|field| object.member(field).is_some());
    if adds || object.member("_BaseModel__cls").is_some() {
        Err(Why::ReservedName)
    } else {
        Ok(())
    }
}

/// The text without thoughts is put back into the delta's model, which notes that by adding to the same set.
fn assign(delta: Value<'_, '_>) -> Result<(), Why> {
    if delta.get("_fields_set").is_none() {
        Ok(())
    } else {
        Err(Why::ReservedName)
    }
}

fn read_usage(caller: Caller, chunk: Value<'_, '_>, usage: Value<'_, '_>) -> Result<(), Why> {
    const PROMPT: &[&str] = &["cached_tokens", "cache_write_tokens"];
    if !usage.is_object() {
        return Err(Why::UsageNotObject);
    }
    // The newest version counts what is missing, null or empty as nothing, and looks at more.
    let is_newest = caller == Caller::Newest;
    let details = [
        (
            "prompt_tokens_details",
            if is_newest { PROMPT } else { &["cached_tokens"] },
        ),
        (
            "completion_tokens_details",
            if is_newest { &["reasoning_tokens"] } else { &[] },
        ),
    ];
    let details = details.map(|(name, counts)| (usage.get(name), counts));
    let is_odd = |details: Value<'_, '_>| details.truthy() && !details.is_object();
    if details
        .iter()
        .any(|(details, names)| !names.is_empty() && is_odd(*details))
    {
        return Err(Why::DetailsNotObject);
    }
    let counts = |value: Value<'_, '_>, is_optional: bool| value.countable() || is_optional && !value.truthy();
    let details_count =
        |(details, names): (Value<'_, '_>, &[&str])| names.iter().all(|name| counts(details.get(name), true));
    let names = ["completion_tokens", "prompt_tokens", "total_tokens"];
    if !details.into_iter().all(details_count) || !names.iter().all(|name| counts(usage.get(name), is_newest)) {
        return Err(Why::UsageNotCounts);
    }
    let tier = chunk.get("service_tier");
    if !tier.is_none() && tier.text().is_none() {
        return Err(Why::TierNotText);
    }
    check_id(chunk.get("id"))
}
