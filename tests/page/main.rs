//! Tests the page as a user meets it: a real browser, real HTTP, an endpoint that follows a script.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod actions;
mod answers;
mod attachments;
mod bench;
mod cards;
mod chunks;
mod contract;
mod crowd;
mod device;
mod doctor;
mod endpoints;
mod errors;
mod history;
mod hostile;
mod input;
mod keys;
mod look;
mod markdown;
mod metrics;
mod params;
mod phone;
mod preview;
mod protocol;
mod quirks;
mod reasoning;
mod size;
mod storage;
mod streaming;
mod support;
mod sync;
mod torture;
mod walk;
mod wire;

use support::{Browser, Endpoint, Scope, Step};

fn say(text: &str) -> Step {
    Step::Say(text.into())
}

fn raw(text: &str) -> Step {
    Step::Raw(text.as_bytes().to_vec())
}

/// Removes all messages of a card.
async fn clear(card: &Scope) {
    card.choose_more("Clear chat").await;
    card.has("article", 0).await;
}

/// Opens the page with one card connected to this endpoint, with this token.
async fn open(endpoint: &Endpoint, token: &str) -> Browser {
    let browser = Browser::open().await;
    let card = browser.card(1).await;
    card.connect(&endpoint.base_url(), token).await;
    card.find("combobox", "Endpoint")
        .await
        .holds(&endpoint.name())
        .await;
    browser
}

/// Opens the page with one card that has sent «Go» and received these steps as the whole answer of the
/// model «m».
async fn answered(steps: impl IntoIterator<Item = Step>) -> (Endpoint, Browser, Scope) {
    let endpoint = Endpoint::start(&["m"]).await;
    endpoint.will("m", steps);
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    card.send("Go").await;
    card.find("article", "m").await;
    card.find("button", "Send").await;
    (endpoint, browser, card)
}

/// Calls [`answered`] with this text.
async fn answered_with(text: &str) -> (Endpoint, Browser, Scope) {
    answered([say(text), Step::Finish("stop")]).await
}

/// Records the files that the page offers: see [`download`].
async fn watch_downloads(browser: &Browser) {
    let watch = "window.downloads = [];
        const create = URL.createObjectURL;
        URL.createObjectURL = (blob) => {
            blob.text().then((text) => downloads.push(text));
            return create.call(URL, blob);
        }";
    browser.script(watch).await;
}

/// Waits for a file that the page offers.
async fn download(browser: &Browser) -> String {
    wait_for(async || browser.script("return downloads.length > 0").await == true).await;
    let file = browser.script("return downloads.shift()").await;
    file.as_str().expect("a text").to_owned()
}

async fn wait_until(holds: impl Fn() -> bool) {
    wait_for(async || holds()).await;
}

/// Waits until something is true, polling.
async fn wait_for(holds: impl AsyncFn() -> bool) {
    let patience = tokio::time::timeout(std::time::Duration::from_secs(20), async {
        while !holds().await {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    });
    patience.await.expect("it comes true");
}
