//! An OpenAI-compatible endpoint on loopback that answers by a script, well or badly, and keeps
//! what it received.

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

/// More times than anybody waits for.
pub const FOREVER: usize = usize::MAX;

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
    /// Sends these bytes so many times, without holding them all.
    Repeat(Vec<u8>, usize),
    /// Waits until [`Endpoint::go_on`] lets it.
    Wait,
    /// Rests for so many milliseconds, as a model does between tokens.
    Rest(u64),
    /// Ends the connection in the middle, without the end that HTTP wants. What was sent right before it
    /// may be lost on the way: a [`Step::Wait`] between the two sees to it that it is read.
    Cut,
    /// Says why the answer ends, then `[DONE]`.
    Finish(&'static str),
}

/// How the endpoint answers one request.
#[derive(Clone, Debug)]
pub struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    /// Whether a page may read the response, where [`Cors`] lets it.
    cors: bool,
    /// What is done before the status and the headers are sent.
    before: Option<Step>,
    steps: Vec<Step>,
}

impl Answer {
    /// A response of this kind; without a content type, it has none.
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

    /// These steps of an event stream.
    pub fn stream(steps: impl IntoIterator<Item = Step>) -> Self {
        Self::new(StatusCode::OK, "text/event-stream", steps)
    }

    /// This JSON, whole.
    pub fn json(body: &Value) -> Self {
        Self::refusal(StatusCode::OK, body)
    }

    /// This JSON, with this status.
    pub fn refusal(status: StatusCode, body: &Value) -> Self {
        let body = Step::Raw(body.to_string().into_bytes());
        Self::new(status, "application/json", [body])
    }

    /// Sends the request on to another address.
    pub fn redirect(status: StatusCode, to: &str) -> Self {
        Self::new(status, "", []).with("location", to)
    }

    /// With one more header, or another value of it.
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        let value = HeaderValue::from_str(value).expect("a header's value");
        self.headers.insert(name, value);
        self
    }

    /// A page may not read it, nor learn its status.
    pub fn without_cors(mut self) -> Self {
        self.cors = false;
        self
    }

    /// After this step, [`Step::Wait`] or [`Step::Rest`], it begins.
    pub fn after(mut self, step: Step) -> Self {
        self.before = Some(step);
        self
    }
}

/// Which responses a page may read at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cors {
    /// All.
    Everywhere,
    /// All, whoever asks: by `*`, also for the headers of a request, where it does not cover
    /// Authorization. Source: Fetch, «CORS-preflight fetch».
    Anyone,
    /// Those with a status from 200 to 299.
    NotOnErrors,
    /// Those to preflights only, so that a request is made whose response can't be read.
    OnPreflightsOnly,
    /// Those to requests, for which a page that wants a preflight first never comes.
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

/// How a preflight is answered.
#[derive(Clone, Copy, Debug)]
struct Preflight {
    status: StatusCode,
    /// Which headers a request may have.
    headers: &'static str,
}

/// What a request must be like: what it gets where it is not.
type Demand = dyn Fn(&Value) -> Option<Answer> + Send + Sync;

/// A request for an answer, as it came.
#[derive(Clone, Debug)]
pub struct Received {
    pub headers: HeaderMap,
    pub body: Value,
    /// When it came.
    pub at: Instant,
    closed: Arc<AtomicBool>,
    said: Said,
}

/// What was said, and when.
type Said = Arc<Mutex<Vec<(Instant, String)>>>;

impl Received {
    pub fn authorization(&self) -> Option<&str> {
        Some(self.headers.get(header::AUTHORIZATION)?.to_str().unwrap())
    }

    /// The names of the headers that are not the browser's own, sorted.
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

/// What a browser tells by itself, besides what begins with `sec-`. Where the page is, it doesn't.
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

struct Script {
    models: Mutex<Answer>,
    /// The next answers by model.
    answers: Mutex<HashMap<String, VecDeque<Answer>>>,
    /// The answers of models whose next answers are not said.
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
    /// How many requests for an answer are open now.
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

    /// What this request of a model gets, if that is said.
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

    /// What is done before a response: it waits, or rests.
    async fn delay(&self, step: Option<Step>) {
        match step {
            Some(Step::Wait) => self.pass_gate().await,
            Some(Step::Rest(milliseconds)) => rest(milliseconds).await,
            Some(step) => panic!("nothing can be said before a response: {step:?}"),
            None => {}
        }
    }
}

/// The endpoint. It lists the models that it is started with; a model without a script answers
/// «<model> heard: <prompt>».
#[derive(Clone)]
pub struct Endpoint {
    address: SocketAddr,
    script: Arc<Script>,
}

impl Endpoint {
    pub async fn start(models: &[&str]) -> Self {
        let script = Arc::new(Script {
            models: Mutex::new(list(models)),
            answers: Mutex::default(),
            always: Mutex::default(),
            demand: Mutex::default(),
            cors: Mutex::new(Cors::Everywhere),
            // As strict as the strictest providers: a header beyond these fails the preflight.
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

    /// Host and port: what the page calls it.
    pub fn name(&self) -> String {
        self.address.to_string()
    }

    /// The next answer of this model is these steps of an event stream.
    pub fn will(&self, model: &str, steps: impl IntoIterator<Item = Step>) {
        self.will_answer(model, Answer::stream(steps));
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
        let answer = Answer::new(status, content_type, steps);
        self.will_answer(model, Answer { cors, ..answer });
    }

    /// This is the next answer of this model.
    pub fn will_answer(&self, model: &str, answer: Answer) {
        self.script
            .answers
            .lock()
            .unwrap()
            .entry(model.to_owned())
            .or_default()
            .push_back(answer);
    }

    /// From now on, this is the answer of this model where no next one is said.
    pub fn will_always(&self, model: &str, answer: Answer) {
        let mut always = self.script.always.lock().unwrap();
        always.insert(model.to_owned(), answer);
    }

    /// From now on, a request gets what this says of its body, if it says something: as a server
    /// does that is strict about what it knows.
    pub fn will_demand(&self, demand: impl Fn(&Value) -> Option<Answer> + Send + Sync + 'static) {
        *self.script.demand.lock().unwrap() = Some(Box::new(demand));
    }

    /// From now on, a page may read these responses.
    pub fn will_allow(&self, cors: Cors) {
        *self.script.cors.lock().unwrap() = cors;
    }

    /// From now on, preflights are answered with this status, and let requests have these headers.
    pub fn will_answer_preflights(&self, status: StatusCode, headers: &'static str) {
        *self.script.preflight.lock().unwrap() = Preflight { status, headers };
    }

    /// Answers of this model that nobody has asked for yet are not given any more.
    pub fn forget(&self, model: &str) {
        self.script.answers.lock().unwrap().remove(model);
        self.script.always.lock().unwrap().remove(model);
    }

    /// From now on these are the models.
    pub fn will_list(&self, models: &[&str]) {
        self.will_answer_for_models(list(models));
    }

    /// From now on the list of models is refused.
    pub fn will_refuse_models(&self, status: StatusCode, body: &str) {
        let body = Step::Raw(body.as_bytes().to_vec());
        self.will_answer_for_models(Answer::new(status, "application/json", [body]));
    }

    /// From now on this is what comes in place of the list of models.
    pub fn will_answer_for_models(&self, answer: Answer) {
        *self.script.models.lock().unwrap() = answer;
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

    /// How many requests for an answer were open at the same moment, at most.
    pub fn most_at_once(&self) -> usize {
        self.script.most_at_once.load(Ordering::SeqCst)
    }

    /// The headers that each preflight so far has asked for: only those that a page must ask for.
    pub fn asked_headers(&self) -> Vec<String> {
        self.script.asked_headers.lock().unwrap().clone()
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

/// A list of models.
fn list(models: &[&str]) -> Answer {
    let models = models
        .iter()
        .map(|id| json!({ "id": id, "object": "model" }));
    let data: Vec<_> = models.collect();
    Answer::json(&json!({ "object": "list", "data": data }))
}

/// A base URL at which nobody listens.
pub async fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("loopback has a free port");
    format!("http://{}/v1", listener.local_addr().unwrap())
}

/// A base URL at which whoever comes is hung up on before a word is said.
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
        (Method::GET, "/v1/models") => models(&script, &headers).await,
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

async fn models(script: &Arc<Script>, headers: &HeaderMap) -> (Response, bool) {
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
    let answer = script.models.lock().unwrap().clone();
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

/// The response, and whether a page may read it.
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
        // Whoever has read the last of it may ask again before hyper has dropped the body.
        if let Some(open) = open.as_mut().filter(|_| steps.is_empty()) {
            open.end();
        }
        Some((bytes, (script, steps, open, said)))
    });
    // hyper ends a body at an empty piece of it.
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

/// A request for an answer that is open. It is over when hyper drops its body, or it before.
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

    /// Nothing more is to be sent.
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
