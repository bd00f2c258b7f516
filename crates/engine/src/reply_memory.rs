//! Memory accounting of replies: a body counts against the budget until its client has all of it. That holds for a new
//! result and for an entry read from a cache's disk. A body that a cache holds in memory is part of that cache's claim
//! already. Used by `produce`.

use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use resizer_plugin_api::{Body, Error};

use crate::admission::Admission;

/// Bytes that a stream from a cache holds: the piece that is being sent, and the next one that is being read. Both are
/// 128 KiB long.
const STREAMED: u64 = 256 << 10;

/// Bytes and the reservation that is held for as long as the bytes are.
struct Counted<H> {
    bytes: Bytes,
    _held: H,
}

impl<H> AsRef<[u8]> for Counted<H> {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// The same bytes for clients. `held` is dropped when the last clone is. Caches get the plain bytes instead.
pub(crate) fn counted(bytes: Bytes, held: impl Send + Sync + 'static) -> Bytes {
    Bytes::from_owner(Counted { bytes, _held: held })
}

/// The body of a cache hit, counted unless the cache holds the same bytes.
///
/// # Errors
/// `Overloaded` or `TooLarge` if there is no memory for the body within `timeout`.
pub(crate) async fn counted_hit(admission: &Admission, body: Body, timeout: Duration) -> Result<Body, Error> {
    match body {
        // No cache holds these bytes: they were read for this request.
        Body::Bytes(bytes) if bytes.is_unique() => {
            let reserved = Box::pin(admission.sent(bytes.len() as u64, timeout)).await?;
            Ok(Body::Bytes(counted(bytes, reserved)))
        }
        Body::Stream { stream, length } => {
            let held = length.map_or(STREAMED, |length| length.min(STREAMED));
            let reserved = Box::pin(admission.sent(held, timeout)).await?;
            let stream = stream.inspect(move |_| {
                let _held = &reserved;
            });
            Ok(Body::Stream {
                stream: Box::pin(stream),
                length,
            })
        }
        body => Ok(body),
    }
}

#[cfg(test)]
mod tests {
    use resizer_plugin_api::Metrics;
    use resizer_plugin_api::engine::Memory;

    use super::*;

    #[tokio::test]
    async fn body_that_no_cache_holds_counts_until_it_is_dropped() {
        let (memory, metrics) = (Memory::default(), Metrics::default());
        let admission = Admission::new(1, &memory, &metrics);
        let admitted = metrics.gauge("resizer_admitted_bytes", "", &[("for", "sources")]);
        let check = async |body: Body, expected: i64| {
            let body = counted_hit(&admission, body, Duration::ZERO).await.unwrap();
            assert_eq!(admitted.value(), expected, "{body:?}");
            drop(body);
            assert_eq!(admitted.value(), 0);
        };
        let bytes = Bytes::from(vec![1; 1000]);
        let kept = bytes.clone();
        check(Body::Bytes(bytes), 0).await;
        check(Body::Bytes(kept), 1000).await;
        let stream = || Box::pin(futures_util::stream::empty());
        let (short, long) = (Some(700), Some(1 << 30));
        check(
            Body::Stream {
                stream: stream(),
                length: short,
            },
            700,
        )
        .await;
        check(
            Body::Stream {
                stream: stream(),
                length: long,
            },
            STREAMED as i64,
        )
        .await;
    }
}
