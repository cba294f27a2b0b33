//! Import of Backend.AI `WebUI`'s history in localStorage, under
//! `backendaiwebui.cache.chat_history`: the value, or an object that has it by that key.
//!
//! Source: lablup/backend.ai-webui, `react/src/components/Chat/ChatHistory.ts`
//! (`createLocalStorageCache`, `ChatHistoryData`) and `ChatModel.tsx` (`ChatData`,
//! `ChatParameters`). The value is a list of pairs `[id, {id, label, chats, updatedAt}]`; `chats`
//! are cards with `sync`, `usingParameters`, `parameters`, `provider` and `messages`. A message is
//! the `UIMessage` of Vercel's AI SDK: `{id, role, parts}` with parts `text`, `reasoning` and
//! `file`; before its version 5 also `content`, `reasoning` and `experimental_attachments`. A
//! provider's `apiKey` is never read.

use serde_json::Value;

use super::{
    fields::{add, list, text},
    foreign::{Archive, Conversation, Foreign, UNKNOWN},
    time,
};
use crate::chat::{
    Card, Outcome, Params,
    params::{Param, Setting},
};

/// Returns whether this is an entry of that history, as a pair or alone.
pub(super) fn is_one(value: &Value) -> bool {
    let entry = entry(value);
    let is_card = |card: &Value| card.get("messages").is_some_and(Value::is_array);
    let cards = entry.get("chats").and_then(Value::as_array);
    cards.is_some_and(|cards| cards.iter().all(is_card)) && entry.get("label").is_some()
}

fn entry(value: &Value) -> &Value {
    value.get(1).unwrap_or(value)
}

/// Parses an entry.
pub(super) fn read(value: &Value, archive: Archive<'_>) -> Foreign {
    let entry = entry(value);
    let own = value.get(0).and_then(Value::as_str);
    let own = own.unwrap_or_else(|| text(entry, "id"));
    let updated = entry.get("updatedAt").unwrap_or(&Value::Null);
    let name = if own.is_empty() {
        format!("{}\n{updated}", text(entry, "label"))
    } else {
        own.to_owned()
    };
    let mut conversation = Conversation::new("backend.ai-webui", &name, archive);
    let cards = list(entry, "chats").iter();
    let cards: Vec<_> = cards
        .map(|card| read_card(&mut conversation, card))
        .collect();
    // The label is the start of the first prompt, or a default: the page derives a title itself.
    let first = cards.first().and_then(|card| card.turns.first());
    let label = text(entry, "label").trim();
    let continues = |prompt: &str| match prompt.trim().strip_prefix(label) {
        Some(rest) => !rest.is_empty() && !rest.starts_with("\n["),
        None => true,
    };
    let is_own = first.is_none_or(|turn| continues(&turn.prompt));
    if is_own && label != "Chat" {
        label.clone_into(&mut conversation.title);
    }
    conversation.used = time::millis(updated);
    conversation.push(cards);
    conversation.foreign
}

fn read_card(conversation: &mut Conversation<'_>, value: &Value) -> Card {
    let mut card = conversation.card(text(value, "id"));
    card.synced = value.get("sync") != Some(&Value::Bool(false));
    let model = text(value.get("provider").unwrap_or(&Value::Null), "modelId");
    // Placeholder for a model whose name is typed elsewhere.
    let model = Some(model).filter(|model| !model.is_empty() && *model != "custom");
    card.model = model.map(ToOwned::to_owned);
    let agent = value.get("agent").unwrap_or(&Value::Null);
    text(agent, "systemPrompt").clone_into(&mut card.system);
    card.params = params(value);
    let mut asked = None;
    for (place, message) in list(value, "messages").iter().enumerate() {
        let own = text(message, "id");
        let own = if own.is_empty() {
            place.to_string()
        } else {
            own.to_owned()
        };
        match text(message, "role") {
            "user" => {
                // A retried prompt appears twice.
                if asked.as_ref() == Some(&own) {
                    continue;
                }
                let mut turn = conversation.turn(card.id, &own, said(message).1);
                for (name, content) in files(message) {
                    conversation.attach(&mut turn, name, &content.unwrap_or_default());
                }
                card.turns.push(turn);
                asked = Some(own);
            }
            "assistant" => {
                let mut answer = conversation.answer(&own, model.unwrap_or(UNKNOWN));
                (answer.reasoning, answer.text) = said(message);
                answer.outcome = Outcome::Complete;
                let output = message
                    .get("metadata")
                    .and_then(|metadata| metadata.get("outputTokens"));
                let output = output.and_then(Value::as_u64);
                answer.metrics.output = output.and_then(|count| u32::try_from(count).ok());
                if card.turns.is_empty() {
                    let turn = conversation.turn(card.id, "", String::new());
                    card.turns.push(turn);
                }
                if let Some(turn) = card.turns.last_mut() {
                    turn.receive(answer);
                }
            }
            "system" => add(&mut card.system, &said(message).1),
            _ => {}
        }
    }
    card
}

/// Returns the reasoning and text of a message.
fn said(message: &Value) -> (String, String) {
    let (mut thoughts, mut words) = (String::new(), String::new());
    for part in list(message, "parts") {
        match text(part, "type") {
            "text" => words.push_str(text(part, "text")),
            "reasoning" => {
                add(&mut thoughts, text(part, "text"));
                add(&mut thoughts, text(part, "reasoning"));
            }
            _ => {}
        }
    }
    if words.is_empty() {
        text(message, "content").clone_into(&mut words);
    }
    if thoughts.is_empty() {
        text(message, "reasoning").clone_into(&mut thoughts);
    }
    (thoughts, words)
}

/// Returns the files of a message, with contents that are images or texts and still there.
fn files(message: &Value) -> impl Iterator<Item = (&str, Option<String>)> {
    let parts = list(message, "parts").iter();
    let parts = parts.filter(|part| text(part, "type") == "file");
    let parts = parts.map(|part| (part, text(part, "filename")));
    let before = list(message, "experimental_attachments").iter();
    let before = before.map(|file| (file, text(file, "name")));
    parts.chain(before).map(|(file, name)| {
        let url = text(file, "url");
        let content = match url.split_once(',') {
            Some((head, _)) if head.starts_with("data:image/") => Some(url.to_owned()),
            Some((head, code)) if head.starts_with("data:text/") && head.ends_with(";base64") => {
                crate::picture::bytes(code).and_then(|bytes| String::from_utf8(bytes).ok())
            }
            _ => None,
        };
        (name, content)
    })
}

fn params(card: &Value) -> Params {
    let mut params = Params {
        in_use: card.get("usingParameters") == Some(&Value::Bool(true)),
        ..Params::default()
    };
    let values = card.get("parameters").unwrap_or(&Value::Null);
    let names = [
        ("maxOutputTokens", Param::MaxTokens),
        ("maxTokens", Param::MaxTokens),
        ("temperature", Param::Temperature),
        ("topP", Param::TopP),
        ("topK", Param::TopK),
        ("frequencyPenalty", Param::FrequencyPenalty),
        ("presencePenalty", Param::PresencePenalty),
    ];
    // Parameters not in use are defaults.
    let names = names.into_iter().filter(|_| params.in_use);
    for (name, param) in names.collect::<Vec<_>>() {
        if let Some(value) = values.get(name).filter(|value| value.is_number()) {
            let value = value.clone();
            params.set(param, Setting { is_on: true, value });
        }
    }
    params
}
