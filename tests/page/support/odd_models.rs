//! A server that describes its models in its own ways: their owners, and whether they accept images. It
//! answers like a [`super::Endpoint`] without a script.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// The server's descriptions.
#[derive(Debug, Default)]
pub struct Odd {
    /// Each model, as it appears in the list.
    pub models: Vec<Value>,
    /// The response to `GET /props`.
    pub props: Option<Value>,
    /// The response to `POST /api/show`.
    pub show: Option<Value>,
}

/// A received request: its method and path, token and body.
#[derive(Clone, Debug)]
pub struct Came {
    pub request: String,
    pub authorization: Option<String>,
    pub body: Value,
}

struct Server {
    odd: Odd,
    came: Mutex<Vec<Came>>,
}

/// The server. It runs as long as the test.
pub struct OddModels {
    address: SocketAddr,
    server: Arc<Server>,
}

impl OddModels {
    pub async fn start(odd: Odd) -> Self {
        let server = Arc::new(Server {
            odd,
            came: Mutex::default(),
        });
        let app = Router::new()
            .fallback(respond)
            .with_state(Arc::clone(&server));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { address, server }
    }

    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Returns the requests so far with this method and path.
    pub fn came(&self, request: &str) -> Vec<Came> {
        let came = self.server.came.lock().unwrap();
        came.iter()
            .filter(|came| came.request == request)
            .cloned()
            .collect()
    }
}

async fn respond(
    State(server): State<Arc<Server>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let authorization = headers.get(header::AUTHORIZATION);
    let came = Came {
        request: format!("{method} {}", uri.path()),
        authorization: authorization.map(|token| token.to_str().unwrap().to_owned()),
        body: body.clone(),
    };
    let told = |told: &Option<Value>| match told {
        Some(told) => axum::Json(told.clone()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    };
    let odd = &server.odd;
    let mut response = match &*came.request {
        "GET /v1/models" => {
            let list = json!({ "object": "list", "data": odd.models });
            axum::Json(list).into_response()
        }
        "GET /props" => told(&odd.props),
        "POST /api/show" => told(&odd.show),
        "POST /v1/chat/completions" => {
            let heard = body["messages"].as_array().and_then(|all| all.last());
            let heard = heard.map_or(&Value::Null, |message| &message["content"]);
            let text = format!("heard: {}", heard.as_str().unwrap_or("parts"));
            let choice = json!({ "delta": { "content": text }, "finish_reason": "stop" });
            let event = json!({ "choices": [choice] });
            let events = format!("data: {event}\n\ndata: [DONE]\n\n");
            ([(header::CONTENT_TYPE, "text/event-stream")], events).into_response()
        }
        _ if method == Method::OPTIONS => StatusCode::NO_CONTENT.into_response(),
        _ => StatusCode::NOT_FOUND.into_response(),
    };
    server.came.lock().unwrap().push(came);
    if let Some(origin) = headers.get(header::ORIGIN) {
        let allowed = response.headers_mut();
        allowed.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        let names = "authorization, content-type, accept".parse().unwrap();
        allowed.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, names);
    }
    response
}
