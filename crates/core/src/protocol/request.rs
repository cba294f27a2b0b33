//! The body of a request for an answer.
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

/// The body of `POST {base}/chat/completions`.
#[derive(Debug, PartialEq, Serialize)]
pub struct Request<'a> {
    /// The model's id.
    pub model: &'a str,
    /// The whole conversation, oldest first.
    pub messages: Vec<Message<'a>>,
    /// Whether the answer is wanted as it is made. Always true.
    pub stream: bool,
    /// Wants the tokens counted. None for an endpoint that refuses to be asked for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream_options: Option<StreamOptions>,
    /// The parameters that are in use, by their names on the wire.
    #[serde(flatten)]
    pub params: Map<String, Value>,
}

/// What is wanted of a stream besides the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct StreamOptions {
    /// Whether the last chunk tells the usage.
    pub include_usage: bool,
}

/// One message of a conversation.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Message<'a> {
    /// `system`, `user` or `assistant`.
    pub role: &'static str,
    /// What it says.
    pub content: Content<'a>,
}

/// What a message says: a plain string wherever that is enough, because strict servers know no
/// other.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Content<'a> {
    /// Its text.
    Text(&'a str),
    /// Its text, then each attachment.
    Parts(Vec<Part<'a>>),
}

/// A part of a message with attachments.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Part<'a> {
    /// Words, or a file of text.
    Text {
        /// All of it.
        text: Cow<'a, str>,
    },
    /// A picture.
    ImageUrl {
        /// Where it is.
        image_url: ImageUrl<'a>,
    },
}

/// Where a picture is.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct ImageUrl<'a> {
    /// A data URL.
    pub url: &'a str,
}

impl<'a> Content<'a> {
    /// What the reader says in a turn. An attachment without a content is left out.
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

/// What a turn repeats to the model as its answer. Without a word of one, it is left out: many
/// models' templates refuse two user messages in a row.
pub(super) fn answered(turn: &Turn) -> Option<&str> {
    let Answer { text, .. } = turn.answer.as_ref()?;
    (!text.is_empty()).then_some(text)
}

/// The attachments whose contents a request for the answer to `turn` needs.
pub fn attachments<'a>(before: &'a [Turn], turn: &'a Turn) -> impl Iterator<Item = &'a Attachment> {
    let before = before.iter().filter(|turn| answered(turn).is_some());
    before.chain([turn]).flat_map(|turn| &turn.attachments)
}

impl<'a> Request<'a> {
    /// Asks `model` for the answer to a turn of a card as its server wants to be asked; None where
    /// the card has no such turn. `contents` has what [`attachments`] names.
    pub fn to_answer(
        card: &'a Card,
        turn: turn::Id,
        model: &'a str,
        contents: &'a Contents,
        form: Form,
        server: Server,
    ) -> Option<Self> {
        let before = card.before(turn);
        let turn = card.turns.get(before.len())?;
        let mut params = card.params.body(form.renames_max_tokens);
        server.fit(&mut params);
        let mut request = Self::new(model, &card.system, before, turn, contents, params);
        if !form.counts_tokens {
            request.stream_options = None;
        }
        Some(request)
    }

    /// Asks `model` for the answer to `turn`, after the system prompt, unless it is empty, and the
    /// turns before it. A turn that got no word of an answer is left out. An answer that was stopped
    /// or cut off counts as far as it came. `contents` has what [`attachments`] names.
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

    /// The body of the request.
    ///
    /// # Panics
    /// Never: strings, numbers and booleans can be written as JSON.
    pub fn json(&self) -> String {
        serde_json::to_string(self).expect("a request is JSON")
    }

    /// Asks the model to go on from what it has said of the answer. Said in words, which every
    /// endpoint understands: what an answer that is begun means differs from one to the next. Where it is
    /// known to be continued, nothing has to be said.
    pub fn continue_from(&mut self, said: &'a str, is_continued: bool) {
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

/// What asks for the rest of an answer.
pub(super) const GO_ON: &str = "Your last message was cut off. Continue it exactly where it ended, in the \
    same language and format. Do not repeat anything and do not comment on this.";

#[cfg(test)]
mod tests;
