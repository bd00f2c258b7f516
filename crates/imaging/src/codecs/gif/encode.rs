//! GIF encoder: writes frame by frame, each with its own palette. Of each frame but the first it stores only the area
//! that changed, and leaves out unchanged pixels in it.

use std::ops::Range;

use gif::{DisposalMethod, Encoder as Library, EncodingError, Frame, Repeat};
use weezl::BitOrder;

use crate::codecs::canvas::Area;
use crate::codecs::changes::area_of;
use crate::codecs::palette::{Pixel, pixels_of, reduce};
use crate::codecs::reader::StoppableReader;
use crate::codecs::{Delay, Encoder, internal};
use crate::instructions::output::PaletteSettings;
use crate::picture::Picture;
use crate::{Cancel, ImageError, Size};

/// The bytes before a frame's codes: descriptors and up to 256 colours.
const FRAME_HEADER_BYTES: usize = 1024;

pub(in crate::codecs) struct GifEncoder {
    library: Library<Vec<u8>>,
    size: Size,
    palette: PaletteSettings,
    /// The written data, in pieces, so that no buffer grows with the number of frames.
    pieces: Vec<Vec<u8>>,
    /// The canvas before the waiting frame is drawn.
    canvas: Vec<Pixel>,
    /// A frame whose successor is not known yet. The successor decides how the frame is disposed of.
    waiting: Option<(Vec<Pixel>, Delay)>,
    /// The requested time in milliseconds, and the written time in hundredths of a second.
    asked: u64,
    written: u64,
}

impl GifEncoder {
    /// `plays` is how often an animation plays, 0 for ever. It is `None` for a still picture.
    pub(in crate::codecs) fn new(size: Size, plays: Option<u32>, palette: PaletteSettings) -> Result<Self, ImageError> {
        let (Ok(width), Ok(height)) = (u16::try_from(size.width), u16::try_from(size.height)) else {
            return Err(internal(format!("a GIF encoder was given {size} pixels")));
        };
        let mut library = Library::new(Vec::new(), width, height, &[]).map_err(|error| failure(&error))?;
        let repeat = match plays {
            Some(0) => Repeat::Infinite,
            Some(plays) => Repeat::Finite(u16::try_from(plays - 1).unwrap_or(u16::MAX)),
            None => Repeat::Finite(0),
        };
        library.set_repeat(repeat).map_err(|error| failure(&error))?;
        Ok(Self {
            library,
            size,
            palette,
            pieces: Vec::new(),
            canvas: Vec::new(),
            waiting: None,
            asked: 0,
            written: 0,
        })
    }

    /// Writes the waiting frame, so that `next` can be drawn upon it.
    fn write_waiting(&mut self, next: Option<&[Pixel]>, cancel: &Cancel) -> Result<(), ImageError> {
        let Some((pixels, delay)) = self.waiting.take() else {
            return Ok(());
        };
        cancel.check()?;
        // Only disposal makes a pixel transparent again, and it clears the frame's whole area.
        let clears = |index: usize| next.is_some_and(|next| pixels[index].is_some() && next[index].is_none());
        let cleared = area_of(self.size, cancel, clears)?.is_some();
        let shown = |index: usize| self.canvas.get(index).copied().flatten();
        let changed = area_of(self.size, cancel, |index| {
            pixels[index] != shown(index) || clears(index)
        })?;
        // The first frame covers the canvas, with transparency declared where it is. Decoders disagree about a part of
        // the canvas that no frame has drawn: some show it black, some in the background colour.
        let is_first = self.pieces.is_empty();
        let area = if is_first {
            Area::whole(self.size)
        } else {
            changed.unwrap_or(Area::whole(Size::new(1, 1)))
        };

        let mut stored: Vec<Pixel> = Vec::with_capacity(area.size.pixels() as usize);
        for row in rows_of(area, self.size) {
            cancel.check()?;
            stored.extend(row.map(|index| pixels[index].filter(|_| pixels[index] != shown(index))));
        }
        let reduced = reduce(area.size, &stored, self.palette, cancel)?;
        drop(stored);
        self.asked += u64::from(delay);
        let hundredths = ((self.asked + 5) / 10).saturating_sub(self.written);
        self.written += hundredths;
        let frame = Frame {
            delay: u16::try_from(hundredths).unwrap_or(u16::MAX),
            dispose: if cleared {
                DisposalMethod::Background
            } else {
                DisposalMethod::Keep
            },
            transparent: reduced.transparent,
            left: area.left as u16,
            top: area.top as u16,
            width: area.size.width as u16,
            height: area.size.height as u16,
            palette: Some(reduced.colours),
            buffer: compressed(area.size, &reduced.indices, cancel)?.into(),
            ..Frame::default()
        };
        drop(reduced.indices);
        let room = frame.buffer.len() + frame.buffer.len() / 255 + FRAME_HEADER_BYTES;
        self.library.get_mut().reserve_exact(room);
        self.library
            .write_lzw_pre_encoded_frame(&frame)
            .map_err(|error| failure(&error))?;
        let mut piece = std::mem::take(self.library.get_mut());
        piece.shrink_to_fit();
        self.pieces.push(piece);

        self.canvas = pixels;
        if cleared {
            for row in rows_of(area, self.size) {
                cancel.check()?;
                self.canvas[row].fill(None);
            }
        }
        Ok(())
    }
}

impl Encoder for GifEncoder {
    fn frame(&mut self, picture: Picture, delay: Delay, cancel: &Cancel) -> Result<(), ImageError> {
        cancel.check()?;
        let pixels = pixels_of(&picture, cancel)?;
        drop(picture);
        self.write_waiting(Some(&pixels), cancel)?;
        self.waiting = Some((pixels, delay));
        Ok(())
    }

    fn kept_bytes(&self) -> u64 {
        self.pieces.iter().map(|piece| piece.len() as u64).sum()
    }

    fn finish(mut self: Box<Self>, cancel: &Cancel) -> Result<Vec<u8>, ImageError> {
        self.write_waiting(None, cancel)?;
        let trailer = self.library.into_inner().map_err(|error| failure(&error))?;
        self.pieces.push(trailer);
        Ok(self.pieces.concat())
    }
}

/// The ranges of an area's rows in a picture of this size.
fn rows_of(area: Area, size: Size) -> impl Iterator<Item = Range<usize>> {
    let width = size.width as usize;
    (area.top as usize..(area.top + area.size.height) as usize).map(move |row| {
        let start = row * width + area.left as usize;
        start..start + area.size.width as usize
    })
}

/// The frame's data as `write_lzw_pre_encoded_frame` takes it: the minimum code size (GIF89a, appendix F), then the
/// codes. The library itself would compress a frame in one piece, without checking the cancel flag.
fn compressed(size: Size, indices: &[u8], cancel: &Cancel) -> Result<Vec<u8>, ImageError> {
    const SMALLEST_CODE: u32 = 2;
    const BUFFER_BYTES: usize = 16 * 1024;
    let most = indices.iter().max().copied().unwrap_or(0);
    let code_bits = (u8::BITS - most.leading_zeros()).max(SMALLEST_CODE) as u8;
    let mut bytes = Vec::with_capacity(most_bytes(size));
    bytes.push(code_bits);
    let mut encoder = weezl::encode::Encoder::new(BitOrder::Lsb, code_bits);
    let mut stream = encoder.into_stream(&mut bytes);
    // The default is 16 MB.
    stream.set_buffer_size(BUFFER_BYTES);
    match stream.encode_all(StoppableReader::new(indices, cancel)).status {
        Ok(()) => Ok(bytes),
        Err(_) if cancel.is_cancelled() => Err(ImageError::Cancelled),
        Err(error) => Err(internal(error.to_string())),
    }
}

/// The bytes of a frame that cannot be compressed at all: codes of up to 12 bits in blocks of 255 bytes, colours and
/// headers.
fn most_bytes(size: Size) -> usize {
    const HEADER_BYTES: u64 = 1024;
    let codes = size.pixels() * 3 / 2;
    usize::try_from(HEADER_BYTES + codes + codes / 250).unwrap_or(0)
}

fn failure(error: &EncodingError) -> ImageError {
    internal(error.to_string())
}
