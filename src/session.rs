//! An open chat: what the page knows of it. What a user does with it stands by topic in the rooms
//! below.

#![expect(
    clippy::disallowed_methods,
    reason = "the border that clippy.toml draws ends here"
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

pub use attachments::Reading;
pub use in_flight::{InFlight, Partial, Stage};
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

/// One card in the store, whose fields are read and written one by one.
pub type CardField = AtKeyed<Store<Chat>, Chat, card::Id, Vec<Card>>;
/// One turn in the store.
pub type TurnField = AtKeyed<CardField, Card, turn::Id, Vec<Turn>>;

/// An open chat: all that the page knows of it, and all that a user can do with it.
///
/// The store holds exactly what is in the storage; the signals hold what dies with the tab. A chat
/// that is left goes on while it has an answer coming.
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
    /// Opens a chat, with the text that is stored of it.
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

    /// Takes over what was typed when the page failed, where that was not saved.
    fn take_rescued(self) {
        let cards = self.chat.cards();
        let mut ids: Vec<_> = cards.read_untracked().iter().map(|card| card.id).collect();
        // The inputs in sync may lag behind the one that is typed in: its text comes last, and stays.
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

    // What the page shows.

    /// What all chats share.
    pub const fn library(self) -> Library {
        self.library
    }

    /// The chat's identifier now; it changes when this tab goes on with a copy.
    pub fn id(self) -> chat::Id {
        self.chat.id().get_untracked()
    }

    /// The chat's identifier for its address, which it has once something was said in it.
    pub fn address(self) -> Option<chat::Id> {
        let id = self.chat.id().get();
        self.is_stored.get().then_some(id)
    }

    /// The chat's title: the reader's, else its first words; empty where nothing was said.
    pub fn title(self) -> String {
        self.chat.read().shown_title()
    }

    /// The card on the left.
    pub fn first_card(self) -> Option<card::Id> {
        let cards = self.chat.cards();
        let cards = cards.read_untracked();
        cards.first().map(|card| card.id)
    }

    /// Whether nothing was said in it yet.
    pub fn is_new(self) -> bool {
        !self.chat.read_untracked().is_used()
    }

    /// The cards, from left to right.
    pub fn cards(self) -> KeyedSubfield<Store<Chat>, Chat, card::Id, Vec<Card>> {
        self.chat.cards()
    }

    /// One card. Read it with the `try_` methods: it may be deleted before its view is.
    pub fn card(self, id: card::Id) -> CardField {
        self.chat.cards().at_key(id)
    }

    /// One turn. Read it with the `try_` methods, as a card.
    pub fn turn(self, card: card::Id, turn: turn::Id) -> TurnField {
        self.card(card).turns().at_key(turn)
    }

    /// The answer that a card is giving.
    pub fn in_flight(self, card: card::Id) -> Option<InFlight> {
        self.in_flight.with(|all| all.get(&card).cloned())
    }

    /// Whether a card's turn comes after another of its turns.
    pub fn comes_after(self, card: card::Id, turn: turn::Id, other: turn::Id) -> bool {
        let card = self.card(card).try_read();
        card.is_some_and(|card| card.before(turn).iter().any(|before| before.id == other))
    }

    /// How many cards are answering.
    pub fn answering(self) -> usize {
        self.in_flight.with(Table::len)
    }

    /// The words of the draft that a card shows.
    pub fn draft(self, card: card::Id) -> String {
        self.with_draft(card, |draft| draft.text.clone())
    }

    /// Looks at the draft that a card shows.
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

    /// Whether a card took no part in what was sent last.
    pub fn was_skipped(self, card: card::Id) -> bool {
        self.skipped.with(|skipped| skipped.contains(&card))
    }

    /// What the page's address wants a card to talk to, where it is no saved endpoint.
    pub fn proposed(self, card: card::Id) -> Option<Wanted> {
        self.proposed.with(|proposed| proposed.get(&card).cloned())
    }

    /// Whether a card has a model to ask.
    pub fn can_ask(self, card: card::Id) -> bool {
        let endpoints = self.library.endpoints().read();
        self.card(card)
            .try_read()
            .is_some_and(|card| card.target(&endpoints).is_some())
    }

    /// The endpoint that a card asks, and its model; no name where none is chosen yet.
    pub fn asked(self, card: card::Id) -> Option<(endpoint::Id, String)> {
        let card = self.card(card);
        let endpoint = card.endpoint().try_get().flatten()?;
        Some((
            endpoint,
            card.model().try_get().flatten().unwrap_or_default(),
        ))
    }

    /// The card's place, counted from 0 on the left; 0 for one that is gone.
    pub fn place(self, card: card::Id) -> usize {
        let cards = self.chat.cards();
        let cards = cards.read();
        cards.iter().position(|found| found.id == card).unwrap_or(0)
    }

    /// Whether another tab is answering a turn, which is its card's last one.
    pub fn is_elsewhere(self, card: card::Id, turn: turn::Id) -> bool {
        self.elsewhere.with(|elsewhere| elsewhere.contains(&card))
            && self
                .card(card)
                .try_read()
                .is_some_and(|card| card.turns.last().is_some_and(|last| last.id == turn))
    }
}
