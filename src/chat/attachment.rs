//! An attachment: a file that goes along with a message. Its content is kept apart, under its
//! identifier, so that a chat stays small.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

crate::id::declare_id! {
    /// Identifies an attachment and its content among all that were ever stored.
}

/// What a chat keeps of a file: all but its content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Where its content is stored. Drafts and turns that have the same one share it.
    pub id: Id,
    /// The file's own.
    pub name: String,
    /// What its content is.
    pub kind: Kind,
    /// The size of its content in bytes, as it is sent.
    pub bytes: u32,
}

/// What the content of an attachment is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A picture, sent as a data URL.
    Image {
        /// In pixels.
        width: u32,
        /// In pixels.
        height: u32,
        /// What it was before it was scaled down or written anew.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        original: Option<Original>,
    },
    /// A text, whatever its encoding was.
    Text,
    /// The text of a PDF.
    Pdf {
        /// How many it has.
        pages: u32,
    },
}

/// A picture as it was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Original {
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// The size of the file.
    pub bytes: u32,
}

/// As many go along with one message.
pub const MOST: usize = 10;

/// The contents of attachments, as they are sent: a data URL for a picture, else the text.
pub type Contents = HashMap<Id, String>;

impl Attachment {
    /// Whether it is a picture.
    pub const fn is_image(&self) -> bool {
        matches!(self.kind, Kind::Image { .. })
    }

    /// A text with the name of its file, in a fence that nothing in it can end.
    pub fn fenced(&self, text: &str) -> String {
        let mut longest = 0;
        let mut run = 0;
        for letter in text.chars() {
            run = if letter == '`' { run + 1 } else { 0 };
            longest = longest.max(run);
        }
        let fence = "`".repeat(3.max(longest + 1));
        let end = if text.ends_with('\n') { "" } else { "\n" };
        // A name of several lines would look like more than a name.
        let name: String = self.name.chars().filter(|c| !c.is_control()).collect();
        format!("{name}\n{fence}\n{text}{end}{fence}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_can_not_end_its_fence() {
        #[track_caller]
        fn check(name: &str, text: &str, expected: &str) {
            let attachment = Attachment {
                id: Id::new(0),
                name: name.into(),
                kind: Kind::Text,
                bytes: 0,
            };
            assert_eq!(attachment.fenced(text), expected);
        }
        check("a.txt", "가\n", "a.txt\n```\n가\n```");
        check("a", "b", "a\n```\nb\n```");
        check("a\nb", "", "ab\n```\n\n```");
        check(
            "a.md",
            "```rust\n````\n",
            "a.md\n`````\n```rust\n````\n`````",
        );
    }
}
