//! Parameters: every one that is on is sent, and nothing else is.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::{
    open,
    support::{Browser, Endpoint, Scope, Step, slow},
};

/// Opens the page with one card, and its parameters open and in use, all switched off.
async fn open_all_off(endpoint: &Endpoint) -> (Browser, Scope) {
    let browser = open(endpoint, "").await;
    let parameters = browser.card(1).await.parameters().await;
    parameters.turn("Use parameters").await;
    for name in [
        "Max Tokens",
        "Temperature",
        "Top P",
        "Top K",
        "Frequency Penalty",
        "Presence Penalty",
    ] {
        parameters.turn(name).await;
    }
    (browser, parameters)
}

/// Returns the received fields beyond those of every request.
fn sent(endpoint: &Endpoint) -> Value {
    let mut body = endpoint.received().last().expect("a request").body.clone();
    for field in ["model", "messages", "stream", "stream_options"] {
        body.as_object_mut().unwrap().remove(field);
    }
    body
}

/// Sends a message from the first card and waits for the answer.
async fn ask(browser: &Browser, text: &str) {
    let card = browser.card(1).await;
    card.send(text).await;
    card.logs(&format!("m heard: {text}")).await;
    card.find("button", "Send").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_master_switch_rules() {
    let endpoint = Endpoint::start(&["m"]).await;
    let browser = open(&endpoint, "").await;
    ask(&browser, "off").await;
    assert_eq!(sent(&endpoint), json!({}));
    let parameters = browser.card(1).await.parameters().await;
    parameters.turn("Use parameters").await;
    parameters.press("Close").await;
    ask(&browser, "on").await;
    // The parameters that are on at first are sent, Top K included.
    let first = json!({
        "max_tokens": 4096, "temperature": 0.7, "top_p": 1, "top_k": 40,
        "frequency_penalty": 0, "presence_penalty": 0,
    });
    assert_eq!(sent(&endpoint), first);
    let parameters = browser.card(1).await.parameters().await;
    parameters.turn("Use parameters").await;
    parameters.press("Close").await;
    ask(&browser, "off again").await;
    assert_eq!(sent(&endpoint), json!({}));
    browser.close().await;
}

/// A parameter that is a number.
struct Number {
    name: &'static str,
    /// Its field in a request.
    wire: &'static str,
    typed: &'static str,
    sent: Value,
    least: &'static str,
    most: &'static str,
}

fn numbers() -> Vec<Number> {
    let number = |name, wire, typed, sent, least, most| Number {
        name,
        wire,
        typed,
        sent,
        least,
        most,
    };
    vec![
        number("Max Tokens", "max_tokens", "256", json!(256), "1", "131072"),
        number("Temperature", "temperature", "1.25", json!(1.25), "0", "2"),
        number("Top P", "top_p", "0.9", json!(0.9), "0", "1"),
        number("Top K", "top_k", "7", json!(7), "1", "500"),
        number(
            "Frequency Penalty",
            "frequency_penalty",
            "-0.5",
            json!(-0.5),
            "-2",
            "2",
        ),
        number(
            "Presence Penalty",
            "presence_penalty",
            "1.5",
            json!(1.5),
            "-2",
            "2",
        ),
        number("Min P", "min_p", "0.1", json!(0.1), "0", "1"),
        number(
            "Repetition Penalty",
            "repetition_penalty",
            "1.1",
            json!(1.1),
            "0",
            "2",
        ),
        number("Seed", "seed", "42", json!(42), "0", "2147483647"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn each_number_is_sent_under_its_own_name_within_its_bounds() {
    slow("sets each of nine numbers in four ways");
    let numbers = numbers();
    let endpoint = Endpoint::start(&["m"]).await;
    let (browser, parameters) = open_all_off(&endpoint).await;
    let is_on = async |parameters: &Scope, name: &str| {
        let switch = parameters.find("switch", name).await;
        let checked = switch.element().prop("checked").await.unwrap();
        (switch, checked.as_deref() == Some("true"))
    };
    for Number {
        name,
        typed,
        least,
        most,
        ..
    } in &numbers
    {
        parameters.set(name, typed).await;
        // A changed value is meant to be sent: its switch turns on.
        assert!(is_on(&parameters, name).await.1, "{name} is on");
        let slider = parameters.find("slider", name).await;
        slider.holds(typed).await;
        let bounds = (slider.attr("min").await, slider.attr("max").await);
        assert_eq!(
            bounds,
            (Some((*least).into()), Some((*most).into())),
            "{name}"
        );
    }
    let typed: Value = numbers
        .iter()
        .map(|number| (number.wire.to_owned(), number.sent.clone()))
        .collect();
    ask(&browser, "typed").await;
    assert_eq!(sent(&endpoint), typed);

    // A value out of range is reported, and the previous one stays.
    let parameters = browser.card(1).await.parameters().await;
    for Number {
        name, least, most, ..
    } in &numbers
    {
        parameters.set(name, "999999999999").await;
        let field = parameters.find("spinbutton", name).await;
        let problem = "return it.closest('.param').querySelector('[role=alert]').textContent";
        let problem = field.script(problem).await;
        let bounds = format!("From {least} to {most}");
        let is_said = problem.as_str().is_some_and(|said| said.contains(&bounds));
        assert!(is_said, "{name}: {problem}");
        assert_eq!(field.attr("aria-invalid").await.as_deref(), Some("true"));
    }
    ask(&browser, "too much").await;
    assert_eq!(sent(&endpoint), typed);

    // The slider sets it too.
    let parameters = browser.card(1).await.parameters().await;
    for Number { name, most, .. } in &numbers {
        let script = format!(
            "const slider = document.querySelector('input[type=range][aria-label=\"{name}\"]');
            slider.value = slider.max; slider.dispatchEvent(new Event('input', {{ bubbles: true }}))"
        );
        browser.script(&script).await;
        parameters.find("spinbutton", name).await.holds(most).await;
    }
    ask(&browser, "by slider").await;
    for Number { wire, most, .. } in &numbers {
        assert_eq!(sent(&endpoint)[wire].to_string(), *most, "{wire}");
    }

    // Reset restores the first value. Switched off, it is not sent.
    let parameters = browser.card(1).await.parameters().await;
    for Number { name, .. } in &numbers {
        parameters.press(&format!("Reset {name}")).await;
        let (switch, is_on) = is_on(&parameters, name).await;
        if is_on {
            switch.click().await;
        }
    }
    ask(&browser, "switched off").await;
    assert_eq!(sent(&endpoint), json!({}));
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stop_reasoning_effort_response_format_and_json_are_sent() {
    let endpoint = Endpoint::start(&["m"]).await;
    let (browser, parameters) = open_all_off(&endpoint).await;
    parameters.fill("Stop", "END\n\\n\\n").await;
    parameters.select("Reasoning effort", "low").await;
    parameters.select("Response format", "json_object").await;
    parameters
        .fill(
            "JSON",
            r#"{"n":1,"chat_template_kwargs":{"enable_thinking":false}}"#,
        )
        .await;
    ask(&browser, "all").await;
    let all = json!({
        "stop": ["END", "\n\n"], "reasoning_effort": "low",
        "response_format": { "type": "json_object" },
        "n": 1, "chat_template_kwargs": { "enable_thinking": false },
    });
    assert_eq!(sent(&endpoint), all);

    // JSON that can't be sent says why, and is left out.
    let parameters = browser.card(1).await.parameters().await;
    parameters.fill("JSON", r#"{"model":"other"}"#).await;
    parameters
        .says("model, messages and stream are the card's own")
        .await;
    parameters.fill("JSON", "{").await;
    parameters.says("This is not a JSON object").await;
    ask(&browser, "without").await;
    assert_eq!(sent(&endpoint)["n"], Value::Null);
    assert_eq!(endpoint.received().last().unwrap().model(), "m");
    // The typed text is still there.
    browser.reload().await;
    let parameters = browser.card(1).await.parameters().await;
    parameters.find("textbox", "JSON").await.holds("{").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_parameter_is_named_and_left_out_by_one_click() {
    let endpoint = Endpoint::start(&["m"]).await;
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    card.parameters().await.turn("Use parameters").await;
    let refusals = [
        (
            StatusCode::BAD_REQUEST,
            r#"{"error":{"message":"Unrecognized request argument supplied: top_k"}}"#,
            "Top K",
            "top_k",
        ),
        (
            StatusCode::UNPROCESSABLE_ENTITY,
            r#"{"detail":[{"type":"extra_forbidden","loc":["body","presence_penalty"],"msg":"Extra inputs are not permitted"}]}"#,
            "Presence Penalty",
            "presence_penalty",
        ),
    ];
    for (status, body, name, wire) in refusals {
        let body = Step::Raw(body.as_bytes().to_vec());
        endpoint.will_respond("m", status, "application/json", true, [body]);
        card.send(name).await;
        card.logs(wire).await;
        assert!(sent(&endpoint).get(wire).is_some());
        card.press(&format!("Send without {name}")).await;
        card.logs(&format!("m heard: {name}")).await;
        assert!(sent(&endpoint).get(wire).is_none());
        assert_eq!(sent(&endpoint)["max_tokens"], 4096);
    }
    // From now on it is off, and visibly so.
    let parameters = card.parameters().await;
    let switch = parameters.find("switch", "Top K").await;
    assert_eq!(
        switch.element().prop("checked").await.unwrap().as_deref(),
        Some("false")
    );
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn max_tokens_goes_by_its_other_name_where_that_is_demanded() {
    let endpoint = Endpoint::start(&["m"]).await;
    let (browser, parameters) = open_all_off(&endpoint).await;
    parameters.set("Max Tokens", "99").await;
    let body = r#"{"error":{"message":"Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."}}"#;
    let body = Step::Raw(body.as_bytes().to_vec());
    endpoint.will_respond(
        "m",
        StatusCode::BAD_REQUEST,
        "application/json",
        true,
        [body],
    );
    ask(&browser, "one").await;
    ask(&browser, "two").await;
    let names: Vec<_> = endpoint
        .received()
        .iter()
        .map(|request| request.body.get("max_completion_tokens").is_some())
        .collect();
    assert_eq!(names, [false, true, true]);
    assert_eq!(sent(&endpoint), json!({ "max_completion_tokens": 99 }));
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_belong_to_a_card_and_are_copied_on_demand() {
    let endpoint = Endpoint::start(&["m"]).await;
    let browser = open(&endpoint, "").await;
    browser.card(1).await.press("Compare").await;
    let (left, right) = (browser.card(1).await, browser.card(2).await);
    let parameters = right.parameters().await;
    parameters.fill("System prompt", "mine").await;
    parameters.press("Close").await;
    let parameters = left.parameters().await;
    parameters.fill("System prompt", "짧게 답하세요.").await;
    parameters.turn("Use parameters").await;
    parameters.set("Temperature", "0").await;
    parameters.press("Close").await;
    left.send("apart").await;
    right.logs("m heard: apart").await;
    left.logs("m heard: apart").await;
    let by_system = |prompt: &str| {
        let received = endpoint.received();
        let with = received
            .into_iter()
            .rfind(|request| request.messages()[0].1 == prompt);
        with.expect("a request with this system prompt").body
    };
    assert_eq!(by_system("짧게 답하세요.")["temperature"], 0);
    assert!(by_system("mine").get("temperature").is_none());

    // Copied, all cards are alike; Undo restores the other card's parameters.
    let parameters = left.parameters().await;
    parameters
        .press("Copy parameters and system prompt to all cards")
        .await;
    parameters.press("Close").await;
    left.send("alike").await;
    right.logs("m heard: alike").await;
    left.logs("m heard: alike").await;
    let received = endpoint.received();
    for request in &received[2..] {
        assert_eq!(request.messages()[0], ("system", "짧게 답하세요."));
        assert_eq!(request.body["temperature"], 0);
    }
    browser.page().press("Undo").await;
    let parameters = right.parameters().await;
    parameters
        .find("textbox", "System prompt")
        .await
        .holds("mine")
        .await;
    // An added card takes the parameters of the one beside it.
    parameters.press("Close").await;
    left.press("Compare").await;
    let parameters = browser.card(2).await.parameters().await;
    parameters
        .find("textbox", "System prompt")
        .await
        .holds("짧게 답하세요.")
        .await;
    parameters
        .find("spinbutton", "Temperature")
        .await
        .holds("0")
        .await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_is_taken_over_by_a_click_elsewhere_and_a_bad_one_is_reset() {
    let endpoint = Endpoint::start(&["m"]).await;
    let (browser, parameters) = open_all_off(&endpoint).await;
    let field = parameters.find("spinbutton", "Temperature").await;
    // The first value is still set, so a reset changes nothing but the field.
    field.element().clear().await.unwrap();
    field.type_in("99").await;
    field.type_in(thirtyfour::Key::Tab).await;
    parameters.says("From 0 to 2").await;
    parameters.press("Reset Temperature").await;
    field.holds("0.7").await;
    parameters
        .shows("no complaint", |text| !text.contains("From 0 to 2:"))
        .await;

    field.element().clear().await.unwrap();
    field.type_in("0.2").await;
    let log = browser.card(1).await.find("log", "Messages").await;
    log.click().await;
    browser.page().count("dialog", "Parameters", 0).await;
    ask(&browser, "now").await;
    assert_eq!(sent(&endpoint)["temperature"], 0.2);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_json_insists_on_is_refused_once() {
    let endpoint = Endpoint::start(&["m"]).await;
    let (browser, parameters) = open_all_off(&endpoint).await;
    parameters.turn("Max Tokens").await;
    parameters.fill("JSON", r#"{"max_tokens":5}"#).await;
    let body = r#"{"error":{"message":"Use 'max_completion_tokens' instead of max_tokens."}}"#;
    for _ in 0..5 {
        let body = Step::Raw(body.as_bytes().to_vec());
        endpoint.will_respond(
            "m",
            StatusCode::BAD_REQUEST,
            "application/json",
            true,
            [body],
        );
    }
    let card = browser.card(1).await;
    card.send("hi").await;
    card.logs("instead of max_tokens").await;
    card.find("button", "Send").await;
    assert_eq!(endpoint.received().len(), 2);
    browser.close().await;
}
