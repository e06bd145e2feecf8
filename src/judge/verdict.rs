//! What a turn amounts to.

use std::fmt::Write;

use super::{Caller, Judge, Loss, Next, Patience, Reading, ToolCall, Why};
use crate::call::Millis;
use crate::json::write_string;

/// How a turn ended, from the user's side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The answer was heard, and nothing failed.
    Spoken,
    /// Something was heard, and then it broke off.
    Cut,
    /// Nothing was heard, since the call failed.
    Lost,
    /// Nothing was heard although the call succeeded. Nobody is told.
    Mute,
}

impl Outcome {
    /// `spoken`, `cut`, `lost` or `mute`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Spoken => "spoken",
            Self::Cut => "cut",
            Self::Lost => "lost",
            Self::Mute => "mute",
        }
    }
}

/// One attempt that is over.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Attempt {
    /// The status of its answer, if there was one.
    pub status: Option<u16>,
    /// What went wrong, if something did.
    pub why: Option<Why>,
    /// How long it took, from its first request on.
    pub ms: Millis,
}

/// What became of a turn.
pub struct Verdict {
    /// How it ended.
    pub outcome: Outcome,
    /// What the caller tripped over in its last attempt, or why nothing was heard; `None` when the answer was spoken.
    pub why: Option<Why>,
    /// The status of the last answer, if there was one.
    pub status: Option<u16>,
    /// The caller's attempts.
    pub attempts: Vec<Attempt>,
    /// The requests that they came to: with redirects, more than attempts.
    pub requests: u32,
    reading: Reading,
}

impl Verdict {
    pub(super) fn new(
        outcome: Outcome,
        why: Option<Why>,
        status: Option<u16>,
        attempts: Vec<Attempt>,
        requests: u32,
        reading: Reading,
    ) -> Self {
        Self {
            outcome,
            why,
            status,
            attempts,
            requests,
            reading,
        }
    }

    /// The words that go on to be spoken, as they came.
    #[must_use]
    pub fn heard(&self) -> &str {
        self.reading.heard()
    }

    /// The calls of tools that were handed on.
    #[must_use]
    pub fn tool_calls(&self) -> &[ToolCall] {
        self.reading.tool_calls()
    }

    pub(super) fn take(&mut self) -> &str {
        self.reading.take()
    }

    pub(super) fn has_output(&self) -> bool {
        self.reading.has_output()
    }

    /// Appends it as JSON: `outcome`, `heard`, `why` (`{ code, message }` or null), `status`, `requests`, `toolCalls`
    /// (`{ id, name, arguments }`) and `attempts` (`{ status, why, ms }`, in whole
    /// milliseconds).
    pub fn write(&self, out: &mut String) {
        let _ = write!(out, "{{\"outcome\":\"{}\",\"heard\":", self.outcome.name());
        write_string(out, self.heard());
        out.push(',');
        write_why(out, self.why);
        write_status(out, self.status);
        let _ = write!(out, "\"requests\":{},\"toolCalls\":[", self.requests);
        for (index, ToolCall { id, name, arguments }) in self.tool_calls().iter().enumerate() {
            let separator = if index == 0 { "{" } else { ",{" };
            for (before, name, value) in [
                (separator, "id", id),
                (",", "name", name),
                (",", "arguments", arguments),
            ] {
                let _ = write!(out, "{before}\"{name}\":");
                write_string(out, value);
            }
            out.push('}');
        }
        out.push_str("],");
        write_attempts(out, &self.attempts);
        out.push('}');
    }
}

pub(super) fn write_attempts(out: &mut String, attempts: &[Attempt]) {
    out.push_str("\"attempts\":[");
    for (index, Attempt { status, why, ms }) in attempts.iter().enumerate() {
        out.push_str(if index == 0 { "{" } else { ",{" });
        write_why(out, *why);
        write_status(out, *status);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a span of time; to write fractions costs ten kilobytes of the module"
        )]
        let _ = write!(out, "\"ms\":{}}}", ms.round() as u64);
    }
    out.push(']');
}

fn write_why(out: &mut String, why: Option<Why>) {
    out.push_str("\"why\":");
    match why {
        None => out.push_str("null,"),
        Some(why) => {
            let _ = write!(out, "{{\"code\":\"{}\",\"message\":", why.code());
            write_string(out, why.sentence());
            out.push_str("},");
        }
    }
}

fn write_status(out: &mut String, status: Option<u16>) {
    let _ = match status {
        Some(status) => write!(out, "\"status\":{status},"),
        None => write!(out, "\"status\":null,"),
    };
}

/// Something that happened in a recorded exchange.
#[derive(Clone, Debug, PartialEq)]
pub enum Happening<'a> {
    /// Status and headers came; see [`Judge::head`].
    Head {
        /// The status.
        status: u16,
        /// Whether there was a `location`.
        location: bool,
        /// `content-encoding`, or nothing.
        encoding: &'a str,
    },
    /// A piece of the body came.
    Bytes(&'a [u8]),
    /// The body ended.
    End,
    /// The exchange broke.
    Lost(Loss),
}

/// What was recorded of an attempt: what happened, and how many milliseconds after its first request was sent.
pub type Recording<'a> = Vec<(Millis, Happening<'a>)>;

/// Judges what was recorded, attempt by attempt. Where the caller asks more often than that, the last attempt counts
/// again; where an attempt has no end, it is silent from there on. Behind a redirect's end stands the next answer's head.
#[must_use]
pub fn judge(caller: Caller, attempts: &[Recording<'_>]) -> Verdict {
    let mut judge = Judge::new(caller, Patience::default());
    let mut now = 0.0;
    while judge.next() == Next::Send {
        let attempt = judge.attempts().len();
        let began = now;
        for (at, happening) in attempts.get(attempt).or(attempts.last()).into_iter().flatten() {
            judge.send(now);
            // What comes in the moment in which patience ends still comes in time.
            if judge.due().is_some_and(|due| due < began + at) {
                break;
            }
            now = began + at;
            match happening {
                Happening::Head {
                    status,
                    location,
                    encoding,
                } => judge.head(*status, *location, encoding, now),
                Happening::Bytes(bytes) => judge.push(bytes, now),
                Happening::End => judge.end(now),
                Happening::Lost(loss) => judge.lose(*loss, now),
            }
            if judge.attempts().len() > attempt {
                break;
            }
        }
        judge.send(now);
        // The silence that is left, and the wait before the next attempt.
        while let Some(due) = judge.due() {
            now = due;
            judge.tick(now);
        }
    }
    let none = || Verdict::new(Outcome::Lost, None, None, Vec::new(), 0, Reading::new(caller));
    judge.into_verdict().unwrap_or_else(none)
}

/// The verdicts of both versions of the caller.
pub struct Verdicts {
    /// By [`Caller::Observed`].
    pub observed: Verdict,
    /// By [`Caller::Newest`].
    pub newest: Verdict,
}

impl Verdicts {
    /// See [`judge`].
    #[must_use]
    pub fn of(attempts: &[Recording<'_>]) -> Self {
        Self {
            observed: judge(Caller::Observed, attempts),
            newest: judge(Caller::Newest, attempts),
        }
    }

    /// What differs: `outcome`, `heard`, `why`, `attempts`.
    #[must_use]
    pub fn differences(&self) -> Vec<&'static str> {
        let (one, other) = (&self.observed, &self.newest);
        let told = [
            (one.outcome != other.outcome, "outcome"),
            (one.heard() != other.heard(), "heard"),
            (one.why != other.why, "why"),
            (one.attempts.len() != other.attempts.len(), "attempts"),
        ];
        told.into_iter()
            .filter_map(|(differs, what)| differs.then_some(what))
            .collect()
    }
}
