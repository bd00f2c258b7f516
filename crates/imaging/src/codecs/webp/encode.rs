//! WebP encoder: writes lossy colours through libwebp, and lossless pictures and the alpha of large ones in
//! [`lossless`].
//!
//! libwebp compresses lossless pictures for too long between two questions whether to go on. Of the frames of an
//! animation only the changed area is stored, which replaces the pixels below it.

mod huffman;
mod lossless;
mod lossy;

use crate::codecs::canvas::Area;
use crate::codecs::changes::area_of;
use crate::codecs::{Delay, Encoder, internal};
use crate::picture::{Picture, PlanarPicture};
use crate::steps::flatten::converted;
use crate::{Cancel, Channels, ImageError, Instructions, Lossless, Size, SourceInfo};

/// `RIFF`, a length, `WEBP`.
const FILE_HEADER_BYTES: usize = 12;

/// Flags of the header chunk.
const ANIMATION: u8 = 0x02;
const ALPHA: u8 = 0x10;

pub(in crate::codecs) struct WebPEncoder {
    lossless: bool,
    /// Whether fully transparent pixels of a lossless picture keep their colours.
    exact: bool,
    quality: u8,
    size: Size,
    /// How often an animation plays, 0 for ever; a still picture has none.
    plays: Option<u32>,
    /// Chunks, in the order of the file.
    pieces: Vec<Vec<u8>>,
    /// Whether a frame can be transparent.
    alpha: bool,
    /// The canvas after the last frame, as RGBA.
    canvas: Vec<u8>,
}

impl WebPEncoder {
    pub(in crate::codecs) fn new(
        instructions: &Instructions,
        info: &SourceInfo,
        size: Size,
        plays: Option<u32>,
    ) -> Self {
        Self {
            lossless: match instructions.effective_webp_lossless() {
                Lossless::No => false,
                Lossless::Yes => true,
                Lossless::Keep => info.lossless,
            },
            exact: instructions.webp_exact,
            quality: instructions.effective_webp_quality(),
            size,
            plays,
            pieces: Vec::new(),
            alpha: false,
            canvas: Vec::new(),
        }
    }

    /// Appends a picture's chunks: the picture, and before it the alpha channel of a lossy picture.
    fn write_picture(&self, picture: &Picture, bytes: &mut Vec<u8>, cancel: &Cancel) -> Result<(), ImageError> {
        if self.lossless {
            return write_chunk(b"VP8L", bytes, |bytes| {
                lossless::write_picture(picture, self.exact, bytes, cancel)
            });
        }
        if picture.channels.has_alpha() && !lossy::in_one_piece(picture.size) {
            write_chunk(b"ALPH", bytes, |bytes| lossless::write_alpha(picture, bytes, cancel))?;
        }
        let file = lossy::picture(picture, self.quality, cancel)?;
        bytes.extend_from_slice(chunks_of(&file));
        Ok(())
    }

    /// A file of one picture.
    fn still(&self, picture: &Picture, cancel: &Cancel) -> Result<Vec<u8>, ImageError> {
        let alpha = picture.channels.has_alpha();
        let mut file = Vec::new();
        write_chunk(b"RIFF", &mut file, |file| {
            file.extend_from_slice(b"WEBP");
            // A header is needed only for a chunk beside the picture's.
            if alpha && !self.lossless {
                self.write_header(ALPHA, file)?;
            }
            self.write_picture(picture, file, cancel)
        })?;
        Ok(file)
    }

    /// Appends the changed area of a frame.
    fn animation_frame(&mut self, picture: Picture, delay: Delay, cancel: &Cancel) -> Result<(), ImageError> {
        let picture = in_channels(picture, Channels::Rgba, cancel)?;
        let (pixels, _) = picture.pixels.as_chunks::<4>();
        let (shown, _) = self.canvas.as_chunks::<4>();
        let area = area_of(self.size, cancel, |index| shown.get(index) != Some(&pixels[index]))?;
        // Offsets are stored halved.
        let area = area.map_or(Area::whole(Size::new(1, 1)), |area| {
            let (left, top) = (area.left & !1, area.top & !1);
            Area {
                left,
                top,
                size: Size::new(area.left - left + area.size.width, area.top - top + area.size.height),
            }
        });
        let part = cut(&picture, area, cancel)?;
        self.alpha |= part.channels.has_alpha();
        let mut piece = Vec::new();
        write_chunk(b"ANMF", &mut piece, |bytes| {
            /// The frame replaces the pixels below it, and is kept.
            const FLAGS: u8 = 0x02;
            for value in [
                area.left / 2,
                area.top / 2,
                area.size.width - 1,
                area.size.height - 1,
                delay.min(0xff_ffff),
            ] {
                bytes.extend_from_slice(&value.to_le_bytes()[..3]);
            }
            bytes.push(FLAGS);
            self.write_picture(&part, bytes, cancel)
        })?;
        piece.shrink_to_fit();
        self.pieces.push(piece);
        self.canvas = picture.pixels;
        Ok(())
    }

    /// Appends the chunk `VP8X`: the size of the canvas, and which other chunks there are.
    fn write_header(&self, flags: u8, bytes: &mut Vec<u8>) -> Result<(), ImageError> {
        write_chunk(b"VP8X", bytes, |bytes| {
            bytes.extend_from_slice(&[flags, 0, 0, 0]);
            for side in [self.size.width, self.size.height] {
                bytes.extend_from_slice(&(side - 1).to_le_bytes()[..3]);
            }
            Ok(())
        })
    }

    /// The file of an animation up to its frames, which take `frames` bytes.
    fn animation_header(&self, plays: u32, frames: usize) -> Result<Vec<u8>, ImageError> {
        let mut bytes = b"RIFF\0\0\0\0WEBP".to_vec();
        let flags = if self.alpha { ANIMATION | ALPHA } else { ANIMATION };
        self.write_header(flags, &mut bytes)?;
        write_chunk(b"ANIM", &mut bytes, |bytes| {
            let plays = u16::try_from(plays).unwrap_or(u16::MAX);
            // The background is transparent.
            bytes.extend_from_slice(&[0; 4]);
            bytes.extend_from_slice(&plays.to_le_bytes());
            Ok(())
        })?;
        let length = chunk_length(bytes.len() + frames)?;
        bytes[4..8].copy_from_slice(&length);
        Ok(bytes)
    }
}

impl Encoder for WebPEncoder {
    fn frame(&mut self, picture: Picture, delay: Delay, cancel: &Cancel) -> Result<(), ImageError> {
        cancel.check()?;
        if self.plays.is_some() {
            return self.animation_frame(picture, delay, cancel);
        }
        // A lossless picture may stay grey.
        let picture = if self.lossless {
            picture
        } else {
            let channels = Channels::of(false, picture.channels.has_alpha());
            in_channels(picture, channels, cancel)?
        };
        let mut file = self.still(&picture, cancel)?;
        drop(picture);
        file.shrink_to_fit();
        self.pieces.push(file);
        Ok(())
    }

    fn planes(&mut self, picture: PlanarPicture, cancel: &Cancel) -> Result<(), ImageError> {
        cancel.check()?;
        let mut file = lossy::planes(picture, self.quality, cancel)?;
        file.shrink_to_fit();
        self.pieces.push(file);
        Ok(())
    }

    fn kept_bytes(&self) -> u64 {
        let frames = self.plays.map_or(&[][..], |_| &self.pieces);
        frames.iter().map(|piece| piece.len() as u64).sum()
    }

    fn finish(mut self: Box<Self>, cancel: &Cancel) -> Result<Vec<u8>, ImageError> {
        cancel.check()?;
        let Some(plays) = self.plays else {
            return Ok(self.pieces.pop().unwrap_or_default());
        };
        let header = self.animation_header(plays, self.pieces.iter().map(Vec::len).sum())?;
        self.pieces.insert(0, header);
        Ok(self.pieces.concat())
    }
}

/// The chunks after the headers of a file that libwebp wrote. An extended file has a header chunk of 10 bytes.
fn chunks_of(file: &[u8]) -> &[u8] {
    const EXTENDED_HEADER_BYTES: usize = 8 + 10;
    let chunks = file.get(FILE_HEADER_BYTES..).unwrap_or_default();
    match chunks.strip_prefix(b"VP8X") {
        Some(_) => chunks.get(EXTENDED_HEADER_BYTES..).unwrap_or_default(),
        None => chunks,
    }
}

/// The same picture with these channels, three or four.
fn in_channels(picture: Picture, channels: Channels, cancel: &Cancel) -> Result<Picture, ImageError> {
    if picture.channels == channels {
        return Ok(picture);
    }
    converted(&picture, channels, cancel, |pixel| pixel)
}

/// An area of an RGBA picture, without alpha if it is opaque everywhere.
fn cut(picture: &Picture, area: Area, cancel: &Cancel) -> Result<Picture, ImageError> {
    let start = area.left as usize * 4;
    let end = start + area.size.width as usize * 4;
    let rows = || {
        let rows = picture.rows().skip(area.top as usize).take(area.size.height as usize);
        rows.map(|row| row[start..end].as_chunks::<4>().0)
    };
    cancel.check()?;
    let opaque = rows().all(|row| row.iter().all(|pixel| pixel[3] == u8::MAX));
    let channels = Channels::of(false, !opaque);
    let mut pixels = Vec::with_capacity(Picture::bytes(area.size, channels));
    for row in rows() {
        cancel.check()?;
        for pixel in row {
            channels.write(*pixel, &mut pixels);
        }
    }
    Ok(Picture {
        size: area.size,
        channels,
        pixels,
    })
}

/// Appends a chunk: name, length, the bytes that `body` appends, and a byte to make the length even.
fn write_chunk(
    kind: &[u8; 4],
    bytes: &mut Vec<u8>,
    body: impl FnOnce(&mut Vec<u8>) -> Result<(), ImageError>,
) -> Result<(), ImageError> {
    let start = bytes.len();
    bytes.extend_from_slice(kind);
    bytes.extend_from_slice(&[0; 4]);
    body(bytes)?;
    let length = chunk_length(bytes.len() - start)?;
    bytes[start + 4..start + 8].copy_from_slice(&length);
    if bytes.len() % 2 != start % 2 {
        bytes.push(0);
    }
    Ok(())
}

/// The length field of a chunk that takes `bytes` bytes with its name and length.
fn chunk_length(bytes: usize) -> Result<[u8; 4], ImageError> {
    let length = u32::try_from(bytes - 8).map_err(|_| internal("a WebP is longer than its format allows"))?;
    Ok(length.to_le_bytes())
}
