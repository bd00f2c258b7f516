//! JPEG header: reads size, components, tables and scans, and tells how much memory decoding takes.
//!
//! A sequential picture in one scan is known when its scan begins. Where components or coefficients come in several
//! scans, the reader searches for all of them, since they are decoded side by side. It holds at most [`MOST_SCANS`]
//! scan headers of about 200 bytes, and takes one pass over the file.

use crate::component::Component;
use crate::frame::{Frame, Process};
use crate::scan::Scan;
use crate::scan_header::{Part, ScanHeader};
use crate::segments::{END_OF_IMAGE, START_OF_IMAGE, START_OF_SCAN, Segment, Segments};
use crate::tables::Tables;
use crate::{Damage, Error, Ratio, Reduction, Scale};

/// The header of a JPEG that this decoder decodes.
#[derive(Clone, Debug)]
pub struct Header<'s> {
    pub(crate) source: &'s [u8],
    pub(crate) frame: Frame,
    /// The quantisation table of each component, in zigzag order.
    pub(crate) quantisation: Vec<[u16; 64]>,
    colours: Colours,
    pub(crate) scans: Vec<ScanHeader<'s>>,
    pub(crate) damage: Damage,
    /// Whether all scans that the picture needs are in the file.
    pub(crate) complete: bool,
    /// Whether the end marker was seen, so that no scan is cut off.
    ended: bool,
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
    /// Four inks. By convention they are inverted: 255 means no ink.
    Cmyk,
    /// Luma, two colour differences and black: cyan, magenta and yellow taken for red, green and blue and converted.
    Ycck,
}

impl Colours {
    /// The number of components: 1, 3 or 4.
    pub const fn components(self) -> usize {
        match self {
            Self::Gray => 1,
            Self::YCbCr | Self::Rgb => 3,
            Self::Cmyk | Self::Ycck => 4,
        }
    }
}

/// The most scans of a progressive picture. Encoders write about ten.
const MOST_SCANS: usize = 200;

/// The contents of the segments so far.
#[derive(Default)]
struct Reader<'s> {
    tables: Tables<'s>,
    marks: Marks,
    frame: Option<Frame>,
    /// By component.
    quantisation: [Option<[u16; 64]>; 4],
    scans: Vec<ScanHeader<'s>>,
    ended: bool,
}

/// The marker segments that tell the colour model.
#[derive(Default)]
struct Marks {
    jfif: bool,
    /// The colour transform in Adobe's segment.
    adobe: Option<u8>,
}

impl<'s> Header<'s> {
    /// Reads the header, up to the last scan that the picture needs.
    ///
    /// # Errors
    ///
    /// [`Error::Unsupported`] for other kinds of JPEG, [`Error::Corrupt`] for a header that cannot be read, and with
    /// [`Damage::Refuse`] [`Error::Truncated`] if components or, without an end marker, coefficients are missing.
    pub fn read(source: &'s [u8], damage: Damage) -> Result<Self, Error> {
        let mut reader = Reader::default();
        for segment in Segments::new(source)? {
            match segment.and_then(|segment| reader.add(&segment)) {
                Ok(false) => {}
                Ok(true) => break,
                Err(_) if damage == Damage::Show && !reader.scans.is_empty() => break,
                Err(error) => return Err(error),
            }
        }
        let (Some(frame), false) = (reader.frame, reader.scans.is_empty()) else {
            return Err(Error::Corrupt(if reader.ended {
                "it ends before its first pixel"
            } else {
                "it ends within its header"
            }));
        };
        let (scans, ended) = (reader.scans, reader.ended);
        let complete = all_begun(&frame, &scans)
            && (frame.process == Process::Sequential || ended || has_all_coefficients(&frame, &scans));
        if !complete && damage == Damage::Refuse {
            return Err(Error::Truncated);
        }
        // A component without a scan is grey, whatever its table is.
        let quantisation = reader.quantisation.map(|table| table.unwrap_or([1; 64]));
        Ok(Self {
            source,
            colours: reader.marks.colours(&frame),
            quantisation: quantisation[..frame.components.len()].to_vec(),
            frame,
            scans,
            damage,
            complete,
            ended,
        })
    }

    /// Width in pixels, above 0.
    pub const fn width(&self) -> u32 {
        self.frame.width
    }

    /// Height in pixels, above 0.
    pub const fn height(&self) -> u32 {
        self.frame.height
    }

    /// The colour model of the components.
    pub const fn colours(&self) -> Colours {
        self.colours
    }

    /// How many rows of pixels are decoded at once.
    pub fn rows_at_once(&self, scale: Scale) -> u32 {
        self.frame.most_blocks().1 * scale.points()
    }

    /// How many pixels of the decoded picture the samples of a component cover, across and down. The first component
    /// is 0.
    ///
    /// # Panics
    ///
    /// If there is no such component. [`Colours::components`] says how many there are.
    pub fn ratios(&self, component: usize, reduction: Reduction) -> (Ratio, Ratio) {
        let sampling = self.frame.sampling(component, reduction);
        (sampling.across, sampling.down)
    }

    /// The bytes that a [`Decoder`](crate::Decoder) and this header hold at this size.
    pub fn decoder_bytes(&self, size: impl Into<Reduction>) -> u64 {
        let reduction = size.into();
        let components = (0..self.frame.components.len()).map(|index| Component::bytes(self, index, reduction));
        let scans = self.needed_scans(reduction).map(Scan::bytes);
        let headers = self.scans.len() * (size_of::<ScanHeader<'s>>() + 4 * size_of::<Part<'s>>());
        (components.sum::<usize>() + scans.sum::<usize>() + 2 * headers) as u64
    }

    /// The scans that have to be read at this size.
    ///
    /// A scan of high frequencies is skipped at a reduced scale, unless a needed scan refines it later: a refinement
    /// cannot be read without the coefficients that it refines. Without an end marker any scan may be cut off, so that
    /// all of them are read.
    pub(crate) fn needed_scans(&self, reduction: Reduction) -> impl Iterator<Item = &ScanHeader<'s>> {
        let mut wanted: Vec<u64> = (0..self.frame.components.len())
            .map(|index| Component::wanted(&self.frame, index, reduction))
            .collect();
        let mut needed = vec![true; self.scans.len()];
        for (scan, needed) in self.scans.iter().zip(&mut needed).rev() {
            let coefficients = scan.coefficients();
            for part in &scan.parts {
                let wanted = &mut wanted[part.component];
                *needed = !self.ended || *wanted & coefficients != 0 || coefficients & 1 != 0;
                if *needed {
                    *wanted |= coefficients;
                }
            }
        }
        self.scans
            .iter()
            .zip(needed)
            .filter_map(|(scan, needed)| needed.then_some(scan))
    }
}

/// Whether every component has a scan that begins it.
fn all_begun(frame: &Frame, scans: &[ScanHeader<'_>]) -> bool {
    (0..frame.components.len()).all(|component| scans.iter().any(|scan| scan.begins(component)))
}

/// Whether the scans of a progressive picture have every bit of every coefficient.
fn has_all_coefficients(frame: &Frame, scans: &[ScanHeader<'_>]) -> bool {
    (0..frame.components.len()).all(|component| {
        let last_bits = scans
            .iter()
            .filter(|scan| scan.low() == 0 && scan.parts.iter().any(|part| part.component == component));
        last_bits.fold(0, |all, scan| all | scan.coefficients()) == u64::MAX
    })
}

impl<'s> Reader<'s> {
    /// Takes in a segment. Returns true when no more of them are needed.
    fn add(&mut self, segment: &Segment<'s>) -> Result<bool, Error> {
        match segment.marker {
            END_OF_IMAGE => self.ended = true,
            START_OF_IMAGE => return Err(Error::Corrupt("it has a second start marker")),
            START_OF_SCAN => return self.add_scan(segment),
            // DHP and EXP of hierarchical pictures.
            0xde | 0xdf => return Err(Error::Unsupported("of several frames")),
            marker if Frame::is_start(marker) && self.frame.is_none() => {
                self.frame = Some(Frame::read(marker, segment.body)?);
            }
            marker if Frame::is_start(marker) => return Err(Error::Corrupt("it has more than one frame header")),
            marker => {
                if !self.tables.add(marker, segment.body)? && self.scans.is_empty() {
                    self.marks.add(marker, segment.body);
                }
            }
        }
        Ok(self.ended)
    }

    fn add_scan(&mut self, segment: &Segment<'s>) -> Result<bool, Error> {
        let Some(frame) = &self.frame else {
            return Err(Error::Corrupt("its pixels come before its size"));
        };
        let scan = ScanHeader::read(segment.body, segment.end, frame, &self.tables)?;
        let is_sequential = frame.process == Process::Sequential;
        for part in &scan.parts {
            if is_sequential && self.scans.iter().any(|before| before.begins(part.component)) {
                return Err(Error::Corrupt("a component has more than one scan"));
            }
            // The table in force at a component's first scan is the component's table (B.2.4.1).
            let place = &mut self.quantisation[part.component];
            if place.is_none() {
                *place = Some(
                    self.tables
                        .quantisation(frame.components[part.component].quantisation)?,
                );
            }
        }
        if self.scans.len() == MOST_SCANS {
            return Err(Error::Corrupt("it has more than 200 scans"));
        }
        self.scans.push(scan);
        Ok(is_sequential && all_begun(frame, &self.scans))
    }
}

impl Marks {
    fn add(&mut self, marker: u8, body: &[u8]) {
        /// The shortest segments that libjpeg takes for JFIF's and for Adobe's.
        const JFIF_BYTES: usize = 14;
        const ADOBE_BYTES: usize = 12;
        match marker {
            0xe0 if body.len() >= JFIF_BYTES && body.starts_with(b"JFIF\0") => self.jfif = true,
            0xee if body.len() >= ADOBE_BYTES && body.starts_with(b"Adobe") => self.adobe = Some(body[11]),
            _ => {}
        }
    }

    /// The colour model, by the rules that libjpeg has made the custom: JFIF (ITU-T T.871) comes before Adobe's segment
    /// (Adobe Technical Note 5116), and that one before the names of components. A transform that does not fit the
    /// number of components counts as the usual one.
    fn colours(&self, frame: &Frame) -> Colours {
        match (&frame.components[..], self.adobe) {
            ([_], _) => Colours::Gray,
            ([_, _, _, _], None | Some(0)) => Colours::Cmyk,
            ([_, _, _, _], Some(_)) => Colours::Ycck,
            (_, _) if self.jfif => Colours::YCbCr,
            (_, Some(0)) => Colours::Rgb,
            (_, Some(_)) => Colours::YCbCr,
            (components, None) => {
                if components.iter().map(|component| component.id).eq(*b"RGB") {
                    Colours::Rgb
                } else {
                    Colours::YCbCr
                }
            }
        }
    }
}
