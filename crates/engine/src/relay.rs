//! Sends a source as it is: a stream that a task of the engine's reads ahead of the client by two chunks, under the
//! media type that its first bytes show. Only image types leave under their own name; all else leaves as bytes to be
//! saved, so that a store cannot be used to serve pages. Called by `produce`.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use resizer_plugin_api::{Body, CacheKey, Download, EntryMeta, Error, ErrorKind, Fetch, Want};
use tokio::sync::mpsc;

use crate::engine::Shared;
use crate::locate::log;
use crate::prepare::Prepared;
use crate::produce::Produced;

/// What may be anything.
const BYTES: &str = "application/octet-stream";
/// The one image type that can hold scripts.
pub(crate) const SVG: &str = "image/svg+xml";
/// How many chunks are read before the client has taken them.
const AHEAD: usize = 2;

/// Opens the source and hands out its stream.
pub(crate) async fn relay(engine: &Arc<Shared>, prepared: &Prepared) -> Result<Produced, Error> {
    let located = &prepared.located;
    let open = async {
        engine.fetches.increment();
        let fetched = located.mount.source.fetch(&located.path, Want::whole()).await?;
        let Fetch::Download(mut download) = fetched else {
            return Err(Error::new(ErrorKind::Upstream, "The image's store failed.").because("an unasked `unchanged`"));
        };
        let first = download.bytes.next().await.transpose()?.unwrap_or_default();
        Ok((download, first))
    };
    let patience = located.mount.policy.fetch_timeout;
    let opened = tokio::time::timeout(patience, open)
        .await
        .unwrap_or_else(|_| Err(slow()));
    let (download, first) = opened.inspect_err(|error| log(located.plugin, &located.key, error))?;

    let validator = download
        .stat
        .validator
        .clone()
        .unwrap_or_else(|| prepared.key.validator.clone());
    let (length, modified) = (download.stat.length, download.stat.modified);
    let meta = EntryMeta {
        content_type: sniff(&first).to_owned(),
        validator: validator.clone(),
        modified,
    };
    let key = CacheKey {
        validator,
        ..prepared.key.clone()
    };
    let stream = pump(engine, prepared, download, first);
    Ok(Produced {
        key,
        meta,
        body: Body::Stream { stream, length },
    })
}

/// Reads on in a task of the engine's, so that nothing of the source lives on a thread that serves connections.
fn pump(
    engine: &Arc<Shared>,
    prepared: &Prepared,
    mut download: Download,
    first: Bytes,
) -> resizer_plugin_api::ByteStream {
    let (sender, receiver) = mpsc::channel(AHEAD);
    let located = Arc::clone(&prepared.located);
    let fetched_bytes = engine.fetched_bytes.clone();
    engine.runtime.spawn(async move {
        let mut next = Some(Ok(first));
        while let Some(chunk) = next {
            let failed = chunk.is_err();
            if let Ok(chunk) = &chunk {
                fetched_bytes.add(chunk.len() as u64);
            }
            if sender
                .send(chunk.inspect_err(|error| log(located.plugin, &located.key, error)))
                .await
                .is_err()
                || failed
            {
                return;
            }
            let patience = located.mount.policy.fetch_timeout;
            next = tokio::time::timeout(patience, download.bytes.next())
                .await
                .unwrap_or_else(|_| Some(Err(slow())));
        }
    });
    Box::pin(stream::unfold(receiver, |mut receiver| async move {
        Some((receiver.recv().await?, receiver))
    }))
}

fn slow() -> Error {
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
    let head = &first[..first.len().min(1024)];
    let text = String::from_utf8_lossy(head);
    let text = text.trim_start_matches('\u{FEFF}').trim_start();
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
