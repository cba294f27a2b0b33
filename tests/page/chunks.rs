//! Chunks of the page's program that can't be fetched, a page older than its server, and a program that
//! traps: the page says so, and loses nothing.

use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{StatusCode, Uri, header},
    response::{Html, IntoResponse, Response},
};
use serde_json::json;
use tokio::net::TcpListener;

use crate::{
    open, say,
    support::{Answer, Browser, Endpoint, Step, page, slow},
    wait_for,
};

/// Stops the page from prefetching in its idle time, so that the loaded chunks are known.
async fn never_idle(browser: &Browser) {
    let params = json!({ "source": "window.requestIdleCallback = () => 0" });
    let cdp = browser.driver.cdp();
    cdp.send_raw("Page.addScriptToEvaluateOnNewDocument", params)
        .await
        .unwrap();
}

/// A server that may be unreachable or updated.
#[derive(Clone, Default)]
struct Server {
    state: Arc<AtomicU8>,
}

/// Everything is there.
const WHOLE: u8 = 0;
/// The chunks of the page's program can't be fetched.
const AWAY: u8 = 1;
/// The page's program has new file names.
const UPDATED: u8 = 2;
/// The script that starts the program can be fetched, but no WebAssembly.
const MODULES_AWAY: u8 = 3;
/// The archive chunk, which compresses and merges, is missing.
const ARCHIVE_AWAY: u8 = 4;
/// The server does not know WebAssembly's content type.
const UNNAMED: u8 = 5;

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

    fn is(&self, state: u8) {
        self.state.store(state, Ordering::Relaxed);
    }
}

async fn file(State(server): State<Server>, uri: Uri) -> Response {
    let state = server.state.load(Ordering::Relaxed);
    let path = uri.path();
    let kind = path.rsplit_once('.').map_or("", |(_, kind)| kind);
    let is_away = match state {
        AWAY => path.starts_with("/page-") && kind != "css",
        MODULES_AWAY => kind == "wasm",
        ARCHIVE_AWAY => path.contains("/split_archive."),
        _ => false,
    };
    if is_away {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let wanted = match path.strip_prefix("/newer-") {
        Some(name) if state == UPDATED => format!("/page-{name}"),
        // The old version's program files are gone.
        None if state == UPDATED && path.starts_with("/page-") => "/".to_owned(),
        _ => path.to_owned(),
    };
    let found = page::file(wanted.parse().unwrap()).await.into_response();
    if state == UNNAMED && kind == "wasm" {
        let mut found = found;
        let unnamed = header::HeaderValue::from_static("application/octet-stream");
        found.headers_mut().insert(header::CONTENT_TYPE, unnamed);
        return found;
    }
    let is_html = found.headers()[header::CONTENT_TYPE] == "text/html; charset=utf-8";
    if !(state == UPDATED && is_html) {
        return found;
    }
    let body: Bytes = axum::body::to_bytes(found.into_body(), usize::MAX)
        .await
        .unwrap();
    let html = String::from_utf8(body.to_vec()).unwrap();
    // Also in the middle of a list.
    Html(
        html.replace("\"page-", "\"newer-")
            .replace(" page-", " newer-"),
    )
    .into_response()
}

/// Opens a server's page with one connected card, without prefetching.
async fn open_at(server: &Server, endpoint: &Endpoint) -> Browser {
    let browser = Browser::blank(server.start().await).await;
    never_idle(&browser).await;
    browser.go("/").await;
    let card = browser.card(1).await;
    card.connect(&endpoint.base_url(), "").await;
    card.find("combobox", "Model").await.holds("a").await;
    browser
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_can_not_be_had_is_fetched_again_on_demand() {
    let (endpoint, server) = (Endpoint::start(&["a"]).await, Server::default());
    let browser = open_at(&server, &endpoint).await;
    let card = browser.card(1).await;
    card.fill("Message", "half a word").await;
    server.is(AWAY);
    browser.page().press("Settings").await;
    let settings = browser.page().find("dialog", "Settings").await;
    settings.says("This part could not be fetched").await;
    settings.press("Retry").await;
    settings.says("This part could not be fetched").await;
    server.is(WHOLE);
    settings.press("Retry").await;
    settings.find("combobox", "Language").await;
    settings.press("Close").await;
    // It is loaded now, even if nothing can be fetched.
    server.is(AWAY);
    browser.settings().await.press("Close").await;
    let input = card.find("textbox", "Message").await;
    input.holds("half a word").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_kept_where_what_answers_it_can_not_be_had() {
    let (endpoint, server) = (Endpoint::start(&["a"]).await, Server::default());
    let browser = Browser::blank(server.start().await).await;
    never_idle(&browser).await;
    browser.go("/").await;
    let card = browser.card(1).await;
    // Acts before the user comes near the input, which fetches the answering code.
    server.is(AWAY);
    card.connect(&endpoint.base_url(), "").await;
    card.find("combobox", "Model").await.holds("a").await;
    card.send("is this kept?").await;
    card.says("This part could not be fetched").await;
    card.says("is this kept?").await;
    assert!(endpoint.prompts().is_empty());
    server.is(WHOLE);
    card.press("Retry").await;
    card.says("Not answered yet").await;
    card.press("Retry").await;
    card.logs("a heard: is this kept?").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn why_a_request_failed_is_said_where_the_words_for_it_can_not_be_had() {
    let (endpoint, server) = (Endpoint::start(&["a"]).await, Server::default());
    let browser = open_at(&server, &endpoint).await;
    let card = browser.card(1).await;
    card.send("first").await;
    card.logs("a heard: first").await;
    server.is(AWAY);
    endpoint.will_answer(
        "a",
        Answer::refusal(
            StatusCode::IM_A_TEAPOT,
            &json!({ "error": { "message": "I am a teapot." } }),
        ),
    );
    card.send("second").await;
    card.says("This part could not be fetched").await;
    card.says("HTTP 418: I am a teapot.").await;
    card.press("Retry").await;
    card.logs("a heard: second").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_whose_program_can_not_be_had_says_so() {
    slow("the page says so only after five seconds, twice");
    let server = Server::default();
    let browser = Browser::blank(server.start().await).await;
    // In the first case, even the script that would notice is missing.
    for state in [AWAY, MODULES_AWAY] {
        server.is(state);
        browser.go("/chat/nonsense").await;
        browser.page().says("Collate has not loaded yet").await;
        browser
            .page()
            .says("아직 Collate를 불러오지 못했습니다")
            .await;
    }
    server.is(WHOLE);
    let reload = browser.page().find("link", "Reload · 새로고침").await;
    reload.click().await;
    browser.page().says("There is no chat here").await;
    browser.page().count("link", "Reload · 새로고침", 0).await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_know_modules_serves_the_whole_page() {
    let (endpoint, server) = (Endpoint::start(&["a"]).await, Server::default());
    server.is(UNNAMED);
    let browser = open_at(&server, &endpoint).await;
    let card = browser.card(1).await;
    card.send("hello").await;
    card.logs("a heard: hello").await;
    browser.settings().await.press("Close").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_several_cards_wait_for_begins_once() {
    let (endpoint, server) = (Endpoint::start(&["a"]).await, Server::default());
    endpoint.will("a", [say("```\nlet x = 1;\n```\n"), Step::Finish("stop")]);
    let browser = open_at(&server, &endpoint).await;
    browser.card(1).await.send("code, please").await;
    browser.card(1).await.find("button", "Wrap lines").await;
    browser.card(1).await.press("Compare").await;
    browser.card(2).await.send("and a second card").await;
    browser
        .card(2)
        .await
        .logs("a heard: and a second card")
        .await;
    browser.reload().await;
    let card = browser.card(1).await;
    card.press("Wrap lines").await;
    let wrap = card.find("button", "Wrap lines").await;
    assert_eq!(wrap.attr("aria-pressed").await.as_deref(), Some("true"));
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_packed_chat_is_opened_once_what_unpacks_it_is_there() {
    slow("the page compresses chats only after some idle seconds");
    let (endpoint, server) = (Endpoint::start(&["a"]).await, Server::default());
    let browser = open_at(&server, &endpoint).await;
    let card = browser.card(1).await;
    card.send("to be packed").await;
    card.logs("a heard: to be packed").await;
    let packed = browser.script("return location.pathname").await;
    browser.page().press("New chat").await;
    browser.card(1).await.send("the last one").await;
    browser.card(1).await.logs("a heard: the last one").await;
    // A starting page compresses the chats that it does not show.
    browser.reload().await;
    let key = format!(
        "collate.v2.chat.{}",
        packed.as_str().unwrap().trim_start_matches("/chat/")
    );
    let is_packed = format!("return !localStorage.getItem('{key}').startsWith('{{')");
    wait_for(async || browser.script(&is_packed).await == true).await;
    server.is(ARCHIVE_AWAY);
    browser.go(packed.as_str().unwrap()).await;
    browser.page().says("This part could not be fetched").await;
    server.is(WHOLE);
    browser.page().press("Retry").await;
    browser.card(1).await.logs("a heard: to be packed").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tabs_without_what_merges_write_over_neither() {
    let (endpoint, server) = (Endpoint::start(&["a"]).await, Server::default());
    let browser = open_at(&server, &endpoint).await;
    browser.card(1).await.send("shared").await;
    browser.card(1).await.logs("a heard: shared").await;
    let chat = browser.script("return location.pathname").await;
    server.is(ARCHIVE_AWAY);
    let (first, second) = browser.new_tab().await;
    browser.go(chat.as_str().unwrap()).await;
    browser.card(1).await.send("from the second").await;
    browser.card(1).await.logs("a heard: from the second").await;
    browser.driver.switch_to_window(first).await.unwrap();
    let card = browser.card(1).await;
    card.send("from the first").await;
    card.logs("a heard: from the first").await;
    browser
        .page()
        .says("another tab has changed this chat")
        .await;
    let stored = "return Object.values(localStorage).join()";
    let stored = browser.script(stored).await;
    assert!(
        stored
            .as_str()
            .unwrap()
            .contains("a heard: from the second")
    );
    // The next word finds the merge code.
    server.is(WHOLE);
    card.fill("Message", "draft").await;
    card.logs("a heard: from the second").await;
    let is_said = "return document.body.innerText.includes('another tab has changed this chat')";
    wait_for(async || browser.script(is_said).await == false).await;
    browser.driver.switch_to_window(second).await.unwrap();
    browser.card(1).await.logs("a heard: from the first").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tabs_that_send_at_once_without_what_merges_lose_nothing() {
    send_at_once_without_what_merges(&["from the first", "from the second"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_tabs_that_send_at_once_without_what_merges_lose_nothing() {
    send_at_once_without_what_merges(&["from the first", "from the second", "from the third"])
        .await;
}

/// Opens a chat in a tab for each of these questions, sends all of them at once while no file of the page
/// can be fetched, and checks that each tab has all of them in the end.
async fn send_at_once_without_what_merges(questions: &[&str]) {
    let (endpoint, server) = (Endpoint::start(&["a"]).await, Server::default());
    let browser = open_at(&server, &endpoint).await;
    browser.card(1).await.send("shared").await;
    browser.card(1).await.logs("a heard: shared").await;
    let chat = browser.script("return location.pathname").await;
    let mut tabs = vec![browser.driver.window().await.unwrap()];
    while tabs.len() < questions.len() {
        let (_, next) = browser.new_tab().await;
        browser.go(chat.as_str().unwrap()).await;
        browser.card(1).await.logs("a heard: shared").await;
        tabs.push(next);
    }
    // No further file can be fetched from here on.
    server.is(AWAY);
    // Each tab has its own words in its own input, and sends them at the same signal.
    for (tab, words) in tabs.iter().zip(questions) {
        browser.driver.switch_to_window(tab.clone()).await.unwrap();
        let card = browser.card(1).await;
        let on_sign = format!(
            "const input = it.querySelector('textarea');
             new BroadcastChannel('test').onmessage = () => {{
                 input.value = '{words}';
                 input.dispatchEvent(new InputEvent('input', {{ bubbles: true }}));
                 input.dispatchEvent(new KeyboardEvent('keydown', {{
                     key: 'Enter', bubbles: true, cancelable: true,
                 }}));
             }}"
        );
        card.script(&on_sign).await;
    }
    let (_, signal) = browser.new_tab().await;
    browser.go("/elsewhere").await;
    browser
        .script("new BroadcastChannel('test').postMessage('now')")
        .await;
    browser.driver.switch_to_window(signal).await.unwrap();
    browser.driver.close_window().await.unwrap();
    for (tab, words) in tabs.iter().zip(questions) {
        browser.driver.switch_to_window(tab.clone()).await.unwrap();
        let answer = format!("a heard: {words}");
        browser.card(1).await.logs(&answer).await;
    }
    server.is(WHOLE);
    for tab in &tabs {
        browser.driver.switch_to_window(tab.clone()).await.unwrap();
        browser.reload().await;
    }
    for tab in tabs {
        browser.driver.switch_to_window(tab).await.unwrap();
        browser.reload().await;
        for words in ["shared"].iter().chain(questions) {
            let answer = format!("a heard: {words}");
            browser.card(1).await.logs(&answer).await;
        }
    }
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_storage_has_lost_waits_for_what_brings_it_back() {
    let (endpoint, server) = (Endpoint::start(&["a"]).await, Server::default());
    let browser = open_at(&server, &endpoint).await;
    let card = browser.card(1).await;
    card.send("first").await;
    card.logs("a heard: first").await;
    let keep =
        "window.kept = Object.entries(localStorage).filter(([key]) => key.includes('.chat.'))";
    browser.script(keep).await;
    let kept = browser.script("return window.kept").await;
    card.send("second").await;
    card.logs("a heard: second").await;
    browser.go("/elsewhere").await;
    // As after a crash, the storage is older than the journal.
    let script = format!(
        "for (const [key, text] of {kept}) localStorage.setItem(key, text);
         sessionStorage.clear()"
    );
    browser.script(&script).await;
    server.is(ARCHIVE_AWAY);
    browser.go("/").await;
    let card = browser.card(1).await;
    card.logs("a heard: first").await;
    card.count("article", "You", 1).await;
    card.fill("Message", "a draft").await;
    let is_saved = "return Object.values(localStorage).join().includes('a draft')";
    wait_for(async || browser.script(is_saved).await == true).await;
    server.is(WHOLE);
    browser.reload().await;
    let card = browser.card(1).await;
    card.logs("a heard: second").await;
    card.find("textbox", "Message").await.holds("a draft").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_older_than_its_server_says_so() {
    let (endpoint, server) = (Endpoint::start(&["a"]).await, Server::default());
    let browser = open_at(&server, &endpoint).await;
    let card = browser.card(1).await;
    card.fill("Message", "half a word").await;
    server.is(UPDATED);
    browser.page().press("Settings").await;
    let settings = browser.page().find("dialog", "Settings").await;
    settings.says("There is a new version of this page").await;
    settings.press("Reload").await;
    let is_new = "return !!document.querySelector('script[src^=newer-]')";
    wait_for(async || browser.script(is_new).await == true).await;
    let card = browser.card(1).await;
    let input = card.find("textbox", "Message").await;
    input.holds("half a word").await;
    browser.settings().await.press("Close").await;
    browser.close().await;
}

/// Makes the page's program trap when it next asks for the time: an exception that JavaScript throws
/// through a program leaves it in the middle of its work, as a trap does. Scripts that ask for the time
/// get it.
async fn trap(browser: &Browser) {
    let script = "const now = Date.now;
        Date.now = () => {
            // This function, the glue that calls it, and what calls that.
            if (!new Error().stack.split('\\n')[3]?.includes('.wasm')) return now();
            Date.now = now;
            const error = new WebAssembly.RuntimeError('unreachable');
            // A browser does not report exceptions in a driver's script to the page.
            setTimeout(() => dispatchEvent(new ErrorEvent('error', { error })));
            throw error;
        }";
    browser.script(script).await;
}

/// Waits until the page says that it has stopped, and reloads it.
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
    // The synced card lags behind.
    card.press("Compare").await;
    browser.card(2).await;
    let input = card.find("textbox", "Message").await;
    input.type_in("half a word").await;
    trap(&browser).await;
    input.type_in("!").await;
    reload_after_the_trap(&browser).await;
    let card = browser.card(1).await;
    card.logs("a heard: before").await;
    for card in [card, browser.card(2).await] {
        let input = card.find("textbox", "Message").await;
        input.holds("half a word!").await;
    }
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
