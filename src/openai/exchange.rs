//! A request and its response: sending, timeouts, recording and abort.

use super::{
    Failure, Timeout,
    batches::{Batch, Batches},
};
use crate::{
    assets,
    endpoint::{Endpoint, Timeouts, Token},
};
use gloo_net::http::{self, RequestBuilder, Response};
use js_sys::Uint8Array;
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use web_sys::{AbortSignal, RequestRedirect, ResponseType};

#[wasm_bindgen(module = "/src/openai/exchange.js")]
extern "C" {
    #[derive(Debug)]
    #[wasm_bindgen(js_name = Exchange)]
    type JsExchange;

    #[wasm_bindgen(constructor, js_class = "Exchange")]
    fn new(name: &str, address: &str, headers: &str, body: &str, secret: &str) -> JsExchange;

    #[wasm_bindgen(method, getter)]
    fn signal(this: &JsExchange) -> AbortSignal;

    #[wasm_bindgen(method, getter)]
    fn over(this: &JsExchange) -> Option<u8>;

    #[wasm_bindgen(method)]
    fn wait(this: &JsExchange, what: u8, seconds: u32);

    #[wasm_bindgen(method)]
    fn responded(this: &JsExchange, status: u16, content_type: &str);

    #[wasm_bindgen(method)]
    fn received(this: &JsExchange, bytes: &Uint8Array);

    #[wasm_bindgen(method)]
    fn end(this: &JsExchange);

    #[wasm_bindgen(catch)]
    async fn respond(address: &str, request: &web_sys::Request) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(js_name = exchanges)]
    fn exchanges_of(name: &str) -> Vec<String>;

    #[wasm_bindgen(js_name = secondsOf)]
    fn seconds_of(retry_after: &str) -> u32;
}

/// Transport of a request to an endpoint, and of its response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transport {
    /// A request that the browser sends to a server.
    Http,
    /// The program that runs models in this browser, which responds like a server.
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

    /// Sends a request. A browser does not tell why it fails.
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

/// A request for an answer as it would be sent now: its address, headers and body, in the format of
/// [`exchanges`].
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

/// The headers of a request for an answer as they are shown, without any secret.
pub(super) fn shown_headers(own: &[(&str, String)]) -> String {
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

/// Returns what was sent and received under a name: each attempt as JSON, the first one first.
pub fn exchanges(name: &str) -> Vec<String> {
    exchanges_of(name)
}

/// A request. Dropping it closes its connection.
#[derive(Debug)]
pub(super) struct Exchange {
    recorded: JsExchange,
    token: Option<Token>,
    transport: Transport,
}

impl Exchange {
    /// Records received bytes.
    pub(super) fn received(&self, bytes: &Uint8Array) {
        self.recorded.received(bytes);
    }

    pub(super) fn begin(
        name: &str,
        endpoint: &Endpoint,
        address: &str,
        headers: &str,
        body: &str,
    ) -> Self {
        // A server may repeat the token; it is masked where it is shown.
        let own = endpoint.headers();
        let sent = own.iter().find(|(name, _)| *name == "Authorization");
        let secret = sent.and_then(|(_, value)| value.strip_prefix("Bearer "));
        let is_masked = endpoint.token.as_ref().is_some_and(Token::is_masked);
        let secret = secret.filter(|_| is_masked).unwrap_or_default();
        let exchange = JsExchange::new(name, address, headers, body, secret);
        Self {
            recorded: exchange,
            token: endpoint.token.clone(),
            transport: Transport::of(endpoint),
        }
    }

    /// Masks the token in an error's message: some servers repeat it, and messages are stored.
    pub(super) fn masked(&self, error: Failure) -> Failure {
        match &self.token {
            Some(token) => error.masked(token),
            None => error,
        }
    }

    /// Aborts the request if this wait takes longer than this many seconds.
    pub(super) fn wait(&self, wait: Timeout, seconds: u32) {
        self.recorded.wait(wait as u8, seconds);
    }

    /// Ties the request to this exchange, and follows no redirect: a token would go along.
    pub(super) fn guard(&self, request: RequestBuilder) -> RequestBuilder {
        let request = request.redirect(RequestRedirect::Manual);
        request.abort_signal(Some(&self.recorded.signal()))
    }

    /// Sends the request, and accepts a response whose status is 200 to 299.
    pub(super) async fn send(
        &self,
        request: Result<http::Request, gloo_net::Error>,
        timeout: u32,
    ) -> Result<Response, Failure> {
        // The browser tells a page nothing about why there was no response.
        let unreachable = |()| self.broken(timeout, Failure::Unreachable);
        let request = request.map_err(|_| unreachable(()))?;
        let response = self.transport.send(request).await.map_err(unreachable)?;
        let header = |name| response.headers().get(name);
        let content_type = header("content-type").unwrap_or_default();
        if response.type_() == ResponseType::Opaqueredirect {
            return Err(Failure::Redirected);
        }
        self.recorded.responded(response.status(), &content_type);
        if response.ok() {
            return Ok(response);
        }
        let retry_after = header("retry-after").map(|after| seconds_of(&after));
        let body = self.read(&response, MAX_OF_A_REFUSAL).await;
        Err(self.masked(Failure::Refused {
            status: response.status(),
            message: super::wire::refusal(&String::from_utf8_lossy(&body.unwrap_or_default())),
            retry_after,
        }))
    }

    /// Reads a response, up to this many bytes.
    pub(super) async fn read(&self, response: &Response, most: usize) -> Result<Vec<u8>, ()> {
        let mut read = Vec::new();
        let Some(body) = response.body() else {
            return Ok(read);
        };
        let body = Batches::new(&body, 0.0);
        while read.len() < most {
            let batch: Batch = body.next().await.map_err(|_| ())?.unchecked_into();
            let Some(bytes) = batch.bytes() else { break };
            self.recorded.received(&bytes);
            read.extend(bytes.to_vec());
        }
        read.truncate(most);
        Ok(read)
    }

    /// The timeout that ended the request, if any.
    pub(super) fn timed_out(&self, timeouts: Timeouts) -> Option<Failure> {
        let over = self.recorded.over()?;
        let all = [
            (Timeout::Response, timeouts.response),
            (Timeout::FirstToken, timeouts.first_token),
            (Timeout::Idle, timeouts.idle),
        ];
        let (wait, seconds) = all.into_iter().find(|(wait, _)| *wait as u8 == over)?;
        Some(Failure::TimedOut { wait, seconds })
    }

    /// The timeout of the response, if it ended the request, else `error`.
    pub(super) fn broken(&self, timeout: u32, error: Failure) -> Failure {
        let timeouts = Timeouts {
            response: timeout,
            ..Timeouts::default()
        };
        self.timed_out(timeouts).unwrap_or(error)
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.recorded.end();
    }
}

/// Adds an endpoint's own headers, including its token, to a request.
pub(super) fn with_headers(request: RequestBuilder, headers: &[(&str, String)]) -> RequestBuilder {
    let add = |request: RequestBuilder, (name, value): &(&str, String)| request.header(name, value);
    headers.iter().fold(request, add)
}

/// Maximum number of bytes searched for a refusal's message.
pub(super) const MAX_OF_A_REFUSAL: usize = 64 * 1024;

pub(super) const ACCEPT: &str = "text/event-stream, application/json";
pub(super) const CONTENT_TYPE: &str = "application/json";
