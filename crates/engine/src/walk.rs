//! Walk, the seven steps of a request: begin, rewrite, authorize, locate, prepare, produce, respond. Each step is one
//! call, and has the same name here, in the log, in the docs and among the files beside this one. Called by
//! [`crate::Engine::handle`].

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use http::Extensions;
use http::header::VARY;
use percent_encoding::percent_decode_str;
use resizer_imaging::SOURCE_EXTENSIONS;
use resizer_plugin_api::engine::text_of_path;
use resizer_plugin_api::{Error, ErrorKind, ImageRequest, Query, Reply, RequestHead, extension};

use crate::draft::Draft;
use crate::fire::fire_on_draft;
use crate::flight::panicked;
use crate::lazy_timeout::lazy_timeout;
use crate::locate::{forget_refused, locate, substitute};
use crate::located::Located;
use crate::prepare::prepare;
use crate::produce::produce;
use crate::respond::{finish, respond};
use crate::rewrite::{instructions_of, rewrite};
use crate::shared::Shared;
use crate::site::Site;
use crate::stop::Stop;
use crate::trail::Trail;

/// Serves one request, from its head to its reply. Every failure becomes a reply too.
pub(crate) async fn walk(engine: Arc<Shared>, site: Arc<Site>, head: Arc<RequestHead>) -> Reply {
    let mut trail = Trail::begin(head.arrived);
    let mut seen = None;
    let deadline = site.server().deadline.0;
    let steps = AssertUnwindSafe(steps(&engine, &site, &head, &mut trail, &mut seen)).catch_unwind();
    let outcome = match lazy_timeout(deadline, steps).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(panic)) => Err(Stop::Error(panicked(&*panic))),
        Err(_) => {
            let message = "The image took longer than this server's deadline for one request.";
            Err(Stop::Error(Error::new(ErrorKind::Timeout, message)))
        }
    };
    finish(&engine, &site, &head, seen.as_deref(), &mut trail, outcome)
}

async fn steps(
    engine: &Arc<Shared>,
    site: &Arc<Site>,
    head: &Arc<RequestHead>,
    trail: &mut Trail,
    seen: &mut Option<Arc<ImageRequest>>,
) -> Result<Reply, Stop> {
    let draft = begin(site, head, trail)?;
    let request = Arc::new(rewrite(site, draft, trail)?);
    *seen = Some(Arc::clone(&request));
    authorize(site, &request, trail).await?;
    trail.source = site.mount(&request.path).map(|mount| mount.plugin);
    let begun = trail.now();
    let located = locate(engine, site, &request, trail).await?;
    trail.stage("locate", begun);
    let substituted = located.substitute.is_some();
    match serve(engine, site, &request, located, trail).await {
        // The store says only now that it has no such image: it was not asked before, or has lost the image since. Or
        // its file cannot be decoded.
        Err(Stop::Error(missing)) if is_missing(missing.kind()) && !substituted => {
            // A missing image is missing for every client. A file that cannot be decoded was to be negotiated.
            if missing.kind() == ErrorKind::NotFound {
                trail.vary.clear();
            }
            let located = Box::pin(substitute(engine, site, &request, missing, trail)).await?;
            trail.vary.clear();
            trail.lap();
            Box::pin(serve(engine, site, &request, located, trail)).await
        }
        answer => answer,
    }
}

/// The last three steps, for a located source.
async fn serve(
    engine: &Arc<Shared>,
    site: &Arc<Site>,
    request: &Arc<ImageRequest>,
    located: Located,
    trail: &mut Trail,
) -> Result<Reply, Stop> {
    trail.located(&located);
    if let Some(substitute) = &located.substitute {
        // A client must not have by a detour what it may not ask for.
        let asked = at_path(request, substitute.path.clone());
        authorize(site, &asked, trail).await?;
    }
    let request = &commanded(site, request, &located);
    let prepared = prepare(site, request, located, trail)?;
    trail.vary.extend(prepared.headers.get_all(VARY).into_iter().cloned());
    let produced = produce(engine, site, request, &prepared, trail).await;
    let produced = produced.inspect_err(|error| forget_refused(engine, site, &prepared.located, error))?;
    Ok(respond(request, prepared, produced, trail))
}

/// Whether there is no picture to show, for which another may stand in.
fn is_missing(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::NotFound | ErrorKind::Corrupt | ErrorKind::Unsupported)
}

/// The request for another path.
fn at_path(request: &ImageRequest, path: String) -> ImageRequest {
    let mut request = request.clone();
    request.path = path;
    request
}

/// The request with the commands for a substitute, where it has its own.
fn commanded(site: &Site, request: &Arc<ImageRequest>, located: &Located) -> Arc<ImageRequest> {
    let query = located
        .substitute
        .as_ref()
        .and_then(|substitute| substitute.query.as_ref());
    match query {
        Some(query) => {
            let mut request = ImageRequest::clone(request);
            (request.instructions, _) = instructions_of(site, query, &request.state);
            request.query = query.clone();
            Arc::new(request)
        }
        None => Arc::clone(request),
    }
}

/// Decodes the path once, fires `on_request`, and removes the query keys and the extension that the server's settings
/// name.
///
/// # Errors
/// `NotFound` for a path that is not an image's by its extension, its source's settings or a plugin's word. So other
/// files in a folder of images are not served.
pub(crate) fn begin(site: &Site, head: &Arc<RequestHead>, trail: &mut Trail) -> Result<Draft, Stop> {
    let path = decode_path(&head.raw_path)?;
    let server = site.server();
    let drop_keys = |query: &mut Query| {
        for key in &server.drop_query_keys {
            query.remove(key);
        }
    };
    let mut query = Query::parse(&head.raw_query);
    drop_keys(&mut query);
    let mut draft = Draft {
        head: Arc::clone(head),
        path,
        query,
        any_extension: false,
        state: Extensions::default(),
    };
    fire_on_draft("on_request", &site.table.on_request, &mut draft, trail)?;
    // Again, because a handler may have found a query elsewhere in the URL.
    drop_keys(&mut draft.query);
    let mut fake_extensions = server.fake_extensions.iter();
    if let Some(path) = fake_extensions.find_map(|fake| fake.strip(&draft.path)) {
        draft.path = path.to_owned();
    }
    let named_image = extension(&draft.path).is_some_and(|extension| {
        SOURCE_EXTENSIONS
            .iter()
            .any(|known| known.eq_ignore_ascii_case(extension))
    });
    let any_extension = || {
        site.mount(&draft.path)
            .is_some_and(|mount| mount.value.policy.takes_any_extension())
    };
    if named_image || draft.any_extension || any_extension() {
        Ok(draft)
    } else {
        tracing::debug!(path = draft.path, "not the name of an image");
        Err(Stop::Error(Error::not_found()))
    }
}

/// Asks every authorizer; the first to deny ends the walk.
async fn authorize(site: &Site, request: &ImageRequest, trail: &mut Trail) -> Result<(), Stop> {
    for authorizer in &site.table.authorizers {
        if let Err(error) = authorizer.value.authorize(request).await {
            tracing::debug!(plugin = authorizer.plugin, path = request.path, "denied");
            return Err(Stop::Error(error));
        }
        trail.lap();
    }
    Ok(())
}

/// Decodes `%XX` once. Bytes that are not UTF-8, which includes overlong forms, stand in the text as
/// [`text_of_path`] says.
///
/// # Errors
/// `BadRequest` for a `%` without two digits.
pub(crate) fn decode_path(raw: &str) -> Result<String, Stop> {
    if !raw.contains('%') {
        return Ok(raw.to_owned());
    }
    let mut rest = raw.as_bytes();
    while let Some(at) = rest.iter().position(|byte| *byte == b'%') {
        let two_digits = rest
            .get(at + 1..at + 3)
            .is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        if !two_digits {
            let message = "The path has a % that is not followed by two hexadecimal digits; write a plain % as %25.";
            return Err(Stop::Error(Error::new(ErrorKind::BadRequest, message)));
        }
        rest = &rest[at + 3..];
    }
    let bytes: Vec<u8> = percent_decode_str(raw).collect();
    Ok(text_of_path(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_with_escapes_is_decoded_once() {
        let check = |raw: &str, expected: Result<&str, ErrorKind>| {
            let got = match decode_path(raw) {
                Ok(path) => Ok(path),
                Err(Stop::Error(error)) => Err(error.kind()),
                Err(Stop::Answer(reply)) => panic!("{reply:?}"),
            };
            assert_eq!(got.as_deref().map_err(|kind| *kind), expected, "{raw}");
        };
        check("/a/b.jpg", Ok("/a/b.jpg"));
        check("/a%20b+c.jpg", Ok("/a b+c.jpg"));
        check("/a%2520.jpg", Ok("/a%20.jpg"));
        check("/%c3%a4.jpg", Ok("/ä.jpg"));
        // ".." in overlong form is not "..".
        check(
            "/%c0%ae%c0%ae/a.jpg",
            Ok("/\u{10ffc0}\u{10ffae}\u{10ffc0}\u{10ffae}/a.jpg"),
        );
        check("/caf%e9.jpg", Ok("/caf\u{10ffe9}.jpg"));
        check("/100%.jpg", Err(ErrorKind::BadRequest));
        check("/a%4", Err(ErrorKind::BadRequest));
    }
}
