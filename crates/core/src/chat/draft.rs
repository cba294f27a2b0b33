//! A draft: text and attachments not sent yet.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, SeqAccess, Visitor},
};

use super::attachment::{self, Attachment};

/// Content of an input. It is stored as its text alone, or as a pair of text and attachments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// Typed text.
    pub text: String,
    /// Attachments in the order they were added.
    pub attachments: Vec<Attachment>,
}

impl Draft {
    /// Returns whether the draft has neither text nor attachments.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty() && self.attachments.is_empty()
    }

    /// Returns whether the draft has nothing to send.
    pub fn is_blank(&self) -> bool {
        self.text.trim().is_empty() && self.attachments.is_empty()
    }

    /// Adds an attachment, unless it is already there or the maximum is reached.
    pub fn attach(&mut self, attachment: Attachment) {
        let is_there = self
            .attachments
            .iter()
            .any(|there| there.id == attachment.id);
        if !is_there && self.attachments.len() < attachment::MAX {
            self.attachments.push(attachment);
        }
    }

    /// Removes an attachment.
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

impl Serialize for Draft {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.attachments.is_empty() {
            self.text.serialize(serializer)
        } else {
            (&self.text, &self.attachments).serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Draft {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Stored)
    }
}

/// Deserializes a stored draft.
struct Stored;

impl<'de> Visitor<'de> for Stored {
    type Value = Draft;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a draft")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Draft, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut pair: A) -> Result<Draft, A::Error> {
        Ok(Draft {
            text: pair.next_element()?.unwrap_or_default(),
            attachments: pair.next_element()?.unwrap_or_default(),
        })
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
            assert_eq!(crate::json::read::<Draft>(expected).unwrap(), draft);
        }
        check("", &[], r#""""#);
        check("가", &[], r#""가""#);
        check(
            "",
            &[1, 1],
            concat!(
                r#"["",[{"id":"0000000000000001","#,
                r#""name":"a.txt","kind":"text","bytes":3}]]"#
            ),
        );
    }
}
