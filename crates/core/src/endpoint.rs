//! An endpoint: a name, a base URL and an optional token, saved once and used by any card.

mod base_url;
mod headers;
mod learned;
mod list;
pub mod server;
mod token;

pub use base_url::BaseUrl;
pub use learned::Learned;
pub use list::{Edit, Endpoints, Invalid};
pub use server::Server;
pub use token::{Keeper, Token};

use serde::{Deserialize, Serialize};

crate::id::declare_id! {
    /// Identifies a saved endpoint.
}

/// A server that speaks the OpenAI protocol, as saved by the user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Reference for cards; it survives a change of name or base URL.
    pub id: Id,
    /// The user's name for it; initially its host.
    pub name: String,
    /// Start of its paths.
    pub base_url: BaseUrl,
    /// Sent to this endpoint only, as `Authorization: Bearer …`; None sends no such header. In the
    /// list of saved endpoints it is present only if kept in the browser.
    #[serde(
        default,
        skip_serializing_if = "token::is_detached",
        serialize_with = "token::write"
    )]
    pub token: Option<Token>,
    /// True if requests are sent one at a time: a small graphics card is no faster at several
    /// answers in parallel.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub one_at_a_time: bool,
    /// Lessons from its refusals; cleared when its base URL changes.
    #[serde(default, skip_serializing_if = "Learned::is_empty")]
    pub learned: Learned,
    /// Storage of its token.
    #[serde(default, skip_serializing_if = "TokenStorage::is_default")]
    pub keep: TokenStorage,
}

impl Endpoint {
    /// Creates an endpoint known only by its base URL.
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

    /// Returns its server. `owned_by` is the value in its list of models, or empty.
    pub fn server(&self, owned_by: &str) -> Server {
        let found = Server::of(&self.base_url, owned_by);
        let learned = self.learned.server().filter(|_| found.may_hide_another());
        learned.unwrap_or(found)
    }

    /// Returns whether both take the same requests, apart from lessons, which don't affect the list
    /// of models.
    pub fn is_asked_like(&self, other: &Self) -> bool {
        let learned = other.learned.clone();
        *other
            == Self {
                learned,
                ..self.clone()
            }
    }

    /// Maximum concurrent requests for answers; 0 is no limit. A browser opens six connections to
    /// an HTTP/1.1 server, such as one without TLS; a page can't tell whether a TLS server speaks
    /// HTTP/2, which needs only one. In this browser, models answer one after the other.
    pub fn most_at_once(&self) -> usize {
        match self.one_at_a_time || self.base_url.is_on_device() {
            true => 1,
            false if self.base_url.origin().starts_with("http:") => 6,
            false => 0,
        }
    }
}

/// Timeouts of an endpoint in seconds; 0 is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Timeouts {
    /// Until the response starts. Some servers load a model first.
    pub response: u32,
    /// From then until the first token of an answer.
    pub first_token: u32,
    /// From one chunk of an answer to the next.
    #[serde(rename = "more")]
    pub idle: u32,
}

impl Default for Timeouts {
    /// Long enough for a large model on a slow machine, but finite.
    fn default() -> Self {
        Self {
            response: 300,
            first_token: 300,
            idle: 120,
        }
    }
}

/// Storage of an endpoint's token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenStorage {
    /// With the endpoint, permanently, readable to anyone who uses this browser.
    #[default]
    Browser,
    /// In this tab, until it is closed: see `storage::keys`.
    Tab,
    /// In the vault, which a passphrase opens: see `storage::keys`.
    Vault,
}

impl TokenStorage {
    /// All kinds of storage.
    pub const ALL: [Self; 3] = [Self::Browser, Self::Tab, Self::Vault];

    /// Returns the kind of storage with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|keep| keep.name() == name)
    }

    /// Returns its serialized name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Browser => "browser",
            Self::Tab => "tab",
            Self::Vault => "vault",
        }
    }

    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde requires this signature"
    )]
    const fn is_default(&self) -> bool {
        matches!(self, Self::Browser)
    }
}

/// Knowledge of an endpoint's token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Held {
    /// No token for the server at its base URL.
    #[default]
    Nothing,
    /// This token.
    Token(Token),
    /// A token in the vault, which is locked.
    Locked,
}

impl Endpoint {
    /// Takes the token out, unless it is kept with the endpoint: the rest may be stored like the
    /// list of saved endpoints.
    pub fn detach_token(&mut self) -> Option<Token> {
        match self.keep {
            TokenStorage::Browser => None,
            TokenStorage::Tab | TokenStorage::Vault => self.token.take(),
        }
    }

    /// Returns the endpoint with its token, for a request; a token held elsewhere is never stored
    /// with it.
    ///
    /// # Errors
    /// [`Locked`]
    pub fn with_held(&self, held: Held) -> Result<Self, Locked> {
        let token = match held {
            _ if self.token.is_some() => self.token.clone(),
            Held::Nothing => None,
            Held::Token(token) => Some(token.detached()),
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
#[expect(
    clippy::disallowed_methods,
    reason = "this test reads the token that views may not read"
)]
mod tests;
