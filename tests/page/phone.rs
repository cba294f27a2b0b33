//! The page on a phone: a touch screen with a keyboard on it, and a button or gesture for Back.

use serde_json::json;
use thirtyfour::Key;

use crate::{
    answered_with, open,
    support::{Browser, Endpoint},
    wait_for,
};

/// Opens the page on a phone's screen.
async fn phone(endpoint: &Endpoint) -> Browser {
    let browser = open(endpoint, "").await;
    browser.screen(390, 844, true).await;
    browser
}

#[tokio::test(flavor = "multi_thread")]
async fn look_phone_enter() {
    let endpoint = Endpoint::start(&["m"]).await;
    let browser = phone(&endpoint).await;
    let card = browser.card(1).await;
    let input = card.find("textbox", "Message").await;
    input.type_in("a").await;
    input.type_in(Key::Enter).await;
    input.type_in("b").await;
    input.holds("a\nb").await;
    assert_eq!(endpoint.prompts(), Vec::<String>::new());
    // A keyboard that has Ctrl sends with it, and the button always does.
    input.type_in(Key::Control + Key::Enter).await;
    card.logs("m heard: a").await;
    input.type_in("c").await;
    card.press("Send").await;
    card.logs("m heard: c").await;
    assert_eq!(endpoint.prompts(), ["a\nb", "c"]);
    // Unless set.
    let settings = browser.settings().await;
    settings
        .select("Send with", "Enter (Shift+Enter breaks the line)")
        .await;
    settings.press("Close").await;
    input.type_in("d").await;
    input.type_in(Key::Enter).await;
    card.logs("m heard: d").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn look_phone_zoom() {
    let endpoint = Endpoint::start(&["m"]).await;
    let browser = phone(&endpoint).await;
    browser.history().await;
    let sizes = "const fields = [...document.querySelectorAll('input, select, textarea')];
        const sizes = fields.filter((field) => field.checkVisibility()).map((field) => parseFloat(getComputedStyle(field).fontSize));
        return sizes.length > 2 && sizes.every((size) => size >= 16)";
    wait_for(async || browser.script(sizes).await == true).await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn look_phone_back() {
    let (_endpoint, browser, _card) = answered_with("First words.").await;
    browser.screen(390, 844, true).await;
    let first = browser.address().await;
    browser.page().press("New chat").await;
    let second = browser.card(1).await;
    second.find("textbox", "Message").await;
    wait_for(async || browser.address().await != first).await;
    let here = browser.address().await;
    let back = async || browser.driver.back().await.unwrap();

    // The history.
    browser.history().await;
    back().await;
    browser
        .page()
        .count("complementary", "Chat history", 0)
        .await;
    assert_eq!(browser.address().await, here);
    // The settings.
    browser.settings().await;
    back().await;
    browser.page().count("dialog", "Settings", 0).await;
    assert_eq!(browser.address().await, here);
    // A menu.
    second.press("More").await;
    second.find("menuitem", "Print").await;
    back().await;
    second.count("menuitem", "Print", 0).await;
    assert_eq!(browser.address().await, here);
    // What is closed by hand leaves nothing to go back to.
    browser.settings().await.press("Close").await;
    browser.page().count("dialog", "Settings", 0).await;
    wait_for(async || {
        browser
            .script("return history.state")
            .await
            .as_f64()
            .is_none()
    })
    .await;
    back().await;
    wait_for(async || browser.address().await == first).await;
    browser.card(1).await.logs("First words.").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_from_the_history_is_one_step_from_the_one_before() {
    let (_endpoint, browser, _card) = answered_with("First words.").await;
    browser.screen(390, 844, true).await;
    let first = browser.address().await;
    browser.page().press("New chat").await;
    let card = browser.card(1).await;
    card.find("textbox", "Message")
        .await
        .type_in("Second")
        .await;
    card.press("Send").await;
    card.logs("m heard: Second").await;
    wait_for(async || browser.address().await.contains("/chat/")).await;
    let second = browser.address().await;
    let history = browser.history().await;
    history.find("link", "Go").await.click().await;
    wait_for(async || browser.address().await == first).await;
    browser.driver.back().await.unwrap();
    wait_for(async || browser.address().await == second).await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn look_small_window() {
    let (_endpoint, browser, card) = answered_with("Some words.").await;
    for (width, height) in [(320, 256), (740, 300)] {
        browser.screen(width, height, false).await;
        let input = card.find("textbox", "Message").await;
        input.script("it.scrollIntoView()").await;
        input.type_in("x").await;
        let log = card.find("log", "Messages").await;
        log.script("it.scrollIntoView()").await;
        log.comes_true("return it.clientHeight > 40").await;
    }
    let sent = json!("xx");
    let input = card.find("textbox", "Message").await;
    assert_eq!(input.script("return it.value").await, sent);
    browser.close().await;
}
