//! Parsed JSON of other programs: fields that may be missing or of another type, and texts made of them.

use serde_json::Value;

/// Returns a text field; empty if missing.
pub(super) fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// Returns a list field; empty if missing.
pub(super) fn list<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    let list = value.get(field).and_then(Value::as_array);
    list.map_or(&[], Vec::as_slice)
}

/// Returns a field; null if missing.
pub(super) fn at<'a>(value: &'a Value, field: &str) -> &'a Value {
    value.get(field).unwrap_or(&Value::Null)
}

/// Returns whether a field is true.
pub(super) fn is(value: &Value, field: &str) -> bool {
    at(value, field) == &Value::Bool(true)
}

/// Returns the first text field that is not empty.
pub(super) fn first<'a>(fields: &[(&'a Value, &str)]) -> &'a str {
    let mut texts = fields.iter().map(|(value, field)| text(value, field));
    texts.find(|text| !text.is_empty()).unwrap_or_default()
}

/// Returns the first of these fields that is a count.
pub(super) fn count(value: &Value, fields: &[&str]) -> Option<u32> {
    let mut counts = fields
        .iter()
        .filter_map(|field| value.get(*field)?.as_u64());
    counts.next().and_then(|count| u32::try_from(count).ok())
}

/// Appends a paragraph to a text.
pub(super) fn add(text: &mut String, more: &str) {
    let more = more.trim_matches(['\n', '\r']);
    if !text.is_empty() && !more.trim().is_empty() {
        text.push_str("\n\n");
    }
    if !more.trim().is_empty() {
        text.push_str(more);
    }
}

/// Puts text in a fence that nothing in it can close.
pub(super) fn fenced(language: &str, text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max();
    let fence = "`".repeat(3.max(longest.unwrap_or_default() + 1));
    let end = if text.ends_with('\n') { "" } else { "\n" };
    format!("{fence}{language}\n{text}{end}{fence}")
}

/// Returns the places of so many items in their order, where equal ones stay as they are.
///
/// The standard library's sort downloads several times as large, for each type of items.
pub(super) fn sorted(count: usize, is_before: &dyn Fn(usize, usize) -> bool) -> Vec<usize> {
    let mut from: Vec<usize> = (0..count).collect();
    let mut run = 1;
    while run < count {
        let mut to = Vec::with_capacity(count);
        for start in (0..count).step_by(2 * run) {
            let (mut left, mut right) = (start, (start + run).min(count));
            let (middle, end) = (right, (right + run).min(count));
            while left < middle || right < end {
                let is_right = left == middle || right < end && is_before(from[right], from[left]);
                let next = if is_right { &mut right } else { &mut left };
                to.push(from[*next]);
                *next += 1;
            }
        }
        from = to;
        run *= 2;
    }
    from
}

/// Names, sorted, each with its place.
pub(super) type Index<'a> = Vec<(&'a str, usize)>;

/// Sorts names to be found by [`place`].
pub(super) fn index<'a>(names: impl Iterator<Item = &'a str>) -> Index<'a> {
    let names: Vec<&str> = names.collect();
    let order = sorted(names.len(), &|one, other| names[one] < names[other]);
    order.into_iter().map(|at| (names[at], at)).collect()
}

/// Returns the place of a name, which is not empty.
pub(super) fn place(index: &[(&str, usize)], name: &str) -> Option<usize> {
    let at = index.partition_point(|(other, _)| *other < name);
    let (found, place) = index.get(at)?;
    (*found == name && !name.is_empty()).then_some(*place)
}

/// Returns whether this is an address of the web, without spaces.
pub(super) fn is_web(url: &str) -> bool {
    let is_http = url.starts_with("https://") || url.starts_with("http://");
    is_http && !url.contains(|c: char| c.is_whitespace() || c.is_control())
}

/// Returns an address that is the content itself; empty if it is none.
pub(super) fn data(url: &str) -> &str {
    if url.starts_with("data:") { url } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_sorted() {
        #[track_caller]
        fn check(items: &str, expected: &[usize]) {
            let items: Vec<char> = items.chars().collect();
            assert_eq!(
                sorted(items.len(), &|one, other| items[one] < items[other]),
                expected
            );
        }
        check("", &[]);
        check("a", &[0]);
        check("ba", &[1, 0]);
        check("aba", &[0, 2, 1]);
        check("cbabca", &[2, 5, 1, 3, 0, 4]);
        let index = index(["b", "", "a"].into_iter());
        assert_eq!(
            (place(&index, "b"), place(&index, ""), place(&index, "c")),
            (Some(0), None, None)
        );
    }

    #[test]
    fn a_fence_holds_what_has_fences() {
        #[track_caller]
        fn check(text: &str, expected: &str) {
            assert_eq!(fenced("py", text), expected);
        }
        check("a\n", "```py\na\n```");
        check("````", "`````py\n````\n`````");
    }
}
