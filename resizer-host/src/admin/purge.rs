//! Admin page `/purge`: reads the request, asks the engine to purge, and reports what each cache dropped.

use std::fmt::Write as _;

use http::header::{self, HeaderValue};
use http::{Method, StatusCode};
use resizer_engine::{PurgeError, PurgeRequest, Purged};
use resizer_plugin_api::{Query, Reply, RequestHead};

use crate::request_handler::RequestHandler;

/// The answer to a request that the page does not understand.
const USAGE: &str = "Say one of url=PATH?QUERY, source=PATH, prefix=PATH or all=true, percent-encoded: \
                     /purge?url=%2Flake.jpg%3Fwidth%3D400\n";

/// Answers a request for `/purge`.
pub(crate) async fn page(handler: &RequestHandler, head: &RequestHead) -> Reply {
    if head.method != Method::POST {
        return Reply::text(StatusCode::METHOD_NOT_ALLOWED, "This page is asked with POST.\n")
            .header(header::ALLOW, HeaderValue::from_static("POST"));
    }
    // Browsers send `Origin` with every POST. Such a request comes from a web page that an operator happens to visit.
    if head.headers.contains_key(header::ORIGIN) {
        return Reply::text(StatusCode::FORBIDDEN, "Pages in a browser may not purge.\n");
    }
    let Some(request) = request(&Query::parse(&head.raw_query)) else {
        return Reply::text(StatusCode::BAD_REQUEST, USAGE);
    };
    match handler.engine.purge(&handler.in_force().site, request).await {
        Ok(purged) => Reply::text(status(&purged), report(&purged)),
        Err(error @ PurgeError::BrokenOff) => Reply::text(StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")),
        Err(error) => Reply::text(StatusCode::BAD_REQUEST, format!("{error}\n")),
    }
}

/// The purge that a query asks for. A second pair in the query is an error: most likely an `&` of a URL that was not
/// encoded.
fn request(query: &Query) -> Option<PurgeRequest> {
    let mut pairs = query.iter();
    let (Some((key, value)), None) = (pairs.next(), pairs.next()) else {
        return None;
    };
    match (key, value) {
        ("url", url) => Some(PurgeRequest::Url(url.to_owned())),
        ("source", path) => Some(PurgeRequest::Source(path.to_owned())),
        ("prefix", path) => Some(PurgeRequest::Prefix(path.to_owned())),
        ("all", "true") => Some(PurgeRequest::All),
        _ => None,
    }
}

fn status(purged: &Purged) -> StatusCode {
    if purged.caches.iter().all(|cache| cache.dropped.is_ok()) {
        StatusCode::OK
    } else {
        StatusCode::INTERNAL_SERVER_ERROR
    }
}

/// How many entries were dropped, in all and by each cache.
fn report(purged: &Purged) -> String {
    let entries = |count: u64| format!("{count} {}", if count == 1 { "entry" } else { "entries" });
    let mut text = format!("purged {}\n", entries(purged.entries()));
    for cache in &purged.caches {
        let said = match &cache.dropped {
            Ok(count) => entries(*count),
            Err(error) => format!("failed, and may still have what was to be purged: {error} The log says more."),
        };
        let _ = writeln!(text, "{}: {said}", cache.plugin);
    }
    if let Some(tag) = &purged.tag {
        let _ = writeln!(text, "to purge at the CDN: the tag {tag}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_with_exactly_one_target_is_a_purge_request() {
        let check = |query: &str, expected: Option<PurgeRequest>| {
            assert_eq!(request(&Query::parse(query)), expected, "{query}");
        };
        check(
            "url=%2Fa.jpg%3Fwidth%3D4%26mode%3Dmax",
            Some(PurgeRequest::Url("/a.jpg?width=4&mode=max".to_owned())),
        );
        check("source=/a.jpg", Some(PurgeRequest::Source("/a.jpg".to_owned())));
        check("prefix=/a/", Some(PurgeRequest::Prefix("/a/".to_owned())));
        check("all=true", Some(PurgeRequest::All));
        for none in [
            "",
            "all",
            "all=false",
            "everything=true",
            "url=/a.jpg?width=4&mode=max",
            "source=/a&source=/b",
        ] {
            check(none, None);
        }
    }
}
