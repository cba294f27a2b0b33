//! All stored chats: their entries, the search in them, and the actions on them.

mod search;

pub use search::Found;

use std::{cell::OnceCell, collections::HashMap};

use leptos::prelude::*;

use crate::{
    chat::{self, Chat, Entry, merge::merge},
    chats::Chats,
    compression,
    id::{fresh, now},
    json,
    library::Library,
    page::PageState,
    search::Folded,
    session::Session,
    storage::{self, Error, Key, writes},
    ui::dynamic::effect,
};

/// A cache, so that only changed chats are read again.
#[derive(Default)]
struct Read {
    /// The stored text of each entry, and the parsed entry.
    entries: HashMap<chat::Id, (String, Entry)>,
    /// The searchable text of each chat.
    words: HashMap<chat::Id, Folded>,
    /// The number of the running search.
    search: u32,
    /// Number of views that show the chats.
    watchers: u32,
}

/// All stored chats.
#[derive(Clone, Copy)]
pub struct StoredChats {
    chats: Chats,
    library: Library,
    page: PageState,
    entries: RwSignal<Vec<Entry>>,
    query: RwSignal<String>,
    found: RwSignal<Option<Found>>,
    failed: RwSignal<Option<Error>>,
    read: StoredValue<Read, LocalStorage>,
}

thread_local! {
    /// The cache lives as long as the page.
    static STORED_CHATS: OnceCell<StoredChats> = const { OnceCell::new() };
}

impl StoredChats {
    /// Provides the stored chats to the views below.
    pub fn provide() {
        let (chats, page) = (expect_context::<Chats>(), expect_context::<PageState>());
        let stored_chats =
            STORED_CHATS.with(|stored_chats| *stored_chats.get_or_init(|| Self::new(chats, page)));
        provide_context(stored_chats);
    }

    /// The stored chats, not read yet.
    fn new(chats: Chats, page: PageState) -> Self {
        let library = chats.library();
        library.lasting(|| {
            let stored_chats = Self {
                chats,
                library,
                page,
                entries: RwSignal::default(),
                query: RwSignal::default(),
                found: RwSignal::default(),
                failed: RwSignal::default(),
                read: StoredValue::new_local(Read::default()),
            };
            writes::follow(move |key| stored_chats.changed(key));
            effect(move || {
                library.follow_history();
                untrack(|| stored_chats.look());
            });
            stored_chats
        })
    }

    /// The library that all chats share.
    pub fn library(self) -> Library {
        self.library
    }

    // State that the views show.

    /// The pinned entries, then the others, the last used first.
    pub fn entries(self) -> ReadSignal<Vec<Entry>> {
        self.entries.read_only()
    }

    /// Returns whether the page shows a chat.
    pub fn is_here(self, id: chat::Id) -> bool {
        self.page.session().and_then(Session::address) == Some(id)
    }

    /// The error of the last action.
    pub fn failed(self) -> RwSignal<Option<Error>> {
        self.failed
    }

    /// The tags of all chats, each once, in alphabetical order.
    pub fn tags(self) -> Vec<String> {
        self.entries.with(|entries| {
            // There are few: the standard library's sort is 3 kB to download.
            let mut tags = Vec::<String>::new();
            for tag in entries.iter().flat_map(|entry| &entry.tags) {
                if let Err(place) = tags.binary_search(tag) {
                    tags.insert(place, tag.clone());
                }
            }
            tags
        })
    }

    /// Reads the stored chats now and whenever they change, as long as the caller is on the page.
    pub fn watch(self) {
        self.read.update_value(|read| read.watchers += 1);
        on_cleanup(move || self.read.update_value(|read| read.watchers -= 1));
        self.look();
    }

    /// Reads the stored chats, if any view shows them.
    pub fn look(self) {
        if self.read.with_value(|read| read.watchers == 0) {
            return;
        }
        let mut entries = Vec::new();
        self.read.update_value(|read| {
            for key in storage::keys() {
                if let Some(Key::Chat(id)) = Key::parse(&key) {
                    entries.push(read.entry(id));
                }
            }
        });
        // Unsaved chats count, too: they can be exported.
        for chat in self.chats.unsaved() {
            entries.retain(|entry: &Entry| entry.id != chat.id);
            entries.push(chat.entry());
        }
        entries.sort_by(|one, other| {
            let by_time = other.used.total_cmp(&one.used);
            other.pinned.cmp(&one.pinned).then(by_time)
        });
        if self.entries.with_untracked(|before| *before != entries) {
            self.entries.set(entries);
            self.search();
        }
    }

    /// Drops the cached text of a written chat.
    fn changed(self, key: Key) {
        if let Key::Chat(id) = key {
            self.read.update_value(|read| _ = read.words.remove(&id));
        }
    }

    // User actions on chats.

    /// Sets a chat's title; an empty one restores the automatic title.
    pub fn rename(self, id: chat::Id, title: &str) {
        self.change(id, |chat| title.trim().clone_into(&mut chat.title));
    }

    /// Pins a chat to the top, or unpins it.
    pub fn pin(self, id: chat::Id) {
        self.change(id, |chat| chat.pinned = !chat.pinned);
    }

    /// Sets a chat's tags, separated by commas.
    pub fn tag(self, id: chat::Id, tags: &str) {
        let mut list: Vec<String> = Vec::new();
        for tag in tags.split([',', '、', '，']).map(str::trim) {
            if !tag.is_empty() && !list.iter().any(|other| other == tag) {
                list.push(tag.to_owned());
            }
        }
        self.change(id, |chat| chat.tags = list);
    }

    /// Stores a copy of a chat.
    pub fn duplicate(self, id: chat::Id, title: String) {
        self.chats.flush();
        if let Some(chat) = self.newest(id) {
            let copy = Chat {
                id: fresh(),
                title,
                pinned: false,
                ..chat
            };
            self.store(&copy);
        }
    }

    /// Deletes chats with all their messages, and offers to undo that.
    #[expect(clippy::disallowed_methods, reason = "this method deletes chats")]
    pub fn delete(self, ids: &[chat::Id]) {
        self.chats.flush();
        let unsaved = self.chats.unsaved();
        let mut removed = Vec::new();
        for id in ids {
            // Undo also restores what could not be saved.
            let newest = unsaved.iter().find(|chat| chat.id == *id).map(Chat::text);
            let texts = [
                (
                    Key::Chat(*id),
                    newest.or_else(|| storage::text(Key::Chat(*id))),
                ),
                (Key::Entry(*id), storage::text(Key::Entry(*id))),
            ];
            let texts = texts.into_iter();
            removed.extend(texts.filter_map(|(key, text)| Some((key.to_string(), text?))));
            self.page.end(self.chats, *id);
            storage::delete_chat(*id);
        }
        self.library.offer_undo(removed);
        // There may be room now for unsaved chats.
        self.chats.save_again();
        self.look();
    }

    /// Changes a chat, whether it is open or only stored.
    fn change(self, id: chat::Id, change: impl FnOnce(&mut Chat)) {
        if let Some(open) = self.chats.session(id) {
            open.edit(change);
            self.look();
        } else if let Some(before) = stored(id) {
            let mut chat = before.clone();
            change(&mut chat);
            chat.stamp(&before, now());
            self.store(&chat);
        }
    }

    /// Imports a chat, merged with any existing copy; returns whether there is room for it.
    pub fn take_in(self, chat: Chat) -> bool {
        if let Some(open) = self.chats.session(chat.id) {
            open.edit(|now| *now = merge(now.clone(), chat));
            self.look();
            return !self.library.is_unsaved(Key::Chat(open.id()));
        }
        self.store(&match stored(chat.id) {
            Some(stored) => merge(stored, chat),
            None => chat,
        })
    }

    /// Compresses and stores a chat that is not open; returns whether there is room for it.
    #[expect(
        clippy::disallowed_methods,
        reason = "no session saves a chat that is not open"
    )]
    fn store(self, chat: &Chat) -> bool {
        let written = storage::save_chat(chat.id, &compression::compress(&chat.text())).map(drop);
        self.failed.set(written.err());
        // If there is no room for the entry, it is derived from the chat again.
        self.library.write_entry(&chat.entry());
        self.look();
        written.is_ok()
    }

    /// The page's copy of a chat if that could not be saved, else the stored one.
    pub fn newest(self, id: chat::Id) -> Option<Chat> {
        let mut unsaved = self.chats.unsaved().into_iter();
        unsaved.find(|chat| chat.id == id).or_else(|| stored(id))
    }
}

impl Read {
    /// A chat's entry in the history. A lost entry is derived from the chat; a chat that can't be read is
    /// shown without a title, and named when it is opened.
    fn entry(&mut self, id: chat::Id) -> Entry {
        let text = storage::text(Key::Entry(id)).unwrap_or_default();
        if let Some((before, entry)) = self.entries.get(&id)
            && *before == text
        {
            return entry.clone();
        }
        let entry = json::read(&text)
            .unwrap_or_else(|| stored(id).map_or_else(|| Entry::unknown(id), |chat| chat.entry()));
        self.entries.insert(id, (text, entry.clone()));
        entry
    }
}

/// The stored copy of a chat.
pub fn stored(id: chat::Id) -> Option<Chat> {
    Chat::read(&compression::plain(&storage::text(Key::Chat(id))?)?)
}
