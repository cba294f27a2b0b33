//! The list of saved endpoints, and what a user may change in it.

use super::{BaseUrl, Endpoint, Held, Id, Token, TokenStorage};
use serde::{Deserialize, Serialize};

/// All saved endpoints, in the reader's order; a new one comes last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoints {
    /// Each with an identifier and a base URL of its own.
    pub list: Vec<Endpoint>,
    /// When they were changed last, in milliseconds since 1970.
    #[serde(default)]
    pub at: u64,
    /// What a later version has written into it.
    #[serde(skip)]
    pub rest: crate::json::Rest,
}

impl Endpoints {
    /// What was read, made true: who has a token in the list is kept in the browser, whatever else is
    /// written there.
    #[must_use]
    pub fn honest(mut self) -> Self {
        for endpoint in &mut self.list {
            if endpoint.token.is_some() {
                endpoint.keep = TokenStorage::Browser;
            }
        }
        self
    }

    /// Where an imported endpoint is saved, or is to be: one of the same base URL as it is, else a new
    /// one without a token. One that is saved stays as it is, also where another has its identifier.
    ///
    /// # Errors
    /// The endpoint that is to be saved.
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

    /// The endpoint at this base URL.
    pub fn at(&self, base_url: &BaseUrl) -> Option<&Endpoint> {
        self.list.iter().find(|saved| saved.base_url == *base_url)
    }

    /// The endpoint with that identifier, if it is still saved.
    pub fn find(&self, id: Id) -> Option<&Endpoint> {
        self.list.iter().find(|endpoint| endpoint.id == id)
    }

    /// The endpoint that an address or a reader calls this: by its name, else by its base URL.
    pub fn named(&self, name: &str) -> Option<&Endpoint> {
        let by_name = self.list.iter().find(|saved| saved.name == name);
        by_name.or_else(|| {
            let base_url = BaseUrl::parse(name).ok()?;
            self.list.iter().find(|saved| saved.base_url == base_url)
        })
    }

    /// The endpoint that a filled-in form means. An empty base URL means the chosen endpoint; a
    /// base URL that is saved already means that endpoint, with the typed token if one was typed.
    /// A new base URL means a new endpoint, which has the typed token or none: never another's. A typed
    /// token is kept as is chosen, else as the one before was.
    ///
    /// # Errors
    /// What is wrong with the base URL or the token.
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

/// What a reader has changed of an endpoint.
#[derive(Clone, Debug)]
pub struct Edit {
    /// Empty is the name that the base URL gives.
    pub name: String,
    /// The base URL as typed.
    pub base_url: String,
    /// A token to be taken in place of the one before; empty keeps that.
    pub token: String,
    /// Whether the token before is given up.
    pub forget_token: bool,
    /// Whether it is asked one question at a time.
    pub one_at_a_time: bool,
    /// Where the token is kept from now on.
    pub keep: TokenStorage,
}

impl Endpoints {
    /// The endpoint as the edit makes it, with its token wherever that is kept, as far as it is known;
    /// without one before, a new one. `held` is what is known of the token before. A token stays with
    /// the server that it was typed for: at another scheme, host or port, it has to be typed again.
    ///
    /// # Errors
    /// What is wrong with the edit.
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

/// What can be wrong with a typed base URL or token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Invalid {
    /// Nothing was typed and no endpoint is chosen.
    #[error("the base URL is empty")]
    EmptyUrl,
    /// It starts with neither `http://` nor `https://`.
    #[error("the base URL does not start with http:// or https://")]
    Scheme,
    /// There is no host, or a character that no URL has.
    #[error("the base URL is not a URL")]
    Url,
    /// It holds `user:password@`, which browsers refuse to send from a page.
    #[error("the base URL holds a user name or password")]
    Credentials,
    /// It holds `?` or `#`, behind which no path can be added.
    #[error("the base URL has a query or a fragment")]
    Query,
    /// Another endpoint has it.
    #[error("another endpoint has this base URL")]
    Taken,
    /// The token holds a character that no HTTP header can carry.
    #[error("the token holds a character that can't be sent")]
    Token,
    /// The token is to go into the vault, or out of it, and that is not open.
    #[error("the vault is not open")]
    Locked,
}
