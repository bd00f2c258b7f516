//! JPEG header: reads everything before the first scan (ITU-T T.81, annex B): process, size, components, EXIF
//! orientation, and the place of the colour profile.

use super::profile::Profile;
use super::{corrupt, unsupported};
use crate::codecs::exif;
use crate::{Channels, ImageError, Orientation, Size};

/// The header of a JPEG that can be decoded.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) size: Size,
    pub(super) progressive: bool,
    /// One, three or four.
    pub(super) components: Vec<Component>,
    pub(super) orientation: Orientation,
    pub(super) profile: Profile,
    /// Whether there is a segment of Adobe's: CMYK is then stored inverted.
    pub(super) adobe: bool,
    /// The offset of the first scan's marker.
    pub(super) first_scan: usize,
    /// Units between two restart markers of the first scan; 0: there are none.
    pub(super) restart_interval: u16,
    /// Whether the first scan carries all components.
    interleaved: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Component {
    pub(super) id: u8,
    horizontal: u8,
    vertical: u8,
}

/// A marker and the bytes that belong to it.
pub(super) struct Segment<'s> {
    pub(super) marker: u8,
    /// Empty for markers that stand alone.
    pub(super) body: &'s [u8],
    /// The offset of the marker's 0xFF.
    pub(super) start: usize,
    /// The offset of the next byte after the segment.
    pub(super) end: usize,
}

pub(super) const END_OF_IMAGE: u8 = 0xd9;
pub(super) const START_OF_SCAN: u8 = 0xda;
pub(super) const RESTART_INTERVAL: u8 = 0xdd;

impl Header {
    pub(super) fn read(source: &[u8]) -> Result<Self, ImageError> {
        const EXIF: u8 = 0xe1;
        const EXIF_PREFIX: &[u8] = b"Exif\0\0";

        let mut frame = None;
        const ICC: u8 = 0xe2;
        const ADOBE: u8 = 0xee;
        let mut orientation = None;
        let mut profile = Profile::default();
        let mut adobe = false;
        let mut restart_interval = 0;
        let mut position = 2;
        loop {
            let Some(segment) = next_segment(source, position)? else {
                return Err(corrupt("it ends within its header"));
            };
            position = segment.end;
            match segment.marker {
                // DHT, JPG and DAC have numbers of frame markers, but start no frame.
                0xc4 | 0xc8 | 0xcc => {}
                marker @ 0xc0..=0xcf if frame.is_none() => frame = Some(read_frame(marker, segment.body)?),
                0xc0..=0xcf => return Err(corrupt("it has more than one frame header")),
                EXIF if orientation.is_none() => {
                    orientation = segment.body.strip_prefix(EXIF_PREFIX).map(exif::orientation);
                }
                ICC => profile.add(&segment),
                ADOBE => adobe |= segment.body.starts_with(b"Adobe"),
                RESTART_INTERVAL => restart_interval = read_restart_interval(segment.body)?,
                END_OF_IMAGE => return Err(corrupt("it ends before its first pixel")),
                START_OF_SCAN => {
                    let Some((size, progressive, components)) = frame else {
                        return Err(corrupt("its pixels come before its size"));
                    };
                    let interleaved = segment.body.first().map(|count| usize::from(*count)) == Some(components.len());
                    return Ok(Self {
                        size,
                        progressive,
                        components,
                        orientation: orientation.unwrap_or_default(),
                        profile,
                        adobe,
                        first_scan: segment.start,
                        restart_interval,
                        interleaved,
                    });
                }
                _ => {}
            }
        }
    }

    /// The decoded channels: grey, three colours, or CMYK.
    pub(super) fn channels(&self) -> Channels {
        match self.components.len() {
            1 => Channels::Gray,
            4 => Channels::Cmyk,
            _ => Channels::Rgb,
        }
    }

    /// How many units (T.81 calls them MCUs) a scan of these components has: T.81, A.2.
    pub(super) fn units(&self, components: &[Component]) -> u64 {
        let (width, height) = (u64::from(self.size.width), u64::from(self.size.height));
        let (h_most, v_most) = self.most_samples();
        match components {
            // The units of a lone component are single blocks.
            [alone] => {
                let columns = (width * u64::from(alone.horizontal)).div_ceil(h_most).div_ceil(8);
                columns * (height * u64::from(alone.vertical)).div_ceil(v_most).div_ceil(8)
            }
            _ => width.div_ceil(8 * h_most) * height.div_ceil(8 * v_most),
        }
    }

    /// The largest sampling factors, horizontally and vertically.
    fn most_samples(&self) -> (u64, u64) {
        let most = |factor: fn(&Component) -> u8| self.components.iter().map(factor).max().map_or(1, u64::from);
        (
            most(|component| component.horizontal),
            most(|component| component.vertical),
        )
    }

    /// The decoder's peak, in bytes: the decoded picture; the coefficients of the whole picture if they come in several
    /// scans, else those of a row of blocks; and copies of the header's segments.
    pub(super) fn decoder_bytes(&self) -> u64 {
        const COEFFICIENT_BYTES: u64 = 2;
        /// Measured: coefficients, upsampled rows and their neighbours, for each column of pixels.
        const ROW_BUFFER_BYTES: u64 = 256;
        let (width, height) = (u64::from(self.size.width), u64::from(self.size.height));
        let picture = width * height * self.channels().count() as u64;
        let (h_most, v_most) = self.most_samples();
        let coefficients = if self.progressive || !self.interleaved {
            let columns = width.div_ceil(8 * h_most) * 8;
            let rows = height.div_ceil(8 * v_most) * 8;
            let samples = |component: &Component| {
                columns * u64::from(component.horizontal) * rows * u64::from(component.vertical)
            };
            self.components.iter().map(samples).sum::<u64>() * COEFFICIENT_BYTES
        } else {
            0
        };
        picture + coefficients + width * ROW_BUFFER_BYTES + 2 * self.first_scan as u64
    }
}

/// Reads the segment at or after `position`, and skips fill bytes and all else that is no marker. `None` at the end of
/// the source.
pub(super) fn next_segment(source: &[u8], position: usize) -> Result<Option<Segment<'_>>, ImageError> {
    let mut start = position;
    let marker = loop {
        let Some(found) = source
            .get(start..)
            .and_then(|rest| rest.iter().position(|byte| *byte == 0xff))
        else {
            return Ok(None);
        };
        start += found;
        match source.get(start + 1) {
            None => return Ok(None),
            // A stuffed or a fill byte.
            Some(0x00) => start += 2,
            Some(0xff) => start += 1,
            Some(marker) => break *marker,
        }
    };
    let body = start + 2;
    // TEM, RSTn, SOI and EOI stand alone.
    if matches!(marker, 0x01 | 0xd0..=END_OF_IMAGE) {
        return Ok(Some(Segment {
            marker,
            body: &[],
            start,
            end: body,
        }));
    }
    let Some(&[high, low]) = source.get(body..body + 2) else {
        return Ok(None);
    };
    let length = usize::from(u16::from_be_bytes([high, low]));
    if length < 2 {
        return Err(corrupt("one of its segments has an impossible length"));
    }
    let end = body + length;
    match source.get(body + 2..end) {
        Some(content) => Ok(Some(Segment {
            marker,
            body: content,
            start,
            end,
        })),
        None => Ok(None),
    }
}

pub(super) fn read_restart_interval(body: &[u8]) -> Result<u16, ImageError> {
    let bytes = body
        .try_into()
        .map_err(|_| corrupt("its restart interval has the wrong length"))?;
    Ok(u16::from_be_bytes(bytes))
}

type Frame = (Size, bool, Vec<Component>);

fn read_frame(marker: u8, body: &[u8]) -> Result<Frame, ImageError> {
    match marker {
        0xc0..=0xc2 => {}
        0xc3 => return Err(unsupported("without loss")),
        0xc5..=0xc7 => return Err(unsupported("of differential frames")),
        _ => return Err(unsupported("with arithmetic coding")),
    }
    let [precision, h1, h0, w1, w0, count, rest @ ..] = body else {
        return Err(corrupt("its frame header is too short"));
    };
    let size = Size::new(
        u32::from(u16::from_be_bytes([*w1, *w0])),
        u32::from(u16::from_be_bytes([*h1, *h0])),
    );
    if *precision == 12 {
        return Err(unsupported("with 12 bits a sample"));
    }
    if *precision != 8 {
        return Err(corrupt("its frame header gives an impossible number of bits"));
    }
    if size.width == 0 {
        return Err(corrupt("it has no columns"));
    }
    if size.height == 0 {
        return Err(unsupported("that tells its height only after its pixels"));
    }
    if !matches!(count, 1 | 3 | 4) {
        return Err(unsupported("with neither one, three nor four components"));
    }
    let (entries, _) = rest.as_chunks::<3>();
    if entries.len() != usize::from(*count) {
        return Err(corrupt("its frame header has the wrong length"));
    }
    let components: Vec<Component> = entries
        .iter()
        .map(|&[id, sampling, _]| Component {
            id,
            horizontal: sampling >> 4,
            vertical: sampling & 0xf,
        })
        .collect();
    let sane = |component: &Component| (1..=4).contains(&component.horizontal) && (1..=4).contains(&component.vertical);
    if !components.iter().all(sane) {
        return Err(corrupt("its frame header gives impossible sampling factors"));
    }
    Ok((size, marker == 0xc2, components))
}
