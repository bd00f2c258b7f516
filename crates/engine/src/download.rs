//! Download of a whole source into memory, from the source caches or else from the source. One download serves all
//! requests that need the source at the same time. It is bounded by a byte limit, a timeout and the memory budget.
//! Called by `produce`.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use futures_util::StreamExt;
use resizer_plugin_api::{Body, CacheKey, EntryMeta, Error, ErrorKind, Fetch, Hit, ImageRequest, Stat, Want};

use crate::chain::{self, Found};
use crate::flight::Landing;
use crate::located::Located;
use crate::prepare::source_cache_key;
use crate::produced::SourceBytes;
use crate::shared::Shared;
use crate::site::Site;
use crate::store_error;

/// The media type of entries in source caches, which nobody reads.
const ORIGINAL: &str = "application/octet-stream";

/// Bytes first reserved for a source of unknown length. The reservation doubles when it is full, as the buffer does.
const STEP: u64 = 256 << 10;

/// Waits for the source's bytes; starts the download unless another request has. The request that starts it decides
/// which source caches are asked, because one download for all is worth more than each request's own choice.
pub(crate) async fn download(
    engine: &Arc<Shared>,
    site: &Arc<Site>,
    request: &Arc<ImageRequest>,
    located: &Arc<Located>,
) -> Result<SourceBytes, Error> {
    let epoch = located.epoch.number();
    let key = (located.key.clone(), located.stat.validator.clone(), epoch);
    let cap = located.mount.policy.fetch_timeout;
    let work = {
        let (engine, site) = (Arc::clone(engine), Arc::clone(site));
        let (request, located) = (Arc::clone(request), Arc::clone(located));
        move |landing, _| async move {
            let source = read(&engine, &site, &request, &located, &landing).await;
            source.inspect_err(|error| store_error::log(located.plugin, &located.key, error))
        }
    };
    let flight = engine.source_flights.join(key, cap, work);
    let caches = &site.table.source_caches;
    if caches.iter().any(|cache| cache.value.accepts(request)) {
        let flight = Some(Box::pin(flight));
        let engine = Arc::clone(engine);
        return Finishing { flight, engine }.await.result;
    }
    flight.await.result
}

async fn read(
    engine: &Shared,
    site: &Site,
    request: &ImageRequest,
    located: &Located,
    landing: &Landing<SourceBytes>,
) -> Result<SourceBytes, Error> {
    let caches = &site.table.source_caches;
    let asked = located.stat.validator.as_ref();
    let key = source_cache_key(&located.key, asked);
    if let Some(found) = chain::look(&located.epoch, caches, request, &key, Some(&engine.instruments)).await
        && let Some(source) = cached(engine, site, request, located, landing, &key, found).await?
    {
        return Ok(source);
    }
    let source = fetch(engine, site, located).await?;
    if source.stat.validator != located.stat.validator {
        // The cached stat is out of date. No later request shall look for the old version.
        engine.stat_cache.update(located, source.stat.clone());
    }
    landing.hand_out(Ok(source.clone()));
    let came = source.stat.validator.as_ref();
    // Without stats, look-ups use the key without a validator. The entry itself has the validator that came.
    let key = asked.map_or(key, |_| source_cache_key(&located.key, came));
    // If a validator was asked for and none came, the bytes may be of any version: they are not cached.
    if asked.is_none() || came.is_some() {
        let meta = EntryMeta::new(ORIGINAL, came.unwrap_or(&key.validator).clone()).with_modified(source.stat.modified);
        chain::keep(&located.epoch, caches, request, &key, &meta, &source.bytes).await;
    }
    Ok(source)
}

/// Reads a source cache's hit into memory. `None` if the cache fails on the way, which counts as a miss.
async fn cached(
    engine: &Shared,
    site: &Site,
    request: &ImageRequest,
    located: &Located,
    landing: &Landing<SourceBytes>,
    key: &CacheKey,
    found: Found<'_>,
) -> Result<Option<SourceBytes>, Error> {
    let Hit { meta, body, .. } = found.hit;
    let length = body.length().unwrap_or(0);
    check_size(length, site.server().max_source_bytes.0)?;
    let reserved = engine.admission.source(length, memory_timeout(located)).await?;
    let streamed = matches!(body, Body::Stream { .. });
    let bytes = match chain::collect(body).await {
        Ok(bytes) => bytes,
        Err(error) => {
            chain::warn(found.plugin, key, &error);
            return Ok(None);
        }
    };
    let stat = match &located.stat {
        asked if asked.validator.is_some() => asked.clone(),
        _ if meta.validator.names_a_version() => Stat::known(meta.validator.clone(), bytes.len() as u64, meta.modified),
        unknown => unknown.clone(),
    };
    let source = SourceBytes {
        bytes,
        stat,
        _reserved: Arc::new(reserved),
    };
    landing.hand_out(Ok(source.clone()));
    if streamed {
        chain::keep(&located.epoch, found.nearer, request, key, &meta, &source.bytes).await;
    }
    Ok(Some(source))
}

/// A wait for a download whose bytes a cache will hold. When its request is dropped, a task goes on waiting, so that
/// the download ends within its own timeout and the next request finds the bytes. The task takes a place in the queue:
/// a full server cancels the download instead.
struct Finishing<F: Future<Output: Send> + Send + 'static> {
    /// `None` once it has ended.
    flight: Option<Pin<Box<F>>>,
    engine: Arc<Shared>,
}

impl<F: Future<Output: Send> + Send + 'static> Future for Finishing<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let Some(flight) = &mut self.flight else {
            return Poll::Pending;
        };
        let landed = ready!(flight.as_mut().poll(context));
        self.flight = None;
        Poll::Ready(landed)
    }
}

impl<F: Future<Output: Send> + Send + 'static> Drop for Finishing<F> {
    fn drop(&mut self) {
        if let Some(flight) = self.flight.take()
            && let Ok(place) = self.engine.admission.place()
        {
            self.engine.runtime.spawn(async move {
                flight.await;
                drop(place);
            });
        }
    }
}

/// The longest wait for memory: half of the download's timeout. So a client that waits in vain gets a 503, before the
/// 504 of the whole download.
fn memory_timeout(located: &Located) -> Duration {
    located.mount.policy.fetch_timeout / 2
}

async fn fetch(engine: &Shared, site: &Site, located: &Located) -> Result<SourceBytes, Error> {
    engine.fetches.increment();
    let most = site.server().max_source_bytes.0;
    let mut download = match located.mount.source.fetch(&located.path, Want::whole()).await? {
        Fetch::Download(download) => download,
        Fetch::Unchanged => {
            let cause = "a source said `unchanged` although no validator was given";
            return Err(Error::new(ErrorKind::Upstream, "The image's store failed.").because(cause));
        }
    };
    let length = download.stat.length;
    check_size(length.unwrap_or(0), most)?;
    let mut room = length.unwrap_or(STEP);
    let (timeout, begun) = (memory_timeout(located), Instant::now());
    let prefix = &located.mount.prefix;
    // Held until the bytes are there, or the store has failed.
    let mut awaited = match site.has_other_stores() {
        true => Some(engine.admission.awaited(prefix, room, timeout).await?),
        false => None,
    };
    let left = timeout.saturating_sub(begun.elapsed());
    let mut reserved = engine.admission.source(room, left).await?;
    if download.whole {
        // The source holds the whole file in memory already, and the copy made here comes on top.
        reserved.grow(room)?;
    }
    let mut bytes = BytesMut::with_capacity(room.try_into().unwrap_or(0));
    while let Some(chunk) = download.bytes.next().await {
        let chunk = chunk?;
        let so_far = (bytes.len() + chunk.len()) as u64;
        check_size(so_far, most)?;
        while length.is_none() && so_far > room {
            let step = room.max(STEP);
            awaited.as_mut().map_or(Ok(()), |awaited| awaited.grow_at_most(step))?;
            reserved.grow(step)?;
            room += step;
        }
        bytes.extend_from_slice(&chunk);
    }
    drop(awaited);
    engine.fetched_bytes.add(bytes.len() as u64);
    if length.is_some_and(|length| length != bytes.len() as u64) {
        let cause = format!("{} bytes came of {}", bytes.len(), length.unwrap_or(0));
        return Err(Error::new(ErrorKind::Upstream, "The image's store sent it incompletely.").because(cause));
    }
    if download.whole {
        drop(download.bytes);
        reserved.shrink_to(room);
    }
    Ok(SourceBytes {
        bytes: bytes.freeze(),
        stat: download.stat,
        _reserved: Arc::new(reserved),
    })
}

/// `TooLarge` for a source beyond `max_source_bytes`.
fn check_size(length: u64, most: u64) -> Result<(), Error> {
    if length <= most {
        return Ok(());
    }
    let message = format!("The source file has more than {most} bytes, which is what `max_source_bytes` allows.");
    Err(Error::new(ErrorKind::TooLarge, message))
}
