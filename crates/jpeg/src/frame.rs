//! Frame header (T.81, B.2.2): coding process, size and components, and the geometry that follows from them (A.1, A.2).

use crate::sampling::{Sampling, Wanted};
use crate::{Chroma, Error, Reduction, Scale};

/// The supported coding processes, all with Huffman codes and 8 bits a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Process {
    /// Baseline or extended sequential.
    Sequential,
    Progressive,
}

/// A picture as the frame header describes it.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    /// In pixels, above 0.
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) process: Process,
    /// One, three or four.
    pub(crate) components: Vec<Component>,
}

/// One component of the frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Component {
    pub(crate) id: u8,
    /// The sampling factors, 1 to 4: blocks in an MCU, across and down.
    pub(crate) across: u32,
    pub(crate) down: u32,
    pub(crate) quantisation: u8,
}

impl Frame {
    /// Whether a marker begins a frame. DHT, JPG and DAC have numbers in the same range.
    pub(crate) const fn is_start(marker: u8) -> bool {
        matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc)
    }

    /// Reads the segment of a marker that begins a frame.
    pub(crate) fn read(marker: u8, body: &[u8]) -> Result<Self, Error> {
        let process = match marker {
            0xc0 | 0xc1 => Process::Sequential,
            0xc2 => Process::Progressive,
            0xc3 => return Err(Error::Unsupported("that is lossless")),
            0xc5..=0xc7 => return Err(Error::Unsupported("of differential frames")),
            _ => return Err(Error::Unsupported("with arithmetic coding")),
        };
        let [precision, h1, h0, w1, w0, count, entries @ ..] = body else {
            return Err(Error::Corrupt("its frame header is too short"));
        };
        match precision {
            8 => {}
            12 => return Err(Error::Unsupported("with 12 bits a sample")),
            _ => return Err(Error::Corrupt("its frame header gives an impossible number of bits")),
        }
        let width = u16::from_be_bytes([*w1, *w0]).into();
        let height = u16::from_be_bytes([*h1, *h0]).into();
        if width == 0 {
            return Err(Error::Corrupt("it has no columns"));
        }
        if height == 0 {
            // The height is then in a DNL segment after the first scan (B.2.5).
            return Err(Error::Unsupported("that tells its height only after its pixels"));
        }
        if !matches!(count, 1 | 3 | 4) {
            return Err(Error::Unsupported("with neither one, three nor four components"));
        }
        let (entries, rest) = entries.as_chunks::<3>();
        if entries.len() != usize::from(*count) || !rest.is_empty() {
            return Err(Error::Corrupt("its frame header has the wrong length"));
        }
        let components: Vec<Component> = entries
            .iter()
            .map(|&[id, factors, quantisation]| Component {
                id,
                across: u32::from(factors >> 4),
                down: u32::from(factors & 0xf),
                quantisation,
            })
            .collect();
        let possible = |component: &Component| (1..=4).contains(&component.across) && (1..=4).contains(&component.down);
        if !components.iter().all(possible) {
            return Err(Error::Corrupt("its frame header gives impossible sampling factors"));
        }
        let mut frame = Self {
            width,
            height,
            process,
            components,
        };
        if let [alone] = &mut frame.components[..] {
            // In a scan of one component an MCU is one block, whatever the sampling factors are (A.2.2).
            (alone.across, alone.down) = (1, 1);
        }
        Ok(frame)
    }

    /// The largest sampling factors, across and down.
    pub(crate) fn most_blocks(&self) -> (u32, u32) {
        let most = |factor: fn(&Component) -> u32| self.components.iter().map(factor).max().unwrap_or(1);
        (most(|component| component.across), most(|component| component.down))
    }

    /// How many MCUs of all components there are, across and down (A.2.3).
    pub(crate) fn mcus(&self) -> (u32, u32) {
        let (across, down) = self.most_blocks();
        (self.width.div_ceil(8 * across), self.height.div_ceil(8 * down))
    }

    /// How many blocks of a component hold pixels, across and down: those of a scan of its own (A.2.2).
    pub(crate) fn blocks(&self, component: &Component) -> (u32, u32) {
        let (across, down) = self.most_blocks();
        (
            (self.width * component.across).div_ceil(8 * across),
            (self.height * component.down).div_ceil(8 * down),
        )
    }

    /// The sampling of a component. At an eighth a progressive picture is read from its DC scans alone.
    pub(crate) fn sampling(&self, index: usize, Reduction { scale, chroma }: Reduction) -> Sampling {
        let is_chroma = self.components.len() == 3 && index > 0;
        let wanted = match (self.process, scale, chroma) {
            (Process::Progressive, Scale::Eighth, _) => Wanted::Stored,
            (_, _, Chroma::Half) if is_chroma => Wanted::Half,
            _ => Wanted::Full,
        };
        let Component { across, down, .. } = self.components[index];
        Sampling::new(self.most_blocks(), (across, down), scale, wanted)
    }

    /// The width and the number of rows of a component's plane: a row of MCUs, and the row of samples before it.
    pub(crate) fn plane(&self, component: &Component, sampling: Sampling) -> [usize; 2] {
        let (mcus, _) = self.mcus();
        [
            (mcus * component.across * sampling.block_width) as usize,
            (component.down * sampling.block_height + 1) as usize,
        ]
    }

    /// Blocks of a component in a row of MCUs, across and down.
    pub(crate) fn blocks_in_row(&self, component: &Component) -> [usize; 2] {
        let (mcus, _) = self.mcus();
        [(mcus * component.across) as usize, component.down as usize]
    }
}
