//! In which shape the reader wants the answer.

use super::{Request, Thinking};
use crate::error::{Error, Issue};
use crate::json::Value;

/// What is made of an answer beyond gathering it; by default, nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    think_tags: Option<Tags>,
    json: Option<bool>,
    /// What to parse.
    pub parse: Parse,
}

/// What of an answer is parsed as JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parse {
    /// The content of its messages, which must then be JSON.
    pub content: bool,
    /// The arguments of its calls of functions.
    pub arguments: bool,
}

/// Which thoughts are taken out of the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tags {
    None,
    Both,
    /// The opening one was in the prompt.
    ClosingAlone,
}

/// The options that are read here, which stand among those of [`crate::call::Policy`].
pub(crate) const OPTIONS: [&str; 2] = ["thinkTags", "json"];

impl Shape {
    /// This shape with the changes that options ask for: `{ thinkTags, json }` as JSON, and others that are not read here.
    ///
    /// # Errors
    ///
    /// A validation error with an issue for each of the two that is not what it must be.
    pub fn with_options(mut self, json: &str) -> Result<Self, Error> {
        let mut issues = Vec::new();
        let options = Value::parse(json).unwrap_or(Value::Null);
        for (name, value) in options.as_object().unwrap_or_default() {
            match (name.as_str(), value) {
                ("thinkTags", Value::Bool(false)) => self.think_tags = Some(Tags::None),
                ("thinkTags", Value::Bool(true)) => self.think_tags = Some(Tags::Both),
                ("thinkTags", Value::String(word)) if word == "open" => self.think_tags = Some(Tags::ClosingAlone),
                ("thinkTags", _) => issues.push(Issue::error(
                    "/thinkTags",
                    "wrong_type",
                    "`thinkTags` must be true, false, or \"open\" where the prompt ends in <think>",
                )),
                ("json", Value::Bool(is_json)) => self.json = Some(*is_json),
                ("json", other) => issues.push(Issue::error(
                    "/json",
                    "wrong_type",
                    format!("`json` must be true or false, it is {}", other.describe()),
                )),
                _ => {}
            }
        }
        if issues.is_empty() {
            Ok(self.settled(Parse::default()))
        } else {
            Err(Error::invalid(issues))
        }
    }

    /// The shape of the answer to a request, which may ask for JSON itself: content by its `response_format`, arguments by
    /// having `tools`. `defaults` and `overrides` are put under and over its members.
    #[must_use]
    pub fn for_request(&self, request: &Request, defaults: &[(String, Value)], overrides: &[(String, Value)]) -> Self {
        let format = request.layered("response_format", defaults, overrides);
        let kind = format.and_then(|format| format.get("type")).and_then(Value::as_str);
        let tools = request.layered("tools", defaults, overrides).and_then(Value::as_array);
        self.clone().settled(Parse {
            content: matches!(kind, Some("json_object" | "json_schema")),
            arguments: tools.is_some_and(|tools| !tools.is_empty()),
        })
    }

    fn settled(mut self, asked: Parse) -> Self {
        self.parse = self.json.map_or(asked, |is_json| Parse {
            content: is_json,
            arguments: is_json,
        });
        self
    }

    /// What takes the thoughts out of the content, if that is wanted.
    #[must_use]
    pub fn thinking(&self) -> Option<Thinking> {
        match self.think_tags? {
            Tags::None => None,
            tags => Some(Thinking::new(tags == Tags::ClosingAlone)),
        }
    }
}
