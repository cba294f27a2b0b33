//! A chat: the cards on the page, their conversations and drafts, exactly as they are stored.

pub mod card;
pub mod sync;
pub mod turn;

pub use card::{Card, CardStoreFields};
pub use turn::{Answer, Outcome, Turn, TurnStoreFields};

use reactive_stores::Store;
use serde::{Deserialize, Serialize};

crate::id::declare_id! {
    /// Identifies a chat among all that were ever stored.
}

/// Everything on the page at once: one entry of the history.
#[derive(Clone, Debug, PartialEq, Store, Serialize, Deserialize)]
pub struct Chat {
    /// Its key in the storage.
    pub id: Id,
    /// What the cards in sync are about to be asked; each shows it as its own.
    #[serde(default)]
    pub draft: String,
    /// From left to right; never empty.
    #[store(key: card::Id = |card| card.id)]
    pub cards: Vec<Card>,
}

impl Chat {
    /// A chat in which nothing was said, with the one card that every chat has.
    pub fn new(id: Id, card: Card) -> Self {
        Self {
            id,
            draft: String::new(),
            cards: vec![card],
        }
    }

    /// The card with that identifier, if it is on the page.
    pub fn card(&self, id: card::Id) -> Option<&Card> {
        self.cards.iter().find(|card| card.id == id)
    }

    /// Writes an answer under its turn, as [`Turn::receive`] does. Without the turn, nothing
    /// happens: it was deleted meanwhile.
    pub fn receive(&mut self, card: card::Id, turn: turn::Id, answer: Answer) {
        let card = self.cards.iter_mut().find(|found| found.id == card);
        let turn = card.and_then(|card| card.turns.iter_mut().find(|found| found.id == turn));
        if let Some(turn) = turn {
            turn.receive(answer);
        }
    }
}
