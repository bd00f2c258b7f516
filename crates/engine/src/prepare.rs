//! Prepare, the fifth step of a walk: whether to process, whether to cache, the output format, and the key of the
//! result. Process and cache are decided apart, as ImageResizer does. Plugins may add to the key. A request that its
//! preconditions answer (`conditional`) is answered here, before any work.

use std::sync::Arc;

use http::header::{ACCEPT, HeaderValue, VARY};
use http::{HeaderMap, StatusCode};
use resizer_imaging::{Accepted, CacheDirective, Format, Process, VERSION, output_format};
use resizer_plugin_api::engine::HandlePlan;
use resizer_plugin_api::{CacheKey, ImageRequest, PreHandleEvent, SourceKey, Validator, Variant};

use crate::changes::of_headers;
use crate::conditional::Validators;
use crate::fire::fire;
use crate::located::{Located, LocatedOverlay, overlaid};
use crate::negotiation::{Negotiation, negotiation};
use crate::site::Site;
use crate::stop::Stop;
use crate::trail::{CacheOutcome, Trail};

/// The plan for one request.
#[derive(Clone)]
pub(crate) struct Prepared {
    pub(crate) located: Arc<Located>,
    pub(crate) task: Task,
    pub(crate) caching: bool,
    pub(crate) key: CacheKey,
    /// The variant of the key without the overlays.
    pub(crate) plain: Variant,
    /// `ETag` and date of this version, as far as the store has told them.
    pub(crate) validators: Validators,
    /// Headers of the response: those that plugins add, and `Vary`.
    pub(crate) headers: HeaderMap,
}

/// The work on the source's bytes.
#[derive(Clone)]
pub(crate) enum Task {
    /// Decode, lay out, scale and encode in this format.
    Process(Output),
    /// Send them as they are.
    Relay,
}

/// The format of a processed result.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Output {
    /// This one.
    Format(Format),
    /// The one that suits the source and a client that takes these formats.
    Negotiated(Accepted),
}

impl Output {
    /// The format, if it is known before the source is.
    pub(crate) fn format(self) -> Option<Format> {
        match self {
            Self::Format(format) => Some(format),
            Self::Negotiated(_) => None,
        }
    }

    /// Its part of the result's key. That of a negotiated format is the class of the client.
    pub(crate) fn key_part(self) -> &'static str {
        match self {
            Self::Format(format) => format.name(),
            Self::Negotiated(accepted) => accepted.class(),
        }
    }
}

/// Decides, fires `on_pre_handle`, and makes the key.
///
/// # Errors
/// An early end: 304 if the client has this version, 412 if it demands another, or a handler's answer or error.
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
        Process::Default => directive || !request.overlays.is_empty(),
    };
    let caching = match instructions.cache() {
        CacheDirective::Always => true,
        CacheDirective::No => false,
        CacheDirective::Default => processing || policy.cache_unmodified_files,
    };
    let mut plan = HandlePlan::default();
    let output = processing.then(|| {
        let headers = &request.head.headers;
        match negotiation(site.server().negotiate, instructions, headers) {
            Negotiation::None => Output::Format(output_format(instructions, request.extension())),
            Negotiation::ByQuery(accepted) => Output::Negotiated(accepted),
            Negotiation::ByHeader(accepted) => {
                plan.vary.push(ACCEPT);
                Output::Negotiated(accepted)
            }
        }
    });
    let content_type = output.and_then(Output::format).map(Format::content_type);
    for handler in &site.table.on_pre_handle {
        let before = trail.records_changes().then(|| plan.clone());
        fire("on_pre_handle", std::slice::from_ref(handler), trail, |handler| {
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
        if let Some(before) = before {
            let mut changes = of_headers(&before.headers, &plan.headers);
            let parts = plan.key_parts.iter().skip(before.key_parts.len());
            changes.extend(parts.map(|part| format!("cache key {part}")));
            trail.changed("on_pre_handle", handler.plugin, changes);
        }
    }

    let (task, plain) = match output {
        Some(output) => {
            let (mut version, canonical) = (itoa::Buffer::new(), instructions.canonical());
            let parts = [version.format(VERSION), output.key_part(), &canonical];
            let variant = Variant::of(parts.into_iter().chain(plan.key_parts.iter().map(String::as_str)));
            (Task::Process(output), variant)
        }
        None => (Task::Relay, relayed()),
    };
    let variant = match task {
        Task::Process(_) if !located.overlays.is_empty() => {
            let versions: Vec<Validator> = located.overlays.iter().map(LocatedOverlay::validator).collect();
            overlaid(plain, &located.overlays, &versions)
        }
        _ => plain,
    };
    let key = CacheKey {
        source: located.key.clone(),
        validator: located.validator(),
        variant,
    };
    let mut headers = plan.headers;
    for name in plan.vary {
        headers.append(VARY, HeaderValue::from(name));
    }
    // The date of one file says nothing about the others.
    let modified = located.stat.modified.filter(|_| located.overlays.is_empty());
    let validators = Validators::of(&key, modified);
    if validators.name_a_version()
        && located.stands_in().is_none()
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
        plain,
        validators,
        headers,
    })
}

/// The variant of a source's unchanged bytes.
pub(crate) fn relayed() -> Variant {
    Variant::of(["relay"])
}

/// The key of a source's bytes in source caches. As for results, [`Validator::unasked`] stands for a validator that the
/// source was not asked for.
pub(crate) fn source_cache_key(source: &SourceKey, validator: Option<&Validator>) -> CacheKey {
    CacheKey {
        source: source.clone(),
        validator: validator.cloned().unwrap_or_else(Validator::unasked),
        variant: relayed(),
    }
}
