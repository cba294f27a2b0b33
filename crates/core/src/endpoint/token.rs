//! A token. Its secret is private to this file, and leaves it in three ways only.

use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serializer};

use super::{Invalid, TokenStorage};

/// A token of so many characters is masked in what an endpoint says, as in `exchange.js`.
const SHORTEST_MASKED: usize = 8;

/// A secret for one endpoint. It is never shown by `Debug`, and leaves by no other way than:
///
/// - in the headers of a request to its endpoint: [`super::Endpoint::headers`];
/// - within its endpoint, as the list of endpoints is stored, where it is kept with that;
/// - to the one who keeps those that are kept elsewhere: [`Token::reveal`].
///
/// It can't be had as a field, by a method, or as JSON of its own:
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
/// Nor can anybody make the [`Keeper`] to whom it is told:
///
/// ```compile_fail
/// # use collate_core::endpoint::{Keeper, Token};
/// fn leak(token: &Token) -> &str {
///     token.reveal(&Keeper(()))
/// }
/// ```
///
/// What differs from these, and compiles:
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
    /// It is kept apart from its endpoint, with which it is never written.
    #[serde(skip)]
    is_apart: bool,
}

/// Who keeps tokens that are not kept with their endpoints, and so has to be told them. A program has
/// one: the second who asks gets none. In the page that is `storage::keys`, which asks once and hands it
/// to nobody; clippy.toml names [`Keeper::only`], so that asking elsewhere is an error of the lints, too.
#[derive(Debug)]
pub struct Keeper(());

impl Keeper {
    /// The keeper, for the first who asks.
    pub fn only() -> Option<Self> {
        static IS_TAKEN: AtomicBool = AtomicBool::new(false);
        (!IS_TAKEN.swap(true, Ordering::Relaxed)).then_some(Self(()))
    }
}

/// Whether the token of an endpoint is not to be written with it.
#[expect(clippy::ref_option, reason = "serde wants it so")]
pub(super) fn is_apart(token: &Option<Token>) -> bool {
    token.as_ref().is_some_and(|token| token.is_apart)
}

/// Writes the token of an endpoint with it. One that is kept apart is none.
#[expect(clippy::ref_option, reason = "serde wants it so")]
pub(super) fn write<S: Serializer>(
    token: &Option<Token>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match token {
        Some(token) if !token.is_apart => serializer.serialize_str(&token.secret),
        _ => serializer.serialize_none(),
    }
}

impl Token {
    /// Reads a token as a reader types or pastes it; nothing typed is no token. A pasted
    /// `Bearer ` in front of it is taken off.
    ///
    /// # Errors
    /// [`Invalid::Token`] for anything but visible ASCII, which is all that the `Authorization`
    /// header carries (RFC 6750, section 2.1).
    pub fn parse(typed: &str) -> Result<Option<Self>, Invalid> {
        let token = typed.trim();
        let token = token.strip_prefix("Bearer ").map_or(token, str::trim);
        if token.is_empty() {
            return Ok(None);
        }
        if token.chars().all(|c| c.is_ascii_graphic()) {
            Ok(Some(Self {
                secret: token.to_owned(),
                is_apart: false,
            }))
        } else {
            Err(Invalid::Token)
        }
    }

    /// The value of the `Authorization` header, for [`super::headers`].
    pub(super) fn bearer(&self) -> String {
        format!("Bearer {}", self.secret)
    }

    /// The value of another header, for an endpoint that wants it there: for [`super::headers`].
    pub(super) fn bare(&self) -> String {
        self.secret.clone()
    }

    /// The token itself, for where it is kept and, from there, for its reader.
    pub fn reveal(&self, _: &Keeper) -> &str {
        &self.secret
    }

    /// A text without the token, where it is long enough to be told from words.
    pub fn masked_in(&self, text: &str) -> String {
        if self.secret.len() < SHORTEST_MASKED {
            return text.to_owned();
        }
        text.replace(&*self.secret, "…")
    }

    /// The token as it is kept like this.
    pub(super) fn kept(self, keep: TokenStorage) -> Self {
        Self {
            is_apart: keep != TokenStorage::Browser,
            ..self
        }
    }

    /// The token as what is kept apart from its endpoint.
    pub(super) fn apart(self) -> Self {
        Self {
            is_apart: true,
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
#[expect(clippy::disallowed_methods, reason = "a test looks behind the border")]
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
