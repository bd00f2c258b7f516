//! Relay: streams a source unchanged, under the media type that its first bytes show (`media_type`). If version and
//! length of the source are known, a range request reads only its part from the store. Called by `produce`.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, stream};
use resizer_plugin_api::{Body, ByteRange, CacheKey, Download, EntryMeta, Error, ErrorKind, Fetch, ImageRequest, Want};

use crate::admission::Sent;
use crate::conditional::Validators;
use crate::flight::panicked;
use crate::lazy_timeout::lazy_timeout;
use crate::media_type::{SNIFFED, sniff};
use crate::prepare::Prepared;
use crate::produced::Produced;
use crate::range::{Part, Wanted, wanted};
use crate::shared::Shared;
use crate::site::Site;
use crate::store_error;

/// Bytes of the memory budget that a relay holds: a piece that is being sent, and the next one. The same whether the
/// client takes them or waits: nothing further is asked of the source before the client has taken a piece.
const PIECES: u64 = 256 << 10;
/// The same, and the bytes that the store's client reads ahead of what it was asked for: what an HTTP connection of
/// `hyper` buffers, about 400 KiB.
const HELD: u64 = 768 << 10;
/// The range that is fetched to tell the media type when a client asks for another part.
const HEAD: ByteRange = 0..=SNIFFED as u64 - 1;

/// A source whose first bytes have come.
struct Opened {
    download: Download,
    first: Bytes,
    _reserved: Sent,
}

/// Opens the source and returns its stream, or the stream of the part that the request asks for.
pub(crate) async fn relay(
    engine: &Arc<Shared>,
    site: &Site,
    request: &ImageRequest,
    prepared: &Prepared,
) -> Result<Produced, Error> {
    let located = &prepared.located;
    let stat = &located.stat;
    let validators = Validators::of(&prepared.key, stat.modified);
    if let (Some(length), true) = (stat.length, validators.name_a_version())
        && let Wanted::Part(part) = wanted(&request.head, &validators, length)
        && let Some(produced) = relay_part(engine, site, prepared, part).await?
    {
        return Ok(produced);
    }
    let opened = open(engine, site, prepared, None).await;
    let opened = opened.inspect_err(|error| store_error::log(located.plugin, &located.key, error))?;
    let (content_type, length) = (sniff(&opened.first), opened.download.stat.length);
    Ok(begin(engine, prepared, opened, content_type, length))
}

/// Fetches the part, and the head of the source if the part does not contain it. `None` if the store has another
/// version by now: then the whole source is sent.
async fn relay_part(
    engine: &Arc<Shared>,
    site: &Site,
    prepared: &Prepared,
    part: Part,
) -> Result<Option<Produced>, Error> {
    let version = |opened: Result<Opened, Error>| match opened {
        Ok(opened) if opened.download.stat.validator == prepared.located.stat.validator => Ok(Some(opened)),
        Ok(_) => Ok(None),
        // The source has become shorter.
        Err(error) if error.kind() == ErrorKind::BadRequest => Ok(None),
        Err(error) => {
            store_error::log(prepared.located.plugin, &prepared.located.key, &error);
            Err(error)
        }
    };
    let from_start = *part.range.start() == 0 && part.length() >= part.whole.min(SNIFFED as u64);
    let opening = if from_start { part.range.clone() } else { HEAD };
    let Some(mut opened) = version(open(engine, site, prepared, Some(opening)).await)? else {
        return Ok(None);
    };
    let content_type = sniff(&opened.first);
    if !from_start {
        // The memory is returned before more is reserved. Relays that hold one reservation and wait for another would
        // wait for each other.
        drop(opened);
        let Some(middle) = version(open(engine, site, prepared, Some(part.range.clone())).await)? else {
            return Ok(None);
        };
        opened = middle;
    }
    let produced = begin(engine, prepared, opened, content_type, Some(part.length()));
    Ok(Some(Produced {
        part: Some(part),
        ..produced
    }))
}

/// Waits for the first bytes of the source, or of a part of it.
async fn open(engine: &Shared, site: &Site, prepared: &Prepared, range: Option<ByteRange>) -> Result<Opened, Error> {
    let located = &prepared.located;
    let timeout = located.mount.policy.fetch_timeout;
    let open = async {
        let length = located.stat.length.unwrap_or(HELD).min(HELD);
        let prefix = &located.mount.prefix;
        // Held until the first bytes are there, or the store has failed.
        let begun = Instant::now();
        let _awaited = match site.has_other_stores() {
            true => Some(engine.admission.awaited(prefix, length, timeout / 2).await?),
            false => None,
        };
        let left = (timeout / 2).saturating_sub(begun.elapsed());
        let mut reserved = engine.admission.sent(length, left).await?;
        engine.fetches.increment();
        let want = Want::whole().with_range(range);
        let Fetch::Download(mut download) = located.mount.source.fetch(&located.path, want).await? else {
            return Err(Error::new(ErrorKind::Upstream, "The image's store failed.").because("an unasked `unchanged`"));
        };
        if download.whole {
            let length = download.stat.length.unwrap_or(0);
            reserved.grow(length.saturating_sub(HELD))?;
        } else if download.on_demand {
            reserved.shrink_to(PIECES);
        }
        // Collected, so that the media type does not depend on the size of the store's pieces.
        let mut first = Bytes::new();
        while first.len() < SNIFFED
            && let Some(chunk) = download.bytes.next().await.transpose()?
        {
            first = if first.is_empty() {
                chunk
            } else {
                [first, chunk].concat().into()
            };
        }
        Ok(Opened {
            download,
            first,
            _reserved: reserved,
        })
    };
    tokio::time::timeout(timeout, open)
        .await
        .unwrap_or_else(|_| Err(store_error::timed_out()))
}

/// The response body, under the version that came with the bytes.
fn begin(
    engine: &Arc<Shared>,
    prepared: &Prepared,
    opened: Opened,
    content_type: &str,
    length: Option<u64>,
) -> Produced {
    let stat = &opened.download.stat;
    if stat.validator != prepared.located.stat.validator {
        engine.stat_cache.update(&prepared.located, stat.clone());
    }
    let validator = stat.validator.clone().unwrap_or_else(|| prepared.key.validator.clone());
    let meta = EntryMeta::new(content_type, validator.clone()).with_modified(stat.modified);
    let key = CacheKey {
        validator,
        ..prepared.key.clone()
    };
    let stream = stream(engine, prepared, opened);
    Produced {
        key,
        meta,
        body: Body::Stream { stream, length },
        part: None,
        damaged: None,
    }
}

/// The source's stream, read as fast as the client takes it. Its drop closes the connection to the store.
fn stream(engine: &Shared, prepared: &Prepared, mut opened: Opened) -> resizer_plugin_api::ByteStream {
    let located = Arc::clone(&prepared.located);
    let fetched_bytes = engine.fetched_bytes.clone();
    let timeout = located.mount.policy.fetch_timeout;
    let first = std::mem::take(&mut opened.first);
    let rest = stream::unfold(Some(opened), move |opened| async move {
        let mut opened = opened?;
        let more = AssertUnwindSafe(opened.download.bytes.next()).catch_unwind();
        let piece = match lazy_timeout(timeout, more).await {
            Ok(Ok(piece)) => piece?,
            // An error, because a body that merely ends would look whole.
            Ok(Err(panic)) => Err(panicked(&*panic)),
            Err(_) => Err(store_error::timed_out()),
        };
        let opened = piece.is_ok().then_some(opened);
        Some((piece, opened))
    });
    let pieces = stream::iter([Ok(first)]).chain(rest);
    Box::pin(pieces.inspect(move |piece| match piece {
        Ok(bytes) => fetched_bytes.add(bytes.len() as u64),
        Err(error) => store_error::log(located.plugin, &located.key, error),
    }))
}
