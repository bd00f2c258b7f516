//! HTTP requests written by hand, so that filling a store for a test shares no code with reading it.

use std::io;
use std::net::SocketAddr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// The characters that are not escaped in a path.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Sends one request with these header lines, and reads the whole response.
pub(crate) async fn send(to: SocketAddr, method: &str, target: &str, headers: &str, body: &[u8]) -> io::Result<String> {
    let mut stream = TcpStream::connect(to).await?;
    let length = body.len();
    let head = format!(
        "{method} {target} HTTP/1.1\r\nHost: {to}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// The name of an object as a path: each segment percent-encoded.
pub(crate) fn escaped(name: &str) -> String {
    let segments: Vec<String> = name
        .split('/')
        .map(|segment| utf8_percent_encode(segment, PLAIN).to_string())
        .collect();
    segments.join("/")
}
