//! Service traits: what a plugin implements to be a source, a cache or an authorizer. Their methods may wait. They
//! neither coalesce, queue, retry nor time out, because the engine does that once for all of them. No method has a
//! default, so a wrapper that forgets one does not compile.

use std::borrow::Cow;
use std::fmt;
use std::ops::RangeInclusive;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream;
use http::HeaderMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::path_text::bytes_of_path;
use crate::reply::{Body, ByteStream};
use crate::{CacheKey, Error, ImageRequest, SourceKey, Validator};

/// A store of originals, reached under a URL prefix.
#[async_trait]
pub trait Source: Send + Sync + 'static {
    /// The lasting name of the object at this path. Cheap: no waiting, no IO.
    fn identity(&self, path: &SourcePath) -> SourceKey;
    /// The object's version, length and time, without its bytes. [`Stat::unknown`] where the store cannot be asked. The
    /// engine does not call it where the policy says `fast`.
    ///
    /// # Errors
    /// `NotFound` if the store says that there is no such object; `Upstream` if the store failed.
    async fn stat(&self, path: &SourcePath) -> Result<Stat, Error>;
    /// The object or a part of it, with the [`Stat`] that came *with* these bytes.
    ///
    /// # Errors
    /// As `stat`; `BadRequest` for a range that begins past the end.
    async fn fetch(&self, path: &SourcePath, want: Want) -> Result<Fetch, Error>;
}

/// How the engine treats a source. The fields are the settings of [`crate::reader_settings!`], which builds it;
/// elsewhere take [`SourcePolicy::default`] and set fields.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SourcePolicy {
    /// Never ask for a [`Stat`]: objects do not change.
    pub fast: bool,
    /// Time to live of a [`Stat`]; at zero every request asks the store.
    pub check_modified: Duration,
    /// How long a stat or a whole download may take.
    pub fetch_timeout: Duration,
    /// Whether only paths with an image extension are image requests.
    pub require_image_extension: bool,
    /// Whether every image is encoded anew and none is sent unchanged; its paths then need no extension.
    pub untrusted_data: bool,
    /// Whether images that are sent unchanged are cached too, unless the URL says otherwise.
    pub cache_unmodified_files: bool,
    /// How images are treated whose files are damaged; `None` as the server's settings say.
    pub damaged: Option<Damaged>,
}

/// How an image is treated whose file is damaged behind its header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Damaged {
    /// An error.
    Refuse,
    /// As far as it can be decoded.
    Show,
}

impl Default for SourcePolicy {
    /// Asks the store for every request, gives it 30 seconds, and takes only paths with an image extension.
    fn default() -> Self {
        Self {
            fast: false,
            check_modified: Duration::ZERO,
            fetch_timeout: Duration::from_secs(30),
            require_image_extension: true,
            untrusted_data: false,
            cache_unmodified_files: false,
            damaged: None,
        }
    }
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
#[non_exhaustive]
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

    /// The path's text. A byte that is not UTF-8 stands in it as U+10FF00 and the byte's number, so that a store of
    /// names in UTF-8 has no such name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path's bytes, as the client sent them.
    #[must_use]
    pub fn bytes(&self) -> Cow<'_, [u8]> {
        bytes_of_path(&self.0)
    }
}

impl fmt::Display for SourcePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Metadata of an object: its version, length and time, as its store says.
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

/// The part of an object to fetch, and the version that need not be sent again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Want {
    /// A part of it; `None` for the whole.
    pub range: Option<ByteRange>,
    /// Answer [`Fetch::Unchanged`] if this is still its validator.
    pub unless: Option<Validator>,
}

impl Want {
    /// The whole object, of any version.
    #[must_use]
    pub fn whole() -> Self {
        Self::default()
    }

    /// A part of the object only; `None` for the whole.
    #[must_use]
    pub fn with_range(mut self, range: impl Into<Option<ByteRange>>) -> Self {
        self.range = range.into();
        self
    }

    /// Nothing if the object still has this validator.
    #[must_use]
    pub fn with_unless(mut self, known: impl Into<Option<Validator>>) -> Self {
        self.unless = known.into();
        self
    }
}

/// A part of an object: first to last byte, both included, counted from zero; never empty. A last byte past the end
/// means the end; a first byte past the end is a `BadRequest`.
pub type ByteRange = RangeInclusive<u64>;

/// The result of a fetch.
#[derive(Debug)]
pub enum Fetch {
    /// The object is the version that [`Want::unless`] names.
    Unchanged,
    /// Here it comes.
    Download(Download),
}

/// An object that is being sent.
#[non_exhaustive]
pub struct Download {
    /// The metadata that came with the bytes. `length` is that of the whole object.
    pub stat: Stat,
    /// The bytes. An error in the middle fails the whole download.
    pub bytes: ByteStream,
    /// Whether the whole object lies in memory for as long as `bytes` lives, as a value of a database does. Then
    /// admission counts its whole length, and otherwise a few pieces of up to 256 KiB.
    pub whole: bool,
    /// Whether nothing is read before `bytes` is polled for it, and then at most 128 KiB, as of a file. Admission then
    /// counts two such pieces.
    pub on_demand: bool,
}

impl Download {
    /// A download that holds a few pieces in memory at a time.
    #[must_use]
    pub fn new(stat: Stat, bytes: ByteStream) -> Self {
        Self {
            stat,
            bytes,
            whole: false,
            on_demand: false,
        }
    }

    /// A download of bytes that lie in memory: the object, or the part of it that was wanted.
    #[must_use]
    pub fn in_memory(stat: Stat, bytes: Bytes) -> Self {
        Self::new(stat, Box::pin(stream::iter([Ok(bytes)]))).held_whole()
    }

    /// Says that nothing is read ahead of what the stream is polled for: see [`Download::on_demand`].
    #[must_use]
    pub fn read_on_demand(mut self) -> Self {
        self.on_demand = true;
        self
    }

    /// Says that the whole object lies in memory while it is sent.
    #[must_use]
    pub fn held_whole(mut self) -> Self {
        self.whole = true;
        self
    }
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
    /// Whether this cache takes part in this request. Cheap: no waiting, no IO.
    fn accepts(&self, request: &ImageRequest) -> bool;
    /// The entry under the key, if there is one. An error is logged and counts as a miss.
    async fn get(&self, key: &CacheKey) -> Result<Option<Hit>, Error>;
    /// Keeps an entry, or not: a cache may drop any entry at any time. An error is logged and ignored.
    async fn put(&self, key: &CacheKey, entry: Entry) -> Result<(), Error>;
    /// Drops entries and says how many.
    async fn purge(&self, what: &Purge) -> Result<u64, Error>;
}

/// Metadata that a cache keeps beside the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EntryMeta {
    /// Their media type.
    pub content_type: String,
    /// The version of the source that they were made from: it came with the source's bytes.
    pub validator: Validator,
    /// When their source last changed.
    pub modified: Option<SystemTime>,
}

/// An entry to be kept by a cache.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Entry {
    /// Kept beside the bytes.
    pub meta: EntryMeta,
    /// The bytes.
    pub bytes: Bytes,
}

/// An entry that a cache found.
#[derive(Debug)]
#[non_exhaustive]
pub struct Hit {
    /// Kept beside the bytes.
    pub meta: EntryMeta,
    /// The bytes.
    pub body: Body,
}

impl EntryMeta {
    /// Metadata without a time.
    #[must_use]
    pub fn new(content_type: impl Into<String>, validator: Validator) -> Self {
        Self {
            content_type: content_type.into(),
            validator,
            modified: None,
        }
    }

    /// Adds when the source last changed; `None` where nobody knows.
    #[must_use]
    pub fn with_modified(mut self, modified: impl Into<Option<SystemTime>>) -> Self {
        self.modified = modified.into();
        self
    }
}

impl Entry {
    /// An entry.
    #[must_use]
    pub fn new(meta: EntryMeta, bytes: Bytes) -> Self {
        Self { meta, bytes }
    }
}

impl Hit {
    /// A hit; the body may be a stream.
    #[must_use]
    pub fn new(meta: EntryMeta, body: Body) -> Self {
        Self { meta, body }
    }
}

/// The entries to drop from a cache.
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

/// Decides whether a request may be served.
#[async_trait]
pub trait Authorizer: Send + Sync + 'static {
    /// `Err(Forbidden)` denies; every authorizer is asked and none can overrule another.
    async fn authorize(&self, request: &ImageRequest) -> Result<(), Error>;
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
    fn source_path_out_of_its_folder_is_refused() {
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
