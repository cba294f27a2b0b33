//! Cards: added, deleted, cleared, moved, distinguished.

use thirtyfour::Key;

use crate::{
    open, say,
    support::{Browser, Endpoint, Step},
    wait_for,
};

#[tokio::test(flavor = "multi_thread")]
async fn the_keyboard_keeps_its_place() {
    let endpoint = Endpoint::start(&["a"]).await;
    endpoint.will("a", [say("on"), Step::Wait]);
    let browser = Browser::open().await;
    let card = browser.card(1).await;
    let form = card.find("form", "Custom model").await;
    form.fill("Base URL", &endpoint.base_url()).await;
    form.find("textbox", "Base URL")
        .await
        .type_in(Key::Enter)
        .await;
    let focused = async || {
        browser
            .script("return document.activeElement.ariaLabel")
            .await
    };
    wait_for(async || focused().await == "Message").await;
    card.send("Go").await;
    card.logs("on").await;
    card.find("button", "Stop").await.type_in(Key::Enter).await;
    wait_for(async || focused().await == "Message").await;
    card.find("button", "Retry").await.type_in(Key::Enter).await;
    wait_for(async || focused().await == "Message").await;
    card.logs("a heard: Go").await;

    // A new card takes the focus; the dialog returns it, also by Escape.
    card.find("button", "Compare")
        .await
        .type_in(Key::Enter)
        .await;
    let page = browser.page();
    page.count("region", "Chat card 2", 1).await;
    wait_for(async || focused().await == "Message").await;
    let script = "return document.activeElement.closest('section').ariaLabel";
    assert_eq!(browser.script(script).await, "Chat card 2");
    let more = card.find("button", "More").await;
    more.type_in(Key::Enter).await;
    page.find("menuitem", "Delete chat")
        .await
        .type_in(Key::Enter)
        .await;
    let dialog = page.find("dialog", "Delete chat card 1?").await;
    dialog
        .find("button", "Cancel")
        .await
        .type_in(Key::Escape)
        .await;
    page.count("dialog", "Delete chat card 1?", 0).await;
    wait_for(async || focused().await == "More").await;
    more.type_in(Key::Enter).await;
    page.find("menuitem", "Delete chat")
        .await
        .type_in(Key::Enter)
        .await;
    let dialog = page.find("dialog", "Delete chat card 1?").await;
    dialog
        .find("button", "Delete")
        .await
        .type_in(Key::Enter)
        .await;
    let undo = page.find("button", "Undo").await;
    let text = "return document.activeElement.textContent";
    wait_for(async || browser.script(text).await == "Undo").await;
    undo.type_in(Key::Enter).await;
    browser.card(2).await;
    wait_for(async || focused().await == "Message").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cards_are_deleted_cleared_and_brought_back() {
    let endpoint = Endpoint::start(&["a"]).await;
    let browser = open(&endpoint, "").await;
    let page = browser.page();

    // The last card can't be deleted.
    browser.card(1).await.press("More").await;
    let delete = page.find("menuitem", "Delete chat").await;
    assert_eq!(delete.attr("aria-disabled").await.as_deref(), Some("true"));
    delete.click().await;
    page.count("region", "Chat card 1", 1).await;
    delete.type_in(Key::Escape).await;
    page.count("menuitem", "Delete chat", 0).await;

    // A card without words is deleted without a question, and comes back in its place.
    browser.card(1).await.press("Compare").await;
    browser.card(2).await.press("More").await;
    page.find("menuitem", "Delete chat").await.click().await;
    page.count("region", "Chat card 2", 0).await;
    page.press("Undo").await;
    page.count("region", "Chat card 2", 1).await;

    // Each removal can be undone, the last one first.
    browser.card(2).await.press("Compare").await;
    page.count("region", "Chat card 3", 1).await;
    for number in [3, 2] {
        browser.card(number).await.press("More").await;
        page.find("menuitem", "Delete chat").await.click().await;
        page.count("region", &format!("Chat card {number}"), 0)
            .await;
    }
    page.press("Undo").await;
    page.count("region", "Chat card 2", 1).await;
    page.press("Undo").await;
    page.count("region", "Chat card 3", 1).await;
    page.count("button", "Undo", 0).await;
    browser.card(3).await.press("More").await;
    page.find("menuitem", "Delete chat").await.click().await;
    page.count("region", "Chat card 3", 0).await;

    // A card with words asks first.
    let first = browser.card(1).await;
    first.send("hello").await;
    first.logs("a heard: hello").await;
    browser.card(2).await.logs("a heard: hello").await;
    first.press("More").await;
    page.find("menuitem", "Delete chat").await.click().await;
    let dialog = page.find("dialog", "Delete chat card 1?").await;
    dialog.press("Cancel").await;
    page.count("region", "Chat card 2", 1).await;
    first.press("More").await;
    page.find("menuitem", "Delete chat").await.click().await;
    page.find("dialog", "Delete chat card 1?")
        .await
        .press("Delete")
        .await;
    page.count("region", "Chat card 2", 0).await;

    // Undo restores it with all its messages; deleted again, the rest stays.
    page.press("Undo").await;
    page.count("region", "Chat card 2", 1).await;
    browser.card(1).await.logs("a heard: hello").await;
    browser.card(2).await.logs("a heard: hello").await;
    browser.card(1).await.press("More").await;
    page.find("menuitem", "Delete chat").await.click().await;
    page.find("dialog", "Delete chat card 1?")
        .await
        .press("Delete")
        .await;
    page.count("region", "Chat card 2", 0).await;
    browser.reload().await;
    browser.card(1).await.logs("a heard: hello").await;
    page.count("region", "Chat card 2", 0).await;

    // Clear removes the messages and nothing else; Undo restores them.
    let card = browser.card(1).await;
    card.find("textbox", "Message")
        .await
        .type_in("a draft")
        .await;
    card.press("More").await;
    page.find("menuitem", "Clear chat").await.click().await;
    card.count("article", "You", 0).await;
    card.find("textbox", "Message").await.holds("a draft").await;
    card.find("combobox", "Model").await.holds("a").await;
    page.press("Undo").await;
    card.logs("a heard: hello").await;
    browser.close().await;
}

/// Returns the cards' models, from left to right on the page.
async fn models(browser: &Browser) -> String {
    let script = "return [...document.querySelectorAll('section.card')]
        .sort((a, b) => a.getBoundingClientRect().left - b.getBoundingClientRect().left)
        .map((card) => card.querySelectorAll('[role=combobox]')[1].value).join('')";
    browser.script(script).await.as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn cards_are_moved_by_keyboard_by_menu_and_by_pointer() {
    let endpoint = Endpoint::start(&["a", "b", "c"]).await;
    let browser = open(&endpoint, "").await;
    for (number, model) in [(1, "a"), (2, "b"), (3, "c")] {
        let card = browser.card(number).await;
        card.choose("Model", model).await;
        if number < 3 {
            card.press("Compare").await;
        }
    }
    let is = async |expected: &str| wait_for(async || models(&browser).await == expected).await;
    is("abc").await;
    // A moved card keeps its content, and its number is its place.
    let lines: Vec<_> = (0..80).map(|n| format!("line {n}\n")).collect();
    endpoint.will("a", [say(&lines.concat()), Step::Finish("stop")]);
    browser.card(1).await.send("long").await;
    browser.card(1).await.logs("line 79").await;
    let scroll =
        "document.querySelector('section[aria-label=\"Chat card 1\"] [role=log]').scrollTop = 200";
    browser.script(scroll).await;

    let grip = browser.card(1).await.find("button", "Move card").await;
    grip.type_in(Key::Right).await;
    is("bac").await;
    let focused = "return document.activeElement.ariaLabel + document.activeElement.closest('section')?.ariaLabel";
    wait_for(async || browser.script(focused).await == "Move cardChat card 2").await;
    let top =
        "return document.querySelector('section[aria-label=\"Chat card 2\"] [role=log]').scrollTop";
    assert_eq!(browser.script(top).await, 200);
    browser.card(2).await.logs("line 79").await;

    browser.card(1).await.choose_more("Move right").await;
    is("abc").await;
    browser.card(3).await.choose_more("Move left").await;
    is("acb").await;
    // There is no place beyond the ends.
    browser.card(1).await.press("More").await;
    let left = browser.page().find("menuitem", "Move left").await;
    assert_eq!(left.attr("aria-disabled").await.as_deref(), Some("true"));
    left.type_in(Key::Escape).await;

    // By pointer, from the first place to the last.
    let grip = browser.card(1).await.find("button", "Move card").await;
    let end = browser.card(3).await.find("button", "More").await;
    browser
        .driver
        .action_chain()
        .drag_and_drop_element(grip.element(), end.element())
        .perform()
        .await
        .unwrap();
    is("cba").await;
    // Escape puts it back.
    let drag = "const grip = document.querySelector('.grip');
        const edge = document.querySelectorAll('section.card')[2].getBoundingClientRect();
        grip.dispatchEvent(new PointerEvent('pointerdown', { bubbles: true, button: 0 }));
        window.dispatchEvent(new PointerEvent('pointermove', { clientX: edge.left + 50 }))";
    browser.script(drag).await;
    is("bac").await;
    browser
        .script("window.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape' }))")
        .await;
    is("cba").await;
    browser.reload().await;
    browser
        .card(3)
        .await
        .find("combobox", "Model")
        .await
        .holds("a")
        .await;
    is("cba").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_has_a_name_and_a_colour_of_its_own() {
    let endpoint = Endpoint::start(&["a"]).await;
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    let parameters = card.parameters().await;
    parameters.fill("Card name", "차가운 쪽").await;
    parameters.find("radio", "Colour 2").await.click().await;
    parameters.press("Close").await;
    card.says("차가운 쪽").await;
    card.press("Compare").await;
    let other = browser.card(2).await;
    assert!(!other.text().await.contains("차가운 쪽"));
    browser.reload().await;
    let card = browser.card(1).await;
    card.says("차가운 쪽").await;
    assert_eq!(card.attr("data-colour").await.as_deref(), Some("2"));
    assert_eq!(browser.card(2).await.attr("data-colour").await, None);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn any_number_of_cards_keep_a_readable_width() {
    let endpoint = Endpoint::start(&["a"]).await;
    let browser = open(&endpoint, "").await;
    for number in 1..12 {
        browser.card(number).await.press("Compare").await;
    }
    browser.page().count("region", "Chat card 12", 1).await;
    let least = "return Math.min(...[...document.querySelectorAll('section.card')].map((card) => card.offsetWidth))";
    let least = browser.script(least).await;
    assert!(least.as_f64().unwrap() >= 320.0, "{least}");
    // The row scrolls, the page does not.
    let scrolls = "const board = document.querySelector('main');
        return [board.scrollWidth > board.clientWidth, document.documentElement.scrollWidth <= innerWidth]";
    assert_eq!(
        browser.script(scrolls).await,
        serde_json::json!([true, true])
    );
    // A card out of sight shows the common draft late, but never uses an old one.
    let seen = browser.card(1).await.find("textbox", "Message").await;
    let unseen = browser.card(12).await.find("textbox", "Message").await;
    seen.type_in("for").await;
    unseen.type_in(" all").await;
    seen.holds("for all").await;
    unseen.type_in(Key::Enter).await;
    for number in [1, 12] {
        let card = browser.card(number).await;
        // A card out of sight is not laid out, and then the browser reports no roles in it.
        card.script("it.scrollIntoView()").await;
        card.logs("a heard: for all").await;
    }
    wait_for(async || endpoint.received().len() == 12).await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_click_takes_no_focus_and_a_draft_alone_is_asked_about() {
    let endpoint = Endpoint::start(&["a"]).await;
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    card.press("Compare").await;
    let added = browser.card(2).await;
    // With the mouse, the focus stays where it was: on a phone, it would open the keyboard.
    let focused =
        "return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() =>
        done(document.activeElement.ariaLabel))))";
    assert_eq!(browser.script(focused).await, "Compare");
    added.press("Sync input").await;
    added
        .find("textbox", "Message")
        .await
        .type_in("only a draft")
        .await;
    added.choose_more("Delete chat").await;
    let dialog = browser.page().find("dialog", "Delete chat card 2?").await;
    dialog.press("Delete").await;
    browser.page().count("region", "Chat card 2", 0).await;
    browser.page().press("Undo").await;
    let input = browser.card(2).await.find("textbox", "Message").await;
    input.holds("only a draft").await;
    browser.close().await;
}
