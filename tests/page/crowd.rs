//! Many questions to one server: their queue, and the automatic retries and their times.

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use serde_json::json;

use crate::{
    open, say,
    support::{Answer, Browser, Endpoint, Step, slow},
    wait_for, wait_until,
};

const WAITS: &str = "Waits for its turn";

/// Opens a page with this many cards of one endpoint's model «m», all in sync.
async fn cards(endpoint: &Endpoint, count: usize) -> Browser {
    let browser = open(endpoint, "").await;
    let card = format!("endpoint={}&model=m", endpoint.name());
    browser
        .go(&format!("/?{}", vec![card; count].join("&")))
        .await;
    let last = browser.card(count).await;
    last.find("textbox", "Message").await;
    browser
}

/// Returns the numbers of the cards that show this, drawn or not.
async fn showing(browser: &Browser, words: &str) -> Vec<usize> {
    let script = format!(
        "return [...document.querySelectorAll('[aria-label^=\"Chat card \"]')]
            .filter((card) => card.textContent.includes({words:?}))
            .map((card) => Number(card.ariaLabel.slice(10)))"
    );
    let numbers = browser.script(&script).await;
    let numbers = numbers.as_array().cloned().unwrap_or_default();
    let number = |number: serde_json::Value| usize::try_from(number.as_u64().unwrap()).unwrap();
    numbers.into_iter().map(number).collect()
}

/// Returns an answer in two halves, with a wait between them.
fn halves() -> [Step; 4] {
    [
        say("Begun "),
        Step::Wait,
        say("and ended."),
        Step::Finish("stop"),
    ]
}

/// Returns a temporary refusal, with this Retry-After in seconds, which a page may read if exposed.
fn later(status: StatusCode, retry_after: Option<&str>, is_exposed: bool) -> Answer {
    let body = json!({ "error": { "message": "Slow down, please" } });
    let mut answer = Answer::refusal(status, &body);
    if let Some(retry_after) = retry_after {
        answer = answer.with("retry-after", retry_after);
    }
    if is_exposed {
        answer = answer.with("access-control-expose-headers", "Retry-After");
    }
    answer
}

/// Returns the times between the requests so far.
fn pauses(endpoint: &Endpoint) -> Vec<Duration> {
    let received = endpoint.received();
    let pairs = received.windows(2);
    pairs.map(|pair| pair[1].at - pair[0].at).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seventh_card_waits_and_its_time_begins_when_it_goes() {
    let endpoint = Endpoint::start(&["m"]).await;
    for _ in 0..7 {
        endpoint.will("m", halves());
    }
    let browser = cards(&endpoint, 7).await;
    browser.card(1).await.send("Go").await;
    wait_until(|| endpoint.received().len() == 6).await;
    wait_for(async || showing(&browser, WAITS).await.len() == 1).await;
    let waiting = showing(&browser, WAITS).await[0];
    // Six have begun, and the seventh waits for them.
    wait_for(async || showing(&browser, "Begun").await.len() == 6).await;
    assert_eq!(endpoint.received().len(), 6);
    // Long enough to show up in the time to its first token.
    let waits = Duration::from_secs(3);
    tokio::time::sleep(waits).await;
    assert_eq!(showing(&browser, WAITS).await, [waiting]);
    endpoint.go_on();
    wait_until(|| endpoint.received().len() == 7).await;
    wait_for(async || showing(&browser, WAITS).await.is_empty()).await;
    for _ in 0..6 {
        endpoint.go_on();
    }
    wait_for(async || showing(&browser, "Begun and ended.").await.len() == 7).await;
    assert_eq!(endpoint.most_at_once(), 6);

    let card = browser.card(waiting).await;
    card.element().scroll_into_view().await.unwrap();
    let answer = card.find("article", "m").await;
    answer.says(" s to first token").await;
    let shown = answer.text().await;
    let before = shown.split(" s to first token").next().unwrap();
    let time = before.split_whitespace().next_back().unwrap();
    let time: f64 = time.parse().unwrap_or_else(|_| panic!("{shown}"));
    assert!(time < waits.as_secs_f64(), "{shown}");
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_waits_can_be_stopped_and_is_never_asked() {
    let endpoint = Endpoint::start(&["m"]).await;
    for _ in 0..6 {
        endpoint.will("m", halves());
    }
    let browser = cards(&endpoint, 7).await;
    browser.card(1).await.send("Go").await;
    wait_for(async || showing(&browser, WAITS).await.len() == 1).await;
    wait_until(|| endpoint.received().len() == 6).await;
    let waiting = browser.card(showing(&browser, WAITS).await[0]).await;
    waiting.press("Stop").await;
    waiting.find("button", "Send").await;
    wait_for(async || showing(&browser, WAITS).await.is_empty()).await;
    for _ in 0..6 {
        endpoint.go_on();
    }
    wait_for(async || showing(&browser, "Begun and ended.").await.len() == 6).await;
    assert_eq!(endpoint.received().len(), 6);
    // It can still be retried.
    waiting.press("Retry").await;
    waiting.logs("m heard: Go").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_server_is_not_waited_for() {
    let busy = Endpoint::start(&["m"]).await;
    let free = Endpoint::start(&["m"]).await;
    for _ in 0..6 {
        busy.will("m", halves());
    }
    let browser = cards(&busy, 7).await;
    let last = browser.card(7).await;
    last.choose("Endpoint", "Custom model…").await;
    last.connect(&free.base_url(), "").await;
    last.count("form", "Custom model", 0).await;
    browser.card(1).await.send("Go").await;
    wait_until(|| busy.received().len() == 6).await;
    last.logs("m heard: Go").await;
    last.find("button", "Send").await;
    assert!(showing(&browser, WAITS).await.is_empty());
    for _ in 0..6 {
        busy.go_on();
    }
    wait_for(async || showing(&browser, "Begun and ended.").await.len() == 6).await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_can_be_asked_for_one_answer_at_a_time() {
    let endpoint = Endpoint::start(&["m"]).await;
    let browser = open(&endpoint, "").await;
    let settings = browser.settings().await;
    settings.press("Edit").await;
    let one = settings.find("checkbox", "One answer at a time").await;
    one.click().await;
    settings.press("Save").await;
    settings.count("form", "Endpoint", 0).await;
    settings.press("Close").await;
    for _ in 0..3 {
        endpoint.will("m", halves());
    }
    let card = format!("endpoint={}&model=m", endpoint.name());
    browser.go(&format!("/?{}", vec![card; 3].join("&"))).await;
    browser.card(3).await.find("textbox", "Message").await;
    browser.card(1).await.send("Go").await;
    for asked in 1..=3 {
        wait_until(|| endpoint.received().len() == asked).await;
        wait_for(async || showing(&browser, WAITS).await.len() == 3 - asked).await;
        wait_for(async || showing(&browser, "Begun").await.len() == asked).await;
        assert_eq!(endpoint.received().len(), asked);
        endpoint.go_on();
    }
    wait_for(async || showing(&browser, "Begun and ended.").await.len() == 3).await;
    assert_eq!(endpoint.most_at_once(), 1);
    // The setting is kept, and can be undone.
    browser.reload().await;
    let settings = browser.settings().await;
    settings.press("Edit").await;
    let one = settings.find("checkbox", "One answer at a time").await;
    assert_eq!(
        one.element().prop("checked").await.unwrap().as_deref(),
        Some("true")
    );
    one.click().await;
    settings.press("Save").await;
    settings.count("form", "Endpoint", 0).await;
    settings.press("Close").await;
    for _ in 0..3 {
        endpoint.will("m", halves());
    }
    browser.card(1).await.send("All").await;
    wait_until(|| endpoint.received().len() == 6).await;
    assert_eq!(endpoint.most_at_once(), 3);
    for _ in 0..3 {
        endpoint.go_on();
    }
    browser.page().count("button", "Stop", 0).await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_for_now_is_tried_again_and_counts_down() {
    for status in [
        StatusCode::TOO_MANY_REQUESTS,
        StatusCode::SERVICE_UNAVAILABLE,
    ] {
        println!("{status}");
        let endpoint = Endpoint::start(&["m"]).await;
        for _ in 0..2 {
            endpoint.will_answer("m", later(status, None, false));
        }
        let browser = open(&endpoint, "").await;
        let card = browser.card(1).await;
        card.send("Go").await;
        card.shows("the first pause", |shown| {
            shown.contains("Tries again in ") && shown.contains("(1 of 3)")
        })
        .await;
        card.shows("the second pause", |shown| {
            shown.contains("Tries again in ") && shown.contains("(2 of 3)")
        })
        .await;
        card.logs("m heard: Go").await;
        card.find("button", "Send").await;
        // Nothing is left of the retries.
        let shown = card.text().await;
        assert!(!shown.contains("Tries again"), "{shown}");
        assert!(!shown.contains("Slow down"), "{shown}");
        card.count("button", "Retry", 0).await;
        card.count("article", "m", 1).await;
        let pauses = pauses(&endpoint);
        assert_eq!(pauses.len(), 2);
        // About one second, then about two.
        let least = [Duration::from_millis(400), Duration::from_millis(800)];
        assert!(pauses[0] >= least[0] && pauses[1] >= least[1], "{pauses:?}");
        // It is the same question.
        let received = endpoint.received();
        assert_eq!(received[0].body, received[2].body);
        browser.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_three_more_tries_it_fails_and_can_be_asked_again() {
    slow("waits out the pauses between tries, about 7 seconds");
    let endpoint = Endpoint::start(&["m"]).await;
    let status = StatusCode::SERVICE_UNAVAILABLE;
    endpoint.will_always("m", later(status, None, false));
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    card.send("Go").await;
    card.find("button", "Retry").await;
    card.logs("(503)").await;
    card.logs("Slow down, please").await;
    card.find("button", "Send").await;
    let pauses = pauses(&endpoint);
    assert_eq!(pauses.len(), 3, "{pauses:?}");
    assert!(pauses[2] > pauses[0], "{pauses:?}");
    // A retry by hand restarts the count.
    endpoint.forget("m");
    endpoint.will_answer("m", later(status, None, false));
    card.press("Retry").await;
    card.says("(1 of 3)").await;
    card.logs("m heard: Go").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_that_the_server_names_is_kept() {
    slow("waits out pauses of 4, 1, 1 and 1 seconds");
    let endpoint = Endpoint::start(&["m"]).await;
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    let status = StatusCode::TOO_MANY_REQUESTS;
    let seconds = Duration::from_secs;
    // The header, whether a page may read it, and the pause's minimum and maximum.
    let cases = [
        (Some("4"), true, seconds(4), seconds(8)),
        // The default is about one second.
        (Some("30"), false, Duration::ZERO, seconds(8)),
        // A value that can't be read as a time is ignored.
        (Some("soon"), true, Duration::ZERO, seconds(8)),
        (None, true, Duration::ZERO, seconds(8)),
    ];
    for (number, (retry_after, is_exposed, least, most)) in cases.into_iter().enumerate() {
        println!("{retry_after:?}, exposed: {is_exposed}");
        let before = endpoint.received().len();
        endpoint.will_answer("m", later(status, retry_after, is_exposed));
        let question = format!("question {number}");
        card.send(&question).await;
        card.says("(1 of 3)").await;
        card.logs(&format!("m heard: {question}")).await;
        card.find("button", "Send").await;
        let received = endpoint.received();
        let pause = received[before + 1].at - received[before].at;
        assert!(least <= pause && pause <= most, "{pause:?}");
    }
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_of_more_than_a_minute_is_said_and_not_waited_for() {
    let endpoint = Endpoint::start(&["m"]).await;
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    let status = StatusCode::TOO_MANY_REQUESTS;
    endpoint.will_always("m", later(status, Some("90"), true));
    card.send("Go").await;
    card.find("button", "Retry").await;
    card.logs("(429)").await;
    card.logs("Slow down, please").await;
    card.logs("asks to be left alone for 90 seconds").await;
    card.find("button", "Send").await;
    assert_eq!(endpoint.received().len(), 1);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stop_ends_the_tries() {
    let endpoint = Endpoint::start(&["m"]).await;
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    let status = StatusCode::TOO_MANY_REQUESTS;
    endpoint.will_answer("m", later(status, Some("2"), true));
    card.send("Go").await;
    card.says("(1 of 3)").await;
    card.press("Stop").await;
    card.find("button", "Send").await;
    card.shows("no countdown", |shown| !shown.contains("Tries again"))
        .await;
    card.find("button", "Retry").await;
    // By then it would have been retried.
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(endpoint.received().len(), 1);
    card.press("Retry").await;
    card.logs("m heard: Go").await;
    assert_eq!(endpoint.received().len(), 2);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_to_try_again_leaves_its_place_to_others() {
    let endpoint = Endpoint::start(&["m"]).await;
    let browser = open(&endpoint, "").await;
    let settings = browser.settings().await;
    settings.press("Edit").await;
    let one = settings.find("checkbox", "One answer at a time").await;
    one.click().await;
    settings.press("Save").await;
    settings.count("form", "Endpoint", 0).await;
    settings.press("Close").await;
    browser.card(1).await.press("Compare").await;
    let (left, right) = (browser.card(1).await, browser.card(2).await);
    let begin = Instant::now();
    endpoint.will_answer("m", later(StatusCode::SERVICE_UNAVAILABLE, Some("5"), true));
    left.send("Go").await;
    wait_for(async || showing(&browser, "m heard: Go").await.len() == 2).await;
    // The second question came long before the first one was retried.
    let received = endpoint.received();
    assert_eq!(received.len(), 3);
    assert!(received[1].at - received[0].at < Duration::from_secs(4));
    assert!(begin.elapsed() >= Duration::from_secs(5));
    assert_eq!(endpoint.most_at_once(), 1);
    left.find("button", "Send").await;
    right.find("button", "Send").await;
    browser.close().await;
}
