//! What `LiveAvatar`'s caller would make of an answer: what it hears, how the turn ends, how often it asks, and why.
//!
//! The caller is `LiveKit` Agents with openai-python: a reader that is neither strict nor forgiving where one expects
//! it. It believes any event, checks no schema, and then trips over the one member it needs. Its rules here are observed
//! ones, read and tried with the versions that [`Caller`] names; the tests hold them against what those versions did.
//!
//! [`Judge`] is asked as things happen and says what the caller does next; [`judge`] takes what was recorded, and
//! [`Verdicts`] is the same by every version, with what they differ in. A [`Reading`] is the body of one answer alone.
//!
//! Two limits are not the caller's, which has none, but keep memory bounded: [`MAX_EVENT`] and [`MAX_HEARD`].

mod chunk;
mod events;
mod python;
mod reading;
mod thoughts;
mod tools;
mod turn;
mod verdict;
mod why;

pub use reading::{Reading, ToolCall};
pub use turn::{Judge, Loss, Next, Patience};
pub use verdict::{Attempt, Happening, Outcome, Recording, Verdict, Verdicts, judge};
pub use why::Why;

/// How large an event may grow, in bytes.
pub const MAX_EVENT: usize = 1 << 20;

/// How much of an answer is kept, in bytes: its words, and the calls of tools in it.
pub const MAX_HEARD: usize = 1 << 20;

/// A version of the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Caller {
    /// What `LiveAvatar`'s requests announced in July 2026: livekit-agents 1.6.4 with openai-python 2.44.0.
    Observed,
    /// The newest that these rules were compared with: livekit-agents 1.8.9 with openai-python 3.57.0.
    Newest,
}

impl Caller {
    /// Every version, the observed one first.
    pub const ALL: [Self; 2] = [Self::Observed, Self::Newest];

    /// `observed` or `newest`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Observed => "observed",
            Self::Newest => "newest",
        }
    }

    /// The version of that [`Caller::name`].
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|caller| caller.name() == name)
    }
}
