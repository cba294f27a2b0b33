//! An attachment: a file that goes along with a message. Its content is kept apart, under its
//! identifier, so that a chat stays small.

use std::{borrow::Cow, fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

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

/// What the content of an attachment is. It is written as words, as in `image 2048 1536` or
/// `image 2048 1536 4032 3024 5100000`, `text`, `pdf 3`: that takes little code to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A picture, sent as a data URL.
    Image {
        /// In pixels.
        width: u32,
        /// In pixels.
        height: u32,
        /// What it was before it was scaled down or written anew.
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Original {
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// The size of the file.
    pub bytes: u32,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text => f.write_str("text"),
            Self::Pdf { pages } => write!(f, "pdf {pages}"),
            Self::Image {
                width,
                height,
                original,
            } => {
                write!(f, "image {width} {height}")?;
                original.map_or(Ok(()), |was| {
                    write!(f, " {} {} {}", was.width, was.height, was.bytes)
                })
            }
        }
    }
}

impl FromStr for Kind {
    type Err = &'static str;

    fn from_str(words: &str) -> Result<Self, Self::Err> {
        let mut words = words.split(' ');
        let kind = words.next();
        let numbers: Vec<u32> = words.map_while(|word| word.parse().ok()).collect();
        let image = |&width, &height, original| Self::Image {
            width,
            height,
            original,
        };
        match (kind, &*numbers) {
            (Some("text"), _) => Ok(Self::Text),
            (Some("pdf"), [pages]) => Ok(Self::Pdf { pages: *pages }),
            (Some("image"), [width, height]) => Ok(image(width, height, None)),
            (Some("image"), [width, height, w, h, bytes]) => {
                let original = Original {
                    width: *w,
                    height: *h,
                    bytes: *bytes,
                };
                Ok(image(width, height, Some(original)))
            }
            _ => Err("not the kind of an attachment"),
        }
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let words = <Cow<'de, str>>::deserialize(deserializer)?;
        words.parse().map_err(serde::de::Error::custom)
    }
}

/// As many go along with one message.
pub const MOST: usize = 10;

/// The contents of a few attachments, as they are sent: a data URL for a picture, else the text.
pub type Contents = Vec<(Id, String)>;

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
    fn a_kind_reads_back() {
        #[track_caller]
        fn check(kind: Kind, words: &str) {
            assert_eq!(kind.to_string(), words);
            assert_eq!(words.parse(), Ok(kind));
        }
        let image = |original| Kind::Image {
            width: 20,
            height: 10,
            original,
        };
        check(Kind::Text, "text");
        check(Kind::Pdf { pages: 3 }, "pdf 3");
        check(image(None), "image 20 10");
        let original = Original {
            width: 40,
            height: 20,
            bytes: 999,
        };
        check(image(Some(original)), "image 20 10 40 20 999");
        for other in ["", "pdf", "pdf x", "image 1", "image 1 2 3", "sound"] {
            assert!(other.parse::<Kind>().is_err(), "{other}");
        }
    }

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
