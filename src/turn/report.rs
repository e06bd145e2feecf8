//! How a turn went, for whoever runs the endpoint. It never holds what was said.

use serde::Serialize;

use super::Asked;
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
    /// See [`Asked::room_id`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub room_id: Option<String>,
    /// How it ended; `None` while it goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// From the request until the source's first words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_token_ms: Option<Millis>,
    /// From the request until the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_ms: Option<Millis>,
    /// Tokens used, if the source told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<Tokens>,
    /// Why it failed or was cut.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
}

/// How a turn ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// The source's answer was said, whole.
    Spoken,
    /// What had come of the source's answer was said; then it broke off.
    Cut,
    /// The model refused, and the refusal was said.
    Refused,
    /// The source gave nothing that can be said; the failure line was said instead.
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
            room_id: asked.room_id.clone(),
            outcome: None,
            first_token_ms: None,
            total_ms: None,
            usage: None,
            error: None,
        }
    }

    pub(super) fn end(&mut self, outcome: Outcome, error: Option<Error>, total_ms: Millis) {
        self.outcome = Some(outcome);
        self.error = error;
        self.total_ms = Some(total_ms);
    }
}
