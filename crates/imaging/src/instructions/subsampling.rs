//! Chroma subsampling of JPEG: the resolution at which colour is stored.

use super::Instructions;

/// The resolution of chroma beside that of luma.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subsampling {
    /// 4:2:0: half of it in both directions.
    Both,
    /// 4:2:2: half of it from left to right.
    Across,
    /// 4:4:4: the same.
    Neither,
}

impl Subsampling {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        match text {
            "420" => Ok(Self::Both),
            "422" => Ok(Self::Across),
            "444" => Ok(Self::Neither),
            _ => Err("expected `420`, `422` or `444`".to_owned()),
        }
    }

    /// The value of the key.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Both => "420",
            Self::Across => "422",
            Self::Neither => "444",
        }
    }

    /// The samples of luma for one of chroma, from left to right and from top to bottom: 1 or 2.
    pub(crate) const fn factors(self) -> [u8; 2] {
        match self {
            Self::Both => [2, 2],
            Self::Across => [2, 1],
            Self::Neither => [1, 1],
        }
    }

    /// The default for a quality from 0 to 100.
    pub(crate) const fn usual(quality: u8) -> Self {
        if quality <= 90 { Self::Both } else { Self::Neither }
    }
}

impl Instructions {
    /// The chroma subsampling of a JPEG in colour.
    pub fn effective_subsampling(&self) -> Subsampling {
        self.subsampling
            .unwrap_or(Subsampling::usual(self.effective_jpeg_quality()))
    }
}
