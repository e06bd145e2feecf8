//! What a turn may put on the wire, and nothing else: design rule by design rule, each a reason to fail.

use serde_json::{Map, Value};

/// One event of a turn's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A comment that only says that somebody is there.
    SignOfLife,
    Role,
    Words(String),
    Finish(String),
    Usage(u64, u64, u64),
    Done,
}

/// Reads a turn's answer, write by write, and remembers what may follow.
#[derive(Debug, Default)]
pub struct Strict {
    /// Id, time and model, which must not change.
    head: Option<(String, u64, String)>,
    stage: Stage,
}

/// The last event that has a place in the order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    #[default]
    Nothing,
    Role,
    Finish,
    Usage,
    Done,
}

impl Strict {
    /// Reads what was written at once.
    ///
    /// # Errors
    ///
    /// The rule that was broken.
    pub fn read(&mut self, written: &str) -> Result<Vec<Item>, String> {
        if written.is_empty() {
            return Ok(Vec::new());
        }
        if written.contains('\r') {
            return Err("a carriage return".to_owned());
        }
        let Some(blocks) = written.strip_suffix("\n\n") else {
            return Err(format!("a write that is no whole event: {written:?}"));
        };
        blocks.split("\n\n").map(|block| self.block(block)).collect()
    }

    /// At the end of the answer.
    ///
    /// # Errors
    ///
    /// When it is not whole.
    pub fn end(&self) -> Result<(), String> {
        match self.stage {
            Stage::Done => Ok(()),
            stage => Err(format!("it ends after {stage:?}")),
        }
    }

    fn block(&mut self, block: &str) -> Result<Item, String> {
        if self.stage == Stage::Done {
            return Err(format!("something after [DONE]: {block:?}"));
        }
        if block == ": hb" {
            return if self.stage == Stage::Role {
                Ok(Item::SignOfLife)
            } else {
                Err(format!("a sign of life after {:?}", self.stage))
            };
        }
        let data = block
            .strip_prefix("data: ")
            .filter(|data| !data.contains('\n'))
            .ok_or_else(|| format!("not one line of data: {block:?}"))?;
        if data == "[DONE]" {
            return self.follow(Stage::Done, &[Stage::Finish, Stage::Usage], Item::Done);
        }
        let chunk: Value = serde_json::from_str(data).map_err(|error| format!("{error}: {data}"))?;
        self.chunk(&chunk).map_err(|why| format!("{why}: {data}"))
    }

    fn follow(&mut self, stage: Stage, after: &[Stage], item: Item) -> Result<Item, String> {
        if !after.contains(&self.stage) {
            return Err(format!("{item:?} after {:?}", self.stage));
        }
        self.stage = stage;
        Ok(item)
    }

    fn chunk(&mut self, chunk: &Value) -> Result<Item, String> {
        let chunk = chunk.as_object().ok_or("no object")?;
        let usage = chunk.get("usage");
        let mut names = vec!["choices", "created", "id", "model", "object"];
        names.extend(usage.map(|_| "usage"));
        only(chunk, &names)?;
        if chunk["object"] != "chat.completion.chunk" {
            return Err("a wrong object".to_owned());
        }
        let head = (
            text(&chunk["id"]).filter(|id| !id.is_empty()).ok_or("no id")?,
            chunk["created"].as_u64().ok_or("no time")?,
            text(&chunk["model"]).ok_or("no model")?,
        );
        if *self.head.get_or_insert(head.clone()) != head {
            return Err("id, time or model has changed".to_owned());
        }
        match (
            usage,
            chunk["choices"].as_array().ok_or("no list of choices")?.as_slice(),
        ) {
            (Some(usage), []) => {
                let usage = usage.as_object().ok_or("no usage")?;
                only(usage, &["completion_tokens", "prompt_tokens", "total_tokens"])?;
                let count = |name: &str| usage[name].as_u64().ok_or("half of a usage");
                let item = Item::Usage(
                    count("prompt_tokens")?,
                    count("completion_tokens")?,
                    count("total_tokens")?,
                );
                self.follow(Stage::Usage, &[Stage::Finish], item)
            }
            (None, [choice]) => self.choice(choice.as_object().ok_or("no choice")?),
            _ => Err("not exactly one choice".to_owned()),
        }
    }

    fn choice(&mut self, choice: &Map<String, Value>) -> Result<Item, String> {
        only(choice, &["delta", "finish_reason", "index"])?;
        if choice["index"] != 0 {
            return Err("a wrong index".to_owned());
        }
        let delta = choice["delta"].as_object().ok_or("no delta")?;
        match &choice["finish_reason"] {
            Value::Null if delta.contains_key("role") => {
                only(delta, &["content", "role"])?;
                if delta["role"] != "assistant" || delta["content"] != "" {
                    return Err("a wrong role".to_owned());
                }
                self.follow(Stage::Role, &[Stage::Nothing], Item::Role)
            }
            Value::Null => {
                only(delta, &["content"])?;
                let words = text(&delta["content"]).filter(|words| !words.is_empty());
                let words = words.ok_or("no words")?;
                self.follow(Stage::Role, &[Stage::Role], Item::Words(words))
            }
            Value::String(reason) => {
                only(delta, &[])?;
                if !["stop", "length"].contains(&reason.as_str()) {
                    return Err("a reason to finish that is none of speech".to_owned());
                }
                self.follow(Stage::Finish, &[Stage::Role], Item::Finish(reason.clone()))
            }
            _ => Err("a wrong finish reason".to_owned()),
        }
    }
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// Exactly these members; `names` in their order.
fn only(object: &Map<String, Value>, names: &[&str]) -> Result<(), String> {
    let mut found: Vec<&str> = object.keys().map(String::as_str).collect();
    found.sort_unstable();
    if found == names {
        Ok(())
    } else {
        Err(format!("the members are {found:?}, not {names:?}"))
    }
}

#[test]
fn the_strict_reader_refuses_what_the_caller_trips_over() {
    let chunk = |choices: &str| {
        format!(r#"{{"id":"x","object":"chat.completion.chunk","created":1,"model":"m","choices":[{choices}]}}"#)
    };
    let role = chunk(r#"{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}"#);
    let word = chunk(r#"{"index":0,"delta":{"content":"a"},"finish_reason":null}"#);
    let stop = chunk(r#"{"index":0,"delta":{},"finish_reason":"stop"}"#);
    let answer = |events: &[&str]| {
        let mut strict = Strict::default();
        strict.read(&super::source::events(events)).and_then(|_| strict.end())
    };
    assert_eq!(answer(&[&role, &word, &stop, "[DONE]"]), Ok(()));
    for events in [
        [&*word, &stop, "[DONE]"].as_slice(),
        &[&role, &role, &stop, "[DONE]"],
        &[&role, &word, "[DONE]"],
        &[&role, &stop, &word, "[DONE]"],
        &[&role, &stop, &stop, "[DONE]"],
        &[&role, &stop],
        &[&role, &stop, "[DONE]", "[DONE]"],
        &[&role, "", &stop, "[DONE]"],
        &[&role, &word.replace("\"x\"", "\"y\""), &stop, "[DONE]"],
        &[&role, &word.replace("\"a\"", "[\"a\"]"), &stop, "[DONE]"],
        &[&role, &word.replace("\"a\"", "\"\""), &stop, "[DONE]"],
        &[&role, &word.replace("\"index\":0", "\"index\":1"), &stop, "[DONE]"],
        &[&role, &chunk(""), &stop, "[DONE]"],
        &[&role, &stop.replace("stop", "tool_calls"), "[DONE]"],
        &[&role.replace("\"x\"", "1"), &stop.replace("\"x\"", "1"), "[DONE]"],
    ] {
        answer(events).unwrap_err();
    }
    for written in [
        "data: [DONE]\n",
        "data: [DONE]\r\n\r\n",
        "id: 1\n\n",
        ": hb\n\n",
        "event: ping\ndata: {}\n\n",
        "\n\n",
    ] {
        Strict::default().read(written).unwrap_err();
    }
}
