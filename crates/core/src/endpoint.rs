//! An endpoint: a name, a base URL and an optional token, saved once and used by any card.

mod base_url;
mod headers;
mod learned;
mod list;
pub mod quirks;
pub mod suggestion;
mod token;

pub use base_url::BaseUrl;
pub use learned::Learned;
pub use list::{Edit, Endpoints, Invalid};
pub use quirks::Server;
pub use suggestion::Suggestion;
pub use token::{Keeper, Token};

use serde::{Deserialize, Serialize};

crate::id::declare_id! {
    /// Identifies a saved endpoint.
}

/// A server that speaks the OpenAI protocol, as the reader has saved it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// What cards refer to; it outlives a change of name or address.
    pub id: Id,
    /// What the reader calls it; its host at first.
    pub name: String,
    /// Where its paths begin.
    pub base_url: BaseUrl,
    /// Sent to this endpoint only, as `Authorization: Bearer …`. None sends no such header. In the
    /// list of saved endpoints it is only there when it is kept in the browser.
    #[serde(
        default,
        skip_serializing_if = "token::is_apart",
        serialize_with = "token::write"
    )]
    pub token: Option<Token>,
    /// Whether it is asked one question at a time: a small graphics card makes several answers no
    /// faster than one after another.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub one_at_a_time: bool,
    /// What its refusals have taught; forgotten when its base URL changes.
    #[serde(default, skip_serializing_if = "Learned::is_empty")]
    pub learned: Learned,
    /// Where its token is kept.
    #[serde(default, skip_serializing_if = "TokenStorage::is_default")]
    pub keep: TokenStorage,
}

impl Endpoint {
    /// One of which nothing is known but where it is.
    pub fn new(id: Id, name: String, base_url: BaseUrl) -> Self {
        Self {
            id,
            name,
            base_url,
            token: None,
            keep: TokenStorage::default(),
            one_at_a_time: false,
            learned: Learned::default(),
        }
    }

    /// What is behind it. `owned_by` is what its list of models says, or nothing.
    pub fn server(&self, owned_by: &str) -> Server {
        match Server::of(&self.base_url, owned_by) {
            Server::Other => self.learned.server().unwrap_or(Server::Other),
            known => known,
        }
    }

    /// Whether this is asked as the other is: what was learned of it changes no list of models.
    pub fn is_asked_like(&self, other: &Self) -> bool {
        let learned = other.learned.clone();
        *other
            == Self {
                learned,
                ..self.clone()
            }
    }

    /// How many requests for an answer its server gets at once; 0 is no limit. A browser opens six
    /// connections to a server that speaks HTTP/1.1, as those without TLS do; whether one with TLS
    /// speaks HTTP/2, which needs one, a page is not told. In this browser, one answers after the other.
    pub fn most_at_once(&self) -> usize {
        match self.one_at_a_time || self.base_url.is_on_device() {
            true => 1,
            false if self.base_url.origin().starts_with("http:") => 6,
            false => 0,
        }
    }
}

/// How long an endpoint is waited for, in seconds; 0 is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Timeouts {
    /// Until it begins to respond. Some load a model first.
    pub response: u32,
    /// From then until the first words of an answer come.
    pub first_token: u32,
    /// From one piece of an answer to the next.
    #[serde(rename = "more")]
    pub idle: u32,
}

impl Default for Timeouts {
    /// Long enough for a large model on a slow machine, and an end all the same.
    fn default() -> Self {
        Self {
            response: 300,
            first_token: 300,
            idle: 120,
        }
    }
}

/// Where the token of an endpoint is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenStorage {
    /// With the endpoint, for good, as anyone who uses this browser can read it.
    #[default]
    Browser,
    /// In this tab, until it is closed: see `storage::keys`.
    Tab,
    /// In the vault, which a passphrase opens: see `storage::keys`.
    Vault,
}

impl TokenStorage {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Browser, Self::Tab, Self::Vault];

    /// The one with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|keep| keep.name() == name)
    }

    /// What it is called where it is stored.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Browser => "browser",
            Self::Tab => "tab",
            Self::Vault => "vault",
        }
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants it so")]
    const fn is_default(&self) -> bool {
        matches!(self, Self::Browser)
    }
}

/// What is known of the token of an endpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Held {
    /// There is none for the server at its base URL.
    #[default]
    Nothing,
    /// There is this one.
    Token(Token),
    /// There is one in the vault, which is locked.
    Locked,
}

impl Endpoint {
    /// Takes the token out, unless it is kept with the endpoint: what is left may be written anywhere
    /// that the list of saved endpoints is.
    pub fn take_apart(&mut self) -> Option<Token> {
        match self.keep {
            TokenStorage::Browser => None,
            TokenStorage::Tab | TokenStorage::Vault => self.token.take(),
        }
    }

    /// The endpoint with its token, for a request; the token is never written from there.
    ///
    /// # Errors
    /// [`Locked`]
    pub fn with_held(&self, held: Held) -> Result<Self, Locked> {
        let token = match held {
            _ if self.token.is_some() => self.token.clone(),
            Held::Nothing => None,
            Held::Token(token) => Some(token.apart()),
            Held::Locked => return Err(Locked),
        };
        Ok(Self {
            token,
            ..self.clone()
        })
    }
}

/// The token is in the vault, which is locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Locked;

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test looks behind the border")]
mod tests;
