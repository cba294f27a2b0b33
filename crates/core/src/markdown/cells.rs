//! Table cells: a pipe in code or in a formula doesn't end one, and no cell of a row is lost.
//!
//! GitHub's rule splits a row at each pipe that isn't escaped, code or not. Models don't know that.

use std::ops::Range;

use super::formulas;

/// Returns the pipes that the parser must not take for the ends of cells.
pub(super) fn pipes(source: &str) -> Vec<Range<usize>> {
    let mut hidden = Vec::new();
    if !source.contains('|') {
        return hidden;
    }
    let mut columns = None;
    let mut start = 0;
    let mut before: Option<Range<usize>> = None;
    for line in source.split_inclusive('\n') {
        let (begin, _) = formulas::prefix(line);
        let range = start + begin..start + line.trim_end().len().max(begin);
        start += line.len();
        let text = source.get(range.clone()).unwrap_or_default();
        if text.is_empty() {
            (columns, before) = (None, None);
            continue;
        }
        if columns.is_none()
            && let Some(count) = rule(text)
            && let Some(head) = before.clone()
            && head_fits(&source[head.clone()], count)
        {
            hide(source, head, count, &mut hidden);
            columns = Some(count);
        } else if let Some(count) = columns {
            hide(source, range.clone(), count, &mut hidden);
        }
        before = Some(range);
    }
    hidden
}

/// Number of columns of a line that separates a table's head from its body.
fn rule(line: &str) -> Option<usize> {
    let is_rule = line.contains('-')
        && line.contains(['|', ':'])
        && line.bytes().all(|byte| b"|-: \t".contains(&byte));
    let cells = is_rule.then(|| cells(line, &[]))?;
    let is_dashes = |cell: &Range<usize>| {
        let dashes = line[cell.clone()].trim();
        let dashes = dashes.strip_prefix(':').unwrap_or(dashes);
        let dashes = dashes.strip_suffix(':').unwrap_or(dashes);
        !dashes.is_empty() && dashes.bytes().all(|byte| byte == b'-')
    };
    cells.iter().all(is_dashes).then_some(cells.len())
}

fn head_fits(head: &str, columns: usize) -> bool {
    cells(head, &[]).len() == columns || cells(head, &spans(head)).len() == columns
}

/// Hides the pipes within code and formulas, unless GitHub's rule gives as many cells as there are columns.
fn hide(source: &str, row: Range<usize>, columns: usize, hidden: &mut Vec<Range<usize>>) {
    let line = &source[row.clone()];
    if !line.contains(['`', '$', '\\']) || cells(line, &[]).len() == columns {
        return;
    }
    for span in spans(line) {
        for (at, _) in line[span.clone()].match_indices('|') {
            let at = row.start + span.start + at;
            hidden.push(at..at + 1);
        }
    }
}

/// Number of cells in a line that begins a table.
pub(super) fn count(line: &str) -> usize {
    cells(line, &spans(line)).len()
}

/// Returns the cells beyond the last one that the parser read, up to the end of the row.
pub(super) fn beyond(rest: &str) -> Vec<Range<usize>> {
    let is_over = rest.trim_start().starts_with('|');
    let mut cells = if is_over {
        cells(rest, &[])
    } else {
        Vec::new()
    };
    cells.retain(|cell| !rest[cell.clone()].trim().is_empty());
    cells
}

/// Returns the cells of a row, given the parts in which pipes don't count.
fn cells(line: &str, spans: &[Range<usize>]) -> Vec<Range<usize>> {
    let bytes = line.as_bytes();
    let mut cells = Vec::new();
    let mut start = 0;
    for (at, byte) in line.bytes().enumerate() {
        let is_escaped = at > 0 && bytes[at - 1] == b'\\';
        if byte == b'|' && !is_escaped && !spans.iter().any(|span| span.contains(&at)) {
            // The row may begin with one.
            if !(cells.is_empty() && line[..at].trim().is_empty()) || start > 0 {
                cells.push(start..at);
            }
            start = at + 1;
        }
    }
    if !line[start..].trim().is_empty() {
        cells.push(start..line.len());
    }
    cells
}

/// Returns the code and the formulas in a row.
fn spans(line: &str) -> Vec<Range<usize>> {
    let bytes = line.as_bytes();
    let mut spans = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let length = |mark: u8| rest.iter().take_while(|byte| **byte == mark).count();
        let end = match rest {
            [b'`', ..] => partner(line, at, length(b'`')),
            [b'\\', b'(', ..] | [b'$', ..] => formulas::cell(line, at),
            _ => None,
        };
        if let Some(end) = end {
            spans.push(at..end);
            at = end;
        } else {
            at += match bytes[at] {
                b'\\' => 2,
                b'`' => length(b'`'),
                _ => 1,
            };
        }
    }
    spans
}

/// Returns the end of the code that this many backticks begin.
fn partner(line: &str, start: usize, length: usize) -> Option<usize> {
    let bytes = line.as_bytes();
    let mut at = start + length;
    while at < bytes.len() {
        let run = bytes[at..].iter().take_while(|byte| **byte == b'`').count();
        if run == length {
            return Some(at + run);
        }
        at += run.max(1);
    }
    None
}
