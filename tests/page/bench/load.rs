//! An endpoint that streams a long document, at a set pace or as fast as it can.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{Duration, Instant, SystemTime},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::measure::PATIENCE;

/// The document's last word, which appears nowhere else in it.
pub const END: &str = "ENDMARK";

/// The number of tokens sent at once without a pace.
const AT_ONCE: usize = 20;

/// The pause between two looks at the clock.
const REST: Duration = Duration::from_millis(4);

/// Returns the model that says this many tokens at this rate a second; 0 is unlimited.
pub fn model(tokens: usize, per_second: usize) -> String {
    format!("bench-{tokens}-{per_second}")
}

/// Returns one section of the document, with every form that models write.
pub fn section(number: usize) -> String {
    let by = |factor| number * factor;
    #[expect(clippy::cast_precision_loss, reason = "sections are few")]
    let ratio = number as f64 / 7.0;
    format!(
        "## Section {number}: 모델 비교 결과\n\n\
        The **quick** brown fox `jumps` over the _lazy_ dog while the \
        [link](https://example.com/{number}) waits. \
        한국어 문장도 함께 섞어서 토큰 경계를 시험합니다. \
        Numbers such as {} and ratios like {ratio:.3} appear.\n\n\
        - item one of list {number}\n- item **two** with `code`\n  - nested item\n- item three\n\n\
        | model | tok/s | ttft |\n|---|---:|---:|\n\
        | alpha-{number} | {} | {number}ms |\n| beta-{number} | {} | {}ms |\n\n\
        ```rust\nfn section_{number}(x: u32) -> Option<u32> {{\n    \
        let y = x.checked_mul({number})?; // multiply\n    \
        if y > 10 {{ Some(y) }} else {{ None }}\n}}\n```\n\n\
        > A quote in section {number}, with *emphasis*.\n\n",
        by(7919),
        by(3),
        by(5),
        number + 4,
    )
}

/// Returns the document in this many pieces of about four characters, as a tokenizer would cut it, and
/// one more with the end.
pub fn tokens(count: usize) -> Vec<String> {
    let mut sections = (1..).map(section);
    let mut rest: Vec<char> = Vec::new();
    let mut tokens = Vec::with_capacity(count + 1);
    while tokens.len() < count {
        if rest.len() < 8 {
            rest.extend(
                sections
                    .next()
                    .into_iter()
                    .flat_map(|s| s.chars().collect::<Vec<_>>()),
            );
        }
        let length = 2 + tokens.len() * 7 % 5;
        tokens.push(rest.drain(..length).collect());
    }
    tokens.push(format!("\n\n{END}"));
    tokens
}

/// The endpoint.
#[derive(Clone, Debug)]
pub struct Load {
    address: SocketAddr,
    /// The times at which each answer's last byte had left, in that order.
    ends: Arc<Mutex<Vec<SystemTime>>>,
}

impl Load {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("loopback has a free port");
        let load = Self {
            address: listener.local_addr().unwrap(),
            ends: Arc::default(),
        };
        let app = Router::new().fallback(respond).with_state(load.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        load
    }

    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Waits until this many answers have left since the last call; returns when the last one had.
    pub async fn ended(&self, answers: usize) -> SystemTime {
        let start = Instant::now();
        loop {
            assert!(
                start.elapsed() < PATIENCE,
                "an answer is asked for, and ends"
            );
            {
                let mut ends = self.ends.lock().unwrap();
                if ends.len() >= answers {
                    let last = ends.iter().max().copied();
                    ends.clear();
                    return last.expect("at least one answer is waited for");
                }
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Returns whether an answer has left since the last call of [`Self::ended`].
    pub fn has_ended(&self) -> bool {
        !self.ends.lock().unwrap().is_empty()
    }
}

async fn respond(
    State(load): State<Load>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut response = match (method, uri.path()) {
        (Method::OPTIONS, _) => StatusCode::NO_CONTENT.into_response(),
        (Method::GET, "/v1/models") => {
            let ids = [
                (500, 0),
                (1000, 0),
                (2000, 0),
                (4000, 0),
                (16000, 0),
                (1000, 100),
            ];
            let data: Vec<_> = ids
                .iter()
                .map(|&(tokens, pace)| json!({ "id": model(tokens, pace), "object": "model" }))
                .collect();
            let json = [(header::CONTENT_TYPE, "application/json")];
            (json, json!({ "object": "list", "data": data }).to_string()).into_response()
        }
        (Method::POST, "/v1/chat/completions") => answer(load, &body),
        _ => StatusCode::NOT_FOUND.into_response(),
    };
    let open = HeaderValue::from_static("*");
    let asked = headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS);
    let allowed = response.headers_mut();
    allowed.insert(
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        asked.unwrap_or(&open).clone(),
    );
    allowed.insert(header::ACCESS_CONTROL_ALLOW_METHODS, open.clone());
    allowed.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, open);
    response
}

/// The unsent rest of an answer.
struct Rest {
    load: Load,
    model: String,
    tokens: std::vec::IntoIter<String>,
    sent: usize,
    per_second: usize,
    begin: Instant,
    /// The events after the tokens.
    end: Option<String>,
}

fn answer(load: Load, body: &[u8]) -> Response {
    let body: Value = serde_json::from_slice(body).expect("the page sends JSON");
    let model = body["model"].as_str().expect("a request has a model");
    let mut numbers = model.split('-').skip(1).map(|number| number.parse().ok());
    let (Some(Some(count)), Some(Some(per_second))) = (numbers.next(), numbers.next()) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let tokens = tokens(count);
    let begin = choice(model, r#"{"role":"assistant","content":""}"#, "null");
    let mut end = choice(model, "{}", r#""stop""#);
    if body["stream_options"]["include_usage"] == true {
        let (asked, said) = (10, tokens.len());
        let usage = format!(
            r#"[],"usage":{{"prompt_tokens":{asked},"completion_tokens":{said},"total_tokens":{}}}"#,
            asked + said,
        );
        end.push_str(&event(model, &usage));
    }
    end.push_str("data: [DONE]\n\n");
    let rest = Rest {
        load,
        model: model.to_owned(),
        tokens: tokens.into_iter(),
        sent: 0,
        per_second,
        begin: Instant::now(),
        end: Some(end),
    };
    let rest = stream::unfold(rest, |mut rest| async move {
        let events = rest.next().await?;
        Some((events, rest))
    });
    let events = stream::once(std::future::ready(begin)).chain(rest);
    let kind = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    let body = Body::from_stream(events.map(Ok::<_, std::convert::Infallible>));
    (kind, body).into_response()
}

impl Rest {
    /// Returns the next events when they are due.
    async fn next(&mut self) -> Option<String> {
        let due = self.due().await;
        let tokens = self.tokens.by_ref().take(due);
        let events: Vec<_> = tokens
            .map(|token| {
                let content = json!({ "content": token }).to_string();
                choice(&self.model, &content, "null")
            })
            .collect();
        self.sent += events.len();
        if !events.is_empty() {
            return Some(events.concat());
        }
        let end = self.end.take();
        if end.is_none() {
            self.load.ends.lock().unwrap().push(SystemTime::now());
        }
        end
    }

    /// Returns the number of tokens due now, after waiting for at least one.
    async fn due(&self) -> usize {
        if self.per_second == 0 {
            // Lets the last events leave before making more.
            tokio::task::yield_now().await;
            return AT_ONCE;
        }
        loop {
            let passed = self.begin.elapsed().as_millis() * self.per_second as u128 / 1000;
            let due = usize::try_from(passed).expect("an answer takes minutes at most") + 1;
            if due > self.sent || self.tokens.len() == 0 {
                return due.saturating_sub(self.sent);
            }
            tokio::time::sleep(REST).await;
        }
    }
}

fn choice(model: &str, delta: &str, finish: &str) -> String {
    let choice = format!(r#"[{{"index":0,"delta":{delta},"finish_reason":{finish}}}]"#);
    event(model, &choice)
}

fn event(model: &str, choices: &str) -> String {
    format!(
        "data: {{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\
        \"model\":\"{model}\",\"choices\":{choices}}}\n\n"
    )
}

/// Other clients' figures were measured with this document: it must stay the same.
#[test]
fn the_document_is_the_one_that_others_were_measured_with() {
    #[track_caller]
    fn check(count: usize, bytes: usize, hash: u64) {
        let tokens = tokens(count);
        assert_eq!(tokens.len(), count + 1);
        assert_eq!(tokens.concat().len(), bytes);
        // FNV-1a
        let found = tokens
            .join("\0")
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            });
        assert_eq!(found, hash);
    }
    let first = [
        "##",
        " Sec",
        "tion 1",
        ": 모",
        "델 비교 ",
        "결과",
        "\n\nTh",
        "e **qu",
        "ick",
        "** br",
        "ow",
        "n fo",
        "\n\nENDMARK",
    ];
    assert_eq!(tokens(12), first);
    check(0, 9, 0x9471_262f_2c23_3273);
    check(1, 11, 0x100d_9539_aa1a_f8af);
    check(500, 2225, 0xffdd_d416_fcda_3c16);
    check(4000, 17_575, 0x4b0b_2690_3336_1e75);
    check(16_000, 70_165, 0x04d7_ecfa_3259_f17e);
}
