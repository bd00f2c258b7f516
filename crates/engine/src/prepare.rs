//! The fifth step of a walk: what will be done and under which name. Process and cache are decided apart, as
//! ImageResizer does; plugins may add to the key; only then is the key made; a request whose preconditions (`conditional`)
//! are answer enough is answered before any work.

use std::sync::Arc;

use http::header::{HeaderValue, VARY};
use http::{HeaderMap, StatusCode};
use resizer_imaging::{CacheDirective, Format, Process, VERSION, output_format};
use resizer_plugin_api::engine::HandlePlan;
use resizer_plugin_api::{CacheKey, ImageRequest, PreHandleEvent, SourceKey, Validator, Variant};

use crate::conditional::Validators;
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
    /// What tells this version from others, as far as the store has said.
    pub(crate) validators: Validators,
    /// What plugins and `Vary` add to the response.
    pub(crate) headers: HeaderMap,
}

/// What is to be done to the source's bytes.
#[derive(Clone)]
pub(crate) enum Task {
    /// Decode, lay out, scale and encode.
    Process(Format),
    /// Send them as they are.
    Relay,
}

/// Decides, lets plugins have their say, names the result, and answers 304 where the client has it, or 412 where it wants
/// another.
pub(crate) fn prepare(
    site: &Site,
    request: &ImageRequest,
    located: Located,
    trail: &mut Trail,
) -> Result<Prepared, Stop> {
    let instructions = &request.instructions;
    let directive = request.query.iter().any(|(key, _)| site.is_directive(key));
    let policy = &located.mount.policy;
    let processing = match instructions.process() {
        _ if policy.untrusted_data => true,
        Process::Always => true,
        Process::No => false,
        Process::Default => directive,
    };
    let caching = match instructions.cache() {
        CacheDirective::Always => true,
        CacheDirective::No => false,
        CacheDirective::Default => processing || policy.cache_unmodified_files,
    };
    let format = processing.then(|| output_format(instructions, request.extension()));

    let mut plan = HandlePlan::default();
    let content_type = format.map(Format::content_type);
    fire("on_pre_handle", &site.table.on_pre_handle, &mut trail.now, |handler| {
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
            let (mut version, canonical) = (itoa::Buffer::new(), instructions.canonical());
            let parts = [version.format(VERSION), format.name(), &canonical];
            let variant = Variant::of(parts.into_iter().chain(plan.key_parts.iter().map(String::as_str)));
            (Task::Process(format), variant)
        }
        None => (Task::Relay, relayed()),
    };
    let validator = located.stat.validator.clone().unwrap_or_else(unasked);
    let key = CacheKey {
        source: located.key.clone(),
        validator,
        variant,
    };
    let mut headers = plan.headers;
    for name in plan.vary {
        headers.append(VARY, HeaderValue::from(name));
    }
    let validators = Validators::of(&key, located.stat.modified);
    if validators.name_a_version()
        && let Some(reply) = validators.answer(&request.head.headers, &headers)
    {
        if reply.status == StatusCode::NOT_MODIFIED {
            trail.cache = Some(CacheOutcome::NotModified);
        }
        return Err(Stop::Answer(Box::new(reply)));
    }
    Ok(Prepared {
        located: Arc::new(located),
        task,
        caching,
        key,
        validators,
        headers,
    })
}

/// The variant of a source's untouched bytes.
pub(crate) fn relayed() -> Variant {
    Variant::of(["relay"])
}

/// The key under which a source's bytes lie in source caches; as for results, those of a source that was not asked for a
/// validator lie under one that says so.
pub(crate) fn source_cache_key(source: &SourceKey, validator: Option<&Validator>) -> CacheKey {
    CacheKey {
        source: source.clone(),
        validator: validator.cloned().unwrap_or_else(unasked),
        variant: relayed(),
    }
}

/// Stands for the validator of a source that was not asked for one.
fn unasked() -> Validator {
    Validator::new(UNASKED)
}

/// Whether a validator names a version: without that, no client may be told that what it has is current.
pub(crate) fn is_known(validator: &Validator) -> bool {
    validator.as_str() != UNASKED
}
