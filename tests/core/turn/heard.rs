//! What `LiveAvatar`'s caller makes of an answer, by the rules observed with livekit-agents 1.6.4 and openai-python 2.44.0:
//! it believes any event, checks no schema, and trips over the one member it needs.

use serde_json::Value;

/// An answer as the caller hears it.
#[derive(Debug, Default)]
pub struct Heard {
    pub words: String,
    /// It got something that it can't read, and gives the turn up.
    pub tripped: Option<String>,
    /// It got `[DONE]`, and listens no further.
    pub is_done: bool,
    /// An event that is not closed yet.
    pending: Vec<u8>,
    /// The `id` field of the last event that had one: with one, every blank line is an event.
    id: String,
}

impl Heard {
    /// Bytes have come.
    pub fn push(&mut self, bytes: &[u8]) {
        self.pending.extend_from_slice(bytes);
        while let Some(at) = find(&self.pending, b"\n\n") {
            let block: Vec<u8> = self.pending.drain(..at + 2).collect();
            if self.is_done || self.tripped.is_some() {
                continue;
            }
            if let Err(why) = self.block(&block) {
                self.tripped = Some(why);
            }
        }
    }

    fn block(&mut self, block: &[u8]) -> Result<(), String> {
        let block = std::str::from_utf8(block).map_err(|_| "bytes that are not UTF-8")?;
        let (mut data, mut kind, mut retry) = (Vec::new(), "", false);
        for line in block.lines().filter(|line| !line.starts_with(':')) {
            let (name, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match name {
                "data" => data.push(value),
                "event" => kind = value,
                "id" => value.clone_into(&mut self.id),
                "retry" => retry = true,
                _ => {}
            }
        }
        if data.is_empty() && kind.is_empty() && self.id.is_empty() && !retry {
            return Ok(());
        }
        let data = data.join("\n");
        if data.starts_with("[DONE]") {
            self.is_done = true;
            return Ok(());
        }
        let chunk: Value = serde_json::from_str(&data).map_err(|error| error.to_string())?;
        if kind == "error" || chunk.get("error").is_some_and(|error| !error.is_null()) {
            return Err("an error".to_owned());
        }
        let choices = chunk["choices"].as_array().ok_or("no choices")?;
        for choice in choices {
            match &choice["delta"]["content"] {
                Value::Null => {}
                Value::String(words) if words.is_empty() => {}
                Value::String(words) => {
                    if !chunk["id"].is_string() {
                        return Err("no id".to_owned());
                    }
                    self.words += words;
                }
                _ => return Err("content that is no text".to_owned()),
            }
        }
        read_usage(&chunk)
    }
}

fn read_usage(chunk: &Value) -> Result<(), String> {
    let usage = match &chunk["usage"] {
        Value::Null => return Ok(()),
        usage => usage.as_object().ok_or("no usage")?,
    };
    let count = |name: &str| usage.get(name).filter(|count| count.is_u64()).ok_or("half of a usage");
    for name in ["prompt_tokens", "completion_tokens", "total_tokens"] {
        count(name)?;
    }
    match usage.get("prompt_tokens_details") {
        None | Some(Value::Null) => {}
        Some(Value::Object(details)) => match details.get("cached_tokens") {
            None | Some(Value::Null) => {}
            Some(cached) => drop(cached.as_u64().ok_or("cached tokens that are no number")?),
        },
        Some(_) => return Err("details that are no object".to_owned()),
    }
    if chunk["id"].is_string() {
        Ok(())
    } else {
        Err("no id".to_owned())
    }
}

fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len()).position(|window| window == needle)
}
