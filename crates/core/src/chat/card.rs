//! A card: one model with its own conversation.

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

/// One model: its endpoint, its name and its conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "store", derive(Store))]
pub struct Card {
    /// Stays the same when other cards are added or removed.
    pub id: Id,
    /// None until the user chooses one.
    #[serde(default)]
    pub endpoint: Option<endpoint::Id>,
    /// The model's name as the endpoint expects it. It stays chosen when no longer listed.
    #[serde(default)]
    pub model: Option<String>,
    /// The user's name for the card, to distinguish cards of one model; empty if none.
    #[serde(default)]
    pub name: String,
    /// Colour of the card's mark, from 1; 0 is none.
    #[serde(default)]
    pub colour: u8,
    /// System prompt; not sent if empty.
    #[serde(default)]
    pub system: String,
    /// Request parameters.
    #[serde(default)]
    pub params: Params,
    /// True if the card shares the common input.
    pub synced: bool,
    /// The card's own draft. While the card is synced, the chat's draft is shown and this holds the
    /// draft that it displaced.
    #[serde(default)]
    pub draft: Draft,
    /// Turns, oldest first.
    #[cfg_attr(feature = "store", store(key: turn::Id = |turn| turn.id))]
    #[serde(default)]
    pub turns: Vec<Turn>,
}

/// User settings of a card: request parameters, and the marks that distinguish it.
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
    /// Creates an empty synced card with nothing chosen.
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

    /// Creates the card that Compare puts beside this one: same model, parameters and system
    /// prompt, synced, no turns.
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

    /// Returns the endpoint and model, once a saved endpoint and a model are chosen.
    pub fn target<'a>(&'a self, endpoints: &'a Endpoints) -> Option<(&'a Endpoint, &'a str)> {
        Some((endpoints.find(self.endpoint?)?, self.model.as_deref()?))
    }

    /// Returns the turn with this identifier.
    pub fn turn(&self, id: turn::Id) -> Option<&Turn> {
        self.turns.iter().find(|turn| turn.id == id)
    }

    /// Returns whether both cards have the same model and settings.
    pub(super) fn is_set_as(&self, other: &Self) -> bool {
        (self.endpoint, &self.model, &self.name, self.colour)
            == (other.endpoint, &other.model, &other.name, other.colour)
            && (&self.system, &self.params, self.synced)
                == (&other.system, &other.params, other.synced)
    }

    /// Serializes the model and settings, for an arbitrary but fixed order.
    pub(super) fn settings(&self) -> String {
        let settings = Self {
            draft: Draft::default(),
            turns: Vec::new(),
            ..self.clone()
        };
        // Strings, numbers and lists of them always serialize.
        serde_json::to_string(&settings).unwrap_or_default()
    }

    /// Returns whether the last turn has no complete answer.
    pub fn is_open(&self) -> bool {
        self.turns.last().is_some_and(|turn| {
            let answer = turn.answer.as_ref();
            answer.is_none_or(|answer| answer.outcome == Outcome::Interrupted)
        })
    }

    /// Returns the turns before this one, which its request repeats to the model.
    pub fn before(&self, turn: turn::Id) -> &[Turn] {
        let end = self.turns.iter().position(|found| found.id == turn);
        &self.turns[..end.unwrap_or(self.turns.len())]
    }

    /// Returns the next turn after this one without an answer: the next in the queue.
    pub fn next_unanswered(&self, turn: turn::Id) -> Option<turn::Id> {
        self.turns
            .iter()
            .skip_while(|found| found.id != turn)
            .skip(1)
            .find(|found| found.answer.is_none())
            .map(|found| found.id)
    }

    /// Stops turns from waiting for a model; returns the oldest of them.
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

    /// Returns whether the card has anything that the user would miss.
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

    /// Builds a card with a turn per letter: a capital is answered, a small letter is not.
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
