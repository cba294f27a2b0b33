//! The chats of the history as the library knows them: that they come and go, and how deleted ones
//! are put back.

use leptos::prelude::*;

use super::{Change, Library};
use crate::{
    chat,
    endpoint::{Endpoint, Endpoints},
    storage::{self, Key},
};

/// What was removed from the library, to be put back.
#[derive(Clone, Debug)]
pub enum Removed {
    /// Chats of the history: the text that was stored of each, with its key.
    Chats(Vec<(String, String)>),
    /// An endpoint, with its place in the list.
    Endpoint(Endpoint, usize),
}

impl Library {
    // What a user does with the history and the settings.

    /// The chat in which something was asked last.
    pub(crate) fn last_chat(self) -> Option<chat::Id> {
        self.tab.with_value(|tab| tab.last)
    }

    /// Follows what is stored: chats that come and go.
    pub fn follow_history(self) {
        self.history.track();
    }

    /// Tells everyone who shows the history that it has changed.
    pub(super) fn history_changed(self) {
        self.history.notify();
        self.tell(Change::History);
    }

    /// Takes a chat out of the storage.
    pub(crate) fn remove_chat(self, id: chat::Id) {
        storage::delete_chat(id);
        self.forget_unsaved(id);
        self.history_changed();
    }

    /// Offers to put back chats that were deleted: what was stored of them, under which keys.
    pub fn offer_undo(self, removed: Vec<(String, String)>) {
        self.removed.write().push(Removed::Chats(removed));
    }

    /// What was removed from the library last, while it can still be put back.
    pub fn removed(self) -> Option<Removed> {
        self.removed.with(|removed| removed.last().cloned())
    }

    /// Takes the offer to undo what was removed away.
    pub fn dismiss_removed(self) {
        self.removed.set(Vec::new());
    }

    /// Puts back what was removed from the library last; returns the chat, if it was one.
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
