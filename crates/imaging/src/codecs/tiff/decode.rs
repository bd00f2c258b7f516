//! TIFF page decoder: lends bands of rows. Strips are decompressed a few rows at a time, tiles one row of tiles at a
//! time.

use super::chunk::Chunk;
use super::compression::Predictor;
use super::directory::Directory;
use super::failure::Failure;
use super::page::Page;
use super::samples::Palette;
use super::{predictor, samples};
use crate::band::Band;
use crate::codecs::{Decoder, Delay};
use crate::{Cancel, ImageError};

pub(super) struct TiffDecoder<'s> {
    source: &'s [u8],
    page: Page<'s>,
    palette: Palette,
    started: bool,
    /// The next row of the page.
    row: u32,
    /// The strip that is being decompressed, plane by plane. `None` for a plane that is not shown.
    open: Vec<Option<Chunk<'s>>>,
    /// The decompressed rows of a chunk, plane by plane.
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
            row: 0,
            open: Vec::new(),
            chunk: Vec::new(),
            samples: Vec::new(),
            pixels: Vec::new(),
        })
    }

    /// Decompresses the next rows of the chunk at this column into the band.
    fn place(&mut self, column: u32, rows: usize, cancel: &Cancel) -> Result<(), ImageError> {
        let page = &self.page;
        let height = page.chunk.height;
        let index = u64::from(self.row / height) * u64::from(page.across()) + u64::from(column);
        let plane_chunks = u64::from(page.across()) * u64::from(page.down());
        let index_of = |plane: usize| index + plane as u64 * plane_chunks;
        let (first, row_bytes) = (self.row, page.row_bytes());
        let failed = |plane, failure: Failure| failure.into_error(index_of(plane), first, row_bytes);
        if self.row.is_multiple_of(height) {
            let all_rows = height.min(page.size.height - self.row) as usize;
            let pixel_bytes = page.plane_bytes(all_rows);
            self.open.clear();
            for plane in 0..page.planes() {
                let is_shown = !page.planar || page.is_shown(plane as u32);
                let open = || Chunk::open(page, self.source, index_of(plane), pixel_bytes, cancel);
                let chunk = is_shown.then(open).transpose();
                self.open.push(chunk.map_err(|failure| failed(plane, failure))?);
            }
        }
        let plane_bytes = page.plane_bytes(rows);
        fit(&mut self.chunk, plane_bytes * page.planes());
        let buffers = self.chunk.chunks_exact_mut(plane_bytes);
        for (plane, (chunk, buffer)) in self.open.iter_mut().zip(buffers).enumerate() {
            if let Some(chunk) = chunk {
                chunk.fill(buffer, cancel).map_err(|failure| failed(plane, failure))?;
            }
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
        let page = &self.page;
        if self.row == page.size.height {
            return Ok(None);
        }
        let left = (page.chunk.height - self.row % page.chunk.height).min(page.size.height - self.row);
        let rows = page.band_rows().min(left);
        let channels = page.channels();
        fit(
            &mut self.pixels,
            rows as usize * page.size.width as usize * channels.count(),
        );
        for column in 0..page.across() {
            self.place(column, rows as usize, cancel)?;
        }
        self.row += rows;
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
