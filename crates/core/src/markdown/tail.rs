//! The end of a streaming text, completed as it probably continues.

use super::{cells, fences};

/// Completes an unfinished part of a text for display: incomplete markers are held back, and open
/// ones are closed. It changes no more than that, and not the text itself.
pub(super) fn complete(part: &str) -> String {
    let mut shown = part.to_owned();
    let last_line = part.rfind('\n').map_or(0, |at| at + 1);
    let line = &part[last_line..];
    if let Some(fence) = fences::open_at_end(part) {
        // The start of the closing fence.
        let tail = line.trim_start_matches(' ');
        if !tail.is_empty() && tail.chars().all(|c| c == fence) && last_line > 0 {
            shown.truncate(last_line);
        }
        return shown;
    }
    // A possible block marker, or one without content.
    let marker = line.trim();
    let is_marker = |c: char| "-=*_+#>`~|:.".contains(c) || c.is_ascii_digit();
    if !marker.is_empty()
        && marker.len() < 4
        && marker.chars().all(is_marker)
        && !marker.chars().all(|c| c.is_ascii_digit())
    {
        shown.truncate(last_line);
    }
    if complete_table(&mut shown) {
        return shown;
    }
    complete_line(&mut shown);
    shown
}

/// Shows a table's first line as a table before its second line arrives.
fn complete_table(shown: &mut String) -> bool {
    let paragraph = shown.rfind("\n\n").map_or(0, |at| at + 2);
    let mut lines = shown[paragraph..].split('\n');
    let (Some(head), second, None) = (lines.next(), lines.next(), lines.next()) else {
        return false;
    };
    let is_rule = |line: &str| line.chars().all(|c| "|-: ".contains(c));
    let second = second.unwrap_or_default();
    if !head.starts_with('|') || !is_rule(second) {
        return false;
    }
    let cells = cells::count(head);
    if second
        .trim()
        .trim_matches('|')
        .split('|')
        .filter(|cell| cell.contains('-'))
        .count()
        >= cells
    {
        return false;
    }
    let head_end = paragraph + head.len();
    shown.truncate(head_end);
    shown.push_str("\n|");
    for _ in 0..cells {
        shown.push_str("-|");
    }
    true
}

/// Closes the open markers of the last paragraph.
fn complete_line(shown: &mut String) {
    let paragraph = shown.rfind("\n\n").map_or(0, |at| at + 2);
    // A marker with nothing after it yet, and the half of a closing one.
    let kept = shown.trim_end_matches(['*', '_', '~', '`', '!']).len();
    let has_marker = kept < shown.len() && kept > paragraph;
    let before_marker = shown[..kept].chars().next_back();
    if has_marker && before_marker.is_none_or(char::is_whitespace) {
        shown.truncate(kept);
    } else if has_marker && ["*", "~"].contains(&&shown[kept..]) {
        let (half, double) = (&shown[kept..], shown[kept..].repeat(2));
        if shown[paragraph..kept].matches(&*double).count() % 2 == 1 && !half.is_empty() {
            shown.truncate(kept);
        }
    }
    let mut open: Vec<&str> = Vec::new();
    let mut link: Option<usize> = None;
    let text = &shown[paragraph..];
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if !text.is_char_boundary(at) {
            at += 1;
            continue;
        }
        let rest = &text[at..];
        let run = |mark: u8| rest.bytes().take_while(|byte| *byte == mark).count();
        match bytes[at] {
            b'\\' => {
                at += 2;
                continue;
            }
            b'`' => {
                let length = run(b'`');
                let fence = &rest[..length];
                let Some(end) = rest[length..].find(fence) else {
                    // The code extends to the end, without other markers in it.
                    let fence = fence.to_owned();
                    if length < 3 && text[at + length..].trim().is_empty() {
                        shown.truncate(paragraph + at);
                    } else if length < 3 {
                        shown.push_str(&fence);
                    }
                    close(shown, &open);
                    return;
                };
                at += length * 2 + end;
                continue;
            }
            mark @ (b'*' | b'_' | b'~') => {
                let length = run(mark);
                let name = match (mark, length) {
                    (b'*', 1) => "*",
                    (b'*', 2) => "**",
                    (b'*', 3) => "***",
                    (b'_', 1) => "_",
                    (b'_', 2) => "__",
                    (b'~', 2) => "~~",
                    _ => "",
                };
                let before = text[..at].chars().next_back();
                let after = text[at + length..].chars().next();
                let space = |c: Option<char>| c.is_none_or(char::is_whitespace);
                if let Some(found) = open.iter().rposition(|other| *other == name)
                    && !space(before)
                {
                    open.truncate(found);
                } else if !space(after)
                    && !name.is_empty()
                    && (mark != b'_' || !before.is_some_and(char::is_alphanumeric))
                {
                    open.push(name);
                }
                at += length;
                continue;
            }
            b'[' => link = Some(at),
            b']' if link.is_some() && rest.starts_with("](") => match rest.find(')') {
                Some(end) => {
                    link = None;
                    at += end + 1;
                    continue;
                }
                None => break,
            },
            b']' => link = None,
            _ => {}
        }
        at += 1;
    }
    // Only the text of a link whose URL is incomplete.
    if let Some(start) = link
        && text[start..].contains("](")
    {
        let words = text[start + 1..].split("](").next().unwrap_or_default();
        let is_image = text[..start].ends_with('!');
        let kept = paragraph + start - usize::from(is_image);
        let words = if is_image {
            String::new()
        } else {
            words.to_owned()
        };
        shown.truncate(kept);
        shown.push_str(&words);
    }
    close(shown, &open);
}

fn close(shown: &mut String, open: &[&str]) {
    if open.is_empty() {
        return;
    }
    // A marker does not close after a space or a line's end.
    let end = shown.trim_end().len();
    shown.truncate(end);
    for name in open.iter().rev() {
        shown.push_str(name);
    }
}
