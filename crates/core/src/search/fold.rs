//! Text folding: removes distinctions that a search ignores.

use std::ops::Range;

use super::hangul;

/// Texts folded once for many searches: lowercase, conjoining jamo (as in file names from macOS)
/// composed into syllables, and each run of white space as one space.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folded {
    /// Line feeds separate the texts and occur nowhere else, so no match spans two texts.
    text: String,
}

impl Folded {
    /// Folds the texts of a chat. Their numbers count from 0.
    pub fn of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut text = String::new();
        for (number, original) in texts.into_iter().enumerate() {
            if number > 0 {
                text.push('\n');
            }
            text.reserve(original.len());
            fold(original, |letter, _| text.push(letter));
        }
        text.shrink_to_fit();
        Self { text }
    }

    /// Returns all folded texts.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Returns the number of the text that contains the byte.
    pub(super) fn number_at(&self, byte: usize) -> usize {
        self.text[..byte].matches('\n').count()
    }
}

/// Original position of each character of a folded text.
pub(super) struct Places(Vec<(usize, Range<usize>)>);

impl Places {
    /// Maps a range of the folded text to the original.
    pub(super) fn range(&self, folded: Range<usize>) -> Range<usize> {
        let of = |byte: usize| {
            let after = self.0.partition_point(|(at, _)| *at <= byte);
            after.checked_sub(1).map_or(0..0, |at| self.0[at].1.clone())
        };
        of(folded.start).start..of(folded.end.saturating_sub(1)).end
    }
}

/// Folds a text and records the original positions.
pub(super) fn with_places(original: &str) -> (String, Places) {
    let mut text = String::with_capacity(original.len());
    let mut places = Vec::with_capacity(original.len());
    fold(original, |letter, place| {
        places.push((text.len(), place));
        text.push(letter);
    });
    (text, Places(places))
}

/// Passes on each character of the folded text with its original position.
fn fold(original: &str, mut tell: impl FnMut(char, Range<usize>)) {
    let mut letters = original.char_indices().peekable();
    while let Some((start, letter)) = letters.next() {
        let end = start + letter.len_utf8();
        if letter.is_ascii_graphic() {
            tell(letter.to_ascii_lowercase(), start..end);
        } else if letter.is_whitespace() {
            let mut end = end;
            while let Some((at, space)) = letters.next_if(|(_, letter)| letter.is_whitespace()) {
                end = at + space.len_utf8();
            }
            tell(' ', start..end);
        } else if matches!(letter, '\u{1100}'..='\u{1112}' | '가'..='힣') {
            let (mut joined, mut end) = (letter, end);
            while let Some(more) = letters
                .peek()
                .and_then(|(_, after)| hangul::join(joined, *after))
            {
                joined = more;
                end = letters
                    .next()
                    .map_or(end, |(at, jamo)| at + jamo.len_utf8());
            }
            tell(joined, start..end);
        } else if let Some(two) = hangul::split(letter) {
            two.chars().for_each(|one| tell(one, start..end));
        } else {
            letter.to_lowercase().for_each(|one| tell(one, start..end));
        }
    }
}
