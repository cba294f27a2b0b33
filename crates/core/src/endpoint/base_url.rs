//! The base URL of an endpoint.

use super::Invalid;
use serde::{Deserialize, Serialize};

/// The URL that an endpoint's paths start with, including the version, as in
/// `https://api.openai.com/v1`: as typed, without surrounding white space and trailing slashes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BaseUrl(String);

impl BaseUrl {
    /// Stands for the models that run in this browser. It is no URL: no request can be sent to it.
    pub const ON_DEVICE: &str = "on-device:";

    /// Returns whether it stands for the models that run in this browser.
    pub fn is_on_device(&self) -> bool {
        self.0 == Self::ON_DEVICE
    }

    /// Parses a base URL typed by the user.
    ///
    /// # Errors
    /// The reason why it is invalid.
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

    /// Returns the URL of a path below it, such as `models`.
    pub fn join(&self, path: &str) -> String {
        format!("{}/{path}", self.0)
    }

    /// Returns a default name for an endpoint: the host, and the path that tells it from others
    /// there, without the version.
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

    /// Returns the URL with the version that most servers expect, or None if it has one.
    pub fn with_version(&self) -> Option<Self> {
        let is_version = |part: &str| {
            let digits = part.strip_prefix('v');
            digits.is_some_and(|digits| digits.starts_with(|c: char| c.is_ascii_digit()))
        };
        let path = strip_scheme(&self.0)?.split('/').skip(1);
        (!path.into_iter().any(is_version)).then(|| Self(self.join("v1")))
    }

    /// Returns the origin: scheme, host and port, in lowercase.
    pub fn origin(&self) -> String {
        let rest = strip_scheme(&self.0).unwrap_or(&self.0);
        let path = rest.find('/').map_or(0, |start| rest.len() - start);
        self.0[..self.0.len() - path].to_ascii_lowercase()
    }

    /// Returns the host in lowercase, without the port.
    pub fn host(&self) -> String {
        let origin = self.origin();
        let authority = strip_scheme(&origin).unwrap_or(&origin);
        let end = match authority.find(']') {
            Some(end) => end + 1,
            None => authority.find(':').unwrap_or(authority.len()),
        };
        authority[..end].to_owned()
    }

    /// Returns the port, if given.
    pub fn port(&self) -> Option<u16> {
        let origin = self.origin();
        let (_, port) = origin.rsplit_once(':')?;
        port.parse().ok()
    }

    /// Returns the URL itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Returns whether this is a host, or an IPv6 address in brackets, with or without a port.
pub(crate) fn is_host_and_port(authority: &str) -> bool {
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

/// Strips `http://` or `https://`, in either case.
pub(crate) fn strip_scheme(url: &str) -> Option<&str> {
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
