//! The search in all stored chats.

use std::collections::HashSet;

use leptos::{prelude::*, task::spawn_local};

use super::{StoredChats, stored};
use crate::{
    chat::{self, Chat, Entry},
    event,
    search::{Folded, Query, Snippet},
};

/// Milliseconds after which a search pauses, so that the page stays responsive.
const SLICE: f64 = 8.0;

/// The result of a search.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The chats that match.
    pub chats: HashSet<chat::Id>,
    /// True if more may come.
    pub is_coming: bool,
}

impl StoredChats {
    /// The search text.
    pub fn query(self) -> ReadSignal<String> {
        self.query.read_only()
    }

    /// The search result; None without a search.
    pub fn found(self) -> ReadSignal<Option<Found>> {
        self.found.read_only()
    }

    /// A snippet of the match in a chat.
    pub fn snippet(self, id: chat::Id) -> Option<Snippet> {
        let query = self.query.with(|query| Query::parse(query))?;
        query.snippet(&messages(&stored(id)?))
    }

    /// Searches for words in titles and messages.
    pub fn look_for(self, text: &str) {
        self.query.set(text.to_owned());
        self.search();
    }

    /// Searches again, in slices; a later search ends it.
    pub(super) fn search(self) {
        let number = self.read.try_update_value(|read| {
            read.search += 1;
            read.search
        });
        let Some(query) = self.query.with_untracked(|query| Query::parse(query)) else {
            return self.found.set(None);
        };
        let entries = self.entries.get_untracked();
        spawn_local(async move {
            let mut chats = HashSet::new();
            let mut since = js_sys::Date::now();
            for entry in &entries {
                let is_found = self.read.try_update_value(|read| {
                    let words = read.words.entry(entry.id);
                    let words = words.or_insert_with(|| words_of(entry));
                    query.find(words).is_some()
                });
                if is_found == Some(true) {
                    chats.insert(entry.id);
                }
                if js_sys::Date::now() - since >= SLICE {
                    self.found.set(Some(Found {
                        chats: chats.clone(),
                        is_coming: true,
                    }));
                    event::yield_now().await;
                    if self.read.with_value(|read| Some(read.search) != number) {
                        return;
                    }
                    since = js_sys::Date::now();
                }
            }
            self.found.set(Some(Found {
                chats,
                is_coming: false,
            }));
        });
    }
}

/// The searchable text of a chat.
fn words_of(entry: &Entry) -> Folded {
    let messages = stored(entry.id).map(|chat| messages(&chat));
    Folded::of([entry.title.as_str(), &messages.unwrap_or_default()])
}

/// The messages of a chat; a question in several cards counts once.
fn messages(chat: &Chat) -> String {
    let mut said = String::new();
    let mut seen = HashSet::new();
    for turn in chat.cards.iter().flat_map(|card| &card.turns) {
        let answers = turn.answers().map(|answer| answer.text.as_str());
        for text in [turn.prompt.as_str()].into_iter().chain(answers) {
            if seen.insert(text) {
                said.push_str(text);
                said.push('\n');
            }
        }
    }
    said
}
