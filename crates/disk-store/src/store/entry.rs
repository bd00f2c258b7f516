//! File format of an entry, and its reader: a header with two checksums, the group, the meta that the owner keeps
//! beside the bytes, the bytes. A file that differs from what was written is damaged, which is found here; the caller
//! removes it.
//!
//! The checksums are XXH3 of 64 bits: an accidental change passes with a probability of 2⁻⁶⁴. They do not protect from
//! somebody who writes into the folder.

use std::fmt;
use std::fs::File;
use std::hash::Hasher as _;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;

use bytes::Bytes;
use rustix::io::Errno;
use twox_hash::XxHash3_64;

use super::key::EntryKey;

/// The first bytes of a file; the last of them is the version of the format.
const MAGIC: [u8; 8] = *b"\x89ENTRY\n\x01";
/// The parts of the header whose lengths never change: magic, checksum of the rest of the header, checksum and length
/// of the body, digest, lengths of group and meta. All numbers are little-endian.
const FIXED: usize = 8 + 8 + 8 + 8 + 32 + 4 + 4;
/// The most bytes of a header, with group and meta.
const LONGEST_HEADER: usize = 64 << 10;
/// A file up to this length, in bytes, is read at once; a longer one in pieces.
const WHOLE: u64 = 1 << 20;
/// The bytes of one piece. A client that reads slowly holds two.
const PIECE: usize = 128 << 10;

/// An entry that was found.
#[derive(Debug)]
pub struct Found {
    /// The meta that the owner keeps beside the bytes.
    pub meta: Bytes,
    /// The bytes.
    pub content: Content,
}

/// The bytes of an entry.
#[derive(Debug)]
pub enum Content {
    /// All of them.
    Whole(Bytes),
    /// Too many to hold in memory.
    Long(Box<LongBody>),
}

/// The bytes of a large entry: checked as a whole already, and now read again, piece by piece.
pub struct LongBody {
    file: File,
    start: u64,
    length: u64,
    left: u64,
    checksum: XxHash3_64,
    expected: u64,
}

/// Why a file gives no entry.
#[derive(Debug)]
pub(super) enum ReadError {
    /// It is not what was written, or the disk cannot read it.
    Damaged,
    /// It could not be read this time.
    Io(io::Error),
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        let lost =
            error.raw_os_error() == Some(Errno::IO.raw_os_error()) || error.kind() == io::ErrorKind::UnexpectedEof;
        if lost { Self::Damaged } else { Self::Io(error) }
    }
}

struct Header<'b> {
    length: usize,
    body_length: u64,
    body_checksum: u64,
    digest: [u8; 32],
    group: &'b [u8],
    meta: Range<usize>,
}

/// The header of an entry; `None` if group and meta are too long.
pub(super) fn header(key: &EntryKey, meta: &[u8], body: &[u8]) -> Option<Vec<u8>> {
    let length = FIXED + key.group.len() + meta.len();
    if length > LONGEST_HEADER {
        return None;
    }
    let mut header = Vec::with_capacity(length);
    header.extend_from_slice(&MAGIC);
    header.extend_from_slice(&[0; 8]);
    header.extend_from_slice(&XxHash3_64::oneshot(body).to_le_bytes());
    header.extend_from_slice(&(body.len() as u64).to_le_bytes());
    header.extend_from_slice(&key.digest);
    header.extend_from_slice(&u32::try_from(key.group.len()).ok()?.to_le_bytes());
    header.extend_from_slice(&u32::try_from(meta.len()).ok()?.to_le_bytes());
    header.extend_from_slice(key.group.as_bytes());
    header.extend_from_slice(meta);
    let checksum = XxHash3_64::oneshot(&header[16..]);
    header[8..16].copy_from_slice(&checksum.to_le_bytes());
    Some(header)
}

/// Reads the header at the beginning of a file; `None` if it is damaged.
fn parse(bytes: &[u8]) -> Option<Header<'_>> {
    let mut rest = bytes;
    if *take(&mut rest)? != MAGIC {
        return None;
    }
    let checksum = u64::from_le_bytes(*take(&mut rest)?);
    let body_checksum = u64::from_le_bytes(*take(&mut rest)?);
    let body_length = u64::from_le_bytes(*take(&mut rest)?);
    let digest = *take(&mut rest)?;
    let group_length = u32::from_le_bytes(*take(&mut rest)?) as usize;
    let meta_length = u32::from_le_bytes(*take(&mut rest)?) as usize;
    let meta_start = FIXED.checked_add(group_length)?;
    let length = meta_start.checked_add(meta_length)?;
    if length > LONGEST_HEADER || XxHash3_64::oneshot(bytes.get(16..length)?) != checksum {
        return None;
    }
    Some(Header {
        length,
        body_length,
        body_checksum,
        digest,
        group: &bytes[FIXED..meta_start],
        meta: meta_start..length,
    })
}

fn take<'b, const N: usize>(bytes: &mut &'b [u8]) -> Option<&'b [u8; N]> {
    let (first, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(first)
}

/// Reads and checks an entry; `None` if the file is sound and holds another entry.
pub(super) fn read(file: &File, length: u64, key: &EntryKey) -> Result<Option<Found>, ReadError> {
    let first = read_up_to(file, if length <= WHOLE { length } else { LONGEST_HEADER as u64 })?;
    let first = Bytes::from(first);
    if length <= WHOLE {
        return whole(&first, key);
    }
    let Some(header) = sound_header(&first, length, key)? else {
        return Ok(None);
    };
    let (expected, meta) = (header.body_checksum, first.slice(header.meta));
    let mut body = LongBody {
        file: file.try_clone()?,
        start: header.length as u64,
        length: header.body_length,
        left: 0,
        checksum: XxHash3_64::new(),
        expected,
    };
    // Once to see that it is sound, then again for whoever asked.
    body.rewind()?;
    while body.next_piece()?.is_some() {}
    body.rewind()?;
    Ok(Some(Found {
        meta,
        content: Content::Long(Box::new(body)),
    }))
}

/// Checks an entry of which every byte is there; `None` if it is sound and another.
pub(super) fn whole(bytes: &Bytes, key: &EntryKey) -> Result<Option<Found>, ReadError> {
    let Some(header) = sound_header(bytes, bytes.len() as u64, key)? else {
        return Ok(None);
    };
    let body = bytes.slice(header.length..);
    if XxHash3_64::oneshot(&body) != header.body_checksum {
        return Err(ReadError::Damaged);
    }
    Ok(Some(Found {
        meta: bytes.slice(header.meta),
        content: Content::Whole(body),
    }))
}

/// The header of a file of this length; `None` if it is that of another entry.
fn sound_header<'b>(first: &'b [u8], length: u64, key: &EntryKey) -> Result<Option<Header<'b>>, ReadError> {
    let header = parse(first).ok_or(ReadError::Damaged)?;
    if header.body_length.checked_add(header.length as u64) != Some(length) {
        return Err(ReadError::Damaged);
    }
    let is_meant = header.digest == key.digest && header.group == key.group.as_bytes();
    Ok(is_meant.then_some(header))
}

/// The group of the entry in a file.
pub(super) fn read_group(file: &File) -> Result<String, ReadError> {
    let first = read_up_to(file, LONGEST_HEADER as u64)?;
    let header = parse(&first).ok_or(ReadError::Damaged)?;
    String::from_utf8(header.group.to_vec()).map_err(|_| ReadError::Damaged)
}

/// The meta of the entry in a file.
pub(super) fn read_meta(file: &File) -> Result<Bytes, ReadError> {
    let first = Bytes::from(read_up_to(file, LONGEST_HEADER as u64)?);
    let header = parse(&first).ok_or(ReadError::Damaged)?;
    Ok(first.slice(header.meta))
}

fn read_up_to(file: &File, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
    file.take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

impl LongBody {
    /// How many bytes there are in all.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The next piece; `None` when all have come. Blocks.
    ///
    /// # Errors
    /// The disk fails, or gives other bytes than a moment ago; then the last piece is withheld, so that nobody takes
    /// what came for the whole.
    pub fn next_piece(&mut self) -> io::Result<Option<Bytes>> {
        if self.left == 0 {
            return Ok(None);
        }
        let piece = read_up_to(&self.file, self.left.min(PIECE as u64))?;
        self.checksum.write(&piece);
        self.left -= piece.len() as u64;
        let short = piece.is_empty();
        if short || (self.left == 0 && self.checksum.finish() != self.expected) {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the entry changed on the disk",
            ));
        }
        Ok(Some(Bytes::from(piece)))
    }

    fn rewind(&mut self) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(self.start))?;
        self.left = self.length;
        self.checksum = XxHash3_64::new();
        Ok(())
    }
}

impl fmt::Debug for LongBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LongBody({} bytes)", self.length)
    }
}
