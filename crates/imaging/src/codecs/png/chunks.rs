//! PNG chunk walk (PNG, third edition, 5.3 and 11.3): finds the notes before the pixels, and lends the library only the
//! chunks that pixels are made from. Neither text nor any other note is copied, whatever its length.

use std::io::{self, BufRead, Read, Seek, SeekFrom, Write};

use flate2::write::ZlibDecoder;

use crate::cancel::Pace;
use crate::codecs::metadata::Metadata;
use crate::profile::MOST_BYTES as MOST_PROFILE_BYTES;
use crate::{Cancel, ImageError};

pub(super) const SIGNATURE_BYTES: usize = 8;

/// The notes before the pixels, as they are stored.
#[derive(Default)]
pub(super) struct Notes<'s> {
    pub(super) exif: Option<&'s [u8]>,
    /// The compressed colour profile. A file that declares sRGB needs none.
    profile: Option<&'s [u8]>,
}

impl<'s> Notes<'s> {
    /// Reads the notes up to the first pixels, or to damage, which the library reports.
    pub(super) fn read(source: &'s [u8], cancel: &Cancel) -> Result<Self, ImageError> {
        let mut notes = Self::default();
        let (mut declares_srgb, mut pace) = (false, Pace::default());
        for chunk in Chunks::of(source).take_while(|chunk| chunk.kind != b"IDAT") {
            pace.step(cancel)?;
            match chunk.kind {
                b"eXIf" => notes.exif = notes.exif.or(Some(chunk.body())),
                b"iCCP" => notes.profile = notes.profile.or(compressed_profile(chunk.body())),
                b"sRGB" => declares_srgb = true,
                _ => {}
            }
        }
        notes.profile = notes.profile.filter(|_| !declares_srgb);
        Ok(notes)
    }

    /// The blocks that a result may carry on. They may stand behind the pixels too. A compressed XMP packet is left
    /// out.
    pub(super) fn blocks(source: &[u8], cancel: &Cancel) -> Result<Metadata, ImageError> {
        // The keyword, then: not compressed, method 0, no language, no translated keyword.
        const XMP: &[u8] = b"XML:com.adobe.xmp\0\0\0\0\0";
        let (mut exif, mut xmp, mut pace) = (None, None, Pace::default());
        for chunk in Chunks::of(source) {
            pace.step(cancel)?;
            match chunk.kind {
                b"eXIf" => exif = exif.or(Some(chunk.body())),
                b"iTXt" => xmp = xmp.or_else(|| chunk.body().strip_prefix(XMP)),
                _ => {}
            }
        }
        Ok(Metadata::new(exif, xmp, None))
    }

    /// The length of the colour profile. 0 if there is none, if it cannot be decompressed, if it is too long, or if the
    /// job is cancelled.
    pub(super) fn profile_bytes(&self, cancel: &Cancel) -> u64 {
        let mut sink = Bounded {
            taken: 0,
            kept: None,
            cancel,
        };
        if self.decompress(&mut sink).is_some() {
            sink.taken as u64
        } else {
            0
        }
    }

    /// The colour profile of this length, as [`profile_bytes`](Self::profile_bytes) told.
    pub(super) fn profile(&self, length: u64, cancel: &Cancel) -> Option<Vec<u8>> {
        let mut sink = Bounded {
            taken: 0,
            kept: Some(Vec::with_capacity(length.min(MOST_PROFILE_BYTES) as usize)),
            cancel,
        };
        self.decompress(&mut sink)?;
        sink.kept
    }

    fn decompress(&self, sink: &mut Bounded<'_>) -> Option<()> {
        let profile = self
            .profile
            .filter(|profile| profile.len() as u64 <= MOST_PROFILE_BYTES)?;
        let mut decoder = ZlibDecoder::new(sink);
        decoder.write_all(profile).ok()?;
        decoder.finish().ok()?;
        Some(())
    }
}

/// Takes a name of 1 to 79 bytes, a zero and the method of compression (0, zlib) from an iCCP chunk.
fn compressed_profile(body: &[u8]) -> Option<&[u8]> {
    const LONGEST_NAME: usize = 79;
    let name = body.iter().take(LONGEST_NAME + 1).position(|byte| *byte == 0)?;
    body[name + 1..].strip_prefix(&[0])
}

/// Counts decompressed bytes, keeps them on request, and fails where a profile would be too long to be used, or the job
/// is cancelled.
struct Bounded<'c> {
    taken: usize,
    kept: Option<Vec<u8>>,
    cancel: &'c Cancel,
}

impl Write for Bounded<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.cancel.is_cancelled() {
            return Err(io::Error::other("cancelled"));
        }
        self.taken += bytes.len();
        if self.taken as u64 > MOST_PROFILE_BYTES {
            return Err(io::Error::other("the profile is too long"));
        }
        if let Some(kept) = &mut self.kept {
            kept.extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A chunk, or as much of it as the source holds.
pub(super) struct Chunk<'s> {
    pub(super) kind: &'s [u8; 4],
    /// Length, kind, contents and checksum.
    pub(super) whole: &'s [u8],
}

impl<'s> Chunk<'s> {
    /// The bytes before the contents, and after them.
    const BEFORE: usize = 8;
    const AFTER: usize = 4;

    /// The length that the chunk claims.
    fn length(&self) -> usize {
        self.whole
            .first_chunk()
            .map_or(0, |length| u32::from_be_bytes(*length) as usize)
    }

    /// The contents of a chunk that is there as a whole, otherwise nothing.
    fn body(&self) -> &'s [u8] {
        self.whole
            .get(Self::BEFORE..Self::BEFORE.saturating_add(self.length()))
            .unwrap_or_default()
    }

    /// The contents as far as they are there.
    pub(super) fn contents(&self) -> &'s [u8] {
        let rest = self.whole.get(Self::BEFORE..).unwrap_or_default();
        &rest[..rest.len().min(self.length())]
    }
}

/// The chunks of a file.
pub(super) struct Chunks<'s> {
    rest: &'s [u8],
}

impl<'s> Chunks<'s> {
    pub(super) fn of(source: &'s [u8]) -> Self {
        Self {
            rest: source.get(SIGNATURE_BYTES..).unwrap_or_default(),
        }
    }
}

impl<'s> Iterator for Chunks<'s> {
    type Item = Chunk<'s>;

    fn next(&mut self) -> Option<Chunk<'s>> {
        let (length, behind) = self.rest.split_first_chunk::<4>()?;
        let kind = behind.first_chunk::<4>()?;
        let length = (u32::from_be_bytes(*length) as usize).saturating_add(Chunk::BEFORE + Chunk::AFTER);
        let (whole, rest) = self.rest.split_at(length.min(self.rest.len()));
        self.rest = rest;
        Some(Chunk { kind, whole })
    }
}

/// The source as the library reads it: the signature and the chunks that pixels are made from. Each piece is short, and
/// once the job is cancelled there are no more.
pub(super) struct PixelChunks<'s> {
    piece: &'s [u8],
    chunks: Chunks<'s>,
    cancel: Cancel,
}

impl<'s> PixelChunks<'s> {
    pub(super) fn new(source: &'s [u8], cancel: &Cancel) -> Self {
        Self {
            piece: &source[..source.len().min(SIGNATURE_BYTES)],
            chunks: Chunks::of(source),
            cancel: cancel.clone(),
        }
    }

    fn check(&self) -> io::Result<()> {
        if self.cancel.is_cancelled() {
            return Err(io::Error::other("cancelled"));
        }
        Ok(())
    }
}

impl BufRead for PixelChunks<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        /// The bytes between two checks of the flag.
        const PIECE_BYTES: usize = 32 * 1024;
        /// The number of chunks that are skipped between two checks.
        const CHUNKS: usize = 4096;
        self.check()?;
        let mut skipped = 0_usize;
        while self.piece.is_empty() {
            skipped += 1;
            if skipped.is_multiple_of(CHUNKS) {
                self.check()?;
            }
            match self.chunks.next() {
                // The library takes long for a chunk without contents, and a file may have millions of them.
                Some(chunk) if chunk.kind == b"IDAT" && chunk.whole.len() == Chunk::BEFORE + Chunk::AFTER => {}
                Some(Chunk {
                    kind: b"IHDR" | b"PLTE" | b"tRNS" | b"IDAT" | b"IEND",
                    whole,
                }) => self.piece = whole,
                Some(_) => {}
                None => break,
            }
        }
        Ok(&self.piece[..self.piece.len().min(PIECE_BYTES)])
    }

    fn consume(&mut self, amount: usize) {
        self.piece = self.piece.get(amount..).unwrap_or_default();
    }
}

impl Read for PixelChunks<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.fill_buf()?;
        let length = bytes.len().min(buffer.len());
        buffer[..length].copy_from_slice(&bytes[..length]);
        self.consume(length);
        Ok(length)
    }
}

impl Seek for PixelChunks<'_> {
    /// The library asks for this trait and never seeks.
    fn seek(&mut self, _: SeekFrom) -> io::Result<u64> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
