//! Excerpts of an endpoint's response, to be shown.

use super::Failure;

/// Maximum characters of an excerpt.
const EXCERPT: usize = 500;

/// Returns the start of a text, cut between characters, without control characters.
pub(super) fn excerpt(text: &str) -> String {
    let is_text = |c: &char| !c.is_control() || *c == '\n';
    let mut letters = text.chars().filter(is_text);
    let mut begin: String = letters.by_ref().take(EXCERPT).collect();
    if letters.next().is_some() {
        begin.push('…');
    }
    begin
}

/// Returns the start of a text, of at most this many bytes, cut between characters.
pub(super) fn begin_of(text: &str, most: usize) -> &str {
    let mut ends = (0..=most.min(text.len())).rev();
    let end = ends.find(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or_default()]
}

impl Failure {
    /// Builds the error for a response that is not the protocol, with its start.
    pub(super) fn garbled(text: &str) -> Self {
        Self::Garbled {
            excerpt: excerpt(text.trim()),
        }
    }
}
