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
    /// The chat that was open last, if any.
    pub chat: Option<Chat>,
    /// The saved endpoints.
    pub endpoints: Endpoints,
    /// The reader's settings.
    pub settings: Settings,
    /// The keys under which damaged values were put aside.
    pub aside: Vec<String>,
}

/// Reads what was saved.
///
/// # Errors
/// [`Error::Blocked`], or [`Error::Full`] when a damaged value could not be put aside: then
/// nothing may be saved, because it would be written over.
pub fn load() -> Result<Loaded, Error> {
    if !is_available() {
        return Err(Error::Blocked);
    }
    let mut aside = Vec::new();
    let endpoints = read(Key::Endpoints, &mut aside)?.unwrap_or_default();
    let settings = read(Key::Settings, &mut aside)?.unwrap_or_default();
    let index: Index = read(Key::Index, &mut aside)?.unwrap_or_default();
    let mut chat = None;
    for id in index.chats {
        chat = read(Key::Chat(id), &mut aside)?.filter(|chat: &Chat| !chat.cards.is_empty());
        if chat.is_some() {
            break;
        }
    }
    Ok(Loaded {
        chat,
        endpoints,
        settings,
        aside,
    })
}

/// Reads one chat as another tab has just saved it; None when it is gone or can't be read.
pub fn chat(id: chat::Id) -> Option<Chat> {
    let text = raw()?.get_item(&Key::Chat(id).to_string()).ok()??;
    serde_json::from_str(&text)
        .ok()
        .filter(|chat: &Chat| !chat.cards.is_empty())
}

/// Reads the endpoints as another tab has just saved them; None when they can't be read.
pub fn endpoints() -> Option<Endpoints> {
    let text = raw()?.get_item(&Key::Endpoints.to_string()).ok()??;
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
    let text = raw().and_then(|storage| storage.get_item(&Key::Index.to_string()).ok().flatten());
    let index = text
        .and_then(|text| serde_json::from_str::<Index>(&text).ok())
        .unwrap_or_default();
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

/// Whether gloo-storage can be used: its functions panic where the browser gives no storage.
fn is_available() -> bool {
    raw().is_some()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place where storage is probed"
)]
fn raw() -> Option<web_sys::Storage> {
    web_sys::window()?.local_storage().ok().flatten()
}

fn write(key: Key, value: &impl Serialize) -> Result<(), Error> {
    if !is_available() {
        return Err(Error::Blocked);
    }
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
