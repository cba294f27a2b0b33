//! An OpenAI-compatible endpoint on loopback that answers by a script, well or badly, and keeps
//! what it received.

use std::{
    collections::{HashMap, VecDeque},
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
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
use tokio::{net::TcpListener, sync::Semaphore};

/// What the endpoint does next, once the status and the headers are sent.
#[derive(Clone, Debug)]
pub enum Step {
    /// Sends one event with this much more of the text.
    Say(String),
    /// Sends one event whose choice has this delta: what is said in other fields than the text.
    Delta(Value),
    /// Sends one event with this JSON.
    Event(Value),
    /// Sends these bytes as they are.
    Raw(Vec<u8>),
    /// Waits until [`Endpoint::go_on`] lets it.
    Wait,
    /// Rests for so many milliseconds, as a model does between tokens.
    Rest(u64),
    /// Ends the connection in the middle, without the end that HTTP wants.
    Cut,
    /// Says why the answer ends, then `[DONE]`.
    Finish(&'static str),
}

/// How the endpoint answers one request for an answer.
#[derive(Clone, Debug)]
struct Answer {
    status: StatusCode,
    content_type: &'static str,
    /// Whether a page may read the response.
    cors: bool,
    steps: Vec<Step>,
}

/// A request for an answer, as it came.
#[derive(Clone, Debug)]
pub struct Received {
    pub headers: HeaderMap,
    pub body: Value,
    closed: Arc<AtomicBool>,
    said: Said,
}

/// What was said, and when.
type Said = Arc<Mutex<Vec<(Instant, String)>>>;

impl Received {
    pub fn authorization(&self) -> Option<&str> {
        Some(self.headers.get(header::AUTHORIZATION)?.to_str().unwrap())
    }

    pub fn model(&self) -> &str {
        self.body["model"].as_str().unwrap()
    }

    /// The conversation, as pairs of role and content. Of a message with attachments, the content
    /// is its first text: [`Self::parts`] has all of it.
    pub fn messages(&self) -> Vec<(&str, &str)> {
        let messages = self.body["messages"]
            .as_array()
            .expect("a list of messages");
        let pair = |message| (text_of(message, "role"), words_of(message));
        messages.iter().map(pair).collect()
    }

    /// The parts of one message; of one without attachments, there are none.
    pub fn parts(&self, message: usize) -> Vec<Value> {
        let content = &self.body["messages"][message]["content"];
        content.as_array().cloned().unwrap_or_default()
    }

    /// What was said until then.
    pub fn said(&self, until: Instant) -> String {
        let said = self.said.lock().unwrap();
        let said = said.iter().take_while(|(at, _)| *at <= until);
        said.map(|(_, text)| text.as_str()).collect()
    }

    /// Whether the connection is over, whoever ended it.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }
}

/// A message's content, or the first text of its parts.
fn words_of(message: &Value) -> &str {
    match &message["content"] {
        Value::Array(parts) => {
            let mut texts = parts.iter().filter_map(|part| part["text"].as_str());
            texts.next().unwrap_or_default()
        }
        _ => text_of(message, "content"),
    }
}

fn text_of<'a>(message: &'a Value, field: &str) -> &'a str {
    message[field].as_str().expect("a text")
}

#[derive(Debug)]
struct Script {
    models: Mutex<Result<Vec<String>, (StatusCode, String)>>,
    answers: Mutex<HashMap<String, VecDeque<Answer>>>,
    received: Mutex<Vec<Received>>,
    requests: Mutex<Vec<String>>,
    models_authorizations: Mutex<Vec<Option<String>>>,
    models_wait: AtomicBool,
    gate: Semaphore,
}

impl Script {
    async fn pass_gate(&self) {
        self.gate
            .acquire()
            .await
            .expect("the gate is never closed")
            .forget();
    }
}

/// The endpoint. It lists the models that it is started with; a model without a script answers
/// «<model> heard: <prompt>».
#[derive(Clone, Debug)]
pub struct Endpoint {
    address: SocketAddr,
    script: Arc<Script>,
}

impl Endpoint {
    pub async fn start(models: &[&str]) -> Self {
        let script = Arc::new(Script {
            models: Mutex::new(Ok(models.iter().map(|&model| model.to_owned()).collect())),
            answers: Mutex::default(),
            received: Mutex::default(),
            requests: Mutex::default(),
            models_authorizations: Mutex::default(),
            models_wait: AtomicBool::new(false),
            gate: Semaphore::new(0),
        });
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("loopback has a free port");
        let address = listener.local_addr().unwrap();
        let app = Router::new()
            .fallback(respond)
            .with_state(Arc::clone(&script));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { address, script }
    }

    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Host and port: what the page calls it.
    pub fn name(&self) -> String {
        self.address.to_string()
    }

    /// The next answer of this model is these steps of an event stream.
    pub fn will(&self, model: &str, steps: impl IntoIterator<Item = Step>) {
        self.will_respond(model, StatusCode::OK, "text/event-stream", true, steps);
    }

    /// The next answer of this model is a response of this kind.
    pub fn will_respond(
        &self,
        model: &str,
        status: StatusCode,
        content_type: &'static str,
        cors: bool,
        steps: impl IntoIterator<Item = Step>,
    ) {
        let answer = Answer {
            status,
            content_type,
            cors,
            steps: steps.into_iter().collect(),
        };
        self.script
            .answers
            .lock()
            .unwrap()
            .entry(model.to_owned())
            .or_default()
            .push_back(answer);
    }

    /// Answers of this model that nobody has asked for yet are not given any more.
    pub fn forget(&self, model: &str) {
        self.script.answers.lock().unwrap().remove(model);
    }

    /// From now on these are the models.
    pub fn will_list(&self, models: &[&str]) {
        *self.script.models.lock().unwrap() =
            Ok(models.iter().map(|&model| model.to_owned()).collect());
    }

    /// From now on the list of models is refused.
    pub fn will_refuse_models(&self, status: StatusCode, body: &str) {
        *self.script.models.lock().unwrap() = Err((status, body.to_owned()));
    }

    /// From now on the list of models waits, as an answer does at [`Step::Wait`].
    pub fn will_hold_models(&self) {
        self.script.models_wait.store(true, Ordering::SeqCst);
    }

    /// Lets one [`Step::Wait`] pass, now or when it comes.
    pub fn go_on(&self) {
        self.script.gate.add_permits(1);
    }

    /// The requests for an answer so far, in the order in which they came.
    pub fn received(&self) -> Vec<Received> {
        self.script.received.lock().unwrap().clone()
    }

    /// All that was ever requested here, whatever it was: method and path.
    pub fn requests(&self) -> Vec<String> {
        self.script.requests.lock().unwrap().clone()
    }

    /// What was asked last in each request so far.
    pub fn prompts(&self) -> Vec<String> {
        let received = self.received();
        received
            .iter()
            .map(|request| request.messages().last().unwrap().1.to_owned())
            .collect()
    }

    /// The Authorization of each request for the models so far.
    pub fn models_authorizations(&self) -> Vec<Option<String>> {
        self.script.models_authorizations.lock().unwrap().clone()
    }
}

async fn respond(
    State(script): State<Arc<Script>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    script
        .requests
        .lock()
        .unwrap()
        .push(format!("{method} {uri}"));
    let origin = headers.get(header::ORIGIN).cloned();
    let (mut response, cors) = match (method, uri.path()) {
        // As strict as the strictest providers: a header beyond these fails the preflight.
        (Method::OPTIONS, _) => (StatusCode::NO_CONTENT.into_response(), true),
        (Method::GET, "/v1/models") => (models(&script, &headers).await, true),
        (Method::POST, "/v1/chat/completions") => answer(&script, headers, &body),
        _ => (
            (StatusCode::NOT_FOUND, r#"{"detail":"Not Found"}"#).into_response(),
            true,
        ),
    };
    if let Some(origin) = origin.filter(|_| cors) {
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        let allowed = HeaderValue::from_static("authorization, content-type, accept");
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, allowed);
    }
    response
}

async fn models(script: &Script, headers: &HeaderMap) -> Response {
    let authorization = headers
        .get(header::AUTHORIZATION)
        .map(|value| value.to_str().unwrap());
    script
        .models_authorizations
        .lock()
        .unwrap()
        .push(authorization.map(str::to_owned));
    if script.models_wait.load(Ordering::SeqCst) {
        script.pass_gate().await;
    }
    let json = [(header::CONTENT_TYPE, "application/json")];
    match &*script.models.lock().unwrap() {
        Ok(models) => {
            let data: Vec<_> = models
                .iter()
                .map(|id| json!({ "id": id, "object": "model" }))
                .collect();
            (json, json!({ "object": "list", "data": data }).to_string()).into_response()
        }
        Err((status, body)) => (*status, json, body.clone()).into_response(),
    }
}

fn answer(script: &Arc<Script>, headers: HeaderMap, body: &[u8]) -> (Response, bool) {
    let body: Value = serde_json::from_slice(body).expect("the page sends JSON");
    let closed = Arc::new(AtomicBool::new(false));
    let received = Received {
        headers,
        body,
        closed: Arc::clone(&closed),
        said: Said::default(),
    };
    let said = Arc::clone(&received.said);
    let model = received.model().to_owned();
    let heard = received
        .messages()
        .last()
        .expect("a request has a message")
        .1
        .to_owned();
    let scripted = script
        .answers
        .lock()
        .unwrap()
        .get_mut(&model)
        .and_then(VecDeque::pop_front);
    let answer = scripted.unwrap_or_else(|| Answer {
        status: StatusCode::OK,
        content_type: "text/event-stream",
        cors: true,
        steps: vec![
            Step::Say(model.clone()),
            Step::Say(" heard: ".into()),
            Step::Say(heard),
            Step::Finish("stop"),
        ],
    });
    script.received.lock().unwrap().push(received);
    let steps = (
        Arc::clone(script),
        answer.steps.into_iter(),
        SetOnDrop(closed),
        said,
    );
    let stream = stream::unfold(steps, |(script, mut steps, closed, said)| async move {
        let step = steps.next()?;
        let bytes = match step {
            Step::Say(text) => {
                let said_now = event(&json!({ "content": text }), None);
                said.lock().unwrap().push((Instant::now(), text));
                Ok(said_now)
            }
            Step::Delta(delta) => Ok(event(&delta, None)),
            Step::Event(json) => Ok(format!("data: {json}\n\n").into_bytes()),
            Step::Raw(bytes) => Ok(bytes),
            Step::Finish(reason) => {
                let mut end = event(&json!({}), Some(reason));
                end.extend_from_slice(b"data: [DONE]\n\n");
                Ok(end)
            }
            Step::Wait => {
                script.pass_gate().await;
                Ok(Vec::new())
            }
            Step::Rest(milliseconds) => {
                tokio::time::sleep(Duration::from_millis(milliseconds)).await;
                Ok(Vec::new())
            }
            Step::Cut => Err(std::io::Error::other("cut")),
        };
        Some((bytes, (script, steps, closed, said)))
    });
    // hyper ends a body at an empty piece of it.
    let stream = stream
        .filter(|bytes| std::future::ready(bytes.as_ref().map_or(true, |bytes| !bytes.is_empty())));
    let content_type = [(header::CONTENT_TYPE, answer.content_type)];
    let body = Body::from_stream(stream);
    (
        (answer.status, content_type, body).into_response(),
        answer.cors,
    )
}

fn event(delta: &Value, finish: Option<&str>) -> Vec<u8> {
    let choice = json!({ "index": 0, "delta": delta, "finish_reason": finish });
    format!("data: {}\n\n", json!({ "choices": [choice] })).into_bytes()
}

/// Says that a response is over when hyper drops its body.
struct SetOnDrop(Arc<AtomicBool>);

impl Drop for SetOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}
