//! Parts of the page's program that can't be had, a page that is older than its server, and a program
//! that traps: what is said, and that nothing is lost.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{Uri, header},
    response::{Html, IntoResponse, Response},
};
use serde_json::json;
use tokio::net::TcpListener;

use crate::{
    open, say,
    support::{Browser, Endpoint, Step, page},
    wait_for,
};

/// Has the page fetch nothing ahead in its idle time, so that it is known what is there.
async fn never_idle(browser: &Browser) {
    let params = json!({ "source": "window.requestIdleCallback = () => 0" });
    let cdp = browser.driver.cdp();
    cdp.send_raw("Page.addScriptToEvaluateOnNewDocument", params)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_can_not_be_had_is_fetched_again_on_demand() {
    let endpoint = Endpoint::start(&["a"]).await;
    let browser = Browser::blank(format!("http://{}/", page::serve().await)).await;
    never_idle(&browser).await;
    browser.go("/").await;
    let card = browser.card(1).await;
    card.connect(&endpoint.base_url(), "").await;
    card.find("combobox", "Model").await.holds("a").await;
    card.fill("Message", "half a word").await;
    browser.set_offline(true).await;
    browser.page().press("Settings").await;
    let settings = browser.page().find("dialog", "Settings").await;
    settings.says("This part could not be fetched").await;
    settings.press("Retry").await;
    settings.says("This part could not be fetched").await;
    browser.set_offline(false).await;
    settings.press("Retry").await;
    settings.find("combobox", "Language").await;
    settings.press("Close").await;
    // It is there now, also without a network.
    browser.set_offline(true).await;
    browser.page().press("Settings").await;
    let settings = browser.page().find("dialog", "Settings").await;
    settings.find("combobox", "Language").await;
    settings.press("Close").await;
    card.find("textbox", "Message")
        .await
        .holds("half a word")
        .await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_kept_where_what_answers_it_can_not_be_had() {
    let endpoint = Endpoint::start(&["a"]).await;
    let browser = open(&endpoint, "").await;
    never_idle(&browser).await;
    // Nothing is fetched for an input that nobody has come near.
    browser.reload().await;
    let card = browser.card(1).await;
    card.find("combobox", "Model").await.holds("a").await;
    browser.set_offline(true).await;
    card.send("is this kept?").await;
    card.says("This part could not be fetched").await;
    card.logs("is this kept?").await;
    browser.set_offline(false).await;
    card.press("Retry").await;
    card.says("Not answered yet").await;
    card.press("Retry").await;
    card.logs("a heard: is this kept?").await;
    browser.close().await;
}

/// A server whose files have other names since it was updated.
#[derive(Clone, Default)]
struct Server {
    is_updated: Arc<AtomicBool>,
}

impl Server {
    async fn start(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("loopback has a free port");
        let address = listener.local_addr().unwrap();
        let app = Router::new().fallback(file).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        format!("http://{address}/")
    }
}

async fn file(State(server): State<Server>, uri: Uri) -> Response {
    let is_updated = server.is_updated.load(Ordering::Relaxed);
    let path = uri.path();
    let wanted = match path.strip_prefix("/new-") {
        Some(name) if is_updated => format!("/{name}"),
        // The program's files of the old version are gone.
        None if is_updated && path.starts_with("/page-") => "/".to_owned(),
        _ => path.to_owned(),
    };
    let found = page::file(wanted.parse().unwrap()).await.into_response();
    let is_html = found.headers()[header::CONTENT_TYPE] == "text/html; charset=utf-8";
    if !(is_updated && is_html) {
        return found;
    }
    let body: Bytes = axum::body::to_bytes(found.into_body(), usize::MAX)
        .await
        .unwrap();
    let html = String::from_utf8(body.to_vec()).unwrap();
    Html(html.replace("\"page-", "\"new-page-")).into_response()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_older_than_its_server_says_so() {
    let endpoint = Endpoint::start(&["a"]).await;
    let server = Server::default();
    let browser = Browser::blank(server.start().await).await;
    never_idle(&browser).await;
    browser.go("/").await;
    let card = browser.card(1).await;
    card.connect(&endpoint.base_url(), "").await;
    card.find("combobox", "Model").await.holds("a").await;
    card.fill("Message", "half a word").await;
    server.is_updated.store(true, Ordering::Relaxed);
    browser.page().press("Settings").await;
    let settings = browser.page().find("dialog", "Settings").await;
    settings.says("There is a new version of this page").await;
    settings.press("Reload").await;
    let is_new = "return !!document.querySelector('script[src^=new-page]')";
    wait_for(async || browser.script(is_new).await == true).await;
    let card = browser.card(1).await;
    card.find("textbox", "Message")
        .await
        .holds("half a word")
        .await;
    browser.settings().await.press("Close").await;
    browser.close().await;
}

/// Has the page's program trap at the next thing that it does. It asks for the time there, and what
/// JavaScript throws through it leaves it as a trap does: in the middle of what it was doing.
async fn trap(browser: &Browser) {
    let script = "const now = Date.now;
        Date.now = () => {
            Date.now = now;
            throw new WebAssembly.RuntimeError('unreachable');
        }";
    browser.script(script).await;
}

/// The page says that it has stopped; after the reload it goes on.
async fn reload_after_the_trap(browser: &Browser) {
    let notice = browser
        .page()
        .find("alertdialog", "Collate has stopped")
        .await;
    notice.says("saved in this browser").await;
    notice.press("Reload").await;
    let is_new = "return !document.querySelector('[role=alertdialog]')";
    wait_for(async || browser.script(is_new).await == true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trap_while_one_types_loses_no_letter() {
    let endpoint = Endpoint::start(&["a"]).await;
    let browser = open(&endpoint, "").await;
    browser.expect_traps();
    let card = browser.card(1).await;
    card.send("before").await;
    card.logs("a heard: before").await;
    let input = card.find("textbox", "Message").await;
    input.type_in("half a word").await;
    trap(&browser).await;
    input.type_in("!").await;
    reload_after_the_trap(&browser).await;
    let card = browser.card(1).await;
    card.logs("a heard: before").await;
    card.find("textbox", "Message")
        .await
        .holds("half a word!")
        .await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trap_in_mid_answer_keeps_what_has_come() {
    let endpoint = Endpoint::start(&["a"]).await;
    endpoint.will(
        "a",
        [
            say("These words have come. "),
            Step::Wait,
            say("These have not."),
            Step::Finish("stop"),
        ],
    );
    let browser = open(&endpoint, "").await;
    browser.expect_traps();
    let card = browser.card(1).await;
    card.send("Go").await;
    card.logs("These words have come.").await;
    trap(&browser).await;
    endpoint.go_on();
    reload_after_the_trap(&browser).await;
    let card = browser.card(1).await;
    card.logs("These words have come.").await;
    card.find("button", "Retry").await;
    // The page works again.
    card.send("And now?").await;
    card.logs("a heard: And now?").await;
    browser.close().await;
}
