//! What the program that reads and writes files is asked, and what it answers, as JSON.

use serde::{Deserialize, Serialize};

use super::{Bundle, Content, Error, Format, Server, Skipped, Words, html, markdown, read};
use crate::{
    chat::{Chat, attachment},
    json,
};

/// What a file is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Form {
    /// Our own: [`Bundle`].
    Json,
    /// [`markdown`]
    Markdown,
    /// [`html`]
    Html,
}

/// What is to be written.
#[derive(Debug, Serialize, Deserialize)]
pub struct Request {
    /// In what.
    pub form: Form,
    /// The chats as they are stored, each with its date as it is to be shown.
    pub chats: Vec<(String, String)>,
    /// The endpoints of their cards.
    pub endpoints: Vec<Server>,
    /// What their attachments hold.
    pub contents: Vec<(attachment::Id, Content)>,
}

/// What a file held: [`super::Import`], the chats as they are stored.
#[derive(Debug, Serialize, Deserialize)]
#[expect(missing_docs, reason = "see there")]
pub struct Found {
    pub from: Format,
    pub chats: Vec<String>,
    pub endpoints: Vec<Server>,
    pub contents: Vec<(attachment::Id, Content)>,
    pub skipped: Vec<Skipped>,
}

/// Reads a file.
pub fn answer_read(text: &str) -> String {
    let found = read(text).map(|import| Found {
        from: import.from,
        chats: import.chats.iter().map(Chat::text).collect(),
        endpoints: import.endpoints,
        contents: import.contents,
        skipped: import.skipped,
    });
    json::write(&found)
}

/// Writes a file, with these words; none where the request can't be read.
pub fn answer_write(request: &str, words: &Words<'_>) -> Option<String> {
    let request: Request = json::read(request)?;
    let chats = request.chats.into_iter();
    let chats = chats.filter_map(|(text, date)| Some((Chat::read(&text)?, date)));
    let chats: Vec<_> = chats.collect();
    Some(match request.form {
        Form::Json => Bundle {
            chats: chats.into_iter().map(|(chat, _)| chat).collect(),
            endpoints: request.endpoints,
            contents: request.contents,
        }
        .to_json(),
        Form::Markdown => {
            let texts = chats
                .iter()
                .map(|(chat, date)| markdown::write(chat, date, words));
            texts.collect::<Vec<_>>().join("\n\n---\n\n")
        }
        Form::Html => {
            let chats: Vec<_> = chats
                .iter()
                .map(|(chat, date)| (chat, date.clone()))
                .collect();
            html::write(&chats, &request.contents, words)
        }
    })
}

/// Reads what the program has answered to a file.
///
/// # Errors
/// Why nothing can be taken from the file.
pub fn found(answer: &str) -> Result<Found, Error> {
    json::read(answer).unwrap_or(Err(Error::Unknown))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::speech;

    #[test]
    fn what_is_written_is_read() {
        #[track_caller]
        fn check(chat: &str, form: Form, language: &str, expected: &str) -> String {
            let request = json::write(&Request {
                form,
                chats: vec![(chat.to_owned(), "today".to_owned())],
                endpoints: Vec::new(),
                contents: Vec::new(),
            });
            let file = answer_write(&request, &speech::words(language)).expect("a request");
            assert!(file.contains(expected), "{file}");
            file
        }
        let text = include_str!("../../tests/storage/v2-chat.json");
        let chat = Chat::read(text).expect("the fixture is a chat").text();
        check(&chat, Form::Markdown, "ko", "### 나");
        check(&chat, Form::Html, "en", "Content-Security-Policy");
        let file = check(&chat, Form::Json, "en", "collate");
        let found = found(&answer_read(&file)).expect("chats");
        assert_eq!((found.from, found.chats.len()), (Format::Collate, 1));
        let read = Chat::read(&found.chats[0]).expect("a chat");
        assert_eq!(read.cards, Chat::read(&chat).expect("a chat").cards);
    }

    #[test]
    fn what_can_not_be_read_says_why() {
        #[track_caller]
        fn check(file: &str, expected: Error) {
            assert_eq!(found(&answer_read(file)).err(), Some(expected));
        }
        check("words", Error::NotJson);
        check("[", Error::Cut);
        check(
            r#"{"format":"collate","version":9,"chats":[]}"#,
            Error::Newer { version: 9 },
        );
        assert_eq!(answer_write("words", &speech::words("en")), None);
    }
}
