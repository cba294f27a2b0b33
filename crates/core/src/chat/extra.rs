//! What comes beside an answer's text: pictures, sounds, sources, calls of tools.

use serde::{Deserialize, Serialize};

use super::{Attachment, attachment};

/// Something beside an answer's text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extra {
    /// What it is.
    pub kind: Kind,
    /// Media type of a picture or a sound, title of a source, name of a tool or of an unknown type.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// URL of a picture, a sound or a source; arguments of a tool, as the model wrote them.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub content: String,
    /// A picture or a sound whose content is stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stored: Option<Attachment>,
    /// Content of a picture or a sound that is not stored yet.
    #[serde(skip)]
    pub bytes: Vec<u8>,
}

/// Kind of an [`Extra`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

impl Extra {
    /// Creates an extra without content.
    pub fn new(kind: Kind, name: &str) -> Self {
        Self {
            kind,
            name: name.to_owned(),
            content: String::new(),
            stored: None,
            bytes: Vec::new(),
        }
    }

    /// Keeps the content that could not be stored under this identifier, as a data URL.
    pub fn inline(&mut self, id: attachment::Id, url: &str) {
        if self.stored.take_if(|stored| stored.id == id).is_some() {
            url.clone_into(&mut self.content);
        }
    }

    /// Marks the content as stored under this identifier, and returns it.
    pub fn store(&mut self, id: attachment::Id) -> Vec<u8> {
        let bytes = std::mem::take(&mut self.bytes);
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
        self.stored = Some(Attachment {
            id,
            name: format!("{name}.{extension}"),
            kind,
            bytes: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
        });
        bytes
    }
}
