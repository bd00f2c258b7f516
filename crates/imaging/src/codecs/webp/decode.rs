//! Pictures of a WebP, and frames of an animation drawn on a canvas.

mod alpha;
mod frame;

use frame::FramePixels;

use super::container::{Container, Frame};
use crate::band::Band;
use crate::codecs::canvas::{Canvas, Disposal};
use crate::codecs::{Decoder, Delay};
use crate::{Cancel, Channels, ImageError, Size, SourceInfo};

/// What the decoder holds: the canvas of an animation, and what the dearest of its frames takes.
pub(super) fn decoder_bytes(container: &Container<'_>) -> u64 {
    let canvas = if container.animated {
        container.size.pixels() * 4
    } else {
        0
    };
    let dearest = container.frames.iter().map(frame::bytes).max().unwrap_or_default();
    let frames = container.frames.len() * size_of::<Frame<'_>>();
    canvas + dearest + 2 * frames as u64
}

pub(super) struct WebPDecoder<'s> {
    container: Container<'s>,
    /// The canvas of an animation; a still picture needs none.
    canvas: Option<Canvas>,
    /// The picture being decoded, if it is a still one.
    still: Option<FramePixels<'s>>,
    channels: Channels,
    size: Size,
    /// The next frame to draw, and the first to deliver.
    next: usize,
    first: usize,
    /// The next row of the canvas to deliver.
    row: u32,
    /// What frames took beyond what was told beforehand.
    more_bytes: u64,
}

impl<'s> WebPDecoder<'s> {
    pub(super) fn new(container: Container<'s>, info: &SourceInfo, first: u32) -> Self {
        let size = info.stored_size();
        Self {
            canvas: container.animated.then(|| Canvas::new(size)),
            container,
            still: None,
            channels: info.channels,
            size,
            next: 0,
            first: first as usize,
            row: 0,
            more_bytes: 0,
        }
    }

    /// Begins the next frame. One of an animation is decoded and drawn on the canvas.
    fn draw(&mut self, cancel: &Cancel) -> Result<Option<Delay>, ImageError> {
        // What the last frame held may be needed for this one.
        self.still = None;
        let Some(frame) = self.container.frames.get(self.next) else {
            return Ok(None);
        };
        self.next += 1;
        let mut pixels = FramePixels::open(frame, cancel)?;
        let Some(canvas) = &mut self.canvas else {
            self.still = Some(pixels);
            return Ok(Some(frame.delay));
        };
        let disposal = if frame.clears { Disposal::Clear } else { Disposal::Keep };
        let area = canvas.begin(frame.area, disposal);
        let channels = frame::channels(frame);
        let row_bytes = area.size.width as usize * channels.count();
        let mut canvas_rows = canvas.rows_mut(area);
        while let Some(rows) = pixels.next_rows(cancel)? {
            for (colours, row) in rows.chunks_exact(row_bytes).zip(&mut canvas_rows) {
                let (row, _) = row.as_chunks_mut::<4>();
                for (pixel, colour) in row.iter_mut().zip(colours.chunks_exact(channels.count())) {
                    let colour = channels.read(colour);
                    *pixel = if frame.blends { over(colour, *pixel) } else { colour };
                }
            }
            self.more_bytes = self.more_bytes.max(pixels.more_bytes());
        }
        Ok(Some(frame.delay))
    }
}

impl Decoder for WebPDecoder<'_> {
    fn next_frame(&mut self, cancel: &Cancel) -> Result<Option<Delay>, ImageError> {
        while self.next < self.first {
            self.draw(cancel)?;
        }
        self.row = 0;
        self.draw(cancel)
    }

    fn next_band(&mut self, cancel: &Cancel) -> Result<Option<Band<'_>>, ImageError> {
        if let Some(canvas) = &self.canvas {
            return Ok(Band::of_canvas(canvas.pixels(), self.size, &mut self.row));
        }
        let Some(still) = &mut self.still else {
            return Ok(None);
        };
        // Codes and transforms are read in steps before the first rows, and stay.
        self.more_bytes = self.more_bytes.max(still.more_bytes());
        let rows = still.next_rows(cancel)?;
        Ok(rows.map(|pixels| Band {
            pixels,
            width: self.size.width,
            channels: self.channels,
        }))
    }

    fn more_bytes(&self) -> u64 {
        self.more_bytes
    }
}

/// A pixel over another, neither premultiplied: W3C Compositing and Blending Level 1, source over.
fn over(above: [u8; 4], below: [u8; 4]) -> [u8; 4] {
    match (above[3], below[3]) {
        (0, _) => return below,
        (255, _) | (_, 0) => return above,
        _ => {}
    }
    // Both weights are out of 255 * 255.
    let upper = u32::from(above[3]) * 255;
    let lower = u32::from(below[3]) * (255 - u32::from(above[3]));
    let sum = upper + lower;
    let mix = |a: u8, b: u8| ((u32::from(a) * upper + u32::from(b) * lower + sum / 2) / sum) as u8;
    [
        mix(above[0], below[0]),
        mix(above[1], below[1]),
        mix(above[2], below[2]),
        ((sum + 127) / 255) as u8,
    ]
}
