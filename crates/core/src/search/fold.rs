//! Texts without what a search does not care about.

use std::ops::Range;

use super::hangul;

/// Texts, prepared once to be searched often: in lower case, conjoining jamo (as in the names of
/// files from macOS) joined to syllables, and each white space one space.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folded {
    /// A line feed is between the texts, and nowhere else: nothing is found across it.
    text: String,
}

impl Folded {
    /// Prepares the texts of a chat. Their numbers count from 0.
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

    /// All of them.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The number of the text that has the byte.
    pub(super) fn number_at(&self, byte: usize) -> usize {
        self.text[..byte].matches('\n').count()
    }
}

/// Where each character of a folded text was.
pub(super) struct Places(Vec<(usize, Range<usize>)>);

impl Places {
    /// Where a range of the folded text was.
    pub(super) fn range(&self, folded: Range<usize>) -> Range<usize> {
        let of = |byte: usize| {
            let after = self.0.partition_point(|(at, _)| *at <= byte);
            after.checked_sub(1).map_or(0..0, |at| self.0[at].1.clone())
        };
        of(folded.start).start..of(folded.end.saturating_sub(1)).end
    }
}

/// A text, folded, and where its characters were.
pub(super) fn with_places(original: &str) -> (String, Places) {
    let mut text = String::with_capacity(original.len());
    let mut places = Vec::with_capacity(original.len());
    fold(original, |letter, place| {
        places.push((text.len(), place));
        text.push(letter);
    });
    (text, Places(places))
}

/// Tells each character of the folded text, and where it was.
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
