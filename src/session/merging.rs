//! Merging of a chat that is open in two tabs.

use leptos::{prelude::*, task::spawn_local};
use wasm_split_helpers::wasm_split;

use super::Session;
use crate::{
    chat::{self, CardStoreFields, Chat, ChatStoreFields, saving::Merge},
    chunk::{self, Chunk, Missing},
    library::Change,
    storage::{self, archive},
};

/// Entry points for taking over another tab's changes.
#[derive(Clone, Copy)]
struct Merging {
    merge: fn(Session, &str),
    adopt: fn(Session, Chat),
}

thread_local! {
    static MERGING: Chunk<Merging> = const { Chunk::new(|| Box::pin(merging())) };
}

#[wasm_split(archive, fallible)]
fn merging() -> Result<Merging, Missing> {
    Ok(Merging {
        merge: Session::merge,
        adopt: Session::adopt,
    })
}

/// Loads the merge code before another tab saves a change.
pub async fn prepare_merging() {
    // On failure, it is loaded when it is needed.
    let _ = (archive::load().await, chunk::load(&MERGING).await);
}

impl Session {
    /// The merge function, if it is loaded.
    pub(super) fn merger() -> Option<Merge> {
        (chunk::get(&MERGING).is_some() && archive::is_here()).then_some(archive::merge)
    }

    /// Shows a merged chat, if the merge code is loaded.
    pub(super) fn adopt_if_here(self, merged: Chat) {
        if let Some(merging) = chunk::get(&MERGING) {
            (merging.adopt)(self, merged);
        }
    }

    /// Handles another tab saving or deleting this chat. The saved text is merged with this tab's,
    /// so that neither loses a word.
    pub(crate) fn changed_elsewhere(self, theirs: Option<String>) {
        match theirs {
            Some(theirs) if self.saving.with_value(|saving| saving.known == theirs) => {}
            Some(theirs) => self.merge_later(theirs),
            // A deleted chat stays while it is shown, and is stored again if it continues.
            None if self.has_unsaved() => self.save(),
            None => {}
        }
    }

    /// Merges another tab's text with this tab's, once the merge code is loaded.
    pub(super) fn merge_later(self, theirs: String) {
        spawn_local(async move {
            if let (true, Ok(merging)) = (archive::load().await, chunk::load(&MERGING).await) {
                (merging.merge)(self, &theirs);
            }
        });
    }

    /// Takes over another tab's text if this tab missed its event.
    pub(crate) fn look_at_stored(self) {
        let known = self.saving.with_value(|saving| saving.known.clone());
        if !known.is_empty()
            && let Some(theirs) = storage::changed_text(self.id(), &known)
        {
            self.changed_elsewhere(Some(theirs));
        }
    }

    /// Merges another tab's text with this tab's.
    fn merge(self, theirs: &str) {
        let Some(mine) = self.chat.try_get_untracked() else {
            return;
        };
        let mine = self.stamped(mine);
        let Some(mut chat) = archive::merge(mine.clone(), theirs) else {
            // The stored text is damaged; the save handles it.
            return self.save();
        };
        let before = self.saving.with_value(|saving| saving.before.clone());
        if before.is_some_and(|before| before.draft != mine.draft)
            && let Some(theirs) =
                Chat::read(archive::decompress(theirs).as_deref().unwrap_or(theirs))
        {
            // Both tabs may have typed: keep both drafts.
            chat.draft = chat::merge::join(&mine.draft, &theirs.draft);
        }
        let is_more = match archive::decompress(theirs) {
            Some(unpacked) => chat.text() != unpacked,
            None => chat.text() != theirs,
        };
        self.adopt(chat.clone());
        self.saving.update_value(|saving| {
            theirs.clone_into(&mut saving.known);
            saving.entry = None;
            saving.before = Some(chat);
        });
        if is_more || self.has_unsaved() {
            self.save_soon();
        }
        self.watch_other_tabs();
    }

    /// Replaces the chat's state, notifying only what differs.
    pub(super) fn adopt(self, theirs: Chat) {
        let coming: Vec<_> = self.in_flight.with_untracked(|all| {
            let all = all.iter();
            all.map(|(card, answer)| (*card, answer.turn, answer.id))
                .collect()
        });
        let own = self.chat.get_untracked();
        let theirs = theirs.with_own(&own, &coming);
        if own.title != theirs.title {
            self.chat.title().set(theirs.title);
        }
        if own.draft != theirs.draft {
            self.chat.draft().set(theirs.draft);
        }
        self.chat.update_untracked(|chat| {
            chat.used = theirs.used;
            chat.pinned = theirs.pinned;
            chat.tags = theirs.tags;
            chat.rest = theirs.rest;
        });
        if own.cards != theirs.cards {
            self.chat.cards().set(theirs.cards);
            for card in self.chat.cards() {
                card.turns().update_keys();
            }
        }
        // Nobody needs an answer to a turn that another tab has deleted.
        for (card, turn, _) in coming {
            let is_gone = self.turn(card, turn).try_read_untracked().is_none();
            if is_gone
                && let Some(answer) = self.in_flight.try_update(|all| all.remove(&card)).flatten()
            {
                answer.end();
                self.library.tell(Change::Answering);
            }
        }
    }
}
