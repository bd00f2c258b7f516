//! Request handler of the admin listener: metrics, the plan of the configuration in force, and purging.
//! The listener is not the public one, because "loopback may" on a public port would let in everybody behind a local
//! proxy.

mod purge;

use std::sync::Arc;

use http::header::{self, HeaderValue};
use http::{HeaderMap, Method, StatusCode};
use resizer_plugin_api::{Metrics, Reply, RequestHead, Secret};

use crate::access_log::AccessLine;
use crate::conversion::Handler;
use crate::request_handler::RequestHandler;
use crate::request_head;

/// The admin listener's answers.
pub(crate) struct Admin {
    /// The public listener, whose state the pages show.
    pub(crate) handler: Arc<RequestHandler>,
    /// The token that the server started with. A reload may change the token but not take it away: the listener stays
    /// at its address, which may be one where only a token keeps strangers out.
    pub(crate) token: Option<Secret>,
}

impl Handler for Admin {
    async fn handle(&self, head: RequestHead, _: &mut AccessLine) -> Reply {
        let in_force = self.handler.in_force();
        let site = &in_force.site;
        let token = in_force.settings.admin_token.as_ref().or(self.token.as_ref());
        if let Some(token) = token
            && !bears(&head.headers, token)
        {
            return Reply::text(
                StatusCode::UNAUTHORIZED,
                "This listener wants `Authorization: Bearer TOKEN`.\n",
            )
            .header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(refusal) = request_head::refusal(&head) {
            return refusal;
        }
        if head.raw_path == "/purge" {
            return purge::page(&self.handler, &head).await;
        }
        let reply = match head.raw_path.as_str() {
            "/" => Reply::text(StatusCode::OK, "/metrics\n/plan\n/purge (with POST)\n"),
            "/plan" => Reply::text(StatusCode::OK, site.plan()),
            "/metrics" => metrics(self.handler.engine.metrics(), &head.headers),
            _ => return Reply::text(StatusCode::NOT_FOUND, "There is no such admin page; `/` lists them.\n"),
        };
        if head.method == Method::GET || head.method == Method::HEAD {
            return reply.header(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
        Reply::text(StatusCode::METHOD_NOT_ALLOWED, "This page is read with GET.\n")
            .header(header::ALLOW, HeaderValue::from_static("GET, HEAD"))
    }

    /// A client without the token keeps no connection.
    fn ends_connection(&self, reply: &Reply) -> bool {
        reply.status == StatusCode::UNAUTHORIZED
    }
}

/// OpenMetrics where `Accept` names it, as Prometheus does; otherwise the classic text format.
fn metrics(metrics: &Metrics, headers: &HeaderMap) -> Reply {
    let accepts = headers.get_all(header::ACCEPT).iter();
    let openmetrics = accepts
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.contains("application/openmetrics-text"));
    let (text, content_type) = if openmetrics {
        let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        (metrics.render_openmetrics(), content_type)
    } else {
        (metrics.render(), "text/plain; version=0.0.4; charset=utf-8")
    };
    Reply::text(StatusCode::OK, text).header(header::CONTENT_TYPE, HeaderValue::from_static(content_type))
}

/// Whether the request carries the token.
fn bears(headers: &HeaderMap, token: &Secret) -> bool {
    let given = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let given = given
        .split_once(' ')
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    given.is_some_and(|(_, given)| same(given.as_bytes(), token.expose().as_bytes()))
}

/// Compares in constant time for given lengths, so that a token cannot be guessed byte by byte.
fn same(one: &[u8], other: &[u8]) -> bool {
    let difference = one
        .iter()
        .zip(other)
        .fold(0, |difference, (one, other)| difference | (one ^ other));
    std::hint::black_box(difference) == 0 && one.len() == other.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bearer_token_is_accepted_and_similar_ones_are_refused() {
        let check = |value: &str, expected| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, value.parse().unwrap());
            assert_eq!(bears(&headers, &Secret::new("open sesame")), expected, "{value}");
        };
        check("Bearer open sesame", true);
        check("bearer open sesame", true);
        for wrong in [
            "",
            "Bearer",
            "Bearer ",
            "Bearer open",
            "Bearer open sesam",
            "Bearer open sesamE",
            "open sesame",
        ] {
            check(wrong, false);
        }
        check("Bearer open sesame!", false);
        check("Basic open sesame", false);
    }
}
