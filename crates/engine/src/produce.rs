//! Produce, the sixth step of a walk: the bytes of the answer. They come from a result cache, or from a flight that one
//! request starts and all others who want the same wait for: queue, source, header, memory, work thread, caches. A
//! source that is neither processed nor cached is relayed by `relay`.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::FutureExt;
use resizer_imaging::{Cost, ImageError, Job, layout, predict, predict_with, run_with};
use resizer_plugin_api::{Body, CacheKey, EntryMeta, Error, ErrorKind, ImageRequest};

use crate::admission::Reserved;
use crate::cancellation::Cancellation;
use crate::chain::{self, Found};
use crate::download::download;
use crate::failure_memory::Asked;
use crate::flight::Landing;
use crate::header::header;
use crate::image_error::public;
use crate::layers::{Layers, layers};
use crate::located::overlaid;
use crate::media_type::sniff;
use crate::pool::Turn;
use crate::prepare::{Output, Prepared, Task};
use crate::produced::{Made, Produced, SourceBytes};
use crate::relay::relay;
use crate::reply_memory::{counted, counted_hit};
use crate::shared::Shared;
use crate::site::Site;
use crate::store_error;
use crate::trail::{CacheOutcome, Trail};

/// Finds, produces or relays the result of a prepared request. Steps that take time anyway are boxed, so that a hit's
/// future has no room for them.
pub(crate) async fn produce(
    engine: &Arc<Shared>,
    site: &Arc<Site>,
    request: &Arc<ImageRequest>,
    prepared: &Prepared,
    trail: &mut Trail,
) -> Result<Produced, Error> {
    let Prepared { located, key, .. } = prepared;
    if prepared.caching {
        let (begun, caches) = (trail.now(), &site.table.result_caches);
        let found = chain::look(&located.epoch, caches, request, key, Some(&engine.instruments)).await;
        trail.stage("cache", begun);
        if let Some(found) = found {
            trail.cache = Some(CacheOutcome::Hit(found.plugin));
            return Ok(Produced {
                key: found_key(key, &found),
                body: counted_hit(&engine.admission, found.hit.body, memory_timeout(site)).await?,
                meta: found.hit.meta,
                part: None,
                damaged: None,
            });
        }
    }
    // Asked behind the result caches, which need no store.
    if let Some(error) = engine.negative_cache.known(site, &located.mount, &located.key) {
        return Err(error);
    }
    if !prepared.caching && matches!(prepared.task, Task::Relay) {
        trail.cache = Some(CacheOutcome::Relayed);
        return Box::pin(relay(engine, site, request, prepared)).await;
    }

    let work = {
        let (engine, site) = (Arc::clone(engine), Arc::clone(site));
        let (request, prepared) = (Arc::clone(request), prepared.clone());
        move |landing, cancellation| async move { make(&engine, &site, &request, &prepared, &landing, cancellation).await }
    };
    let flight = (key.clone(), prepared.caching, located.epoch.number());
    let flight = engine.result_flights.join(flight, site.server().deadline.0, work);
    let landed = Box::pin(flight).await;
    let made = landed.result?;
    trail.stages(&made.stages);
    trail.cache = Some(match made.found_in {
        Some(plugin) => CacheOutcome::Hit(plugin),
        None if landed.started_here => CacheOutcome::Miss,
        None => CacheOutcome::Shared,
    });
    Ok(Produced {
        key: made.key.clone(),
        meta: made.meta.clone(),
        body: Body::Bytes(made.reply.clone()),
        part: None,
        damaged: made.damaged.then(|| site.server().damaged_max_age),
    })
}

/// The work of a flight: makes the result, hands it to all who wait, and puts it into the caches.
async fn make(
    engine: &Arc<Shared>,
    site: &Arc<Site>,
    request: &Arc<ImageRequest>,
    prepared: &Prepared,
    landing: &Landing<Arc<Made>>,
    cancellation: Cancellation,
) -> Result<Arc<Made>, Error> {
    let Prepared { located, key, .. } = prepared;
    let caches = if prepared.caching {
        &site.table.result_caches[..]
    } else {
        &[]
    };
    // An earlier flight may have filled the caches since this request looked into them.
    if let Some(found) = chain::look(&located.epoch, caches, request, key, None).await {
        return found_again(engine, site, key, found).await;
    }
    let asked = Asked {
        site,
        mount: &located.mount,
        key,
    };
    if matches!(prepared.task, Task::Process(_))
        && let Some(error) = engine.failure_memory.known(asked)
    {
        return Err(error);
    }
    let place = engine.admission.place()?;
    let prefix = &located.mount.prefix;
    let waits = engine.admission.store_wait(prefix, site.queue_per_store())?;
    let begun = Instant::now();
    let source = download(engine, site, request, located).await;
    drop(waits);
    let source = source.inspect_err(|error| {
        engine.failure_memory.note(asked, &located.epoch, &key.validator, error);
    })?;
    let mut stages = vec![("fetch", begun.elapsed())];
    // The bytes may be of a newer version than the stat: they are cached under their own validator.
    let validator = source.stat.validator.clone();
    let mut came = CacheKey {
        validator: validator.unwrap_or_else(|| key.validator.clone()),
        ..key.clone()
    };
    let finished = match prepared.task {
        Task::Relay => relayed(engine, &source).await?,
        Task::Process(output) => {
            let asked = (site, request, prepared);
            processed(engine, asked, &mut came, &source, output, cancellation).await?
        }
    };
    drop(place);
    stages.extend_from_slice(&finished.stages);
    engine.instruments.worked(&stages);
    if finished.damaged {
        engine.damaged.increment();
        tracing::warn!(plugin = located.plugin, source = %key.source, "a part of a damaged image is shown");
    }
    let modified = source.stat.modified.filter(|_| located.overlays.is_empty());
    let made = Arc::new(Made {
        meta: EntryMeta::new(finished.content_type, came.validator.clone()).with_modified(modified),
        key: came,
        reply: finished.reply,
        damaged: finished.damaged,
        found_in: None,
        stages,
    });
    drop(source);
    // A cache would keep it for longer than it is to be kept.
    let caches = if finished.damaged { &caches[..0] } else { caches };

    // Without stats, look-ups use the key without a validator. The entry itself has the validator that came.
    let asked = located.stat.validator.is_some();
    let cache_key = if asked { &made.key } else { key };
    let mut putting = pin!(chain::keep(
        &located.epoch,
        caches,
        request,
        cache_key,
        &made.meta,
        &finished.bytes
    ));
    // A put that is ready at once comes before the answer, so that the client's next request is a hit. Nobody waits for
    // a put that takes longer.
    let put = putting.as_mut().now_or_never();
    landing.hand_out(Ok(Arc::clone(&made)));
    if put.is_none() {
        putting.await;
    }
    Ok(Arc::clone(&made))
}

/// The result of a flight that found its result in a cache after all.
async fn found_again(engine: &Shared, site: &Site, key: &CacheKey, found: Found<'_>) -> Result<Arc<Made>, Error> {
    let key = found_key(key, &found);
    let length = found.hit.body.length().unwrap_or(0);
    let reserved = engine.admission.sent(length, memory_timeout(site)).await?;
    let bytes = chain::collect(found.hit.body).await?;
    Ok(Arc::new(Made {
        key,
        meta: found.hit.meta,
        reply: counted(bytes, reserved),
        damaged: false,
        found_in: Some(found.plugin),
        stages: Vec::new(),
    }))
}

/// The key of a hit: an entry has its own validator, where the source was not asked for one.
fn found_key(key: &CacheKey, found: &Found<'_>) -> CacheKey {
    CacheKey {
        validator: found.hit.meta.validator.clone(),
        ..key.clone()
    }
}

/// A result before it is handed out and cached.
struct Finished {
    /// For caches.
    bytes: Bytes,
    /// For clients: the same bytes, with their memory reservation.
    reply: Bytes,
    content_type: String,
    stages: Vec<(&'static str, Duration)>,
    /// Whether a part of the source is missing.
    damaged: bool,
}

/// The unchanged source as a result, for caches that hold unmodified files too.
async fn relayed(engine: &Shared, source: &SourceBytes) -> Result<Finished, Error> {
    let leave = engine.admission.sent_source(source.bytes.len() as u64).await?;
    Ok(Finished {
        bytes: source.bytes.clone(),
        reply: counted(source.bytes.clone(), (source.clone(), leave)),
        content_type: sniff(&source.bytes).to_owned(),
        stages: Vec::new(),
        damaged: false,
    })
}

/// Decodes, scales and encodes the source, once there is memory for it. `came` is the key of the version that came, and
/// takes the versions of overlays that came.
async fn processed(
    engine: &Arc<Shared>,
    (site, request, prepared): (&Arc<Site>, &Arc<ImageRequest>, &Prepared),
    came: &mut CacheKey,
    source: &SourceBytes,
    output: Output,
    cancellation: Cancellation,
) -> Result<Finished, Error> {
    let Prepared { located, key, .. } = prepared;
    let validator = came.validator.clone();
    let failed = |error: &Error| {
        store_error::log(located.plugin, &key.source, error);
        let memory = &engine.failure_memory;
        let mount = &located.mount;
        memory.note(Asked { site, mount, key }, &located.epoch, &validator, error);
    };
    let (timeout, begun) = (memory_timeout(site), Instant::now());
    let token = cancellation.token().clone();
    let limits = site.limits(&located.mount);
    let info = header(engine, source.clone(), limits.clone(), timeout, token).await;
    let info = info.inspect_err(failed)?;
    let instructions = request.instructions.clone();
    let job = match output {
        Output::Format(format) => Job {
            instructions,
            format,
            limits,
        },
        Output::Negotiated(accepted) => Job::negotiated(instructions, limits, &info, accepted).0,
    };
    let mut cost = predict(&info, &job).map_err(public)?;
    let mut layers = Layers::default();
    if !located.overlays.is_empty() {
        let layout = layout(&info, &job.instructions).map_err(public)?;
        layers = Box::pin(self::layers(engine, site, request, &located.overlays, &layout)).await?;
        came.variant = overlaid(prepared.plain, &located.overlays, &layers.validators);
        cost = predict_with(&info, &job, &layers.of_job().map_err(public)?).map_err(public)?;
    }
    let reserved = engine.admission.pixels(cost.peak_bytes, timeout).await?;
    let waited = begun.elapsed();
    let work = (source.clone(), job, layers);
    let finished = process(engine, work, &cost, reserved, timeout, cancellation).await;
    // The header has passed the limits, so that an error about size is about the instructions and not about the source.
    let mut finished = finished.inspect_err(|error| {
        if error.kind() != ErrorKind::TooLarge {
            failed(error);
        }
    })?;
    finished.stages.insert(0, ("memory", waited));
    Ok(finished)
}

/// The work thread's part. The thread holds the source and both reservations until it is done, even when nobody waits
/// any more. The result's reservation shrinks to the bytes of the result, which then waits until it may be sent.
async fn process(
    engine: &Shared,
    (source, job, layers): (SourceBytes, Job, Layers),
    cost: &Cost,
    mut reserved: Reserved,
    timeout: Duration,
    cancellation: Cancellation,
) -> Result<Finished, Error> {
    let decodes = engine.decodes.clone();
    let token = cancellation.token().clone();
    let work = move || {
        decodes.increment();
        let mut refusal = None;
        let mut grow = |bytes| match reserved.grow(bytes) {
            Ok(()) => true,
            Err(error) => {
                refusal = Some(error);
                false
            }
        };
        let encoded = match layers.of_job() {
            Ok(layers) => run_with(&source.bytes, &job, &layers, &token, &mut grow),
            Err(error) => Err(error),
        };
        drop((source, layers));
        let encoded = encoded.map_err(|error| match (error, refusal) {
            (ImageError::NoRoom, Some(refusal)) => refusal,
            (error, _) => public(error),
        })?;
        reserved.shrink_to(encoded.bytes.len() as u64);
        Ok((encoded, reserved))
    };
    let done = engine.pool.run(Turn::of(cost), cancellation, work).await?;
    let (encoded, reserved) = done.value;
    let leave = engine
        .admission
        .sent_result(encoded.bytes.len() as u64, timeout)
        .await?;
    // Copied to its exact size: a buffer that grew piece by piece may be twice as large, and caches would hold all of
    // it.
    let bytes = Bytes::copy_from_slice(&encoded.bytes);
    Ok(Finished {
        reply: counted(bytes.clone(), (reserved, leave)),
        bytes,
        content_type: encoded.format.content_type().to_owned(),
        damaged: encoded.damaged,
        stages: vec![
            ("queue", done.waited),
            ("decode", encoded.timings.decode),
            ("scale", encoded.timings.scale),
            ("encode", encoded.timings.encode),
        ],
    })
}

/// The longest wait for memory: half of the deadline. So a client that waits in vain gets a 503, before the deadline's
/// 504.
fn memory_timeout(site: &Site) -> Duration {
    site.server().deadline.0 / 2
}
