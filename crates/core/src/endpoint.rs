//! An endpoint: a name, a base URL and an optional token, saved once and used by any card.

mod headers;
mod learned;
pub mod quirks;
pub mod suggestion;
mod token;

pub use learned::Learned;
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

/// The address that an endpoint's paths begin with, version included, as in
/// `https://api.openai.com/v1`: as typed, less the white space around it and the slashes after it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BaseUrl(String);

impl BaseUrl {
    /// What stands for the models that run in this browser. It is no address: nothing can be sent there.
    pub const ON_DEVICE: &str = "on-device:";

    /// Whether it stands for the models that run in this browser.
    pub fn is_on_device(&self) -> bool {
        self.0 == Self::ON_DEVICE
    }

    /// Reads a base URL as a reader types it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(typed: &str) -> Result<Self, Invalid> {
        let url = typed.trim().trim_end_matches('/');
        if url == Self::ON_DEVICE {
            return Ok(Self(url.to_owned()));
        }
        if url.is_empty() {
            return Err(Invalid::EmptyUrl);
        }
        let rest = strip_scheme(url).ok_or(Invalid::Scheme)?;
        if url.contains(|c: char| c.is_whitespace() || c.is_control() || r#"\"<>^`{|}"#.contains(c))
        {
            return Err(Invalid::Url);
        }
        if rest.contains(['?', '#']) {
            return Err(Invalid::Query);
        }
        let authority = rest.split('/').next().unwrap_or_default();
        if authority.contains('@') {
            return Err(Invalid::Credentials);
        }
        if !is_host_and_port(authority) {
            return Err(Invalid::Url);
        }
        Ok(Self(url.to_owned()))
    }

    /// The address of a path below it, as in `models`.
    pub fn join(&self, path: &str) -> String {
        format!("{}/{path}", self.0)
    }

    /// What to call an endpoint at this address: the host, and the path that tells it from others
    /// there, less the version.
    pub fn name(&self) -> &str {
        if self.is_on_device() {
            return "On-device";
        }
        let name = strip_scheme(&self.0).unwrap_or(&self.0);
        match name.rsplit_once('/') {
            Some((before, "v1" | "v1beta" | "v2" | "v3")) => before,
            _ => name,
        }
    }

    /// The same address with the version that most servers want, where it ends in none.
    pub fn with_version(&self) -> Option<Self> {
        let is_version = |part: &str| {
            let digits = part.strip_prefix('v');
            digits.is_some_and(|digits| digits.starts_with(|c: char| c.is_ascii_digit()))
        };
        let path = strip_scheme(&self.0)?.split('/').skip(1);
        (!path.into_iter().any(is_version)).then(|| Self(self.join("v1")))
    }

    /// What tells one server from another: scheme, host and port, in lower case.
    pub fn origin(&self) -> String {
        let rest = strip_scheme(&self.0).unwrap_or(&self.0);
        let path = rest.find('/').map_or(0, |start| rest.len() - start);
        self.0[..self.0.len() - path].to_ascii_lowercase()
    }

    /// The host, in lower case, without the port.
    pub fn host(&self) -> String {
        let origin = self.origin();
        let authority = strip_scheme(&origin).unwrap_or(&origin);
        let end = match authority.find(']') {
            Some(end) => end + 1,
            None => authority.find(':').unwrap_or(authority.len()),
        };
        authority[..end].to_owned()
    }

    /// The port, where it is written.
    pub fn port(&self) -> Option<u16> {
        let origin = self.origin();
        let (_, port) = origin.rsplit_once(':')?;
        port.parse().ok()
    }

    /// The address itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether this is a host, or an IPv6 address in brackets, with a port or without.
fn is_host_and_port(authority: &str) -> bool {
    let (host, port) = if let Some((address, port)) = authority.split_once(']') {
        (address.strip_prefix('['), port)
    } else {
        let end = authority.find(':').unwrap_or(authority.len());
        (Some(&authority[..end]), &authority[end..])
    };
    let is_port = |port: &str| port.parse::<u16>().is_ok();
    host.is_some_and(|host| !host.is_empty() && !host.contains(['[', ']']))
        && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port))
}

/// What comes after `http://` or `https://`, whose letters count the same in either case.
fn strip_scheme(url: &str) -> Option<&str> {
    let (scheme, rest) = url.split_once("://")?;
    ["http", "https"]
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known))
        .then_some(rest)
}

impl TryFrom<String> for BaseUrl {
    type Error = Invalid;

    fn try_from(stored: String) -> Result<Self, Invalid> {
        Self::parse(&stored)
    }
}

impl From<BaseUrl> for String {
    fn from(url: BaseUrl) -> Self {
        url.0
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test looks behind the border")]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn base_urls_are_kept_as_typed_less_trailing_slashes() {
        #[track_caller]
        fn check(typed: &str, expected: Result<&str, Invalid>) {
            assert_eq!(
                BaseUrl::parse(typed).as_ref().map(BaseUrl::as_str),
                expected.as_ref().copied()
            );
        }
        check("https://api.openai.com/v1", Ok("https://api.openai.com/v1"));
        check(
            "  http://127.0.0.1:8081/v1// ",
            Ok("http://127.0.0.1:8081/v1"),
        );
        check("https://host/proxy/abc", Ok("https://host/proxy/abc"));
        check("HTTP://[::1]:11434/v1", Ok("HTTP://[::1]:11434/v1"));
        check("http://모델.example/v1", Ok("http://모델.example/v1"));
        check("", Err(Invalid::EmptyUrl));
        check(" / ", Err(Invalid::EmptyUrl));
        check("localhost:11434/v1", Err(Invalid::Scheme));
        check("ftp://host/v1", Err(Invalid::Scheme));
        check("javascript:alert(1)", Err(Invalid::Scheme));
        check("http://", Err(Invalid::Scheme));
        check("http:///v1", Err(Invalid::Url));
        check("http://:80/v1", Err(Invalid::Url));
        check("http://ho st/v1", Err(Invalid::Url));
        check("http://host:99999/v1", Err(Invalid::Url));
        check("http://host:port/v1", Err(Invalid::Url));
        check("http://[::1", Err(Invalid::Url));
        check("http://::1]/v1", Err(Invalid::Url));
        check("http://[::1]", Ok("http://[::1]"));
        check("https://me:secret@host/v1", Err(Invalid::Credentials));
        check("https://host/v1?key=1", Err(Invalid::Query));
        check("https://host/v1#top", Err(Invalid::Query));
    }

    #[test]
    fn a_port_is_the_one_that_is_written() {
        #[track_caller]
        fn check(url: &str, expected: Option<u16>) {
            assert_eq!(BaseUrl::parse(url).unwrap().port(), expected, "{url}");
        }
        check("http://localhost:11434/v1", Some(11434));
        check("http://[::1]:8080", Some(8080));
        check("http://[::1]", None);
        check("https://api.openai.com/v1", None);
    }

    #[test]
    fn endpoints_of_one_host_have_names_of_their_own() {
        #[track_caller]
        fn check(url: &str, expected: &str) {
            assert_eq!(BaseUrl::parse(url).unwrap().name(), expected);
        }
        check("http://127.0.0.1:8081/v1", "127.0.0.1:8081");
        check("https://api.openai.com/v1/", "api.openai.com");
        check("https://host/a/v1", "host/a");
        check("https://host/proxy/abc", "host/proxy/abc");
        check("https://host", "host");
    }

    #[test]
    fn tokens_hold_what_a_header_can_carry() {
        #[track_caller]
        fn check(typed: &str, expected: Result<Option<&str>, Invalid>) {
            let bearer = Token::parse(typed).map(|token| token.map(|token| token.bearer()));
            assert_eq!(bearer, expected.map(|token| token.map(str::to_owned)));
        }
        check("sk-test", Ok(Some("Bearer sk-test")));
        check(" Bearer sk-test\n", Ok(Some("Bearer sk-test")));
        check("  ", Ok(None));
        check("sk test", Err(Invalid::Token));
        check("토큰", Err(Invalid::Token));
        check("sk\u{0}", Err(Invalid::Token));
    }

    #[test]
    fn a_token_is_masked_in_words() {
        #[track_caller]
        fn check(token: &str, text: &str, expected: &str) {
            let token = Token::parse(token).unwrap().unwrap();
            assert_eq!(token.masked_in(text), expected);
        }
        check(
            "sk-secret",
            "Invalid key sk-secret, sk-secret!",
            "Invalid key …, …!",
        );
        check("sk-secret", "no", "no");
        check("bad", "a bad token", "a bad token");
    }

    #[test]
    fn what_was_learned_stays_with_the_base_url() {
        let mut learned = Learned::default();
        learned.learn_renaming("o9");
        let saved = Endpoint {
            keep: TokenStorage::Browser,
            one_at_a_time: false,
            id: Id::new(1),
            name: "one".into(),
            base_url: BaseUrl::parse("http://one/v1").unwrap(),
            token: None,
            learned: learned.clone(),
        };
        let fresh = Endpoint {
            learned: Learned::default(),
            ..saved.clone()
        };
        assert!(saved.is_asked_like(&fresh) && saved != fresh);
        let stored = serde_json::to_string(&fresh).unwrap();
        assert!(!stored.contains("learned"));
        assert_eq!(crate::json::read(&stored), Some(fresh));
        let stored = serde_json::to_string(&saved).unwrap();
        assert_eq!(crate::json::read(&stored), Some(saved.clone()));
        let endpoints = Endpoints {
            list: vec![saved],
            ..Endpoints::default()
        };
        for (base_url, kept) in [("http://one/v1/", true), ("http://one/v2", false)] {
            let edit = Edit {
                keep: TokenStorage::Browser,
                one_at_a_time: false,
                name: "other".into(),
                base_url: base_url.into(),
                token: "new".into(),
                forget_token: false,
            };
            let edited = endpoints.edited(Id::new(1), &edit, Held::Nothing).unwrap();
            assert_eq!(edited.learned == learned, kept);
        }
    }

    #[test]
    fn a_token_stays_with_its_own_base_url() {
        #[track_caller]
        fn check(
            endpoints: &Endpoints,
            form: (Option<u64>, &str, &str),
            expected: Result<(u64, &str, Option<&str>), Invalid>,
        ) {
            let (chosen, base_url, token) = form;
            let found = endpoints.resolve(chosen.map(Id::new), base_url, token, None, Id::new(9));
            let expected = expected.map(|(id, base_url, token)| {
                (
                    Id::new(id),
                    base_url.to_owned(),
                    token.map(|token| format!("Bearer {token}")),
                )
            });
            let found = found.map(|endpoint| {
                (
                    endpoint.id,
                    endpoint.base_url.into(),
                    endpoint.token.map(|token| token.bearer()),
                )
            });
            assert_eq!(found, expected);
        }
        let saved = Endpoint {
            one_at_a_time: false,
            id: Id::new(1),
            name: "one".into(),
            base_url: BaseUrl::parse("http://one/v1").unwrap(),
            token: Token::parse("secret-1").unwrap(),
            learned: Learned::default(),
            keep: TokenStorage::Browser,
        };
        let endpoints = Endpoints {
            list: vec![saved],
            ..Endpoints::default()
        };
        let one = "http://one/v1";
        check(
            &endpoints,
            (Some(1), "", ""),
            Ok((1, one, Some("secret-1"))),
        );
        check(&endpoints, (Some(1), "", "new"), Ok((1, one, Some("new"))));
        check(
            &endpoints,
            (Some(1), "http://two/v1", ""),
            Ok((9, "http://two/v1", None)),
        );
        check(
            &endpoints,
            (Some(1), "http://two/v1", "x"),
            Ok((9, "http://two/v1", Some("x"))),
        );
        check(
            &endpoints,
            (None, "http://one/v1/", ""),
            Ok((1, one, Some("secret-1"))),
        );
        check(&endpoints, (None, "", "x"), Err(Invalid::EmptyUrl));
        check(&endpoints, (Some(7), "", "x"), Err(Invalid::EmptyUrl));
    }

    #[test]
    fn a_missing_version_is_found() {
        #[track_caller]
        fn check(url: &str, expected: Option<&str>) {
            let found = BaseUrl::parse(url).unwrap().with_version();
            assert_eq!(found.as_ref().map(BaseUrl::as_str), expected);
        }
        check("http://host:1", Some("http://host:1/v1"));
        check("https://host/proxy/abc/", Some("https://host/proxy/abc/v1"));
        check("https://v1.example", Some("https://v1.example/v1"));
        check("https://host/video", Some("https://host/video/v1"));
        check("https://host/v1", None);
        check("https://host/v1beta/openai", None);
    }

    #[test]
    fn a_server_is_known_by_its_origin() {
        #[track_caller]
        fn check(url: &str, origin: &str, host: &str) {
            let url = BaseUrl::parse(url).unwrap();
            assert_eq!((&*url.origin(), &*url.host()), (origin, host));
        }
        check("https://Host/v1", "https://host", "host");
        check("HTTP://host:81/a/b", "http://host:81", "host");
        check("http://[::1]:81/v1", "http://[::1]:81", "[::1]");
        check("http://host", "http://host", "host");
    }

    #[test]
    fn an_edit_takes_no_token_to_another_server() {
        #[track_caller]
        fn check(edit: (&str, &str, &str, bool), expected: Result<(&str, Option<&str>), Invalid>) {
            let saved = |id, base_url: &str| Endpoint {
                one_at_a_time: false,
                id: Id::new(id),
                name: "old".into(),
                base_url: BaseUrl::parse(base_url).unwrap(),
                token: Token::parse("secret").unwrap(),
                learned: Learned::default(),
                keep: TokenStorage::Browser,
            };
            let endpoints = Endpoints {
                list: vec![saved(1, "http://one"), saved(2, "http://two/v1")],
                ..Endpoints::default()
            };
            let (name, base_url, token, forget_token) = edit;
            let edit = Edit {
                one_at_a_time: false,
                name: name.into(),
                base_url: base_url.into(),
                token: token.into(),
                forget_token,
                keep: TokenStorage::Browser,
            };
            let held = Held::Token(Token::parse("secret").unwrap().unwrap());
            let edited = endpoints.edited(Id::new(1), &edit, held);
            let expected =
                expected.map(|(name, token)| (name.to_owned(), token.map(str::to_owned)));
            let edited = edited.map(|edited| (edited.name, edited.token.map(|token| token.bare())));
            assert_eq!(edited, expected);
        }
        check(
            ("new", "http://one", "", false),
            Ok(("new", Some("secret"))),
        );
        check(
            ("", "http://one/v1", "", false),
            Ok(("one", Some("secret"))),
        );
        check(
            ("a", "http://one", "other", false),
            Ok(("a", Some("other"))),
        );
        check(("a", "http://one", "", true), Ok(("a", None)));
        check(("a", "http://one", "other", true), Ok(("a", Some("other"))));
        check(("a", "https://one", "", false), Ok(("a", None)));
        check(("a", "http://one:81", "", false), Ok(("a", None)));
        check(("a", "http://three", "new", false), Ok(("a", Some("new"))));
        check(("a", "http://two/v1/", "", false), Err(Invalid::Taken));
        check(("a", "two", "", false), Err(Invalid::Scheme));
        check(("a", "http://one", "토큰", false), Err(Invalid::Token));
    }

    #[test]
    fn a_token_moves_only_where_it_can_be_read() {
        #[track_caller]
        fn check(
            before: TokenStorage,
            held: Held,
            edit: (&str, TokenStorage),
            expected: Result<Option<&str>, Invalid>,
        ) {
            let saved = Endpoint {
                one_at_a_time: false,
                learned: Learned::default(),
                id: Id::new(1),
                name: "one".into(),
                base_url: BaseUrl::parse("http://one").unwrap(),
                token: None,
                keep: before,
            };
            let endpoints = Endpoints {
                list: vec![saved],
                ..Endpoints::default()
            };
            let (token, keep) = edit;
            let edit = Edit {
                one_at_a_time: false,
                name: String::new(),
                base_url: "http://one/v1".into(),
                token: token.into(),
                forget_token: false,
                keep,
            };
            let edited = endpoints.edited(Id::new(1), &edit, held);
            let edited = edited.map(|edited| edited.token.map(|token| token.bare()));
            assert_eq!(edited, expected.map(|token| token.map(str::to_owned)));
        }
        use TokenStorage::{Browser, Tab, Vault};
        let held = || Held::Token(Token::parse("old").unwrap().unwrap());
        check(Tab, held(), ("", Browser), Ok(Some("old")));
        check(Browser, held(), ("", Vault), Ok(Some("old")));
        check(Tab, Held::Nothing, ("", Vault), Ok(None));
        check(Vault, Held::Locked, ("", Vault), Ok(None));
        check(Vault, Held::Locked, ("", Tab), Err(Invalid::Locked));
        check(Vault, Held::Locked, ("new", Tab), Ok(Some("new")));
        check(Vault, Held::Locked, ("new", Vault), Ok(Some("new")));
    }

    #[test]
    fn what_is_read_is_kept_where_it_was_read() {
        let text = r#"{"list":[{"id":"1","name":"a","base_url":"http://a","token":"t","keep":"vault"},
            {"id":"2","name":"b","base_url":"http://b","keep":"tab"},
            {"id":"3","name":"c","base_url":"http://c","token":"t"}]}"#;
        let read: Endpoints = crate::json::read(text).unwrap();
        let keeps: Vec<_> = read.honest().list.iter().map(|saved| saved.keep).collect();
        assert_eq!(
            keeps,
            [
                TokenStorage::Browser,
                TokenStorage::Tab,
                TokenStorage::Browser
            ]
        );
    }

    #[test]
    fn an_import_takes_nobodys_place() {
        #[track_caller]
        fn check(endpoints: &Endpoints, id: u64, base_url: &str, expected: Result<u64, u64>) {
            let base_url = BaseUrl::parse(base_url).unwrap();
            let imported = endpoints.imported(Id::new(id), "theirs", &base_url, Id::new(9));
            let token = imported.as_ref().err().and_then(|new| new.token.as_ref());
            assert_eq!(token, None);
            let imported = imported.map(Id::bits).map_err(|new| new.id.bits());
            assert_eq!(imported, expected);
        }
        let base_url = BaseUrl::parse("http://one").unwrap();
        let saved = Endpoint {
            token: Token::parse("secret").unwrap(),
            ..Endpoint::new(Id::new(1), "one".into(), base_url)
        };
        let endpoints = Endpoints {
            list: vec![saved],
            ..Endpoints::default()
        };
        check(&endpoints, 1, "http://one", Ok(1));
        check(&endpoints, 2, "http://one", Ok(1));
        check(&endpoints, 2, "http://two", Err(2));
        // The same identifier, and another server: what is saved stays.
        check(&endpoints, 1, "http://two", Err(9));
    }

    /// What `keys.js` does, in short.
    #[derive(Default)]
    struct Keys {
        tokens: HashMap<(Id, &'static str), (String, String)>,
        is_locked: bool,
    }

    impl Keys {
        fn held(&self, endpoint: &Endpoint) -> Held {
            if let Some(token) = &endpoint.token {
                return Held::Token(token.clone());
            }
            let found = self.tokens.get(&(endpoint.id, endpoint.keep.name()));
            match found.filter(|(origin, _)| *origin == endpoint.base_url.origin()) {
                Some(_) if self.is_locked && endpoint.keep == TokenStorage::Vault => Held::Locked,
                Some((_, token)) => Held::Token(Token::parse(token).unwrap().unwrap()),
                None => Held::Nothing,
            }
        }

        fn settle(&mut self, endpoint: &mut Endpoint) {
            let token = endpoint.take_apart();
            let (keep, origin) = (endpoint.keep.name(), endpoint.base_url.origin());
            self.tokens.retain(|(id, of), (at, _)| {
                *id != endpoint.id || (*of == keep && *at == origin && token.is_none())
            });
            if let Some(token) = token {
                let entry = (origin, token.bare());
                self.tokens.insert((endpoint.id, keep), entry);
            }
        }
    }

    /// One thing that a reader does.
    #[derive(Clone, Debug)]
    enum Step {
        /// An endpoint is edited: which, its new server, whether a token is typed, whether the one before
        /// is forgotten, and where it is kept.
        Edit(u64, u8, bool, bool, TokenStorage),
        /// The form of a card is sent: the endpoint that is chosen, and the same.
        Connect(u64, Option<u8>, bool, Option<TokenStorage>),
        /// The vault is locked, or opened.
        Lock(bool),
        /// The list is read again, as another tab reads it.
        Reread,
    }

    fn keep() -> impl Strategy<Value = TokenStorage> {
        prop::sample::select(&TokenStorage::ALL[..])
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (0..3u64, 0..4u8, any::<bool>(), prop::bool::weighted(0.1), keep())
                .prop_map(|(id, server, types, forgets, keep)| Step::Edit(id, server, types, forgets, keep)),
            4 => (0..3u64, prop::option::of(0..4u8), any::<bool>(), prop::option::of(keep()))
                .prop_map(|(id, server, types, keep)| Step::Connect(id, server, types, keep)),
            1 => any::<bool>().prop_map(Step::Lock),
            1 => Just(Step::Reread),
        ]
    }

    /// Two servers, and two paths at each.
    fn base_url(server: u8) -> String {
        format!("http://server{}/{}", server / 2, server % 2)
    }

    proptest! {
        #[test]
        fn a_token_is_written_and_sent_only_where_it_may_be(steps in prop::collection::vec(step(), 0..60)) {
            let (mut endpoints, mut keys) = (Endpoints::default(), Keys::default());
            // Of each token that was typed: for which server, and how it was to be kept last.
            let mut typed: Vec<String> = Vec::new();
            for step in steps {
                let mut type_for = |server: u8, types: bool| {
                    let token = format!("sk-{}-{}-end", server / 2, typed.len());
                    typed.push(token.clone());
                    if types { token } else { String::new() }
                };
                let mut saved = None;
                match step {
                    Step::Edit(id, server, types, forget_token, keep) => {
                        let id = Id::new(id);
                        let edit = Edit {
                            one_at_a_time: false,
                            name: String::new(),
                            base_url: base_url(server),
                            token: type_for(server, types),
                            forget_token,
                            keep,
                        };
                        let held = endpoints.find(id).map(|before| keys.held(before));
                        let edited = endpoints.edited(id, &edit, held.unwrap_or_default());
                        if forget_token && edited.is_ok() {
                            keys.tokens.retain(|(of, _), _| *of != id);
                        }
                        saved = edited.ok();
                    }
                    Step::Connect(chosen, server, types, keep) => {
                        let chosen = Id::new(chosen);
                        let at = server.map(base_url).unwrap_or_default();
                        let server = server.or_else(|| {
                            let chosen = endpoints.find(chosen)?;
                            (0..4).find(|server| base_url(*server) == chosen.base_url.as_str())
                        });
                        let token = type_for(server.unwrap_or_default(), types);
                        let fresh = Id::new(10 + u64::from(server.unwrap_or_default()));
                        let resolved = endpoints.resolve(Some(chosen), &at, &token, keep, fresh);
                        saved = resolved.ok();
                    }
                    Step::Lock(is_locked) => keys.is_locked = is_locked,
                    Step::Reread => {
                        let text = crate::json::write(&endpoints);
                        let read: Endpoints = crate::json::read(&text).unwrap();
                        prop_assert_eq!(&read, &endpoints);
                        endpoints = read.honest();
                    }
                }
                if let Some(mut saved) = saved {
                    // As it is before it is saved, it is told to nobody with a token of these.
                    let is_apart = saved.keep != TokenStorage::Browser;
                    let wants_vault = saved.keep == TokenStorage::Vault && saved.token.is_some();
                    prop_assert!(!is_apart || !crate::json::write(&saved).contains("sk-"));
                    if !(wants_vault && keys.is_locked) {
                        keys.settle(&mut saved);
                        endpoints.list.retain(|other| other.id != saved.id);
                        endpoints.list.push(saved);
                    }
                }
                for endpoint in &endpoints.list {
                    let with_token = endpoint.with_held(keys.held(endpoint));
                    let origin = endpoint.base_url.origin();
                    if let Ok(with_token) = with_token {
                        let headers = with_token.headers();
                        let server = origin.strip_prefix("http://server").unwrap();
                        let is_own = |value: &str| value.starts_with(&format!("Bearer sk-{server}-"));
                        prop_assert!(headers.iter().all(|(_, value)| is_own(value)));
                        if endpoint.keep != TokenStorage::Browser {
                            let written = crate::json::write(&with_token);
                            prop_assert_eq!(crate::json::read(&written), Some(endpoint.clone()));
                        }
                    }
                    if endpoint.keep != TokenStorage::Browser {
                        prop_assert!(endpoint.token.is_none());
                        prop_assert!(!crate::json::write(endpoint).contains("sk-"));
                    }
                }
                for (of, (_, token)) in &keys.tokens {
                    prop_assert!(!crate::json::write(&endpoints).contains(token.as_str()), "{of:?}");
                }
            }
        }
    }
}
