//! Fences as models write them: blocks within a block of Markdown, and fences that don't keep to their
//! list's indentation. A repair is made only where the fences then come out in pairs.

use std::ops::Range;

use super::formulas;

/// Replacements in a text, each as long as what it replaces.
type Repairs = Vec<(Range<usize>, String)>;

/// A line of three or more backticks or tildes, and maybe a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Line<'a> {
    pub(super) mark: u8,
    pub(super) length: usize,
    /// Text after the marks.
    pub(super) info: &'a str,
}

impl<'a> Line<'a> {
    /// Reads a line without the marks of quotes and lists before it.
    pub(super) fn read(line: &'a str) -> Option<Self> {
        let mark = *line.as_bytes().first()?;
        let length = line.bytes().take_while(|byte| *byte == mark).count();
        let info = line.get(length..)?.trim();
        let is_fence = b"`~".contains(&mark) && length > 2 && !(mark == b'`' && info.contains('`'));
        is_fence.then_some(Self { mark, length, info })
    }

    /// Returns whether it closes a block that another line opened.
    pub(super) fn closes(self, opening: Line<'_>) -> bool {
        self.info.is_empty() && self.mark == opening.mark && self.length >= opening.length
    }

    /// Returns whether it opens a block of Markdown, in which other blocks may stand.
    pub(super) fn is_markdown(self) -> bool {
        let word = self
            .info
            .split([' ', '\t', '{', ','])
            .next()
            .unwrap_or_default();
        ["markdown", "md", "mdx"]
            .iter()
            .any(|name| word.eq_ignore_ascii_case(name))
    }
}

/// A fence in the text.
struct Fence<'a> {
    /// Position of its line.
    start: usize,
    /// Position of its marks.
    at: usize,
    line: Line<'a>,
}

/// Returns replacements after which the parser reads the fences as they were meant.
pub(super) fn repair(source: &str, is_whole: bool) -> Repairs {
    let mut repairs = Repairs::new();
    walk(source, is_whole, &mut repairs);
    repairs
}

/// Returns the mark of the fence that is open at the end of a streaming text.
pub(super) fn open_at_end(source: &str) -> Option<char> {
    walk(source, false, &mut Repairs::new()).map(char::from)
}

/// Adds the repairs of a text; returns the mark of the fence that is open at its end.
fn walk(source: &str, is_whole: bool, repairs: &mut Repairs) -> Option<u8> {
    if !source.contains("```") && !source.contains("~~~") {
        return None;
    }
    let fences = fences(source, is_whole);
    let mut index = 0;
    while let Some(opening) = fences.get(index) {
        let rest = &fences[index + 1..];
        if let Some(Nested { inner, end }) = nested(opening, rest, is_whole) {
            repairs.extend(inner.into_iter().map(|fence| {
                let range = fence.at..fence.at + fence.line.length;
                let marks = "\u{1}".repeat(range.len());
                (range, marks)
            }));
            let Some(end) = end else {
                return Some(opening.line.mark);
            };
            index += end + 2;
            continue;
        }
        let closes = |fence: &Fence<'_>| fence.line.closes(opening.line);
        let Some(end) = rest.iter().position(closes) else {
            return Some(opening.line.mark);
        };
        outdent(source, opening, &rest[end], repairs);
        index += end + 2;
    }
    None
}

/// Returns the fences. A last line that isn't complete is none yet.
fn fences(source: &str, is_whole: bool) -> Vec<Fence<'_>> {
    let mut fences = Vec::new();
    let mut start = 0;
    for line in source.split_inclusive('\n') {
        let (begin, _) = formulas::prefix(line);
        let is_complete = is_whole || line.ends_with('\n');
        if is_complete && let Some(read) = Line::read(&line[begin..]) {
            fences.push(Fence {
                start,
                at: start + begin,
                line: read,
            });
        }
        start += line.len();
    }
    fences
}

/// Blocks within a block of Markdown.
struct Nested<'a> {
    /// Their fences.
    inner: Vec<&'a Fence<'a>>,
    /// Place of the outer block's end among the fences after its beginning; None if it is to come.
    end: Option<usize>,
}

/// Finds the blocks within a block of Markdown. None if it has none, or if the fences don't come out in
/// pairs.
fn nested<'a>(opening: &Fence<'_>, rest: &'a [Fence<'a>], is_whole: bool) -> Option<Nested<'a>> {
    if !opening.line.is_markdown() {
        return None;
    }
    let closes = |fence: &Fence<'_>| fence.line.closes(opening.line);
    let mut inner = Vec::new();
    let mut open: Option<Line<'_>> = None;
    for (index, fence) in rest.iter().enumerate() {
        match open {
            Some(line) if fence.line.closes(line) => {
                inner.push(fence);
                open = None;
            }
            None if closes(fence) => {
                let first = rest.iter().position(closes).unwrap_or(index);
                // Where the text as it stands comes out in pairs, too, it stays.
                let is_sure = is_paired(&rest[index + 1..]) && !is_paired(&rest[first + 1..]);
                let end = Some(index);
                return (!inner.is_empty() && (is_sure || !is_whole))
                    .then_some(Nested { inner, end });
            }
            None if !fence.line.info.is_empty() => {
                inner.push(fence);
                open = Some(fence.line);
            }
            Some(_) | None => {}
        }
    }
    let end = None;
    (!is_whole && !inner.is_empty()).then_some(Nested { inner, end })
}

/// Returns whether each block has an end, and none but Markdown another's beginning.
fn is_paired(fences: &[Fence<'_>]) -> bool {
    let mut open: Option<Line<'_>> = None;
    for Fence { line, .. } in fences {
        open = match open {
            Some(opening) if line.closes(opening) => None,
            Some(opening) if !line.info.is_empty() && !opening.is_markdown() => return false,
            None => Some(*line),
            open => open,
        };
    }
    open.is_none()
}

/// Takes a block out of its list if a line between its fences, or the last one, isn't indented as the list
/// demands: that line would end the block, and the closing fence begin another.
fn outdent(source: &str, opening: &Fence<'_>, closing: &Fence<'_>, repairs: &mut Repairs) {
    let indent = &source[opening.start..opening.at];
    let closing_indent = &source[closing.start..closing.at];
    let is_space = |text: &str| text.bytes().all(|byte| byte == b' ');
    if indent.is_empty() || !is_space(indent) || !is_space(closing_indent) {
        return;
    }
    let Some(list) = item(&source[..opening.start], indent.len()) else {
        return;
    };
    let spaces = |line: &str| line.bytes().take_while(|byte| *byte == b' ').count();
    let lines = &source[opening.start..closing.start];
    let is_outside = |line: &str| !line.trim().is_empty() && spaces(line) < list;
    let is_within = !lines.lines().skip(1).any(is_outside);
    if is_within && closing_indent.len() >= list {
        return;
    }
    if is_within {
        // The block ends with the list, and needs no other end.
        let range = closing.at..closing.at + closing.line.length;
        let blank = " ".repeat(range.len());
        repairs.push((range, blank));
        return;
    }
    for fence in [opening, closing] {
        let (width, length) = (fence.at - fence.start, fence.line.length);
        let marks = char::from(fence.line.mark).to_string().repeat(length);
        repairs.push((fence.start..fence.at + length, marks + &" ".repeat(width)));
    }
}

/// Indentation of the text of the last list item that a line with this indentation belongs to.
fn item(before: &str, indent: usize) -> Option<usize> {
    for line in before.lines().rev().take(200) {
        let spaces = line.bytes().take_while(|byte| *byte == b' ').count();
        let (begin, _) = formulas::prefix(line);
        if begin > spaces && !line[..begin].contains('>') {
            return (begin <= indent).then_some(begin);
        }
        if spaces == 0 && !line.trim().is_empty() {
            return None;
        }
    }
    None
}
