//! The page as a user meets it: a real browser, real HTTP, an endpoint that follows a script.

mod support;

use axum::http::StatusCode;
use support::{Browser, Endpoint, Step};
use thirtyfour::Key;

fn say(text: &str) -> Step {
    Step::Say(text.into())
}

/// Opens the page with one card that is connected to this endpoint, with this token.
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

    // The other card talks to another endpoint, without a token.
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

    // A second question repeats the card's own conversation, and no other's.
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
            assert_eq!(fields, ["model", "messages", "stream"]);
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

    // After a reload everything is there, and goes on.
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
async fn an_answer_is_shown_as_it_comes_and_stops_when_told() {
    let endpoint = Endpoint::start(&["slow"]).await;
    endpoint.will(
        "slow",
        [
            say("First line.\nSecond "),
            Step::Wait,
            say("line."),
            Step::Wait,
        ],
    );
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    card.send("Go").await;
    let log = card.find("log", "Messages").await;
    log.says("First line.\nSecond").await;
    endpoint.go_on();
    log.says("First line.\nSecond line.").await;

    card.press("Stop").await;
    log.says("Stopped here").await;
    card.find("button", "Send").await;
    card.find("button", "Retry").await;
    // The connection is closed, which is all that a page can tell the endpoint.
    wait_until(|| endpoint.received()[0].is_closed()).await;

    // What came is kept, also by a reload, and is part of the conversation.
    browser.reload().await;
    let card = browser.card(1).await;
    card.find("article", "slow")
        .await
        .says("Second line.")
        .await;
    card.send("And?").await;
    card.logs("slow heard: And?").await;
    assert_eq!(
        endpoint.received()[1].messages(),
        [
            ("user", "Go"),
            ("assistant", "First line.\nSecond line."),
            ("user", "And?")
        ]
    );
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_kept_when_the_page_is_closed_in_the_middle() {
    let endpoint = Endpoint::start(&["slow"]).await;
    endpoint.will("slow", [say("half an"), Step::Wait, say(" answer")]);
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    card.send("Go").await;
    card.logs("half an").await;
    browser.reload().await;
    let card = browser.card(1).await;
    let log = card.find("log", "Messages").await;
    log.says("half an").await;
    log.says("This answer is not finished").await;
    card.press("Retry").await;
    log.says("slow heard: Go").await;
    assert_eq!(endpoint.received()[1].messages(), [("user", "Go")]);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_failure_says_what_happened_and_keeps_what_came() {
    let endpoint = Endpoint::start(&["m"]).await;
    let browser = open(&endpoint, "sk-wrong").await;
    let card = browser.card(1).await;
    let log = card.find("log", "Messages").await;
    let json = "application/json";
    let stream = "text/event-stream";
    let raw = |text: &str| Step::Raw(text.as_bytes().to_vec());
    let cases = [
        (
            StatusCode::OK,
            stream,
            true,
            vec![say("kept 1"), Step::Wait, Step::Cut],
            "kept 1",
            "The connection ended before the answer did",
        ),
        (
            StatusCode::OK,
            stream,
            true,
            vec![say("kept 2")],
            "kept 2",
            "The connection ended before the answer did",
        ),
        (
            StatusCode::OK,
            stream,
            true,
            vec![
                say("kept 3"),
                raw("data: {\"error\":{\"message\":\"GPU on fire\"}}\n\n"),
            ],
            "kept 3",
            "GPU on fire",
        ),
        (
            StatusCode::OK,
            stream,
            true,
            vec![say("kept 4"), raw("data: what?\n\n")],
            "kept 4",
            "It begins: what?",
        ),
        (
            StatusCode::OK,
            stream,
            true,
            vec![say("kept 5"), Step::Finish("length")],
            "kept 5",
            "its longest allowed length",
        ),
        (
            StatusCode::OK,
            stream,
            true,
            vec![],
            "",
            "ended its response before anything came",
        ),
        (
            StatusCode::OK,
            "text/html",
            true,
            vec![raw("<!doctype html><h1>Welcome</h1>")],
            "",
            "not an OpenAI-compatible answer",
        ),
        (
            StatusCode::UNAUTHORIZED,
            json,
            true,
            vec![raw(r#"{"error":{"message":"Invalid API Key"}}"#)],
            "",
            "Invalid API Key",
        ),
        (
            StatusCode::TOO_MANY_REQUESTS,
            json,
            true,
            vec![raw(r#"{"error":"slow down"}"#)],
            "",
            "slow down",
        ),
        (
            StatusCode::BAD_GATEWAY,
            "text/html",
            true,
            vec![raw("<h1>Bad gateway</h1>")],
            "",
            "The endpoint failed (502)",
        ),
        (
            StatusCode::NOT_FOUND,
            json,
            true,
            vec![raw(r#"{"detail":"Not Found"}"#)],
            "",
            "Not Found",
        ),
        (
            StatusCode::OK,
            stream,
            false,
            vec![say("hidden")],
            "",
            "No response from the endpoint",
        ),
    ];
    for (index, (status, kind, cors, steps, kept, said)) in cases.into_iter().enumerate() {
        endpoint.will_respond("m", status, kind, cors, steps);
        card.send(&format!("question {index}")).await;
        log.says(&format!("question {index}")).await;
        log.says(kept).await;
        endpoint.go_on();
        log.says(said).await;
        card.find("button", "Send").await;
    }
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_come_in_other_shapes_too() {
    let endpoint = Endpoint::start(&["m"]).await;
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    let log = card.find("log", "Messages").await;
    let raw = |text: &str| Step::Raw(text.as_bytes().to_vec());
    // A whole answer though a stream was asked for.
    let whole = r#"{"choices":[{"message":{"content":"all at once"},"finish_reason":"stop"}]}"#;
    endpoint.will_respond("m", StatusCode::OK, "application/json", true, [raw(whole)]);
    card.send("1").await;
    log.says("all at once").await;
    // Comments, CRLF, null, an empty list of choices, a syllable cut in two, and no [DONE].
    let text = "data: {\"choices\":[{\"delta\":{\"content\":\"한국어\"}}]}\r\n\r\n".as_bytes();
    let (left, right) = text.split_at(41);
    assert!(std::str::from_utf8(left).is_err());
    endpoint.will(
        "m",
        [
            raw(": ping\r\n\r\ndata: {\"choices\":[{\"delta\":{\"content\":null}}]}\r\n\r\n"),
            Step::Raw(left.to_vec()),
            Step::Wait,
            Step::Raw(right.to_vec()),
            raw("data: {\"choices\":[],\"usage\":{}}\n\ndata: {\"choices\":[{\"finish_reason\":\"stop\"}]}\n\n"),
        ],
    );
    card.send("2").await;
    endpoint.go_on();
    log.says("한국어").await;
    card.find("button", "Send").await;
    assert!(!log.text().await.contains("connection ended"));
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_model_writes_is_text() {
    let endpoint = Endpoint::start(&["m"]).await;
    let hostile = "<img src=x onerror=\"window.hacked = 1\"><script>window.hacked = 1</script>&lt;";
    endpoint.will(
        "m",
        [
            say("한국어\n\n  indented\n"),
            say(hostile),
            Step::Finish("stop"),
        ],
    );
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    card.send(hostile).await;
    let answer = card.find("article", "m").await;
    answer.says(hostile).await;
    // Also a blank line, and the space before a word.
    answer.says("한국어\n\n  indented\n<img").await;
    let copied = "const range = document.createRange();
        range.selectNodeContents(document.querySelector('article.answer .text'));
        const selection = getSelection();
        selection.removeAllRanges();
        selection.addRange(range);
        return selection.toString()";
    let copied = browser.script(copied).await;
    assert!(
        copied
            .as_str()
            .unwrap()
            .starts_with("한국어\n\n  indented\n<img"),
        "{copied}"
    );
    card.find("article", "You").await.says(hostile).await;
    assert!(browser.script("return window.hacked").await.is_null());
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_at_the_end_follows_and_one_who_scrolls_back_is_left_there() {
    let endpoint = Endpoint::start(&["m"]).await;
    let lines: Vec<_> = (0..100).map(|n| format!("line {n}\n")).collect();
    let lines = lines.concat();
    endpoint.will(
        "m",
        [
            say(&lines),
            Step::Wait,
            say(&lines),
            Step::Wait,
            say("the end"),
        ],
    );
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    card.send("Go").await;
    let log = card.find("log", "Messages").await;
    log.says("line 99").await;
    let left = "const log = document.querySelector('[role=log]');
        return log.scrollHeight - log.clientHeight - log.scrollTop < 2";
    wait_for(async || browser.script(left).await == true).await;
    let top = browser
        .script("const log = document.querySelector('[role=log]'); log.scrollTop = 40; return log.scrollHeight")
        .await;
    endpoint.go_on();
    let grew = format!("return document.querySelector('[role=log]').scrollHeight > {top}");
    wait_for(async || browser.script(&grew).await == true).await;
    assert_eq!(
        browser
            .script("return document.querySelector('[role=log]').scrollTop")
            .await,
        40
    );
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
    // The second of them is taken back.
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
async fn asking_again_loses_no_words() {
    let endpoint = Endpoint::start(&["a"]).await;
    endpoint.will("a", [say("half an answer"), Step::Wait, Step::Cut]);
    let refused = StatusCode::SERVICE_UNAVAILABLE;
    let body = Step::Raw(br#"{"error":"loading model"}"#.to_vec());
    endpoint.will_respond("a", refused, "application/json", true, [body]);
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    let log = card.find("log", "Messages").await;
    card.send("Go").await;
    log.says("half an answer").await;
    endpoint.go_on();
    log.says("The connection ended before the answer did").await;
    // The second try brings nothing but a refusal: the first one's words stay.
    card.press("Retry").await;
    log.says("loading model").await;
    log.says("half an answer").await;
    browser.reload().await;
    let card = browser.card(1).await;
    let log = card.find("log", "Messages").await;
    log.says("half an answer").await;
    card.press("Retry").await;
    log.says("a heard: Go").await;
    log.shows("no old words", |shown| !shown.contains("half"))
        .await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_is_closed_changes_nothing_later() {
    let one = Endpoint::start(&["a"]).await;
    let two = Endpoint::start(&["b"]).await;
    two.will_hold_models();
    let browser = open(&one, "").await;
    let card = browser.card(1).await;
    card.choose("Endpoint", "Custom model…").await;
    card.connect(&two.base_url(), "").await;
    wait_until(|| two.models_authorizations().len() == 1).await;
    card.find("form", "Custom model")
        .await
        .press("Cancel")
        .await;
    two.go_on();
    card.find("combobox", "Endpoint")
        .await
        .holds(&one.name())
        .await;
    card.send("still there?").await;
    card.logs("a heard: still there?").await;
    assert!(two.received().is_empty());
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tabs_that_both_have_words_keep_both() {
    let endpoint = Endpoint::start(&["a"]).await;
    let browser = open(&endpoint, "").await;
    let first = browser.driver.window().await.unwrap();
    browser.card(1).await.send("shared").await;
    let log = browser.card(1).await.find("log", "Messages").await;
    log.says("a heard: shared").await;
    let second = browser.driver.new_tab().await.unwrap();
    browser.driver.switch_to_window(second).await.unwrap();
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
    // Asked again, the first answer lets the second question go.
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

#[tokio::test(flavor = "multi_thread")]
async fn endpoints_of_one_host_are_told_apart() {
    let endpoint = Endpoint::start(&["a"]).await;
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    card.choose("Endpoint", "Custom model…").await;
    let other = endpoint.base_url().replace("/v1", "/other/v1");
    let form = card.find("form", "Custom model").await;
    form.fill("Base URL", &other).await;
    form.fill("Model", "b").await;
    form.press("Refresh model information").await;
    let picker = card.find("combobox", "Endpoint").await;
    let name = format!("{}/other", endpoint.name());
    picker.holds(&name).await;
    // To open the list and confirm what is chosen changes nothing.
    picker.type_in(Key::Down).await;
    card.find("option", &name).await;
    picker.type_in(Key::Enter).await;
    picker.holds(&name).await;
    card.find("combobox", "Model").await.holds("b").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_token_is_not_saved() {
    let endpoint = Endpoint::start(&["a"]).await;
    let browser = open(&endpoint, "good").await;
    let card = browser.card(1).await;
    endpoint.will_refuse_models(StatusCode::UNAUTHORIZED, r#"{"error":"bad token"}"#);
    card.choose("Endpoint", "Custom model…").await;
    let form = card.find("form", "Custom model").await;
    form.fill("Token", "bad").await;
    form.fill("Model", "a").await;
    form.press("Refresh model information").await;
    form.says("bad token").await;
    form.press("Cancel").await;
    card.send("hi").await;
    card.logs("a heard: hi").await;
    assert_eq!(endpoint.received()[0].authorization(), Some("Bearer good"));
    browser.close().await;
}

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

    // A new card takes the focus; the dialog gives it back, also by Escape.
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
async fn what_is_shown_is_not_drawn_again() {
    let endpoint = Endpoint::start(&["a"]).await;
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    card.send("one").await;
    card.logs("a heard: one").await;
    card.find("button", "Send").await;
    let line = "document.querySelector('article.answer .text > div')";
    browser.script(&format!("{line}.isTheSame = true")).await;
    // Neither another turn nor another card touches the answer, or a selection in it.
    card.send("two").await;
    card.logs("a heard: two").await;
    card.press("Compare").await;
    browser.card(2).await;
    let is_the_same = browser.script(&format!("return {line}.isTheSame")).await;
    assert_eq!(is_the_same, true);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stop_all_ends_every_answer() {
    let endpoint = Endpoint::start(&["a"]).await;
    for _ in 0..2 {
        endpoint.will("a", [say("on and on"), Step::Wait]);
    }
    let browser = open(&endpoint, "").await;
    browser.card(1).await.press("Compare").await;
    let (left, right) = (browser.card(1).await, browser.card(2).await);
    left.send("Go").await;
    left.logs("on and on").await;
    right.logs("on and on").await;
    browser.page().press("Stop all").await;
    left.logs("Stopped here").await;
    right.logs("Stopped here").await;
    browser.page().count("button", "Stop all", 0).await;
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

    // A card without words goes without a question, and comes back where it was.
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

    // Undo brings it back with all that was said; deleted again, what is left stays.
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

    // Clear takes the messages and nothing else; Undo brings them back.
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

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_leads_nowhere_says_why() {
    let endpoint = Endpoint::start(&[]).await;
    let browser = Browser::open().await;
    let card = browser.card(1).await;
    let form = card.find("form", "Custom model").await;
    form.press("Refresh model information").await;
    form.says("Type the base URL of the endpoint").await;
    card.connect("localhost:1/v1", "").await;
    form.says("must start with http:// or https://").await;
    card.connect(&endpoint.base_url(), "토큰").await;
    form.says("a character that can't be sent").await;
    card.connect(&endpoint.base_url(), "").await;
    form.says("No models found. Check the OpenAI-compatible base URL and the token")
        .await;
    endpoint.will_refuse_models(
        StatusCode::UNAUTHORIZED,
        r#"{"error":{"message":"who are you?"}}"#,
    );
    form.press("Refresh model information").await;
    form.says("who are you?").await;
    // Nothing listens there.
    card.connect("http://127.0.0.1:1/v1", "").await;
    form.says("No response from the endpoint").await;

    // Where there is no list, a model can be typed, and answers.
    endpoint.will_refuse_models(StatusCode::NOT_FOUND, r#"{"detail":"Not Found"}"#);
    form.fill("Base URL", &endpoint.base_url()).await;
    form.fill("Model", "typed").await;
    form.press("Refresh model information").await;
    card.find("combobox", "Model").await.holds("typed").await;
    card.count("form", "Custom model", 0).await;
    card.send("hi").await;
    card.logs("typed heard: hi").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_goes_to_its_own_endpoint_only() {
    let one = Endpoint::start(&["a"]).await;
    let two = Endpoint::start(&["b"]).await;
    let browser = open(&one, "sk-secret").await;
    let card = browser.card(1).await;
    card.choose("Endpoint", "Custom model…").await;
    card.connect(&two.base_url(), "").await;
    card.find("combobox", "Model").await.holds("b").await;
    card.send("to two").await;
    card.logs("b heard: to two").await;
    card.choose("Endpoint", &one.name()).await;
    card.find("combobox", "Model").await.holds("a").await;
    card.send("to one").await;
    card.logs("a heard: to one").await;
    assert_eq!(one.received()[0].authorization(), Some("Bearer sk-secret"));
    assert_eq!(two.received()[0].authorization(), None);
    assert!(two.models_authorizations().iter().all(Option::is_none));
    // Nor is it stored with the chat.
    let chats = browser
        .script("return Object.entries(localStorage).filter(([k]) => k.includes('chat')).map(([, v]) => v).join()")
        .await;
    assert!(
        chats.as_str().unwrap().contains("to one")
            && !chats.as_str().unwrap().contains("sk-secret")
    );
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_speaks_korean() {
    let endpoint = Endpoint::start(&["한국어-모델"]).await;
    let browser = Browser::open_in("ko").await;
    let page = browser.page();
    let card = page.find("region", "채팅 카드 1").await;
    card.find("combobox", "엔드포인트").await;
    card.find("combobox", "모델").await;
    let form = card.find("form", "사용자 정의 모델").await;
    form.fill("Base URL", &endpoint.base_url()).await;
    form.fill("토큰", "sk").await;
    form.press("모델 정보 새로고침").await;
    card.find("combobox", "모델")
        .await
        .holds("한국어-모델")
        .await;
    card.press("비교").await;
    let second = page.find("region", "채팅 카드 2").await;
    second.find("button", "입력 동기화").await;
    second
        .find("textbox", "메시지")
        .await
        .type_in("안녕하세요")
        .await;
    second.press("전송").await;
    second
        .find("log", "메시지 목록")
        .await
        .says("한국어-모델 heard: 안녕하세요")
        .await;
    second.find("article", "나").await;
    second.find("article", "한국어-모델").await;
    second.press("더보기").await;
    page.find("menuitem", "채팅 지우기").await;
    page.find("menuitem", "채팅 삭제").await.click().await;
    let dialog = page.find("dialog", "채팅 카드 2을(를) 삭제할까요?").await;
    dialog.find("button", "취소").await;
    dialog.press("삭제").await;
    page.find("button", "실행 취소").await;
    assert_eq!(
        browser.script("return document.documentElement.lang").await,
        "ko"
    );

    // The reader's choice wins over the browser's, and is kept.
    let language = page.find("combobox", "언어").await;
    language.type_in("English").await;
    page.find("region", "Chat card 1").await;
    browser.reload().await;
    page.find("region", "Chat card 1").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn korean_is_sent_by_one_enter() {
    let endpoint = Endpoint::start(&["m"]).await;
    let browser = open(&endpoint, "").await;
    browser.card(1).await.press("Compare").await;
    let (card, other) = (browser.card(1).await, browser.card(2).await);
    let input = card.find("textbox", "Message").await;
    input.element().focus().await.unwrap();
    let cdp = browser.driver.cdp();
    let compose = async |text: &str| {
        let at = text.encode_utf16().count();
        let params = serde_json::json!({ "text": text, "selectionStart": at, "selectionEnd": at });
        cdp.send_raw("Input.imeSetComposition", params)
            .await
            .unwrap();
    };
    let commit = async |text: &str| {
        cdp.send_raw("Input.insertText", serde_json::json!({ "text": text }))
            .await
            .unwrap();
    };
    for step in ["ㅇ", "아", "안"] {
        compose(step).await;
    }
    commit("안").await;
    other.find("textbox", "Message").await.holds("안").await;
    for step in ["ㄴ", "녀", "녕"] {
        compose(step).await;
    }
    // What is being composed is not mirrored yet.
    input.holds("안녕").await;
    other.find("textbox", "Message").await.holds("안").await;
    // Enter while the syllable is being composed: Chrome's order of events.
    let enter = serde_json::json!({
        "type": "rawKeyDown", "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 229,
    });
    cdp.send_raw("Input.dispatchKeyEvent", enter).await.unwrap();
    commit("녕").await;
    card.logs("m heard: 안녕").await;
    other.logs("m heard: 안녕").await;
    input.holds("").await;
    assert_eq!(endpoint.prompts(), ["안녕", "안녕"]);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picker_is_searched_by_keyboard() {
    let many: Vec<_> = (0..500).map(|n| format!("model-{n:03}")).collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    let endpoint = Endpoint::start(&many).await;
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    let picker = card.find("combobox", "Model").await;
    picker.holds("model-000").await;
    picker.click().await;
    card.says("300 more: type to find one").await;
    picker.type_in("MODEL-49").await;
    card.find("option", "model-499").await;
    assert_eq!(card.names("option").await.len(), 10);
    picker.type_in(Key::Down).await;
    picker.type_in(Key::Enter).await;
    picker.holds("model-491").await;
    card.count("option", "model-491", 0).await;
    // Escape leaves without a choice.
    picker.type_in(Key::Down).await;
    picker.type_in("7").await;
    picker.type_in(Key::Escape).await;
    picker.holds("model-491").await;
    picker.click().await;
    picker.type_in("nonsense").await;
    card.says("Nothing matches").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_is_gone_stays_chosen_and_says_so() {
    let endpoint = Endpoint::start(&["old"]).await;
    let browser = open(&endpoint, "").await;
    endpoint.will_list(&["new"]);
    browser.reload().await;
    let card = browser.card(1).await;
    let picker = card.find("combobox", "Model").await;
    picker.holds("old").await;
    picker.click().await;
    card.says("not listed any more").await;
    picker.type_in(Key::Escape).await;
    card.send("hi").await;
    card.logs("old heard: hi").await;
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
        .script("localStorage.setItem('collate.v1.endpoints', '{damaged')")
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
    // An index that is lost is made again.
    browser
        .script("localStorage.removeItem('collate.v1.index')")
        .await;
    browser.reload().await;
    browser.card(1).await.logs("a heard: hello").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tabs_are_in_step_and_lose_nothing() {
    let endpoint = Endpoint::start(&["a"]).await;
    let browser = open(&endpoint, "").await;
    let first = browser.driver.window().await.unwrap();
    browser.card(1).await.send("from the first tab").await;
    browser
        .card(1)
        .await
        .logs("a heard: from the first tab")
        .await;
    let second = browser.driver.new_tab().await.unwrap();
    browser
        .driver
        .switch_to_window(second.clone())
        .await
        .unwrap();
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

/// With `REAL_ENDPOINT=http://…/v1` and `REAL_TOKEN`, two cards talk to a real server.
#[tokio::test(flavor = "multi_thread")]
async fn a_real_endpoint_answers_two_cards() {
    let Ok(base_url) = std::env::var("REAL_ENDPOINT") else {
        eprintln!("not run: REAL_ENDPOINT names no real endpoint");
        return;
    };
    let token = std::env::var("REAL_TOKEN").unwrap_or_default();
    let browser = Browser::open().await;
    let card = browser.card(1).await;
    card.connect(&base_url, &token).await;
    card.count("form", "Custom model", 0).await;
    card.press("Compare").await;
    card.send("Count from one to fifty, one number a line.")
        .await;
    browser.page().press("Stop all").await;
    for number in [1, 2] {
        browser.card(number).await.says("Stopped here").await;
    }
    card.send("Say hello in one short sentence.").await;
    for number in [1, 2] {
        let card = browser.card(number).await;
        card.count("article", "You", 2).await;
        card.find("button", "Send").await;
        let text = card.find("log", "Messages").await.text().await;
        let answer = text.split("one short sentence.").nth(1).unwrap();
        assert!(answer.split_whitespace().count() > 2, "{text}");
    }
    browser.reload().await;
    for number in [1, 2] {
        browser.card(number).await.count("article", "You", 2).await;
    }
    browser.close().await;
}

async fn wait_until(holds: impl Fn() -> bool) {
    wait_for(async || holds()).await;
}

/// Waits until something is true, looking again and again.
async fn wait_for(holds: impl AsyncFn() -> bool) {
    let patience = tokio::time::timeout(std::time::Duration::from_secs(20), async {
        while !holds().await {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    });
    patience.await.expect("it comes true");
}
