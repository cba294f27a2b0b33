//! String search.

use std::slice::SliceIndex;

/// A slice of a text; empty if it begins or ends within a character. Indexing does the same, but its panic
/// messages add 2 kB to the program.
pub(crate) fn part(text: &str, range: impl SliceIndex<str, Output = str>) -> &str {
    text.get(range).unwrap_or_default()
}

/// Byte offset of the first occurrence of `wanted` in `text`.
///
/// `str::find` is faster for repetitive texts, unlike these short ones, and takes 3 kB.
// Not inlined, because it has many callers and each would get a copy of the loop.
#[inline(never)]
pub fn find(text: &str, wanted: &str) -> Option<usize> {
    let ends = text.len().checked_sub(wanted.len())?;
    let (text, wanted) = (text.as_bytes(), wanted.as_bytes());
    (0..=ends).find(|&at| text[at..].starts_with(wanted))
}

/// The parts before and after the first `wanted`, if `text` contains it.
pub fn split<'a>(text: &'a str, wanted: &str) -> Option<(&'a str, &'a str)> {
    let at = find(text, wanted)?;
    Some((part(text, ..at), part(text, at + wanted.len()..)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_is_the_standard_librarys(text in "[ab한]{0,12}", wanted in "[ab한]{0,3}") {
            prop_assert_eq!(find(&text, &wanted), text.find(&wanted));
            prop_assert_eq!(split(&text, &wanted), text.split_once(&wanted));
        }
    }
}
