//! Thoughts: folded, timed, and never part of the conversation.

use serde_json::json;

use crate::{
    answered, open, say,
    support::{Endpoint, Step},
};

const FOLD: &str = "DisclosureTriangle";

#[tokio::test(flavor = "multi_thread")]
async fn thoughts_are_folded_however_they_come() {
    let details = json!([{ "type": "reasoning.text", "text": "Hmm, let me see." }]);
    let parts = json!([{ "type": "thinking", "thinking": [{ "type": "text", "text": "Hmm, let me see." }] }]);
    let cases = [
        vec![Step::Delta(
            json!({ "reasoning_content": "Hmm, let me see." }),
        )],
        vec![Step::Delta(json!({ "reasoning": "Hmm, let me see." }))],
        vec![Step::Delta(
            json!({ "reasoning_details": details, "content": null }),
        )],
        // Some send the same twice.
        vec![Step::Delta(
            json!({ "reasoning": "Hmm, let me see.", "reasoning_content": "Hmm, let me see." }),
        )],
        vec![Step::Delta(json!({ "content": parts }))],
        [" \n<th", "in", "k>\nHmm, l", "et me see.</", "thi"]
            .map(say)
            .to_vec(),
    ];
    let endpoint = Endpoint::start(&["m"]).await;
    let browser = open(&endpoint, "").await;
    browser.allow_clipboard().await;
    let card = browser.card(1).await;
    let count = cases.len();
    for (index, mut steps) in cases.into_iter().enumerate() {
        let is_tag = index == count - 1;
        steps.push(Step::Wait);
        steps.extend(is_tag.then(|| say("nk>\n\n")));
        steps.extend([say("The **answer**."), Step::Finish("stop")]);
        endpoint.will("m", steps);
        card.send(&format!("question {index}")).await;
        let answer = card.nth("article", 2 * index + 1).await;
        answer.find(FOLD, "Thinking…").await;
        endpoint.go_on();
        answer.says("The answer.").await;
        card.find("button", "Send").await;
        let names = answer.names(FOLD).await;
        assert_eq!(names.len(), 1);
        let time = names[0]
            .strip_prefix("Thought for ")
            .and_then(|it| it.strip_suffix(" s"));
        let time = time.unwrap_or_else(|| panic!("{names:?}"));
        assert!(time.parse::<f64>().is_ok(), "{time}");
        // It stays folded until it is opened.
        assert!(!answer.text().await.contains("Hmm"));
        answer.nth(FOLD, 0).await.click().await;
        answer.says("Hmm, let me see.").await;
        answer
            .shows("the thought once", |shown| {
                shown.matches("Hmm").count() == 1
            })
            .await;
        answer.press("Copy").await;
        answer.find("button", "Copy").await;
        assert_eq!(browser.clipboard().await.trim(), "The **answer**.");
        answer.press("Copy as plain text").await;
        crate::wait_for(async || browser.clipboard().await.trim() == "The answer.").await;
    }
    // No thought was sent back.
    let received = endpoint.received();
    let messages = received.last().unwrap().messages();
    assert_eq!(messages.len(), 2 * count - 1);
    for (role, content) in messages {
        let expected = if role == "user" {
            "question "
        } else {
            "The **answer**."
        };
        assert!(content.trim().starts_with(expected), "{content}");
        assert!(
            !content.contains("Hmm") && !content.contains("think>"),
            "{content}"
        );
    }

    browser.reload().await;
    let answer = browser.card(1).await.nth("article", 1).await;
    let names = answer.names(FOLD).await;
    assert!(names[0].starts_with("Thought for "), "{names:?}");
    assert!(!answer.text().await.contains("Hmm"));
    answer.nth(FOLD, 0).await.click().await;
    answer.says("Hmm, let me see.").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn thoughts_that_are_opened_go_on() {
    let think = |text: &str| Step::Delta(json!({ "reasoning_content": text }));
    let endpoint = Endpoint::start(&["m"]).await;
    let steps = [
        think("First, "),
        Step::Wait,
        think("then **second**"),
        Step::Wait,
        say("Done."),
        Step::Finish("stop"),
    ];
    endpoint.will("m", steps);
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    card.send("Go").await;
    let answer = card.find("article", "m").await;
    answer.find(FOLD, "Thinking…").await.click().await;
    answer.says("First,").await;
    endpoint.go_on();
    answer.says("First, then second").await;
    endpoint.go_on();
    answer.says("Done.").await;
    card.find("button", "Send").await;
    // It stays open at the end, so that the user can go on reading.
    answer.says("First, then second").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tag_that_only_ends_makes_thoughts_of_what_came_before_it() {
    let (endpoint, browser, card) = answered([
        say("The template began these thoughts.\n"),
        say("</think>\n\nSo it is."),
        Step::Finish("stop"),
    ])
    .await;
    let answer = card.find("article", "m").await;
    answer.says("So it is.").await;
    answer
        .shows("no thoughts", |shown| {
            !shown.contains("template") && !shown.contains("think>")
        })
        .await;
    answer.nth(FOLD, 0).await.click().await;
    answer.says("The template began these thoughts.").await;
    card.send("And?").await;
    card.logs("m heard: And?").await;
    let received = endpoint.received();
    let (role, content) = received[1].messages()[1];
    assert_eq!((role, content.trim()), ("assistant", "So it is."));
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn thoughts_without_an_answer_are_no_answer() {
    let (endpoint, browser, card) = answered([
        say("<think>On and on and"),
        say(" on"),
        Step::Finish("length"),
    ])
    .await;
    let answer = card.find("article", "m").await;
    answer.says("its longest allowed length").await;
    assert!(!answer.text().await.contains("On and on"));
    answer.nth(FOLD, 0).await.click().await;
    answer.says("On and on and on").await;
    card.send("And?").await;
    card.logs("m heard: And?").await;
    // The endpoint would refuse two questions in a row.
    assert_eq!(endpoint.received()[1].messages(), [("user", "And?")]);
    browser.close().await;
}
