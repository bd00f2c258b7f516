//! A chain of caches in file order: asked in turn, the nearer refilled from the farther. A cache that fails is a miss or
//! a shrug in the log; it never fails a request. Used by `produce` for results and by `download` for originals.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use resizer_plugin_api::hooks::Given;
use resizer_plugin_api::{Body, Cache, CacheKey, Entry, EntryMeta, Error, Hit, ImageRequest, Metrics};

/// What was found, and in whose cache.
pub(crate) struct Found {
    pub(crate) plugin: &'static str,
    pub(crate) hit: Hit,
}

/// The nearest cache's entry under this key.
pub(crate) async fn look(
    caches: &[Given<Arc<dyn Cache>>],
    request: &ImageRequest,
    key: &CacheKey,
    metrics: &Metrics,
) -> Option<Found> {
    for (index, cache) in caches
        .iter()
        .enumerate()
        .filter(|(_, cache)| cache.value.accepts(request))
    {
        let answer = cache.value.get(key).await;
        let outcome = match &answer {
            Ok(Some(_)) => "hit",
            Ok(None) => "miss",
            Err(_) => "error",
        };
        let labels = [("plugin", cache.plugin), ("outcome", outcome)];
        metrics
            .counter(
                "resizer_cache_lookups_total",
                "Look-ups in caches, by plugin and outcome.",
                &labels,
            )
            .increment();
        match answer {
            Ok(Some(hit)) if index == 0 => {
                return Some(Found {
                    plugin: cache.plugin,
                    hit,
                });
            }
            Ok(Some(hit)) => match refill(&caches[..index], request, key, hit).await {
                Ok(hit) => {
                    return Some(Found {
                        plugin: cache.plugin,
                        hit,
                    });
                }
                Err(error) => warn(cache.plugin, key, &error),
            },
            Ok(None) => {}
            Err(error) => warn(cache.plugin, key, &error),
        }
    }
    None
}

/// Keeps an entry in every cache that has to do with the request.
pub(crate) async fn keep(
    caches: &[Given<Arc<dyn Cache>>],
    request: &ImageRequest,
    key: &CacheKey,
    meta: &EntryMeta,
    bytes: &Bytes,
) {
    for cache in caches.iter().filter(|cache| cache.value.accepts(request)) {
        let entry = Entry {
            meta: meta.clone(),
            bytes: bytes.clone(),
        };
        if let Err(error) = cache.value.put(key, entry).await {
            warn(cache.plugin, key, &error);
        }
    }
}

/// All bytes of a body.
pub(crate) async fn collect(body: Body) -> Result<Bytes, Error> {
    match body {
        Body::Bytes(bytes) => Ok(bytes),
        Body::Stream { mut stream, length } => {
            let mut bytes = BytesMut::with_capacity(length.and_then(|length| length.try_into().ok()).unwrap_or(0));
            while let Some(chunk) = stream.next().await {
                bytes.extend_from_slice(&chunk?);
            }
            Ok(bytes.freeze())
        }
        _ => Ok(Bytes::new()),
    }
}

async fn refill(
    nearer: &[Given<Arc<dyn Cache>>],
    request: &ImageRequest,
    key: &CacheKey,
    hit: Hit,
) -> Result<Hit, Error> {
    let bytes = collect(hit.body).await?;
    keep(nearer, request, key, &hit.meta, &bytes).await;
    Ok(Hit {
        meta: hit.meta,
        body: Body::Bytes(bytes),
    })
}

fn warn(plugin: &'static str, key: &CacheKey, error: &Error) {
    tracing::warn!(plugin, source = %key.source, cause = error.cause(), "a cache failed: {error}");
}
