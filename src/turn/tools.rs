//! Tools of the endpoint's own: what the model may call, and what came of the calls.

use crate::call::Millis;
use crate::chat::Completion;
use crate::error::Error;
use crate::json::{Value, write_string};
use crate::options::Options;
use crate::schema;

/// How long a tool may take where nothing else is set.
const TIMEOUT_MS: Millis = 10_000.0;

/// A tool, as the model is told of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Tool {
    name: String,
    description: Option<String>,
    parameters: Option<Value>,
    timeout_ms: Millis,
}

/// A call of a tool that the model made, for the developer's function to carry out.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct ToolCall {
    /// Which of the round's calls, to be named with its result.
    pub call: usize,
    /// Which of the endpoint's tools.
    pub tool: usize,
    /// Its arguments as JSON, valid by the tool's schema.
    pub arguments: String,
}

/// How a call of a tool went, without what was asked and answered.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Called {
    /// The name that the model gave.
    pub name: String,
    /// How it ended.
    pub outcome: ToolOutcome,
    /// How long the function took, in milliseconds.
    pub ms: Millis,
}

/// How a call of a tool ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ToolOutcome {
    /// It gave a result.
    Returned,
    /// It threw, and the model was told what.
    Threw,
    /// It took too long, and the model was told so.
    TimedOut,
    /// The arguments, or the tool's name, were not valid; it was not run, and the model was told why.
    Invalid,
}

impl Tool {
    /// Reads the tools from JSON: a list of `{ name, description, parameters, timeoutMs }`.
    ///
    /// # Errors
    ///
    /// A validation error with an issue for everything that is wrong.
    pub fn parse_all(json: &str) -> Result<Vec<Self>, Error> {
        let value = Value::parse(json).unwrap_or(Value::Null);
        let Some(list) = value.as_array() else {
            return Err(Error::invalid_at(
                "/tools",
                "wrong_type",
                format!("`tools` must be a list, it is {}", value.describe()),
            ));
        };
        let mut issues = Vec::new();
        let mut tools: Vec<Self> = Vec::new();
        for (index, value) in list.iter().enumerate() {
            let place = index.to_string();
            let mut given = Options::new(value.as_object().unwrap_or_default(), &["tools", &place]);
            given.check_names(
                "a tool",
                &["name", "description", "parameters", "timeoutMs"],
                &["run"],
                |name| match name {
                    "inputschema" | "schema" | "argument" | "input" => Some("parameters"),
                    "execute" | "handler" | "call" | "function" => Some("run"),
                    "timeout" => Some("timeoutMs"),
                    _ => None,
                },
            );
            let name = given.text("name").unwrap_or_default();
            // The rule of «Create chat completion» for a function's name.
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
            if name.is_empty() || name.len() > 64 || !name.bytes().all(is_plain) {
                given.note(
                    &["name"],
                    "bad_name",
                    format!("`tools.{index}.name` must be 1 to 64 letters, digits, _ or -, such as \"get_weather\""),
                );
            } else if tools.iter().any(|tool| tool.name == name) {
                given.note(
                    &["name"],
                    "bad_name",
                    format!("there are two tools named \"{name}\": the model could not tell them apart"),
                );
            }
            let parameters = given.object("parameters");
            let tool = Self {
                name,
                description: given.text("description"),
                parameters: (!parameters.is_empty()).then_some(Value::Object(parameters)),
                timeout_ms: given.milliseconds("timeoutMs").unwrap_or(TIMEOUT_MS),
            };
            match given.result(()) {
                Ok(()) => {}
                Err(error) => issues.extend(error.issues().iter().cloned()),
            }
            tools.push(tool);
        }
        if issues.is_empty() {
            Ok(tools)
        } else {
            Err(Error::invalid(issues))
        }
    }

    /// The tool as a request has it.
    pub(super) fn value(&self) -> Value {
        let text = |text: &str| Value::String(text.to_owned());
        let mut function = vec![("name".to_owned(), text(&self.name))];
        if let Some(description) = &self.description {
            function.push(("description".to_owned(), text(description)));
        }
        if let Some(parameters) = &self.parameters {
            function.push(("parameters".to_owned(), parameters.clone()));
        }
        Value::Object(vec![
            ("type".to_owned(), text("function")),
            ("function".to_owned(), Value::Object(function)),
        ])
    }
}

/// The calls of one round, being carried out.
#[derive(Debug)]
pub(super) struct Round {
    calls: Vec<Running>,
    /// What the model said around its calls.
    content: Option<String>,
    /// Members of its message that must go back with it.
    kept: Vec<(String, Value)>,
    /// They were handed to whoever carries them out.
    is_begun: bool,
    began: Millis,
}

#[derive(Debug)]
struct Running {
    id: String,
    name: String,
    arguments: String,
    kept: Vec<(String, Value)>,
    tool: Option<usize>,
    until: Millis,
    /// What the model is told.
    result: Option<String>,
    called: Option<Called>,
}

impl Round {
    /// The calls that an answer makes, unless it makes none. `number` says which round this is.
    pub(super) fn of(answer: &Completion, tools: &[Tool], number: usize, now: Millis) -> Option<Self> {
        let mut json = String::new();
        answer.write(&mut json);
        let answer = Value::parse(&json).ok()?;
        let message = answer.get("choices")?.as_array()?.first()?.get("message")?;
        let mut round = Self {
            calls: Vec::new(),
            content: message.get("content").and_then(Value::as_str).map(str::to_owned),
            kept: kept(message),
            is_begun: false,
            began: now,
        };
        for (index, call) in message.get("tool_calls")?.as_array()?.iter().enumerate() {
            let function = call.get("function")?;
            let text =
                |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            let id = Some(text(call, "id")).filter(|id| !id.is_empty());
            let mut running = Running {
                id: id.unwrap_or_else(|| format!("call_{number}_{index}")),
                name: text(function, "name"),
                arguments: text(function, "arguments"),
                kept: kept(call),
                tool: None,
                until: now,
                result: None,
                called: None,
            };
            running.check(tools, now);
            round.calls.push(running);
        }
        (!round.calls.is_empty()).then_some(round)
    }

    /// The calls that are to be carried out, once.
    pub(super) fn begin(&mut self) -> Vec<ToolCall> {
        self.is_begun = true;
        let open = self.calls.iter().enumerate();
        open.filter_map(|(index, call)| {
            Some(ToolCall {
                call: index,
                tool: call.tool.filter(|_| call.result.is_none())?,
                arguments: call.arguments.clone(),
            })
        })
        .collect()
    }

    pub(super) fn is_begun(&self) -> bool {
        self.is_begun
    }

    /// What came of a call: its result as JSON or text, or what it threw.
    pub(super) fn conclude(&mut self, call: usize, result: Result<String, String>, now: Millis) {
        let began = self.began;
        if let Some(call) = self.calls.get_mut(call) {
            match result {
                Ok(result) => call.end(ToolOutcome::Returned, result, now - began),
                Err(error) => call.fail(ToolOutcome::Threw, &error, now - began),
            }
        }
    }

    /// Gives up on what takes too long.
    pub(super) fn tick(&mut self, now: Millis) {
        let began = self.began;
        for call in self.calls.iter_mut().filter(|call| now >= call.until) {
            call.fail(ToolOutcome::TimedOut, "the tool took too long", now - began);
        }
    }

    pub(super) fn deadline(&self) -> Millis {
        let open = self.calls.iter().filter(|call| call.result.is_none());
        open.map(|call| call.until).fold(Millis::INFINITY, Millis::min)
    }

    pub(super) fn is_done(&self) -> bool {
        self.is_begun && self.calls.iter().all(|call| call.result.is_some())
    }

    /// Whether a call is for no tool of the endpoint's own.
    pub(super) fn has_unknown(&self) -> bool {
        self.calls.iter().any(|call| call.tool.is_none())
    }

    /// Id, name and arguments of each call.
    pub(super) fn calls(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.calls
            .iter()
            .map(|call| (call.id.as_str(), call.name.as_str(), call.arguments.as_str()))
    }

    /// How the calls went.
    pub(super) fn called(&self) -> impl Iterator<Item = Called> + '_ {
        self.calls.iter().filter_map(|call| call.called.clone())
    }

    /// The messages that tell the model what came of its calls: its own, then one for each result.
    pub(super) fn messages(self) -> Vec<Value> {
        let text = |text: String| Value::String(text);
        let member = |name: &str, value: Value| (name.to_owned(), value);
        let mut calls = Vec::new();
        let mut results = Vec::new();
        for call in self.calls {
            let function = vec![
                member("name", text(call.name)),
                member("arguments", text(call.arguments)),
            ];
            let mut members = vec![
                member("id", text(call.id.clone())),
                member("type", text("function".to_owned())),
                member("function", Value::Object(function)),
            ];
            members.extend(call.kept);
            calls.push(Value::Object(members));
            results.push(Value::Object(vec![
                member("role", text("tool".to_owned())),
                member("tool_call_id", text(call.id)),
                member("content", text(call.result.unwrap_or_default())),
            ]));
        }
        let mut members = vec![
            member("role", text("assistant".to_owned())),
            member("content", self.content.map_or(Value::Null, text)),
            member("tool_calls", Value::Array(calls)),
        ];
        members.extend(self.kept);
        let mut messages = vec![Value::Object(members)];
        messages.append(&mut results);
        messages
    }
}

/// The members of a message or a call without which its provider does not go on: signed thoughts (Anthropic), signatures
/// (Gemini).
fn kept(of: &Value) -> Vec<(String, Value)> {
    let names = ["thinking_blocks", "extra_content"];
    let found = names
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), of.get(name)?.clone())));
    found.collect()
}

impl Running {
    /// Finds the tool, and holds the arguments against its schema.
    fn check(&mut self, tools: &[Tool], now: Millis) {
        let Some(index) = tools.iter().position(|tool| tool.name == self.name) else {
            let known: Vec<&str> = tools.iter().map(|tool| tool.name.as_str()).collect();
            let error = format!("there is no tool of this name, only {}", known.join(", "));
            return self.fail(ToolOutcome::Invalid, &error, 0.0);
        };
        // Models leave the arguments of a tool without parameters empty.
        if self.arguments.trim().is_empty() {
            "{}".clone_into(&mut self.arguments);
        }
        let Some(tool) = tools.get(index) else { return };
        self.tool = Some(index);
        self.until = now + tool.timeout_ms;
        let arguments = match Value::parse(&self.arguments) {
            Ok(arguments @ Value::Object(_)) => arguments,
            Ok(other) => {
                let error = format!("the arguments must be an object, they are {}", other.describe());
                // They stand in the conversation from now on, which some models' servers parse.
                "{}".clone_into(&mut self.arguments);
                return self.fail(ToolOutcome::Invalid, &error, 0.0);
            }
            Err(malformed) => {
                let error = format!("the arguments are {malformed}");
                "{}".clone_into(&mut self.arguments);
                return self.fail(ToolOutcome::Invalid, &error, 0.0);
            }
        };
        let issues = tool.parameters.as_ref().map(|schema| schema::check(schema, &arguments));
        let problems: Vec<String> = issues
            .unwrap_or_default()
            .into_iter()
            .map(|issue| issue.message)
            .collect();
        if !problems.is_empty() {
            self.fail(ToolOutcome::Invalid, &problems.join("; "), 0.0);
        }
    }

    fn end(&mut self, outcome: ToolOutcome, result: String, ms: Millis) {
        if self.result.is_none() {
            self.result = Some(result);
            self.called = Some(Called {
                name: self.name.clone(),
                outcome,
                ms,
            });
        }
    }

    fn fail(&mut self, outcome: ToolOutcome, error: &str, ms: Millis) {
        let mut result = "{\"error\":".to_owned();
        write_string(&mut result, error);
        result.push('}');
        self.end(outcome, result, ms);
    }
}
