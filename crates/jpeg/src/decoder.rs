//! JPEG decoder: decodes one row of MCUs at a time, and keeps the row of samples that the next one needs for
//! upsampling.

use crate::component::Component;
use crate::frame::Process;
use crate::header::Header;
use crate::plane::Rows;
use crate::scan::Scan;
use crate::{Colours, Damage, Error, Reduction};

/// Decodes one picture, from the top down.
#[derive(Debug)]
pub struct Decoder<'s> {
    width: u32,
    height: u32,
    colours: Colours,
    components: Vec<Component>,
    process: Process,
    damage: Damage,
    /// Whether a scan is missing.
    incomplete: bool,
    /// The scans that this scale needs, and the index of the next one to decode a row of.
    scans: Vec<Scan<'s>>,
    next_scan: usize,
    /// MCUs across, and rows of MCUs.
    mcus: (u32, u32),
    /// Rows of MCUs decoded so far, and the rows of pixels in each.
    done: u32,
    mcu_height: u32,
    failed: Option<Error>,
}

/// The progress of a decoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A scan's part of a row of MCUs is decoded, and other scans have more of the row.
    Working,
    /// A row of MCUs is ready: up to 32 rows of pixels.
    Rows,
    /// All rows were ready before.
    End,
}

impl<'s> Decoder<'s> {
    /// Prepares to decode at this size. Allocates what [`Header::decoder_bytes`] says.
    pub fn new(header: &Header<'s>, size: impl Into<Reduction>) -> Result<Self, Error> {
        let reduction = size.into();
        let scale = reduction.scale;
        let components = 0..header.frame.components.len();
        Ok(Self {
            width: scale.apply(header.width()),
            height: scale.apply(header.height()),
            colours: header.colours(),
            components: components
                .map(|index| Component::new(header, index, reduction))
                .collect::<Result<_, _>>()?,
            process: header.frame.process,
            damage: header.damage,
            incomplete: !header.complete,
            scans: header
                .needed_scans(reduction)
                .map(|scan| Scan::new(header, scan))
                .collect(),
            next_scan: 0,
            mcus: header.frame.mcus(),
            done: 0,
            mcu_height: header.rows_at_once(scale),
            failed: None,
        })
    }

    /// Width of the decoded picture in pixels.
    pub const fn width(&self) -> u32 {
        self.width
    }

    /// Height of the decoded picture in pixels.
    pub const fn height(&self) -> u32 {
        self.height
    }

    /// The colour model of the planes.
    pub const fn colours(&self) -> Colours {
        self.colours
    }

    /// Whether pixels are missing so far, which happens with [`Damage::Show`] only.
    pub fn is_damaged(&self) -> bool {
        self.incomplete || self.scans.iter().any(Scan::is_damaged)
    }

    /// Whether any row of MCUs was decoded up to its end so far. Without one, a damaged picture is all grey.
    pub fn has_pixels(&self) -> bool {
        self.scans.iter().any(Scan::has_pixels)
    }

    /// Decodes the next row of MCUs. Returns false after the last row. After an error every call returns the same
    /// error.
    pub fn advance(&mut self) -> Result<bool, Error> {
        loop {
            match self.step()? {
                Step::Working => {}
                Step::Rows => return Ok(true),
                Step::End => return Ok(false),
            }
        }
    }

    /// Decodes one scan's part of the next row of MCUs. A hostile file may have 200 scans, so a caller that wants to
    /// stop soon calls this function and not [`advance`](Self::advance). After an error every call returns the same
    /// error.
    pub fn step(&mut self) -> Result<Step, Error> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        if self.done == self.mcus.1 {
            return Ok(Step::End);
        }
        let result = self.decode();
        self.failed = result.err();
        result
    }

    fn decode(&mut self) -> Result<Step, Error> {
        let row = self.done as usize;
        if self.next_scan == 0 {
            // Blocks of progressive pictures are written whole, also those that lack coefficients.
            let clear = self.damage == Damage::Show && self.process == Process::Sequential;
            self.components
                .iter_mut()
                .for_each(|component| component.begin_row(clear));
        }
        if let Some(scan) = self.scans.get_mut(self.next_scan) {
            scan.decode_row(&mut self.components, self.mcus.0 as usize, row)?;
        }
        self.next_scan += 1;
        if self.next_scan < self.scans.len() {
            return Ok(Step::Working);
        }
        if self.process == Process::Progressive {
            self.components.iter_mut().for_each(|component| component.draw_row(row));
        }
        self.next_scan = 0;
        self.done += 1;
        Ok(Step::Rows)
    }

    /// The rows that are ready. After [`Step::Working`] their contents do not matter.
    pub fn rows(&self) -> Rows<'_> {
        let first = self.done.saturating_sub(1) * self.mcu_height;
        Rows {
            components: &self.components,
            mcu_row: self.done.saturating_sub(1),
            end: (first + self.mcu_height).min(self.height),
            height: self.height,
        }
    }
}
