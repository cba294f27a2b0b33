//! What can go wrong between the page and an endpoint.

use serde::{Deserialize, Serialize};

use super::refusal::{Cause, Refusal};

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

impl Error {
    /// Whether the endpoint refuses the token, or the lack of one.
    pub fn refuses_token(&self) -> bool {
        let cause = Cause::of(self);
        matches!(cause, Some(Cause::Token | Cause::Forbidden))
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
