//! Search in chats as one types: without case, and in Hangul as far as a syllable is typed.
//!
//! A finished syllable is found as it is. The last one of a word may be on its way to another: 하 finds
//! 하, 한 and 할, 고 finds 과, and 간 also 가나, because the next key may take its final along. A
//! consonant by itself finds each syllable that begins with it, so ㅎㄱ finds 한글.

mod fold;
mod hangul;
mod snippet;

use std::ops::{Range, RangeInclusive};

pub use fold::Folded;
pub use snippet::Snippet;

/// What is looked for: words and phrases, each of which must be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// Those with the longest exact beginning first: they are found fastest, and missed soonest.
    terms: Vec<Term>,
}

/// A word or a phrase.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Term {
    /// What it begins with, up to the first character that may be one of several.
    exact: String,
    /// What may come after that, one of these; an empty one is nothing more.
    ends: Vec<Vec<Set>>,
    /// The UTF-8 of what may come first, as numbers, which are in the order of the characters.
    first: Vec<RangeInclusive<u32>>,
}

/// Which characters may be in a place.
type Set = Vec<RangeInclusive<char>>;

impl Query {
    /// Reads what was typed: words, and phrases in quotation marks. A phrase that is not closed yet
    /// goes to the end. None where there is nothing to look for.
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
        // The longest first; there are few.
        let mut sorted = Vec::<Term>::new();
        for term in terms {
            let length = term.exact.len();
            let place = sorted.partition_point(|other| other.exact.len() >= length);
            sorted.insert(place, term);
        }
        sorted.dedup();
        (!sorted.is_empty()).then_some(Self { terms: sorted })
    }

    /// Which of the texts, by its number, has the first of what is looked for; None unless all of it
    /// is somewhere in them.
    pub fn find(&self, texts: &Folded) -> Option<usize> {
        let mut first = usize::MAX;
        for term in &self.terms {
            first = first.min(term.find(texts.text(), 0)?.start);
        }
        Some(texts.number_at(first))
    }

    /// All that is found in a text, in bytes, sorted and apart, each on the bounds of characters.
    /// Not all that is looked for need be there.
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

    /// A piece of a text around what is found first in it; None where nothing is.
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
    /// Its last syllable may be on its way to another where it is open.
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

    /// The first place in a folded text where it is, from there on.
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

    /// The next place where it may be.
    fn candidate(&self, text: &str, from: usize) -> Option<usize> {
        if !self.exact.is_empty() {
            return Some(from + text[from..].find(&self.exact)?);
        }
        let bytes = text.as_bytes();
        let mut at = from;
        loop {
            // Hangul alone is ever inexact, and each of it is three bytes, from E3 to ED.
            at += bytes.get(at..)?.iter().position(|byte| *byte >= 0xe3)?;
            let &[first, second, third] = bytes.get(at..)?.first_chunk()?;
            let number = u32::from_be_bytes([0, first, second, third]);
            if self.first.iter().any(|range| range.contains(&number)) {
                return Some(at);
            }
            at += 3;
        }
    }

    /// How far it goes on at the beginning of this text, in bytes, after its exact beginning.
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

    /// All places in a folded text where it is, one after the other.
    fn all<'a>(&'a self, text: &'a str) -> impl Iterator<Item = Range<usize>> + 'a {
        let mut from = 0;
        std::iter::from_fn(move || {
            let hit = self.find(text, from)?;
            from = hit.end;
            Some(hit)
        })
    }
}

/// The UTF-8 of a character of three bytes.
fn number_of(letter: char) -> u32 {
    let mut utf8 = [0; 4];
    letter.encode_utf8(&mut utf8);
    u32::from_be_bytes(utf8) >> 8
}

#[cfg(test)]
mod tests;
