//! The sizes at which a picture can be decoded.

/// What part of its width and height a picture is decoded at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scale {
    /// As it is.
    #[default]
    Full,
    /// One pixel for 2 x 2.
    Half,
    /// One pixel for 4 x 4.
    Quarter,
    /// One pixel for 8 x 8: the means of the blocks.
    Eighth,
}

impl Scale {
    /// From the finest to the coarsest.
    pub const ALL: [Self; 4] = [Self::Full, Self::Half, Self::Quarter, Self::Eighth];

    /// How many pixels of the stored picture, in each direction, become one: 1, 2, 4 or 8.
    pub const fn denominator(self) -> u32 {
        match self {
            Self::Full => 1,
            Self::Half => 2,
            Self::Quarter => 4,
            Self::Eighth => 8,
        }
    }

    /// How many samples, in each direction, a block of 8 becomes.
    pub(crate) const fn points(self) -> u32 {
        8 / self.denominator()
    }

    /// A stored length in decoded pixels; the last of them may reach beyond the picture.
    pub const fn apply(self, length: u32) -> u32 {
        length.div_ceil(self.denominator())
    }
}
