//! What the engine calls. Each answer is one question to the origin, two for a stat where the origin has no answer to
//! HEAD, and one more for each time that it sends on.

use async_trait::async_trait;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use http::header::{CONTENT_RANGE, HeaderMap, HeaderValue, IF_NONE_MATCH, RANGE};
use reqwest::{Method, Response};
use resizer_plugin_api::{
    ByteRange, ByteStream, Download, Error, Fetch, Source, SourceKey, SourcePath, Stat, Validator, Want,
};

use crate::RemoteReader;
use crate::error::{RemoteError, place};
use crate::reading::{ContentRange, Reading, content_length, refuse_coding, stat};
use crate::target::Target;

#[async_trait]
impl Source for RemoteReader {
    /// The URL, for those who may ask for it; marked if it is signed, since its origin may send on to other places then.
    /// All else has a name of its own under which nothing is ever kept: what is known of an image, or cached of it, is
    /// not found by who has no right to it.
    fn identity(&self, path: &SourcePath) -> SourceKey {
        match self.target(path) {
            Ok(Target { url, signed: false }) => SourceKey::new(url.as_str()),
            Ok(Target { url, signed: true }) => SourceKey::new(format!("{url}#signed")),
            Err(_) => SourceKey::new(format!("refused:{path}")),
        }
    }

    async fn stat(&self, path: &SourcePath) -> Result<Stat, Error> {
        let target = self.target(path)?;
        let response = self.ask(&target, Method::HEAD, &HeaderMap::new()).await?;
        match response.status().as_u16() {
            200 | 203 => {
                refuse_coding(&response)?;
                Ok(stat(response.headers(), content_length(response.headers())))
            }
            // What origins say that know GET only, or sign URLs for GET only.
            400 | 401 | 403 | 405 | 500 | 501 => Ok(self.stat_by_get(&target).await?),
            _ => Err(failed(&response).into()),
        }
    }

    async fn fetch(&self, path: &SourcePath, want: Want) -> Result<Fetch, Error> {
        let target = self.target(path)?;
        let Some((stat, mut reading)) = self.open(&target, &want).await? else {
            return Ok(Fetch::Unchanged);
        };
        let mut first = None;
        if want.range.is_some() && stat.length.is_none() {
            // Only now shows whether there is such a part.
            first = Some(reading.next().await?.ok_or(RemoteError::BehindEnd)?);
        }
        let rest = stream::try_unfold(reading, |mut reading| async move {
            Ok::<_, RemoteError>(reading.next().await?.map(|chunk| (chunk, reading)))
        });
        let bytes: ByteStream = Box::pin(stream::iter(first.map(Ok)).chain(rest.map_err(Error::from)));
        Ok(Fetch::Download(Download::new(stat, bytes)))
    }
}

impl RemoteReader {
    /// Asks for one byte to learn of them all.
    async fn stat_by_get(&self, target: &Target) -> Result<Stat, RemoteError> {
        let range = 0..=0;
        let headers = HeaderMap::from_iter([(RANGE, range_header(&range))]);
        let response = self.ask(target, Method::GET, &headers).await?;
        refuse_coding(&response)?;
        let headers = response.headers();
        match response.status().as_u16() {
            200 | 203 => Ok(stat(headers, content_length(headers))),
            206 => Ok(stat(headers, ContentRange::of(&response, &range)?.whole)),
            // Empty, so it has no first byte.
            416 if headers.get(CONTENT_RANGE).is_some_and(|range| range == "bytes */0") => Ok(stat(headers, Some(0))),
            _ => Err(failed(&response)),
        }
    }

    /// Asks for what is wanted; `None` if it is unchanged.
    async fn open(&self, target: &Target, want: &Want) -> Result<Option<(Stat, Reading)>, RemoteError> {
        let mut headers = HeaderMap::new();
        if let Some(range) = &want.range {
            headers.insert(RANGE, range_header(range));
        }
        let known = want.unless.as_ref().and_then(if_none_match);
        let conditional = known.is_some();
        headers.extend(known.map(|known| (IF_NONE_MATCH, known)));

        let response = self.ask(target, Method::GET, &headers).await?;
        let (part, length) = match (response.status().as_u16(), &want.range) {
            (200 | 203, _) => (None, content_length(response.headers())),
            (206, Some(range)) => {
                let part = ContentRange::of(&response, range)?;
                (Some(part), part.whole)
            }
            (304, _) if conditional => return Ok(None),
            (416, Some(_)) => return Err(RemoteError::BehindEnd),
            _ => return Err(failed(&response)),
        };
        refuse_coding(&response)?;
        let stat = stat(response.headers(), length);
        // An origin may know no conditions; and of what has no ETag it is not asked for one.
        if want.unless.is_some() && want.unless == stat.validator {
            return Ok(None);
        }
        let reading = match (part, &want.range) {
            (Some(part), _) => Reading::part(response, part, self.max_bytes),
            (None, Some(range)) => Reading::cut(response, length, range, self.max_bytes),
            (None, None) => Reading::whole(response, length, self.max_bytes),
        };
        Ok(Some((stat, reading?)))
    }
}

fn failed(response: &Response) -> RemoteError {
    RemoteError::Status {
        place: place(response.url()),
        status: response.status(),
    }
}

/// A last byte that many servers cannot count to means the end.
fn range_header(range: &ByteRange) -> HeaderValue {
    let (first, last) = (range.start(), range.end());
    let text = match i64::try_from(*last) {
        Ok(last) => format!("bytes={first}-{last}"),
        Err(_) => format!("bytes={first}-"),
    };
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("bytes=0-"))
}

/// A validator that is an ETag, as the origin wants to hear it.
fn if_none_match(validator: &Validator) -> Option<HeaderValue> {
    let text = validator.as_str();
    let etag = text.starts_with('"') || text.starts_with("W/\"");
    HeaderValue::try_from(text).ok().filter(|_| etag)
}
