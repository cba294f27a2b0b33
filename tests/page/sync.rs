//! The shared input: one draft, one send, and the queues.

use thirtyfour::Key;

use crate::{
    open, say,
    support::{Browser, Endpoint, Scope, Step},
};

#[tokio::test(flavor = "multi_thread")]
async fn two_cards_are_compared_and_kept() {
    let one = Endpoint::start(&["alpha", "beta"]).await;
    let two = Endpoint::start(&["gamma"]).await;
    let browser = open(&one, "sk-one").await;

    // The first listed model is chosen; Compare repeats the choice beside it.
    let left = browser.card(1).await;
    left.find("combobox", "Model").await.holds("alpha").await;
    left.press("Compare").await;
    let right = browser.card(2).await;
    right.find("combobox", "Model").await.holds("alpha").await;

    // The other card uses another endpoint, without a token.
    right.choose("Endpoint", "Custom model…").await;
    right.connect(&two.base_url(), "").await;
    right.find("combobox", "Model").await.holds("gamma").await;

    // Both show one draft; one Enter sends it to both.
    let draft = left.find("textbox", "Message").await;
    draft.type_in("Which is bigger?").await;
    right
        .find("textbox", "Message")
        .await
        .holds("Which is bigger?")
        .await;
    draft.type_in(Key::Enter).await;
    left.logs("alpha heard: Which is bigger?").await;
    right.logs("gamma heard: Which is bigger?").await;
    draft.holds("").await;
    left.find("article", "You")
        .await
        .says("Which is bigger?")
        .await;
    left.find("article", "alpha").await;
    right.find("article", "gamma").await;

    // A second question repeats only the card's own conversation.
    right.send("Why?").await;
    left.logs("alpha heard: Why?").await;
    right.logs("gamma heard: Why?").await;
    for (endpoint, model, token) in [
        (&one, "alpha", Some("Bearer sk-one")),
        (&two, "gamma", None),
    ] {
        let received = endpoint.received();
        assert_eq!(received.len(), 2);
        for request in &received {
            assert_eq!(request.model(), model);
            assert_eq!(request.body["stream"], true);
            assert_eq!(request.authorization(), token);
            assert_eq!(request.headers["content-type"], "application/json");
            let fields: Vec<_> = request.body.as_object().unwrap().keys().collect();
            assert_eq!(fields, ["model", "messages", "stream", "stream_options"]);
            let counted = serde_json::json!({ "include_usage": true });
            assert_eq!(request.body["stream_options"], counted);
        }
        assert_eq!(received[0].messages(), [("user", "Which is bigger?")]);
        let first_answer = format!("{model} heard: Which is bigger?");
        assert_eq!(
            received[1].messages(),
            [
                ("user", "Which is bigger?"),
                ("assistant", &*first_answer),
                ("user", "Why?")
            ]
        );
        let token = token.map(str::to_owned);
        assert!(
            endpoint
                .models_authorizations()
                .iter()
                .all(|sent| *sent == token)
        );
    }

    // After a reload everything is there, and works.
    left.find("textbox", "Message")
        .await
        .type_in("a draft")
        .await;
    browser.reload().await;
    let (left, right) = (browser.card(1).await, browser.card(2).await);
    left.logs("alpha heard: Why?").await;
    right.logs("gamma heard: Why?").await;
    left.find("combobox", "Endpoint")
        .await
        .holds(&one.name())
        .await;
    right
        .find("combobox", "Endpoint")
        .await
        .holds(&two.name())
        .await;
    left.find("textbox", "Message").await.holds("a draft").await;
    right
        .find("textbox", "Message")
        .await
        .holds("a draft")
        .await;
    right.press("Send").await;
    left.logs("alpha heard: a draft").await;
    assert_eq!(two.received()[2].messages().len(), 5);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unsynced_card_is_left_alone() {
    let endpoint = Endpoint::start(&["a"]).await;
    let browser = open(&endpoint, "").await;
    browser.card(1).await.press("Compare").await;
    let (left, right) = (browser.card(1).await, browser.card(2).await);
    let sync = right.find("button", "Sync input").await;
    assert_eq!(sync.attr("aria-pressed").await.as_deref(), Some("true"));
    sync.click().await;
    assert_eq!(sync.attr("aria-pressed").await.as_deref(), Some("false"));

    right.find("textbox", "Message").await.type_in("mine").await;
    left.send("for one").await;
    left.logs("a heard: for one").await;
    right.find("textbox", "Message").await.holds("mine").await;
    right.send("!").await;
    right.logs("a heard: mine!").await;
    assert_eq!(endpoint.prompts(), ["for one", "mine!"]);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_answers_lets_the_next_question_wait() {
    let endpoint = Endpoint::start(&["a"]).await;
    endpoint.will(
        "a",
        [
            say("thinking"),
            Step::Wait,
            say(" done"),
            Step::Finish("stop"),
        ],
    );
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    let log = card.find("log", "Messages").await;
    card.send("one").await;
    log.says("thinking").await;
    card.send("two").await;
    card.send("three").await;
    card.send("four").await;
    card.count("button", "Cancel", 3).await;
    let waiting = log.text().await;
    assert_eq!(waiting.matches("Waits for the answer before it").count(), 3);
    // The second of them is cancelled.
    log_cancel(&browser, 1).await;
    card.count("button", "Cancel", 2).await;
    log.shows("two waiting", |shown| !shown.contains("three"))
        .await;
    browser.page().press("Undo").await;
    card.count("button", "Cancel", 3).await;
    log_cancel(&browser, 1).await;
    card.count("button", "Cancel", 2).await;
    assert_eq!(endpoint.received().len(), 1);
    endpoint.go_on();
    log.says("a heard: four").await;
    let received = endpoint.received();
    assert_eq!(received.len(), 3);
    assert_eq!(
        received[2].messages(),
        [
            ("user", "one"),
            ("assistant", "thinking done"),
            ("user", "two"),
            ("assistant", "a heard: two"),
            ("user", "four"),
        ]
    );
    browser.close().await;
}

/// Clicks the Cancel button with this index.
async fn log_cancel(browser: &Browser, index: usize) {
    let script = format!(
        "[...document.querySelectorAll('[role=log] button')].filter(b => b.textContent === 'Cancel')[{index}].click()"
    );
    browser.script(&script).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_holds_the_queue() {
    let endpoint = Endpoint::start(&["a"]).await;
    endpoint.will("a", [say("half"), Step::Wait, Step::Cut]);
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    card.send("one").await;
    card.logs("half").await;
    card.send("two").await;
    card.logs("Waits for the answer before it").await;
    endpoint.go_on();
    card.logs("The connection ended before the answer did")
        .await;
    card.logs("Not answered yet").await;
    assert_eq!(endpoint.prompts(), ["one"]);
    // Retrying the first answer releases the second question.
    card.find("log", "Messages")
        .await
        .count("button", "Retry", 2)
        .await;
    browser
        .script("document.querySelector('article.answer button').click()")
        .await;
    card.logs("a heard: two").await;
    assert_eq!(endpoint.prompts(), ["one", "one", "two"]);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_double_click_on_send_is_one_send() {
    let endpoint = Endpoint::start(&["a"]).await;
    endpoint.will("a", [Step::Wait, say("done"), Step::Finish("stop")]);
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    card.find("textbox", "Message").await.type_in("Go").await;
    let send = card.find("button", "Send").await;
    let chain = browser.driver.action_chain();
    chain
        .double_click_element(send.element())
        .perform()
        .await
        .unwrap();
    card.find("button", "Stop").await;
    endpoint.go_on();
    card.logs("done").await;
    assert_eq!(endpoint.prompts(), ["Go"]);
    browser.close().await;
}

/// Opens the page with three cards of one model: the first two in sync, the third not, with its own
/// draft.
async fn open_three(endpoint: &Endpoint) -> (Browser, [Scope; 3]) {
    let browser = open(endpoint, "").await;
    browser.card(1).await.press("Compare").await;
    browser.card(2).await.press("Compare").await;
    let cards = [
        browser.card(1).await,
        browser.card(2).await,
        browser.card(3).await,
    ];
    cards[2].press("Sync input").await;
    message(&cards[2]).await.type_in("its own").await;
    (browser, cards)
}

async fn message(card: &Scope) -> Scope {
    card.find("textbox", "Message").await
}

// The table of the spec, row by row: the behaviour of a card in sync, and of one out of sync.

#[tokio::test(flavor = "multi_thread")]
async fn typing_in_a_synced_card_shows_the_same_draft_in_synced_cards_only() {
    let endpoint = Endpoint::start(&["m"]).await;
    let (browser, [one, two, apart]) = open_three(&endpoint).await;
    message(&one).await.type_in("for all").await;
    message(&two).await.holds("for all").await;
    message(&apart).await.holds("its own").await;
    message(&two).await.type_in("!").await;
    message(&one).await.holds("for all!").await;
    // Pasted text is shared, too, with its lines.
    let paste = "const input = document.querySelector('textarea'); input.focus();
        document.execCommand('insertText', false, '\\n붙여넣은 글')";
    browser.script(paste).await;
    message(&two).await.holds("for all!\n붙여넣은 글").await;
    message(&apart).await.holds("its own").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn enter_in_a_synced_card_sends_in_synced_cards_once_and_leaves_the_rest() {
    let endpoint = Endpoint::start(&["m"]).await;
    let (browser, [one, two, apart]) = open_three(&endpoint).await;
    one.send("by enter").await;
    one.logs("m heard: by enter").await;
    two.logs("m heard: by enter").await;
    message(&one).await.holds("").await;
    message(&two).await.holds("").await;
    message(&apart).await.holds("its own").await;
    apart.count("article", "You", 0).await;
    assert_eq!(endpoint.prompts(), ["by enter", "by enter"]);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn send_in_a_synced_card_sends_in_synced_cards_once_and_leaves_the_rest() {
    let endpoint = Endpoint::start(&["m"]).await;
    let (browser, [one, two, apart]) = open_three(&endpoint).await;
    message(&one).await.type_in("by button").await;
    two.press("Send").await;
    one.logs("m heard: by button").await;
    two.logs("m heard: by button").await;
    message(&apart).await.holds("its own").await;
    apart.count("article", "You", 0).await;
    assert_eq!(endpoint.prompts(), ["by button", "by button"]);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn typing_enter_and_send_in_an_unsynced_card_are_its_own() {
    let endpoint = Endpoint::start(&["m"]).await;
    let (browser, [one, two, apart]) = open_three(&endpoint).await;
    message(&one).await.type_in("for the group").await;
    apart.send("!").await;
    apart.logs("m heard: its own!").await;
    message(&apart).await.type_in("again").await;
    apart.press("Send").await;
    apart.logs("m heard: again").await;
    for card in [&one, &two] {
        message(card).await.holds("for the group").await;
        card.count("article", "You", 0).await;
    }
    assert_eq!(endpoint.prompts(), ["its own!", "again"]);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sync_switched_on_takes_the_groups_draft_or_gives_its_own() {
    let endpoint = Endpoint::start(&["m"]).await;
    let (browser, [one, two, apart]) = open_three(&endpoint).await;
    // The group has none: the card gives its own.
    apart.press("Sync input").await;
    message(&one).await.holds("its own").await;
    message(&two).await.holds("its own").await;
    // The group has one: the card takes it.
    apart.press("Sync input").await;
    message(&apart).await.type_in(", changed").await;
    message(&one).await.holds("its own").await;
    apart.press("Sync input").await;
    message(&apart).await.holds("its own").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sync_switched_off_keeps_the_draft_as_its_own() {
    let endpoint = Endpoint::start(&["m"]).await;
    let (browser, [one, two, _]) = open_three(&endpoint).await;
    message(&one).await.type_in("shared").await;
    two.press("Sync input").await;
    message(&two).await.holds("shared").await;
    message(&two).await.type_in(" by one").await;
    message(&one).await.holds("shared").await;
    message(&one).await.type_in(" by two").await;
    message(&two).await.holds("shared by one").await;
    browser.close().await;
}

// Rules beyond the table.

#[tokio::test(flavor = "multi_thread")]
async fn a_card_without_a_model_says_so_and_has_the_question_wait() {
    let endpoint = Endpoint::start(&["m"]).await;
    let browser = open(&endpoint, "").await;
    browser.card(1).await.press("Compare").await;
    let (left, right) = (browser.card(1).await, browser.card(2).await);
    // An endpoint whose models are not known yet.
    let late = Endpoint::start(&["late"]).await;
    late.will_hold_models();
    let settings = browser.settings().await;
    settings.press("Add endpoint").await;
    settings.fill("Base URL", &late.base_url()).await;
    settings.press("Save").await;
    settings.press("Close").await;
    right.choose("Endpoint", &late.name()).await;
    right.says("This card has no model").await;
    left.send("one").await;
    left.send("two").await;
    left.logs("m heard: two").await;
    right.count("button", "Cancel", 2).await;
    right.logs("Waits until this card has a model").await;
    assert!(late.received().is_empty());
    // Once the card has one, its queue goes, in order.
    late.go_on();
    right.logs("late heard: one").await;
    right.logs("late heard: two").await;
    assert_eq!(late.prompts(), ["one", "two"]);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_card_skips_by_the_readers_setting() {
    let endpoint = Endpoint::start(&["a", "b"]).await;
    endpoint.will(
        "a",
        [say("on"), Step::Wait, say(" done"), Step::Finish("stop")],
    );
    let browser = open(&endpoint, "").await;
    let settings = browser.settings().await;
    let busy = "A card that is still answering, or has no model";
    settings.select(busy, "skips").await;
    settings.press("Close").await;
    browser.card(1).await.press("Compare").await;
    let (left, right) = (browser.card(1).await, browser.card(2).await);
    right.choose("Model", "b").await;
    left.send("one").await;
    left.logs("on").await;
    right.logs("b heard: one").await;
    right.find("button", "Send").await;
    left.send("two").await;
    right.logs("b heard: two").await;
    left.says("This card took no part in the last message")
        .await;
    left.count("article", "You", 1).await;
    // If no card is free, the text stays.
    endpoint.will("b", [say("busy too"), Step::Wait]);
    right.send("three").await;
    right.logs("busy too").await;
    message(&right).await.type_in("four").await;
    message(&right).await.type_in(Key::Enter).await;
    message(&right).await.holds("four").await;
    right.press("Stop").await;
    assert_eq!(endpoint.prompts(), ["one", "one", "two", "three"]);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_card_joins_in_sync_and_takes_the_groups_draft() {
    let endpoint = Endpoint::start(&["m"]).await;
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    message(&card).await.type_in("shared").await;
    card.press("Compare").await;
    let added = browser.card(2).await;
    message(&added).await.holds("shared").await;
    let sync = added.find("button", "Sync input").await;
    assert_eq!(sync.attr("aria-pressed").await.as_deref(), Some("true"));
    // The same holds beside a card that is not in sync.
    added.press("Sync input").await;
    added.press("Compare").await;
    message(&browser.card(3).await).await.holds("shared").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn endpoint_model_parameters_clear_delete_and_stop_are_not_synced() {
    let endpoint = Endpoint::start(&["a", "b"]).await;
    for _ in 0..2 {
        endpoint.will("a", [say("on"), Step::Wait, Step::Finish("stop")]);
    }
    let browser = open(&endpoint, "").await;
    browser.card(1).await.press("Compare").await;
    let (left, right) = (browser.card(1).await, browser.card(2).await);
    left.send("one").await;
    left.logs("on").await;
    right.logs("on").await;
    left.press("Stop").await;
    left.logs("Stopped here").await;
    right.find("button", "Stop").await;
    left.choose_more("Clear chat").await;
    left.count("article", "You", 0).await;
    right.count("article", "You", 1).await;
    left.choose("Model", "b").await;
    right.find("combobox", "Model").await.holds("a").await;
    let parameters = left.parameters().await;
    parameters.turn("Use parameters").await;
    parameters.press("Close").await;
    let parameters = right.parameters().await;
    let switch = parameters.find("switch", "Use parameters").await;
    let is_on = switch.element().prop("checked").await.unwrap();
    assert_eq!(is_on.as_deref(), Some("false"));
    parameters.press("Close").await;
    left.choose_more("Delete chat").await;
    browser.page().count("region", "Chat card 2", 0).await;
    browser.card(1).await.count("article", "You", 1).await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_sends_at_once_are_two() {
    let endpoint = Endpoint::start(&["m"]).await;
    let browser = open(&endpoint, "").await;
    browser.card(1).await.press("Compare").await;
    // Runs within one task of the browser, and so within a millisecond or so.
    let send = "const input = document.querySelector('textarea');
        for (const text of ['one', 'two', 'three']) {
            input.value = text;
            input.dispatchEvent(new InputEvent('input', { bubbles: true }));
            input.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', keyCode: 13, bubbles: true, cancelable: true }));
        }";
    browser.script(send).await;
    for number in [1, 2] {
        let card = browser.card(number).await;
        card.logs("m heard: three").await;
        card.count("article", "You", 3).await;
    }
    // Each card keeps its order, whichever card is ahead.
    assert_eq!(endpoint.received().len(), 6);
    for request in endpoint.received() {
        let messages = request.messages();
        let before = match messages.last().unwrap().1 {
            "one" => 0,
            "two" => 2,
            "three" => 4,
            other => panic!("nobody asked {other}"),
        };
        assert_eq!(messages.len(), before + 1);
    }
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_a_deleted_endpoint_goes_when_it_is_back_and_what_was_held_does_not() {
    let one = Endpoint::start(&["a"]).await;
    let two = Endpoint::start(&["b"]).await;
    two.will("b", [say("on"), Step::Wait]);
    let browser = open(&one, "").await;
    browser.card(1).await.press("Compare").await;
    let right = browser.card(2).await;
    right.choose("Endpoint", "Custom model…").await;
    right.connect(&two.base_url(), "").await;
    right.find("combobox", "Model").await.holds("b").await;
    right.press("Sync input").await;
    right.send("cut").await;
    right.logs("on").await;
    right.send("held").await;
    right.count("button", "Cancel", 1).await;
    // After a reload, the queue waits for the user.
    browser.reload().await;
    let (left, right) = (browser.card(1).await, browser.card(2).await);
    right.logs("Not answered yet").await;
    right.press("Sync input").await;

    let settings = browser.settings().await;
    let delete = "document.querySelectorAll('.endpoint [aria-label=Delete]')[1].click()";
    browser.script(delete).await;
    settings.says("Endpoint deleted").await;
    settings.press("Close").await;
    left.send("waits").await;
    left.logs("a heard: waits").await;
    right.logs("Waits until this card has a model").await;
    browser.page().press("Undo").await;
    right.logs("b heard: waits").await;
    assert_eq!(two.prompts(), ["cut", "waits"]);
    right.logs("Not answered yet").await;
    // Another endpoint doesn't get the held question either.
    right.choose("Endpoint", &one.name()).await;
    right.find("combobox", "Model").await.holds("a").await;
    right.send("to the other").await;
    right.logs("a heard: to the other").await;
    assert!(!one.prompts().contains(&"held".to_owned()));
    browser.close().await;
}
