//! One line for each request, under the tracing target `access`: written when the last byte was handed over, or when the
//! client left. A client that left before there was an answer is logged with status 499, as nginx does.

use std::borrow::Cow;
use std::net::IpAddr;
use std::time::Instant;

use http::{HeaderValue, Method, StatusCode};
use resizer_plugin_api::{Error, Reply, RequestHead};

/// What is known of a request so far; the line is written on drop.
pub(crate) struct AccessLine {
    id: String,
    client: Option<IpAddr>,
    method: Method,
    target: String,
    began: Instant,
    status: Option<StatusCode>,
    cache: Option<HeaderValue>,
    bytes: u64,
    whole: bool,
    quiet: bool,
}

/// nginx's status for "the client closed the connection before there was an answer".
const CLIENT_LEFT: u16 = 499;

impl AccessLine {
    /// The line of a request that has just come in.
    pub(crate) fn begin(head: &RequestHead) -> Self {
        let target = match head.raw_query.as_str() {
            "" => printable(&head.raw_path).into_owned(),
            query => format!("{}?{}", printable(&head.raw_path), printable(query)),
        };
        let mut line = Self {
            id: String::new(),
            client: None,
            method: head.method.clone(),
            target,
            began: Instant::now(),
            status: None,
            cache: None,
            bytes: 0,
            whole: false,
            quiet: false,
        };
        line.identify(head);
        line
    }

    /// Takes over who asks and what the request is called, once that is settled.
    pub(crate) fn identify(&mut self, head: &RequestHead) {
        self.client = head.client;
        self.id.clone_from(&head.id);
    }

    /// No line for this one: probes come every second and say nothing.
    pub(crate) fn silence(&mut self) {
        self.quiet = true;
    }

    /// The answer is there and begins to leave.
    pub(crate) fn decided(&mut self, reply: &Reply, only_head: bool) {
        self.status = Some(reply.status);
        self.whole = only_head || reply.body.length() == Some(0);
        self.cache = reply.headers.get("x-cache").cloned();
    }

    /// Some of the body was handed over.
    pub(crate) fn sent(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
    }

    /// All of it was.
    pub(crate) fn complete(&mut self) {
        self.whole = true;
    }

    /// It broke off in the middle: the connection is closed, so that the client sees that something is missing.
    pub(crate) fn failed(&mut self, error: &Error) {
        let cause = error.cause().unwrap_or_default();
        tracing::warn!(id = %self.id, path = %self.target, cause, "the response broke off: {error}");
    }
}

impl Drop for AccessLine {
    fn drop(&mut self) {
        if self.quiet {
            return;
        }
        let Self {
            id,
            client,
            method,
            target,
            cache,
            bytes,
            whole,
            ..
        } = self;
        let status = self.status.map_or(CLIENT_LEFT, |status| status.as_u16());
        let ms = self.began.elapsed().as_micros() as f64 / 1000.0;
        let client = client.map(tracing::field::display);
        let cache = cache.as_ref().and_then(|cache| cache.to_str().ok()).unwrap_or_default();
        tracing::info!(target: "access", %id, client, %method, path = %target, status, bytes, ms, %cache, whole);
    }
}

/// The text with every control character escaped, so that no request can forge a line.
fn printable(text: &str) -> Cow<'_, str> {
    if text.chars().any(char::is_control) {
        text.escape_debug().to_string().into()
    } else {
        text.into()
    }
}
