//! What can go wrong between the page and an endpoint: what of a failure matters for asking again.

use crate::endpoint::{Locked, Token};

pub use crate::chat::failure::{Failure as Error, Timeout};

impl From<Locked> for Error {
    fn from(_: Locked) -> Self {
        Self::Locked
    }
}

impl Error {
    /// The same without the token, which some servers repeat: it is stored.
    #[must_use]
    pub fn masked(mut self, token: &Token) -> Self {
        if let Self::Refused { message: words, .. }
        | Self::Reported { message: words, .. }
        | Self::Garbled { excerpt: words } = &mut self
        {
            *words = token.masked_in(words);
        }
        self
    }

    /// Whether the endpoint refuses the token, or the lack of one. Gemini says so with a 400.
    pub fn refuses_token(&self) -> bool {
        let Self::Refused {
            status, message, ..
        } = self
        else {
            return false;
        };
        matches!(status, 401 | 403) || *status == 400 && message.contains("API key")
    }
}
