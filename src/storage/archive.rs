//! The page's access to the chunk that compresses and merges chats: see [`crate::maintenance`].

use std::{future::Future, pin::Pin};

use wasm_split_helpers::wasm_split;

use super::{Key, journal, keys, schema::OLD_PREFIX};
use crate::{
    chat::Chat,
    chunk::{self, Chunk, Missing},
    compression, maintenance,
};

/// Entry points of the chunk.
#[derive(Clone, Copy)]
pub struct Archive {
    compress: fn(&str) -> String,
    decompress: fn(&str) -> Option<String>,
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
        compress: compression::compress,
        decompress: compression::decompress,
        merge: maintenance::merge,
        restore: || Box::pin(maintenance::restore()),
        held: maintenance::held,
        aside: maintenance::aside,
        tidy: || Box::pin(maintenance::tidy()),
    })
}

thread_local! {
    /// The chunk.
    pub static ARCHIVE: Chunk<Archive> = const { Chunk::new(|| Box::pin(entry())) };
}

fn here() -> Option<Archive> {
    chunk::get(&ARCHIVE)
}

/// Returns whether the chunk is loaded.
pub fn is_here() -> bool {
    here().is_some()
}

/// Loads the chunk; returns whether it is loaded. Values that could not be restored when the page
/// began are restored first.
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

/// Compresses a chat's text; `None` while the chunk is not loaded.
pub fn compress(text: &str) -> Option<String> {
    here().map(|archive| (archive.compress)(text))
}

/// Decompresses a chat's text; `None` if it is damaged or while the chunk is not loaded.
pub fn decompress(text: &str) -> Option<String> {
    (here()?.decompress)(text)
}

/// Merges two copies of a chat, of which `theirs` may be compressed; `None` if it can't be read or
/// while the chunk is not loaded.
pub fn merge(mine: Chat, theirs: &str) -> Option<Chat> {
    (here()?.merge)(mine, theirs)
}

/// The keys under which unreadable values were set aside before the page began.
pub fn aside() -> Vec<String> {
    here().map_or_else(Vec::new, |archive| (archive.aside)())
}

/// The values restored before the page began that could not be written.
pub fn held() -> Vec<(Key, String)> {
    here().map_or_else(Vec::new, |archive| (archive.held)())
}

/// Restores to storage what it lacks: values of an older version, and values lost when the browser
/// ended. If the chunk can't be loaded, they wait until it is.
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

/// Returns whether there is anything to tidy: a first-time visitor fetches nothing for it.
pub fn has_chats() -> bool {
    keys().any(|key| key.starts_with(OLD_PREFIX) || matches!(Key::parse(&key), Some(Key::Chat(_))))
}

/// Compresses the chats that no tab has open, and deletes attachments that nothing refers to.
/// Returns whether this was done: the chunk may be out of reach.
pub async fn tidy() -> bool {
    if load().await
        && let Some(archive) = here()
    {
        (archive.tidy)().await;
        return true;
    }
    false
}
