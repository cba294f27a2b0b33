//! Benchmarks: they print figures and assert none. `script/bench` runs them.

mod answers;
mod device;
mod history;
pub mod load;
pub mod measure;
mod opening;
mod report;
pub mod site;
pub mod stored;
mod typing;

use std::time::{SystemTime, UNIX_EPOCH};

use load::Load;
use measure::{Figures, Stage};

const BEHIND: &str = "shown behind the last byte, s";

/// Returns the number of runs of each case: `BENCH_RUNS`, or else this default.
fn runs(default: usize) -> usize {
    let runs = std::env::var("BENCH_RUNS").ok();
    runs.and_then(|runs| runs.parse().ok()).unwrap_or(default)
}

/// Opens a new page with this many cards in sync, types a question, and waits until it rests.
async fn ready(stage: &Stage, loads: &[&Load], model: &str, cards: usize) {
    stage.store(&stored::cards(loads, model, cards)).await;
    stage.browser.go(stored::PATH).await;
    let page = stage.browser.page();
    page.count("region", &format!("Chat card {cards}"), 1).await;
    let input = stage.browser.card(1).await.find("textbox", "Message").await;
    input.type_in("hello").await;
    stage.settled().await;
}

/// Waits until the answers of this many cards have left and are shown; returns the delay after their
/// last byte, in seconds.
async fn shown(stage: &Stage, loads: &[&Load], cards: usize) -> f64 {
    let mut sent = UNIX_EPOCH;
    for load in loads {
        sent = sent.max(load.ended(cards / loads.len()).await);
    }
    // Nothing observes the page before.
    let shown = stage.number(&format!("probe.ended({cards})")).await;
    shown / 1e3 - seconds(sent)
}

fn seconds(time: SystemTime) -> f64 {
    let since = time.duration_since(UNIX_EPOCH);
    since.expect("it is after 1970").as_secs_f64()
}

/// Returns the cost of this model's answers in this many cards of a page that was just loaded.
async fn answers(stage: &Stage, loads: &[&Load], model: &str, cards: usize) -> Figures {
    ready(stage, loads, model, cards).await;
    let begin = stage.begin().await;
    stage.press("Enter", "\r").await;
    let behind = shown(stage, loads, cards).await;
    let mut figures = stage.cost(Some(begin)).await;
    figures.push((BEHIND, behind));
    figures
}
