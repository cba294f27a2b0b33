//! The beginning of what an endpoint sent, to be shown.

use super::Error;

/// At most so many characters of what an endpoint sent are kept to be shown.
const EXCERPT: usize = 500;

/// The beginning of a text, cut between characters, less the control characters of what is no text.
pub(super) fn excerpt(text: &str) -> String {
    let is_text = |c: &char| !c.is_control() || *c == '\n';
    let mut letters = text.chars().filter(is_text);
    let mut begin: String = letters.by_ref().take(EXCERPT).collect();
    if letters.next().is_some() {
        begin.push('…');
    }
    begin
}

impl Error {
    /// What came is not the protocol: keeps its beginning.
    pub(super) fn garbled(text: &str) -> Self {
        Self::Garbled {
            excerpt: excerpt(text.trim()),
        }
    }
}
