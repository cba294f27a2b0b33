//! Answers that fail: each says what happened, also in the endpoint's own words, keeps the text so far,
//! and can be retried. The table of all cases is in `docs/endpoints.md`.

use std::time::Duration;

use axum::http::{StatusCode, header};
use serde_json::{Value, json};

use crate::{
    clear, open, raw, say,
    support::{
        Answer, Browser, Cors, Endpoint, Scope, Step, Trap,
        endpoint::{FOREVER, Received, nobody, nobody_who_speaks},
        slow,
    },
    wait_for, wait_until,
};

const JSON: &str = "application/json";
const HTML: &str = "text/html; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

const UNREACHABLE: &str = "No response from the endpoint";
const CUT_OFF: &str = "The connection ended before the answer did";
const GARBLED: &str = "not an OpenAI-compatible answer";
const EMPTY: &str = "ended its response before anything came";
const NO_TEXT: &str = "The answer has no text";
const REDIRECTED: &str = "sends the request on to another address";
const TOO_MUCH: &str = "The answer did not end: the page stopped it here";

fn status(status: u16) -> StatusCode {
    StatusCode::from_u16(status).expect("a status")
}

/// Waits until no request is open: the page no longer reads any of them.
async fn all_are_closed(endpoint: &Endpoint) {
    wait_until(|| endpoint.received().iter().all(Received::is_closed)).await;
}

/// A page with one card, whose model is «m».
struct Stage {
    endpoint: Endpoint,
    browser: Browser,
    card: Scope,
}

impl Stage {
    async fn open(token: &str) -> Self {
        let endpoint = Endpoint::start(&["m"]).await;
        let browser = open(&endpoint, token).await;
        let card = browser.card(1).await;
        Self {
            endpoint,
            browser,
            card,
        }
    }

    /// Sends a question, and waits until the answer has failed with these words and can be retried.
    /// Returns the number of requests that took. Then clears the card.
    async fn fails(&self, question: &str, said: &[&str]) -> usize {
        // Printed if the test fails.
        println!("{question}");
        let before = self.endpoint.received().len();
        self.card.send(question).await;
        self.card.find("button", "Retry").await;
        self.card.find("button", "Send").await;
        for words in said {
            self.card.logs(words).await;
        }
        clear(&self.card).await;
        self.endpoint.received().len() - before
    }

    /// Does the same, with this answer of the model to every request.
    async fn fails_at(&self, question: &str, answer: Answer, said: &[&str]) -> usize {
        self.endpoint.will_always("m", answer);
        self.fails(question, said).await
    }

    /// Does the same, and allows only one request.
    async fn fails_once(&self, question: &str, answer: Answer, said: &[&str]) {
        let asked = self.fails_at(question, answer, said).await;
        assert_eq!(asked, 1, "{question}: nothing is asked again by itself");
    }

    /// Sends a question, and gets an answer as if nothing had happened.
    async fn answers(&self) {
        self.endpoint.forget("m");
        self.card.send("Are you there?").await;
        self.card.logs("m heard: Are you there?").await;
        self.card.find("button", "Send").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_says_its_status_and_the_endpoints_own_words() {
    slow("a question and a retry for each of many refusals");
    let stage = Stage::open("sk-any").await;
    let openai = |message: &str, code: Value| json!({ "error": { "message": message, "type": "invalid_request_error", "param": null, "code": code } });
    // The status, the body, words of it that are kept, and whether the page's own sentence has the
    // status: where the page knows more, it says that instead.
    let cases = [
        (
            400,
            openai("Invalid 'messages': empty.", Value::Null),
            "Invalid 'messages': empty.",
            true,
        ),
        // LiteLLM's code is a string; its words name the provider.
        (
            400,
            openai("litellm.BadRequestError: no luck", json!("400")),
            "no luck",
            true,
        ),
        // llama.cpp, for a conversation longer than its context.
        (
            400,
            json!({ "error": {
                "code": 400, "type": "exceed_context_size_error", "n_prompt_tokens": 30031, "n_ctx": 2048,
                "message": "request (30031 tokens) exceeds the available context size (2048 tokens), try increasing it",
            } }),
            "request (30031 tokens) exceeds the available context size (2048 tokens)",
            false,
        ),
        (
            400,
            openai(
                "This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 tokens.",
                json!("context_length_exceeded"),
            ),
            "maximum context length is 8192 tokens",
            false,
        ),
        // Azure's filter refuses before the first word.
        (
            400,
            openai("The response was filtered.", json!("content_filter")),
            "The response was filtered.",
            false,
        ),
        // llama.cpp and OpenAI; llama-cpp-python; Gemini, whose errors are a list of one.
        (
            401,
            openai("Invalid API Key", json!(401)),
            "Invalid API Key",
            true,
        ),
        (
            401,
            json!({ "detail": "Invalid API key" }),
            "Invalid API key",
            true,
        ),
        (
            403,
            json!([{ "error": { "code": 403, "message": "Method doesn't allow unregistered callers", "status": "PERMISSION_DENIED" } }]),
            "Method doesn't allow unregistered callers",
            true,
        ),
        (
            402,
            openai("Insufficient credits", json!(402)),
            "Insufficient credits",
            false,
        ),
        (
            404,
            openai("The model `m` does not exist", json!("model_not_found")),
            "The model `m` does not exist",
            true,
        ),
        (404, json!({ "detail": "Not Found" }), "Not Found", true),
        (
            405,
            json!({ "detail": "Method Not Allowed" }),
            "Method Not Allowed",
            true,
        ),
        (
            413,
            json!({ "message": "Payload Too Large" }),
            "Payload Too Large",
            true,
        ),
        (
            415,
            json!({ "detail": "Unsupported media type" }),
            "Unsupported media type",
            true,
        ),
        (
            422,
            json!({ "detail": "Unprocessable" }),
            "Unprocessable",
            true,
        ),
        (
            422,
            json!({ "detail": [
                { "type": "missing", "loc": ["body", "messages", 0, "name"], "msg": "Field required" },
                { "type": "int_type", "loc": ["body", "n"], "msg": "Input should be a valid integer" },
            ] }),
            "Input should be a valid integer",
            false,
        ),
        (
            500,
            openai("The engine has stopped", json!("internal")),
            "The engine has stopped",
            true,
        ),
        (
            529,
            json!({ "type": "error", "error": { "type": "overloaded_error", "message": "Overloaded" } }),
            "Overloaded",
            true,
        ),
    ];
    for (number, (code, body, words, is_said)) in cases.into_iter().enumerate() {
        let answer = Answer::refusal(status(code), &body);
        let in_brackets = format!("({code})");
        let said = if is_said { &*in_brackets } else { words };
        let question = format!("case {number}");
        let asked = stage.fails_at(&question, answer, &[said, words]).await;
        // Some refuse unknown fields without naming them: they get one more request, without those.
        let most = if matches!(code, 400 | 422) { 2 } else { 1 };
        assert!(asked <= most, "{body} was asked for {asked} times");
    }
    stage.answers().await;
    stage.browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_that_is_no_json_says_its_status() {
    let stage = Stage::open("").await;
    let page = "<!doctype html><html><head><title>nginx</title></head><body><h1>An error page</h1></body></html>";
    let cases = [
        // transformers serve, for an unknown model.
        (
            500,
            TEXT,
            "Internal Server Error",
            Some("Internal Server Error"),
        ),
        (403, TEXT, "Host not allowed", Some("Host not allowed")),
        (400, "", "no type at all", Some("no type at all")),
        (502, HTML, page, None),
        (504, HTML, page, None),
        (404, HTML, page, None),
        (413, HTML, page, None),
        // Labelled as JSON, but isn't.
        (500, JSON, page, None),
        (500, JSON, "", None),
        (418, "image/gif", "GIF89a\u{1}\0", None),
    ];
    for (number, (code, kind, body, words)) in cases.into_iter().enumerate() {
        let answer = Answer::new(status(code), kind, [raw(body)]);
        stage.endpoint.will_always("m", answer);
        stage.card.send(&format!("case {number}")).await;
        stage.card.find("button", "Retry").await;
        stage.card.logs(&format!("({code})")).await;
        if let Some(words) = words {
            stage.card.logs(words).await;
        }
        // An HTML page is meant for others, and not shown.
        let shown = stage.card.find("log", "Messages").await.text().await;
        assert!(!shown.contains("An error page"), "{shown}");
        clear(&stage.card).await;
    }
    // Some servers send 408 on a connection that was silent for long. A browser may then try another
    // one by itself.
    let late = Answer::new(StatusCode::REQUEST_TIMEOUT, TEXT, [raw("Too late")]);
    stage
        .fails_at("too late", late, &["(408)", "Too late"])
        .await;
    stage.answers().await;
    stage.browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_that_a_page_may_not_read_is_no_response() {
    let stage = Stage::open("sk-wrong").await;
    // OpenAI, Cerebras and vLLM do this: their layer that checks keys knows nothing of CORS.
    stage.endpoint.will_allow(Cors::NotOnErrors);
    let body =
        json!({ "error": { "message": "Incorrect API key provided", "code": "invalid_api_key" } });
    let refusal = Answer::refusal(StatusCode::UNAUTHORIZED, &body);
    // The words can't be read. The token can still be suggested.
    stage.fails_once("a wrong key", refusal, &["token"]).await;
    // transformers serve, for an unknown model.
    let crashed = Answer::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        TEXT,
        [raw("Internal Server Error")],
    );
    stage.fails_once("a wrong model", crashed, &[]).await;
    stage.answers().await;
    stage.browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_allows_no_page_is_no_response() {
    type Forbid = fn(&Endpoint);
    slow("seven faults of a server in turn");
    // The server's fault, its setting, and whether it gets the question.
    let cases: [(&str, Forbid, bool); 7] = [
        // LM Studio by default, Bedrock, NVIDIA.
        (
            "no headers at all",
            |it| it.will_allow(Cors::Nowhere),
            false,
        ),
        (
            "none to preflights",
            |it| it.will_allow(Cors::NotOnPreflights),
            false,
        ),
        // llama-swap.
        (
            "only to preflights",
            |it| it.will_allow(Cors::OnPreflightsOnly),
            true,
        ),
        // transformers serve by default.
        (
            "no preflights",
            |it| it.will_answer_preflights(StatusCode::METHOD_NOT_ALLOWED, "*"),
            false,
        ),
        // Ollama, for a page that is not in OLLAMA_ORIGINS; Gemini, for an unlisted header.
        (
            "not this page",
            |it| {
                it.will_answer_preflights(StatusCode::FORBIDDEN, "");
                it.will_allow(Cors::Nowhere);
            },
            false,
        ),
        // A list of headers that lacks one.
        (
            "no Authorization",
            |it| it.will_answer_preflights(StatusCode::NO_CONTENT, "content-type"),
            false,
        ),
        (
            "no Content-Type",
            |it| it.will_answer_preflights(StatusCode::NO_CONTENT, "authorization"),
            false,
        ),
    ];
    let browser = Browser::open().await;
    let card = browser.card(1).await;
    for (number, (what, forbid, is_asked)) in cases.into_iter().enumerate() {
        println!("{what}");
        // A browser caches a successful preflight for some seconds, so each case is its own origin.
        let endpoint = Endpoint::start(&["m"]).await;
        forbid(&endpoint);
        connect_typed(&card, &endpoint.base_url(), "sk-any", number == 0).await;
        card.send(what).await;
        card.find("button", "Retry").await;
        card.logs(UNREACHABLE).await;
        card.find("button", "Find out why").await;
        let received = endpoint.received().len();
        assert_eq!(received, usize::from(is_asked), "{what}");
        clear(&card).await;
    }
    browser.close().await;
}

/// Connects a card to an endpoint that need not answer: a typed model works without a list.
async fn connect_typed(card: &Scope, base_url: &str, token: &str, is_first: bool) {
    if !is_first {
        card.choose("Endpoint", "Custom model…").await;
    }
    let form = card.find("form", "Custom model").await;
    form.fill("Base URL", base_url).await;
    form.fill("Token", token).await;
    form.fill("Model", "typed").await;
    form.press("Refresh model information").await;
    card.count("form", "Custom model", 0).await;
    let (_, name) = base_url.split_once("://").expect("a URL");
    let name = name.trim_end_matches("/v1");
    card.find("combobox", "Endpoint").await.holds(name).await;
    card.find("combobox", "Model").await.holds("typed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nobody_listens_is_no_response() {
    let browser = Browser::open().await;
    let card = browser.card(1).await;
    // No listener; a server that hangs up; a server without TLS.
    let plain = Endpoint::start(&["m"]).await;
    let secret = plain.base_url().replace("http:", "https:");
    let urls = [nobody().await, nobody_who_speaks().await, secret];
    for (number, base_url) in urls.into_iter().enumerate() {
        println!("{base_url}");
        connect_typed(&card, &base_url, "", number == 0).await;
        card.send("Is anybody there?").await;
        card.find("button", "Retry").await;
        card.logs(UNREACHABLE).await;
        card.find("button", "Find out why").await;
        clear(&card).await;
    }
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_has_the_headers_that_every_server_allows() {
    let stage = Stage::open("").await;
    stage.answers().await;
    clear(&stage.card).await;
    let settings = stage.browser.settings().await;
    settings.press("Edit").await;
    settings.fill("Token", "sk-own").await;
    settings.press("Save").await;
    settings.press("Close").await;
    stage.answers().await;
    let received = stage.endpoint.received();
    assert_eq!(received[0].own_headers(), ["accept", "content-type"]);
    assert_eq!(
        received[1].own_headers(),
        ["accept", "authorization", "content-type"]
    );
    assert_eq!(received[1].authorization(), Some("Bearer sk-own"));
    for request in &received {
        // Backend.AI's proxy sends errors as HTML to clients that don't ask for JSON.
        let accept = request.headers[header::ACCEPT].to_str().unwrap();
        assert!(accept.contains(JSON), "{accept}");
    }
    // A page can't see a preflight, but this names all headers it requests beyond those always allowed.
    let asked = stage.endpoint.asked_headers();
    assert!(!asked.is_empty());
    for headers in asked {
        for name in headers.split(',').map(str::trim) {
            assert!(
                ["authorization", "content-type"].contains(&name),
                "{headers}"
            );
        }
    }
    stage.browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_star_of_a_list_of_headers_is_enough_without_a_token() {
    let stage = Stage::open("").await;
    // LiteLLM, llama.cpp, Backend.AI's proxy.
    stage.endpoint.will_allow(Cors::Anyone);
    stage.answers().await;
    // By the Fetch standard it does not cover Authorization. Browsers allow it or not; either way the
    // user is told.
    let other = Endpoint::start(&["m"]).await;
    other.will_allow(Cors::Anyone);
    let card = &stage.card;
    connect_typed(card, &other.base_url(), "sk-any", false).await;
    card.send("With a token").await;
    card.shows("an answer, or why there is none", |shown| {
        shown.contains("typed heard: With a token") || shown.contains(UNREACHABLE)
    })
    .await;
    card.find("button", "Send").await;
    stage.browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_not_followed() {
    let stage = Stage::open("sk-secret").await;
    let other = Endpoint::start(&["m"]).await;
    let trap = Trap::set().await;
    let elsewhere = format!("{}/chat/completions", other.base_url());
    let trapped = format!("http://{}/v1/chat/completions", trap.host());
    let here = format!("{}/chat/completions", stage.endpoint.base_url());
    let mut cases = vec![(307, &*trapped), (307, &here), (302, "/login")];
    cases.extend([301, 302, 303, 307, 308].map(|code| (code, &*elsewhere)));
    for (code, to) in cases {
        let answer = Answer::redirect(status(code), to);
        let question = format!("{code} to {to}");
        stage.fails_once(&question, answer, &[REDIRECTED]).await;
    }
    // The list of models follows none either.
    let to = format!("{}/models", other.base_url());
    let answer = Answer::redirect(StatusCode::TEMPORARY_REDIRECT, &to);
    stage.endpoint.will_answer_for_models(answer);
    let settings = stage.browser.settings().await;
    settings.press("Test connection").await;
    settings.says(REDIRECTED).await;
    settings.press("Close").await;
    assert_eq!(other.requests(), [""; 0]);
    assert_eq!(trap.heard(), [""; 0]);
    let requests = stage.endpoint.requests();
    assert!(
        !requests.iter().any(|it| it.contains("/login")),
        "{requests:?}"
    );
    stage.answers().await;
    stage.browser.close().await;
}

/// Sets one of the page's timeouts, in seconds.
async fn wait_for_seconds(browser: &Browser, field: &str, seconds: &str) {
    let settings = browser.settings().await;
    settings.set(field, seconds).await;
    settings.press("Close").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_wait_has_an_end_that_a_reader_chooses() {
    slow("waits for timeouts of 2, 3 and 4 seconds, and for answers slower than these");
    let stage = Stage::open("").await;
    let finish = || Step::Finish("stop");
    let browser = &stage.browser;
    // The endpoint takes the question and sends nothing at all, not even a status.
    wait_for_seconds(browser, "Wait for a response", "2").await;
    let silent = Answer::stream([]).after(Step::Wait);
    stage
        .fails_once(
            "silent",
            silent,
            &["did not begin to respond within 2 seconds"],
        )
        .await;
    // It sends keepalives, as llama.cpp does while it reads a long conversation, but no text.
    wait_for_seconds(browser, "Wait for the first words", "3").await;
    let mut steps = Vec::new();
    for _ in 0..100 {
        steps.extend([raw(":\n\n"), raw(": ping\n\n"), Step::Rest(100)]);
    }
    let first = Step::Delta(json!({ "role": "assistant", "content": null }));
    let thinks = Answer::stream([vec![first], steps, vec![finish()]].concat());
    stage
        .fails_once(
            "still there",
            thinks,
            &["no word of the answer came within 3 seconds"],
        )
        .await;
    // The answer stalls.
    wait_for_seconds(browser, "Wait for more", "4").await;
    let stalls = Answer::stream([say("Some words, then"), Step::Wait]);
    let said = ["Some words, then", "nothing more came for 4 seconds"];
    stage.fails_once("stalls", stalls, &said).await;
    // The page has closed its connections, too.
    all_are_closed(&stage.endpoint).await;

    // An answer that takes longer than a timeout, but is never silent for that long, is read.
    let mut slow = Vec::new();
    for _ in 0..4 {
        slow.extend([say("slowly "), Step::Rest(1500)]);
    }
    slow.extend([say("but surely"), finish()]);
    let slow = Answer::stream(slow);
    stage
        .endpoint
        .will_answer("m", slow.after(Step::Rest(1000)));
    stage.card.send("slow").await;
    stage
        .card
        .logs("slowly slowly slowly slowly but surely")
        .await;
    stage.card.find("button", "Send").await;
    stage.card.count("button", "Retry", 0).await;
    clear(&stage.card).await;
    // 0 waits without a limit, even after a reload.
    wait_for_seconds(browser, "Wait for a response", "0").await;
    browser.reload().await;
    let card = browser.card(1).await;
    let late = Answer::stream([say("Here I am"), finish()]).after(Step::Rest(3500));
    stage.endpoint.will_answer("m", late);
    card.send("late").await;
    card.logs("Here I am").await;
    card.find("button", "Send").await;
    stage.browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_in_a_stream_keeps_what_came() {
    let stage = Stage::open("").await;
    let kept = || say("These words are kept.");
    let kept_words = "These words are kept.";
    let cases = [
        // OpenRouter.
        (
            vec![
                kept(),
                Step::Event(json!({
                    "id": "gen-1", "object": "chat.completion.chunk", "provider": "x",
                    "error": { "code": 502, "message": "Provider disconnected unexpectedly" },
                    "choices": [{ "index": 0, "delta": { "content": "" }, "finish_reason": "error" }],
                })),
                raw("data: [DONE]\n\n"),
            ],
            "Provider disconnected unexpectedly",
        ),
        // The stream then ends, without [DONE].
        (
            vec![
                kept(),
                Step::Event(json!({ "error": { "message": "GPU on fire", "code": 500 } })),
            ],
            "GPU on fire",
        ),
        (
            vec![
                kept(),
                raw(
                    "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n",
                ),
            ],
            "Overloaded",
        ),
        // Even a status that would be retried before the first word.
        (
            vec![
                kept(),
                Step::Event(json!({ "error": { "message": "Rate limit exceeded", "code": 429 } })),
            ],
            "Rate limit exceeded",
        ),
        (
            vec![kept(), Step::Finish("error")],
            "The endpoint reported an error",
        ),
        // Z.ai.
        (
            vec![kept(), Step::Finish("network_error")],
            "The endpoint reported an error",
        ),
        (vec![kept(), Step::Cut], CUT_OFF),
        // The stream ends without a reason and without [DONE].
        (vec![kept()], CUT_OFF),
        // It ends in the middle of an event.
        (
            vec![kept(), raw("data: {\"choices\":[{\"delta\":{\"con")],
            CUT_OFF,
        ),
        (vec![kept(), raw("data: what is this?\n\n")], GARBLED),
    ];
    for (number, (mut steps, words)) in cases.into_iter().enumerate() {
        println!("case {number}");
        // Data still in a buffer when the connection breaks would be lost.
        steps.insert(1, Step::Wait);
        stage.endpoint.will("m", steps);
        stage.card.send(&format!("case {number}")).await;
        stage.card.logs(kept_words).await;
        stage.endpoint.go_on();
        stage.card.find("button", "Retry").await;
        stage.card.find("button", "Continue").await;
        stage.card.logs(words).await;
        stage.card.logs(kept_words).await;
        stage.card.find("button", "Send").await;
        assert_eq!(stage.endpoint.received().len(), number + 1);
        clear(&stage.card).await;
    }
    // The text so far survives a reload, and goes on from there.
    stage.endpoint.will("m", [kept(), Step::Wait, Step::Cut]);
    stage.card.send("cut").await;
    stage.card.logs(kept_words).await;
    stage.endpoint.go_on();
    stage.card.find("button", "Retry").await;
    stage.browser.reload().await;
    let card = stage.browser.card(1).await;
    card.logs(kept_words).await;
    stage
        .endpoint
        .will("m", [say(" And more."), Step::Finish("stop")]);
    card.press("Continue").await;
    card.logs("And more.").await;
    card.logs(kept_words).await;
    stage.browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_in_place_of_an_answer_is_said() {
    slow("a question and a retry for each of many errors");
    let stage = Stage::open("").await;
    let zip = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xff\xff\xff\xff garbage \xff\xfe\0\x01";
    let cases = [
        // In a stream with the status 200, as the first event.
        (
            Answer::stream([Step::Event(
                json!({ "error": { "message": "No deployments available" } }),
            )]),
            "No deployments available",
        ),
        (
            Answer::json(&json!({ "error": { "message": "Whole, and no answer" } })),
            "Whole, and no answer",
        ),
        (Answer::json(&json!({ "error": "In a word" })), "In a word"),
        (Answer::json(&json!({})), GARBLED),
        (Answer::json(&json!(null)), GARBLED),
        (Answer::json(&json!("hello")), GARBLED),
        (Answer::json(&json!({ "models": [] })), GARBLED),
        (
            Answer::new(StatusCode::OK, JSON, [raw("{\"choices\":[{\"mess")]),
            GARBLED,
        ),
        (Answer::new(StatusCode::OK, JSON, []), EMPTY),
        // llama-cpp-python, for a conversation longer than its context.
        (Answer::stream([]), EMPTY),
        (Answer::stream([raw(": ping\n\n: ping\n\n")]), EMPTY),
        (Answer::new(StatusCode::NO_CONTENT, "", []), EMPTY),
        // Captive portals, sign-in pages, a base URL that leads to a website.
        (
            Answer::new(
                StatusCode::OK,
                HTML,
                [raw("<!doctype html><h1>Sign in</h1>")],
            ),
            GARBLED,
        ),
        (
            Answer::new(StatusCode::OK, TEXT, [raw("Ollama is running")]),
            GARBLED,
        ),
        (
            Answer::new(
                StatusCode::OK,
                "application/octet-stream",
                [Step::Raw(zip.to_vec())],
            ),
            GARBLED,
        ),
        (Answer::stream([Step::Raw(zip.to_vec())]), GARBLED),
    ];
    for (number, (answer, words)) in cases.into_iter().enumerate() {
        let question = format!("case {number}");
        stage.fails_once(&question, answer, &[words]).await;
    }
    // A body that claims to be compressed, but isn't.
    let packed = Answer::stream([Step::Raw(zip.to_vec())]).with("content-encoding", "gzip");
    stage.endpoint.will_always("m", packed);
    stage.card.send("badly packed").await;
    stage.card.find("button", "Retry").await;
    stage
        .card
        .shows("a broken connection", |shown| {
            [CUT_OFF, UNREACHABLE, EMPTY]
                .iter()
                .any(|it| shown.contains(it))
        })
        .await;
    clear(&stage.card).await;
    stage.answers().await;
    stage.browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_that_is_no_failure_says_what_it_is() {
    let stage = Stage::open("").await;
    let tool = json!({ "tool_calls": [{ "index": 0, "id": "a", "type": "function", "function": { "name": "f", "arguments": "{}" } }] });
    let cases = [
        (
            vec![say("As far as"), Step::Finish("content_filter")],
            "As far as",
            "held back the rest because of its content",
        ),
        (
            vec![say("As long as"), Step::Finish("length")],
            "As long as",
            "its longest allowed length",
        ),
        (vec![raw("data: [DONE]\n\n")], "", NO_TEXT),
        (vec![Step::Finish("stop")], "", NO_TEXT),
        (
            vec![Step::Delta(tool), Step::Finish("tool_calls")],
            "{}",
            "Asked for the tool f",
        ),
        (
            vec![say("All of it."), Step::Finish("brand_new")],
            "All of it.",
            "for a reason that Collate does not know: brand_new",
        ),
    ];
    for (number, (steps, kept, said)) in cases.into_iter().enumerate() {
        println!("case {number}");
        stage.endpoint.will("m", steps);
        stage.card.send(&format!("case {number}")).await;
        stage.card.logs(said).await;
        stage.card.logs(kept).await;
        stage.card.find("button", "Send").await;
        clear(&stage.card).await;
    }
    assert_eq!(stage.endpoint.received().len(), 6);
    stage.browser.close().await;
}

/// Waits until a card says this, with a longer timeout than for anything else.
async fn comes_to(card: &Scope, words: &str) {
    let says = format!("return it.textContent.includes({words:?})");
    let look = async || {
        while card.script(&says).await != true {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let said = tokio::time::timeout(Duration::from_mins(3), look()).await;
    said.unwrap_or_else(|_| panic!("«{words}» is not said"));
}

/// The number of characters after which the page ends an answer.
const MAX: usize = 1_000_000;

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_without_an_end_is_ended_and_kept() {
    let paragraph = format!("{}\n\n", "An answer that goes on, ".repeat(40));
    let event = |delta: &Value| {
        let event = json!({ "choices": [{ "index": 0, "delta": delta }] });
        format!("data: {event}\n\n").into_bytes()
    };
    let cases = [
        event(&json!({ "content": paragraph })),
        // One word that never ends.
        event(&json!({ "content": "oh".repeat(500) })),
        event(&json!({ "reasoning_content": paragraph })),
    ];
    let stage = Stage::open("").await;
    for (number, flood) in cases.into_iter().enumerate() {
        println!("case {number}");
        stage.endpoint.will("m", [Step::Repeat(flood, FOREVER)]);
        stage.card.send("Go").await;
        // The answer is long: a slow machine takes a while to draw it.
        comes_to(&stage.card, TOO_MUCH).await;
        stage.card.find("button", "Retry").await;
        all_are_closed(&stage.endpoint).await;
        if number < 2 {
            // The text so far is kept: all of it, and not much more.
            let length = "return it.querySelector('.text').textContent.length";
            let answer = stage.card.find("article", "m").await;
            wait_for(async || {
                let length = answer.script(length).await.as_u64().unwrap();
                let length = usize::try_from(length).unwrap();
                length > MAX / 2 && length < MAX * 2
            })
            .await;
        }
        clear(&stage.card).await;
        stage.answers().await;
        clear(&stage.card).await;
    }
    stage.browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_of_a_hundred_megabytes_is_ended_and_another_card_answers() {
    let piece = "x".repeat(64 * 1024).into_bytes();
    let pieces = 1600;
    let begin = r#"{"choices":[{"index":0,"delta":{"content":""#;
    let whole = r#"{"choices":[{"index":0,"message":{"content":""#;
    let cases = [
        Answer::stream([
            raw(&format!("data: {begin}")),
            Step::Repeat(piece.clone(), pieces),
            raw("\"}}]}\n\n"),
        ]),
        // A line that is not even a field.
        Answer::stream([say("Some words."), Step::Repeat(piece.clone(), pieces)]),
        Answer::new(
            StatusCode::OK,
            JSON,
            [raw(whole), Step::Repeat(piece, pieces), raw("\"}}]}")],
        ),
        // Lines that never make an event.
        Answer::stream([
            raw("data: {\n"),
            Step::Repeat("data: \"a\",\n".repeat(4096).into_bytes(), pieces),
        ]),
    ];
    let endpoint = Endpoint::start(&["a", "b"]).await;
    let browser = open(&endpoint, "").await;
    browser.card(1).await.press("Compare").await;
    let (flooded, other) = (browser.card(1).await, browser.card(2).await);
    other.choose("Model", "b").await;
    other.find("combobox", "Model").await.holds("b").await;
    for (number, answer) in cases.into_iter().enumerate() {
        println!("case {number}");
        endpoint.will_answer("a", answer);
        flooded.send(&format!("case {number}")).await;
        // The page keeps working meanwhile.
        other.logs(&format!("b heard: case {number}")).await;
        comes_to(&flooded, TOO_MUCH).await;
        flooded.find("button", "Retry").await;
        other.find("button", "Send").await;
        // The response is not read to its end.
        all_are_closed(&endpoint).await;
        clear(&flooded).await;
        clear(&other).await;
    }
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_without_an_end_is_ended_too() {
    let stage = Stage::open("").await;
    let flood = Step::Repeat(vec![b'x'; 64 * 1024], FOREVER);
    let answer = Answer::new(StatusCode::INTERNAL_SERVER_ERROR, TEXT, [flood]);
    stage.endpoint.will_answer("m", answer);
    stage.card.send("Go").await;
    stage.card.find("button", "Retry").await;
    stage
        .card
        .shows("what it was", |shown| {
            shown.contains("(500)") || shown.contains(TOO_MUCH)
        })
        .await;
    all_are_closed(&stage.endpoint).await;
    clear(&stage.card).await;
    stage.answers().await;
    stage.browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_is_shown_and_copied_without_the_token() {
    const TOKEN: &str = "sk-very-secret-42";
    let stage = Stage::open(TOKEN).await;
    let (browser, card) = (&stage.browser, &stage.card);
    browser.allow_clipboard().await;
    let page = browser.page();
    let refusal = json!({ "error": { "message": "Out of memory" } });
    let cases = [
        (
            Answer::stream([say("These came."), Step::Finish("stop")]),
            "These came.",
            "200",
            "data: {\"choices\"",
        ),
        (
            Answer::refusal(StatusCode::INTERNAL_SERVER_ERROR, &refusal),
            "(500)",
            "500",
            "{\"error\":{\"message\":\"Out of memory\"}}",
        ),
    ];
    let address = format!("{}/chat/completions", stage.endpoint.base_url());
    for (answer, shown, code, words) in cases {
        println!("{code}");
        stage.endpoint.will_answer("m", answer);
        card.send("A question of mine").await;
        card.logs(shown).await;
        card.find("button", "Send").await;
        card.press("What was sent").await;
        let dialog = page.find("dialog", "What was sent").await;
        dialog.find("region", "Request").await;
        dialog.find("region", "Response").await;
        for shown in [
            "POST",
            &address,
            "Authorization: Bearer …",
            "\"model\"",
            "A question of mine",
            code,
            words,
        ] {
            dialog.says(shown).await;
        }
        // The token is nowhere on the page, shown or hidden.
        let held = browser
            .script(
                "const fields = [...document.querySelectorAll('input, textarea')].map((it) => it.value);
                 return [document.documentElement.outerHTML, ...fields].join('\\n')",
            )
            .await;
        assert!(!held.as_str().unwrap().contains("very-secret"));
        dialog.press("Copy request").await;
        wait_for(async || browser.clipboard().await.contains("A question of mine")).await;
        let copied = browser.clipboard().await;
        assert!(copied.contains("\"model\""), "{copied}");
        assert!(!copied.contains("very-secret"), "{copied}");
        dialog.press("Copy response").await;
        wait_for(async || browser.clipboard().await.contains(words)).await;
        assert!(!browser.clipboard().await.contains("very-secret"));
        dialog.press("Close").await;
        page.count("dialog", "What was sent", 0).await;
        clear(card).await;
    }
    // The requests had it all the same.
    let bearer = format!("Bearer {TOKEN}");
    for request in stage.endpoint.received() {
        assert_eq!(request.authorization(), Some(&*bearer));
    }
    stage.browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_fails_leaves_the_others_alone_and_all_that_failed_are_asked_again() {
    let endpoint = Endpoint::start(&["a", "b", "c"]).await;
    let browser = open(&endpoint, "").await;
    let page = browser.page();
    browser.card(1).await.press("Compare").await;
    browser.card(2).await.press("Compare").await;
    for (number, model) in [(2, "b"), (3, "c")] {
        let card = browser.card(number).await;
        card.choose("Model", model).await;
        card.find("combobox", "Model").await.holds(model).await;
    }
    let (a, b, c) = (
        browser.card(1).await,
        browser.card(2).await,
        browser.card(3).await,
    );
    let refusal = Answer::refusal(StatusCode::INTERNAL_SERVER_ERROR, &json!({ "error": "No" }));
    // One card fails: the others are unaffected.
    endpoint.will_answer("b", refusal.clone());
    endpoint.will(
        "c",
        [
            say("Begun "),
            Step::Wait,
            say("and ended."),
            Step::Finish("stop"),
        ],
    );
    a.send("Go").await;
    a.logs("a heard: Go").await;
    b.logs("(500)").await;
    b.find("button", "Retry").await;
    c.logs("Begun").await;
    endpoint.go_on();
    c.logs("Begun and ended.").await;
    page.count("button", "Retry failed", 0).await;

    // Two fail, one of them in the middle: one button retries both, and no other.
    endpoint.will_answer("a", refusal);
    endpoint.will("c", [say("Half an answer"), Step::Wait, Step::Cut]);
    a.send("And now").await;
    a.logs("(500)").await;
    c.logs("Half an answer").await;
    endpoint.go_on();
    c.logs(CUT_OFF).await;
    c.logs("Half an answer").await;
    b.logs("b heard: And now").await;
    b.find("button", "Send").await;
    let before = endpoint.received().len();
    page.press("Retry failed").await;
    a.logs("a heard: And now").await;
    c.logs("c heard: And now").await;
    page.count("button", "Retry failed", 0).await;
    let received = endpoint.received();
    let mut asked: Vec<_> = received[before..].iter().map(Received::model).collect();
    asked.sort_unstable();
    assert_eq!(asked, ["a", "c"]);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_went_wrong_is_said_in_korean_too() {
    let endpoint = Endpoint::start(&["m"]).await;
    let browser = Browser::open_in("ko").await;
    let card = browser.page().find("region", "채팅 카드 1").await;
    let form = card.find("form", "사용자 정의 모델").await;
    form.fill("Base URL", &endpoint.base_url()).await;
    form.press("모델 정보 새로고침").await;
    card.find("combobox", "모델").await.holds("m").await;
    let refusal = |code: u16, words: &str| {
        let body = json!({ "error": { "message": words } });
        Answer::refusal(status(code), &body)
    };
    let long = "request (30031 tokens) exceeds the available context size (2048 tokens)";
    let cases = [
        (
            refusal(401, "Invalid API Key"),
            vec!["(401)", "Invalid API Key"],
        ),
        (
            refusal(404, "no such model"),
            vec!["(404)", "no such model"],
        ),
        (refusal(400, long), vec!["30,031", "2,048", long]),
        (refusal(413, "too large"), vec!["(413)", "too large"]),
        (refusal(500, "out of order"), vec!["(500)", "out of order"]),
        (
            Answer::redirect(StatusCode::TEMPORARY_REDIRECT, "/x"),
            vec![],
        ),
        (Answer::stream([]), vec![]),
        (Answer::stream([say("kept")]), vec!["kept"]),
        (
            Answer::new(StatusCode::OK, TEXT, [raw("hello")]),
            vec!["hello"],
        ),
        (Answer::stream([say("x")]).without_cors(), vec![]),
    ];
    for (number, (answer, words)) in cases.into_iter().enumerate() {
        println!("case {number}");
        endpoint.will_always("m", answer);
        let input = card.find("textbox", "메시지").await;
        input.type_in("1").await;
        input.type_in(thirtyfour::Key::Enter).await;
        card.find("button", "다시 시도").await;
        let answer = card.find("article", "m").await;
        for words in words {
            answer.says(words).await;
        }
        let shown = answer.text().await;
        let korean = shown.chars().filter(|c| ('가'..='힣').contains(c)).count();
        assert!(korean > 10, "{shown}");
        assert!(
            !shown.contains("endpoint") && !shown.contains("answer"),
            "{shown}"
        );
        card.press("더보기").await;
        card.find("menuitem", "채팅 지우기").await.click().await;
        card.has("article", 0).await;
    }
    browser.close().await;
}
