//! Saving of a chat.

use std::time::Duration;

use leptos::{leptos_dom::helpers::TimeoutHandle, prelude::*};

use super::{Session, answers};
use crate::{
    chat::{
        self, Chat, ChatStoreFields, Entry, Outcome,
        saving::{self, Due, Pace, Plan},
    },
    id::now,
    storage::{self, Key},
};

/// The state of saving a chat.
#[derive(Debug, Default)]
pub(super) struct Saving {
    /// True once the chat is deleted or closed: nothing of it is saved any more.
    is_over: bool,
    /// The history entry as this tab last saved it.
    pub(super) entry: Option<Entry>,
    /// The chat as this tab or another last saved it, including stamps.
    pub(super) before: Option<Chat>,
    /// The stored text, as far as this tab knows.
    pub(super) known: String,
    pace: Pace,
    /// Timer for the next save.
    timer: Option<TimeoutHandle>,
}

impl Saving {
    /// State for a chat of which this text is stored.
    pub(super) fn new(chat: Chat, known: String) -> Self {
        Self {
            before: Some(chat),
            known,
            ..Self::default()
        }
    }

    /// Records that no change waits to be saved.
    fn settle(&mut self) {
        self.pace.saved(js_sys::Date::now());
        if let Some(timer) = self.timer.take() {
            timer.clear();
        }
    }
}

impl Session {
    /// Saves pending changes, and returns the identifier for the chat's address.
    pub fn leave(self) -> Option<chat::Id> {
        self.flush();
        untrack(|| self.address())
    }

    /// Saves the chat now, including the received part of each answer. An unused chat is not saved.
    pub(crate) fn save(self) {
        let is_over = self.saving.try_update_value(|saving| {
            saving.settle();
            saving.is_over
        });
        let is_stored = self.is_stored.get_untracked();
        if is_over.unwrap_or(true) || !is_stored && self.is_new() {
            return;
        }
        if self.chat.used().get_untracked() == 0.0 {
            self.chat.used().set(js_sys::Date::now());
        }
        let chat = self.stamped(self.whole());
        let known = self.saving.with_value(|saving| saving.known.clone());
        let stored = storage::text(Key::Chat(chat.id));
        let chat = match saving::plan(chat.clone(), &known, stored, Self::merger()) {
            Plan::Write(chat) => chat,
            Plan::WriteMerged(merged) => {
                self.adopt_if_here(merged.clone());
                merged
            }
            Plan::AwaitMerger { theirs } => {
                let text = chat.text();
                self.library
                    .keep_in_journal(chat.id, &text, storage::Error::Unmerged);
                return self.merge_later(theirs);
            }
            Plan::SetAside { damaged, chat } => {
                if !self.library.set_aside(Key::Chat(chat.id), &damaged) {
                    let text = chat.text();
                    self.library
                        .keep_in_journal(chat.id, &text, storage::Error::Full);
                    return;
                }
                chat
            }
        };
        self.write(chat);
    }

    /// Writes the chat and its history entry.
    fn write(self, chat: Chat) {
        let saved = self.library.write_chat(chat.id, chat.text());
        // Set even if saving failed: the chat then stays open, and its address leads to it.
        if !self.is_stored.get_untracked() {
            self.is_stored.set(true);
        }
        let entry = chat.entry();
        if self
            .saving
            .with_value(|saving| saving.entry.as_ref() != Some(&entry))
            && self.library.write_entry(&entry)
        {
            self.saving
                .update_value(|saving| saving.entry = Some(entry));
        }
        self.saving.update_value(|saving| {
            saving.before = Some(chat);
            if let Some(saved) = saved {
                saving.known = saved;
            }
        });
    }

    /// Stamps the parts of a chat that differ from the last saved version.
    pub(super) fn stamped(self, mut chat: Chat) -> Chat {
        self.saving.with_value(|saving| {
            if let Some(before) = &saving.before {
                chat.stamp(before, now());
            }
        });
        chat
    }

    /// The chat as it would be stored now; `None` if it is unused.
    pub(crate) fn unsaved_chat(self) -> Option<Chat> {
        (!self.is_new()).then(|| self.whole())
    }

    /// Changes the chat, title and turns alike, and saves it.
    pub fn edit(self, change: impl FnOnce(&mut Chat)) {
        let mut chat = self.stamped(self.chat.get_untracked());
        change(&mut chat);
        self.adopt(chat);
        self.save();
    }

    /// The chat, including the received part of each answer.
    fn whole(self) -> Chat {
        let mut chat = self.chat.get_untracked();
        self.in_flight.with_untracked(|all| {
            for (card, answer) in all.iter() {
                if let Some(turn) = chat.turn_mut(*card, answer.turn) {
                    answer.write_to(turn, Outcome::Interrupted, answers::ended);
                }
            }
        });
        chat
    }

    /// Saves the chat within a second. A hidden tab's timers are late, but a stream's bytes are
    /// not, so every change checks the time, too.
    pub(super) fn save_soon(self) {
        if !self.is_stored.get_untracked() && !self.is_new() {
            // The first word gives a chat an address to come back to.
            return self.save();
        }
        let now = js_sys::Date::now();
        let due = self
            .saving
            .try_update_value(|saving| saving.pace.changed(now));
        match due {
            Some(Due::Now) => self.save(),
            Some(Due::In(delay)) => {
                let delay = Duration::from_secs_f64(delay / 1000.0);
                let timer = set_timeout_with_handle(move || self.save(), delay).ok();
                self.saving.update_value(|saving| saving.timer = timer);
            }
            Some(Due::Pending) | None => {}
        }
    }

    /// Saves pending changes.
    pub(crate) fn flush(self) {
        if self.saving.with_value(|saving| saving.pace.is_pending()) {
            self.save();
        }
    }

    /// Returns whether the chat must stay open while hidden: an answer is in flight, a file is
    /// being read, or saving failed.
    pub(crate) fn is_needed(self) -> bool {
        self.flush();
        let is_answering = self.in_flight.with_untracked(|all| !all.is_empty());
        let is_kept = self.is_stored.get_untracked() || !self.is_new();
        is_answering
            || self.files.is_busy()
            || is_kept && self.library.is_unsaved(Key::Chat(self.id()))
    }

    /// Closes a stored chat that is no longer shown. A chat without text is removed from the
    /// history.
    pub(crate) fn close(self) {
        let was_over = self
            .saving
            .try_update_value(|saving| std::mem::replace(&mut saving.is_over, true));
        let has_words = self.chat.read_untracked().has_words();
        if self.is_stored.get_untracked() && !has_words && was_over == Some(false) {
            self.library.remove_chat(self.id());
        }
        self.removed.set(Vec::new());
        // Its views outlive it for a moment; after that nobody reads it.
        let empty = Chat::new(self.id(), Vec::new());
        set_timeout(move || _ = self.chat.try_set(empty), Duration::from_secs(1));
    }

    /// Ends a chat that is being deleted.
    pub(crate) fn end(self) {
        self.stop_all();
        self.saving.update_value(|saving| {
            saving.is_over = true;
            saving.settle();
        });
        self.close();
    }

    pub(super) fn has_unsaved(self) -> bool {
        self.saving.with_value(|saving| saving.pace.is_pending())
            || self.library.is_unsaved(Key::Chat(self.id()))
            || self.in_flight.with_untracked(|all| !all.is_empty())
    }
}
