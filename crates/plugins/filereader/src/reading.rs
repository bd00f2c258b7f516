//! Reads an open file in pieces and notices if it changes meanwhile. Blocking: called on the threads of the IO pool.

use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;

use bytes::Bytes;
use resizer_plugin_api::{ByteRange, Stat, Validator};

use crate::folder::FileError;

/// How much is read in one go: most images in one piece, and little memory for the others while they are sent.
const PIECE: u64 = 256 * 1024;

/// A file, or a part of it, on its way.
#[derive(Debug)]
pub(crate) struct Reading {
    file: File,
    /// What the file was when it was opened; all bytes belong to this version or there is an error.
    stat: Stat,
    left: u64,
}

/// What the open file is now.
pub(crate) fn stat(file: &File) -> io::Result<Stat> {
    let metadata = file.metadata()?;
    Ok(Stat::known(
        validator(&metadata),
        metadata.len(),
        metadata.modified().ok(),
    ))
}

/// Length, time and inode: a copy with the time kept (`cp -p`, `rsync -t`) differs in the inode, a rewrite in place in
/// the time.
fn validator(metadata: &Metadata) -> Validator {
    let (length, inode) = (metadata.len(), metadata.ino());
    Validator::new(format!(
        "{length:x}-{:x}.{:x}-{inode:x}",
        metadata.mtime(),
        metadata.mtime_nsec()
    ))
}

impl Reading {
    /// Sets out to read a file, or a range of it, as the version that `stat` tells.
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

    /// The version that is read.
    pub(crate) fn stat(&self) -> &Stat {
        &self.stat
    }

    /// The next bytes; `None` when all have come.
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
