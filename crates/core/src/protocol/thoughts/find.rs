//! Finds the marks in text, and decides which of them count.

use super::{
    super::{
        excerpt::begin_of,
        marks::{
            At, FRAMES, MARKS, Mark,
            harmony::{BEGINS, ENDS, MESSAGE},
        },
    },
    Parser,
};

/// Maximum bytes of a harmony message's header.
const MAX_HEADER: usize = 512;

/// Maximum bytes of a line that is held until its code ends.
const MAX_CODE: usize = 512;

/// What begins at a place of the text. A length is that of the mark in bytes.
pub(super) enum Found {
    Nothing,
    /// Perhaps a mark: more is needed.
    Part,
    Open(&'static Mark),
    /// An opening mark where it is text: its place in [`MARKS`], and its length.
    Spoken(usize, usize),
    /// A closing mark without an opening one.
    Close(&'static Mark),
    /// A mark without meaning.
    Dropped(usize),
    /// The end of the answer.
    FrameEnd(usize),
    /// The beginning of the answer, and the mark of its end.
    Frame(usize, &'static str),
    /// A harmony message's header.
    Message(usize),
}

impl Parser {
    /// Finds what begins here, where a mark's first character stands.
    pub(super) fn find(&self, here: &str, is_end: bool) -> Found {
        if self.fence.is_some() {
            return Found::Nothing;
        }
        let found = self.find_mark(here, is_end);
        let is_mark = !matches!(found, Found::Nothing | Found::Part);
        if self.line.code == 0 || !is_mark {
            return found;
        }
        // Within code, if that ends on this line.
        let near = begin_of(here, MAX_CODE);
        let line = near.split('\n').next().unwrap_or_default();
        let is_code = line
            .split(|letter| letter != '`')
            .any(|run| run.len() == self.line.code);
        if is_code || line.len() == near.len() && near.len() < here.len() {
            Found::Nothing
        } else if line.len() < near.len() || is_end {
            found
        } else {
            Found::Part
        }
    }

    fn find_mark(&self, here: &str, is_end: bool) -> Found {
        let mut is_part = false;
        let mut is = |mark: &str| {
            is_part |= !is_end && may_begin(here, mark);
            begins_with(here, mark)
        };
        if BEGINS.iter().any(|begin| is(begin)) {
            let near = begin_of(here, MAX_HEADER);
            return match near.find(MESSAGE) {
                Some(at) => Found::Message(at + MESSAGE.len()),
                None if here.len() < MAX_HEADER && !is_end => Found::Part,
                None => Found::Nothing,
            };
        }
        for end in ENDS.iter().filter(|_| self.is_harmony) {
            if is(end) {
                return Found::Dropped(end.len());
            }
        }
        if let Some(end) = self.frame
            && is(end)
        {
            return Found::FrameEnd(end.len());
        }
        let is_first = !self.has_text || self.is_fresh;
        let is_at_start = self.line.last.is_none() && !self.line.is_spaced;
        for (place, mark) in MARKS.iter().enumerate() {
            if mark.at != At::Begin && is(mark.open) {
                let counts = match mark.at {
                    At::Anywhere => true,
                    At::Line => is_first || is_at_start,
                    At::First | At::Begin => is_first,
                };
                return if counts {
                    Found::Open(mark)
                } else {
                    Found::Spoken(place, mark.open.len())
                };
            }
        }
        // A server that knows the thoughts' marks leaves the answer to its reader.
        if self.has_thoughts && self.is_sure && self.is_fresh {
            for (open, end) in FRAMES {
                if is(open) {
                    return Found::Frame(open.len(), end);
                }
            }
        }
        for (place, mark) in MARKS.iter().enumerate() {
            if mark.closes_alone && is(mark.close) {
                let is_spoken = self.spoken & 1 << place != 0;
                return self.closes(mark, is_spoken, here, is_end);
            }
        }
        if is_part { Found::Part } else { Found::Nothing }
    }

    /// Decides about a closing mark without an opening one. `is_spoken` if its opening mark was text.
    fn closes(&self, mark: &'static Mark, is_spoken: bool, here: &str, is_end: bool) -> Found {
        let length = mark.close.len();
        if self.is_fresh {
            return Found::Dropped(length);
        }
        if self.is_sure {
            return Found::Nothing;
        }
        if mark.at == At::Anywhere {
            return Found::Close(mark);
        }
        if self.line.last.is_none() && !is_spoken && !self.has_thoughts {
            return Found::Close(mark);
        }
        let mut after = here[length..].chars();
        let (next, second) = (after.next(), after.next());
        if second.is_none() && !is_end {
            return Found::Part;
        }
        let is_before_gap =
            matches!(next, None | Some('\r' | '\n')) && matches!(second, None | Some('\r' | '\n'));
        let Some(last) = self.line.last else {
            return if is_before_gap {
                Found::Close(mark)
            } else {
                Found::Nothing
            };
        };
        let is_quoted = "\"'“‘«「『(（[|>*_".contains(last)
            && next.is_some_and(|next| "\"'”’»」』)）]|<*_".contains(next));
        // Chinese and Japanese write no spaces: words about a mark follow it, as in «标签» and «タグ».
        let is_within =
            is_ideograph(last) && next.is_some_and(|next| "标標后後タのはがをと".contains(next));
        // Where thoughts came in a field of their own, only a mark on its own line counts.
        if is_spoken || is_quoted || is_within || self.has_thoughts {
            return Found::Nothing;
        }
        // In a sentence, a space stands before it.
        let ends_sentence = ".!?…。！？)]}\"'”’»」』`".contains(last);
        let closes = match next {
            _ if !self.line.is_spaced => true,
            Some('\r' | '\n') => ends_sentence || is_before_gap,
            Some(' ') => ends_sentence && !second.is_some_and(|second| second.is_ascii_lowercase()),
            Some(next) if next.is_ascii_uppercase() || next.is_ascii_digit() => true,
            _ => ends_sentence,
        };
        if closes {
            Found::Close(mark)
        } else {
            Found::Nothing
        }
    }
}

/// Returns whether this is a letter of Chinese or Japanese. Source: Unicode, blocks 3040 to 30FF, 3400
/// to 9FFF and F900 to FAFF.
const fn is_ideograph(letter: char) -> bool {
    matches!(letter, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}')
}

/// Finds an opening mark of plain words at the beginning of the content.
pub(super) fn find_words(here: &str, is_end: bool) -> Found {
    let mut is_part = false;
    for mark in MARKS.iter().filter(|mark| mark.at == At::Begin) {
        is_part |= !is_end && may_begin(here, mark.open);
        if begins_with(here, mark.open) {
            let after = here[mark.open.len()..].chars().next();
            // «analysisThe user asks», not «analysis of».
            let is_glued = mark.open.ends_with(|c: char| c.is_ascii_lowercase());
            match after {
                None if is_glued && !is_end => return Found::Part,
                Some(letter) if is_glued && !letter.is_ascii_uppercase() => {}
                None if is_glued => {}
                _ => return Found::Open(mark),
            }
        }
    }
    if is_part { Found::Part } else { Found::Nothing }
}

/// Returns whether letters of this mark may be of either case: those of a tag.
fn is_tag(mark: &str) -> bool {
    mark.starts_with('<') && !mark.starts_with("<|")
}

fn is_same(text: &[u8], mark: &[u8], is_tag: bool) -> bool {
    text == mark || is_tag && text.eq_ignore_ascii_case(mark)
}

pub(super) fn begins_with(text: &str, mark: &str) -> bool {
    let begin = text.as_bytes().get(..mark.len());
    begin.is_some_and(|begin| is_same(begin, mark.as_bytes(), is_tag(mark)))
}

/// Returns whether a text is an incomplete start of this mark.
pub(super) fn may_begin(text: &str, mark: &str) -> bool {
    text.len() < mark.len()
        && is_same(
            text.as_bytes(),
            &mark.as_bytes()[..text.len()],
            is_tag(mark),
        )
}
