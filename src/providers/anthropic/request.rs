//! How a request is put.

use crate::chat::Request;
use crate::error::Error;
use crate::http;
use crate::json::{Value, decimal};
use crate::providers::conversation::{Conversation, Media, Part, Source, cannot, cannot_at, object, text};
use crate::providers::members::{self, Choice};
use crate::providers::writer::Writer;
use crate::providers::{Upstream, openai};

/// `max_tokens` must be there. As much as every model gives; thinking is added to it.
const MAX_TOKENS: u32 = 4096;

/// Thinking budgets. 1024 is the least there may be.
const BUDGETS: [(&str, u32); 7] = [
    ("none", 0),
    ("minimal", 1024),
    ("low", 1024),
    ("medium", 4096),
    ("high", 16384),
    ("xhigh", 32768),
    ("max", 32768),
];

/// Without it the service lets no page read its answers.
pub(in crate::providers) const BROWSER: (&str, &str) = ("anthropic-dangerous-direct-browser-access", "true");

/// The request for a streamed message, but for the key.
pub(in crate::providers) fn encode(upstream: &Upstream, mut request: Request) -> Result<http::Request, Error> {
    let model = openai::settle(upstream, &mut request)?;
    let version = ("anthropic-version", upstream.version.as_deref().unwrap_or("2023-06-01"));
    let body = body(&model, &request)?;
    Ok(openai::post(upstream, "/messages", &[version], body))
}

fn body(model: &str, request: &Request) -> Result<String, Error> {
    let mut out = Writer::default();
    out.json("{").name("model").text(model);
    out.name("stream").json("true");
    let thinking = thinking(request, &mut out)?;
    out.name("max_tokens");
    match members::max_tokens(request) {
        Some(most) => out.value(most),
        None => out.json(&(MAX_TOKENS + thinking.unwrap_or(0)).to_string()),
    };
    // Beside thinking no other temperature than 1 is accepted, and new models accept one of the two alone.
    if thinking.is_none() {
        sampling(request, &mut out);
    }
    members::stop(request, "stop_sequences", &mut out);
    if let Some(user) = request.get("user").and_then(Value::as_str) {
        out.name("metadata").json("{").name("user_id").text(user).end("}");
    }
    tools(request, &mut out)?;
    format(request, &mut out)?;
    let conversation = Conversation::read(request)?;
    if !conversation.system.is_empty() {
        out.name("system");
        parts(&conversation.system, &mut out)?;
    }
    out.name("messages").json("[");
    let last = conversation.turns.len() - 1;
    for (index, turn) in conversation.turns.into_iter().enumerate() {
        let mut said = turn.parts;
        // Words that the model is to go on from may not end in white space.
        if let (true, true, Some(Part::Text { text, part })) = (index == last, turn.is_model, said.last_mut()) {
            *text = text.trim_end();
            *part = None;
        }
        out.json("{")
            .name("role")
            .text(if turn.is_model { "assistant" } else { "user" });
        out.name("content");
        parts(&said, &mut out)?;
        out.end("}");
    }
    out.end("]");
    members::pass(request, &["thinking", "output_config"], &mut out)?;
    out.end("}");
    Ok(out.into_json())
}

/// The thinking asked for, in the provider's own terms or `OpenAI`'s, and its budget; `None` where there is none.
fn thinking(request: &Request, out: &mut Writer) -> Result<Option<u32>, Error> {
    if let Some(own) = members::get(request, "thinking") {
        out.name("thinking").value(own);
        let budget = own.get("budget_tokens").and_then(|budget| match budget {
            Value::Number(number) => number.parse().ok(),
            _ => None,
        });
        return Ok((text(own, "type") != "disabled").then_some(budget.unwrap_or(0)));
    }
    let budget = members::budget(request, &BUDGETS)?.filter(|budget| *budget > 0);
    if let Some(budget) = budget {
        out.name("thinking").json("{\"type\":\"enabled\"").name("budget_tokens");
        out.json(&budget.to_string()).end("}");
    }
    Ok(budget)
}

fn sampling(request: &Request, out: &mut Writer) {
    if let Some(temperature) = members::get(request, "temperature") {
        out.name("temperature");
        match temperature {
            // It ends at 1 here, at 2 with `OpenAI`.
            Value::Number(number) if decimal(number).is_some_and(|number| number > 1.0) => out.json("1"),
            other => out.value(other),
        };
    } else if let Some(top_p) = members::get(request, "top_p") {
        out.name("top_p").value(top_p);
    }
}

fn tools(request: &Request, out: &mut Writer) -> Result<(), Error> {
    let (functions, others) = members::tools(request)?;
    if functions.is_empty() && others.is_empty() {
        return Ok(());
    }
    out.name("tools").json("[");
    for function in functions {
        out.json("{").name("name").text(text(function, "name"));
        for name in ["description", "strict"] {
            if let Some(value) = function.get(name).filter(|value| **value != Value::Null) {
                out.name(name).value(value);
            }
        }
        out.name("input_schema");
        match function.get("parameters") {
            Some(schema @ Value::Object(_)) => out.value(schema),
            _ => out.json("{\"type\":\"object\"}"),
        };
        out.end("}");
    }
    for other in others {
        out.value(other);
    }
    out.end("]");
    let is_single = request.get("parallel_tool_calls") == Some(&Value::Bool(false));
    let choice = match (members::tool_choice(request)?, is_single) {
        (None, false) => return Ok(()),
        (None, true) => Choice::Auto,
        (Some(choice), _) => choice,
    };
    let is_none = matches!(choice, Choice::None);
    out.name("tool_choice").json("{").name("type");
    match choice {
        Choice::None => out.text("none"),
        Choice::Auto => out.text("auto"),
        Choice::Required => out.text("any"),
        Choice::Function(name) => out.text("tool").name("name").text(name),
    };
    if is_single && !is_none {
        out.name("disable_parallel_tool_use").json("true");
    }
    out.end("}");
    Ok(())
}

/// A JSON schema is held to by the service itself («Structured outputs»). For any JSON at all it has no word.
fn format(request: &Request, out: &mut Writer) -> Result<(), Error> {
    let format = members::get(request, "response_format");
    let own = members::get(request, "output_config");
    match format.map(|format| text(format, "type")) {
        None | Some("text") => {
            if let Some(own) = own {
                out.name("output_config").value(own);
            }
        }
        Some("json_schema") => {
            let schema = format.and_then(|format| format.get("json_schema")?.get("schema"));
            out.name("output_config").json("{");
            for (name, value) in own.and_then(Value::as_object).unwrap_or_default() {
                if name != "format" {
                    out.name(name).value(value);
                }
            }
            out.name("format").json("{\"type\":\"json_schema\"").name("schema");
            out.value(schema.unwrap_or(&Value::Null)).end("}}");
        }
        Some(_) => {
            return Err(cannot_at(
                "/response_format",
                "a `response_format` without a schema (give one of type \"json_schema\")",
            ));
        }
    }
    Ok(())
}

fn parts(parts: &[Part<'_>], out: &mut Writer) -> Result<(), Error> {
    out.json("[");
    for part in parts {
        match part {
            // It is the same here, and may have `cache_control`.
            Part::Text { part: Some(part), .. } | Part::Native(part) => {
                out.value(part);
            }
            Part::Text { text, .. } => {
                out.json("{\"type\":\"text\"").name("text").text(text).end("}");
            }
            Part::Media(media) => block(media, out)?,
            Part::Kept(message) => thoughts(message, out),
            Part::Call {
                call,
                id,
                name,
                arguments,
            } => {
                thoughts(call, out);
                out.json("{\"type\":\"tool_use\"").name("id").text(id);
                out.name("name").text(name);
                out.name("input").json(&object(arguments)).end("}");
            }
            Part::Result { id, parts: said, .. } => {
                out.json("{\"type\":\"tool_result\"").name("tool_use_id").text(id);
                if !said.is_empty() {
                    out.name("content");
                    self::parts(said, out)?;
                }
                out.end("}");
            }
        }
    }
    out.end("]");
    Ok(())
}

/// Thoughts come back with their signatures, each where it stood, or not at all.
fn thoughts(of: &Value, out: &mut Writer) {
    for block in of.get("thinking_blocks").and_then(Value::as_array).unwrap_or_default() {
        out.value(block);
    }
}

fn block(media: &Media<'_>, out: &mut Writer) -> Result<(), Error> {
    let kind = match (media.kind, &media.source) {
        ("image_url", _) => "image",
        ("file", Source::Data { media_type, .. }) if media_type.starts_with("image/") => "image",
        ("file", _) => "document",
        _ => return Err(cannot(media.message, "content", "a part of type \"input_audio\"")),
    };
    out.json("{")
        .name("type")
        .text(kind)
        .name("source")
        .json("{")
        .name("type");
    match media.source {
        Source::Data { media_type, base64 } => out
            .text("base64")
            .name("media_type")
            .text(media_type)
            .name("data")
            .text(base64),
        Source::Url(url) => out.text("url").name("url").text(url),
        Source::Id(id) => out.text("file").name("file_id").text(id),
    };
    out.end("}");
    if let Some(cache) = media.part.get("cache_control") {
        out.name("cache_control").value(cache);
    }
    out.end("}");
    Ok(())
}
