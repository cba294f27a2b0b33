//! A turn: a user message and its answers, in one card.

#[cfg(feature = "store")]
use reactive_stores::Store;
use serde::{Deserialize, Serialize};

use super::{Answer, Attachment, answer};

crate::id::declare_id! {
    /// Identifies a turn within its card.
}

/// A user message and its answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "store", derive(Store))]
pub struct Turn {
    /// Stays the same when the turn is answered again.
    pub id: Id,
    /// Text of the user message.
    pub prompt: String,
    /// Attachments of the user message.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// True if the turn waits for its card to have a model, and is sent automatically then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub waits: bool,
    /// None while the turn waits, or if the page was closed before any text arrived.
    #[serde(default)]
    pub answer: Option<Answer>,
    /// Other answers to the same prompt, given before this one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<Answer>,
    /// Answers given after this one, if the user has gone back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub later: Vec<Answer>,
}

impl Turn {
    /// Creates a turn without an answer.
    pub fn new(id: Id, prompt: String) -> Self {
        Self {
            id,
            prompt,
            attachments: Vec::new(),
            waits: false,
            answer: None,
            earlier: Vec::new(),
            later: Vec::new(),
        }
    }

    /// Adds an answer. Earlier answers are kept, unless they are empty. An empty answer leaves the
    /// previous one and only sets its outcome, so a retry loses nothing.
    pub fn receive(&mut self, answer: Answer) {
        if let Some(before) = &mut self.answer
            && answer.is_empty()
        {
            before.outcome = answer.outcome;
            return;
        }
        if let Some(before) = self
            .answer
            .replace(answer)
            .filter(|before| !before.is_empty())
        {
            self.earlier.push(before);
        }
        self.earlier.append(&mut self.later);
    }

    /// Replaces the answer with one that continues it.
    pub fn continue_answer(&mut self, answer: Answer) {
        self.answer = Some(answer);
    }

    /// Shows the next answer, or the previous one.
    pub fn show_variant(&mut self, forward: bool) {
        let next = if forward {
            (!self.later.is_empty()).then(|| self.later.remove(0))
        } else {
            self.earlier.pop()
        };
        let Some(shown) = next.and_then(|next| self.answer.replace(next)) else {
            return;
        };
        if forward {
            self.earlier.push(shown);
        } else {
            self.later.insert(0, shown);
        }
    }

    /// Iterates over all answers in the order they were given.
    pub fn answers(&self) -> impl Iterator<Item = &Answer> {
        self.earlier.iter().chain(&self.answer).chain(&self.later)
    }

    /// Mutable form of [`Self::answers`].
    pub fn answers_mut(&mut self) -> impl Iterator<Item = &mut Answer> {
        let before = self.earlier.iter_mut().chain(&mut self.answer);
        before.chain(&mut self.later)
    }

    pub(super) fn take_answers(&mut self) -> Vec<Answer> {
        let mut all = std::mem::take(&mut self.earlier);
        all.extend(self.answer.take());
        all.append(&mut self.later);
        all
    }

    /// Sets the answers and shows one of them, else the last.
    pub(super) fn set_answers(&mut self, mut all: Vec<Answer>, shown: Option<answer::Id>) {
        let place = all.iter().position(|answer| Some(answer.id) == shown);
        let after = place.map_or(all.len(), |place| place + 1);
        self.later = all.split_off(after);
        self.answer = all.pop();
        self.earlier = all;
    }

    /// Returns the identifier of the shown answer.
    pub(super) fn shown(&self) -> Option<answer::Id> {
        self.answer.as_ref().map(|answer| answer.id)
    }

    /// Returns the number of the shown answer, from 1, and the number of answers.
    pub fn variant(&self) -> (usize, usize) {
        let number = self.earlier.len() + 1;
        (number, number + self.later.len())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::chat::{Failure, Metrics, Outcome, answer};

    /// Builds an answer with this text.
    pub fn answer(text: &str, outcome: Outcome) -> Answer {
        Answer {
            id: answer::Id::new(0),
            model: "m".into(),
            text: text.into(),
            reasoning: String::new(),
            extras: Vec::new(),
            finish: String::new(),
            metrics: Metrics::default(),
            outcome,
        }
    }

    /// Lists all answers in order, the shown one in brackets.
    fn shown(turn: &Turn) -> String {
        let texts =
            |answers: &[Answer]| answers.iter().map(|it| it.text.clone()).collect::<String>();
        let now = turn
            .answer
            .as_ref()
            .map(|it| it.text.clone())
            .unwrap_or_default();
        format!("{}[{now}]{}", texts(&turn.earlier), texts(&turn.later))
    }

    #[test]
    fn asking_again_loses_no_words() {
        #[track_caller]
        fn check(before: &[&str], text: &str, expected: &str) {
            let mut turn = Turn::new(Id::new(0), "?".into());
            for text in before {
                turn.receive(answer(text, Outcome::Stopped));
            }
            turn.receive(answer(text, Outcome::Failed(Failure::CutOff)));
            assert_eq!(shown(&turn), expected);
            let outcome = turn.answer.map(|answer| answer.outcome);
            assert_eq!(outcome, Some(Outcome::Failed(Failure::CutOff)));
        }
        check(&[], "", "[]");
        check(&[], "n", "[n]");
        check(&["o"], "", "[o]");
        check(&["o"], "n", "o[n]");
        check(&["", "o"], "n", "o[n]");
        check(&["a", "b"], "c", "ab[c]");
    }

    #[test]
    fn answers_are_turned_over_in_their_order() {
        #[track_caller]
        fn check(turns: &str, expected: &str) {
            let mut turn = Turn::new(Id::new(0), "?".into());
            for step in turns.chars() {
                match step {
                    '<' => turn.show_variant(false),
                    '>' => turn.show_variant(true),
                    text => turn.receive(answer(&text.to_string(), Outcome::Complete)),
                }
            }
            assert_eq!(shown(&turn), expected);
            let (number, of) = turn.variant();
            assert_eq!(number, turn.earlier.len() + 1);
            assert_eq!(of, turn.earlier.len() + 1 + turn.later.len());
        }
        check("abc", "ab[c]");
        check("abc<", "a[b]c");
        check("abc<<<", "[a]bc");
        check("abc<<>", "a[b]c");
        check("abc>", "ab[c]");
        check("<>", "[]");
        // A new one comes last, wherever the user was.
        check("abc<<d", "abc[d]");
    }
}
