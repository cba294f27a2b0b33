//! The known quirks of servers, and the lessons of their refusals.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::{
    open,
    support::{
        Browser, Endpoint, Scope, Step,
        odd_models::{Odd, OddModels},
    },
    wait_until,
};

/// Queues this refusal as an answer of «m».
fn will_refuse(endpoint: &Endpoint, status: u16, body: &str) {
    let status = StatusCode::from_u16(status).unwrap();
    let body = [Step::Raw(body.as_bytes().to_vec())];
    endpoint.will_respond("m", status, "application/json", true, body);
}

/// A script that drops a small picture on the first card.
const DROP: &str = "const done = arguments[0];
    const canvas = new OffscreenCanvas(8, 8);
    canvas.getContext('2d').fillRect(0, 0, 8, 8);
    canvas.convertToBlob({ type: 'image/png' }).then((blob) => {
        const data = new DataTransfer();
        data.items.add(new File([blob], 'dot.png', { type: 'image/png' }));
        const drop = new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer: data });
        document.querySelector('section.card').dispatchEvent(drop);
        done(true);
    });";

async fn drop_picture(browser: &Browser) -> Scope {
    let dropped = browser.driver.execute_async(DROP, vec![]).await.unwrap();
    assert_eq!(dropped.json(), &json!(true));
    let card = browser.card(1).await;
    card.find("button", "Preview dot.png").await;
    card
}

async fn open_odd(odd: Odd, token: &str) -> (OddModels, Browser) {
    let server = OddModels::start(odd).await;
    let browser = Browser::open().await;
    let card = browser.card(1).await;
    card.connect(&server.base_url(), token).await;
    card.find("combobox", "Model").await.holds("m").await;
    (server, browser)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_refusals_taught_is_known_after_a_reload() {
    let endpoint = Endpoint::start(&["m"]).await;
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    let parameters = card.parameters().await;
    parameters.turn("Use parameters").await;
    parameters.turn("Top K").await;
    parameters.press("Close").await;
    will_refuse(
        &endpoint,
        400,
        r#"{"error":{"message":"Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."}}"#,
    );
    will_refuse(
        &endpoint,
        422,
        r#"{"detail":[{"loc":["body","stream_options"],"msg":"Extra inputs are not permitted"}]}"#,
    );
    let models_before = endpoint.models_authorizations().len();
    card.send("one").await;
    card.logs("m heard: one").await;
    card.find("button", "Send").await;
    assert_eq!(endpoint.received().len(), 3);

    browser.reload().await;
    let card = browser.card(1).await;
    card.find("combobox", "Model").await.holds("m").await;
    card.send("two").await;
    card.logs("m heard: two").await;
    let received = endpoint.received();
    // The first request is right.
    assert_eq!(received.len(), 4);
    let body = &received[3].body;
    assert_eq!(body["max_completion_tokens"], 4096);
    assert_eq!(body.get("max_tokens"), None);
    assert_eq!(body.get("stream_options"), None);
    // Learning is no edit: only the reload has requested the models again.
    wait_until(|| endpoint.models_authorizations().len() == models_before + 1).await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_either_way_teaches_nothing() {
    let endpoint = Endpoint::start(&["m"]).await;
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    for _ in 0..2 {
        will_refuse(&endpoint, 400, r#"{"error":{"message":"no"}}"#);
    }
    card.send("one").await;
    card.logs("The endpoint refused the request (400).").await;
    card.find("button", "Retry").await;
    card.send("two").await;
    card.logs("m heard: two").await;
    let counted: Vec<_> = endpoint
        .received()
        .iter()
        .map(|request| request.body.get("stream_options").is_some())
        .collect();
    assert_eq!(counted, [true, false, true]);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_learned_is_forgotten_with_the_base_url() {
    let endpoint = Endpoint::start(&["m"]).await;
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    will_refuse(
        &endpoint,
        422,
        r#"{"detail":[{"loc":["body","stream_options"],"msg":"Extra inputs are not permitted"}]}"#,
    );
    card.send("one").await;
    card.logs("m heard: one").await;
    let learned = "return JSON.parse(localStorage['collate.v2.endpoints']).list[0].learned ?? null";
    assert_eq!(browser.script(learned).await, json!(["no_stream_options"]));
    let settings = browser.settings().await;
    settings.press("Edit").await;
    let form = settings.find("form", "Endpoint").await;
    let moved = endpoint.base_url().replace("127.0.0.1", "localhost");
    form.fill("Base URL", &moved).await;
    form.press("Save").await;
    settings.says(&moved).await;
    assert_eq!(browser.script(learned).await, Value::Null);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parameter_that_was_refused_is_marked() {
    let endpoint = Endpoint::start(&["m"]).await;
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    card.parameters().await.turn("Use parameters").await;
    will_refuse(
        &endpoint,
        400,
        r#"{"error":{"message":"Unrecognized request argument supplied: top_k","code":null}}"#,
    );
    card.send("one").await;
    card.logs("The endpoint refuses the parameter top_k.").await;
    let parameters = card.parameters().await;
    parameters
        .says("The endpoint has refused this for this model")
        .await;
    let switch = parameters.find("switch", "Top K").await;
    let described =
        "return document.getElementById(it.getAttribute('aria-describedby'))?.textContent";
    assert_eq!(
        switch.script(described).await,
        "The endpoint has refused this for this model"
    );
    let other = parameters.find("switch", "Top P").await;
    assert_eq!(other.script(described).await, Value::Null);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parameter_that_the_server_ignores_is_marked() {
    let odd = Odd {
        models: vec![json!({ "id": "m", "owned_by": "library" })],
        ..Odd::default()
    };
    let (server, browser) = open_odd(odd, "").await;
    let card = browser.card(1).await;
    let parameters = card.parameters().await;
    parameters.says("Ollama ignores this").await;
    let described =
        "return document.getElementById(it.getAttribute('aria-describedby'))?.textContent";
    for (name, mark) in [
        ("Top K", json!("Ollama ignores this")),
        ("Min P", json!("Ollama ignores this")),
        ("Temperature", Value::Null),
    ] {
        let switch = parameters.find("switch", name).await;
        assert_eq!(switch.script(described).await, mark, "{name}");
    }
    // It is sent all the same: the user decides.
    parameters.turn("Use parameters").await;
    parameters.press("Close").await;
    card.send("hi").await;
    card.logs("heard: hi").await;
    let asked = server.came("POST /v1/chat/completions");
    assert_eq!(asked[0].body["top_k"], 40);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_go_by_the_names_of_the_server() {
    let odd = Odd {
        models: vec![json!({ "id": "m", "owned_by": "llamacpp" })],
        ..Odd::default()
    };
    let (server, browser) = open_odd(odd, "").await;
    let card = browser.card(1).await;
    let parameters = card.parameters().await;
    parameters.turn("Use parameters").await;
    parameters.turn("Repetition Penalty").await;
    parameters.press("Close").await;
    card.send("hi").await;
    card.logs("heard: hi").await;
    let asked = &server.came("POST /v1/chat/completions")[0].body;
    assert_eq!(asked["repeat_penalty"], 1);
    assert_eq!(asked.get("repetition_penalty"), None);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_is_listed_as_blind_says_so_beside_a_picture() {
    let modalities = |id: &str, modalities: &[&str]| json!({ "id": id, "architecture": { "input_modalities": modalities } });
    let odd = Odd {
        models: vec![
            modalities("m", &["text"]),
            modalities("seeing", &["text", "image"]),
        ],
        ..Odd::default()
    };
    let (server, browser) = open_odd(odd, "").await;
    let card = drop_picture(&browser).await;
    card.says("This model takes no pictures").await;
    card.choose("Model", "seeing").await;
    card.shows("no such words", |text| {
        !text.contains("This model takes no pictures")
    })
    .await;
    card.choose("Model", "m").await;
    card.says("This model takes no pictures").await;
    // Sending stays possible.
    card.send("look").await;
    card.logs("heard: parts").await;
    card.shows("no such words", |text| {
        !text.contains("This model takes no pictures")
    })
    .await;
    assert!(server.came("GET /props").is_empty());
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn llama_cpp_is_asked_once_whether_it_sees_and_only_for_a_picture() {
    let odd = Odd {
        models: vec![json!({ "id": "m", "owned_by": "llamacpp" })],
        props: Some(json!({ "modalities": { "vision": false, "audio": false } })),
        ..Odd::default()
    };
    let (server, browser) = open_odd(odd, "sk-own").await;
    let card = browser.card(1).await;
    card.send("hi").await;
    card.logs("heard: hi").await;
    assert!(server.came("GET /props").is_empty());
    let card = drop_picture(&browser).await;
    card.says("This model takes no pictures").await;
    card.press("Remove dot.png").await;
    card.shows("no such words", |text| {
        !text.contains("This model takes no pictures")
    })
    .await;
    let card = drop_picture(&browser).await;
    card.says("This model takes no pictures").await;
    let came = server.came("GET /props");
    assert_eq!(came.len(), 1);
    assert_eq!(came[0].authorization.as_deref(), Some("Bearer sk-own"));
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ollama_is_asked_for_the_model() {
    let odd = Odd {
        models: vec![json!({ "id": "m", "owned_by": "library" })],
        show: Some(json!({ "capabilities": ["completion"] })),
        ..Odd::default()
    };
    let (server, browser) = open_odd(odd, "").await;
    let card = drop_picture(&browser).await;
    card.says("This model takes no pictures").await;
    let came = server.came("POST /api/show");
    assert_eq!(came.len(), 1);
    assert_eq!(came[0].body, json!({ "model": "m" }));
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_told_by_what_they_mean() {
    let endpoint = Endpoint::start(&["m"]).await;
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    let toolong = include_str!("../captures/llama-server-toolong.txt");
    let toolong = toolong.split("\r\n\r\n").nth(1).unwrap();
    let toolong = toolong.lines().next().unwrap();
    for (status, body, words) in [
        (
            400,
            toolong,
            "This conversation has 30,031 tokens; the model takes 2,048.",
        ),
        (
            403,
            r#"{"error":"this key may not use that model"}"#,
            "The endpoint doesn't allow this (403).",
        ),
        (
            404,
            r#"{"error":{"message":"model 'm' not found","code":"model_not_found"}}"#,
            "The endpoint doesn't have this model (404).",
        ),
        (
            404,
            "404 page not found",
            "There is nothing at this address of the endpoint (404).",
        ),
        (413, "", "The request is too large for the endpoint (413)."),
        (415, "", "takes no requests of this kind (415)"),
        (
            402,
            r#"{"error":{"message":"Insufficient Balance"}}"#,
            "no quota or credit left",
        ),
        (
            504,
            "<html><head><title>504 Gateway Time-out</title></head></html>",
            "The endpoint said: 504 Gateway Time-out",
        ),
    ] {
        will_refuse(&endpoint, status, body);
        card.send("hi").await;
        card.logs(words).await;
        card.find("button", "Send").await;
    }
    // None of these was mistaken for a refusal to count.
    assert_eq!(endpoint.received().len(), 8);
    let last = endpoint.received().pop().unwrap();
    assert_eq!(last.body["stream_options"]["include_usage"], true);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_within_a_stream_is_told_alike_and_keeps_what_came() {
    let endpoint = Endpoint::start(&["m"]).await;
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    let error = json!({ "error": { "message": "prompt is too long: 5120 tokens > 4096 maximum", "code": 400 } });
    endpoint.will("m", [Step::Say("begun".into()), Step::Event(error)]);
    card.send("hi").await;
    card.logs("This conversation has 5,120 tokens; the model takes 4,096.")
        .await;
    card.logs("begun").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endless_answer_is_kept_up_to_its_bound() {
    let endpoint = Endpoint::start(&["m"]).await;
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    // A line that does not end.
    let mut steps = vec![Step::Say("begun".into()), Step::Raw(b"data: ".to_vec())];
    steps.extend((0..100).map(|_| Step::Raw(vec![b'x'; 1024 * 1024])));
    endpoint.will("m", steps);
    card.send("hi").await;
    card.logs("the page stopped it here, and keeps what came")
        .await;
    card.logs("begun").await;
    // The page keeps working.
    card.send("and now").await;
    card.logs("m heard: and now").await;
    browser.close().await;
}
