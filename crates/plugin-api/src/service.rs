//! The services a plugin can offer: sources, caches, authorizers and admin pages. All may wait; none coalesces, queues,
//! retries or times out, because the engine does that once for all of them. No method has a default: a wrapper that
//! forgets one does not compile.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use bytes::Bytes;
use http::HeaderMap;

use crate::reply::{Body, ByteStream};
use crate::{CacheKey, Error, ImageRequest, Reply, RequestHead, SourceKey, Validator};

/// A store of originals, reached under a URL prefix.
#[async_trait]
pub trait Source: Send + Sync + 'static {
    /// The lasting name of what lies at this path. Cheap: no waiting, no IO.
    fn identity(&self, path: &SourcePath) -> SourceKey;
    /// What the store says of the object without sending it; [`Stat::unknown`] where the store cannot be asked. Not
    /// called where the policy says `fast`. Fails with `NotFound` if there is nothing.
    async fn stat(&self, path: &SourcePath) -> Result<Stat, Error>;
    /// The object, or the part that is wanted of it, with the [`Stat`] that came *with* these bytes.
    async fn fetch(&self, path: &SourcePath, want: Want) -> Result<Fetch, Error>;
}

/// How the engine treats a source. The fields are the settings of [`crate::reader_settings!`].
#[derive(Clone, Debug)]
pub struct SourcePolicy {
    /// Never ask for a [`Stat`]: objects do not change.
    pub fast: bool,
    /// How long a [`Stat`] is believed before the store is asked again; zero asks for every request.
    pub check_modified: Duration,
    /// How long a stat or a whole download may take.
    pub fetch_timeout: Duration,
    /// Whether only paths with an image extension are image requests.
    pub require_image_extension: bool,
    /// Whether nothing of it may leave as it is, and its paths need no extension.
    pub untrusted_data: bool,
    /// Whether what leaves as it is is cached too, unless the URL says otherwise.
    pub cache_unmodified_files: bool,
}

impl SourcePolicy {
    /// Whether paths without an image extension are image requests too.
    #[must_use]
    pub fn takes_any_extension(&self) -> bool {
        !self.require_image_extension || self.untrusted_data
    }
}

/// A path below a source's prefix: decoded once, without a leading slash, safe to join to a folder or a key prefix.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SourcePath(String);

/// Why a path names nothing in any source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourcePathError {
    /// It ends where the prefix ends.
    #[error("the path is empty")]
    Empty,
    /// `.` or `..` as a segment.
    #[error("the path has a dot segment")]
    DotSegment,
    /// NUL or another control character.
    #[error("the path has a control character")]
    Control,
    /// Windows' separator.
    #[error("the path has a backslash")]
    Backslash,
}

impl SourcePath {
    /// Takes what follows the prefix, already decoded.
    ///
    /// # Errors
    /// Dot segments, control characters and backslashes name nothing in any source.
    pub fn parse(decoded: &str) -> Result<Self, SourcePathError> {
        if decoded.is_empty() {
            return Err(SourcePathError::Empty);
        }
        if decoded.chars().any(char::is_control) {
            return Err(SourcePathError::Control);
        }
        if decoded.contains('\\') {
            return Err(SourcePathError::Backslash);
        }
        if decoded.split('/').any(|segment| segment == "." || segment == "..") {
            return Err(SourcePathError::DotSegment);
        }
        Ok(Self(decoded.to_owned()))
    }

    /// The path's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SourcePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a store says of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stat {
    /// Which version of the bytes it is; `None` if the store was not asked.
    pub validator: Option<Validator>,
    /// How many bytes it has.
    pub length: Option<u64>,
    /// When it last changed.
    pub modified: Option<SystemTime>,
}

impl Stat {
    /// Nothing is known: the object may not even exist.
    #[must_use]
    pub fn unknown() -> Self {
        Self::default()
    }

    /// All is known. A time that HTTP cannot say, before 1970 or after 9999, is as good as none.
    #[must_use]
    pub fn known(validator: Validator, length: u64, modified: Option<SystemTime>) -> Self {
        /// Midnight after the last day of the year 9999.
        const END: Duration = Duration::from_secs(253_402_300_800);
        let since_epoch = |time: &SystemTime| time.duration_since(SystemTime::UNIX_EPOCH);
        let modified = modified.filter(|time| since_epoch(time).is_ok_and(|time| time < END));
        Self {
            validator: Some(validator),
            length: Some(length),
            modified,
        }
    }
}

/// What is wanted of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Want {
    /// A part of it; `None` for the whole.
    pub range: Option<ByteRange>,
    /// Answer [`Fetch::Unchanged`] if this is still its validator.
    pub unless: Option<Validator>,
}

impl Want {
    /// The whole object, whatever its version.
    #[must_use]
    pub fn whole() -> Self {
        Self::default()
    }
}

/// A part of an object: first to last byte, both included, counted from zero; never empty. A last byte past the end
/// means the end; a first byte past the end is a `BadRequest`.
pub type ByteRange = RangeInclusive<u64>;

/// What came of a fetch.
#[derive(Debug)]
pub enum Fetch {
    /// The object is the version that [`Want::unless`] names.
    Unchanged,
    /// Here it comes.
    Download(Download),
}

/// An object on its way.
pub struct Download {
    /// What the store says of the bytes it sends. `length` is that of the whole object.
    pub stat: Stat,
    /// The bytes. An error in the middle is an error of the whole.
    pub bytes: ByteStream,
    /// Whether the whole object lies in memory for as long as `bytes` lives, as a value of a database does: then it counts
    /// with all its length, and otherwise with a few pieces of up to 256 KiB.
    pub whole: bool,
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download")
            .field("stat", &self.stat)
            .finish_non_exhaustive()
    }
}

/// A place that keeps bytes under a key: originals (a source cache) or encoded results (a result cache). Caches of one
/// kind form a chain in file order; the engine asks them in turn and refills the nearer from the farther.
#[async_trait]
pub trait Cache: Send + Sync + 'static {
    /// Whether this cache has to do with this request at all. Cheap: no waiting, no IO.
    fn accepts(&self, request: &ImageRequest) -> bool;
    /// What is kept under the key. An error is logged and counts as a miss.
    async fn get(&self, key: &CacheKey) -> Result<Option<Hit>, Error>;
    /// Keeps an entry, or not: a cache may drop anything at any time. An error is logged and forgotten.
    async fn put(&self, key: &CacheKey, entry: Entry) -> Result<(), Error>;
    /// Drops entries and says how many.
    async fn purge(&self, what: &Purge) -> Result<u64, Error>;
}

/// What a cache keeps beside the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryMeta {
    /// Their media type.
    pub content_type: String,
    /// The version of the source that they were made from: it came with the source's bytes.
    pub validator: Validator,
    /// When their source last changed.
    pub modified: Option<SystemTime>,
}

/// What is given to a cache.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Kept beside the bytes.
    pub meta: EntryMeta,
    /// The bytes.
    pub bytes: Bytes,
}

/// What a cache gives back.
#[derive(Debug)]
pub struct Hit {
    /// Kept beside the bytes.
    pub meta: EntryMeta,
    /// The bytes.
    pub body: Body,
}

/// What to drop from a cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purge {
    /// One result.
    Key(CacheKey),
    /// Everything made from one source.
    Source(SourceKey),
    /// Everything made from sources whose key begins so.
    Prefix(String),
    /// Everything.
    All,
}

impl Purge {
    /// Whether this purge drops the entry with this key.
    #[must_use]
    pub fn covers(&self, key: &CacheKey) -> bool {
        match self {
            Self::Key(purged) => key == purged,
            _ => self.covers_source(&key.source),
        }
    }

    /// Whether this purge drops anything that was made from this source, be it a single entry.
    #[must_use]
    pub fn covers_source(&self, source: &SourceKey) -> bool {
        match self {
            Self::Key(key) => key.source == *source,
            Self::Source(purged) => source == purged,
            Self::Prefix(prefix) => source.as_str().starts_with(prefix),
            Self::All => true,
        }
    }
}

/// Says whether a request may be served.
#[async_trait]
pub trait Authorizer: Send + Sync + 'static {
    /// `Err(Forbidden)` denies; every authorizer is asked and none can overrule another.
    async fn authorize(&self, request: &ImageRequest) -> Result<(), Error>;
}

/// A page on the admin listener.
#[async_trait]
pub trait AdminPage: Send + Sync + 'static {
    /// The page.
    async fn serve(&self, head: &RequestHead) -> Reply;
}

/// Headers and key parts collected by [`crate::PreHandleEvent`].
#[derive(Clone, Debug, Default)]
pub struct HandlePlan {
    /// Parts that make another variant.
    pub key_parts: Vec<String>,
    /// Names of request headers the answer depends on.
    pub vary: Vec<http::HeaderName>,
    /// Headers of the response.
    pub headers: HeaderMap,
}

#[cfg(test)]
mod tests {
    use super::{SourcePath, SourcePathError as E};

    #[test]
    fn what_leads_out_of_a_folder_is_no_source_path() {
        let check = |text, expected: Result<&str, E>| {
            assert_eq!(
                SourcePath::parse(text).as_ref().map(SourcePath::as_str),
                expected.as_ref().copied(),
                "{text:?}"
            );
        };
        check("a/b c+d%2e.jpg", Ok("a/b c+d%2e.jpg"));
        check("ä/🐱.png", Ok("ä/🐱.png"));
        check("a//b", Ok("a//b"));
        check("...", Ok("..."));
        check("", Err(E::Empty));
        check("../a", Err(E::DotSegment));
        check("a/./b", Err(E::DotSegment));
        check("a/..", Err(E::DotSegment));
        check("a\\..\\b", Err(E::Backslash));
        check("a\0.jpg", Err(E::Control));
        check("a\r\nb", Err(E::Control));
    }
}
