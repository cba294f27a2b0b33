//! Keys and small values of the storage. Chats and endpoints are stored as they are.

use serde::{Deserialize, Serialize};

use crate::{
    chat::{self, input::Busy},
    endpoint::{self, Timeouts},
};

/// A storage key. It contains the schema's version: values of another version have other keys.
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
    /// Times since which no chat refers to stored contents, by identifier, in milliseconds since
    /// 1970.
    Orphans,
    /// [`crate::chat::Chat`]
    Chat(chat::Id),
    /// [`crate::chat::Entry`]
    Entry(chat::Id),
}

/// Prefix of all keys.
pub const PREFIX: &str = env!("CONSTANT_PREFIX");

/// Prefix of the previous version's keys.
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
    /// Parses a key, if it is one of ours.
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
    /// The endpoint.
    pub endpoint: endpoint::Id,
    /// The model's name there.
    pub model: String,
}

/// The chosen or used models, latest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recent {
    /// The models, each once.
    pub used: Vec<Used>,
    /// The chat that last sent a prompt.
    #[serde(default)]
    pub chat: Option<chat::Id>,
}

/// Maximum number of remembered models.
const RECENT: usize = 50;

impl Recent {
    /// Moves a model to the front.
    pub fn note(&mut self, used: Used) {
        self.used.retain(|other| *other != used);
        self.used.insert(0, used);
        self.used.truncate(RECENT);
    }

    /// The models of an endpoint, latest first.
    pub fn of(&self, endpoint: endpoint::Id) -> impl Iterator<Item = &str> {
        let of = move |used: &&Used| used.endpoint == endpoint;
        self.used.iter().filter(of).map(|used| &*used.model)
    }
}

/// The user's settings for the whole page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// The language as a BCP 47 tag; `None` follows the browser.
    #[serde(default)]
    pub locale: Option<String>,
    /// Light or dark; `None` follows the system.
    #[serde(default)]
    pub theme: Option<Theme>,
    /// The key that sends.
    #[serde(default)]
    pub send_key: SendKey,
    /// What happens to a long text that is pasted.
    #[serde(default)]
    pub long_paste: LongPaste,
    /// Handling of a prompt for a busy card.
    #[serde(default)]
    pub busy: Busy,
    /// Timeouts for endpoints.
    #[serde(default, rename = "patience")]
    pub timeouts: Timeouts,
    /// True if the page has requested persistent storage from the browser.
    #[serde(default)]
    pub asked_to_keep: bool,
    /// Time of the last change, in milliseconds since 1970.
    #[serde(default)]
    pub at: u64,
    /// Fields that a later version has added.
    #[serde(skip)]
    pub rest: crate::json::Rest,
}

/// The page's colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "variant names are self-explanatory")]
pub enum Theme {
    Light,
    Dark,
}

/// The key that sends the input; the other one breaks the line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SendKey {
    /// Enter sends, Shift+Enter breaks the line. On a touch screen, whose keyboard has no Shift+Enter, Enter
    /// breaks the line.
    #[default]
    #[serde(rename = "enter")]
    Auto,
    /// Enter sends, also on a touch screen.
    #[serde(rename = "enter_always")]
    Enter,
    /// Ctrl+Enter or ⌘+Enter sends, Enter breaks the line.
    CtrlEnter,
}

/// What happens to a long text that is pasted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LongPaste {
    /// It becomes part of the message, and the page offers to attach it.
    #[default]
    Offer,
    /// It is attached as a text file.
    Attach,
    /// It becomes part of the message.
    Text,
}

#[cfg(test)]
mod tests;
