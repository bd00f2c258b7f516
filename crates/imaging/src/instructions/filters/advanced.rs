//! Advanced filters: the keys `a.*`, in the order in which ImageResizer applies them.

use super::Text;
#[cfg(feature = "codecs")]
use crate::Compat;
use crate::Size;

/// The keys `a.*`. The default is none.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct AdvancedFilters {
    /// `a.radiusunits`, above 0: the length of the longer edge in the units of radii. Otherwise it is 1000.
    pub radius_units: Option<f64>,
    /// `a.blur`: a radius above 0.
    pub blur: Option<f64>,
    /// `a.sharpen`: a radius above 0.
    pub sharpen: Option<f64>,
    /// `a.removenoise`.
    pub remove_noise: Option<NoiseWindow>,
    /// `a.sobel`.
    pub sobel: bool,
    /// `a.threshold` of `a.sobel`, from 1.
    pub threshold: Option<u8>,
    /// `a.sepia`.
    pub sepia: bool,
    /// `a.equalize`.
    pub equalize: bool,
    /// `a.balancewhite`.
    pub balance: Option<WhiteBalance>,
    /// `a.balancethreshold` in percent, 0 to 50. It asks for a balance by itself.
    pub balance_threshold: Option<f64>,
    /// `a.posterize`: the levels that become one, from 2.
    pub posterize: Option<u8>,
    /// `a.contrast`, -1 to 1. 0 changes nothing.
    pub contrast: f64,
    /// `a.brightness`, -1 to 1. 0 changes nothing.
    pub brightness: f64,
    /// `a.saturation`, -1 to 1. 0 changes nothing.
    pub saturation: f64,
    /// `a.truncate`: brightness moves values and cuts them off, instead of compressing their range.
    pub truncate: bool,
    /// `a.featheredges`: the width of the faded edges, a radius above 0.
    pub feather: Option<f64>,
    /// `a.featherin`, 0 to 1. Otherwise it is 1.
    pub feather_in: Option<f64>,
    /// `a.featherout`, 0 to 1. Otherwise it is 0.
    pub feather_out: Option<f64>,
}

/// The side of the square in which `a.removenoise` looks for similar pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum NoiseWindow {
    /// `true`: 3 pixels.
    Least,
    /// A number above 0, in the units of radii.
    Radius(f64),
}

/// The way in which `a.balancewhite` finds the darkest and the lightest value of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WhiteBalance {
    /// `true`, `area`: at either end, the pixels of the threshold's share are left out.
    Area,
    /// `simple`: values that fewer pixels have than the threshold's share are left out.
    Simple,
    /// `gimp`: like `area`, where the share of left-out pixels is nearest to the threshold.
    Gimp,
}

/// A linear map of one range to another. Values outside of the first go to the ends of the second.
#[cfg(feature = "codecs")]
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Levels {
    pub(crate) from: [f64; 2],
    pub(crate) to: [f64; 2],
}

impl AdvancedFilters {
    /// Whether no filter changes a pixel.
    pub(super) fn is_none(&self) -> bool {
        let mut text = Text::default();
        self.write_canonical(&mut text);
        text.is_empty()
    }

    /// A radius in pixels of a picture of this size. It is measured by the longer edge.
    pub(crate) fn pixels(&self, radius: f64, size: Size) -> f64 {
        self.relative(radius) * f64::from(size.width.max(size.height))
    }

    /// The width of faded edges in pixels, with their opacity inside and outside. The width is measured by the shorter
    /// edge.
    #[cfg(feature = "codecs")]
    pub(crate) fn feather(&self, size: Size) -> Option<(f64, [f64; 2])> {
        let width = self.relative(self.feather?) * f64::from(size.width.min(size.height));
        let opacity = [self.feather_in.unwrap_or(1.0), self.feather_out.unwrap_or(0.0)];
        (opacity != [1.0, 1.0]).then_some((width, opacity))
    }

    /// The white balance, with its threshold as a share of all pixels.
    pub(crate) fn white_balance(&self) -> Option<(WhiteBalance, f64)> {
        /// Percent of the pixels.
        const DEFAULT: f64 = 0.6;
        /// Percent of the pixels that have a certain value.
        const SIMPLE_DEFAULT: f64 = 0.06;
        let kind = self.balance.or(self.balance_threshold.map(|_| WhiteBalance::Area))?;
        let default = if kind == WhiteBalance::Simple {
            SIMPLE_DEFAULT
        } else {
            DEFAULT
        };
        Some((kind, self.balance_threshold.unwrap_or(default) / 100.0))
    }

    /// Whether lightness or saturation change.
    pub(crate) fn changes_tone(&self) -> bool {
        [self.contrast, self.brightness, self.saturation] != [0.0; 3]
    }

    /// The maps of lightness and of saturation, both in HSL.
    ///
    /// Contrast makes the range of lightness narrower: the range that is mapped if the value is positive, otherwise the
    /// range that the lightness is mapped to.
    #[cfg(feature = "codecs")]
    pub(crate) fn tone(&self, compat: Compat) -> Option<[Levels; 2]> {
        let Self {
            contrast,
            brightness,
            saturation,
            ..
        } = *self;
        if !self.changes_tone() {
            return None;
        }
        let mut lightness = self.moved(brightness);
        let narrowed = |[low, high]: [f64; 2]| {
            let less = contrast.abs() * (high - low) / 2.0;
            [low + less, high - less]
        };
        if contrast > 0.0 {
            lightness.from = narrowed(lightness.from);
        } else {
            lightness.to = narrowed(lightness.to);
        }
        let saturation = if saturation > 0.0 && compat == Compat::None {
            // Begins at 0, so that grey stays grey. ImageResizer's begins at the value.
            Levels {
                from: [0.0, 1.0 - saturation],
                to: [0.0, 1.0],
            }
        } else {
            self.moved(saturation)
        };
        Some([lightness, saturation])
    }

    /// Levels that begin at `value`, or end so much below 1 if it is negative.
    #[cfg(feature = "codecs")]
    fn moved(&self, value: f64) -> Levels {
        let cut = if self.truncate { value.abs() } else { 0.0 };
        if value > 0.0 {
            Levels {
                from: [0.0, 1.0 - cut],
                to: [value, 1.0],
            }
        } else {
            Levels {
                from: [cut, 1.0],
                to: [0.0, 1.0 + value],
            }
        }
    }

    /// A radius as a share of the edge, whatever units it was given in.
    fn relative(&self, radius: f64) -> f64 {
        /// A radius of 1 is a thousandth of the edge.
        const DEFAULT_UNITS: f64 = 1000.0;
        radius / self.radius_units.unwrap_or(DEFAULT_UNITS)
    }

    /// Writes the filters that change pixels.
    pub(super) fn write_canonical(&self, text: &mut Text) {
        let relative = |radius: f64| self.relative(radius);
        let changed = |value: f64| (value != 0.0).then_some(value);
        text.pair("a.blur", self.blur.map(relative));
        text.pair("a.sharpen", self.sharpen.map(relative));
        let noise = self.remove_noise.map(|window| match window {
            NoiseWindow::Least => "true".to_owned(),
            NoiseWindow::Radius(radius) => relative(radius).to_string(),
        });
        text.pair("a.removenoise", noise);
        text.pair("a.sobel", self.sobel.then_some(true));
        text.pair("a.threshold", self.threshold.filter(|_| self.sobel));
        text.pair("a.sepia", self.sepia.then_some(true));
        text.pair("a.equalize", self.equalize.then_some(true));
        let balance = self.white_balance().map(|(kind, threshold)| match kind {
            WhiteBalance::Area => format!("area,{threshold}"),
            WhiteBalance::Simple => format!("simple,{threshold}"),
            WhiteBalance::Gimp => format!("gimp,{threshold}"),
        });
        text.pair("a.balancewhite", balance);
        text.pair("a.posterize", self.posterize);
        text.pair("a.contrast", changed(self.contrast));
        text.pair("a.brightness", changed(self.brightness));
        text.pair("a.saturation", changed(self.saturation));
        let moves = self.brightness != 0.0 || self.saturation < 0.0;
        text.pair("a.truncate", (self.truncate && moves).then_some(true));
        let (inside, outside) = (self.feather_in.unwrap_or(1.0), self.feather_out.unwrap_or(0.0));
        let feather = self.feather.filter(|_| [inside, outside] != [1.0; 2]).map(relative);
        text.pair("a.featheredges", feather);
        text.pair("a.featherin", feather.map(|_| inside).filter(|inside| *inside < 1.0));
        text.pair(
            "a.featherout",
            feather.map(|_| outside).filter(|outside| *outside > 0.0),
        );
    }
}
