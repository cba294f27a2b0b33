//! A token. Its secret is private to this file, and leaves it in three ways only.

use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serializer};

use super::{Invalid, TokenStorage};

/// Minimum length in bytes of a token that is masked.
const SHORTEST_MASKED: usize = 8;

/// A secret for one endpoint. `Debug` never shows it, and it leaves only:
///
/// - in the headers of a request to its endpoint: [`super::Endpoint::headers`];
/// - within its endpoint, in the stored list of endpoints, if it is kept there;
/// - to the keeper of tokens that are kept elsewhere: [`Token::reveal`].
///
/// It is not available as a field, through a method, or as JSON of its own:
///
/// ```compile_fail
/// # use collate_core::endpoint::Token;
/// fn leak(token: Token) -> String {
///     token.secret
/// }
/// ```
/// ```compile_fail
/// # use collate_core::endpoint::Token;
/// fn leak(token: &Token) -> String {
///     token.bare()
/// }
/// ```
/// ```compile_fail
/// # use collate_core::endpoint::Token;
/// fn leak(token: &Token) -> String {
///     collate_core::json::write(token)
/// }
/// ```
///
/// Nor can other code create the [`Keeper`] that it is revealed to:
///
/// ```compile_fail
/// # use collate_core::endpoint::{Keeper, Token};
/// fn leak(token: &Token) -> &str {
///     token.reveal(&Keeper(()))
/// }
/// ```
///
/// Similar code that compiles:
///
/// ```
/// # use collate_core::endpoint::{Keeper, Token};
/// fn mask(token: &Token) -> String {
///     token.masked_in("what an endpoint says")
/// }
/// fn keep<'a>(token: &'a Token, keeper: &Keeper) -> &'a str {
///     token.reveal(keeper)
/// }
/// ```
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Token {
    secret: String,
    /// True if the token is not stored with its endpoint, and never serialized with it.
    #[serde(skip)]
    is_detached: bool,
}

/// The keeper of tokens that are not stored with their endpoints. A program has only one: the
/// second caller gets None. In the page it is `storage::keys`, which asks once and passes it to no
/// other code; clippy.toml names [`Keeper::only`], so that a call elsewhere is a lint error, too.
#[derive(Debug)]
pub struct Keeper(());

impl Keeper {
    /// Returns the keeper to the first caller.
    pub fn only() -> Option<Self> {
        static IS_TAKEN: AtomicBool = AtomicBool::new(false);
        (!IS_TAKEN.swap(true, Ordering::Relaxed)).then_some(Self(()))
    }
}

/// Returns whether an endpoint's token must not be serialized with it.
#[expect(clippy::ref_option, reason = "serde requires this signature")]
pub(super) fn is_detached(token: &Option<Token>) -> bool {
    token.as_ref().is_some_and(|token| token.is_detached)
}

/// Serializes an endpoint's token with it. A detached token becomes none.
#[expect(clippy::ref_option, reason = "serde requires this signature")]
pub(super) fn write<S: Serializer>(
    token: &Option<Token>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match token {
        Some(token) if !token.is_detached => serializer.serialize_str(&token.secret),
        _ => serializer.serialize_none(),
    }
}

impl Token {
    /// Parses a token typed or pasted by the user; empty input is no token. A pasted `Bearer `
    /// prefix is removed.
    ///
    /// # Errors
    /// [`Invalid::Token`] for anything but visible ASCII, the only characters that the
    /// `Authorization` header carries (RFC 6750, section 2.1).
    pub fn parse(typed: &str) -> Result<Option<Self>, Invalid> {
        let token = typed.trim();
        let token = token.strip_prefix("Bearer ").map_or(token, str::trim);
        if token.is_empty() {
            return Ok(None);
        }
        if token.chars().all(|c| c.is_ascii_graphic()) {
            Ok(Some(Self {
                secret: token.to_owned(),
                is_detached: false,
            }))
        } else {
            Err(Invalid::Token)
        }
    }

    /// Returns the value of the `Authorization` header, for [`super::headers`].
    pub(super) fn bearer(&self) -> String {
        format!("Bearer {}", self.secret)
    }

    /// Returns the value of another header, if an endpoint requires one: for [`super::headers`].
    pub(super) fn bare(&self) -> String {
        self.secret.clone()
    }

    /// Returns the token itself, for its storage and, from there, its user.
    pub fn reveal(&self, _: &Keeper) -> &str {
        &self.secret
    }

    /// Returns whether the token is masked where a server repeats it: it must be long enough not to
    /// match ordinary words.
    pub const fn is_masked(&self) -> bool {
        self.secret.len() >= SHORTEST_MASKED
    }

    /// Masks the token in a text.
    pub fn masked_in(&self, text: &str) -> String {
        if !self.is_masked() {
            return text.to_owned();
        }
        text.replace(&*self.secret, "…")
    }

    /// Marks the token for this storage.
    pub(super) fn kept(self, keep: TokenStorage) -> Self {
        Self {
            is_detached: keep != TokenStorage::Browser,
            ..self
        }
    }

    /// Marks the token as not stored with its endpoint.
    pub(super) fn detached(self) -> Self {
        Self {
            is_detached: true,
            ..self
        }
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "this test reads the token that views may not read"
)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_keeper() {
        let keeper = Keeper::only().expect("nobody else here asks");
        assert!(Keeper::only().is_none());
        let token = Token::parse("Bearer sk-1").unwrap().unwrap();
        assert_eq!(token.reveal(&keeper), "sk-1");
    }
}
