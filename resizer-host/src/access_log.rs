//! Access log: one line for each request, under the target `access`, written when the last byte was sent or the client
//! left. A client that left before the answer is logged with status 499, as nginx does. The lines look like all others
//! of the log and obey its filter. They are formatted here, because `tracing` took a fifth of the time of a cache hit
//! for it.

mod lines;

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use http::{HeaderValue, StatusCode};
use resizer_plugin_api::{Error, Reply, RequestHead};
use serde::Serialize;

use self::lines::Lines;
pub(crate) use self::lines::{flush, start};
use crate::settings::LogFormat;

/// A line in the making: collects what is known of a request, and writes the line on drop.
#[derive(Default)]
pub(crate) struct AccessLine {
    /// The request, once its client and its id are known.
    head: Option<Arc<RequestHead>>,
    status: Option<StatusCode>,
    cache: Option<HeaderValue>,
    bytes: u64,
    whole: bool,
    quiet: bool,
}

/// nginx's status for "the client closed the connection before there was an answer".
const CLIENT_LEFT: u16 = 499;

impl AccessLine {
    /// Sets the request of the line. A line without a request is not written.
    pub(crate) fn identify(&mut self, head: &Arc<RequestHead>) {
        self.head = Some(Arc::clone(head));
    }

    /// Suppresses the line: the operator wants none, or the request is a health probe, of which one comes every second.
    pub(crate) fn silence(&mut self) {
        self.quiet = true;
    }

    /// Notes the response, which begins to be sent.
    pub(crate) fn decided(&mut self, reply: &Reply) {
        self.status = Some(reply.status);
        self.cache = reply.headers.get("x-cache").cloned();
    }

    /// Counts bytes of the body that were sent.
    pub(crate) fn sent(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
    }

    /// Notes that the whole response was sent.
    pub(crate) fn complete(&mut self) {
        self.whole = true;
    }

    /// Logs that the response broke off in the middle. The connection is then closed, so that the client notices.
    pub(crate) fn failed(&mut self, error: &Error) {
        let Some(head) = &self.head else { return };
        let cause = error.cause().unwrap_or_default();
        tracing::warn!(id = %head.id, path = %target(head).concat(), cause, "the response broke off: {error}");
    }
}

impl Drop for AccessLine {
    fn drop(&mut self) {
        let Some(head) = &self.head else { return };
        if self.quiet || !tracing::enabled!(target: "access", tracing::Level::INFO) {
            return;
        }
        let Some(lines) = Lines::get() else { return };
        let microseconds = head.arrived.elapsed().as_micros() as u64;
        lines.add(|time, line| match lines.format {
            LogFormat::Text => self.write_text(head, time, microseconds, line),
            LogFormat::Json => self.write_json(head, time, microseconds, line),
        });
    }
}

impl AccessLine {
    fn status(&self) -> u16 {
        self.status.map_or(CLIENT_LEFT, |status| status.as_u16())
    }

    fn cache(&self) -> &str {
        self.cache
            .as_ref()
            .and_then(|cache| cache.to_str().ok())
            .unwrap_or_default()
    }

    fn write_text(&self, head: &RequestHead, time: &str, microseconds: u64, line: &mut Vec<u8>) {
        let mut number = itoa::Buffer::new();
        let mut put = |name: &str, value: &str| {
            line.extend_from_slice(name.as_bytes());
            line.extend_from_slice(value.as_bytes());
        };
        put(time, "  INFO access: id=");
        put("", &head.id);
        match head.client {
            Some(IpAddr::V4(client)) => {
                let mut before = " client=";
                for octet in client.octets() {
                    put(before, number.format(octet));
                    before = ".";
                }
            }
            Some(IpAddr::V6(client)) => put(" client=", &client.to_string()),
            None => {}
        }
        put(" method=", head.method.as_str());
        put(" path=", "");
        target(head).iter().for_each(|part| put("", part));
        put(" status=", number.format(self.status()));
        put(" bytes=", number.format(self.bytes));
        put(" ms=", number.format(microseconds / 1000));
        // A leading one keeps the zeros.
        put(".", &number.format(1000 + microseconds % 1000)[1..]);
        put(" cache=", self.cache());
        put(" whole=", if self.whole { "true" } else { "false" });
    }

    fn write_json(&self, head: &RequestHead, timestamp: &str, microseconds: u64, line: &mut Vec<u8>) {
        #[derive(Serialize)]
        struct Line<'l> {
            timestamp: &'l str,
            level: &'static str,
            id: &'l str,
            #[serde(skip_serializing_if = "Option::is_none")]
            client: Option<IpAddr>,
            method: &'l str,
            path: &'l str,
            status: u16,
            bytes: u64,
            ms: f64,
            cache: &'l str,
            whole: bool,
            target: &'static str,
        }
        let of_this = Line {
            timestamp,
            level: "INFO",
            id: &head.id,
            client: head.client,
            method: head.method.as_str(),
            path: &target(head).concat(),
            status: self.status(),
            bytes: self.bytes,
            ms: microseconds as f64 / 1000.0,
            cache: self.cache(),
            whole: self.whole,
            target: "access",
        };
        // Text and numbers can always be written, and a vector takes them.
        let _ = serde_json::to_writer(line, &of_this);
    }
}

/// Path and query of the request as the client sent them, in parts.
fn target(head: &RequestHead) -> [Cow<'_, str>; 3] {
    let separator = if head.raw_query.is_empty() { "" } else { "?" };
    [printable(&head.raw_path), separator.into(), printable(&head.raw_query)]
}

/// The text with every control character escaped, so that no request can forge a line.
fn printable(text: &str) -> Cow<'_, str> {
    let plain = text.bytes().all(|byte| (0x20..0x7F).contains(&byte));
    if !plain && text.chars().any(char::is_control) {
        text.escape_debug().to_string().into()
    } else {
        text.into()
    }
}
