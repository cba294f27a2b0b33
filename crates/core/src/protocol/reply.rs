//! A reply in progress: its text, the reasoning before it, and the endpoint's usage.

pub use crate::chat::Usage;

/// A reply in progress.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// Text of the answer.
    pub text: String,
    /// The model's reasoning before the answer: never part of the answer.
    pub reasoning: String,
    /// Usage reported by the endpoint; the last report counts.
    pub usage: Usage,
    /// Number of times that supposed text turned out to be reasoning, so that the text restarted.
    pub restarts: u32,
    state: State,
    /// Possible start of a tag.
    held: String,
    /// Characters of text and reasoning.
    length: usize,
    /// True if there were more than [`MAX`].
    is_cut: bool,
}

/// Maximum characters of an answer, including reasoning. A page that shows more is useless, and an
/// endless answer would take all memory.
pub const MAX: usize = 1_000_000;

/// Maximum leading white space, in bytes, that may precede an opening tag.
const MAX_WHITE: usize = 4096;

/// Position of the parser in the content.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Only white space so far.
    #[default]
    Begin,
    /// Within an open tag; this closes it.
    Thinking(&'static str),
    /// In the answer. Some templates open the tag themselves, so that only the closing tag comes.
    Answering { may_have_been_thoughts: bool },
}

/// Tags that mark reasoning within the content.
const TAGS: [(&str, &str); 3] = [
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
];

impl Reply {
    /// Creates a reply that continues this text.
    pub fn from_text(text: String) -> Self {
        Self {
            length: text.chars().count(),
            text,
            state: State::Answering {
                may_have_been_thoughts: false,
            },
            ..Self::default()
        }
    }

    /// Returns whether the reply was cut at [`MAX`] characters.
    pub const fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Returns the number of buffered bytes, in neither text nor reasoning yet.
    pub const fn held(&self) -> usize {
        self.held.len()
    }

    /// Returns the part of a text that there is room for.
    fn fitting<'a>(&mut self, text: &'a str) -> &'a str {
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

    /// Returns whether the reply has neither text nor reasoning.
    pub const fn is_empty(&self) -> bool {
        self.text.is_empty() && self.reasoning.is_empty()
    }

    /// Adds reasoning from a field of its own. Tags in the content then belong to the answer.
    pub(super) fn think(&mut self, thought: &str) {
        if !thought.is_empty() {
            let thought = self.fitting(thought);
            self.reasoning.push_str(thought);
            if self.state == State::Begin {
                self.state = State::Answering {
                    may_have_been_thoughts: false,
                };
            }
        }
    }

    /// Adds content.
    pub(super) fn say(&mut self, content: &str) {
        if content.is_empty() || self.is_cut {
            return;
        }
        self.held.push_str(content);
        if self.state == State::Begin {
            let begin = self.held.trim_start();
            let may_begin = begin.is_empty() || TAGS.iter().any(|(tag, _)| is_begun(begin, tag));
            if may_begin && self.held.len() <= MAX_WHITE {
                return;
            }
            self.state = State::Answering {
                may_have_been_thoughts: true,
            };
            if let Some((open, close)) = TAGS.iter().find(|(tag, _)| begin.starts_with(tag)) {
                self.held = begin[open.len()..].to_owned();
                self.state = State::Thinking(close);
            }
        }
        if let State::Thinking(close) = self.state {
            let Some(end) = self.held.find(close) else {
                let kept = begun_at_end(&self.held, close);
                let said = self.held.len() - kept;
                let thought: String = self.held.drain(..said).collect();
                return self.add_thought(&thought);
            };
            let thought: String = self.held.drain(..end).collect();
            self.held.drain(..close.len());
            self.add_thought(&thought);
            self.state = State::Answering {
                may_have_been_thoughts: false,
            };
        }
        let may_have_been_thoughts = self.state
            == State::Answering {
                may_have_been_thoughts: true,
            };
        if may_have_been_thoughts {
            self.say_or_think();
        } else {
            let said = std::mem::take(&mut self.held);
            self.add_text(&said);
        }
    }

    /// Adds buffered content to the answer. A closing tag at the start of a line turns everything
    /// before it into reasoning.
    fn say_or_think(&mut self) {
        for (_, close) in TAGS {
            let is_line = |at: usize| {
                let before = self.held[..at].chars().next_back();
                before
                    .or_else(|| self.text.chars().next_back())
                    .is_none_or(|c| c == '\n')
            };
            let found = self
                .held
                .match_indices(close)
                .map(|(at, _)| at)
                .find(|at| is_line(*at));
            if let Some(at) = found {
                let rest = self.held.split_off(at + close.len());
                self.held.truncate(at);
                let thoughts = [&*self.text, &self.held].concat();
                self.text.clear();
                self.held.clear();
                self.length = 0;
                let thoughts = self.fitting(thoughts.trim_end());
                thoughts.clone_into(&mut self.reasoning);
                self.restarts += 1;
                self.state = State::Answering {
                    may_have_been_thoughts: false,
                };
                return self.add_text(&rest);
            }
        }
        let kept = TAGS.iter().map(|(_, close)| {
            let kept = begun_at_end(&self.held, close);
            let before = self.held[..self.held.len() - kept].chars().next_back();
            let before = before.or_else(|| self.text.chars().next_back());
            if before.is_none_or(|c| c == '\n') {
                kept
            } else {
                0
            }
        });
        let said = self.held.len() - kept.max().unwrap_or_default();
        let said: String = self.held.drain(..said).collect();
        self.add_text(&said);
    }

    /// Ends the reply: buffered content becomes text or reasoning, by the current state.
    pub fn end(&mut self) {
        let held = std::mem::take(&mut self.held);
        match self.state {
            State::Thinking(_) => self.add_thought(&held),
            _ => self.add_text(&held),
        }
        let end = self.reasoning.trim_end().len();
        self.reasoning.truncate(end);
    }

    fn add_thought(&mut self, thought: &str) {
        let thought = if self.reasoning.is_empty() {
            thought.trim_start()
        } else {
            thought
        };
        let thought = self.fitting(thought);
        self.reasoning.push_str(thought);
    }

    fn add_text(&mut self, text: &str) {
        // Empty lines between reasoning and answer belong to neither.
        let text = if self.text.is_empty() && !self.reasoning.is_empty() {
            text.trim_start()
        } else {
            text
        };
        let text = self.fitting(text);
        self.text.push_str(text);
    }
}

/// Returns whether a text is an incomplete start of this tag.
fn is_begun(text: &str, tag: &str) -> bool {
    text.len() < tag.len() && tag.starts_with(text)
}

/// Returns the number of bytes at the end of a text that may start this tag.
fn begun_at_end(text: &str, tag: &str) -> usize {
    let longest = tag.len().min(text.len() + 1);
    (1..longest)
        .rev()
        .find(|&length| text.ends_with(&tag[..length]))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
