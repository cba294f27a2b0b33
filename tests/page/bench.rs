//! Benchmarks: they print figures and assert none. `script/bench` runs them.

mod load;
mod measure;
mod report;
mod site;
mod stored;

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::support::{Browser, Endpoint};
use load::Load;
use measure::{Figures, MAIN_THREAD, Stage, WORST_TASK};
use report::{
    Bound::{AtLeast, AtMost},
    Case, Part, must,
};

const PER_TOKEN: &str = "main thread per token, ms";
const BEHIND: &str = "shown behind the last byte, s";

/// So many times is each case measured: `BENCH_RUNS`, else this often.
fn runs(default: usize) -> usize {
    let runs = std::env::var("BENCH_RUNS").ok();
    runs.and_then(|runs| runs.parse().ok()).unwrap_or(default)
}

/// Opens a new page with so many cards in sync and types a question. The page then has rest.
async fn ready(stage: &Stage, loads: &[&Load], model: &str, cards: usize) {
    stage.store(&stored::cards(loads, model, cards)).await;
    stage.browser.go(stored::PATH).await;
    let page = stage.browser.page();
    page.count("region", &format!("Chat card {cards}"), 1).await;
    let input = stage.browser.card(1).await.find("textbox", "Message").await;
    input.type_in("hello").await;
    stage.settled().await;
}

/// Waits until the answers of so many cards have left, and are shown; returns how long after their
/// last byte, in seconds.
async fn shown(stage: &Stage, loads: &[&Load], cards: usize) -> f64 {
    let mut sent = UNIX_EPOCH;
    for load in loads {
        sent = sent.max(load.ended(cards / loads.len()).await);
    }
    // Nothing looks at the page before.
    let shown = stage.number(&format!("probe.ended({cards})")).await;
    shown / 1e3 - seconds(sent)
}

fn seconds(time: SystemTime) -> f64 {
    let since = time.duration_since(UNIX_EPOCH);
    since.expect("it is after 1970").as_secs_f64()
}

/// What it costs to be answered by this model in so many cards of a page that was just loaded.
async fn answers(stage: &Stage, loads: &[&Load], model: &str, cards: usize) -> Figures {
    ready(stage, loads, model, cards).await;
    let begin = stage.begin().await;
    stage.press("Enter", "\r").await;
    let behind = shown(stage, loads, cards).await;
    let mut figures = stage.cost(Some(begin)).await;
    figures.push((BEHIND, behind));
    figures
}

/// Long answers, as fast as they go.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a benchmark: script/bench"]
async fn bursts() {
    let mut part = Part::new(
        "Bursts",
        "One answer as fast as it goes, in one card of a page that was just loaded, until the page rests",
    );
    let (stage, load) = (Stage::open("").await, Load::start().await);
    let mut worst = 0.0_f64;
    let mut behind = 0.0_f64;
    let mut before = None;
    let mut per_token = std::collections::HashMap::new();
    for tokens in [500, 1000, 2000, 4000, 16_000] {
        let model = load::model(tokens, 0);
        let mut all = Vec::new();
        for _ in 0..runs(3) {
            let mut figures = answers(&stage, &[&load], &model, 1).await;
            #[expect(clippy::cast_precision_loss, reason = "tokens are few")]
            let each = figures[0].1 * 1000.0 / tokens as f64;
            figures.push((PER_TOKEN, each));
            all.push(figures);
        }
        let mut case = Case::new(format!("{tokens} tokens"), &all);
        let each = case.median(PER_TOKEN);
        if let Some(before) = before.replace(each) {
            case.push("per token, times the case before", each / before);
        }
        per_token.insert(tokens, each);
        let case = part.add(case);
        behind = behind.max(case.median(BEHIND));
        if tokens <= 4000 {
            worst = worst.max(case.most(WORST_TASK));
        }
        for (limit, at) in [(0.25, 2000), (0.4, 4000)] {
            if tokens == at {
                let what = format!("burst of {tokens}: main thread, s");
                must(what, AtMost(limit), case.median(MAIN_THREAD));
            }
        }
        if tokens == 16_000 {
            must(
                "bursts up to 4000: worst task of all runs, ms",
                AtMost(50.0),
                worst,
            );
            must(
                "burst of 16000: worst task of all runs, ms",
                AtMost(50.0),
                case.most(WORST_TASK),
            );
        }
    }
    let growth = per_token[&16_000] / per_token[&4000];
    must(
        "per token at 16000, times that at 4000",
        AtMost(1.3),
        growth,
    );
    must(
        "bursts: shown behind the server's last byte, s",
        AtMost(0.3),
        behind,
    );
    part.end(&stage).await;
    stage.close().await;
}

/// Answers at a hundred tokens a second, beside a page that does the least.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a benchmark: script/bench"]
async fn paced() {
    let mut part = Part::new(
        "1000 tokens at 100/s",
        "Each card is answered at 100 tokens a second, four cards by an endpoint at most; the bare page \
         appends the same text to a paragraph once a frame",
    );
    let stage = Stage::open("").await;
    let (one, two) = (Load::start().await, Load::start().await);
    let model = load::model(1000, 100);
    let mut all = Vec::new();
    for _ in 0..runs(3) {
        stage.browser.go(site::BARE).await;
        let begin = stage.begin().await;
        let ask = format!("void ask('{}', '{model}')", one.base_url());
        stage.value(&ask).await;
        let behind = shown(&stage, &[&one], 1).await;
        let mut figures = stage.cost(Some(begin)).await;
        figures.push((BEHIND, behind));
        all.push(figures);
    }
    let bare = part.add(Case::new("a bare page", &all)).median(MAIN_THREAD);
    let mut single = f64::NAN;
    for cards in [1, 4, 8] {
        let loads: &[&Load] = if cards == 8 { &[&one, &two] } else { &[&one] };
        let mut all = Vec::new();
        for _ in 0..runs(3) {
            all.push(answers(&stage, loads, &model, cards).await);
        }
        let mut case = Case::new(format!("{cards} cards"), &all);
        let main_thread = case.median(MAIN_THREAD);
        match cards {
            1 => {
                single = main_thread;
                case.push("updates a second", updates(&stage, &one, &model).await);
                must(
                    "100/s, 1 card: main thread, s (a bare page's)",
                    AtMost(bare),
                    single,
                );
                let updates = case.median("updates a second");
                must("100/s, 1 card: updates a second", AtLeast(20.0), updates);
            }
            4 => must(
                "100/s, 4 cards: main thread, times 1 card's",
                AtMost(2.5),
                main_thread / single,
            ),
            _ => must(
                "100/s, 8 cards: worst task of all runs, ms",
                AtMost(50.0),
                case.most(WORST_TASK),
            ),
        }
        part.add(case);
    }
    part.end(&stage).await;
    stage.close().await;
}

/// In how many frames a second an answer's text grows, in a run that is not measured otherwise.
async fn updates(stage: &Stage, load: &Load, model: &str) -> f64 {
    ready(stage, &[load], model, 1).await;
    stage.value("probe.watchUpdates()").await;
    stage.press("Enter", "\r").await;
    shown(stage, &[load], 1).await;
    stage
        .number("(probe.updates.length - 1) / (probe.updates.at(-1) - probe.updates[0]) * 1000")
        .await
}

/// Types into one of 1, 4 and 20 cards in sync, and prints how long the page's main thread is at work for
/// each key, up to the frame that shows it: the tasks in Chromium's trace from a keydown to the next.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a benchmark: script/bench"]
async fn typing_in_twenty_cards() {
    for cards in [1, 4, 20] {
        let endpoint = Endpoint::start(&["m"]).await;
        let browser = Browser::open_traced().await;
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
        // Stored, not pressed together: the trace has room for a few seconds only.
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
        let text = "The quick brown fox jumps over the lazy dog. ".repeat(3);
        type_keys(&browser, &text).await;
        input.holds(&text).await;
        print_keys(cards, &browser.trace().await, 100);
        browser.close().await;
    }
}

/// Types as a fast typist does: a key each 60 milliseconds, 200 words a minute.
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
        tokio::time::sleep(Duration::from_millis(60)).await;
    }
}

/// Prints the milliseconds for each of the last keys in a trace.
fn print_keys(cards: usize, trace: &[Value], count: usize) {
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
    work.sort_by(f64::total_cmp);
    let at = |percent: usize| work[(work.len() - 1) * percent / 100];
    println!(
        "{cards:>2} cards, {} keys: main thread per key, median {:.1} ms, 95% {:.1} ms, most {:.1} ms; longest task {longest:.1} ms",
        work.len(),
        at(50),
        at(95),
        at(100),
    );
}
