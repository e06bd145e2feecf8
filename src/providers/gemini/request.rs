//! How a request is put.

use super::decoder::MADE_UP;
use crate::chat::Request;
use crate::error::Error;
use crate::http;
use crate::json::{self, Value};
use crate::providers::conversation::{Conversation, Media, Part, Source, cannot, cannot_at, object, text};
use crate::providers::members::{self, Choice};
use crate::providers::writer::Writer;
use crate::providers::{Upstream, openai};

/// What has another name in `generationConfig`.
const NAMES: [(&str, &str); 6] = [
    ("temperature", "temperature"),
    ("top_p", "topP"),
    ("top_k", "topK"),
    ("seed", "seed"),
    ("presence_penalty", "presencePenalty"),
    ("frequency_penalty", "frequencyPenalty"),
];

/// Thinking budgets, those of Google's own endpoint in `OpenAI`'s terms («`OpenAI` compatibility»).
const BUDGETS: [(&str, u32); 7] = [
    ("none", 0),
    ("minimal", 1024),
    ("low", 1024),
    ("medium", 8192),
    ("high", 24576),
    ("xhigh", 24576),
    ("max", 24576),
];

/// The types of files by the ends of their addresses.
const TYPES: [(&str, &str); 8] = [
    (".png", "image/png"),
    (".jpg", "image/jpeg"),
    (".jpeg", "image/jpeg"),
    (".webp", "image/webp"),
    (".gif", "image/gif"),
    (".heic", "image/heic"),
    (".heif", "image/heif"),
    (".pdf", "application/pdf"),
];

/// The request for a streamed answer, but for the key.
pub(in crate::providers) fn encode(upstream: &Upstream, mut request: Request) -> Result<http::Request, Error> {
    let model = openai::settle(upstream, &mut request)?;
    // As the list of models names them.
    let (kind, name) = match model.split_once('/') {
        Some((kind @ ("models" | "tunedModels"), name)) => (kind, name),
        _ => ("models", model.as_str()),
    };
    let path = ["/", kind, "/", &http::segment(name), ":streamGenerateContent"].concat();
    let body = body(&request)?;
    let mut upstream = upstream.clone();
    upstream.query.insert(0, ("alt".to_owned(), "sse".to_owned()));
    Ok(openai::post(&upstream, &path, &[], body))
}

fn body(request: &Request) -> Result<String, Error> {
    let conversation = Conversation::read(request)?;
    let mut out = Writer::default();
    out.json("{");
    if !conversation.system.is_empty() {
        out.name("systemInstruction").json("{").name("parts");
        parts(&conversation.system, &mut out)?;
        out.end("}");
    }
    out.name("contents").json("[");
    for turn in &conversation.turns {
        out.json("{")
            .name("role")
            .text(if turn.is_model { "model" } else { "user" });
        out.name("parts");
        parts(&turn.parts, &mut out)?;
        out.end("}");
    }
    out.end("]");
    tools(request, &mut out)?;
    config(request, &mut out)?;
    let own = [
        "top_k",
        "seed",
        "presence_penalty",
        "frequency_penalty",
        "generationConfig",
    ];
    members::pass(request, &own, &mut out)?;
    out.end("}");
    Ok(out.into_json())
}

/// `generationConfig`: its own members in the request go over what is translated.
fn config(request: &Request, out: &mut Writer) -> Result<(), Error> {
    let own = members::get(request, "generationConfig")
        .and_then(Value::as_object)
        .unwrap_or_default();
    let is_free = |name: &str| own.iter().all(|(known, _)| known != name);
    out.name("generationConfig").json("{");
    for (name, value) in own {
        out.name(name).value(value);
    }
    for (name, theirs) in NAMES {
        if let Some(value) = members::get(request, name).filter(|_| is_free(theirs)) {
            out.name(theirs).value(value);
        }
    }
    if let Some(most) = members::max_tokens(request).filter(|_| is_free("maxOutputTokens")) {
        out.name("maxOutputTokens").value(most);
    }
    if is_free("stopSequences") {
        members::stop(request, "stopSequences", out);
    }
    if let Some(budget) = members::budget(request, &BUDGETS)?.filter(|_| is_free("thinkingConfig")) {
        out.name("thinkingConfig").json("{").name("thinkingBudget");
        out.json(&budget.to_string()).end("}");
    }
    if let Some(format) = members::get(request, "response_format").filter(|_| is_free("responseMimeType")) {
        match text(format, "type") {
            "text" => {}
            kind @ ("json_object" | "json_schema") => {
                out.name("responseMimeType").text("application/json");
                let schema = format.get(kind).and_then(|inner| inner.get("schema"));
                if let Some(schema) = schema {
                    out.name("responseJsonSchema").value(schema);
                }
            }
            _ => return Err(cannot_at("/response_format", "this `response_format`")),
        }
    }
    out.end("}");
    Ok(())
}

fn tools(request: &Request, out: &mut Writer) -> Result<(), Error> {
    let (functions, others) = members::tools(request)?;
    if functions.is_empty() && others.is_empty() {
        return Ok(());
    }
    out.name("tools").json("[");
    if !functions.is_empty() {
        out.json("{").name("functionDeclarations").json("[");
        for function in functions {
            out.json("{").name("name").text(text(function, "name"));
            for (name, theirs) in [("description", "description"), ("parameters", "parametersJsonSchema")] {
                if let Some(value) = function.get(name).filter(|value| **value != Value::Null) {
                    out.name(theirs).value(value);
                }
            }
            out.end("}");
        }
        out.end("]}");
    }
    for other in others {
        out.value(other);
    }
    out.end("]");
    let Some(choice) = members::tool_choice(request)? else {
        return Ok(());
    };
    out.name("toolConfig")
        .json("{")
        .name("functionCallingConfig")
        .json("{")
        .name("mode");
    match choice {
        Choice::None => out.text("NONE"),
        Choice::Auto => out.text("AUTO"),
        Choice::Required => out.text("ANY"),
        Choice::Function(name) => out
            .text("ANY")
            .name("allowedFunctionNames")
            .json("[")
            .text(name)
            .end("]"),
    }
    .end("}}");
    Ok(())
}

fn parts(parts: &[Part<'_>], out: &mut Writer) -> Result<(), Error> {
    out.json("[");
    // Of a message's words the last have its signature.
    let mut kept = None;
    for (index, part) in parts.iter().enumerate() {
        match part {
            Part::Kept(message) => kept = Some(*message),
            Part::Text { text, .. } => {
                out.json("{").name("text").text(text);
                if !matches!(parts.get(index + 1), Some(Part::Text { .. })) {
                    sign(kept.take(), out);
                }
                out.end("}");
            }
            Part::Native(part) => {
                out.value(part);
            }
            Part::Media(media) => self::media(media, out),
            Part::Call {
                call,
                id,
                name,
                arguments,
            } => {
                out.json("{").name("functionCall").json("{");
                identify(id, out);
                out.name("name")
                    .text(name)
                    .name("args")
                    .json(&object(arguments))
                    .end("}");
                sign(Some(*call), out);
                out.end("}");
            }
            Part::Result {
                id,
                name,
                parts,
                message,
            } => {
                let Some(name) = name else {
                    return Err(Error::invalid_at(
                        format!("/messages/{message}/tool_call_id"),
                        "unknown_call",
                        format!(
                            "`tool_call_id` is \"{id}\", which is the id of no call in the messages before: this provider asks for the name of what was called"
                        ),
                    ));
                };
                out.json("{").name("functionResponse").json("{");
                identify(id, out);
                out.name("name").text(name).name("response");
                result(parts, *message, out)?;
                out.end("}}");
            }
        }
    }
    out.end("]");
    Ok(())
}

/// The id of a call, if it is Gemini's own.
fn identify(id: &str, out: &mut Writer) {
    if !id.is_empty() && !id.starts_with(MADE_UP) {
        out.name("id").text(id);
    }
}

/// The signature that a call or words came with.
fn sign(of: Option<&Value>, out: &mut Writer) {
    let signature = of.and_then(|of| of.get("extra_content")?.get("google")?.get("thought_signature"));
    if let Some(signature) = signature {
        out.name("thoughtSignature").value(signature);
    }
}

/// What a function gave must be an object; where it is none it is the `output` («Function calling»).
fn result(parts: &[Part<'_>], message: usize, out: &mut Writer) -> Result<(), Error> {
    let mut all = String::new();
    for part in parts {
        let Part::Text { text, .. } = part else {
            return Err(cannot(message, "content", "what is no text in the result of a tool"));
        };
        all.push_str(text);
    }
    if all.trim_ascii_start().starts_with('{') && json::is_whole(&all) {
        out.json(&all);
    } else {
        out.json("{").name("output").text(&all).end("}");
    }
    Ok(())
}

fn media(media: &Media<'_>, out: &mut Writer) {
    match media.source {
        Source::Data { media_type, base64 } => {
            out.json("{")
                .name("inlineData")
                .json("{")
                .name("mimeType")
                .text(media_type);
            out.name("data").text(base64);
        }
        Source::Url(uri) | Source::Id(uri) => {
            out.json("{").name("fileData").json("{");
            let path = uri.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
            if let Some((_, media_type)) = TYPES.iter().find(|(end, _)| path.ends_with(end)) {
                out.name("mimeType").text(media_type);
            }
            out.name("fileUri").text(uri);
        }
    }
    out.end("}}");
}
