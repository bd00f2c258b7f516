//! File reading in pieces: notices if the file changes meanwhile. Blocking, so it runs on the threads of the IO pool.

use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;

use bytes::Bytes;
use resizer_plugin_api::{ByteRange, Stat, Validator};

use crate::folder::FileError;

/// The length of a piece. Many images are one piece, and larger ones take little memory while they are sent to clients
/// that read slowly.
const PIECE: u64 = 128 * 1024;

/// A file, or a part of it, being read.
#[derive(Debug)]
pub(crate) struct Reading {
    file: File,
    /// The version of the file when it was opened. All bytes belong to this version, or there is an error.
    stat: Stat,
    left: u64,
}

/// The current version of the open file.
pub(crate) fn stat(file: &File) -> io::Result<Stat> {
    let metadata = file.metadata()?;
    Ok(Stat::known(
        validator(&metadata),
        metadata.len(),
        metadata.modified().ok(),
    ))
}

/// The validator: length, time and inode. A copy with the time kept (`cp -p`, `rsync -t`) differs in the inode, and a
/// rewrite in place differs in the time.
fn validator(metadata: &Metadata) -> Validator {
    let (length, inode) = (metadata.len(), metadata.ino());
    Validator::new(format!(
        "{length:x}-{:x}.{:x}-{inode:x}",
        metadata.mtime(),
        metadata.mtime_nsec()
    ))
}

impl Reading {
    /// Begins to read a file, or a range of it, in the version that `stat` describes.
    pub(crate) fn new(mut file: File, stat: Stat, range: Option<ByteRange>) -> Result<Self, FileError> {
        let length = stat.length.unwrap_or(0);
        let left = match range {
            None => length,
            Some(range) if *range.start() >= length => return Err(FileError::RangeBehindEnd),
            Some(range) => {
                file.seek(SeekFrom::Start(*range.start()))?;
                (*range.end()).min(length - 1) + 1 - range.start()
            }
        };
        Ok(Self { file, stat, left })
    }

    /// The version being read.
    pub(crate) fn stat(&self) -> &Stat {
        &self.stat
    }

    /// The next bytes. `None` after the last.
    pub(crate) fn next(&mut self) -> Result<Option<Bytes>, FileError> {
        if self.left == 0 {
            return Ok(None);
        }
        let wanted = self.left.min(PIECE);
        let mut piece = Vec::with_capacity(wanted as usize);
        (&self.file).take(wanted).read_to_end(&mut piece)?;
        self.left -= wanted;
        let short = (piece.len() as u64) < wanted;
        if short || (self.left == 0 && stat(&self.file)? != self.stat) {
            return Err(FileError::Changed);
        }
        Ok(Some(piece.into()))
    }
}
