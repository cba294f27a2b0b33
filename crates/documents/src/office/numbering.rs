//! The marks of a list's items in Word documents: see ECMA-376, part 1, 17.9. Contracts and regulations count their
//! articles with them.

use std::collections::HashMap;

use collate_core::file::Error;

use super::package::{Package, Part};

/// Maximum number of levels.
const LEVELS: usize = 9;

/// A level of a list.
#[derive(Clone, Default)]
struct Level {
    /// Format of its numbers.
    format: String,
    /// Its text, where `%1` is the number of the first level.
    text: String,
    start: Option<u32>,
}

/// All lists of a document, and how far they have counted.
#[derive(Default)]
pub struct Numbering {
    shapes: HashMap<String, Vec<Level>>,
    /// The shapes of lists.
    lists: HashMap<String, String>,
    counts: HashMap<String, [Option<u32>; LEVELS]>,
}

impl Numbering {
    /// Reads the lists of a document.
    ///
    /// # Errors
    /// If they are damaged.
    pub fn read(package: &mut Package<'_>) -> Result<Self, Error> {
        let mut all = Self::default();
        let (mut shape, mut list) = (String::new(), String::new());
        package.xml("word/numbering.xml", |part| {
            let Part::Open(element) = part else {
                return Ok(());
            };
            let value = || element.get("val").unwrap_or_default();
            let level = all
                .shapes
                .get_mut(&shape)
                .and_then(|levels| levels.last_mut());
            match (element.name, level) {
                ("abstractNum", _) => {
                    shape = element.get("abstractNumId").unwrap_or_default();
                    all.shapes.insert(shape.clone(), Vec::new());
                }
                ("lvl", _) => {
                    if let Some(levels) = all.shapes.get_mut(&shape)
                        && levels.len() < LEVELS
                    {
                        levels.push(Level::default());
                    }
                }
                ("numFmt", Some(level)) => level.format = value(),
                ("lvlText", Some(level)) => level.text = value(),
                ("start", Some(level)) => level.start = element.number("val"),
                ("num", _) => {
                    list = element.get("numId").unwrap_or_default();
                    // What follows is of this list only.
                    shape.clear();
                }
                ("abstractNumId", _) => _ = all.lists.insert(list.clone(), value()),
                _ => {}
            }
            Ok(())
        })?;
        Ok(all)
    }

    /// The mark of the next item of a list, with its indent.
    pub fn next(&mut self, list: &str, level: u32) -> String {
        let at = usize::try_from(level).unwrap_or(0).min(LEVELS - 1);
        let indent = "  ".repeat(at);
        let levels = self
            .lists
            .get(list)
            .and_then(|shape| self.shapes.get(shape));
        let Some(levels) = levels.filter(|levels| at < levels.len()) else {
            return format!("{indent}- ");
        };
        if matches!(&*levels[at].format, "bullet" | "none" | "") {
            return format!("{indent}- ");
        }
        // Lists of one shape count on together only if Word says so; each counts on its own here.
        let counts = self.counts.entry(list.to_owned()).or_default();
        let first = levels[at].start.unwrap_or(1);
        counts[at] = Some(counts[at].map_or(first, |count| count.saturating_add(1)));
        counts[at + 1..].fill(None);
        let mut mark = levels[at].text.clone();
        for (number, level) in (1..).zip(levels.iter().take(at + 1)) {
            let count = counts[number - 1].unwrap_or(level.start.unwrap_or(1));
            mark = mark.replace(&format!("%{number}"), &format(&level.format, count));
        }
        format!("{indent}{mark} ")
    }
}

/// Formats a number: see ECMA-376, part 1, 17.18.59.
fn format(format: &str, count: u32) -> String {
    let letter = |first: char| {
        let repeat = usize::try_from((count.max(1) - 1) / 26 + 1)
            .unwrap_or(1)
            .min(8);
        let letter = u32::from(first) + (count.max(1) - 1) % 26;
        char::from_u32(letter).map_or(String::new(), |letter| letter.to_string().repeat(repeat))
    };
    let one_of = |letters: &str| {
        let at = usize::try_from(count)
            .ok()
            .and_then(|count| count.checked_sub(1));
        let letter = at.and_then(|at| letters.chars().nth(at));
        letter.map_or_else(|| count.to_string(), String::from)
    };
    match format {
        "lowerLetter" => letter('a'),
        "upperLetter" => letter('A'),
        "lowerRoman" => roman(count).to_lowercase(),
        "upperRoman" => roman(count),
        "ganada" => one_of("가나다라마바사아자차카타파하"),
        "chosung" => one_of("ㄱㄴㄷㄹㅁㅂㅅㅇㅈㅊㅋㅌㅍㅎ"),
        "decimalEnclosedCircle" => one_of("①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"),
        "decimalZero" => format!("{count:02}"),
        _ => count.to_string(),
    }
}

fn roman(count: u32) -> String {
    const DIGITS: [(u32, &str); 13] = [
        (1000, "M"),
        (900, "CM"),
        (500, "D"),
        (400, "CD"),
        (100, "C"),
        (90, "XC"),
        (50, "L"),
        (40, "XL"),
        (10, "X"),
        (9, "IX"),
        (5, "V"),
        (4, "IV"),
        (1, "I"),
    ];
    if count >= 4000 {
        return count.to_string();
    }
    let (mut left, mut text) = (count, String::new());
    for (value, digits) in DIGITS {
        while left >= value {
            text.push_str(digits);
            left -= value;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_many_forms() {
        #[track_caller]
        fn check(name: &str, count: u32, expected: &str) {
            assert_eq!(format(name, count), expected);
        }
        check("decimal", 12, "12");
        check("lowerLetter", 1, "a");
        check("upperLetter", 28, "BB");
        check("lowerRoman", 14, "xiv");
        check("upperRoman", 1994, "MCMXCIV");
        check("ganada", 2, "나");
        check("ganada", 15, "15");
        check("decimalEnclosedCircle", 3, "③");
        check("lowerLetter", 0, "a");
        check("lowerLetter", u32::MAX, "uuuuuuuu");
        check("upperRoman", u32::MAX, "4294967295");
    }
}
