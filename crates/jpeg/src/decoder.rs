//! JPEG decoder: decodes one row of MCUs at a time, and keeps the row of samples that the next one needs for
//! upsampling.

use crate::bits::Bits;
use crate::block::{self, Decode, Tables, ZIGZAG};
use crate::header::{Component, Header, Sampling};
use crate::huffman::{AcTable, DcTable};
use crate::{Colours, Error, Scale, transform};

/// Decodes one picture, from the top down.
#[derive(Debug)]
pub struct Decoder<'s> {
    bits: Bits<'s>,
    width: u32,
    height: u32,
    colours: Colours,
    /// Each pair of Huffman tables (DC, AC) that components use.
    tables: Vec<(DcTable, AcTable)>,
    components: Vec<Decoded>,
    /// MCUs across, and rows of MCUs.
    mcus: (u32, u32),
    /// Rows of MCUs decoded so far, and the rows of pixels in each.
    done: u32,
    mcu_height: u32,
    restart_interval: u32,
    /// MCUs until the next restart marker, and the marker's number.
    until_restart: u32,
    next_restart: u8,
    failed: Option<Error>,
}

/// A component being decoded.
#[derive(Debug)]
struct Decoded {
    decode: Decode,
    /// The index of the component's Huffman tables.
    code: usize,
    multipliers: Box<[f32; 64]>,
    dc: i32,
    /// Blocks in an MCU.
    across: usize,
    down: usize,
    sampling: Sampling,
    width: u32,
    height: u32,
    /// The last row of samples of the MCUs before, then the rows of the current MCUs.
    plane: Vec<u8>,
    stride: usize,
}

impl<'s> Decoder<'s> {
    /// Reads the header and prepares to decode at this scale. Fails exactly if [`Header::read`] fails.
    pub fn new(source: &'s [u8], scale: Scale) -> Result<Self, Error> {
        let header = Header::read(source)?;
        let mut components: Vec<Decoded> = Vec::with_capacity(header.components.len());
        let mut tables = Vec::with_capacity(header.components.len());
        for (index, component) in header.components.iter().enumerate() {
            let same =
                |other: &Component<'_>| (other.dc_table, other.ac_table) == (component.dc_table, component.ac_table);
            let code = match header.components[..index].iter().position(same) {
                Some(before) => components[before].code,
                None => {
                    tables.push((DcTable::new(component.dc_table), AcTable::new(component.ac_table)));
                    tables.len() - 1
                }
            };
            components.push(Decoded::new(&header, component, scale, code)?);
        }
        Ok(Self {
            bits: Bits::new(source, header.data),
            width: scale.apply(header.width()),
            height: scale.apply(header.height()),
            colours: header.colours(),
            tables,
            components,
            mcus: header.mcus(),
            done: 0,
            mcu_height: header.rows_at_once(scale),
            restart_interval: header.restart_interval,
            until_restart: header.restart_interval,
            next_restart: 0,
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

    /// Decodes the next row of MCUs: up to 32 rows of pixels. Returns false after the last row. After an error every
    /// call returns the same error.
    pub fn advance(&mut self) -> Result<bool, Error> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        if self.done == self.mcus.1 {
            return Ok(false);
        }
        let result = self.decode_row();
        self.failed = result.err();
        result.map(|()| {
            self.done += 1;
            true
        })
    }

    fn decode_row(&mut self) -> Result<(), Error> {
        for component in &mut self.components {
            let last = component.plane.len() - component.stride;
            component.plane.copy_within(last.., 0);
        }
        for mcu in 0..self.mcus.0 as usize {
            if self.restart_interval > 0 {
                if self.until_restart == 0 {
                    self.restart()?;
                }
                self.until_restart -= 1;
            }
            for component in &mut self.components {
                component.decode_mcu(&self.tables[component.code], &mut self.bits, mcu)?;
            }
        }
        // Bits behind the end were read as ones.
        if self.bits.overran() {
            return Err(Error::Truncated);
        }
        Ok(())
    }

    /// Begins a restart interval, which depends on nothing before it (E.2.4).
    fn restart(&mut self) -> Result<(), Error> {
        self.bits.restart(self.next_restart)?;
        self.next_restart = (self.next_restart + 1) % 8;
        self.until_restart = self.restart_interval;
        for component in &mut self.components {
            component.dc = 0;
        }
        Ok(())
    }

    /// The rows that [`advance`](Self::advance) decoded last.
    pub fn rows(&self) -> Rows<'_> {
        let first = self.done.saturating_sub(1) * self.mcu_height;
        Rows {
            decoder: self,
            end: (first + self.mcu_height).min(self.height),
        }
    }
}

/// The rows of pixels of a row of MCUs, borrowed from the decoder.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'d> {
    decoder: &'d Decoder<'d>,
    end: u32,
}

impl<'d> Rows<'d> {
    /// The row of the decoded picture after the last of these rows.
    pub const fn end(&self) -> u32 {
        self.end
    }

    /// Whether these are the last rows.
    pub const fn are_last(&self) -> bool {
        self.end == self.decoder.height
    }

    /// The samples of a component. The first component is 0.
    ///
    /// # Panics
    ///
    /// If there is no such component. [`Decoder::colours`] says how many there are.
    pub fn plane(&self, component: usize) -> Plane<'d> {
        let component = &self.decoder.components[component];
        let rows = (component.down as u32) * component.sampling.block_height;
        let first = self.decoder.done.saturating_sub(1) * rows;
        Plane {
            component,
            first,
            end: (first + rows).min(component.height),
        }
    }
}

/// Rows of a component.
#[derive(Clone, Copy, Debug)]
pub struct Plane<'d> {
    component: &'d Decoded,
    first: u32,
    end: u32,
}

impl<'d> Plane<'d> {
    /// How many pixels of the decoded picture a sample covers, across and down: 1, 2 or 4.
    pub const fn ratios(&self) -> (u32, u32) {
        (self.component.sampling.ratio_across, self.component.sampling.ratio_down)
    }

    /// A row, counted from the top of the picture. It must be one of the rows decoded last, or the row before them. Any
    /// other index returns the nearest of these rows.
    pub fn row(&self, row: u32) -> &'d [u8] {
        let row = row.clamp(self.first.saturating_sub(1), self.end - 1);
        let start = (row + 1 - self.first) as usize * self.component.stride;
        &self.component.plane[start..start + self.component.width as usize]
    }
}

impl Decoded {
    fn new(header: &Header<'_>, component: &Component<'_>, scale: Scale, code: usize) -> Result<Self, Error> {
        let sampling = header.sampling(component, scale)?;
        let [stride, rows] = header.plane(component, sampling).map(|length| length as usize);
        let (points_across, points_down) = (sampling.block_width, sampling.block_height);
        let mut multipliers = Box::new([0.0; 64]);
        for (index, multiplier) in multipliers.iter_mut().enumerate() {
            let place = usize::from(ZIGZAG[index]);
            let factors = transform::factor(place / 8, points_across) * transform::factor(place % 8, points_down);
            *multiplier = (f64::from(component.quantisation[index]) * factors / 8.0) as f32;
        }
        let (most_across, most_down) = header.most_blocks();
        let length = |pixels: u32, blocks: u32, points: u32, most: u32| (pixels * blocks * points).div_ceil(8 * most);
        let unsupported = Error::Unsupported("these sampling factors");
        Ok(Self {
            decode: block::decoder(points_across, points_down).ok_or(unsupported)?,
            code,
            multipliers,
            dc: 0,
            across: component.across as usize,
            down: component.down as usize,
            sampling,
            width: length(header.width(), component.across, points_across, most_across),
            height: length(header.height(), component.down, points_down, most_down),
            plane: vec![0; stride * rows],
            stride,
        })
    }

    #[inline]
    fn decode_mcu(&mut self, code: &(DcTable, AcTable), bits: &mut Bits<'_>, mcu: usize) -> Result<(), Error> {
        let tables = Tables {
            dc_table: &code.0,
            ac_table: &code.1,
            multipliers: &self.multipliers,
        };
        let Sampling {
            block_width,
            block_height,
            ..
        } = self.sampling;
        for row in 0..self.down {
            for column in 0..self.across {
                let x = (mcu * self.across + column) * block_width as usize;
                // The plane begins with the row before the MCUs.
                let y = 1 + row * block_height as usize;
                let plane = &mut self.plane[y * self.stride + x..];
                (self.decode)(bits, tables, &mut self.dc, plane, self.stride)?;
            }
        }
        Ok(())
    }
}
