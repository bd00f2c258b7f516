//! Instructions of scaling: the filter, its colour space and sharpness, and the decoder's part of the work.
//!
//! The plan turns them into a [`Resampling`](crate::resampling::Resampling) once the sizes are known.

use super::canonical::Text;
use super::values::number;

/// How a picture is scaled.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Scaling {
    /// `down.*`, for a picture that becomes smaller.
    pub down: ScalingFilter,
    /// `up.*`, for a picture that becomes larger on one side or both.
    pub up: ScalingFilter,
    /// `fastscale`: other filters where none is named.
    pub fast: bool,
    /// `f.sharpen`, in per cent, above 0 and up to 100.
    pub sharpen: Option<f64>,
    /// `f.sharpen_when`.
    pub sharpen_when: SharpenWhen,
    /// `f.ignorealpha`: whether the source counts as opaque.
    pub ignore_alpha: bool,
    /// `decoder.min_precise_scaling_ratio`, 1 or more: the least factor that decoders leave to the filter.
    pub least_filtered: Option<f64>,
}

/// The filter for one direction of scaling.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ScalingFilter {
    /// The named filter.
    pub shape: Option<FilterShape>,
    /// Whether values of light are filtered instead of encoded values.
    pub linear: bool,
    /// Half the width of the filter before blurring, in pixels of the smaller picture: 0.5 to 3.
    pub window: Option<f64>,
    /// The factor by which the filter is widened: 0.5 to 2.
    pub blur: Option<f64>,
}

/// The sizes for which `f.sharpen` counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SharpenWhen {
    /// Where the picture becomes smaller.
    #[default]
    Downscaling,
    /// Where its size changes.
    SizeDiffers,
    /// Always.
    Always,
}

/// The filters that can be named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "the names of the trade; `resampling` says what they stand for"
)]
#[non_exhaustive]
pub enum FilterShape {
    Robidoux,
    RobidouxSharp,
    RobidouxFast,
    Ginseng,
    GinsengSharp,
    #[default]
    Lanczos,
    LanczosSharp,
    Lanczos2,
    Lanczos2Sharp,
    Cubic,
    CubicSharp,
    CatmullRom,
    Mitchell,
    CubicBSpline,
    Hermite,
    Jinc,
    Triangle,
    Box,
    Fastest,
    NCubic,
    NCubicSharp,
}

/// Every filter with its names. The first one is for the canonical text.
const NAMES: [(FilterShape, &[&str]); 21] = [
    (FilterShape::Robidoux, &["robidoux"]),
    (FilterShape::RobidouxSharp, &["robidouxsharp"]),
    (FilterShape::RobidouxFast, &["robidouxfast"]),
    (FilterShape::Ginseng, &["ginseng"]),
    (FilterShape::GinsengSharp, &["ginsengsharp"]),
    (FilterShape::Lanczos, &["lanczos"]),
    (FilterShape::LanczosSharp, &["lanczossharp"]),
    (FilterShape::Lanczos2, &["lanczos2"]),
    (FilterShape::Lanczos2Sharp, &["lanczos2sharp"]),
    // ImageResizer's `cubicfast` is the same curve in another notation.
    (FilterShape::Cubic, &["cubic", "cubicfast"]),
    (FilterShape::CubicSharp, &["cubicsharp"]),
    (FilterShape::CatmullRom, &["catmullrom"]),
    (FilterShape::Mitchell, &["mitchell"]),
    (FilterShape::CubicBSpline, &["cubicbspline"]),
    (FilterShape::Hermite, &["hermite"]),
    (FilterShape::Jinc, &["jinc"]),
    (FilterShape::Triangle, &["triangle", "linear"]),
    (FilterShape::Box, &["box"]),
    (FilterShape::Fastest, &["fastest"]),
    (FilterShape::NCubic, &["ncubic"]),
    (FilterShape::NCubicSharp, &["ncubicsharp"]),
];

impl FilterShape {
    /// Reads a name, in any case, with or without underscores.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let name = text.to_ascii_lowercase().replace('_', "");
        NAMES
            .iter()
            .find(|(_, names)| names.contains(&name.as_str()))
            .map(|(shape, _)| *shape)
            .ok_or_else(|| "expected the name of a filter, such as `lanczos`, `robidoux` or `mitchell`".to_owned())
    }

    /// The canonical name.
    fn name(self) -> &'static str {
        NAMES
            .iter()
            .find(|(shape, _)| *shape == self)
            .and_then(|(_, names)| names.first())
            .copied()
            .unwrap_or_default()
    }
}

impl Scaling {
    /// The filter that makes a picture smaller.
    pub fn effective_down(&self) -> FilterShape {
        self.shape(self.down, FilterShape::Robidoux)
    }

    /// The filter that makes a picture larger.
    pub fn effective_up(&self) -> FilterShape {
        self.shape(self.up, FilterShape::Ginseng)
    }

    fn shape(&self, filter: ScalingFilter, fast: FilterShape) -> FilterShape {
        filter
            .shape
            .unwrap_or(if self.fast { fast } else { FilterShape::default() })
    }

    /// ImageResizer's filters where the query names none, and its meaning of a blur: the factor takes the place of the
    /// filter's own.
    pub(super) fn follow_imageresizer(&mut self) {
        // GDI+ scales by a bicubic curve.
        let default = (!self.fast).then_some(FilterShape::Cubic);
        for filter in [&mut self.down, &mut self.up] {
            filter.shape = filter.shape.or(default);
        }
        let shapes = [self.effective_down(), self.effective_up()];
        for (filter, shape) in [&mut self.down, &mut self.up].into_iter().zip(shapes) {
            filter.blur = filter.blur.map(|blur| blur / crate::resampling::natural_blur(shape));
        }
    }

    /// Adds the canonical text.
    pub(super) fn canonical(&self, text: &mut Text) {
        text.pair("decoder.min_precise_scaling_ratio", self.least_filtered);
        let sides = [
            (
                self.down,
                self.effective_down(),
                ["down.blur", "down.colorspace", "down.filter", "down.window"],
            ),
            (
                self.up,
                self.effective_up(),
                ["up.blur", "up.colorspace", "up.filter", "up.window"],
            ),
        ];
        for (filter, shape, [blur, colour_space, name, window]) in sides {
            text.pair(blur, filter.blur.filter(|blur| *blur != 1.0));
            text.pair(colour_space, filter.linear.then_some("linear"));
            text.pair(name, (shape != FilterShape::default()).then(|| shape.name()));
            text.pair(window, filter.window);
        }
        text.pair("f.ignorealpha", self.ignore_alpha.then_some(true));
        if self.sharpen.is_some() {
            text.pair("f.sharpen", self.sharpen);
            let when = match self.sharpen_when {
                SharpenWhen::Downscaling => None,
                SharpenWhen::SizeDiffers => Some("sizediffers"),
                SharpenWhen::Always => Some("always"),
            };
            text.pair("f.sharpen_when", when);
        }
    }
}

/// Whether a colour space is linear light. ImageResizer's `gamma` needs a number from another key, and Imageflow takes
/// it for the default.
pub(crate) fn is_linear(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "linear" => Ok(true),
        "srgb" => Ok(false),
        _ => Err("expected `srgb` or `linear`".to_owned()),
    }
}

pub(crate) fn window(text: &str) -> Result<Option<f64>, String> {
    between(text, 0.5, 3.0)
}

pub(crate) fn blur(text: &str) -> Result<Option<f64>, String> {
    between(text, 0.5, 2.0)
}

fn between(text: &str, least: f64, most: f64) -> Result<Option<f64>, String> {
    match number(text) {
        Some(value) if (least..=most).contains(&value) => Ok(Some(value)),
        _ => Err(format!("expected a number from {least} to {most}")),
    }
}

/// Per cent. 0 and less ask for nothing.
pub(crate) fn sharpen(text: &str) -> Result<Option<f64>, String> {
    match number(text) {
        Some(percent) => Ok((percent > 0.0).then_some(percent.min(100.0))),
        None => Err("expected a number from 0 to 100".to_owned()),
    }
}

pub(crate) fn sharpen_when(text: &str) -> Result<SharpenWhen, String> {
    match text.to_ascii_lowercase().as_str() {
        "downscaling" => Ok(SharpenWhen::Downscaling),
        "sizediffers" => Ok(SharpenWhen::SizeDiffers),
        "always" => Ok(SharpenWhen::Always),
        _ => Err("expected `downscaling`, `sizediffers` or `always`".to_owned()),
    }
}

pub(crate) fn least_filtered(text: &str) -> Result<Option<f64>, String> {
    match number(text) {
        Some(factor) if factor >= 1.0 => Ok(Some(factor)),
        _ => Err("expected a number of 1 or more".to_owned()),
    }
}
