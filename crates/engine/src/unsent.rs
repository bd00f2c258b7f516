//! What waits for its client counts until the client has it: a result just made, an entry read from a cache's disk. A
//! body that a cache holds in memory anyway is counted by that cache's claim, and costs nothing more. Used by `produce`.

use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use resizer_plugin_api::{Body, Error};

use crate::admission::Admission;

/// What a stream from a cache holds: the piece that is being sent, and the one that is being read.
const STREAMED: u64 = 512 << 10;

/// Bytes, and what counts them for as long as anybody has them.
struct Counted<H> {
    bytes: Bytes,
    _held: H,
}

impl<H> AsRef<[u8]> for Counted<H> {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// The same bytes for clients: what is reserved for them is given back when the last one has them. Caches are given the
/// plain bytes.
pub(crate) fn counted(bytes: Bytes, held: impl Send + Sync + 'static) -> Bytes {
    Bytes::from_owner(Counted { bytes, _held: held })
}

/// A hit's body, counted unless the cache shares it.
///
/// # Errors
/// There is no memory for it.
pub(crate) async fn from_cache(admission: &Admission, body: Body, patience: Duration) -> Result<Body, Error> {
    match body {
        // Nobody else has these bytes: they were read for this request.
        Body::Bytes(bytes) if bytes.is_unique() => {
            let reserved = Box::pin(admission.sent(bytes.len() as u64, patience)).await?;
            Ok(Body::Bytes(counted(bytes, reserved)))
        }
        Body::Stream { stream, length } => {
            let held = length.map_or(STREAMED, |length| length.min(STREAMED));
            let reserved = Box::pin(admission.sent(held, patience)).await?;
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
    async fn bytes_that_nobody_else_holds_count_until_they_are_gone() {
        let (memory, metrics) = (Memory::default(), Metrics::default());
        let admission = Admission::new(1, &memory, &metrics);
        let admitted = metrics.gauge("resizer_admitted_bytes", "", &[("for", "sources")]);
        let check = async |body: Body, expected: i64| {
            let body = from_cache(&admission, body, Duration::ZERO).await.unwrap();
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
