//! Simple filters: the keys `s.*`, which compute each pixel from itself alone.
//!
//! All but the overlay are one matrix. Its factors, and the order of the filters, are ImageResizer's; Imageflow has the
//! same factors.

use super::Text;
use crate::colour_matrix::ColourMatrix;
use crate::{Colour, Compat};

/// The keys `s.*` that are filters. The default is none.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct SimpleFilters {
    /// `s.grayscale`.
    pub grayscale: Option<Grayscale>,
    /// `s.sepia`.
    pub sepia: bool,
    /// `s.invert`.
    pub invert: bool,
    /// `s.shift`: a colour that is not transparent. Its alpha is the strength.
    pub shift: Option<Colour>,
    /// `s.alpha`: the factor of opacity, from 0 and below 1.
    pub alpha: Option<f64>,
    /// `s.brightness`, -1 to 1. 0 changes nothing.
    pub brightness: f64,
    /// `s.contrast`, from -1. 0 changes nothing.
    pub contrast: f64,
    /// `s.saturation`, from -1. 0 changes nothing.
    pub saturation: f64,
    /// `s.overlay`: a colour that is not transparent, laid over the image.
    pub overlay: Option<Colour>,
}

/// The weights of red, green and blue in a grey value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Grayscale {
    /// `true`, `y`, `ntsc`: .229, .587 and .114. White becomes a light grey, as in ImageResizer and Imageflow.
    Ntsc,
    /// `ry`: .5, .419 and .081.
    Ry,
    /// `bt709`: .2125, .7154 and .0721.
    Bt709,
    /// `flat`: .5 each, so that everything becomes lighter.
    Flat,
}

impl Grayscale {
    const fn weights(self) -> [f64; 3] {
        match self {
            Self::Ntsc => [0.229, 0.587, 0.114],
            Self::Ry => [0.5, 0.419, 0.081],
            Self::Bt709 => [0.2125, 0.7154, 0.0721],
            Self::Flat => [0.5; 3],
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Ntsc => "ntsc",
            Self::Ry => "ry",
            Self::Bt709 => "bt709",
            Self::Flat => "flat",
        }
    }
}

impl SimpleFilters {
    /// Whether no filter changes a pixel.
    pub(super) fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// All filters but the overlay, each on the result of the one before. ImageResizer multiplies the other way round,
    /// so that the last filter comes first.
    pub(crate) fn matrix(&self, compat: Compat) -> ColourMatrix {
        const SEPIA: [[f64; 3]; 3] = [[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]];
        const SATURATION_WEIGHTS: [f64; 3] = [0.3086, 0.6094, 0.0820];
        let mut matrix = ColourMatrix::IDENTITY;
        let mut multiply = |next: ColourMatrix| {
            matrix = match compat {
                Compat::None => matrix.then(&next),
                Compat::ImageResizer4 => next.then(&matrix),
            };
        };
        if let Some(kind) = self.grayscale {
            multiply(ColourMatrix::mixing([kind.weights(); 3]));
        }
        if self.sepia {
            multiply(ColourMatrix::mixing(SEPIA));
        }
        if self.invert {
            multiply(ColourMatrix::linear(-1.0, [1.0; 3]));
        }
        if let Some(colour) = self.shift {
            let strength = f64::from(colour.alpha) / 255.0;
            let offset = |value: u8| (f64::from(value) - 128.0) / 128.0 * strength;
            let offsets = [colour.red, colour.green, colour.blue].map(offset);
            multiply(ColourMatrix::linear(1.0 - strength, offsets));
        }
        if self.brightness != 0.0 {
            multiply(ColourMatrix::linear(1.0, [self.brightness; 3]));
        }
        if self.contrast != 0.0 {
            // Around the middle grey.
            let factor = self.contrast + 1.0;
            multiply(ColourMatrix::linear(factor, [0.5 * (1.0 - factor); 3]));
        }
        if self.saturation != 0.0 {
            let kept = self.saturation + 1.0;
            let mut rows = [SATURATION_WEIGHTS.map(|weight| weight * (1.0 - kept)); 3];
            for (channel, row) in rows.iter_mut().enumerate() {
                row[channel] += kept;
            }
            multiply(ColourMatrix::mixing(rows));
        }
        matrix.alpha = self.alpha.unwrap_or(1.0);
        matrix
    }

    /// Writes the filters that change pixels.
    pub(super) fn write_canonical(&self, text: &mut Text) {
        let changed = |value: f64| (value != 0.0).then_some(value);
        text.pair("s.grayscale", self.grayscale.map(Grayscale::name));
        text.pair("s.sepia", self.sepia.then_some(true));
        text.pair("s.invert", self.invert.then_some(true));
        text.pair("s.shift", self.shift.map(Colour::to_hex));
        text.pair("s.alpha", self.alpha);
        text.pair("s.brightness", changed(self.brightness));
        text.pair("s.contrast", changed(self.contrast));
        text.pair("s.saturation", changed(self.saturation));
        text.pair("s.overlay", self.overlay.map(Colour::to_hex));
    }
}
