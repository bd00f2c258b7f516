//! Decoder: decodes a still picture, a grid or the frames of an animation, and delivers rows of pixels from the top.
//!
//! A frame is decoded by rav1d in the caller's thread, at once. Of a grid, one row of tiles is held. Rows become
//! colours when they are asked for. Chroma of half the resolution is interpolated between its samples, which lie in
//! the middle of the pixels that they cover.

mod av1;
mod plane;

use crate::colour::Colours;
use crate::file::{File, Grid, Window};
use crate::sequence::Sequence;
use crate::{DecodeError, Header};
use av1::Av1;
use plane::Planes;

/// A picture being decoded.
pub struct Decoder<'s> {
    file: File<'s>,
    colours: Colours,
    alpha_colours: Option<Colours>,
    /// Decoders of an animation, whose frames depend on each other.
    av1: Option<(Av1, Option<Av1>)>,
    /// The next frame.
    frame: u32,
    /// The decoded frame, or a row of tiles.
    cells: Vec<Planes>,
    alpha: Option<Planes>,
    /// The number of the row of tiles.
    cell_row: u32,
    /// The next row of the window.
    row: u32,
    /// A row of luma, of both chromas and of alpha, as wide as the picture.
    samples: [Vec<u16>; 4],
}

impl<'s> Decoder<'s> {
    /// A decoder that has not decoded anything yet.
    pub fn new(file: File<'s>) -> Result<Self, DecodeError> {
        let colours = Colours::new(&file.colour, file.signal)?;
        let alpha_colours = match &file.alpha {
            Some(alpha) => Some(Colours::new(&Sequence { grey: true, ..*alpha }, alpha.signal)?),
            None => None,
        };
        Ok(Self {
            row: file.window.height,
            file,
            colours,
            alpha_colours,
            av1: None,
            frame: 0,
            cells: Vec::new(),
            alpha: None,
            cell_row: 0,
            samples: Default::default(),
        })
    }

    /// The properties of the picture.
    pub const fn header(&self) -> &Header {
        self.file.header()
    }

    /// Decodes the next frame. Returns its duration in milliseconds, or `None` after the last.
    pub fn next_frame(&mut self) -> Result<Option<u32>, DecodeError> {
        let header = self.file.header();
        if self.frame == header.frames {
            return Ok(None);
        }
        let index = self.frame as usize;
        self.frame += 1;
        self.row = 0;
        if self.file.animated {
            return self.animation_frame(index).map(Some);
        }
        self.alpha = match (self.file.still_alpha()?, &self.file.alpha) {
            (Some(data), Some(sequence)) => Some(Av1::new(sequence)?.decode(&data, sequence)?),
            _ => None,
        };
        self.decode_cells(0)?;
        Ok(Some(0))
    }

    fn animation_frame(&mut self, index: usize) -> Result<u32, DecodeError> {
        let (colour, alpha) = match &mut self.av1 {
            Some(av1) => av1,
            None => {
                let alpha = self.file.alpha.as_ref().map(Av1::new).transpose()?;
                self.av1.insert((Av1::new(&self.file.colour)?, alpha))
            }
        };
        let frame = self.file.frame(index)?;
        self.cells.clear();
        self.cells.push(colour.decode(&frame.data, &self.file.colour)?);
        if let (Some(alpha), Some(sequence)) = (alpha, &self.file.alpha) {
            let data = frame
                .alpha_data
                .ok_or(DecodeError::Corrupt("a frame has no transparency"))?;
            self.alpha = Some(alpha.decode(&data, sequence)?);
        }
        Ok(frame.duration_ms)
    }

    /// Decodes a row of tiles, or the only cell.
    fn decode_cells(&mut self, row: u32) -> Result<(), DecodeError> {
        let sequence = &self.file.colour;
        let columns = self.file.grid.map_or(1, |grid| grid.columns);
        self.cells.clear();
        self.cell_row = row;
        for index in row * columns..(row + 1) * columns {
            let data = self.file.cell(index as usize)?;
            self.cells.push(Av1::new(sequence)?.decode(&data, sequence)?);
        }
        Ok(())
    }

    /// Writes the frame's next row of pixels to `target`: grey or RGB, with alpha if the picture has it. Returns false
    /// after the last row.
    pub fn next_row(&mut self, target: &mut [u8]) -> Result<bool, DecodeError> {
        let Window {
            left,
            top,
            width,
            height,
        } = self.file.window;
        if self.row == height {
            return Ok(false);
        }
        let row = top + self.row;
        self.row += 1;
        let cell = self.file.colour;
        let cell_row = row / cell.height;
        if self.file.grid.is_some_and(|Grid { rows, .. }| cell_row < rows) && cell_row != self.cell_row {
            self.decode_cells(cell_row)?;
        }
        let row = row % cell.height;
        let [luma, first, second, alpha] = &mut self.samples;
        for samples in [&mut *luma, first, second, alpha] {
            samples.clear();
        }
        for cell in &self.cells {
            cell.luma(row, luma);
            if !self.file.colour.grey {
                cell.chroma(0, row, first);
                cell.chroma(1, row, second);
            }
        }
        let shown = left as usize..(left + width) as usize;
        let luma = &luma[shown.clone()];
        if let (Some(planes), Some(colours)) = (&self.alpha, &self.alpha_colours) {
            planes.luma(row, alpha);
            let step = if self.file.colour.grey { 2 } else { 4 };
            for (pixel, sample) in target.chunks_exact_mut(step).zip(&alpha[shown.clone()]) {
                pixel[step - 1] = colours.grey(*sample);
            }
        }
        let with_alpha = self.alpha.is_some();
        if self.file.colour.grey {
            let step = if with_alpha { 2 } else { 1 };
            for (pixel, sample) in target.chunks_exact_mut(step).zip(luma) {
                pixel[0] = self.colours.grey(*sample);
            }
        } else {
            let chroma = [&first[shown.clone()], &second[shown]];
            self.colours.rgb(luma, chroma, with_alpha, target);
        }
        if with_alpha && self.file.premultiplied() {
            divide_by_alpha(target, if self.file.colour.grey { 2 } else { 4 });
        }
        Ok(true)
    }
}

impl std::fmt::Debug for Decoder<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Decoder")
            .field("header", self.header())
            .finish_non_exhaustive()
    }
}

/// Undoes a multiplication by alpha, the last of `step` bytes.
fn divide_by_alpha(pixels: &mut [u8], step: usize) {
    for pixel in pixels.chunks_exact_mut(step) {
        let Some((&mut alpha, colours)) = pixel.split_last_mut() else {
            continue;
        };
        for colour in colours {
            let divided = (u32::from(*colour) * 255 + u32::from(alpha) / 2).checked_div(u32::from(alpha));
            *colour = divided.map_or(0, |value| value.min(255) as u8);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn division_by_alpha_restores_colours() {
        // 200 × 128/255 is 100, and 20 cannot be brighter than its alpha of 10.
        let mut pixels = [100, 0, 128, 128, 20, 10, 0, 10, 7, 7, 7, 0];
        divide_by_alpha(&mut pixels, 4);
        assert_eq!(pixels, [199, 0, 255, 128, 255, 255, 0, 10, 0, 0, 0, 0]);
    }
}
