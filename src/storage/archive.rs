//! The chunk that packs, unpacks and merges chats, as the page uses it: see [`crate::archive`].

use std::{future::Future, pin::Pin};

use wasm_split_helpers::wasm_split;

use super::{Key, journal, keys, schema::OLD_PREFIX};
use crate::{
    archive,
    chat::Chat,
    chunk::{self, Chunk, Missing},
    compression,
};

/// What is called in the chunk.
#[derive(Clone, Copy)]
pub struct Archive {
    pack: fn(&str) -> String,
    unpack: fn(&str) -> Option<String>,
    merge: fn(Chat, &str) -> Option<Chat>,
    restore: fn() -> Later,
    held: fn() -> Vec<(Key, String)>,
    aside: fn() -> Vec<String>,
    tidy: fn() -> Later,
}

type Later = Pin<Box<dyn Future<Output = ()>>>;

#[wasm_split(archive, fallible)]
fn entry() -> Result<Archive, Missing> {
    Ok(Archive {
        pack: compression::pack,
        unpack: compression::unpack,
        merge: archive::merge,
        restore: || Box::pin(archive::restore()),
        held: archive::held,
        aside: archive::aside,
        tidy: || Box::pin(archive::tidy()),
    })
}

thread_local! {
    /// The chunk.
    pub static ARCHIVE: Chunk<Archive> = const { Chunk::new(|| Box::pin(entry())) };
}

fn here() -> Option<Archive> {
    chunk::get(&ARCHIVE)
}

/// Whether the chunk is here.
pub fn is_here() -> bool {
    here().is_some()
}

/// Fetches the chunk, if it is not here yet; returns whether it is. What it could not bring back when the
/// page began, it brings back first.
pub async fn load() -> bool {
    let Ok(archive) = chunk::load(&ARCHIVE).await else {
        return false;
    };
    if journal::is_held() {
        (archive.restore)().await;
        if (archive.held)().is_empty() {
            journal::let_go();
        }
    }
    true
}

/// A chat's text, packed; None while the chunk is not here.
pub fn pack(text: &str) -> Option<String> {
    here().map(|archive| (archive.pack)(text))
}

/// The text of a packed chat; None where it is damaged, or while the chunk is not here.
pub fn unpack(text: &str) -> Option<String> {
    (here()?.unpack)(text)
}

/// One of two copies of a chat, of which the other may be packed; None where that can't be read, or
/// while the chunk is not here.
pub fn merge(mine: Chat, theirs: &str) -> Option<Chat> {
    (here()?.merge)(mine, theirs)
}

/// The keys of what could not be read, and was put aside, before the page began.
pub fn aside() -> Vec<String> {
    here().map_or_else(Vec::new, |archive| (archive.aside)())
}

/// What was brought back before the page began, and could not be written.
pub fn held() -> Vec<(Key, String)> {
    here().map_or_else(Vec::new, |archive| (archive.held)())
}

/// Brings what is not in the storage into it: what an older version has written, and what was lost
/// when the browser ended. Where the chunk can't be had, that waits until it is here.
pub async fn begin() {
    let is_old = keys().any(|key| key.starts_with(OLD_PREFIX));
    let differing = journal::differing().await;
    if is_old || !differing.is_empty() {
        match chunk::load(&ARCHIVE).await {
            Ok(archive) => (archive.restore)().await,
            Err(_) => journal::hold(differing.into_iter().map(|(key, _)| key)),
        }
    }
}

/// Whether there is anything to tidy: whoever is here for the first time fetches nothing for it.
pub fn has_chats() -> bool {
    keys().any(|key| key.starts_with(OLD_PREFIX) || matches!(Key::parse(&key), Some(Key::Chat(_))))
}

/// Packs the chats that no tab has open, and lets go of what nothing refers to any more. Returns whether
/// it was done: the chunk may be out of reach.
pub async fn tidy() -> bool {
    if load().await
        && let Some(archive) = here()
    {
        (archive.tidy)().await;
        return true;
    }
    false
}
