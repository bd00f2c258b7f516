//! Component of a picture being decoded: its samples, and the coefficients of a progressive picture, both of one row of
//! MCUs.

use crate::block::{Coefficients, ZIGZAG};
use crate::frame::{Frame, Process};
use crate::header::Header;
use crate::kind::Kind;
use crate::sampling::Sampling;
use crate::{Error, Reduction, transform};

/// The sample of missing pixels: the middle of all values, as in a block without coefficients.
const GREY: u8 = 128;

/// A component being decoded.
#[derive(Debug)]
pub(crate) struct Component {
    pub(crate) kind: Kind,
    pub(crate) multipliers: Box<[f32; 64]>,
    /// Blocks in an MCU.
    pub(crate) across: usize,
    pub(crate) down: usize,
    /// Blocks that hold pixels, across and down in the whole picture.
    pub(crate) blocks: (usize, usize),
    pub(crate) sampling: Sampling,
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// The last row of samples of the MCUs before, then the rows of the current MCUs.
    pub(crate) plane: Vec<u8>,
    pub(crate) stride: usize,
    /// Blocks in a row of MCUs, across.
    blocks_across: usize,
    /// The coefficients of a progressive picture, block by block. The AC ones are left out if nothing needs them.
    dc: Vec<i16>,
    ac: Vec<Coefficients>,
}

impl Component {
    pub(crate) fn new(header: &Header<'_>, index: usize, reduction: Reduction) -> Result<Self, Error> {
        let frame = &header.frame;
        let component = &frame.components[index];
        let sampling = frame.sampling(index, reduction);
        let (points_across, points_down) = (sampling.block_width, sampling.block_height);
        let mut multipliers = Box::new([0.0; 64]);
        for (place, multiplier) in multipliers.iter_mut().enumerate() {
            let at = usize::from(ZIGZAG[place]);
            let factors = transform::factor(at / 8, points_across) * transform::factor(at % 8, points_down);
            *multiplier = (f64::from(header.quantisation[index][place]) * factors / 8.0) as f32;
        }
        let (most_across, most_down) = frame.most_blocks();
        let length = |pixels: u32, blocks: u32, points: u32, most: u32| (pixels * blocks * points).div_ceil(8 * most);
        let (blocks_across, blocks_down) = frame.blocks(component);
        let [stride, rows] = frame.plane(component, sampling);
        let [row_across, row_down] = frame.blocks_in_row(component);
        let kind = Kind::new(points_across, points_down).ok_or(Error::Unsupported("with these sampling factors"))?;
        let (dc, ac) = Self::coefficients(header, index, reduction);
        Ok(Self {
            kind,
            multipliers,
            across: component.across as usize,
            down: component.down as usize,
            blocks: (blocks_across as usize, blocks_down as usize),
            sampling,
            width: length(frame.width, component.across, points_across, most_across),
            height: length(frame.height, component.down, points_down, most_down),
            plane: vec![GREY; stride * rows],
            stride,
            blocks_across: row_across,
            dc: vec![0; if dc { row_across * row_down } else { 0 }],
            ac: vec![Coefficients::NONE; if ac { row_across * row_down } else { 0 }],
        })
    }

    /// Whether DC and whether AC coefficients are kept.
    fn coefficients(header: &Header<'_>, index: usize, reduction: Reduction) -> (bool, bool) {
        if header.frame.process == Process::Sequential {
            return (false, false);
        }
        let has_ac = header
            .needed_scans(reduction)
            .any(|scan| scan.coefficients() & !1 != 0 && scan.parts.iter().any(|part| part.component == index));
        (true, has_ac)
    }

    /// The bytes that a component of this header holds.
    pub(crate) fn bytes(header: &Header<'_>, index: usize, reduction: Reduction) -> usize {
        let component = &header.frame.components[index];
        let [stride, rows] = header.frame.plane(component, header.frame.sampling(index, reduction));
        let [across, down] = header.frame.blocks_in_row(component);
        let (dc, ac) = Self::coefficients(header, index, reduction);
        let block = if dc { size_of::<i16>() } else { 0 } + if ac { size_of::<Coefficients>() } else { 0 };
        stride * rows + across * down * block + size_of::<Self>() + size_of::<[f32; 64]>()
    }

    /// The coefficients that a component's samples depend on: bit n for index n in zigzag order.
    pub(crate) fn wanted(frame: &Frame, index: usize, reduction: Reduction) -> u64 {
        let sampling = frame.sampling(index, reduction);
        Kind::new(sampling.block_width, sampling.block_height).map_or(u64::MAX, |kind| kind.wanted)
    }

    /// Keeps the last row of samples, and makes room for the next MCUs. With `clear`, what they lack is grey.
    pub(crate) fn begin_row(&mut self, clear: bool) {
        let last = self.plane.len() - self.stride;
        self.plane.copy_within(last.., 0);
        if clear {
            self.plane[self.stride..].fill(GREY);
        }
    }

    /// The DC coefficient of a block of the current MCUs.
    #[inline(always)]
    pub(crate) fn dc(&mut self, column: usize, row: usize) -> Option<&mut i16> {
        self.dc.get_mut(row * self.blocks_across + column)
    }

    /// The AC coefficients of a block of the current MCUs.
    #[inline(always)]
    pub(crate) fn ac(&mut self, column: usize, row: usize) -> Option<&mut Coefficients> {
        self.ac.get_mut(row * self.blocks_across + column)
    }

    /// Writes the samples of a row of MCUs of a progressive picture, and clears the coefficients for the next one.
    pub(crate) fn draw_row(&mut self, mcu_row: usize) {
        let Self {
            kind,
            multipliers,
            sampling,
            plane,
            stride,
            ..
        } = self;
        let multipliers: &[f32; 64] = multipliers;
        let rows = self.down.min(self.blocks.1 - mcu_row * self.down);
        for row in 0..rows {
            let first = row * self.blocks_across;
            let dc = &self.dc[first..first + self.blocks.0];
            let place = |column| sampling.place(column, row, *stride);
            if kind.wanted == 1 {
                // Blocks of one sample, and so for an eighth of the size.
                for (sample, dc) in plane[place(0)..].iter_mut().zip(dc) {
                    *sample = transform::byte(f32::from(*dc) * multipliers[0]);
                }
                continue;
            }
            let mut ac = self.ac.get_mut(first..first + self.blocks.0);
            for (column, dc) in dc.iter().enumerate() {
                let plane = &mut plane[place(column)..];
                let mut draw = |ac: &Coefficients| (kind.draw)(*dc, ac, multipliers, plane, *stride);
                match ac.as_mut().map(|ac| &mut ac[column]) {
                    Some(ac) if ac.nonzero != 0 => {
                        draw(ac);
                        *ac = Coefficients::NONE;
                    }
                    _ => draw(&Coefficients::NONE),
                }
            }
        }
        self.dc.fill(0);
        if kind.wanted == 1 {
            self.ac.fill(Coefficients::NONE);
        }
    }
}
