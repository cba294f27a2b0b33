//! The keys and the small values of the storage. A chat and the endpoints are stored as they are.

use serde::{Deserialize, Serialize};

use crate::{
    chat::{self, input::Busy},
    endpoint::{self, Timeouts},
};

/// What a key holds. The version in it is the schema's: values of another version have other keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// [`Recent`]
    Recent,
    /// [`crate::endpoint::Endpoints`]
    Endpoints,
    /// [`Settings`]
    Settings,
    /// The vault: see `src/settings/vault.js`.
    Vault,
    /// Since when no chat refers to contents that are stored, by identifier, in milliseconds since
    /// 1970.
    Orphans,
    /// [`crate::chat::Chat`]
    Chat(chat::Id),
    /// [`crate::chat::Entry`]
    Entry(chat::Id),
}

/// What all keys begin with.
pub const PREFIX: &str = "collate.v2.";

/// What the keys of the version before began with.
pub const OLD_PREFIX: &str = "collate.v1.";

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Recent => write!(f, "{PREFIX}recent"),
            Self::Endpoints => write!(f, "{PREFIX}endpoints"),
            Self::Settings => write!(f, "{PREFIX}settings"),
            Self::Vault => write!(f, "{PREFIX}vault"),
            Self::Orphans => write!(f, "{PREFIX}orphans"),
            Self::Chat(id) => write!(f, "{PREFIX}chat.{id}"),
            Self::Entry(id) => write!(f, "{PREFIX}entry.{id}"),
        }
    }
}

impl Key {
    /// Reads a key, if it is one of ours.
    pub fn parse(key: &str) -> Option<Self> {
        match key.strip_prefix(PREFIX)? {
            "recent" => Some(Self::Recent),
            "endpoints" => Some(Self::Endpoints),
            "settings" => Some(Self::Settings),
            "vault" => Some(Self::Vault),
            "orphans" => Some(Self::Orphans),
            other => {
                let (kind, id) = other.split_once('.')?;
                let id = id.parse().ok()?;
                match kind {
                    "chat" => Some(Self::Chat(id)),
                    "entry" => Some(Self::Entry(id)),
                    _ => None,
                }
            }
        }
    }
}

/// A model at an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Used {
    /// Where it is.
    pub endpoint: endpoint::Id,
    /// What it is called there.
    pub model: String,
}

/// Which models were chosen or asked, the last one first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recent {
    /// Each once.
    pub used: Vec<Used>,
    /// The chat in which something was asked last.
    #[serde(default)]
    pub chat: Option<chat::Id>,
}

/// As many models are remembered.
const RECENT: usize = 50;

impl Recent {
    /// Puts a model first.
    pub fn note(&mut self, used: Used) {
        self.used.retain(|other| *other != used);
        self.used.insert(0, used);
        self.used.truncate(RECENT);
    }

    /// The models of an endpoint, the last one first.
    pub fn of(&self, endpoint: endpoint::Id) -> impl Iterator<Item = &str> {
        let of = move |used: &&Used| used.endpoint == endpoint;
        self.used.iter().filter(of).map(|used| &*used.model)
    }
}

/// What the reader has set for the whole page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// The language as a BCP 47 tag; None follows the browser.
    #[serde(default)]
    pub locale: Option<String>,
    /// Light or dark; None follows the system.
    #[serde(default)]
    pub theme: Option<Theme>,
    /// Which key sends.
    #[serde(default)]
    pub send_key: SendKey,
    /// What becomes of a question for a card that is busy.
    #[serde(default)]
    pub busy: Busy,
    /// How long endpoints are waited for.
    #[serde(default, rename = "patience")]
    pub timeouts: Timeouts,
    /// Whether the browser was asked to keep what is stored.
    #[serde(default)]
    pub asked_to_keep: bool,
    /// When they were changed last, in milliseconds since 1970.
    #[serde(default)]
    pub at: u64,
    /// What a later version has written into it.
    #[serde(skip)]
    pub rest: crate::json::Rest,
}

/// The colours of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "their names say it")]
pub enum Theme {
    Light,
    Dark,
}

/// Which key sends what is typed; the other one breaks the line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SendKey {
    /// Enter sends, Shift+Enter breaks the line.
    #[default]
    Enter,
    /// Ctrl+Enter or ⌘+Enter sends, Enter breaks the line.
    CtrlEnter,
}

#[cfg(test)]
mod tests;
