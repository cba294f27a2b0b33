//! What a user takes out of a chat, and how it is put back.

use leptos::prelude::*;

use super::Session;
use crate::{
    chat::{Chat, Outcome, card, turn, undo::Removed},
    id::fresh,
};

impl Session {
    /// What was removed last, while it can still be put back.
    pub fn removed(self) -> Option<Removed> {
        self.removed.with(|removed| removed.last().cloned())
    }

    /// Takes a turn out of the card, with what was answered.
    pub fn delete_turn(self, card: card::Id, turn: turn::Id) {
        if untrack(|| self.in_flight(card)).is_some_and(|answer| answer.turn == turn) {
            self.finish(card, Outcome::Stopped);
        }
        self.remove(|chat| chat.remove_turn(card, turn));
    }

    /// Deletes what was said in a card, and nothing else of it.
    pub fn clear_card(self, card: card::Id) {
        self.finish(card, Outcome::Stopped);
        self.remove(|chat| chat.clear_card(card));
    }

    /// Gives every card this one's parameters and system prompt.
    pub fn copy_settings(self, from: card::Id) {
        self.remove(|chat| chat.copy_settings(from));
    }

    /// Asks another question in place of one; what was said after it goes, with a way back.
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

    /// Makes a change that can be undone, and saves it; returns whether anything was changed.
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

    /// Puts back what was removed last; returns the card that it is in. What was removed before
    /// that is next.
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

    /// Takes the offer to undo what was removed away.
    pub fn dismiss_removed(self) {
        self.removed.set(Vec::new());
    }
}
