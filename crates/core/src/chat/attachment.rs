//! An attachment: a file sent with a message. Its content is stored separately, under its
//! identifier, so that a chat stays small.

use std::{borrow::Cow, fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

mod unread;

pub use unread::{Ranges, Unread};

crate::id::declare_id! {
    /// Identifies an attachment and its content among all ever stored.
}

/// A file's record in a chat: everything but its content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Key of the stored content. Drafts and turns with the same key share it.
    pub id: Id,
    /// File name.
    pub name: String,
    /// Type of the content.
    pub kind: Kind,
    /// Size of the content in bytes, as sent.
    pub bytes: u32,
}

/// Type of an attachment's content. It is serialized as words, such as `image 2048 1536`,
/// `image 2048 1536 4032 3024 5100000`, `text`, `text slides 12`, `pdf 3` or `pdf 3 unread 37 2-3`, which takes
/// little code to parse. What earlier versions of the page don't know comes after what they do, and they ignore
/// it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Image, sent as a data URL.
    Image {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// The file before it was scaled down or re-encoded.
        original: Option<Original>,
    },
    /// Text, whatever its encoding was.
    Text,
    /// Text of a document of an office program.
    Document(Document),
    /// Sound, of an answer.
    Sound,
    /// Text of a PDF.
    Pdf {
        /// Number of pages.
        pages: u32,
        /// What of its text can't be read.
        unread: Option<Unread>,
    },
}

/// The form of a document of an office program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Document {
    /// Text with paragraphs.
    Words,
    /// Spreadsheet.
    Sheets(u32),
    /// Presentation.
    Slides(u32),
}

/// An image as the user chose it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Original {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Size of the file in bytes.
    pub bytes: u32,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text => f.write_str("text"),
            Self::Sound => f.write_str("sound"),
            Self::Document(Document::Words) => f.write_str("text words"),
            Self::Document(Document::Sheets(count)) => write!(f, "text sheets {count}"),
            Self::Document(Document::Slides(count)) => write!(f, "text slides {count}"),
            Self::Pdf { pages, unread } => {
                write!(f, "pdf {pages}")?;
                unread.map_or(Ok(()), |unread| write!(f, " unread {unread}"))
            }
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
        let unread = words
            .split_once(" unread ")
            .and_then(|(_, unread)| unread.parse().ok());
        let mut words = words.split(' ');
        let kind = words.next();
        if let (Some("text"), Some(form)) = (kind, words.clone().next()) {
            let count = words.nth(1).and_then(|count| count.parse().ok());
            return Ok(match (form, count) {
                ("words", _) => Self::Document(Document::Words),
                ("sheets", Some(count)) => Self::Document(Document::Sheets(count)),
                ("slides", Some(count)) => Self::Document(Document::Slides(count)),
                _ => Self::Text,
            });
        }
        let numbers: Vec<u32> = words.map_while(|word| word.parse().ok()).collect();
        let image = |&width, &height, original| Self::Image {
            width,
            height,
            original,
        };
        match (kind, &*numbers) {
            (Some("text"), _) => Ok(Self::Text),
            (Some("sound"), _) => Ok(Self::Sound),
            (Some("pdf"), &[pages]) => Ok(Self::Pdf { pages, unread }),
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

/// Maximum number of attachments per message.
pub const MAX: usize = 20;

/// Contents of some attachments, as sent: a data URL for an image or a sound, else the text.
pub type Contents = Vec<(Id, String)>;

impl Attachment {
    /// Returns whether the content is a file, and not text.
    pub const fn is_file(&self) -> bool {
        matches!(self.kind, Kind::Image { .. } | Kind::Sound)
    }

    /// Returns whether the attachment is an image.
    pub const fn is_image(&self) -> bool {
        matches!(self.kind, Kind::Image { .. })
    }

    /// Formats a text under its file name, in a fence that nothing in it can close.
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
        check(Kind::Sound, "sound");
        let pdf = |unread| Kind::Pdf { pages: 3, unread };
        check(pdf(None), "pdf 3");
        let unread = |pages: &[u32]| Some(Unread::new(37, pages.iter().copied()));
        check(pdf(unread(&[2])), "pdf 3 unread 37 2");
        check(pdf(unread(&[1, 3])), "pdf 3 unread 37 1,3");
        check(Kind::Document(Document::Words), "text words");
        check(Kind::Document(Document::Sheets(2)), "text sheets 2");
        check(Kind::Document(Document::Slides(12)), "text slides 12");
        check(image(None), "image 20 10");
        let original = Original {
            width: 40,
            height: 20,
            bytes: 999,
        };
        check(image(Some(original)), "image 20 10 40 20 999");
        for other in ["", "pdf", "pdf x", "image 1", "image 1 2 3", "music"] {
            assert!(other.parse::<Kind>().is_err(), "{other}");
        }
        // What a later version adds is left out.
        for (other, kind) in [
            ("text of-later 3", Kind::Text),
            ("text sheets x", Kind::Text),
            ("pdf 3 of-later", pdf(None)),
            ("pdf 3 unread", pdf(None)),
            ("pdf 3 unread all", pdf(None)),
        ] {
            assert_eq!(other.parse(), Ok(kind), "{other}");
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
