//! Removal of parts of a chat, and undo.

use leptos::prelude::*;

use super::Session;
use crate::{
    chat::{Chat, Outcome, card, turn, undo::Removed},
    id::fresh,
};

impl Session {
    /// The latest removal that can still be undone.
    pub fn removed(self) -> Option<Removed> {
        self.removed.with(|removed| removed.last().cloned())
    }

    /// Deletes a turn, with its answers, from a card.
    pub fn delete_turn(self, card: card::Id, turn: turn::Id) {
        if untrack(|| self.in_flight(card)).is_some_and(|answer| answer.turn == turn) {
            self.finish(card, Outcome::Stopped);
        }
        self.remove(|chat| chat.remove_turn(card, turn));
    }

    /// Deletes a card's turns and nothing else.
    pub fn clear_card(self, card: card::Id) {
        self.finish(card, Outcome::Stopped);
        self.remove(|chat| chat.clear_card(card));
    }

    /// Copies this card's parameters and system prompt to every card.
    pub fn copy_settings(self, from: card::Id) {
        self.remove(|chat| chat.copy_settings(from));
    }

    /// Replaces a turn's prompt and sends it. Later turns are removed, which can be undone.
    pub fn resend(self, card: card::Id, turn: turn::Id, prompt: String) {
        if prompt.trim().is_empty() {
            return;
        }
        self.finish(card, Outcome::Stopped);
        let by = fresh();
        let is_replaced = self.remove(|chat| {
            let replaced = chat.replace_question(card, turn, prompt, by)?;
            chat.used = js_sys::Date::now();
            Some(replaced)
        });
        if is_replaced {
            self.ask(card, by, false);
        }
    }

    /// Makes a change that can be undone, and saves it; returns whether anything changed.
    fn remove(self, change: impl FnOnce(&mut Chat) -> Option<Removed>) -> bool {
        let mut removed = None;
        self.chat.update_untracked(|chat| removed = change(chat));
        let Some(removed) = removed else {
            return false;
        };
        for part in removed.parts() {
            self.changed(part);
        }
        self.removed.write().push(removed);
        self.save();
        true
    }

    /// Undoes the latest removal and returns its card. The removal before it is next.
    pub fn undo(self) -> Option<card::Id> {
        let removed = self.removed.try_update(Vec::pop).flatten()?;
        if let Removed::Replaced { card, .. } = removed {
            self.finish(card, Outcome::Stopped);
        }
        let parts = removed.parts();
        let mut card = None;
        self.chat
            .update_untracked(|chat| card = chat.put_back(removed));
        for part in parts {
            self.changed(part);
        }
        self.save();
        card
    }

    /// Withdraws the offer to undo removals.
    pub fn dismiss_removed(self) {
        self.removed.set(Vec::new());
    }
}
