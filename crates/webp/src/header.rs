//! Frame header (RFC 6386, sections 9.1 to 9.11 and 19.2): reads sizes, segments, probabilities and partitions.

use crate::DecodeError;
use crate::bool_reader::BoolReader;
use crate::filter_strength::{FilterHeader, Strength};
use crate::quantiser::{Indices, Quantiser};
use crate::tables::{BANDS, COEFFICIENT_UPDATES, INITIAL_COEFFICIENTS};

/// The number of segments. Each has settings of its own, and each macroblock belongs to one.
const SEGMENTS: usize = 4;

/// Probabilities of coefficient tokens by kind of block, position, context and node. There is one position more than
/// coefficients, so that the position behind the last is a valid index.
pub(crate) type TokenProbabilities = [[[[u8; 11]; 3]; 17]; 4];

/// The settings of a whole frame.
#[derive(Debug)]
pub(crate) struct Header<'a> {
    pub(crate) width: u16,
    pub(crate) height: u16,
    /// Probabilities of a macroblock's segment. Without them all macroblocks are in the first segment.
    pub(crate) segment_probabilities: Option<[u8; 3]>,
    pub(crate) segments: [Segment; SEGMENTS],
    /// Whether the simple loop filter is used, which changes luma only.
    pub(crate) simple_filter: bool,
    /// The probability that a macroblock has coefficients. Without it all macroblocks have.
    pub(crate) coefficients_probability: Option<u8>,
    pub(crate) tokens: Box<TokenProbabilities>,
    /// The first partition, after the header: the modes of the macroblocks.
    pub(crate) modes: BoolReader<'a>,
    pub(crate) partitions: Partitions<'a>,
}

/// The settings of a segment.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Segment {
    pub(crate) quantiser: Quantiser,
    /// For macroblocks that are predicted whole, then for those that are predicted in subblocks.
    pub(crate) strengths: [Strength; 2],
}

/// The segments' part of the header. Its values may be relative to those of the frame.
#[derive(Default)]
struct SegmentHeader {
    enabled: bool,
    /// Whether values replace those of the frame. Otherwise they are added.
    absolute: bool,
    quantisers: [i32; SEGMENTS],
    levels: [i32; SEGMENTS],
    probabilities: Option<[u8; 3]>,
}

/// The partitions of coefficients: 1, 2, 4 or 8. Rows of macroblocks use them in turn.
#[derive(Debug)]
pub(crate) struct Partitions<'a> {
    readers: [BoolReader<'a>; 8],
    count: usize,
}

impl<'a> Partitions<'a> {
    fn read(data: &'a [u8], count: usize) -> Result<Self, DecodeError> {
        const SIZE_BYTES: usize = 3;
        const CUT: DecodeError = DecodeError::Truncated("its partitions");
        let (sizes, mut rest) = data.split_at_checked(SIZE_BYTES * (count - 1)).ok_or(CUT)?;
        let mut readers = [BoolReader::new(&[]); 8];
        let (sizes, _) = sizes.as_chunks::<SIZE_BYTES>();
        for (reader, [s0, s1, s2]) in readers.iter_mut().zip(sizes) {
            let size = u32::from_le_bytes([*s0, *s1, *s2, 0]) as usize;
            let (partition, behind) = rest.split_at_checked(size).ok_or(CUT)?;
            *reader = BoolReader::new(partition);
            rest = behind;
        }
        // The size of the last partition is not stored: it is the rest.
        readers[count - 1] = BoolReader::new(rest);
        Ok(Self { readers, count })
    }

    /// The reader of a row of macroblocks.
    pub(crate) fn of_row(&mut self, row: usize) -> &mut BoolReader<'a> {
        // The second modulo spares the bounds check: `count` is a power of two, at most eight.
        &mut self.readers[row % self.count % 8]
    }
}

impl<'a> Header<'a> {
    pub(crate) fn read(data: &'a [u8]) -> Result<Self, DecodeError> {
        const CUT: DecodeError = DecodeError::Truncated("its header");
        let ([t0, t1, t2], rest) = data.split_first_chunk().ok_or(CUT)?;
        let tag = u32::from_le_bytes([*t0, *t1, *t2, 0]);
        if tag & 1 != 0 {
            return Err(DecodeError::NotAKeyFrame);
        }
        let version = (tag >> 1 & 7) as u8;
        if version > 3 {
            return Err(DecodeError::Version(version));
        }
        if tag >> 4 & 1 == 0 {
            return Err(DecodeError::Hidden);
        }
        let ([0x9d, 0x01, 0x2a, w0, w1, h0, h1], rest) = rest.split_first_chunk().ok_or(CUT)? else {
            return Err(DecodeError::StartCode);
        };
        // The two highest bits are a scale for display, which no decoder applies.
        let width = u16::from_le_bytes([*w0, *w1]) & 0x3fff;
        let height = u16::from_le_bytes([*h0, *h1]) & 0x3fff;
        if width == 0 || height == 0 {
            return Err(DecodeError::Empty);
        }
        let (first, rest) = rest.split_at_checked((tag >> 5) as usize).ok_or(CUT)?;

        let mut reader = BoolReader::new(first);
        if reader.flag() {
            return Err(DecodeError::ColourSpace);
        }
        // Whether pixels have to be clamped. This decoder always clamps.
        reader.flag();
        let segments = SegmentHeader::read(&mut reader);
        let filter = FilterHeader::read(&mut reader);
        let partitions = Partitions::read(rest, 1 << reader.number(2))?;
        let indices = Indices::read(&mut reader);
        // Whether probabilities hold for later frames. WebP has no later frames.
        reader.flag();
        let tokens = token_probabilities(&mut reader);
        let coefficients_probability = reader.flag().then(|| reader.number(8));
        if reader.is_exhausted() {
            return Err(DecodeError::Exhausted);
        }
        Ok(Self {
            width,
            height,
            segment_probabilities: segments.probabilities,
            segments: std::array::from_fn(|index| segments.segment(index, &indices, &filter)),
            simple_filter: filter.simple,
            coefficients_probability,
            tokens,
            modes: reader,
            partitions,
        })
    }
}

impl SegmentHeader {
    fn read(reader: &mut BoolReader<'_>) -> Self {
        let mut header = Self {
            enabled: reader.flag(),
            absolute: true,
            ..Self::default()
        };
        if !header.enabled {
            return header;
        }
        let (map, values) = (reader.flag(), reader.flag());
        if values {
            header.absolute = reader.flag();
            header.quantisers = std::array::from_fn(|_| reader.optional_signed(7).unwrap_or_default());
            header.levels = std::array::from_fn(|_| reader.optional_signed(6).unwrap_or_default());
        }
        if map {
            let probability = |_| if reader.flag() { reader.number(8) } else { u8::MAX };
            header.probabilities = Some(std::array::from_fn(probability));
        }
        header
    }

    fn segment(&self, index: usize, indices: &Indices, filter: &FilterHeader) -> Segment {
        let value = |frame: i32, own: [i32; SEGMENTS]| match (self.enabled, self.absolute) {
            (false, _) => frame,
            (true, true) => own[index],
            (true, false) => frame + own[index],
        };
        let level = value(filter.level.into(), self.levels);
        Segment {
            quantiser: indices.quantiser(value(indices.base, self.quantisers)),
            // A frame with level 0 has no loop filter, whatever its segments say.
            strengths: match filter.level {
                0 => Default::default(),
                _ => [false, true].map(|subblocks| filter.strength(level, subblocks)),
            },
        }
    }
}

/// The initial probabilities with the frame's updates, indexed by position instead of band.
fn token_probabilities(reader: &mut BoolReader<'_>) -> Box<TokenProbabilities> {
    let mut bands = INITIAL_COEFFICIENTS;
    let updates = COEFFICIENT_UPDATES.as_flattened().as_flattened().as_flattened();
    let probabilities = bands.as_flattened_mut().as_flattened_mut().as_flattened_mut();
    for (probability, update) in probabilities.iter_mut().zip(updates) {
        if reader.bit(*update) {
            *probability = reader.number(8);
        }
    }
    let mut tokens: Box<TokenProbabilities> = Box::new([[[[0; 11]; 3]; 17]; 4]);
    for (positions, bands) in tokens.iter_mut().zip(&bands) {
        for (position, band) in positions.iter_mut().zip(BANDS) {
            *position = bands[usize::from(band)];
        }
    }
    tokens
}
