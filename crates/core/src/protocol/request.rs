//! Body of a request for an answer.
//!
//! Source: OpenAI's API reference, «Chat».

use super::retry::Form;
use crate::{
    chat::{Answer, Attachment, Card, Turn, attachment::Contents, turn},
    endpoint::Server,
};
use serde::Serialize;
use serde_json::{Map, Value};
use std::borrow::Cow;

/// Body of `POST {base}/chat/completions`.
#[derive(Debug, PartialEq, Serialize)]
pub struct Request<'a> {
    /// Model id.
    pub model: &'a str,
    /// The whole conversation, oldest first.
    pub messages: Vec<Message<'a>>,
    /// True for a streamed answer. Always true.
    pub stream: bool,
    /// Requests token counts. None for an endpoint that refuses this field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream_options: Option<StreamOptions>,
    /// Parameters in use, by their names on the wire.
    #[serde(flatten)]
    pub params: Map<String, Value>,
}

/// Options of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct StreamOptions {
    /// True if the last chunk should report the usage.
    pub include_usage: bool,
}

/// One message of a conversation.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Message<'a> {
    /// `system`, `user` or `assistant`.
    pub role: &'static str,
    /// Content of the message.
    pub content: Content<'a>,
}

/// Content of a message: a plain string where possible, because strict servers accept nothing else.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Content<'a> {
    /// Text alone.
    Text(&'a str),
    /// Text, then each attachment.
    Parts(Vec<Part<'a>>),
}

/// A part of a message with attachments.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Part<'a> {
    /// Message text, or a text file.
    Text {
        /// The whole text.
        text: Cow<'a, str>,
    },
    /// Image.
    ImageUrl {
        /// Location of the image.
        image_url: ImageUrl<'a>,
    },
}

/// Location of an image.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct ImageUrl<'a> {
    /// A data URL.
    pub url: &'a str,
}

impl<'a> Content<'a> {
    /// Builds the user message of a turn. Attachments without content are left out.
    fn of(turn: &'a Turn, contents: &'a Contents) -> Self {
        if turn.attachments.is_empty() {
            return Self::Text(&turn.prompt);
        }
        let words = Some(&turn.prompt).filter(|words| !words.trim().is_empty());
        let words = words.map(|words| Part::Text { text: words.into() });
        let attached = turn.attachments.iter().filter_map(|attachment| {
            let (_, content) = contents.iter().find(|(id, _)| *id == attachment.id)?;
            Some(if attachment.is_image() {
                Part::ImageUrl {
                    image_url: ImageUrl { url: content },
                }
            } else {
                Part::Text {
                    text: attachment.fenced(content).into(),
                }
            })
        });
        Self::Parts(words.into_iter().chain(attached).collect())
    }
}

/// Returns the text of a turn's answer to repeat to the model, or None if it has none. Such turns
/// are left out: many models' templates refuse two user messages in a row.
pub(super) fn answered(turn: &Turn) -> Option<&str> {
    let Answer { text, .. } = turn.answer.as_ref()?;
    (!text.is_empty()).then_some(text)
}

/// Returns the attachments whose contents a request for the answer to `turn` needs.
pub fn attachments<'a>(before: &'a [Turn], turn: &'a Turn) -> impl Iterator<Item = &'a Attachment> {
    let before = before.iter().filter(|turn| answered(turn).is_some());
    before.chain([turn]).flat_map(|turn| &turn.attachments)
}

impl<'a> Request<'a> {
    /// Requests the answer to a turn of a card, in its server's form, or the rest of it if
    /// `continues`; None if the card has no such turn. `contents` holds those of [`attachments`].
    pub fn to_answer(
        card: &'a Card,
        turn: turn::Id,
        model: &'a str,
        contents: &'a Contents,
        form: Form,
        server: Server,
        continues: bool,
    ) -> Option<Self> {
        let before = card.before(turn);
        let turn = card.turns.get(before.len())?;
        let mut params = card.params.body(form.renames_max_tokens);
        server.fit(&mut params);
        let mut request = Self::new(model, &card.system, before, turn, contents, params);
        if !form.counts_tokens {
            request.stream_options = None;
        }
        if continues && let Some(answer) = &turn.answer {
            request.continue_from(&answer.text, server == Server::OnDevice);
        }
        Some(request)
    }

    /// Requests the answer to `turn`, after the system prompt, unless it is empty, and the turns
    /// before it. Turns without answer text are left out. A stopped or cut-off answer counts as far
    /// as it came. `contents` holds those of [`attachments`].
    pub fn new(
        model: &'a str,
        system: &'a str,
        before: &'a [Turn],
        turn: &'a Turn,
        contents: &'a Contents,
        params: Map<String, Value>,
    ) -> Self {
        let user = |turn| Message {
            role: "user",
            content: Content::of(turn, contents),
        };
        let mut messages = Vec::with_capacity(before.len() * 2 + 2);
        if !system.trim().is_empty() {
            messages.push(Message {
                role: "system",
                content: Content::Text(system),
            });
        }
        for turn in before {
            if let Some(text) = answered(turn) {
                messages.push(user(turn));
                messages.push(Message {
                    role: "assistant",
                    content: Content::Text(text),
                });
            }
        }
        messages.push(user(turn));
        Self {
            model,
            messages,
            stream: true,
            stream_options: Some(StreamOptions {
                include_usage: true,
            }),
            params,
        }
    }

    /// Serializes the request.
    ///
    /// # Panics
    /// Never: strings, numbers and booleans always serialize.
    pub fn json(&self) -> String {
        serde_json::to_string(self).expect("a request is JSON")
    }

    /// Requests the continuation of a partial answer with a user message, which every endpoint
    /// understands: the treatment of a partial last answer differs. It is omitted if the server is
    /// known to continue.
    fn continue_from(&mut self, said: &'a str, is_continued: bool) {
        self.messages.push(Message {
            role: "assistant",
            content: Content::Text(said),
        });
        if is_continued {
            return;
        }
        self.messages.push(Message {
            role: "user",
            content: Content::Text(GO_ON),
        });
    }
}

/// Prompt for the rest of an answer.
pub(super) const GO_ON: &str = "Your last message was cut off. Continue it exactly where it ended, in the \
    same language and format. Do not repeat anything and do not comment on this.";

#[cfg(test)]
mod tests;
