//! The fifth step of a walk: what will be done and under which name. Process and cache are decided apart, as
//! ImageResizer does; plugins may add to the key; only then is the key made; a client that has this very result is told
//! so before any work.

use std::sync::Arc;

use http::HeaderMap;
use http::header::{ETAG, HeaderValue, IF_NONE_MATCH, VARY};
use resizer_imaging::{CacheDirective, Format, Job, Process, VERSION, output_format};
use resizer_plugin_api::service::HandlePlan;
use resizer_plugin_api::{CacheKey, ImageRequest, PreHandleEvent, Reply, SourceKey, Validator, Variant};

use crate::fire::fire;
use crate::locate::Located;
use crate::site::Site;
use crate::stop::Stop;
use crate::trail::{CacheOutcome, Trail};

/// Stands for the validator of a source that was not asked for one.
const UNASKED: &str = "unasked";

/// What is to be done.
#[derive(Clone)]
pub(crate) struct Prepared {
    pub(crate) located: Arc<Located>,
    pub(crate) task: Task,
    pub(crate) caching: bool,
    pub(crate) key: CacheKey,
    /// What plugins and `Vary` add to the response.
    pub(crate) headers: HeaderMap,
}

/// What is to be done to the source's bytes.
#[derive(Clone)]
pub(crate) enum Task {
    /// Decode, lay out, scale and encode.
    Process(Arc<Job>),
    /// Send them as they are.
    Relay,
}

/// Decides, lets plugins have their say, names the result, and answers 304 where the client has it.
pub(crate) fn prepare(
    site: &Site,
    request: &ImageRequest,
    located: Located,
    trail: &mut Trail,
) -> Result<Prepared, Stop> {
    let instructions = &request.instructions;
    let directive = request.query.iter().any(|(key, _)| site.is_directive(key));
    let processing = match instructions.process() {
        Process::Always => true,
        Process::No => false,
        Process::Default => directive,
    };
    let caching = match instructions.cache() {
        CacheDirective::Always => true,
        CacheDirective::No => false,
        CacheDirective::Default => processing,
    };
    let format = processing.then(|| output_format(instructions, request.extension()));

    let mut plan = HandlePlan::default();
    let content_type = format.map(Format::content_type);
    fire("on_pre_handle", &site.table.on_pre_handle, |handler| {
        let (key, stat) = (&located.key, &located.stat);
        handler(&mut PreHandleEvent::new(
            request,
            key,
            stat,
            content_type,
            processing,
            caching,
            &mut plan,
        ))
    })?;

    let (task, variant) = match format {
        Some(format) => {
            let (version, canonical) = (VERSION.to_string(), instructions.canonical());
            let parts = [version.as_str(), format.name(), &canonical];
            let variant = Variant::of(parts.into_iter().chain(plan.key_parts.iter().map(String::as_str)));
            let job = Job {
                instructions: instructions.clone(),
                format,
                limits: site.limits().clone(),
            };
            (Task::Process(Arc::new(job)), variant)
        }
        None => (Task::Relay, relayed()),
    };
    let validator = located
        .stat
        .validator
        .clone()
        .unwrap_or_else(|| Validator::new(UNASKED));
    let key = CacheKey {
        source: located.key.clone(),
        validator,
        variant,
    };
    let mut headers = plan.headers;
    for name in plan.vary {
        headers.append(VARY, HeaderValue::from(name));
    }
    let prepared = Prepared {
        located: Arc::new(located),
        task,
        caching,
        key,
        headers,
    };

    if is_known(&prepared.key.validator) && has(request, &etag(&prepared.key)) {
        trail.cache = Some(CacheOutcome::NotModified);
        let reply = not_modified(&prepared, &prepared.key);
        return Err(Stop::Answer(Box::new(reply)));
    }
    Ok(prepared)
}

/// The variant of a source's untouched bytes.
pub(crate) fn relayed() -> Variant {
    Variant::of(["relay"])
}

/// The key under which a source's bytes lie in source caches.
pub(crate) fn source_cache_key(source: &SourceKey, validator: &Validator) -> CacheKey {
    CacheKey {
        source: source.clone(),
        validator: validator.clone(),
        variant: relayed(),
    }
}

/// A strong `ETag` that every instance gives to the same result of the same version of a source: the first 128 bits of
/// the key's digest.
pub(crate) fn etag(key: &CacheKey) -> String {
    format!("\"{}\"", &key.digest()[..32])
}

/// Whether a validator names a version: without that, no client may be told that what it has is current.
pub(crate) fn is_known(validator: &Validator) -> bool {
    validator.as_str() != UNASKED
}

/// Whether the client says that it has this result. `If-None-Match` compares weakly (RFC 9110, 13.1.2): a `W/` that a
/// proxy added does not matter.
pub(crate) fn has(request: &ImageRequest, etag: &str) -> bool {
    let lines = request
        .head
        .headers
        .get_all(IF_NONE_MATCH)
        .into_iter()
        .filter_map(|line| line.to_str().ok());
    lines
        .flat_map(|line| line.split(','))
        .map(str::trim)
        .any(|candidate| candidate == "*" || candidate.strip_prefix("W/").unwrap_or(candidate) == etag)
}

/// 304 with the headers that a 200 would have for a cache's sake.
pub(crate) fn not_modified(prepared: &Prepared, key: &CacheKey) -> Reply {
    let mut reply = Reply::new(http::StatusCode::NOT_MODIFIED);
    reply.headers = prepared.headers.clone();
    if let Ok(value) = HeaderValue::from_str(&etag(key)) {
        reply.headers.insert(ETAG, value);
    }
    reply
}
