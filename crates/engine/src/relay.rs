//! Sends a source as it is: a stream, under the media type that its first bytes show. Only image types leave under their
//! own name; all else leaves as bytes to be saved, so that a store cannot be used to serve pages. Of a source whose version
//! and length are known, a client gets a part without the rest being read. Called by `produce`.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, stream};
use resizer_plugin_api::{Body, ByteRange, CacheKey, Download, EntryMeta, Error, ErrorKind, Fetch, ImageRequest, Want};

use crate::admission::Reserved;
use crate::conditional::Validators;
use crate::engine::Shared;
use crate::flight::panicked;
use crate::locate::log;
use crate::patience::within;
use crate::prepare::Prepared;
use crate::produce::Produced;
use crate::range::{Part, Wanted, wanted};

/// What may be anything.
const BYTES: &str = "application/octet-stream";
/// The one image type that can hold scripts.
pub(crate) const SVG: &str = "image/svg+xml";
/// What a relay holds of the memory budget: a piece that is being sent, one that waits, and one that the store's client
/// reads ahead.
const HELD: u64 = 768 << 10;
/// The bytes that tell the media type of a source whose middle is asked for.
const HEAD: ByteRange = 0..=SNIFFED as u64 - 1;
const SNIFFED: usize = 1024;

/// A source that has begun to answer.
struct Opened {
    download: Download,
    first: Bytes,
    _reserved: Reserved,
}

/// Opens the source and hands out its stream, or that of the part that is asked for.
pub(crate) async fn relay(
    engine: &Arc<Shared>,
    request: &ImageRequest,
    prepared: &Prepared,
) -> Result<Produced, Error> {
    let located = &prepared.located;
    let stat = &located.stat;
    let validators = Validators::of(&prepared.key, stat.modified);
    if let (Some(length), true) = (stat.length, validators.name_a_version())
        && let Wanted::Part(part) = wanted(&request.head, &validators, length)
        && let Some(produced) = relay_part(engine, prepared, part).await?
    {
        return Ok(produced);
    }
    let opened = open(engine, prepared, None).await;
    let opened = opened.inspect_err(|error| log(located.plugin, &located.key, error))?;
    let (content_type, length) = (sniff(&opened.first), opened.download.stat.length);
    Ok(begin(engine, prepared, opened, content_type, length))
}

/// Asks for no more than the part, and for the head of the source if the part does not hold it. `None` if the store has
/// another version by now: then the whole is sent.
async fn relay_part(engine: &Arc<Shared>, prepared: &Prepared, part: Part) -> Result<Option<Produced>, Error> {
    let version = |opened: Result<Opened, Error>| match opened {
        Ok(opened) if opened.download.stat.validator == prepared.located.stat.validator => Ok(Some(opened)),
        Ok(_) => Ok(None),
        // It has become shorter.
        Err(error) if error.kind() == ErrorKind::BadRequest => Ok(None),
        Err(error) => {
            log(prepared.located.plugin, &prepared.located.key, &error);
            Err(error)
        }
    };
    let from_start = *part.range.start() == 0 && part.length() >= part.whole.min(SNIFFED as u64);
    let opening = if from_start { part.range.clone() } else { HEAD };
    let Some(mut opened) = version(open(engine, prepared, Some(opening)).await)? else {
        return Ok(None);
    };
    let content_type = sniff(&opened.first);
    if !from_start {
        // Given back before more is asked for: all who hold a share and wait for another would wait for each other.
        drop(opened);
        let Some(middle) = version(open(engine, prepared, Some(part.range.clone())).await)? else {
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
async fn open(engine: &Shared, prepared: &Prepared, range: Option<ByteRange>) -> Result<Opened, Error> {
    let located = &prepared.located;
    let patience = located.mount.policy.fetch_timeout;
    let open = async {
        let length = located.stat.length.unwrap_or(HELD);
        let mut reserved = engine.admission.sent(length.min(HELD), patience / 2).await?;
        engine.fetches.increment();
        let want = Want::whole().with_range(range);
        let Fetch::Download(mut download) = located.mount.source.fetch(&located.path, want).await? else {
            return Err(Error::new(ErrorKind::Upstream, "The image's store failed.").because("an unasked `unchanged`"));
        };
        if download.whole {
            let length = download.stat.length.unwrap_or(0);
            reserved.grow(length.saturating_sub(HELD))?;
        }
        // Whatever pieces a store sends: what is told of the media type must not depend on them.
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
    tokio::time::timeout(patience, open)
        .await
        .unwrap_or_else(|_| Err(slow()))
}

/// The answer, under the version that came with the bytes.
fn begin(
    engine: &Arc<Shared>,
    prepared: &Prepared,
    opened: Opened,
    content_type: &str,
    length: Option<u64>,
) -> Produced {
    let stat = &opened.download.stat;
    if stat.validator != prepared.located.stat.validator {
        engine.believe(&prepared.located, stat.clone());
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
    }
}

/// The source, read as the client takes it. Whoever drops the stream gives the store's connection back.
fn stream(engine: &Shared, prepared: &Prepared, mut opened: Opened) -> resizer_plugin_api::ByteStream {
    let located = Arc::clone(&prepared.located);
    let fetched_bytes = engine.fetched_bytes.clone();
    let patience = located.mount.policy.fetch_timeout;
    let first = std::mem::take(&mut opened.first);
    let rest = stream::unfold(Some(opened), move |opened| async move {
        let mut opened = opened?;
        let more = AssertUnwindSafe(opened.download.bytes.next()).catch_unwind();
        let piece = match within(patience, more).await {
            Ok(Ok(piece)) => piece?,
            // Said aloud: a body that merely ends would look whole.
            Ok(Err(panic)) => Err(panicked(&*panic)),
            Err(_) => Err(slow()),
        };
        let opened = piece.is_ok().then_some(opened);
        Some((piece, opened))
    });
    let pieces = stream::iter([Ok(first)]).chain(rest);
    Box::pin(pieces.inspect(move |piece| match piece {
        Ok(bytes) => fetched_bytes.add(bytes.len() as u64),
        Err(error) => log(located.plugin, &located.key, error),
    }))
}

/// A store that did not keep to its source's time.
pub(crate) fn slow() -> Error {
    Error::new(ErrorKind::Timeout, "The image's store took too long.")
}

/// The media type that a file's first bytes show. The signatures are those of the formats' specifications.
pub(crate) fn sniff(first: &[u8]) -> &'static str {
    let at = |offset: usize, bytes: &[u8]| first.get(offset..).is_some_and(|rest| rest.starts_with(bytes));
    let brand = |brands: &[&[u8]]| at(4, b"ftyp") && brands.iter().any(|brand| at(8, brand));
    match () {
        () if at(0, b"\xFF\xD8\xFF") => "image/jpeg",
        () if at(0, b"\x89PNG\r\n\x1A\n") => "image/png",
        () if at(0, b"GIF87a") || at(0, b"GIF89a") => "image/gif",
        () if at(0, b"RIFF") && at(8, b"WEBP") => "image/webp",
        () if at(0, b"BM") => "image/bmp",
        () if at(0, b"II*\0") || at(0, b"MM\0*") => "image/tiff",
        () if brand(&[b"avif", b"avis"]) => "image/avif",
        () if brand(&[b"heic", b"heix", b"mif1", b"msf1"]) => "image/heic",
        () if at(0, b"\xFF\x0A") || at(0, b"\0\0\0\x0CJXL \r\n\x87\n") => "image/jxl",
        () if is_svg(first) => SVG,
        () => BYTES,
    }
}

/// An `svg` element within the first kilobyte of text, after nothing but a prologue.
fn is_svg(first: &[u8]) -> bool {
    let head = &first[..first.len().min(SNIFFED)];
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start();
    if !head.starts_with(b"<") {
        return false;
    }
    let text = String::from_utf8_lossy(head);
    let prologue = ["<?xml", "<!--", "<!DOCTYPE svg", "<svg"]
        .iter()
        .any(|start| text.starts_with(start));
    prologue && text.contains("<svg") && !text.to_ascii_lowercase().contains("<html")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_images_leave_under_their_own_name() {
        let check = |first: &[u8], expected| assert_eq!(sniff(first), expected, "{first:?}");
        check(b"\xFF\xD8\xFF\xE0", "image/jpeg");
        check(b"\0\0\0\x1Cftypavif", "image/avif");
        check(b"<?xml version='1.0'?>\n<svg xmlns='x'>", SVG);
        check(b"<html><svg></svg>", BYTES);
        check(b"<!-- <html> --><svg>", BYTES);
        check(b"<script>alert(1)</script>", BYTES);
        check(b"", BYTES);
        check(b"RIFF", BYTES);
    }
}
