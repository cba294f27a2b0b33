//! A chat: the cards on the page with their conversations and drafts, exactly as stored.

pub mod answer;
pub mod attachment;
pub mod card;
pub mod draft;
pub mod entry;
pub mod extra;
pub mod failure;
pub mod input;
pub mod merge;
pub mod metrics;
pub mod params;
pub mod part;
pub mod readings;
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
pub use extra::Extra;
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
    /// Identifies a chat among all chats ever stored.
}

/// The whole page: one entry of the history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "store", derive(Store))]
pub struct Chat {
    /// Key in the storage.
    pub id: Id,
    /// Title given by the user; empty if none.
    #[serde(default)]
    pub title: String,
    /// Time of the last request, in milliseconds since 1970; 0 if unknown.
    #[serde(default)]
    pub used: f64,
    /// True if the chat stays at the top of the history.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pinned: bool,
    /// The user's tags, without duplicates.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Time of each part's last change, used to merge diverged copies.
    #[serde(default, skip_serializing_if = "Stamps::is_empty")]
    pub stamps: Stamps,
    /// Draft shared by the synced cards.
    #[serde(default)]
    pub draft: Draft,
    /// Cards from left to right; never empty.
    #[cfg_attr(feature = "store", store(key: card::Id = |card| card.id))]
    pub cards: Vec<Card>,
    /// Fields written by a later version.
    #[serde(skip)]
    pub rest: Rest,
}

impl Chat {
    /// Creates a chat of these cards. Every chat has a card.
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

    /// Parses a stored chat of schema version 1 or 2; None if it is not a chat.
    pub fn read(text: &str) -> Option<Self> {
        let (mut chat, rest) = json::read_all::<Self>(text)?;
        chat.rest = rest;
        chat.number_answers();
        // Every chat has a card.
        (!chat.cards.is_empty()).then_some(chat)
    }

    /// Returns the chat as it is stored.
    pub fn text(&self) -> String {
        self.rest.write(self)
    }

    /// Returns whether the chat has any text by the user or a model.
    pub fn has_words(&self) -> bool {
        !self.draft.is_empty() || !self.title.is_empty() || self.cards.iter().any(Card::has_words)
    }

    /// Returns whether the user has done anything in the chat. An unused chat is not stored.
    pub fn is_used(&self) -> bool {
        self.cards.len() > 1 || self.has_words()
    }

    /// Returns the card with this identifier, if it is on the page.
    pub fn card(&self, id: card::Id) -> Option<&Card> {
        self.cards.iter().find(|card| card.id == id)
    }

    /// Iterates over the attachments of all drafts, questions and answers; shared ones come several
    /// times.
    pub fn attachments(&self) -> impl Iterator<Item = &Attachment> {
        let cards = self.cards.iter().flat_map(|card| {
            let turns = card.turns.iter().flat_map(|turn| {
                let extras = turn.answers().flat_map(|answer| &answer.extras);
                let stored = extras.filter_map(|extra| extra.stored.as_ref());
                turn.attachments.iter().chain(stored)
            });
            card.draft.attachments.iter().chain(turns)
        });
        self.draft.attachments.iter().chain(cards)
    }

    /// Returns a turn of a card, or None if it was deleted meanwhile.
    pub fn turn_mut(&mut self, card: card::Id, turn: turn::Id) -> Option<&mut Turn> {
        let card = self.cards.iter_mut().find(|found| found.id == card)?;
        card.turns.iter_mut().find(|found| found.id == turn)
    }
}
