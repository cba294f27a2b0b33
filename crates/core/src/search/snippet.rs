//! A piece of a text in one line, to show where something was found.

use std::ops::Range;

/// What is shown of a text in which something was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snippet {
    /// About 120 characters, each white space one space, with … where it was cut.
    pub text: String,
    /// What was found in it, in bytes, sorted and apart.
    pub hits: Vec<Range<usize>>,
}

/// As many characters a snippet has, unless what was found is longer.
const LENGTH: usize = 120;
/// As many of them stand before what was found, at most.
const BEFORE: usize = 40;
/// As many are given up for a whole word at either end.
const WORD: usize = 15;

/// The words around what was found, all of that included.
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

/// The next place, from this one on, where a text can be cut without cutting what is drawn as one.
/// It knows marks, joined emoji, flags and jamo, not all of Unicode's rules (UAX #29).
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
