//! Filters: the typed form of the keys of colours and effects. The filter plan takes them over, and the filter steps
//! carry them out.
//!
//! The two groups have the names of ImageResizer's plugins: the keys `s.*` are those of SimpleFilters, and the keys
//! `a.*` those of AdvancedFilters. A value that changes nothing is stored as if it had not been given.

mod advanced;
mod simple;
pub(crate) mod values;

#[cfg(feature = "codecs")]
pub(crate) use advanced::Levels;
pub use advanced::{AdvancedFilters, NoiseWindow, WhiteBalance};
pub use simple::{Grayscale, SimpleFilters};

use super::canonical::Text;

/// The filters of a querystring. The default is none.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Filters {
    /// The keys `s.*`, and `filter`. They come first.
    pub simple: SimpleFilters,
    /// The keys `a.*`.
    pub advanced: AdvancedFilters,
    /// `noalpha`: the result has no transparency, in any format.
    pub no_alpha: bool,
}

impl Filters {
    /// Whether no filter changes a pixel.
    pub fn is_none(&self) -> bool {
        self.simple.is_none() && self.advanced.is_none() && !self.no_alpha
    }

    /// Takes over the filter of the older key `filter`, where its newer spelling was not given.
    pub(super) fn merge(&mut self, older: Option<OlderFilter>) {
        let simple = &mut self.simple;
        match older {
            Some(OlderFilter::Grayscale) => simple.grayscale = simple.grayscale.or(Some(Grayscale::Flat)),
            Some(OlderFilter::Sepia) => simple.sepia = true,
            Some(OlderFilter::Alpha(alpha)) => simple.alpha = simple.alpha.or(alpha),
            Some(OlderFilter::Brightness(value)) if simple.brightness == 0.0 => simple.brightness = value,
            Some(OlderFilter::Brightness(_)) | None => {}
        }
    }

    /// Writes the filters that change pixels.
    pub(super) fn write_canonical(&self, text: &mut Text) {
        self.simple.write_canonical(text);
        self.advanced.write_canonical(text);
        text.pair("noalpha", self.no_alpha.then_some(true));
    }
}

/// The key `filter`, an older spelling of four keys `s.*`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum OlderFilter {
    /// `grayscale`: of the kind `flat`.
    Grayscale,
    /// `sepia`.
    Sepia,
    /// `alpha(x)`. `None` means 1.
    Alpha(Option<f64>),
    /// `brightness(x)`.
    Brightness(f64),
}

#[cfg(test)]
mod tests;
