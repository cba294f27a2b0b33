//! Import of a conversation exported by `LibreChat` as JSON.
//!
//! Source: danny-avila/LibreChat, `client/src/hooks/Conversations/useExportConversation.ts` for
//! `{conversationId, endpoint, title, exportAt, branches, recursive, options, messages}`, where a
//! recursive export has `messagesTree` with `children` instead; `useBuildMessageTree.ts` for both;
//! `packages/data-provider/src/types/assistants.ts` (`TMessageContentParts`) for `content`. A message
//! is `{messageId, parentMessageId, isCreatedByUser, sender, text, content, model, files, createdAt,
//! error, unfinished, finish_reason, tokenCount}`. `exportAt` has no date.

use serde_json::Value;

use super::{
    bundle,
    fields::{add, at, count, data, first, is, list, text},
    foreign::{Archive, Conversation, Foreign, UNKNOWN, failed, tool},
    time,
    tree::{Node, Role, Tree},
};
use crate::chat::{Answer, Outcome, Turn};

/// Returns whether this is a conversation of `LibreChat`.
pub(super) fn is_one(value: &Value) -> bool {
    value.get("conversationId").is_some_and(Value::is_string)
        && ["messages", "messagesTree"]
            .iter()
            .any(|field| value.get(field).is_some_and(Value::is_array))
}

/// Lists all messages of a recursive export in a row, in the field `flat`; None if it has none. A
/// parser for JSON goes only so deep, and each message is within the one before.
pub(super) fn flattened(text: &str) -> Option<String> {
    /// A message, or the file, whose end has not come.
    struct Open {
        said: String,
        /// Number of brackets that are open in it.
        depth: usize,
    }
    const CHILDREN: &str = "\"children\":[";
    let mut open = vec![Open {
        said: String::new(),
        depth: 0,
    }];
    let mut done = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let top = open.last_mut()?;
        let is_first = top.said.ends_with(CHILDREN);
        let length = match first {
            '"' => bundle::end_of_string(rest),
            _ => first.len_utf8(),
        };
        let word = &rest[..length];
        rest = &rest[length..];
        match first {
            '{' if is_first => {
                open.push(Open {
                    said: "{".to_owned(),
                    depth: 1,
                });
                continue;
            }
            ',' if is_first => continue,
            _ if first.is_ascii_whitespace() => continue,
            '{' | '[' => top.depth += 1,
            '}' | ']' => top.depth = top.depth.checked_sub(1)?,
            _ => {}
        }
        top.said.push_str(word);
        if top.depth == 0 && open.len() > 1 {
            done.push(open.pop()?.said);
        }
    }
    let whole = open.pop().filter(|_| open.is_empty() && !done.is_empty())?;
    let head = whole.said.strip_suffix('}')?;
    Some(format!("{head},\"flat\":[{}]}}", done.join(",")))
}

/// Parses a conversation.
pub(super) fn read(value: &Value, archive: Archive<'_>) -> Foreign {
    let mut conversation = Conversation::new("librechat", text(value, "conversationId"), archive);
    let title = text(value, "title");
    if title != "New Chat" {
        title.clone_into(&mut conversation.title);
    }
    let options = at(value, "options");
    let system = [
        (options, "promptPrefix"),
        (options, "system"),
        (options, "instructions"),
    ];
    first(&system).clone_into(&mut conversation.system);
    conversation.models.push(text(options, "model").to_owned());
    conversation.pinned = is(value, "isPinned");
    for tag in list(value, "tags").iter().chain(list(options, "tags")) {
        conversation.tag(tag.as_str().unwrap_or_default());
    }
    let mut nodes = Vec::new();
    let rows = ["messages", "messagesTree", "flat"].map(|field| list(value, field));
    let rows = rows.into_iter().flatten();
    let mut todo: Vec<(&Value, &str)> = rows.map(|message| (message, "")).collect();
    todo.reverse();
    while let Some((message, above)) = todo.pop() {
        let (id, own) = (text(message, "messageId"), text(message, "parentMessageId"));
        nodes.push(Node {
            id,
            after: if own.is_empty() { above } else { own },
            role: if is(message, "isCreatedByUser") {
                Role::Question
            } else {
                Role::Answer
            },
            value: message,
        });
        let time = time::millis(at(message, "createdAt"));
        conversation.used = conversation.used.max(time);
        let below = list(message, "children").iter().rev();
        todo.extend(below.map(|child| (child, id)));
    }
    let tree = Tree::new(nodes, "", question, answer);
    let newest = tree.newest("createdAt");
    tree.read(conversation, newest)
}

/// Returns a part's text, which may be within an object.
fn words<'a>(part: &'a Value, field: &str) -> &'a str {
    first(&[(part, field), (at(part, field), "value")])
}

fn question(conversation: &mut Conversation<'_>, turn: &mut Turn, message: &Value) {
    text(message, "text").clone_into(&mut turn.prompt);
    let mut names = Vec::new();
    for part in list(message, "content") {
        add(&mut turn.prompt, words(part, "text"));
        let url = first(&[(part, "image_url"), (at(part, "image_url"), "url")]);
        if !url.is_empty() {
            names.push(("image", url));
        }
    }
    let files = list(message, "files").iter();
    names.extend(files.map(|file| (text(file, "filename"), text(file, "filepath"))));
    for (name, path) in names {
        conversation.attach(turn, name, data(path));
    }
}

fn answer(conversation: &mut Conversation<'_>, answer: &mut Answer, message: &Value) {
    let mut said = text(message, "text");
    // Thoughts of older versions.
    if let Some((thoughts, rest)) = said
        .strip_prefix(":::thinking")
        .and_then(|inner| inner.split_once("\n:::"))
    {
        add(&mut answer.reasoning, thoughts);
        said = rest;
    }
    let mut error = String::new();
    let parts = list(message, "content");
    for part in parts {
        match text(part, "type") {
            "think" => add(&mut answer.reasoning, words(part, "think")),
            "tool_call" => {
                let call = at(part, "tool_call");
                let inner = call.get("function").or(call.get("code_interpreter"));
                let inner = inner.unwrap_or(call);
                let name = first(&[(inner, "name"), (call, "name"), (call, "type")]);
                let given = inner.get("args").or(inner.get("arguments"));
                tool(
                    answer,
                    name,
                    given.unwrap_or(at(inner, "input")),
                    text(inner, "output"),
                );
            }
            "error" => {
                add(&mut error, words(part, "text"));
                add(&mut error, text(part, "error"));
            }
            "image_file" | "image_url" => conversation.foreign.lacks_files = true,
            _ => add(&mut answer.text, words(part, "text")),
        }
    }
    if is(message, "error") {
        add(&mut error, said);
    } else if parts.is_empty() {
        add(&mut answer.text, said);
    }
    conversation.foreign.lacks_files |= !list(message, "files").is_empty();
    let of = [text(message, "model"), text(message, "sender")];
    // An assistant's or an agent's identifier names no model.
    let is_model = |name: &&str| {
        !name.is_empty() && !["asst_", "agent_"].iter().any(|it| name.starts_with(it))
    };
    let chosen = conversation.models.first().map_or("", String::as_str);
    let model = [of[0], chosen, of[1]].into_iter().find(is_model);
    model.unwrap_or(UNKNOWN).clone_into(&mut answer.model);
    answer.metrics.output = count(message, &["tokenCount"]).filter(|count| *count > 0);
    let end = text(message, "finish_reason");
    answer.outcome = match end {
        _ if !error.is_empty() => failed(&error),
        "length" | "max_tokens" => Outcome::Length,
        "content_filter" => Outcome::Filtered,
        _ if is(message, "unfinished") => Outcome::Interrupted,
        _ => Outcome::Complete,
    };
}
