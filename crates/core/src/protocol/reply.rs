//! A reply in progress: its text, the thoughts before it, what comes beside it, and the endpoint's
//! usage.

mod extras;

use super::{
    thoughts::{Parser, Piece},
    tolerant::Halves,
};
use crate::{
    chat::{Extra, extra::Kind},
    markdown::citation::Marks,
};

pub(super) use extras::words_in;

pub use crate::chat::Usage;

use extras::Bookkeeping;

/// A reply in progress.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// Text of the answer.
    pub text: String,
    /// The model's thoughts before the answer: never part of the answer.
    pub reasoning: String,
    /// What came beside the text.
    pub extras: Vec<Extra>,
    /// Number of changes of the extras.
    pub changes: u32,
    /// Usage reported by the endpoint; the last report counts.
    pub usage: Usage,
    /// The endpoint's word for the end: see [`crate::chat::Answer::finish`].
    pub finish: String,
    /// Number of times that supposed text turned out to be thoughts, so that the text restarted.
    pub restarts: u32,
    bookkeeping: Bookkeeping,
    parser: Parser,
    /// Takes marks of citations out of the text, which other programs leave in it.
    marks: Marks,
    /// What came as text and as thoughts, before any mark was read.
    lanes: [Lane; 2],
    /// Bytes of the text that the reply continues.
    continued: usize,
    /// Start of the latest thoughts, and the white space before them.
    block: usize,
    led: String,
    /// True if they go on from others.
    goes_on: bool,
    /// Characters of text, thoughts and arguments.
    length: usize,
    /// True if there were more than [`MAX`].
    is_cut: bool,
}

/// Maximum characters of an answer, including thoughts. A page that shows more is useless, and an
/// endless answer would take all memory.
pub const MAX: usize = 1_000_000;

/// The two texts of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    Text,
    Thoughts,
}

/// What has come of one of a message's texts. Some endpoints send all so far again: in each delta or
/// message, or at the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Lane {
    /// All so far.
    all: Sum,
    /// The latest piece.
    latest: Sum,
    /// Number of pieces, and of those that came in deltas.
    pieces: u32,
    deltas: u32,
    /// Number of pieces that were longer than the one before, as long as each began with it.
    grown: u32,
    /// True once a piece did not begin with the one before.
    is_broken: bool,
    /// True once each piece has all so far.
    is_cumulative: bool,
    halves: Halves,
}

/// What is new of a piece.
enum New<'a> {
    /// More of the text.
    More(&'a str),
    /// The whole text: what came before was part of it.
    Whole(&'a str),
}

/// Length and hash of a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sum {
    length: usize,
    hash: Hash,
}

impl Sum {
    fn add(&mut self, text: &str) {
        self.length += text.len();
        self.hash = self.hash.with(text.as_bytes());
    }

    fn of(text: &str) -> Self {
        let mut sum = Self::default();
        sum.add(text);
        sum
    }

    /// Returns what a text has after this one, if it begins with it.
    fn rest_of(self, text: &str) -> Option<&str> {
        let begin = text.as_bytes().get(..self.length)?;
        let is_same = self.length > 0 && Hash::default().with(begin) == self.hash;
        // A hash may be that of other text: then it may end within a character.
        text.get(self.length..).filter(|_| is_same)
    }
}

/// FNV-1a of 64 bits. Source: RFC 9923, section 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hash(u64);

impl Default for Hash {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hash {
    /// Adds bytes.
    #[must_use]
    pub(super) fn with(self, bytes: &[u8]) -> Self {
        let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        Self(bytes.iter().fold(self.0, step))
    }
}

/// Pieces from the first on that grow before they count as cumulative, and the least length of the last
/// one in bytes: a few letters are repeated for good reason.
const GROWN: u32 = 2;
const LEAST_GROWN: usize = 8;

/// Least length in bytes of all so far that is sent again in one delta.
const LEAST_AGAIN: usize = 32;

impl Lane {
    /// Returns what is new of a delta, or of a message. `is_last` if the answer ends with it, or if the
    /// same chunk has a delta, too: then a message repeats what came.
    fn new_of<'a>(&mut self, text: &'a str, is_delta: bool, is_last: bool) -> New<'a> {
        let rest = self.all.rest_of(text);
        match self.latest.rest_of(text) {
            Some("") => {}
            Some(more) if more.contains(is_word) => self.grown += 1,
            _ => self.is_broken |= self.pieces > 0,
        }
        self.pieces += 1;
        self.latest = Sum::of(text);
        if self.is_cumulative {
            if let Some(rest) = rest {
                return New::More(rest);
            }
            self.is_cumulative = false;
        } else if !self.is_broken && self.grown >= GROWN && text.len() >= LEAST_GROWN {
            self.is_cumulative = true;
            return New::Whole(text);
        }
        New::More(match rest {
            Some("") if is_delta && self.deltas > 1 && self.all.length >= LEAST_AGAIN => "",
            _ if is_delta => text,
            Some(rest) if self.deltas > 0 || is_last => rest,
            // In other words: the deltas count.
            None if self.deltas > 0 => "",
            _ => text,
        })
    }
}

/// Returns whether a letter is of a word: white space, bars and dashes grow for good reason.
const fn is_word(letter: char) -> bool {
    letter.is_ascii_alphanumeric()
        || !letter.is_ascii() && letter != '\u{a0}' && letter != '\u{3000}'
}

impl Reply {
    /// Creates a reply that continues this text.
    pub fn from_text(text: String) -> Self {
        Self {
            length: text.chars().count(),
            continued: text.len(),
            text,
            parser: Parser::continuing(),
            ..Self::default()
        }
    }

    /// Returns whether the reply was cut at [`MAX`] characters.
    pub const fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Returns a number that changes with all that comes.
    pub const fn progress(&self) -> usize {
        let texts = self.text.len() + self.reasoning.len() + self.held();
        texts + self.changes as usize + self.bookkeeping.bytes()
    }

    /// Returns a copy as it is when the reply ends now, without the files that are not stored.
    #[must_use]
    pub fn ended(&self) -> Self {
        let mut copy = Self {
            text: self.text.clone(),
            reasoning: self.reasoning.clone(),
            extras: self.extras.iter().map(Extra::without_bytes).collect(),
            changes: self.changes,
            usage: self.usage,
            finish: self.finish.clone(),
            restarts: self.restarts,
            bookkeeping: self.bookkeeping.clone(),
            parser: self.parser.clone(),
            marks: self.marks.clone(),
            lanes: self.lanes,
            continued: self.continued,
            block: self.block,
            led: self.led.clone(),
            goes_on: self.goes_on,
            length: self.length,
            is_cut: self.is_cut,
        };
        copy.end();
        copy
    }

    /// Returns the number of buffered bytes, in neither text nor thoughts yet.
    pub const fn held(&self) -> usize {
        self.parser.held() + self.marks.held()
    }

    /// Returns whether the reply has neither text nor thoughts nor anything beside them.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty() && self.reasoning.is_empty() && self.extras.is_empty()
    }

    /// Returns the part of a text that there is room for.
    pub(super) fn fitting<'a>(&mut self, text: &'a str) -> &'a str {
        let room = MAX.saturating_sub(self.length);
        if let Some((end, _)) = text.char_indices().nth(room) {
            self.is_cut = true;
            self.length += room;
            &text[..end]
        } else {
            self.length += text.chars().count();
            text
        }
    }

    /// Notes that there is no room for more.
    pub(super) const fn cut(&mut self) {
        self.is_cut = true;
    }

    /// Adds a piece of one of the texts.
    pub(super) fn add(&mut self, of: Of, text: &str) {
        self.take(of, text, true, false);
        self.lanes[of as usize].deltas += u32::from(!text.is_empty());
    }

    /// Adds what is new in a message, which may repeat what came before. `is_last` if the answer ends
    /// with it, or if it stands beside a delta.
    pub(super) fn add_message(&mut self, of: Of, text: &str, is_last: bool) {
        self.take(of, text, false, is_last);
    }

    fn take(&mut self, of: Of, text: &str, is_delta: bool, is_last: bool) {
        if text.is_empty() || self.is_cut {
            return;
        }
        let text = match self.lanes[of as usize].new_of(text, is_delta, is_last) {
            New::More(text) => text,
            New::Whole(text) => {
                self.restart(of);
                text
            }
        };
        let lane = &mut self.lanes[of as usize];
        lane.all.add(text);
        let text = lane.halves.join(text);
        match of {
            Of::Text => self.say(&text),
            Of::Thoughts => self.think(&text),
        }
    }

    /// Drops one of the texts, which comes anew.
    fn restart(&mut self, of: Of) {
        self.restarts += 1;
        let has_field = self.lanes[Of::Thoughts as usize].pieces > 0;
        let lane = &mut self.lanes[of as usize];
        (lane.all, lane.halves) = (Sum::default(), Halves::default());
        match of {
            Of::Text => {
                self.text.truncate(self.continued);
                self.marks = Marks::default();
                self.parser = if self.continued > 0 {
                    Parser::continuing()
                } else {
                    Parser::default()
                };
                // Thoughts came in the content, too, unless they have a field of their own.
                if has_field {
                    self.parser.thought();
                } else {
                    self.reasoning.clear();
                }
            }
            Of::Thoughts => self.reasoning.clear(),
        }
        self.block = self.reasoning.len();
        self.length = self.text.chars().count() + self.reasoning.chars().count();
    }

    /// Joins the halves of characters in other texts of the reply.
    pub(super) fn joined<'a>(&mut self, text: &'a str) -> std::borrow::Cow<'a, str> {
        self.lanes[Of::Text as usize].halves.join(text)
    }

    /// Adds thoughts from a field of their own.
    pub(super) fn think(&mut self, thought: &str) {
        self.parser.thought();
        let thought = self.fitting(thought);
        self.reasoning.push_str(thought);
    }

    /// Adds content, whose thoughts are marked.
    pub(super) fn say(&mut self, content: &str) {
        let mut parser = std::mem::take(&mut self.parser);
        parser.push(content, &mut |piece| self.place(piece));
        self.parser = parser;
    }

    /// Adds the words of a refusal, as text.
    pub(super) fn refuse(&mut self, words: &str) {
        if words.is_empty() {
            return;
        }
        let is_new = !self.extras.iter().any(|extra| extra.kind == Kind::Refusal);
        if is_new {
            self.show(Extra::new(Kind::Refusal, ""));
            if self.lanes[Of::Text as usize].all.length > 0 {
                self.say("\n\n");
            }
        }
        let words = self.joined(words);
        self.say(&words);
    }

    fn place(&mut self, piece: Piece<'_>) {
        match piece {
            Piece::Text(text) => {
                let text = self.marks.take(text);
                let text = self.fitting(&text);
                self.text.push_str(text);
            }
            Piece::Thought(thought) => {
                let is_first = self.reasoning.len() == self.block;
                let said = if is_first && !self.goes_on {
                    thought.trim_start()
                } else {
                    thought
                };
                self.led.push_str(&thought[..thought.len() - said.len()]);
                let thought = self.fitting(said);
                self.reasoning.push_str(thought);
            }
            Piece::Begin { goes_on } => {
                if !goes_on && !self.reasoning.is_empty() {
                    while !self.reasoning.ends_with("\n\n") {
                        self.reasoning.push('\n');
                    }
                }
                self.block = self.reasoning.len();
                self.goes_on = goes_on;
                self.led.clear();
            }
            Piece::End => {
                // Some servers send the same thoughts in a field, too.
                let (before, thought) = self.reasoning.split_at(self.block);
                if !thought.trim().is_empty() && before.trim() == thought.trim() {
                    self.reasoning.truncate(self.block);
                    self.restarts += 1;
                }
            }
            Piece::Turned => {
                let text = std::mem::take(&mut self.text);
                self.place(Piece::Begin { goes_on: false });
                self.length = self.reasoning.chars().count();
                let thoughts = self.fitting(text.trim_end());
                self.reasoning.push_str(thoughts);
                self.restarts += 1;
            }
            Piece::Returned(mark) => {
                let thought = self.reasoning.split_off(self.block);
                let led = std::mem::take(&mut self.led);
                self.text.extend([mark, &led, &thought]);
                self.restarts += 1;
            }
            Piece::Tool(name) => self.begin_call(name),
            Piece::Arguments(arguments) => self.add_arguments(arguments),
        }
    }

    /// Ends the reply: buffered content becomes text or thoughts.
    pub fn end(&mut self) {
        for of in [Of::Thoughts, Of::Text] {
            let rest = self.lanes[of as usize].halves.end();
            if !rest.is_empty() {
                match of {
                    Of::Text => self.say(rest),
                    Of::Thoughts => self.think(rest),
                }
            }
        }
        let mut parser = std::mem::take(&mut self.parser);
        parser.end(&mut |piece| self.place(piece));
        self.parser = parser;
        let rest = self.marks.end();
        let rest = self.fitting(&rest);
        self.text.push_str(rest);
        let end = self.reasoning.trim_end().len();
        self.reasoning.truncate(end);
        self.block = self.block.min(end);
        self.end_sounds();
    }
}

#[cfg(test)]
mod tests;
