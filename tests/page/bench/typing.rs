//! Measures the cost of a key.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{
    load::{self, Load},
    measure::{Figures, Stage},
    ready,
    report::{self, Case, Part},
    runs, shown,
};
use crate::support::{Browser, Endpoint};

/// A fast typist's pace: 200 words a minute.
const PACE: Duration = Duration::from_millis(60);

const TEXT: &str = "The quick brown fox jumps over the lazy dog. ";

/// Names for the median, the 95th percentile and the maximum of some values.
type Names = [&'static str; 3];

const PER_KEY: Names = [
    "main thread per key, median ms",
    "main thread per key, 95% ms",
    "main thread per key, most ms",
];
const BETWEEN: Names = [
    "from key to key, median ms",
    "from key to key, 95% ms",
    "from key to key, most ms",
];
/// Excludes the answers' own work in that time.
const FOR_KEY: Names = [
    "of it for the key, median ms",
    "of it for the key, 95% ms",
    "of it for the key, most ms",
];
const WITHOUT: Names = [
    "60 ms without a key, median ms",
    "60 ms without a key, 95% ms",
    "60 ms without a key, most ms",
];
const TO_FRAME: Names = [
    "from key to frame, median ms",
    "from key to frame, 95% ms",
    "from key to frame, most ms",
];

fn spread(names: Names, mut values: Vec<f64>) -> Figures {
    values.sort_by(f64::total_cmp);
    let at = |percent: usize| values[(values.len() - 1) * percent / 100];
    names.into_iter().zip([50, 95, 100].map(at)).collect()
}

/// Types into one of 1, 4 and 20 cards in sync, and reports the work of the page's main thread for each
/// key, up to the frame that shows it: the tasks in Chromium's trace from a keydown to the next.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a benchmark: script/bench"]
async fn typing_in_twenty_cards() {
    let mut part = Part::new(
        "Typing in cards in sync",
        "A key each 60 ms in cards at rest: all that the main thread does from a key to the next",
    );
    for cards in [1, 4, 20] {
        let endpoint = Endpoint::start(&["m"]).await;
        let browser = Browser::open_traced().await;
        report::note_browser(&browser).await;
        browser
            .card(1)
            .await
            .connect(&endpoint.base_url(), "")
            .await;
        browser
            .card(1)
            .await
            .find("combobox", "Model")
            .await
            .holds("m")
            .await;
        // Storing the cards saves clicks: the trace has room for a few seconds only.
        let store = format!(
            "const key = Object.keys(localStorage).find((key) => key.includes('.chat.'));
            const chat = JSON.parse(localStorage[key]);
            chat.cards = Array.from({{ length: {cards} }}, (_, n) =>
                ({{ ...chat.cards[0], id: (n + 1).toString(16).padStart(16, '0') }}));
            localStorage[key] = JSON.stringify(chat);"
        );
        browser.card(1).await.send("hello").await;
        browser.card(1).await.logs("m heard: hello").await;
        browser.card(1).await.find("button", "Send").await;
        browser.script(&store).await;
        browser.reload().await;
        browser
            .page()
            .count("region", &format!("Chat card {cards}"), 1)
            .await;
        let input = browser.card(1).await.find("textbox", "Message").await;
        input.click().await;
        let text = TEXT.repeat(3);
        type_keys(&browser, &text).await;
        input.holds(&text).await;
        let keys = keys(&browser.trace().await, 100);
        part.add(Case::new(report::cards(cards), &[keys]));
        browser.close().await;
    }
    part.end();
}

/// Types into one of 8 cards in sync while all of them are answering.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a benchmark: script/bench"]
async fn typing_while_eight_answer() {
    let mut part = Part::new(
        "Typing in 8 cards in sync while all are answering",
        "A key each 60 ms, or when the browser has taken the one before; 1000 tokens at 100/s in each card \
         from two endpoints: all that the main thread does from a key to the next, answers and all",
    );
    let stage = Stage::open("").await;
    let loads = [&Load::start().await, &Load::start().await];
    let mut all = Vec::new();
    for _ in 0..runs(3) {
        ready(&stage, &loads, &load::model(1000, 100), 8).await;
        let begin = stage.begin().await;
        stage.press("Enter", "\r").await;
        let mut due = Instant::now() + Duration::from_secs(1);
        let mut without = Windows::default();
        for _ in 0..30 {
            without.next(&stage, &mut due).await;
        }
        stage.value("probe.watchKeys()").await;
        let mut keys = Windows::default();
        for key in TEXT.repeat(2).chars() {
            if loads.iter().any(|load| load.has_ended()) {
                break;
            }
            keys.next(&stage, &mut due).await;
            let key = key.to_string();
            stage.press(&key, &key).await;
        }
        keys.next(&stage, &mut due).await;
        let to_frame = serde_json::from_value(stage.value("probe.keys").await).unwrap();
        shown(&stage, &loads, 8).await;
        let share = without.work.iter().sum::<f64>() / without.length.iter().sum::<f64>();
        let for_key = keys.work.iter().zip(&keys.length);
        let for_key = for_key
            .map(|(work, length)| work - share * length)
            .collect();
        let mut figures = spread(BETWEEN, keys.length);
        figures.extend(spread(PER_KEY, keys.work));
        figures.extend(spread(FOR_KEY, for_key));
        figures.extend(spread(WITHOUT, without.work));
        figures.extend(spread(TO_FRAME, to_frame));
        figures.extend(stage.cost(Some(begin)).await);
        all.push(figures);
    }
    part.add(Case::new("8 cards", &all));
    part.end();
    stage.close().await;
}

/// The main thread's work between two beats, in milliseconds.
#[derive(Default)]
struct Windows {
    before: Option<(Instant, f64)>,
    work: Vec<f64>,
    length: Vec<f64>,
}

impl Windows {
    /// Waits for the next beat, and records the work since the one before. A missed beat delays the
    /// next ones.
    async fn next(&mut self, stage: &Stage, due: &mut Instant) {
        tokio::time::sleep_until((*due).into()).await;
        *due = (*due + PACE).max(Instant::now());
        let now = stage.reading().await.task();
        let at = Instant::now();
        if let Some((before_at, before)) = self.before.replace((at, now)) {
            self.work.push((now - before) * 1e3);
            self.length.push((at - before_at).as_secs_f64() * 1e3);
        }
    }
}

/// Types like a fast typist: a key every 60 milliseconds, 200 words a minute.
async fn type_keys(browser: &Browser, text: &str) {
    let cdp = browser.driver.cdp();
    for letter in text.chars() {
        for kind in ["keyDown", "keyUp"] {
            let text = if kind == "keyDown" {
                letter.to_string()
            } else {
                String::new()
            };
            let key = json!({ "type": kind, "text": text, "key": letter.to_string() });
            cdp.send_raw("Input.dispatchKeyEvent", key).await.unwrap();
        }
        tokio::time::sleep(PACE).await;
    }
}

/// Returns the milliseconds for each of the last keys in a trace.
fn keys(trace: &[Value], count: usize) -> Figures {
    let time = |event: &Value| event["ts"].as_f64().unwrap();
    let duration = |event: &Value| event["dur"].as_f64().unwrap_or_default();
    let thread = |event: &Value| (event["pid"].clone(), event["tid"].clone());
    let mut keys: Vec<_> = trace
        .iter()
        .filter(|event| {
            event["name"] == "EventDispatch" && event["args"]["data"]["type"] == "keydown"
        })
        .collect();
    keys.drain(..keys.len().saturating_sub(count));
    let main = thread(keys.first().expect("the trace has the keys"));
    let mut work = vec![0.0; keys.len()];
    let mut longest = 0.0_f64;
    let tasks = trace.iter().filter(|event| {
        let name = event["name"].as_str().unwrap_or_default();
        name == "ThreadControllerImpl::RunTask" && thread(event) == main
    });
    for task in tasks {
        // A task that began before its key's event belongs to that key.
        let end = time(task) + duration(task);
        if let Some(key) = keys.iter().rposition(|key| end > time(key)) {
            work[key] += duration(task) / 1000.0;
            longest = longest.max(duration(task) / 1000.0);
        }
    }
    spread(PER_KEY, work)
        .into_iter()
        .chain([("longest task, ms", longest)])
        .collect()
}
