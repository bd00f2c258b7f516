//! Baseline JPEG encoder: one scan of all components, with optimal Huffman codes.
//!
//! The picture is transformed twice, one row of MCUs at a time: to count the symbols, and to write them. No coefficient
//! is kept, so that a picture of any size takes a few rows. Of a large picture only some rows of MCUs are counted, as
//! many as a quarter of a megapixel has. Photographs of a megapixel become up to half a per cent larger by it.

use super::file;
use super::huffman::Code;
use super::input::Input;
use super::quantiser::{Block, Quantiser};
use super::symbols::{self, Counts, Symbols, Writer};
use super::transform::{Component, Planes};
use crate::{Cancel, ImageError, Subsampling};

/// Pictures up to this size are counted whole, in pixels.
const COUNTED_PIXELS: u64 = 1 << 18;

/// Appends the file. The picture has one or three channels and sides of up to 65,535 pixels.
pub(super) fn write(
    input: Input<'_>,
    quality: u8,
    subsampling: Subsampling,
    bytes: &mut Vec<u8>,
    cancel: &Cancel,
) -> Result<(), ImageError> {
    let gray = input.is_gray();
    let quantisers = [Quantiser::luma(quality), Quantiser::chroma(quality)];
    let sampling = if gray { [1, 1] } else { subsampling.factors() };
    let mut rows = Rows::new(input, &quantisers, sampling);

    let step = input.size().pixels().div_ceil(COUNTED_PIXELS).max(1) as usize;
    let mut counts = [(); 4].map(|()| Counts::new());
    if step > 1 {
        // A symbol that no counted row has may come up in another row.
        for pair in counts.as_chunks_mut::<2>().0 {
            pair[0].add_all_dc();
            pair[1].add_all_ac();
        }
    }
    rows.encode(step, &mut counts, cancel)?;
    let codes = counts.map(Code::new);

    file::begin(file::BASELINE, input.size(), &rows.components, sampling, bytes);
    let tables = if gray { 1 } else { 2 };
    for (table, pair) in codes.chunks(2).take(tables).enumerate() {
        file::huffman(file::Class::Dc, table as u8, &pair[0], bytes);
        file::huffman(file::Class::Ac, table as u8, &pair[1], bytes);
    }
    let mut head = vec![rows.components.len() as u8];
    for index in 0..rows.components.len() as u8 {
        head.extend([index + 1, if index == 0 { 0x00 } else { 0x11 }]);
    }
    head.extend([0, 63, 0]);
    file::scan(&head, bytes);
    let mut writer = Writer::new(&codes, bytes);
    rows.encode(1, &mut writer, cancel)?;
    writer.finish();
    file::end(bytes);
    Ok(())
}

/// The rows of MCUs of a picture, one after the other.
struct Rows<'p> {
    input: Input<'p>,
    components: Vec<Component<'p>>,
    planes: Planes,
    /// Blocks of luma in an MCU, across and down.
    sampling: [usize; 2],
}

impl<'p> Rows<'p> {
    fn new(input: Input<'p>, [luma, chroma]: &'p [Quantiser; 2], sampling: [u8; 2]) -> Self {
        let size = input.size();
        let mut components = vec![Component::new(luma, size, [1, 1])];
        if !input.is_gray() {
            components.extend([(); 2].map(|()| Component::new(chroma, size, sampling)));
        }
        Self {
            input,
            planes: Planes::new(size.width, components.len(), sampling),
            components,
            sampling: sampling.map(usize::from),
        }
    }

    /// Passes the symbols of every row of MCUs whose number `step` divides.
    fn encode(&mut self, step: usize, symbols: &mut impl Symbols, cancel: &Cancel) -> Result<(), ImageError> {
        let mut before = [0; 3];
        for row in (0..self.input.mcu_rows(&self.planes)).step_by(step) {
            cancel.check()?;
            let rows = self.input.fill(row, &mut self.planes);
            for (plane, component) in self.components.iter_mut().enumerate() {
                component.blocks.clear();
                component.transform(&mut self.planes, plane, rows);
            }
            self.encode_row(&mut before, symbols);
        }
        Ok(())
    }

    /// The MCUs of a row: A.2.3. A block outside of the picture has the mean of the block before and no details.
    fn encode_row(&self, before: &mut [i16; 3], symbols: &mut impl Symbols) {
        let mcus = self.components[0].across.div_ceil(self.sampling[0]);
        for mcu in 0..mcus {
            for (index, component) in self.components.iter().enumerate() {
                let [across, down] = if index == 0 { self.sampling } else { [1, 1] };
                let tables = if index == 0 { [0, 1] } else { [2, 3] };
                for row in 0..down {
                    for column in mcu * across..(mcu + 1) * across {
                        let place = row * component.across + column;
                        let block = component.blocks.get(place).filter(|_| column < component.across);
                        symbols::dc(
                            tables[0],
                            block.map_or(before[index], Block::mean),
                            &mut before[index],
                            symbols,
                        );
                        match block {
                            Some(block) => ac(tables[1], block, symbols),
                            None => symbols.put(tables[1], END, 0, 0),
                        }
                    }
                }
            }
        }
    }
}

/// EOB: the block has no further coefficients.
const END: u8 = 0;

/// The coefficients of a block but the first: F.1.2.2.
fn ac(table: usize, block: &Block, symbols: &mut impl Symbols) {
    if symbols::coefficients(table, block, &(1..64), symbols) {
        symbols.put(table, END, 0, 0);
    }
}
