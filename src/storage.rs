//! Browser storage: two keys per chat, for the chat and its history entry, and one each for the
//! endpoints, the settings and the recently used models. Attachments have their own database.
//!
//! An open chat is stored as JSON; any other may be compressed: see [`crate::compression`]. Only an
//! absent key becomes a default. An unreadable value is moved to `collate.aside.…` before anything
//! is written in its place. Values are also written to the [`journal`], which survives the
//! browser being killed.

#![expect(
    clippy::disallowed_methods,
    reason = "views may not call these methods; this module is no view"
)]

pub mod archive;
pub mod blobs;
pub mod journal;
pub mod keys;
pub mod locks;
pub mod quota;
pub mod schema;
pub mod writes;

use gloo_storage::{LocalStorage, Storage};
use serde::de::DeserializeOwned;

use crate::{
    chat::{self, Entry},
    compression,
    endpoint::Endpoints,
    json,
};
pub use schema::{Key, LongPaste, Recent, SendKey, Settings, Theme, Used};

/// Reason why something is not saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No storage for this page: private mode, or blocked by a setting.
    #[error("storage is blocked")]
    Blocked,
    /// No space left; a browser gives one origin only about 5 MiB.
    #[error("storage is full")]
    Full,
    /// Another tab's change, too, without the code that merges both.
    #[error("not merged with what another tab has stored")]
    Unmerged,
}

/// The stored state when the page opened.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The saved endpoints.
    pub endpoints: Endpoints,
    /// The user's settings.
    pub settings: Settings,
    /// The recently used models.
    pub recent: Recent,
    /// The keys under which damaged values were set aside.
    pub aside: Vec<String>,
}

/// Loads every stored value that can be read.
///
/// # Errors
/// The storage is blocked.
pub fn load() -> Result<Loaded, Error> {
    raw().ok_or(Error::Blocked)?;
    let mut loaded = Loaded {
        aside: archive::aside(),
        ..Loaded::default()
    };
    if let Some((endpoints, rest)) = loaded.read(Key::Endpoints, json::read_all::<Endpoints>) {
        loaded.endpoints = Endpoints { rest, ..endpoints }.honest();
    }
    if let Some((settings, rest)) = loaded.read(Key::Settings, json::read_all::<Settings>) {
        loaded.settings = Settings { rest, ..settings };
    }
    loaded.recent = loaded.read(Key::Recent, json::read).unwrap_or_default();
    Ok(loaded)
}

impl Loaded {
    fn read<T>(&mut self, key: Key, read: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let text = text(key)?;
        let value = read(&text);
        if value.is_none() {
            // Without space for it, it stays: nothing is written over it.
            self.aside.extend(set_aside(key, &text));
        }
        value
    }
}

/// Moves an unreadable value out of the way, unchanged; returns its new key.
///
/// # Errors
/// There is no space for it; it stays where it is.
pub fn set_aside(key: Key, text: &str) -> Result<String, Error> {
    let storage = raw().ok_or(Error::Blocked)?;
    let now = String::from(js_sys::Date::new_0().to_iso_string());
    let put = format!("{ASIDE}{now}.{key}");
    storage.set_item(&put, text).map_err(|_| Error::Full)?;
    remove(key);
    Ok(put)
}

/// Prefix of the keys of unreadable values.
pub const ASIDE: &str = env!("CONSTANT_ASIDE");

/// Records which chat this tab shows, for this tab only: a reload brings it back, whatever other
/// tabs have done.
pub fn remember(id: chat::Id) {
    if let Some(storage) = raw_of_tab() {
        // Without this, a reload shows the chat that was used last.
        let _ = storage.set_item(OPEN, &Key::Chat(id).to_string());
    }
}

/// The key of [`remember`], in sessionStorage.
const OPEN: &str = "collate.open";

/// The chat that this tab shows. It is not stored if it is unused.
pub fn remembered() -> Option<chat::Id> {
    match Key::parse(&raw_of_tab()?.get_item(OPEN).ok()??)? {
        Key::Chat(id) => Some(id),
        _ => None,
    }
}

/// Returns whether a stored value can be read. For chats, only [`archive`] knows.
pub fn is_readable(key: Key, text: &str) -> bool {
    match key {
        Key::Endpoints => json::read::<Endpoints>(text).is_some(),
        Key::Settings => json::read::<Settings>(text).is_some(),
        Key::Recent => json::read::<Recent>(text).is_some(),
        _ => true,
    }
}

/// The text stored under a key.
pub fn text(key: Key) -> Option<String> {
    text_of(&key.to_string())
}

/// The text stored under any key, even of an older version.
pub fn text_of(key: &str) -> Option<String> {
    raw()?.get_item(key).ok()?
}

/// Removes the value of any key.
pub fn remove_text_of(key: &str) {
    if let Some(storage) = raw() {
        // Available storage lets its keys be removed.
        let _ = storage.remove_item(key);
        writes::tell(key);
    }
}

/// Writes under any key; returns whether it succeeded.
pub fn write_text_of(key: &str, text: &str) -> bool {
    let is_written = raw().is_some_and(|storage| storage.set_item(key, text).is_ok());
    if is_written {
        writes::tell(key);
    }
    is_written
}

/// The stored text of a chat, if it differs from `known`: another tab has saved it.
pub fn changed_text(id: chat::Id, known: &str) -> Option<String> {
    text(Key::Chat(id)).filter(|text| text != known)
}

/// Reads a value that another tab has just saved; `None` if it is gone or unreadable.
pub fn readable<T: DeserializeOwned>(key: Key) -> Option<T> {
    json::read(&text(key)?)
}

/// Saves one chat's text, compressed or not, first to the journal. The cost does not grow with the
/// history.
///
/// # Errors
/// See [`write_chat`]. The chat is in the journal then, if there is one.
pub fn save_chat(id: chat::Id, text: &str) -> Result<Option<String>, Error> {
    journal::put(&Key::Chat(id).to_string(), text);
    write_chat(id, text)
}

/// Writes one chat's text: all chats are written here. Where there is no space for it, it is
/// compressed, and the compressed text returned.
///
/// # Errors
/// The reason why it is not written.
pub fn write_chat(id: chat::Id, text: &str) -> Result<Option<String>, Error> {
    let key = Key::Chat(id);
    match write(key, text) {
        Err(Error::Full) if !compression::is_compressed(text) => {
            let compressed = archive::compress(text).ok_or(Error::Full)?;
            write(key, &compressed)?;
            Ok(Some(compressed))
        }
        written => written.map(|()| None),
    }
}

/// Saves a chat's history entry.
///
/// # Errors
/// The reason why it is not saved.
pub fn save_entry(entry: &Entry) -> Result<(), Error> {
    write(Key::Entry(entry.id), &json::write(entry))
}

/// Deletes a chat.
pub fn delete_chat(id: chat::Id) {
    journal::forget_all(&Key::Chat(id).to_string());
    remove(Key::Chat(id));
    remove(Key::Entry(id));
}

fn remove(key: Key) {
    remove_text_of(&key.to_string());
}

/// Saves the endpoints.
///
/// # Errors
/// The reason why they are not saved.
pub fn save_endpoints(endpoints: &Endpoints) -> Result<(), Error> {
    write_kept(Key::Endpoints, &endpoints.rest.write(endpoints))
}

/// Saves the settings.
///
/// # Errors
/// The reason why they are not saved.
pub fn save_settings(settings: &Settings) -> Result<(), Error> {
    write_kept(Key::Settings, &settings.rest.write(settings))
}

/// Saves the recently used models.
///
/// # Errors
/// The reason why they are not saved.
pub fn save_recent(recent: &Recent) -> Result<(), Error> {
    write(Key::Recent, &json::write(recent))
}

/// Restores removed values unchanged; values that exist by now stay. Returns whether all are stored
/// now.
pub fn put_back(values: &[(String, String)]) -> bool {
    let Some(storage) = raw() else { return false };
    values.iter().all(|(key, text)| {
        let is_there = matches!(storage.get_item(key), Ok(Some(_)));
        is_there
            || match Key::parse(key) {
                Some(Key::Chat(id)) => save_chat(id, text).is_ok(),
                _ => write_text_of(key, text),
            }
    })
}

/// Asks the browser not to evict what is stored when space is short.
pub fn request_persistence() {
    if let Some(window) = web_sys::window()
        && window.is_secure_context()
    {
        // The browser and the user decide.
        let _ = window.navigator().storage().persist();
    }
}

/// All keys of the storage.
pub fn keys() -> impl Iterator<Item = String> {
    let storage = raw();
    let length = storage.as_ref().and_then(|storage| storage.length().ok());
    (0..length.unwrap_or_default())
        .filter_map(move |n| storage.as_ref().and_then(|storage| storage.key(n).ok()?))
}

/// The storage, if the browser grants it. gloo-storage's own functions panic if it does not.
fn raw() -> Option<web_sys::Storage> {
    let storage = web_sys::window()?.local_storage().ok().flatten();
    storage.map(|_| LocalStorage::raw())
}

fn raw_of_tab() -> Option<web_sys::Storage> {
    web_sys::window()?.session_storage().ok().flatten()
}

/// Writes a value, first to the journal.
fn write_kept(key: Key, text: &str) -> Result<(), Error> {
    journal::put(&key.to_string(), text);
    write(key, text)
}

/// Writes a value.
///
/// # Errors
/// The reason why it is not written.
pub fn write(key: Key, text: &str) -> Result<(), Error> {
    raw().ok_or(Error::Blocked)?;
    let is_written = write_text_of(&key.to_string(), text);
    is_written.then_some(()).ok_or(Error::Full)
}
