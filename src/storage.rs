//! What the browser keeps: one key per chat, a small index of them, the endpoints, the settings.
//!
//! Only an absent key becomes a default. What can't be read is moved aside under
//! `collate.aside.…` before anything is written in its place.

pub mod schema;

use gloo_storage::{LocalStorage, Storage};
use serde::{Serialize, de::DeserializeOwned};
use wasm_bindgen::JsCast;

use crate::{
    chat::{self, Chat},
    endpoint::Endpoints,
};
pub use schema::{Index, Key, Settings};

/// Why something is not saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The browser gives this page no storage: private mode, or blocked by a setting.
    #[error("storage is blocked")]
    Blocked,
    /// No room is left; about 5 MiB is all that a browser gives one origin.
    #[error("storage is full")]
    Full,
}

/// What was found when the page opened.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The chat that this tab showed, else the one that was used last, if any.
    pub chat: Option<Chat>,
    /// The saved endpoints.
    pub endpoints: Endpoints,
    /// The reader's settings.
    pub settings: Settings,
    /// The keys under which damaged values were put aside.
    pub aside: Vec<String>,
}

/// Reads what was saved: all that can be read, and why nothing may be saved, if so:
/// [`Error::Blocked`], or [`Error::Full`] when a damaged value could not be put aside and would be
/// written over.
pub fn load() -> (Loaded, Option<Error>) {
    let mut loaded = Loaded::default();
    let aside = &mut loaded.aside;
    let mut failed = None;
    let mut note = |error| failed = Some(error);
    loaded.endpoints = read(Key::Endpoints, aside)
        .map_err(&mut note)
        .unwrap_or_default()
        .unwrap_or_default();
    loaded.settings = read(Key::Settings, aside)
        .map_err(&mut note)
        .unwrap_or_default()
        .unwrap_or_default();
    let index = read(Key::Index, aside)
        .map_err(&mut note)
        .unwrap_or_default();
    let listed = index.unwrap_or_else(rebuilt_index).chats;
    for id in remembered().into_iter().chain(listed) {
        let chat = read(Key::Chat(id), aside)
            .map_err(&mut note)
            .unwrap_or_default();
        loaded.chat = chat.filter(|chat: &Chat| !chat.cards.is_empty());
        if loaded.chat.is_some() {
            break;
        }
    }
    (loaded, failed)
}

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

fn remembered() -> Option<chat::Id> {
    match Key::parse(&raw_of_tab()?.get_item(OPEN).ok()??)? {
        Key::Chat(id) => Some(id),
        _ => None,
    }
}

/// The index of the chats that are there, when the index itself is not.
fn rebuilt_index() -> Index {
    let Some(storage) = raw() else {
        return Index::default();
    };
    let keys = (0..storage.length().unwrap_or_default()).filter_map(|n| storage.key(n).ok()?);
    let chats = keys.filter_map(|key| match Key::parse(&key)? {
        Key::Chat(id) => Some(id),
        _ => None,
    });
    Index {
        chats: chats.collect(),
    }
}

/// Reads one chat as another tab has just saved it; None when it is gone or can't be read.
pub fn chat(id: chat::Id) -> Option<Chat> {
    readable(Key::Chat(id)).filter(|chat: &Chat| !chat.cards.is_empty())
}

/// Reads the endpoints as another tab has just saved them; None when they can't be read.
pub fn endpoints() -> Option<Endpoints> {
    readable(Key::Endpoints)
}

/// Reads the settings as another tab has just saved them; None when they can't be read.
pub fn settings() -> Option<Settings> {
    readable(Key::Settings)
}

fn readable<T: DeserializeOwned>(key: Key) -> Option<T> {
    let text = raw()?.get_item(&key.to_string()).ok()??;
    serde_json::from_str(&text).ok()
}

/// Saves one chat, and nothing else: the cost is by this chat, not by the history.
///
/// # Errors
/// Why it is not saved.
pub fn save_chat(chat: &Chat) -> Result<(), Error> {
    write(Key::Chat(chat.id), chat)
}

/// Puts a chat first in the index, so that it is the one that opens next time.
///
/// # Errors
/// Why the index is not saved.
pub fn list_first(id: chat::Id) -> Result<(), Error> {
    // An index that can't be read is put aside here too; the page will name it when it opens next.
    let index = read(Key::Index, &mut Vec::new())?.unwrap_or_else(rebuilt_index);
    match index.with_first(id) {
        Some(index) => write(Key::Index, &index),
        None => Ok(()),
    }
}

/// Saves the endpoints.
///
/// # Errors
/// Why they are not saved.
pub fn save_endpoints(endpoints: &Endpoints) -> Result<(), Error> {
    write(Key::Endpoints, endpoints)
}

/// Saves the settings.
///
/// # Errors
/// Why they are not saved.
pub fn save_settings(settings: &Settings) -> Result<(), Error> {
    write(Key::Settings, settings)
}

/// The storage, where the browser gives one. gloo-storage's own functions panic where it does not.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place where storage is probed"
)]
fn raw() -> Option<web_sys::Storage> {
    web_sys::window()?.local_storage().ok().flatten()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place where storage is probed"
)]
fn raw_of_tab() -> Option<web_sys::Storage> {
    web_sys::window()?.session_storage().ok().flatten()
}

fn write(key: Key, value: &impl Serialize) -> Result<(), Error> {
    raw().ok_or(Error::Blocked)?;
    LocalStorage::set(key.to_string(), value).map_err(|_| Error::Full)
}

fn read<T: DeserializeOwned>(key: Key, aside: &mut Vec<String>) -> Result<Option<T>, Error> {
    let storage = raw().ok_or(Error::Blocked)?;
    let key = key.to_string();
    let Some(text) = storage.get_item(&key).map_err(|_| Error::Blocked)? else {
        return Ok(None);
    };
    if let Ok(value) = serde_json::from_str(&text) {
        return Ok(Some(value));
    }
    let put = format!(
        "collate.aside.{}.{key}",
        js_sys::Date::new_0().to_iso_string()
    );
    storage.set_item(&put, &text).map_err(|_| Error::Full)?;
    storage.remove_item(&key).map_err(|_| Error::Blocked)?;
    aside.push(put);
    Ok(None)
}

/// The key that a storage event of another tab is about.
pub fn changed(event: &web_sys::Event) -> Option<Key> {
    Key::parse(&event.dyn_ref::<web_sys::StorageEvent>()?.key()?)
}
