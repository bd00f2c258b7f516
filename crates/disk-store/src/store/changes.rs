//! Changes of the folder: writing, eviction, removal. Every change is made to folder and index together.

use std::io::{self, ErrorKind};
use std::sync::atomic::Ordering;

use parking_lot::MutexGuard;

use super::entry::{ReadError, header, read_group};
use super::index::BLOCK;
use super::key::{EntryKey, Name, group_number, shard};
use super::{Store, Writing};

/// The part of the bound that one entry may take.
const LARGEST_PART: u64 = 4;

impl Store {
    /// Keeps an entry in place of what was kept under its key; `false` if it is not kept: this process does not write,
    /// or the entry would take more than a quarter of the bound. One is written at a time. An entry that is not certain
    /// to fit waits until the folder is listed.
    ///
    /// # Errors
    /// The disk fails, or is full even after older entries went for it, or the folder cannot be listed. Then what was
    /// kept before is still there.
    pub fn write(&self, key: &EntryKey, meta: &[u8], body: &[u8]) -> io::Result<bool> {
        let header = header(key, meta, body);
        let length = (header.as_ref().map_or(0, Vec::len) + body.len()) as u64;
        let wanted = length.div_ceil(BLOCK) * BLOCK;
        // A directory may have to be made, or grow by a block.
        let room = wanted + BLOCK;
        let mut writing = self.writing.lock();
        if !writing.is_open {
            return Ok(false);
        }
        let is_early = !self.is_complete() && writing.takes_early(room);
        if !is_early {
            // Waits, if another thread is listing the folder already.
            MutexGuard::unlocked(&mut writing, || self.list())?;
            self.follow_the_disk()?;
        }
        writing.number += 1;
        let Some(header) = header.filter(|_| wanted <= self.bound.load(Ordering::Relaxed) / LARGEST_PART) else {
            // An entry from before would be out of date.
            self.forget(key.name)?;
            return Ok(false);
        };
        if !is_early && !self.make_room(room)? {
            return Ok(false);
        }
        let write = || self.folder.write_temporary(writing.number, [&header, body]);
        let written = write().or_else(|error| match error.kind() {
            // Other programs took space that the bound leaves to this store.
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded if self.let_go(room)? => write(),
            _ => Err(error),
        });
        let (temporary, blocks) = written?;
        let _changes = self.changes.lock();
        self.folder.publish(&temporary, key.name)?;
        self.open_files.close(key.name);
        let directory = shard(key.name.group);
        let directory_blocks = self.folder.directory_blocks(directory);
        let mut index = self.index.lock();
        index.put_newest(key.name, blocks);
        if let Ok(blocks) = directory_blocks {
            index.set_directory(directory, blocks);
        }
        drop(index);
        if let Some(contents) = &self.contents {
            contents.named(key.name, meta)?;
        }
        Ok(true)
    }

    /// Lets entries go until so many bytes more are within the bound, for what an entry is to name; `false` if this
    /// process does not write, or if it would be more than a quarter of the bound. For one writer at a time: nothing
    /// keeps the room free for who asked.
    ///
    /// # Errors
    /// The system refuses to remove an entry.
    pub fn make_room_for(&self, bytes: u64) -> io::Result<bool> {
        if !self.is_complete() {
            return Ok(false);
        }
        self.follow_the_disk()?;
        if bytes > self.bound.load(Ordering::Relaxed) / LARGEST_PART {
            return Ok(false);
        }
        self.make_room(bytes)
    }

    /// Whether there is a file for this entry, sound or not.
    pub fn has(&self, key: &EntryKey) -> bool {
        self.may_have(key) && self.folder.has(key.name)
    }

    /// Removes an entry; `false` if there is none.
    ///
    /// Removing is open to a process that does not have the folder to itself: the one that has will find out.
    ///
    /// # Errors
    /// The system refuses.
    pub fn remove(&self, key: &EntryKey) -> io::Result<bool> {
        self.forget(key.name)
    }

    /// Removes all entries of a group, and tells how many. Lists one of 256 directories and opens no file: should there
    /// be another group with the same number of 64 bits, it goes as well.
    ///
    /// # Errors
    /// The system refuses; some may be gone.
    pub fn remove_group(&self, group: &str) -> io::Result<u64> {
        let number = group_number(group);
        let mut removed = 0;
        for name in self.folder.names(shard(number))? {
            if name.group == number {
                removed += u64::from(self.forget(name)?);
            }
        }
        Ok(removed)
    }

    /// Removes all entries of groups that begin so, and tells how many. Looks into every file.
    ///
    /// # Errors
    /// The system refuses; some may be gone.
    pub fn remove_groups_beginning(&self, prefix: &str) -> io::Result<u64> {
        self.remove_where(|name| self.group_is(name, |group| group.starts_with(prefix)))
    }

    /// Removes every entry, and tells how many there were. Other files in the folder stay.
    ///
    /// # Errors
    /// The system refuses; some may be gone.
    pub fn clear(&self) -> io::Result<u64> {
        self.remove_where(|_| Ok(true))
    }

    fn remove_where(&self, is_meant: impl Fn(Name) -> io::Result<bool>) -> io::Result<u64> {
        let mut removed = 0;
        for directory in 0..=u8::MAX {
            for name in self.folder.names(directory)? {
                if is_meant(name)? {
                    removed += u64::from(self.forget(name)?);
                }
            }
        }
        Ok(removed)
    }

    /// Asks the file which group it belongs to. One that does not say is no entry to anybody.
    fn group_is(&self, name: Name, is_meant: impl Fn(&str) -> bool) -> io::Result<bool> {
        let file = match self.folder.open_entry(name) {
            Ok(Some(file)) => file,
            Ok(None) => return Ok(false),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        };
        match read_group(&file) {
            Ok(group) => Ok(is_meant(&group)),
            Err(ReadError::Damaged) => Ok(false),
            Err(ReadError::Io(error)) => Err(error),
        }
    }

    /// Lets entries go until so many bytes more are within the bound; `false` if they cannot be.
    pub(super) fn make_room(&self, wanted: u64) -> io::Result<bool> {
        self.make_room_within(self.limit(), wanted)
    }

    /// Lets entries go that take so many bytes; `false` if there are none, or none known.
    fn let_go(&self, bytes: u64) -> io::Result<bool> {
        let now = self.bytes(&self.index.lock());
        Ok(self.is_complete() && self.make_room_within(now, bytes)?)
    }

    /// No lock is held from one entry to the next, so nobody waits for more than one of them.
    fn make_room_within(&self, limit: u64, wanted: u64) -> io::Result<bool> {
        loop {
            let oldest = {
                let index = self.index.lock();
                if self.bytes(&index) + wanted <= limit {
                    return Ok(true);
                }
                index.oldest()
            };
            let Some(oldest) = oldest else { return Ok(false) };
            self.forget(oldest)?;
            self.evicted.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Takes a smaller share of a disk that others fill, and the old one when they have cleared it.
    fn follow_the_disk(&self) -> io::Result<()> {
        let bytes = self.bytes(&self.index.lock());
        self.bound.store(self.allowed(bytes)?, Ordering::Relaxed);
        Ok(())
    }

    /// Removes an entry from folder and index; `false` if there was no file.
    pub(super) fn forget(&self, name: Name) -> io::Result<bool> {
        let _changes = self.changes.lock();
        let existed = self.folder.remove(name)?;
        self.open_files.close(name);
        self.index.lock().remove(name);
        if let Some(contents) = &self.contents {
            contents.unnamed(name)?;
        }
        Ok(existed)
    }
}

impl Writing {
    /// Whether so many bytes may be written before the folder is listed; they are taken off then.
    fn takes_early(&mut self, bytes: u64) -> bool {
        let left = self.early.checked_sub(bytes);
        self.early = left.unwrap_or(self.early);
        left.is_some()
    }
}
