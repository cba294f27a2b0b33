//! Serves the built page with a tiny model's weights in place of its own, correctly or with faults, and
//! records the requests.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use futures_util::stream;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::{net::TcpListener, sync::Semaphore};

use super::page;

/// A fault in the response to one request for the weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The connection ends after this many bytes.
    Cut(usize),
    /// This many bytes come, and the rest after [`Weights::go_on`].
    Hold(usize),
    /// One byte is wrong.
    Garble,
    /// The page comes instead, as from servers of single-page apps.
    Page,
    /// The file comes from its beginning, whatever the requested range.
    Whole,
}

/// The server. Each is its own origin, so it has its own storage.
#[derive(Clone)]
pub struct Weights {
    address: SocketAddr,
    state: Arc<Served>,
}

struct Served {
    file: Vec<u8>,
    list: Mutex<Value>,
    faults: Mutex<VecDeque<Fault>>,
    ranges: Mutex<Vec<Option<String>>>,
    asked: Mutex<Vec<String>>,
    is_gone: AtomicBool,
    gate: Semaphore,
}

/// The model's ID.
pub const MODEL: &str = "Tiny";

impl Weights {
    /// Serves this file as the weights of [`MODEL`].
    pub async fn start(file: Vec<u8>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("loopback has a free port");
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Served {
            list: Mutex::new(list(&file, &["models/tiny.gguf"])),
            file,
            faults: Mutex::default(),
            ranges: Mutex::default(),
            asked: Mutex::default(),
            is_gone: AtomicBool::new(false),
            gate: Semaphore::new(0),
        });
        let app = Router::new().fallback(respond);
        let app = app.with_state(Arc::clone(&state));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { address, state }
    }

    /// Returns the page's URL.
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Returns their size, in bytes.
    pub fn size(&self) -> f64 {
        f64::from(u32::try_from(self.state.file.len()).unwrap())
    }

    /// Lists these sources of the weights from now on, in this order.
    pub fn are_at(&self, sources: &[&str]) {
        *self.state.list.lock().unwrap() = list(&self.state.file, sources);
    }

    /// Adds this fault to the next request for the weights.
    pub fn will(&self, fault: Fault) {
        self.state.faults.lock().unwrap().push_back(fault);
    }

    /// Lets a held response continue.
    pub fn go_on(&self) {
        self.state.gate.add_permits(1);
    }

    /// Refuses every request from now on.
    pub fn goes(&self) {
        self.state.asked.lock().unwrap().clear();
        self.state.is_gone.store(true, Ordering::Relaxed);
    }

    /// Returns the requested paths, since [`Self::goes`] if it was called.
    pub fn asked(&self) -> Vec<String> {
        self.state.asked.lock().unwrap().clone()
    }

    /// Returns the range of each request for the weights; none means all of them.
    pub fn ranges(&self) -> Vec<Option<String>> {
        self.state.ranges.lock().unwrap().clone()
    }
}

fn list(file: &[u8], sources: &[&str]) -> Value {
    let sha256 = format!("{:x}", Sha256::digest(file));
    let model = json!({ "id": MODEL, "size": file.len(), "sha256": sha256, "sources": sources });
    json!({ "models": [model] })
}

async fn respond(State(state): State<Arc<Served>>, headers: HeaderMap, uri: Uri) -> Response {
    state.asked.lock().unwrap().push(uri.path().to_owned());
    if state.is_gone.load(Ordering::Relaxed) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    match uri.path() {
        "/models.json" => {
            let list = state.list.lock().unwrap().to_string();
            ([(header::CONTENT_TYPE, "application/json")], list).into_response()
        }
        "/models/tiny.gguf" => file(state, &headers).await,
        _ => page::file(uri).await.into_response(),
    }
}

async fn file(state: Arc<Served>, headers: &HeaderMap) -> Response {
    let range = headers.get(header::RANGE);
    let range = range.map(|range| range.to_str().unwrap().to_owned());
    state.ranges.lock().unwrap().push(range.clone());
    let fault = state.faults.lock().unwrap().pop_front();
    if fault == Some(Fault::Page) {
        return page::file(Uri::from_static("/")).await.into_response();
    }
    let mut bytes = state.file.clone();
    let begin = range
        .and_then(|range| {
            range
                .strip_prefix("bytes=")?
                .strip_suffix('-')?
                .parse()
                .ok()
        })
        .filter(|begin| fault != Some(Fault::Whole) && *begin < bytes.len());
    if fault == Some(Fault::Garble) {
        // In the middle of a tensor.
        let middle = bytes.len() * 3 / 4;
        bytes[middle] ^= 1;
    }
    let all = bytes.len();
    let bytes = bytes.split_off(begin.unwrap_or(0));
    let (status, part) = match begin {
        Some(begin) => (
            StatusCode::PARTIAL_CONTENT,
            Some((
                header::CONTENT_RANGE,
                format!("bytes {begin}-{}/{all}", all - 1),
            )),
        ),
        None => (StatusCode::OK, None),
    };
    let mut head = HeaderMap::new();
    head.insert(header::CONTENT_LENGTH, bytes.len().into());
    head.insert(header::ETAG, "\"tiny\"".parse().unwrap());
    head.insert(header::ACCEPT_RANGES, "bytes".parse().unwrap());
    head.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*".parse().unwrap());
    if let Some((name, value)) = part {
        head.insert(name, value.parse().unwrap());
    }
    (status, head, body(state, bytes, fault)).into_response()
}

/// Builds a body of the bytes in pieces, with the fault between them.
fn body(state: Arc<Served>, bytes: Vec<u8>, fault: Option<Fault>) -> Body {
    let at = match fault {
        Some(Fault::Cut(at) | Fault::Hold(at)) => at.min(bytes.len()),
        _ => bytes.len(),
    };
    let rest = bytes[at..].to_vec();
    let first = bytes[..at].to_vec();
    let pieces = VecDeque::from([first, rest]);
    let stream = stream::unfold(
        (state, pieces, 0),
        move |(state, mut pieces, sent)| async move {
            let piece = pieces.pop_front()?;
            if sent == 1 {
                match fault {
                    // The client first reads what came before.
                    Some(Fault::Cut(_)) => {
                        let passed = state.gate.acquire().await;
                        passed.expect("it is never closed").forget();
                        return Some((Err(std::io::Error::other("cut")), (state, pieces, 2)));
                    }
                    Some(Fault::Hold(_)) => {
                        let passed = state.gate.acquire().await;
                        passed.expect("it is never closed").forget();
                    }
                    // hyper ends a body at an empty chunk.
                    _ => return None,
                }
            }
            Some((Ok(piece), (state, pieces, sent + 1)))
        },
    );
    Body::from_stream(stream)
}
