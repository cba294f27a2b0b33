//! Operations on the input.

use leptos::prelude::*;

use super::Session;
use crate::{
    chat::{
        CardStoreFields, ChatStoreFields, Part, card,
        input::{self, Context, Effect, Event},
    },
    id::fresh,
};

impl Session {
    /// Returns whether Send in a card would send a prompt to any card.
    pub fn can_send(self, from: card::Id) -> bool {
        if self.is_held(from) {
            return false;
        }
        let (chat, endpoints) = (self.chat.read(), self.library.endpoints().read());
        let around = Context {
            endpoints: &endpoints,
            is_answering: &|card| self.in_flight.with(|all| all.contains_key(&card)),
            busy: self.library.settings().with(|settings| settings.busy),
        };
        input::can_send(&chat, &around, from)
    }

    /// Changes the draft that a card shows: the shared one or its own.
    pub fn draft_changed(self, card: card::Id, text: String) {
        self.react(Event::Typed(card, text));
        self.save_soon();
    }

    /// Sends the draft that a card shows to that card, or to every card in sync. An empty draft is
    /// not sent, nor one held by an attachment, which says so.
    pub fn send(self, from: card::Id) {
        if untrack(|| self.is_held(from)) {
            return;
        }
        self.skipped.set(Vec::new());
        self.react(Event::Sent(from));
    }

    /// Switches whether a card shares the common input.
    pub fn toggle_sync(self, card: card::Id) {
        self.react(Event::Toggled(card));
        self.save_soon();
    }

    /// Applies an event to the chat through the reducer, and carries out its effects.
    pub(super) fn react(self, event: Event) {
        let mut effects = Vec::new();
        {
            let endpoints = self.library.endpoints().read_untracked();
            let busy = self
                .library
                .settings()
                .with_untracked(|settings| settings.busy);
            let around = Context {
                endpoints: &endpoints,
                is_answering: &|card| self.is_answering(card),
                busy,
            };
            self.chat
                .update_untracked(|chat| effects = input::react(chat, &around, fresh, event));
        }
        let mut asks = Vec::new();
        let mut is_sent = false;
        for effect in effects {
            match effect {
                Effect::Changed(part) => {
                    is_sent |= matches!(part, Part::Turns(_));
                    self.changed(part);
                }
                Effect::Ask(card, turn) => asks.push((card, turn)),
                Effect::Skipped(card) => self.skipped.update(|skipped| skipped.push(card)),
                Effect::Removed(removed) => self.removed.write().push(removed),
            }
        }
        let used: Vec<_> = {
            let chat = self.chat.read_untracked();
            let asked = asks.iter().rev().filter_map(|(card, _)| chat.card(*card));
            asked
                .filter_map(|card| Some((card.endpoint?, card.model.clone()?)))
                .collect()
        };
        let chat = (!used.is_empty()).then(|| self.id());
        self.library.record_use(chat, used);
        // Prompts are saved before they are sent.
        if is_sent {
            self.chat.used().set(js_sys::Date::now());
            self.save();
        }
        for (card, turn) in asks {
            self.ask(card, turn, false);
        }
    }

    /// Notifies subscribers that a part of the chat has changed. Opening a field for writing also
    /// notifies subscribers of the fields around it.
    pub(super) fn changed(self, part: Part) {
        // A card that is gone has no subscribers.
        let _ = match part {
            Part::Draft => self.chat.draft().try_update(|_| ()),
            Part::CardDraft(card) => self.card(card).draft().try_update(|_| ()),
            Part::Synced(card) => self.card(card).synced().try_update(|_| ()),
            Part::Settings(card) => {
                let card = self.card(card);
                card.params().try_update(|_| ());
                card.system().try_update(|_| ())
            }
            Part::Turns(card) => self.card(card).turns().try_update(|_| ()),
            Part::Cards => self.chat.cards().try_update(|_| ()),
        };
    }
}
