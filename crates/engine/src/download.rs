//! A source's bytes, whole and in memory, fetched once for all variants that are wanted of it at one time: from the
//! source caches, or else from the source, within a byte limit, a time limit and the memory budget. Called by `produce`.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use resizer_plugin_api::{EntryMeta, Error, ErrorKind, Fetch, ImageRequest, Stat, Want};

use crate::admission::Reserved;
use crate::chain;
use crate::engine::Shared;
use crate::flight::Landing;
use crate::locate::{Located, log};
use crate::prepare::source_cache_key;
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

/// Waits for the source's bytes, begun by this or by another request.
pub(crate) async fn download(
    engine: &Arc<Shared>,
    site: &Arc<Site>,
    request: &Arc<ImageRequest>,
    located: &Arc<Located>,
) -> Result<SourceBytes, Error> {
    let key = (located.key.clone(), located.stat.validator.clone());
    let cap = located.mount.policy.fetch_timeout;
    let work = {
        let (engine, site) = (Arc::clone(engine), Arc::clone(site));
        let (request, located) = (Arc::clone(request), Arc::clone(located));
        move |landing, _| async move {
            let source = read(&engine, &site, &request, &located, &landing).await;
            source.inspect_err(|error| log(located.plugin, &located.key, error))
        }
    };
    engine.source_flights.join(key, cap, work).await.result
}

async fn read(
    engine: &Shared,
    site: &Site,
    request: &ImageRequest,
    located: &Located,
    landing: &Landing<SourceBytes>,
) -> Result<SourceBytes, Error> {
    let caches = &site.table.source_caches;
    let cache_key = located
        .stat
        .validator
        .as_ref()
        .map(|validator| source_cache_key(&located.key, validator));
    if let Some(key) = &cache_key
        && let Some(found) = chain::look(caches, request, key, Some(engine)).await
    {
        let length = found.hit.body.length().unwrap_or(0);
        let reserved = engine.admission.source(length, patience(located)).await?;
        let bytes = chain::collect(found.hit.body).await?;
        return Ok(SourceBytes {
            bytes,
            stat: located.stat.clone(),
            _reserved: Arc::new(reserved),
        });
    }
    let source = fetch(engine, site, located).await?;
    if source.stat.validator != located.stat.validator {
        // What was believed of the source is out of date: nobody shall look for the old version any longer.
        engine.believe(located, source.stat.clone());
    }
    landing.hand_out(Ok(source.clone()));
    if let Some(validator) = &source.stat.validator {
        let key = source_cache_key(&located.key, validator);
        let meta = EntryMeta {
            content_type: ORIGINAL.to_owned(),
            validator: validator.clone(),
            modified: source.stat.modified,
        };
        chain::keep(caches, request, &key, &meta, &source.bytes).await;
    }
    Ok(source)
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
    let mut bytes = BytesMut::with_capacity(room.try_into().unwrap_or(0));
    while let Some(chunk) = download.bytes.next().await {
        let chunk = chunk?;
        let so_far = (bytes.len() + chunk.len()) as u64;
        within(so_far, most)?;
        while length.is_none() && so_far > room {
            reserved = engine.admission.more(reserved, room.max(STEP)).await?;
            room += room.max(STEP);
        }
        bytes.extend_from_slice(&chunk);
    }
    engine.fetched_bytes.add(bytes.len() as u64);
    if length.is_some_and(|length| length != bytes.len() as u64) {
        let cause = format!("{} bytes came of {}", bytes.len(), length.unwrap_or(0));
        return Err(Error::new(ErrorKind::Upstream, "The image's store sent it incompletely.").because(cause));
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
