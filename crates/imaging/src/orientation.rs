//! Orientation of a picture: EXIF's eight orientations, quarter turns and mirrorings, and their composition. Layout,
//! planning and the turning step all use this type.

use crate::Size;

/// A quarter turn, a mirroring, or both. First rows and columns are exchanged if `transpose`. Then the result is
/// mirrored left to right if `flip_x`, and top to bottom if `flip_y`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Orientation {
    /// Exchange rows and columns: the point (x, y) moves to (y, x).
    pub transpose: bool,
    /// Mirror left to right.
    pub flip_x: bool,
    /// Mirror top to bottom.
    pub flip_y: bool,
}

impl Orientation {
    /// Leaves every pixel where it is.
    pub const IDENTITY: Self = Self {
        transpose: false,
        flip_x: false,
        flip_y: false,
    };

    /// A clockwise rotation by this many quarter turns.
    pub const fn rotation(quarter_turns: u8) -> Self {
        match quarter_turns % 4 {
            0 => Self::IDENTITY,
            1 => Self {
                transpose: true,
                flip_x: true,
                flip_y: false,
            },
            2 => Self {
                transpose: false,
                flip_x: true,
                flip_y: true,
            },
            _ => Self {
                transpose: true,
                flip_x: false,
                flip_y: true,
            },
        }
    }

    /// Mirroring left to right, top to bottom, or both.
    pub const fn flip(x: bool, y: bool) -> Self {
        Self {
            transpose: false,
            flip_x: x,
            flip_y: y,
        }
    }

    /// The orientation that displays a picture whose EXIF tag 0x0112 has this value (EXIF 2.32, 4.6.4). Values outside
    /// 1 to 8 are invalid and count as 1.
    pub const fn from_exif(value: u16) -> Self {
        let (transpose, flip_x, flip_y) = match value {
            2 => (false, true, false),
            3 => (false, true, true),
            4 => (false, false, true),
            5 => (true, false, false),
            6 => (true, true, false),
            7 => (true, true, true),
            8 => (true, false, true),
            _ => (false, false, false),
        };
        Self {
            transpose,
            flip_x,
            flip_y,
        }
    }

    /// The value of EXIF tag 0x0112 for this orientation: 1 to 8.
    pub const fn to_exif(self) -> u16 {
        match (self.transpose, self.flip_x, self.flip_y) {
            (false, false, false) => 1,
            (false, true, false) => 2,
            (false, true, true) => 3,
            (false, false, true) => 4,
            (true, false, false) => 5,
            (true, true, false) => 6,
            (true, true, true) => 7,
            (true, false, true) => 8,
        }
    }

    /// This orientation followed by `next`. A transposition turns a horizontal mirroring into a vertical one.
    pub const fn then(self, next: Self) -> Self {
        let (flip_x, flip_y) = if next.transpose {
            (self.flip_y, self.flip_x)
        } else {
            (self.flip_x, self.flip_y)
        };
        Self {
            transpose: self.transpose != next.transpose,
            flip_x: flip_x != next.flip_x,
            flip_y: flip_y != next.flip_y,
        }
    }

    /// The orientation that undoes this one.
    pub const fn inverse(self) -> Self {
        if self.transpose {
            Self {
                transpose: true,
                flip_x: self.flip_y,
                flip_y: self.flip_x,
            }
        } else {
            self
        }
    }

    /// The size of a picture of `size` in this orientation.
    pub const fn apply_to_size(self, size: Size) -> Size {
        if self.transpose { size.swapped() } else { size }
    }

    /// The position of the rectangle `[x1, y1, x2, y2]` of a picture of `size` in this orientation.
    pub const fn apply_to_rectangle(self, [x1, y1, x2, y2]: [u32; 4], size: Size) -> [u32; 4] {
        let [mut x1, mut y1, mut x2, mut y2] = if self.transpose {
            [y1, x1, y2, x2]
        } else {
            [x1, y1, x2, y2]
        };
        let Size { width, height } = self.apply_to_size(size);
        if self.flip_x {
            (x1, x2) = (width - x2, width - x1);
        }
        if self.flip_y {
            (y1, y2) = (height - y2, height - y1);
        }
        [x1, y1, x2, y2]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> impl Iterator<Item = Orientation> {
        (1..=8).map(Orientation::from_exif)
    }

    #[test]
    fn exif_value_survives_a_round_trip() {
        for value in 1..=8 {
            assert_eq!(Orientation::from_exif(value).to_exif(), value);
        }
        assert_eq!(Orientation::from_exif(0), Orientation::IDENTITY);
        assert_eq!(Orientation::from_exif(9), Orientation::IDENTITY);
    }

    #[test]
    fn orientation_then_inverse_is_identity() {
        for orientation in all() {
            assert_eq!(
                orientation.then(orientation.inverse()),
                Orientation::IDENTITY,
                "{orientation:?}"
            );
        }
    }

    #[test]
    fn quarter_turns_add_up() {
        for (first, second) in [(1, 1), (1, 2), (3, 3), (2, 3)] {
            let both = Orientation::rotation(first).then(Orientation::rotation(second));
            assert_eq!(
                both,
                Orientation::rotation((first + second) % 4),
                "{first} and {second}"
            );
        }
    }

    /// Moving one pixel through two orientations leads to the same place as the composed orientation.
    #[test]
    fn composition_moves_a_pixel_like_both_steps() {
        let size = Size::new(5, 3);
        let pixel = [1, 0, 2, 1];
        for first in all() {
            for second in all() {
                let between = first.apply_to_rectangle(pixel, size);
                let expected = second.apply_to_rectangle(between, first.apply_to_size(size));
                assert_eq!(
                    first.then(second).apply_to_rectangle(pixel, size),
                    expected,
                    "{first:?} {second:?}"
                );
            }
        }
    }

    /// A clockwise quarter turn brings the top left pixel of a 4 x 2 picture to the top right of a 2 x 4 one.
    #[test]
    fn quarter_turn_is_clockwise() {
        assert_eq!(
            Orientation::rotation(1).apply_to_rectangle([0, 0, 1, 1], Size::new(4, 2)),
            [1, 0, 2, 1]
        );
        assert_eq!(Orientation::rotation(1), Orientation::from_exif(6));
        assert_eq!(Orientation::rotation(3), Orientation::from_exif(8));
    }
}
