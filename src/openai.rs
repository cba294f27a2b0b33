//! Client of OpenAI-compatible endpoints: lists of models, and streamed answers. Requests to
//! models in this browser take the same path, without the network: see `exchange::Transport`.

#![expect(
    clippy::disallowed_methods,
    reason = "this module sends requests, which need the headers"
)]

mod batches;
mod exchange;
mod limiter;

pub use collate_core::protocol::*;
pub use exchange::{exchanges, unsent};
pub use limiter::Permit;

use batches::{Batch, Batches};
use exchange::{ACCEPT, CONTENT_TYPE, Exchange, shown_headers, with_headers};

use futures_util::future::{Either, select};
use gloo_net::http;
use wasm_bindgen::{JsCast, JsValue};

use crate::{
    endpoint::{Endpoint, Timeouts},
    event,
};

/// Maximum size of a list of models, in bytes; the longest known has about 1 MB.
const MAX_OF_A_LIST: usize = 16 * 1024 * 1024;

/// Maximum number of pages of a list of models: Anthropic's have 20 models each.
const MAX_PAGES: usize = 50;

/// Timeout for a page of a list of models, in seconds: it is short, and no request queues behind it.
const MODELS_TIMEOUT: u32 = 60;

/// Requests an endpoint's models and their details, by `GET {base}/models`. Dropping the future
/// closes the connection: a browser opens only six to one HTTP/1.1 server.
///
/// # Errors
/// The reason why there is no list.
pub async fn models(endpoint: &Endpoint) -> Result<Listed, Failure> {
    let mut listed = page_of_models(endpoint, "").await?;
    for _ in 1..MAX_PAGES {
        let mut is_next = false;
        for query in listed.take_next() {
            // A page that can't be read leaves the list short.
            let page = page_of_models(endpoint, &query).await;
            is_next = page.is_ok_and(|page| listed.add(page));
            if is_next {
                break;
            }
        }
        if !is_next {
            break;
        }
    }
    Ok(listed)
}

/// Requests one page of a list of models.
async fn page_of_models(endpoint: &Endpoint, query: &str) -> Result<Listed, Failure> {
    let mut address = endpoint.base_url.join("models");
    // The client adds the last field itself.
    let (before, last) = query.rsplit_once('&').unwrap_or(("", query));
    if !before.is_empty() {
        address = format!("{address}?{before}");
    }
    let exchange = Exchange::begin("", endpoint, &address, "", "");
    exchange.wait(Timeout::Response, MODELS_TIMEOUT);
    let mut request = http::Request::get(&address).header("Accept", "application/json");
    if let Some((name, value)) = last.split_once('=') {
        let value = js_sys::decode_uri_component(value);
        request = request.query([(name, value.map(String::from).unwrap_or_default())]);
    }
    let request = with_headers(request, &endpoint.headers_for_models());
    let request = exchange.guard(request).build();
    let response = exchange.send(request, MODELS_TIMEOUT).await?;
    let body = exchange.read(&response, MAX_OF_A_LIST).await;
    let body = body.map_err(|()| exchange.broken(MODELS_TIMEOUT, Failure::CutOff))?;
    models::listed(&String::from_utf8_lossy(&body)).map_err(|error| exchange.masked(error))
}

/// Requests an answer, by `POST {base}/chat/completions`. The future resolves once the answer
/// begins; dropping it, or the stream that it returns, closes the connection. Request and response
/// are recorded under `name`: see [`exchanges`]. `body` is a [`Request`] as JSON.
///
/// # Errors
/// The reason why there is no answer.
pub async fn stream(
    name: &str,
    endpoint: &Endpoint,
    body: String,
    timeouts: Timeouts,
) -> Result<Stream, Failure> {
    let address = endpoint.base_url.join("chat/completions");
    let own = endpoint.headers();
    let headers = shown_headers(&own);
    let exchange = Exchange::begin(name, endpoint, &address, &headers, &body);
    exchange.wait(Timeout::Response, timeouts.response);
    let request = http::Request::post(&address)
        .header("Accept", ACCEPT)
        .header("Content-Type", CONTENT_TYPE);
    let request = exchange.guard(with_headers(request, &own)).body(body);
    let response = exchange.send(request, timeouts.response).await?;
    exchange.wait(Timeout::FirstToken, timeouts.first_token);
    let body = response.body().ok_or(Failure::Empty)?;
    let content_type = response.headers().get("content-type");
    Ok(Stream {
        body: Batches::new(&body, PACE),
        answer: answer::Reader::new(&content_type.unwrap_or_default()),
        timeouts,
        request: exchange,
        ended: 0.0,
    })
}

/// Interval between batches of an answer, in milliseconds: more than twenty a second read as
/// flowing, and each costs a frame.
const PACE: f64 = 47.0;

/// A batch of a response, its end, or a broken connection.
#[derive(Debug)]
pub struct Read {
    /// Time of the first chunk, in milliseconds since 1970.
    pub from: f64,
    /// Time of the last chunk.
    pub to: f64,
    bytes: Result<Option<Vec<u8>>, JsValue>,
}

/// Queues a request for an endpoint's server.
pub fn queue(endpoint: &Endpoint) -> Permit {
    Permit::request(endpoint.base_url.origin(), endpoint.most_at_once())
}

/// A stream of an answer. Dropping it closes the connection, which tells the endpoint to stop.
#[derive(Debug)]
pub struct Stream {
    body: Batches,
    answer: answer::Reader,
    timeouts: Timeouts,
    request: Exchange,
    /// Time of the answer's end, in milliseconds since 1970; 0 is not yet.
    ended: f64,
}

/// Time for what follows the end of an answer, in milliseconds.
const LATE: f64 = 300.0;

impl Stream {
    /// Waits for the next batch: the first chunk immediately, the rest at a fixed pace.
    pub async fn read(&self) -> Read {
        let now = |bytes| {
            let now = js_sys::Date::now();
            Read {
                from: now,
                to: now,
                bytes,
            }
        };
        let next = if self.answer.is_done() {
            // An error or the counts may follow the end; some servers leave the connection open. A hidden
            // tab's timers are late.
            let left = self.ended + LATE - js_sys::Date::now();
            if left <= 0.0 || event::is_hidden() {
                return now(Ok(None));
            }
            #[expect(clippy::cast_possible_truncation, reason = "it is at most LATE")]
            let late = event::sleep(left as i32);
            match select(Box::pin(self.body.next()), Box::pin(late)).await {
                Either::Left((next, _)) => next,
                Either::Right(_) => return now(Ok(None)),
            }
        } else {
            self.body.next().await
        };
        match next {
            Ok(batch) => {
                let batch: Batch = batch.unchecked_into();
                let bytes = batch.bytes();
                if let Some(bytes) = &bytes {
                    self.request.received(bytes);
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

    /// Adds a batch to the reply. Once the answer has ended, returns how.
    ///
    /// # Errors
    /// The reason why the answer is incomplete; the text received so far is in the reply.
    pub fn take(&mut self, read: Read, reply: &mut Reply) -> Result<Option<Finish>, Failure> {
        let (before, to) = (reply.progress(), read.to);
        let taken = match read.bytes {
            Ok(Some(bytes)) => self.answer.push(&bytes, reply).map(|()| None),
            Ok(None) => std::mem::take(&mut self.answer).end(reply).map(Some),
            Err(_) => {
                let cut = std::mem::take(&mut self.answer).cut(reply);
                // An answer that timed out may have been complete.
                cut.map(Some).map_err(|error| match error {
                    Failure::CutOff => {
                        let over = self.request.timed_out(self.timeouts);
                        over.unwrap_or(error)
                    }
                    error => error,
                })
            }
        };
        let taken = taken.map_err(|error| self.request.masked(error));
        if self.answer.is_done() && self.ended == 0.0 {
            self.ended = to;
        }
        if !matches!(taken, Ok(None)) {
            reply.end();
        } else if reply.progress() != before {
            // A keep-alive does not restart the idle timeout.
            self.request.wait(Timeout::Idle, self.timeouts.idle);
        }
        taken
    }
}
