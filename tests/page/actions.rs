//! Actions on a message: copy, answer again, edit, delete, continue.

use axum::http::StatusCode;
use thirtyfour::Key;

use crate::{
    answered, answered_with, open, say,
    support::{Browser, Endpoint, Scope, Step},
    wait_for, wait_until,
};

/// Opens the page with one card, and asks these questions.
async fn asked(questions: &[&str]) -> (Endpoint, Browser, Scope) {
    let endpoint = Endpoint::start(&["m"]).await;
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    for question in questions {
        card.send(question).await;
        card.logs(&format!("m heard: {question}")).await;
        card.find("button", "Send").await;
    }
    (endpoint, browser, card)
}

/// Returns the last conversation sent, as «role: content» each.
fn last_asked(endpoint: &Endpoint) -> Vec<String> {
    let received = endpoint.received();
    let messages = received.last().expect("a request").messages();
    messages
        .iter()
        .map(|(role, content)| format!("{role}: {content}"))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_out_of_sight_is_copied_too() {
    let text = format!(
        "The *first*.\n\n```rust\nfn a() {{}}\n```\n\n{}The *last*.",
        "A paragraph of some length.\n\n".repeat(100),
    );
    let (_endpoint, browser, card) = answered_with(&text).await;
    browser.allow_clipboard().await;
    let answer = card.find("article", "m").await;
    answer.says("The last.").await;
    let log = card.find("log", "Messages").await;
    log.comes_true("return it.scrollTop > 1000").await;
    answer.press("Copy as plain text").await;
    let whole = text.replace("```rust\n", "").replace("\n```", "");
    let whole = whole.replace('*', "");
    wait_for(async || browser.clipboard().await == whole).await;
    // The browser's own selection has it, too.
    let selected = "const range = document.createRange();
        range.selectNodeContents(it.querySelector('.text'));
        getSelection().removeAllRanges();
        getSelection().addRange(range);
        return String(getSelection())";
    let selected = answer.script(selected).await;
    let words = |text: &str| {
        text.split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(words(selected.as_str().unwrap()), words(&whole));
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_copied_as_written_and_as_read() {
    let text = "Some **bold** words, a [link](https://example.com/) and $x^2$.\n\n- one\n- two\n";
    let (_endpoint, browser, card) = answered_with(text).await;
    browser.allow_clipboard().await;
    let answer = card.find("article", "m").await;
    answer.has("listitem", 2).await;
    answer.press("Copy").await;
    answer.says("Copied").await;
    assert_eq!(browser.clipboard().await, text);
    answer.press("Copy as plain text").await;
    wait_for(async || {
        browser
            .clipboard()
            .await
            .starts_with("Some bold words, a link and")
    })
    .await;
    let plain = browser.clipboard().await;
    assert!(
        plain.contains("one\n") && plain.trim_end().ends_with("two"),
        "{plain}"
    );
    assert!(!plain.contains('*') && !plain.contains("m\n"), "{plain}");

    let question = card.find("article", "You").await;
    question.press("Copy").await;
    wait_for(async || browser.clipboard().await == "Go").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_to_one_question_are_variants_of_which_one_counts() {
    let (endpoint, browser, card) = answered_with("The *first* answer.").await;
    let answer = card.find("article", "m").await;
    answer.count("button", "Previous answer", 0).await;
    for text in ["The second answer.", "The third answer."] {
        endpoint.will("m", [say(text), Step::Finish("stop")]);
        answer.press("Answer again").await;
        answer.says(text).await;
        card.find("button", "Send").await;
    }
    assert_eq!(last_asked(&endpoint), ["user: Go"]);
    card.count("article", "m", 1).await;
    answer.says("3/3").await;
    answer.press("Previous answer").await;
    answer.says("2/3").await;
    answer.says("The second answer.").await;
    answer.press("Previous answer").await;
    answer.says("1/3").await;
    answer.says("The first answer.").await;
    answer.press("Previous answer").await;
    answer.says("1/3").await;
    answer.press("Next answer").await;
    answer.says("2/3").await;

    // The shown answer is the one kept and sent on.
    wait_for(async || {
        let stored = "return Object.values(localStorage).some((value) => /later.:\\[\\{.*third/.test(value))";
        browser.script(stored).await == true
    })
    .await;
    browser.reload().await;
    let card = browser.card(1).await;
    let answer = card.find("article", "m").await;
    answer.says("2/3").await;
    answer.says("The second answer.").await;
    card.send("And?").await;
    card.logs("m heard: And?").await;
    assert_eq!(
        last_asked(&endpoint),
        ["user: Go", "assistant: The second answer.", "user: And?"]
    );
    let answer = card.nth("article", 1).await;
    answer.press("Next answer").await;
    answer.says("3/3").await;
    answer.says("The third answer.").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edited_question_takes_the_place_of_what_came_after_it() {
    let (endpoint, browser, card) = asked(&["one", "two", "three"]).await;
    let question = card.nth("article", 2).await;
    question.press("Edit message").await;
    let input = card.find("textbox", "Edit message").await;
    input.holds("two").await;
    // The focus is in the input.
    input
        .comes_true("return document.activeElement === it")
        .await;
    input.element().clear().await.unwrap();
    input.type_in("dos\n(twice)").await;
    card.press("Send again").await;
    card.logs("m heard: dos").await;
    card.find("button", "Send").await;
    card.count("article", "You", 2).await;
    let log = card.find("log", "Messages").await;
    assert!(!log.text().await.contains("three"));
    let expected = ["user: one", "assistant: m heard: one", "user: dos\n(twice)"];
    assert_eq!(last_asked(&endpoint), expected);
    browser.reload().await;
    let card = browser.card(1).await;
    card.count("article", "You", 2).await;
    card.logs("m heard: dos").await;

    // By keyboard, and then undone.
    let question = card.nth("article", 0).await;
    question.press("Edit message").await;
    let input = card.find("textbox", "Edit message").await;
    input.type_in(" more").await;
    input.type_in(Key::Control + Key::Enter).await;
    card.logs("m heard: one more").await;
    card.find("button", "Send").await;
    card.count("article", "You", 1).await;
    assert_eq!(last_asked(&endpoint), ["user: one more"]);
    browser.page().press("Undo").await;
    card.logs("m heard: dos").await;
    let log = card.find("log", "Messages").await;
    let shown = log.text().await;
    // The answer received meanwhile is not lost either.
    let order = ["m heard: one\n", "m heard: dos", "m heard: one more"];
    let places: Vec<_> = order.iter().map(|text| shown.find(text)).collect();
    assert!(
        places.is_sorted() && places.iter().all(Option::is_some),
        "{shown}"
    );
    browser.reload().await;
    browser.card(1).await.count("article", "You", 3).await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_that_is_left_changes_nothing() {
    let (endpoint, browser, card) = asked(&["one"]).await;
    for leave in ["Escape", "Cancel"] {
        let question = card.find("article", "You").await;
        question.press("Edit message").await;
        let input = card.find("textbox", "Edit message").await;
        input.type_in(" more").await;
        if leave == "Escape" {
            input.type_in(Key::Escape).await;
        } else {
            card.press(leave).await;
        }
        card.count("textbox", "Edit message", 0).await;
        question
            .shows("one", |shown| {
                shown.contains("one") && !shown.contains("more")
            })
            .await;
        // The focus goes to the message input.
        let input = card.find("textbox", "Message").await;
        input
            .comes_true("return document.activeElement === it")
            .await;
    }
    // An empty message is not sent.
    card.find("article", "You")
        .await
        .press("Edit message")
        .await;
    let input = card.find("textbox", "Edit message").await;
    input.element().clear().await.unwrap();
    card.press("Send again").await;
    card.find("textbox", "Edit message").await;
    assert_eq!(endpoint.received().len(), 1);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_message_can_be_had_back_in_its_place() {
    let (endpoint, browser, card) = asked(&["one", "two", "three"]).await;
    card.nth("article", 2).await.press("Delete message").await;
    card.count("article", "You", 2).await;
    browser.page().says("Message deleted").await;
    card.send("four").await;
    card.logs("m heard: four").await;
    card.find("button", "Send").await;
    assert!(!last_asked(&endpoint).contains(&"user: two".to_owned()));
    browser.page().press("Undo").await;
    card.count("article", "You", 4).await;
    card.send("five").await;
    card.logs("m heard: five").await;
    card.find("button", "Send").await;
    let questions: Vec<_> = last_asked(&endpoint)
        .into_iter()
        .filter(|message| message.starts_with("user"))
        .collect();
    let expected = [
        "user: one",
        "user: two",
        "user: three",
        "user: four",
        "user: five",
    ];
    assert_eq!(questions, expected);
    card.nth("article", 0).await.press("Delete message").await;
    card.count("article", "You", 4).await;
    browser.reload().await;
    let card = browser.card(1).await;
    card.count("article", "You", 4).await;
    card.nth("article", 0).await.says("two").await;
    browser.close().await;
}

/// Continues the answer «The first half,», and checks the request and the result.
async fn goes_on(endpoint: &Endpoint, browser: &Browser, card: &Scope) {
    let answer = card.find("article", "m").await;
    answer.says("The first half,").await;
    endpoint.will(
        "m",
        [
            say(" and "),
            Step::Wait,
            say("the **second**."),
            Step::Finish("stop"),
        ],
    );
    answer.press("Continue").await;
    answer.says("The first half, and").await;
    endpoint.go_on();
    answer.says("The first half, and the second.").await;
    card.find("button", "Send").await;
    let asked = last_asked(endpoint);
    assert_eq!(asked[..2], ["user: Go", "assistant: The first half,"]);
    assert!(
        asked.len() == 3 && asked[2].starts_with("user: "),
        "{asked:?}"
    );
    assert!(asked[2].contains("Continue"), "{asked:?}");
    // It is the same answer, and it is complete.
    card.count("article", "m", 1).await;
    card.count("button", "Continue", 0).await;
    card.count("button", "Previous answer", 0).await;
    assert!(!answer.text().await.contains("Stopped here"));
    browser.reload().await;
    let card = browser.card(1).await;
    card.logs("The first half, and the second.").await;
    card.send("And?").await;
    card.logs("m heard: And?").await;
    let whole = "assistant: The first half, and the **second**.";
    assert_eq!(last_asked(endpoint), ["user: Go", whole, "user: And?"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_reached_its_length_goes_on() {
    let (endpoint, browser, card) =
        answered([say("The first half,"), Step::Finish("length")]).await;
    goes_on(&endpoint, &browser, &card).await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_turned_over_while_it_is_drawn_leaves_nothing() {
    let long = "A paragraph of the first answer.\n\n".repeat(3000);
    let (endpoint, browser, card) = answered_with(&long).await;
    let second = "A paragraph of the second.\n\n".repeat(40);
    endpoint.will("m", [say(&second), Step::Finish("stop")]);
    let answer = card.find("article", "m").await;
    answer.press("Answer again").await;
    card.find("button", "Send").await;
    answer.says("2/2").await;
    // Drawing the first takes many frames.
    let turn_over = "const press = (name) => it.querySelector(`[aria-label='${name}']`).click();
        press('Previous answer');
        setTimeout(() => press('Next answer'), 20)";
    answer.script(turn_over).await;
    let frames = "return new Promise((resolve) => {
        let left = 60;
        const frame = () => (left-- > 0 ? requestAnimationFrame(frame) : resolve());
        frame();
    })";
    browser.script(frames).await;
    answer.says("2/2").await;
    let shown = "const text = it.querySelector('.text');
        return [text.querySelectorAll('p').length, text.hasAttribute('data-waiting')]";
    assert_eq!(answer.script(shown).await, serde_json::json!([40, false]));
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn thoughts_stay_while_an_answer_goes_on() {
    let thought = Step::Delta(serde_json::json!({ "reasoning_content": "Let me see." }));
    let (endpoint, browser, card) =
        answered([thought, say("The first half,"), Step::Finish("length")]).await;
    let answer = card.find("article", "m").await;
    answer.has("DisclosureTriangle", 1).await;
    endpoint.will("m", [say(" and"), Step::Wait, Step::Finish("stop")]);
    answer.press("Continue").await;
    answer.says("The first half, and").await;
    answer.has("DisclosureTriangle", 1).await;
    endpoint.go_on();
    card.find("button", "Send").await;
    answer.has("DisclosureTriangle", 1).await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_was_stopped_goes_on() {
    let endpoint = Endpoint::start(&["m"]).await;
    endpoint.will("m", [say("The first half,"), Step::Wait]);
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    card.send("Go").await;
    card.logs("The first half,").await;
    card.press("Stop").await;
    card.logs("Stopped here").await;
    wait_until(|| endpoint.received()[0].is_closed()).await;
    goes_on(&endpoint, &browser, &card).await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_can_not_go_on_stays_as_far_as_it_came() {
    let (endpoint, browser, card) =
        answered([say("The first half,"), Step::Finish("length")]).await;
    endpoint.will_respond(
        "m",
        StatusCode::INTERNAL_SERVER_ERROR,
        "application/json",
        true,
        [Step::Raw(br#"{"error":"the engine has stopped"}"#.to_vec())],
    );
    let answer = card.find("article", "m").await;
    answer.press("Continue").await;
    answer.says("the engine has stopped").await;
    answer.says("The first half,").await;
    browser.reload().await;
    goes_on(&endpoint, &browser, &browser.card(1).await).await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keyboard_never_loses_its_place_by_an_action() {
    let (endpoint, browser, card) = asked(&["one", "two"]).await;
    let has_place = async |after: &str| {
        wait_for(async || {
            let place =
                "const at = document.activeElement; return at !== document.body && at.isConnected";
            browser.script(place).await == true
        })
        .await;
        eprintln!("has its place after {after}");
    };
    let answer = card.nth("article", 3).await;
    for name in ["Copy", "Copy as plain text"] {
        answer.find("button", name).await.type_in(Key::Enter).await;
        has_place(name).await;
    }
    endpoint.will("m", [say("new"), Step::Wait, Step::Finish("stop")]);
    let again = answer.find("button", "Answer again").await;
    again.type_in(Key::Enter).await;
    answer.says("new").await;
    has_place("Answer again").await;
    endpoint.go_on();
    card.find("button", "Send").await;
    for name in ["Previous answer", "Next answer"] {
        answer.find("button", name).await.type_in(Key::Enter).await;
        has_place(name).await;
    }
    let question = card.nth("article", 2).await;
    let edit = question.find("button", "Edit message").await;
    edit.type_in(Key::Enter).await;
    let input = card.find("textbox", "Edit message").await;
    input.type_in(Key::Control + Key::Enter).await;
    card.find("button", "Send").await;
    has_place("Send again").await;
    let question = card.nth("article", 2).await;
    let delete = question.find("button", "Delete message").await;
    delete.type_in(Key::Enter).await;
    card.count("article", "You", 1).await;
    has_place("Delete message").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_can_be_edited_or_deleted_while_it_is_answered() {
    let endpoint = Endpoint::start(&["m"]).await;
    for _ in 0..2 {
        endpoint.will("m", [say("half an"), Step::Wait, say(" answer")]);
    }
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    card.send("one").await;
    card.logs("half an").await;
    card.press("Edit message").await;
    let input = card.find("textbox", "Edit message").await;
    input.type_in(" more").await;
    input.type_in(Key::Control + Key::Enter).await;
    // The first answer is over, and the next one comes.
    wait_until(|| endpoint.received().len() == 2 && endpoint.received()[0].is_closed()).await;
    assert_eq!(last_asked(&endpoint), ["user: one more"]);
    card.logs("half an").await;
    card.find("button", "Stop").await;
    card.press("Delete message").await;
    wait_until(|| endpoint.received()[1].is_closed()).await;
    card.has("article", 0).await;
    card.find("button", "Send").await;
    // Undoes both, one after the other.
    browser.page().press("Undo").await;
    card.find("article", "You").await.says("one more").await;
    card.logs("Stopped here").await;
    browser.page().press("Undo").await;
    card.count("article", "You", 2).await;
    let first = card.nth("article", 0).await;
    assert!(!first.text().await.contains("more"));
    card.nth("article", 1).await.says("Stopped here").await;
    card.nth("article", 2).await.says("one more").await;
    browser.close().await;
}
