//! Answers as they arrive, end, fail and are kept.

use axum::http::StatusCode;
use thirtyfour::Key;

use crate::{
    open, say,
    support::{Browser, Endpoint, Step},
    wait_for, wait_until,
};

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
    // The page closes the connection, which is its only signal to the endpoint.
    wait_until(|| endpoint.received()[0].is_closed()).await;

    // The text so far is kept, even after a reload, and is part of the conversation.
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
            StatusCode::PAYMENT_REQUIRED,
            json,
            true,
            vec![raw(r#"{"error":"nothing left"}"#)],
            "",
            "nothing left",
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
    // A whole answer although a stream was requested.
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
async fn what_a_reader_writes_is_shown_as_written() {
    let endpoint = Endpoint::start(&["m"]).await;
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    let input = card.find("textbox", "Message").await;
    for line in ["**한국어** & <b>", "", "  indented"] {
        input.type_in(line).await;
        input.type_in(Key::Shift + Key::Enter).await;
    }
    card.send("end").await;
    // This includes a blank line, and the space before a word.
    let asked = "**한국어** & <b>\n\n  indented\nend";
    card.find("article", "You").await.says(asked).await;
    card.find("article", "m").await;
    assert_eq!(endpoint.received()[0].messages(), [("user", asked)]);
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
async fn asking_again_loses_no_words() {
    let endpoint = Endpoint::start(&["a"]).await;
    endpoint.will("a", [say("half an answer"), Step::Wait, Step::Cut]);
    let refused = StatusCode::INTERNAL_SERVER_ERROR;
    let body = Step::Raw(br#"{"error":"the engine has stopped"}"#.to_vec());
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
    log.says("the engine has stopped").await;
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
async fn what_is_shown_is_not_drawn_again() {
    let endpoint = Endpoint::start(&["a"]).await;
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    card.send("one").await;
    card.logs("a heard: one").await;
    card.find("button", "Send").await;
    let line = "document.querySelector('article.answer .text p')";
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

/// With `REAL_ENDPOINT=http://…/v1` and `REAL_TOKEN`, two cards talk to a real llama.cpp or vLLM.
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
    // Even a small model's answer goes on until it is stopped: llama.cpp and vLLM support that.
    let parameters = card.parameters().await;
    parameters.turn("Use parameters").await;
    parameters.fill("JSON", r#"{"ignore_eos":true}"#).await;
    parameters.press("Close").await;
    card.press("Compare").await;
    card.send("Count from one to fifty, one number a line.")
        .await;
    browser.page().press("Stop all").await;
    for number in [1, 2] {
        browser.card(number).await.says("Stopped here").await;
    }
    let parameters = card.parameters().await;
    parameters.turn("JSON").await;
    parameters
        .press("Copy parameters and system prompt to all cards")
        .await;
    parameters.press("Close").await;
    card.send("Say hello in one short sentence.").await;
    for number in [1, 2] {
        let card = browser.card(number).await;
        card.count("article", "You", 2).await;
        card.find("button", "Send").await;
        let text = card.find("log", "Messages").await.text().await;
        let answer = text.split("one short sentence.").nth(1).unwrap();
        // The model's name, and at least one word.
        assert!(answer.split_whitespace().count() > 1, "{text}");
    }
    browser.reload().await;
    for number in [1, 2] {
        browser.card(number).await.count("article", "You", 2).await;
    }
    browser.close().await;
}
