//! Puts glyphs together to lines of text, by their places on the page.

use hayro_font::kurbo::{Point, Vec2};

/// Stands for characters that can't be read.
const UNREAD: char = '\u{fffd}';

/// A glyph on the page, in the page's units.
pub struct Glyph<'t> {
    /// Where it begins.
    pub start: Point,
    /// Where the next one would begin.
    pub end: Point,
    /// The direction of its line, of length 1.
    pub along: Vec2,
    /// The size of its font.
    pub size: f64,
    /// Its characters; None if they can't be read.
    pub text: Option<&'t str>,
}

/// The text of a page, as far as it is drawn.
#[derive(Default)]
pub struct Layout {
    /// The text so far.
    pub text: String,
    /// Number of glyphs that aren't spaces.
    pub shown: u64,
    /// Number of those that can't be read.
    pub unread: u64,
    last: Option<Last>,
}

/// The glyph before.
struct Last {
    start: Point,
    end: Point,
    along: Vec2,
    size: f64,
    text: Option<String>,
}

impl Layout {
    /// Adds a glyph. Glyphs come in the order in which the page draws them, which is nearly always the order in
    /// which they are read.
    pub fn add(&mut self, glyph: &Glyph<'_>) {
        let is_space = glyph.text.is_some_and(|text| text.trim().is_empty());
        if !is_space && self.is_repeated(glyph) {
            return;
        }
        let gap = self.last.as_ref().and_then(|last| gap(last, glyph));
        match gap {
            // A space at the begin of a line is no text.
            Some(Gap::Line) if !is_space => self.break_line("\n"),
            Some(Gap::Paragraph) if !is_space => self.break_line("\n\n"),
            Some(Gap::Space) => self.space(),
            _ => {}
        }
        if is_space {
            // Its own place counts only on its line: many lines end with one.
            if !matches!(gap, Some(Gap::Line | Gap::Paragraph)) {
                self.space();
                self.keep(glyph);
            }
            return;
        }
        self.shown += 1;
        if let Some(text) = glyph.text {
            self.text.push_str(text);
        } else {
            self.unread += 1;
            if !self.text.ends_with(UNREAD) {
                self.text.push(UNREAD);
            }
        }
        self.keep(glyph);
    }

    /// Moves on without a text, for glyphs whose text has been added.
    pub fn keep(&mut self, glyph: &Glyph<'_>) {
        self.last = Some(Last {
            start: glyph.start,
            end: glyph.end,
            along: glyph.along,
            size: glyph.size,
            text: glyph.text.map(str::to_owned),
        });
    }

    /// Bold letters are sometimes the same letters twice, a little apart.
    fn is_repeated(&self, glyph: &Glyph<'_>) -> bool {
        self.last.as_ref().is_some_and(|last| {
            last.text.as_deref() == glyph.text
                && glyph.text.is_some()
                && (glyph.start - last.start).hypot() < 0.1 * glyph.size
        })
    }

    fn space(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with([' ', '\n']) {
            self.text.push(' ');
        }
    }

    fn break_line(&mut self, with: &str) {
        let end = self.text.trim_end().len();
        self.text.truncate(end);
        if !self.text.is_empty() {
            self.text.push_str(with);
        }
    }
}

/// What is between two glyphs.
#[derive(Debug, PartialEq, Eq)]
enum Gap {
    Space,
    Line,
    Paragraph,
}

fn gap(last: &Last, glyph: &Glyph<'_>) -> Option<Gap> {
    let size = last.size.max(glyph.size).max(f64::MIN_POSITIVE);
    let (way, line) = (glyph.start - last.end, last.along);
    let across = line.cross(way).abs() / size;
    if line.dot(glyph.along) < 0.7 {
        return Some(Gap::Paragraph);
    }
    if across > 2.2 {
        return Some(Gap::Paragraph);
    }
    if across > 0.5 {
        return Some(Gap::Line);
    }
    let along = line.dot(way) / size;
    // Letters from right to left: this one ends where the last one began.
    let is_before = (glyph.end - last.start).hypot() / size < 0.3;
    if along < -0.5 && !is_before {
        return Some(Gap::Line);
    }
    // Between words of Latin letters, a fifth of the size is much; the glyphs of Chinese, Japanese and Korean fill
    // squares, and are set apart by more.
    let is_wide = |text: Option<&str>, at: fn(&str) -> Option<char>| {
        text.and_then(at).is_some_and(|letter| letter >= '\u{1100}')
    };
    let are_wide = is_wide(last.text.as_deref(), |text| text.chars().next_back())
        && is_wide(glyph.text, |text| text.chars().next());
    (along > if are_wide { 0.45 } else { 0.18 }).then_some(Gap::Space)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sets words of glyphs, each one unit wide and 2 high, at these places.
    fn set(words: &[(f64, f64, &str)]) -> String {
        let mut layout = Layout::default();
        for (x, y, word) in words {
            for (at, letter) in (0_u8..).zip(word.chars()) {
                let start = Point::new(x + f64::from(at), *y);
                let text = letter.to_string();
                layout.add(&Glyph {
                    start,
                    end: start + Vec2::new(1.0, 0.0),
                    along: Vec2::new(1.0, 0.0),
                    size: 2.0,
                    text: (letter != '?').then_some(&text),
                });
            }
        }
        layout.text
    }

    #[test]
    fn glyphs_make_words_and_lines() {
        #[track_caller]
        fn check(words: &[(f64, f64, &str)], expected: &str) {
            assert_eq!(set(words), expected);
        }
        check(&[(0.0, 0.0, "one"), (3.0, 0.0, "two")], "onetwo");
        check(&[(0.0, 0.0, "one"), (3.5, 0.0, "two")], "one two");
        check(&[(0.0, 0.0, "one "), (4.5, 0.0, "two")], "one two");
        check(&[(0.0, 0.0, "하나"), (2.5, 0.0, "둘")], "하나둘");
        check(&[(0.0, 0.0, "하나"), (3.5, 0.0, "둘")], "하나 둘");
        check(&[(0.0, 9.0, "one "), (0.0, 6.0, "two")], "one\ntwo");
        check(&[(0.0, 9.0, "one"), (0.0, 3.0, "two")], "one\n\ntwo");
        // A power, a column to the left, and a letter that is set twice.
        check(&[(0.0, 0.0, "x"), (1.0, 0.8, "2")], "x2");
        check(&[(9.0, 0.0, "b"), (0.0, 0.0, "a")], "b\na");
        check(&[(0.0, 0.0, "B"), (0.1, 0.0, "B"), (1.0, 0.0, "B")], "BB");
        // From right to left.
        check(&[(2.0, 0.0, "א"), (1.0, 0.0, "ב")], "אב");
        check(
            &[(0.0, 0.0, "a??b?"), (0.0, -3.0, "?")],
            "a\u{fffd}b\u{fffd}\n\u{fffd}",
        );
    }
}
