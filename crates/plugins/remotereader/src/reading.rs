//! Response reader: reads metadata from headers, finds which part of the image a response holds, and cuts the body to
//! the requested range.

use std::time::SystemTime;

use bytes::{Buf as _, Bytes};
use http::header::{CONTENT_LENGTH, CONTENT_RANGE, ETAG, HeaderMap, HeaderName, LAST_MODIFIED};
use reqwest::Response;
use resizer_plugin_api::{ByteRange, Stat, Validator};

use crate::coding::{Coding, Decoded, Decoding};
use crate::error::{RemoteError, place};

/// Longest ETag that is used as a validator, in bytes. Each is kept in memory, and any origin may have sent it.
const LONGEST_ETAG: usize = 1024;

/// The part in a response: first and last byte, and the length of the whole if the origin names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ContentRange {
    pub(crate) first: u64,
    pub(crate) last: u64,
    pub(crate) whole: Option<u64>,
}

/// A body that is being received.
#[derive(Debug)]
pub(crate) struct Reading {
    response: Response,
    /// Decodes the body, if the origin coded it.
    decoding: Option<Decoding>,
    /// Bytes of the coded body that may still come in all.
    coded_allowance: u64,
    /// Bytes still to come before the requested range.
    skip: u64,
    /// Bytes of the requested range that are still to come.
    left: u64,
    /// Whether an earlier end of the body is an error.
    all: bool,
    /// Bytes that may still come in all.
    allowance: u64,
    max_bytes: u64,
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

/// The length of the body, or of the body that a GET would have. That of a coded body is not the image's.
pub(crate) fn content_length(headers: &HeaderMap, coding: Option<Coding>) -> Option<u64> {
    match coding {
        Some(_) => None,
        None => text(headers, CONTENT_LENGTH)?.parse().ok(),
    }
}

/// The metadata of the image from the headers and the length. The validator is the ETag, or else the time of the last
/// change with the length; without both there is none.
pub(crate) fn stat(headers: &HeaderMap, length: Option<u64>) -> Stat {
    let modified = text(headers, LAST_MODIFIED);
    let time: Option<SystemTime> = modified.and_then(|time| httpdate::parse_http_date(time).ok());
    let etag = text(headers, ETAG).filter(|etag| (1..=LONGEST_ETAG).contains(&etag.len()));
    let by_time = || {
        let (_, modified) = time.zip(modified)?;
        let length = length.map(|length| length.to_string()).unwrap_or_default();
        Some(Validator::new(format!("modified {modified}, length {length}")))
    };
    let mut stat = Stat::unknown();
    stat.validator = etag.map(Validator::new).or_else(by_time);
    stat.length = length;
    stat.modified = time;
    stat
}

/// The coding of an image, which is to be decoded. The bodies of other statuses are not read.
pub(crate) fn coding(response: &Response) -> Result<Option<Coding>, RemoteError> {
    if !matches!(response.status().as_u16(), 200 | 203 | 206) {
        return Ok(None);
    }
    Coding::of(response.headers()).map_err(|coding| RemoteError::Coded {
        place: place(response.url()),
        coding,
    })
}

impl ContentRange {
    /// Reads `bytes 0-9/100` and `bytes 0-9/*`.
    fn parse(text: &str) -> Option<Self> {
        let (range, whole) = text.strip_prefix("bytes ")?.split_once('/')?;
        let (first, last) = range.split_once('-')?;
        let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        let whole = match whole.trim() {
            "*" => None,
            whole => Some(whole.parse().ok()?),
        };
        let sound = first <= last && whole.is_none_or(|whole| last < whole);
        sound.then_some(Self { first, last, whole })
    }

    /// The part in a 206, which must be the requested one.
    pub(crate) fn of(response: &Response, wanted: &ByteRange) -> Result<Self, RemoteError> {
        let found = text(response.headers(), CONTENT_RANGE).unwrap_or_default();
        let range = Self::parse(found).filter(|range| {
            // If the length of the whole is unknown, a shorter part can only be its end.
            let end = range.whole.map_or(range.last, |whole| whole - 1);
            range.first == *wanted.start() && range.last == end.min(*wanted.end())
        });
        range.ok_or_else(|| RemoteError::WrongPart {
            place: place(response.url()),
            found: found.to_owned(),
        })
    }
}

impl Reading {
    /// The whole body.
    pub(crate) fn whole(response: Response, length: Option<u64>, max_bytes: u64) -> Result<Self, RemoteError> {
        if length.is_some_and(|length| length > max_bytes) {
            return Err(RemoteError::TooLarge(max_bytes));
        }
        Ok(Self {
            response,
            decoding: None,
            coded_allowance: max_bytes,
            skip: 0,
            left: length.unwrap_or(u64::MAX),
            all: length.is_some(),
            allowance: max_bytes,
            max_bytes,
        })
    }

    /// The body of a 206.
    pub(crate) fn part(response: Response, part: ContentRange, max_bytes: u64) -> Result<Self, RemoteError> {
        let length = part.last - part.first + 1;
        let whole = part.whole.unwrap_or(length);
        Ok(Self {
            left: length,
            all: true,
            ..Self::whole(response, Some(whole), max_bytes)?
        })
    }

    /// The requested range out of the body of an origin that ignores ranges and sends the whole.
    pub(crate) fn cut(
        response: Response,
        length: Option<u64>,
        wanted: &ByteRange,
        max_bytes: u64,
    ) -> Result<Self, RemoteError> {
        if length.is_some_and(|length| *wanted.start() >= length) {
            return Err(RemoteError::BehindEnd);
        }
        let last = length.map_or(*wanted.end(), |length| (length - 1).min(*wanted.end()));
        Ok(Self {
            skip: *wanted.start(),
            left: (last - wanted.start()).saturating_add(1),
            ..Self::whole(response, length, max_bytes)?
        })
    }

    /// The same out of a body in this coding.
    pub(crate) fn decoded(mut self, coding: Option<Coding>) -> Self {
        self.decoding = coding.map(Decoding::new);
        self
    }

    /// The next bytes of the body, as they came.
    async fn receive(&mut self) -> Result<Option<Bytes>, RemoteError> {
        self.response.chunk().await.map_err(|error| {
            let (place, source) = (place(self.response.url()), error.without_url());
            RemoteError::BrokenOff { place, source }
        })
    }

    /// The next bytes of the image.
    async fn chunk(&mut self) -> Result<Option<Bytes>, RemoteError> {
        loop {
            let Some(decoding) = &mut self.decoding else {
                return self.receive().await;
            };
            let wrong = |source| RemoteError::WrongCoding {
                place: place(self.response.url()),
                source,
            };
            match decoding.next().map_err(wrong)? {
                Decoded::Bytes(bytes) => return Ok(Some(bytes)),
                Decoded::End => return Ok(None),
                Decoded::Wants => {}
            }
            let came = self.receive().await?;
            let length = came.as_ref().map_or(0, Bytes::len) as u64;
            let left = self.coded_allowance.checked_sub(length);
            self.coded_allowance = left.ok_or(RemoteError::TooLarge(self.max_bytes))?;
            if let Some(decoding) = &mut self.decoding {
                decoding.take(came).map_err(|source| RemoteError::WrongCoding {
                    place: place(self.response.url()),
                    source,
                })?;
            }
        }
    }

    /// The next bytes; `None` at the end of the requested range.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, RemoteError> {
        while self.left > 0 {
            let mut chunk = match self.chunk().await? {
                Some(chunk) => chunk,
                None if self.all => {
                    let place = place(self.response.url());
                    return Err(RemoteError::Incomplete { place });
                }
                None => return Ok(None),
            };
            let came = chunk.len() as u64;
            self.allowance = self
                .allowance
                .checked_sub(came)
                .ok_or(RemoteError::TooLarge(self.max_bytes))?;
            let skipped = self.skip.min(came);
            self.skip -= skipped;
            chunk.advance(skipped as usize);
            chunk.truncate(usize::try_from(self.left).unwrap_or(usize::MAX));
            self.left -= chunk.len() as u64;
            if !chunk.is_empty() {
                return Ok(Some(chunk));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts() {
        let check = |text: &str, expected: Option<(u64, u64, Option<u64>)>| {
            let found = ContentRange::parse(text).map(|part| (part.first, part.last, part.whole));
            assert_eq!(found, expected, "{text:?}");
        };
        check("bytes 0-9/100", Some((0, 9, Some(100))));
        check("bytes 5-5/*", Some((5, 5, None)));
        check("bytes 0-9/10", Some((0, 9, Some(10))));
        for wrong in [
            "",
            "bytes */100",
            "bytes 9-0/100",
            "bytes 0-10/10",
            "items 0-9/100",
            "bytes 0-9",
            "bytes -9/10",
        ] {
            check(wrong, None);
        }
    }

    #[test]
    fn an_etag_names_a_version_or_else_time_and_length_do() {
        const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
        let check = |etag: Option<&str>, modified: Option<&str>, expected: Option<&str>| {
            let mut headers = HeaderMap::new();
            for (name, value) in [(ETAG, etag), (LAST_MODIFIED, modified)] {
                if let Some(value) = value {
                    headers.insert(name, value.parse().unwrap());
                }
            }
            let stat = stat(&headers, Some(7));
            assert_eq!(
                stat.validator.as_ref().map(Validator::as_str),
                expected,
                "{etag:?} {modified:?}"
            );
            assert_eq!(stat.length, Some(7));
        };
        check(Some("\"a\""), Some(DATE), Some("\"a\""));
        check(Some("W/\"a\""), None, Some("W/\"a\""));
        check(
            None,
            Some(DATE),
            Some("modified Sun, 06 Nov 1994 08:49:37 GMT, length 7"),
        );
        check(Some(""), Some("yesterday"), None);
        check(None, None, None);
        let tag = |length: usize| format!("\"{}\"", "e".repeat(length - 2));
        check(Some(&tag(1024)), None, Some(&tag(1024)));
        check(Some(&tag(1025)), None, None);
    }
}
