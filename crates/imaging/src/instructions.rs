//! Instructions: the typed form of a querystring.
//!
//! The engine parses each request once, after all rewriting, and passes the result to layout, planning and the cache
//! key. Invalid values are ignored with a note and are never an error, so that ImageResizer's links keep working.

pub(crate) mod avif;
mod canonical;
pub(crate) mod decoration;
pub(crate) mod filters;
pub(crate) mod geometry;
mod ignored;
pub(crate) mod jpeg_xl;
pub(crate) mod output;
pub(crate) mod quality_profile;
pub(crate) mod scaling;
pub(crate) mod srcset;
mod subsampling;
pub(crate) mod values;

pub use decoration::{Decoration, Radius};
pub use filters::{AdvancedFilters, Filters, Grayscale, NoiseWindow, SimpleFilters, WhiteBalance};
pub use geometry::{Focus, Geometry, Trim};
pub use ignored::{Ignored, IgnoredReason};
pub use jpeg_xl::JpegXl;
pub use output::Output;
pub use quality_profile::QualityProfile;
pub use scaling::{FilterShape, Scaling, ScalingFilter, SharpenWhen};
pub use subsampling::Subsampling;

use std::borrow::Cow;

use crate::keys::{Key, Support};
use crate::{Colour, Compat, Format, FormatWish, Orientation, SizeLimits};

/// The way an image is fitted into a box of other proportions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// The whole image fits inside the box.
    Max,
    /// The whole image fits inside the box, and the background fills the rest.
    Pad,
    /// The image covers the box, and the parts outside are cut off.
    Crop,
    /// The image is distorted to the box.
    Stretch,
    /// The image is cut to the box's proportions and not scaled.
    AspectCrop,
}

/// The directions in which the size may change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Scale {
    /// Only to a smaller size.
    #[default]
    Down,
    /// Only to a larger size.
    Up,
    /// To a smaller or a larger size.
    Both,
    /// To a smaller size. Instead of becoming larger, the image gets a larger canvas.
    Canvas,
}

/// The position of a length inside a longer one.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Align {
    /// At the left or top.
    Near,
    /// In the middle. An odd pixel goes to the right or bottom.
    #[default]
    Centre,
    /// At the right or bottom.
    Far,
    /// The percentage of the free space that lies before it, rounded to the nearest pixel.
    Percent(f64),
}

/// The point that cropping keeps, and that padding aligns to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Anchor {
    /// From left to right.
    pub x: Align,
    /// From top to bottom.
    pub y: Align,
}

/// A window of the source as requested. Edges may be negative, outside of the source or reversed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CropWindow {
    /// x1, y1, x2, y2, in units of `x_units` and `y_units`.
    pub edges: [f64; 4],
    /// The width of the whole source in the units of x1 and x2. `None` means pixels.
    pub x_units: Option<f64>,
    /// The height of the whole source in the units of y1 and y2. `None` means pixels.
    pub y_units: Option<f64>,
}

/// Whether the file is decoded and encoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Process {
    /// If a key asks for it and the path is an image path.
    #[default]
    Default,
    /// Always.
    Always,
    /// Never: the bytes are sent unchanged.
    No,
}

/// Whether the result is cached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CacheDirective {
    /// If the file is processed.
    #[default]
    Default,
    /// Always.
    Always,
    /// Never.
    No,
}

/// Whether a format with a lossy and a lossless form is written lossless.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lossless {
    /// Lossy.
    No,
    /// Lossless.
    Yes,
    /// Like the source.
    Keep,
}

/// A parsed querystring.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Instructions {
    /// Width in pixels, above 0.
    pub width: Option<u32>,
    /// Height in pixels, above 0.
    pub height: Option<u32>,
    /// Largest width in pixels, above 0.
    pub max_width: Option<u32>,
    /// Largest height in pixels, above 0.
    pub max_height: Option<u32>,
    /// The requested mode. [`Instructions::effective_mode`] is the one that applies.
    pub mode: Option<Mode>,
    /// The direction of scaling.
    pub scale: Scale,
    /// The point that cropping keeps and padding aligns to.
    pub anchor: Anchor,
    /// The point that cropping keeps, instead of `anchor`.
    pub gravity: Option<Anchor>,
    /// The window that is cut out first.
    pub crop: Option<CropWindow>,
    /// A factor on the requested size, 0.00008 to 80000.
    pub zoom: Option<f64>,
    /// `srotate` and then `sflip`.
    pub source_turn: Orientation,
    /// The quarter turns of `rotate`, and then `flip`. The rest of `rotate` is in `geometry`.
    pub result_turn: Orientation,
    /// Free rotation, trimming and focus.
    pub geometry: Geometry,
    /// Rings, shadow and corners.
    pub decoration: Decoration,
    /// `quality`, 0 to 100.
    pub quality: Option<u8>,
    /// `jpeg.quality`, 0 to 100.
    pub jpeg_quality: Option<u8>,
    /// Whether a JPEG is written progressively.
    pub jpeg_progressive: bool,
    /// `webp.quality`, 0 to 100.
    pub webp_quality: Option<u8>,
    /// `webp.lossless`.
    pub webp_lossless: Option<Lossless>,
    /// Whether fully transparent pixels of a lossless WebP keep their colours.
    pub webp_exact: bool,
    /// `lossless`, for every format with both forms.
    pub lossless: Option<Lossless>,
    /// The page or frame to take, counted from 1.
    pub frame: Option<u32>,
    /// Whether the source's colour profile is ignored.
    pub ignore_profile: bool,
    /// The colour of padding and below transparent pixels.
    pub background: Option<Colour>,
    /// Colours and effects.
    pub filters: Filters,
    /// The group of keys about the written file.
    pub output: Output,
    /// The filter of scaling.
    pub scaling: Scaling,
    /// Whose rules hold where ImageResizer makes other pixels.
    pub compat: Compat,
    /// `subsampling`. [`Instructions::effective_subsampling`] is the one that applies.
    pub subsampling: Option<Subsampling>,
    /// The operator's bounds on the result, which no key sets.
    pub size_limits: SizeLimits,
    pub(crate) format: FormatWish,
    pub(crate) process: Process,
    pub(crate) cache: CacheDirective,
}

impl Instructions {
    /// Reads decoded pairs of key and value in the order of the URL. The case of keys does not matter. Of a repeated
    /// key the first counts, and an empty value counts as absent. The second value lists the ignored pairs in the order
    /// of the URL.
    pub fn parse<'q>(pairs: impl IntoIterator<Item = (&'q str, &'q str)>) -> (Self, Vec<Ignored>) {
        Self::parse_as(Compat::None, pairs)
    }

    /// As [`parse`](Self::parse), by the rules of `compat`. With ImageResizer's rules the values of a repeated key are
    /// joined by commas, as ASP.NET does.
    pub fn parse_as<'q>(compat: Compat, pairs: impl IntoIterator<Item = (&'q str, &'q str)>) -> (Self, Vec<Ignored>) {
        let pairs: Vec<(Cow<'_, str>, &str)> = pairs
            .into_iter()
            .map(|(key, value)| (lower_case(key.trim()), value.trim()))
            .collect();
        let mut reading = Reading::default();
        reading.instructions.compat = compat;
        let mut notes: Vec<(usize, IgnoredReason)> = Vec::new();

        // The spellings of one key compete, so pairs are grouped by key and the best spelling is read first.
        let mut rows: Vec<(&'static Key, Vec<usize>)> = Vec::new();
        for (position, (spelling, _)) in pairs.iter().enumerate().filter(|(_, (_, value))| !value.is_empty()) {
            match Key::find(spelling) {
                None => notes.push((
                    position,
                    IgnoredReason::Unknown {
                        nearest: Key::nearest(spelling),
                    },
                )),
                Some(key) => match rows.iter_mut().find(|(row, _)| std::ptr::eq(*row, key)) {
                    Some((_, positions)) => positions.push(position),
                    None => rows.push((key, vec![position])),
                },
            }
        }
        // The short syntax overrides the other keys.
        rows.sort_by_key(|(key, _)| key.name == srcset::KEY);
        for (key, mut positions) in rows {
            let preference = |position: &usize| key.spellings().position(|known| known == pairs[*position].0);
            positions.sort_by_key(preference);
            let Support::Yes(read) = key.support else {
                let reason = match key.support {
                    Support::No { reason } => IgnoredReason::Unsupported(reason),
                    Support::Plugin | Support::Yes(_) => IgnoredReason::NeedsPlugin,
                };
                notes.extend(positions.into_iter().map(|position| (position, reason.clone())));
                continue;
            };
            let mut done = false;
            let mut previous = None;
            for &position in &positions {
                // Of one spelling only the first counts, even if it is invalid. Then another spelling may be valid.
                let spelling = &*pairs[position].0;
                if done || previous == Some(spelling) {
                    notes.push((position, IgnoredReason::Duplicate));
                    continue;
                }
                previous = Some(spelling);
                let value = match compat {
                    Compat::None => Cow::from(pairs[position].1),
                    Compat::ImageResizer4 => {
                        let same = positions.iter().filter(|other| *pairs[**other].0 == *spelling);
                        let values: Vec<&str> = same.map(|other| pairs[*other].1).collect();
                        values.join(",").into()
                    }
                };
                match read.0(&mut reading, &value) {
                    Ok(()) => done = true,
                    Err(reason) => notes.push((position, IgnoredReason::Invalid(reason))),
                }
                notes.extend(
                    reading
                        .remark
                        .take()
                        .map(|remark| (position, IgnoredReason::Invalid(remark))),
                );
            }
        }
        notes.sort_by_key(|(position, _)| *position);
        let ignored = notes.into_iter().map(|(position, reason)| {
            let (key, value) = &pairs[position];
            Ignored {
                key: key.to_string(),
                value: (*value).to_owned(),
                reason,
            }
        });
        (reading.finish(), ignored.collect())
    }

    /// The output format that the query names, if it can be written.
    pub fn format(&self) -> Option<Format> {
        match self.format {
            FormatWish::Named(format) => Some(format),
            _ => None,
        }
    }

    /// The wish of the query about the format.
    pub fn format_wish(&self) -> FormatWish {
        match self.format {
            FormatWish::Absent if self.output.profile.is_some() => FormatWish::Auto,
            wish => wish,
        }
    }

    /// Whether a result in this format, from a source that is lossless or not, has a quality that `max_bytes` can
    /// lower.
    pub(crate) fn is_bounded(&self, format: Format, source_is_lossless: bool) -> bool {
        let lossless = match format {
            Format::Jpeg => Lossless::No,
            Format::WebP => self.effective_webp_lossless(),
            Format::JpegXl => self.effective_jxl_lossless(),
            _ => Lossless::Yes,
        };
        let keeps = match lossless {
            Lossless::No => false,
            Lossless::Yes => true,
            Lossless::Keep => source_is_lossless,
        };
        self.output.max_bytes.is_some() && !keeps
    }

    /// Whether the file is processed.
    pub fn process(&self) -> Process {
        self.process
    }

    /// Whether the result is cached.
    pub fn cache(&self) -> CacheDirective {
        self.cache
    }

    /// The mode that applies: `max` without a width or height, otherwise the requested one, otherwise `pad`. By the
    /// rules of ImageResizer the requested mode applies in any case.
    pub fn effective_mode(&self) -> Mode {
        match self.mode {
            Some(mode) if self.has_exact_side() || self.compat.is_imageresizer() => mode,
            None if self.has_exact_side() => Mode::Pad,
            Some(_) | None => Mode::Max,
        }
    }

    fn has_exact_side(&self) -> bool {
        self.width.is_some() || self.height.is_some()
    }

    /// The quality of a JPEG, 0 to 100.
    pub fn effective_jpeg_quality(&self) -> u8 {
        /// The default of ImageResizer and Imageflow.
        const DEFAULT_QUALITY: u8 = 90;
        let keys = || self.jpeg_quality.or(self.quality).unwrap_or(DEFAULT_QUALITY);
        self.profile_jpeg_quality().unwrap_or_else(keys)
    }

    /// The quality of a lossy WebP, 0 to 100.
    pub fn effective_webp_quality(&self) -> u8 {
        /// The defaults of Imageflow and of ImageResizer's plugin.
        const IMAGEFLOWS_QUALITY: u8 = 80;
        const IMAGERESIZERS_QUALITY: u8 = 90;
        let default = match self.compat {
            Compat::None => IMAGEFLOWS_QUALITY,
            Compat::ImageResizer4 => IMAGERESIZERS_QUALITY,
        };
        let keys = || self.webp_quality.or(self.quality).unwrap_or(default);
        self.profile_webp_quality().unwrap_or_else(keys)
    }

    /// Whether a WebP is written lossless. The default is lossy.
    pub fn effective_webp_lossless(&self) -> Lossless {
        let by_profile = || self.profile_is_lossless().then_some(Lossless::Yes);
        let asked = self.webp_lossless.or(self.lossless).or_else(by_profile);
        asked.unwrap_or(Lossless::No)
    }
}

/// Instructions while they are read. Values that depend on each other are collected here first.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    pub(crate) instructions: Instructions,
    pub(crate) stretch_fill: bool,
    pub(crate) crop_auto: bool,
    pub(crate) crop: Option<[f64; 4]>,
    pub(crate) crop_x_units: Option<f64>,
    pub(crate) crop_y_units: Option<f64>,
    pub(crate) percent_crop: Option<[f64; 4]>,
    pub(crate) source_rotation: u8,
    pub(crate) source_flip: Orientation,
    pub(crate) result_rotation: u8,
    pub(crate) result_flip: Orientation,
    pub(crate) geometry: geometry::Unfinished,
    pub(crate) use_resizing_pipeline: bool,
    pub(crate) older_filter: Option<filters::OlderFilter>,
    /// Set by a reader that used a value with a change.
    pub(crate) remark: Option<String>,
}

impl Reading {
    fn finish(self) -> Instructions {
        let mut instructions = self.instructions;
        instructions.mode = instructions.mode.or(match () {
            () if self.stretch_fill => Some(Mode::Stretch),
            () if self.crop_auto => Some(Mode::Crop),
            () => None,
        });
        instructions.crop = match (self.percent_crop, self.crop) {
            (Some(edges), _) => Some(CropWindow {
                edges,
                x_units: Some(100.0),
                y_units: Some(100.0),
            }),
            (None, Some(edges)) => Some(CropWindow {
                edges,
                x_units: self.crop_x_units,
                y_units: self.crop_y_units,
            }),
            (None, None) => None,
        };
        instructions.source_turn = Orientation::rotation(self.source_rotation).then(self.source_flip);
        instructions.result_turn = Orientation::rotation(self.result_rotation).then(self.result_flip);
        instructions.filters.merge(self.older_filter);
        instructions.geometry = self.geometry.finish(self.result_flip, instructions.compat);
        if instructions.compat.is_imageresizer() {
            instructions.scaling.follow_imageresizer();
        }
        if self.use_resizing_pipeline && instructions.process == Process::Default {
            instructions.process = Process::Always;
        }
        instructions
    }
}

/// The key in lower case. Most keys already are.
fn lower_case(key: &str) -> Cow<'_, str> {
    if key.bytes().any(|byte| byte.is_ascii_uppercase()) {
        key.to_ascii_lowercase().into()
    } else {
        key.into()
    }
}

#[cfg(test)]
mod tests;
