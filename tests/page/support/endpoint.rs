//! An OpenAI-compatible endpoint on loopback that answers by a script, well or badly, and records its
//! requests.

use std::{
    collections::{HashMap, VecDeque},
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::Semaphore};

/// More times than any test waits for.
pub const FOREVER: usize = usize::MAX;

/// The endpoint's next step, once the status and the headers are sent.
#[derive(Clone, Debug)]
pub enum Step {
    /// Sends one event with the next part of the text.
    Say(String),
    /// Sends one event whose choice has this delta, for fields other than the text.
    Delta(Value),
    /// Sends one event with this JSON.
    Event(Value),
    /// Sends these bytes unchanged.
    Raw(Vec<u8>),
    /// Sends these bytes this many times, without holding them all.
    Repeat(Vec<u8>, usize),
    /// Waits for [`Endpoint::go_on`].
    Wait,
    /// Rests for this many milliseconds, as a model does between tokens.
    Rest(u64),
    /// Ends the connection without the end that HTTP requires. Data sent right before it may be lost on
    /// the way: a [`Step::Wait`] between the two makes sure that it is read.
    Cut,
    /// Sends the finish reason, then `[DONE]`.
    Finish(&'static str),
}

/// The endpoint's response to one request.
#[derive(Clone, Debug)]
pub struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    /// True if a page may read the response, where [`Cors`] allows it.
    cors: bool,
    /// The step before the status and the headers are sent.
    before: Option<Step>,
    steps: Vec<Step>,
}

impl Answer {
    /// Creates a response; an empty content type means none.
    pub fn new(
        status: StatusCode,
        content_type: &'static str,
        steps: impl IntoIterator<Item = Step>,
    ) -> Self {
        let answer = Self {
            status,
            headers: HeaderMap::new(),
            cors: true,
            before: None,
            steps: steps.into_iter().collect(),
        };
        if content_type.is_empty() {
            return answer;
        }
        answer.with("content-type", content_type)
    }

    /// Creates an event stream of these steps.
    pub fn stream(steps: impl IntoIterator<Item = Step>) -> Self {
        Self::new(StatusCode::OK, "text/event-stream", steps)
    }

    /// Creates whole JSON.
    pub fn json(body: &Value) -> Self {
        Self::refusal(StatusCode::OK, body)
    }

    /// Creates JSON with this status.
    pub fn refusal(status: StatusCode, body: &Value) -> Self {
        let body = Step::Raw(body.to_string().into_bytes());
        Self::new(status, "application/json", [body])
    }

    /// Creates a redirect to another address.
    pub fn redirect(status: StatusCode, to: &str) -> Self {
        Self::new(status, "", []).with("location", to)
    }

    /// Adds a header, or replaces its value.
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        let value = HeaderValue::from_str(value).expect("a header's value");
        self.headers.insert(name, value);
        self
    }

    /// Hides the response and its status from pages.
    pub fn without_cors(mut self) -> Self {
        self.cors = false;
        self
    }

    /// Delays the response by this step, [`Step::Wait`] or [`Step::Rest`].
    pub fn after(mut self, step: Step) -> Self {
        self.before = Some(step);
        self
    }
}

/// The responses that a page may read at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cors {
    /// All.
    Everywhere,
    /// All, for any origin: `*`, also for a request's headers, where it doesn't cover Authorization.
    /// Source: Fetch, «CORS-preflight fetch».
    Anyone,
    /// Those with a status from 200 to 299.
    NotOnErrors,
    /// Those to preflights only: the request is made, but its response can't be read.
    OnPreflightsOnly,
    /// Those to requests only: a page that needs a preflight first never sends its request.
    NotOnPreflights,
    /// None.
    Nowhere,
}

impl Cors {
    fn covers(self, is_preflight: bool, status: StatusCode) -> bool {
        match self {
            Self::Everywhere | Self::Anyone => true,
            Self::NotOnErrors => status.is_success(),
            Self::OnPreflightsOnly => is_preflight,
            Self::NotOnPreflights => !is_preflight,
            Self::Nowhere => false,
        }
    }
}

/// The response to a preflight.
#[derive(Clone, Copy, Debug)]
struct Preflight {
    status: StatusCode,
    /// The headers that a request may have.
    headers: &'static str,
}

/// A requirement for requests: returns the response to one that fails it.
type Demand = dyn Fn(&Value) -> Option<Answer> + Send + Sync;

/// A received request for an answer.
#[derive(Clone, Debug)]
pub struct Received {
    pub headers: HeaderMap,
    pub body: Value,
    /// The time of arrival.
    pub at: Instant,
    closed: Arc<AtomicBool>,
    said: Said,
}

/// The text sent, with times.
type Said = Arc<Mutex<Vec<(Instant, String)>>>;

impl Received {
    pub fn authorization(&self) -> Option<&str> {
        Some(self.headers.get(header::AUTHORIZATION)?.to_str().unwrap())
    }

    /// Returns the names of headers that the browser doesn't add, sorted.
    pub fn own_headers(&self) -> Vec<&str> {
        let names = self.headers.keys().map(HeaderName::as_str);
        let is_own = |name: &&str| !name.starts_with("sec-") && !BROWSERS.contains(name);
        let mut names: Vec<_> = names.filter(is_own).collect();
        names.sort_unstable();
        names
    }

    pub fn model(&self) -> &str {
        self.body["model"].as_str().unwrap()
    }

    /// Returns the conversation as pairs of role and content. For a message with attachments, the
    /// content is its first text: [`Self::parts`] returns all of it.
    pub fn messages(&self) -> Vec<(&str, &str)> {
        let messages = self.body["messages"]
            .as_array()
            .expect("a list of messages");
        let pair = |message| (text_of(message, "role"), words_of(message));
        messages.iter().map(pair).collect()
    }

    /// Returns the parts of one message; none if it has no attachments.
    pub fn parts(&self, message: usize) -> Vec<Value> {
        let content = &self.body["messages"][message]["content"];
        content.as_array().cloned().unwrap_or_default()
    }

    /// Returns the text sent until then.
    pub fn said(&self, until: Instant) -> String {
        let said = self.said.lock().unwrap();
        let said = said.iter().take_while(|(at, _)| *at <= until);
        said.map(|(_, text)| text.as_str()).collect()
    }

    /// Returns whether the connection is over, on either side.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }
}

/// Headers that a browser adds itself, besides those that begin with `sec-`. Referer is not among them.
const BROWSERS: [&str; 9] = [
    "accept-encoding",
    "accept-language",
    "cache-control",
    "connection",
    "content-length",
    "host",
    "origin",
    "pragma",
    "user-agent",
];

/// Returns a message's content, or the first text of its parts.
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

struct Script {
    models: Mutex<Answer>,
    /// Other pages of the list of models, by query.
    pages: Mutex<HashMap<String, Answer>>,
    /// The next answers, by model.
    answers: Mutex<HashMap<String, VecDeque<Answer>>>,
    /// The answers of models that have no next answer.
    always: Mutex<HashMap<String, Answer>>,
    demand: Mutex<Option<Box<Demand>>>,
    cors: Mutex<Cors>,
    preflight: Mutex<Preflight>,
    received: Mutex<Vec<Received>>,
    requests: Mutex<Vec<String>>,
    asked_headers: Mutex<Vec<String>>,
    models_authorizations: Mutex<Vec<Option<String>>>,
    models_wait: AtomicBool,
    gate: Semaphore,
    /// The number of requests for an answer that are open now.
    open: AtomicUsize,
    most_at_once: AtomicUsize,
}

impl Script {
    async fn pass_gate(&self) {
        self.gate
            .acquire()
            .await
            .expect("the gate is never closed")
            .forget();
    }

    /// Returns the scripted answer to this request, if there is one.
    fn scripted(&self, model: &str, body: &Value) -> Option<Answer> {
        if let Some(demand) = &*self.demand.lock().unwrap()
            && let Some(refusal) = demand(body)
        {
            return Some(refusal);
        }
        let mut answers = self.answers.lock().unwrap();
        let next = answers.get_mut(model).and_then(VecDeque::pop_front);
        next.or_else(|| self.always.lock().unwrap().get(model).cloned())
    }

    /// Waits or rests before a response.
    async fn delay(&self, step: Option<Step>) {
        match step {
            Some(Step::Wait) => self.pass_gate().await,
            Some(Step::Rest(milliseconds)) => rest(milliseconds).await,
            Some(step) => panic!("nothing can be said before a response: {step:?}"),
            None => {}
        }
    }
}

/// The endpoint. It lists the models it was started with; a model without a script answers «<model>
/// heard: <prompt>».
#[derive(Clone)]
pub struct Endpoint {
    address: SocketAddr,
    script: Arc<Script>,
}

impl Endpoint {
    pub async fn start(models: &[&str]) -> Self {
        let script = Arc::new(Script {
            models: Mutex::new(list(models)),
            pages: Mutex::default(),
            answers: Mutex::default(),
            always: Mutex::default(),
            demand: Mutex::default(),
            cors: Mutex::new(Cors::Everywhere),
            // As strict as the strictest providers: any other header fails the preflight.
            preflight: Mutex::new(Preflight {
                status: StatusCode::NO_CONTENT,
                headers: "authorization, content-type, accept",
            }),
            received: Mutex::default(),
            requests: Mutex::default(),
            asked_headers: Mutex::default(),
            models_authorizations: Mutex::default(),
            models_wait: AtomicBool::new(false),
            gate: Semaphore::new(0),
            open: AtomicUsize::new(0),
            most_at_once: AtomicUsize::new(0),
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

    /// Returns host and port, the page's name for it.
    pub fn name(&self) -> String {
        self.address.to_string()
    }

    /// Queues an event stream of these steps as an answer of this model.
    pub fn will(&self, model: &str, steps: impl IntoIterator<Item = Step>) {
        self.will_answer(model, Answer::stream(steps));
    }

    /// Queues a response of this kind as an answer of this model.
    pub fn will_respond(
        &self,
        model: &str,
        status: StatusCode,
        content_type: &'static str,
        cors: bool,
        steps: impl IntoIterator<Item = Step>,
    ) {
        let answer = Answer::new(status, content_type, steps);
        self.will_answer(model, Answer { cors, ..answer });
    }

    /// Queues an answer of this model.
    pub fn will_answer(&self, model: &str, answer: Answer) {
        self.script
            .answers
            .lock()
            .unwrap()
            .entry(model.to_owned())
            .or_default()
            .push_back(answer);
    }

    /// From now on, gives this answer where the model has no next one.
    pub fn will_always(&self, model: &str, answer: Answer) {
        let mut always = self.script.always.lock().unwrap();
        always.insert(model.to_owned(), answer);
    }

    /// From now on, gives a request this function's answer to its body, if it returns one, like a
    /// strict server.
    pub fn will_demand(&self, demand: impl Fn(&Value) -> Option<Answer> + Send + Sync + 'static) {
        *self.script.demand.lock().unwrap() = Some(Box::new(demand));
    }

    /// Lets a page read these responses from now on.
    pub fn will_allow(&self, cors: Cors) {
        *self.script.cors.lock().unwrap() = cors;
    }

    /// From now on, answers preflights with this status, and allows these headers.
    pub fn will_answer_preflights(&self, status: StatusCode, headers: &'static str) {
        *self.script.preflight.lock().unwrap() = Preflight { status, headers };
    }

    /// Drops the answers of this model that are not requested yet.
    pub fn forget(&self, model: &str) {
        self.script.answers.lock().unwrap().remove(model);
        self.script.always.lock().unwrap().remove(model);
    }

    /// Lists these models from now on.
    pub fn will_list(&self, models: &[&str]) {
        self.will_answer_for_models(list(models));
    }

    /// Refuses the list of models from now on.
    pub fn will_refuse_models(&self, status: StatusCode, body: &str) {
        let body = Step::Raw(body.as_bytes().to_vec());
        self.will_answer_for_models(Answer::new(status, "application/json", [body]));
    }

    /// From now on, responds with this instead of the list of models.
    pub fn will_answer_for_models(&self, answer: Answer) {
        *self.script.models.lock().unwrap() = answer;
    }

    /// From now on, responds with this to a request for the models with this query.
    pub fn will_answer_for_page(&self, query: &str, answer: Answer) {
        let mut pages = self.script.pages.lock().unwrap();
        pages.insert(query.to_owned(), answer);
    }

    /// Holds the list of models from now on, as [`Step::Wait`] holds an answer.
    pub fn will_hold_models(&self) {
        self.script.models_wait.store(true, Ordering::SeqCst);
    }

    /// Lets one [`Step::Wait`] pass, now or when it comes.
    pub fn go_on(&self) {
        self.script.gate.add_permits(1);
    }

    /// Returns the requests for an answer so far, in order of arrival.
    pub fn received(&self) -> Vec<Received> {
        self.script.received.lock().unwrap().clone()
    }

    /// Returns every request so far, of any kind: method and path.
    pub fn requests(&self) -> Vec<String> {
        self.script.requests.lock().unwrap().clone()
    }

    /// Returns the highest number of requests for an answer open at once.
    pub fn most_at_once(&self) -> usize {
        self.script.most_at_once.load(Ordering::SeqCst)
    }

    /// Returns the headers that each preflight so far requested: only those that need permission.
    pub fn asked_headers(&self) -> Vec<String> {
        self.script.asked_headers.lock().unwrap().clone()
    }

    /// Returns the last prompt of each request so far.
    pub fn prompts(&self) -> Vec<String> {
        let received = self.received();
        received
            .iter()
            .map(|request| request.messages().last().unwrap().1.to_owned())
            .collect()
    }

    /// Returns the Authorization of each request for the models so far.
    pub fn models_authorizations(&self) -> Vec<Option<String>> {
        self.script.models_authorizations.lock().unwrap().clone()
    }
}

/// Creates a list of models.
fn list(models: &[&str]) -> Answer {
    let models = models
        .iter()
        .map(|id| json!({ "id": id, "object": "model" }));
    let data: Vec<_> = models.collect();
    Answer::json(&json!({ "object": "list", "data": data }))
}

/// Returns a base URL at which nothing listens.
pub async fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("loopback has a free port");
    format!("http://{}/v1", listener.local_addr().unwrap())
}

/// Returns a base URL whose server closes the connection before any response.
pub async fn nobody_who_speaks() -> String {
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("loopback has a free port");
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { while listener.accept().await.is_ok() {} });
    format!("http://{address}/v1")
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
    let is_preflight = method == Method::OPTIONS;
    let preflight = *script.preflight.lock().unwrap();
    let (mut response, cors) = match (method, uri.path()) {
        (Method::OPTIONS, _) => {
            let asked = headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS);
            let asked = asked.map_or("", |asked| asked.to_str().unwrap());
            let mut all = script.asked_headers.lock().unwrap();
            all.push(asked.to_owned());
            (preflight.status.into_response(), true)
        }
        (Method::GET, "/v1/models") => models(&script, &headers, uri.query()).await,
        (Method::POST, "/v1/chat/completions") => answer(&script, headers, &body).await,
        _ => (
            (StatusCode::NOT_FOUND, r#"{"detail":"Not Found"}"#).into_response(),
            true,
        ),
    };
    let rule = *script.cors.lock().unwrap();
    let covers = cors && rule.covers(is_preflight, response.status());
    if let Some(origin) = origin.filter(|_| covers) {
        let any = HeaderValue::from_static("*");
        let (origin, allowed) = match rule {
            Cors::Anyone => (any.clone(), any),
            _ => (origin, HeaderValue::from_static(preflight.headers)),
        };
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, allowed);
    }
    response
}

async fn models(
    script: &Arc<Script>,
    headers: &HeaderMap,
    query: Option<&str>,
) -> (Response, bool) {
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
    let page = query.and_then(|query| script.pages.lock().unwrap().get(query).cloned());
    let answer = page.unwrap_or_else(|| script.models.lock().unwrap().clone());
    script.delay(answer.before.clone()).await;
    send(script, answer, None, Said::default())
}

async fn answer(script: &Arc<Script>, headers: HeaderMap, body: &[u8]) -> (Response, bool) {
    let body: Value = serde_json::from_slice(body).expect("the page sends JSON");
    let closed = Arc::new(AtomicBool::new(false));
    let received = Received {
        headers,
        body,
        at: Instant::now(),
        closed: Arc::clone(&closed),
        said: Said::default(),
    };
    let open = Open::new(Arc::clone(script), closed);
    let said = Arc::clone(&received.said);
    let model = received.model().to_owned();
    let heard = received
        .messages()
        .last()
        .expect("a request has a message")
        .1
        .to_owned();
    let scripted = script.scripted(&model, &received.body);
    let answer = scripted.unwrap_or_else(|| {
        Answer::stream([
            Step::Say(model.clone()),
            Step::Say(" heard: ".into()),
            Step::Say(heard),
            Step::Finish("stop"),
        ])
    });
    script.received.lock().unwrap().push(received);
    script.delay(answer.before.clone()).await;
    send(script, answer, Some(open), said)
}

/// Returns the response, and whether a page may read it.
fn send(script: &Arc<Script>, answer: Answer, open: Option<Open>, said: Said) -> (Response, bool) {
    let steps = VecDeque::from(answer.steps);
    let state = (Arc::clone(script), steps, open, said);
    let stream = stream::unfold(state, |(script, mut steps, mut open, said)| async move {
        let step = steps.pop_front()?;
        let bytes = match step {
            Step::Say(text) => {
                let said_now = event(&json!({ "content": text }), None);
                said.lock().unwrap().push((Instant::now(), text));
                Ok(said_now)
            }
            Step::Delta(delta) => Ok(event(&delta, None)),
            Step::Event(json) => Ok(format!("data: {json}\n\n").into_bytes()),
            Step::Raw(bytes) => Ok(bytes),
            Step::Repeat(bytes, times) => {
                if times > 1 {
                    steps.push_front(Step::Repeat(bytes.clone(), times - 1));
                }
                Ok(bytes)
            }
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
                rest(milliseconds).await;
                Ok(Vec::new())
            }
            Step::Cut => Err(std::io::Error::other("cut")),
        };
        // A client that has read the last piece may send a request before hyper has dropped the body.
        if let Some(open) = open.as_mut().filter(|_| steps.is_empty()) {
            open.end();
        }
        Some((bytes, (script, steps, open, said)))
    });
    // hyper ends a body at an empty chunk.
    let stream = stream
        .filter(|bytes| std::future::ready(bytes.as_ref().map_or(true, |bytes| !bytes.is_empty())));
    let body = Body::from_stream(stream);
    let response = (answer.status, answer.headers, body).into_response();
    (response, answer.cors)
}

async fn rest(milliseconds: u64) {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
}

fn event(delta: &Value, finish: Option<&str>) -> Vec<u8> {
    let choice = json!({ "index": 0, "delta": delta, "finish_reason": finish });
    format!("data: {}\n\n", json!({ "choices": [choice] })).into_bytes()
}

/// An open request for an answer. It ends when hyper drops its body, or the request before that.
struct Open {
    script: Arc<Script>,
    closed: Arc<AtomicBool>,
    is_counted: bool,
}

impl Open {
    fn new(script: Arc<Script>, closed: Arc<AtomicBool>) -> Self {
        let now = script.open.fetch_add(1, Ordering::SeqCst) + 1;
        script.most_at_once.fetch_max(now, Ordering::SeqCst);
        Self {
            script,
            closed,
            is_counted: true,
        }
    }

    /// Notes that nothing more will be sent.
    fn end(&mut self) {
        if std::mem::replace(&mut self.is_counted, false) {
            self.script.open.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.end();
        self.closed.store(true, Ordering::SeqCst);
    }
}
