//! An export file in one of its formats.

use super::{
    Bundle, Content, SharedEndpoint, Words,
    html::{
        self,
        typeset::{Typeset, Wanted},
    },
    markdown,
};
use crate::chat::{Chat, attachment};

/// Format of an export file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Our own format: [`Bundle`].
    Json,
    /// [`markdown`]
    Markdown,
    /// [`html`]
    Html,
}

/// A request to write a file.
#[derive(Debug)]
pub struct Request {
    /// Format of the file.
    pub form: Form,
    /// Chats, each with its date as shown.
    pub chats: Vec<(Chat, String)>,
    /// Endpoints of their cards.
    pub endpoints: Vec<SharedEndpoint>,
    /// Contents of their attachments.
    pub contents: Vec<(attachment::Id, Content)>,
    /// Formulas and colours of code, for [`Form::Html`].
    pub typeset: Typeset,
}

impl Request {
    /// What [`Request::typeset`] should have.
    pub fn wanted(&self) -> Wanted {
        match self.form {
            Form::Html => Wanted::of(self.chats.iter().map(|(chat, _)| chat)),
            Form::Json | Form::Markdown => Wanted::default(),
        }
    }

    /// Writes the file, with these words.
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
                html::write(
                    &chats.collect::<Vec<_>>(),
                    &self.contents,
                    &self.typeset,
                    words,
                )
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
                typeset: Typeset::default(),
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
