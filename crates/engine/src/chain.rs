//! Cache chain: caches in file order, asked in turn, the nearer refilled from the farther. A cache that fails, hangs or
//! panics is a miss and a line in the log. It never fails a request. Used by `produce` for results and by `download`
//! for originals.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{FutureExt, StreamExt};
use resizer_plugin_api::engine::Given;
use resizer_plugin_api::{Body, Cache, CacheKey, Entry, EntryMeta, Error, ErrorKind, Hit, ImageRequest};

use crate::flight::panicked;
use crate::instruments::{Instruments, Lookup};
use crate::lazy_timeout::lazy_timeout;
use crate::purge_epoch::PurgeEpoch;

/// A cache that takes longer to answer is slower than producing most images anew.
const TIMEOUT: Duration = Duration::from_secs(2);

/// A hit, the plugin whose cache it is from, and the caches that are nearer.
pub(crate) struct Found<'c> {
    pub(crate) plugin: &'static str,
    pub(crate) hit: Hit,
    pub(crate) nearer: &'c [Given<Arc<dyn Cache>>],
}

/// The nearest cache's entry under this key. The look-up is counted if `instruments` is given: a second look-up for the
/// same request is not.
pub(crate) async fn look<'c>(
    epoch: &PurgeEpoch,
    caches: &'c [Given<Arc<dyn Cache>>],
    request: &ImageRequest,
    key: &CacheKey,
    instruments: Option<&Instruments>,
) -> Option<Found<'c>> {
    for (index, cache) in caches
        .iter()
        .enumerate()
        .filter(|(_, cache)| cache.value.accepts(request))
    {
        let answer = guarded(cache.value.get(key)).await;
        if let Some(instruments) = instruments {
            let lookup = match &answer {
                Ok(Some(_)) => Lookup::Hit,
                Ok(None) => Lookup::Miss,
                Err(_) => Lookup::Error,
            };
            instruments.looked_up(cache.plugin, lookup);
        }
        match answer {
            Ok(Some(hit)) => {
                let nearer = &caches[..index];
                // A stream is too large to be held in memory here for a nearer cache's sake.
                if let Body::Bytes(bytes) = &hit.body {
                    keep(epoch, nearer, request, key, &hit.meta, bytes).await;
                }
                return Some(Found {
                    plugin: cache.plugin,
                    hit,
                    nearer,
                });
            }
            Ok(None) => {}
            Err(error) => warn(cache.plugin, key, &error),
        }
    }
    None
}

/// Puts an entry into every cache that accepts the request, unless the source was purged since the request came.
pub(crate) async fn keep(
    epoch: &PurgeEpoch,
    caches: &[Given<Arc<dyn Cache>>],
    request: &ImageRequest,
    key: &CacheKey,
    meta: &EntryMeta,
    bytes: &Bytes,
) {
    for cache in caches.iter().filter(|cache| cache.value.accepts(request)) {
        let Some(_permit) = epoch.put_permit(&key.source) else {
            return;
        };
        let entry = Entry::new(meta.clone(), bytes.clone());
        if let Err(error) = guarded(cache.value.put(key, entry)).await {
            warn(cache.plugin, key, &error);
        }
    }
}

/// All bytes of a body.
///
/// # Errors
/// The cache fails, or sends nothing for the time in which it has to answer.
pub(crate) async fn collect(body: Body) -> Result<Bytes, Error> {
    match body {
        Body::Bytes(bytes) => Ok(bytes),
        Body::Stream { mut stream, length } => {
            let mut bytes = BytesMut::with_capacity(length.and_then(|length| length.try_into().ok()).unwrap_or(0));
            while let Some(chunk) = guarded(async { stream.next().await.transpose() }).await? {
                bytes.extend_from_slice(&chunk);
            }
            Ok(bytes.freeze())
        }
        _ => Ok(Bytes::new()),
    }
}

/// Runs a cache's work with a timeout, and makes an error of a panic.
async fn guarded<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    match lazy_timeout(TIMEOUT, AssertUnwindSafe(work).catch_unwind()).await {
        Ok(Ok(result)) => result,
        Ok(Err(panic)) => Err(panicked(&*panic)),
        Err(_) => Err(Error::new(ErrorKind::Timeout, "The cache took too long.")),
    }
}

/// Logs the failure of a cache.
pub(crate) fn warn(plugin: &'static str, key: &CacheKey, error: &Error) {
    tracing::warn!(plugin, source = %key.source, cause = error.cause(), "a cache failed: {error}");
}
