//! Looks for one text in another.

use std::slice::SliceIndex;

/// A part of a text; nothing where that begins or ends within a character. To index does the same, but
/// what it says when it fails is 2 kB of program.
pub(crate) fn part(text: &str, range: impl SliceIndex<str, Output = str>) -> &str {
    text.get(range).unwrap_or_default()
}

/// Where `wanted` first begins in `text`, in bytes.
///
/// `str::find` is faster where texts repeat themselves, which these short ones don't, and is 3 kB.
// It is called in many places, where its loop would be again and again.
#[inline(never)]
pub fn find(text: &str, wanted: &str) -> Option<usize> {
    let ends = text.len().checked_sub(wanted.len())?;
    let (text, wanted) = (text.as_bytes(), wanted.as_bytes());
    (0..=ends).find(|&at| text[at..].starts_with(wanted))
}

/// What is before and after `wanted`, where `text` has it.
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
