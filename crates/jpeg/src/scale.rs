//! Decoding scales: the sizes at which a picture and its chroma can be decoded.

/// The fraction of width and height that a picture is decoded at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scale {
    /// The stored size.
    #[default]
    Full,
    /// One pixel for each 2 x 2.
    Half,
    /// One pixel for each 4 x 4.
    Quarter,
    /// One pixel for each 8 x 8: the DC coefficients.
    Eighth,
}

impl Scale {
    /// All scales, from the finest to the coarsest.
    pub const ALL: [Self; 4] = [Self::Full, Self::Half, Self::Quarter, Self::Eighth];

    /// How many pixels of the stored picture become one, in each direction: 1, 2, 4 or 8.
    pub const fn denominator(self) -> u32 {
        match self {
            Self::Full => 1,
            Self::Half => 2,
            Self::Quarter => 4,
            Self::Eighth => 8,
        }
    }

    /// How many samples a block of 8 becomes, in each direction.
    pub(crate) const fn points(self) -> u32 {
        8 / self.denominator()
    }

    /// A stored length in decoded pixels, rounded up. The last pixel may reach beyond the picture.
    pub const fn apply(self, length: u32) -> u32 {
        length.div_ceil(self.denominator())
    }
}

/// The resolution of chroma: of the second and the third of three components.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Chroma {
    /// A sample for each pixel, or fewer where the file has fewer.
    #[default]
    Full,
    /// A sample for each 2 x 2 pixels, or fewer where the file has fewer. Nothing finer is decoded. At an eighth of the
    /// size, chroma that is not subsampled still has a sample for each pixel: these are the DC coefficients.
    Half,
}

/// The size at which a picture is decoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reduction {
    /// The scale of the picture.
    pub scale: Scale,
    /// The resolution of chroma in the scaled picture.
    pub chroma: Chroma,
}

impl From<Scale> for Reduction {
    /// Chroma has its full resolution.
    fn from(scale: Scale) -> Self {
        let chroma = Chroma::Full;
        Self { scale, chroma }
    }
}
