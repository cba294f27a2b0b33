//! Errors in a model's file or in a request.

use std::fmt;

/// Reason why a model can't be used or can't answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The file isn't a GGUF file.
    NotGguf,
    /// The file ends before all of its contents.
    Cut,
    /// The file contradicts itself; the text gives the technical detail.
    Damaged(String),
    /// The file needs an unsupported feature, such as another architecture; the text gives the technical
    /// detail.
    Unsupported(String),
    /// A limit or the memory is exceeded; the text gives the technical detail.
    TooLarge(String),
    /// The request has more tokens than the model accepts.
    TooLong {
        /// Number of tokens in the request.
        tokens: usize,
        /// Maximum number of tokens.
        limit: usize,
    },
}

impl Error {
    /// The error's machine-readable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotGguf => "not_gguf",
            Self::Cut => "cut",
            Self::Damaged(_) => "damaged",
            Self::Unsupported(_) => "unsupported",
            Self::TooLarge(_) => "too_large",
            Self::TooLong { .. } => "context_length_exceeded",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotGguf => f.write_str("this is no GGUF file"),
            Self::Cut => f.write_str("the file ends too early"),
            Self::Damaged(what) => write!(f, "the file is damaged: {what}"),
            Self::Unsupported(what) => write!(f, "not supported: {what}"),
            Self::TooLarge(what) => write!(f, "too large: {what}"),
            Self::TooLong { tokens, limit } => {
                write!(
                    f,
                    "the request has {tokens} tokens; the model takes {limit}"
                )
            }
        }
    }
}

impl std::error::Error for Error {}
