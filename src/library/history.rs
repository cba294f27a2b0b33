//! The library's view of the history: its changes, and the undo of deletions.

use leptos::prelude::*;

use super::{Change, Library};
use crate::{
    chat,
    endpoint::{Endpoint, Endpoints},
    storage::{self, Key},
};

/// A removal from the library that can be undone.
#[derive(Clone, Debug)]
pub enum Removed {
    /// Chats of the history, as pairs of key and stored text.
    Chats(Vec<(String, String)>),
    /// An endpoint, with its position in the list.
    Endpoint(Endpoint, usize),
}

impl Library {
    /// The chat that last sent a prompt.
    pub(crate) fn last_chat(self) -> Option<chat::Id> {
        self.tab.with_value(|tab| tab.last)
    }

    /// Subscribes to chats being stored or deleted.
    pub fn follow_history(self) {
        self.history.track();
    }

    /// Notifies subscribers and open chats that the history has changed.
    pub(super) fn history_changed(self) {
        self.history.notify();
        self.tell(Change::History);
    }

    /// Deletes a chat from storage.
    pub(crate) fn remove_chat(self, id: chat::Id) {
        storage::delete_chat(id);
        self.forget_unsaved(id);
        self.history_changed();
    }

    /// Offers to undo the deletion of chats, given as pairs of key and stored text.
    pub fn offer_undo(self, removed: Vec<(String, String)>) {
        self.removed.write().push(Removed::Chats(removed));
    }

    /// The latest removal that can still be undone.
    pub fn removed(self) -> Option<Removed> {
        self.removed.with(|removed| removed.last().cloned())
    }

    /// Withdraws the offer to undo removals.
    pub fn dismiss_removed(self) {
        self.removed.set(Vec::new());
    }

    /// Undoes the latest removal from the library; returns the chat, if it was one.
    pub fn undo(self) -> Option<chat::Id> {
        match self.removed.try_update(Vec::pop).flatten()? {
            Removed::Chats(values) => {
                if !storage::put_back(&values) {
                    self.removed.write().push(Removed::Chats(values));
                    return None;
                }
                self.history_changed();
                values.iter().find_map(|(key, _)| match Key::parse(key) {
                    Some(Key::Chat(id)) => Some(id),
                    _ => None,
                })
            }
            Removed::Endpoint(endpoint, index) => {
                let id = endpoint.id;
                self.endpoints
                    .update(|Endpoints { list, .. }| list.insert(index.min(list.len()), endpoint));
                self.save_endpoints();
                self.load_models(id);
                self.tell(Change::Endpoints);
                None
            }
        }
    }
}
