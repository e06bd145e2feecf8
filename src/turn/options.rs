//! What a developer sets for turns.

use crate::call::{Millis, Policy, Timeouts};
use crate::error::Error;
use crate::json::Value;
use crate::options;

/// Times and limits of turns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// How long a source may be silent before its first words.
    pub first_token_ms: Millis,
    /// How long a source may be silent after that. The caller itself gives up after 10 000.
    pub idle_ms: Millis,
    /// How long the caller may be without a byte.
    pub heartbeat_ms: Millis,
    /// The largest request, in bytes.
    pub body_bytes: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            first_token_ms: 20_000.0,
            idle_ms: 8_000.0,
            heartbeat_ms: 500.0,
            body_bytes: 4_194_304.0,
        }
    }
}

impl Options {
    /// How often a failed attempt at an upstream is followed by another within a turn.
    const MAX_RETRIES: u32 = 2;

    /// How an upstream is called in a turn, which has deadlines of its own: they look at what was said. Whoever asks for a
    /// wait that leaves no time for the answer gets none.
    pub(super) fn policy(&self) -> Policy {
        Policy {
            timeouts: Timeouts::NONE,
            max_retries: Self::MAX_RETRIES,
            longest_wait_ms: self.first_token_ms / 2.0,
        }
    }

    /// Reads them from JSON: `{ timeouts: { firstTokenMs, idleMs }, heartbeatMs, limits: { bodyBytes } }`.
    ///
    /// # Errors
    ///
    /// A validation error with an issue for each option that is unknown or not what it must be.
    pub fn parse(json: &str) -> Result<Self, Error> {
        let value = Value::parse(json).unwrap_or(Value::Null);
        let mut given = options::Options::new(value.as_object().unwrap_or_default(), &[]);
        given.check_names(
            "a ChatEndpoint",
            &["timeouts", "heartbeatMs", "limits"],
            &["source", "auth", "say", "onTurn"],
            |name| match name {
                "apikey" | "key" | "bearer" => Some("auth"),
                "upstream" | "sources" | "llm" => Some("source"),
                _ => None,
            },
        );
        let mut read = Self::default();
        let set = |to: &mut f64, value: Option<f64>| *to = value.unwrap_or(*to);
        set(&mut read.heartbeat_ms, given.milliseconds("heartbeatMs"));
        let mut timeouts = given.enter("timeouts");
        timeouts.check_names("`timeouts`", &["firstTokenMs", "idleMs"], &[], |_| None);
        set(&mut read.first_token_ms, timeouts.milliseconds("firstTokenMs"));
        set(&mut read.idle_ms, timeouts.milliseconds("idleMs"));
        given.leave(timeouts);
        let mut limits = given.enter("limits");
        limits.check_names("`limits`", &["bodyBytes"], &[], |_| None);
        set(&mut read.body_bytes, limits.count("bodyBytes"));
        given.leave(limits);
        given.result(read)
    }
}

/// What is said where no source says anything. `None` says nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Lines {
    /// When every source failed.
    pub failure: Option<String>,
    /// When the model refused; by default what it refused with.
    pub refusal: Option<String>,
    /// When the user said nothing.
    pub empty: Option<String>,
}

impl Default for Lines {
    fn default() -> Self {
        Self {
            failure: Some("Sorry, something went wrong on my side. Could you say that again?".to_owned()),
            refusal: None,
            empty: None,
        }
    }
}

impl Lines {
    const NAMES: [&'static str; 3] = ["failure", "refusal", "empty"];

    /// Reads them from JSON: `{ failure, refusal, empty }`, each a text or `false`.
    ///
    /// # Errors
    ///
    /// A validation error with an issue for each line that is unknown or no text.
    pub fn parse(json: &str) -> Result<Self, Error> {
        let value = Value::parse(json).unwrap_or(Value::Null);
        let mut given = options::Options::new(value.as_object().unwrap_or_default(), &["say"]);
        given.check_names("`say`", &Self::NAMES, &[], |_| None);
        let mut lines = Self::default();
        for (name, value) in value.as_object().unwrap_or_default() {
            let line = match name.as_str() {
                "failure" => &mut lines.failure,
                "refusal" => &mut lines.refusal,
                "empty" => &mut lines.empty,
                _ => continue,
            };
            match value {
                Value::String(text) => *line = Some(text.clone()),
                Value::Bool(false) => *line = None,
                other => given.wrong_type(&[name], "a text, or false to say nothing", other.describe()),
            }
        }
        given.result(lines)
    }
}
