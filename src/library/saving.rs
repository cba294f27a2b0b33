//! Saving of the shared state and of chats, and failures to save.

use leptos::{prelude::*, task::spawn_local};

use super::{Change, Library};
use crate::{
    chat::{self, Entry},
    id::now,
    storage::{self, Key, archive, journal},
};

impl Library {
    /// The reason why something is not saved, if any.
    pub fn unsaved(self) -> Option<storage::Error> {
        self.unsaved
            .with(|unsaved| unsaved.first().map(|(_, error)| *error))
    }

    pub(super) fn write_endpoints(self) {
        let endpoints = self.endpoints.read_untracked();
        self.write(Key::Endpoints, || storage::save_endpoints(&endpoints));
    }

    pub(super) fn save_settings(self) {
        self.settings.update(|settings| settings.at = now());
        let settings = self.settings.read_untracked();
        self.write(Key::Settings, || storage::save_settings(&settings));
    }

    /// Saves a chat's text. Returns the text as stored, compressed if that was necessary, or `None`
    /// if it is not saved.
    pub(crate) fn write_chat(self, id: chat::Id, text: String) -> Option<String> {
        let key = Key::Chat(id);
        let mut compressed = None;
        let is_saved = self.write(key, || {
            compressed = storage::save_chat(id, &text)?;
            Ok(())
        });
        if is_saved {
            journal::forget_for_page(&key.to_string());
        } else {
            journal::put_for_page(&key.to_string(), &text);
        }
        // Values that failed before may fit now.
        let failed = |key| {
            self.unsaved
                .with_untracked(|all| all.iter().any(|(of, _)| *of == key))
        };
        if is_saved && failed(Key::Endpoints) {
            self.save_endpoints();
        }
        if is_saved && failed(Key::Settings) {
            self.save_settings();
        }
        is_saved.then(|| compressed.unwrap_or(text))
    }

    /// Saves a chat's history entry; returns whether it is saved.
    pub(crate) fn write_entry(self, entry: &Entry) -> bool {
        let is_saved = self.write(Key::Entry(entry.id), || storage::save_entry(entry));
        self.history_changed();
        is_saved
    }

    /// Writes a value, unless storage is blocked, and records its error until a write succeeds.
    /// Returns whether it is saved.
    fn write(self, key: Key, write: impl FnOnce() -> Result<(), storage::Error>) -> bool {
        if self.tab.with_value(|tab| tab.off) {
            return false;
        }
        let failed = if self.makes_way(key) {
            write().err()
        } else {
            Some(storage::Error::Full)
        };
        self.note_saved(key, failed);
        // The value may fit once compressed.
        if failed == Some(storage::Error::Full) && !archive::is_here() {
            spawn_local(async move {
                if archive::load().await {
                    self.tell(Change::Space);
                }
            });
        }
        failed.is_none()
    }

    /// Sets a stored value aside if it can't be read; returns whether the key may be written. For a
    /// chat, this happens on save, because only the merge code can read it.
    pub(super) fn makes_way(self, key: Key) -> bool {
        if matches!(key, Key::Chat(_) | Key::Entry(_)) {
            return true;
        }
        let stored = storage::text(key);
        let damaged = stored.filter(|stored| !storage::is_readable(key, stored));
        damaged.is_none_or(|damaged| self.set_aside(key, &damaged))
    }

    /// Keeps a chat only in the journal, for the reason why it can't be written.
    pub(crate) fn keep_in_journal(self, id: chat::Id, text: &str, why: storage::Error) {
        let key = Key::Chat(id);
        journal::put_for_page(&key.to_string(), text);
        self.note_saved(key, Some(why));
    }

    /// Sets a damaged value aside and tells the user; returns whether there was space for it.
    pub(crate) fn set_aside(self, key: Key, damaged: &str) -> bool {
        let put = storage::set_aside(key, damaged);
        put.map(|key| self.note_aside(key)).is_ok()
    }

    /// Records that nothing of a chat waits to be saved.
    pub(crate) fn forget_unsaved(self, id: chat::Id) {
        self.note_saved(Key::Chat(id), None);
        self.note_saved(Key::Entry(id), None);
    }

    /// Records that a value is saved, or why not.
    fn note_saved(self, key: Key, failed: Option<storage::Error>) {
        let mut unsaved = self.unsaved.get_untracked();
        unsaved.retain(|(of, _)| *of != key);
        unsaved.extend(failed.map(|error| (key, error)));
        if self.unsaved.with_untracked(|before| *before != unsaved) {
            self.unsaved.set(unsaved);
        }
    }

    /// Returns whether a value could not be saved.
    pub fn is_unsaved(self, key: Key) -> bool {
        self.tab.with_value(|tab| tab.off)
            || self
                .unsaved
                .with_untracked(|unsaved| unsaved.iter().any(|(of, _)| *of == key))
    }
}
