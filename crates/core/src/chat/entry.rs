//! A chat's entry in the history, stored separately so that the list loads no chats.

use serde::{Deserialize, Serialize};

use super::{Attachment, Chat, Id};

/// One line of the history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The chat's identifier.
    pub id: Id,
    /// The user's title, else the start of the first prompt, else of a draft.
    pub title: String,
    /// Time of the last request, in milliseconds since 1970; 0 if unknown.
    #[serde(default)]
    pub used: f64,
    /// Models of the chat's cards, without duplicates.
    #[serde(default)]
    pub models: Vec<String>,
    /// True if the chat stays at the top.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pinned: bool,
    /// The user's tags, without duplicates.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

impl Entry {
    /// Creates the entry of a chat that can't be read.
    pub const fn unknown(id: Id) -> Self {
        Self {
            id,
            title: String::new(),
            used: 0.0,
            models: Vec::new(),
            pinned: false,
            tags: Vec::new(),
        }
    }
}

/// Maximum number of characters in a title taken from a prompt.
const TITLE: usize = 80;

impl Chat {
    /// Returns the chat's entry in the history.
    pub fn entry(&self) -> Entry {
        let mut models = Vec::new();
        for model in self.cards.iter().filter_map(|card| card.model.as_ref()) {
            if !models.contains(model) {
                models.push(model.clone());
            }
        }
        Entry {
            id: self.id,
            title: Some(self.shown_title())
                .filter(|title| !title.is_empty())
                .unwrap_or_else(|| self.draft_title()),
            used: self.used,
            models,
            pinned: self.pinned,
            tags: self.tags.clone(),
        }
    }

    /// Returns the user's title, else the first words of the first prompt; empty if there is none.
    pub fn shown_title(&self) -> String {
        if !self.title.is_empty() {
            return self.title.clone();
        }
        let mut asked = self.cards.iter().filter_map(|card| card.turns.first());
        let first = asked
            .next()
            .map(|turn| title_of(&turn.prompt, &turn.attachments));
        first.unwrap_or_default()
    }

    /// Returns the first words of an unsent draft.
    fn draft_title(&self) -> String {
        let drafts = self.cards.iter().map(|card| &card.draft);
        let mut drafts = [&self.draft].into_iter().chain(drafts);
        let draft = drafts.find(|draft| !draft.is_blank());
        draft
            .map(|draft| title_of(&draft.text, &draft.attachments))
            .unwrap_or_default()
    }
}

/// Returns the first words of a message, or its first attachment's name if it has no text.
fn title_of(text: &str, attachments: &[Attachment]) -> String {
    match attachments.first() {
        Some(first) if text.trim().is_empty() => first_words(&first.name),
        _ => first_words(text),
    }
}

/// Returns the start of a text in one line, cut between words where it has any.
fn first_words(text: &str) -> String {
    let mut line = String::new();
    for word in text.split_whitespace() {
        // A long text costs no more than its start.
        if line.len() > TITLE * 4 {
            break;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    let Some((end, _)) = line.char_indices().nth(TITLE) else {
        return line;
    };
    let cut = &line[..end];
    let cut = match cut.rfind(' ') {
        Some(space) if space > end / 2 => &cut[..space],
        _ => cut,
    };
    format!("{cut}…")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{Card, Turn, card, turn};

    #[test]
    fn a_title_is_the_first_words_until_it_is_renamed() {
        #[track_caller]
        fn check(title: &str, asked: &[&str], draft: &str, expected: &str) {
            let turn = |prompt: &&str| Turn::new(turn::Id::new(0), (*prompt).into());
            let card = Card {
                turns: asked.iter().map(turn).collect(),
                model: Some("m".into()),
                ..Card::new(card::Id::new(0))
            };
            let mut chat = Chat::new(Id::new(0), vec![card.clone(), card]);
            chat.title = title.into();
            chat.draft = draft.into();
            let entry = chat.entry();
            assert_eq!(entry.title, expected);
            assert_eq!(entry.models, ["m"]);
        }
        check("", &[], "", "");
        check("", &["안녕\n\n 하세요 ", "next"], "d", "안녕 하세요");
        check("", &[], "a draft", "a draft");
        check("mine", &["asked"], "", "mine");
        let long = "word ".repeat(40);
        check("", &[&long], "", &format!("{}…", long[..79].trim_end()));
        check(
            "",
            &[&"가".repeat(100)],
            "",
            &format!("{}…", "가".repeat(80)),
        );
    }
}
