//! What is asked of a model.

use crate::error::Error;
use crate::json::Value;

/// A chat completion request in `OpenAI`'s terms. Members this crate does not know are passed on as they are.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    members: Vec<(String, Value)>,
}

impl Request {
    /// Reads a request from JSON.
    ///
    /// # Errors
    ///
    /// A validation error when it is no object, or `messages` is no list of objects.
    pub fn parse(json: &str) -> Result<Self, Error> {
        let value = Value::parse(json)
            .map_err(|malformed| Error::invalid_at("", "not_json", format!("the request is {malformed}")))?;
        let Value::Object(members) = value else {
            return Err(Error::invalid_at(
                "",
                "wrong_type",
                format!(
                    "the request must be an object with `messages`, this is {}",
                    value.describe()
                ),
            ));
        };
        let mut request = Self { members };
        request.forget_parsed();
        let messages = match request.get("messages") {
            Some(Value::Array(messages)) => messages,
            other => {
                let found = other.map_or("missing", Value::describe);
                return Err(Error::invalid_at(
                    "/messages",
                    if other.is_some() { "wrong_type" } else { "missing" },
                    format!(
                        "`messages` must be a list such as [{{ role: \"user\", content: \"Hello\" }}], it is {found}"
                    ),
                ));
            }
        };
        for (index, message) in messages.iter().enumerate() {
            if message.get("role").and_then(Value::as_str).is_none() {
                return Err(Error::invalid_at(
                    format!("/messages/{index}/role"),
                    "missing",
                    format!("message {index} has no `role`: write \"system\", \"user\", \"assistant\" or \"tool\""),
                ));
            }
        }
        Ok(request)
    }

    /// Takes out of its messages what a [`super::Completion`] has put into them: an answer is sent back as it is, and
    /// upstreams refuse members that they do not know.
    fn forget_parsed(&mut self) {
        let messages = self.members.iter_mut().filter(|(name, _)| name == "messages");
        for message in messages.flat_map(|(_, messages)| elements(messages)) {
            remove(message, "parsed");
            for call in member(message, "tool_calls").into_iter().flat_map(elements) {
                if let Some(function) = member(call, "function") {
                    remove(function, "parsed_arguments");
                }
            }
        }
    }

    /// The value of a member.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.members
            .iter()
            .rev()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value)
    }

    /// All members, in their order.
    pub(crate) fn members(&self) -> &[(String, Value)] {
        &self.members
    }

    /// The value of a member, to be changed.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Value> {
        self.members
            .iter_mut()
            .rev()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value)
    }

    /// The value that a member will have in the end, see [`Request::layer`].
    pub(super) fn layered<'a>(
        &'a self,
        name: &str,
        defaults: &'a [(String, Value)],
        overrides: &'a [(String, Value)],
    ) -> Option<&'a Value> {
        let in_layer = |members: &'a [(String, Value)]| members.iter().rfind(|(known, _)| known == name);
        let over = in_layer(overrides).map(|(_, value)| value);
        over.or_else(|| self.get(name))
            .or_else(|| in_layer(defaults).map(|(_, value)| value))
    }

    /// Sets a member, replacing any of that name.
    pub fn set(&mut self, name: &str, value: Value) {
        self.remove(name);
        self.members.push((name.to_owned(), value));
    }

    /// Removes a member.
    pub fn remove(&mut self, name: &str) {
        self.members.retain(|(known, _)| known != name);
    }

    /// Puts `defaults` under and `overrides` over the request's own members. `null` in `overrides` removes a member.
    pub fn layer(&mut self, defaults: &[(String, Value)], overrides: &[(String, Value)]) {
        for (name, value) in defaults {
            if self.get(name).is_none() {
                self.set(name, value.clone());
            }
        }
        for (name, value) in overrides {
            match value {
                Value::Null => self.remove(name),
                value => self.set(name, value.clone()),
            }
        }
    }

    /// Asks for token counts at the end of the stream, unless the request or its defaults say otherwise: whoever wants the
    /// answer whole expects them, as in an answer that is not streamed.
    pub fn ask_for_usage(&mut self, defaults: &[(String, Value)]) {
        const OPTIONS: &str = "stream_options";
        if self.get(OPTIONS).is_none() && defaults.iter().all(|(name, _)| name != OPTIONS) {
            let usage = Value::Object(vec![("include_usage".to_owned(), Value::Bool(true))]);
            self.set(OPTIONS, usage);
        }
    }

    /// The request as JSON.
    #[must_use]
    pub fn into_json(self) -> String {
        let mut out = String::new();
        Value::Object(self.members).write(&mut out);
        out
    }
}

fn elements(value: &mut Value) -> &mut [Value] {
    match value {
        Value::Array(items) => items,
        _ => &mut [],
    }
}

fn member<'v>(value: &'v mut Value, name: &str) -> Option<&'v mut Value> {
    let Value::Object(members) = value else { return None };
    members
        .iter_mut()
        .find(|(known, _)| known == name)
        .map(|(_, value)| value)
}

fn remove(value: &mut Value, name: &str) {
    if let Value::Object(members) = value {
        members.retain(|(known, _)| known != name);
    }
}
