//! Measures answers while they stream.

use super::{
    BEHIND, answers,
    load::{self, Load},
    measure::{MAIN_THREAD, Stage, WORST_TASK},
    ready,
    report::{
        self,
        Bound::{AtLeast, AtMost},
        Case, Part, must,
    },
    runs, shown, site,
};

const PER_TOKEN: &str = "main thread per token, ms";

/// Measures long answers, as fast as they go.
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
    part.end();
    stage.close().await;
}

/// Measures answers at 100 tokens a second, beside a page that does the least.
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
        let mut case = Case::new(report::cards(cards), &all);
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
            4 => {
                let what = "100/s, 4 cards: main thread, s (2.5 times a bare page's)";
                must(what, AtMost(2.5 * bare), main_thread);
                let what = "100/s, 4 cards: main thread, times 1 card's";
                must(what, AtMost(2.5), main_thread / single);
            }
            _ => must(
                "100/s, 8 cards: worst task of all runs, ms",
                AtMost(50.0),
                case.most(WORST_TASK),
            ),
        }
        part.add(case);
    }
    part.end();
    stage.close().await;
}

/// Returns the frames a second in which an answer's text grows, in a run without other measurements.
async fn updates(stage: &Stage, load: &Load, model: &str) -> f64 {
    ready(stage, &[load], model, 1).await;
    stage.value("probe.watchUpdates()").await;
    stage.press("Enter", "\r").await;
    shown(stage, &[load], 1).await;
    stage
        .number("(probe.updates.length - 1) / (probe.updates.at(-1) - probe.updates[0]) * 1000")
        .await
}
