//! Disk cache as the engine calls it. A look-up goes to memory, to the queue of entries to write, and to the disk: in
//! one trip, and only for an entry that may be there. A purge leaves nothing in any of the three. Kept across reloads
//! of the same settings.

use std::collections::HashSet;
use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::stream;
use parking_lot::{Mutex, RwLock};
use resizer_disk_store::{CacheFolder, Content, EntryKey, Found, IoPool, LongBody};
use resizer_memory_store::{Eviction, MemoryStore};
use resizer_plugin_api::{
    Body, ByteSize, ByteStream, Cache, CacheKey, Claim, Entry, Error, ErrorKind, Hit, ImageRequest, InstallError,
    Metrics, Purge,
};

use crate::meta;
use crate::numbers::Numbers;
use crate::write_behind::WriteBehind;

/// Threads that read. Files in the page cache keep one busy; others wait for the disk.
const IO_THREADS: NonZeroUsize = NonZeroUsize::new(4).unwrap();

/// The settings that a cache is opened with.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) folder: CacheFolder,
    pub(crate) write_behind: Claim,
    pub(crate) index: Claim,
}

/// The cache; when it is dropped, its queue is still written.
pub(crate) struct FolderCache {
    pub(crate) shared: Arc<Shared>,
}

/// The state that the threads share.
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) waiting: WriteBehind,
    pub(crate) numbers: Numbers,
    pub(crate) io: IoPool,
    memory: MemoryStore,
    /// The number of purges so far. An entry read from the disk before a purge may not enter the memory after it.
    purges: RwLock<u64>,
    /// Held while the numbers are read and shown, so that none is shown after a newer one.
    showing: Mutex<()>,
}

impl FolderCache {
    /// Touches no disk: that is for `start`.
    pub(crate) fn new(settings: Settings, memory_tier: Claim, metrics: &Metrics) -> Result<Self, InstallError> {
        let io = IoPool::new(IO_THREADS, "diskcache").map_err(no_threads)?;
        let numbers = Numbers::new(metrics);
        let (bytes, evictions) = Numbers::of_memory(metrics);
        let shared = Shared {
            memory: MemoryStore::new(memory_tier, Eviction::LeastFrequent, bytes, evictions),
            waiting: WriteBehind::new(ByteSize(settings.write_behind.bytes())),
            numbers,
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
        if let Some(entry) = shared.memory.find(key).or_else(|| shared.waiting.get(key)) {
            shared.numbers.memory_hits.increment();
            return Ok(Some(hit(entry)));
        }
        let entry_key = entry_key(key);
        if !shared
            .settings
            .folder
            .store()
            .is_some_and(|store| store.may_have(&entry_key))
        {
            return Ok(None);
        }
        let purges = *shared.purges.read();
        let cached = shared
            .settings
            .folder
            .store()
            .and_then(|store| store.read_cached(&entry_key));
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
        } else {
            // A hit changes no number of the disk; a damaged file does.
            shared.show();
        }
        Ok(hit)
    }

    async fn put(&self, key: &CacheKey, entry: Entry) -> Result<(), Error> {
        let shared = &self.shared;
        shared.memory.keep(key, &entry);
        if shared.settings.folder.owned().is_some() && !shared.waiting.put(key, entry) {
            shared.numbers.dropped_writes.increment();
        }
        shared.show();
        Ok(())
    }

    async fn purge(&self, purge: &Purge) -> Result<u64, Error> {
        let purge = purge.clone();
        self.shared.run(move |shared| shared.purge(&purge)).await
    }
}

impl Shared {
    /// Puts the numbers where they are now.
    pub(crate) fn show(&self) {
        let _showing = self.showing.lock();
        let disk = self.settings.folder.counts();
        self.settings.index.set(disk.index_bytes(0));
        self.numbers.show(disk, self.waiting.bytes());
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
        self.settings.folder.store().map_or(Ok(None), |store| store.read(key))
    }

    /// Takes an entry from the disk into memory, unless there was a purge since then.
    fn remember(&self, key: &CacheKey, entry: &Entry, purges: u64) {
        let now = self.purges.read();
        if *now == purges {
            self.memory.keep(key, entry);
        }
    }

    /// Blocks. First the queue, so that none of it is written afterwards; then the disk; last the memory, so that
    /// nothing enters it from the disk afterwards.
    fn purge(&self, purge: &Purge) -> io::Result<u64> {
        let mut elsewhere: HashSet<CacheKey> = self.waiting.remove(purge).into_iter().collect();
        elsewhere.extend(self.memory.keys(purge));
        let on_disk = self.settings.folder.store().map_or(Ok(0), |store| {
            elsewhere.retain(|key| !store.has(&entry_key(key)));
            match purge {
                Purge::Key(key) => store.remove(&entry_key(key)).map(u64::from),
                Purge::Source(source) => store.remove_group(source.as_str()),
                Purge::Prefix(prefix) => store.remove_groups_beginning(prefix),
                Purge::All => store.clear(),
            }
        });
        *self.purges.write() += 1;
        self.memory.forget(purge);
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
