//! Files of the originals: each content once, under its own SHA-256, as cacache stores it, with the number of keys that
//! name it. Called by `cache` for one original, and by the store whose keys name the contents. Every call blocks.
//! Reading is left to `reading`.
//!
//! SHA-256 and not a faster hash, since keys share contents by it: with a hash for which collisions can be made,
//! somebody who may upload one image could put that image in the place of another.
#![expect(
    clippy::disallowed_methods,
    reason = "runs on the cache's own threads for files, or on the one that takes the folder over"
)]

use std::collections::HashMap;
use std::fs::{self, Metadata};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cacache::{Algorithm, WriteOpts};
use parking_lot::Mutex;
use resizer_disk_store::{Contents as NamedContents, EntryName};

use crate::named::Named;
use crate::reading::{content_path, io_error};

/// The unit of `du`, in bytes: a block of the usual file systems.
const BLOCK: u64 = 4096;
/// Each content may lie in directories of its own, two deep. They go when they are empty.
const DIRECTORIES: u64 = 2 * BLOCK;
/// The directories that are always there.
const FIXED: u64 = 4 * BLOCK;

/// The contents in one folder.
pub(crate) struct Contents {
    pub(crate) folder: PathBuf,
    /// Held while a file is removed, so that no file goes which a key has just begun to name.
    state: Mutex<State>,
    bytes: AtomicU64,
}

/// Contents are known by the digits of their hash.
#[derive(Default)]
struct State {
    by_entry: HashMap<EntryName, Arc<str>>,
    contents: HashMap<Arc<str>, Content>,
}

#[derive(Default)]
struct Content {
    /// The keys that name it, and those that are about to.
    users: usize,
    /// Its bytes on the disk; zero as long as the file was not seen.
    bytes: u64,
}

/// A content that stays, named or not, until this is dropped.
pub(crate) struct Held<'c> {
    contents: &'c Contents,
    pub(crate) digits: Arc<str>,
}

impl Contents {
    /// Touches no disk.
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            state: Mutex::default(),
            bytes: AtomicU64::new(0),
        }
    }

    /// The bytes that a content of this length will take on the disk, as far as one can tell.
    pub(crate) fn estimate(length: u64) -> u64 {
        length.next_multiple_of(BLOCK) + DIRECTORIES
    }

    /// Writes a content, in place of the same one if it is there.
    pub(crate) fn add(&self, bytes: &[u8]) -> io::Result<Held<'_>> {
        let mut writer = WriteOpts::new()
            .algorithm(Algorithm::Sha256)
            .open_hash_sync(&self.folder)
            .map_err(io_error)?;
        writer.write_all(bytes)?;
        let digits: Arc<str> = writer.commit().map_err(io_error)?.to_hex().1.into();
        let mut state = self.state.lock();
        // Another key that named it may have taken it along since then: an error, and the original is not kept.
        let metadata = fs::metadata(self.path(&digits))?;
        state.contents.entry(Arc::clone(&digits)).or_default().users += 1;
        self.seen(&mut state, &digits, &metadata);
        Ok(Held { contents: self, digits })
    }

    /// Removes a damaged content, whoever names it.
    pub(crate) fn discard(&self, digits: &str) -> io::Result<()> {
        let mut state = self.state.lock();
        self.remove(digits)?;
        if let Some(content) = state.contents.get_mut(digits) {
            self.bytes
                .fetch_sub(std::mem::take(&mut content.bytes), Ordering::Relaxed);
        }
        Ok(())
    }

    /// Notes the bytes of a content's file.
    fn seen(&self, state: &mut State, digits: &str, metadata: &Metadata) {
        let Some(content) = state.contents.get_mut(digits) else {
            return;
        };
        // Not less than the length says: file systems that allocate late or compress tell less.
        let now = Self::estimate(metadata.len()).max(metadata.blocks() * 512 + DIRECTORIES);
        let before = std::mem::replace(&mut content.bytes, now);
        self.bytes.fetch_add(now, Ordering::Relaxed);
        self.bytes.fetch_sub(before, Ordering::Relaxed);
    }

    /// One key fewer names a content; with the last, the content is removed.
    fn let_go(&self, state: &mut State, digits: &str) -> io::Result<()> {
        let Some(content) = state.contents.get_mut(digits) else {
            return Ok(());
        };
        content.users = content.users.saturating_sub(1);
        if content.users == 0 {
            self.remove(digits)?;
            self.bytes.fetch_sub(content.bytes, Ordering::Relaxed);
            state.contents.remove(digits);
        }
        Ok(())
    }

    fn remove(&self, digits: &str) -> io::Result<()> {
        let path = self.path(digits);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        // Fails where others lie beside it.
        for directory in path.ancestors().skip(1).take(2) {
            if fs::remove_dir(directory).is_err() {
                break;
            }
        }
        Ok(())
    }

    fn path(&self, digits: &str) -> PathBuf {
        content_path(&self.folder, digits)
    }

    fn root(&self) -> PathBuf {
        self.folder.join("content-v2/sha256")
    }

    /// Removes files that a killed process had begun to write.
    fn clear_temporary(&self) -> io::Result<()> {
        for (name, path) in files(&self.folder.join("tmp"))? {
            if name.starts_with(".tmp") {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }
}

impl NamedContents for Contents {
    fn named(&self, entry: EntryName, meta: &[u8]) -> io::Result<()> {
        let Some(named) = Named::from_bytes(meta).filter(|named| are_digits(&named.content)) else {
            return self.unnamed(entry);
        };
        let digits: Arc<str> = named.content.into();
        let mut state = self.state.lock();
        state.contents.entry(Arc::clone(&digits)).or_default().users += 1;
        match state.by_entry.insert(entry, digits) {
            Some(before) => self.let_go(&mut state, &before),
            None => Ok(()),
        }
    }

    fn unnamed(&self, entry: EntryName) -> io::Result<()> {
        let mut state = self.state.lock();
        match state.by_entry.remove(&entry) {
            Some(digits) => self.let_go(&mut state, &digits),
            None => Ok(()),
        }
    }

    fn listed(&self) -> io::Result<()> {
        self.clear_temporary()?;
        for (first, directory) in files(&self.root())? {
            for (second, directory) in files(&directory)? {
                for (rest, path) in files(&directory)? {
                    let digits = format!("{first}{second}{rest}");
                    // Other files are not of this cache.
                    if !are_digits(&digits) {
                        continue;
                    }
                    let mut state = self.state.lock();
                    if state.contents.contains_key(digits.as_str()) {
                        match fs::metadata(&path) {
                            Ok(metadata) => self.seen(&mut state, &digits, &metadata),
                            Err(error) if error.kind() == ErrorKind::NotFound => {}
                            Err(error) => return Err(error),
                        }
                    } else {
                        self.remove(&digits)?;
                    }
                }
                // Where a process was killed that had made room for a content and not moved it there.
                let _ = fs::remove_dir(&directory);
            }
            let _ = fs::remove_dir(&directory);
        }
        Ok(())
    }

    fn bytes(&self) -> u64 {
        FIXED + self.bytes.load(Ordering::Relaxed)
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let mut state = self.contents.state.lock();
        // A file that cannot be removed now goes at the next start.
        let _ = self.contents.let_go(&mut state, &self.digits);
    }
}

/// Whether this can be the name of a content.
fn are_digits(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// The names and paths of all that lies in a directory; nothing if there is no such directory, or if it is a file.
fn files(directory: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut files = Vec::new();
    for entry in entries {
        let entry = entry?;
        if let Ok(name) = entry.file_name().into_string() {
            files.push((name, entry.path()));
        }
    }
    Ok(files)
}
