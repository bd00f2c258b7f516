//! GIF decoder: draws the frames on a canvas one after another, row by row.

use super::blocks::{Frame, Frames, Summary};
use super::indices::Indices;
use crate::band::{Band, rows_per_band};
use crate::codecs::canvas::Canvas;
use crate::codecs::{Decoder, Delay};
use crate::{Cancel, Channels, ImageError, Size, SourceInfo};

/// The bytes that the decoder holds: the canvas, the pixels below one frame, and some rows of indices.
pub(super) fn decoder_bytes(summary: &Summary) -> u64 {
    let canvas = summary.size.pixels() * 4;
    let saved = if summary.restores {
        canvas.min(summary.largest_frame.pixels() * 4)
    } else {
        0
    };
    canvas + saved + Indices::bytes(summary.widest)
}

pub(super) struct GifDecoder<'s> {
    frames: Frames<'s>,
    canvas: Canvas,
    size: Size,
    /// The number of frames to draw before the first one that is delivered.
    to_skip: u32,
    /// The next row to lend.
    row: u32,
    /// The damage of the frame on the canvas. It is reported after the rows.
    damage: Option<ImageError>,
}

impl<'s> GifDecoder<'s> {
    pub(super) fn new(source: &'s [u8], info: &SourceInfo, first: u32) -> Result<Self, ImageError> {
        let size = info.stored_size();
        Ok(Self {
            frames: Frames::new(source)?,
            canvas: Canvas::new(size),
            size,
            to_skip: first,
            row: size.height,
            damage: None,
        })
    }

    /// Draws the next frame. Returns `None` after the last.
    fn draw(&mut self, cancel: &Cancel) -> Result<Option<Delay>, ImageError> {
        let Some(frame) = self.frames.next_frame(cancel)? else {
            return Ok(None);
        };
        let area = self.canvas.begin(frame.area, frame.disposal);
        let mut indices = Indices::new(&frame)?;
        for (passed, y) in rows(&frame).enumerate() {
            cancel.check()?;
            let row = indices.next_row(cancel)?;
            if let Some(target) = self.canvas.row_mut(area, y) {
                draw_row(&frame, row, target);
            }
            if row.len() < frame.area.size.width as usize {
                self.damage = (!frame.is_sizeless).then(|| indices.damage());
                if passed == 0
                    && let Some(damage) = self.damage.take()
                {
                    return Err(damage);
                }
                break;
            }
        }
        Ok(Some(frame.delay))
    }
}

impl Decoder for GifDecoder<'_> {
    fn next_frame(&mut self, cancel: &Cancel) -> Result<Option<Delay>, ImageError> {
        while self.to_skip > 0 {
            cancel.check()?;
            self.draw(cancel)?;
            if let Some(damage) = self.damage.take() {
                return Err(damage);
            }
            self.to_skip -= 1;
        }
        cancel.check()?;
        self.row = 0;
        self.draw(cancel)
    }

    fn next_band(&mut self, _: &Cancel) -> Result<Option<Band<'_>>, ImageError> {
        match Band::of_canvas(self.canvas.pixels(), self.size, &mut self.row) {
            None => self.damage.take().map_or(Ok(None), Err),
            band => Ok(band),
        }
    }
}

/// The rows of a frame in the order of its data (GIF89a, appendix E): every eighth row, every eighth between them, and
/// so on.
fn rows(frame: &Frame<'_>) -> impl Iterator<Item = u32> + use<> {
    let passes: &[(u32, usize)] = if frame.interlaced {
        &[(0, 8), (4, 8), (2, 4), (1, 2)]
    } else {
        &[(0, 1)]
    };
    let height = frame.area.size.height;
    passes
        .iter()
        .flat_map(move |(first, step)| (*first..height).step_by(*step))
}

fn draw_row(frame: &Frame<'_>, indices: &[u8], row: &mut [u8]) {
    for (pixel, index) in row.as_chunks_mut::<4>().0.iter_mut().zip(indices) {
        if frame.transparent != Some(*index) {
            // An index without a colour is black, as in browsers, Pillow and libvips.
            let [red, green, blue] = frame.colours.get(usize::from(*index)).copied().unwrap_or_default();
            *pixel = [red, green, blue, u8::MAX];
        }
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
