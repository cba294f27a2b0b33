//! Chats as the page stores them, to begin a benchmark with.

use serde_json::{Value, json};

use super::load::{self, Load};

/// The path of the stored chat.
pub const PATH: &str = "/chat/00000000000000c1";

/// Its title in the history.
pub const TITLE: &str = "Benchmark";

/// Returns the keys and values of a chat with this many cards of this model. Each endpoint has its
/// share of them: over HTTP/1.1 a browser keeps at most six connections to one.
pub fn cards(endpoints: &[&Load], model: &str, cards: usize) -> Vec<(String, Value)> {
    let share = cards.div_ceil(endpoints.len());
    let cards = (0..cards).map(|card| {
        json!({
            "id": id(card + 1), "endpoint": id(card / share + 1), "model": model, "synced": true,
            "draft": "", "turns": [],
        })
    });
    values(endpoints, cards.collect())
}

/// Returns the keys and values of a chat with one card and this many turns, each with a long answer.
/// The last one has the document's end.
pub fn long(endpoint: &Load, turns: usize) -> Vec<(String, Value)> {
    let turns = (1..=turns).map(|turn| {
        // About 2,500 characters of the document, in all its forms.
        let sections = turn * 4..turn * 4 + 4;
        let mut text: String = sections.map(load::section).collect();
        if turn == turns {
            text.push_str(load::END);
        }
        json!({
            "id": id(turn), "prompt": format!("What does part {turn} say?"),
            "answer": { "model": "long", "text": text, "outcome": "complete" },
        })
    });
    let card = json!({
        "id": id(1), "endpoint": id(1), "model": "long", "synced": true, "draft": "",
        "turns": turns.collect::<Vec<_>>(),
    });
    values(&[endpoint], vec![card])
}

fn values(endpoints: &[&Load], cards: Vec<Value>) -> Vec<(String, Value)> {
    let endpoints = endpoints.iter().enumerate().map(|(number, endpoint)| {
        json!({
            "id": id(number + 1), "name": format!("load {}", number + 1),
            "base_url": endpoint.base_url(), "token": null,
        })
    });
    let endpoints = json!({ "list": endpoints.collect::<Vec<_>>() });
    let chat = PATH.rsplit('/').next().expect("a path has a last part");
    vec![
        ("collate.v2.endpoints".into(), endpoints),
        (
            format!("collate.v2.chat.{chat}"),
            json!({ "id": chat, "title": TITLE, "draft": "", "cards": cards }),
        ),
    ]
}

fn id(number: usize) -> String {
    format!("{number:016x}")
}
