//! Formulas, told from money by what stands around both signs.
//!
//! Delimiters: `$…$` and `\(…\)` within a line; `$$…$$`, `\[…\]` and bare environments for display.
//! The rules for `$` start from Pandoc's `tex_math_dollars`.

mod words;

use std::ops::Range;

use super::outline::Outline;
use words::{has_words_only, is_money, is_prose, is_spaced};

/// A formula in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Formula {
    /// Position, with the delimiters.
    pub(super) range: Range<usize>,
    mark: Mark,
    /// Number of `>` before each of its lines.
    quotes: usize,
    /// True if its end has not come yet.
    pub(super) is_open: bool,
}

/// How a formula is delimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    Dollar,
    Dollars,
    Round,
    Square,
    Environment,
}

/// Maximum length of a formula over several lines, in bytes: a sign without its partner must not keep
/// the rest of a text unread.
const LONGEST: usize = 10_000;

/// Environments that are formulas without delimiters.
const ENVIRONMENTS: &[&str] = &[
    "align",
    "alignat",
    "aligned",
    "array",
    "Bmatrix",
    "bmatrix",
    "cases",
    "displaymath",
    "eqnarray",
    "equation",
    "flalign",
    "gather",
    "gathered",
    "math",
    "matrix",
    "multline",
    "pmatrix",
    "rcases",
    "smallmatrix",
    "split",
    "Vmatrix",
    "vmatrix",
];

impl Formula {
    /// Returns whether it stands on lines of its own.
    pub(super) fn is_display(&self) -> bool {
        !matches!(self.mark, Mark::Dollar | Mark::Round)
    }

    /// Returns the source of the formula, without the marks of the quote that it stands in.
    pub(super) fn written(&self, source: &str) -> String {
        let written = &source[self.range.clone()];
        if self.quotes == 0 {
            return written.to_owned();
        }
        let mut lines = written.split('\n');
        let mut plain = lines.next().unwrap_or_default().to_owned();
        for line in lines {
            plain.push('\n');
            plain += unquoted(line, self.quotes).unwrap_or(line);
        }
        plain
    }

    /// Returns the LaTeX; empty if the formula is not complete.
    pub(super) fn latex(&self, source: &str) -> String {
        if self.is_open {
            return String::new();
        }
        let written = self.written(source);
        let length = match self.mark {
            Mark::Dollar => 1,
            Mark::Environment => 0,
            _ => 2,
        };
        let latex = written.get(length..written.len() - length);
        latex.unwrap_or_default().trim().to_owned()
    }
}

/// Returns whether a text may have a formula.
pub(super) fn may_have(text: &str) -> bool {
    text.contains('$')
        || ["\\(", "\\[", "\\begin{"]
            .iter()
            .any(|mark| text.contains(mark))
}

/// Returns the display formulas that start a line, end one, or go over several. Their lines may begin with anything.
pub(super) fn displays(source: &str, outline: &Outline, is_whole: bool) -> Vec<Formula> {
    let mut found: Vec<Formula> = Vec::new();
    let mut start = 0;
    while start < source.len() {
        let end = source[start..]
            .find('\n')
            .map_or(source.len(), |at| start + at);
        let block = outline.blocks.iter().find(|block| block.contains(&start));
        let mut next = end + 1;
        if let Some(block) = block {
            next = next.max(block.end);
        } else if let Some(formula) = display(source, start..end, outline, is_whole) {
            // More may follow in the same line.
            next = formula.range.end.max(start + 1);
            found.push(formula);
        }
        start = next;
    }
    found
}

/// Returns the display formula that this line, or the rest of it, begins.
fn display(source: &str, line: Range<usize>, outline: &Outline, is_whole: bool) -> Option<Formula> {
    let text = &source[line.clone()];
    let (begin, quotes) = prefix(text);
    let content = &text[begin..];
    let is_mark = |text: &str| text.starts_with("\\[") || text.starts_with("$$");
    let at_end = content.trim_end();
    // A mark that ends its line begins the formula on the next.
    let last = at_end.len().checked_sub(2).filter(|at| {
        at_end.is_char_boundary(*at)
            && is_mark(&at_end[*at..])
            && !at_end[..*at].ends_with(['$', '\\'])
            && at_end[..*at].matches("$$").count().is_multiple_of(2)
    });
    let is_first = is_mark(content) || content.starts_with("\\begin{");
    // Others are surer of what they are: what begins in the middle is no list of prices.
    let (from, is_middle) = match last {
        _ if is_first => (begin, false),
        Some(at) => (begin + at, false),
        None => (begin + unclosed(content)?, true),
    };
    let indent = text.len() - text.trim_start_matches(' ').len();
    let item = (!is_first && begin > indent && quotes == 0).then_some(indent);
    let start = line.start + from;
    if outline.spans.iter().any(|span| span.contains(&start)) {
        return None;
    }
    let rest = &source[start..];
    let (mark, opening, closing) = match rest.as_bytes() {
        [b'$', b'$', b'$', ..] => return None,
        [b'$', ..] => (Mark::Dollars, 2, "$$".to_owned()),
        [_, b'[', ..] => (Mark::Square, 2, "\\]".to_owned()),
        _ => {
            let name = rest[7..].split_once('}')?.0;
            if !ENVIRONMENTS.contains(&name.trim_end_matches('*')) {
                return None;
            }
            (Mark::Environment, 7, format!("\\end{{{name}}}"))
        }
    };
    let formula = |end, is_open| Formula {
        range: start..end,
        mark,
        quotes,
        is_open,
    };
    let limit = outline.blocks.iter().find(|block| block.start > start);
    let limit = limit.map_or(source.len(), |block| block.start);
    let within = (start + LONGEST).min(limit);
    let within = (start..=within)
        .rfind(|at| source.is_char_boundary(*at))
        .unwrap_or(start);
    if is_whole && !source[start..within].contains(&*closing) {
        return None;
    }
    let mut at = start + opening;
    while at < within {
        let tail = &source[at..limit];
        if tail.starts_with(&*closing) {
            let end = at + closing.len();
            let inner = &source[start + opening..at];
            let after = source[end..].split('\n').next().unwrap_or_default();
            let is_whole_line = after.trim_matches([' ', '\t', '.', ',', ';']).is_empty();
            let is_formula = match mark {
                Mark::Environment => is_whole_line,
                // `$$$` is no mark.
                Mark::Dollars if source[end..].starts_with('$') => false,
                Mark::Dollars if is_middle => {
                    !inner.starts_with(' ')
                        && !inner.ends_with(' ')
                        && inner.contains(['=', '+', '-', '\\', '^', '_', '<', '>'])
                }
                _ => inner.contains(|c: char| !c.is_whitespace()),
            };
            return (is_formula && !is_prose(inner)).then(|| formula(end, false));
        }
        match tail.as_bytes()[0] {
            b'\\' => at += 1 + tail[1..].chars().next().map_or(0, char::len_utf8),
            b'\n' if quotes > 0 => {
                let line = tail[1..].split('\n').next().unwrap_or_default();
                let is_last = tail[1..].is_empty() && !is_whole;
                if !is_last && unquoted(line, quotes).is_none() {
                    return None;
                }
                at += 1;
            }
            b'\n' if is_middle && tail.starts_with("\n\n") => return None,
            b'\n' if item.is_some_and(|indent| is_item(&tail[1..], indent)) => return None,
            _ => at += tail.chars().next().map_or(1, char::len_utf8),
        }
    }
    let may_be_open = is_first || is_middle && mark == Mark::Square;
    let is_open = !is_whole && may_be_open && at >= source.len() && !is_prose(&source[start..]);
    is_open.then(|| formula(source.len(), true))
}

/// Returns the mark of a display formula that begins in a line and does not end there.
fn unclosed(line: &str) -> Option<usize> {
    let mut at = 0;
    while at < line.len() {
        let rest = &line[at..];
        let closing = match rest.as_bytes() {
            [b'$', b'$', b'$', ..] => {
                at += run(rest.as_bytes(), 0);
                continue;
            }
            [b'$', b'$', ..] => "$$",
            [b'\\', b'[', ..] => "\\]",
            [b'\\', ..] => {
                at += 1 + rest[1..].chars().next().map_or(0, char::len_utf8);
                continue;
            }
            _ => {
                at += rest.chars().next().map_or(1, char::len_utf8);
                continue;
            }
        };
        let Some(length) = rest[2..].find(closing) else {
            return Some(at);
        };
        at += 2 + length + 2;
    }
    None
}

/// Returns whether a text begins with an item that is beside one of this indentation, or around it.
fn is_item(text: &str, indent: usize) -> bool {
    let spaces = text.len() - text.trim_start_matches(' ').len();
    spaces <= indent && prefix(text).0 > spaces
}

/// Returns the formulas within lines of a text, of which `masked` hides the display formulas.
pub(super) fn inline(source: &str, masked: &str, outline: &Outline) -> Vec<Formula> {
    let bytes = masked.as_bytes();
    let mut found: Vec<Formula> = Vec::new();
    let hidden = &outline.spans;
    let (mut at, mut next) = (0, 0);
    while at < bytes.len() {
        while hidden.get(next).is_some_and(|range| range.end <= at) {
            next += 1;
        }
        if let Some(range) = hidden.get(next).filter(|range| range.contains(&at)) {
            at = range.end;
            continue;
        }
        let end = match (bytes[at], bytes.get(at + 1)) {
            (b'$', Some(b'$')) => dollars(masked, at, outline),
            (b'$', _) => dollar(masked, at, outline),
            (b'\\', Some(b'(')) => bracket(masked, at, "\\)", outline),
            (b'\\', Some(b'[')) => bracket(masked, at, "\\]", outline),
            // A link's address.
            (b']', Some(b'(')) => {
                at += address(&masked[at + 1..]) + 1;
                continue;
            }
            _ => None,
        };
        if let Some(end) = end {
            let mark = match (bytes[at], bytes[at + 1]) {
                (b'$', b'$') => Mark::Dollars,
                (b'$', _) => Mark::Dollar,
                (_, b'(') => Mark::Round,
                _ => Mark::Square,
            };
            let line = source[..at].rfind('\n').map_or(0, |at| at + 1);
            let quotes = if source[at..end].contains('\n') {
                prefix(&source[line..at]).1
            } else {
                0
            };
            found.push(Formula {
                range: at..end,
                mark,
                quotes,
                is_open: false,
            });
            at = end;
        } else {
            at += match bytes[at] {
                b'$' => run(bytes, at),
                b'\\' => 2,
                _ => 1,
            };
        }
    }
    found
}

/// Returns the end of the formula that begins at a position of a table's row.
pub(super) fn cell(row: &str, at: usize) -> Option<usize> {
    let outline = Outline::default();
    match row.as_bytes().get(at..at + 2)? {
        b"$$" => dollars(row, at, &outline),
        b"\\(" => bracket(row, at, "\\)", &outline),
        _ => dollar(row, at, &outline),
    }
}

/// Number of dollar signs from a position on.
fn run(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().take_while(|byte| **byte == b'$').count()
}

/// Length of a link's address in brackets at the start of a text; 0 if it has no end.
fn address(text: &str) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' if depth == 1 => return at + 1,
            b')' => depth -= 1,
            b'\n' => break,
            _ => {}
        }
    }
    0
}

/// Returns the position of a mark's partner in the same block.
fn partner(text: &str, start: usize, from: usize, mark: &str, outline: &Outline) -> Option<usize> {
    let bound = outline.bounds.partition_point(|bound| *bound <= start);
    let span = outline.spans.partition_point(|span| span.start <= start);
    let limit = outline.bounds.get(bound).copied().unwrap_or(text.len());
    let limit = outline
        .spans
        .get(span)
        .map_or(limit, |span| limit.min(span.start));
    let block = text.get(from..limit.max(from))?;
    // The usual case, at once.
    if !block.contains(mark) {
        return None;
    }
    let mut at = 0;
    // `\text{if $n$ is even}` is part of the formula.
    let mut depth = 0_usize;
    while at < block.len() {
        let rest = &block[at..];
        if rest.starts_with(mark) && (depth == 0 || !mark.starts_with('$')) {
            return Some(from + at);
        }
        if rest.starts_with("\n\n") {
            return None;
        }
        match rest.as_bytes()[0] {
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += match rest.as_bytes()[0] {
            b'\\' => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
            _ => rest.chars().next().map_or(1, char::len_utf8),
        };
    }
    None
}

/// Returns the end of the formula that `\(` or `\[` begins.
fn bracket(text: &str, start: usize, closing: &str, outline: &Outline) -> Option<usize> {
    // Within a URL it is only an escaped bracket.
    if is_within_word(&text[..start]) {
        return None;
    }
    let at = partner(text, start, start + 2, closing, outline)?;
    let is_formula = text[start + 2..at].contains(|c: char| c.is_ascii_alphanumeric());
    is_formula.then_some(at + 2)
}

/// Returns whether a text ends within a word: a URL, or a name.
fn is_within_word(before: &str) -> bool {
    let word = before.rsplit(char::is_whitespace).next();
    let word = word.unwrap_or_default();
    word.contains("](")
        || word.contains("://")
        || word.ends_with(|c: char| c.is_ascii_alphanumeric())
}

/// Returns the end of the formula that `$$` begins within a line.
fn dollars(text: &str, start: usize, outline: &Outline) -> Option<usize> {
    let bytes = text.as_bytes();
    let at = partner(text, start, start + 2, "$$", outline)?;
    let latex = &text[start + 2..at];
    // `$$` and `$$$` are also levels of prices.
    let is_level =
        run(bytes, start) != 2 || run(bytes, at) != 2 || start > 0 && bytes[start - 1] == b'$';
    let is_formula =
        latex.contains(|c: char| !c.is_whitespace()) && !is_level && !has_words_only(latex);
    is_formula.then_some(at + 2)
}

/// Returns the end of the formula that a single `$` begins.
fn dollar(text: &str, start: usize, outline: &Outline) -> Option<usize> {
    let before = text[..start].chars().next_back();
    let first = text[start + 1..].chars().next()?;
    let is_letter = |c: char| c.is_alphanumeric() && !super::inline::is_cjk(c);
    // `5$`, `US$`: the sign follows what it belongs to.
    let is_after_word = before.is_some_and(is_letter) && first != '\\';
    if is_after_word || before == Some('\\') || ")},;?!\"\n".contains(first) {
        return None;
    }
    let at = partner(text, start, start + 1, "$", outline)?;
    let latex = &text[start + 1..at];
    let last = latex.chars().next_back()?;
    let next = text[at + 1..].chars().next();
    if first == ' ' {
        return (last == ' ' && is_spaced(latex.trim())).then_some(at + 1);
    }
    let is_short = latex.chars().nth(1).is_none();
    // A sign that an opening bracket or an operator precedes begins something else.
    if last.is_whitespace() || !is_short && "([/~:\"".contains(last) {
        return None;
    }
    if next.is_some_and(|next| next.is_ascii_digit()) {
        return None;
    }
    // Levels of prices: `$-$$`.
    if next == Some('$') && !latex.contains(char::is_alphanumeric) {
        return None;
    }
    // `$GOOG/$AMZN`, `$a=$b`; but `$n$th`.
    if next.is_some_and(is_letter) {
        let is_end = last.is_ascii_alphanumeric() || "})]|!*".contains(last);
        let is_name = !is_short
            && latex
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !is_end || is_name {
            return None;
        }
    }
    (!is_money(latex)).then_some(at + 1)
}

/// Returns the length of what stands before a line's text, marks of quotes and lists, and the number of
/// quotes.
pub(super) fn prefix(line: &str) -> (usize, usize) {
    let bytes = line.as_bytes();
    let (mut at, mut quotes) = (0, 0);
    while let Some(byte) = bytes.get(at) {
        let digits = bytes[at..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        let is_space = |at: usize| bytes.get(at).is_some_and(|byte| b" \t".contains(byte));
        match byte {
            b' ' | b'\t' => at += 1,
            b'>' => (at, quotes) = (at + 1, quotes + 1),
            b'-' | b'*' | b'+' if is_space(at + 1) => at += 2,
            _ if (1..10).contains(&digits)
                && bytes
                    .get(at + digits)
                    .is_some_and(|byte| b".)".contains(byte))
                && is_space(at + digits + 1) =>
            {
                at += digits + 2;
            }
            _ => break,
        }
    }
    (at, quotes)
}

/// Returns a line without the marks of this many quotes; None if it lacks one.
fn unquoted(line: &str, quotes: usize) -> Option<&str> {
    let mut rest = line;
    for _ in 0..quotes {
        rest = rest.trim_start_matches(' ').strip_prefix('>')?;
    }
    Some(rest)
}
