//! What can go wrong between the page and an endpoint.

use serde::{Deserialize, Serialize};

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
}

impl Error {
    /// Whether the endpoint refuses the token, or the lack of one.
    pub const fn refuses_token(&self) -> bool {
        matches!(
            self,
            Self::Refused {
                status: 401 | 403,
                ..
            }
        )
    }
}
