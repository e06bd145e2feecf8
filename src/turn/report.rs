//! How a turn went, for whoever runs the endpoint. It holds what was said only where that was asked for.

use serde::Serialize;

use super::tools::Called;
use super::{Asked, Correlation};
use crate::call::Millis;
use crate::error::Error;
use crate::stream::Tokens;

/// How a turn went.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The id of the answer.
    pub id: String,
    /// See [`Asked::utterance_id`].
    pub utterance_id: String,
    /// See [`Asked::correlation`].
    #[serde(flatten)]
    pub correlation: Correlation,
    /// How it ended; `None` while it goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// From the request until the source's first words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_token_ms: Option<Millis>,
    /// From the request until the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_ms: Option<Millis>,
    /// Tokens used, if the source told: in all its rounds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<Tokens>,
    /// Each source that was asked, in order: once for each round of tools.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<Tried>,
    /// Each call of a tool.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<Called>,
    /// Whether the filler was said.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub filler: bool,
    /// What the user said, and what was said to the user, if that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<Texts>,
    /// Why it failed or was cut.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
}

/// The words of a turn.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Texts {
    /// The user's.
    pub user: String,
    /// What was sent to be spoken.
    pub spoken: String,
}

/// How a source did.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tried {
    /// Which of the turn's sources, from 0.
    pub source: usize,
    /// Its model, if it names one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// From asking it until its first words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_token_ms: Option<Millis>,
    /// From asking it until it was done or given up.
    pub ms: Millis,
    /// Why it was given up. Told are its code and its message: what else an upstream answers may repeat what it was asked.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "brief")]
    pub error: Option<Error>,
}

#[expect(clippy::ref_option, reason = "serde calls it like this")]
fn brief<S: serde::Serializer>(error: &Option<Error>, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Brief<'a> {
        code: &'a str,
        message: String,
    }
    let brief = error.as_ref().map(|error| Brief {
        code: error.code(),
        message: error.to_string(),
    });
    brief.serialize(serializer)
}

/// How a turn ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// A source's answer was said, whole.
    Spoken,
    /// What had come of a source's answer was said; then it broke off.
    Cut,
    /// The model refused, and the refusal was said.
    Refused,
    /// No source gave anything that can be said; the failure line was said instead.
    Failed,
    /// The user had said nothing, and no source was asked.
    Empty,
    /// The caller hung up, or took nothing for 10 000 ms.
    Interrupted,
}

impl Report {
    pub(super) fn new(id: String, asked: &Asked) -> Self {
        Self {
            id,
            utterance_id: asked.utterance_id.clone(),
            correlation: asked.correlation.clone(),
            outcome: None,
            first_token_ms: None,
            total_ms: None,
            usage: None,
            sources: Vec::new(),
            tools: Vec::new(),
            filler: false,
            text: None,
            error: None,
        }
    }

    pub(super) fn end(&mut self, outcome: Outcome, error: Option<Error>, total_ms: Millis) {
        self.outcome = Some(outcome);
        self.error = error;
        self.total_ms = Some(total_ms);
    }
}
