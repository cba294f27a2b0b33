//! Code shared by imports from other programs.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    Content,
    canvas::Document,
    fields::{add, count, fenced, is_web, text},
};
use crate::{
    chat::{
        self, Answer, Attachment, Card, Chat, Extra, Failure, Metrics, Outcome, Turn,
        attachment::{self, Kind},
        card, extra, turn,
    },
    picture,
};

/// Model name of imported text without one.
pub(super) const UNKNOWN: &str = "unknown";

/// Adds a call of a tool to an answer; its output becomes part of the reasoning.
pub(super) fn tool(answer: &mut Answer, name: &str, given: &Value, said: &str) {
    let content = match given {
        Value::Null => String::new(),
        Value::String(given) => given.clone(),
        other => other.to_string(),
    };
    answer.extras.push(Extra {
        content,
        ..Extra::new(extra::Kind::Tool, name)
    });
    output(answer, said);
}

/// Adds a tool's output to an answer's reasoning.
pub(super) fn output(answer: &mut Answer, said: &str) {
    if !said.trim().is_empty() {
        add(&mut answer.reasoning, &fenced("", said));
    }
}

/// Adds a page to an answer's sources, unless it is there.
pub(super) fn source(answer: &mut Answer, page: &Value) {
    let url = text(page, "url");
    let is_known = |other: &Extra| other.content == url;
    if is_web(url) && answer.extras.len() < 100 && !answer.extras.iter().any(is_known) {
        answer.extras.push(Extra {
            content: url.to_owned(),
            ..Extra::new(extra::Kind::Source, text(page, "title"))
        });
    }
}

/// The outcome of an answer that an error ended.
pub(super) fn failed(message: &str) -> Outcome {
    Outcome::Failed(Failure::Reported {
        message: message.to_owned(),
        status: None,
    })
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

/// Names of the files in an archive, without folders, sorted; each with its position there.
pub(super) type Archive<'a> = &'a [(String, usize)];

/// A conversation of another program, as chats.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Foreign {
    /// The conversation, and then the other ways that it went.
    pub chats: Vec<Chat>,
    pub contents: Vec<(attachment::Id, Content)>,
    /// Attachments whose contents are files of the archive, by their positions.
    pub files: Vec<(attachment::Id, usize)>,
    /// True if the conversation went more ways than are kept.
    pub has_more: bool,
    /// True if the file lacks the contents of some attachments.
    pub lacks_files: bool,
}

/// A conversation being parsed.
#[derive(Debug)]
pub(super) struct Conversation<'a> {
    ids: Ids,
    name: String,
    archive: Archive<'a>,
    pub foreign: Foreign,
    pub title: String,
    /// Time of the last change, in milliseconds since 1970; 0 if unknown.
    pub used: f64,
    pub pinned: bool,
    pub tags: Vec<String>,
    pub system: String,
    /// Chosen models, one per card. If it is only one, it is the default for answers without one.
    pub models: Vec<String>,
    /// The document that `ChatGPT`'s canvas shows.
    pub canvas: Option<Document>,
}

impl<'a> Conversation<'a> {
    /// Creates an empty conversation. A program without identifiers passes other data as the name.
    pub fn new(program: &str, name: &str, archive: Archive<'a>) -> Self {
        let name = format!("{program}:{name}");
        Self {
            ids: Ids {
                of: name.clone(),
                used: BTreeSet::new(),
            },
            name,
            archive,
            foreign: Foreign::default(),
            title: String::new(),
            used: 0.0,
            pinned: false,
            tags: Vec::new(),
            system: String::new(),
            models: Vec::new(),
            canvas: None,
        }
    }

    /// Begins a chat, whose identifiers are derived from a node's; of the conversation itself if that
    /// is empty.
    pub fn begin(&mut self, node: &str) {
        let separator = if node.is_empty() { "" } else { "\n" };
        self.ids = Ids {
            of: format!("{}{separator}{node}", self.name),
            used: BTreeSet::new(),
        };
        self.canvas = None;
    }

    /// Adds a tag, unless it is there or there are many.
    pub fn tag(&mut self, tag: &str) {
        let tag = tag.trim();
        if !tag.is_empty() && self.tags.len() < 16 && !self.tags.iter().any(|it| it == tag) {
            self.tags.push(tag.to_owned());
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
        Answer {
            id: self.ids.of("answer", name),
            model: model.to_owned(),
            text: String::new(),
            reasoning: String::new(),
            extras: Vec::new(),
            finish: String::new(),
            metrics: Metrics::default(),
            outcome: Outcome::Complete,
        }
    }

    /// Gives an answer without a model the only one that was chosen.
    pub fn name_model(&self, answer: &mut Answer) {
        if answer.model.is_empty() {
            answer.model = match &*self.models {
                [only] if !only.is_empty() => only.clone(),
                _ => UNKNOWN.to_owned(),
            };
        }
    }

    /// Attaches a file to a turn, if the import has its content: an image in a data URL, or text.
    /// Without it, the prompt gets the name, because a request waits for contents.
    pub fn attach(&mut self, turn: &mut Turn, name: &str, content: &str) {
        let kind = if content.starts_with("data:") {
            picture::kind(content)
        } else {
            let bytes = u32::try_from(content.len()).ok();
            let bytes = bytes.filter(|_| !content.is_empty());
            bytes.map(|bytes| (Kind::Text, bytes))
        };
        let kind = kind.filter(|_| turn.attachments.len() < attachment::MAX);
        let Some((kind, bytes)) = kind else {
            self.foreign.lacks_files = true;
            let separator = if turn.prompt.is_empty() { "" } else { "\n" };
            let name = if name.is_empty() { "…" } else { name };
            turn.prompt.extend([separator, "[", name, "]"]);
            return;
        };
        // Equal content means the same attachment.
        let id = attachment::Id::new(hash(&["content", content]));
        if turn.attachments.iter().any(|other| other.id == id) {
            return;
        }
        turn.attachments.push(Attachment {
            id,
            name: name.to_owned(),
            kind,
            bytes,
        });
        self.foreign.contents.push((id, content.to_owned()));
    }

    /// Returns an attachment for a picture in the archive, whose name there begins with this one.
    /// Its `width`, `height` and `size_bytes` are those of its description.
    pub fn picture(&mut self, start: &str, name: &str, described: &Value) -> Option<Attachment> {
        let number = |field| count(described, &[field]);
        let (width, height) = (number("width")?, number("height")?);
        let from = self
            .archive
            .partition_point(|(name, _)| name.as_str() < start);
        let mut rest = self.archive[from..].iter().take(16);
        let (found, file) = rest.find(|(name, _)| {
            let rest = name.strip_prefix(start).unwrap_or_default();
            rest.starts_with(['-', '.', '_'])
        })?;
        if start.len() < 6 || width == 0 || height == 0 {
            return None;
        }
        let id = attachment::Id::new(hash(&["file", found]));
        if !self.foreign.files.iter().any(|(known, _)| *known == id) {
            self.foreign.files.push((id, *file));
        }
        Some(Attachment {
            id,
            name: if name.is_empty() { found } else { name }.to_owned(),
            kind: Kind::Image {
                width,
                height,
                original: None,
            },
            bytes: number("size_bytes").unwrap_or_default(),
        })
    }

    /// Ends a chat of these cards, without those that say nothing. A chat that says nothing is none.
    pub fn end_chat(&mut self, mut cards: Vec<Card>) {
        for (place, card) in cards.iter_mut().enumerate() {
            card.system.clone_from(&self.system);
            let answers = card.turns.iter().rev();
            let mut models = answers.filter_map(|turn| Some(&turn.answer.as_ref()?.model));
            let last = models.find(|model| *model != UNKNOWN);
            let chosen = self.models.get(place).filter(|model| !model.is_empty());
            card.model = last.or(chosen).cloned();
        }
        cards.retain(|card| !card.turns.is_empty());
        self.push(cards);
    }

    /// Adds a chat of these cards, unless there are none.
    pub fn push(&mut self, cards: Vec<Card>) {
        if cards.is_empty() {
            return;
        }
        let number = self.foreign.chats.len();
        let mut chat = Chat::new(chat::Id::new(hash(&[&self.ids.of])), cards);
        self.title.trim().clone_into(&mut chat.title);
        if let Some(first) = self.foreign.chats.first() {
            chat.title = match &*first.shown_title() {
                "" => String::new(),
                title => format!("{title} ({})", number + 1),
            };
        }
        // The history shows the conversation first.
        #[expect(clippy::cast_precision_loss, reason = "a few chats")]
        let later = number as f64;
        chat.used = (self.used - later).max(0.0);
        chat.pinned = self.pinned && number == 0;
        chat.tags.clone_from(&self.tags);
        self.foreign.chats.push(chat);
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
}
