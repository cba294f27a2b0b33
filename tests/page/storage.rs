//! What is kept: damage, tabs, no room.

use thirtyfour::Key;

use crate::{
    open, say,
    support::{Browser, Endpoint, Step},
    wait_for,
};

#[tokio::test(flavor = "multi_thread")]
async fn two_tabs_that_both_have_words_keep_both() {
    let endpoint = Endpoint::start(&["a"]).await;
    let browser = open(&endpoint, "").await;
    browser.card(1).await.send("shared").await;
    let log = browser.card(1).await.find("log", "Messages").await;
    log.says("a heard: shared").await;
    let (first, _) = browser.new_tab().await;
    browser.driver.goto(&browser.url).await.unwrap();
    browser.card(1).await.logs("a heard: shared").await;
    // One tab is answering while the other sends.
    endpoint.will(
        "a",
        [say("from the second"), Step::Wait, Step::Finish("stop")],
    );
    let card = browser.card(1).await;
    card.send("second").await;
    let log = card.find("log", "Messages").await;
    log.says("from the second").await;
    let second = browser.driver.window().await.unwrap();
    browser.driver.switch_to_window(first).await.unwrap();
    let card = browser.card(1).await;
    card.send("first").await;
    card.logs("a heard: first").await;
    browser.driver.switch_to_window(second).await.unwrap();
    browser
        .page()
        .says("This tab goes on with a copy of its own")
        .await;
    endpoint.go_on();
    browser.card(1).await.find("button", "Send").await;
    let saved = async || {
        let script = "return Object.entries(localStorage).filter(([k]) => k.includes('.chat.')).map(([, v]) => v)";
        serde_json::from_value::<Vec<String>>(browser.script(script).await).unwrap()
    };
    wait_for(async || {
        let saved = saved().await;
        let has = |words: &str| saved.iter().any(|chat| chat.contains(words));
        saved.len() == 2 && has("a heard: first") && has("from the second")
    })
    .await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_data_is_put_aside_and_the_rest_works() {
    let endpoint = Endpoint::start(&["a"]).await;
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    card.send("hello").await;
    card.logs("a heard: hello").await;
    browser
        .script("localStorage.setItem('collate.v2.endpoints', '{damaged')")
        .await;
    browser.reload().await;
    browser
        .page()
        .says("Some saved data could not be read")
        .await;
    browser.card(1).await.logs("a heard: hello").await;
    let aside = browser
        .script("return Object.entries(localStorage).filter(([k]) => k.startsWith('collate.aside.')).map(([, v]) => v)")
        .await;
    assert_eq!(aside, serde_json::json!(["{damaged"]));
    // Without its endpoint, the card sends nothing and loses nothing.
    let card = browser.card(1).await;
    card.find("textbox", "Message").await.type_in("kept").await;
    card.find("textbox", "Message")
        .await
        .type_in(Key::Enter)
        .await;
    card.find("textbox", "Message").await.holds("kept").await;
    // What the history shows of a chat is made again from the chat.
    let lose = "for (const key of Object.keys(localStorage)) if (key.includes('.entry.')) delete localStorage[key];
        sessionStorage.clear()";
    browser.script(lose).await;
    browser.go("/").await;
    browser.card(1).await.logs("a heard: hello").await;
    let drawer = browser.history().await;
    drawer.find("link", "hello").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tabs_are_in_step_and_lose_nothing() {
    let endpoint = Endpoint::start(&["a"]).await;
    let browser = open(&endpoint, "").await;
    browser.card(1).await.send("from the first tab").await;
    browser
        .card(1)
        .await
        .logs("a heard: from the first tab")
        .await;
    let (first, second) = browser.new_tab().await;
    browser.driver.goto(&browser.url).await.unwrap();
    let card = browser.card(1).await;
    card.logs("a heard: from the first tab").await;
    card.press("Compare").await;
    browser.card(2).await.send("from the second tab").await;
    card.logs("a heard: from the second tab").await;
    // The first tab has followed, and goes on from there, also after a reload.
    browser.driver.switch_to_window(first).await.unwrap();
    let card = browser.card(1).await;
    card.logs("a heard: from the second tab").await;
    card.send("again").await;
    card.logs("a heard: again").await;
    browser.card(2).await.logs("a heard: again").await;
    assert_eq!(endpoint.received().last().unwrap().messages().len() % 2, 1);
    browser.driver.switch_to_window(second).await.unwrap();
    browser.card(2).await.logs("a heard: again").await;
    browser.reload().await;
    let log = browser.card(1).await.find("log", "Messages").await;
    for words in ["from the first tab", "from the second tab", "again"] {
        log.says(words).await;
    }
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_storage_is_said_and_loses_nothing_on_the_page() {
    let endpoint = Endpoint::start(&["a"]).await;
    let browser = open(&endpoint, "").await;
    let fill = "for (let size = 4e6; size >= 1; size = Math.floor(size / 2))
        for (let n = 0; n < 4; n++) try { localStorage.setItem('x' + size + n, 'x'.repeat(size)) } catch {}";
    browser.script(fill).await;
    let card = browser.card(1).await;
    card.send(&"long words ".repeat(20)).await;
    card.logs("a heard: long words").await;
    browser.page().says("the browser's storage is full").await;
    browser.script("for (const key of Object.keys(localStorage)) if (key[0] == 'x') delete localStorage[key]").await;
    card.send("short").await;
    card.logs("a heard: short").await;
    browser
        .page()
        .shows("no warning", |shown| !shown.contains("storage is full"))
        .await;
    browser.reload().await;
    browser.card(1).await.logs("a heard: long words").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_storage_the_page_works_and_says_that_it_can_not_save() {
    let endpoint = Endpoint::start(&["a"]).await;
    let browser = Browser::open().await;
    let blocked = "for (const name of ['localStorage', 'sessionStorage'])
        Object.defineProperty(window, name, { get() { throw new DOMException('', 'SecurityError') } })";
    let params = serde_json::json!({ "source": blocked });
    let cdp = browser.driver.cdp();
    cdp.send_raw("Page.addScriptToEvaluateOnNewDocument", params)
        .await
        .unwrap();
    browser.reload().await;
    browser
        .page()
        .says("Not saved: the browser gives this page no storage")
        .await;
    let card = browser.card(1).await;
    card.connect(&endpoint.base_url(), "").await;
    card.find("combobox", "Model").await.holds("a").await;
    card.send("hello").await;
    card.logs("a heard: hello").await;
    browser.close().await;
}
