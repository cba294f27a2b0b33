//! An answer: a model's response, its metrics and its outcome.

use serde::{Deserialize, Serialize};

use super::{Extra, Failure, Metrics};

crate::id::declare_id! {
    /// Identifies an answer within its turn.
}

/// A model's response, complete or partial.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Distinguishes answers to the same prompt. Answers of version 1 have none: see
    /// [`super::Chat::number_answers`].
    #[serde(default)]
    pub id: Id,
    /// Model that was requested; the card's current model may differ.
    pub model: String,
    /// Text received before the end, whatever the outcome.
    pub text: String,
    /// The model's reasoning before the answer. It is not part of the conversation.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reasoning: String,
    /// What came beside the text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extras: Vec<Extra>,
    /// The endpoint's word for the end, if that says more than the outcome: its meaning is not known,
    /// or the model's context is full ([`Outcome::Length`]).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub finish: String,
    /// Timings and token counts.
    #[serde(default)]
    pub metrics: Metrics,
    /// Outcome of the answer.
    pub outcome: Outcome,
}

impl Answer {
    /// Returns whether the answer has neither text nor reasoning nor anything beside them.
    pub const fn is_empty(&self) -> bool {
        self.text.is_empty() && self.reasoning.is_empty() && self.extras.is_empty()
    }
}

/// Outcome of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The model finished its answer.
    Complete,
    /// The answer reached its maximum number of tokens.
    Length,
    /// The endpoint held back the rest because of its content.
    Filtered,
    /// The user stopped it.
    Stopped,
    /// The page was closed during the answer. An unfinished answer is saved with this outcome, so
    /// that it reads right if nothing more can be saved.
    Interrupted,
    /// The answer failed; the text is what arrived before.
    Failed(Failure),
}

impl Outcome {
    /// Returns whether the user may want to retry the request.
    pub const fn can_retry(&self) -> bool {
        matches!(self, Self::Failed(_) | Self::Interrupted | Self::Stopped)
    }

    /// Returns whether the answer may be incomplete.
    pub const fn can_go_on(&self) -> bool {
        self.can_retry() || matches!(self, Self::Length)
    }
}
