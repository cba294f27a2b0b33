//! A file of chats, in one of its forms.

use super::{Bundle, Content, Server, Words, html, markdown};
use crate::chat::{Chat, attachment};

/// What a file is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Our own: [`Bundle`].
    Json,
    /// [`markdown`]
    Markdown,
    /// [`html`]
    Html,
}

/// What is to be written.
#[derive(Debug)]
pub struct Request {
    /// In what.
    pub form: Form,
    /// The chats, each with its date as it is to be shown.
    pub chats: Vec<(Chat, String)>,
    /// The endpoints of their cards.
    pub endpoints: Vec<Server>,
    /// What their attachments hold.
    pub contents: Vec<(attachment::Id, Content)>,
}

impl Request {
    /// The file's text, with these words.
    pub fn write(self, words: &Words<'_>) -> String {
        match self.form {
            Form::Json => Bundle {
                chats: self.chats.into_iter().map(|(chat, _)| chat).collect(),
                endpoints: self.endpoints,
                contents: self.contents,
            }
            .to_json(),
            Form::Markdown => {
                let texts = self
                    .chats
                    .iter()
                    .map(|(chat, date)| markdown::write(chat, date, words));
                texts.collect::<Vec<_>>().join("\n\n---\n\n")
            }
            Form::Html => {
                let chats = self.chats.iter().map(|(chat, date)| (chat, date.clone()));
                html::write(&chats.collect::<Vec<_>>(), &self.contents, words)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::{Format, read, words::tests::ENGLISH};

    #[test]
    fn what_is_written_is_read() {
        #[track_caller]
        fn check(chat: &Chat, form: Form, expected: &str) -> String {
            let request = Request {
                form,
                chats: vec![(chat.clone(), "today".to_owned())],
                endpoints: Vec::new(),
                contents: Vec::new(),
            };
            let file = request.write(&ENGLISH);
            assert!(file.contains(expected), "{file}");
            file
        }
        let text = include_str!("../../../../tests/storage/v2-chat.json");
        let chat = Chat::read(text).expect("the fixture is a chat");
        check(&chat, Form::Markdown, "### You");
        check(&chat, Form::Html, "Content-Security-Policy");
        let file = check(&chat, Form::Json, "collate");
        let found = read(&file).expect("chats");
        assert_eq!((found.from, found.chats.len()), (Format::Collate, 1));
        assert_eq!(found.chats[0].cards, chat.cards);
    }
}
