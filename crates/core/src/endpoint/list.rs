//! The list of saved endpoints, and the user's changes to it.

use super::{BaseUrl, Endpoint, Held, Id, Token, TokenStorage};
use serde::{Deserialize, Serialize};

/// All saved endpoints, in the user's order; new ones come last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoints {
    /// Endpoints, each with a unique identifier and base URL.
    pub list: Vec<Endpoint>,
    /// Time of the last change, in milliseconds since 1970.
    #[serde(default)]
    pub at: u64,
    /// Fields written by a later version.
    #[serde(skip)]
    pub rest: crate::json::Rest,
}

impl Endpoints {
    /// Corrects a parsed list: an endpoint with a token in the list is kept in the browser,
    /// whatever its field says.
    #[must_use]
    pub fn honest(mut self) -> Self {
        for endpoint in &mut self.list {
            if endpoint.token.is_some() {
                endpoint.keep = TokenStorage::Browser;
            }
        }
        self
    }

    /// Finds or creates the endpoint for an imported one: a saved one with the same base URL, else
    /// a new one without a token. A saved one stays unchanged, even if the imported one shares its
    /// identifier.
    ///
    /// # Errors
    /// The new endpoint to save.
    pub fn imported(
        &self,
        id: Id,
        name: &str,
        base_url: &BaseUrl,
        fresh: Id,
    ) -> Result<Id, Endpoint> {
        self.at(base_url).map(|saved| saved.id).ok_or_else(|| {
            let id = if self.find(id).is_some() { fresh } else { id };
            Endpoint::new(id, name.to_owned(), base_url.clone())
        })
    }

    /// Returns the endpoint with this base URL.
    pub fn at(&self, base_url: &BaseUrl) -> Option<&Endpoint> {
        self.list.iter().find(|saved| saved.base_url == *base_url)
    }

    /// Returns the endpoint with this identifier, if it is still saved.
    pub fn find(&self, id: Id) -> Option<&Endpoint> {
        self.list.iter().find(|endpoint| endpoint.id == id)
    }

    /// Finds an endpoint by its name, else by its base URL.
    pub fn named(&self, name: &str) -> Option<&Endpoint> {
        let by_name = self.list.iter().find(|saved| saved.name == name);
        by_name.or_else(|| {
            let base_url = BaseUrl::parse(name).ok()?;
            self.list.iter().find(|saved| saved.base_url == base_url)
        })
    }

    /// Returns the endpoint that a submitted form means. An empty base URL means the chosen
    /// endpoint; a saved base URL means that endpoint, with the typed token if any. A new base URL
    /// means a new endpoint, which has the typed token or none: never another's. A typed token is
    /// kept as chosen, else like the previous one.
    ///
    /// # Errors
    /// The problem with the base URL or the token.
    pub fn resolve(
        &self,
        chosen: Option<Id>,
        base_url: &str,
        token: &str,
        keep: Option<TokenStorage>,
        fresh: Id,
    ) -> Result<Endpoint, Invalid> {
        let token = Token::parse(token)?;
        let chosen = chosen.and_then(|id| self.find(id));
        let known = if let ("", Some(chosen)) = (base_url.trim(), chosen) {
            Ok(chosen)
        } else {
            let base_url = BaseUrl::parse(base_url)?;
            self.list
                .iter()
                .find(|saved| saved.base_url == base_url)
                .ok_or(base_url)
        };
        Ok(match (known, token) {
            (Ok(known), None) => known.clone(),
            (Ok(known), Some(token)) => {
                let keep = keep.unwrap_or(known.keep);
                Endpoint {
                    token: Some(token.kept(keep)),
                    keep,
                    ..known.clone()
                }
            }
            (Err(base_url), token) => {
                let keep = keep.unwrap_or_default();
                Endpoint {
                    token: token.map(|token| token.kept(keep)),
                    keep,
                    ..Endpoint::new(fresh, base_url.name().into(), base_url)
                }
            }
        })
    }
}

/// The user's changes to an endpoint.
#[derive(Clone, Debug)]
pub struct Edit {
    /// Name; if empty, the base URL's default name.
    pub name: String,
    /// Base URL as typed.
    pub base_url: String,
    /// New token; if empty, the previous one is kept.
    pub token: String,
    /// True if the previous token is dropped.
    pub forget_token: bool,
    /// True if requests are sent one at a time.
    pub one_at_a_time: bool,
    /// New storage of the token.
    pub keep: TokenStorage,
}

impl Endpoints {
    /// Applies an edit to an endpoint and its token, wherever that is kept, as far as it is known;
    /// creates the endpoint if needed. `held` is the previous token. A token stays with the server
    /// it was typed for: at another scheme, host or port, it must be typed again.
    ///
    /// # Errors
    /// The problem with the edit.
    pub fn edited(&self, id: Id, edit: &Edit, held: Held) -> Result<Endpoint, Invalid> {
        let base_url = BaseUrl::parse(&edit.base_url)?;
        if self
            .list
            .iter()
            .any(|other| other.id != id && other.base_url == base_url)
        {
            return Err(Invalid::Taken);
        }
        let learned = self
            .find(id)
            .filter(|before| before.base_url == base_url)
            .map(|before| before.learned.clone());
        let kept = self
            .find(id)
            .filter(|before| !edit.forget_token && before.base_url.origin() == base_url.origin());
        let typed = Token::parse(&edit.token)?;
        let token = match (typed, kept, held) {
            (Some(typed), ..) => Some(typed),
            (None, Some(_), Held::Token(token)) => Some(token),
            (None, Some(before), Held::Locked) if before.keep != edit.keep => {
                return Err(Invalid::Locked);
            }
            _ => None,
        };
        let name = edit.name.trim();
        let name = if name.is_empty() {
            base_url.name()
        } else {
            name
        };
        Ok(Endpoint {
            id,
            name: name.to_owned(),
            token: token.map(|token| token.kept(edit.keep)),
            base_url,
            keep: edit.keep,
            one_at_a_time: edit.one_at_a_time,
            learned: learned.unwrap_or_default(),
        })
    }
}

/// A problem with a typed base URL or token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Invalid {
    /// The field is empty and no endpoint is chosen.
    #[error("the base URL is empty")]
    EmptyUrl,
    /// The URL starts with neither `http://` nor `https://`.
    #[error("the base URL does not start with http:// or https://")]
    Scheme,
    /// The URL has no host, or an invalid character.
    #[error("the base URL is not a URL")]
    Url,
    /// The URL contains `user:password@`, which browsers refuse to send from a page.
    #[error("the base URL holds a user name or password")]
    Credentials,
    /// The URL contains `?` or `#`, after which no path can be added.
    #[error("the base URL has a query or a fragment")]
    Query,
    /// Another endpoint has this base URL.
    #[error("another endpoint has this base URL")]
    Taken,
    /// The token contains a character that no HTTP header can carry.
    #[error("the token holds a character that can't be sent")]
    Token,
    /// The token must be moved into or out of the vault, which is not open.
    #[error("the vault is not open")]
    Locked,
}
