//! CIE L*a*b* in TIFF (TIFF 6.0, section 23): converts lightness and two colour axes to sRGB.

use std::sync::LazyLock;

use super::depth::Depth;
use super::directory::Directory;
use super::values::Order;
use super::{tag, unsupported};
use crate::ImageError;

pub(super) struct Lab {
    encoding: Encoding,
    from_xyz: [[f32; 3]; 3],
    white: [f32; 3],
}

/// The numbers that a colour's axes are stored as. Lightness is 0 to 100 in all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    /// Signed numbers.
    Cie,
    /// Unsigned numbers around 128: TIFF Technical Note 4 of Photoshop 9.0.
    Icc,
    /// The ranges of colour fax: ITU-T T.42.
    Itu,
}

const STEPS: usize = 4096;

/// The sRGB value of each fraction of `STEPS` of full light.
static CURVE: LazyLock<Box<[u8]>> =
    LazyLock::new(|| (0..=STEPS).map(|step| encoded(step as f32 / STEPS as f32)).collect());

/// XYZ to linear sRGB for colours relative to D50, adapted by Bradford's method, and for those relative to D65; with
/// the white of each. From Lindbloom, "RGB/XYZ matrices", and IEC 61966-2-1.
const D50: ([[f32; 3]; 3], [f32; 3]) = (
    [
        [3.133_856, -1.616_866_7, -0.490_614_6],
        [-0.978_768_4, 1.916_141_5, 0.033_454],
        [0.071_945_3, -0.228_991_4, 1.405_242_7],
    ],
    [0.964_22, 1.0, 0.825_21],
);
const D65: ([[f32; 3]; 3], [f32; 3]) = (
    [
        [3.240_454_2, -1.537_138_5, -0.498_531_4],
        [-0.969_266, 1.876_010_8, 0.041_556],
        [0.055_643_4, -0.204_025_9, 1.057_225_2],
    ],
    [0.950_47, 1.0, 1.088_83],
);

impl Lab {
    /// `kind` is the photometric interpretation: 8, 9 or 10.
    pub(super) fn read(directory: &Directory<'_>, kind: u64, depth: Depth) -> Result<Self, ImageError> {
        let encoding = match kind {
            8 => Encoding::Cie,
            9 => Encoding::Icc,
            _ => Encoding::Itu,
        };
        let is_supported = match depth.bits() {
            8 => !depth.is_float(),
            16 => !depth.is_float() && encoding != Encoding::Itu,
            32 => depth.is_float() && encoding == Encoding::Cie,
            _ => false,
        };
        if !is_supported {
            return Err(unsupported("of CIELab with this kind of samples"));
        }
        // D50 is Photoshop's white, and the usual one. Only libvips says that the numbers are signed, or writes
        // fractions, and it means D65.
        const BETWEEN: f64 = 0.33;
        let stated = directory.values(tag::WHITE_POINT).and_then(|values| values.real(0));
        let is_d65 = stated.map_or(!depth.is_whole(), |x| x < BETWEEN);
        let (from_xyz, white) = if is_d65 { D65 } else { D50 };
        Ok(Self {
            encoding,
            from_xyz,
            white,
        })
    }

    /// A stored number of more than 8 bits as CIELab stores it in 16: lightness up to 65535, and the axes as signed
    /// numbers times 256. `sample` is 0 for lightness, 1 and 2 for the axes.
    pub(super) fn widened(&self, stored: &[u8], order: Order, sample: usize) -> u16 {
        let number = order.number(stored);
        if stored.len() > 2 {
            let fraction = f32::from_bits(number as u32);
            return match sample {
                0 => (fraction * 655.35 + 0.5) as u16,
                1 | 2 => ((fraction * 256.0).round() as i16).cast_unsigned(),
                _ => (fraction * 65_535.0 + 0.5) as u16,
            };
        }
        let number = number as u16;
        match (self.encoding, sample) {
            // 100 is 0xff00: ICC.1:2001-04, 6.3.4.2.
            (Encoding::Icc, 0) => (u32::from(number) * 65_535 / 0xff00).min(65_535) as u16,
            (Encoding::Icc, 1 | 2) => number.wrapping_sub(0x8000),
            _ => number,
        }
    }

    /// The colour of three samples that were widened.
    pub(super) fn wide_to_rgb(&self, [lightness, a, b]: [u16; 3]) -> [u8; 3] {
        let axis = |stored: u16| f32::from(stored.cast_signed()) / 256.0;
        self.sum(f32::from(lightness) / 655.35, axis(a), axis(b))
    }

    /// The colour of three samples of 8 bits.
    pub(super) fn to_rgb(&self, [lightness, a, b]: [u8; 3]) -> [u8; 3] {
        let [a, b] = match self.encoding {
            Encoding::Cie => [a, b].map(|stored| f32::from(stored.cast_signed())),
            Encoding::Icc => [a, b].map(|stored| f32::from(stored) - 128.0),
            Encoding::Itu => [
                f32::from(a) * (170.0 / 255.0) - 85.0,
                f32::from(b) * (200.0 / 255.0) - 75.0,
            ],
        };
        self.sum(f32::from(lightness) / 2.55, a, b)
    }

    /// The colour of a lightness from 0 to 100 and two axes.
    fn sum(&self, lightness: f32, a: f32, b: f32) -> [u8; 3] {
        let y = (lightness + 16.0) / 116.0;
        let [x_white, y_white, z_white] = self.white;
        let xyz = [
            x_white * light(y + a / 500.0),
            y_white * light(y),
            z_white * light(y - b / 200.0),
        ];
        self.from_xyz.map(|row| {
            let linear: f32 = row.iter().zip(xyz).map(|(factor, value)| factor * value).sum();
            CURVE[(linear.clamp(0.0, 1.0) * STEPS as f32 + 0.5) as usize]
        })
    }
}

/// The inverse of CIELab's compression: CIE 15, 8.2.1.
fn light(compressed: f32) -> f32 {
    const LINEAR_BELOW: f32 = 6.0 / 29.0;
    if compressed > LINEAR_BELOW {
        compressed * compressed * compressed
    } else {
        3.0 * LINEAR_BELOW * LINEAR_BELOW * (compressed - 4.0 / 29.0)
    }
}

/// The sRGB value of a fraction of full light: IEC 61966-2-1.
fn encoded(linear: f32) -> u8 {
    let fraction = if linear <= 0.003_130_8 {
        12.92 * linear
    } else {
        1.055 * linear.powf(1.0 / 2.4) - 0.055
    };
    (fraction * 255.0 + 0.5) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lab(encoding: Encoding, (from_xyz, white): ([[f32; 3]; 3], [f32; 3])) -> Lab {
        Lab {
            encoding,
            from_xyz,
            white,
        }
    }

    #[track_caller]
    fn check(lab: &Lab, stored: [u8; 3], expected: [u8; 3]) {
        let found = lab.to_rgb(stored);
        let near = found.iter().zip(expected).all(|(a, b)| a.abs_diff(b) <= 6);
        assert!(near, "{stored:?} became {found:?}, not {expected:?}");
    }

    /// The numbers that Little CMS 2 makes of sRGB colours, relative to D50, and libvips 8.18, relative to D65 and
    /// rounded.
    #[test]
    fn colour_is_converted_from_its_white() {
        let d50 = lab(Encoding::Cie, D50);
        check(&d50, [255, 0, 0], [255, 255, 255]);
        check(&d50, [0, 0, 0], [0, 0, 0]);
        check(&d50, [125, 67, 48], [220, 40, 40]);
        check(&d50, [165, 201, 48], [40, 180, 60]);
        check(&d50, [91, 31, 179], [40, 70, 210]);
        check(&d50, [214, 251, 75], [230, 210, 50]);
        let d65 = lab(Encoding::Cie, D65);
        check(&d65, [255, 0, 0], [255, 255, 255]);
        check(&d65, [123, 67, 46], [220, 40, 40]);
        check(&d65, [164, 196, 49], [40, 180, 60]);
        check(&d65, [94, 40, 181], [40, 70, 210]);
        check(&d65, [213, 247, 75], [230, 210, 50]);
    }

    /// The same grey and the same red in the three encodings.
    #[test]
    fn encodings_differ_in_their_axes() {
        check(&lab(Encoding::Icc, D50), [138, 128 + 81, 128 + 70], [255, 0, 0]);
        check(&lab(Encoding::Icc, D50), [137, 128, 128], [128, 128, 128]);
        // a is 0 at 85 of 170, b at 75 of 200: T.42.
        check(&lab(Encoding::Itu, D50), [137, 128, 96], [128, 128, 128]);
    }

    #[test]
    fn number_is_widened() {
        let cie = lab(Encoding::Cie, D50);
        let widened = |lab: &Lab, stored: u16, sample| lab.widened(&stored.to_le_bytes(), Order::LittleEndian, sample);
        assert_eq!([0, 1, 2].map(|sample| widened(&cie, 0x89ab, sample)), [0x89ab; 3]);
        let icc = lab(Encoding::Icc, D50);
        assert_eq!(
            [0, 0xff00, 0xffff].map(|stored| widened(&icc, stored, 0)),
            [0, 65_535, 65_535]
        );
        // 0x8000 is neutral, and one level more is 1 more.
        assert_eq!(
            [0x8000, 0x8001, 0x7fff].map(|stored| widened(&icc, stored, 1)),
            [0, 1, 0xffff]
        );
        let fraction = |value: f32, sample| cie.widened(&value.to_be_bytes(), Order::BigEndian, sample);
        assert_eq!(
            [0.0, 60.0, 100.0, 200.0].map(|value| fraction(value, 0)),
            [0, 39_321, 65_535, 65_535]
        );
        assert_eq!(
            [-1.0, 0.5, 500.0].map(|value| fraction(value, 2)),
            [0xff00, 0x0080, 0x7fff]
        );
        assert_eq!(fraction(f32::NAN, 1), 0);
    }
}
