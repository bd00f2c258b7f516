//! What a querystring asks for, as types. The engine parses each request once, after all rewriting, and hands the
//! result to layout, planning and the cache key. Values that make no sense are ignored with a note, never an error:
//! ImageResizer's links must keep working.

mod canonical;
mod ignored;
pub(crate) mod values;

pub use ignored::{Ignored, IgnoredReason};

use std::borrow::Cow;

use crate::keys::{Key, Support};
use crate::{Colour, Format, Orientation};

/// What to do when the image and the asked box differ in proportions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Stay inside the box.
    Max,
    /// Stay inside the box and fill the rest of it with the background.
    Pad,
    /// Fill the box and cut off what is outside.
    Crop,
    /// Distort the image to the box.
    Stretch,
    /// Cut the image to the box's proportions and do not scale it.
    AspectCrop,
}

/// In which direction the size may change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Scale {
    /// Only smaller.
    #[default]
    Down,
    /// Only larger.
    Up,
    /// Either way.
    Both,
    /// Smaller; instead of becoming larger, the image gets a larger canvas.
    Canvas,
}

/// Where a length lies inside a longer one.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Align {
    /// At the left or top.
    Near,
    /// In the middle; half a pixel too much goes to the right or bottom.
    #[default]
    Centre,
    /// At the right or bottom.
    Far,
    /// So many percent of the free space lie before it, rounded to the nearest pixel.
    Percent(f64),
}

/// A point that cutting keeps and padding aligns to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Anchor {
    /// From left to right.
    pub x: Align,
    /// From top to bottom.
    pub y: Align,
}

/// A window of the source, as asked for: edges may be negative, outside or the wrong way round.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CropWindow {
    /// x1, y1, x2, y2, in units of `x_units` and `y_units`.
    pub edges: [f64; 4],
    /// The width of the whole source in the units of x1 and x2; `None`: they are pixels.
    pub x_units: Option<f64>,
    /// The height of the whole source in the units of y1 and y2; `None`: they are pixels.
    pub y_units: Option<f64>,
}

/// Whether the file is decoded and encoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Process {
    /// If a key asks for it and the path is an image's.
    #[default]
    Default,
    /// Always.
    Always,
    /// Never: the bytes are sent as they are.
    No,
}

/// Whether the result is stored.
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

/// Whether a format that can do both is written without loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lossless {
    /// With loss.
    No,
    /// Without.
    Yes,
    /// As the source was.
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
    /// Greatest width in pixels, above 0.
    pub max_width: Option<u32>,
    /// Greatest height in pixels, above 0.
    pub max_height: Option<u32>,
    /// The mode asked for; [`Instructions::effective_mode`] is the one that holds.
    pub mode: Option<Mode>,
    /// The direction of scaling.
    pub scale: Scale,
    /// What cutting keeps and padding aligns to.
    pub anchor: Anchor,
    /// What cutting keeps, instead of `anchor`.
    pub gravity: Option<Anchor>,
    /// The window to cut out first.
    pub crop: Option<CropWindow>,
    /// Factor on the asked size, 0.00008 to 80000.
    pub zoom: Option<f64>,
    /// `srotate` and then `sflip`.
    pub source_turn: Orientation,
    /// `rotate` and then `flip`.
    pub result_turn: Orientation,
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
    /// `lossless`, for every format that can.
    pub lossless: Option<Lossless>,
    /// The page or frame to take, from 1.
    pub frame: Option<u32>,
    /// Whether the source's colour profile is ignored.
    pub ignore_profile: bool,
    /// What padding is filled with and transparent pixels show.
    pub background: Option<Colour>,
    pub(crate) format: Option<Format>,
    pub(crate) process: Process,
    pub(crate) cache: CacheDirective,
}

impl Instructions {
    /// Reads decoded key and value pairs in the order of the URL. Keys are matched without regard to case; of a key
    /// that stands twice the first counts; an empty value counts as absent. What was not understood comes back in the
    /// second value, in the order of the URL.
    pub fn parse<'q>(pairs: impl IntoIterator<Item = (&'q str, &'q str)>) -> (Self, Vec<Ignored>) {
        let pairs: Vec<(Cow<'_, str>, &str)> = pairs
            .into_iter()
            .map(|(key, value)| (lower_case(key.trim()), value.trim()))
            .collect();
        let mut reading = Reading::default();
        let mut notes: Vec<(usize, IgnoredReason)> = Vec::new();

        // Pairs of one table row compete, so they are read row by row, best spelling first.
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
        for (key, mut positions) in rows {
            let preference = |position: &usize| key.spellings().position(|known| known == pairs[*position].0);
            positions.sort_by_key(preference);
            let Support::Yes(read) = key.support else {
                notes.extend(
                    positions
                        .into_iter()
                        .map(|position| (position, IgnoredReason::NotSupported)),
                );
                continue;
            };
            let mut done = false;
            let mut previous = None;
            for position in positions {
                // Of one spelling only the first counts, even if it is invalid; another spelling may then help.
                let spelling = &*pairs[position].0;
                if done || previous == Some(spelling) {
                    notes.push((position, IgnoredReason::Duplicate));
                    continue;
                }
                previous = Some(spelling);
                match read.0(&mut reading, pairs[position].1) {
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

    /// The output format that was named, if it can be written.
    pub fn format(&self) -> Option<Format> {
        self.format
    }

    /// Whether the file is to be processed.
    pub fn process(&self) -> Process {
        self.process
    }

    /// Whether the result is to be stored.
    pub fn cache(&self) -> CacheDirective {
        self.cache
    }

    /// The mode that holds: `max` without a width or height, else the one asked for, else `pad`.
    pub fn effective_mode(&self) -> Mode {
        if self.width.is_none() && self.height.is_none() {
            Mode::Max
        } else {
            self.mode.unwrap_or(Mode::Pad)
        }
    }

    /// The quality a JPEG is encoded with, 0 to 100.
    pub fn effective_jpeg_quality(&self) -> u8 {
        /// ImageResizer's and Imageflow's.
        const DEFAULT_QUALITY: u8 = 90;
        self.jpeg_quality.or(self.quality).unwrap_or(DEFAULT_QUALITY)
    }

    /// The quality a WebP with loss is encoded with, 0 to 100.
    pub fn effective_webp_quality(&self) -> u8 {
        /// Imageflow's; ImageResizer's plugin took 90.
        const DEFAULT_QUALITY: u8 = 80;
        self.webp_quality.or(self.quality).unwrap_or(DEFAULT_QUALITY)
    }

    /// Whether a WebP is written without loss; by default it is not.
    pub fn effective_webp_lossless(&self) -> Lossless {
        self.webp_lossless.or(self.lossless).unwrap_or(Lossless::No)
    }
}

/// Instructions while they are read: values that mean something only together wait here for each other.
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
    pub(crate) use_resizing_pipeline: bool,
    /// Set by a reader that used a value, but not as it was written.
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
        if self.use_resizing_pipeline && instructions.process == Process::Default {
            instructions.process = Process::Always;
        }
        instructions
    }
}

/// As a key is written: most are already.
fn lower_case(key: &str) -> Cow<'_, str> {
    if key.bytes().any(|byte| byte.is_ascii_uppercase()) {
        key.to_ascii_lowercase().into()
    } else {
        key.into()
    }
}

#[cfg(test)]
mod tests;
