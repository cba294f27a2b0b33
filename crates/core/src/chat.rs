//! A chat: the cards on the page, their conversations and drafts, exactly as they are stored.

pub mod answer;
pub mod attachment;
pub mod card;
pub mod draft;
pub mod entry;
pub mod failure;
pub mod input;
pub mod merge;
pub mod metrics;
pub mod params;
pub mod part;
pub mod saving;
pub mod turn;
pub mod undo;
pub mod usage;

pub use answer::{Answer, Outcome};
pub use attachment::Attachment;
pub use card::Card;
#[cfg(feature = "store")]
pub use card::CardStoreFields;
pub use draft::Draft;
pub use entry::Entry;
pub use failure::Failure;
pub use merge::Stamps;
pub use metrics::Metrics;
pub use params::Params;
pub use part::Part;
pub use turn::Turn;
#[cfg(feature = "store")]
pub use turn::TurnStoreFields;
pub use usage::Usage;

#[cfg(feature = "store")]
use reactive_stores::Store;
use serde::{Deserialize, Serialize};

use crate::json::{self, Rest};

crate::id::declare_id! {
    /// Identifies a chat among all that were ever stored.
}

/// Everything on the page at once: one entry of the history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "store", derive(Store))]
pub struct Chat {
    /// Its key in the storage.
    pub id: Id,
    /// What the reader calls it; empty until then.
    #[serde(default)]
    pub title: String,
    /// When it was asked last, in milliseconds since 1970; 0 where that is not known.
    #[serde(default)]
    pub used: f64,
    /// Whether it stays at the top of the history.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pinned: bool,
    /// The reader's, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// When what was changed, so that two that went different ways can be made one.
    #[serde(default, skip_serializing_if = "Stamps::is_empty")]
    pub stamps: Stamps,
    /// What the cards in sync are about to be asked; each shows it as its own.
    #[serde(default)]
    pub draft: Draft,
    /// From left to right; never empty.
    #[cfg_attr(feature = "store", store(key: card::Id = |card| card.id))]
    pub cards: Vec<Card>,
    /// What a later version has written into it.
    #[serde(skip)]
    pub rest: Rest,
}

impl Chat {
    /// A chat in which nothing was said. Every chat has a card.
    pub fn new(id: Id, cards: Vec<Card>) -> Self {
        Self {
            id,
            title: String::new(),
            used: 0.0,
            pinned: false,
            tags: Vec::new(),
            stamps: Stamps::default(),
            draft: Draft::default(),
            cards,
            rest: Rest::default(),
        }
    }

    /// Reads what is stored of a chat, of version 1 or 2; None where it is none.
    pub fn read(text: &str) -> Option<Self> {
        let (mut chat, rest) = json::read_all::<Self>(text)?;
        chat.rest = rest;
        chat.number_answers();
        // Every chat has a card.
        (!chat.cards.is_empty()).then_some(chat)
    }

    /// What is stored of it.
    pub fn text(&self) -> String {
        self.rest.write(self)
    }

    /// Whether there is anything in it that a reader has written or was answered.
    pub fn has_words(&self) -> bool {
        !self.draft.is_empty() || !self.title.is_empty() || self.cards.iter().any(Card::has_words)
    }

    /// Whether the reader has done anything with it. A chat that was never used is not stored.
    pub fn is_used(&self) -> bool {
        self.cards.len() > 1 || self.has_words()
    }

    /// The card with that identifier, if it is on the page.
    pub fn card(&self, id: card::Id) -> Option<&Card> {
        self.cards.iter().find(|card| card.id == id)
    }

    /// Every attachment of its drafts and turns; one that several share comes several times.
    pub fn attachments(&self) -> impl Iterator<Item = &Attachment> {
        let cards = self.cards.iter().flat_map(|card| {
            let turns = card.turns.iter().flat_map(|turn| &turn.attachments);
            card.draft.attachments.iter().chain(turns)
        });
        self.draft.attachments.iter().chain(cards)
    }

    /// A turn of a card. None where it was deleted meanwhile.
    pub fn turn_mut(&mut self, card: card::Id, turn: turn::Id) -> Option<&mut Turn> {
        let card = self.cards.iter_mut().find(|found| found.id == card)?;
        card.turns.iter_mut().find(|found| found.id == turn)
    }
}
