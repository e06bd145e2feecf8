//! One step of an answer, whichever dialect it came in.

use std::borrow::Cow;

/// What one piece of a stream adds to the answer.
///
/// A dialect's decoder emits these in an order that never needs looking back: the head of the answer when it is known,
/// [`Delta::Open`] once before anything else of a choice, [`Delta::Finish`] at most once a choice.
#[derive(Clone, Debug, PartialEq)]
pub enum Delta<'a> {
    /// The upstream's id for the answer; at most once.
    Id(Cow<'a, str>),
    /// The model that answers; at most once.
    Model(Cow<'a, str>),
    /// When the answer was begun, in seconds since 1970; at most once.
    Created(u64),
    /// A message begins.
    Open {
        /// Which of the alternatives asked for with `n`.
        choice: u32,
    },
    /// Words of the message.
    Content {
        /// Of which choice.
        choice: u32,
        /// The words.
        text: Cow<'a, str>,
    },
    /// Words of what the model thinks before it answers.
    Reasoning {
        /// Of which choice.
        choice: u32,
        /// The words.
        text: Cow<'a, str>,
    },
    /// Words of a refusal.
    Refusal {
        /// Of which choice.
        choice: u32,
        /// The words.
        text: Cow<'a, str>,
    },
    /// A piece of a call to a tool.
    Tool {
        /// Of which choice.
        choice: u32,
        /// Which of the choice's calls.
        index: u32,
        /// The call's id, in its first piece.
        id: Option<Cow<'a, str>>,
        /// The function's name, in its first piece.
        name: Option<Cow<'a, str>>,
        /// A piece of the arguments, which together are a JSON text.
        arguments: Cow<'a, str>,
    },
    /// The message is done.
    Finish {
        /// Of which choice.
        choice: u32,
        /// `stop`, `length`, `tool_calls`, `content_filter`, or the upstream's own word.
        reason: Cow<'a, str>,
    },
    /// Tokens used so far; the last one counts.
    Usage(Usage<'a>),
    /// A member that has no place in the vocabulary, kept as it came.
    Extra {
        /// Where it stood.
        place: Place,
        /// Its name.
        name: Cow<'a, str>,
        /// Its value as JSON; never `null`.
        json: Cow<'a, str>,
    },
}

/// Where a member stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the chunk itself.
    Chunk,
    /// In the choice.
    Choice(u32),
    /// In the choice's delta or message.
    Message(u32),
    /// In a call to a tool, such as the signature that Gemini wants back with it (`extra_content`).
    Call {
        /// Of which choice.
        choice: u32,
        /// Which of the choice's calls.
        index: u32,
    },
}

/// Tokens used.
#[derive(Clone, Debug, PartialEq)]
pub struct Usage<'a> {
    /// Tokens of the request.
    pub prompt: Option<u64>,
    /// Tokens of the answer.
    pub completion: Option<u64>,
    /// Their sum, as the upstream gives it.
    pub total: Option<u64>,
    /// The whole object as it came.
    pub json: Cow<'a, str>,
}

impl Delta<'_> {
    /// Whether it belongs to what a user waits for: words or calls, not what surrounds them.
    #[must_use]
    pub fn is_output(&self) -> bool {
        matches!(
            self,
            Self::Content { .. } | Self::Reasoning { .. } | Self::Refusal { .. } | Self::Tool { .. }
        )
    }
}
