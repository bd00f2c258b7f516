//! Requests as plugins see them: the head as it came in, and the image request that authorizers, sources and caches act
//! on, frozen after the rewrite events.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use http::{Extensions, HeaderMap, Method};
use resizer_imaging::Instructions;

use crate::{Overlay, Query};

/// The request's head, as the client sent it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RequestHead {
    /// GET or HEAD; the host answers every other method itself.
    pub method: Method,
    /// The path as it stands in the request line, percent-encoded.
    pub raw_path: String,
    /// The query of the request line, percent-encoded and without `?`; empty without one.
    pub raw_query: String,
    /// The request's headers.
    pub headers: HeaderMap,
    /// The client's address: the peer's, or the one that a trusted proxy names.
    pub client: Option<IpAddr>,
    /// `http` or `https`, as the client or a trusted proxy says.
    pub scheme: &'static str,
    /// The host the client asked for, with its port if it named one.
    pub host: Cow<'static, str>,
    /// Names this request in logs and in the `X-Request-Id` of its response.
    pub id: String,
    /// When the head had arrived: a request's duration is measured from here.
    pub arrived: Instant,
}

impl RequestHead {
    /// A GET for this path and query that has just come, with nothing else known; the host fills in the rest.
    #[must_use]
    pub fn get(raw_path: impl Into<String>, raw_query: impl Into<String>) -> Self {
        Self {
            method: Method::GET,
            raw_path: raw_path.into(),
            raw_query: raw_query.into(),
            headers: HeaderMap::new(),
            client: None,
            scheme: "http",
            host: Cow::Borrowed("localhost"),
            id: String::new(),
            arrived: Instant::now(),
        }
    }
}

/// The request after all rewriting: nothing changes it any more.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ImageRequest {
    /// The request's head, as the client sent it.
    pub head: Arc<RequestHead>,
    /// The path, decoded once, as the last rewrite left it; begins with `/`. [`bytes_of_path`](crate::bytes_of_path)
    /// says how bytes stand in it that are not UTF-8.
    pub path: String,
    /// The query as the last rewrite left it.
    pub query: Query,
    /// The instructions for the image, read from the query.
    pub instructions: Instructions,
    /// Values that plugins kept for themselves during the rewrite events, keyed by their own types.
    pub state: Extensions,
    /// Images and drawings to lay over the result, the lowest first.
    pub overlays: Vec<Overlay>,
}

impl ImageRequest {
    /// The request as the rewrite events left it.
    #[must_use]
    pub fn new(
        head: Arc<RequestHead>,
        path: String,
        query: Query,
        instructions: Instructions,
        state: Extensions,
    ) -> Self {
        Self {
            head,
            path,
            query,
            instructions,
            state,
            overlays: Vec::new(),
        }
    }

    /// The text after the last `.` of the last segment, if there is one.
    #[must_use]
    pub fn extension(&self) -> Option<&str> {
        extension(&self.path)
    }
}

/// The text after the last `.` of the path's last segment. `None` without a dot, for an empty extension, and where a
/// space, `?`, `&` or `:` follows the dot.
#[must_use]
pub fn extension(path: &str) -> Option<&str> {
    let last = path.bytes().rposition(|byte| matches!(byte, b'.' | b'/'))?;
    let extension = path.get(last + 1..)?;
    let plain = !extension
        .bytes()
        .any(|byte| matches!(byte, b' ' | b'?' | b'&' | b':' | b'\\'));
    (path.as_bytes()[last] == b'.' && plain && !extension.is_empty()).then_some(extension)
}

#[cfg(test)]
mod tests {
    use super::extension;

    #[test]
    fn extension_of_a_path_follows_the_last_dot_of_its_name() {
        let check = |path, expected| assert_eq!(extension(path), expected, "{path}");
        check("/a/b.jpg", Some("jpg"));
        check("/a.b/c", None);
        check("/a.tar.PNG", Some("PNG"));
        check("/a.", None);
        check("/a.jpg copy", None);
        check("/", None);
    }
}
