//! Free rotation: the size of the canvas that holds a rotated picture.

use crate::Size;

/// The sine and the cosine of a tilt in thousandths of a degree, each times 2^32. Whole numbers, so that a last digit
/// in which mathematical libraries differ changes no pixel.
pub(crate) fn sine_and_cosine(tilt: i32) -> (i64, i64) {
    let (sine, cosine) = (f64::from(tilt) / 1000.0).to_radians().sin_cos();
    let whole = |value: f64| (value * ONE as f64).round() as i64;
    (whole(sine), whole(cosine))
}

/// 1 in the numbers of [`sine_and_cosine`].
pub(crate) const ONE: i64 = 1 << 32;

/// The bounding box of a picture that is tilted: its sides are rounded, and at least 1. Without a tilt it is the
/// picture's own size.
pub(super) fn bounds(size: Size, tilt: i32) -> Size {
    if tilt == 0 {
        return size;
    }
    let (sine, cosine) = sine_and_cosine(tilt);
    let (sine, cosine) = (i128::from(sine.abs()), i128::from(cosine));
    let (width, height) = (i128::from(size.width), i128::from(size.height));
    let rounded = |side: i128| {
        let side = (side + i128::from(ONE) / 2) / i128::from(ONE);
        u32::try_from(side).unwrap_or(u32::MAX).max(1)
    };
    Size::new(
        rounded(width * cosine + height * sine),
        rounded(width * sine + height * cosine),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sides of the bounding box are w |cos| + h |sin| and w |sin| + h |cos|.
    #[test]
    fn canvas_holds_the_whole_picture() {
        let check = |size: (u32, u32), tilt: i32, expected: (u32, u32)| {
            let found = bounds(Size::new(size.0, size.1), tilt);
            assert_eq!((found.width, found.height), expected, "{size:?} by {tilt}");
        };
        // 100 times the root of 2 is 141.42.
        check((100, 100), 45_000, (141, 141));
        check((100, 100), -45_000, (141, 141));
        // cos 30 is 0.8660 and sin 30 is 0.5: 200 * 0.866 + 50, and 100 + 100 * 0.866.
        check((200, 100), 30_000, (223, 187));
        check((200, 100), 0, (200, 100));
        check((1, 1), 100, (1, 1));
        check((u32::MAX, u32::MAX), 45_000, (u32::MAX, u32::MAX));
    }
}
