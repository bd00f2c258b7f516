//! GIF decoder: draws the frames on a canvas one after another.

use gif::{ColorOutput, DecodeOptions, DecodingError, DisposalMethod, Frame, MemoryLimit};

use super::blocks::Blocks;
use super::corrupt;
use crate::band::{Band, rows_per_band};
use crate::codecs::canvas::{Area, Canvas, Disposal};
use crate::codecs::reader::StoppableReader;
use crate::codecs::{Decoder, Delay, corrupt_because};
use crate::{Cancel, Channels, Format, ImageError, Size, SourceInfo};

type Source<'s> = StoppableReader<&'s [u8]>;

/// The bytes that the decoder holds: the canvas, the pixels below one frame, and the indices of one frame.
pub(super) fn decoder_bytes(blocks: &Blocks) -> u64 {
    /// Measured: the tables of the decompressor, its input buffer, colour tables.
    const LIBRARY_BYTES: u64 = 128 * 1024;
    let canvas = blocks.size.pixels() * 4;
    let saved = if blocks.restores {
        canvas.min(blocks.largest_frame.pixels() * 4)
    } else {
        0
    };
    canvas + saved + blocks.largest_frame.pixels() + 2 * blocks.note_bytes + LIBRARY_BYTES
}

pub(super) struct GifDecoder<'s> {
    library: gif::Decoder<Source<'s>>,
    canvas: Canvas,
    size: Size,
    /// The colour indices of a frame's pixels.
    indices: Vec<u8>,
    /// The number of frames to draw before the first one that is delivered.
    to_skip: u32,
    /// The next row to lend.
    row: u32,
}

impl<'s> GifDecoder<'s> {
    pub(super) fn new(source: &'s [u8], info: &SourceInfo, first: u32, cancel: &Cancel) -> Result<Self, ImageError> {
        let end = Blocks::read(source)?.end;
        let mut options = DecodeOptions::new();
        options.set_color_output(ColorOutput::Indexed);
        // The library writes frames into this decoder's buffer. Its other data is no larger than the source.
        options.set_memory_limit(MemoryLimit::Unlimited);
        options.allow_unknown_blocks(true);
        let reader = StoppableReader::new(&source[..end], cancel);
        let library = options.read_info(reader).map_err(|error| failure(&error, cancel))?;
        let size = info.stored_size();
        Ok(Self {
            library,
            canvas: Canvas::new(size),
            size,
            indices: Vec::new(),
            to_skip: first,
            row: size.height,
        })
    }

    /// Draws the next frame. Returns `None` after the last.
    fn draw(&mut self, cancel: &Cancel) -> Result<Option<Delay>, ImageError> {
        let frame = match self.library.next_frame_info() {
            Ok(Some(frame)) => frame.clone(),
            // The blocks were counted before, so a missing trailer is a normal end.
            Ok(None) => return Ok(None),
            Err(DecodingError::UnexpectedEof) => return Ok(None),
            Err(error) => return Err(failure(&error, cancel)),
        };
        let width = usize::from(frame.width);
        self.indices.resize(width * usize::from(frame.height), 0);
        self.library
            .read_into_buffer(&mut self.indices)
            .map_err(|error| failure(&error, cancel))?;
        let colours = self.library.palette().map_err(|error| failure(&error, cancel))?;
        let (colours, _) = colours.as_chunks::<3>();
        let area = self.canvas.begin(area(&frame), disposal(frame.dispose));
        let rows = self.canvas.rows_mut(area).zip(self.indices.chunks_exact(width.max(1)));
        for (row, indices) in rows {
            cancel.check()?;
            for (pixel, index) in row.as_chunks_mut::<4>().0.iter_mut().zip(indices) {
                if frame.transparent != Some(*index) {
                    // An index without a colour is black, as in browsers.
                    let [red, green, blue] = colours.get(usize::from(*index)).copied().unwrap_or_default();
                    *pixel = [red, green, blue, u8::MAX];
                }
            }
        }
        Ok(Some(u32::from(frame.delay) * 10))
    }
}

impl Decoder for GifDecoder<'_> {
    fn next_frame(&mut self, cancel: &Cancel) -> Result<Option<Delay>, ImageError> {
        while self.to_skip > 0 {
            cancel.check()?;
            self.draw(cancel)?;
            self.to_skip -= 1;
        }
        cancel.check()?;
        self.row = 0;
        self.draw(cancel)
    }

    fn next_band(&mut self, _: &Cancel) -> Result<Option<Band<'_>>, ImageError> {
        Ok(Band::of_canvas(self.canvas.pixels(), self.size, &mut self.row))
    }
}

impl<'a> Band<'a> {
    /// The rows of a canvas from `row` on. Advances `row` beyond them.
    pub(in crate::codecs) fn of_canvas(pixels: &'a [u8], size: Size, row: &mut u32) -> Option<Self> {
        let channels = Channels::Rgba;
        let row_bytes = size.width as usize * channels.count();
        let rest = &pixels[*row as usize * row_bytes..];
        let pixels = &rest[..rest.len().min(rows_per_band(row_bytes) * row_bytes)];
        *row += (pixels.len() / row_bytes) as u32;
        (!pixels.is_empty()).then_some(Self {
            pixels,
            width: size.width,
            channels,
        })
    }
}

fn area(frame: &Frame<'_>) -> Area {
    Area {
        left: frame.left.into(),
        top: frame.top.into(),
        size: Size::new(frame.width.into(), frame.height.into()),
    }
}

const fn disposal(method: DisposalMethod) -> Disposal {
    match method {
        DisposalMethod::Any | DisposalMethod::Keep => Disposal::Keep,
        DisposalMethod::Background => Disposal::Clear,
        DisposalMethod::Previous => Disposal::Restore,
    }
}

fn failure(error: &DecodingError, cancel: &Cancel) -> ImageError {
    if cancel.is_cancelled() {
        return ImageError::Cancelled;
    }
    match error {
        DecodingError::UnexpectedEof | DecodingError::Io(_) => corrupt("one of its frames has too few pixels"),
        error => corrupt_because(Format::Gif, "one of its frames cannot be decoded", error),
    }
}
