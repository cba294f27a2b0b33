//! An open chat and the operations on it. The submodules group them by topic.

#![expect(
    clippy::disallowed_methods,
    reason = "views may not call these methods; this module is no view"
)]

pub mod answers;
pub mod attachments;
mod cards;
pub mod in_flight;
mod input;
mod merging;
pub mod models;
mod request;
mod saving;
pub mod task;
mod undo;

pub use in_flight::InFlight;
pub use merging::prepare_merging;
pub use models::Unconnected;

pub use task::Task;

use leptos::prelude::*;
use reactive_stores::{AtKeyed, KeyedSubfield, Store};

use crate::{
    address::Wanted,
    chat::{
        self, Card, CardStoreFields, Chat, ChatStoreFields, Draft, Turn, card, turn, undo::Removed,
    },
    endpoint, fault,
    library::Library,
    table::Table,
};
use saving::Saving;

/// A card in the store. Its fields are read and written individually.
pub type CardField = AtKeyed<Store<Chat>, Chat, card::Id, Vec<Card>>;
/// A turn in the store.
pub type TurnField = AtKeyed<CardField, Card, turn::Id, Vec<Turn>>;

/// An open chat: its state and the operations that a user can perform on it.
///
/// The store holds exactly what storage holds; the signals hold state that dies with the tab. A
/// chat that is no longer shown stays open while it has an answer in flight.
#[derive(Clone, Copy)]
pub struct Session {
    library: Library,
    chat: Store<Chat>,
    in_flight: RwSignal<Table<card::Id, InFlight>>,
    removed: RwSignal<Vec<Removed>>,
    skipped: RwSignal<Vec<card::Id>>,
    proposed: RwSignal<Table<card::Id, Wanted>>,
    elsewhere: RwSignal<Vec<card::Id>>,
    is_stored: RwSignal<bool>,
    files: attachments::Files,
    saving: StoredValue<Saving, LocalStorage>,
}

impl PartialEq for Session {
    fn eq(&self, other: &Self) -> bool {
        self.in_flight == other.in_flight
    }
}

impl Eq for Session {}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Session({})", self.id())
    }
}

impl Session {
    /// Opens a chat. `stored` is its stored text.
    pub(crate) fn new(library: Library, chat: Chat, stored: Option<String>) -> Self {
        let is_stored = stored.is_some();
        let saving = Saving::new(chat.clone(), stored.unwrap_or_default());
        let session = Self {
            library,
            chat: Store::new(chat),
            in_flight: RwSignal::default(),
            removed: RwSignal::default(),
            skipped: RwSignal::default(),
            proposed: RwSignal::default(),
            elsewhere: RwSignal::default(),
            is_stored: RwSignal::new(is_stored),
            files: attachments::Files::new(),
            saving: StoredValue::new_local(saving),
        };
        session.look_for_contents();
        session.watch_other_tabs();
        session.take_rescued();
        session
    }

    /// Restores drafts that were not saved when the page failed.
    fn take_rescued(self) {
        let cards = self.chat.cards();
        let mut ids: Vec<_> = cards.read_untracked().iter().map(|card| card.id).collect();
        // Inputs in sync may lag behind the focused one: its text is applied last, and stays.
        let typed_in = fault::typed_in();
        if let Some(at) = ids
            .iter()
            .position(|card| Some(card.to_string()) == typed_in)
        {
            let last = ids.remove(at);
            ids.push(last);
        }
        for card in ids {
            if let Some(text) = fault::take_draft(&card.to_string())
                && untrack(|| self.draft(card)) != text
            {
                self.draft_changed(card, text);
            }
        }
    }

    // State that the page shows.

    /// State shared by all chats.
    pub const fn library(self) -> Library {
        self.library
    }

    /// The chat's current identifier. It changes when this tab continues with a copy.
    pub fn id(self) -> chat::Id {
        self.chat.id().get_untracked()
    }

    /// The chat's identifier for its address; `None` until the chat is first saved.
    pub fn address(self) -> Option<chat::Id> {
        let id = self.chat.id().get();
        self.is_stored.get().then_some(id)
    }

    /// The title that the user set, else the chat's first words; empty if there are none.
    pub fn title(self) -> String {
        self.chat.read().shown_title()
    }

    /// The leftmost card.
    pub fn first_card(self) -> Option<card::Id> {
        let cards = self.chat.cards();
        let cards = cards.read_untracked();
        cards.first().map(|card| card.id)
    }

    /// Returns whether the chat is still unused.
    pub fn is_new(self) -> bool {
        !self.chat.read_untracked().is_used()
    }

    /// The cards, from left to right.
    pub fn cards(self) -> KeyedSubfield<Store<Chat>, Chat, card::Id, Vec<Card>> {
        self.chat.cards()
    }

    /// A card. Read it with the `try_` methods: it may be deleted before its view is.
    pub fn card(self, id: card::Id) -> CardField {
        self.chat.cards().at_key(id)
    }

    /// A turn. Read it with the `try_` methods, like a card.
    pub fn turn(self, card: card::Id, turn: turn::Id) -> TurnField {
        self.card(card).turns().at_key(turn)
    }

    /// A card's answer in flight.
    pub fn in_flight(self, card: card::Id) -> Option<InFlight> {
        self.in_flight.with(|all| all.get(&card).cloned())
    }

    /// Returns whether a card's turn comes after another of its turns.
    pub fn comes_after(self, card: card::Id, turn: turn::Id, other: turn::Id) -> bool {
        let card = self.card(card).try_read();
        card.is_some_and(|card| card.before(turn).iter().any(|before| before.id == other))
    }

    /// Number of cards with an answer in flight.
    pub fn answering(self) -> usize {
        self.in_flight.with(Table::len)
    }

    /// The text of the draft that a card shows.
    pub fn draft(self, card: card::Id) -> String {
        self.with_draft(card, |draft| draft.text.clone())
    }

    /// Reads the draft that a card shows.
    pub(super) fn with_draft<T: Default>(
        self,
        card: card::Id,
        look: impl FnOnce(&Draft) -> T,
    ) -> T {
        match self.card(card).synced().try_get() {
            Some(false) => {
                let draft = self.card(card).draft();
                draft
                    .try_read()
                    .map(|draft| look(&draft))
                    .unwrap_or_default()
            }
            _ => look(&self.chat.draft().read()),
        }
    }

    /// Returns whether the last send skipped a card.
    pub fn was_skipped(self, card: card::Id) -> bool {
        self.skipped.with(|skipped| skipped.contains(&card))
    }

    /// The endpoint and model that the page's address requests for a card, if no saved endpoint
    /// matches.
    pub fn proposed(self, card: card::Id) -> Option<Wanted> {
        self.proposed.with(|proposed| proposed.get(&card).cloned())
    }

    /// Returns whether a card has an endpoint and a model.
    pub fn can_ask(self, card: card::Id) -> bool {
        let endpoints = self.library.endpoints().read();
        self.card(card)
            .try_read()
            .is_some_and(|card| card.target(&endpoints).is_some())
    }

    /// A card's endpoint and model; the model is empty until one is chosen.
    pub fn target(self, card: card::Id) -> Option<(endpoint::Id, String)> {
        let card = self.card(card);
        let endpoint = card.endpoint().try_get().flatten()?;
        Some((
            endpoint,
            card.model().try_get().flatten().unwrap_or_default(),
        ))
    }

    /// A card's position, counted from 0 on the left; 0 if the card is gone.
    pub fn place(self, card: card::Id) -> usize {
        let cards = self.chat.cards();
        let cards = cards.read();
        cards.iter().position(|found| found.id == card).unwrap_or(0)
    }

    /// Returns whether another tab is answering this turn, the last one of its card.
    pub fn is_elsewhere(self, card: card::Id, turn: turn::Id) -> bool {
        self.elsewhere.with(|elsewhere| elsewhere.contains(&card))
            && self
                .card(card)
                .try_read()
                .is_some_and(|card| card.turns.last().is_some_and(|last| last.id == turn))
    }
}
