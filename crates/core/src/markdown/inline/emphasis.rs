//! Emphasis next to Korean, Japanese and Chinese.

use super::{Piece, is_cjk};
use crate::markdown::{Node, Tag};

/// A run of `*`, or `~~`, that the parser left as text.
struct Run {
    mark: u8,
    /// Index among the pieces.
    at: usize,
    length: usize,
    opens: bool,
    closes: bool,
    is_by_cjk: bool,
}

/// Finds emphasis that `CommonMark` misses because a bracket or quotation mark separates it from a
/// letter: `**강조(하기)**는`. The rule is `CommonMark`'s own, except that a Korean, Japanese or Chinese
/// letter counts as a space, as in the proposal «`CommonMark` CJK-friendly amendments».
pub(super) fn emphasise(pieces: Vec<Piece>) -> Vec<Piece> {
    let has_run = |piece: &Piece| matches!(piece, Piece::Text(text) if text.contains(['*', '~']));
    if pieces.iter().filter(|piece| has_run(piece)).count() == 0 {
        return pieces;
    }
    let mut split: Vec<Piece> = Vec::new();
    let mut runs: Vec<Run> = Vec::new();
    let mut before = None;
    let firsts: Vec<Option<char>> = pieces.iter().map(first_letter).collect();
    for (index, piece) in pieces.into_iter().enumerate() {
        let Piece::Text(text) = piece else {
            before = last_letter(&piece).or(Some('x'));
            split.push(piece);
            continue;
        };
        let mut rest = &*text;
        while let Some(start) = rest.find(['*', '~']) {
            let mark = rest.as_bytes()[start];
            let run = rest[start..].bytes();
            let length = run.take_while(|byte| *byte == mark).count();
            if start > 0 {
                before = rest[..start].chars().next_back();
                split.push(Piece::Text(rest[..start].to_owned()));
            }
            let after_run = rest[start + length..].chars().next();
            let after = after_run.or_else(|| firsts.get(index + 1).copied().flatten());
            let space = |c: Option<char>| c.is_none_or(char::is_whitespace);
            let sign = |c: Option<char>| c.is_some_and(is_mark);
            let cjk = |c: Option<char>| c.is_some_and(is_cjk);
            let opens =
                !space(after) && (!sign(after) || space(before) || sign(before) || cjk(before));
            let closes =
                !space(before) && (!sign(before) || space(after) || sign(after) || cjk(after));
            runs.push(Run {
                mark,
                at: split.len(),
                length,
                opens,
                closes,
                is_by_cjk: cjk(before) || cjk(after),
            });
            split.push(Piece::Text(rest[start..start + length].to_owned()));
            before = Some(char::from(mark));
            rest = &rest[start + length..];
        }
        if !rest.is_empty() {
            before = rest.chars().next_back();
            split.push(Piece::Text(rest.to_owned()));
        }
    }
    // Pairs a closing run with the nearest opening run of its length, if either is next to such a
    // letter: all others follow `CommonMark`.
    let mut pairs: Vec<(usize, usize)> = Vec::new();
    let mut waiting: Vec<&Run> = Vec::new();
    for run in &runs {
        let matching = waiting.iter().rposition(|open| {
            let fits = match run.mark {
                b'~' => run.length == 2,
                _ => run.length <= 3,
            };
            fits && open.mark == run.mark
                && open.length == run.length
                && (open.is_by_cjk || run.is_by_cjk)
        });
        match matching.filter(|_| run.closes) {
            Some(found) => {
                pairs.push((waiting[found].at, run.at));
                waiting.truncate(found);
            }
            None if run.opens => waiting.push(run),
            None => {}
        }
    }
    wrap(split, &pairs)
}

/// Wraps the pieces between each pair of runs in emphasis. The pairs nest.
fn wrap(pieces: Vec<Piece>, pairs: &[(usize, usize)]) -> Vec<Piece> {
    if pairs.is_empty() {
        return pieces;
    }
    let mut levels: Vec<Vec<Piece>> = vec![Vec::new()];
    for (at, piece) in pieces.into_iter().enumerate() {
        if pairs.iter().any(|(open, _)| *open == at) {
            levels.push(Vec::new());
        } else if pairs.iter().any(|(_, close)| *close == at) {
            let (Some(inner), Piece::Text(run)) = (levels.pop(), piece) else {
                continue;
            };
            let inner: Vec<_> = inner.into_iter().map(Piece::into_node).collect();
            let Some(level) = levels.last_mut() else {
                continue;
            };
            let tag = match run.len() {
                _ if run == "~~" => Tag::Strikethrough,
                1 => Tag::Emphasis,
                2 => Tag::Strong,
                _ => {
                    let strong = Node::Parent(Tag::Strong, inner);
                    level.push(Node::Parent(Tag::Emphasis, vec![strong]).into());
                    continue;
                }
            };
            level.extend(apart(tag, inner, true).into_iter().map(Piece::from));
        } else if let Some(level) = levels.last_mut() {
            level.push(piece);
        }
    }
    levels.into_iter().flatten().collect()
}

/// Takes emphasis apart in which the parser has paired the end of one with the start of the next, as in
/// `**중요!**꼭 이것은**강조**입니다`: `CommonMark` takes the second run for the start of emphasis within the first.
/// `is_sure`: this is known, and need not be told by the letters around.
pub(in crate::markdown) fn apart(tag: Tag, parts: Vec<Node>, is_sure: bool) -> Vec<Node> {
    let is_same = |node: &Node| matches!(node, Node::Parent(inner, _) if *inner == tag);
    let edge = |node: &Node, last: bool| {
        let mut words = String::new();
        node.words(&mut words);
        if last {
            words.chars().next_back()
        } else {
            words.chars().next()
        }
    };
    let is_between = |index: usize| {
        let (Some(before), Some(after)) = (parts[..index].last(), parts.get(index + 1)) else {
            return false;
        };
        let (before, first) = (edge(before, true), edge(&parts[index], false));
        before.is_some_and(is_mark)
            && first.is_some_and(|first| !is_mark(first) && !first.is_whitespace())
            && [before, first].into_iter().flatten().any(is_cjk)
            && edge(after, false).is_some_and(|after| !after.is_whitespace())
    };
    let between: Vec<_> = (0..parts.len())
        .map(|index| is_same(&parts[index]) && (is_sure || is_between(index)))
        .collect();
    let mut nodes = Vec::new();
    let mut part = Vec::new();
    for (node, is_between) in parts.into_iter().zip(between) {
        match node {
            Node::Parent(_, inner) if is_between => {
                nodes.push(Node::Parent(tag.clone(), std::mem::take(&mut part)));
                nodes.extend(inner);
            }
            node => part.push(node),
        }
    }
    nodes.push(Node::Parent(tag, part));
    nodes
}

fn is_mark(c: char) -> bool {
    // Neither letter, digit nor space: `CommonMark`'s punctuation and symbols.
    !c.is_alphanumeric() && !c.is_whitespace()
}

fn first_letter(piece: &Piece) -> Option<char> {
    match piece {
        Piece::Text(text) | Piece::Literal(text) => text.chars().next(),
        Piece::Node(node) => {
            let mut words = String::new();
            node.words(&mut words);
            Some(words.chars().next().unwrap_or('x'))
        }
    }
}

fn last_letter(piece: &Piece) -> Option<char> {
    match piece {
        Piece::Text(text) | Piece::Literal(text) => text.chars().next_back(),
        Piece::Node(node) => {
            let mut words = String::new();
            node.words(&mut words);
            words.chars().next_back()
        }
    }
}
