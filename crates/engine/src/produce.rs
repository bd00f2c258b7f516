//! The sixth step of a walk: the bytes of the answer. From a result cache, or from a flight that one request starts and
//! all others who want the same wait on: place in the queue, source, header, memory, work thread, caches. What is not
//! to be processed is relayed by `relay`.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::FutureExt;
use resizer_imaging::{ImageError, Job, Limits, SourceInfo, inspect, predict, run_within};
use resizer_plugin_api::{Body, ByteSize, CacheKey, EntryMeta, Error, ErrorKind, ImageRequest, Validator};

use crate::admission::Reserved;
use crate::chain;
use crate::download::{SourceBytes, download};
use crate::engine::Shared;
use crate::flight::{Landing, panicked};
use crate::generation::Generation;
use crate::image_error::public;
use crate::leaving::Leaving;
use crate::locate::log;
use crate::pool::Turn;
use crate::prepare::{Prepared, Task};
use crate::range::Part;
use crate::relay::{relay, sniff};
use crate::site::Site;
use crate::trail::{CacheOutcome, Trail};
use crate::unsent::{counted, from_cache};

/// The answer's bytes and what names them.
pub(crate) struct Produced {
    pub(crate) key: CacheKey,
    pub(crate) meta: EntryMeta,
    pub(crate) body: Body,
    /// The part that the body is, where the source was asked for no more.
    pub(crate) part: Option<Part>,
}

/// A result that was made or found in a flight; shared by all who waited.
#[derive(Debug)]
pub(crate) struct Made {
    key: CacheKey,
    meta: EntryMeta,
    /// For clients; they are counted until the last one has them.
    reply: Bytes,
    /// The plugin whose cache had it after all.
    found_in: Option<&'static str>,
    stages: Vec<(&'static str, Duration)>,
}

/// Finds, makes or relays what was prepared. What takes time anyway is boxed, so that a hit carries no room for it.
pub(crate) async fn produce(
    engine: &Arc<Shared>,
    site: &Arc<Site>,
    request: &Arc<ImageRequest>,
    prepared: &Prepared,
    trail: &mut Trail,
) -> Result<Produced, Error> {
    let generation = &prepared.located.generation;
    if prepared.caching {
        let found = chain::look(
            generation,
            &site.table.result_caches,
            request,
            &prepared.key,
            Some(engine),
        )
        .await;
        trail.stage("cache");
        if let Some(found) = found {
            trail.cache = Some(CacheOutcome::Hit(found.plugin));
            let key = CacheKey {
                validator: found.hit.meta.validator.clone(),
                ..prepared.key.clone()
            };
            let body = from_cache(&engine.admission, found.hit.body, patience(site)).await?;
            return Ok(Produced {
                key,
                meta: found.hit.meta,
                body,
                part: None,
            });
        }
    }
    // Behind the caches, which need no store.
    let located = &prepared.located;
    if let Some(error) = engine.missing.known(site, &located.mount, &located.key) {
        return Err(error);
    }
    if !prepared.caching && matches!(prepared.task, Task::Relay) {
        trail.cache = Some(CacheOutcome::Relayed);
        return Box::pin(relay(engine, request, prepared)).await;
    }

    let work = {
        let (engine, site) = (Arc::clone(engine), Arc::clone(site));
        let (request, prepared) = (Arc::clone(request), prepared.clone());
        move |landing, leaving| async move { make(&engine, &site, &request, &prepared, &landing, leaving).await }
    };
    let flight = (prepared.key.clone(), prepared.caching, generation.number());
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
    })
}

/// The work of a flight.
async fn make(
    engine: &Arc<Shared>,
    site: &Arc<Site>,
    request: &Arc<ImageRequest>,
    prepared: &Prepared,
    landing: &Landing<Arc<Made>>,
    leaving: Leaving,
) -> Result<Arc<Made>, Error> {
    let Prepared {
        located,
        task,
        caching,
        key,
        ..
    } = prepared;
    let generation = &located.generation;
    // Between a request's look into the caches and its flight, an earlier flight may have filled them.
    if *caching && let Some(found) = chain::look(generation, &site.table.result_caches, request, key, None).await {
        let key = CacheKey {
            validator: found.hit.meta.validator.clone(),
            ..key.clone()
        };
        let length = found.hit.body.length().unwrap_or(0);
        let reserved = engine.admission.sent(length, patience(site)).await?;
        let bytes = chain::collect(found.hit.body).await?;
        let made = Made {
            key,
            meta: found.hit.meta,
            reply: counted(bytes, reserved),
            found_in: Some(found.plugin),
            stages: Vec::new(),
        };
        return Ok(Arc::new(made));
    }
    if matches!(task, Task::Process(_))
        && let Some(error) = engine.remembered(site, key)
    {
        return Err(error);
    }
    let place = engine.admission.place()?;
    let since = Instant::now();
    let source = download(engine, site, request, located).await;
    let source = source.inspect_err(|error| engine.remember(site, generation, key, &key.validator, error))?;
    let mut stages = vec![("fetch", since.elapsed())];

    // The bytes may be a newer version than the one that was asked about: they are kept under their own validator.
    let validator = source.stat.validator.clone().unwrap_or_else(|| key.validator.clone());
    let made = match task {
        Task::Relay => {
            let bytes = source.bytes.clone();
            let reply = counted(bytes.clone(), source.clone());
            (bytes, reply, sniff(&source.bytes).to_owned())
        }
        Task::Process(format) => {
            let job = &Arc::new(Job {
                instructions: request.instructions.clone(),
                format: *format,
                limits: site.limits().clone(),
            });
            let failed = |error: &Error| {
                log(located.plugin, &key.source, error);
                engine.remember(site, generation, key, &validator, error);
            };
            let info = header(source.bytes.clone(), Arc::clone(job))
                .await
                .inspect_err(failed)?;
            let cost = predict(&info, job).map_err(public)?;
            let reserved = engine.admission.pixels(cost.peak_bytes, patience(site)).await?;
            let turn = Turn::of(&cost);
            let processed = process(engine, &source, job, turn, reserved, leaving).await;
            // What is too large now is what was asked for: the source has passed.
            let processed = processed.inspect_err(|error| {
                if error.kind() != ErrorKind::TooLarge {
                    failed(error);
                }
            })?;
            stages.extend_from_slice(&processed.stages);
            let reply = counted(processed.bytes.clone(), processed.reserved);
            (processed.bytes, reply, job.format.content_type().to_owned())
        }
    };
    drop(place);
    let (bytes, reply, content_type) = made;
    let meta = EntryMeta::new(content_type, validator.clone()).with_modified(source.stat.modified);
    drop(source);

    let asked = located.stat.validator.is_some();
    let named = CacheKey {
        validator,
        ..key.clone()
    };
    engine.instruments.worked(&stages);
    let made = Arc::new(Made {
        key: named.clone(),
        meta,
        reply,
        found_in: None,
        stages,
    });
    // Where the store is not asked for validators, look-ups go by the key without one; the entry knows its own.
    let kept_as = if asked { &named } else { key };
    let caches = if *caching { &site.table.result_caches[..] } else { &[] };
    let mut keep = pin!(chain::keep(generation, caches, request, kept_as, &made.meta, &bytes));
    // Who has the answer finds it in the caches, unless one of them makes us wait: then nobody else waits for that.
    let kept = keep.as_mut().now_or_never();
    landing.hand_out(Ok(Arc::clone(&made)));
    if kept.is_none() {
        keep.await;
    }
    Ok(Arc::clone(&made))
}

struct Processed {
    bytes: Bytes,
    /// As much as they are.
    reserved: Reserved,
    stages: Vec<(&'static str, Duration)>,
}

/// Half of the deadline: who waits for memory in vain shall still hear of it, with a 503, before the deadline's own 504.
fn patience(site: &Site) -> Duration {
    site.server().deadline.0 / 2
}

/// The work thread's part. The source and its share of the memory are held until the thread is done with them, even
/// when nobody waits any more.
async fn process(
    engine: &Shared,
    source: &SourceBytes,
    job: &Arc<Job>,
    turn: Turn,
    mut reserved: Reserved,
    leaving: Leaving,
) -> Result<Processed, Error> {
    let (source, job, decodes) = (source.clone(), Arc::clone(job), engine.decodes.clone());
    let cancel = leaving.cancel().clone();
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
        let encoded = run_within(&source.bytes, &job, &cancel, &mut grow);
        drop(source);
        let encoded = encoded.map_err(|error| match (error, refusal) {
            (ImageError::NoRoom, Some(refusal)) => refusal,
            (error, _) => public(error),
        })?;
        reserved.shrink_to(encoded.bytes.len() as u64);
        Ok((encoded, reserved))
    };
    let done = engine.pool.run(turn, leaving, work).await?;
    let (encoded, reserved) = done.value;
    let timings = encoded.timings;
    let stages = vec![
        ("queue", done.waited),
        ("decode", timings.decode),
        ("scale", timings.scale),
        ("encode", timings.encode),
    ];
    Ok(Processed {
        // Copied: what was written piece by piece may have as much room again behind it, which caches would keep.
        bytes: Bytes::copy_from_slice(&encoded.bytes),
        reserved,
        stages,
    })
}

/// What the source's header says. On a thread that may take its time: a header can lie behind megabytes of notes.
async fn header(source: Bytes, job: Arc<Job>) -> Result<SourceInfo, Error> {
    let work = move || inspect(&source, &job.limits).map_err(public);
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|failed| Err(panicked(&*failed.into_panic())))
}

/// A source that could not be used, remembered so that it is not fetched and tried again for each request.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    error: Error,
    at: Instant,
    /// The limits it was held against.
    limits: (Limits, ByteSize),
}

impl Shared {
    /// What this source failed with not too long ago and, if it was too large, by the limits that still hold.
    fn remembered(&self, site: &Site, key: &CacheKey) -> Option<Error> {
        let failure = self.failures.get(&(key.source.clone(), key.validator.clone()))?;
        let fresh = failure.at.elapsed() < site.server().failure_memory.0;
        let holds = failure.error.kind() != ErrorKind::TooLarge || failure.limits == limits(site);
        (fresh && holds).then_some(failure.error)
    }

    /// Notes a failure that lies in the source itself, whatever was asked of it.
    fn remember(&self, site: &Site, generation: &Generation, key: &CacheKey, validator: &Validator, error: &Error) {
        if !matches!(
            error.kind(),
            ErrorKind::Corrupt | ErrorKind::Unsupported | ErrorKind::TooLarge
        ) {
            return;
        }
        let failure = Failure {
            error: error.clone(),
            at: Instant::now(),
            limits: limits(site),
        };
        for validator in [validator, &key.validator] {
            let version = (key.source.clone(), validator.clone());
            generation.remember(&key.source, || self.failures.insert(version, failure.clone()));
        }
    }
}

fn limits(site: &Site) -> (Limits, ByteSize) {
    (site.limits().clone(), site.server().max_source_bytes)
}
