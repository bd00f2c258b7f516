//! JPEG decoder through resizer-jpeg: lends rows as they are decoded, at full or reduced size, in a few hundred
//! kilobytes. The files that resizer-jpeg does not decode go through `decode`.

use resizer_jpeg::{Colours, Error, Header, Rows, Scale};

use super::{corrupt, scans, upsample};
use crate::band::{Band, rows_per_band};
use crate::codecs::{Decoder, Delay};
use crate::shrink::Shrink;
use crate::{Cancel, Channels, Detail, Format, ImageError};

pub(super) struct StreamDecoder<'s> {
    library: resizer_jpeg::Decoder<'s>,
    begun: bool,
    /// The next row of pixels to lend, and the end of the rows that are ready.
    next: u32,
    ready: u32,
    rows: RowMaker,
    band: Vec<u8>,
}

impl<'s> StreamDecoder<'s> {
    pub(super) fn new(source: &'s [u8], shrink: Shrink) -> Result<Self, ImageError> {
        let library = resizer_jpeg::Decoder::new(source, scale(shrink)).map_err(failure)?;
        Ok(Self {
            rows: RowMaker::new(library.colours()),
            library,
            begun: false,
            next: 0,
            ready: 0,
            band: Vec::new(),
        })
    }
}

impl Decoder for StreamDecoder<'_> {
    fn next_frame(&mut self, cancel: &Cancel) -> Result<Option<Delay>, ImageError> {
        cancel.check()?;
        let first = !self.begun;
        self.begun = true;
        Ok(first.then_some(0))
    }

    fn next_band(&mut self, cancel: &Cancel) -> Result<Option<Band<'_>>, ImageError> {
        let Self {
            library, rows, band, ..
        } = self;
        while self.next == self.ready {
            cancel.check()?;
            if !library.advance().map_err(failure)? {
                return Ok(None);
            }
            let decoded = library.rows();
            // The last row may need the chroma of the next one.
            let held_back = u32::from(!decoded.are_last() && rows.need_next(&decoded));
            self.ready = decoded.end() - held_back;
        }
        let width = library.width();
        let channels = channels(library.colours());
        let row_bytes = width as usize * channels.count();
        let end = self.ready.min(self.next + rows_per_band(row_bytes) as u32);
        band.resize((end - self.next) as usize * row_bytes, 0);
        for (y, pixels) in (self.next..end).zip(band.chunks_exact_mut(row_bytes)) {
            rows.make(&library.rows(), y, width, pixels);
        }
        self.next = end;
        Ok(Some(Band {
            pixels: band,
            width,
            channels,
        }))
    }
}

const fn channels(colours: Colours) -> Channels {
    match colours {
        Colours::Gray => Channels::Gray,
        Colours::YCbCr | Colours::Rgb => Channels::Rgb,
    }
}

const fn scale(shrink: Shrink) -> Scale {
    match shrink {
        Shrink::EIGHTH => Scale::Eighth,
        Shrink::QUARTER => Scale::Quarter,
        Shrink::HALF => Scale::Half,
        _ => Scale::Full,
    }
}

/// Bytes that a decoder of this picture holds, at full size and at a half, a quarter and an eighth of it.
pub(super) fn bytes(header: &Header<'_>) -> (u64, [u64; 3]) {
    let channels = channels(header.colours()).count() as u64;
    let at = |scale: Scale| {
        let width = scale.apply(header.width());
        let row_bytes = u64::from(width) * channels;
        // As many rows as are decoded at once, or as fit into a band.
        let rows = (rows_per_band(row_bytes as usize) as u64).min(u64::from(header.rows_at_once(scale)));
        header.decoder_bytes(scale) + rows * row_bytes + u64::from(width) * RowMaker::PIXEL_BYTES
    };
    let [full, half, quarter, eighth] = Scale::ALL.map(at);
    (full, [half, quarter, eighth])
}

/// A failure of resizer-jpeg. The header has shown before that the kind of file is supported.
fn failure(error: Error) -> ImageError {
    match error {
        Error::Truncated => corrupt(scans::INCOMPLETE),
        error => ImageError::Corrupt {
            format: Some(Format::Jpeg),
            reason: "its pixels cannot be decoded".to_owned(),
            detail: Some(Detail(error.to_string())),
        },
    }
}

/// Converts rows of components to rows of pixels.
struct RowMaker {
    colours: Colours,
    /// Upsampled rows of components.
    filled: [Vec<u8>; 3],
    sums: Vec<u16>,
}

impl RowMaker {
    /// Bytes held for each pixel of a row.
    const PIXEL_BYTES: u64 = 5;

    const fn new(colours: Colours) -> Self {
        Self {
            colours,
            filled: [const { Vec::new() }; 3],
            sums: Vec::new(),
        }
    }

    /// Whether a row of pixels may take samples of the row after its own.
    fn need_next(&self, rows: &Rows<'_>) -> bool {
        (0..channels(self.colours).count()).any(|component| rows.plane(component).ratios().1 == 2)
    }

    fn make(&mut self, rows: &Rows<'_>, y: u32, width: u32, pixels: &mut [u8]) {
        let Self { colours, filled, sums } = self;
        if *colours == Colours::Gray {
            pixels.copy_from_slice(rows.plane(0).row(y));
            return;
        }
        let mut index = 0;
        let [a, b, c] = filled.each_mut().map(|filled| {
            let plane = rows.plane(index);
            index += 1;
            if plane.ratios() == (1, 1) {
                return plane.row(y);
            }
            filled.resize(width as usize, 0);
            upsample::row(&plane, y, sums, filled);
            filled
        });
        if *colours == Colours::Rgb {
            for ((pixel, (red, green)), blue) in pixels.as_chunks_mut().0.iter_mut().zip(a.iter().zip(b)).zip(c) {
                *pixel = [*red, *green, *blue];
            }
        } else {
            to_rgb(a, b, c, pixels);
        }
    }
}

/// Luma and chroma to red, green and blue, as JFIF 1.02 defines them: the equations of ITU-R BT.601 over the full
/// range.
fn to_rgb(luma: &[u8], blue: &[u8], red: &[u8], pixels: &mut [u8]) {
    /// 1.402, 0.344136, 0.714136 and 1.772, and one half, in parts of 2^14.
    const RED: i32 = 22_970;
    const GREEN_OF_BLUE: i32 = 5_638;
    const GREEN_OF_RED: i32 = 11_700;
    const BLUE: i32 = 29_032;
    const BITS: i32 = 14;
    const HALF: i32 = 1 << (BITS - 1);
    let byte = |value: i32| (value >> BITS).clamp(0, 255) as u8;
    let pixels = pixels.as_chunks_mut().0.iter_mut();
    for (((pixel, y), cb), cr) in pixels.zip(luma).zip(blue).zip(red) {
        let y = (i32::from(*y) << BITS) + HALF;
        let (cb, cr) = (i32::from(*cb) - 128, i32::from(*cr) - 128);
        *pixel = [
            byte(y + RED * cr),
            byte(y - GREEN_OF_BLUE * cb - GREEN_OF_RED * cr),
            byte(y + BLUE * cb),
        ];
    }
}
