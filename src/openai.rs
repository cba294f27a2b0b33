//! The client of OpenAI-compatible endpoints: what it can answer, and one streamed answer. What runs in
//! this browser is asked the same way, and its requests go nowhere: see [`Transport`].

#![expect(
    clippy::disallowed_methods,
    reason = "this is what sends requests, and so their headers"
)]

mod limiter;

pub use collate_core::protocol::*;
pub use limiter::Permit;

use gloo_net::http::{self, RequestBuilder, Response};
use js_sys::Uint8Array;
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use web_sys::{AbortSignal, ReadableStream, RequestRedirect, ResponseType};

use crate::{
    assets,
    endpoint::{Endpoint, Timeouts, Token},
};

/// How a request gets to an endpoint, and its response here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Transport {
    /// The browser sends it to a server.
    Http,
    /// The program that runs models in this browser responds as a server would.
    OnDevice,
}

impl Transport {
    fn of(endpoint: &Endpoint) -> Self {
        if endpoint.base_url.is_on_device() {
            Self::OnDevice
        } else {
            Self::Http
        }
    }

    /// Sends a request. Why it fails, a browser does not tell.
    async fn send(self, request: http::Request) -> Result<Response, ()> {
        match self {
            Self::Http => request.send().await.map_err(drop),
            Self::OnDevice => {
                let response = respond(&assets::url("device"), &request.into()).await;
                let response = response.map_err(drop)?;
                Ok(response.unchecked_into::<web_sys::Response>().into())
            }
        }
    }
}

/// A list of models is read no further than this, in bytes: the longest known is about 1 MB.
const MOST_OF_A_LIST: usize = 16 * 1024 * 1024;

/// The words of a refusal are looked for in so many bytes.
const MOST_OF_A_REFUSAL: usize = 64 * 1024;

/// A list of models is waited for so many seconds: it is short, and nothing waits behind it.
const MODELS_TIMEOUT: u32 = 60;

/// Asks an endpoint which models it has, and what it tells of them, by `GET {base}/models`. Dropping
/// the future closes the connection: a browser opens only six to one HTTP/1.1 server.
///
/// # Errors
/// Why there is no list.
pub async fn models(endpoint: &Endpoint) -> Result<Listed, Error> {
    let address = endpoint.base_url.join("models");
    let exchange = EndOnDrop::begin("", endpoint, &address, "", "");
    exchange.wait(Timeout::Response, MODELS_TIMEOUT);
    let request = http::Request::get(&address).header("Accept", "application/json");
    let request = with_headers(request, &endpoint.headers_for_models());
    let request = exchange.guard(request).build();
    let response = exchange.send(request, MODELS_TIMEOUT).await?;
    let body = exchange.read(&response, MOST_OF_A_LIST).await;
    let body = body.map_err(|()| exchange.broken(MODELS_TIMEOUT, Error::CutOff))?;
    wire::listed(&String::from_utf8_lossy(&body)).map_err(|error| exchange.masked(error))
}

/// Asks for an answer, by `POST {base}/chat/completions`. The future is ready once the answer
/// begins to come; dropping it, or the stream that it gives, closes the connection. What is sent and
/// what comes is kept under `name`: see [`exchanges`]. `body` is a [`Request`] as JSON.
///
/// # Errors
/// Why there is no answer.
pub async fn stream(
    name: &str,
    endpoint: &Endpoint,
    body: String,
    timeouts: Timeouts,
) -> Result<Stream, Error> {
    let address = endpoint.base_url.join("chat/completions");
    let own = endpoint.headers();
    let headers = shown_headers(&own);
    let exchange = EndOnDrop::begin(name, endpoint, &address, &headers, &body);
    exchange.wait(Timeout::Response, timeouts.response);
    let request = http::Request::post(&address)
        .header("Accept", ACCEPT)
        .header("Content-Type", CONTENT_TYPE);
    let request = exchange.guard(with_headers(request, &own)).body(body);
    let response = exchange.send(request, timeouts.response).await?;
    exchange.wait(Timeout::FirstToken, timeouts.first_token);
    let body = response.body().ok_or(Error::Empty)?;
    let content_type = response.headers().get("content-type");
    Ok(Stream {
        body: Batches::new(&body, PACE),
        answer: answer::Reader::new(&content_type.unwrap_or_default()),
        timeouts,
        request: exchange,
    })
}

const ACCEPT: &str = "text/event-stream, application/json";
const CONTENT_TYPE: &str = "application/json";

/// A request for an answer as it would be sent now: where it would go, with which headers, and what it
/// would say, as [`exchanges`] tells it.
pub fn unsent(endpoint: &Endpoint, body: &str) -> String {
    let address = endpoint.base_url.join("chat/completions");
    let headers = shown_headers(&endpoint.headers());
    let fields = [
        ("address", address),
        ("headers", headers),
        ("body", body.to_owned()),
    ];
    let fields = fields.map(|(name, text)| (name.to_owned(), text.into()));
    serde_json::Value::Object(fields.into_iter().collect()).to_string()
}

/// The headers of a request for an answer as they are shown: no secret is among them.
fn shown_headers(own: &[(&str, String)]) -> String {
    let mut shown = format!("Accept: {ACCEPT}\nContent-Type: {CONTENT_TYPE}");
    for (name, value) in own {
        let value = match *name {
            "Authorization" => "Bearer …",
            _ => value,
        };
        shown.extend(["\n", name, ": ", value]);
    }
    shown
}

/// What was sent under a name, and what came back: each try as JSON, the first one first.
pub fn exchanges(name: &str) -> Vec<String> {
    exchanges_of(name)
}

/// The time from one reading of an answer to the next, in milliseconds: more than twenty times a
/// second reads as flowing, and each time costs a frame.
const PACE: f64 = 47.0;

#[wasm_bindgen(module = "/src/openai/batches.js")]
extern "C" {
    #[derive(Debug)]
    type Batches;

    #[wasm_bindgen(constructor)]
    fn new(body: &ReadableStream, pace: f64) -> Batches;

    #[wasm_bindgen(method, catch)]
    async fn next(this: &Batches) -> Result<JsValue, JsValue>;

    type Batch;

    #[wasm_bindgen(method, getter)]
    fn bytes(this: &Batch) -> Option<Uint8Array>;

    #[wasm_bindgen(method, getter)]
    fn from(this: &Batch) -> f64;

    #[wasm_bindgen(method, getter)]
    fn to(this: &Batch) -> f64;
}

/// What has come of a response since the last time, its end, or that its connection broke.
#[derive(Debug)]
pub struct Read {
    /// When the first of it came, in milliseconds since 1970.
    pub from: f64,
    /// When the last of it came.
    pub to: f64,
    bytes: Result<Option<Vec<u8>>, JsValue>,
}

#[wasm_bindgen(module = "/src/openai/exchange.js")]
extern "C" {
    #[derive(Debug)]
    type Exchange;

    #[wasm_bindgen(constructor)]
    fn new(name: &str, address: &str, headers: &str, body: &str, secret: &str) -> Exchange;

    #[wasm_bindgen(method, getter)]
    fn signal(this: &Exchange) -> AbortSignal;

    #[wasm_bindgen(method, getter)]
    fn over(this: &Exchange) -> Option<u8>;

    #[wasm_bindgen(method)]
    fn wait(this: &Exchange, what: u8, seconds: u32);

    #[wasm_bindgen(method)]
    fn responded(this: &Exchange, status: u16, content_type: &str);

    #[wasm_bindgen(method)]
    fn heard(this: &Exchange, bytes: &Uint8Array);

    #[wasm_bindgen(method)]
    fn end(this: &Exchange);

    #[wasm_bindgen(catch)]
    async fn respond(address: &str, request: &web_sys::Request) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(js_name = exchanges)]
    fn exchanges_of(name: &str) -> Vec<String>;

    #[wasm_bindgen(js_name = secondsOf)]
    fn seconds_of(retry_after: &str) -> u32;
}

/// Queues a request for an endpoint's server.
pub fn queue(endpoint: &Endpoint) -> Permit {
    Permit::request(endpoint.base_url.origin(), endpoint.most_at_once())
}

/// An answer on its way. Dropping it closes the connection, which tells the endpoint to stop.
#[derive(Debug)]
pub struct Stream {
    body: Batches,
    answer: answer::Reader,
    timeouts: Timeouts,
    request: EndOnDrop,
}

impl Stream {
    /// Waits for more of the response: the first of it comes at once, the rest at a pace.
    pub async fn read(&self) -> Read {
        let now = |bytes| {
            let now = js_sys::Date::now();
            Read {
                from: now,
                to: now,
                bytes,
            }
        };
        if self.answer.is_done() {
            return now(Ok(None));
        }
        match self.body.next().await {
            Ok(batch) => {
                let batch: Batch = batch.unchecked_into();
                let bytes = batch.bytes();
                if let Some(bytes) = &bytes {
                    self.request.exchange.heard(bytes);
                }
                Read {
                    from: batch.from(),
                    to: batch.to(),
                    bytes: Ok(bytes.map(|bytes| bytes.to_vec())),
                }
            }
            Err(broken) => now(Err(broken)),
        }
    }

    /// Adds what was read to the reply. Once the answer has ended, says how.
    ///
    /// # Errors
    /// Why the answer is not whole; what came before is in the reply.
    pub fn take(&mut self, read: Read, reply: &mut Reply) -> Result<Option<Finish>, Error> {
        let before = (reply.text.len(), reply.reasoning.len());
        let taken = match read.bytes {
            Ok(Some(bytes)) => self.answer.push(&bytes, reply).map(|()| None),
            Ok(None) => std::mem::take(&mut self.answer).end(reply).map(Some),
            Err(_) => {
                let cut = std::mem::take(&mut self.answer).cut(reply);
                // What was not waited for any longer may have been whole.
                cut.map(Some).map_err(|error| match error {
                    Error::CutOff => {
                        let over = self.request.timed_out(self.timeouts);
                        over.unwrap_or(error)
                    }
                    error => error,
                })
            }
        };
        let taken = taken.map_err(|error| self.request.masked(error));
        if !matches!(taken, Ok(None)) {
            reply.end();
        } else if (reply.text.len(), reply.reasoning.len()) != before {
            // A server that only says that it is still there says nothing.
            self.request.wait(Timeout::Idle, self.timeouts.idle);
        }
        taken
    }
}

/// A request. Dropping it closes its connection.
#[derive(Debug)]
struct EndOnDrop {
    exchange: Exchange,
    token: Option<Token>,
    transport: Transport,
}

impl EndOnDrop {
    fn begin(name: &str, endpoint: &Endpoint, address: &str, headers: &str, body: &str) -> Self {
        // What is sent may be repeated; where it is shown, it is masked.
        let own = endpoint.headers();
        let sent = own.iter().find(|(name, _)| *name == "Authorization");
        let secret = sent.and_then(|(_, value)| value.strip_prefix("Bearer "));
        let exchange = Exchange::new(name, address, headers, body, secret.unwrap_or_default());
        Self {
            exchange,
            token: endpoint.token.clone(),
            transport: Transport::of(endpoint),
        }
    }

    /// An error whose words don't have the token, which some servers repeat: they are stored.
    fn masked(&self, error: Error) -> Error {
        match &self.token {
            Some(token) => error.masked(token),
            None => error,
        }
    }

    /// Ends it when what it waits for takes longer than so many seconds.
    fn wait(&self, wait: Timeout, seconds: u32) {
        self.exchange.wait(wait as u8, seconds);
    }

    /// The request ends with this, and leads nowhere else: a token would go along.
    fn guard(&self, request: RequestBuilder) -> RequestBuilder {
        let request = request.redirect(RequestRedirect::Manual);
        request.abort_signal(Some(&self.exchange.signal()))
    }

    /// Sends it, and lets a response through whose status is 200 to 299.
    async fn send(
        &self,
        request: Result<http::Request, gloo_net::Error>,
        timeouts: u32,
    ) -> Result<Response, Error> {
        // The browser tells a page nothing about why there was no response.
        let unreachable = |()| self.broken(timeouts, Error::Unreachable);
        let request = request.map_err(|_| unreachable(()))?;
        let response = self.transport.send(request).await.map_err(unreachable)?;
        let header = |name| response.headers().get(name);
        let content_type = header("content-type").unwrap_or_default();
        if response.type_() == ResponseType::Opaqueredirect {
            return Err(Error::Redirected);
        }
        self.exchange.responded(response.status(), &content_type);
        if response.ok() {
            return Ok(response);
        }
        let retry_after = header("retry-after").map(|after| seconds_of(&after));
        let body = self.read(&response, MOST_OF_A_REFUSAL).await;
        Err(self.masked(Error::Refused {
            status: response.status(),
            message: wire::refusal(&String::from_utf8_lossy(&body.unwrap_or_default())),
            retry_after,
        }))
    }

    /// Reads a response whole, if it is not longer than so many bytes; else so far.
    async fn read(&self, response: &Response, most: usize) -> Result<Vec<u8>, ()> {
        let mut read = Vec::new();
        let Some(body) = response.body() else {
            return Ok(read);
        };
        let body = Batches::new(&body, 0.0);
        while read.len() < most {
            let batch: Batch = body.next().await.map_err(|_| ())?.unchecked_into();
            let Some(bytes) = batch.bytes() else { break };
            self.exchange.heard(&bytes);
            read.extend(bytes.to_vec());
        }
        read.truncate(most);
        Ok(read)
    }

    /// That it took too long, if it did.
    fn timed_out(&self, timeouts: Timeouts) -> Option<Error> {
        let over = self.exchange.over()?;
        let all = [
            (Timeout::Response, timeouts.response),
            (Timeout::FirstToken, timeouts.first_token),
            (Timeout::Idle, timeouts.idle),
        ];
        let (wait, seconds) = all.into_iter().find(|(wait, _)| *wait as u8 == over)?;
        Some(Error::TimedOut { wait, seconds })
    }

    /// That the response took too long, if it did, else this.
    fn broken(&self, timeouts: u32, error: Error) -> Error {
        let timeouts = Timeouts {
            response: timeouts,
            ..Timeouts::default()
        };
        self.timed_out(timeouts).unwrap_or(error)
    }
}

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        self.exchange.end();
    }
}

/// Puts the headers that are an endpoint's own, its token among them, on a request.
fn with_headers(request: RequestBuilder, headers: &[(&str, String)]) -> RequestBuilder {
    let add = |request: RequestBuilder, (name, value): &(&str, String)| request.header(name, value);
    headers.iter().fold(request, add)
}
