//! What an import finds.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Content, SharedEndpoint};
use crate::chat::{Chat, attachment};

/// Result of an import.
#[derive(Clone, Debug, PartialEq)]
pub struct Import {
    /// Detected format.
    pub from: Format,
    /// Readable chats in the file's order, without duplicate identifiers. The identifiers of
    /// another program's chat are derived from its own, so that each import gives the same ones.
    pub chats: Vec<Chat>,
    /// Endpoints, from our own format only.
    pub endpoints: Vec<SharedEndpoint>,
    /// Contents of the chats' attachments, sorted by identifier, without duplicates.
    pub contents: Vec<(attachment::Id, Content)>,
    /// Attachments whose contents are files of the archive, by their positions in its list of names.
    pub files: Vec<(attachment::Id, usize)>,
    /// Skipped items.
    pub skipped: Vec<Skipped>,
}

impl Import {
    /// Adds what another file of the same program has.
    pub fn extend(&mut self, other: Self) {
        let mut known: BTreeSet<_> = self.chats.iter().map(|chat| chat.id).collect();
        for chat in other.chats {
            if known.insert(chat.id) {
                self.chats.push(chat);
            } else {
                self.skipped.push(Skipped {
                    title: chat.shown_title(),
                    place: 0,
                    why: Reason::Twice,
                });
            }
        }
        self.endpoints.extend(other.endpoints);
        self.contents.extend(other.contents);
        self.files.extend(other.files);
        self.skipped.extend(other.skipped);
    }
}

/// Format of an import file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Format {
    /// Our own format: [`super::Bundle`].
    Collate,
    /// `conversations.json` of `ChatGPT`'s «Export data».
    ChatGpt,
    /// Chats exported by Open `WebUI`.
    OpenWebUi,
    /// Backend.AI `WebUI`'s history in localStorage.
    BackendAi,
    /// A conversation exported by `LibreChat`.
    LibreChat,
    /// Chats exported by `LobeChat`.
    LobeChat,
    /// Conversations exported by big-AGI.
    BigAgi,
}

impl Format {
    /// All formats, by their numbers.
    pub const ALL: &[Self] = &[
        Self::Collate,
        Self::ChatGpt,
        Self::OpenWebUi,
        Self::BackendAi,
        Self::LibreChat,
        Self::LobeChat,
        Self::BigAgi,
    ];
}

/// An item of a file that was not imported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// Name of the chat or endpoint in the file; empty if none.
    pub title: String,
    /// Position in the file, from 0.
    pub place: usize,
    /// Reason for skipping it.
    pub why: Reason,
}

/// Reason for skipping an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reason {
    /// The item does not match the file's format.
    Unreadable,
    /// The chat has no messages.
    Empty,
    /// An earlier item in the file has the same identifier.
    Twice,
    /// The chat was imported except for more of its branches than are kept.
    Branches,
    /// The chat was imported except for attachments whose content the file lacks. Their names are
    /// in the prompts.
    Attachments,
}

impl Reason {
    /// All reasons, by their numbers.
    pub const ALL: &[Self] = &[
        Self::Unreadable,
        Self::Empty,
        Self::Twice,
        Self::Branches,
        Self::Attachments,
    ];

    /// Returns whether the rest of the chat was imported.
    pub const fn is_part(self) -> bool {
        matches!(self, Self::Branches | Self::Attachments)
    }
}

/// Reason why nothing can be imported from a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum Error {
    /// The file is not JSON.
    #[error("not JSON")]
    NotJson,
    /// The file is valid at first and ends too early.
    #[error("the file is cut off")]
    Cut,
    /// The file is JSON, but not in a known format.
    #[error("not a file of chats that is known")]
    Unknown,
    /// The file is ours, of a version that this page does not know yet.
    #[error("a file of version {version}, which is newer than this page")]
    Newer {
        /// Version of the file.
        version: u64,
    },
    /// The file is empty.
    #[error("no chats in the file")]
    Empty,
    /// The archive is damaged, or packed in an unknown way.
    #[error("the archive can't be read")]
    Damaged,
    /// The archive is encrypted.
    #[error("the archive needs a password")]
    Locked,
    /// The file, or the archive, has too much in it.
    #[error("the file is too big")]
    TooBig,
    /// The program that reads files failed, or could not be loaded.
    #[error("the file could not be read")]
    Failed,
}

impl Error {
    /// All errors, by their numbers; [`Error::Newer`] of version 0.
    pub const ALL: &[Self] = &[
        Self::NotJson,
        Self::Cut,
        Self::Unknown,
        Self::Newer { version: 0 },
        Self::Empty,
        Self::Damaged,
        Self::Locked,
        Self::TooBig,
        Self::Failed,
    ];
}
