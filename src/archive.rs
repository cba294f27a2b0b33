//! The archive: chats that no tab has open are packed, two copies of one are merged, and what an older
//! version has written, or what was lost with the browser, is brought into the storage.
//!
//! This is a chunk of its own, which is fetched when it has something to do.

#![expect(
    clippy::disallowed_methods,
    reason = "like the session, it is where the storage is changed"
)]

use std::cell::RefCell;

use serde::{Deserialize, de::DeserializeOwned};

use crate::{
    chat::{self, Chat, merge as merging},
    compression,
    endpoint::Endpoints,
    json,
    storage::{
        self, Error, Key, Settings, blobs, journal,
        locks::{self, Kind},
        schema::{OLD_PREFIX, PREFIX},
    },
};

/// As many chats are packed in one go, about: then the page answers in between.
const AT_ONCE: usize = 20;

/// One of two copies of a chat, of which the other may be packed; None where that can't be read.
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

/// What [`restore`] has brought back and could not write, for want of room.
pub fn held() -> Vec<(Key, String)> {
    HELD.with_borrow(Clone::clone)
}

/// The keys under which [`restore`] has put aside values that can't be read.
pub fn aside() -> Vec<String> {
    ASIDE.with_borrow(Clone::clone)
}

/// Brings into the storage what is not there: what version 1 has written, and what the journal has.
pub async fn restore() {
    migrate().await;
    for (kept, text) in journal::differing().await {
        let (key, is_apart) = journal::belongs_to(&kept);
        let Some(key) = Key::parse(key) else {
            continue;
        };
        // Several tabs may have kept a text of one chat, each with words of its own.
        let held = held().into_iter().find(|(of, _)| *of == key);
        let held = held.map(|(_, text)| text);
        let was_held = held.is_some();
        let mut stored = held.or_else(|| storage::text(key));
        if let Some(damaged) = stored.take_if(|stored| !is_readable(key, stored)) {
            match storage::put_aside(key, &damaged) {
                Ok(put) => ASIDE.with_borrow_mut(|aside| aside.push(put)),
                // Nothing is written over it.
                Err(_) => continue,
            }
        }
        let newer = match (key, &stored) {
            (Key::Chat(_), Some(stored)) => merge_texts(stored, &text),
            (Key::Endpoints, Some(stored)) => later::<Endpoints>(stored, &text, |it| it.at),
            (Key::Settings, Some(stored)) => later::<Settings>(stored, &text, |it| it.at),
            (Key::Vault, Some(stored)) => later::<Stamp>(stored, &text, |it| it.at),
            (_, None) => is_readable(key, &text).then(|| text.clone()),
            _ => None,
        };
        let Some(newer) = newer else { continue };
        let is_stored = !was_held && Some(&newer) == stored.as_ref();
        let is_there = is_stored || write(key, &newer);
        HELD.with_borrow_mut(|held| {
            held.retain(|(of, _)| *of != key);
            held.extend((!is_there).then(|| (key, newer.clone())));
        });
        if is_there && is_apart {
            journal::put(&key.to_string(), &newer);
            journal::forget(&kept);
        }
        if let (Key::Chat(_), Some(chat)) = (key, read(&newer)) {
            // The history makes it again from the chat, where there is no room for it.
            let _ = storage::save_entry(&chat.entry());
        }
    }
}

/// Whether what is stored under a key can be read.
fn is_readable(key: Key, text: &str) -> bool {
    match key {
        Key::Chat(_) => read(text).is_some(),
        Key::Vault => json::read::<Stamp>(text).is_some(),
        _ => storage::is_readable(key, text),
    }
}

/// When the vault was written; what is in it is for its reader.
#[derive(Deserialize)]
struct Stamp {
    at: u64,
}

/// The journal's copy, where it is later than the stored one.
fn later<T: DeserializeOwned>(stored: &str, kept: &str, at: impl Fn(&T) -> u64) -> Option<String> {
    let (stored, later) = (json::read(stored)?, json::read(kept)?);
    (at(&later) > at(&stored)).then(|| kept.to_owned())
}

/// Writes a value, a chat packed where there is no room for it; returns whether it is there now.
fn write(key: Key, text: &str) -> bool {
    match storage::write(key, text) {
        Err(Error::Full) if matches!(key, Key::Chat(_)) => {
            storage::write(key, &compression::pack(text)).is_ok()
        }
        written => written.is_ok(),
    }
}

/// Gives what version 1 has written the keys of this version. It goes from where it was once it has
/// been read back there, and not before: a copy is in the journal where there is no room for two.
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
            // A tab of the version before has gone on meanwhile.
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

/// The endpoints of this version, and after them those that version 1 alone has.
fn with_old_endpoints(stored: &str, old: &str) -> Option<String> {
    let (mut endpoints, rest) = json::read_all::<Endpoints>(stored)?;
    for endpoint in json::read::<Endpoints>(old)?.list {
        if endpoints.find(endpoint.id).is_none() {
            endpoints.list.push(endpoint);
        }
    }
    Some(rest.write(&endpoints))
}

/// Packs every chat that no tab has open, and lets go of what nothing refers to any more.
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
            pack(*id);
        }
        crate::event::rest().await;
    }
    // What it can't take away now, it takes away the next time.
    let _ = blobs::sweep().await;
}

/// Packs a chat, if it is not, and can be read.
fn pack(id: chat::Id) {
    let key = Key::Chat(id);
    let Some(text) = storage::text(key).filter(|text| !compression::is_packed(text)) else {
        return;
    };
    if Chat::read(&text).is_none() {
        return;
    }
    let packed = compression::pack(&text);
    let is_smaller = packed.encode_utf16().count() < text.encode_utf16().count();
    if is_smaller && compression::unpack(&packed).as_ref() == Some(&text) {
        journal::put(&key.to_string(), &packed);
        // Where it can't be written, it is there as it was.
        let _ = storage::write(key, &packed);
    }
}
