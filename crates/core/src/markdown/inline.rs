//! Inline syntax beyond the parser's: emphasis next to Korean, Japanese and Chinese, and bare URLs.

mod emphasis;

use std::ops::Range;

use super::{Node, Tag};
pub(super) use emphasis::apart;
use emphasis::emphasise;

/// A piece of an unfinished line.
#[derive(Debug)]
pub(super) enum Piece {
    /// Source text, which may still contain emphasis and URLs.
    Text(String),
    /// Literal text: escaped, or raw HTML.
    Literal(String),
    /// Anything else.
    Node(Node),
}

impl From<Node> for Piece {
    fn from(node: Node) -> Self {
        Self::Node(node)
    }
}

impl Piece {
    pub(super) fn into_node(self) -> Node {
        match self {
            Self::Text(text) | Self::Literal(text) => Node::Text(text),
            Self::Node(node) => node,
        }
    }
}

/// Returns the plain text.
pub(super) fn plain(pieces: &[Piece]) -> String {
    let mut plain = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(text) | Piece::Literal(text) => plain += text,
            Piece::Node(node) => node.words(&mut plain),
        }
    }
    plain
}

/// Converts a line's pieces into nodes.
pub(super) fn finish(pieces: Vec<Piece>, links: bool) -> Vec<Node> {
    let mut joined: Vec<Piece> = Vec::with_capacity(pieces.len());
    for piece in pieces {
        match (joined.last_mut(), piece) {
            (Some(Piece::Text(last)), Piece::Text(text)) => *last += &text,
            (_, piece) => joined.push(piece),
        }
    }
    let mut joined = emphasise(joined);
    if links {
        joined = link(joined);
    }
    let mut nodes: Vec<Node> = Vec::with_capacity(joined.len());
    for piece in joined {
        match (nodes.last_mut(), piece.into_node()) {
            (Some(Node::Text(last)), Node::Text(text)) => *last += &text,
            (_, node) => nodes.push(node),
        }
    }
    nodes
}

/// Returns whether a letter is Korean, Japanese or Chinese, in which particles follow a word
/// without a space.
pub(super) fn is_cjk(letter: char) -> bool {
    matches!(letter,
        '\u{1100}'..='\u{11ff}' | '\u{2e80}'..='\u{9fff}' | '\u{a960}'..='\u{a97f}'
        | '\u{ac00}'..='\u{d7ff}' | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe4f}'
        | '\u{ff00}'..='\u{ffef}' | '\u{20000}'..='\u{3ffff}')
}

/// Turns URLs in text into links, like GitHub's «extended autolinks».
fn link(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut linked = Vec::with_capacity(pieces.len());
    for piece in pieces {
        let Piece::Text(text) = piece else {
            linked.push(piece);
            continue;
        };
        let mut done = 0;
        let mut from = 0;
        while let Some((range, url)) = next_address(&text, from) {
            if done < range.start {
                linked.push(Piece::Text(text[done..range.start].to_owned()));
            }
            let words = text[range.clone()].to_owned();
            let tag = Tag::Link {
                url,
                title: String::new(),
            };
            linked.push(Node::Parent(tag, vec![Node::Text(words)]).into());
            (done, from) = (range.end, range.end);
        }
        if done == 0 {
            linked.push(Piece::Text(text));
        } else if done < text.len() {
            linked.push(Piece::Text(text[done..].to_owned()));
        }
    }
    linked
}

/// Returns the next address in a text from a position on, and its link target.
fn next_address(text: &str, mut from: usize) -> Option<(Range<usize>, String)> {
    loop {
        let rest = &text[from..];
        let found = rest
            .match_indices([':', '@', 'w', 'W'])
            .map(|(at, _)| from + at)
            .find_map(|at| web(text, at).or_else(|| email(text, at)))?;
        if found.0.end > from {
            return Some(found);
        }
        from = found.0.end + 1;
    }
}

/// Returns the URL around a `:` or starting at a `w`.
fn web(text: &str, at: usize) -> Option<(Range<usize>, String)> {
    let is_scheme = |name: &str| {
        let start = at.checked_sub(name.len())?;
        let written = text.get(start..at)?;
        written.eq_ignore_ascii_case(name).then_some(start)
    };
    let (start, domain) = if text[at..].starts_with("://") {
        (is_scheme("https").or_else(|| is_scheme("http"))?, at + 3)
    } else if text.get(at..at + 4)?.eq_ignore_ascii_case("www.") {
        (at, at)
    } else {
        return None;
    };
    let before = text[..start].chars().next_back();
    let may_begin =
        |c: char| c.is_whitespace() || is_cjk(c) || is_surrounding(c) || "*_~(['|".contains(c);
    if !before.is_none_or(may_begin) {
        return None;
    }
    let end = domain + address_end(&text[domain..]);
    let end = start + trimmed(&text[start..end]).len();
    let host = text.get(domain..end)?.split(['/', '?', '#']).next()?;
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let is_named = name.contains('.') || domain != start && name == "localhost";
    let is_name = |c: char| c.is_alphanumeric() || "-_.".contains(c);
    if !is_named || name.starts_with('.') || !name.chars().all(is_name) {
        return None;
    }
    let mut last = name.rsplit('.');
    if [last.next(), last.next()]
        .into_iter()
        .flatten()
        .any(|part| part.contains('_'))
    {
        return None;
    }
    let written = &text[start..end];
    let url = if domain == start {
        format!("http://{written}")
    } else {
        written.to_owned()
    };
    Some((start..end, url))
}

/// Returns the length of an address from its domain on.
///
/// A letter of Korean, Japanese or Chinese goes on in a path that it begins, or that has such letters
/// already. After other letters, it belongs to the sentence: `https://a.kr/x를`.
fn address_end(text: &str) -> usize {
    let mut before = '/';
    let (mut is_path, mut is_cjk_part) = (false, false);
    for (at, letter) in text.char_indices() {
        if letter.is_whitespace() || letter == '<' || is_surrounding(letter) {
            return at;
        }
        if is_cjk(letter) {
            let begins = !before.is_alphanumeric() && before != '.' && !matches!(before, ')' | ']');
            if !(begins || is_cjk_part || is_path && goes_on(&text[at..])) {
                return at;
            }
            is_cjk_part = true;
        } else if !letter.is_alphanumeric() && letter != '.' {
            is_path |= matches!(letter, '/' | '?' | '#');
            is_cjk_part = false;
        }
        before = letter;
    }
    text.len()
}

/// Returns whether Korean that follows other letters of a path is a part of the name, as in `C언어`, and
/// not a particle.
fn goes_on(text: &str) -> bool {
    const PARTICLES: &[&str] = &[
        "가",
        "같",
        "과",
        "까지",
        "나",
        "는",
        "도",
        "들",
        "라",
        "랑",
        "로",
        "를",
        "만",
        "며",
        "보다",
        "부터",
        "뿐",
        "에",
        "와",
        "으로",
        "은",
        "을",
        "의",
        "이",
        "인",
        "입니다",
        "였",
        "에서",
        "처럼",
        "하",
        "한테",
    ];
    let is_hangul = |c: char| ('가'..='힣').contains(&c);
    text.starts_with(is_hangul) && !PARTICLES.iter().any(|particle| text.starts_with(particle))
}

/// Returns whether a character belongs to what surrounds an address: a quotation mark, a bracket, or
/// punctuation of Chinese, Japanese and Korean.
fn is_surrounding(letter: char) -> bool {
    matches!(letter,
        '"' | '`' | '«' | '»' | '\u{2018}'..='\u{201f}' | '…' | '‹' | '›'
        | '\u{3000}'..='\u{3004}' | '\u{3008}'..='\u{3020}' | '\u{30fb}' | '\u{fe10}'..='\u{fe1f}' | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff01}'..='\u{ff0f}' | '\u{ff1a}'..='\u{ff20}' | '\u{ff3b}'..='\u{ff40}' | '\u{ff5b}'..='\u{ff65}')
}

/// Returns the e-mail address around an `@`.
fn email(text: &str, at: usize) -> Option<(Range<usize>, String)> {
    if !text[at..].starts_with('@') {
        return None;
    }
    let is_local = |c: char| c.is_ascii_alphanumeric() || ".-_+".contains(c);
    let is_domain = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
    let local = text[..at].rfind(|c| !is_local(c));
    let start = local.map_or(0, |at| {
        at + text[at..].chars().next().map_or(1, char::len_utf8)
    });
    let domain = &text[at + 1..];
    let end = domain.find(|c| !is_domain(c)).unwrap_or(domain.len());
    let domain = domain[..end].trim_end_matches('.');
    let is_whole = start < at && domain.contains('.') && !domain.ends_with(['-', '_']);
    let end = at + 1 + domain.len();
    is_whole.then(|| (start..end, format!("mailto:{}", &text[start..end])))
}

/// Strips the sentence's punctuation from the end of an address.
fn trimmed(address: &str) -> &str {
    let mut address = address;
    loop {
        let cut = match address.as_bytes().last() {
            Some(b'?' | b'!' | b'.' | b',' | b':' | b'*' | b'_' | b'~' | b'\'' | b'"') => 1,
            // A closing bracket belongs to it only with an opening one.
            Some(b')') if address.matches(')').count() > address.matches('(').count() => 1,
            Some(b']') if address.matches(']').count() > address.matches('[').count() => 1,
            // An apparent entity at the end is one.
            Some(b';') => match address.rfind('&') {
                Some(start)
                    if address[start + 1..address.len() - 1]
                        .bytes()
                        .all(|b| b.is_ascii_alphanumeric()) =>
                {
                    address.len() - start
                }
                _ => 1,
            },
            _ => return address,
        };
        address = &address[..address.len() - cut];
    }
}

/// Returns a link's target if allowed: the web, or e-mail. Any other could run code or read files.
pub fn place_to_go(url: &str) -> Option<String> {
    let scheme = url.split_once(':')?.0;
    ["http", "https", "mailto"]
        .iter()
        .any(|allowed| scheme.eq_ignore_ascii_case(allowed))
        .then(|| url.to_owned())
}

/// Returns an image's URL if it may be fetched, once the user requests it.
pub fn web_address(url: &str) -> Option<String> {
    let url = place_to_go(url)?;
    (!url.to_ascii_lowercase().starts_with("mailto:")).then_some(url)
}

/// Returns whether a single tilde joins two parts, as in `10~20`.
pub(super) fn is_range(source: &str, range: &Range<usize>) -> bool {
    let is_single = !source[range.clone()].starts_with("~~");
    let before = source[..range.start].chars().next_back();
    let after = source[range.end..].chars().next();
    let is_part = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    is_single && (is_part(before) || is_part(after))
}
