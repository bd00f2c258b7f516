//! A source's bytes, whole and in memory, fetched once for all variants that are wanted of it at one time: from the
//! source caches, or else from the source, within a byte limit, a time limit and the memory budget. Called by `produce`.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use resizer_plugin_api::{Body, CacheKey, EntryMeta, Error, ErrorKind, Fetch, Hit, ImageRequest, Stat, Want};

use crate::admission::Reserved;
use crate::chain::{self, Found};
use crate::engine::Shared;
use crate::flight::Landing;
use crate::locate::{Located, log};
use crate::prepare::{is_known, source_cache_key};
use crate::site::Site;

/// Originals are kept as what they are.
const ORIGINAL: &str = "application/octet-stream";

/// Room for the first bytes of a source whose length is not known; doubled as it fills, as the buffer itself is.
const STEP: u64 = 256 << 10;

/// A source in memory, and its share of the budget for as long as anyone holds it.
#[derive(Clone, Debug)]
pub(crate) struct SourceBytes {
    pub(crate) bytes: Bytes,
    /// What came with the bytes.
    pub(crate) stat: Stat,
    _reserved: Arc<Reserved>,
}

/// Waits for the source's bytes, begun by this or by another request. Whose request begins it says which source caches
/// are asked: one download for all is worth more than each one's own word on that.
pub(crate) async fn download(
    engine: &Arc<Shared>,
    site: &Arc<Site>,
    request: &Arc<ImageRequest>,
    located: &Arc<Located>,
) -> Result<SourceBytes, Error> {
    let generation = located.generation.number();
    let key = (located.key.clone(), located.stat.validator.clone(), generation);
    let cap = located.mount.policy.fetch_timeout;
    let work = {
        let (engine, site) = (Arc::clone(engine), Arc::clone(site));
        let (request, located) = (Arc::clone(request), Arc::clone(located));
        move |landing, _| async move {
            let source = read(&engine, &site, &request, &located, &landing).await;
            source.inspect_err(|error| log(located.plugin, &located.key, error))
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
    if let Some(found) = chain::look(&located.generation, caches, request, &key, Some(engine)).await
        && let Some(source) = cached(engine, site, request, located, landing, &key, found).await?
    {
        return Ok(source);
    }
    let source = fetch(engine, site, located).await?;
    if source.stat.validator != located.stat.validator {
        // What was believed of the source is out of date: nobody shall look for the old version any longer.
        engine.believe(located, source.stat.clone());
    }
    landing.hand_out(Ok(source.clone()));
    let came = source.stat.validator.as_ref();
    // Where the store is not asked for validators, look-ups go by the key without one; the entry knows its own.
    let key = asked.map_or(key, |_| source_cache_key(&located.key, came));
    // A version that was asked for and came without a name cannot be told from another.
    if asked.is_none() || came.is_some() {
        let meta = EntryMeta::new(ORIGINAL, came.unwrap_or(&key.validator).clone()).with_modified(source.stat.modified);
        chain::keep(&located.generation, caches, request, &key, &meta, &source.bytes).await;
    }
    Ok(source)
}

/// What a source cache has, once there is memory for it. `None` if the cache breaks off: a failing cache is a miss.
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
    within(length, site.server().max_source_bytes.0)?;
    let reserved = engine.admission.source(length, patience(located)).await?;
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
        _ if is_known(&meta.validator) => Stat::known(meta.validator.clone(), bytes.len() as u64, meta.modified),
        unknown => unknown.clone(),
    };
    let source = SourceBytes {
        bytes,
        stat,
        _reserved: Arc::new(reserved),
    };
    landing.hand_out(Ok(source.clone()));
    if streamed {
        chain::keep(&located.generation, found.nearer, request, key, &meta, &source.bytes).await;
    }
    Ok(Some(source))
}

/// A wait for a download that has a cache to land in. Who leaves it leaves a task behind that waits on, so that the
/// download goes on, within its own time, and the next request finds what came. That task takes a place among the work:
/// a server that has as much as it can take finishes nothing that nobody waits for.
struct Finishing<F: Future<Output: Send> + Send + 'static> {
    /// Until it has landed.
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

/// Half of what the whole download may take: who waits for memory in vain shall hear of it with a 503, before the
/// download's own 504.
fn patience(located: &Located) -> Duration {
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
    within(length.unwrap_or(0), most)?;
    let mut room = length.unwrap_or(STEP);
    let mut reserved = engine.admission.source(room, patience(located)).await?;
    if download.whole {
        // It is there already, and copied while it is read.
        reserved.grow(room)?;
    }
    let mut bytes = BytesMut::with_capacity(room.try_into().unwrap_or(0));
    while let Some(chunk) = download.bytes.next().await {
        let chunk = chunk?;
        let so_far = (bytes.len() + chunk.len()) as u64;
        within(so_far, most)?;
        while length.is_none() && so_far > room {
            reserved.grow(room.max(STEP))?;
            room += room.max(STEP);
        }
        bytes.extend_from_slice(&chunk);
    }
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

fn within(length: u64, most: u64) -> Result<(), Error> {
    if length <= most {
        return Ok(());
    }
    let message = format!("The source file has more than {most} bytes, which is what `max_source_bytes` allows.");
    Err(Error::new(ErrorKind::TooLarge, message))
}
