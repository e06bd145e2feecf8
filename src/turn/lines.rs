//! Lines of the developer's own.

use crate::call::Millis;
use crate::error::Error;
use crate::json::Value;
use crate::options::Options;

/// What is said where no source says anything. `None` says nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Lines {
    /// When every source failed.
    pub failure: Option<String>,
    /// When the model refused; by default what it refused with.
    pub refusal: Option<String>,
    /// When the user said nothing.
    pub empty: Option<String>,
    /// When the user has to wait.
    pub filler: Option<Filler>,
}

/// What is said when the user has to wait.
#[derive(Clone, Debug, PartialEq)]
pub struct Filler {
    /// After how long.
    pub after_ms: Millis,
    /// What.
    pub line: String,
}

impl Default for Lines {
    fn default() -> Self {
        Self {
            failure: Some("Sorry, something went wrong on my side. Could you say that again?".to_owned()),
            refusal: None,
            empty: None,
            filler: None,
        }
    }
}

impl Lines {
    const NAMES: [&'static str; 4] = ["failure", "refusal", "empty", "filler"];

    /// Reads them from JSON: `{ failure, refusal, empty, filler: { afterMs, line } }`, each line a text or `false`.
    ///
    /// # Errors
    ///
    /// A validation error with an issue for each line that is unknown or no text.
    pub fn parse(json: &str) -> Result<Self, Error> {
        let value = Value::parse(json).unwrap_or(Value::Null);
        let mut given = Options::new(value.as_object().unwrap_or_default(), &["say"]);
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
        let mut filler = given.enter("filler");
        if let Some(Value::Object(_)) = value.get("filler") {
            filler.check_names("`say.filler`", &["afterMs", "line"], &[], |name| match name {
                "delay" | "delayms" | "after" | "timeoutm" => Some("afterMs"),
                "text" | "say" => Some("line"),
                _ => None,
            });
            let after_ms = filler.milliseconds("afterMs");
            let line = filler.text("line");
            if after_ms.is_none() && !filler.has("afterMs") {
                filler.note(
                    &["afterMs"],
                    "missing",
                    "`say.filler.afterMs` is missing: after how many milliseconds of waiting the line is said, such as 2500",
                );
            }
            if line.is_none() && !filler.has("line") {
                filler.note(
                    &["line"],
                    "missing",
                    "`say.filler.line` is missing: what is said, such as \"One moment.\"",
                );
            }
            lines.filler = after_ms.zip(line).map(|(after_ms, line)| Filler { after_ms, line });
        }
        given.leave(filler);
        given.result(lines)
    }
}
