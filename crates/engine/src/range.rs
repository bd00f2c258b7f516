//! Parts of a result: what a `Range` header asks for (RFC 9110, section 14), and the 206 or 416 that answers it. One range
//! at a time; for several, the whole is as good an answer. Used by `respond` for what is in hand, and by `relay`, which
//! asks the source for nothing but the part.

use bytes::Bytes;
use futures_util::{TryStreamExt, stream};
use http::header::{ACCEPT_RANGES, CACHE_CONTROL, CONTENT_RANGE, HeaderValue, RANGE};
use http::{Method, StatusCode};
use resizer_plugin_api::{Body, ByteRange, ByteStream, Reply, RequestHead};

use crate::conditional::Validators;

/// What a request wants of a body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// All of it.
    Whole,
    /// A part that lies within it.
    Part(Part),
    /// What lies behind its end.
    Nothing,
}

/// A part of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// Its first and last byte; both lie within the body.
    pub(crate) range: ByteRange,
    /// How many bytes the whole body has.
    pub(crate) whole: u64,
}

/// What this request wants of a body of this length.
pub(crate) fn wanted(head: &RequestHead, validators: &Validators, length: u64) -> Wanted {
    let mut lines = head.headers.get_all(RANGE).into_iter();
    let only_line = lines.next().filter(|_| lines.next().is_none());
    match only_line.and_then(|line| line.to_str().ok()) {
        Some(text) if head.method == Method::GET && validators.allow_part(&head.headers) => parse(text, length),
        _ => Wanted::Whole,
    }
}

/// Answers a range of a 200 whose body is in hand; without one, says that there may be one.
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
        // A body in memory has no byte that `usize` cannot count.
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
    /// How many bytes it has.
    pub(crate) fn length(&self) -> u64 {
        self.range.end() - self.range.start() + 1
    }

    /// Makes a 206 of a 200 that has only this part in its body.
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

/// Reads one range of bytes. What is no such range, several of them, or another unit counts as if it were not there. So
/// does any range of nothing: a 206 cannot say that it is empty.
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

/// Digits as a number; one that is too large for any file is the largest.
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
    fn a_range_header_is_one_range_or_nothing() {
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
    async fn a_part_of_a_stream_is_cut_at_any_chunk() {
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
