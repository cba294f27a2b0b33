//! Streams, lists and demands as real servers have them: odd but valid ones are read correctly. The
//! table of all cases is in `docs/endpoints.md`.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::{
    clear, open, raw, say,
    support::{Answer, Browser, Cors, Endpoint, Scope, Step, slow},
};

const JSON: &str = "application/json";
const STREAM: &str = "text/event-stream";

/// Returns an event without its end.
fn said(text: &str) -> String {
    let choice = json!({ "index": 0, "delta": { "content": text }, "finish_reason": null });
    format!("data: {}", json!({ "choices": [choice] }))
}

/// Returns the event with the finish reason, without its end.
fn stops() -> String {
    let choice = json!({ "index": 0, "delta": {}, "finish_reason": "stop" });
    format!("data: {}", json!({ "choices": [choice] }))
}

fn done() -> Step {
    raw("data: [DONE]\n\n")
}

/// Creates an event with this delta.
fn delta(delta: Value) -> Step {
    Step::Delta(delta)
}

/// A page with one card, whose model is «m».
struct Stage {
    endpoint: Endpoint,
    browser: Browser,
    card: Scope,
}

impl Stage {
    async fn open() -> Self {
        let endpoint = Endpoint::start(&["m"]).await;
        let browser = open(&endpoint, "").await;
        let card = browser.card(1).await;
        Self {
            endpoint,
            browser,
            card,
        }
    }

    /// Sends a question, and waits until this is the whole answer, without errors and after one
    /// request. Returns the answer as shown. Then clears the card.
    async fn reads(&self, what: &str, answer: Answer, text: &str) -> String {
        // Printed if the test fails.
        println!("{what}");
        let before = self.endpoint.received().len();
        self.endpoint.will_answer("m", answer);
        self.card.send("Go").await;
        let article = self.card.find("article", "m").await;
        article.says(text).await;
        self.card.find("button", "Send").await;
        article.find("button", "Answer again").await;
        self.card.count("button", "Retry", 0).await;
        self.card.count("button", "Continue", 0).await;
        let shown = article.text().await;
        for sign in ["data:", "endpoint", "connection", "not this"] {
            assert!(!shown.contains(sign), "{what}: {shown}");
        }
        assert_eq!(shown.matches(text).count(), 1, "{what}: {shown}");
        assert_eq!(self.endpoint.received().len(), before + 1, "{what}");
        clear(&self.card).await;
        shown
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_read_however_they_are_framed() {
    slow("a question for each of many framings");
    let stage = Stage::open().await;
    let text = "한국어 and more";
    let (first, last, stop) = (said("한국어 "), said("and more"), stops());
    let events = |end: &str| format!("{first}{end}{last}{end}{stop}{end}data: [DONE]{end}");
    let cases = [
        ("LF", events("\n\n")),
        ("CRLF", events("\r\n\r\n")),
        ("lone CR", events("\r\r")),
        ("more blank lines", events("\n\n\n\n")),
        ("a byte order mark", format!("\u{feff}{}", events("\n\n"))),
        ("blank lines before", format!("\r\n\n{}", events("\n\n"))),
        (
            "no space after the colon",
            events("\n\n").replace("data: ", "data:"),
        ),
        (
            "other fields",
            events("\n\n").replace("data: ", "event: message\nid: 7\nretry: 100\ndata: "),
        ),
        (
            "an event in two lines",
            events("\n\n").replace(r#"{"choices":"#, "{\"choices\":\ndata: "),
        ),
        (
            "no last blank line",
            format!("{first}\n\n{last}\n\n{stop}\n\ndata: [DONE]"),
        ),
        (
            "no last blank line, no [DONE]",
            format!("{first}\n\n{last}\n\n{stop}"),
        ),
        ("no [DONE]", format!("{first}\n\n{last}\n\n{stop}\n\n")),
        (
            "no reason",
            format!("{first}\n\n{last}\n\ndata: [DONE]\n\n"),
        ),
        (
            "something after [DONE]",
            format!("{}{}\n\n", events("\n\n"), said("not this")),
        ),
        (
            "two on one line",
            format!("{first}{last}\n\n{stop}\n\ndata: [DONE]\n\n"),
        ),
    ];
    for (what, stream) in cases {
        stage
            .reads(what, Answer::stream([raw(&stream)]), text)
            .await;
    }
    // Byte by byte, as the network may cut it: within a syllable, and within a line end.
    let bytes = events("\r\n\r\n").into_bytes();
    let crumbs = bytes
        .iter()
        .flat_map(|&byte| [Step::Raw(vec![byte]), Step::Rest(1)]);
    let crumbs = Answer::stream(crumbs.collect::<Vec<_>>());
    stage.reads("byte by byte", crumbs, text).await;
    // The answer is complete before the connection breaks, or is left open.
    let cut = Answer::stream([raw(&events("\n\n")), Step::Rest(300), Step::Cut]);
    stage.reads("cut after the end", cut, text).await;
    let open = Answer::stream([raw(&events("\n\n")), Step::Wait]);
    stage.reads("left open after the end", open, text).await;
    stage.browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_keeps_a_connection_alive_is_no_part_of_an_answer() {
    let stage = Stage::open().await;
    let text = "before and after";
    let cases = [
        // llama.cpp; llama-cpp-python; OpenRouter; the same through a gateway without comments.
        ":\n\n",
        ": ping - 2026-11-02 09:00:00.000000\r\n\r\n",
        ": OPENROUTER PROCESSING\n\n",
        "data: : OPENROUTER PROCESSING\n\n",
        // DeepSeek.
        ": keep-alive\n\n",
        "\n\n\n",
        // OpenAI, Anthropic.
        "data: {\"type\":\"keepalive\"}\n\n",
        "event: ping\ndata: {\"type\": \"ping\"}\n\n",
        "data:\n\n",
    ];
    for alive in cases {
        let steps = [
            raw(alive),
            raw(alive),
            Step::Rest(20),
            say("before "),
            raw(alive),
            say("and after"),
            raw(alive),
            Step::Finish("stop"),
        ];
        stage.reads(alive, Answer::stream(steps), text).await;
    }
    stage.browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn chunks_without_words_are_read_over() {
    slow("a question for each of many chunks");
    let stage = Stage::open().await;
    let text = "the words";
    let event = |event: Value| Step::Event(event);
    let cases = [
        (
            "a role and null",
            vec![delta(json!({ "role": "assistant", "content": null }))],
        ),
        (
            "a role and nothing",
            vec![delta(json!({ "role": "assistant", "content": "" }))],
        ),
        // Azure's first chunk.
        (
            "no choices",
            vec![event(
                json!({ "choices": [], "prompt_filter_results": [{}] }),
            )],
        ),
        (
            "choices that are null",
            vec![event(json!({ "choices": null, "error": null }))],
        ),
        (
            "no delta",
            vec![event(json!({ "choices": [{ "index": 0 }] }))],
        ),
        (
            "a delta that is null",
            vec![event(json!({ "choices": [{ "index": 0, "delta": null }] }))],
        ),
        ("an empty object", vec![event(json!({}))]),
        // OpenAI's, against eavesdroppers.
        (
            "obfuscation",
            vec![event(
                json!({ "choices": [{ "index": 0, "delta": { "content": "" } }], "obfuscation": "aB3xQ" }),
            )],
        ),
        // Unrequested tools: without an index, without an id, all with the same index.
        (
            "tools without an index",
            vec![
                delta(
                    json!({ "content": null, "tool_calls": [{ "id": "a", "function": { "name": "f", "arguments": "{\"q\":" } }] }),
                ),
                delta(json!({ "tool_calls": [{ "function": { "arguments": "1}" } }] })),
            ],
        ),
        (
            "tools without an id",
            vec![
                delta(
                    json!({ "tool_calls": [{ "index": 0, "function": { "name": "f", "arguments": "{}" } }] }),
                ),
                delta(
                    json!({ "tool_calls": [{ "index": 0, "id": null, "function": { "name": "g", "arguments": "{}" } }] }),
                ),
            ],
        ),
    ];
    for (what, mut steps) in cases {
        steps.extend([say("the "), say("words"), Step::Finish("stop")]);
        stage.reads(what, Answer::stream(steps), text).await;
    }
    // A chunk is not a token: it may hold many, or half a word.
    let many = "word ".repeat(2000);
    let steps = [say(&many), say("en"), say("d."), Step::Finish("stop")];
    stage
        .reads("many in one", Answer::stream(steps), "end.")
        .await;
    // Unknown finish reasons end an answer, too.
    for reason in ["eos", "end_turn", "STOP", "stop_sequence"] {
        let steps = [say("the words"), Step::Finish(reason)];
        stage.reads(reason, Answer::stream(steps), text).await;
    }
    stage.browser.close().await;
}

/// Returns a gzip body without compressing it: one stored block. Sources: RFC 1951 and 1952.
fn gzip(text: &str) -> Vec<u8> {
    let sum = text.bytes().fold(!0_u32, |sum, byte| {
        (0..8).fold(sum ^ u32::from(byte), |sum, _| {
            (sum >> 1) ^ (0xEDB8_8320 * (sum & 1))
        })
    });
    let length = u16::try_from(text.len()).expect("a short text");
    let mut bytes = b"\x1f\x8b\x08\0\0\0\0\0\0\xff\x01".to_vec();
    bytes.extend(length.to_le_bytes());
    bytes.extend((!length).to_le_bytes());
    bytes.extend(text.bytes());
    bytes.extend((!sum).to_le_bytes());
    bytes.extend(u32::from(length).to_le_bytes());
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_read_whatever_it_is_called() {
    let stage = Stage::open().await;
    let text = "all at once";
    let message = |message: Value| {
        let choice = json!({ "index": 0, "message": message, "finish_reason": "stop" });
        json!({ "object": "chat.completion", "choices": [choice] }).to_string()
    };
    let whole = message(json!({ "role": "assistant", "content": text }));
    let parts = message(json!({ "content": [{ "type": "text", "text": text }] }));
    let stream = format!("{}\n\n{}\n\ndata: [DONE]\n\n", said(text), stops());
    let ok = StatusCode::OK;
    let cases = [
        ("JSON", Answer::new(ok, JSON, [raw(&whole)])),
        (
            "JSON with a charset",
            Answer::new(ok, "application/json; charset=utf-8", [raw(&whole)]),
        ),
        (
            "JSON in pieces",
            Answer::new(
                ok,
                JSON,
                [raw(&whole[..30]), Step::Rest(50), raw(&whole[30..])],
            ),
        ),
        (
            "JSON after a byte order mark",
            Answer::new(ok, JSON, [raw(&format!("\u{feff}{whole}"))]),
        ),
        // DeepSeek sends these until it is done.
        (
            "JSON after blank lines",
            Answer::new(
                ok,
                JSON,
                [raw("\n\n"), Step::Rest(50), raw("\n"), raw(&whole)],
            ),
        ),
        ("JSON with parts", Answer::new(ok, JSON, [raw(&parts)])),
        (
            "JSON that is called a stream",
            Answer::new(ok, STREAM, [raw(&whole)]),
        ),
        (
            "JSON that is called nothing",
            Answer::new(ok, "", [raw(&whole)]),
        ),
        (
            "a stream that is called JSON",
            Answer::new(ok, JSON, [raw(&stream)]),
        ),
        (
            "a stream that is called a text",
            Answer::new(ok, "text/plain", [raw(&stream)]),
        ),
        (
            "a stream that is called nothing",
            Answer::new(ok, "", [raw(&stream)]),
        ),
        (
            "a stream that is packed",
            Answer::new(ok, STREAM, [Step::Raw(gzip(&stream))]).with("content-encoding", "gzip"),
        ),
        (
            "another good status",
            Answer::new(StatusCode::CREATED, STREAM, [raw(&stream)]),
        ),
    ];
    for (what, answer) in cases {
        stage.reads(what, answer, text).await;
    }
    // Thoughts are separate there, too.
    let thought = message(json!({ "reasoning_content": "Hmm.", "content": text }));
    let shown = stage
        .reads(
            "JSON with thoughts",
            Answer::new(ok, JSON, [raw(&thought)]),
            text,
        )
        .await;
    assert!(
        shown.contains("Thought") && !shown.contains("Hmm"),
        "{shown}"
    );
    stage.browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_counted_wherever_the_count_stands() {
    let stage = Stage::open().await;
    let text = "Some words.";
    let usage = |input: u32, output: u32| json!({ "prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output });
    let end = |more: Value| {
        let mut end = json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": "stop" }] });
        let more = more.as_object().unwrap().clone();
        end.as_object_mut().unwrap().extend(more);
        Step::Event(end)
    };
    let with = |text: &str, usage: Value| {
        Step::Event(
            json!({ "choices": [{ "index": 0, "delta": { "content": text } }], "usage": usage }),
        )
    };
    let event = |event: Value| Step::Event(event);
    let cases = [
        // OpenAI, llama.cpp: null until a last chunk without choices.
        (
            "in a chunk of its own",
            vec![
                with(text, Value::Null),
                end(json!({ "usage": null })),
                event(json!({ "choices": [], "usage": usage(12, 34) })),
            ],
        ),
        // LiteLLM.
        (
            "in a chunk with an empty delta",
            vec![
                say(text),
                end(json!({})),
                event(json!({ "choices": [{ "index": 0, "delta": {} }], "usage": usage(12, 34) })),
            ],
        ),
        // transformers serve, Mistral.
        (
            "with the end",
            vec![say(text), end(json!({ "usage": usage(12, 34) }))],
        ),
        // vLLM, on request: each has the sum so far, so the last one counts.
        (
            "in every chunk",
            vec![
                with("Some ", usage(12, 1)),
                with("words.", usage(12, 20)),
                end(json!({ "usage": usage(12, 34) })),
            ],
        ),
        (
            "Groq's",
            vec![
                say(text),
                end(json!({ "x_groq": { "id": "req", "usage": usage(12, 34) } })),
            ],
        ),
        (
            "by other names",
            vec![
                say(text),
                end(json!({ "usage": { "input_tokens": 12, "output_tokens": 34 } })),
            ],
        ),
        (
            "with timings",
            vec![
                say(text),
                end(json!({
                    "usage": usage(12, 34),
                    "timings": { "prompt_n": 12, "predicted_n": 34, "predicted_per_second": 50.0 },
                })),
            ],
        ),
    ];
    for (what, mut steps) in cases {
        steps.push(done());
        let shown = stage.reads(what, Answer::stream(steps), text).await;
        for counted in ["12 in", "34 out"] {
            assert!(shown.contains(counted), "{what}: {shown}");
        }
        assert!(!shown.contains('≈'), "{what}: {shown}");
    }
    stage.browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn thoughts_and_words_of_one_chunk_are_told_apart() {
    let stage = Stage::open().await;
    let text = "The answer.";
    let cases = [
        // tabbyAPI.
        (
            "both in one",
            vec![delta(
                json!({ "reasoning_content": "Hmm.", "content": text }),
            )],
        ),
        (
            "both in one, by the other name",
            vec![delta(json!({ "reasoning": "Hmm.", "content": text }))],
        ),
        (
            "a null beside",
            vec![
                delta(json!({ "reasoning_content": "Hmm.", "content": null })),
                delta(json!({ "reasoning_content": null, "content": text })),
            ],
        ),
        // OpenRouter says it twice.
        (
            "twice",
            vec![
                delta(json!({
                    "reasoning": "Hmm.", "content": "",
                    "reasoning_details": [{ "type": "reasoning.text", "text": "Hmm.", "index": 0 }],
                })),
                say(text),
            ],
        ),
        // OpenAI's through OpenRouter: nothing readable.
        (
            "locked away",
            vec![
                delta(json!({ "reasoning": "Hmm." })),
                delta(
                    json!({ "reasoning_details": [{ "type": "reasoning.encrypted", "data": "gAAA" }] }),
                ),
                say(text),
            ],
        ),
        (
            "a list",
            vec![
                delta(
                    json!({ "content": [{ "type": "thinking", "thinking": [{ "type": "text", "text": "Hmm." }] }] }),
                ),
                delta(json!({ "content": [{ "type": "text", "text": text }] })),
            ],
        ),
        (
            "tags in crumbs",
            [
                "<", "thi", "nk>", "Hmm", ".</th", "ink>", "\n\nThe ", "answer.",
            ]
            .map(say)
            .to_vec(),
        ),
    ];
    for (what, mut steps) in cases {
        steps.push(Step::Finish("stop"));
        let shown = stage.reads(what, Answer::stream(steps), text).await;
        assert!(shown.contains("Thought"), "{what}: {shown}");
        assert!(
            !shown.contains("Hmm") && !shown.contains("gAAA"),
            "{what}: {shown}"
        );
    }
    stage.browser.close().await;
}

/// Refuses unknown fields and old names, as OpenAI's newer models do.
fn demanding(body: &Value) -> Option<Answer> {
    const KNOWN: [&str; 9] = [
        "model",
        "messages",
        "stream",
        "max_completion_tokens",
        "temperature",
        "top_p",
        "frequency_penalty",
        "presence_penalty",
        "seed",
    ];
    let refuse = |status: StatusCode, body: Value| Some(Answer::refusal(status, &body));
    let fields = body.as_object().expect("an object");
    if fields.contains_key("stream_options") {
        // Mistral, and anything built with pydantic.
        let detail = json!([{
            "type": "extra_forbidden", "loc": ["body", "stream_options"],
            "msg": "Extra inputs are not permitted", "input": { "include_usage": true },
        }]);
        return refuse(
            StatusCode::UNPROCESSABLE_ENTITY,
            json!({ "detail": detail }),
        );
    }
    let message = if fields.contains_key("max_tokens") {
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.".to_owned()
    } else {
        let unknown = fields.keys().find(|name| !KNOWN.contains(&name.as_str()))?;
        format!("Unrecognized request argument supplied: {unknown}")
    };
    let error =
        json!({ "error": { "message": message, "type": "invalid_request_error", "code": null } });
    refuse(StatusCode::BAD_REQUEST, error)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_strict_server_refuses_is_learned_once() {
    let stage = Stage::open().await;
    let card = &stage.card;
    stage.endpoint.will_demand(demanding);
    let parameters = card.parameters().await;
    parameters.turn("Use parameters").await;
    parameters.press("Close").await;
    card.send("one").await;
    // The page finds out other names by itself; only the user removes the user's own settings.
    card.logs("top_k").await;
    card.find("button", "Send").await;
    card.press("Send without Top K").await;
    card.logs("m heard: one").await;
    card.find("button", "Send").await;
    let before = stage.endpoint.received().len();
    assert_eq!(before, 4);
    card.send("two").await;
    card.logs("m heard: two").await;
    card.find("button", "Send").await;
    // Another card of this endpoint knows it, too.
    card.press("Compare").await;
    let other = stage.browser.card(2).await;
    other.find("button", "Sync input").await.click().await;
    other.send("three").await;
    other.logs("m heard: three").await;
    let received = stage.endpoint.received();
    assert_eq!(received.len(), before + 2);
    let body = &received.last().unwrap().body;
    assert_eq!(body["max_completion_tokens"], 4096);
    for refused in ["max_tokens", "top_k", "stream_options"] {
        assert!(body.get(refused).is_none(), "{body}");
    }
    stage.browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_two_cards_learn_at_once_both_obey() {
    let stage = Stage::open().await;
    let strict = |body: &Value| {
        body.get("stream_options")?;
        Some(Answer::refusal(
            StatusCode::UNPROCESSABLE_ENTITY,
            &json!({ "detail": [{ "loc": ["body", "stream_options"], "msg": "Extra inputs" }] }),
        ))
    };
    stage.endpoint.will_demand(strict);
    stage.card.press("Compare").await;
    let other = stage.browser.card(2).await;
    stage.card.send("both").await;
    for card in [&stage.card, &other] {
        card.logs("m heard: both").await;
        card.find("button", "Send").await;
    }
    let counts = |body: &Value| body.get("stream_options").is_some();
    let asked = stage.endpoint.received();
    assert_eq!(asked.iter().filter(|it| !counts(&it.body)).count(), 2);
    // It is known from now on.
    stage.card.send("again").await;
    other.logs("m heard: again").await;
    let asked = &stage.endpoint.received()[asked.len()..];
    assert!(asked.iter().all(|it| !counts(&it.body)));
    stage.browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strict_server_gets_nothing_that_it_does_not_know() {
    let stage = Stage::open().await;
    // With parameters off, these are all the fields.
    stage.endpoint.will_demand(|body| {
        let known = ["model", "messages", "stream", "stream_options"];
        let fields = body.as_object().expect("an object");
        let unknown = fields.keys().find(|name| !known.contains(&name.as_str()))?;
        let detail = format!("{unknown}: Extra inputs are not permitted");
        Some(Answer::refusal(
            StatusCode::UNPROCESSABLE_ENTITY,
            &json!({ "detail": detail }),
        ))
    });
    stage.card.send("Go").await;
    stage.card.logs("m heard: Go").await;
    stage.card.find("button", "Send").await;
    // Received thoughts and counts are not sent back.
    let steps = [
        delta(json!({ "reasoning_content": "Hmm." })),
        say("Yes."),
        Step::Event(
            json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": "stop" }], "timings": { "predicted_n": 3 } }),
        ),
        done(),
    ];
    stage.endpoint.will("m", steps);
    stage.card.send("Is that so?").await;
    stage.card.logs("Yes.").await;
    stage.card.find("button", "Send").await;
    stage.card.send("Sure?").await;
    stage.card.logs("m heard: Sure?").await;
    let received = stage.endpoint.received();
    assert_eq!(received.len(), 3);
    for message in received[2].body["messages"].as_array().unwrap() {
        assert_eq!(message.as_object().unwrap().len(), 2, "{message}");
        assert!(message["role"].is_string());
        assert!(message["content"].is_string());
    }
    stage.browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_models_that_is_none_says_why_and_blocks_nothing() {
    let stage = Stage::open().await;
    let ok = StatusCode::OK;
    let html = "<!doctype html><h1>It works!</h1>";
    let cases = [
        (
            Answer::new(ok, "text/html", [raw(html)]),
            "not an OpenAI-compatible answer",
        ),
        (
            Answer::new(ok, "text/plain", [raw("Ollama is running")]),
            "It begins: Ollama is running",
        ),
        (Answer::new(ok, JSON, []), "not an OpenAI-compatible answer"),
        (
            Answer::json(&json!({ "error": "no such route" })),
            "no such route",
        ),
        (
            Answer::refusal(StatusCode::NOT_FOUND, &json!({ "detail": "Not Found" })),
            "(404)",
        ),
        (
            Answer::refusal(
                StatusCode::UNAUTHORIZED,
                &json!({ "error": { "message": "Who are you?" } }),
            ),
            "Who are you?",
        ),
        // vLLM, OpenAI.
        (
            Answer::refusal(StatusCode::UNAUTHORIZED, &json!({ "error": "hidden" })).without_cors(),
            "token",
        ),
        (
            Answer::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "text/plain",
                [raw("Internal Server Error")],
            ),
            "(500)",
        ),
    ];
    for (number, (answer, words)) in cases.into_iter().enumerate() {
        println!("{words}");
        stage.endpoint.will_answer_for_models(answer);
        stage.browser.reload().await;
        let card = stage.browser.card(1).await;
        let question = format!("question {number}");
        card.send(&question).await;
        card.logs(&format!("m heard: {question}")).await;
        let picker = card.find("combobox", "Model").await;
        picker.holds("m").await;
        picker.click().await;
        card.says(words).await;
        picker.type_in(thirtyfour::Key::Escape).await;
    }
    stage.browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_of_models_are_read_in_their_shapes() {
    let stage = Stage::open().await;
    let cases = [
        ("together", json!([{ "id": "together" }])),
        (
            "sparse",
            json!({ "data": [{ "id": "sparse" }, { "id": null }, { "name": "nameless" }, null] }),
        ),
        (
            "openrouter/auto",
            json!({ "data": [{ "id": "openrouter/auto", "name": "Auto", "pricing": { "prompt": "-1" } }] }),
        ),
    ];
    for (model, list) in cases {
        println!("{model}");
        stage.endpoint.will_answer_for_models(Answer::json(&list));
        stage.browser.reload().await;
        let card = stage.browser.card(1).await;
        card.choose("Model", model).await;
        card.find("combobox", "Model").await.holds(model).await;
        card.send("Go").await;
        card.logs(&format!("{model} heard: Go")).await;
        card.find("button", "Send").await;
    }
    // The page doesn't wait for a slow list.
    stage.endpoint.will_hold_models();
    stage.browser.reload().await;
    let card = stage.browser.card(1).await;
    card.send("Still?").await;
    card.logs("openrouter/auto heard: Still?").await;
    stage.endpoint.go_on();
    stage.browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_way_to_allow_a_page_is_enough() {
    for cors in [Cors::Everywhere, Cors::Anyone, Cors::NotOnErrors] {
        println!("{cors:?}");
        let stage = Stage::open().await;
        stage.endpoint.will_allow(cors);
        let answer = Answer::stream([say("It is readable."), Step::Finish("stop")]);
        stage.reads("Go", answer, "It is readable.").await;
        stage.browser.close().await;
    }
}
