//! Times, limits and the form of answers, as a developer sets them for turns.

use crate::call::Millis;
use crate::error::Error;
use crate::json::Value;
use crate::options;
use crate::speech;

/// Times, limits and the form of answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// What of an answer is handed on.
    pub output: Output,
    /// How the words of an answer are shaped for a voice; `None` leaves them as they are.
    pub speech: Option<speech::Options>,
    /// How long a source may be silent before its first words; see [`Options::first_token_ms`] for what that is by default.
    pub first_token: Option<Millis>,
    /// How long a source may be silent after that. The caller itself gives up after 10 000.
    pub idle_ms: Millis,
    /// How long the caller may be without a byte.
    pub heartbeat_ms: Millis,
    /// The largest request, in bytes.
    pub body_bytes: f64,
    /// How many messages a source gets to see, not counting instructions; `None` for all.
    pub history_messages: Option<usize>,
    /// How often tools may be called in one turn.
    pub tool_rounds: usize,
    /// Whether the report holds what was said.
    pub reports_text: bool,
}

/// What of an answer is handed on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Output {
    /// What a voice can say: the words of the first choice.
    #[default]
    Spoken,
    /// All of it.
    Faithful,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            output: Output::Spoken,
            speech: Some(speech::Options::default()),
            first_token: None,
            idle_ms: 8_000.0,
            heartbeat_ms: 500.0,
            body_bytes: 4_194_304.0,
            history_messages: None,
            tool_rounds: 8,
            reports_text: false,
        }
    }
}

impl Options {
    /// How long a source may be silent before its first words: not long where another can be asked instead, and long where
    /// it is the last.
    #[must_use]
    pub fn first_token_ms(&self, is_last: bool) -> Millis {
        self.first_token.unwrap_or(if is_last { 20_000.0 } else { 4_000.0 })
    }

    /// Reads them from JSON: `{ output, speech, timeouts: { firstTokenMs, idleMs }, heartbeatMs, limits: { bodyBytes, historyMessages,
    /// toolRounds }, reportText }`.
    ///
    /// # Errors
    ///
    /// A validation error with an issue for each option that is unknown or not what it must be.
    pub fn parse(json: &str) -> Result<Self, Error> {
        let value = Value::parse(json).unwrap_or(Value::Null);
        let mut given = options::Options::new(value.as_object().unwrap_or_default(), &[]);
        given.check_names(
            "a ChatEndpoint",
            &["output", "speech", "timeouts", "heartbeatMs", "limits", "reportText"],
            &["source", "auth", "prepare", "tools", "say", "cors", "onTurn"],
            |name| match name {
                "apikey" | "key" | "bearer" => Some("auth"),
                "upstream" | "llm" => Some("source"),
                _ => None,
            },
        );
        let mut read = Self::default();
        let set = |to: &mut f64, value: Option<f64>| *to = value.unwrap_or(*to);
        match given.text("output").as_deref() {
            None | Some("spoken") => {}
            Some("faithful") => read.output = Output::Faithful,
            Some(other) => given.note(
                &["output"],
                "wrong_value",
                format!("`output` is \"{other}\": write \"spoken\" for what a voice can say, or \"faithful\" for all of an answer"),
            ),
        }
        match value.get("speech") {
            None => {}
            Some(Value::Bool(false)) => read.speech = None,
            Some(Value::Object(_)) => read.speech = Some(speech::Options::read(&mut given)),
            Some(other) => given.wrong_type(
                &["speech"],
                "an object, or false to say everything as it comes",
                other.describe(),
            ),
        }
        set(&mut read.heartbeat_ms, given.milliseconds("heartbeatMs"));
        read.reports_text = given.flag("reportText").unwrap_or(false);
        let mut timeouts = given.enter("timeouts");
        timeouts.check_names("`timeouts`", &["firstTokenMs", "idleMs"], &[], |_| None);
        read.first_token = timeouts.milliseconds("firstTokenMs");
        set(&mut read.idle_ms, timeouts.milliseconds("idleMs"));
        given.leave(timeouts);
        let mut limits = given.enter("limits");
        limits.check_names("`limits`", &["bodyBytes", "historyMessages", "toolRounds"], &[], |_| {
            None
        });
        set(&mut read.body_bytes, limits.count("bodyBytes"));
        let mut whole = |name| {
            let count = limits.count(name)?;
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "the cast saturates"
            )]
            Some(count as usize)
        };
        read.history_messages = whole("historyMessages");
        read.tool_rounds = whole("toolRounds").unwrap_or(read.tool_rounds);
        given.leave(limits);
        given.result(read)
    }
}
