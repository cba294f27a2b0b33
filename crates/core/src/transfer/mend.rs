//! JSON that `JavaScript` writes and no other parser accepts.

use std::borrow::Cow;

/// Replaces lone surrogates in JSON with the replacement character. `JavaScript` may split a pair
/// and writes each half, which no other parser accepts: one title would lose the file.
pub(super) fn mended(text: &str) -> Cow<'_, str> {
    let unit = |at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(digits, 16).ok()
    };
    let mut out = String::new();
    let mut taken = 0;
    let mut at = 0;
    while let Some(next) = text[at..].find('\\') {
        at += next;
        let (is_half, length) = match unit(at) {
            Some(0xd800..=0xdbff) => match unit(at + 6) {
                Some(0xdc00..=0xdfff) => (false, 12),
                _ => (true, 6),
            },
            Some(0xdc00..=0xdfff) => (true, 6),
            Some(_) => (false, 6),
            None => (false, 1),
        };
        if is_half {
            out.push_str(&text[taken..at]);
            out.push_str("\\ufffd");
            taken = at + length;
        }
        at += length;
        if length == 1 {
            // The escaped character, which may be a backslash.
            at += text[at..].chars().next().map_or(0, char::len_utf8);
        }
    }
    if taken == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[taken..]);
    Cow::Owned(out)
}
