//! Respond, the last step of a walk: status, validators and headers. The only place where errors become responses.

use std::sync::Arc;

use http::StatusCode;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, EXPIRES, HeaderName, HeaderValue, RETRY_AFTER, VARY,
    X_CONTENT_TYPE_OPTIONS,
};
use resizer_plugin_api::{Blame, Error, ErrorKind, Flow, ImageRequest, Reply, RequestHead, ResponseEvent, Seconds};

use crate::cache_tags;
use crate::changes::of_headers;
use crate::conditional::{USUAL_HEADERS, Validators};
use crate::fire::watched;
use crate::media_type::SVG;
use crate::prepare::Prepared;
use crate::produced::Produced;
use crate::range;
use crate::shared::Shared;
use crate::site::Site;
use crate::stop::Stop;
use crate::trail::{CacheOutcome, Trail};
use crate::warnings::{Warnings, X_RESIZER_WARNINGS};

const X_CACHE: HeaderName = HeaderName::from_static("x-cache");
/// Says what of the response is damaged. `Warning`, which HTTP had for this, is obsolete (RFC 9111, 5.5).
const X_DAMAGED: HeaderName = HeaderName::from_static("x-damaged");
const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");
/// The policy for SVG files: no scripts, no requests.
const SANDBOX: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

/// The response of a request that went through all steps: the result, a part of it, or the answer of its preconditions
/// now that the version of the bytes is known.
pub(crate) fn respond(request: &ImageRequest, prepared: Prepared, produced: Produced, trail: &mut Trail) -> Reply {
    if let Some(max_age) = produced.damaged {
        let mut reply = short_lived(StatusCode::OK, &prepared, produced, max_age);
        reply.headers.insert(X_DAMAGED, HeaderValue::from_static("source"));
        return reply;
    }
    if let Some(substitute) = prepared.located.stands_in() {
        return short_lived(substitute.status, &prepared, produced, substitute.max_age);
    }
    let validators = if produced.key == prepared.key {
        prepared.validators.modified_at(produced.meta.modified)
    } else {
        Validators::of(&produced.key, produced.meta.modified)
    };
    if let Some(reply) = validators.answer(&request.head.headers, &prepared.headers) {
        if reply.status == StatusCode::NOT_MODIFIED {
            trail.cache = Some(CacheOutcome::NotModified);
        }
        return reply;
    }
    let mut reply = Reply::new(StatusCode::OK).with_body(produced.body);
    reply.headers.reserve(USUAL_HEADERS);
    reply.headers.extend(prepared.headers);
    if produced.meta.content_type == SVG {
        reply
            .headers
            .insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(SANDBOX));
    }
    if let Ok(content_type) = HeaderValue::try_from(produced.meta.content_type) {
        reply.headers.insert(CONTENT_TYPE, content_type);
    }
    validators.write(&mut reply.headers);
    match produced.part {
        Some(part) => part.answer(reply),
        None => range::cut(&request.head, &validators, reply),
    }
}

/// The response of a damaged source, or of another image than the one asked for: the whole result, with a life of its
/// own. It has no validators, so that no client goes on with it for being unchanged.
fn short_lived(status: StatusCode, prepared: &Prepared, produced: Produced, max_age: Seconds) -> Reply {
    let mut reply = Reply::new(status).with_body(produced.body);
    reply.headers.extend(prepared.headers.clone());
    if let Ok(content_type) = HeaderValue::try_from(produced.meta.content_type) {
        reply.headers.insert(CONTENT_TYPE, content_type);
    }
    if let Ok(life) = HeaderValue::try_from(format!("max-age={}", max_age.0.as_secs())) {
        reply.headers.insert(CACHE_CONTROL, life);
    }
    reply.headers.remove(EXPIRES);
    reply
}

/// Adds the common headers to every response, errors included, fires `on_response`, counts and logs.
pub(crate) fn finish(
    engine: &Shared,
    site: &Site,
    head: &Arc<RequestHead>,
    request: Option<&ImageRequest>,
    trail: &mut Trail,
    outcome: Result<Reply, Stop>,
) -> Reply {
    let mut reply = match outcome {
        Ok(reply) => reply,
        Err(Stop::Answer(reply)) => *reply,
        Err(Stop::Error(error)) => {
            engine.instruments.failed(error.kind());
            log(head, &error);
            let mut reply = error_reply(&error, &head.id);
            for header in trail.vary.drain(..) {
                reply.headers.append(VARY, header);
            }
            reply
        }
    };
    reply
        .headers
        .insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Some(cache) = trail.cache {
        reply.headers.insert(X_CACHE, HeaderValue::from_static(cache.word()));
    }
    trail.lap();
    let took = trail.elapsed();
    if let Ok(timing) = HeaderValue::try_from(trail.server_timing(took)) {
        reply.headers.insert(SERVER_TIMING, timing);
    }
    amend(site, head, request, trail, &mut reply);
    engine.instruments.answered(trail, reply.status, took);
    reply
}

/// Adds the headers that settings and plugins ask for, and fires `on_response`.
pub(crate) fn amend(
    site: &Site,
    head: &Arc<RequestHead>,
    request: Option<&ImageRequest>,
    trail: &mut Trail,
    reply: &mut Reply,
) {
    if let Some(Warnings(value)) = request.and_then(|request| request.state.get()) {
        reply.headers.insert(X_RESIZER_WARNINGS, value.clone());
    }
    if let (Some(request), false) = (request, site.server().cache_tags.is_empty()) {
        let stand_in = trail.stand_in.as_deref();
        cache_tags::write(&mut reply.headers, &site.server().cache_tags, &request.path, stand_in);
    }
    for handler in &site.table.on_response {
        let before = trail.records_changes().then(|| reply.headers.clone());
        let mut event = ResponseEvent::new(head, request, reply.status, &mut reply.headers);
        match watched("on_response", handler, trail, |handler| handler(&mut event)) {
            Ok(Flow::Continue) => {}
            Ok(Flow::Respond(_)) => tracing::warn!(plugin = handler.plugin, "on_response cannot answer; ignored"),
            Err(error) => tracing::warn!(plugin = handler.plugin, cause = error.cause(), "on_response: {error}"),
        }
        if let Some(before) = before {
            trail.changed("on_response", handler.plugin, of_headers(&before, &reply.headers));
        }
    }
}

/// The response for an error. It shows the error's sentence and never its cause; for a server fault only the request's
/// id.
pub(crate) fn error_reply(error: &Error, id: &str) -> Reply {
    let kind = error.kind();
    let text = match kind {
        ErrorKind::Internal | ErrorKind::Cancelled => {
            format!("The server failed. Its log tells more under the id {id}.\n")
        }
        _ => format!("{}\n", error.message()),
    };
    let mut reply = Reply::text(kind.status(), text);
    if kind != ErrorKind::NotFound {
        reply
            .headers
            .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if matches!(kind, ErrorKind::Overloaded | ErrorKind::Upstream | ErrorKind::Timeout) {
        reply.headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    reply
}

/// Logs one line for a failed request. Errors of stores and decoders are logged where they happen.
fn log(head: &RequestHead, error: &Error) {
    let (id, path, kind, cause) = (&head.id, &head.raw_path, error.kind().name(), error.cause());
    match error.kind().blame() {
        Blame::Us if error.kind() == ErrorKind::Internal => tracing::error!(id, path, kind, cause, "{error}"),
        Blame::Us => tracing::warn!(id, path, kind, cause, "{error}"),
        Blame::Upstream | Blame::Client => tracing::debug!(id, path, kind, cause, "{error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_reply_of_each_kind_shows_its_sentence_and_no_cause() {
        let check = |kind, status: u16, no_store: bool, retry: bool| {
            let reply = error_reply(&Error::new(kind, "A sentence.").because("a secret cause"), "id-1");
            let resizer_plugin_api::Body::Bytes(body) = &reply.body else {
                panic!("no body")
            };
            let text = String::from_utf8_lossy(body);
            assert_eq!(reply.status, status);
            assert!(!text.contains("secret"), "{text}");
            assert_eq!(text.contains("A sentence."), kind != ErrorKind::Internal);
            assert_eq!(reply.headers.contains_key(CACHE_CONTROL), no_store);
            assert_eq!(reply.headers.contains_key(RETRY_AFTER), retry);
        };
        check(ErrorKind::BadRequest, 400, true, false);
        check(ErrorKind::Forbidden, 403, true, false);
        check(ErrorKind::NotFound, 404, false, false);
        check(ErrorKind::TooLarge, 422, true, false);
        check(ErrorKind::Unsupported, 415, true, false);
        check(ErrorKind::Corrupt, 422, true, false);
        check(ErrorKind::Overloaded, 503, true, true);
        check(ErrorKind::Upstream, 502, true, true);
        check(ErrorKind::Timeout, 504, true, true);
        check(ErrorKind::Internal, 500, true, false);
    }
}
