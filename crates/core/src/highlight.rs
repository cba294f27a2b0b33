//! Code that is highlighted: in which languages, and what a piece of it can be. The worker of that name
//! does it.

mod kind;
mod language;

pub use kind::Kind;
pub use language::{LANGUAGES, Language, find};

/// Whether a fence with this name is highlighted.
pub fn knows(language: &str) -> bool {
    find(language).is_some()
}
