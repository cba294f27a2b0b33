//! Serves the built page like a good static host: compressed, with its hashed files cached for good.

use std::{
    collections::HashMap,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Arc, Mutex, OnceLock},
    time::SystemTime,
};

use axum::{
    Router,
    extract::State,
    http::{Uri, header},
    response::{Html, IntoResponse, Response},
};
use tokio::net::TcpListener;

use crate::support::page::content_type;

/// The path of a page that does the least a page can do with an answer.
pub const BARE: &str = "/bare";

/// The folder of weights.
const WEIGHTS: &str = "models";

/// A received request.
#[derive(Clone, Debug)]
pub struct Request {
    pub at: SystemTime,
    /// The size of the response's body, in Brotli.
    pub bytes: usize,
    /// The size of the response's head, in HTTP/1.1.
    pub headers: usize,
}

/// The server. Each is its own origin, so it has its own storage.
#[derive(Clone, Debug)]
pub struct Site {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Site {
    pub async fn start() -> Self {
        // No request should wait for the compression.
        let mut folders = vec![dist()];
        while let Some(folder) = folders.pop() {
            for file in std::fs::read_dir(folder).expect("there is a build in dist/") {
                let path = file.expect("dist/ can be read").path();
                if path.is_dir() {
                    // Weights can't get any smaller.
                    folders.extend((!path.ends_with(WEIGHTS)).then_some(path));
                } else {
                    compressed(&path);
                }
            }
        }
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("loopback has a free port");
        let site = Self {
            address: listener.local_addr().unwrap(),
            requests: Arc::default(),
        };
        let app = Router::new().fallback(file).with_state(site.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        site
    }

    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Returns the requests so far.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

async fn file(State(site): State<Site>, uri: Uri) -> Response {
    if uri.path() == BARE {
        return Html(include_str!("bare.html")).into_response();
    }
    if let Some(path) = uri.path().strip_prefix("/wllama/")
        && let Some(folder) = wllama()
    {
        let path = folder.join(path);
        let bytes = std::fs::read(&path).unwrap_or_default();
        return ([(header::CONTENT_TYPE, content_type(&path))], bytes).into_response();
    }
    let asked = dist().join(uri.path().trim_start_matches('/'));
    let (path, cache) = if asked.is_file() {
        (asked, "public, max-age=31536000, immutable")
    } else {
        (dist().join("index.html"), "no-cache")
    };
    let kind = content_type(&path);
    if path
        .parent()
        .is_some_and(|folder| folder.ends_with(WEIGHTS))
    {
        let bytes = std::fs::read(&path).expect("it was there a moment ago");
        return ([(header::CONTENT_TYPE, kind)], bytes).into_response();
    }
    let bytes = compressed(&path);
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_ENCODING, "br"),
        (header::CACHE_CONTROL, cache),
    ];
    let lines = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4);
    // The server adds these itself.
    let length = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", bytes.len());
    let date = "date: Mon, 30 Nov 2026 00:00:00 GMT\r\n";
    let request = Request {
        at: SystemTime::now(),
        bytes: bytes.len(),
        headers: lines.sum::<usize>() + length.len() + date.len(),
    };
    site.requests.lock().unwrap().push(request);
    (headers, bytes).into_response()
}

/// Returns the folder of wllama, another runtime to compare with, if `script/bench` could get it.
pub fn wllama() -> Option<PathBuf> {
    let folder = Path::new(&std::env::var_os("COLLATE_TOOLS")?).join("wllama/esm");
    folder.is_dir().then_some(folder)
}

/// Returns the files in the folder with this prefix, and their sizes in Brotli.
pub fn files(beginning: &str) -> Vec<(PathBuf, usize)> {
    let all = std::fs::read_dir(dist()).expect("there is a build in dist/");
    let folder = all
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| {
            path.is_dir()
                && path
                    .file_name()
                    .is_some_and(|name| name.to_string_lossy().starts_with(beginning))
        });
    let mut folders = vec![folder.expect("there is such a folder")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("dist/ can be read") {
            let path = entry.expect("dist/ can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let bytes = compressed(&path).len();
                files.push((path, bytes));
            }
        }
    }
    files
}

fn dist() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("dist")
}

/// Compresses a file with Brotli, by the same tool as `script/size`. Each is compressed once.
fn compressed(path: &Path) -> Vec<u8> {
    static FILES: OnceLock<Mutex<HashMap<PathBuf, Vec<u8>>>> = OnceLock::new();
    let mut files = FILES.get_or_init(Mutex::default).lock().unwrap();
    files
        .entry(path.to_owned())
        .or_insert_with(|| {
            let output = Command::new("brotli")
                .args(["--quality=11", "--stdout"])
                .arg(path)
                .stderr(Stdio::inherit())
                .output()
                .expect("brotli is installed: script/bootstrap --tests");
            assert!(output.status.success(), "{} is compressed", path.display());
            output.stdout
        })
        .clone()
}
