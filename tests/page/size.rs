//! Measures a visitor's download: every byte and every request, from a server with Brotli, into a fresh
//! profile. `script/size` runs it. It prints a table, writes it to `docs/size.md` and, for programs, to
//! `target/size.json`, and fails above its limits.
//!
//! It counts the bodies as they are sent and the headers before them, at the server. Weights don't
//! count: nothing here requests them.

use std::{fmt::Write, path::Path, time::Duration};

use serde_json::json;

use crate::{
    bench::{
        load::{self, Load},
        measure::Stage,
        site, stored,
    },
    say,
    support::{Endpoint, Step},
};

/// A page that sends no request for this long has loaded completely.
const LATER: Duration = Duration::from_secs(2);

/// A row of the table.
struct Row {
    what: &'static str,
    bytes: usize,
    requests: usize,
    /// The most bytes and requests allowed.
    limits: (Option<usize>, Option<usize>),
}

/// Returns the bytes and requests until the page requests nothing more.
async fn quiet(stage: &Stage) -> (usize, usize) {
    let mut before = stage.site.requests().len();
    loop {
        tokio::time::sleep(LATER).await;
        let requests = stage.site.requests();
        if requests.len() == before {
            let bytes = requests
                .iter()
                .map(|request| request.bytes + request.headers);
            return (bytes.sum(), before);
        }
        before = requests.len();
    }
}

/// Opens a page that has an endpoint, and a new chat with it.
async fn returned(load: &Load) -> Stage {
    let stage = Stage::open("").await;
    stage
        .store(&stored::cards(&[load], &load::model(20, 100), 1))
        .await;
    stage.browser.go(stored::PATH).await;
    stage.browser.card(1).await.find("textbox", "Message").await;
    stage
}

/// Measures the cost of one action for a returning user: the data fetched beyond the page's own.
async fn more(load: &Load, what: &'static str, act: impl AsyncFn(&Stage)) -> Row {
    let stage = returned(load).await;
    let before = quiet(&stage).await;
    act(&stage).await;
    let after = quiet(&stage).await;
    stage.close().await;
    Row {
        what,
        bytes: after.0 - before.0,
        requests: after.1 - before.1,
        limits: (None, None),
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "it counts the release build: script/size"]
async fn size() {
    let mut rows = Vec::new();
    let endpoint = Endpoint::start(&["m"]).await;
    endpoint.will("m", [say("**Hello!**"), Step::Finish("stop")]);
    let stage = Stage::open("").await;
    stage.browser.go("/").await;
    let card = stage.browser.card(1).await;
    card.find("textbox", "Base URL").await;
    let (bytes, requests) = quiet(&stage).await;
    rows.push(Row {
        what: "first visit, until one can type and the page is quiet",
        bytes,
        requests,
        limits: (Some(325_000), Some(12)),
    });
    card.connect(&endpoint.base_url(), "").await;
    card.find("combobox", "Endpoint")
        .await
        .holds(&endpoint.name())
        .await;
    card.send("Hello").await;
    card.find("article", "m").await.has("strong", 1).await;
    let (bytes, requests) = quiet(&stage).await;
    rows.push(Row {
        what: "the first answer of a first visit, in all",
        bytes,
        requests,
        limits: (Some(495_000), None),
    });
    stage.close().await;

    let load = Load::start().await;
    let stage = returned(&load).await;
    let (bytes, requests) = quiet(&stage).await;
    stage.close().await;
    rows.push(Row {
        what: "a visit with an endpoint stored",
        bytes,
        requests,
        limits: (None, None),
    });
    // One after the other: side by side, the page would be idle long enough to fetch ahead.
    let history = async |stage: &Stage| {
        stage.browser.history().await;
    };
    rows.push(more(&load, "then the history", history).await);
    let settings = async |stage: &Stage| {
        stage.browser.settings().await;
    };
    rows.push(more(&load, "or the settings", settings).await);
    let parameters = async |stage: &Stage| {
        let card = stage.browser.card(1).await;
        card.press("Parameters").await;
        card.find("dialog", "Parameters").await;
    };
    rows.push(more(&load, "or the parameters", parameters).await);
    let pdf = async |stage: &Stage| {
        let card = stage.browser.card(1).await;
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/files/english.pdf");
        card.attach(file).await;
        card.find("button", "Preview english.pdf").await;
    };
    rows.push(more(&load, "or attaching a PDF", pdf).await);
    let korean = async |stage: &Stage| {
        let card = stage.browser.card(1).await;
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/files/uhc.pdf");
        card.attach(file).await;
        card.find("button", "Preview uhc.pdf").await;
    };
    let what = "or a PDF whose fonts need the Korean maps";
    rows.push(more(&load, what, korean).await);
    let document = async |stage: &Stage| {
        let card = stage.browser.card(1).await;
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/files/report.docx");
        card.attach(file).await;
        card.find("button", "Preview report.docx").await;
    };
    rows.push(more(&load, "or attaching a document", document).await);

    let program = site::files("page-");
    rows.push(Row {
        what: "the page's whole program: WebAssembly and JavaScript",
        bytes: program.iter().map(|(_, bytes)| bytes).sum(),
        requests: program.len(),
        limits: (Some(720_000), None),
    });
    tell(&rows);
}

/// Prints and writes the table, and fails if a limit is exceeded.
fn tell(rows: &[Row]) {
    #[expect(clippy::cast_precision_loss, reason = "a page is small")]
    let kilo = |bytes: usize| bytes as f64 / 1e3;
    let mut table =
        "| | kB | of at most | requests | of at most |\n|---|--:|--:|--:|--:|\n".to_owned();
    let mut passed = Vec::new();
    for Row {
        what,
        bytes,
        requests,
        limits,
    } in rows
    {
        let most = limits
            .0
            .map_or_else(String::new, |most| format!("{:.0}", kilo(most)));
        let most_requests = limits.1.map_or_else(String::new, |most| most.to_string());
        let kilobytes = kilo(*bytes);
        let _ = writeln!(
            table,
            "| {what} | {kilobytes:.1} | {most} | {requests} | {most_requests} |"
        );
        if limits.0.is_some_and(|most| *bytes > most)
            || limits.1.is_some_and(|most| *requests > most)
        {
            passed.push(*what);
        }
    }
    println!("{table}");
    let list: Vec<_> = rows
        .iter()
        .map(|row| json!({ "what": row.what, "bytes": row.bytes, "requests": row.requests, "limits": row.limits }))
        .collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    std::fs::write(root.join("target/size.json"), json!(list).to_string()).unwrap();
    let head = "# Size of the download\n\n\
        The server counts the headers and bodies of its responses, with Brotli (level 11), to a browser with \
        a fresh profile. A kB is 1,000 bytes. `script/size` writes this file and fails above a limit. The \
        page fetches some files ahead while it is idle; they count in the row in which it fetches them.\n\n";
    std::fs::write(root.join("docs/size.md"), format!("{head}{table}")).unwrap();
    let is_free = std::env::var("SIZE_LIMITS").is_ok_and(|limits| limits == "no");
    assert!(is_free || passed.is_empty(), "above the limit: {passed:?}");
}
