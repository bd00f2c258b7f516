//! Conversion of luma and chroma to colours (ITU-T H.273, 8.3): a matrix for each row, in integers.

use crate::DecodeError;
use crate::sequence::{Sequence, Signal};

/// Fractional bits of the matrix.
const BITS: u32 = 16;

/// The conversion of a picture's samples to 8 bits.
#[derive(Clone, Debug)]
pub(crate) struct Colours {
    /// Red, green and blue, each from luma, both chromas and a constant.
    matrix: [[i32; 4]; 3],
}

impl Colours {
    /// The conversion for samples of these bits and this meaning. Names the matrices that are not known.
    pub(crate) fn new(sequence: &Sequence, signal: Signal) -> Result<Self, DecodeError> {
        let rows = if sequence.grey {
            [[1.0, 0.0, 0.0]; 3]
        } else {
            matrix(signal)?
        };
        let scale = Range::of(sequence.bits, signal.full_range);
        // RGB has no chroma: all its samples have luma's range.
        let rgb = signal.matrix == 0 && !sequence.grey;
        let (chroma_zero, chroma_range) = if rgb {
            (scale.zero, scale.range)
        } else {
            (scale.middle, scale.chroma_range)
        };
        let unit = 255.0 * f64::from(1 << BITS);
        Ok(Self {
            matrix: rows.map(|[luma, first, second]| {
                let factors = [luma / scale.range, first / chroma_range, second / chroma_range].map(|part| part * unit);
                let zeros = [scale.zero, chroma_zero, chroma_zero];
                let constant: f64 = factors.iter().zip(zeros).map(|(factor, zero)| -factor * zero).sum();
                let [luma, first, second] = factors.map(|factor| factor.round() as i32);
                [luma, first, second, constant.round() as i32 + (1 << (BITS - 1))]
            }),
        })
    }

    /// Appends red, green and blue of each pixel, with a gap for alpha if `with_alpha`.
    pub(crate) fn rgb(&self, luma: &[u16], chroma: [&[u16]; 2], with_alpha: bool, target: &mut [u8]) {
        let samples = luma.iter().zip(chroma[0]).zip(chroma[1]);
        let pixels = target.chunks_exact_mut(if with_alpha { 4 } else { 3 });
        for (pixel, ((luma, first), second)) in pixels.zip(samples) {
            let samples = [luma, first, second].map(|sample| i32::from(*sample));
            for (value, row) in pixel.iter_mut().zip(&self.matrix) {
                let sum = samples[0] * row[0] + samples[1] * row[1] + samples[2] * row[2] + row[3];
                *value = (sum >> BITS).clamp(0, 255) as u8;
            }
        }
    }

    /// The 8 bits of a sample of luma or alpha.
    pub(crate) fn grey(&self, sample: u16) -> u8 {
        let [luma, _, _, constant] = self.matrix[0];
        ((i32::from(sample) * luma + constant) >> BITS).clamp(0, 255) as u8
    }
}

/// The values of black, of neutral chroma, and the steps to white and to the strongest chroma, for samples of some
/// bits (H.273, equations 20 to 31).
struct Range {
    zero: f64,
    range: f64,
    middle: f64,
    chroma_range: f64,
}

impl Range {
    fn of(bits: u8, full: bool) -> Self {
        let unit = f64::from(1_u32 << (bits - 8));
        let middle = 128.0 * unit;
        if full {
            let most = 256.0 * unit - 1.0;
            Self {
                zero: 0.0,
                range: most,
                middle,
                chroma_range: most,
            }
        } else {
            Self {
                zero: 16.0 * unit,
                range: 219.0 * unit,
                middle,
                chroma_range: 224.0 * unit,
            }
        }
    }
}

/// Red, green and blue from luma (0 to 1) and chromas (-0.5 to 0.5).
fn matrix(signal: Signal) -> Result<[[f64; 3]; 3], DecodeError> {
    // The weights of red and blue in luma. Those of "unspecified" are BT.601's, as other decoders take it.
    let (red, blue) = match signal.matrix {
        // The samples are green, blue and red.
        0 => return Ok([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]),
        1 => (0.2126, 0.0722),
        4 => (0.30, 0.11),
        2 | 5 | 6 => (0.299, 0.114),
        7 => (0.212, 0.087),
        // YCgCo.
        8 => return Ok([[1.0, -1.0, 1.0], [1.0, 1.0, 0.0], [1.0, -1.0, -1.0]]),
        9 => (0.2627, 0.0593),
        // The weights follow from the primaries.
        12 => match signal.primaries {
            1 | 2 => (0.2126, 0.0722),
            9 => (0.2627, 0.0593),
            12 => (0.2290, 0.0793),
            5 => (0.2220, 0.0713),
            6 | 7 => (0.2124, 0.0866),
            _ => return Err(DecodeError::Unsupported("with a matrix of uncommon primaries")),
        },
        10 | 13 => return Err(DecodeError::Unsupported("with colours of constant luminance")),
        14 => return Err(DecodeError::Unsupported("with colours in ICtCp")),
        _ => return Err(DecodeError::Unsupported("with an unknown matrix of colours")),
    };
    let green = 1.0 - red - blue;
    let (to_red, to_blue) = (2.0 * (1.0 - red), 2.0 * (1.0 - blue));
    Ok([
        [1.0, 0.0, to_red],
        [1.0, -to_blue * blue / green, -to_red * red / green],
        [1.0, to_blue, 0.0],
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn colours(bits: u8, matrix: u16, full_range: bool) -> Colours {
        let signal = Signal {
            primaries: 1,
            transfer: 13,
            matrix,
            full_range,
        };
        let sequence = Sequence {
            width: 1,
            height: 1,
            bits,
            grey: false,
            halved: [false; 2],
            signal,
        };
        Colours::new(&sequence, signal).unwrap()
    }

    /// The sample that stands for each value of H.273's equations, forward: colours to samples, in f64.
    #[test]
    fn colours_survive_the_forward_equations_of_each_matrix() {
        for (matrix, red, blue) in [(1, 0.2126, 0.0722), (6, 0.299, 0.114), (9, 0.2627, 0.0593)] {
            for bits in [8, 10, 12] {
                for full in [false, true] {
                    let unit = f64::from(1 << (bits - 8));
                    let colours = colours(bits, matrix, full);
                    for rgb in [[0, 0, 0], [255, 255, 255], [255, 0, 0], [12, 200, 99], [90, 91, 250]] {
                        let [r, g, b] = rgb.map(|value: u8| f64::from(value) / 255.0);
                        let y = red * r + (1.0 - red - blue) * g + blue * b;
                        let (pb, pr) = ((b - y) / 2.0 / (1.0 - blue), (r - y) / 2.0 / (1.0 - red));
                        let sample = |value: f64, chroma: bool| {
                            let most = 256.0 * unit - 1.0;
                            let value = match (full, chroma) {
                                (true, false) => most * value,
                                (true, true) => most * value + 128.0 * unit,
                                (false, false) => (219.0 * value + 16.0) * unit,
                                (false, true) => (224.0 * value + 128.0) * unit,
                            };
                            value.round().clamp(0.0, most) as u16
                        };
                        let mut shown = [0; 3];
                        let chroma = [[sample(pb, true)], [sample(pr, true)]];
                        colours.rgb(&[sample(y, false)], [&chroma[0], &chroma[1]], false, &mut shown);
                        for (value, expected) in shown.iter().zip(rgb) {
                            assert!(
                                value.abs_diff(expected) <= 2,
                                "{matrix} {bits} {full}: {rgb:?} {shown:?}"
                            );
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn identity_matrix_is_green_blue_red() {
        let mut shown = [0; 3];
        colours(8, 0, true).rgb(&[10], [&[20], &[30]], false, &mut shown);
        assert_eq!(shown, [30, 10, 20]);
    }

    #[test]
    fn constant_luminance_is_refused_by_name() {
        let signal = Signal {
            primaries: 9,
            transfer: 14,
            matrix: 10,
            full_range: true,
        };
        assert_eq!(
            matrix(signal),
            Err(DecodeError::Unsupported("with colours of constant luminance"))
        );
    }
}
