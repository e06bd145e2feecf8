//! How long to wait, and when to try again.

use super::Millis;
use crate::chat::OPTIONS;
use crate::error::{Error, Issue, StreamKind, pointer};
use crate::http::Response;
use crate::json::Value;

/// The four deadlines, in milliseconds; `None` waits for ever.
#[derive(Clone, Debug, PartialEq)]
pub struct Timeouts {
    /// From an attempt's beginning, before its key is asked for, to its response headers.
    pub headers_ms: Option<Millis>,
    /// From an attempt's beginning to the first piece of its message.
    pub first_token_ms: Option<Millis>,
    /// The longest silence between two reads, once there are headers.
    pub idle_ms: Option<Millis>,
    /// The whole call, retries and their waits included.
    pub total_ms: Option<Millis>,
}

/// Deadlines and retries of one call.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// The deadlines.
    pub timeouts: Timeouts,
    /// How often a failed attempt is followed by another.
    pub max_retries: u32,
    /// The longest that an upstream may ask to wait; beyond it the error is worth more than the wait.
    pub longest_wait_ms: Millis,
}

/// The wait before the first retry, which doubles for each further one.
const FIRST_WAIT_MS: Millis = 500.0;
/// The longest wait that is not asked for.
const LONGEST_WAIT_MS: Millis = 8000.0;

impl Timeouts {
    /// No deadlines.
    pub const NONE: Self = Self {
        headers_ms: None,
        first_token_ms: None,
        idle_ms: None,
        total_ms: None,
    };
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            headers_ms: Some(30_000.0),
            first_token_ms: Some(60_000.0),
            idle_ms: Some(30_000.0),
            total_ms: None,
        }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            timeouts: Timeouts::default(),
            max_retries: 2,
            longest_wait_ms: 60_000.0,
        }
    }
}

impl Policy {
    /// This policy with the changes that options ask for: `{ timeouts: { headersMs, … }, maxRetries }` as JSON. A
    /// deadline of `null`, which is also what `Infinity` becomes in JSON, is none. Those of [`crate::chat::Shape`] may stand
    /// among them.
    ///
    /// # Errors
    ///
    /// A validation error with an issue for each option that is unknown or not what it must be.
    pub fn with_options(mut self, json: &str) -> Result<Self, Error> {
        let mut issues = Vec::new();
        let options = Value::parse(json).unwrap_or(Value::Null);
        for (name, value) in options.as_object().unwrap_or_default() {
            match (name.as_str(), value) {
                ("timeouts", Value::Object(timeouts)) => self.timeouts.read(timeouts, &mut issues),
                ("timeouts", other) => issues.push(Issue::error(
                    "/timeouts",
                    "wrong_type",
                    format!(
                        "`timeouts` must be an object such as {{ idleMs: 30000 }}, it is {}",
                        other.describe()
                    ),
                )),
                ("maxRetries", value) => match value.as_f64() {
                    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked here")]
                    Some(retries) if (0.0..=100.0).contains(&retries) && retries.fract() == 0.0 => {
                        self.max_retries = retries as u32;
                    }
                    _ => issues.push(Issue::error(
                        "/maxRetries",
                        "out_of_range",
                        "`maxRetries` must be a whole number from 0 to 100",
                    )),
                },
                (other, _) if OPTIONS.contains(&other) => {}
                (other, _) => issues.push(Issue::error(
                    pointer(&[other]),
                    "unknown_member",
                    format!(
                        "there is no option `{other}`: `timeouts`, `maxRetries`, `thinkTags` and `json` may stand here"
                    ),
                )),
            }
        }
        if issues.is_empty() {
            Ok(self)
        } else {
            Err(Error::invalid(issues))
        }
    }

    /// Whether a refusal may turn into an answer by asking again.
    pub(super) fn is_worth_retrying(response: &Response) -> bool {
        response.should_retry().unwrap_or(may_pass(response.status))
    }

    /// Whether an answer that failed under a status of success may go well by asking again: it broke off, or tells of an
    /// error, unless that has the code of a status that would not pass either.
    pub(super) fn is_worth_another_answer(error: &Error) -> bool {
        let status = error.service_code().and_then(|code| code.parse().ok());
        match error.kind() {
            Some(StreamKind::Truncated) => true,
            Some(StreamKind::Error) => status.is_none_or(|status| !(400..500).contains(&status) || may_pass(status)),
            _ => false,
        }
    }

    /// The wait before the next attempt after so many retries, if there may be one.
    pub(crate) fn wait_ms(&self, retries: u32, asked_ms: Option<Millis>, random: u32) -> Option<Millis> {
        if retries >= self.max_retries {
            return None;
        }
        if let Some(asked) = asked_ms {
            return (asked <= self.longest_wait_ms).then_some(asked);
        }
        let wait = (FIRST_WAIT_MS * f64::from(1_u32 << retries.min(10))).min(LONGEST_WAIT_MS);
        // Up to a quarter less, so that those who failed together do not come back together.
        Some(wait * (1.0 - 0.25 * f64::from(random >> 8) / f64::from(1_u32 << 24)))
    }
}

/// Whether what is refused with this status may be answered later.
fn may_pass(status: u16) -> bool {
    matches!(status, 408 | 409 | 429 | 500..=599)
}

impl Timeouts {
    fn read(&mut self, members: &[(String, Value)], issues: &mut Vec<Issue>) {
        for (name, value) in members {
            let slot = match name.as_str() {
                "headersMs" => &mut self.headers_ms,
                "firstTokenMs" => &mut self.first_token_ms,
                "idleMs" => &mut self.idle_ms,
                "totalMs" => &mut self.total_ms,
                other => {
                    issues.push(Issue::error(
                        pointer(&["timeouts", other]),
                        "unknown_member",
                        format!(
                            "there is no `timeouts.{other}`: headersMs, firstTokenMs, idleMs and totalMs may stand here"
                        ),
                    ));
                    continue;
                }
            };
            match value {
                Value::Null => *slot = None,
                value => match value.as_f64().filter(|ms| *ms > 0.0) {
                    Some(ms) => *slot = Some(ms),
                    None => issues.push(Issue::error(
                        format!("/timeouts/{name}"),
                        "out_of_range",
                        format!("`timeouts.{name}` must be a number of milliseconds above 0, or Infinity for none"),
                    )),
                },
            }
        }
    }
}
