//! A card: one model being talked to, with a conversation of its own.

#[cfg(feature = "store")]
use reactive_stores::Store;
use serde::{Deserialize, Serialize};

use super::{
    Draft, Outcome, Params,
    turn::{self, Turn},
};
use crate::endpoint::{self, Endpoint, Endpoints};

crate::id::declare_id! {
    /// Identifies a card within its chat.
}

/// One model being talked to: where it is, what it is called, and what was said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "store", derive(Store))]
pub struct Card {
    /// Stays the same when cards are added or removed around it.
    pub id: Id,
    /// None until the reader has chosen one.
    #[serde(default)]
    pub endpoint: Option<endpoint::Id>,
    /// The model's name as the endpoint wants it. It stays chosen when it is no longer listed.
    #[serde(default)]
    pub model: Option<String>,
    /// What the reader calls it, to tell it from others of the same model; empty is no name.
    #[serde(default)]
    pub name: String,
    /// Its mark's colour, from 1; 0 is none.
    #[serde(default)]
    pub colour: u8,
    /// Said to the model before the conversation; empty is not said.
    #[serde(default)]
    pub system: String,
    /// What is sent beside the conversation.
    #[serde(default)]
    pub params: Params,
    /// Whether it takes part in the common input.
    pub synced: bool,
    /// What it alone is about to be asked. While it is in sync the chat has the draft, and this is
    /// what gave way to it.
    #[serde(default)]
    pub draft: Draft,
    /// Oldest first.
    #[cfg_attr(feature = "store", store(key: turn::Id = |turn| turn.id))]
    #[serde(default)]
    pub turns: Vec<Turn>,
}

/// What a reader sets for a card: how its model is asked, and what tells it from others.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CardSettings {
    /// See [`Card::params`].
    pub params: Params,
    /// See [`Card::system`].
    pub system: String,
    /// See [`Card::name`].
    pub name: String,
    /// See [`Card::colour`].
    pub colour: u8,
}

impl Card {
    /// An empty card in sync, with nothing chosen.
    pub fn new(id: Id) -> Self {
        Self {
            id,
            endpoint: None,
            model: None,
            name: String::new(),
            colour: 0,
            system: String::new(),
            params: Params::default(),
            synced: true,
            draft: Draft::default(),
            turns: Vec::new(),
        }
    }

    /// What Compare puts beside this card: the same model with the same parameters and system
    /// prompt, in sync, nothing said.
    #[must_use]
    pub fn beside(&self, id: Id) -> Self {
        Self {
            endpoint: self.endpoint,
            model: self.model.clone(),
            system: self.system.clone(),
            params: self.params.clone(),
            ..Self::new(id)
        }
    }

    /// Whom to ask, once an endpoint that is saved and a model are chosen.
    pub fn target<'a>(&'a self, endpoints: &'a Endpoints) -> Option<(&'a Endpoint, &'a str)> {
        Some((endpoints.find(self.endpoint?)?, self.model.as_deref()?))
    }

    /// The turn with that identifier.
    pub fn turn(&self, id: turn::Id) -> Option<&Turn> {
        self.turns.iter().find(|turn| turn.id == id)
    }

    /// Whether it talks to the same as another, in the same way.
    pub(super) fn is_set_as(&self, other: &Self) -> bool {
        (self.endpoint, &self.model, &self.name, self.colour)
            == (other.endpoint, &other.model, &other.name, other.colour)
            && (&self.system, &self.params, self.synced)
                == (&other.system, &other.params, other.synced)
    }

    /// What it talks to and how, in an order that means nothing.
    pub(super) fn settings(&self) -> String {
        let settings = Self {
            draft: Draft::default(),
            turns: Vec::new(),
            ..self.clone()
        };
        // Strings, numbers and lists of them can be written.
        serde_json::to_string(&settings).unwrap_or_default()
    }

    /// Whether its last question has no whole answer.
    pub fn is_open(&self) -> bool {
        self.turns.last().is_some_and(|turn| {
            let answer = turn.answer.as_ref();
            answer.is_none_or(|answer| answer.outcome == Outcome::Interrupted)
        })
    }

    /// The turns that come before this one: what its request must repeat to the model.
    pub fn before(&self, turn: turn::Id) -> &[Turn] {
        let end = self.turns.iter().position(|found| found.id == turn);
        &self.turns[..end.unwrap_or(self.turns.len())]
    }

    /// The first turn after this one that has no answer yet: the next in the queue.
    pub fn next_unanswered(&self, turn: turn::Id) -> Option<turn::Id> {
        self.turns
            .iter()
            .skip_while(|found| found.id != turn)
            .skip(1)
            .find(|found| found.answer.is_none())
            .map(|found| found.id)
    }

    /// Ends the waiting for a model; returns the turn that waited longest.
    pub fn end_waiting(&mut self) -> Option<turn::Id> {
        let mut first = None;
        for turn in self.turns.iter_mut().filter(|turn| turn.waits) {
            turn.waits = false;
            if turn.answer.is_none() {
                first = first.or(Some(turn.id));
            }
        }
        first
    }

    /// Whether there is anything in it that a reader would miss.
    pub fn has_words(&self) -> bool {
        !self.turns.is_empty()
            || !self.draft.is_empty()
            || !self.system.is_empty()
            || !self.name.is_empty()
            || self.params != Params::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{Outcome, turn::tests::answer};

    /// A card with a turn per letter: a capital is answered, a small letter is not.
    fn card(turns: &str) -> Card {
        let turn = |letter: char| Turn {
            waits: letter == 'w',
            answer: letter.is_uppercase().then(|| answer("", Outcome::Stopped)),
            ..Turn::new(
                turn::Id::new(letter.to_ascii_lowercase().into()),
                letter.to_string(),
            )
        };
        Card {
            turns: turns.chars().map(turn).collect(),
            ..Card::new(Id::new(0))
        }
    }

    fn id(letter: char) -> turn::Id {
        turn::Id::new(letter.into())
    }

    #[test]
    fn the_queue_is_what_is_unanswered_after_a_turn() {
        #[track_caller]
        fn check(turns: &str, after: char, expected: Option<char>) {
            assert_eq!(card(turns).next_unanswered(id(after)), expected.map(id));
        }
        check("Abc", 'a', Some('b'));
        check("abC", 'b', None);
        check("aBc", 'a', Some('c'));
        check("abc", 'c', None);
        check("abc", 'x', None);
        check("", 'a', None);
    }

    #[test]
    fn only_what_waits_for_a_model_goes_by_itself() {
        #[track_caller]
        fn check(turns: &str, expected: Option<char>) {
            let mut card = card(turns);
            assert_eq!(card.end_waiting(), expected.map(id));
            assert_eq!(card.end_waiting(), None);
        }
        check("Abw", Some('w'));
        check("Ab", None);
        check("", None);
    }

    #[test]
    fn a_request_repeats_what_came_before_its_turn() {
        #[track_caller]
        fn check(turns: &str, before: char, expected: &str) {
            let card = card(turns);
            let prompts: String = card.before(id(before)).iter().map(|t| &*t.prompt).collect();
            assert_eq!(prompts, expected);
        }
        check("ABc", 'c', "AB");
        check("ABc", 'a', "");
        check("ABc", 'x', "ABc");
    }
}
