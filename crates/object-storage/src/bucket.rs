//! Bucket or container: answers the engine's `stat` and `fetch` with one request each. An object's metadata becomes a
//! `Stat`, and its ETag becomes the validator.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::SystemTime;

use futures_util::StreamExt as _;
use object_store::path::Path;
use object_store::{GetOptions, GetRange, GetResult, ObjectMeta, ObjectStore};
use resizer_plugin_api::{ByteRange, Download, Error, ErrorKind, Fetch, Stat, Validator, Want};

use crate::credentials::contained;
use crate::failure::{Dialect, Failure, FailureKind};
use crate::key;
use crate::refusal::Refusal;

/// The last byte of an open range. Some stores read larger numbers as negative ones.
const LAST_BYTE: u64 = i64::MAX as u64;

/// One bucket or container of a store, with its connections.
#[derive(Clone)]
pub struct Bucket {
    client: Arc<dyn ObjectStore>,
    place: Arc<str>,
    dialect: &'static Dialect,
}

impl std::fmt::Debug for Bucket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bucket")
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

impl Bucket {
    /// A bucket behind a client that was made with [`crate::Listener`]. The log calls the bucket `place`.
    pub fn new(client: impl ObjectStore, place: &str, dialect: &'static Dialect) -> Self {
        Self {
            client: Arc::new(client),
            place: place.into(),
            dialect,
        }
    }

    /// The metadata of an object.
    ///
    /// # Errors
    /// `NotFound`, also for a key that cannot be addressed. [`Dialect`] lists the store's refusals.
    pub async fn stat(&self, key: &str) -> Result<Stat, Error> {
        let path = self.path(key)?;
        let head = GetOptions {
            head: true,
            ..GetOptions::default()
        };
        match self.get(&path, head).await {
            Ok(answer) => Ok(stat(&answer.meta)),
            Err(failure) => Err(self.error(&self.reason(&path, failure).await)),
        }
    }

    /// The object, or a part of it.
    ///
    /// # Errors
    /// As [`Bucket::stat`], and `BadRequest` for a range behind the end.
    pub async fn fetch(&self, key: &str, want: Want) -> Result<Fetch, Error> {
        let path = self.path(key)?;
        let options = GetOptions {
            range: want.range.map(range).transpose()?,
            if_none_match: want.unless.as_ref().and_then(entity_tag),
            ..GetOptions::default()
        };
        let answer = match self.get(&path, options).await {
            Ok(answer) => answer,
            Err(failure) if failure.refusal().is_some_and(|refusal| refusal.status == 304) => {
                return Ok(Fetch::Unchanged);
            }
            Err(failure) => return Err(self.error(&failure)),
        };
        let stat = stat(&answer.meta);
        if want.unless.is_some() && want.unless == stat.validator {
            return Ok(Fetch::Unchanged);
        }
        let bucket = self.clone();
        let pieces = AssertUnwindSafe(answer.into_stream()).catch_unwind();
        let bytes = pieces.map(move |piece| match piece {
            Ok(Ok(bytes)) => Ok(bytes),
            Ok(Err(error)) => Err(bucket.error(&Failure::of(&error).midway())),
            Err(_) => Err(bucket.error(&Failure::panic())),
        });
        Ok(Fetch::Download(Download::new(stat, Box::pin(bytes))))
    }

    /// Asks for the first byte of an object, to learn whether the store can be reached and what it answers.
    ///
    /// # Errors
    /// The store's refusal, or the reason why there was no answer. An absent object is a refusal too.
    pub async fn ask(&self, key: &str) -> Result<(), Failure> {
        let path = key::parse(key).unwrap_or_default();
        let first_byte = GetOptions {
            range: Some(GetRange::Bounded(0..1)),
            ..GetOptions::default()
        };
        self.get(&path, first_byte).await.map(drop)
    }

    /// The reason of a refused HEAD. Its response has no body, so the reason is asked for with a GET.
    async fn reason(&self, path: &Path, failure: Failure) -> Failure {
        match &failure.kind {
            FailureKind::Refused(Refusal {
                status: 400 | 401 | 403 | 409,
                code: None,
                ..
            }) => self.ask(path.as_ref()).await.err().unwrap_or(failure),
            _ => failure,
        }
    }

    async fn get(&self, path: &Path, options: GetOptions) -> Result<GetResult, Failure> {
        match contained(self.client.get_opts(path, options)).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(Failure::of(&error)),
            Err(_) => Err(Failure::panic()),
        }
    }

    fn path(&self, key: &str) -> Result<Path, Error> {
        key::parse(key).map_err(|error| Error::not_found().because(format!("{}: {error}", self.place)))
    }

    fn error(&self, failure: &Failure) -> Error {
        self.dialect.error(&self.place, failure)
    }
}

fn stat(meta: &ObjectMeta) -> Stat {
    // For a store that sends no time, the client library returns a time of zero.
    let modified = Some(SystemTime::from(meta.last_modified)).filter(|time| *time > SystemTime::UNIX_EPOCH);
    let validator = match (&meta.e_tag, modified) {
        (Some(entity_tag), _) => entity_tag.clone(),
        (None, Some(_)) => format!("{:x}-{:x}", meta.size, meta.last_modified.timestamp()),
        // The length alone would be the same for many versions.
        (None, None) => {
            let mut stat = Stat::unknown();
            stat.length = Some(meta.size);
            return stat;
        }
    };
    Stat::known(Validator::new(validator), meta.size, modified)
}

/// The ETag in a validator that was made from one. A store can compare it.
fn entity_tag(validator: &Validator) -> Option<String> {
    let text = validator.as_str();
    let quoted = text.strip_prefix("W/").unwrap_or(text).starts_with('"') && text.ends_with('"');
    (quoted && text.bytes().all(|byte| byte.is_ascii_graphic())).then(|| text.to_owned())
}

fn range(range: ByteRange) -> Result<GetRange, Error> {
    let (first, last) = range.into_inner();
    if first > LAST_BYTE {
        return Err(Error::new(
            ErrorKind::BadRequest,
            "The range begins behind the end of the image.",
        ));
    }
    Ok(match last {
        LAST_BYTE.. => GetRange::Offset(first),
        last => GetRange::Bounded(first..last + 1),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn stat_without_etag_and_time_has_no_version() {
        let check = |e_tag: Option<&str>, last_modified: SystemTime, expected: Option<&str>| {
            let meta = ObjectMeta {
                location: Path::default(),
                last_modified: last_modified.into(),
                size: 31,
                e_tag: e_tag.map(str::to_owned),
                version: None,
            };
            let stat = stat(&meta);
            assert_eq!(stat.validator.as_ref().map(Validator::as_str), expected, "{meta:?}");
            assert_eq!(stat.length, Some(31));
        };
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(17);
        check(Some("\"abc\""), time, Some("\"abc\""));
        check(Some("\"abc\""), SystemTime::UNIX_EPOCH, Some("\"abc\""));
        check(None, time, Some("1f-11"));
        check(None, SystemTime::UNIX_EPOCH, None);
    }

    #[test]
    fn validator_is_sent_only_if_it_was_an_etag() {
        let check = |text: &str, sent: bool| {
            let validator = Validator::new(text);
            assert_eq!(entity_tag(&validator).as_deref(), sent.then_some(text), "{text}");
        };
        check("\"abc\"", true);
        check("W/\"abc\"", true);
        for text in ["", "abc", "\"abc", "1f-5", "\"a\r\nb\"", "\"ä\""] {
            check(text, false);
        }
    }
}
