//! Source: implements the engine's `Source` over HTTP. Each call is one request to the origin, two for a stat where the
//! origin refuses HEAD, and one more for each redirect.

use async_trait::async_trait;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use http::header::{CONTENT_RANGE, HeaderMap, HeaderValue, IF_NONE_MATCH, RANGE};
use reqwest::{Method, Response};
use resizer_plugin_api::{
    ByteRange, ByteStream, Download, Error, Fetch, Source, SourceKey, SourcePath, Stat, Validator, Want,
};

use crate::RemoteReader;
use crate::error::{RemoteError, place};
use crate::reading::{ContentRange, Reading, coding, content_length, stat};
use crate::target::Target;

#[async_trait]
impl Source for RemoteReader {
    /// The URL, if it is allowed; marked if it is signed, because a signed URL may be redirected to more hosts. Every
    /// other path has a name of its own under which nothing is ever kept. So a client without permission finds neither
    /// the cached results nor the metadata of an image.
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
                let length = content_length(response.headers(), coding(&response)?);
                Ok(stat(response.headers(), length))
            }
            // The statuses of origins that know GET only, or that sign URLs for GET only.
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
            // The length is known only now, and with it whether there is such a part.
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
    /// Asks for one byte, to learn the length of the whole from `Content-Range`.
    async fn stat_by_get(&self, target: &Target) -> Result<Stat, RemoteError> {
        let range = 0..=0;
        let headers = HeaderMap::from_iter([(RANGE, range_header(&range))]);
        let response = self.ask(target, Method::GET, &headers).await?;
        let coding = coding(&response)?;
        let headers = response.headers();
        match response.status().as_u16() {
            200 | 203 => Ok(stat(headers, content_length(headers, coding))),
            206 => {
                let whole = ContentRange::of(&response, &range)?.whole;
                Ok(stat(headers, whole.filter(|_| coding.is_none())))
            }
            // The image is empty and has no first byte.
            416 if headers.get(CONTENT_RANGE).is_some_and(|range| range == "bytes */0") => Ok(stat(headers, Some(0))),
            _ => Err(failed(&response)),
        }
    }

    /// Requests the image or a part of it; `None` if it is unchanged. A part of a coded body tells nothing: then the
    /// whole is requested, and the part is cut out of the decoded image.
    async fn open(&self, target: &Target, want: &Want) -> Result<Option<(Stat, Reading)>, RemoteError> {
        match self.open_range(target, want, want.range.as_ref()).await? {
            Opened::Unchanged => Ok(None),
            Opened::Image(stat, reading) => Ok(Some((stat, *reading))),
            Opened::CodedPart => match self.open_range(target, want, None).await? {
                Opened::Unchanged => Ok(None),
                Opened::Image(stat, reading) => Ok(Some((stat, *reading))),
                Opened::CodedPart => Err(RemoteError::BehindEnd),
            },
        }
    }

    /// Requests the image, or from the origin this range of it, and reads the part that `want` names.
    async fn open_range(&self, target: &Target, want: &Want, asked: Option<&ByteRange>) -> Result<Opened, RemoteError> {
        let mut headers = HeaderMap::new();
        headers.extend(asked.map(|range| (RANGE, range_header(range))));
        let known = want.unless.as_ref().and_then(if_none_match);
        let conditional = known.is_some();
        headers.extend(known.map(|known| (IF_NONE_MATCH, known)));

        let response = self.ask(target, Method::GET, &headers).await?;
        let coding = coding(&response)?;
        let (part, length) = match (response.status().as_u16(), asked) {
            (200 | 203, _) => (None, content_length(response.headers(), coding)),
            (206, Some(_)) if coding.is_some() => return Ok(Opened::CodedPart),
            (206, Some(range)) => {
                let part = ContentRange::of(&response, range)?;
                (Some(part), part.whole)
            }
            (304, _) if conditional => return Ok(Opened::Unchanged),
            (416, Some(_)) => return Err(RemoteError::BehindEnd),
            _ => return Err(failed(&response)),
        };
        let stat = stat(response.headers(), length);
        // An origin may ignore conditions, and no condition is sent for an image without an ETag.
        if want.unless.is_some() && want.unless == stat.validator {
            return Ok(Opened::Unchanged);
        }
        let reading = match (part, &want.range) {
            (Some(part), _) => Reading::part(response, part, self.max_bytes),
            (None, Some(range)) => Reading::cut(response, length, range, self.max_bytes),
            (None, None) => Reading::whole(response, length, self.max_bytes),
        };
        Ok(Opened::Image(stat, Box::new(reading?.decoded(coding))))
    }
}

/// The answer of an origin.
enum Opened {
    Unchanged,
    Image(Stat, Box<Reading>),
    /// A part of a coded body.
    CodedPart,
}

fn failed(response: &Response) -> RemoteError {
    RemoteError::Status {
        place: place(response.url()),
        status: response.status(),
    }
}

/// The `Range` header. A last byte beyond the numbers of many servers means the end.
fn range_header(range: &ByteRange) -> HeaderValue {
    let (first, last) = (range.start(), range.end());
    let text = match i64::try_from(*last) {
        Ok(last) => format!("bytes={first}-{last}"),
        Err(_) => format!("bytes={first}-"),
    };
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("bytes=0-"))
}

/// The value of `If-None-Match`, if the validator is an ETag.
fn if_none_match(validator: &Validator) -> Option<HeaderValue> {
    let text = validator.as_str();
    let etag = text.starts_with('"') || text.starts_with("W/\"");
    HeaderValue::try_from(text).ok().filter(|_| etag)
}
