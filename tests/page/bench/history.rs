//! Measures many chats: the storage they take, saving one among them, and searching them.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    load,
    load::Load,
    measure::Stage,
    report::{Bound::AtLeast, Case, Part, must},
    runs, shown, stored,
};

/// A large number of chats.
const MANY: usize = 5_000;

const FITS: &str = "times as much text fits";

/// Returns a stored chat, as key and JSON: this many cards, each with a question and its answer.
fn chat(number: usize, cards: usize, text: impl Fn(usize) -> String) -> (String, Value) {
    let id = format!("{:016x}", 0x1000_0000 + number);
    let cards = (0..cards).map(|card| {
        json!({
            "id": format!("{:016x}", (0x19a_0000_0000_u64 + number as u64) << 20 | card as u64),
            "endpoint": "0000000000000001", "model": "llama-3.3-70b-instruct", "name": "", "colour": 0,
            "system": "", "params": { "in_use": false }, "synced": true, "draft": "",
            "turns": [{
                "id": format!("{:016x}", (0x19b_0000_0000_u64 + number as u64) << 20 | card as u64),
                "prompt": format!("What does part {number} say?"),
                "answer": {
                    "id": format!("{:016x}", (0x19c_0000_0000_u64 + number as u64) << 20 | card as u64),
                    "model": "llama-3.3-70b-instruct", "text": text(card), "outcome": "complete",
                    "metrics": {
                        "first_token": 312, "thinking": null, "decoding": 8123, "input": 87,
                        "output": 512, "speed": null,
                    },
                },
            }],
        })
    });
    let chat = json!({
        "id": id, "title": "", "used": 1_763_900_000_000_u64 + 60_000 * number as u64, "draft": "",
        "cards": cards.collect::<Vec<_>>(),
    });
    (format!("collate.v2.chat.{id}"), chat)
}

/// Returns about this many bytes of a text, from a place in it that depends on a number.
fn piece(text: &str, number: usize, bytes: usize) -> String {
    let mut begin = number * 7919 % (text.len() - bytes);
    while !text.is_char_boundary(begin) {
        begin += 1;
    }
    let mut end = (begin + bytes).min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[begin..end].to_owned()
}

/// Measures how much more text fits when compressed.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a benchmark: script/bench"]
async fn packed() {
    let mut part = Part::new(
        "Chats in localStorage",
        "Chats are written until the browser refuses, as raw JSON and packed; the texts are the load's \
         document, the manual, and the manual in Korean",
    );
    let english: String = (0..400).map(load::section).collect();
    let manual = include_str!("../../../docs/manual.md");
    let korean = include_str!("../../../docs/manual.ko.md");
    let stage = Stage::open("").await;
    let cases: [(&str, &str, usize, usize); 5] = [
        ("English with code, 1 card of 4 kB", &english, 1, 4_000),
        ("English with code, 3 cards of 4 kB", &english, 3, 4_000),
        ("English prose, 2 cards of 2 kB", manual, 2, 2_000),
        ("Korean, 1 card of 4 kB", korean, 1, 4_000),
        ("Korean, 2 cards of 2 kB", korean, 2, 2_000),
    ];
    for (name, text, cards, bytes) in cases {
        let chats = (0..300).map(|n| chat(n, cards, |card| piece(text, n * 3 + card, bytes)).1);
        let chats: Vec<_> = chats.map(|chat| chat.to_string()).collect();
        let packed: Vec<_> = chats
            .iter()
            .map(|chat| collate::compression::compress(chat))
            .collect();
        let (chats, packed) = (
            serde_json::to_string(&chats).unwrap(),
            serde_json::to_string(&packed).unwrap(),
        );
        stage.browser.go("/").await;
        let script = format!(
            "(() => {{
                const [chats, packed] = [{chats}, {packed}];
                const fill = (stored) => {{
                    localStorage.clear();
                    let fits = 0;
                    for (let n = 0; ; n++) {{
                        const key = 'collate.v2.chat.' + n.toString(16).padStart(16, '0');
                        try {{ localStorage.setItem(key, stored[n % chats.length]); }} catch {{ break; }}
                        fits += chats[n % chats.length].length;
                    }}
                    localStorage.clear();
                    return fits;
                }};
                return fill(packed) / fill(chats);
            }})()"
        );
        let all = [vec![(FITS, stage.number(&script).await)]];
        let case = part.add(Case::new(name, &all));
        must(format!("{name}: {FITS}"), AtLeast(4.0), case.median(FITS));
    }
    part.end();
    stage.close().await;
}

/// Stores this many chats beside the measured one.
async fn fill(stage: &Stage, chats: usize) {
    let korean = include_str!("../../../docs/manual.ko.md");
    let english: String = (0..100).map(load::section).collect();
    let text = |n: usize| {
        let text = if n.is_multiple_of(2) {
            &*english
        } else {
            korean
        };
        piece(text, n, 1_500)
    };
    // The page compresses chats that are not open, too. A script has its limits, so this runs in parts.
    for from in (0..chats).step_by(500) {
        let part = (from..chats.min(from + 500)).map(|n| chat(n, 1, |_| text(n)));
        let part: Vec<_> = part
            .map(|(key, chat)| {
                let text = chat.to_string();
                [key, collate::compression::compress(&text), text]
            })
            .collect();
        let script = format!(
            "(() => {{
                for (const [key, packed, text] of {}) {{
                    localStorage.setItem(key, packed);
                    const {{ id, used, cards: [{{ model, turns: [{{ prompt }}] }}] }} = JSON.parse(text);
                    localStorage.setItem(key.replace('.chat.', '.entry.'),
                        JSON.stringify({{ id, title: prompt, used, models: [model] }}));
                }}
                return 1;
            }})()",
            serde_json::to_string(&part).unwrap()
        );
        stage.number(&script).await;
    }
}

/// Measures the saving of one answer, with few and with many chats stored.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a benchmark: script/bench"]
async fn saving() {
    let mut part = Part::new(
        "An answer of 1,000 tokens in 10 seconds, with other chats stored",
        "The whole page's main thread, and of it the calls of localStorage.setItem",
    );
    let load = Load::start().await;
    for chats in [10, MANY] {
        let mut all = Vec::new();
        for _ in 0..runs(3) {
            let watch =
                "const set = Storage.prototype.setItem; window.saves = { count: 0, time: 0 };
                Storage.prototype.setItem = function (...args) {
                    const since = performance.now();
                    set.apply(this, args);
                    saves.count++; saves.time += performance.now() - since;
                }";
            let stage = Stage::open(watch).await;
            stage.browser.go("/").await;
            let model = load::model(1_000, 100);
            stage.store(&stored::cards(&[&load], &model, 1)).await;
            fill(&stage, chats).await;
            stage.browser.go(stored::PATH).await;
            let input = stage.browser.card(1).await.find("textbox", "Message").await;
            input.type_in("hello").await;
            stage.settled().await;
            let begin = stage.begin().await;
            stage.press("Enter", "\r").await;
            shown(&stage, &[&load], 1).await;
            let mut figures = stage.cost(Some(begin)).await;
            figures.push(("saved, times", stage.number("saves.count").await));
            let time = stage.number("saves.time / saves.count").await;
            figures.push(("setItem, each, ms", time));
            all.push(figures);
            stage.close().await;
        }
        part.add(Case::new(format!("{chats} chats stored"), &all));
    }
    part.end();
}

/// Measures how soon many chats are shown, and searched.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a benchmark: script/bench"]
async fn history() {
    let mut part = Part::new(
        "The history of 5,000 chats",
        "From the click, or from the last letter that is typed, until it is shown; no task of the page's \
         main thread in between should be long",
    );
    let mut all = Vec::new();
    for _ in 0..runs(3) {
        let (stage, load) = (Stage::open("").await, Load::start().await);
        stage.browser.go("/").await;
        stage.store(&stored::cards(&[&load], "long", 1)).await;
        fill(&stage, MANY).await;
        stage.browser.go(stored::PATH).await;
        stage.browser.card(1).await.find("textbox", "Message").await;
        // By then the page has tidied up after its start.
        tokio::time::sleep(Duration::from_secs(8)).await;
        let begin = stage.begin().await;
        let opened = stage
            .number(
                "new Promise((done) => {
                    const since = performance.now();
                    document.getElementById('history-button').click();
                    const look = () => document.querySelector('a.entry')
                        ? requestAnimationFrame(() => done(performance.now() - since))
                        : requestAnimationFrame(look);
                    look();
                })",
            )
            .await;
        let mut figures = vec![("opened, ms", opened)];
        let lines = stage
            .number("document.querySelectorAll('a.entry').length")
            .await;
        figures.push(("lines on the page", lines));
        let search = |typed: &str| {
            format!(
                "new Promise((done) => {{
                    const field = document.querySelector('[type=search]');
                    const since = performance.now();
                    field.value = {typed:?};
                    field.dispatchEvent(new InputEvent('input', {{ bubbles: true }}));
                    const status = document.querySelector('.panel [role=status]');
                    const look = () => /found|No chat/.test(status.textContent)
                        ? requestAnimationFrame(() => done(performance.now() - since))
                        : requestAnimationFrame(look);
                    requestAnimationFrame(look);
                }})"
            )
        };
        for (name, typed) in [
            ("first search, which reads all chats, ms", "part 4321"),
            ("next letters: «방법», ms", "방법"),
            ("next letters: «ㅎㄱ», ms", "ㅎㄱ"),
            ("next letters: nothing found, ms", "zzzq"),
        ] {
            figures.push((name, stage.number(&search(typed)).await));
        }
        figures.extend(stage.cost(Some(begin)).await);
        all.push(figures);
        stage.close().await;
    }
    part.add(Case::new("5,000 chats", &all));
    part.end();
}
