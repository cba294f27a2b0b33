//! Measurements and token counts of an answer.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::{answered, open, say, support::Endpoint, support::Step, wait_until};

fn finish() -> Step {
    Step::Event(json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": "stop" }] }))
}

fn done() -> Step {
    Step::Raw(b"data: [DONE]\n\n".to_vec())
}

#[tokio::test(flavor = "multi_thread")]
async fn usage_in_the_last_chunk_is_shown_and_kept() {
    let usage = json!({ "prompt_tokens": 12, "completion_tokens": 400, "total_tokens": 412 });
    let (endpoint, browser, card) = answered([
        say("Some"),
        Step::Rest(60),
        say(" words."),
        finish(),
        Step::Event(json!({ "choices": [], "usage": usage })),
        done(),
    ])
    .await;
    assert_eq!(
        endpoint.received()[0].body["stream_options"],
        json!({ "include_usage": true })
    );
    let answer = card.find("article", "m").await;
    for counted in ["12 in", "400 out", " s to first token", " tokens/s"] {
        answer.says(counted).await;
    }
    assert!(!answer.text().await.contains('≈'));
    browser.reload().await;
    let answer = browser.card(1).await.find("article", "m").await;
    for counted in ["12 in", "400 out", " s to first token", " tokens/s"] {
        answer.says(counted).await;
    }
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_counted_is_estimated_and_says_so() {
    // Two chunks of two words each are neither two tokens nor four.
    let (_endpoint, browser, card) = answered([
        say("Internationalization considerations "),
        Step::Rest(60),
        say("notwithstanding heretofore."),
        Step::Finish("stop"),
    ])
    .await;
    let answer = card.find("article", "m").await;
    answer.says("≈ 16 out").await;
    assert!(
        !answer.text().await.contains(" in"),
        "{}",
        answer.text().await
    );
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_servers_own_timings_are_shown() {
    let timings = json!({
        "prompt_n": 12, "prompt_ms": 20.5, "predicted_n": 123, "predicted_ms": 2960.2,
        "predicted_per_second": 41.55,
    });
    let end = json!({
        "choices": [{ "index": 0, "delta": {}, "finish_reason": "stop" }], "timings": timings,
    });
    let (_endpoint, browser, card) = answered([say("Some words."), Step::Event(end), done()]).await;
    let answer = card.find("article", "m").await;
    answer
        .shows("its own speed", |shown| {
            shown.contains("41.5 tokens/s") || shown.contains("41.6 tokens/s")
        })
        .await;
    answer.says("123 out").await;
    assert!(!answer.text().await.contains('≈'));
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_refuses_to_count_is_asked_without_it_from_then_on() {
    let endpoint = Endpoint::start(&["m"]).await;
    let refusal =
        br#"{"detail":[{"loc":["body","stream_options"],"msg":"Extra inputs are not permitted"}]}"#;
    endpoint.will_respond(
        "m",
        StatusCode::UNPROCESSABLE_ENTITY,
        "application/json",
        true,
        [Step::Raw(refusal.to_vec())],
    );
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    card.send("one").await;
    card.logs("m heard: one").await;
    card.find("button", "Send").await;
    card.send("two").await;
    card.logs("m heard: two").await;
    // Another card sends a request to the same endpoint.
    card.press("Compare").await;
    let other = browser.card(2).await;
    other.find("button", "Sync input").await.click().await;
    other.send("three").await;
    other.logs("m heard: three").await;
    wait_until(|| endpoint.received().len() == 4).await;
    let asked: Vec<_> = endpoint
        .received()
        .iter()
        .map(|request| request.body["stream_options"].clone())
        .collect();
    let counted = json!({ "include_usage": true });
    assert_eq!(asked, [counted, Value::Null, Value::Null, Value::Null]);
    // The refusal did not become an answer.
    card.count("article", "m", 2).await;
    assert!(!card.text().await.contains("refused"));
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_is_refused_either_way_says_so_after_two_tries() {
    let endpoint = Endpoint::start(&["m"]).await;
    for _ in 0..2 {
        endpoint.will_respond(
            "m",
            StatusCode::BAD_REQUEST,
            "application/json",
            true,
            [Step::Raw(
                br#"{"error":{"message":"not like this"}}"#.to_vec(),
            )],
        );
    }
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    card.send("one").await;
    card.logs("not like this").await;
    card.find("button", "Retry").await;
    assert_eq!(endpoint.received().len(), 2);
    browser.close().await;
}
