//! Cached reads: an entry that the system has in memory is read without a thread that may wait for the disk. Every call
//! is made on the condition that it need not wait (`openat2` with `RESOLVE_CACHED`, since Linux 5.12, and `preadv2`
//! with `RWF_NOWAIT`). Where such a call fails, [`Store::read`] is there.

use std::fs::{File, Metadata};
use std::io::IoSliceMut;
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;

use bytes::Bytes;
use rustix::fs::{CWD, Mode, ResolveFlags, openat2};
use rustix::io::{ReadWriteFlags, preadv2};

use super::folder::{Folder, READ};
use super::key::Name;
use super::{EntryKey, Found, Store, entry};

/// Larger entries are left to threads that have nothing else to do: to copy and check this much takes some tens of
/// microseconds.
const LARGEST: u64 = 256 << 10;

impl Store {
    /// The entry, if all of it is in the system's memory, and sound. `None` says nothing about whether there is one.
    pub fn read_cached(&self, key: &EntryKey) -> Option<Found> {
        let (file, metadata) = self.kept_open(key.name).or_else(|| self.open_cached(key.name))?;
        if metadata.len() > LARGEST || self.is_touched_by_use(&metadata) {
            return None;
        }
        let mut bytes = vec![0; usize::try_from(metadata.len()).ok()?];
        let read = preadv2(&*file, &mut [IoSliceMut::new(&mut bytes)], 0, ReadWriteFlags::NOWAIT);
        if read.ok()? != bytes.len() {
            return None;
        }
        let found = entry::whole(&Bytes::from(bytes), key).ok()??;
        if self.owns() {
            self.index.lock().used(key.name);
        }
        Some(found)
    }

    /// A file that is still open and still the entry: another process may have removed it.
    fn kept_open(&self, name: Name) -> Option<(Arc<File>, Metadata)> {
        let file = self.open_files.get(name)?;
        let metadata = file.metadata().ok()?;
        (metadata.nlink() > 0).then_some((file, metadata))
    }

    fn open_cached(&self, name: Name) -> Option<(Arc<File>, Metadata)> {
        let file = Arc::new(self.folder.open_cached(name)?);
        let metadata = file.metadata().ok().filter(Metadata::is_file)?;
        if metadata.len() <= LARGEST {
            self.open_files.keep(name, Arc::clone(&file));
        }
        Some((file, metadata))
    }
}

impl Folder {
    /// Opens an entry if that takes no reading of directories.
    fn open_cached(&self, name: Name) -> Option<File> {
        let file = openat2(CWD, self.path(name), READ, Mode::empty(), ResolveFlags::CACHED);
        file.ok().map(File::from)
    }
}
