//! Import of chats exported by Open `WebUI`: «Export chats», or a single one.
//!
//! Source: open-webui/open-webui, `ChatResponse` in `backend/open_webui/models/chats.py` for
//! `{id, title, chat, created_at, updated_at, pinned, meta}`, times in seconds; `submitPrompt` and
//! `sendMessage` in `src/lib/components/chat/Chat.svelte` for `chat.history`, a tree of messages by
//! identifier with `parentId`, `childrenIds` and `currentId`; `convertMessagesToHistory` in
//! `src/lib/utils/index.ts` for chats with `messages` only. Models side by side answer the same
//! message and differ by `modelIdx`. Reasoning is within the content, in
//! `<details type="reasoning">`.

use std::{borrow::Cow, collections::BTreeSet};

use serde_json::{Map, Value};

use super::{
    foreign::{Conversation, Foreign, UNKNOWN, add, answered, list, text},
    time,
};
use crate::chat::{Answer, Card, Failure, Outcome, Turn};

/// Maximum number of models side by side; further ones join the last.
const MAX: usize = 16;

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

/// Parses a chat; None if it is empty.
pub(super) fn read(value: &Value) -> Option<Foreign> {
    let chat = inner(value);
    let title = [value, chat].map(|from| text(from, "title"));
    let title = title.into_iter().find(|title| !title.is_empty());
    let title = title.filter(|title| *title != "New Chat").unwrap_or("");
    let times = [
        value.get("updated_at"),
        value.get("created_at"),
        chat.get("timestamp"),
        value.get("timestamp"),
    ];
    let used = times.into_iter().flatten().map(time::millis);
    let used = used.into_iter().find(|time| *time > 0.0);
    let own = [value, chat].map(|from| text(from, "id"));
    let own = own.into_iter().find(|id| !id.is_empty());
    let name = own.map_or_else(
        || format!("{title}\n{}", used.unwrap_or_default()),
        ToOwned::to_owned,
    );
    let mut reader = Reader {
        conversation: Conversation::new("open-webui", &name),
        cards: Vec::new(),
        system: [
            text(chat, "system"),
            text(chat.get("params").unwrap_or(&Value::Null), "system"),
        ]
        .into_iter()
        .find(|system| !system.is_empty())
        .unwrap_or_default()
        .to_owned(),
        model: match list(chat, "models") {
            [only] => only.as_str().unwrap_or_default().to_owned(),
            _ => String::new(),
        },
    };
    let history = chat.get("history").unwrap_or(&Value::Null);
    match history.get("messages").and_then(Value::as_object) {
        Some(messages) if !messages.is_empty() => {
            let tree = Tree(messages);
            let path = tree.path(history.get("currentId").unwrap_or(&Value::Null));
            reader.take_path(&tree, &path);
        }
        _ => reader.take_list(list(chat, "messages")),
    }
    let Reader {
        mut conversation,
        mut cards,
        system,
        ..
    } = reader;
    let models = list(chat, "models").iter().map(Value::as_str);
    let mut models = models.collect::<Vec<_>>().into_iter();
    for card in &mut cards {
        card.system.clone_from(&system);
        let last = card
            .turns
            .iter()
            .rev()
            .find_map(|turn| turn.answer.as_ref());
        let last = last.map(|answer| answer.model.as_str());
        let chosen = models.next().flatten().filter(|model| !model.is_empty());
        let model = last.filter(|model| *model != UNKNOWN).or(chosen);
        card.model = model.map(ToOwned::to_owned);
    }
    // Drops the cards of unused places.
    cards.retain(|card| !card.turns.is_empty());
    conversation.foreign.chat.pinned = value.get("pinned") == Some(&Value::Bool(true));
    let meta = value.get("meta").unwrap_or(&Value::Null);
    for tag in list(meta, "tags").iter().chain(list(chat, "tags")) {
        let tag = tag.as_str().unwrap_or_else(|| text(tag, "name")).trim();
        let tags = &mut conversation.foreign.chat.tags;
        if !tag.is_empty() && tags.len() < MAX && !tags.iter().any(|other| other == tag) {
            tags.push(tag.to_owned());
        }
    }
    conversation.finish(title, used.unwrap_or_default(), cards)
}

/// Messages that refer to each other.
struct Tree<'a>(&'a Map<String, Value>);

impl<'a> Tree<'a> {
    fn children(&self, id: &str) -> impl Iterator<Item = &'a str> + use<'a> {
        let message = self.0.get(id).unwrap_or(&Value::Null);
        list(message, "childrenIds")
            .iter()
            .filter_map(Value::as_str)
    }

    /// Returns the messages from the first to the current one; without one, to the newest.
    fn path(&self, current: &Value) -> Vec<&'a str> {
        let current = current.as_str().and_then(|id| self.0.get_key_value(id));
        let time = |message: &Value| message.get("timestamp").map_or(0.0, time::millis);
        let newest = || {
            let all = self.0.iter();
            all.max_by(|(_, one), (_, other)| time(one).total_cmp(&time(other)))
        };
        let mut path = Vec::new();
        let mut seen = BTreeSet::new();
        let mut next = current.or_else(newest);
        while let Some((id, message)) = next.filter(|(id, _)| seen.insert(id.as_str())) {
            path.push(id.as_str());
            next = self.0.get_key_value(text(message, "parentId"));
        }
        path.reverse();
        path
    }
}

/// A chat being parsed.
struct Reader {
    conversation: Conversation,
    cards: Vec<Card>,
    system: String,
    /// The chosen model, if only one: the default for answers without a model. Else empty.
    model: String,
}

impl Reader {
    fn take_path(&mut self, tree: &Tree<'_>, path: &[&str]) {
        for (place, id) in path.iter().enumerate() {
            let Some(message) = tree.0.get(*id) else {
                continue;
            };
            match text(message, "role") {
                "user" => {
                    let parent = text(message, "parentId");
                    let is_question = |other: &str| {
                        let other = tree.0.get(other);
                        other.is_some_and(|other| text(other, "role") == "user")
                    };
                    let mut siblings = tree.children(parent).filter(|other| other != id);
                    if siblings.any(is_question) {
                        self.conversation.foreign.has_branches = true;
                    }
                    let answers: Vec<_> = tree
                        .children(id)
                        .filter_map(|id| Some((id, tree.0.get(id)?)))
                        .filter(|(_, message)| text(message, "role") == "assistant")
                        .collect();
                    let next = path.get(place + 1).copied();
                    let others = answers.iter().filter(|(id, _)| Some(*id) != next);
                    let mut below = others.flat_map(|(id, _)| tree.children(id));
                    if below.any(is_question) {
                        self.conversation.foreign.has_branches = true;
                    }
                    self.take_question(id, message, &answers, next);
                }
                "system" => add(&mut self.system, text(message, "content")),
                "assistant" => {
                    let before = place.checked_sub(1).and_then(|before| path.get(before));
                    let before = before.and_then(|before| tree.0.get(*before));
                    if before.is_none_or(|before| text(before, "role") != "user") {
                        self.take_more(id, message);
                    }
                }
                _ => {}
            }
        }
    }

    /// Parses messages in a row, the only form of the first versions.
    fn take_list(&mut self, messages: &[Value]) {
        let mut rest = messages.iter().enumerate().peekable();
        while let Some((place, message)) = rest.next() {
            let own = text(message, "id");
            let id = if own.is_empty() {
                place.to_string()
            } else {
                own.to_owned()
            };
            match text(message, "role") {
                "user" => {
                    let mut answers = Vec::new();
                    while let Some((place, answer)) =
                        rest.next_if(|(_, next)| text(next, "role") == "assistant")
                    {
                        answers.push((place.to_string(), answer));
                    }
                    let answers = answers.iter().map(|(id, answer)| (id.as_str(), *answer));
                    self.take_question(&id, message, &answers.collect::<Vec<_>>(), None);
                }
                "system" => add(&mut self.system, text(message, "content")),
                "assistant" => self.take_more(&id, message),
                _ => {}
            }
        }
    }

    /// Returns the card at a model's place; creates it and those before it if needed.
    fn card(&mut self, place: usize) -> &mut Card {
        while self.cards.len() <= place {
            let card = self.conversation.card(&self.cards.len().to_string());
            self.cards.push(card);
        }
        &mut self.cards[place]
    }

    fn turn(&mut self, place: usize, id: &str, message: &Value) -> Turn {
        let card = self.card(place).id;
        let prompt = text(message, "content").to_owned();
        let mut turn = self.conversation.turn(card, id, prompt);
        for file in list(message, "files") {
            let inner = file.get("file").unwrap_or(&Value::Null);
            let data = inner.get("data").unwrap_or(&Value::Null);
            let url = text(file, "url");
            let content = [url, text(data, "content")]
                .into_iter()
                .zip([url.starts_with("data:"), text(file, "type") != "image"])
                .find(|(content, is_content)| *is_content && !content.is_empty());
            let content = content.map(|(content, _)| content.to_owned());
            let names = [
                text(file, "name"),
                text(inner, "filename"),
                text(file, "type"),
            ];
            let name = names.into_iter().find(|name| !name.is_empty());
            self.conversation
                .attach(&mut turn, name.unwrap_or_default(), content);
        }
        turn
    }

    /// Parses a prompt with its answers: each model's in a card of its own, several of one model as
    /// variants. The shown one is that which the conversation continues.
    fn take_question(
        &mut self,
        id: &str,
        message: &Value,
        answers: &[(&str, &Value)],
        next: Option<&str>,
    ) {
        let mut models: Vec<&str> = Vec::new();
        let mut by_card: Vec<Vec<(&str, &Value)>> = Vec::new();
        for (id, answer) in answers {
            let model = text(answer, "model");
            let number = answer.get("modelIdx").and_then(Value::as_u64);
            let place = number.and_then(|number| usize::try_from(number).ok());
            let place = place.unwrap_or_else(|| {
                let known = models.iter().position(|other| *other == model);
                known.unwrap_or_else(|| {
                    if models.len() < MAX {
                        models.push(model);
                    }
                    models.len() - 1
                })
            });
            let place = place.min(MAX - 1);
            if by_card.len() <= place {
                by_card.resize(place + 1, Vec::new());
            }
            by_card[place].push((id, answer));
        }
        if answers.is_empty() {
            // The prompt was for all models.
            by_card.resize(self.cards.len().max(1), Vec::new());
        }
        let none = answers.is_empty();
        for (place, answers) in by_card.into_iter().enumerate() {
            if answers.is_empty() && !none {
                continue;
            }
            let mut turn = self.turn(place, id, message);
            let shown = answers.iter().position(|(id, _)| Some(*id) == next);
            let read = answers.iter().map(|(id, answer)| self.answer(id, answer));
            let read = read.collect::<Vec<_>>();
            answered(&mut turn, read, shown);
            self.card(place).turns.push(turn);
        }
    }

    /// Parses an answer without a prompt: it continues the previous answer, or starts the chat.
    fn take_more(&mut self, id: &str, message: &Value) {
        let answer = self.answer(id, message);
        let last = self
            .cards
            .first_mut()
            .and_then(|card| card.turns.last_mut());
        if let Some(before) = last.and_then(|turn| turn.answer.as_mut()) {
            add(&mut before.text, &answer.text);
            add(&mut before.reasoning, &answer.reasoning);
            before.outcome = answer.outcome;
            return;
        }
        let card = self.card(0).id;
        let mut turn = self.conversation.turn(card, id, String::new());
        turn.answer = Some(answer);
        self.card(0).turns.push(turn);
    }

    fn answer(&mut self, id: &str, message: &Value) -> Answer {
        let models = [text(message, "model"), &self.model];
        let model = models.into_iter().find(|model| !model.is_empty());
        let mut answer = self.conversation.answer(id, model.unwrap_or_default());
        (answer.reasoning, answer.text) = thoughts(text(message, "content"));
        let error = message.get("error").filter(|error| !error.is_null());
        let is_over = message.get("done") != Some(&Value::Bool(false));
        answer.outcome = match error {
            Some(Value::Bool(false)) | None if is_over => Outcome::Complete,
            Some(Value::Bool(false)) | None => Outcome::Interrupted,
            Some(error) => {
                let message = error.as_str().unwrap_or_else(|| text(error, "content"));
                let message = message.to_owned();
                Outcome::Failed(Failure::Reported {
                    message,
                    status: None,
                })
            }
        };
        let counted = ["usage", "info"]
            .into_iter()
            .find_map(|name| message.get(name));
        let counted = counted.unwrap_or(&Value::Null);
        let count = |names: [&str; 3]| {
            let mut counts = names
                .into_iter()
                .filter_map(|name| counted.get(name)?.as_u64());
            counts.next().and_then(|count| u32::try_from(count).ok())
        };
        answer.metrics.input = count(["prompt_tokens", "prompt_eval_count", "input_tokens"]);
        answer.metrics.output = count(["completion_tokens", "eval_count", "output_tokens"]);
        answer
    }
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
