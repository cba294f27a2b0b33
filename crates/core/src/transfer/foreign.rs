//! Code shared by imports from other programs.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Content;
use crate::{
    chat::{
        self, Answer, Attachment, Card, Chat, Metrics, Outcome, Turn, answer,
        attachment::{self, Kind},
        card, turn,
    },
    picture,
};

/// Model name of imported text without one.
pub(super) const UNKNOWN: &str = "unknown";

/// Returns a text field; empty if missing.
pub(super) fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// Returns a list field; empty if missing.
pub(super) fn list<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    let list = value.get(field).and_then(Value::as_array);
    list.map_or(&[], Vec::as_slice)
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

/// Identifiers in one conversation, derived from its own so that each import gives the same ones.
/// All are less than those that the page draws, which start with the time: later turns are greater.
#[derive(Debug)]
struct Ids {
    of: String,
    used: BTreeSet<u64>,
}

impl Ids {
    /// Returns the identifier for the source's name. If a name is used several times, each use gets
    /// another identifier.
    fn of<Id: From<u64>>(&mut self, kind: &str, name: &str) -> Id {
        let mut id = hash(&[&self.of, kind, name]);
        while !self.used.insert(id) {
            id += 1;
        }
        id.into()
    }
}

/// 60-bit FNV-1a of some names, never 0. Source: RFC 9923, section 2.
fn hash(names: &[&str]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for name in names {
        // No text contains this byte, so distinct lists of names are hashed from distinct bytes.
        for byte in name.bytes().chain([0xff]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    (hash >> 4).max(1)
}

/// A conversation of another program, as a chat.
#[derive(Debug, PartialEq)]
pub(super) struct Foreign {
    pub chat: Chat,
    pub contents: Vec<(attachment::Id, Content)>,
    /// True if the conversation also has other branches.
    pub has_branches: bool,
    /// True if the file lacks the contents of some attachments.
    pub lacks_files: bool,
}

/// A conversation being parsed.
#[derive(Debug)]
pub(super) struct Conversation {
    ids: Ids,
    pub foreign: Foreign,
}

impl Conversation {
    /// Creates an empty conversation. A program without identifiers passes other data as the name.
    pub fn new(program: &str, name: &str) -> Self {
        let of = format!("{program}:{name}");
        let id = chat::Id::new(hash(&[&of]));
        Self {
            ids: Ids {
                of,
                used: BTreeSet::new(),
            },
            foreign: Foreign {
                chat: Chat::new(id, Vec::new()),
                contents: Vec::new(),
                has_branches: false,
                lacks_files: false,
            },
        }
    }

    /// Creates a card.
    pub fn card(&mut self, name: &str) -> Card {
        let id: card::Id = self.ids.of("card", name);
        Card {
            synced: true,
            ..Card::new(id)
        }
    }

    /// Creates a turn in a card; the same prompt in another card has another identifier.
    pub fn turn(&mut self, card: card::Id, name: &str, prompt: String) -> Turn {
        let id: turn::Id = self.ids.of(&format!("turn {card}"), name);
        Turn::new(id, prompt)
    }

    /// Creates an empty answer.
    pub fn answer(&mut self, name: &str, model: &str) -> Answer {
        let id: answer::Id = self.ids.of("answer", name);
        let model = if model.is_empty() { UNKNOWN } else { model };
        Answer {
            id,
            model: model.to_owned(),
            text: String::new(),
            reasoning: String::new(),
            extras: Vec::new(),
            finish: String::new(),
            metrics: Metrics::default(),
            outcome: Outcome::Complete,
        }
    }

    /// Attaches a file to a turn, if the import has its content: an image in a data URL, or text.
    /// Otherwise the prompt gets its name, because a request waits for contents.
    pub fn attach(&mut self, turn: &mut Turn, name: &str, content: Option<String>) {
        let kind = content.and_then(|content| {
            if content.starts_with("data:") {
                let (kind, bytes) = picture::kind(&content)?;
                return Some((kind, bytes, content));
            }
            let bytes = u32::try_from(content.len()).ok()?;
            Some((Kind::Text, bytes, content))
        });
        let Some((kind, bytes, content)) =
            kind.filter(|_| turn.attachments.len() < attachment::MAX)
        else {
            self.foreign.lacks_files = true;
            let separator = if turn.prompt.is_empty() { "" } else { "\n" };
            let name = if name.is_empty() { "…" } else { name };
            turn.prompt.extend([separator, "[", name, "]"]);
            return;
        };
        // Equal content means the same attachment.
        let id = attachment::Id::new(hash(&["content", &content]));
        if turn.attachments.iter().any(|other| other.id == id) {
            return;
        }
        turn.attachments.push(Attachment {
            id,
            name: name.to_owned(),
            kind,
            bytes,
        });
        self.foreign.contents.push((id, content));
    }

    /// Finishes the conversation with these cards; None without a card.
    pub fn finish(mut self, title: &str, used: f64, cards: Vec<Card>) -> Option<Foreign> {
        if cards.is_empty() {
            return None;
        }
        title.trim().clone_into(&mut self.foreign.chat.title);
        self.foreign.chat.used = used;
        self.foreign.chat.cards = cards;
        Some(self.foreign)
    }
}

/// Adds answers to a turn, of which one is shown.
pub(super) fn answered(turn: &mut Turn, answers: Vec<Answer>, shown: Option<usize>) {
    // An empty alternative is dropped.
    let shown = shown.unwrap_or(answers.len().saturating_sub(1));
    for (place, answer) in answers.into_iter().enumerate() {
        if place == shown {
            turn.answer = Some(answer);
        } else if !answer.is_empty() {
            let side = if place < shown {
                &mut turn.earlier
            } else {
                &mut turn.later
            };
            side.push(answer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_come_from_names_and_come_before_those_that_are_drawn() {
        #[track_caller]
        fn check(names: &[&str], expected: u64) {
            assert_eq!(hash(names), expected, "{:#x}", hash(names));
            // 2026, in milliseconds before 20 random bits.
            assert!(hash(names) < 1_767_225_600_000 << 20);
        }
        check(&["chatgpt:a"], 0x0f3a_8391_6c11_a2ca);
        assert_ne!(hash(&["ab", "c"]), hash(&["a", "bc"]));
        let mut ids = Ids {
            of: "x".into(),
            used: BTreeSet::new(),
        };
        let (first, second): (u64, u64) = (ids.of("turn", "a"), ids.of("turn", "a"));
        assert_eq!(second, first + 1);
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
