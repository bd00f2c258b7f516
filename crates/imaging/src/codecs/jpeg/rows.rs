//! Rows of pixels from rows of components: upsamples chroma, and converts colours to RGB and inks to their usual
//! meaning.

use resizer_jpeg::{Colours, Ratio, Rows};

use super::upsample;
use crate::Channels;

/// The conversion of the components' samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Conversion {
    /// Luma and chroma become red, green and blue. Inks are inverted, so that 0 means none: nearly all programs write
    /// them inverted, with or without a segment that says so, and nearly all read them so.
    Display,
    /// The samples stay as they are.
    None,
}

/// The channels of pixels with these components.
pub(super) const fn channels(colours: Colours) -> Channels {
    match colours {
        Colours::Gray => Channels::Gray,
        Colours::YCbCr | Colours::Rgb => Channels::Rgb,
        Colours::Cmyk | Colours::Ycck => Channels::Cmyk,
    }
}

/// Converts rows of components to rows of pixels.
pub(super) struct RowMaker {
    colours: Colours,
    conversion: Conversion,
    /// Upsampled rows of components.
    filled: [Vec<u8>; 4],
    sums: Vec<u16>,
}

impl RowMaker {
    /// Bytes held for each pixel of a row.
    pub(super) const PIXEL_BYTES: u64 = 6;

    pub(super) const fn new(colours: Colours, conversion: Conversion) -> Self {
        Self {
            colours,
            conversion,
            filled: [const { Vec::new() }; 4],
            sums: Vec::new(),
        }
    }

    /// Whether a row of pixels may take samples of the row after its own.
    pub(super) fn need_next(&self, rows: &Rows<'_>) -> bool {
        let components = 0..self.colours.components();
        components
            .map(|component| rows.plane(component).ratios().1)
            .any(upsample::is_double)
    }

    /// Row `y` of the picture, `width` pixels.
    pub(super) fn make(&mut self, rows: &Rows<'_>, y: u32, width: u32, pixels: &mut [u8]) {
        let Self {
            colours, filled, sums, ..
        } = self;
        let mut planes: [&[u8]; 4] = [&[]; 4];
        let components = planes.iter_mut().zip(filled).take(colours.components());
        for (index, (samples, filled)) in components.enumerate() {
            let plane = rows.plane(index);
            *samples = if plane.ratios() == (Ratio::ONE, Ratio::ONE) {
                plane.row(y)
            } else {
                filled.resize(width as usize, 0);
                upsample::row(&plane, y, sums, filled);
                filled
            };
        }
        let [a, b, c, d] = planes;
        match (colours, self.conversion) {
            (Colours::Gray, _) => pixels.copy_from_slice(a),
            (Colours::YCbCr, Conversion::Display) => {
                for (pixel, samples) in pixels.as_chunks_mut().0.iter_mut().zip(triples(a, b, c)) {
                    *pixel = rgb(samples);
                }
            }
            (Colours::Rgb | Colours::YCbCr, _) => {
                for (pixel, samples) in pixels.as_chunks_mut().0.iter_mut().zip(triples(a, b, c)) {
                    *pixel = samples;
                }
            }
            (Colours::Ycck, Conversion::Display) => {
                for ((pixel, samples), d) in pixels.as_chunks_mut().0.iter_mut().zip(triples(a, b, c)).zip(d) {
                    // Inverted cyan, magenta and yellow were taken for the complements of red, green and blue.
                    let [red, green, blue] = rgb(samples);
                    *pixel = [red, green, blue, !d];
                }
            }
            (Colours::Cmyk | Colours::Ycck, conversion) => {
                let mask = if conversion == Conversion::Display { 0xff } else { 0 };
                for ((pixel, [a, b, c]), d) in pixels.as_chunks_mut().0.iter_mut().zip(triples(a, b, c)).zip(d) {
                    *pixel = [a, b, c, *d].map(|ink| ink ^ mask);
                }
            }
        }
    }
}

fn triples<'r>(a: &'r [u8], b: &'r [u8], c: &'r [u8]) -> impl Iterator<Item = [u8; 3]> + 'r {
    a.iter().zip(b).zip(c).map(|((a, b), c)| [*a, *b, *c])
}

/// Luma and chroma to red, green and blue, as JFIF 1.02 defines them: the equations of ITU-R BT.601 over the full
/// range.
#[inline(always)]
fn rgb([y, cb, cr]: [u8; 3]) -> [u8; 3] {
    /// 1.402, 0.344136, 0.714136 and 1.772, and one half, in parts of 2^14.
    const RED: i32 = 22_970;
    const GREEN_OF_BLUE: i32 = 5_638;
    const GREEN_OF_RED: i32 = 11_700;
    const BLUE: i32 = 29_032;
    const BITS: i32 = 14;
    const HALF: i32 = 1 << (BITS - 1);
    let byte = |value: i32| (value >> BITS).clamp(0, 255) as u8;
    let y = (i32::from(y) << BITS) + HALF;
    let (cb, cr) = (i32::from(cb) - 128, i32::from(cr) - 128);
    [
        byte(y + RED * cr),
        byte(y - GREEN_OF_BLUE * cb - GREEN_OF_RED * cr),
        byte(y + BLUE * cb),
    ]
}
