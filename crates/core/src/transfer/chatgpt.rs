//! Import of `conversations.json` from `ChatGPT`'s «Export data».
//!
//! OpenAI does not document it. Sources: Open `WebUI`'s parser (`convertOpenAIMessages` in
//! `src/lib/utils/index.ts` of open-webui/open-webui), and public exports and findings in them. A
//! conversation is `{id, title, create_time, update_time, is_starred, mapping, current_node}` with
//! times in seconds. `mapping` is a tree: node → `{id, parent, children, message}`; `message` may
//! be null, else has `author.role`, `content`, `recipient`, `status` and `metadata`. A prompt that
//! was answered again has several children.

use serde_json::Value;

use super::{
    canvas,
    fields::{add, at, fenced, first, is, list, text},
    foreign::{Archive, Conversation, Foreign, output},
    references, time,
    tree::{Node, Role, Tree},
};
use crate::chat::{Answer, Extra, Outcome, Turn, attachment, extra::Kind};

/// Returns whether this is a conversation of `ChatGPT`.
pub(super) fn is_one(value: &Value) -> bool {
    value.get("mapping").is_some_and(Value::is_object)
}

/// Parses a conversation.
pub(super) fn read(value: &Value, archive: Archive<'_>) -> Foreign {
    let title = text(value, "title");
    let created = at(value, "create_time");
    let updated = value.get("update_time").filter(|time| !time.is_null());
    let name = match first(&[(value, "conversation_id"), (value, "id")]) {
        "" => format!("{title}\n{created}"),
        own => own.to_owned(),
    };
    let mut conversation = Conversation::new("chatgpt", &name, archive);
    // Title of a conversation not named yet.
    if title != "New chat" {
        title.clone_into(&mut conversation.title);
    }
    conversation.used = time::millis(updated.unwrap_or(created));
    conversation.pinned = is(value, "is_starred");
    // «auto» names none.
    let model = Some(text(value, "default_model_slug")).filter(|model| *model != "auto");
    conversation.models.extend(model.map(ToOwned::to_owned));
    let nodes = value.get("mapping").and_then(Value::as_object);
    let nodes = nodes.into_iter().flatten().map(|(id, value)| Node {
        id,
        after: text(value, "parent"),
        role: match role(message(value)) {
            "user" if is_shown(message(value)) => Role::Question,
            "assistant" | "tool" => Role::Answer,
            _ => Role::Other,
        },
        value,
    });
    let tree = Tree::new(nodes.collect(), "children", question, answer);
    let current = tree.find(text(value, "current_node")).or(tree.root());
    for node in current.into_iter().flat_map(|current| tree.head(current)) {
        add(&mut conversation.system, &system(message(node)));
    }
    tree.read(conversation, current)
}

/// Returns a node's message.
fn message(node: &Value) -> &Value {
    at(node, "message")
}

fn role(message: &Value) -> &str {
    text(at(message, "author"), "role")
}

fn metadata(message: &Value) -> &Value {
    at(message, "metadata")
}

fn content(message: &Value) -> &Value {
    at(message, "content")
}

/// Returns whether `ChatGPT` shows the message.
fn is_shown(message: &Value) -> bool {
    !is(metadata(message), "is_visually_hidden_from_conversation")
        && text(content(message), "content_type") != "user_editable_context"
}

/// Returns the system prompt in a message.
fn system(message: &Value) -> String {
    let mut said = String::new();
    let own = metadata(message).get("user_context_message_data");
    let is_context = text(content(message), "content_type") == "user_editable_context";
    if let Some(own) = own.filter(|own| own.is_object()) {
        add(&mut said, text(own, "about_user_message"));
        add(&mut said, text(own, "about_model_message"));
    } else if is_context {
        add(&mut said, text(content(message), "user_profile"));
        add(&mut said, text(content(message), "user_instructions"));
    } else if role(message) == "system" {
        add(&mut said, &words(content(message)));
    }
    said
}

/// Returns the text of a message's content.
fn words(content: &Value) -> String {
    let mut words = text(content, "text").to_owned();
    for part in list(content, "parts") {
        match part.as_str() {
            Some(part) => add(&mut words, part),
            // Transcribed speech.
            None => add(&mut words, text(part, "text")),
        }
    }
    words
}

/// Returns the pictures among the parts of a message.
fn pictures(message: &Value) -> impl Iterator<Item = &Value> {
    let parts = list(content(message), "parts").iter();
    parts.filter(|part| text(part, "content_type") == "image_asset_pointer")
}

/// Returns the identifier of a picture's file: `file-service://file-…` or `sediment://file_…`.
fn pointer(picture: &Value) -> &str {
    let pointer = text(picture, "asset_pointer");
    let file = pointer.rsplit('/').next().unwrap_or_default();
    file.split(['?', '#']).next().unwrap_or_default()
}

fn question(conversation: &mut Conversation<'_>, turn: &mut Turn, node: &Value) {
    let message = message(node);
    turn.prompt = words(content(message));
    let files = list(metadata(message), "attachments");
    let mut others: Vec<&Value> = pictures(message).take(100).collect();
    for file in files {
        let name = text(file, "name");
        let own = others
            .iter()
            .position(|part| pointer(part) == text(file, "id"));
        let found = own.map(|own| others.remove(own)).and_then(|part| {
            let found = conversation.picture(pointer(part), name, part);
            found.filter(|_| turn.attachments.len() < attachment::MAX)
        });
        match found {
            Some(picture) => turn.attachments.push(picture),
            None => conversation.attach(turn, name, ""),
        }
    }
    // Pictures that are not among the attachments have no name.
    let all = pictures(message).count();
    let unnamed = all.saturating_sub(files.len());
    for part in others.into_iter().rev().take(unnamed).rev() {
        match conversation.picture(pointer(part), "", part) {
            Some(picture) if turn.attachments.len() < attachment::MAX => {
                turn.attachments.push(picture);
            }
            _ => conversation.attach(turn, pointer(part), ""),
        }
    }
}

/// Appends a message to an answer. Messages to and from tools become part of the reasoning, except
/// for documents.
fn answer(conversation: &mut Conversation<'_>, answer: &mut Answer, node: &Value) {
    let message = message(node);
    let (of, content) = (role(message), content(message));
    let slug = text(metadata(message), "model_slug");
    if of == "assistant" && !slug.is_empty() {
        slug.clone_into(&mut answer.model);
    }
    let recipient = text(message, "recipient");
    let is_to_reader = matches!(recipient, "" | "all");
    let kind = text(content, "content_type");
    match (of, kind) {
        ("assistant", "thoughts") => {
            for thought in list(content, "thoughts") {
                let summary = text(thought, "summary");
                if !summary.is_empty() {
                    add(&mut answer.reasoning, &format!("**{summary}**"));
                }
                add(&mut answer.reasoning, text(thought, "content"));
            }
        }
        ("assistant", _) if recipient.starts_with("canmore.") => {
            let tool = recipient.trim_start_matches("canmore.");
            let block = canvas::read(&mut conversation.canvas, tool, &words(content));
            add(&mut answer.text, &block);
        }
        ("assistant", "code") => {
            let language = match text(content, "language") {
                "unknown" => "",
                language => language,
            };
            let code = fenced(language, &words(content));
            if is_to_reader {
                add(&mut answer.text, &code);
            } else {
                add(&mut answer.reasoning, &code);
            }
        }
        ("tool", "execution_output") => output(answer, &words(content)),
        ("assistant", "text" | "multimodal_text" | "") if is_shown(message) => {
            let words = references::words(answer, &words(content), metadata(message));
            if is_to_reader {
                add(&mut answer.text, &words);
            } else {
                add(&mut answer.reasoning, &words);
            }
        }
        _ => {}
    }
    for part in pictures(message) {
        match conversation.picture(pointer(part), "", part) {
            Some(picture) => answer.extras.push(Extra {
                stored: Some(picture),
                ..Extra::new(Kind::Picture, "image/png")
            }),
            None => conversation.foreign.lacks_files = true,
        }
    }
    if of == "assistant" {
        let end = text(at(metadata(message), "finish_details"), "type");
        answer.outcome = match (end, text(message, "status")) {
            ("max_tokens", _) => Outcome::Length,
            ("interrupted", _) => Outcome::Stopped,
            (_, "in_progress") => Outcome::Interrupted,
            _ => Outcome::Complete,
        };
    }
}
