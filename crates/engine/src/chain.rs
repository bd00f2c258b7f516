//! A chain of caches in file order: asked in turn, the nearer refilled from the farther. A cache that fails, hangs or
//! panics is a miss or a shrug in the log; it never fails a request. Used by `produce` for results and by `download` for
//! originals.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{FutureExt, StreamExt};
use resizer_plugin_api::engine::Given;
use resizer_plugin_api::{Body, Cache, CacheKey, Entry, EntryMeta, Error, ErrorKind, Hit, ImageRequest};

use crate::engine::Shared;
use crate::flight::panicked;
use crate::generation::Generation;
use crate::instruments::Lookup;
use crate::patience::within;

/// A cache that takes longer than this to answer is slower than making most images anew.
const PATIENCE: Duration = Duration::from_secs(2);

/// What was found, in whose cache, and which caches are nearer.
pub(crate) struct Found<'c> {
    pub(crate) plugin: &'static str,
    pub(crate) hit: Hit,
    pub(crate) nearer: &'c [Given<Arc<dyn Cache>>],
}

/// The nearest cache's entry under this key. Counted where the engine is given: a second look on behalf of the same
/// request is not.
pub(crate) async fn look<'c>(
    generation: &Generation,
    caches: &'c [Given<Arc<dyn Cache>>],
    request: &ImageRequest,
    key: &CacheKey,
    engine: Option<&Shared>,
) -> Option<Found<'c>> {
    for (index, cache) in caches
        .iter()
        .enumerate()
        .filter(|(_, cache)| cache.value.accepts(request))
    {
        let answer = guarded(cache.value.get(key)).await;
        if let Some(engine) = engine {
            let lookup = match &answer {
                Ok(Some(_)) => Lookup::Hit,
                Ok(None) => Lookup::Miss,
                Err(_) => Lookup::Error,
            };
            engine.instruments.looked_up(&engine.metrics, cache.plugin, lookup);
        }
        match answer {
            Ok(Some(hit)) => {
                let nearer = &caches[..index];
                // What a farther cache streams is too large to be held here for a nearer one's sake.
                if let Body::Bytes(bytes) = &hit.body {
                    keep(generation, nearer, request, key, &hit.meta, bytes).await;
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

/// Keeps an entry in every cache that has to do with the request, unless its source was purged since the request came.
pub(crate) async fn keep(
    generation: &Generation,
    caches: &[Given<Arc<dyn Cache>>],
    request: &ImageRequest,
    key: &CacheKey,
    meta: &EntryMeta,
    bytes: &Bytes,
) {
    for cache in caches.iter().filter(|cache| cache.value.accepts(request)) {
        let Some(_leave) = generation.keep(&key.source) else {
            return;
        };
        let entry = Entry::new(meta.clone(), bytes.clone());
        if let Err(error) = guarded(cache.value.put(key, entry)).await {
            warn(cache.plugin, key, &error);
        }
    }
}

/// All bytes of a body. A cache that stops sending them fails, as one does that stops answering.
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

/// What a cache does, for as long as we wait and whatever becomes of it.
async fn guarded<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    match within(PATIENCE, AssertUnwindSafe(work).catch_unwind()).await {
        Ok(Ok(result)) => result,
        Ok(Err(panic)) => Err(panicked(&*panic)),
        Err(_) => Err(Error::new(ErrorKind::Timeout, "The cache took too long.")),
    }
}

pub(crate) fn warn(plugin: &'static str, key: &CacheKey, error: &Error) {
    tracing::warn!(plugin, source = %key.source, cause = error.cause(), "a cache failed: {error}");
}
