//! Servers with one fault each that a page can hardly see, for the connection doctor.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// A server's behaviour.
#[derive(Clone, Debug)]
pub enum Kind {
    /// Answers everything, but lets no page read it.
    NoCors,
    /// Requires the token «good», and says so.
    Locked,
    /// Requires the token «good», but hides that from pages, as vLLM and OpenAI do.
    Hiding,
    /// Serves its paths below `/v1`.
    Versioned,
    /// Serves an HTML page at every path.
    Page,
    /// Redirects to another server, at the same path.
    Leads(String),
    /// Lists one model, «a», and rejects all others.
    Strict,
    /// Answers in one piece, whatever is requested.
    Whole,
    /// Never answers.
    Silent,
}

/// A received request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The method and path.
    pub line: String,
    pub authorization: Option<String>,
    pub body: String,
}

#[derive(Debug)]
struct Inside {
    kind: Mutex<Kind>,
    asked: Mutex<Vec<Asked>>,
    left: AtomicUsize,
}

/// The server.
#[derive(Clone, Debug)]
pub struct Odd {
    address: SocketAddr,
    inside: Arc<Inside>,
}

impl Odd {
    pub async fn start(kind: Kind) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("loopback has a free port");
        let address = listener.local_addr().unwrap();
        let inside = Arc::new(Inside {
            kind: Mutex::new(kind),
            asked: Mutex::default(),
            left: AtomicUsize::new(0),
        });
        let app = Router::new()
            .fallback(respond)
            .with_state(Arc::clone(&inside));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { address, inside }
    }

    /// Changes the server's behaviour.
    pub fn becomes(&self, kind: Kind) {
        *self.inside.kind.lock().unwrap() = kind;
    }

    /// Returns the scheme, host and port.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn base_url(&self) -> String {
        format!("{}/v1", self.origin())
    }

    /// Returns all requests except preflights.
    pub fn asked(&self) -> Vec<Asked> {
        let mut asked = self.inside.asked.lock().unwrap().clone();
        asked.retain(|asked| !asked.line.starts_with("OPTIONS"));
        asked
    }

    /// Returns the number of requests abandoned before their answer.
    pub fn left(&self) -> usize {
        self.inside.left.load(Ordering::SeqCst)
    }
}

/// Counts a request that is dropped before it is answered.
struct Leaves(Arc<Inside>);

impl Drop for Leaves {
    fn drop(&mut self) {
        self.0.left.fetch_add(1, Ordering::SeqCst);
    }
}

async fn respond(
    State(inside): State<Arc<Inside>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let text = |name| {
        Some(
            headers
                .get::<header::HeaderName>(name)?
                .to_str()
                .ok()?
                .to_owned(),
        )
    };
    let authorization = text(header::AUTHORIZATION);
    inside.asked.lock().unwrap().push(Asked {
        line: format!("{method} {}", uri.path()),
        authorization: authorization.clone(),
        body: String::from_utf8_lossy(&body).into_owned(),
    });
    let kind = inside.kind.lock().unwrap().clone();
    if matches!(kind, Kind::Silent) && method != Method::OPTIONS {
        let _leaves = Leaves(inside);
        return std::future::pending().await;
    }
    let is_good = authorization.as_deref() == Some("Bearer good");
    let is_api = uri.path().starts_with("/v1/");
    let hides = matches!(kind, Kind::NoCors)
        || matches!(kind, Kind::Hiding) && is_api && !is_good && method != Method::OPTIONS;
    let mut response = if method == Method::OPTIONS {
        StatusCode::NO_CONTENT.into_response()
    } else {
        answer(&kind, &uri, is_good, &body)
    };
    if let Some(origin) = headers.get(header::ORIGIN).filter(|_| !hides) {
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        let allowed = HeaderValue::from_static("authorization, content-type, accept");
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, allowed);
    }
    response
}

fn answer(kind: &Kind, uri: &Uri, is_good: bool, body: &[u8]) -> Response {
    let path = uri.path();
    match kind {
        Kind::Page => return html(),
        Kind::Leads(to) => {
            let to = HeaderValue::try_from(format!("{to}{path}")).unwrap();
            return (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, to)]).into_response();
        }
        Kind::Locked | Kind::Hiding if path.starts_with("/v1/") && !is_good => {
            let body = json!({ "error": { "message": "who are you?" } });
            return (StatusCode::UNAUTHORIZED, json_of(&body)).into_response();
        }
        _ => {}
    }
    let model = || {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        body["model"].as_str().unwrap_or_default().to_owned()
    };
    match path {
        "/v1/models" => {
            json_of(&json!({ "data": [{ "id": "a", "owned_by": "odd" }] })).into_response()
        }
        "/v1/chat/completions" if matches!(kind, Kind::Strict) && model() != "a" => {
            let body = json!({ "error": { "message": "model not found" } });
            (StatusCode::NOT_FOUND, json_of(&body)).into_response()
        }
        "/v1/chat/completions" if matches!(kind, Kind::Whole) => json_of(
            &json!({ "choices": [{ "message": { "content": "Hi" }, "finish_reason": "stop" }] }),
        )
        .into_response(),
        "/v1/chat/completions" => {
            let event =
                json!({ "choices": [{ "delta": { "content": "Hi" }, "finish_reason": "stop" }] });
            let stream = format!("data: {event}\n\ndata: [DONE]\n\n");
            ([(header::CONTENT_TYPE, "text/event-stream")], stream).into_response()
        }
        _ => (
            StatusCode::NOT_FOUND,
            json_of(&json!({ "detail": "Not Found" })),
        )
            .into_response(),
    }
}

fn html() -> Response {
    let page = "<!doctype html><title>Welcome</title><p>Hello, reader.";
    ([(header::CONTENT_TYPE, "text/html")], page).into_response()
}

fn json_of(body: &Value) -> impl IntoResponse + use<> {
    (
        [(header::CONTENT_TYPE, "application/json")],
        body.to_string(),
    )
}
