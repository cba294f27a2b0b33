//! A turn: what the reader asked, and the answer to it, in one card.

use reactive_stores::Store;
use serde::{Deserialize, Serialize};

use super::Attachment;
use crate::openai;

crate::id::declare_id! {
    /// Identifies a turn within its card.
}

/// A user message and the answer to it.
#[derive(Clone, Debug, PartialEq, Eq, Store, Serialize, Deserialize)]
pub struct Turn {
    /// Stays the same when the turn is answered again.
    pub id: Id,
    /// The reader's words.
    pub prompt: String,
    /// What goes along with them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// Whether it waits for its card to have a model, and goes by itself when it has one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub waits: bool,
    /// None while the turn waits, or when the page was closed before anything came.
    #[serde(default)]
    pub answer: Option<Answer>,
}

impl Turn {
    /// Takes an answer in place of the one before. One of which nothing came leaves the words of
    /// the one before, and says only how it ended: asking again loses nothing.
    pub fn receive(&mut self, answer: Answer) {
        match &mut self.answer {
            Some(before) if answer.text.is_empty() => before.outcome = answer.outcome,
            before => *before = Some(answer),
        }
    }
}

/// What came back, as far as it came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The model that was asked, which may not be the one that the card asks now.
    pub model: String,
    /// What arrived before the end, whatever the end was.
    pub text: String,
    /// How it ended.
    pub outcome: Outcome,
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
    Failed(openai::Error),
}

impl Outcome {
    /// Whether the reader may want the same thing asked again.
    pub const fn can_retry(&self) -> bool {
        matches!(self, Self::Failed(_) | Self::Interrupted | Self::Stopped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asking_again_loses_no_words() {
        #[track_caller]
        fn check(before: Option<&str>, text: &str, expected: &str) {
            let answer = |text: &str, outcome| Answer {
                model: "m".into(),
                text: text.into(),
                outcome,
            };
            let mut turn = Turn {
                id: Id::new(0),
                prompt: "?".into(),
                attachments: Vec::new(),
                waits: false,
                answer: before.map(|text| answer(text, Outcome::Stopped)),
            };
            turn.receive(answer(text, Outcome::Failed(openai::Error::CutOff)));
            let expected = answer(expected, Outcome::Failed(openai::Error::CutOff));
            assert_eq!(turn.answer, Some(expected));
        }
        check(None, "", "");
        check(None, "new", "new");
        check(Some("old"), "", "old");
        check(Some("old"), "new", "new");
    }
}
