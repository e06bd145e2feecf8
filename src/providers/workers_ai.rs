//! Cloudflare's Workers AI through its binding, `ai.run(model, input)`: `OpenAI`'s terms, but for a few. What it answers is read
//! there.
//!
//! Source: the pages of the models in Cloudflare's «Workers AI» documentation, whose schemas say what `input` may be.

use super::{Upstream, openai};
use crate::chat::Request;
use crate::error::Error;
use crate::http;
use crate::json::Value;

/// The arguments for the binding, as a JSON array; the address goes nowhere.
pub(super) fn encode(upstream: &Upstream, mut request: Request) -> Result<http::Request, Error> {
    let model = openai::settle(upstream, &mut request)?;
    request.remove("model");
    request.remove("stream_options");
    request.set("stream", Value::Bool(true));
    // Its older name is the only one here.
    if let Some(most) = request.get("max_completion_tokens").cloned() {
        request.remove("max_completion_tokens");
        request.set("max_tokens", most);
    }
    if let Some(Value::Array(messages)) = request.get_mut("messages") {
        messages.iter_mut().for_each(flatten);
    }
    let mut body = String::new();
    let input = Value::parse(&request.into_json()).unwrap_or(Value::Null);
    Value::Array(vec![Value::String(model), input]).write(&mut body);
    Ok(openai::post(upstream, "/run", &[], body))
}

/// Content must be a text: parts that are nothing else are joined, and none is an empty one.
fn flatten(message: &mut Value) {
    let Value::Object(members) = message else { return };
    for (name, content) in members {
        if name != "content" {
            continue;
        }
        let texts: Option<Vec<&str>> = match content {
            Value::Null => Some(Vec::new()),
            Value::Array(parts) => parts.iter().map(|part| part.get("text")?.as_str()).collect(),
            _ => None,
        };
        if let Some(texts) = texts {
            *content = Value::String(texts.concat());
        }
    }
}
