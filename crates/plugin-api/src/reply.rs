//! Reply: status, headers and body of a response. The engine makes it, or a hook that answers itself, and the host
//! writes it to a socket.

use std::fmt;
use std::pin::Pin;

use bytes::Bytes;
use futures_util::Stream;
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION};

use crate::Error;

/// Bytes as they arrive.
pub type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes, Error>> + Send>>;

/// A response.
#[derive(Debug)]
#[non_exhaustive]
pub struct Reply {
    /// Its status.
    pub status: StatusCode,
    /// Its headers, without `Content-Length`, which the body decides.
    pub headers: HeaderMap,
    /// Its body. In a response to HEAD only its length is sent.
    pub body: Body,
}

/// The bytes of a response, or of an entry in a cache.
#[non_exhaustive]
pub enum Body {
    /// Nothing.
    Empty,
    /// The whole body, in memory.
    Bytes(Bytes),
    /// Bytes as they arrive, of a length known beforehand or not.
    Stream {
        /// The bytes.
        stream: ByteStream,
        /// How many there will be, if known.
        length: Option<u64>,
    },
}

impl Body {
    /// How many bytes there are, if known.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        match self {
            Self::Empty => Some(0),
            Self::Bytes(bytes) => Some(bytes.len() as u64),
            Self::Stream { length, .. } => *length,
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Body({:?} bytes)", self.length())
    }
}

impl Reply {
    /// A response with neither headers nor body.
    #[must_use]
    pub fn new(status: StatusCode) -> Self {
        Self {
            status,
            headers: HeaderMap::new(),
            body: Body::Empty,
        }
    }

    /// A line of plain text.
    #[must_use]
    pub fn text(status: StatusCode, text: impl Into<String>) -> Self {
        let mut reply = Self::new(status).header(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        reply.body = Body::Bytes(Bytes::from(text.into()));
        reply
    }

    /// Redirects the client. A location that is not a valid header value becomes a 500, so that no text of a client can
    /// split the response.
    #[must_use]
    pub fn redirect(status: StatusCode, location: &str) -> Self {
        match HeaderValue::from_str(location) {
            Ok(location) => Self::new(status).header(LOCATION, location),
            Err(_) => Self::text(StatusCode::INTERNAL_SERVER_ERROR, "The redirect has no valid address."),
        }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn with_body(mut self, body: Body) -> Self {
        self.body = body;
        self
    }
}
