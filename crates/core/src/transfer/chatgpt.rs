//! Import of `conversations.json` from `ChatGPT`'s «Export data».
//!
//! OpenAI does not document it. Sources: Open `WebUI`'s parser (`convertOpenAIMessages` in
//! `src/lib/utils/index.ts` of open-webui/open-webui), and public exports and findings in them. A
//! conversation is `{id, title, create_time, update_time, is_starred, mapping, current_node}` with
//! times in seconds. `mapping` is a tree: node → `{id, parent, children, message}`; `message` may
//! be null, else has `author.role`, `content`, `recipient`, `status` and `metadata`. A prompt that
//! was answered again has several children.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{
    foreign::{Conversation, Foreign, UNKNOWN, add, answered, fenced, list, text},
    time,
};
use crate::chat::{Answer, Outcome, Turn};

/// Returns whether this is a conversation of `ChatGPT`.
pub(super) fn is_one(value: &Value) -> bool {
    value.get("mapping").is_some_and(Value::is_object)
}

/// Parses a conversation; None if it is empty.
pub(super) fn read(value: &Value) -> Option<Foreign> {
    let title = text(value, "title");
    let created = value.get("create_time").unwrap_or(&Value::Null);
    let updated = value.get("update_time").filter(|time| !time.is_null());
    let own = ["conversation_id", "id"].map(|field| text(value, field));
    let own = own.into_iter().find(|id| !id.is_empty());
    let name = own.map_or_else(|| format!("{title}\n{created}"), ToOwned::to_owned);
    let tree = Tree(value.get("mapping")?.as_object()?);
    let mut conversation = Conversation::new("chatgpt", &name);
    let mut card = conversation.card("0");
    let path = tree.path(text(value, "current_node"));
    let mut at = 0;
    while at < path.len() {
        let node = path[at];
        let message = tree.message(node);
        match message.map(role) {
            Some("user") if is_shown(message) => {
                if tree.siblings(node).any(|other| tree.is_question(other)) {
                    conversation.foreign.has_branches = true;
                }
                let mut turn = question(&mut conversation, card.id, node, message);
                at = answer(&mut conversation, &tree, &path, at + 1, &mut turn);
                card.turns.push(turn);
            }
            Some("assistant") if path.get(at).is_some_and(|node| tree.says(node)) => {
                // It starts the conversation.
                let mut turn = conversation.turn(card.id, node, String::new());
                at = answer(&mut conversation, &tree, &path, at, &mut turn);
                card.turns.push(turn);
            }
            _ => {
                if let Some(message) = message {
                    add(&mut card.system, &system(message));
                }
                at += 1;
            }
        }
    }
    if card.turns.is_empty() {
        return None;
    }
    let answers = card
        .turns
        .iter()
        .rev()
        .filter_map(|turn| turn.answer.as_ref());
    let mut models = answers.map(|answer| &answer.model);
    card.model = models.find(|model| *model != UNKNOWN).cloned();
    conversation.foreign.chat.pinned = value.get("is_starred") == Some(&Value::Bool(true));
    let used = time::millis(updated.unwrap_or(created));
    // Title of a conversation not named yet.
    let title = match title {
        "New chat" => "",
        named => named,
    };
    conversation.finish(title, used, vec![card])
}

/// Messages, as nodes that refer to each other.
struct Tree<'a>(&'a Map<String, Value>);

impl<'a> Tree<'a> {
    fn message(&self, node: &str) -> Option<&'a Value> {
        self.0.get(node)?.get("message").filter(|it| it.is_object())
    }

    fn children(&self, node: &str) -> impl DoubleEndedIterator<Item = &'a str> + use<'a> {
        let node = self.0.get(node).unwrap_or(&Value::Null);
        list(node, "children").iter().filter_map(Value::as_str)
    }

    /// Iterates over the node's siblings.
    fn siblings<'b>(&self, node: &'b str) -> impl Iterator<Item = &'a str> + use<'a, 'b> {
        let parent = self.0.get(node).map_or("", |node| text(node, "parent"));
        self.children(parent).filter(move |other| *other != node)
    }

    fn is_question(&self, node: &str) -> bool {
        let message = self.message(node);
        message.map(role) == Some("user") && is_shown(message)
    }

    fn says(&self, node: &str) -> bool {
        is_shown(self.message(node))
    }

    /// Returns the nodes from the root to the current one; without one, always the last child.
    fn path(&self, current: &str) -> Vec<&'a str> {
        let mut path = Vec::new();
        let mut seen = BTreeSet::new();
        let found = self.0.get_key_value(current);
        if let Some((mut id, mut node)) = found {
            // A cycle has no root.
            while seen.insert(id.as_str()) {
                path.push(id.as_str());
                let Some(above) = self.0.get_key_value(text(node, "parent")) else {
                    break;
                };
                (id, node) = above;
            }
            path.reverse();
            return path;
        }
        let is_root = |(_, node): &(&String, &Value)| !self.0.contains_key(text(node, "parent"));
        let root = self.0.iter().find(is_root).map(|(id, _)| id.as_str());
        root.map_or(path, |root| self.down(root))
    }

    /// Returns the nodes from this one down, always by the last child.
    fn down(&self, from: &'a str) -> Vec<&'a str> {
        let mut path = Vec::new();
        let mut seen = BTreeSet::new();
        let mut next = Some(from);
        while let Some(node) = next.filter(|node| seen.insert(*node)) {
            path.push(node);
            next = self.children(node).next_back();
        }
        path
    }
}

fn role(message: &Value) -> &str {
    text(message.get("author").unwrap_or(&Value::Null), "role")
}

fn metadata(message: &Value) -> &Value {
    message.get("metadata").unwrap_or(&Value::Null)
}

fn content(message: &Value) -> &Value {
    message.get("content").unwrap_or(&Value::Null)
}

/// Returns whether `ChatGPT` shows the message.
fn is_shown(message: Option<&Value>) -> bool {
    message.is_some_and(|message| {
        let hidden = metadata(message).get("is_visually_hidden_from_conversation");
        hidden != Some(&Value::Bool(true))
            && text(content(message), "content_type") != "user_editable_context"
    })
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

fn question(
    conversation: &mut Conversation,
    card: crate::chat::card::Id,
    node: &str,
    message: Option<&Value>,
) -> Turn {
    let message = message.unwrap_or(&Value::Null);
    let mut turn = conversation.turn(card, node, words(content(message)));
    let files = list(metadata(message), "attachments");
    for file in files {
        conversation.attach(&mut turn, text(file, "name"), None);
    }
    // Images that are not among the attachments have no name.
    let parts = list(content(message), "parts").iter();
    let pictures = parts.filter(|part| text(part, "content_type") == "image_asset_pointer");
    for picture in pictures.skip(files.len()) {
        let name = text(picture, "asset_pointer").rsplit('/').next();
        conversation.attach(&mut turn, name.unwrap_or_default(), None);
    }
    turn
}

/// Parses all answers to a prompt. The shown one starts at this position of the path or below;
/// returns the position after them.
fn answer<'a>(
    conversation: &mut Conversation,
    tree: &Tree<'a>,
    path: &[&'a str],
    from: usize,
    turn: &mut Turn,
) -> usize {
    let is_question = |node: &&str| tree.is_question(node);
    let length = path[from..].iter().position(is_question);
    let end = length.map_or(path.len(), |length| from + length);
    // Hidden nodes may stand between the prompt and its answers.
    let is_answer = |node: &&str| tree.message(node).map(role) == Some("assistant");
    let first = path[from..end].iter().position(is_answer);
    let Some(first) = first.map(|first| from + first) else {
        return end;
    };
    let mut answers = Vec::new();
    let mut shown = None;
    let above = first.checked_sub(1).and_then(|above| path.get(above));
    for child in above.into_iter().flat_map(|above| tree.children(above)) {
        if child == path[first] {
            shown = Some(answers.len());
            answers.push(said(conversation, tree, &path[first..end]));
        } else if is_answer(&child) {
            let way = tree.down(child);
            let end = way.iter().position(is_question);
            conversation.foreign.has_branches |= end.is_some();
            let way = &way[..end.unwrap_or(way.len())];
            answers.push(said(conversation, tree, way));
        }
    }
    if shown.is_none() {
        shown = Some(answers.len());
        answers.push(said(conversation, tree, &path[first..end]));
    }
    let is_said = |answer: &Answer| !answer.is_empty();
    if answers.iter().any(is_said) {
        answered(turn, answers, shown);
    }
    end
}

/// Builds an answer from its messages. Messages to and from tools become part of the reasoning.
fn said(conversation: &mut Conversation, tree: &Tree<'_>, way: &[&str]) -> Answer {
    let mut answer = conversation.answer(way.first().unwrap_or(&""), "");
    for message in way.iter().filter_map(|node| tree.message(node)) {
        let (of, content) = (role(message), content(message));
        let slug = text(metadata(message), "model_slug");
        if of == "assistant" && !slug.is_empty() {
            slug.clone_into(&mut answer.model);
        }
        let is_to_reader = matches!(text(message, "recipient"), "" | "all");
        match (of, text(content, "content_type")) {
            ("assistant", "thoughts") => {
                for thought in list(content, "thoughts") {
                    let summary = text(thought, "summary");
                    if !summary.is_empty() {
                        add(&mut answer.reasoning, &format!("**{summary}**"));
                    }
                    add(&mut answer.reasoning, text(thought, "content"));
                }
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
            ("tool", "execution_output") => {
                let output = words(content);
                if !output.trim().is_empty() {
                    add(&mut answer.reasoning, &fenced("", &output));
                }
            }
            ("assistant", "text" | "multimodal_text" | "") if is_shown(Some(message)) => {
                let words = words(content);
                if is_to_reader {
                    add(&mut answer.text, &words);
                } else {
                    add(&mut answer.reasoning, &words);
                }
            }
            _ => {}
        }
        let pictures = list(content, "parts").iter();
        let is_picture = |part: &Value| text(part, "content_type") == "image_asset_pointer";
        if pictures.into_iter().any(is_picture) {
            conversation.foreign.lacks_files = true;
        }
        if of == "assistant" {
            let details = metadata(message).get("finish_details");
            let end = details.map_or("", |details| text(details, "type"));
            answer.outcome = match (end, text(message, "status")) {
                ("max_tokens", _) => Outcome::Length,
                ("interrupted", _) => Outcome::Stopped,
                (_, "in_progress") => Outcome::Interrupted,
                _ => Outcome::Complete,
            };
        }
    }
    answer
}
