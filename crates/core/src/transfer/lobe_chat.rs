//! Import of chats exported by `LobeChat`.
//!
//! Three forms: `{exportType, state: {sessions, topics, messages}, version}` of the browser's database,
//! `{mode, schemaHash, data: {…}}` of the server's, with `agents` and `agentsToSessions` beside them, and
//! one topic `{exportedAt, title, messages, version}`. Source: lobehub/lobe-chat,
//! `src/migrations/FromV6ToV7/fixtures/output-v7-from-v1.json`, `packages/types/src/export.ts`, and
//! `packages/types/src/message/ui/chat.ts` (`UIChatMessage`). A topic's messages are in the order of their
//! time. An answer's `parentId` is its question or a tool's message; a question may have none. Settings,
//! which have keys, are never read.

use serde_json::{Map, Value};

use super::{
    fields::{Index, add, at, count, data, first, index, is, list, place, sorted, text},
    foreign::{Archive, Conversation, Foreign, failed, output, source, tool},
    time,
    tree::{Node, Role, Tree},
};
use crate::chat::{Answer, Turn};

/// Maximum number of threads in a topic that are told apart.
const MAX_THREADS: usize = 64;

/// Returns the tables of an export of a database.
pub(super) fn tables(fields: &mut Map<String, Value>) -> Option<Value> {
    let is_one = fields.contains_key("exportType") || fields.contains_key("schemaHash");
    let names = ["state", "data"].into_iter().filter(|_| is_one);
    names
        .filter_map(|name| fields.remove(name))
        .find(Value::is_object)
}

/// Returns whether this is one topic.
pub(super) fn is_one(value: &Value) -> bool {
    value.get("exportedAt").is_some() && value.get("messages").is_some_and(Value::is_array)
}

/// Parses one topic.
pub(super) fn read(value: &Value, archive: Archive<'_>) -> Foreign {
    let messages: Vec<_> = list(value, "messages").iter().collect();
    let first = messages.first().map_or("", |message| text(message, "id"));
    let name = format!("{}\n{first}", text(value, "title"));
    topic(
        &name,
        archive,
        [&Value::Null, value, &Value::Null],
        &messages,
    )
}

/// Parses all topics of a database.
pub(super) fn read_all(tables: &Value, archive: Archive<'_>) -> Vec<Foreign> {
    let topics = Table::of(tables, "topics", "id");
    let sessions = Table::of(tables, "sessions", "id");
    let links = Table::of(tables, "agentsToSessions", "sessionId");
    let agents = Table::of(tables, "agents", "id");
    // Messages of a topic, and those of a session without a topic.
    let messages = list(tables, "messages");
    let of = |at: usize| group(&messages[at]);
    let order = sorted(messages.len(), &|one, other| of(one) < of(other));
    let messages: Vec<_> = order.into_iter().map(|at| &messages[at]).collect();
    let mut all = Vec::new();
    for messages in messages.chunk_by(|one, other| group(one) == group(other)) {
        let (of_topic, of_session) = group(messages[0]);
        let found = topics.find(of_topic);
        let of_session = match of_session {
            "" => text(found, "sessionId"),
            own => own,
        };
        let session = sessions.find(of_session);
        let agent = agents.find(text(links.find(of_session), "agentId"));
        let agent = session.get("config").unwrap_or(agent);
        let name = format!("{of_session}\n{of_topic}");
        all.push(topic(&name, archive, [session, found, agent], messages));
    }
    all
}

/// Returns what the messages of a chat share.
fn group(message: &Value) -> (&str, &str) {
    (text(message, "topicId"), text(message, "sessionId"))
}

/// Rows, to be found by one of their fields.
struct Table<'a> {
    rows: &'a [Value],
    index: Index<'a>,
}

impl<'a> Table<'a> {
    fn of(tables: &'a Value, name: &str, field: &str) -> Self {
        let rows = list(tables, name);
        let index = index(rows.iter().map(|row| text(row, field)));
        Self { rows, index }
    }

    fn find(&self, value: &str) -> &'a Value {
        place(&self.index, value).map_or(&Value::Null, |at| &self.rows[at])
    }
}

fn created(message: &Value) -> f64 {
    time::millis(at(message, "createdAt"))
}

/// Parses the messages of a topic, within a session and with an agent.
fn topic(
    name: &str,
    archive: Archive<'_>,
    [session, topic, agent]: [&Value; 3],
    messages: &[&Value],
) -> Foreign {
    let mut conversation = Conversation::new("lobe-chat", name, archive);
    let meta = session.get("meta").unwrap_or(session);
    let title = first(&[(topic, "title"), (meta, "title"), (agent, "title")]);
    title.clone_into(&mut conversation.title);
    text(agent, "systemRole").clone_into(&mut conversation.system);
    conversation.models.push(text(agent, "model").to_owned());
    conversation.pinned = is(session, "pinned") || is(topic, "favorite");
    for tag in list(meta, "tags") {
        conversation.tag(tag.as_str().unwrap_or_default());
    }
    let order = sorted(messages.len(), &|one, other| {
        created(messages[one]) < created(messages[other])
    });
    let messages: Vec<_> = order.into_iter().map(|at| messages[at]).collect();
    let ids: Vec<String> = (0..messages.len()).map(|at| at.to_string()).collect();
    let index = index(messages.iter().map(|message| text(message, "id")));
    let mut nodes: Vec<Node<'_>> = Vec::new();
    // For each message, the last message of a tool that continues it.
    let mut tails: Vec<Option<usize>> = vec![None; messages.len()];
    // The last message of each thread.
    let mut threads: Vec<(&str, usize)> = Vec::new();
    let id_of = |at: usize| match text(messages[at], "id") {
        "" => ids[at].as_str(),
        own => own,
    };
    for (at, value) in messages.iter().enumerate() {
        conversation.used = conversation.used.max(created(value));
        let role = match text(value, "role") {
            "user" => Role::Question,
            "system" => {
                add(&mut conversation.system, text(value, "content"));
                continue;
            }
            _ => Role::Answer,
        };
        let thread = text(value, "threadId");
        let own_thread = place_of(&threads, thread);
        let before = own_thread.or_else(|| place_of(&threads, ""));
        let before = before.map(|place| threads[place].1);
        let parent = place(&index, text(value, "parentId")).filter(|parent| *parent < at);
        let mut after = parent.or(before);
        if role == Role::Answer {
            after = after.map(|after| tails[after].unwrap_or(after));
        }
        if matches!(text(value, "role"), "tool" | "function") {
            for before in [after, parent].into_iter().flatten() {
                tails[before] = Some(at);
            }
        }
        match own_thread {
            Some(place) => threads[place].1 = at,
            None if threads.len() < MAX_THREADS => threads.push((thread, at)),
            None => {}
        }
        nodes.push(Node {
            id: id_of(at),
            after: after.map_or("", id_of),
            role,
            value,
        });
    }
    let tree = Tree::new(nodes, "", question, answer);
    // A thread is beside the topic.
    let last = place_of(&threads, "").and_then(|at| tree.find(id_of(threads[at].1)));
    let last = last.or(tree.last());
    tree.read(conversation, last)
}

fn place_of(threads: &[(&str, usize)], name: &str) -> Option<usize> {
    threads.iter().position(|(other, _)| *other == name)
}

fn question(conversation: &mut Conversation<'_>, turn: &mut Turn, message: &Value) {
    text(message, "content").clone_into(&mut turn.prompt);
    let lists = ["imageList", "fileList", "videoList"];
    let lists = lists.into_iter().flat_map(|field| list(message, field));
    let files: Vec<_> = lists.collect();
    for file in &files {
        let name = first(&[(file, "name"), (file, "alt"), (file, "id")]);
        let content = match text(file, "content") {
            "" => data(text(file, "url")),
            content => content,
        };
        conversation.attach(turn, name, content);
    }
    // Files of older versions are kept elsewhere.
    for file in list(message, "files").iter().filter(|_| files.is_empty()) {
        let name = file.as_str().unwrap_or_else(|| text(file, "name"));
        conversation.attach(turn, name, "");
    }
}

fn answer(conversation: &mut Conversation<'_>, answer: &mut Answer, message: &Value) {
    add(
        &mut answer.reasoning,
        text(at(message, "reasoning"), "content"),
    );
    let said = text(message, "content");
    if matches!(text(message, "role"), "tool" | "function") {
        let plugin = at(message, "plugin");
        // A call is also in the message before, except in older versions.
        let name = text(plugin, "apiName");
        let is_known = answer
            .extras
            .iter()
            .rev()
            .take(16)
            .any(|extra| extra.name == name);
        if !name.is_empty() && !is_known {
            tool(answer, name, at(plugin, "arguments"), "");
        }
        output(answer, said);
        return;
    }
    add(&mut answer.text, said);
    for call in list(message, "tools") {
        let result = text(at(call, "result"), "content");
        tool(answer, text(call, "apiName"), at(call, "arguments"), result);
    }
    for page in list(at(message, "search"), "citations") {
        source(answer, page);
    }
    let extra = at(message, "extra");
    let model = first(&[
        (message, "model"),
        (message, "fromModel"),
        (extra, "fromModel"),
    ]);
    if !model.is_empty() {
        model.clone_into(&mut answer.model);
    }
    let metadata = at(message, "metadata");
    for usage in [metadata, at(metadata, "usage"), at(message, "usage")] {
        let metrics = &mut answer.metrics;
        metrics.input = count(usage, &["totalInputTokens", "inputTokens"]).or(metrics.input);
        metrics.output = count(usage, &["totalOutputTokens", "outputTokens"]).or(metrics.output);
        metrics.reasoning = count(usage, &["outputReasoningTokens"]).or(metrics.reasoning);
    }
    conversation.foreign.lacks_files |= !list(message, "imageList").is_empty();
    let error = at(message, "error");
    if error.is_object() {
        answer.outcome = failed(first(&[(error, "message"), (error, "type")]));
    }
    // A group's messages; they have no children of their own.
    for block in list(message, "children") {
        if list(block, "children").is_empty() {
            self::answer(conversation, answer, block);
        }
    }
}
