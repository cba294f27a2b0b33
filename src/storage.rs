//! What the browser keeps: two keys per chat, one of them what the history shows of it, and one each
//! for the endpoints, the settings, and the models used last; the contents of attachments apart.
//!
//! Only an absent key becomes a default. What can't be read is moved aside under
//! `collate.aside.…` before anything is written in its place.

#![expect(
    clippy::disallowed_methods,
    reason = "the border that clippy.toml draws ends here"
)]

pub mod blobs;
pub mod schema;

use gloo_storage::{LocalStorage, Storage};
use serde::{Serialize, de::DeserializeOwned};
use wasm_bindgen::JsCast;

use crate::{
    chat::{self, Chat, Entry},
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

/// Reads what was saved: all that can be read, and why nothing may be saved, if so:
/// [`Error::Blocked`], or [`Error::Full`] when a damaged value could not be put aside and would be
/// written over.
pub fn load() -> (Loaded, Option<Error>) {
    fn or_default<T: DeserializeOwned + Default>(
        key: Key,
        aside: &mut Vec<String>,
        failed: &mut Option<Error>,
    ) -> T {
        read(key, aside)
            .unwrap_or_else(|error| {
                *failed = Some(error);
                None
            })
            .unwrap_or_default()
    }
    let mut loaded = Loaded::default();
    let mut failed = None;
    let aside = &mut loaded.aside;
    loaded.endpoints = or_default(Key::Endpoints, aside, &mut failed);
    loaded.settings = or_default(Key::Settings, aside, &mut failed);
    loaded.recent = or_default(Key::Recent, aside, &mut failed);
    (loaded, failed)
}

/// What was found of a chat.
#[derive(Debug)]
pub enum Found {
    /// The chat itself.
    Chat(Chat),
    /// There is none under that identifier.
    None,
    /// There is one that can't be read. It was put aside under this key.
    Aside(String),
}

/// Reads a chat. One that can't be read is put aside.
///
/// # Errors
/// Why nothing may be saved: what can't be read could not be put aside.
pub fn open(id: chat::Id) -> Result<Found, Error> {
    let mut aside = Vec::new();
    let chat = read(Key::Chat(id), &mut aside)?;
    Ok(match (chat.filter(is_whole), aside.pop()) {
        (Some(chat), _) => Found::Chat(chat),
        (None, Some(key)) => Found::Aside(key),
        (None, None) => Found::None,
    })
}

/// Every chat has a card.
fn is_whole(chat: &Chat) -> bool {
    !chat.cards.is_empty()
}

/// What the history shows: each chat that is stored, the last used first.
pub fn history() -> Vec<Entry> {
    let Some(storage) = raw() else {
        return Vec::new();
    };
    let keys = (0..storage.length().unwrap_or_default()).filter_map(|n| storage.key(n).ok()?);
    let mut entries: Vec<Entry> = Vec::new();
    for key in keys {
        if let Some(Key::Chat(id)) = Key::parse(&key) {
            let entry = entry(id);
            // A sort of the standard library would be 1 % of the download.
            let place = entries.partition_point(|other| other.used >= entry.used);
            entries.insert(place, entry);
        }
    }
    entries
}

/// What the history shows of one chat. Where its entry is lost, the chat itself tells; a chat that
/// can't be read is shown without a title, and named when it is opened.
fn entry(id: chat::Id) -> Entry {
    let stored = readable(Key::Entry(id));
    stored.or_else(|| Some(chat(id)?.entry())).unwrap_or(Entry {
        id,
        title: String::new(),
        used: 0.0,
        models: Vec::new(),
        pinned: false,
        tags: Vec::new(),
    })
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

/// The chat that this tab shows, which is not stored if nothing was said in it.
pub fn remembered() -> Option<chat::Id> {
    match Key::parse(&raw_of_tab()?.get_item(OPEN).ok()??)? {
        Key::Chat(id) => Some(id),
        _ => None,
    }
}

/// Reads one chat as another tab has just saved it; None when it is gone or can't be read.
pub fn chat(id: chat::Id) -> Option<Chat> {
    readable(Key::Chat(id)).filter(is_whole)
}

/// Reads a value as another tab has just saved it; None when it is gone or can't be read.
pub fn readable<T: DeserializeOwned>(key: Key) -> Option<T> {
    let text = raw()?.get_item(&key.to_string()).ok()??;
    json::read(&text)
}

/// Saves one chat, and nothing else: the cost is by this chat, not by the history.
///
/// # Errors
/// Why it is not saved.
pub fn save_chat(chat: &Chat) -> Result<(), Error> {
    write(Key::Chat(chat.id), chat)
}

/// Saves what the history shows of a chat.
///
/// # Errors
/// Why it is not saved.
pub fn save_entry(entry: &Entry) -> Result<(), Error> {
    write(Key::Entry(entry.id), entry)
}

/// Deletes a chat.
pub fn delete_chat(id: chat::Id) {
    if let Some(storage) = raw() {
        // A storage that is there lets its keys be removed.
        let _ = storage.remove_item(&Key::Chat(id).to_string());
        let _ = storage.remove_item(&Key::Entry(id).to_string());
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

/// Saves which models were used last.
///
/// # Errors
/// Why they are not saved.
pub fn save_recent(recent: &Recent) -> Result<(), Error> {
    write(Key::Recent, recent)
}

/// The storage, where the browser gives one. gloo-storage's own functions panic where it does not.
fn raw() -> Option<web_sys::Storage> {
    web_sys::window()?.local_storage().ok().flatten()
}

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
    if let Some(value) = json::read(&text) {
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

/// Whether a storage event of another tab tells that a value was removed.
pub fn is_gone(event: &web_sys::Event) -> bool {
    let event = event.dyn_ref::<web_sys::StorageEvent>();
    event.is_some_and(|event| event.new_value().is_none())
}

/// The key that a storage event of another tab is about.
pub fn changed(event: &web_sys::Event) -> Option<Key> {
    Key::parse(&event.dyn_ref::<web_sys::StorageEvent>()?.key()?)
}
