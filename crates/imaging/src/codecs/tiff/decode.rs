//! TIFF page decoder: lends bands of rows. Strips are decompressed a few rows at a time, tiles one row of tiles at a
//! time. Where damage is shown, the rest of a damaged strip or tile is blank, and the next one is decoded again.

use super::chunk::Chunk;
use super::compression::Predictor;
use super::directory::Directory;
use super::failure::{Failure, INCOMPLETE};
use super::page::Page;
use super::samples::Palette;
use super::{corrupt, predictor, samples};
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
    show_damaged: bool,
    /// Whether any strip or tile was damaged, and whether any had a row of pixels.
    damaged: bool,
    has_pixels: bool,
    /// Whether the rest of the open strip is missing.
    lost: bool,
}

impl<'s> TiffDecoder<'s> {
    pub(super) fn new(source: &'s [u8], directory: &Directory<'s>, show_damaged: bool) -> Result<Self, ImageError> {
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
            show_damaged,
            damaged: false,
            has_pixels: false,
            lost: false,
        })
    }

    /// Puts the next rows of the chunk at this column into the band. Missing pixels are blank where damage is shown.
    fn place(&mut self, column: u32, rows: usize, cancel: &Cancel) -> Result<(), ImageError> {
        if self.row.is_multiple_of(self.page.chunk.height) {
            self.lost = false;
        }
        let mut whole_rows = rows;
        if self.lost {
            whole_rows = 0;
        } else if let Err((chunk, failure)) = self.decompress(column, rows, cancel) {
            let row_bytes = self.page.row_bytes();
            match failure {
                Failure::Damaged { written, .. } if self.show_damaged => {
                    whole_rows = self.page.whole_rows(written).min(rows);
                    (self.lost, self.damaged) = (true, true);
                }
                failure => return Err(failure.into_error(chunk, self.row, row_bytes)),
            }
        }
        self.has_pixels |= whole_rows > 0;
        self.undo_predictor(cancel)?;
        self.convert(column, self.page.plane_bytes(rows), whole_rows, cancel)
    }

    /// Decompresses the next rows of the chunk at this column. A failure comes with the number of the chunk. Of several
    /// planes none has more rows than the failure tells.
    fn decompress(&mut self, column: u32, rows: usize, cancel: &Cancel) -> Result<(), (u64, Failure)> {
        let page = &self.page;
        let height = page.chunk.height;
        let index = u64::from(self.row / height) * u64::from(page.across()) + u64::from(column);
        let plane_chunks = u64::from(page.across()) * u64::from(page.down());
        let index_of = |plane: usize| index + plane as u64 * plane_chunks;
        if self.row.is_multiple_of(height) {
            let all_rows = height.min(page.size.height - self.row) as usize;
            let pixel_bytes = page.plane_bytes(all_rows);
            self.open.clear();
            for plane in 0..page.planes() {
                let is_shown = !page.planar || page.is_shown(plane as u32);
                let open = || Chunk::open(page, self.source, index_of(plane), pixel_bytes, cancel);
                let chunk = is_shown.then(open).transpose();
                self.open.push(chunk.map_err(|failure| (index_of(plane), failure))?);
            }
        }
        let plane_bytes = page.plane_bytes(rows);
        fit(&mut self.chunk, plane_bytes * page.planes());
        let buffers = self.chunk.chunks_exact_mut(plane_bytes);
        let mut damage: Option<(u64, Failure)> = None;
        for (plane, (chunk, buffer)) in self.open.iter_mut().zip(buffers).enumerate() {
            let Some(chunk) = chunk else { continue };
            match (chunk.fill(buffer, cancel), &mut damage) {
                (Ok(()), _) => {}
                (Err(Failure::Damaged { written, .. }), Some((_, Failure::Damaged { written: least, .. }))) => {
                    *least = written.min(*least);
                }
                (Err(failure @ Failure::Damaged { .. }), _) => damage = Some((index_of(plane), failure)),
                (Err(failure), _) => return Err((index_of(plane), failure)),
            }
        }
        damage.map_or(Ok(()), Err)
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

    /// Turns the samples of the decompressed chunk into pixels of the band. The rows after the first `whole_rows` are
    /// missing.
    fn convert(
        &mut self,
        column: u32,
        plane_bytes: usize,
        whole_rows: usize,
        cancel: &Cancel,
    ) -> Result<(), ImageError> {
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
            if row >= whole_rows {
                let missing = page.channels().missing();
                target
                    .chunks_exact_mut(count)
                    .for_each(|pixel| pixel.copy_from_slice(missing));
                continue;
            }
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
            return if self.has_pixels {
                Ok(None)
            } else {
                Err(corrupt(INCOMPLETE))
            };
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

    fn is_damaged(&self) -> bool {
        self.damaged
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
