//! Source cache on disk as the engine calls it: reads on a few threads, and writes on one, so that the room made for an
//! original is still free when the original is written. Kept across reloads of the same settings.

use std::io;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use futures_util::stream;
use parking_lot::Mutex;
use resizer_disk_store::{CacheFolder, EntryKey, IoPool, IoPoolError, Store};
use resizer_plugin_api::{
    Body, ByteSize, ByteStream, CacheKey, Claim, Entry, EntryMeta, Error, ErrorKind, Hit, InstallError, Metrics, Purge,
};

use crate::contents::Contents;
use crate::named::Named;
use crate::numbers::Numbers;
use crate::reading::{Found, LongContent, Piece, open};

/// Threads that read. Files in the page cache keep one busy; others wait for the disk.
const READERS: NonZeroUsize = NonZeroUsize::new(4).unwrap();

/// The most memory for an original beside its entry in the index, in bytes: its hash in digits, in two tables.
const NAMED_BYTES: u64 = 350;

/// The settings that a cache is opened with.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) folder: PathBuf,
    pub(crate) max_size: Option<ByteSize>,
    pub(crate) index: Claim,
}

/// The cache.
pub(crate) struct FolderCache {
    pub(crate) shared: Arc<Shared>,
    writer: IoPool,
    /// Dropped with the cache, which ends the thread that takes the folder over.
    pub(crate) open: OnceLock<Sender<()>>,
}

/// The state that the threads share.
pub(crate) struct Shared {
    index: Claim,
    pub(crate) folder: CacheFolder,
    pub(crate) contents: Arc<Contents>,
    pub(crate) readers: IoPool,
    numbers: Mutex<Numbers>,
    /// Damaged contents.
    damaged: AtomicU64,
}

impl FolderCache {
    /// Touches no disk: that is for `start`.
    pub(crate) fn new(settings: Settings, metrics: &Metrics) -> Result<Self, InstallError> {
        let pool = |threads, name| IoPool::new(threads, name).map_err(no_threads);
        let contents = Arc::new(Contents::new(settings.folder.join("content")));
        let max_size = settings.max_size.map(|size| size.0);
        let shared = Shared {
            index: settings.index,
            folder: CacheFolder::new(settings.folder, max_size, Some(Arc::clone(&contents) as _)),
            contents,
            readers: pool(READERS, "sourcediskcache")?,
            numbers: Mutex::new(Numbers::new(metrics)),
            damaged: AtomicU64::new(0),
        };
        Ok(Self {
            shared: Arc::new(shared),
            writer: pool(NonZeroUsize::MIN, "sources-write")?,
            open: OnceLock::new(),
        })
    }

    pub(crate) async fn get(&self, key: &CacheKey) -> Result<Option<Hit>, Error> {
        let (shared, key) = (&self.shared, entry_key(key));
        if !shared.folder.store().is_some_and(|store| store.may_have(&key)) {
            return Ok(None);
        }
        let found = shared.run(move |shared| shared.read(key)).await?;
        Ok(found.map(|(meta, found)| {
            Hit::new(
                meta,
                match found {
                    Readable::Whole(bytes) => Body::Bytes(bytes),
                    Readable::Long(long) => Body::Stream {
                        length: Some(long.length),
                        stream: pieces(Arc::clone(shared), long),
                    },
                },
            )
        }))
    }

    /// Answers when the original is on the disk. The caller holds the original's share of the memory until then.
    pub(crate) async fn put(&self, key: &CacheKey, entry: Entry) -> Result<(), Error> {
        let (shared, key) = (Arc::clone(&self.shared), entry_key(key));
        let done = self.writer.run(move || shared.keep(&key, entry)).await;
        done.map_err(|error| failed().because(error))
    }

    /// On the thread that writes: originals that wait there are kept first, and purged with the rest.
    pub(crate) async fn purge(&self, what: &Purge) -> Result<u64, Error> {
        let (shared, what) = (Arc::clone(&self.shared), what.clone());
        let done = self.writer.run(move || {
            let done = shared.purge(&what);
            shared.show();
            done
        });
        flatten(done.await).map_err(|error| failed().because(error))
    }
}

/// An original that was found.
enum Readable {
    Whole(Bytes),
    Long(Box<Long>),
}

/// An original that is read piece by piece, and the key that names it.
struct Long {
    content: Box<LongContent>,
    length: u64,
    key: EntryKey,
    digits: String,
}

impl Shared {
    /// Puts the numbers where they are now.
    pub(crate) fn show(&self) {
        // Locked before counting, so that none is shown after a newer one.
        let mut numbers = self.numbers.lock();
        let mut counts = self.folder.counts();
        counts.damaged += self.damaged.load(Ordering::Relaxed);
        self.index.set(counts.index_bytes(NAMED_BYTES));
        numbers.show(counts);
    }

    /// Runs something that blocks, on one of the threads for it.
    async fn run<T: Send + 'static>(
        self: &Arc<Self>,
        operation: impl FnOnce(&Self) -> io::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let shared = Arc::clone(self);
        let done = self.readers.run(move || {
            let done = operation(&shared);
            shared.show();
            done
        });
        flatten(done.await).map_err(|error| failed().because(error))
    }

    fn read(&self, key: EntryKey) -> io::Result<Option<(EntryMeta, Readable)>> {
        let Some(store) = self.folder.store() else {
            return Ok(None);
        };
        let Some(found) = store.read(&key)? else {
            return Ok(None);
        };
        let Some(named) = Named::from_bytes(&found.meta) else {
            return Ok(None);
        };
        match open(&self.contents.folder, &named)? {
            Found::Whole(bytes) => Ok(Some((named.meta(), Readable::Whole(bytes)))),
            Found::Long(content) => {
                let long = Long {
                    content,
                    length: named.length,
                    key,
                    digits: named.content.clone(),
                };
                Ok(Some((named.meta(), Readable::Long(Box::new(long)))))
            }
            Found::Missing => {
                if store.owns() {
                    store.remove(&key)?;
                }
                Ok(None)
            }
            Found::Damaged => {
                self.discard(&key, &named.content)?;
                Ok(None)
            }
        }
    }

    /// Removes a damaged content, and the key that led there; other keys that name the content find nothing.
    fn discard(&self, key: &EntryKey, digits: &str) -> io::Result<()> {
        self.damaged.fetch_add(1, Ordering::Relaxed);
        if let Some(store) = self.folder.owned() {
            self.contents.discard(digits)?;
            store.remove(key)?;
        }
        Ok(())
    }

    /// Keeps an original. An original that the disk does not take is used without being kept.
    fn keep(&self, key: &EntryKey, entry: Entry) {
        if let Err(error) = self.write(key, entry) {
            self.numbers.lock().failed_writes.increment();
            let message = format!("an original was not written and is used without being kept: {error}");
            self.folder.warn(&message);
        }
        self.show();
    }

    fn write(&self, key: &EntryKey, entry: Entry) -> io::Result<()> {
        let Some(store) = self.folder.owned() else {
            return Ok(());
        };
        let written = self.write_to(store, key, entry);
        if !matches!(written, Ok(true)) {
            // An original from before would be out of date.
            store.remove(key)?;
        }
        written.map(drop)
    }

    /// `false` for an original that is not to be kept.
    fn write_to(&self, store: &Store, key: &EntryKey, entry: Entry) -> io::Result<bool> {
        let length = entry.bytes.len() as u64;
        if !store.make_room_for(Contents::estimate(length))? {
            return Ok(false);
        }
        let content = self.contents.add(&entry.bytes)?;
        match Named::new(&content.digits, length, entry.meta).to_bytes() {
            Some(named) => store.write(key, &named, &[]),
            None => Ok(false),
        }
    }

    fn purge(&self, what: &Purge) -> io::Result<u64> {
        let Some(store) = self.folder.store() else { return Ok(0) };
        match what {
            Purge::Key(key) => store.remove(&entry_key(key)).map(u64::from),
            Purge::Source(source) => store.remove_group(source.as_str()),
            Purge::Prefix(prefix) => store.remove_groups_beginning(prefix),
            Purge::All => store.clear(),
        }
    }
}

/// A long original as it is read. It fails at its end if it is not what was written.
fn pieces(shared: Arc<Shared>, long: Box<Long>) -> ByteStream {
    Box::pin(stream::try_unfold(long, move |mut long| {
        let shared = Arc::clone(&shared);
        async move {
            let next = shared.run(move |shared| match long.content.next()? {
                Piece::Bytes(bytes) => Ok(Some((bytes, long))),
                Piece::End => Ok(None),
                Piece::Damaged => {
                    shared.discard(&long.key, &long.digits)?;
                    Err(io::Error::other("an original is not what was written"))
                }
            });
            next.await
        }
    }))
}

/// The name of an original on the disk, with all versions of a source in one group.
fn entry_key(key: &CacheKey) -> EntryKey {
    EntryKey::new(key.source.as_str(), key.digest_bytes())
}

fn flatten<T>(done: Result<io::Result<T>, IoPoolError>) -> io::Result<T> {
    done.map_err(io::Error::other)?
}

fn failed() -> Error {
    Error::new(ErrorKind::Internal, "The folder of originals could not be used.")
}

pub(crate) fn no_threads(error: io::Error) -> InstallError {
    let message = "The threads of the source cache cannot be started.";
    InstallError::Failed(Error::new(ErrorKind::Internal, message).because(error))
}
