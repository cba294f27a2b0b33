//! Syntax highlighting by the worker of that name: supported languages and kinds of tokens.

mod kind;
mod language;

pub use kind::Kind;
pub use language::{LANGUAGES, Language, find};

/// Returns whether a fence with this name is highlighted.
pub fn knows(language: &str) -> bool {
    find(language).is_some()
}
