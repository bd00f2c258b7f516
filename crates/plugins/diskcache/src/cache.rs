//! What the engine calls. A look-up goes to memory, to what waits to be written, and to the disk; it goes to the disk in
//! one trip, and only for what may be there. A purge leaves nothing anywhere. Kept across reloads of the same settings.

use std::collections::HashSet;
use std::io;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::stream;
use parking_lot::{Mutex, RwLock};
use resizer_disk_store::{Bound, Content, EntryKey, Found, IoPool, LongBody, Store};
use resizer_plugin_api::{
    Body, ByteSize, ByteStream, Cache, CacheKey, Claim, Entry, Error, ErrorKind, Hit, ImageRequest, InstallError,
    Metrics, Purge,
};

use crate::memory::Memory;
use crate::meta;
use crate::numbers::Numbers;
use crate::write_behind::WriteBehind;

/// Threads that read. Files in the page cache keep one busy; others wait for the disk.
const IO_THREADS: NonZeroUsize = NonZeroUsize::new(4).unwrap();

/// How old the noted use of a file may get. Enough to tell after a restart what is in use and what is not, and at most
/// one small write an hour for a file that is read all the time.
const NOTE_USE_AFTER: Duration = Duration::from_secs(3600);

/// What the index is taken to grow by.
const INDEX_STEP: u64 = 64 << 10;

/// What a cache is opened with.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) folder: PathBuf,
    pub(crate) max_size: Option<ByteSize>,
    pub(crate) memory_tier: Claim,
    pub(crate) write_behind: Claim,
    pub(crate) index: Claim,
}

/// The cache; when it is dropped, what still waits is written.
pub(crate) struct FolderCache {
    pub(crate) shared: Arc<Shared>,
}

/// What the threads share.
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    /// There once the cache was started.
    pub(crate) store: OnceLock<Store>,
    pub(crate) waiting: WriteBehind,
    pub(crate) numbers: Numbers,
    pub(crate) io: IoPool,
    memory: Memory,
    /// How many purges there were. What was read from the disk before a purge may not enter the memory after it.
    purges: RwLock<u64>,
    /// Held while the numbers are read and shown, so that none is shown after a newer one.
    showing: Mutex<()>,
}

impl FolderCache {
    /// Touches no disk: that is for `start`.
    pub(crate) fn new(settings: Settings, metrics: &Metrics) -> Result<Self, InstallError> {
        let io = IoPool::new(IO_THREADS, "diskcache").map_err(no_threads)?;
        let numbers = Numbers::new(metrics);
        let shared = Shared {
            memory: Memory::new(ByteSize(settings.memory_tier.bytes()), numbers.memory_evictions.clone()),
            waiting: WriteBehind::new(ByteSize(settings.write_behind.bytes())),
            numbers,
            store: OnceLock::new(),
            purges: RwLock::new(0),
            showing: Mutex::new(()),
            settings,
            io,
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }
}

impl Drop for FolderCache {
    fn drop(&mut self) {
        self.shared.waiting.end();
    }
}

#[async_trait]
impl Cache for FolderCache {
    fn accepts(&self, _: &ImageRequest) -> bool {
        true
    }

    async fn get(&self, key: &CacheKey) -> Result<Option<Hit>, Error> {
        let shared = &self.shared;
        if let Some(entry) = shared.memory.get(key).or_else(|| shared.waiting.get(key)) {
            shared.numbers.memory_hits.increment();
            return Ok(Some(hit(entry)));
        }
        let entry_key = entry_key(key);
        if !shared.store.get().is_some_and(|store| store.may_have(&entry_key)) {
            return Ok(None);
        }
        let purges = *shared.purges.read();
        let cached = shared.store.get().and_then(|store| store.read_cached(&entry_key));
        let found = match cached {
            Some(found) => Some(found),
            None => shared.run(move |shared| shared.read(&entry_key)).await?,
        };
        let read = found.and_then(|found| Some((meta::from_bytes(&found.meta)?, found.content)));
        let hit = read.map(|(meta, content)| match content {
            Content::Whole(bytes) => {
                let entry = Entry::new(meta, bytes);
                shared.remember(key, &entry, purges);
                hit(entry)
            }
            Content::Long(body) => {
                let length = Some(body.length());
                Hit::new(
                    meta,
                    Body::Stream {
                        stream: pieces(Arc::clone(shared), body),
                        length,
                    },
                )
            }
        });
        if hit.is_some() {
            shared.numbers.disk_hits.increment();
        }
        // Else no number is another than before.
        if hit.is_none() || shared.memory.is_on() {
            shared.show();
        }
        Ok(hit)
    }

    async fn put(&self, key: &CacheKey, entry: Entry) -> Result<(), Error> {
        let shared = &self.shared;
        shared.memory.put(key, &entry);
        let writes = shared.store.get().is_some_and(Store::owns);
        if writes && !shared.waiting.put(key, entry) {
            shared.numbers.dropped_writes.increment();
        }
        shared.show();
        Ok(())
    }

    async fn purge(&self, what: &Purge) -> Result<u64, Error> {
        let what = what.clone();
        self.shared.run(move |shared| shared.purge(&what)).await
    }
}

impl Shared {
    /// Puts the numbers where they are now.
    pub(crate) fn show(&self) {
        let _showing = self.showing.lock();
        let disk = self.store.get().map(Store::counts).unwrap_or_default();
        // In steps, since whoever waits for memory looks again at each.
        self.settings.index.set(disk.index_bytes().next_multiple_of(INDEX_STEP));
        self.numbers.show(disk, self.memory.bytes(), self.waiting.bytes());
    }

    /// What to open the store with.
    pub(crate) fn open(&self) -> Result<Store, InstallError> {
        let bound = self
            .settings
            .max_size
            .map_or(Bound::ShareOfDisk, |size| Bound::Bytes(size.0));
        Store::open(&self.settings.folder, bound, NOTE_USE_AFTER).map_err(|error| {
            let way_out = match error.cause.kind() {
                io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
                    "a file is in the way; name another folder"
                }
                io::ErrorKind::PermissionDenied => {
                    "let the user that runs this server write there, or name another folder"
                }
                io::ErrorKind::ReadOnlyFilesystem => "the file system is read-only; name a folder on another one",
                _ => "name a folder on a disk that works and has room",
            };
            InstallError::setting("folder", format!("{error}; {way_out}"))
        })
    }

    /// Runs something that blocks, on one of the threads for it.
    async fn run<T: Send + 'static>(
        self: &Arc<Self>,
        operation: impl FnOnce(&Self) -> io::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let shared = Arc::clone(self);
        let done = self.io.run(move || operation(&shared)).await;
        done.map_err(|error| failed().because(error))?
            .map_err(|error| failed().because(error))
    }

    fn read(&self, key: &EntryKey) -> io::Result<Option<Found>> {
        self.store.get().map_or(Ok(None), |store| store.read(key))
    }

    /// Takes into memory what was read from the disk, unless it was purged since then.
    fn remember(&self, key: &CacheKey, entry: &Entry, purges: u64) {
        let now = self.purges.read();
        if *now == purges {
            self.memory.put(key, entry);
        }
    }

    /// Blocks. First what waits, so that it is not written afterwards; then the disk; last the memory, so that nothing
    /// is taken into it from the disk afterwards.
    fn purge(&self, what: &Purge) -> io::Result<u64> {
        let is_meant = |key: &CacheKey| match what {
            Purge::Key(meant) => key == meant,
            Purge::Source(source) => key.source == *source,
            Purge::Prefix(prefix) => key.source.as_str().starts_with(prefix),
            Purge::All => true,
        };
        let mut elsewhere: HashSet<CacheKey> = self.waiting.remove(is_meant).into_iter().collect();
        elsewhere.extend(self.memory.keys(is_meant));
        let on_disk = self.store.get().map_or(Ok(0), |store| {
            elsewhere.retain(|key| !store.has(&entry_key(key)));
            match what {
                Purge::Key(key) => store.remove(&entry_key(key)).map(u64::from),
                Purge::Source(source) => store.remove_group(source.as_str()),
                Purge::Prefix(prefix) => store.remove_groups_beginning(prefix),
                Purge::All => store.clear(),
            }
        });
        *self.purges.write() += 1;
        for key in self.memory.keys(is_meant) {
            self.memory.remove(&key);
        }
        self.show();
        Ok(on_disk? + elsewhere.len() as u64)
    }
}

/// The name of a result on the disk, with all of a source's results in one group.
pub(crate) fn entry_key(key: &CacheKey) -> EntryKey {
    EntryKey::new(key.source.as_str(), key.digest_bytes())
}

fn hit(entry: Entry) -> Hit {
    Hit::new(entry.meta, Body::Bytes(entry.bytes))
}

/// A large result as it is read; nothing is read ahead.
fn pieces(shared: Arc<Shared>, body: Box<LongBody>) -> ByteStream {
    Box::pin(stream::try_unfold(body, move |mut body| {
        let shared = Arc::clone(&shared);
        async move {
            shared
                .run(move |_| Ok(body.next_piece()?.map(|piece| (piece, body))))
                .await
        }
    }))
}

fn failed() -> Error {
    Error::new(ErrorKind::Internal, "The cache folder could not be used.")
}

pub(crate) fn no_threads(error: io::Error) -> InstallError {
    let message = "The threads of the disk cache cannot be started.";
    InstallError::Failed(Error::new(ErrorKind::Internal, message).because(error))
}
