//! Serves the built page on loopback, like any static server that supports single-page apps.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use axum::{
    Router,
    http::{StatusCode, Uri, header},
    response::IntoResponse,
};
use tokio::net::TcpListener;

/// Serves `dist/` on a free port and returns its address. Each server is its own origin, so it has its
/// own storage.
pub async fn serve() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("loopback has a free port");
    let address = listener.local_addr().unwrap();
    let app = Router::new().fallback(file);
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

pub async fn file(uri: Uri) -> impl IntoResponse {
    let dist = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("dist");
    let asked = dist.join(uri.path().trim_start_matches('/'));
    let path = if asked.is_file() {
        asked
    } else {
        dist.join("index.html")
    };
    let kind = content_type(&path);
    match std::fs::read(&path) {
        Ok(bytes) => (StatusCode::OK, [(header::CONTENT_TYPE, kind)], bytes),
        Err(_) => (
            StatusCode::NOT_FOUND,
            [(header::CONTENT_TYPE, kind)],
            Vec::new(),
        ),
    }
}

/// Returns the content type of a file of the page.
pub fn content_type(file: &Path) -> &'static str {
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript",
        Some("css") => "text/css",
        Some("wasm") => "application/wasm",
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}
