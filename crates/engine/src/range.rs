//! Range requests (RFC 9110, section 14): reads a `Range` header, and answers it with 206 or 416. A request for several
//! ranges gets the whole result, which the RFC allows. Used by `respond` on bodies in hand, and by `relay`, which asks
//! the source for the part alone.

use bytes::Bytes;
use futures_util::{TryStreamExt, stream};
use http::header::{ACCEPT_RANGES, CACHE_CONTROL, CONTENT_RANGE, HeaderValue, RANGE};
use http::{Method, StatusCode};
use resizer_plugin_api::{Body, ByteRange, ByteStream, Reply, RequestHead};

use crate::conditional::Validators;

/// The part of a body that a request asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// All of it.
    Whole,
    /// A part that lies within it.
    Part(Part),
    /// A range behind the end: 416.
    Nothing,
}

/// A part of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// First and last byte, both within the body.
    pub(crate) range: ByteRange,
    /// Bytes of the whole body.
    pub(crate) whole: u64,
}

/// The part that this request asks for, of a body of `length` bytes.
pub(crate) fn wanted(head: &RequestHead, validators: &Validators, length: u64) -> Wanted {
    let mut lines = head.headers.get_all(RANGE).into_iter();
    let only_line = lines.next().filter(|_| lines.next().is_none());
    match only_line.and_then(|line| line.to_str().ok()) {
        Some(text) if head.method == Method::GET && validators.allow_part(&head.headers) => parse(text, length),
        _ => Wanted::Whole,
    }
}

/// Makes a 206 or 416 of a 200 if the request has a range. A body of unknown length stays whole; any other says
/// `Accept-Ranges`.
pub(crate) fn cut(head: &RequestHead, validators: &Validators, mut reply: Reply) -> Reply {
    let Some(length) = reply.body.length() else {
        return reply;
    };
    reply.headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    let part = match wanted(head, validators, length) {
        Wanted::Whole => return reply,
        Wanted::Part(part) => part,
        Wanted::Nothing => return behind_the_end(length),
    };
    reply.body = match reply.body {
        // Every byte of a body in memory has an index that fits into `usize`.
        Body::Bytes(bytes) => Body::Bytes(bytes.slice(*part.range.start() as usize..=*part.range.end() as usize)),
        Body::Stream { stream, .. } => Body::Stream {
            stream: part_of(stream, &part),
            length: Some(part.length()),
        },
        other => {
            reply.body = other;
            return reply;
        }
    };
    part.answer(reply)
}

impl Part {
    /// Bytes of this part.
    pub(crate) fn length(&self) -> u64 {
        self.range.end() - self.range.start() + 1
    }

    /// Makes a 206 of a 200 whose body is this part.
    pub(crate) fn answer(&self, mut reply: Reply) -> Reply {
        reply.status = StatusCode::PARTIAL_CONTENT;
        let text = format!("bytes {}-{}/{}", self.range.start(), self.range.end(), self.whole);
        if let Ok(value) = HeaderValue::try_from(text) {
            reply.headers.insert(CONTENT_RANGE, value);
        }
        reply
    }
}

fn behind_the_end(length: u64) -> Reply {
    let reply = Reply::text(StatusCode::RANGE_NOT_SATISFIABLE, "The range begins behind the end.\n");
    let reply = reply.header(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    match HeaderValue::try_from(format!("bytes */{length}")) {
        Ok(value) => reply.header(CONTENT_RANGE, value),
        Err(_) => reply,
    }
}

/// Reads one range of bytes. Anything else is ignored: an invalid range, several ranges, another unit. So is any range
/// of an empty body, because a 206 cannot be empty.
fn parse(text: &str, length: u64) -> Wanted {
    let ends = text
        .split_once('=')
        .filter(|(unit, _)| unit.eq_ignore_ascii_case("bytes"))
        .and_then(|(_, range)| range.split_once('-'));
    let (Some((first, last)), Some(end)) = (ends, length.checked_sub(1)) else {
        return Wanted::Whole;
    };
    let range = match (number(first), number(last)) {
        (Some(first), _) if last.is_empty() => first..=end,
        (Some(first), Some(last)) if first <= last => first..=last.min(end),
        (_, Some(0)) if first.is_empty() => return Wanted::Nothing,
        (_, Some(most)) if first.is_empty() => length.saturating_sub(most)..=end,
        _ => return Wanted::Whole,
    };
    if *range.start() > end {
        return Wanted::Nothing;
    }
    Wanted::Part(Part { range, whole: length })
}

/// Reads digits as a number. A number beyond 64 bits becomes the largest one.
fn number(digits: &str) -> Option<u64> {
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse().unwrap_or(u64::MAX))
}

/// Lets only the part of a stream pass.
fn part_of(stream: ByteStream, part: &Part) -> ByteStream {
    let state = (stream, *part.range.start(), part.length());
    Box::pin(stream::try_unfold(
        state,
        |(mut stream, mut before, mut left)| async move {
            while left > 0 {
                let Some(chunk) = stream.try_next().await? else {
                    return Ok(None);
                };
                let skipped = before.min(chunk.len() as u64);
                before -= skipped;
                let taken = left.min(chunk.len() as u64 - skipped);
                left -= taken;
                if taken > 0 {
                    let bytes: Bytes = chunk.slice(skipped as usize..(skipped + taken) as usize);
                    return Ok(Some((bytes, (stream, before, left))));
                }
            }
            Ok(None)
        },
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn range_header_that_is_not_one_valid_range_is_ignored() {
        let check = |text: &str, length: u64, expected: Wanted| assert_eq!(parse(text, length), expected, "{text}");
        let part = |range: ByteRange, whole| Wanted::Part(Part { range, whole });
        check("bytes=0-99", 1000, part(0..=99, 1000));
        check("bytes=0-0", 1000, part(0..=0, 1000));
        check("Bytes=10-", 1000, part(10..=999, 1000));
        check("bytes=-10", 1000, part(990..=999, 1000));
        check("bytes=-2000", 1000, part(0..=999, 1000));
        check("bytes=999-5000", 1000, part(999..=999, 1000));
        check("bytes=1-99999999999999999999999", 1000, part(1..=999, 1000));

        check("bytes=1000-", 1000, Wanted::Nothing);
        check("bytes=1000-2000", 1000, Wanted::Nothing);
        check("bytes=99999999999999999999999-", 1000, Wanted::Nothing);
        check("bytes=-0", 1000, Wanted::Nothing);

        for text in [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=5-2",
            "bytes=a-b",
            "bytes=1-b",
            "bytes=a-5",
            "bytes=+1-5",
            "bytes=0-5,10-15",
            "bytes=0-5,",
            "bytes=--5",
            "lines=0-5",
            "0-5",
        ] {
            check(text, 1000, Wanted::Whole);
        }
        check("bytes=0-5", 0, Wanted::Whole);
    }

    #[tokio::test]
    async fn part_of_a_stream_in_chunks_has_exactly_its_bytes() {
        let all: Vec<u8> = (0..20).collect();
        for first in 0..20_u64 {
            for last in first..20 {
                let chunks: Vec<_> = all.chunks(7).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
                let part = Part {
                    range: first..=last,
                    whole: 20,
                };
                let cut: Vec<Bytes> = part_of(Box::pin(stream::iter(chunks)), &part)
                    .try_collect()
                    .await
                    .unwrap();
                assert_eq!(cut.concat(), all[first as usize..=last as usize], "{first}-{last}");
            }
        }
    }
}
