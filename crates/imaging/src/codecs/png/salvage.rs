//! PNG salvage: gives the library a damaged source as a whole one, since the library keeps back the last 32 KB of rows
//! before damage.
//!
//! The pixel data are decompressed as far as they go, whatever checksums say. Zeros take the place of the rest, and all
//! is wrapped again without compression. The decoder takes only the rows that were there.

use std::cell::Cell;
use std::io::{self, BufRead, Read, Seek, SeekFrom};
use std::rc::Rc;

use flate2::{Decompress, FlushDecompress, Status};

use super::chunks::{Chunk, Chunks, SIGNATURE_BYTES};
use crate::Cancel;
use crate::cancel::Pace;

/// The bytes that a salvage holds: the decompressor's state, decompressed bytes, and these as a chunk.
pub(super) const BYTES: u64 = 64 * 1024 + 2 * BLOCK_BYTES as u64;

/// The most bytes of a block. The format's limit is 65,535.
const BLOCK_BYTES: usize = 60 * 1024;

/// The bytes that are decompressed at once. At an error the decompressor drops what has no room in the block, and that
/// many bytes rarely become more than a block.
const COMPRESSED_BYTES: usize = 512;

/// The repaired source.
pub(super) struct Salvage<'s> {
    /// The signature and the chunks before the pixels, and how many of them were taken.
    head: Vec<&'s [u8]>,
    chunks: Chunks<'s>,
    /// The rest of the chunk of pixels that is being decompressed.
    compressed: &'s [u8],
    decompressor: Decompress,
    block: Vec<u8>,
    /// The bytes of rows that are still to come, and whether there are none but zeros.
    left: u64,
    is_over: bool,
    begun: bool,
    /// The bytes that were decompressed.
    there: Rc<Cell<u64>>,
    piece: Vec<u8>,
    taken: usize,
    cancel: Cancel,
}

impl<'s> Salvage<'s> {
    /// Salvages a source whose rows take `row_bytes` in all, filters included.
    pub(super) fn new(source: &'s [u8], row_bytes: u64, cancel: &Cancel) -> Self {
        let chunk = |kind: &[u8; 4]| {
            let mut before = Chunks::of(source).take_while(|chunk| chunk.kind != b"IDAT");
            before.find(|chunk| chunk.kind == kind).map(|chunk| chunk.whole)
        };
        let notes = [b"tRNS", b"PLTE", b"IHDR"].into_iter().filter_map(chunk);
        Self {
            head: notes.chain(source.get(..SIGNATURE_BYTES)).collect(),
            chunks: Chunks::of(source),
            compressed: &[],
            decompressor: Decompress::new(true),
            block: vec![0; BLOCK_BYTES],
            left: row_bytes,
            is_over: false,
            begun: false,
            there: Rc::default(),
            piece: Vec::new(),
            taken: 0,
            cancel: cancel.clone(),
        }
    }

    /// The number of bytes of rows that were there so far. It is never behind what was read.
    pub(super) fn there(&self) -> Rc<Cell<u64>> {
        Rc::clone(&self.there)
    }

    /// Decompresses some bytes into the block. Returns their number, which is 0 at the end.
    fn decompress(&mut self) -> usize {
        let mut pace = Pace::default();
        while !self.is_over {
            // The flag is reported before the next chunk.
            if pace.step(&self.cancel).is_err() {
                break;
            }
            if self.compressed.is_empty() {
                let is_wanted = |chunk: &Chunk<'_>| chunk.kind == b"IDAT" && !chunk.contents().is_empty();
                match self.chunks.find(is_wanted) {
                    Some(chunk) => self.compressed = chunk.contents(),
                    None => self.is_over = true,
                }
            }
            let before = (self.decompressor.total_in(), self.decompressor.total_out());
            let input = &self.compressed[..self.compressed.len().min(COMPRESSED_BYTES)];
            let status = self
                .decompressor
                .decompress(input, &mut self.block, FlushDecompress::None);
            self.is_over |= !matches!(status, Ok(Status::Ok | Status::BufError));
            let read = (self.decompressor.total_in() - before.0) as usize;
            self.compressed = self.compressed.get(read..).unwrap_or_default();
            let written = (self.decompressor.total_out() - before.1) as usize;
            if written > 0 {
                return written;
            }
        }
        0
    }

    /// Makes the next chunk. Returns whether there is one.
    fn next_chunk(&mut self) -> bool {
        /// 32 KB of window, and no compression (RFC 1950, 2.2).
        const ZLIB_HEADER: [u8; 2] = [0x78, 0x01];
        /// The library is told to ignore checksums.
        const CHECKSUM: [u8; 4] = [0; 4];
        self.taken = 0;
        self.piece.clear();
        if let Some(chunk) = self.head.pop() {
            self.piece.extend_from_slice(chunk);
            return true;
        }
        if self.left == 0 {
            return false;
        }
        let written = self.decompress();
        let most = self.left.min(BLOCK_BYTES as u64) as usize;
        let length = if written == 0 { most } else { written.min(most) };
        if written == 0 {
            self.block[..length].fill(0);
        } else {
            self.there.set(self.there.get() + length as u64);
        }
        self.left -= length as u64;
        let is_last = self.left == 0;
        let header: &[u8] = if self.begun { &[] } else { &ZLIB_HEADER };
        self.begun = true;
        let adler: &[u8] = if is_last { &CHECKSUM } else { &[] };
        // A stored block (RFC 1951, 3.2.4).
        let size = (length as u16).to_le_bytes();
        let block = [u8::from(is_last), size[0], size[1], !size[0], !size[1]];
        let body = [header, &block, &self.block[..length], adler];
        let bytes: usize = body.iter().map(|part| part.len()).sum();
        self.piece.extend_from_slice(&(bytes as u32).to_be_bytes());
        self.piece.extend_from_slice(b"IDAT");
        body.iter().for_each(|part| self.piece.extend_from_slice(part));
        self.piece.extend_from_slice(&CHECKSUM);
        if is_last {
            self.piece.extend_from_slice(b"\0\0\0\0IEND");
            self.piece.extend_from_slice(&CHECKSUM);
        }
        true
    }
}

impl BufRead for Salvage<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.taken == self.piece.len() {
            if self.cancel.is_cancelled() {
                return Err(io::Error::other("cancelled"));
            }
            if !self.next_chunk() {
                break;
            }
        }
        Ok(&self.piece[self.taken..])
    }

    fn consume(&mut self, amount: usize) {
        self.taken = (self.taken + amount).min(self.piece.len());
    }
}

impl Read for Salvage<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.fill_buf()?;
        let length = bytes.len().min(buffer.len());
        buffer[..length].copy_from_slice(&bytes[..length]);
        self.consume(length);
        Ok(length)
    }
}

impl Seek for Salvage<'_> {
    /// The library asks for this trait and never seeks.
    fn seek(&mut self, _: SeekFrom) -> io::Result<u64> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
