//! Maintenance of what is stored: compresses chats that no tab has open, merges two copies of a chat, and restores to
//! storage what an older version wrote or what was lost with the browser.
//!
//! This is a chunk of its own, loaded when there is work for it.

#![expect(
    clippy::disallowed_methods,
    reason = "views may not call these methods; this module is no view"
)]

use std::cell::RefCell;

use serde::{Deserialize, de::DeserializeOwned};

use crate::{
    chat::{self, Chat, merge as merging},
    compression,
    endpoint::Endpoints,
    json,
    storage::{
        self, Key, Settings, blobs, journal,
        locks::{self, Kind},
        schema::{OLD_PREFIX, PREFIX},
    },
};

/// Number of chats compressed in one go, so that the page answers in between.
const AT_ONCE: usize = 20;

/// Merges two copies of a chat, of which `theirs` may be compressed; `None` if it can't be read.
pub fn merge(mine: Chat, theirs: &str) -> Option<Chat> {
    Some(merging::merge(mine, read(theirs)?))
}

fn merge_texts(mine: &str, theirs: &str) -> Option<String> {
    Some(merge(read(mine)?, theirs)?.text())
}

fn read(text: &str) -> Option<Chat> {
    Chat::read(&compression::plain(text)?)
}

thread_local! {
    static HELD: RefCell<Vec<(Key, String)>> = RefCell::default();
    static ASIDE: RefCell<Vec<String>> = RefCell::default();
}

/// Values that [`restore`] could not write for lack of space.
pub fn held() -> Vec<(Key, String)> {
    HELD.with_borrow(Clone::clone)
}

/// The keys under which [`restore`] has set aside unreadable values.
pub fn aside() -> Vec<String> {
    ASIDE.with_borrow(Clone::clone)
}

/// Restores to storage what it lacks: values of version 1, and values of the journal.
pub async fn restore() {
    migrate().await;
    for (kept, text) in journal::differing().await {
        let (key, is_of_page) = journal::belongs_to(&kept);
        let Some(key) = Key::parse(key) else {
            continue;
        };
        let mut stored = storage::text(key);
        if let Some(damaged) = stored.take_if(|stored| !is_readable(key, stored)) {
            match storage::set_aside(key, &damaged) {
                Ok(put) => ASIDE.with_borrow_mut(|aside| aside.push(put)),
                // Nothing is written over it.
                Err(_) => continue,
            }
        }
        // Several tabs may have kept a text of one chat, each with changes of its own.
        let held = held().into_iter().find(|(of, _)| *of == key);
        let texts = held.into_iter().map(|(_, text)| text).chain([text]);
        let newer = texts.fold(stored.clone(), |newer, text| {
            newest(key, newer.as_deref(), &text).or(newer)
        });
        let Some(newer) = newer else { continue };
        let is_there = Some(&newer) == stored.as_ref() || write(key, &newer);
        HELD.with_borrow_mut(|held| {
            held.retain(|(of, _)| *of != key);
            held.extend((!is_there).then(|| (key, newer.clone())));
        });
        if is_of_page {
            let name = key.to_string();
            if !is_there {
                // Under this page's name, so that reloads don't pile up copies.
                journal::put_for_page(&name, &newer);
                journal::forget(&kept);
            } else if journal::put(&name, &newer) {
                journal::forget(&kept);
            }
        }
        if let (Key::Chat(_), Some(chat)) = (key, read(&newer)) {
            // Without space for the entry, the history rebuilds it from the chat.
            let _ = storage::save_entry(&chat.entry());
        }
    }
}

/// A stored value with the changes of another text of it; None if that has none, or can't be read.
fn newest(key: Key, stored: Option<&str>, text: &str) -> Option<String> {
    match (key, stored) {
        (Key::Chat(_), Some(stored)) => merge_texts(stored, text),
        (Key::Endpoints, Some(stored)) => later::<Endpoints>(stored, text, |it| it.at),
        (Key::Settings, Some(stored)) => later::<Settings>(stored, text, |it| it.at),
        (Key::Vault, Some(stored)) => later::<Stamp>(stored, text, |it| it.at),
        (_, None) => is_readable(key, text).then(|| text.to_owned()),
        _ => None,
    }
}

/// Returns whether a stored value can be read.
fn is_readable(key: Key, text: &str) -> bool {
    match key {
        Key::Chat(_) => read(text).is_some(),
        Key::Vault => json::read::<Stamp>(text).is_some(),
        _ => storage::is_readable(key, text),
    }
}

/// The time of the vault's last write. The rest is for the vault's own code.
#[derive(Deserialize)]
struct Stamp {
    at: u64,
}

/// The journal's copy, if it is later than the stored one.
fn later<T: DeserializeOwned>(stored: &str, kept: &str, at: impl Fn(&T) -> u64) -> Option<String> {
    let (stored, later) = (json::read(stored)?, json::read(kept)?);
    (at(&later) > at(&stored)).then(|| kept.to_owned())
}

/// Writes a value, compressing a chat if there is no space otherwise; returns whether it is stored.
fn write(key: Key, text: &str) -> bool {
    match key {
        Key::Chat(id) => storage::write_chat(id, text).is_ok(),
        _ => storage::write(key, text).is_ok(),
    }
}

/// Moves version 1's values to this version's keys. An old value is removed only once the new one
/// has been read back; without space for both, the journal holds a copy.
async fn migrate() {
    let old = storage::keys().filter(|key| key.starts_with(OLD_PREFIX));
    for old in old.collect::<Vec<_>>() {
        let name = old.strip_prefix(OLD_PREFIX).unwrap_or_default();
        let key = Key::parse(&format!("{PREFIX}{name}"));
        let (Some(key), Some(text)) = (key, storage::text_of(&old)) else {
            continue;
        };
        let wanted = match (key, storage::text(key)) {
            (_, None) => text.clone(),
            // A tab of the previous version has gone on meanwhile.
            (Key::Chat(_), Some(stored)) => match merge_texts(&stored, &text) {
                Some(merged) => merged,
                None => continue,
            },
            (Key::Endpoints, Some(stored)) => match with_old_endpoints(&stored, &text) {
                Some(endpoints) => endpoints,
                None => continue,
            },
            (_, Some(stored)) => stored,
        };
        let is_there = || {
            let there = storage::text(key);
            let there = there.as_deref().and_then(compression::plain);
            there.is_some() && there == compression::plain(&wanted)
        };
        if write(key, &wanted) {
            if is_there() {
                storage::remove_text_of(&old);
            }
        } else if matches!(key, Key::Chat(_)) {
            journal::put(&key.to_string(), &wanted);
            journal::settled().await;
            storage::remove_text_of(&old);
            if !(write(key, &wanted) && is_there()) {
                storage::write_text_of(&old, &text);
            }
        }
    }
}

/// This version's endpoints, followed by those that only version 1 has.
fn with_old_endpoints(stored: &str, old: &str) -> Option<String> {
    let (mut endpoints, rest) = json::read_all::<Endpoints>(stored)?;
    for endpoint in json::read::<Endpoints>(old)?.list {
        if endpoints.find(endpoint.id).is_none() {
            endpoints.list.push(endpoint);
        }
    }
    Some(rest.write(&endpoints))
}

/// Compresses every chat that no tab has open, and deletes attachments that nothing refers to.
pub async fn tidy() {
    migrate().await;
    let mut chats = Vec::new();
    for key in storage::keys() {
        if let Some(Key::Chat(id)) = Key::parse(&key) {
            chats.push(id);
        }
    }
    for chats in chats.chunks(AT_ONCE) {
        let names: Vec<_> = chats.iter().map(ToString::to_string).collect();
        let open = locks::anywhere(Kind::Open, names).await;
        for id in chats.iter().filter(|id| !open.contains(&id.to_string())) {
            compress(*id);
        }
        crate::event::yield_now().await;
    }
    // A failure is left to the next run.
    let _ = blobs::sweep().await;
}

/// Compresses a chat that can be read and is not compressed yet.
fn compress(id: chat::Id) {
    let key = Key::Chat(id);
    let Some(text) = storage::text(key).filter(|text| !compression::is_compressed(text)) else {
        return;
    };
    if Chat::read(&text).is_none() {
        return;
    }
    let compressed = compression::compress(&text);
    let is_smaller = compressed.encode_utf16().count() < text.encode_utf16().count();
    if is_smaller && compression::decompress(&compressed).as_ref() == Some(&text) {
        // If the write fails, the uncompressed text stays.
        let _ = storage::save_chat(id, &compressed);
    }
}
