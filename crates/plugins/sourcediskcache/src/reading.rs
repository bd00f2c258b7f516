//! Reader of originals: reads a content, whole or in pieces, and compares it with the hash that it lies under. Called
//! by `cache` on its threads for files, since every call blocks. Removes nothing.

use std::fs;
use std::io::{self, ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use cacache::{Algorithm, Integrity, SyncReader};

use crate::named::Named;

/// A content up to this length, in bytes, is read at once; a longer one in pieces.
const WHOLE: u64 = 1 << 20;
/// The bytes of one piece.
const PIECE: u64 = 256 << 10;

/// The content under a name.
pub(crate) enum Found {
    /// All of it, checked.
    Whole(Bytes),
    /// Too much to hold in memory.
    Long(Box<LongContent>),
    /// Nothing, or nothing that could be the original.
    Missing,
    /// Other bytes than were written.
    Damaged,
}

/// A long content as it is read, checked at its end.
pub(crate) struct LongContent {
    /// There until the end.
    reader: Option<SyncReader>,
    left: u64,
}

/// How reading goes on.
pub(crate) enum Piece {
    /// The next bytes.
    Bytes(Bytes),
    /// All bytes have come, and they are what was written.
    End,
    /// They are not what was written; the last were withheld.
    Damaged,
}

/// Opens the content that a record names, among the contents in this folder.
pub(crate) fn open(folder: &Path, named: &Named) -> io::Result<Found> {
    let Ok(integrity) = Integrity::from_hex(&named.content, Algorithm::Sha256) else {
        return Ok(Found::Missing);
    };
    if is_no_file(&content_path(folder, &named.content)) {
        return Ok(Found::Damaged);
    }
    let found = if named.length <= WHOLE {
        cacache::read_hash_sync(folder, &integrity).map(|bytes| Found::Whole(bytes.into()))
    } else {
        SyncReader::open_hash(folder, integrity).map(|reader| {
            let (reader, left) = (Some(reader), named.length);
            Found::Long(Box::new(LongContent { reader, left }))
        })
    };
    match found {
        Err(cacache::Error::IntegrityError(_)) => Ok(Found::Damaged),
        Err(cacache::Error::IoError(error, _)) if error.kind() == ErrorKind::NotFound => Ok(Found::Missing),
        found => found.map_err(io_error),
    }
}

/// The place where cacache puts a content with this hash. It has no call that tells.
pub(crate) fn content_path(folder: &Path, digits: &str) -> PathBuf {
    let [first, second, rest] = [0..2, 2..4, 4..digits.len()].map(|part| digits.get(part).unwrap_or_default());
    folder.join("content-v2/sha256").join(first).join(second).join(rest)
}

/// Whether something else than a file lies there. cacache opens whatever it finds, and opening a pipe would wait for a
/// writer.
#[expect(clippy::disallowed_methods, reason = "runs on the cache's own threads for files")]
fn is_no_file(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| !metadata.is_file())
}

impl LongContent {
    /// The next bytes. Nothing is read ahead.
    ///
    /// # Errors
    /// The disk fails.
    pub(crate) fn next(&mut self) -> io::Result<Piece> {
        let Some(reader) = &mut self.reader else {
            return Ok(Piece::End);
        };
        let wanted = self.left.min(PIECE);
        // One more than there should be at the end, to see that it is the end.
        let most = if wanted == self.left { wanted + 1 } else { wanted };
        let mut bytes = Vec::with_capacity(usize::try_from(most).unwrap_or(0));
        reader.take(most).read_to_end(&mut bytes)?;
        if bytes.len() as u64 != wanted {
            return Ok(Piece::Damaged);
        }
        self.left -= wanted;
        if self.left == 0 && self.reader.take().is_none_or(|reader| reader.check().is_err()) {
            return Ok(Piece::Damaged);
        }
        Ok(Piece::Bytes(bytes.into()))
    }
}

/// The error of the system.
pub(crate) fn io_error(error: cacache::Error) -> io::Error {
    match error {
        cacache::Error::IoError(error, _) => error,
        other => io::Error::other(other.to_string()),
    }
}
