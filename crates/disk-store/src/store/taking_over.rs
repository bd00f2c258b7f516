//! Take-over of a folder: locks it, lists its entries, and finds out how much it may take. Called by the owner of a
//! store when the owner starts; entries are read, and some written, meanwhile.

use std::io;
use std::sync::atomic::Ordering;

use super::{Bound, Store};

/// How many entries enter the index at once while a folder is listed: look-ups go on in between.
const BATCH: usize = 1024;

/// The part of the bound that stays free for entries that come while the folder is listed after the next start: listing
/// a million files takes from seconds to minutes, and so much is not made meanwhile.
const HEADROOM_PART: u64 = 64;
const MOST_HEADROOM: u64 = 256 << 20;

impl Store {
    /// Makes the folder this process's own, and lists it: [`Self::lock`], then [`Self::list`].
    ///
    /// # Errors
    /// The folder cannot be listed or locked. Worth another try.
    pub fn take_over(&self) -> io::Result<bool> {
        if !self.lock()? {
            return Ok(false);
        }
        self.list()?;
        Ok(true)
    }

    /// Makes the folder this process's own; `false` if another process has it. From then on entries may be written.
    ///
    /// # Errors
    /// The folder cannot be locked, or not be cleared of what a killed process had begun. Worth another try.
    pub fn lock(&self) -> io::Result<bool> {
        let _listing = self.listing.lock();
        if self.writing.lock().is_open {
            return Ok(true);
        }
        if !self.owns() {
            if !self.folder.try_lock()? {
                return Ok(false);
            }
            self.owned.store(true, Ordering::Relaxed);
        }
        let mut writing = self.writing.lock();
        self.folder.clear_temporary()?;
        // The note is taken away: what is written from now on is above it.
        if let Some(kept) = self.folder.take_note()? {
            let bound = self.allowed(kept)?;
            self.bound.store(bound, Ordering::Relaxed);
            // Contents that entries name are written before their bytes can be counted.
            if self.contents.is_none() {
                writing.early = bound.saturating_sub(kept);
            }
        }
        writing.is_open = true;
        Ok(true)
    }

    /// Lists the folder and evicts entries above the bound, if that was not done before. Takes as long as a look at
    /// every file; reads go on meanwhile. For a folder that is [locked](Self::lock).
    ///
    /// # Errors
    /// The folder cannot be listed. Worth another try.
    pub fn list(&self) -> io::Result<()> {
        let _listing = self.listing.lock();
        if self.is_complete() || !self.owns() {
            return Ok(());
        }
        let mut entries = self.folder.list()?;
        entries.sort_unstable_by_key(|entry| std::cmp::Reverse(entry.used));
        if let Some(contents) = &self.contents {
            for entry in &entries {
                if let Some(meta) = self.meta(entry.name)? {
                    contents.named(entry.name, &meta)?;
                }
            }
            contents.listed()?;
        }
        self.index.lock().reserve(entries.len());
        for batch in entries.chunks(BATCH) {
            let mut index = self.index.lock();
            for entry in batch {
                index.put_oldest(entry.name, entry.blocks);
            }
        }
        drop(entries);
        let bytes = self.count_directories()?;
        let bound = self.allowed(bytes)?;
        self.largest_bound.store(bound, Ordering::Relaxed);
        self.bound.store(bound, Ordering::Relaxed);
        self.complete.store(true, Ordering::Release);
        if self.make_room(0)? {
            // Without a note, the next start writes nothing until it has listed the folder.
            let _ = self.folder.put_note(self.limit());
        }
        Ok(())
    }

    /// Notes what all directories take, and tells what everything takes.
    fn count_directories(&self) -> io::Result<u64> {
        // Held so that none grows between the look and the note.
        let _changes = self.changes.lock();
        let fixed = self.folder.fixed_blocks()?;
        let directories = self.folder.all_directory_blocks()?;
        let mut index = self.index.lock();
        index.set_fixed(fixed);
        for (directory, blocks) in directories {
            index.set_directory(directory, blocks);
        }
        Ok(self.bytes(&index))
    }

    /// The bytes that a folder may take which takes so many now.
    pub(super) fn allowed(&self, bytes: u64) -> io::Result<u64> {
        match self.wanted {
            Bound::Bytes(bytes) => Ok(bytes),
            Bound::ShareOfDisk => {
                let (all, free) = self.folder.file_system()?;
                let share = (all / 10).min(free.saturating_add(bytes) / 2);
                Ok(share.min(self.largest_bound.load(Ordering::Relaxed)))
            }
        }
    }

    /// The bytes that everything is kept within once the folder is listed: the bound without the headroom.
    pub(super) fn limit(&self) -> u64 {
        let bound = self.bound.load(Ordering::Relaxed);
        bound - (bound / HEADROOM_PART).min(MOST_HEADROOM)
    }

    /// Where the bound comes from, in words for a log.
    pub fn bound_source(&self) -> &'static str {
        let bound = self.bound.load(Ordering::Relaxed);
        match self.wanted {
            Bound::Bytes(_) => "as it is set",
            Bound::ShareOfDisk => match self.folder.file_system() {
                Ok((all, _)) if bound >= all / 10 => "a tenth of the file system",
                _ => "half of what is free on the file system",
            },
        }
    }
}
