//! TIFF page decoder: decompresses one row of strips or tiles at a time, and lends it as a band.

use super::page::Page;
use super::{chunk, samples};
use crate::band::Band;
use crate::codecs::{Decoder, Delay};
use crate::{Cancel, ImageError};

pub(super) struct TiffDecoder<'s> {
    source: &'s [u8],
    page: Page<'s>,
    started: bool,
    /// The next row of chunks.
    next: u32,
    /// A decompressed chunk with all its planes.
    chunk: Vec<u8>,
    /// All samples of one row of the chunk.
    samples: Vec<u8>,
    pixels: Vec<u8>,
}

impl<'s> TiffDecoder<'s> {
    pub(super) const fn new(source: &'s [u8], page: Page<'s>) -> Self {
        Self {
            source,
            page,
            started: false,
            next: 0,
            chunk: Vec::new(),
            samples: Vec::new(),
            pixels: Vec::new(),
        }
    }

    /// Decodes the chunk at this column of the next row of chunks, and copies `rows` rows of it into the band.
    fn place(&mut self, column: u32, rows: usize, cancel: &Cancel) -> Result<(), ImageError> {
        let page = &self.page;
        let (across, down) = (page.across() as usize, page.down() as usize);
        let all = page.samples as usize;
        let width = page.chunk.width as usize;
        let row_bytes = page.chunk_row_bytes();
        let index = self.next as usize * across + column as usize;
        let planes = if page.planar { all } else { 1 };

        let left = column as usize * width;
        let visible = width.min(page.size.width as usize - left);
        let count = page.channels().count();
        let plane_bytes = rows * row_bytes;
        self.chunk.resize(plane_bytes * planes, 0);
        for (plane, chunk) in self.chunk.chunks_exact_mut(plane_bytes).enumerate() {
            chunk::read(page, self.source, index + plane * across * down, chunk, cancel)?;
            if page.differences {
                chunk
                    .chunks_exact_mut(row_bytes)
                    .for_each(|line| samples::sum(line, page, all / planes));
            }
        }
        self.samples.resize(width * all, 0);
        let targets = self.pixels.chunks_exact_mut(page.size.width as usize * count);
        for (row, target) in targets.enumerate() {
            for (plane, chunk) in self.chunk.chunks_exact(plane_bytes).enumerate() {
                let values = samples::of_row(&chunk[row * row_bytes..][..row_bytes], page);
                let places = self.samples.iter_mut().skip(plane).step_by(planes);
                places.zip(values).for_each(|(place, value)| *place = value);
            }
            let target = &mut target[left * count..(left + visible) * count];
            samples::to_channels(&self.samples[..visible * all], page, target);
        }
        Ok(())
    }
}

impl Decoder for TiffDecoder<'_> {
    fn next_frame(&mut self, _: &Cancel) -> Result<Option<Delay>, ImageError> {
        let first = !std::mem::replace(&mut self.started, true);
        Ok(first.then_some(0))
    }

    fn next_band(&mut self, cancel: &Cancel) -> Result<Option<Band<'_>>, ImageError> {
        if self.next == self.page.down() {
            return Ok(None);
        }
        let top = self.next * self.page.chunk.height;
        let rows = self.page.chunk.height.min(self.page.size.height - top) as usize;
        let channels = self.page.channels();
        self.pixels
            .resize(rows * self.page.size.width as usize * channels.count(), 0);
        for column in 0..self.page.across() {
            self.place(column, rows, cancel)?;
        }
        self.next += 1;
        Ok(Some(Band {
            pixels: &self.pixels,
            width: self.page.size.width,
            channels,
        }))
    }
}
