//! What can be wrong with a model's file, or with what it is asked.

use std::fmt;

/// Why a model can't be used, or can't answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The file is no GGUF file.
    NotGguf,
    /// The file ends before what it says is in it.
    Cut,
    /// The file contradicts itself: what, in technical words.
    Damaged(String),
    /// The file asks for something that is not done here, as another architecture: what, in technical
    /// words.
    Unsupported(String),
    /// More than is read here: what, in technical words.
    TooLarge(String),
    /// What was asked has more tokens than the model takes.
    TooLong {
        /// The tokens of what was asked.
        tokens: usize,
        /// The most that the model takes.
        most: usize,
    },
}

impl Error {
    /// What it is called where a program reads it.
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
            Self::TooLong { tokens, most } => {
                write!(f, "the request has {tokens} tokens; the model takes {most}")
            }
        }
    }
}

impl std::error::Error for Error {}
