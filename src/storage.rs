//! What the browser keeps: two keys per chat, one of them what the history shows of it, and one each
//! for the endpoints, the settings, and the models used last; the contents of attachments apart.
//!
//! A chat that is open is stored as JSON, any other may be packed: see [`crate::compression`]. Only an
//! absent key becomes a default. What can't be read is moved aside under `collate.aside.…` before
//! anything is written in its place. What is written is kept a second time in the [`journal`], which
//! survives the end of the browser.

#![expect(
    clippy::disallowed_methods,
    reason = "the border that clippy.toml draws ends here"
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
    chat::{self, Chat, Entry},
    compression,
    endpoint::Endpoints,
    json,
};
pub use schema::{Key, Recent, SendKey, Settings, Theme, Used};

/// Why something is not saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The browser gives this page no storage: private mode, or blocked by a setting.
    #[error("storage is blocked")]
    Blocked,
    /// No room is left; about 5 MiB is all that a browser gives one origin.
    #[error("storage is full")]
    Full,
    /// Another tab has changed it, too, and what merges both is not here.
    #[error("not merged with what another tab has stored")]
    Unmerged,
}

/// What was found when the page opened.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The saved endpoints.
    pub endpoints: Endpoints,
    /// The reader's settings.
    pub settings: Settings,
    /// The models that were used last.
    pub recent: Recent,
    /// The keys under which damaged values were put aside.
    pub aside: Vec<String>,
}

/// Reads what was saved: all that can be read.
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
            // Where there is no room for it, it stays: nothing is written over it.
            self.aside.extend(put_aside(key, &text));
        }
        value
    }
}

/// What was found of a chat.
#[derive(Debug)]
pub enum Found {
    /// The chat, and the text that is stored of it.
    Chat(Box<Chat>, String),
    /// The text of a chat that is packed.
    Packed(String),
    /// There is none under that identifier.
    None,
    /// There is one that can't be read. It was put aside under this key.
    Aside(String),
}

/// Reads a chat. One that can't be read is put aside.
///
/// # Errors
/// There is no room to put aside what can't be read: it stays where it is.
pub fn open(id: chat::Id) -> Result<Found, Error> {
    let Some(text) = text(Key::Chat(id)) else {
        return Ok(Found::None);
    };
    if compression::is_packed(&text) {
        return Ok(Found::Packed(text));
    }
    match Chat::read(&text) {
        Some(chat) => Ok(Found::Chat(Box::new(chat), text)),
        None => put_aside(Key::Chat(id), &text).map(Found::Aside),
    }
}

/// Moves a value that can't be read out of the way, unchanged; returns its new key.
///
/// # Errors
/// There is no room for it; it stays where it is.
pub fn put_aside(key: Key, text: &str) -> Result<String, Error> {
    let storage = raw().ok_or(Error::Blocked)?;
    let now = String::from(js_sys::Date::new_0().to_iso_string());
    let put = format!("{ASIDE}{now}.{key}");
    storage.set_item(&put, text).map_err(|_| Error::Full)?;
    remove(key);
    Ok(put)
}

/// What the keys of values begin with that could not be read.
pub const ASIDE: &str = "collate.aside.";

/// Keeps, for this tab alone, which chat it shows: a reload brings that one back, whatever other
/// tabs have done.
pub fn remember(id: chat::Id) {
    if let Some(storage) = raw_of_tab() {
        // Without it, a reload shows the chat that was used last.
        let _ = storage.set_item(OPEN, &Key::Chat(id).to_string());
    }
}

/// The key of [`remember`], in sessionStorage.
const OPEN: &str = "collate.open";

/// The chat that this tab shows, which is not stored if nothing was said in it.
pub fn remembered() -> Option<chat::Id> {
    match Key::parse(&raw_of_tab()?.get_item(OPEN).ok()??)? {
        Key::Chat(id) => Some(id),
        _ => None,
    }
}

/// Whether what is stored under a key can be read. Of chats, only [`archive`] knows.
pub fn is_readable(key: Key, text: &str) -> bool {
    match key {
        Key::Endpoints => json::read::<Endpoints>(text).is_some(),
        Key::Settings => json::read::<Settings>(text).is_some(),
        Key::Recent => json::read::<Recent>(text).is_some(),
        _ => true,
    }
}

/// What is stored under a key.
pub fn text(key: Key) -> Option<String> {
    text_of(&key.to_string())
}

/// What is stored under any key, also of an older version.
pub fn text_of(key: &str) -> Option<String> {
    raw()?.get_item(key).ok()?
}

/// Removes what is stored under any key.
pub fn remove_text_of(key: &str) {
    if let Some(storage) = raw() {
        // A storage that is there lets its keys be removed.
        let _ = storage.remove_item(key);
        writes::tell(key);
    }
}

/// Writes under any key; returns whether it is written.
pub fn write_text_of(key: &str, text: &str) -> bool {
    let is_written = raw().is_some_and(|storage| storage.set_item(key, text).is_ok());
    if is_written {
        writes::tell(key);
    }
    is_written
}

/// What is stored of a chat, where that is not this text: another tab has saved it.
pub fn changed_text(id: chat::Id, known: &str) -> Option<String> {
    text(Key::Chat(id)).filter(|text| text != known)
}

/// Reads a value as another tab has just saved it; None when it is gone or can't be read.
pub fn readable<T: DeserializeOwned>(key: Key) -> Option<T> {
    json::read(&text(key)?)
}

/// Saves one chat, and nothing else: the cost is by this chat, not by the history. Where there is no
/// room for it, it is packed; returns it then.
///
/// # Errors
/// Why it is not saved. It is in the journal then, as far as there is one.
pub fn save_chat(id: chat::Id, text: &str) -> Result<Option<String>, Error> {
    let key = Key::Chat(id);
    match write_kept(key, text) {
        Err(Error::Full) => {
            let packed = archive::pack(text).ok_or(Error::Full)?;
            write(key, &packed)?;
            Ok(Some(packed))
        }
        written => written.map(|()| None),
    }
}

/// Saves what the history shows of a chat.
///
/// # Errors
/// Why it is not saved.
pub fn save_entry(entry: &Entry) -> Result<(), Error> {
    write(Key::Entry(entry.id), &json::write(entry))
}

/// Deletes a chat.
pub fn delete_chat(id: chat::Id) {
    journal::forget(&Key::Chat(id).to_string());
    remove(Key::Chat(id));
    remove(Key::Entry(id));
}

fn remove(key: Key) {
    remove_text_of(&key.to_string());
}

/// Saves the endpoints.
///
/// # Errors
/// Why they are not saved.
pub fn save_endpoints(endpoints: &Endpoints) -> Result<(), Error> {
    write_kept(Key::Endpoints, &endpoints.rest.write(endpoints))
}

/// Saves the settings.
///
/// # Errors
/// Why they are not saved.
pub fn save_settings(settings: &Settings) -> Result<(), Error> {
    write_kept(Key::Settings, &settings.rest.write(settings))
}

/// Saves which models were used last.
///
/// # Errors
/// Why they are not saved.
pub fn save_recent(recent: &Recent) -> Result<(), Error> {
    write(Key::Recent, &json::write(recent))
}

/// Puts back what was removed from the storage, as it was; what is there meanwhile stays. Returns
/// whether all of it is there now.
pub fn put_back(values: &[(String, String)]) -> bool {
    let Some(storage) = raw() else { return false };
    values.iter().all(|(key, text)| {
        let is_there = matches!(storage.get_item(key), Ok(Some(_)));
        if !is_there && matches!(Key::parse(key), Some(Key::Chat(_))) {
            journal::put(key, text);
        }
        is_there || write_text_of(key, text)
    })
}

/// Asks the browser not to throw away what is stored when room is short.
pub fn request_persistence() {
    if let Some(window) = web_sys::window()
        && window.is_secure_context()
    {
        // Whether it does is up to it, and to the reader.
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

/// The storage, where the browser gives one. gloo-storage's own functions panic where it does not.
fn raw() -> Option<web_sys::Storage> {
    let storage = web_sys::window()?.local_storage().ok().flatten();
    storage.map(|_| LocalStorage::raw())
}

fn raw_of_tab() -> Option<web_sys::Storage> {
    web_sys::window()?.session_storage().ok().flatten()
}

/// Writes a value, and keeps it in the journal first.
fn write_kept(key: Key, text: &str) -> Result<(), Error> {
    journal::put(&key.to_string(), text);
    write(key, text)
}

/// Writes a value.
///
/// # Errors
/// Why it is not written.
pub fn write(key: Key, text: &str) -> Result<(), Error> {
    raw().ok_or(Error::Blocked)?;
    let is_written = write_text_of(&key.to_string(), text);
    is_written.then_some(()).ok_or(Error::Full)
}
