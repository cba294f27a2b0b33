//! What can go wrong between the page and an endpoint.

use serde::{Deserialize, Serialize};

use super::refusal::Refusal;

/// Why an endpoint gave no answer, or not all of it. Stored with the answer, so that a chat that
/// is opened again still says what happened. A stop by the reader is not an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Error {
    /// The browser reported no response at all: nothing listens there, the name is unknown, the
    /// network is down, or the server did not allow this page (CORS). A page can't tell which.
    #[error("no response")]
    Unreachable,
    /// The endpoint answered with a status other than 200 to 299.
    #[error("HTTP {status}: {message}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The endpoint's own words, or nothing.
        message: String,
        /// In how many seconds it wants to be asked again, where it says so and lets a page read it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after: Option<u32>,
    },
    /// The endpoint reported an error after it had begun well.
    #[error("{message}")]
    Reported {
        /// The endpoint's own words, or nothing.
        message: String,
        /// The HTTP status that it names: the response's own is 200.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<u16>,
    },
    /// What came is not the OpenAI protocol.
    #[error("not an answer: {excerpt}")]
    Garbled {
        /// The beginning of what came.
        excerpt: String,
    },
    /// The response ended before anything came.
    #[error("an empty response")]
    Empty,
    /// Nothing was asked: the content of an attachment is no longer in this browser.
    #[error("the content of {name} is gone")]
    Gone {
        /// The attachment's.
        name: String,
    },
    /// The connection ended before the answer did.
    #[error("cut off")]
    CutOff,
    /// The page waited as long as the reader lets it.
    #[error("nothing came for {seconds} s")]
    TimedOut {
        /// What it waited for.
        wait: Wait,
        /// How long, in seconds.
        seconds: u32,
    },
    /// The endpoint sends what asks it on to another address. That is not followed: a token would
    /// go there, too.
    #[error("redirected")]
    Redirected,
    /// More came than the page takes. What came before is kept.
    #[error("too much came")]
    TooMuch,
    /// Nothing was asked: the token is in the vault, which is locked.
    #[error("the vault is locked")]
    Locked,
}

/// What the page waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wait {
    /// That the endpoint begins to respond.
    Response,
    /// The first words of the answer.
    FirstToken,
    /// More of the answer.
    More,
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
        // Money does not come back by waiting.
        if tries >= MOST_TRIES || message.contains("billing") {
            return None;
        }
        match retry_after {
            Some(wanted) if *wanted > LONGEST_PAUSE => None,
            Some(wanted) if *wanted > 0 => Some(f64::from(*wanted) * 1000.0),
            _ => Some(f64::from(1000_u32 << tries) * (0.75 + chance / 2.0)),
        }
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
    /// the page's first program.
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

    /// What an endpoint reported, as a value in whichever shape.
    pub(super) fn reported(error: &serde_json::Value) -> Self {
        let Refusal { words, status } = Refusal::of(error);
        Self::Reported {
            message: words,
            status,
        }
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
