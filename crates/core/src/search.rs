//! Incremental search in chats: case-insensitive, with partial Hangul syllables.
//!
//! A finished syllable matches itself. A word's last syllable may still change: 하 matches 하, 한 and
//! 할, 고 matches 과, and 간 also 가나, because the next key may take its final along. A single consonant
//! matches each syllable that starts with it, so ㅎㄱ matches 한글.

mod fold;
mod hangul;
mod snippet;

use std::ops::{Range, RangeInclusive};

pub use fold::Folded;
pub use snippet::Snippet;

/// A search query: words and phrases, all of which must match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// Terms by descending length of the exact start: longer ones match fastest and fail soonest.
    terms: Vec<Term>,
}

/// A word or a phrase.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Term {
    /// Exact start, up to the first character that may vary.
    exact: String,
    /// Alternatives after the exact start; an empty one matches the end.
    ends: Vec<Vec<Set>>,
    /// UTF-8 of possible first characters as numbers, which sort like the characters.
    first: Vec<RangeInclusive<u32>>,
}

/// Set of characters that match in one place.
type Set = Vec<RangeInclusive<char>>;

impl Query {
    /// Parses typed text: words, and phrases in quotation marks. An unclosed phrase extends to the
    /// end. None if nothing is left to search for.
    pub fn parse(text: &str) -> Option<Self> {
        let mut terms = Vec::new();
        let parts: Vec<_> = text.split(['"', '“', '”']).collect();
        for (number, part) in parts.iter().enumerate() {
            let phrase = part.trim();
            if number % 2 == 0 {
                terms.extend(part.split_whitespace().map(|word| Term::new(word, true)));
            } else if !phrase.is_empty() {
                terms.push(Term::new(phrase, number + 1 == parts.len()));
            }
        }
        // Longest first; there are few.
        let mut sorted = Vec::<Term>::new();
        for term in terms {
            let length = term.exact.len();
            let place = sorted.partition_point(|other| other.exact.len() >= length);
            sorted.insert(place, term);
        }
        sorted.dedup();
        (!sorted.is_empty()).then_some(Self { terms: sorted })
    }

    /// Returns the number of the text with the first match; None unless every term matches in some
    /// text.
    pub fn find(&self, texts: &Folded) -> Option<usize> {
        let mut first = usize::MAX;
        for term in &self.terms {
            first = first.min(term.find(texts.text(), 0)?.start);
        }
        Some(texts.number_at(first))
    }

    /// Returns all matches in a text, in bytes, sorted and disjoint, on character boundaries. Not
    /// every term need match.
    pub fn ranges(&self, original: &str) -> Vec<Range<usize>> {
        let (folded, places) = fold::with_places(original);
        let mut found: Vec<_> = self
            .terms
            .iter()
            .flat_map(|term| term.all(&folded))
            .collect();
        found.sort_by_key(|range| range.start);
        let mut ranges: Vec<Range<usize>> = Vec::new();
        for hit in found.into_iter().map(|hit| places.range(hit)) {
            match ranges.last_mut() {
                Some(last) if hit.start <= last.end => last.end = last.end.max(hit.end),
                _ => ranges.push(hit),
            }
        }
        ranges
    }

    /// Returns a snippet around the first match; None without a match.
    pub fn snippet(&self, original: &str) -> Option<Snippet> {
        let (folded, places) = fold::with_places(original);
        let hits = self.terms.iter().filter_map(|term| term.find(&folded, 0));
        let first = hits.min_by_key(|hit| hit.start)?;
        let text = snippet::around(original, places.range(first));
        let hits = self.ranges(&text);
        Some(Snippet { text, hits })
    }
}

impl Term {
    /// Creates a term. If open, its last syllable may still change.
    fn new(typed: &str, is_open: bool) -> Self {
        let folded = Folded::of([typed]);
        let mut exact = String::new();
        let mut rest: Vec<Set> = Vec::new();
        let mut letters = folded.text().chars().peekable();
        let mut ends = Vec::new();
        while let Some(letter) = letters.next() {
            if let Some(initial) = hangul::with_initial(letter) {
                rest.push(initial);
            } else if is_open && letters.peek().is_none() && hangul::is_syllable(letter) {
                ends = hangul::on_its_way(letter);
            } else if rest.is_empty() {
                exact.push(letter);
            } else {
                rest.push(vec![letter..=letter]);
            }
        }
        if ends.is_empty() {
            ends.push(Vec::new());
        }
        for end in &mut ends {
            end.splice(0..0, rest.iter().cloned());
        }
        let first = ends.iter().filter_map(|end| end.first()).flatten();
        let first = first.map(|range| number_of(*range.start())..=number_of(*range.end()));
        Self {
            first: first.collect(),
            exact,
            ends,
        }
    }

    /// Returns the first match in a folded text at or after a position.
    fn find(&self, text: &str, from: usize) -> Option<Range<usize>> {
        let mut from = from;
        loop {
            let at = self.candidate(text, from)?;
            if let Some(end) = self.end(&text[at + self.exact.len()..]) {
                return Some(at..at + self.exact.len() + end);
            }
            from = at + text[at..].chars().next()?.len_utf8();
        }
    }

    /// Returns the next possible match.
    fn candidate(&self, text: &str, from: usize) -> Option<usize> {
        if !self.exact.is_empty() {
            return Some(from + text[from..].find(&self.exact)?);
        }
        let bytes = text.as_bytes();
        let mut at = from;
        loop {
            // Only Hangul is inexact, and each such character has three bytes, starting with E3 to
            // ED.
            at += bytes.get(at..)?.iter().position(|byte| *byte >= 0xe3)?;
            let &[first, second, third] = bytes.get(at..)?.first_chunk()?;
            let number = u32::from_be_bytes([0, first, second, third]);
            if self.first.iter().any(|range| range.contains(&number)) {
                return Some(at);
            }
            at += 3;
        }
    }

    /// Returns the length of the match after the exact start, in bytes.
    fn end(&self, text: &str) -> Option<usize> {
        let ends = self.ends.iter().filter_map(|end| {
            let mut letters = text.chars();
            for set in end {
                let letter = letters.next()?;
                if !set.iter().any(|range| range.contains(&letter)) {
                    return None;
                }
            }
            Some(text.len() - letters.as_str().len())
        });
        ends.max()
    }

    /// Iterates over all matches in a folded text.
    fn all<'a>(&'a self, text: &'a str) -> impl Iterator<Item = Range<usize>> + 'a {
        let mut from = 0;
        std::iter::from_fn(move || {
            let hit = self.find(text, from)?;
            from = hit.end;
            Some(hit)
        })
    }
}

/// Returns the UTF-8 of a three-byte character as a number.
fn number_of(letter: char) -> u32 {
    let mut utf8 = [0; 4];
    letter.encode_utf8(&mut utf8);
    u32::from_be_bytes(utf8) >> 8
}

#[cfg(test)]
mod tests;
