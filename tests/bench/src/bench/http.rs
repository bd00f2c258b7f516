//! HTTP client for one GET on a connection of its own: warms a server up, looks at its answer, or asks many things at
//! once.

use std::io::{Read, Write};
use std::net::TcpStream;

use anyhow::{Context, Result, bail};

/// A response, whole.
pub(crate) struct Response {
    head: String,
    pub(crate) body: Vec<u8>,
}

impl Response {
    /// A header's value; the name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines
            .filter(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
            .next()
    }
}

/// Anything but a 200 is an error.
pub(crate) fn get(address: &str, target: &str) -> Result<Response> {
    answer(&mut ask(address, target)?).with_context(|| target.to_owned())
}

/// Sends the request; [`answer`] waits for the response.
pub(crate) fn ask(address: &str, target: &str) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(address).with_context(|| format!("nothing listens on {address}"))?;
    write!(
        stream,
        "GET {target} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )?;
    Ok(stream)
}

/// The answer to the one request on this connection. Anything but a 200 is an error.
pub(crate) fn answer(stream: &mut TcpStream) -> Result<Response> {
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let end = answer
        .windows(4)
        .position(|bytes| bytes == b"\r\n\r\n")
        .context("no whole response came")?;
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    if !head.starts_with("HTTP/1.1 200") {
        bail!("{}", head.lines().next().unwrap_or_default());
    }
    Ok(Response {
        head,
        body: answer[end + 4..].to_vec(),
    })
}
