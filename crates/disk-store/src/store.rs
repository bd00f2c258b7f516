//! Disk store: entries in a folder, one file each, checked whenever they are read, and evicted least recently used
//! first to stay within a bound, as `du` counts it. Called by caches on their own threads: everything here blocks.
//! Holding entries in memory, and waiting for the disk on a caller's behalf, are left to those caches.
//!
//! A file is written beside the entries and renamed, so an entry is there or not. Nothing is forced to the disk: after
//! a loss of power an entry may be missing, empty or cut off, which its checksums show.

mod cached;
mod changes;
mod contents;
mod entry;
mod folder;
mod index;
mod key;
mod open_files;
mod taking_over;

use std::fmt;
use std::fs::{File, Metadata};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use parking_lot::Mutex;

pub use self::contents::Contents;
pub use self::entry::{Content, Found, LongBody};
pub use self::folder::OpenError;
pub use self::key::{EntryKey, Name as EntryName};

use self::entry::ReadError;
use self::folder::{Folder, blocks};
use self::index::Index;
use self::key::Name;
use self::open_files::OpenFiles;

/// How much the folder may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// So many bytes.
    Bytes(u64),
    /// A tenth of the file system, or half of what is free on it if that is less; what the folder holds already counts
    /// as free. It shrinks, and grows again to what it was, as others fill and clear the file system.
    ShareOfDisk,
}

#[derive(Default)]
struct Writing {
    /// The number of the last entry that was written.
    number: u64,
    /// The bytes that may be written before the folder is listed.
    early: u64,
    /// The folder is locked and ready for it.
    is_open: bool,
}

/// The state of a store, and its events since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Entries in the index.
    pub entries: u64,
    /// The bytes of the folder on the disk, with directories and the contents that entries name.
    pub bytes: u64,
    /// The bytes that the folder may take; zero until that is known.
    pub bound: u64,
    /// Entries that were evicted.
    pub evicted: u64,
    /// Damaged files.
    pub damaged: u64,
}

impl Counts {
    /// The most that the index takes in memory, with what its owner keeps for each entry beside it: in bytes, in steps
    /// of 64 KiB, since jobs that wait for memory look again at each change.
    #[must_use]
    pub fn index_bytes(&self, beside: u64) -> u64 {
        /// The most for one entry, in bytes: its place in the table, in the order and among its group.
        const ENTRY_BYTES: u64 = 150;
        const STEP: u64 = 64 << 10;
        (self.entries * (ENTRY_BYTES + beside)).next_multiple_of(STEP)
    }
}

/// A bounded folder of entries.
///
/// Only one process may write to a folder; others read, and take over when that process is gone. A store reads as soon
/// as it is open: it looks for the file of an entry that it does not know. Once [`Self::list`] is done, the store knows
/// all of its entries, and writes without limit. Before that it writes as much as is certain to fit: the process that
/// had the folder before left a note of the bytes within which it kept the folder.
pub struct Store {
    folder: Folder,
    open_files: OpenFiles,
    wanted: Bound,
    touch_after: Duration,
    /// The contents that entries name, if they name any.
    contents: Option<Arc<dyn Contents>>,
    /// This process has the lock.
    owned: AtomicBool,
    /// The index holds everything that is in the folder.
    complete: AtomicBool,
    /// The bytes that the folder may take now, and at most.
    bound: AtomicU64,
    largest_bound: AtomicU64,
    index: Mutex<Index>,
    /// Held while the folder is listed.
    listing: Mutex<()>,
    /// Held while folder *and* index are changed, so that they stay one.
    changes: Mutex<()>,
    /// Held while an entry is written.
    writing: Mutex<Writing>,
    evicted: AtomicU64,
    damaged: AtomicU64,
}

impl Store {
    /// Opens a folder, creates what is missing of it, and locks it if nobody has.
    ///
    /// `touch_after` is how old the last noted use of an entry may get before another use is written to the disk, as
    /// the file's modification time. The order of use is known from these times after a restart.
    ///
    /// # Errors
    /// The path is no folder, or the folder cannot be written to.
    pub fn open(folder: &Path, bound: Bound, touch_after: Duration) -> Result<Self, OpenError> {
        let folder = Folder::open(folder)?;
        // A file system without locks is found out about when the folder is taken over.
        let owned = folder.try_lock().unwrap_or(false);
        Ok(Self {
            folder,
            open_files: OpenFiles::default(),
            wanted: bound,
            touch_after,
            contents: None,
            owned: AtomicBool::new(owned),
            complete: AtomicBool::new(false),
            bound: AtomicU64::new(0),
            largest_bound: AtomicU64::new(u64::MAX),
            index: Mutex::new(Index::new()),
            listing: Mutex::new(()),
            changes: Mutex::new(()),
            writing: Mutex::default(),
            evicted: AtomicU64::new(0),
            damaged: AtomicU64::new(0),
        })
    }

    /// Counts the contents that entries name, and removes them with the entries. For a store that is not taken over
    /// yet.
    #[must_use]
    pub fn with_contents(mut self, contents: Arc<dyn Contents>) -> Self {
        self.contents = Some(contents);
        self
    }

    /// Whether this process has the folder to itself.
    pub fn owns(&self) -> bool {
        self.owned.load(Ordering::Relaxed)
    }

    /// Whether the entry may be there: `false` is certain, and comes without touching the disk.
    pub fn may_have(&self, key: &EntryKey) -> bool {
        !self.is_complete() || self.index.lock().contains(key.name)
    }

    /// The entry under a key, checked. A damaged file is removed and counted, and its entry is not there.
    ///
    /// # Errors
    /// The system refuses to open or read the file, for reasons that say nothing about the entry.
    pub fn read(&self, key: &EntryKey) -> io::Result<Option<Found>> {
        let file = match self.folder.open_entry(key.name) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if self.is_complete() {
                    self.forget(key.name)?;
                }
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let Some(file) = file else {
            self.discard_damaged(key.name)?;
            return Ok(None);
        };
        let metadata = file.metadata()?;
        match entry::read(&file, metadata.len(), key) {
            Ok(Some(found)) => {
                if self.owns() {
                    self.note_use(key.name, &file, &metadata);
                }
                Ok(Some(found))
            }
            Ok(None) => Ok(None),
            Err(ReadError::Io(error)) => Err(error),
            Err(ReadError::Damaged) => {
                self.discard_damaged(key.name)?;
                Ok(None)
            }
        }
    }

    fn discard_damaged(&self, name: Name) -> io::Result<()> {
        self.damaged.fetch_add(1, Ordering::Relaxed);
        if self.owns() {
            self.forget(name)?;
        }
        Ok(())
    }

    /// The state of a store, and its events since it was opened.
    pub fn counts(&self) -> Counts {
        let index = self.index.lock();
        Counts {
            entries: index.len() as u64,
            bytes: self.bytes(&index),
            bound: self.bound.load(Ordering::Relaxed),
            evicted: self.evicted.load(Ordering::Relaxed),
            damaged: self.damaged.load(Ordering::Relaxed),
        }
    }

    /// The bytes of everything on the disk.
    fn bytes(&self, index: &Index) -> u64 {
        index.bytes() + self.contents.as_ref().map_or(0, |contents| contents.bytes())
    }

    /// The meta of an entry; `None` if the entry is gone or damaged, which shows when it is read.
    fn meta(&self, name: Name) -> io::Result<Option<Bytes>> {
        let file = match self.folder.open_entry(name) {
            Ok(Some(file)) => file,
            Ok(None) => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        match entry::read_meta(&file) {
            Ok(meta) => Ok(Some(meta)),
            Err(ReadError::Damaged) => Ok(None),
            Err(ReadError::Io(error)) => Err(error),
        }
    }

    fn note_use(&self, name: Name, file: &File, metadata: &Metadata) {
        let mut index = self.index.lock();
        if !index.used(name) && !self.is_complete() {
            index.put_newest(name, blocks(metadata));
        }
        drop(index);
        if self.is_touched_by_use(metadata) {
            // Only the order after a restart depends on it.
            let _ = file.set_modified(SystemTime::now());
        }
    }

    /// Whether the use of a file is to be noted on the disk: its last noted use is long ago.
    fn is_touched_by_use(&self, metadata: &Metadata) -> bool {
        let age = metadata.modified().ok().and_then(|used| used.elapsed().ok());
        age.is_some_and(|age| age >= self.touch_after)
    }

    fn is_complete(&self) -> bool {
        self.complete.load(Ordering::Acquire)
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Store({})", self.folder.root().display())
    }
}
