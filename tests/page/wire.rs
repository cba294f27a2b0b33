//! The responses in `tests/wire`, made after public bug reports, as a reader sees them. `tests/wire.rs`
//! reads the same without a browser.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::{
    answered, open, raw, say,
    support::{Answer, Browser, Endpoint, Scope, Step, slow},
};

const REPORTED: &str = include_str!("../wire/reported.json");
const FOUND: &str = include_str!("../wire/found.json");

fn cases(list: &str) -> Vec<Value> {
    serde_json::from_str(list).expect("a list of cases")
}

fn response(case: &Value) -> Answer {
    let status = case["status"]
        .as_u64()
        .and_then(|status| u16::try_from(status).ok());
    let status = StatusCode::from_u16(status.expect("a status")).expect("a status");
    let steps = case["chunks"].as_array().into_iter().flatten();
    let steps = steps.map(|step| match step {
        Value::String(text) => raw(text),
        step => Step::Rest(step["wait"].as_u64().expect("a wait")),
    });
    let kind = case["headers"]["content-type"].as_str().expect("a type");
    let steps: Vec<_> = steps.collect();
    Answer::new(status, "", steps).with("content-type", kind)
}

fn words<'a>(want: &'a Value, name: &str) -> Vec<&'a str> {
    let words = want[name].as_array().into_iter().flatten();
    words.map(|words| words.as_str().expect("words")).collect()
}

/// A condition of a script: an expression, as in `/a/i`, or words.
fn shows(words: &str) -> String {
    match words.strip_prefix('/') {
        Some(_) => format!("{words}.test(it.innerText)"),
        None => format!("it.innerText.includes({})", json!(words.trim_end())),
    }
}

/// Sends a question that gets this response, and checks what the reader sees.
async fn check(endpoint: &Endpoint, card: &Scope, index: usize, case: &Value) {
    let (id, want) = (case["id"].as_str().expect("an id"), &case["want"]);
    println!("{id}");
    // Some are asked for again.
    endpoint.will_always("m", response(&case["response"]));
    card.send(id).await;
    let article = card.nth("article", index).await;
    article.find("button", "Answer again").await;
    for words in words(want, "shows") {
        article
            .comes_true(&format!("return {}", shows(words)))
            .await;
    }
    if let Some(once) = want["once"].as_str() {
        let once = json!(once);
        article
            .comes_true(&format!("return it.innerText.split({once}).length === 2"))
            .await;
    }
    for words in words(want, "hides") {
        article
            .comes_true(&format!("return !({})", shows(words)))
            .await;
    }
    let retries = u64::from(want["retry"] == true);
    if want["retry"].is_boolean() || want["clean"] == true {
        article
            .count("button", "Retry", usize::try_from(retries).unwrap())
            .await;
    }
    if want["clean"] == true {
        article.count("button", "Continue", 0).await;
        article
            .comes_true("return !it.querySelector('.note')")
            .await;
    }
    if want["image"] == true {
        let image = "const image = it.querySelector('img'); return image?.complete && image.naturalWidth > 0";
        article.comes_true(image).await;
    }
    if let Some(link) = want["link"].as_str() {
        let link = json!(link);
        article
            .comes_true(&format!(
                "return [...it.querySelectorAll('a')].some((a) => a.href.includes({link}))"
            ))
            .await;
    }
    if let Some(thought) = want["thought"].as_str() {
        article.nth("DisclosureTriangle", 0).await.click().await;
        article.says(thought).await;
    }
    endpoint.forget("m");
    if want["again"] == true {
        card.send("again").await;
        crate::wait_until(|| {
            endpoint
                .prompts()
                .last()
                .is_some_and(|last| last == "again")
        })
        .await;
        let received = endpoint.received();
        let sent = received.last().unwrap().body.to_string();
        for words in words(want, "notSent") {
            assert!(!sent.contains(words), "{id}: {sent}");
        }
        card.nth("article", index + 2)
            .await
            .find("button", "Answer again")
            .await;
    }
}

async fn check_all(list: &str) {
    let endpoint = Endpoint::start(&["m"]).await;
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    let mut index = 1;
    let cases = cases(list);
    let cases = cases
        .iter()
        .filter(|case| case.get("models").is_none() && case.get("response").is_some());
    for case in cases {
        check(&endpoint, &card, index, case).await;
        index += if case["want"]["again"] == true { 4 } else { 2 };
        // A long conversation would be sent with each question.
        if index > 20 {
            crate::clear(&card).await;
            index = 1;
        }
    }
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reported_responses_are_shown_right() {
    slow("a question for each of about forty responses, with their own pauses");
    check_all(REPORTED).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn responses_found_since_are_shown_right() {
    slow("a question for each of about fifty responses; some are tried again three times");
    check_all(FOUND).await;
}

/// Opens the list of models of a card, and returns it without the notes beside them.
async fn listed(card: &Scope) -> Vec<String> {
    card.find("combobox", "Model").await.click().await;
    card.nth("option", 0).await;
    let names = "return [...it.querySelectorAll('[role=option]')].map((option) => option.firstChild.textContent)";
    let names = card.script(names).await;
    let names = names.as_array().unwrap().iter();
    names
        .map(|name| name.as_str().unwrap().to_owned())
        .collect()
}

async fn open_list(models: &Value) -> (Endpoint, Browser, Scope) {
    let endpoint = Endpoint::start(&[]).await;
    endpoint.will_answer_for_models(response(models));
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    (endpoint, browser, card)
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_of_models_are_read_in_any_shape() {
    slow("a page for each of about ten lists");
    let lists = [cases(REPORTED), cases(FOUND)].concat();
    for case in lists.iter().filter(|case| case.get("models").is_some()) {
        println!("{}", case["id"]);
        let (endpoint, browser, card) = open_list(&case["models"]).await;
        let wanted = words(&case["want"], "lists");
        let names = listed(&card).await;
        let names: Vec<_> = names
            .iter()
            .map(|name| name.trim_start_matches("models/"))
            .collect();
        assert_eq!(names.len(), wanted.len(), "{names:?}");
        for id in &wanted {
            assert!(names.contains(id), "{names:?}");
        }
        // The chosen one is sent letter by letter.
        let last = names.last().unwrap();
        card.script("it.querySelector('[role=option]:last-of-type').click()")
            .await;
        card.send("Go").await;
        crate::wait_until(|| endpoint.received().len() == 1).await;
        assert_eq!(
            endpoint.received()[0].model().trim_start_matches("models/"),
            *last
        );
        browser.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_in_pages_is_read_to_its_end() {
    let page = |from: usize, to: usize, has_more: bool| {
        let data: Vec<_> = (from..=to)
            .map(|n| json!({ "id": format!("model-{n}") }))
            .collect();
        let last = format!("model-{to}");
        Answer::json(&json!({ "data": data, "has_more": has_more, "last_id": last }))
    };
    let endpoint = Endpoint::start(&[]).await;
    endpoint.will_answer_for_models(page(1, 20, true));
    endpoint.will_answer_for_page("after_id=model-20", page(21, 22, false));
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    let names = listed(&card).await;
    assert_eq!(names.len(), 22);
    for id in ["model-1", "model-20", "model-22"] {
        assert!(names.iter().any(|name| name == id), "{names:?}");
    }
    assert!(!card.text().await.contains("has more models"));
    browser.close().await;
    // A page that does not come leaves the list short, which is said.
    endpoint.will_answer_for_page(
        "after_id=model-20",
        Answer::refusal(StatusCode::BAD_GATEWAY, &json!({})),
    );
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    assert_eq!(listed(&card).await.len(), 20);
    card.says("The endpoint has more models than it lists here.")
        .await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_beside_the_text_is_shown_and_kept() {
    let picture = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAADAAAAAwCAIAAADYYG7QAAAAOklEQVR42u3OMQ0AAAgDsEmafxVIwgXhaFIBzbSvREhISEhISEhISEhISEhISEhISEhISEhISEjozgK/OrCX76hNkgAAAABJRU5ErkJggg==";
    let call = |arguments: &str| json!({ "tool_calls": [{ "index": 0, "function": { "name": "weather", "arguments": arguments } }] });
    let (endpoint, browser, card) = answered([
        say("Here it is:"),
        Step::Delta(json!({ "images": [{ "type": "image_url", "image_url": { "url": picture } }] })),
        Step::Delta(json!({ "images": [{ "image_url": { "url": "https://pictures.example/a.png" } }] })),
        Step::Delta(json!({ "audio": { "data": "AAAAAAAA", "transcript": " listen." } })),
        Step::Delta(call("{\"city\":")),
        Step::Delta(call("\"Seoul\"}")),
        Step::Delta(json!({ "annotations": [
            { "type": "url_citation", "url_citation": { "url": "https://example.com/p", "title": "Paris" } },
            { "type": "url_citation", "url_citation": { "url": "javascript:alert(1)", "title": "Not a page" } },
        ] })),
        Step::Delta(json!({ "content": [{ "type": "hologram" }] })),
        Step::Finish("tool_calls"),
    ])
    .await;
    let check = async |card: &Scope| {
        let answer = card.find("article", "m").await;
        answer.says("Here it is: listen.").await;
        answer.comes_true("const image = it.querySelector('.picture-button img'); return image?.naturalWidth === 48").await;
        // Nothing is fetched from elsewhere.
        answer.find("button", "Load image pictures.example").await;
        answer
            .comes_true("return it.querySelector('audio')?.duration > 0")
            .await;
        answer.says("Asked for the tool weather").await;
        answer.says("{\"city\":\"Seoul\"}").await;
        answer.find("link", "Paris").await;
        answer.says("Not a page").await;
        answer.count("link", "Not a page", 0).await;
        answer.says("hologram").await;
    };
    check(&card).await;
    // The stored chat has no picture in it: that would fill the storage.
    let stored = browser.stored_chats().await;
    assert!(!json!(stored).to_string().contains("iVBOR"));
    browser.reload().await;
    let card = browser.card(1).await;
    check(&card).await;
    // It is no part of the conversation.
    card.send("again").await;
    crate::wait_until(|| endpoint.received().len() == 2).await;
    let received = endpoint.received();
    assert_eq!(
        received[1].messages()[1],
        ("assistant", "Here it is: listen.")
    );
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_that_can_not_be_stored_is_shown_and_says_so() {
    let picture = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==";
    let endpoint = Endpoint::start(&["m"]).await;
    endpoint.will(
        "m",
        [
            say("Here it is:"),
            Step::Delta(json!({ "images": [picture] })),
            Step::Finish("stop"),
        ],
    );
    let browser = open(&endpoint, "").await;
    let full = "const put = IDBObjectStore.prototype.put;
        IDBObjectStore.prototype.put = function (...args) {
            if (this.name === 'attachments') throw new DOMException('full', 'QuotaExceededError');
            return put.apply(this, args);
        };";
    browser.script(full).await;
    let card = browser.card(1).await;
    card.send("Go").await;
    let answer = card.find("article", "m").await;
    answer.says("It could not be stored in this browser").await;
    answer
        .comes_true("return it.querySelector('img')?.naturalWidth === 1")
        .await;
    // The chat is saved all the same, without it.
    browser.reload().await;
    let card = browser.card(1).await;
    card.logs("Here it is:").await;
    let stored = json!(browser.stored_chats().await).to_string();
    assert!(!stored.contains("R0lGOD"), "{stored}");
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tools_arguments_are_shown_as_they_stream() {
    let call = |arguments: &str| json!({ "tool_calls": [{ "index": 0, "id": "a", "function": { "name": "weather", "arguments": arguments } }] });
    let endpoint = Endpoint::start(&["m"]).await;
    endpoint.will(
        "m",
        [
            Step::Delta(call("{\"city\":")),
            Step::Wait,
            Step::Delta(call("\"Seoul\"}")),
            Step::Finish("tool_calls"),
        ],
    );
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    card.send("Go").await;
    let answer = card.find("article", "m").await;
    answer.says("Asked for the tool weather").await;
    answer.says("{\"city\":").await;
    assert!(!answer.text().await.contains("Seoul"));
    endpoint.go_on();
    answer.says("{\"city\":\"Seoul\"}").await;
    answer.find("button", "Answer again").await;
    assert!(!answer.text().await.contains("no text"));
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_after_the_end_is_told() {
    let error = raw("data: {\"error\":{\"message\":\"The batch was lost.\"}}\n\n");
    for pause in [0, 100] {
        let (_endpoint, browser, card) = answered([
            say("All of it."),
            Step::Finish("stop"),
            Step::Rest(pause),
            error.clone(),
        ])
        .await;
        let answer = card.find("article", "m").await;
        answer.says("All of it.").await;
        answer.says("The batch was lost.").await;
        answer.find("button", "Retry").await;
        browser.close().await;
    }
}
