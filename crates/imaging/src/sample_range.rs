//! Sample range: the values that luma and chroma use, all of them in a JPEG (ITU-T T.871) or those of studio range in a
//! WebP (ITU-R BT.601). The colours are the same. Planes keep the range of their source until they are encoded.

/// The range of the samples of luma and chroma.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    not(feature = "codecs"),
    expect(dead_code, reason = "decoders tell the range of their planes")
)]
pub(crate) enum SampleRange {
    /// 0 to 255; chroma around 128.
    Full,
    /// Luma from 16 to 235, chroma from 16 to 240.
    Studio,
}

impl SampleRange {
    /// The value of this range for a value of the full range. Plane 0 is luma.
    pub(crate) fn of_full(self, plane: usize, value: u8) -> u8 {
        match self {
            Self::Full => value,
            Self::Studio => TO_STUDIO[usize::from(plane > 0)][usize::from(value)],
        }
    }

    /// The sum of a sample and of the one for inverted red, green and blue: black and white, or twice the middle of
    /// chroma.
    #[cfg(feature = "codecs")]
    pub(crate) const fn inverted_sum(self, plane: usize) -> u16 {
        match (plane, self) {
            (0, Self::Full) => 255,
            (0, Self::Studio) => 16 + 235,
            _ => 2 * 128,
        }
    }

    /// The table from this range to another one. `None` if they are the same.
    #[cfg(feature = "codecs")]
    pub(crate) const fn table(self, to: Self, plane: usize) -> Option<&'static [u8; 256]> {
        let tables = match (self, to) {
            (Self::Full, Self::Full) | (Self::Studio, Self::Studio) => return None,
            (Self::Full, Self::Studio) => &TO_STUDIO,
            (Self::Studio, Self::Full) => &TO_FULL,
        };
        Some(&tables[(plane > 0) as usize])
    }
}

/// Of luma and of chroma: its first value, and the distance from there to its last one.
const STUDIO: [[i32; 2]; 2] = [[16, 219], [16, 224]];

static TO_STUDIO: [[u8; 256]; 2] = [to_studio(STUDIO[0]), to_studio(STUDIO[1])];
#[cfg(feature = "codecs")]
static TO_FULL: [[u8; 256]; 2] = [to_full(STUDIO[0]), to_full(STUDIO[1])];

/// The nearest values of studio range.
const fn to_studio([first, distance]: [i32; 2]) -> [u8; 256] {
    let (centre, middle) = centres(first, distance);
    let mut table = [0; 256];
    let mut value = 0;
    while value < 256 {
        table[value] = (middle + divided((value as i32 - centre) * distance, 255)) as u8;
        value += 1;
    }
    table
}

/// The nearest values of the full range. Values beyond studio range, which the filter makes, are clamped.
#[cfg(feature = "codecs")]
const fn to_full([first, distance]: [i32; 2]) -> [u8; 256] {
    let (centre, middle) = centres(first, distance);
    let mut table = [0; 256];
    let mut value = 0;
    while value < 256 {
        let full = centre + divided((value as i32 - middle) * 255, distance);
        table[value] = if full < 0 {
            0
        } else if full > 255 {
            255
        } else {
            full as u8
        };
        value += 1;
    }
    table
}

/// The value of the full range that stays where it is, and its value in studio range: black of luma, grey of chroma.
const fn centres(first: i32, distance: i32) -> (i32, i32) {
    if distance == STUDIO[0][1] {
        (0, first)
    } else {
        (128, 128)
    }
}

/// The quotient, rounded to the nearest.
const fn divided(number: i32, by: i32) -> i32 {
    (2 * number + by).div_euclid(2 * by)
}

#[cfg(all(test, feature = "codecs"))]
mod tests {
    use super::*;

    #[test]
    fn ends_and_middle_of_a_range_are_those_of_the_standard() {
        assert_eq!([0, 255].map(|value| SampleRange::Studio.of_full(0, value)), [16, 235]);
        assert_eq!(
            [0, 128, 255].map(|value| SampleRange::Studio.of_full(1, value)),
            [16, 128, 240]
        );
        assert_eq!([16, 235].map(|value| TO_FULL[0][value]), [0, 255]);
        // The ends are 0.5 and 255.5.
        assert_eq!([16, 128, 240].map(|value| TO_FULL[1][value]), [1, 128, 255]);
        assert_eq!([0, 255].map(|value| TO_FULL[0][value]), [0, 255]);
    }

    #[test]
    fn value_is_rounded_to_the_nearest() {
        for value in 0..=255_u8 {
            let number = f64::from(value);
            let luma = 16.0 + number * 219.0 / 255.0;
            let chroma = 128.0 + (number - 128.0) * 224.0 / 255.0;
            for (plane, expected) in [luma, chroma].into_iter().enumerate() {
                let found = f64::from(SampleRange::Studio.of_full(plane, value));
                assert!((found - expected).abs() <= 0.5, "{value}: {found} for {expected}");
            }
            let luma = (number - 16.0) * 255.0 / 219.0;
            let chroma = 128.0 + (number - 128.0) * 255.0 / 224.0;
            for (plane, expected) in [luma, chroma].into_iter().enumerate() {
                let found = f64::from(TO_FULL[plane][usize::from(value)]);
                let expected = expected.clamp(0.0, 255.0);
                assert!((found - expected).abs() <= 0.5, "{value}: {found} for {expected}");
            }
        }
    }
}
