//! What has come of an answer: its text, the thoughts before it, and what the endpoint counted.

pub use crate::chat::Usage;

/// What has come of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// The answer itself.
    pub text: String,
    /// What the model thought before it answered: never part of the answer.
    pub reasoning: String,
    /// What the endpoint counted and measured; the last that it said is right.
    pub usage: Usage,
    /// How often what was taken for the answer turned out to be thoughts, so that the text began
    /// anew.
    pub restarts: u32,
    state: State,
    /// What may be the beginning of a tag.
    held: String,
    /// Characters of the text and the thoughts.
    length: usize,
    /// Whether there was more than [`MOST`] of them.
    is_cut: bool,
}

/// The most characters of an answer, thoughts included. A page that shows more is no use, and an
/// endless answer would take all memory.
pub const MOST: usize = 1_000_000;

/// White space before anything else may be the beginning of a tagged thought no longer than this.
const MOST_WHITE: usize = 4096;

/// Where in the content the next of it stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Nothing but white space has come.
    #[default]
    Begin,
    /// Within the tag that opened; it ends with this.
    Thinking(&'static str),
    /// In the answer. Some templates open the tag themselves, so that only its end comes.
    Answering { may_have_been_thoughts: bool },
}

/// The tags by which models mark their thoughts within the content.
const TAGS: [(&str, &str); 3] = [
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
];

impl Reply {
    /// An answer that goes on from this text.
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

    /// Whether more came than is kept: the text and the thoughts end at the [`MOST`] that they may be.
    pub const fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// How many bytes are kept that are in neither text nor thoughts yet.
    pub const fn held(&self) -> usize {
        self.held.len()
    }

    /// As much of a text as there is room for.
    fn fitting<'a>(&mut self, text: &'a str) -> &'a str {
        let room = MOST.saturating_sub(self.length);
        if let Some((end, _)) = text.char_indices().nth(room) {
            self.is_cut = true;
            self.length += room;
            &text[..end]
        } else {
            self.length += text.chars().count();
            text
        }
    }

    /// Whether nothing has come.
    pub const fn is_empty(&self) -> bool {
        self.text.is_empty() && self.reasoning.is_empty()
    }

    /// Takes thoughts that came in a field of their own. Then tags in the content are the answer's.
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

    /// Takes the next of the content.
    pub(super) fn say(&mut self, content: &str) {
        if content.is_empty() || self.is_cut {
            return;
        }
        self.held.push_str(content);
        if self.state == State::Begin {
            let begin = self.held.trim_start();
            let may_begin = begin.is_empty() || TAGS.iter().any(|(tag, _)| is_begun(begin, tag));
            if may_begin && self.held.len() <= MOST_WHITE {
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

    /// Takes what was held as the answer, but for an end of thoughts that stands on a line's
    /// beginning: then all before it was thoughts.
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

    /// Nothing more comes: what was held is what it looks like.
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
        // The empty lines between thoughts and answer are neither's.
        let text = if self.text.is_empty() && !self.reasoning.is_empty() {
            text.trim_start()
        } else {
            text
        };
        let text = self.fitting(text);
        self.text.push_str(text);
    }
}

/// Whether a text may become this tag.
fn is_begun(text: &str, tag: &str) -> bool {
    text.len() < tag.len() && tag.starts_with(text)
}

/// How many bytes at the end of a text may be the beginning of this tag.
fn begun_at_end(text: &str, tag: &str) -> usize {
    let longest = tag.len().min(text.len() + 1);
    (1..longest)
        .rev()
        .find(|&length| text.ends_with(&tag[..length]))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
