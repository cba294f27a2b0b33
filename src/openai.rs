//! The client of OpenAI-compatible endpoints: what it can answer, and one streamed answer.

pub mod answer;
pub mod error;
pub mod refusal;
pub mod reply;
pub mod sse;
pub mod wire;

pub use error::{Error, Wait};
pub use refusal::Cause;
pub use reply::Reply;
pub use wire::{Finish, Listed, Request};

use gloo_net::http::{self, RequestBuilder, Response};
use js_sys::Uint8Array;
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use web_sys::{AbortController, AbortSignal, ReadableStream};

use crate::endpoint::Endpoint;

/// Asks an endpoint which models it has, and what it tells of them, by `GET {base}/models`. Dropping the future closes the
/// connection: a browser opens only six to one HTTP/1.1 server.
///
/// # Errors
/// Why there is no list.
pub async fn models(endpoint: &Endpoint) -> Result<Listed, Error> {
    let abort = AbortOnDrop::new();
    let request = http::Request::get(&endpoint.base_url.join("models"));
    let request = request.abort_signal(abort.signal().as_ref());
    let request = request.header("Accept", "application/json");
    let request = with_headers(request, &endpoint.headers_for_models())
        .build()
        .map_err(unreachable)?;
    let response = accept(request.send().await.map_err(unreachable)?).await?;
    wire::listed(&response.text().await.map_err(|_| Error::CutOff)?)
}

/// Asks for an answer, by `POST {base}/chat/completions`. The future is ready once the answer
/// begins to come; dropping it, or the stream that it gives, closes the connection.
///
/// # Errors
/// Why there is no answer.
///
/// # Panics
/// Never: a request of strings, numbers and booleans can be written as JSON.
pub fn stream(
    endpoint: Endpoint,
    request: &Request<'_>,
) -> impl Future<Output = Result<Stream, Error>> + use<> {
    let body = serde_json::to_string(request).expect("a request is JSON");
    async move {
        let abort = AbortOnDrop::new();
        let request = http::Request::post(&endpoint.base_url.join("chat/completions"))
            .header("Accept", "text/event-stream, application/json")
            .header("Content-Type", "application/json")
            .abort_signal(abort.signal().as_ref());
        let request = with_headers(request, &endpoint.headers())
            .body(body)
            .map_err(unreachable)?;
        let response = accept(request.send().await.map_err(unreachable)?).await?;
        let body = response.body().ok_or(Error::Empty)?;
        Ok(Stream {
            body: Helpings::new(&body, PACE),
            answer: answer::Reader::new(
                &response.headers().get("content-type").unwrap_or_default(),
            ),
            _abort: abort,
        })
    }
}

/// The time from one reading of an answer to the next, in milliseconds: more than twenty times a
/// second reads as flowing, and each time costs a frame.
const PACE: f64 = 47.0;

#[wasm_bindgen(module = "/src/openai/helpings.js")]
extern "C" {
    #[derive(Debug)]
    type Helpings;

    #[wasm_bindgen(constructor)]
    fn new(body: &ReadableStream, pace: f64) -> Helpings;

    #[wasm_bindgen(method, catch)]
    async fn next(this: &Helpings) -> Result<JsValue, JsValue>;

    type Helping;

    #[wasm_bindgen(method, getter)]
    fn bytes(this: &Helping) -> Option<Uint8Array>;

    #[wasm_bindgen(method, getter)]
    fn from(this: &Helping) -> f64;

    #[wasm_bindgen(method, getter)]
    fn to(this: &Helping) -> f64;
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

/// An answer on its way. Dropping it closes the connection, which tells the endpoint to stop.
#[derive(Debug)]
pub struct Stream {
    body: Helpings,
    answer: answer::Reader,
    _abort: AbortOnDrop,
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
            Ok(helping) => {
                let helping: Helping = helping.unchecked_into();
                Read {
                    from: helping.from(),
                    to: helping.to(),
                    bytes: Ok(helping.bytes().map(|bytes| bytes.to_vec())),
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
        let taken = match read.bytes {
            Ok(Some(bytes)) => self.answer.push(&bytes, reply).map(|()| None),
            Ok(None) => std::mem::take(&mut self.answer).end(reply).map(Some),
            Err(_) => std::mem::take(&mut self.answer).cut(reply).map(Some),
        };
        if !matches!(taken, Ok(None)) {
            reply.end();
        }
        taken
    }
}

#[derive(Debug)]
struct AbortOnDrop(Option<AbortController>);

impl AbortOnDrop {
    fn new() -> Self {
        Self(AbortController::new().ok())
    }

    fn signal(&self) -> Option<AbortSignal> {
        self.0.as_ref().map(AbortController::signal)
    }
}

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        if let Some(controller) = &self.0 {
            // Without a reason: the browser then rejects with a DOMException, which is an Error,
            // and gloo-net panics at anything that is none.
            controller.abort();
        }
    }
}

/// Puts the headers that are an endpoint's own, its token among them, on a request.
fn with_headers(request: RequestBuilder, headers: &[(&str, String)]) -> RequestBuilder {
    let add = |request: RequestBuilder, (name, value): &(&str, String)| request.header(name, value);
    headers.iter().fold(request, add)
}

/// Lets a response through whose status is 200 to 299.
async fn accept(response: Response) -> Result<Response, Error> {
    if response.ok() {
        return Ok(response);
    }
    let body = response.text().await.unwrap_or_default();
    Err(Error::Refused {
        status: response.status(),
        message: wire::refusal(&body),
    })
}

/// The browser tells a page nothing about why there was no response.
fn unreachable(_: gloo_net::Error) -> Error {
    Error::Unreachable
}
