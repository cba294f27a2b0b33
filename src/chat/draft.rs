//! A draft: what is about to be asked, words and attachments.

use serde::{Deserialize, Serialize, Serializer};

use super::attachment::{self, Attachment};

/// What an input holds. Without attachments, it is stored as its words alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "Stored")]
pub struct Draft {
    /// What is typed.
    pub text: String,
    /// In the order in which they came.
    pub attachments: Vec<Attachment>,
}

impl Draft {
    /// Whether there is nothing in it at all.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty() && self.attachments.is_empty()
    }

    /// Whether there is nothing in it to send.
    pub fn is_blank(&self) -> bool {
        self.text.trim().is_empty() && self.attachments.is_empty()
    }

    /// Adds an attachment, unless it is there already or there are as many as there can be.
    pub fn attach(&mut self, attachment: Attachment) {
        let is_there = self
            .attachments
            .iter()
            .any(|there| there.id == attachment.id);
        if !is_there && self.attachments.len() < attachment::MOST {
            self.attachments.push(attachment);
        }
    }

    /// Takes an attachment out.
    pub fn detach(&mut self, id: attachment::Id) {
        self.attachments.retain(|attachment| attachment.id != id);
    }
}

impl From<&str> for Draft {
    fn from(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            attachments: Vec::new(),
        }
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Stored {
    Words(String),
    Whole {
        text: String,
        attachments: Vec<Attachment>,
    },
}

impl From<Stored> for Draft {
    fn from(stored: Stored) -> Self {
        let (text, attachments) = match stored {
            Stored::Words(text) => (text, Vec::new()),
            Stored::Whole { text, attachments } => (text, attachments),
        };
        Self { text, attachments }
    }
}

impl Serialize for Draft {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Whole<'a> {
            text: &'a str,
            attachments: &'a [Attachment],
        }
        if self.attachments.is_empty() {
            return self.text.serialize(serializer);
        }
        let whole = Whole {
            text: &self.text,
            attachments: &self.attachments,
        };
        whole.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::attachment::Kind;

    #[test]
    fn a_draft_without_attachments_is_stored_as_its_words() {
        #[track_caller]
        fn check(text: &str, attachments: &[u64], expected: &str) {
            let mut draft = Draft::from(text);
            for id in attachments {
                draft.attach(Attachment {
                    id: attachment::Id::new(*id),
                    name: "a.txt".into(),
                    kind: Kind::Text,
                    bytes: 3,
                });
            }
            assert_eq!(serde_json::to_string(&draft).unwrap(), expected);
            assert_eq!(serde_json::from_str::<Draft>(expected).unwrap(), draft);
        }
        check("", &[], r#""""#);
        check("가", &[], r#""가""#);
        check(
            "",
            &[1, 1],
            concat!(
                r#"{"text":"","attachments":[{"id":"0000000000000001","#,
                r#""name":"a.txt","kind":"text","bytes":3}]}"#
            ),
        );
    }
}
