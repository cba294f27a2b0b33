//! What can go wrong between the page and an endpoint: what of a failure matters for asking again.

use crate::endpoint::{Locked, Token};

pub use crate::chat::failure::{Failure as Error, Wait};

impl From<Locked> for Error {
    fn from(_: Locked) -> Self {
        Self::Locked
    }
}

/// So often is an endpoint asked again by itself.
pub const MOST_TRIES: u32 = 3;

/// An endpoint that wants to be left alone for longer than this, in seconds, is not asked again by
/// itself.
const LONGEST_PAUSE: u32 = 60;

impl Error {
    /// How long to wait, in milliseconds, before the same is asked again by itself, after so many such
    /// tries; none where it is not. Only an endpoint that says that it is busy is asked again: as it
    /// wants, else after 1, 2 and 4 seconds, give or take a quarter, so that cards that were refused
    /// together don't come back together.
    ///
    /// `chance` is a random number from 0 to 1.
    pub fn pause(&self, tries: u32, chance: f64) -> Option<f64> {
        let Self::Refused {
            status: 429 | 503,
            message,
            retry_after,
        } = self
        else {
            return None;
        };
        // Money does not come back by waiting; Gemini speaks of it where a minute is enough.
        let wants_money = message.contains("billing") && !message.contains("retry in");
        if tries >= MOST_TRIES || wants_money {
            return None;
        }
        match retry_after {
            Some(wanted) if *wanted > LONGEST_PAUSE => None,
            Some(wanted) if *wanted > 0 => Some(f64::from(*wanted) * 1000.0),
            _ => Some(f64::from(1000_u32 << tries) * (0.75 + chance / 2.0)),
        }
    }

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

    /// Whether what is refused may be to count tokens: some refuse what they don't know, and don't say
    /// what. What names another cause is not; [`super::Cause`] knows more of them, but is no part of
    /// the page's first chunk.
    pub fn may_be_of_counting(&self) -> bool {
        let Self::Refused {
            status: 400 | 422,
            message,
            ..
        } = self
        else {
            return false;
        };
        let others = [
            "ontext", "too long", "odel", "filter", "safety", "API key", "mage",
        ];
        message.contains("stream_options") || !others.iter().any(|other| message.contains(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_busy_endpoint_is_asked_again_and_not_for_ever() {
        #[track_caller]
        fn check(status: u16, retry_after: Option<u32>, pauses: &[f64]) {
            let error = Error::Refused {
                status,
                message: String::new(),
                retry_after,
            };
            let found: Vec<_> = (0..9).map_while(|tries| error.pause(tries, 0.5)).collect();
            assert_eq!(found, pauses);
        }
        check(429, None, &[1000.0, 2000.0, 4000.0]);
        check(503, Some(0), &[1000.0, 2000.0, 4000.0]);
        check(429, Some(7), &[7000.0, 7000.0, 7000.0]);
        check(429, Some(61), &[]);
        for status in [400, 401, 404, 408, 500, 502, 504] {
            check(status, Some(1), &[]);
        }
        assert_eq!(Error::Unreachable.pause(0, 0.5), None);
        assert_eq!(Error::CutOff.pause(0, 0.5), None);
    }
}
