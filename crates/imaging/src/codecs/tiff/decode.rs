//! TIFF page decoder: decompresses one row of strips or tiles at a time, and lends it as a band.

use super::compression::Predictor;
use super::directory::Directory;
use super::failure::Failure;
use super::page::Page;
use super::samples::Palette;
use super::{chunk, predictor, samples};
use crate::band::Band;
use crate::codecs::{Decoder, Delay};
use crate::{Cancel, ImageError};

pub(super) struct TiffDecoder<'s> {
    source: &'s [u8],
    page: Page<'s>,
    palette: Palette,
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
    pub(super) fn new(source: &'s [u8], directory: &Directory<'s>) -> Result<Self, ImageError> {
        let page = Page::read(directory)?;
        Ok(Self {
            source,
            palette: Palette::read(&page, directory)?,
            page,
            started: false,
            next: 0,
            chunk: Vec::new(),
            samples: Vec::new(),
            pixels: Vec::new(),
        })
    }

    /// Decodes the chunk at this column of the next row of chunks, and copies `rows` rows of it into the band.
    fn place(&mut self, column: u32, rows: usize, cancel: &Cancel) -> Result<(), ImageError> {
        let page = &self.page;
        let across = u64::from(page.across());
        let index = u64::from(self.next) * across + u64::from(column);
        let plane_bytes = page.plane_bytes(rows);
        fit(&mut self.chunk, plane_bytes * page.planes());
        for (plane, chunk) in self.chunk.chunks_exact_mut(plane_bytes).enumerate() {
            if page.planar && !page.is_shown(plane as u32) {
                continue;
            }
            let index = index + plane as u64 * across * u64::from(page.down());
            chunk::read(page, self.source, index, chunk, cancel)
                .map_err(|failure: Failure| failure.into_error(index))?;
        }
        self.undo_predictor(cancel)?;
        self.convert(column, plane_bytes, cancel)
    }

    fn undo_predictor(&mut self, cancel: &Cancel) -> Result<(), ImageError> {
        let page = &self.page;
        let Some(bytes) = page.depth.bytes().filter(|_| page.predictor != Predictor::None) else {
            return Ok(());
        };
        let step = page.samples as usize / page.planes();
        for row in self.chunk.chunks_exact_mut(page.row_bytes()) {
            cancel.check()?;
            predictor::undo(row, page, step, bytes);
        }
        Ok(())
    }

    /// Turns the samples of the decompressed chunk into pixels of the band.
    fn convert(&mut self, column: u32, plane_bytes: usize, cancel: &Cancel) -> Result<(), ImageError> {
        let page = &self.page;
        let (all, width) = (page.samples as usize * page.sample_bytes(), page.chunk.width as usize);
        let left = column as usize * width;
        let visible = width.min(page.size.width as usize - left);
        let count = page.channels().count();
        let row_bytes = page.row_bytes();
        // Bytes in the order of the channels need no unpacking.
        let as_stored = page.depth.is_byte() && !page.planar;
        self.samples.resize(width * all, 0);
        let targets = self.pixels.chunks_exact_mut(page.size.width as usize * count);
        for (row, target) in targets.enumerate() {
            cancel.check()?;
            let target = &mut target[left * count..(left + visible) * count];
            if let Some(ycbcr) = page.subsampling() {
                ycbcr.unpack(&self.chunk, row, page.chunk.width, &mut self.samples);
            } else if as_stored {
                let stored = &self.chunk[row * row_bytes..][..visible * all];
                samples::to_channels(stored, page, &self.palette, target);
                continue;
            } else {
                for (plane, chunk) in self.chunk.chunks_exact(plane_bytes).enumerate() {
                    samples::unpack(&chunk[row * row_bytes..][..row_bytes], page, plane, &mut self.samples);
                }
            }
            samples::to_channels(&self.samples[..visible * all], page, &self.palette, target);
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
        fit(
            &mut self.pixels,
            rows * self.page.size.width as usize * channels.count(),
        );
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

/// Gives a buffer this length. Memory that is new comes from the system in zeros, and takes no time here.
fn fit(buffer: &mut Vec<u8>, length: usize) {
    if buffer.capacity() < length {
        *buffer = Vec::new();
        *buffer = vec![0; length];
    } else {
        buffer.resize(length, 0);
    }
}
