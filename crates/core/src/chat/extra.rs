//! What comes beside an answer's text: pictures, sounds, sources, calls of tools.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Attachment, attachment};
use crate::json;

/// Something beside an answer's text.
///
/// It is read through a [`Value`], which downloads smaller than serde's derived code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Value")]
pub struct Extra {
    /// What it is.
    pub kind: Kind,
    /// Media type of a picture or a sound, title of a source, name of a tool or of an unknown type.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// URL of a picture, a sound or a source; arguments of a tool, as the model wrote them. A data URL,
    /// of a file that could not be stored, is for this tab alone: it would fill the storage.
    #[serde(skip_serializing_if = "is_for_this_tab")]
    pub content: String,
    /// A picture or a sound whose content is stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stored: Option<Attachment>,
    /// Content of a picture or a sound that is not stored yet.
    #[serde(skip)]
    pub bytes: Vec<u8>,
    /// Identifier under which the content is being stored.
    #[serde(skip)]
    pub pending: Option<attachment::Id>,
}

fn is_for_this_tab(content: &str) -> bool {
    content.is_empty() || content.starts_with("data:")
}

/// Kind of an [`Extra`].
///
/// It is stored as a word. One of a later version becomes [`Kind::Unknown`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A picture.
    Picture,
    /// A sound.
    Sound,
    /// A source that the text refers to.
    Source,
    /// A call of a tool. The page has none, so it is only shown.
    Tool,
    /// The text is the model's refusal.
    Refusal,
    /// Something else.
    Unknown,
}

impl From<&str> for Kind {
    fn from(word: &str) -> Self {
        match word {
            "picture" => Self::Picture,
            "sound" => Self::Sound,
            "source" => Self::Source,
            "tool" => Self::Tool,
            "refusal" => Self::Refusal,
            _ => Self::Unknown,
        }
    }
}

impl From<Value> for Extra {
    fn from(value: Value) -> Self {
        let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
        Self {
            content: text("content").to_owned(),
            stored: value.get("stored").cloned().and_then(json::of),
            ..Self::new(text("kind").into(), text("name"))
        }
    }
}

impl Extra {
    /// Creates an extra without content.
    pub fn new(kind: Kind, name: &str) -> Self {
        Self {
            kind,
            name: name.to_owned(),
            content: String::new(),
            stored: None,
            bytes: Vec::new(),
            pending: None,
        }
    }

    /// Returns the content, as far as it is stored.
    pub fn stored_content(&self) -> &str {
        if is_for_this_tab(&self.content) {
            ""
        } else {
            &self.content
        }
    }

    /// Returns a copy without the content that is not stored.
    #[must_use]
    pub fn without_bytes(&self) -> Self {
        Self {
            kind: self.kind,
            name: self.name.clone(),
            content: self.content.clone(),
            stored: self.stored.clone(),
            bytes: Vec::new(),
            pending: self.pending,
        }
    }

    /// Takes the content, to be stored under this identifier, and returns it with its description.
    pub fn take(&mut self, id: attachment::Id) -> (Attachment, Vec<u8>) {
        let bytes = std::mem::take(&mut self.bytes);
        self.pending = Some(id);
        let (kind, name) = if self.kind == Kind::Sound {
            (attachment::Kind::Sound, "sound")
        } else {
            let (width, height) = crate::picture::size(&bytes).unwrap_or_default();
            let kind = attachment::Kind::Image {
                width,
                height,
                original: None,
            };
            (kind, "picture")
        };
        let extension = self.name.rsplit('/').next().unwrap_or_default();
        let extension = extension.split(['+', ';']).next().unwrap_or_default();
        let attachment = Attachment {
            id,
            name: format!("{name}.{extension}"),
            kind,
            bytes: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
        };
        (attachment, bytes)
    }

    /// Ends the storing of the content: it is stored, or kept as a data URL for as long as the tab is
    /// open.
    pub fn settle(&mut self, id: attachment::Id, stored: Result<&Attachment, &str>) {
        if self.pending.take_if(|pending| *pending == id).is_some() {
            match stored {
                Ok(attachment) => self.stored = Some(attachment.clone()),
                Err(url) => url.clone_into(&mut self.content),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_stored_as_a_word() {
        #[track_caller]
        fn check(kind: Kind, word: &str) {
            assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{word}\""));
            assert_eq!(Kind::from(word), kind);
        }
        check(Kind::Picture, "picture");
        check(Kind::Sound, "sound");
        check(Kind::Source, "source");
        check(Kind::Tool, "tool");
        check(Kind::Refusal, "refusal");
        check(Kind::Unknown, "unknown");
        assert_eq!(Kind::from("hologram"), Kind::Unknown);
    }

    #[test]
    fn a_file_is_stored_or_kept_for_this_tab() {
        let id = attachment::Id::new(7);
        let new = || Extra {
            bytes: b"GIF89a\x03\0\x04\0".to_vec(),
            ..Extra::new(Kind::Picture, "image/gif")
        };
        let mut extra = new();
        let (attachment, bytes) = extra.take(id);
        assert_eq!((&*attachment.name, bytes.len()), ("picture.gif", 10));
        assert_eq!(attachment.kind.to_string(), "image 3 4");
        extra.settle(attachment::Id::new(8), Ok(&attachment));
        assert_eq!(extra.stored, None);
        extra.settle(id, Ok(&attachment));
        assert_eq!(extra.stored, Some(attachment));
        let mut extra = new();
        extra.take(id);
        extra.settle(id, Err("data:image/gif;base64,R0lG"));
        assert_eq!(extra.content, "data:image/gif;base64,R0lG");
        let stored = serde_json::to_string(&extra).unwrap();
        assert_eq!(stored, r#"{"kind":"picture","name":"image/gif"}"#);
    }
}
