//! Snippets: one-line excerpts that show a match.

use std::ops::Range;

/// Excerpt of a text around a match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snippet {
    /// About 120 characters, each run of white space as one space, with … where it was cut.
    pub text: String,
    /// Matches in the excerpt, in bytes, sorted and disjoint.
    pub hits: Vec<Range<usize>>,
}

/// Length of a snippet in characters, unless the match is longer.
const LENGTH: usize = 120;
/// Maximum characters before the match.
const BEFORE: usize = 40;
/// Maximum characters dropped at either end to keep a word whole.
const WORD: usize = 15;

/// Returns the words around a match, including all of it.
pub(super) fn around(text: &str, hit: Range<usize>) -> String {
    let piece = piece(text, hit);
    let is_blank = |text: &str| text.trim().is_empty();
    let mut line = String::new();
    if !is_blank(&text[..piece.start]) {
        line.push('…');
    }
    for (number, word) in text[piece.clone()].split_whitespace().enumerate() {
        if number > 0 {
            line.push(' ');
        }
        line.push_str(word);
    }
    if !is_blank(&text[piece.end..]) {
        line.push('…');
    }
    line
}

fn piece(text: &str, hit: Range<usize>) -> Range<usize> {
    let back = text[..hit.start].char_indices().rev().take(BEFORE);
    let start = back.last().map_or(hit.start, |(at, _)| at);
    let before = text[start..hit.end].chars().count();
    let mut on = text[hit.end..].char_indices();
    let after = on.nth(LENGTH.saturating_sub(before));
    let end = after.map_or(text.len(), |(at, _)| hit.end + at);

    let space = |(_, letter): &(usize, char)| letter.is_whitespace();
    let mut lead = text[start..hit.start].char_indices().take(WORD);
    let start = match lead.find(space) {
        Some((at, _)) if start > 0 => start + at,
        _ => seam(text, start).min(hit.start),
    };
    let mut tail = text[hit.end..end].char_indices().rev().take(WORD);
    let end = match tail.find(space) {
        Some((at, _)) if end < text.len() => hit.end + at,
        _ => seam(text, end),
    };
    start..end
}

/// Returns the next position, from this one on, where a cut keeps graphemes whole. It handles
/// marks, joined emoji, flags and jamo, not all of Unicode's rules (UAX #29).
fn seam(text: &str, from: usize) -> usize {
    const JOINER: char = '\u{200d}';
    let is_flag = |letter: char| matches!(letter, '\u{1f1e6}'..='\u{1f1ff}');
    let continues = |letter: char| {
        matches!(letter,
            JOINER | '\u{300}'..='\u{36f}' | '\u{1160}'..='\u{11ff}' | '\u{20d0}'..='\u{20ff}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}' | '\u{e0020}'..='\u{e007f}')
    };
    let mut before = text[..from].chars().next_back();
    for (at, letter) in text[from..].char_indices() {
        let joins = |before| before == JOINER || is_flag(before) && is_flag(letter);
        if !continues(letter) && !before.is_some_and(joins) {
            return from + at;
        }
        before = Some(letter);
    }
    text.len()
}
