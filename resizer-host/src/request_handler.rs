//! Request handler of the public listener: client and request id, methods, health, CORS, and the headers that every
//! response has. Requests for images go to the engine, under the configuration that is in force when they come in.
//! `conversion.rs` calls it; `admin.rs` answers the other listener.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use arc_swap::ArcSwap;
use http::header::{self, HeaderMap, HeaderValue};
use http::{HeaderName, Method, StatusCode};
use resizer_engine::{Engine, Site};
use resizer_plugin_api::{Reply, RequestHead};

use crate::access_log::AccessLine;
use crate::conversion::Handler;
use crate::settings::{CorsOrigin, ServerSettings};
use crate::{proxies, request_head};

/// The methods of a server that only lets read.
const ALLOWED: HeaderValue = HeaderValue::from_static("GET, HEAD, OPTIONS");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// One reading of the configuration, in force from a reload to the next.
pub(crate) struct InForce {
    /// The engine's part.
    pub(crate) site: Arc<Site>,
    /// The host's part of `[server]`.
    pub(crate) settings: ServerSettings,
}

/// The public listener's answers, and its state, which reload, admin and shutdown share.
pub(crate) struct RequestHandler {
    /// The engine, for as long as the process lives.
    pub(crate) engine: Engine,
    in_force: ArcSwap<InForce>,
    draining: AtomicBool,
    ids: RequestIds,
}

impl RequestHandler {
    /// Serves this configuration until another is swapped in.
    pub(crate) fn new(engine: Engine, in_force: InForce) -> Self {
        Self {
            engine,
            in_force: ArcSwap::from_pointee(in_force),
            draining: AtomicBool::new(false),
            ids: RequestIds::new(),
        }
    }

    /// The configuration in force. A request keeps the one it began with.
    pub(crate) fn in_force(&self) -> Arc<InForce> {
        self.in_force.load_full()
    }

    /// Puts another configuration in force for all requests to come.
    pub(crate) fn swap(&self, in_force: InForce) {
        self.in_force.store(Arc::new(in_force));
    }

    /// Begins the drain: `/readyz` says no from now on, and each response ends its connection.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Release);
    }

    fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    async fn readiness(&self) -> Reply {
        if self.is_draining() {
            Reply::text(StatusCode::SERVICE_UNAVAILABLE, "draining\n")
        } else if self.engine.healthy().await {
            Reply::text(StatusCode::OK, "ready\n")
        } else {
            Reply::text(StatusCode::SERVICE_UNAVAILABLE, "the engine does not answer\n")
        }
    }
}

impl Handler for RequestHandler {
    async fn handle(&self, mut head: RequestHead, line: &mut AccessLine) -> Reply {
        let in_force = self.in_force();
        let settings = &in_force.settings;
        let reads = head.method == Method::GET || head.method == Method::HEAD;
        proxies::apply(&settings.trusted_proxies, &mut head);
        head.id = self.ids.of(&head.headers);
        let head = Arc::new(head);
        line.identify(&head);
        let probe = reads && matches!(head.raw_path.as_str(), "/healthz" | "/readyz");
        if probe || !settings.access_log {
            line.silence();
        }
        let id = HeaderValue::from_str(&head.id);
        let origin = head.headers.get(header::ORIGIN).cloned();

        let mut reply = if let Some(refusal) = request_head::refusal(&head) {
            refusal
        } else if probe {
            let reply = match head.raw_path.as_str() {
                "/healthz" => Reply::text(StatusCode::OK, "ok\n"),
                _ => self.readiness().await,
            };
            reply.header(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))
        } else if reads {
            self.engine.handle(Arc::clone(&in_force.site), head).await
        } else if head.method == Method::OPTIONS {
            options(settings, &head)
        } else {
            Reply::text(StatusCode::METHOD_NOT_ALLOWED, "Images are read with GET or HEAD.\n")
                .header(header::ALLOW, ALLOWED)
        };
        reply
            .headers
            .insert(header::SERVER, HeaderValue::from_static("resizer"));
        if let Ok(id) = id {
            reply.headers.insert(REQUEST_ID, id);
        }
        for (name, value) in &settings.headers {
            reply.headers.insert(name.name(), value.value().clone());
        }
        allow_origin(settings, origin.as_ref(), &mut reply.headers);
        reply
    }

    fn ends_connection(&self, _: &Reply) -> bool {
        self.is_draining()
    }
}

/// The answer to OPTIONS: the methods, and for a browser's preflight the headers that let it go ahead.
fn options(settings: &ServerSettings, head: &RequestHead) -> Reply {
    let reply = Reply::new(StatusCode::NO_CONTENT).header(header::ALLOW, ALLOWED);
    let preflight = head.headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    if settings.cors_origins.is_empty() || !preflight {
        return reply;
    }
    reply
        .header(
            header::ACCESS_CONTROL_ALLOW_METHODS,
            HeaderValue::from_static("GET, HEAD"),
        )
        .header(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("*"))
        .header(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"))
}

/// Lets scripts of the configured origins read the response. Unless every origin may, the response depends on `Origin`,
/// and says so in `Vary` to all origins.
fn allow_origin(settings: &ServerSettings, origin: Option<&HeaderValue>, headers: &mut HeaderMap) {
    let origins = &settings.cors_origins;
    if origins.is_empty() {
        return;
    }
    if origins.iter().any(CorsOrigin::is_any) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        return;
    }
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    let may = |origin: &&HeaderValue| origins.iter().any(|allowed| allowed.as_str() == **origin);
    if let Some(origin) = origin.filter(may) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    }
}

/// Ids of requests: the sender's `X-Request-Id`, or else a number that no other process gives.
struct RequestIds {
    /// The part of every id that stands for this process.
    process: String,
    count: AtomicU64,
}

impl RequestIds {
    /// Longest id that is taken over from a request.
    const LONGEST: usize = 128;

    fn new() -> Self {
        Self {
            process: format!("{:016x}-", RandomState::new().build_hasher().finish()),
            count: AtomicU64::new(0),
        }
    }

    fn of(&self, headers: &HeaderMap) -> String {
        let given = headers.get(REQUEST_ID).and_then(|id| id.to_str().ok());
        let sane =
            |id: &&str| (1..=Self::LONGEST).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
        match given.filter(sane) {
            Some(id) => id.to_owned(),
            None => {
                let count = self.count.fetch_add(1, Ordering::Relaxed);
                [&self.process, itoa::Buffer::new().format(count)].concat()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_id_of_visible_ascii_is_kept_and_any_other_is_replaced() {
        let ids = RequestIds::new();
        let id_for = |given: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(REQUEST_ID, given.parse().unwrap());
            ids.of(&headers)
        };
        let longest = "x".repeat(128);
        for kept in ["a", "7e1f-9/+=", &longest] {
            assert_eq!(id_for(kept), kept);
        }
        for replaced in ["", "two words", "tab\tbed", &"x".repeat(129)] {
            assert_ne!(id_for(replaced), replaced);
        }
        assert_ne!(ids.of(&HeaderMap::new()), ids.of(&HeaderMap::new()));
    }
}
