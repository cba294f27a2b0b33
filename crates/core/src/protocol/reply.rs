//! A reply in progress: its text, the thoughts before it, what comes beside it, and the endpoint's
//! usage.

use super::{
    extras::Calls,
    thoughts::{Parser, Piece},
    tolerant::Halves,
};
use crate::chat::{Extra, extra::Kind};

pub use crate::chat::Usage;

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
    pub(super) calls: Calls,
    parser: Parser,
    /// What came as text and as thoughts, before any mark was read.
    lanes: [Lane; 2],
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

/// What has come of one of a message's texts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Lane {
    length: usize,
    hash: Hash,
    /// Number of deltas with a part of it.
    deltas: u32,
    /// True if each message repeats what came before.
    repeats: bool,
    halves: Halves,
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

impl Lane {
    fn add(&mut self, text: &str) {
        self.length += text.len();
        self.hash = self.hash.with(text.as_bytes());
    }

    /// Returns whether a text begins with all that has come.
    fn is_begin_of(&self, text: &str) -> bool {
        let begin = text.as_bytes().get(..self.length);
        self.length > 0 && begin.is_some_and(|begin| Hash::default().with(begin) == self.hash)
    }

    /// Returns the new part of a delta's text. Some endpoints send all so far in each delta, or once
    /// more: that is told by its length, as a few letters may be repeated for good reason.
    fn new_in_delta<'a>(&self, text: &'a str) -> &'a str {
        let is_long = if text.len() == self.length {
            self.deltas > 1 && self.length >= 32
        } else {
            self.length >= 16
        };
        if is_long && self.is_begin_of(text) {
            text.get(self.length..).unwrap_or_default()
        } else {
            text
        }
    }

    /// Returns the new part of a message's text. A message after deltas repeats them; messages alone
    /// are either pieces, or each has all so far.
    fn new_in<'a>(&mut self, text: &'a str, is_last: bool) -> &'a str {
        let is_repeated = self.is_begin_of(text);
        let is_longer = text.len() > self.length;
        if is_repeated && (is_longer || self.deltas > 0 || self.repeats || is_last) {
            self.repeats = true;
            // A hash can be of other text, but then its end is still one of a character.
            text.get(self.length..).unwrap_or_default()
        } else if self.deltas > 0 || self.repeats {
            ""
        } else {
            text
        }
    }
}

impl Reply {
    /// Creates a reply that continues this text.
    pub fn from_text(text: String) -> Self {
        Self {
            length: text.chars().count(),
            text,
            parser: Parser::continuing(),
            ..Self::default()
        }
    }

    /// Returns whether the reply was cut at [`MAX`] characters.
    pub const fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Returns the number of buffered bytes, in neither text nor thoughts yet.
    pub const fn held(&self) -> usize {
        self.parser.held()
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
        if text.is_empty() {
            return;
        }
        let lane = &mut self.lanes[of as usize];
        let new = lane.new_in_delta(text);
        lane.deltas += 1;
        self.take(of, new);
    }

    /// Adds what is new in a message, which may repeat what came before. `is_last` if the answer ends
    /// with it.
    pub(super) fn add_message(&mut self, of: Of, text: &str, is_last: bool) {
        let new = self.lanes[of as usize].new_in(text, is_last);
        self.take(of, new);
    }

    fn take(&mut self, of: Of, text: &str) {
        if text.is_empty() || self.is_cut {
            return;
        }
        let lane = &mut self.lanes[of as usize];
        lane.add(text);
        let text = lane.halves.join(text);
        match of {
            Of::Text => self.say(&text),
            Of::Thoughts => self.think(&text),
        }
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
            if self.lanes[Of::Text as usize].length > 0 {
                self.say("\n\n");
            }
        }
        self.say(words);
    }

    fn place(&mut self, piece: Piece<'_>) {
        match piece {
            Piece::Text(text) => {
                let text = self.fitting(text);
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
                if !goes_on {
                    let end = self.reasoning.trim_end().len();
                    self.reasoning.truncate(end);
                    if end > 0 {
                        self.reasoning.push_str("\n\n");
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
        let end = self.reasoning.trim_end().len();
        self.reasoning.truncate(end);
        self.block = self.block.min(end);
        self.end_sounds();
    }
}

#[cfg(test)]
mod tests;
