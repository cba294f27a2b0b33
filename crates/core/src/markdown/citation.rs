//! Marks of `ChatGPT` in an answer's text, which its page replaces and no other page can show.
//!
//! A mark is `U+E200 kind U+E202 field … U+E201`, with letters for private use: `cite` and `filecite`
//! (names of search results or files), `entity` (`["people","Name",0]`), `url` (a title, then a
//! result), `navlist`, `image_group`, `video` and more. Spans of cited text stand between two other
//! such letters, up to `U+E206`. Before 2025 a mark was `【12†source】` or `【4:0†source】`, which
//! `OpenAI`'s Assistants still write. Sources: Laumss/loominary#17,
//! `daugaard47/ChatGPT_Conversations_To_Markdown#8` and Stack-Cairn/LiveAgent#625 for the former;
//! danny-avila/LibreChat, `api/server/utils/import/__data__/chatgpt-citations.json` for the latter.

use std::borrow::Cow;

use serde_json::Value;

/// Maximum length of a mark, in bytes. What is longer is text.
const LONGEST: usize = 8192;

/// Maximum length of a mark in lenticular brackets, in bytes.
const LONGEST_BRACKET: usize = 400;

const OPEN: char = '\u{e200}';
const CLOSE: char = '\u{e201}';
const FIELD: char = '\u{e202}';
const BRACKET: char = '【';

/// Returns whether a mark may begin or end with this letter.
pub const fn is_mark(letter: char) -> bool {
    matches!(letter, OPEN..='\u{e206}' | BRACKET)
}

/// Returns a text without marks: an entity becomes its name, and the rest goes.
pub fn without_marks(text: &str) -> Cow<'_, str> {
    replaced(text, &[])
}

/// Like [`without_marks`], where some marks are known: each of these texts becomes the other. Each
/// begins with a letter of a mark.
pub fn replaced<'a>(text: &'a str, known: &[(String, String)]) -> Cow<'a, str> {
    if !text.contains(is_mark) {
        return text.into();
    }
    let mut out = String::with_capacity(text.len());
    scan(text, true, known, &mut out);
    out.into()
}

/// A filter for a text that comes in pieces: [`without_marks`], however it is cut.
///
/// It holds back what may be part of a mark, 8 kB at most.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    held: String,
}

impl Marks {
    /// Takes the next piece; returns what can be shown of the text since the last call.
    pub fn take<'a>(&mut self, piece: &'a str) -> Cow<'a, str> {
        if self.held.is_empty() && !piece.contains(is_mark) {
            return piece.into();
        }
        self.held.push_str(piece);
        let mut out = String::new();
        let taken = scan(&self.held, false, &[], &mut out);
        self.held.drain(..taken);
        out.into()
    }

    /// Returns the number of bytes that are held back.
    pub const fn held(&self) -> usize {
        self.held.len()
    }

    /// Ends the text; returns the rest.
    pub fn end(&mut self) -> String {
        let held = std::mem::take(&mut self.held);
        without_marks(&held).into_owned()
    }
}

/// Appends a text without its marks; returns the length of what has been decided. The rest may
/// belong to a mark that has not come whole.
fn scan(text: &str, is_end: bool, known: &[(String, String)], out: &mut String) -> usize {
    let mut at = 0;
    while let Some(next) = text[at..].find(is_mark) {
        out.push_str(&text[at..at + next]);
        at += next;
        let rest = &text[at..];
        let longest = known
            .iter()
            .filter(|(mark, _)| rest.starts_with(mark.as_str()))
            .max_by_key(|(mark, _)| mark.len());
        if let Some((mark, instead)) = longest {
            if instead.starts_with(['(', '[']) && !out.ends_with(char::is_whitespace) {
                out.push(' ');
            }
            out.push_str(instead);
            at += mark.len();
            continue;
        }
        let decided = if rest.starts_with(BRACKET) {
            bracket(rest, is_end)
        } else {
            letters(rest, is_end)
        };
        let Some((length, name)) = decided else {
            return at;
        };
        out.push_str(&name);
        at += length;
    }
    out.push_str(&text[at..]);
    text.len()
}

/// The length of a mark, and its text. None if more of the text is needed.
type Decided = Option<(usize, String)>;

/// Decides about `【12†source】` at the start of a text: anything else between these brackets stays.
fn bracket(rest: &str, is_end: bool) -> Decided {
    let first = BRACKET.len_utf8();
    let stays = Some((first, BRACKET.to_string()));
    let mut has_digit = false;
    let mut is_inside = false;
    for (at, letter) in rest.char_indices().skip(1) {
        match letter {
            '】' if is_inside => return Some((at + letter.len_utf8(), String::new())),
            BRACKET | '】' | '\n' => return stays,
            _ if at > LONGEST_BRACKET => return stays,
            _ if is_inside => {}
            '†' if has_digit => is_inside = true,
            '0'..='9' => has_digit = true,
            ':' if has_digit => {}
            _ => return stays,
        }
    }
    if is_end { stays } else { None }
}

/// Decides about a mark in letters for private use at the start of a text. A letter that no mark
/// follows goes alone.
fn letters(rest: &str, is_end: bool) -> Decided {
    let letter = OPEN.len_utf8();
    let alone = Some((letter, String::new()));
    if !rest.starts_with([OPEN, FIELD]) {
        return alone;
    }
    let inner = &rest[letter..];
    let is_name = |c: char| c.is_ascii_lowercase() || c == '_';
    let kind = inner.split(|c| !is_name(c)).next().unwrap_or_default();
    if rest.starts_with(FIELD) {
        return half(inner, is_end);
    }
    // A kind is followed by its fields.
    match inner[kind.len()..].chars().next() {
        None if !is_end && kind.len() < LONGEST => return None,
        Some(FIELD | CLOSE | '[' | '{') if !kind.is_empty() => {}
        _ => return alone,
    }
    let end = match inner.find(['\n', OPEN, CLOSE]) {
        Some(end) if end <= LONGEST => end,
        None if inner.len() <= LONGEST && is_end => inner.len(),
        None if inner.len() <= LONGEST => return None,
        _ => return alone,
    };
    let is_closed = inner[end..].starts_with(CLOSE);
    let body = &inner[..end];
    let length = letter + end;
    let fields = &body[kind.len()..];
    let first = fields.trim_start_matches(FIELD);
    let text = match kind {
        "entity" => name(first),
        "url" => first.split(FIELD).next().unwrap_or_default().to_owned(),
        _ => String::new(),
    };
    if is_closed {
        return Some((length + letter, text));
    }
    // What follows a half mark is text.
    let taken = if first.starts_with(['[', '{']) {
        first.rfind([']', '}']).map_or(first.len(), |end| end + 1)
    } else if kind == "url" {
        first.rfind(FIELD).map_or(text.len(), |end| end + letter)
    } else {
        first.find(char::is_whitespace).unwrap_or(first.len())
    };
    Some((length - first.len() + taken, text))
}

/// Decides about names of results without a beginning, up to [`CLOSE`], or about one name: `LibreChat`
/// asks models for these.
fn half(inner: &str, is_end: bool) -> Decided {
    let first = FIELD.len_utf8();
    let alone = Some((first, String::new()));
    for (at, letter) in inner.char_indices() {
        match letter {
            CLOSE => return Some((first + at + letter.len_utf8(), String::new())),
            _ if at > LONGEST_BRACKET => return alone,
            FIELD | '!'..='~' => {}
            _ => return Some((first + result(&inner[..at]), String::new())),
        }
    }
    is_end.then(|| (first + result(inner), String::new()))
}

/// Returns the length of a result's name at the start, such as `turn0search3`; 0 if it is none.
fn result(text: &str) -> usize {
    let rest = |text: &str, is_part: fn(char) -> bool| text.trim_start_matches(is_part).len();
    let Some(turn) = text.strip_prefix("turn") else {
        return 0;
    };
    let digit: fn(char) -> bool = |c| c.is_ascii_digit();
    let mut left = turn.len();
    for is_part in [digit, |c| c.is_ascii_lowercase(), digit] {
        let after = rest(&text[text.len() - left..], is_part);
        if after == left {
            return 0;
        }
        left = after;
    }
    text.len() - left
}

/// Returns the name in an entity's list of its kind, its name and more.
fn name(list: &str) -> String {
    let whole = serde_json::from_str::<Value>(list).ok();
    let whole = whole.as_ref().and_then(|list| list.get(1)?.as_str());
    let half = || list.split('"').nth(3).unwrap_or_default();
    whole.unwrap_or_else(half).to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Writes the letters for private use as `<`, `|` and `>`.
    fn marked(text: &str) -> String {
        let letter = |c| match c {
            '<' => OPEN,
            '|' => FIELD,
            '>' => CLOSE,
            '{' => '\u{e203}',
            '}' => '\u{e204}',
            other => other,
        };
        text.chars().map(letter).collect()
    }

    #[test]
    fn marks_go_and_names_stay() {
        #[track_caller]
        fn check(text: &str, expected: &str) {
            assert_eq!(without_marks(&marked(text)), expected);
        }
        check("none 【1】 【표 2†】 10>", "none 【1】 【표 2†】 10");
        check("News.<cite|turn0search3|turn0search8> More", "News. More");
        check(
            "By <entity|[\"people\",\"Hong Gildong\",0]>.",
            "By Hong Gildong.",
        );
        check(
            "<entity[\"company\",\"현대 \\\"A\\\"\",\"x\"]>는",
            "현대 \"A\"는",
        );
        check("<entity|[\"a\"]>b", "b");
        check("a<navlist|News of today|turn0news1,turn0news2>b", "ab");
        check(
            "a<image_group|(\"query\":[\"x y\"])>b<video|A b|turn0>c<filecite|turn0file0|L1-L2>",
            "abc",
        );
        check("a <hologram|x>b", "a b");
        check("<url|Tesla|turn0search0> says", "Tesla says");
        // Spans, and stray letters.
        check("{cited} >text| <", "cited text ");
        check("<가> <>", "가 ");
        // Halves.
        check("a <cite|turn0sea", "a ");
        check("a <cite|turn0search3 and more", "a  and more");
        check("a <cite|turn0\nb", "a \nb");
        check("<cite|turn0<cite|turn1>b", "b");
        check("by <entity|[\"people\",\"Hong", "by Hong");
        check("by <entity|[\"people\",\"Hong\",0] and", "by Hong and");
        check("<url|Tesla| FSD is", "Tesla FSD is");
        check("a|turn0search3>b|c d>", "abc d");
        check(
            "a|turn0search3. b<|turn0news1|turn1image2> c|turn0",
            "a. b cturn0",
        );
        check(
            "a |turn0search3|turn12news0 b|turn0search",
            "a  bturn0search",
        );
        check("<ent", "ent");
        // Older ones.
        check("그렇다【12†source】.", "그렇다.");
        check(
            "a【4:0†source】【1†L15-L23】【0†Title†www.example.com】b",
            "ab",
        );
        check("【12†source", "【12†source");
        check("【†】【a†b】【1†b\n】", "【†】【a†b】【1†b\n】");
        let long = format!("<cite|{}>", "x".repeat(2 * LONGEST));
        assert!(without_marks(&marked(&long)).ends_with("xxx"));
        let mut marks = Marks::default();
        let shown: usize = long
            .chars()
            .map(|letter| marks.take(&marked(&letter.to_string())).len())
            .sum();
        assert_eq!(
            shown + marks.end().len(),
            without_marks(&marked(&long)).len()
        );
    }

    #[test]
    fn a_known_mark_becomes_its_text() {
        #[track_caller]
        fn check(text: &str, known: &[(&str, &str)], expected: &str) {
            let known = known.iter().map(|(a, b)| (marked(a), (*b).to_owned()));
            assert_eq!(
                replaced(&marked(text), &known.collect::<Vec<_>>()),
                expected
            );
        }
        let known = [
            ("<cite|a>", "[A](b)"),
            ("<cite|a> <cite|b>", "both"),
            ("【1†s】", "one"),
        ];
        check("x <cite|a>.", &known, "x [A](b).");
        check("x.<cite|a>", &known, "x. [A](b)");
        check(
            "x <cite|a> <cite|b><cite|c>【1†s】【2†s】",
            &known,
            "x bothone",
        );
    }

    proptest! {
        #[test]
        fn a_text_can_come_in_any_pieces(
            text in "(turn0s1 |\\|turn[0-9]a[0-9]|[<>|{}a\\[\\]\" \n】†1:]|<entity\\||<cite\\|t|\\[\"a\",\"b\"\\]>|【1†|가){0,24}",
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        ) {
            let text = marked(&text);
            let letters: Vec<char> = text.chars().collect();
            let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(letters.len() + 1)).collect();
            cuts.push(letters.len());
            cuts.sort_unstable();
            let (mut marks, mut out, mut from) = (Marks::default(), String::new(), 0);
            for cut in cuts {
                let piece: String = letters[from..cut].iter().collect();
                out.push_str(&marks.take(&piece));
                from = cut;
            }
            out.push_str(&marks.end());
            prop_assert_eq!(&out, &without_marks(&text));
            prop_assert!(!out.contains([OPEN, FIELD, CLOSE]));
        }
    }
}
