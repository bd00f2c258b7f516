//! Progressive JPEG encoder: writes the mean of every block, then low frequencies of luma, then chroma, then the rest.
//!
//! The picture is transformed one row of blocks at a time, and all coefficients are kept. Each scan then goes over the
//! coefficients of one component twice: to count its symbols, and to write them. Both passes check the cancel flag once
//! a row of blocks. Not here, on purpose: successive approximation, which would save a few per cent more.

use std::ops::Range;

use super::file;
use super::huffman::Code;
use super::input::Input;
use super::quantiser::{Block, Quantiser};
use super::symbols::{self, Counts, Symbols, Writer};
use super::transform::{Component, Planes};
use crate::{Cancel, ImageError, Subsampling};

/// A scan: the index of its component, and its range of coefficients.
type Part = (usize, Range<u8>);

/// The first scans are small, and show the whole picture with few details.
const GRAY_SCANS: [Part; 3] = [(0, 0..1), (0, 1..6), (0, 6..64)];
const COLOUR_SCANS: [Part; 7] = [
    (0, 0..1),
    (1, 0..1),
    (2, 0..1),
    (0, 1..6),
    (1, 1..64),
    (2, 1..64),
    (0, 6..64),
];

/// Appends the file. The picture has one or three channels and sides of up to 65,535 pixels.
pub(super) fn write(
    input: Input<'_>,
    quality: u8,
    subsampling: Subsampling,
    bytes: &mut Vec<u8>,
    cancel: &Cancel,
) -> Result<(), ImageError> {
    let (gray, size) = (input.is_gray(), input.size());
    let luma = Quantiser::luma(quality);
    let chroma = Quantiser::chroma(quality);
    let sampling = if gray { [1, 1] } else { subsampling.factors() };
    let mut components = vec![Component::new(&luma, size, [1, 1])];
    if !gray {
        components.extend([(); 2].map(|()| Component::new(&chroma, size, sampling)));
    }
    for component in &mut components {
        component.reserve(size.height);
    }
    let mut planes = Planes::new(size.width, components.len(), sampling);
    for row in 0..input.mcu_rows(&planes) {
        cancel.check()?;
        let rows = input.fill(row, &mut planes);
        for (plane, component) in components.iter_mut().enumerate() {
            component.transform(&mut planes, plane, rows);
        }
    }
    drop(planes);

    file::begin(file::PROGRESSIVE, size, &components, sampling, bytes);
    let scans = if gray { &GRAY_SCANS[..] } else { &COLOUR_SCANS[..] };
    for (index, range) in scans {
        write_scan(&components[*index], *index, range.clone(), bytes, cancel)?;
    }
    file::end(bytes);
    Ok(())
}

/// A scan of one component, after the segment of its Huffman code.
fn write_scan(
    component: &Component<'_>,
    index: usize,
    range: Range<u8>,
    bytes: &mut Vec<u8>,
    cancel: &Cancel,
) -> Result<(), ImageError> {
    let mut counts = [Counts::new()];
    let mut scan = Scan::new(range.clone());
    for row in component.rows() {
        cancel.check()?;
        scan.row(row, &mut counts);
    }
    scan.finish(&mut counts);
    let codes = counts.map(Code::new);

    let class = if range.start == 0 {
        file::Class::Dc
    } else {
        file::Class::Ac
    };
    // Each scan redefines table 0 of its class.
    file::huffman(class, 0, &codes[0], bytes);
    file::scan(&[1, index as u8 + 1, 0, range.start, range.end - 1, 0], bytes);

    let mut writer = Writer::new(&codes, bytes);
    let mut scan = Scan::new(range);
    for row in component.rows() {
        cancel.check()?;
        scan.row(row, &mut writer);
    }
    scan.finish(&mut writer);
    writer.finish();
    Ok(())
}

/// A scan on its way over a component's blocks.
struct Scan {
    range: Range<u8>,
    /// The first coefficient of the block before.
    before: i16,
    /// The pending run of blocks without further coefficients.
    empty: u16,
}

impl Scan {
    /// The range of coefficients: the first alone, or any of the others.
    const fn new(range: Range<u8>) -> Self {
        Self {
            range,
            before: 0,
            empty: 0,
        }
    }

    fn row(&mut self, blocks: &[Block], symbols: &mut impl Symbols) {
        if self.range.start == 0 {
            for block in blocks {
                symbols::dc(0, block.mean(), &mut self.before, symbols);
            }
        } else {
            for block in blocks {
                self.block(block, symbols);
            }
        }
    }

    fn block(&mut self, block: &Block, symbols: &mut impl Symbols) {
        /// The longest run of blocks in one symbol: G.1.2.2.
        const MOST_EMPTY: u16 = 0x7fff;
        if block.nonzero(&self.range).next().is_some() {
            self.finish(symbols);
        }
        if symbols::coefficients(0, block, &self.range, symbols) {
            self.empty += 1;
            if self.empty == MOST_EMPTY {
                self.finish(symbols);
            }
        }
    }

    /// Writes the pending run of empty blocks.
    fn finish(&mut self, symbols: &mut impl Symbols) {
        if let Some(count) = self.empty.checked_ilog2() {
            symbols.put(0, (count as u8) << 4, self.empty - (1 << count), count);
            self.empty = 0;
        }
    }
}
