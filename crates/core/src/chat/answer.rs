//! An answer: what came back from a model, how, and how it ended.

use serde::{Deserialize, Serialize};

use super::{Failure, Metrics};

crate::id::declare_id! {
    /// Identifies an answer among those of its turn.
}

/// What came back, as far as it came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Tells it from the others to the same question. Those of version 1 have none: see
    /// [`super::Chat::number_answers`].
    #[serde(default)]
    pub id: Id,
    /// The model that was asked, which may not be the one that the card asks now.
    pub model: String,
    /// What arrived before the end, whatever the end was.
    pub text: String,
    /// What the model thought before it answered. It is not part of the conversation.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reasoning: String,
    /// How it came.
    #[serde(default)]
    pub metrics: Metrics,
    /// How it ended.
    pub outcome: Outcome,
}

impl Answer {
    /// Whether it is without words.
    pub const fn is_empty(&self) -> bool {
        self.text.is_empty() && self.reasoning.is_empty()
    }
}

/// How an answer ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The model said all that it had to say.
    Complete,
    /// The answer reached the most tokens that it was allowed.
    Length,
    /// The endpoint held back the rest because of what it contained.
    Filtered,
    /// The reader stopped it.
    Stopped,
    /// The page was closed while it was being answered. Also what an unfinished answer is saved
    /// as, so that it reads right if nothing more can be saved.
    Interrupted,
    /// It failed; the text is what came before that.
    Failed(Failure),
}

impl Outcome {
    /// Whether the reader may want the same thing asked again.
    pub const fn can_retry(&self) -> bool {
        matches!(self, Self::Failed(_) | Self::Interrupted | Self::Stopped)
    }

    /// Whether there may be more to the answer than came.
    pub const fn can_go_on(&self) -> bool {
        self.can_retry() || matches!(self, Self::Length)
    }
}
