//! WebP decoder: lends the rows of a still picture, and draws the frames of an animation on a canvas.

mod alpha;
mod frame;
mod planes;

use frame::FramePixels;

use super::container::{Container, Frame, Frames, INCOMPLETE};
use super::corrupt;
use crate::band::Band;
use crate::codecs::canvas::{Area, Canvas, Disposal};
use crate::codecs::{Decoder, Delay, Wanted};
use crate::shrink::Shrink;
use crate::{Cancel, Channels, ImageError, Size, SourceInfo};

pub(super) use frame::bytes as frame_bytes;
pub(super) use planes::{WebPPlanes, spacings};

/// Bytes that the decoder holds: the canvas of an animation, and the frame that takes most.
pub(super) fn decoder_bytes(container: &Container<'_>, dearest_frame: u64) -> u64 {
    let canvas = if container.animated {
        container.size.pixels() * 4
    } else {
        0
    };
    canvas + dearest_frame
}

pub(super) struct WebPDecoder<'s> {
    /// The frames after the open one.
    frames: Frames<'s>,
    /// The canvas of an animation; a still picture needs none.
    canvas: Option<Canvas>,
    /// The picture or frame being decoded.
    open: Option<(Frame<'s>, FramePixels<'s>)>,
    /// The open frame's place on the canvas, and how many of its rows are drawn.
    area: Area,
    drawn: usize,
    channels: Channels,
    /// The stored size, and the part of it that is delivered.
    size: Size,
    shrink: Shrink,
    /// The number of frames to draw before the first one that is delivered.
    to_skip: u32,
    /// The next row of the canvas to deliver.
    row: u32,
    /// The damage of the frame on the canvas. It is reported after the rows.
    damage: Option<ImageError>,
    /// Bytes that frames took beyond the prediction.
    more_bytes: u64,
}

impl<'s> WebPDecoder<'s> {
    pub(super) fn new(container: &Container<'s>, info: &SourceInfo, wanted: Wanted, cancel: &Cancel) -> Self {
        let size = info.stored_size();
        Self {
            frames: container.frames(cancel),
            canvas: container.animated.then(|| Canvas::new(size)),
            open: None,
            area: Area::default(),
            drawn: 0,
            channels: info.channels,
            size,
            shrink: wanted.shrink,
            to_skip: wanted.first,
            row: 0,
            damage: None,
            more_bytes: 0,
        }
    }

    /// Opens the next frame; whether there is one.
    fn open_next(&mut self, cancel: &Cancel) -> Result<bool, ImageError> {
        // The last frame frees its memory before this one allocates.
        self.open = None;
        let Some(frame) = self.frames.next().transpose()? else {
            return Ok(false);
        };
        self.open = Some((frame, FramePixels::open(&frame, self.shrink, cancel)?));
        if let Some(canvas) = &mut self.canvas {
            let disposal = if frame.clears { Disposal::Clear } else { Disposal::Keep };
            self.area = canvas.begin(frame.area, disposal);
            self.drawn = 0;
        }
        Ok(true)
    }

    /// Draws some rows of the open frame on the canvas. Returns whether there is more to draw before the canvas is
    /// shown: rows of this frame, or another frame that is not delivered.
    fn draw(&mut self, cancel: &Cancel) -> Result<bool, ImageError> {
        let (Some((frame, open)), Some(canvas)) = (&mut self.open, &mut self.canvas) else {
            return Ok(false);
        };
        let rows = match open.next_rows(cancel) {
            Ok(Some(rows)) => rows,
            Ok(None) => {
                let is_cut = frame.is_cut;
                self.open = None;
                if self.to_skip == 0 {
                    self.damage = is_cut.then(|| corrupt(INCOMPLETE));
                    return Ok(false);
                }
                self.to_skip -= 1;
                return self.open_next(cancel);
            }
            Err(error) if self.to_skip == 0 && self.drawn > 0 && !matches!(error, ImageError::Cancelled) => {
                self.open = None;
                self.damage = Some(error);
                return Ok(false);
            }
            Err(error) => return Err(error),
        };
        let channels = frame::channels(frame);
        let rows = rows.chunks_exact(self.area.size.width as usize * channels.count());
        for (colours, row) in rows.zip(canvas.rows_mut(self.area).skip(self.drawn)) {
            let (row, _) = row.as_chunks_mut::<4>();
            for (pixel, colour) in row.iter_mut().zip(colours.chunks_exact(channels.count())) {
                let colour = channels.read(colour);
                *pixel = if frame.blends { over(colour, *pixel) } else { colour };
            }
            self.drawn += 1;
        }
        Ok(true)
    }
}

impl Decoder for WebPDecoder<'_> {
    /// Frames before the first one to deliver are drawn together with it, by `next_band`.
    fn next_frame(&mut self, cancel: &Cancel) -> Result<Option<Delay>, ImageError> {
        self.row = 0;
        let mut following = self.frames.clone().skip(self.to_skip as usize);
        let delay = following.next().and_then(Result::ok).map(|frame| frame.delay);
        if !self.open_next(cancel)? {
            return Ok(None);
        }
        Ok(Some(delay.unwrap_or_default()))
    }

    fn next_band(&mut self, cancel: &Cancel) -> Result<Option<Band<'_>>, ImageError> {
        // Prefix codes and transforms are read in steps before the first rows, and stay.
        let more_bytes = self.open.as_ref().map_or(0, |(_, open)| open.more_bytes());
        self.more_bytes = self.more_bytes.max(more_bytes);
        if self.draw(cancel)? {
            return Ok(Some(Band {
                pixels: &[],
                width: self.size.width,
                channels: self.channels,
            }));
        }
        if let Some(canvas) = &self.canvas {
            return match Band::of_canvas(canvas.pixels(), self.size, &mut self.row) {
                None => self.damage.take().map_or(Ok(None), Err),
                band => Ok(band),
            };
        }
        let Some((frame, open)) = &mut self.open else {
            return Ok(None);
        };
        let width = self.size.width.div_ceil(self.shrink.denominator());
        let rows = open.next_rows(cancel)?;
        if rows.is_none() && frame.is_cut {
            return Err(corrupt(INCOMPLETE));
        }
        Ok(rows.map(|pixels| Band {
            pixels,
            width,
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
