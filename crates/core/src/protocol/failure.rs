//! Errors between the page and an endpoint, as far as they matter for another request.

use crate::endpoint::{Locked, Token};

pub use crate::chat::failure::{Failure, Timeout};

impl From<Locked> for Failure {
    fn from(_: Locked) -> Self {
        Self::Locked
    }
}

impl Failure {
    /// Returns the error without the token, which some servers echo: errors are stored.
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

    /// Returns whether the endpoint refuses the token, or its absence. Gemini does so with a 400.
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
