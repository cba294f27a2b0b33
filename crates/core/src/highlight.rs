//! Syntax highlighting by the worker of that name: supported languages and kinds of tokens.

mod kind;
mod language;

pub use kind::Kind;
pub use language::{LANGUAGES, Language, find};

/// A span of code, in UTF-16 units from the start of the lines that were sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Start of the span.
    pub start: u32,
    /// End of the span.
    pub end: u32,
    /// Kind of the span.
    pub kind: Kind,
}

/// Returns whether a fence with this name is highlighted.
pub fn knows(language: &str) -> bool {
    find(language).is_some()
}
