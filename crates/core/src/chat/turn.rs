//! A turn: what the reader asked, and the answer to it, in one card.

#[cfg(feature = "store")]
use reactive_stores::Store;
use serde::{Deserialize, Serialize};

use super::{Answer, Attachment, answer};

crate::id::declare_id! {
    /// Identifies a turn within its card.
}

/// A user message and the answer to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "store", derive(Store))]
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
    /// Other answers to the same question, given before this one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<Answer>,
    /// Those given after this one, which the reader has gone back to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub later: Vec<Answer>,
}

impl Turn {
    /// A question that is not answered yet.
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

    /// Takes one more answer. Those before it are kept beside it, unless they are without words.
    /// One of which nothing came leaves the one before, and says only how it ended: asking again
    /// loses nothing.
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

    /// Takes an answer that goes on from the one before, in its place.
    pub fn continue_answer(&mut self, answer: Answer) {
        self.answer = Some(answer);
    }

    /// Shows the answer before this one, or after it.
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

    /// All its answers, in the order in which they were given.
    pub fn answers(&self) -> impl Iterator<Item = &Answer> {
        self.earlier.iter().chain(&self.answer).chain(&self.later)
    }

    /// [`Self::answers`], to change them.
    pub(super) fn answers_mut(&mut self) -> impl Iterator<Item = &mut Answer> {
        let before = self.earlier.iter_mut().chain(&mut self.answer);
        before.chain(&mut self.later)
    }

    pub(super) fn take_answers(&mut self) -> Vec<Answer> {
        let mut all = std::mem::take(&mut self.earlier);
        all.extend(self.answer.take());
        all.append(&mut self.later);
        all
    }

    /// Gives it these answers and shows one of them, else the last.
    pub(super) fn set_answers(&mut self, mut all: Vec<Answer>, shown: Option<answer::Id>) {
        let place = all.iter().position(|answer| Some(answer.id) == shown);
        let after = place.map_or(all.len(), |place| place + 1);
        self.later = all.split_off(after);
        self.answer = all.pop();
        self.earlier = all;
    }

    /// The answer that is shown.
    pub(super) fn shown(&self) -> Option<answer::Id> {
        self.answer.as_ref().map(|answer| answer.id)
    }

    /// Which of the answers is shown, from 1, and of how many.
    pub fn variant(&self) -> (usize, usize) {
        let number = self.earlier.len() + 1;
        (number, number + self.later.len())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::chat::{Failure, Metrics, Outcome, answer};

    /// An answer with this text.
    pub fn answer(text: &str, outcome: Outcome) -> Answer {
        Answer {
            id: answer::Id::new(0),
            model: "m".into(),
            text: text.into(),
            reasoning: String::new(),
            metrics: Metrics::default(),
            outcome,
        }
    }

    /// All answers in their order, the one that is shown in brackets.
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
        // A new one comes last, wherever the reader was.
        check("abc<<d", "abc[d]");
    }
}
