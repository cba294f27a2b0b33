//! Measures how soon a page is ready: the first visit, and a long chat.

use std::time::Duration;

use super::{
    load::Load,
    measure::Stage,
    report::{Bound::AtMost, Case, Part, must},
    runs, seconds, site, stored,
};

/// A page that sends no request for this long has loaded completely.
const LATER: Duration = Duration::from_secs(2);

const ALL: &str = "Brotli, without being asked, kB";
const OPENED: &str = "first content is painted, ms";
const SHOWN: &str = "the newest message is painted, ms";

/// Measures the first visit.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a benchmark: script/bench"]
async fn cold_load() {
    let mut part = Part::new(
        "Cold load",
        "The first visit with a fresh profile, from a server with Brotli on this machine",
    );
    let mut all = Vec::new();
    for _ in 0..runs(5) {
        let stage = Stage::open("probe.watchReady()").await;
        stage.browser.go("/").await;
        let ready = stage.number("probe.ready").await;
        let mut figures = stage.cost(None).await;
        let first_paint = stage.number("probe.firstPaint()").await;
        // Nobody types into an unpainted input.
        let ready = ready.max(first_paint);
        let ready_at = stage.number("performance.timeOrigin").await + ready;
        tokio::time::sleep(LATER).await;
        let requests = stage.site.requests();
        let kilobytes = |is_counted: &dyn Fn(f64) -> bool| {
            let counted = requests
                .iter()
                .filter(|request| is_counted(seconds(request.at) * 1e3));
            #[expect(clippy::cast_precision_loss, reason = "a page is small")]
            counted.fold((0.0, 0.0), |(kilobytes, count), request| {
                (kilobytes + request.bytes as f64 / 1e3, count + 1.0)
            })
        };
        let (size, count_before) = kilobytes(&|at| at <= ready_at);
        let (size_all, count_all) = kilobytes(&|_| true);
        figures.extend([
            ("Brotli, until it is ready, kB", size),
            ("requests until then", count_before),
            (ALL, size_all),
            ("requests without being asked", count_all),
            ("first contentful paint, ms", first_paint),
            ("ready to type, ms", ready),
        ]);
        all.push(figures);
        stage.close().await;
    }
    let case = part.add(Case::new("first visit", &all));
    must("first load: Brotli, kB", AtMost(320.0), case.median(ALL));
    part.end();
}

/// Opens the controls that have files of their own, in a new profile each time.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a benchmark: script/bench"]
async fn controls() {
    let mut part = Part::new(
        "Opening the history, the settings and the parameters",
        "From the click in a fresh profile, one second after the page was there and on a page that has \
         been idle, to the end of the frame with the first content; from a server with Brotli on this \
         machine",
    );
    let controls = [
        ("history", "#history-button", ".drawer .search"),
        (
            "settings",
            ".page-header button[aria-label=Settings]",
            ".settings-body",
        ),
        (
            "parameters",
            ".card button[aria-label=Parameters]",
            ".params-body",
        ),
    ];
    for (name, button, content) in controls {
        for (when, wait) in [("at once", 1), ("idle", 13)] {
            let mut all = Vec::new();
            for _ in 0..runs(3) {
                let stage = Stage::open("").await;
                stage.browser.go("/").await;
                stage.browser.card(1).await;
                tokio::time::sleep(Duration::from_secs(wait)).await;
                let opened = format!("probe.opened({button:?}, {content:?})");
                all.push(vec![(OPENED, stage.number(&opened).await)]);
                stage.close().await;
            }
            let case = part.add(Case::new(format!("{name}, {when}"), &all));
            if when == "idle" {
                let name = format!("{name} on an idle page: first content, ms");
                must(&name, AtMost(100.0), case.median(OPENED));
            }
        }
    }
    part.end();
}

/// Opens a chat of 400 long messages.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a benchmark: script/bench"]
async fn long_chat() {
    let mut part = Part::new(
        "Opening a chat of 400 long messages",
        "From the click in the history, or from the address in a browser that has been here before, to \
         the end of the frame with the newest message in sight; the rest until the page rests",
    );
    // Measures pages of chats only: the bare page comes between two loads.
    let script = "if (location.pathname.startsWith('/chat/')) probe.watchOpening()";
    let (stage, load) = (Stage::open(script).await, Load::start().await);
    let page = stage.browser.page();
    stage.store(&stored::long(&load, 200)).await;
    // The first load fills the browser's cache and the history.
    stage.browser.go(stored::PATH).await;
    stage.number("probe.opening").await;
    stage.settled().await;

    let mut all = Vec::new();
    for _ in 0..runs(3) {
        stage.browser.go("/").await;
        page.press("New chat").await;
        page.count("article", "You", 0).await;
        let drawer = stage.browser.history().await;
        let link = drawer.find("link", stored::TITLE).await;
        let begin = stage.begin().await;
        stage.value("probe.watchClick()").await;
        link.click().await;
        let shown = stage.number("probe.opening").await;
        let mut figures = vec![(SHOWN, shown)];
        figures.extend(stage.cost(Some(begin)).await);
        all.push(figures);
    }
    let case = part.add(Case::new("click in the history", &all));
    must(
        "400 messages, by click: newest painted, ms",
        AtMost(300.0),
        case.median(SHOWN),
    );

    let mut all = Vec::new();
    for _ in 0..runs(3) {
        stage.browser.go(site::BARE).await;
        stage.settled().await;
        stage.browser.go(stored::PATH).await;
        let shown = stage.number("probe.opening").await;
        let mut figures = vec![(SHOWN, shown)];
        figures.extend(stage.cost(None).await);
        all.push(figures);
    }
    let case = part.add(Case::new("whole page by its address", &all));
    must(
        "400 messages, whole page: newest painted, ms",
        AtMost(300.0),
        case.median(SHOWN),
    );
    part.end();
    stage.close().await;
}
