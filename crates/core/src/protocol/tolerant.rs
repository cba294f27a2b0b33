//! JSON as servers write it, which browsers, Python and other programs accept, and serde does not.
//!
//! Halves of a surrogate pair become marks that [`Halves`] joins: RFC 8259, section 8.2, lets
//! strings hold them alone.

use std::{borrow::Cow, str::Chars};

use serde_json::Value;

/// Parses JSON. If it is not strictly valid, it is mended: `NaN` and other words that are no JSON
/// become null, as do numbers beyond a double; strings may have single quotes, raw control
/// characters, unknown escapes and halves of characters.
pub(super) fn parse(text: &str) -> Option<Value> {
    let strict = serde_json::from_str(text).ok();
    // A word is no JSON, whatever it says.
    let may_be_json = || text.trim_start().starts_with(['{', '[', '"']);
    strict.or_else(|| serde_json::from_str(&may_be_json().then(|| mended(text))?).ok())
}

/// Returns the first JSON value of a text, and the text after it.
pub(super) fn parse_first(text: &str) -> Option<(Value, &str)> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter();
    let value = values.next()?.ok()?;
    Some((value, &text[values.byte_offset()..]))
}

/// Precedes a half: a noncharacter, which no text has. Source: Unicode, section 23.7.
const MARK: char = '\u{FFFF}';

/// Start of the characters that stand for the halves, U+D800 to U+DFFF: private ones.
const PRIVATE: u32 = 0xE000;

fn mended(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text.chars();
    while let Some(letter) = rest.next() {
        match letter {
            '"' | '\'' => mend_string(letter, &mut rest, &mut out),
            '-' | '0'..='9' | 'A'..='Z' | 'a'..='z' => {
                let begin = rest.as_str();
                let is_part = |c: char| c.is_ascii_alphanumeric() || "+-._".contains(c);
                let end = begin.find(|c| !is_part(c)).unwrap_or(begin.len());
                let word = format!("{letter}{}", &begin[..end]);
                rest = begin[end..].chars();
                out.push_str(match &*word {
                    "True" => "true",
                    "False" => "false",
                    "true" | "false" => &word,
                    _ if serde_json::from_str::<Value>(&word).is_ok() => &word,
                    // NaN, Infinity, None, undefined, 1e999.
                    _ => "null",
                });
            }
            _ => out.push(letter),
        }
    }
    out
}

/// Copies a string, after its first quote.
fn mend_string(quote: char, rest: &mut Chars<'_>, out: &mut String) {
    out.push('"');
    while let Some(letter) = rest.next() {
        match letter {
            '\\' => match rest.next() {
                Some('u') => mend_escape(rest, out),
                Some('\'') => out.push('\''),
                Some(letter @ ('"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't')) => {
                    out.extend(['\\', letter]);
                }
                Some(letter) => {
                    out.push_str("\\\\");
                    out.push(letter);
                }
                None => return,
            },
            _ if letter == quote => {
                out.push('"');
                return;
            }
            '"' => out.push_str("\\\""),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\0'..' ' => out.push(char::REPLACEMENT_CHARACTER),
            _ => out.push(letter),
        }
    }
}

/// Copies an escaped UTF-16 unit, after its `\u`.
fn mend_escape(rest: &mut Chars<'_>, out: &mut String) {
    let digits = |text: &str| u32::from_str_radix(text.get(..4)?, 16).ok();
    let text = rest.as_str();
    let Some(unit) = digits(text) else {
        return out.push(char::REPLACEMENT_CHARACTER);
    };
    *rest = text[4..].chars();
    let is_half = |unit: u32| (0xD800..0xE000).contains(&unit);
    let is_low = |unit: u32| (0xDC00..0xE000).contains(&unit);
    if !is_half(unit) {
        out.push_str("\\u");
        return out.push_str(&text[..4]);
    }
    let next = text[4..].strip_prefix("\\u").and_then(digits);
    if !is_low(unit) && next.is_some_and(is_low) {
        out.push_str("\\u");
        out.push_str(&text[..10]);
        *rest = text[10..].chars();
        return;
    }
    let private = char::from_u32(PRIVATE + (unit - 0xD800));
    out.extend([MARK, private.unwrap_or(char::REPLACEMENT_CHARACTER)]);
}

/// Joins the halves of characters that arrive in two texts, one after the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Halves {
    /// First half at the end of the last text.
    first: Option<u32>,
}

impl Halves {
    /// Returns a text with its marks replaced: by a character where two halves meet, else by a
    /// replacement character.
    pub(super) fn join<'a>(&mut self, text: &'a str) -> Cow<'a, str> {
        if text.is_empty() || self.first.is_none() && !text.contains(MARK) {
            return text.into();
        }
        let mut out = String::with_capacity(text.len());
        let mut rest = text.chars();
        while let Some(letter) = rest.next() {
            let half = match letter {
                MARK => rest.next().and_then(|private| {
                    let unit = u32::from(private).checked_sub(PRIVATE)?;
                    (unit < 0x800).then_some(0xD800 + unit)
                }),
                _ => None,
            };
            match (self.first.take(), half) {
                (Some(first), Some(second @ 0xDC00..)) => {
                    let both = 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00);
                    out.push(char::from_u32(both).unwrap_or(char::REPLACEMENT_CHARACTER));
                    continue;
                }
                (Some(_), _) => out.push(char::REPLACEMENT_CHARACTER),
                (None, _) => {}
            }
            match half {
                Some(..0xDC00) => self.first = half,
                None if letter != MARK => out.push(letter),
                _ => out.push(char::REPLACEMENT_CHARACTER),
            }
        }
        out.into()
    }

    /// Returns what stands for a first half without a second.
    pub(super) fn end(&mut self) -> &'static str {
        self.first.take().map_or("", |_| "\u{FFFD}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn json_is_read_as_servers_write_it() {
        #[track_caller]
        fn check(text: &str, expected: &str) {
            let expected: Value = serde_json::from_str(expected).unwrap();
            assert_eq!(parse(text), Some(expected), "{text}");
        }
        check(
            r#"{"a":NaN,"b":-Infinity,"c":Infinity}"#,
            r#"{"a":null,"b":null,"c":null}"#,
        );
        check(
            r#"{"a":1e999,"b":-1e999,"c":1}"#,
            r#"{"a":null,"b":null,"c":1}"#,
        );
        check(r#"{"a":1,"a":2}"#, r#"{"a":2}"#);
        check(
            "{'a': 'it\\'s \"so\"', 'b': None, 'c': True}",
            r#"{"a":"it's \"so\"","b":null,"c":true}"#,
        );
        check("{\"a\":\"b\nc\td\"}", r#"{"a":"b\nc\td"}"#);
        check("{\"a\":\"b\u{1}\"}", "{\"a\":\"b\u{FFFD}\"}");
        check(r#"{"a":"\x"}"#, r#"{"a":"\\x"}"#);
        check(
            r#"{"n":NaN,"a":"\u00e9\ud83d\ude00\\u"}"#,
            "{\"n\":null,\"a\":\"é😀\\\\u\"}",
        );
        check(
            r#"{"n":123456789012345678901234567890}"#,
            r#"{"n":123456789012345678901234567890}"#,
        );
        for broken in [
            "{",
            "{\"a\":",
            "{\"a\":\"b",
            "nonsense",
            "",
            "\"\\",
            "\"\\u12",
        ] {
            assert_eq!(parse(broken), None, "{broken}");
        }
    }

    #[test]
    fn halves_of_a_character_are_joined_or_replaced() {
        #[track_caller]
        fn check(pieces: &[&str], expected: &str) {
            let mut halves = Halves::default();
            let mut out = String::new();
            for piece in pieces {
                let piece = parse(&format!("\"{piece}\"")).expect("a string");
                out.push_str(&halves.join(piece.as_str().unwrap()));
            }
            out.push_str(halves.end());
            assert_eq!(out, expected, "{pieces:?}");
        }
        check(&[r"a\ud83d", r"\ude00b"], "a😀b");
        check(&[r"a\ud83d", "", r"\ude00b"], "a😀b");
        check(&[r"a\ud83d", "b"], "a\u{FFFD}b");
        check(&[r"a\ud83d"], "a\u{FFFD}");
        check(&[r"\ude00b"], "\u{FFFD}b");
        check(&[r"\ud83d\ud83d", r"\ude00"], "\u{FFFD}😀");
        check(&[r"\ude00\ud83d"], "\u{FFFD}\u{FFFD}");
        check(&["\u{FFFF}"], "\u{FFFD}");
        check(&["\u{FFFF}x"], "\u{FFFD}");
        check(&["한국어"], "한국어");
    }

    proptest! {
        #[test]
        fn whatever_is_valid_is_kept(text in any::<String>()) {
            let json = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(parse(&json), Some(Value::String(text.clone())));
            // Mending, too, changes nothing valid.
            prop_assert_eq!(serde_json::from_str::<String>(&mended(&json)).unwrap(), text);
        }

        #[test]
        fn any_text_is_taken(text in any::<String>()) {
            parse(&text);
            parse(&format!("{{'{text}"));
            Halves::default().join(&text);
        }
    }
}
