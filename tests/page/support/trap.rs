//! A server on loopback that nothing should ever contact. It records everything it receives.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// The smallest image: one transparent pixel, as a GIF.
const PIXEL: &[u8] = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\0\0\0\x21\xf9\x04\x01\0\0\0\0\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0\x3b";

/// The server. It answers every request with an image.
#[derive(Clone, Debug)]
pub struct Trap {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Trap {
    pub async fn set() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("loopback has a free port");
        let address = listener.local_addr().unwrap();
        let heard = Arc::<Mutex<Vec<String>>>::default();
        let trap = Self {
            address,
            heard: Arc::clone(&heard),
        };
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                tokio::spawn(answer(connection, Arc::clone(&heard)));
            }
        });
        trap
    }

    /// Returns its host and port.
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// Returns the first line of each request so far; a connection without one counts as an empty line.
    pub fn heard(&self) -> Vec<String> {
        let heads = self.heads();
        let lines = heads
            .iter()
            .map(|head| head.lines().next().unwrap_or_default());
        lines.map(str::to_owned).collect()
    }

    /// Returns the first line of each request so far. Where the user wants something from the server, a
    /// browser may open a spare connection beside the one it uses, which doesn't count.
    pub fn asked(&self) -> Vec<String> {
        let mut lines = self.heard();
        lines.retain(|line| !line.is_empty());
        lines
    }

    /// Returns each request so far, with its headers.
    pub fn heads(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

async fn answer(mut connection: TcpStream, heard: Arc<Mutex<Vec<String>>>) {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    // Even a connection without a request tells its server something.
    let number = {
        let mut heard = heard.lock().unwrap();
        heard.push(String::new());
        heard.len() - 1
    };
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        match connection.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(read) => request.extend_from_slice(&buffer[..read]),
        }
    }
    heard.lock().unwrap()[number] = String::from_utf8_lossy(&request).into_owned();
    let response = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: image/gif\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        PIXEL.len()
    );
    // The client may be gone.
    let _ = connection.write_all(response.as_bytes()).await;
    let _ = connection.write_all(PIXEL).await;
}
