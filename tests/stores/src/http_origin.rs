//! Scripted HTTP/1.1 server: answers as a test says, byte for byte if need be, and records its requests. It imitates
//! malicious and broken servers.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// The server. It runs on the runtime it was made on, and accepts no connections once it is dropped.
pub struct HttpOrigin {
    address: SocketAddr,
    seen: Arc<Seen>,
    accepting: JoinHandle<()>,
}

/// A recorded request.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The method.
    pub method: String,
    /// Path and query, as they stood in the request line.
    pub target: String,
    /// The headers.
    pub headers: HeaderMap,
}

/// A response.
#[derive(Clone, Debug)]
pub struct Answer {
    /// All bytes of the response, from the status line on.
    pub bytes: Vec<u8>,
    /// The end of the response.
    pub then: Then,
}

/// The state of the connection after a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// It stays open for the next request.
    Keep,
    /// It is closed.
    Close,
    /// It stays open, but the server sends nothing more.
    Hang,
}

#[derive(Default)]
struct Seen {
    asked: Mutex<Vec<Asked>>,
    connections: AtomicUsize,
}

impl Asked {
    /// A header's text, empty if the header is absent.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }
}

impl Answer {
    /// A response with this status, these headers and this body. Its `Content-Length` is the body's, unless the headers
    /// have one or have `Transfer-Encoding`.
    #[must_use]
    pub fn new(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Self {
        let mut head = format!("HTTP/1.1 {status} Status\r\n");
        let framed = |(name, _): &(&str, &str)| {
            name.eq_ignore_ascii_case("content-length") || name.eq_ignore_ascii_case("transfer-encoding")
        };
        if !headers.iter().any(framed) {
            head += &format!("Content-Length: {}\r\n", body.len());
        }
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += "\r\n";
        Self {
            bytes: [head.as_bytes(), body].concat(),
            then: Then::Keep,
        }
    }

    /// The response to HEAD: the same without its body.
    #[must_use]
    pub fn head_only(mut self) -> Self {
        let end = self.bytes.windows(4).position(|bytes| bytes == b"\r\n\r\n");
        self.bytes.truncate(end.map_or(0, |end| end + 4));
        self
    }

    /// The same with another end.
    #[must_use]
    pub fn then(mut self, then: Then) -> Self {
        self.then = then;
        self
    }
}

impl HttpOrigin {
    /// A server on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// The system has no port left.
    pub async fn start(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> io::Result<Self> {
        Self::start_at((Ipv4Addr::LOCALHOST, 0).into(), answer).await
    }

    /// A server at this address.
    ///
    /// # Errors
    /// The address is taken.
    pub async fn start_at(
        address: SocketAddr,
        answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let (seen, answer) = (Arc::new(Seen::default()), Arc::new(answer));
        let accepting = {
            let seen = Arc::clone(&seen);
            tokio::spawn(async move {
                while let Ok((connection, _)) = listener.accept().await {
                    seen.connections.fetch_add(1, Ordering::Relaxed);
                    let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                    // The client notices by itself how a connection ends.
                    tokio::spawn(async move { drop(serve(connection, &seen, &*answer).await) });
                }
            })
        };
        Ok(Self {
            address,
            seen,
            accepting,
        })
    }

    /// The address that it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// All requests so far.
    #[must_use]
    pub fn asked(&self) -> Vec<Asked> {
        self.seen.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The number of connections so far.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::Relaxed)
    }
}

impl Drop for HttpOrigin {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl fmt::Debug for HttpOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HttpOrigin({})", self.address)
    }
}

async fn serve(mut connection: TcpStream, seen: &Seen, answer: &impl Fn(&Asked) -> Answer) -> io::Result<()> {
    let mut read = Vec::new();
    loop {
        let end = loop {
            if let Some(end) = read.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break end;
            }
            if connection.read_buf(&mut read).await? == 0 {
                return Ok(());
            }
        };
        let asked = parse(&String::from_utf8_lossy(&read[..end]));
        read.drain(..end + 4);
        let answer = answer(&asked);
        seen.asked.lock().unwrap_or_else(PoisonError::into_inner).push(asked);
        connection.write_all(&answer.bytes).await?;
        match answer.then {
            Then::Keep => {}
            Then::Close => return connection.shutdown().await,
            Then::Hang => {
                // Reads until the client closes the connection.
                while connection.read_buf(&mut read).await? > 0 {}
                return Ok(());
            }
        }
    }
}

fn parse(head: &str) -> Asked {
    let mut lines = head.split("\r\n");
    let mut words = lines.next().unwrap_or_default().split(' ');
    let mut word = || words.next().unwrap_or_default().to_owned();
    let header = |line: &str| {
        let (name, value) = line.split_once(':')?;
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        Some((name, HeaderValue::from_str(value.trim()).ok()?))
    };
    Asked {
        method: word(),
        target: word(),
        headers: lines.filter_map(header).collect(),
    }
}
