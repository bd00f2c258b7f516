//! JPEG header (T.81, annex B): reads tables, size and components, and tells how much memory decoding takes.

use crate::block;
use crate::huffman::HuffmanTable;
use crate::{Error, Scale};

/// The header of a JPEG that this decoder decodes.
#[derive(Clone, Debug)]
pub struct Header<'s> {
    width: u32,
    height: u32,
    pub(crate) components: Vec<Component<'s>>,
    colours: Colours,
    /// MCUs between two restart markers. 0 means that there are no markers.
    pub(crate) restart_interval: u32,
    /// The index of the first byte of entropy-coded data.
    pub(crate) data: usize,
}

/// The colour model of the components.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colours {
    /// One component: grey.
    Gray,
    /// Luma and two colour differences, as JFIF defines them.
    YCbCr,
    /// Red, green and blue.
    Rgb,
}

/// One component of the frame.
#[derive(Clone, Debug)]
pub(crate) struct Component<'s> {
    id: u8,
    /// The sampling factors: blocks in an MCU, across and down.
    pub(crate) across: u32,
    pub(crate) down: u32,
    quantisation_id: u8,
    /// The quantisation table in zigzag order.
    pub(crate) quantisation: [u16; 64],
    pub(crate) dc_table: HuffmanTable<'s>,
    pub(crate) ac_table: HuffmanTable<'s>,
}

/// The size of a component's samples at a scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sampling {
    /// Samples of a block, across and down.
    pub(crate) block_width: u32,
    pub(crate) block_height: u32,
    /// How many pixels of the decoded picture a sample covers, across and down: 1, 2 or 4.
    pub(crate) ratio_across: u32,
    pub(crate) ratio_down: u32,
}

/// An upper bound of a component's memory besides its plane: 4 + 4 + 8 KB of tables, and small buffers.
const COMPONENT_BYTES: u64 = 18 * 1024;
const UNREADABLE: &str = "a segment of its header is cut off";
const EMPTY: HuffmanTable<'static> = HuffmanTable {
    counts: &[0; 16],
    symbols: &[],
};

/// The contents of the segments before the scan.
struct Tables<'s> {
    quantisation: [Option<[u16; 64]>; 4],
    dc_table: [Option<HuffmanTable<'s>>; 4],
    ac_table: [Option<HuffmanTable<'s>>; 4],
    restart_interval: u32,
    /// The colour transform in Adobe's segment.
    adobe: Option<u8>,
}

impl<'s> Header<'s> {
    /// Reads the header, up to the first pixel.
    pub fn read(source: &'s [u8]) -> Result<Self, Error> {
        let mut tables = Tables {
            quantisation: [None; 4],
            dc_table: [None; 4],
            ac_table: [None; 4],
            restart_interval: 0,
            adobe: None,
        };
        let mut header = None;
        let mut rest = source
            .strip_prefix(&[0xff, 0xd8])
            .ok_or(Error::Unsupported("what does not begin like a JPEG"))?;
        loop {
            // Fill bytes of 0xff may stand before a marker (B.1.1.2).
            while let [0xff, 0xff, ..] = rest {
                rest = &rest[1..];
            }
            let [0xff, marker, high, low, ..] = *rest else {
                return Err(Error::Corrupt(UNREADABLE));
            };
            let end = 2 + usize::from(u16::from_be_bytes([high, low]));
            let body = rest.get(4..end).ok_or(Error::Corrupt(UNREADABLE))?;
            rest = &rest[end..];
            match marker {
                0xdb => tables.add_quantisation_tables(body)?,
                0xc4 => tables.add_huffman_tables(body)?,
                0xdd => {
                    let interval = body.try_into().map_err(|_| Error::Corrupt(UNREADABLE))?;
                    tables.restart_interval = u16::from_be_bytes(interval).into();
                }
                0xee => {
                    if let [b'A', b'd', b'o', b'b', b'e', _, _, _, _, _, _, transform, ..] = body {
                        tables.adobe = Some(*transform);
                    }
                }
                0xc0 | 0xc1 if header.is_none() => header = Some(Self::of_frame(body)?),
                0xc0..=0xcf => return Err(Error::Unsupported("this kind of coding")),
                0xda => {
                    let mut header = header.ok_or(Error::Corrupt("its pixels come before its size"))?;
                    header.begin_scan(body, &tables)?;
                    header.data = source.len() - rest.len();
                    return Ok(header);
                }
                // Comments and application segments.
                0xe0..=0xef | 0xfe => {}
                _ => return Err(Error::Unsupported("this kind of segment")),
            }
        }
    }

    /// Reads a frame header (B.2.2). Tables and the restart interval are filled in later.
    fn of_frame(body: &[u8]) -> Result<Self, Error> {
        let [8, h1, h0, w1, w0, 1 | 3, entries @ ..] = body else {
            return Err(Error::Unsupported("this number of bits or components"));
        };
        let (entries, []) = entries.as_chunks::<3>() else {
            return Err(Error::Corrupt(UNREADABLE));
        };
        let components: Vec<Component<'s>> = entries
            .iter()
            .map(|&[id, sampling, quantisation_id]| Component {
                id,
                // In a scan of one component an MCU is one block, whatever the sampling factors are (A.2.2).
                across: if body[5] == 1 { 1 } else { u32::from(sampling >> 4) },
                down: if body[5] == 1 { 1 } else { u32::from(sampling & 0xf) },
                quantisation_id,
                quantisation: [0; 64],
                dc_table: EMPTY,
                ac_table: EMPTY,
            })
            .collect();
        let header = Self {
            width: u16::from_be_bytes([*w1, *w0]).into(),
            height: u16::from_be_bytes([*h1, *h0]).into(),
            components,
            colours: Colours::Gray,
            restart_interval: 0,
            data: 0,
        };
        if header.width == 0 || header.height == 0 || header.components.len() != usize::from(body[5]) {
            return Err(Error::Corrupt("its size or its components are missing"));
        }
        let factors =
            |component: &Component<'_>| (1..=4).contains(&component.across) && (1..=4).contains(&component.down);
        if !header.components.iter().all(factors) {
            return Err(Error::Corrupt("its sampling factors are impossible"));
        }
        for component in &header.components {
            header.sampling(component, Scale::Full)?;
        }
        Ok(header)
    }

    /// Reads a scan header (B.2.3). It must name all components, in the order of the frame header.
    fn begin_scan(&mut self, body: &[u8], tables: &Tables<'s>) -> Result<(), Error> {
        let count = self.components.len();
        let Some((selectors, [0, 63, 0])) = body.get(1..).and_then(|rest| rest.split_at_checked(2 * count)) else {
            return Err(Error::Unsupported("components in scans of their own"));
        };
        if body.first().map(|count| usize::from(*count)) != Some(count) {
            return Err(Error::Unsupported("components in scans of their own"));
        }
        for (component, [id, selected]) in self.components.iter_mut().zip(selectors.as_chunks().0) {
            if component.id != *id {
                return Err(Error::Unsupported("components in another order than announced"));
            }
            fn table<T: Copy>(tables: &[Option<T>; 4], index: u8) -> Result<T, Error> {
                let table = tables.get(usize::from(index)).copied().flatten();
                table.ok_or(Error::Unsupported("a table that is not in the file"))
            }
            component.quantisation = table(&tables.quantisation, component.quantisation_id)?;
            component.dc_table = table(&tables.dc_table, selected >> 4)?;
            component.ac_table = table(&tables.ac_table, selected & 0xf)?;
        }
        self.restart_interval = tables.restart_interval;
        let named_rgb = || self.components.iter().map(|component| component.id).eq(*b"RGB");
        self.colours = match (count, tables.adobe) {
            (1, None | Some(0)) => Colours::Gray,
            (3, Some(0)) => Colours::Rgb,
            (3, None) if named_rgb() => Colours::Rgb,
            (3, None | Some(1)) => Colours::YCbCr,
            _ => return Err(Error::Unsupported("these colours")),
        };
        Ok(())
    }

    /// Width in pixels, above 0.
    pub const fn width(&self) -> u32 {
        self.width
    }

    /// Height in pixels, above 0.
    pub const fn height(&self) -> u32 {
        self.height
    }

    /// The colour model of the components.
    pub const fn colours(&self) -> Colours {
        self.colours
    }

    /// How many rows of pixels are decoded at once.
    pub fn rows_at_once(&self, scale: Scale) -> u32 {
        self.most_blocks().1 * scale.points()
    }

    /// The bytes that a [`Decoder`](crate::Decoder) allocates at this scale.
    pub fn decoder_bytes(&self, scale: Scale) -> u64 {
        let planes = self.components.iter().map(|component| {
            self.sampling(component, scale)
                .map_or(0, |sampling| self.plane(component, sampling).iter().product())
        });
        let tables = self.components.len() as u64 * COMPONENT_BYTES;
        planes.sum::<u64>() + tables
    }

    /// The largest sampling factors, across and down.
    pub(crate) fn most_blocks(&self) -> (u32, u32) {
        let most = |factor: fn(&Component<'_>) -> u32| self.components.iter().map(factor).max().unwrap_or(1);
        (most(|component| component.across), most(|component| component.down))
    }

    /// How many MCUs there are, across and down.
    pub(crate) fn mcus(&self) -> (u32, u32) {
        let (across, down) = self.most_blocks();
        (self.width.div_ceil(8 * across), self.height.div_ceil(8 * down))
    }

    /// The width and the number of rows of a component's plane: a row of MCUs, and the row of samples before it.
    pub(crate) fn plane(&self, component: &Component<'_>, sampling: Sampling) -> [u64; 2] {
        let (mcus, _) = self.mcus();
        [
            u64::from(mcus * component.across * sampling.block_width),
            u64::from(component.down * sampling.block_height + 1),
        ]
    }

    /// The sampling of a component at a scale. Blocks of a subsampled component are decoded to more samples than the
    /// scale asks for, so that less upsampling or none is needed.
    pub(crate) fn sampling(&self, component: &Component<'_>, scale: Scale) -> Result<Sampling, Error> {
        let (most_across, most_down) = self.most_blocks();
        let direction = |most: u32, blocks: u32| {
            let ratio = most / blocks;
            if !most.is_multiple_of(blocks) || ratio == 3 {
                return Err(Error::Unsupported("these sampling factors"));
            }
            let points = (scale.points() * ratio).min(8);
            Ok((points, scale.points() * ratio / points))
        };
        let (block_width, ratio_across) = direction(most_across, component.across)?;
        let (block_height, ratio_down) = direction(most_down, component.down)?;
        if block::decoder(block_width, block_height).is_none() {
            return Err(Error::Unsupported("these sampling factors"));
        }
        Ok(Sampling {
            block_width,
            block_height,
            ratio_across,
            ratio_down,
        })
    }
}

impl<'s> Tables<'s> {
    /// Reads quantisation tables (B.2.4.1), with elements of one byte or two.
    fn add_quantisation_tables(&mut self, mut body: &[u8]) -> Result<(), Error> {
        while let [kind, rest @ ..] = body {
            let wide = kind >> 4 == 1;
            let bytes = if wide { 128 } else { 64 };
            let place = self.quantisation.get_mut(usize::from(kind & 0xf));
            let (Some(place), Some((numbers, rest)), 0..=0x1f) = (place, rest.split_at_checked(bytes), kind) else {
                return Err(Error::Corrupt("a quantisation table is damaged"));
            };
            let mut table = [0; 64];
            if wide {
                let pairs = numbers.as_chunks().0.iter();
                table
                    .iter_mut()
                    .zip(pairs)
                    .for_each(|(number, pair)| *number = u16::from_be_bytes(*pair));
            } else {
                let bytes = numbers.iter();
                table
                    .iter_mut()
                    .zip(bytes)
                    .for_each(|(number, byte)| *number = u16::from(*byte));
            }
            *place = Some(table);
            body = rest;
        }
        Ok(())
    }

    /// Reads Huffman tables (B.2.4.2).
    fn add_huffman_tables(&mut self, mut body: &'s [u8]) -> Result<(), Error> {
        const DAMAGED: Error = Error::Corrupt("a Huffman table is damaged");
        while let [kind, rest @ ..] = body {
            let (counts, rest) = rest.split_first_chunk::<16>().ok_or(DAMAGED)?;
            let count = counts.iter().map(|count| usize::from(*count)).sum();
            let (symbols, rest) = rest.split_at_checked(count).ok_or(DAMAGED)?;
            let tables = match kind >> 4 {
                0 => &mut self.dc_table,
                1 => &mut self.ac_table,
                _ => return Err(DAMAGED),
            };
            let place = tables.get_mut(usize::from(kind & 0xf)).ok_or(DAMAGED)?;
            *place = Some(HuffmanTable::new(counts, symbols)?);
            body = rest;
        }
        Ok(())
    }
}
