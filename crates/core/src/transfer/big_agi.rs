//! Import of conversations that big-AGI exported as JSON: one, or all.
//!
//! Source: enricoros/big-AGI, `src/common/stores/chat/chats.converters.ts` (`DataAtRestV1`) for
//! `{conversations, models, folders}` and for one conversation `{id, messages, systemPurposeId,
//! userTitle, autoTitle, created, updated}`, times in milliseconds; `chat.message.ts` and
//! `chat.fragments.ts` for messages `{id, role, fragments, generator, updated}`; before version 2
//! `{id, role, text, originLLM}`. A fragment's `part` has its type in `pt`: `text`, `doc`, `image_ref`,
//! `reference` (to a picture kept elsewhere), `ma` (thoughts), `annotations`, `tool_invocation`,
//! `tool_response`, `error`. The keys in `models` are never read.

use serde_json::{Map, Value};

use super::{
    fields::{add, at, count, data, fenced, first, list, text},
    foreign::{Archive, Conversation, Foreign, failed, output, source, tool},
    time,
    tree::{Node, Role, Tree},
};
use crate::chat::{Answer, Outcome, Turn};

/// Maximum number of conversations in folders.
const MAX_FOLDERS: usize = 10_000;

/// Returns whether this is a conversation of big-AGI.
pub(super) fn is_one(value: &Value) -> bool {
    let is_message = |message: &Value| message.get("fragments").is_some_and(Value::is_array);
    value.get("messages").is_some_and(Value::is_array)
        && (value.get("systemPurposeId").is_some()
            || list(value, "messages").iter().any(is_message))
}

/// Returns conversations' identifiers and the titles of their folders.
pub(super) fn folders(fields: &Map<String, Value>) -> Vec<(String, String)> {
    let folders = fields.get("folders").unwrap_or(&Value::Null);
    let folders = list(folders, "folders").iter();
    let of = |folder: &Value| {
        let title = text(folder, "title").to_owned();
        let ids = list(folder, "conversationIds").iter();
        let ids = ids.filter_map(|id| Some((id.as_str()?.to_owned(), title.clone())));
        ids.collect::<Vec<_>>()
    };
    folders.flat_map(of).take(MAX_FOLDERS).collect()
}

/// Notes the folder of a conversation in it, as a field of our own.
pub(super) fn put(conversation: &mut Value, folders: &[(String, String)]) {
    let own = text(conversation, "id");
    let folder = folders.iter().find(|(id, _)| id == own);
    if let (Some((_, title)), Value::Object(fields)) = (folder, conversation) {
        fields.insert("folder".to_owned(), title.clone().into());
    }
}

/// Parses a conversation.
pub(super) fn read(value: &Value, archive: Archive<'_>) -> Foreign {
    let created = at(value, "created");
    let own = text(value, "id");
    let name = if own.is_empty() {
        created.to_string()
    } else {
        own.to_owned()
    };
    let mut conversation = Conversation::new("big-agi", &name, archive);
    let title = first(&[(value, "userTitle"), (value, "autoTitle")]);
    title.clone_into(&mut conversation.title);
    conversation.used = time::millis(at(value, "updated")).max(time::millis(created));
    conversation.tag(text(value, "folder"));
    let messages = list(value, "messages");
    let numbers: Vec<String> = (0..messages.len()).map(|at| at.to_string()).collect();
    let mut nodes = Vec::new();
    let mut above = "";
    for (value, number) in messages.iter().zip(&numbers) {
        let role = match text(value, "role") {
            "user" => Role::Question,
            "assistant" => Role::Answer,
            _ => Role::Other,
        };
        if role == Role::Other {
            let mut turn = conversation.turn(0.into(), "", String::new());
            question(&mut conversation, &mut turn, value);
            add(&mut conversation.system, &turn.prompt);
            continue;
        }
        let own = text(value, "id");
        let id = if own.is_empty() { number } else { own };
        nodes.push(Node {
            id,
            after: above,
            role,
            value,
        });
        above = id;
    }
    let tree = Tree::new(nodes, "", question, answer);
    let last = tree.last();
    tree.read(conversation, last)
}

/// Returns the parts of a message.
fn parts(message: &Value) -> impl Iterator<Item = (&Value, &Value)> {
    let fragments = list(message, "fragments").iter();
    fragments.filter_map(|fragment| Some((fragment, fragment.get("part")?)))
}

fn question(conversation: &mut Conversation<'_>, turn: &mut Turn, message: &Value) {
    for about in list(at(message, "metadata"), "inReferenceTo") {
        let quoted = format!("> {}", text(about, "mText").replace('\n', "\n> "));
        add(&mut turn.prompt, &quoted);
    }
    add(&mut turn.prompt, text(message, "text"));
    for (_, part) in parts(message) {
        add(&mut turn.prompt, text(part, "text"));
    }
    for (fragment, part) in parts(message) {
        let name = first(&[(fragment, "title"), (part, "l1Title"), (part, "altText")]);
        let content = match text(part, "pt") {
            "doc" => text(at(part, "data"), "text"),
            "image_ref" | "reference" => data(text(at(part, "dataRef"), "url")),
            _ => continue,
        };
        conversation.attach(turn, name, content);
    }
}

fn answer(conversation: &mut Conversation<'_>, answer: &mut Answer, message: &Value) {
    let mut error = String::new();
    add(&mut answer.text, text(message, "text"));
    for (_, part) in parts(message) {
        match text(part, "pt") {
            "ma" => add(&mut answer.reasoning, text(part, "aText")),
            "annotations" => {
                for page in list(part, "annotations") {
                    source(answer, page);
                }
            }
            "tool_invocation" => {
                let call = at(part, "invocation");
                let given = call.get("args").unwrap_or(at(call, "code"));
                tool(answer, first(&[(call, "name"), (call, "type")]), given, "");
            }
            "tool_response" => output(answer, text(at(part, "response"), "result")),
            "error" => add(&mut error, text(part, "error")),
            "doc" => add(
                &mut answer.text,
                &fenced("", text(at(part, "data"), "text")),
            ),
            "image_ref" | "reference" => conversation.foreign.lacks_files = true,
            _ => add(&mut answer.text, text(part, "text")),
        }
    }
    let generator = at(message, "generator");
    let model = first(&[(generator, "name"), (message, "originLLM")]);
    model.clone_into(&mut answer.model);
    let metrics = at(generator, "metrics");
    let cached = count(metrics, &["TCacheRead"]);
    let own = count(metrics, &["TIn"]);
    answer.metrics.input = own.map(|own| own.saturating_add(cached.unwrap_or_default()));
    answer.metrics.cached = cached;
    answer.metrics.output = count(metrics, &["TOut"]);
    answer.metrics.reasoning = count(metrics, &["TOutR"]);
    let (first, all) = (count(metrics, &["dtStart"]), count(metrics, &["dtAll"]));
    answer.metrics.first_token = first;
    answer.metrics.decoding = all.and_then(|all| all.checked_sub(first?));
    answer.outcome = match text(generator, "tokenStopReason") {
        _ if !error.is_empty() => failed(&error),
        "out-of-tokens" => Outcome::Length,
        "client-abort" => Outcome::Stopped,
        "filter" => Outcome::Filtered,
        "issue" => Outcome::Interrupted,
        _ => Outcome::Complete,
    };
}
