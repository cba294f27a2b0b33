//! Import of chats exported by Open `WebUI`: «Export chats», or a single one.
//!
//! Source: open-webui/open-webui, `ChatResponse` in `backend/open_webui/models/chats.py` for
//! `{id, title, chat, created_at, updated_at, pinned, meta}`, times in seconds; `submitPrompt` and
//! `sendMessage` in `src/lib/components/chat/Chat.svelte` for `chat.history`, a tree of messages by
//! identifier with `parentId`, `childrenIds` and `currentId`; `convertMessagesToHistory` in
//! `src/lib/utils/index.ts` for chats with `messages` only. Models side by side answer the same
//! message and differ by `modelIdx`. Reasoning is within the content, in
//! `<details type="reasoning">`.

use std::borrow::Cow;

use serde_json::Value;

use super::{
    fields::{add, at, count, data, first, is, list, text},
    foreign::{Archive, Conversation, Foreign, failed},
    time,
    tree::{Node, Role, Tree},
};
use crate::chat::{Answer, Outcome, Turn};

/// Returns whether this is a chat of Open `WebUI`.
pub(super) fn is_one(value: &Value) -> bool {
    let inner = inner(value);
    let has_tree = inner
        .get("history")
        .and_then(|history| history.get("messages"))
        .is_some_and(Value::is_object);
    let is_message = |message: &Value| message.get("role").is_some_and(Value::is_string);
    has_tree
        || value.get("chat").is_some_and(Value::is_object)
        || list(inner, "messages").first().is_some_and(is_message)
}

/// Returns a chat without its record, which the first versions lacked.
fn inner(value: &Value) -> &Value {
    value
        .get("chat")
        .filter(|chat| chat.is_object())
        .unwrap_or(value)
}

/// Parses a chat.
pub(super) fn read(value: &Value, archive: Archive<'_>) -> Foreign {
    let chat = inner(value);
    let title = match first(&[(value, "title"), (chat, "title")]) {
        "New Chat" => "",
        title => title,
    };
    let times = [
        value.get("updated_at"),
        value.get("created_at"),
        chat.get("timestamp"),
        value.get("timestamp"),
    ];
    let used = times.into_iter().flatten().map(time::millis);
    let used = used.into_iter().find(|time| *time > 0.0);
    let name = match first(&[(value, "id"), (chat, "id")]) {
        "" => format!("{title}\n{}", used.unwrap_or_default()),
        own => own.to_owned(),
    };
    let mut conversation = Conversation::new("open-webui", &name, archive);
    title.clone_into(&mut conversation.title);
    conversation.used = used.unwrap_or_default();
    conversation.pinned = is(value, "pinned");
    let system = first(&[(chat, "system"), (at(chat, "params"), "system")]);
    system.clone_into(&mut conversation.system);
    let models = list(chat, "models").iter().filter_map(Value::as_str);
    conversation.models.extend(models.map(ToOwned::to_owned));
    for tag in list(at(value, "meta"), "tags")
        .iter()
        .chain(list(chat, "tags"))
    {
        conversation.tag(tag.as_str().unwrap_or_else(|| text(tag, "name")));
    }
    let history = at(chat, "history");
    let messages = history.get("messages").and_then(Value::as_object);
    let in_a_row = list(chat, "messages");
    let numbers: Vec<String> = (0..in_a_row.len()).map(|at| at.to_string()).collect();
    let (nodes, field) = match messages {
        Some(messages) if !messages.is_empty() => {
            let nodes = messages.iter().map(|(id, value)| Node {
                id,
                after: text(value, "parentId"),
                role: role(value),
                value,
            });
            (nodes.collect(), "childrenIds")
        }
        // Messages in a row, the only form of the first versions. All answers follow the question.
        _ => {
            let mut above = "";
            let nodes = in_a_row.iter().zip(&numbers).map(|(value, number)| {
                let own = Some(text(value, "id")).filter(|id| !id.is_empty());
                let (id, after, role) = (own.unwrap_or(number), above, role(value));
                if role != Role::Other {
                    above = id;
                }
                Node {
                    id,
                    after,
                    role,
                    value,
                }
            });
            (in_turns(nodes.collect()), "")
        }
    };
    let mut tree = Tree::new(nodes, field, question, answer);
    tree.is_split = true;
    let current = tree
        .find(text(history, "currentId"))
        .or_else(|| tree.newest("timestamp"));
    for message in current.into_iter().flat_map(|current| tree.head(current)) {
        if text(message, "role") == "system" {
            add(&mut conversation.system, text(message, "content"));
        }
    }
    tree.read(conversation, current)
}

/// Makes all answers in a row follow the question before them.
fn in_turns(mut nodes: Vec<Node<'_>>) -> Vec<Node<'_>> {
    let mut asked = None;
    for node in &mut nodes {
        match (node.role, asked) {
            (Role::Question, _) => asked = Some(node.id),
            (Role::Answer, Some(asked)) => node.after = asked,
            _ => {}
        }
    }
    nodes
}

fn role(message: &Value) -> Role {
    match text(message, "role") {
        "user" => Role::Question,
        "assistant" => Role::Answer,
        _ => Role::Other,
    }
}

fn question(conversation: &mut Conversation<'_>, turn: &mut Turn, message: &Value) {
    text(message, "content").clone_into(&mut turn.prompt);
    for file in list(message, "files") {
        let inner = at(file, "file");
        let url = text(file, "url");
        let content = match data(url) {
            "" if text(file, "type") != "image" => text(at(inner, "data"), "content"),
            content => content,
        };
        let name = first(&[(file, "name"), (inner, "filename"), (file, "type")]);
        conversation.attach(turn, name, content);
    }
}

fn answer(_: &mut Conversation<'_>, answer: &mut Answer, message: &Value) {
    let (reasoning, said) = thoughts(text(message, "content"));
    add(&mut answer.reasoning, &reasoning);
    add(&mut answer.text, &said);
    let model = text(message, "model");
    if answer.model.is_empty() {
        model.clone_into(&mut answer.model);
    }
    let error = message.get("error").filter(|error| !error.is_null());
    let is_over = message.get("done") != Some(&Value::Bool(false));
    answer.outcome = match error {
        Some(Value::Bool(false)) | None if is_over => Outcome::Complete,
        Some(Value::Bool(false)) | None => Outcome::Interrupted,
        Some(error) => failed(error.as_str().unwrap_or_else(|| text(error, "content"))),
    };
    let counted = message.get("usage").unwrap_or(at(message, "info"));
    let input = ["prompt_tokens", "prompt_eval_count", "input_tokens"];
    let output = ["completion_tokens", "eval_count", "output_tokens"];
    answer.metrics.input = count(counted, &input);
    answer.metrics.output = count(counted, &output);
}

/// Start of reasoning within the content.
const THOUGHTS: &str = "<details type=\"reasoning\"";

/// Splits content into reasoning and the rest.
fn thoughts(content: &str) -> (String, String) {
    let (mut reasoning, mut said) = (String::new(), String::new());
    let mut rest = content;
    while let Some(start) = rest.find(THOUGHTS) {
        let Some(open) = rest[start..].find('>') else {
            break;
        };
        add(&mut said, &rest[..start]);
        let inner = &rest[start + open + 1..];
        let end = inner.find("</details>").unwrap_or(inner.len());
        let thought = &inner[..end];
        let thought = thought.split_once("</summary>").map_or(thought, |it| it.1);
        let lines = thought.trim().lines().map(|line| {
            let line = unescaped(line);
            let quoted = line.strip_prefix('>').map(ToOwned::to_owned);
            let quoted = quoted.map(|line| line.strip_prefix(' ').unwrap_or(&line).to_owned());
            quoted.unwrap_or_else(|| line.into_owned())
        });
        add(&mut reasoning, &lines.collect::<Vec<_>>().join("\n"));
        rest = inner[end..].trim_start_matches("</details>");
    }
    add(&mut said, rest);
    (reasoning, said)
}

fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return text.into();
    }
    let letters = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#x27;", "'"),
        ("&#39;", "'"),
        ("&amp;", "&"),
    ];
    let letters = letters.iter();
    letters
        .fold(text.to_owned(), |text, (code, letter)| {
            text.replace(code, letter)
        })
        .into()
}

#[cfg(test)]
mod tests;
