//! Tells a model's thoughts from its answer, by the marks in [`super::marks`], as the content
//! streams. A mark quoted in code, or spoken of in a sentence, is text.

mod find;

use super::marks::{
    At, FRAMES, Mark,
    harmony::{BEGINS, ENDS},
};
use find::{Found, begins_with, find_words, may_begin};

/// A piece of the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// Text of the answer.
    Text(&'a str),
    /// Thoughts.
    Thought(&'a str),
    /// Thoughts begin. They go on if others have just ended.
    Begin { goes_on: bool },
    /// Thoughts end.
    End,
    /// All text so far was thoughts.
    Turned,
    /// The latest thoughts were text, after this mark.
    Returned(&'static str),
    /// A call of this tool begins.
    Tool(&'a str),
    /// Arguments of the call.
    Arguments(&'a str),
}

/// Maximum bytes of white space that may precede a mark.
const MAX_WHITE: usize = 4096;

/// Maximum length of a run of backticks or tildes: a longer one counts as several.
const MAX_RUN: usize = 64;

/// Parser of the content.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is of its own: what has come, and what may come"
)]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Parser {
    place: Place,
    /// Content that may be part of a mark.
    held: String,
    /// White space that may precede a mark.
    white: String,
    /// True after text other than white space.
    has_text: bool,
    /// True after thoughts, in the content or in a field of their own.
    has_thoughts: bool,
    /// True once no closing mark can turn the text into thoughts.
    is_sure: bool,
    /// True from the end of thoughts until other text than white space.
    is_fresh: bool,
    /// True right after thoughts in the content.
    may_go_on: bool,
    line: Line,
    /// Opening marks that were text, by their places in [`super::marks::MARKS`].
    spoken: u64,
    /// Character and length of the open code fence.
    fence: Option<(char, usize)>,
    /// Mark that ends the answer.
    frame: Option<&'static str>,
    is_harmony: bool,
}

/// Position of the parser.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Text,
    /// Within thoughts.
    Thoughts {
        mark: &'static Mark,
        /// True if they are text unless they are closed.
        returns: bool,
    },
    /// Within a harmony message of thoughts, or of a tool's arguments.
    Harmony { is_tool: bool },
}

/// The text's current line so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Line {
    /// The last character that is not white.
    last: Option<char>,
    /// True if white space follows it.
    is_spaced: bool,
    /// Length of the backticks that opened code.
    code: usize,
}

impl Parser {
    /// Creates a parser for content that continues an answer.
    pub(super) fn continuing() -> Self {
        Self {
            has_text: true,
            is_sure: true,
            is_fresh: true,
            ..Self::default()
        }
    }

    /// Returns the number of buffered bytes.
    pub(super) const fn held(&self) -> usize {
        self.held.len() + self.white.len()
    }

    /// Notes thoughts from a field of their own.
    pub(super) const fn thought(&mut self) {
        self.has_thoughts = true;
        self.is_fresh |= !self.has_text;
    }

    /// Parses more content.
    pub(super) fn push(&mut self, content: &str, tell: &mut impl FnMut(Piece<'_>)) {
        self.held.push_str(content);
        self.parse(false, tell);
    }

    /// Ends the content.
    pub(super) fn end(&mut self, tell: &mut impl FnMut(Piece<'_>)) {
        self.parse(true, tell);
        if let Place::Thoughts {
            mark,
            returns: true,
        } = self.place
        {
            tell(Piece::Returned(mark.open));
        }
        if !self.has_thoughts {
            tell(Piece::Text(&self.white));
        }
        self.white.clear();
        self.place = Place::Text;
    }

    fn parse(&mut self, is_end: bool, tell: &mut impl FnMut(Piece<'_>)) {
        let held = std::mem::take(&mut self.held);
        let mut at = 0;
        loop {
            let rest = &held[at..];
            let before = (at, self.place);
            at += match self.place {
                Place::Text => self.text(rest, is_end, tell),
                Place::Thoughts { mark, .. } => self.thoughts(rest, &[mark.close], is_end, tell),
                Place::Harmony { .. } => {
                    let ends = [ENDS[0], ENDS[1], ENDS[2], BEGINS[0], BEGINS[1]];
                    self.thoughts(rest, &ends, is_end, tell)
                }
            };
            if before == (at, self.place) {
                break;
            }
        }
        held[at..].clone_into(&mut self.held);
    }

    /// Parses thoughts up to a closing mark; returns the number of bytes parsed.
    fn thoughts(
        &mut self,
        rest: &str,
        closes: &[&'static str],
        is_end: bool,
        tell: &mut impl FnMut(Piece<'_>),
    ) -> usize {
        let begins = |letter: char| closes.iter().any(|close| close.starts_with(letter));
        let mut at = 0;
        let (end, close) = loop {
            let Some(next) = rest[at..].find(begins) else {
                // A backtick may quote the mark after it.
                let kept = usize::from(rest.ends_with('`') && !is_end);
                break (rest.len() - kept, None);
            };
            at += next;
            let (before, here) = rest.split_at(at);
            let quote = usize::from(before.ends_with('`'));
            if let Some(close) = closes.iter().find(|close| begins_with(here, close)) {
                let after = &here[close.len()..];
                if quote > 0 && after.is_empty() && !is_end {
                    break (at - quote, None);
                }
                if quote == 0 || !after.starts_with('`') {
                    break (at, Some(*close));
                }
            } else if !is_end && closes.iter().any(|close| may_begin(here, close)) {
                break (at - quote, None);
            }
            at += here.chars().next().map_or(1, char::len_utf8);
        };
        if end > 0 {
            tell(match self.place {
                Place::Harmony { is_tool: true } => Piece::Arguments(&rest[..end]),
                _ => Piece::Thought(&rest[..end]),
            });
        }
        let Some(close) = close else {
            return end;
        };
        if !matches!(self.place, Place::Harmony { is_tool: true }) {
            tell(Piece::End);
        }
        self.place = Place::Text;
        self.ended();
        // A mark that also begins what follows is parsed again.
        let begins = BEGINS.contains(&close) || FRAMES.iter().any(|(open, _)| *open == close);
        if begins { end } else { end + close.len() }
    }

    fn ended(&mut self) {
        self.has_thoughts = true;
        self.is_sure = true;
        self.is_fresh = true;
        self.may_go_on = true;
        self.line = Line::default();
    }

    /// Parses text up to a mark that counts; returns the number of bytes parsed.
    fn text(&mut self, rest: &str, is_end: bool, tell: &mut impl FnMut(Piece<'_>)) -> usize {
        let mut at = 0;
        loop {
            let may_be_words = !self.has_text && !self.has_thoughts;
            let is_candidate = |letter: char| {
                matches!(letter, '<' | '[' | '◁' | '`' | '~')
                    || may_be_words && matches!(letter, 'H' | 'a')
            };
            let here = &rest[at..];
            let next = here.find(is_candidate).unwrap_or(here.len());
            self.say(&here[..next], tell);
            at += next;
            let here = &rest[at..];
            let Some(letter) = here.chars().next() else {
                return at;
            };
            if matches!(letter, '`' | '~') {
                let run = here.len() - here.trim_start_matches(letter).len();
                let run = run.min(MAX_RUN);
                if run == here.len() && run < MAX_RUN && !is_end {
                    return at;
                }
                self.quote(letter, run);
                self.say(&here[..run], tell);
                at += run;
                continue;
            }
            let found = match letter {
                'H' | 'a' if self.has_text => Found::Nothing,
                'H' | 'a' => find_words(here, is_end),
                _ => self.find(here, is_end),
            };
            match found {
                Found::Part => return at,
                Found::Nothing => {
                    self.say(&here[..letter.len_utf8()], tell);
                    at += letter.len_utf8();
                }
                Found::Spoken(place, length) => {
                    self.say(&here[..length], tell);
                    self.spoken |= 1 << place;
                    at += length;
                }
                Found::Dropped(length) => at += length,
                Found::FrameEnd(length) => {
                    self.frame = None;
                    at += length;
                }
                Found::Frame(length, end) => {
                    self.frame = Some(end);
                    at += length;
                }
                Found::Open(mark) => {
                    self.leave(tell);
                    tell(Piece::Begin {
                        goes_on: self.may_go_on,
                    });
                    self.place = Place::Thoughts {
                        mark,
                        returns: self.has_text || mark.at == At::Begin,
                    };
                    self.has_thoughts = true;
                    self.is_sure = true;
                    return at + mark.open.len();
                }
                Found::Close(mark) => {
                    self.leave(tell);
                    if std::mem::take(&mut self.has_text) {
                        tell(Piece::Turned);
                    }
                    self.ended();
                    let is_frame = FRAMES.iter().any(|(open, _)| *open == mark.close);
                    return at + if is_frame { 0 } else { mark.close.len() };
                }
                Found::Message(length) => {
                    self.leave(tell);
                    self.message(&here[..length], tell);
                    return at + length;
                }
            }
        }
    }

    /// Adds text. White space at the beginning, and after thoughts, waits for more.
    fn say(&mut self, text: &str, tell: &mut impl FnMut(Piece<'_>)) {
        if text.is_empty() {
            return;
        }
        self.may_go_on = false;
        let tail = match text.rfind('\n') {
            Some(end) => {
                self.line = Line::default();
                &text[end + 1..]
            }
            None => text,
        };
        let said = tail.trim_end();
        if let Some(last) = said.chars().next_back() {
            self.line.last = Some(last);
            self.line.is_spaced = false;
        }
        self.line.is_spaced |= said.len() < tail.len();
        if self.has_text && !self.is_fresh {
            return tell(Piece::Text(text));
        }
        self.white.push_str(text);
        let begin = self.white.len() - self.white.trim_start().len();
        if begin == self.white.len() && begin <= MAX_WHITE {
            return;
        }
        let white = std::mem::take(&mut self.white);
        // Empty lines between thoughts and answer belong to neither.
        let dropped = if self.has_thoughts && !self.has_text {
            begin
        } else {
            0
        };
        tell(Piece::Text(&white[dropped..]));
        self.has_text = true;
        self.is_fresh = false;
    }

    /// Ends text before a mark.
    fn leave(&mut self, tell: &mut impl FnMut(Piece<'_>)) {
        let white = std::mem::take(&mut self.white);
        if self.has_text && !white.is_empty() {
            tell(Piece::Text(&white));
        }
    }

    /// Notes a run of backticks or tildes: code begins or ends.
    fn quote(&mut self, letter: char, run: usize) {
        let is_first = self.line.last.is_none();
        match self.fence {
            Some((fence, length)) if is_first && fence == letter && run >= length => {
                self.fence = None;
            }
            // It was no fence: its line has more of them.
            Some((fence, length)) if fence == letter && self.line.code == length => {
                self.fence = None;
                self.line.code = 0;
            }
            Some(_) => {}
            None => {
                if is_first && run >= 3 {
                    self.fence = Some((letter, run));
                }
                if letter == '`' {
                    match self.line.code {
                        0 => self.line.code = run,
                        open if open == run => self.line.code = 0,
                        _ => {}
                    }
                }
            }
        }
    }

    /// Begins a harmony message.
    fn message(&mut self, header: &str, tell: &mut impl FnMut(Piece<'_>)) {
        let after = |word: &str| {
            let (_, rest) = header.split_once(word)?;
            let end = rest.find(|c: char| c == '<' || c.is_whitespace());
            Some(&rest[..end.unwrap_or(rest.len())])
        };
        let channel = after(BEGINS[0]).unwrap_or_default();
        let tool = after("to=").filter(|to| !matches!(*to, "user" | "assistant" | ""));
        self.is_harmony = true;
        self.ended();
        if let Some(tool) = tool {
            tell(Piece::Tool(tool.strip_prefix("functions.").unwrap_or(tool)));
            self.place = Place::Harmony { is_tool: true };
        } else if channel == "analysis" {
            tell(Piece::Begin { goes_on: false });
            self.place = Place::Harmony { is_tool: false };
        } else {
            if self.has_text {
                tell(Piece::Text("\n\n"));
            }
            // A comment without a recipient is for the user.
            self.place = Place::Text;
        }
    }
}

#[cfg(test)]
mod tests;
