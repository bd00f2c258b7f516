//! Canonical text: the same for all querystrings that ask for the same pixels. Cache keys hash it.

use std::fmt::Write as _;

use super::{Align, Anchor, CropWindow, Instructions, Lossless, Mode, Scale, Subsampling};
use crate::{Colour, Orientation};

impl Instructions {
    /// A stable text of all instructions that change pixels, except the output format.
    /// [`output_format`](crate::output_format) decides the format, which must stand in a cache key by itself.
    ///
    /// The text does not depend on order, case and aliases of keys, spelled-out defaults, spellings of colours and
    /// numbers, or modes that have no effect. Without instructions the text is empty.
    pub fn canonical(&self) -> String {
        let default = Self {
            compat: self.compat,
            ..Self::default()
        };
        let mut text = Text(String::with_capacity(64));
        text.pair("compat", self.compat.name());
        // A width and a maximum width are one bound, the smaller of both.
        let (width, max_width) = merged(self.width, self.max_width);
        let (height, max_height) = merged(self.height, self.max_height);
        text.pair("width", width);
        text.pair("height", height);
        text.pair("maxwidth", max_width);
        text.pair("maxheight", max_height);
        if self.has_exact_side() {
            text.pair("mode", self.mode.and_then(mode));
        } else if self.effective_mode() != Mode::Max {
            // `max` is the default here.
            text.pair("mode", mode(self.effective_mode()).or(Some("pad")));
        }
        text.pair("scale", scale(self.scale));
        text.pair("anchor", (self.anchor != default.anchor).then(|| anchor(self.anchor)));
        text.pair("c.gravity", self.gravity.map(anchor));
        text.pair("crop", self.crop.filter(|crop| crop.edges != [0.0; 4]).map(crop));
        text.pair("image_width", self.size_limits.image_width);
        text.pair("image_height", self.size_limits.image_height);
        text.pair("zoom", self.zoom.filter(|zoom| *zoom != 1.0));
        text.pair("source_turn", turn(self.source_turn));
        text.pair("result_turn", turn(self.result_turn));
        text.pair("bgcolor", self.background.map(Colour::to_hex));
        // `quality` counts only where no key of a format does.
        let quality = self.effective_jpeg_quality();
        text.pair(
            "jpeg.quality",
            (quality != default.effective_jpeg_quality()).then_some(quality),
        );
        let webp_quality = self.effective_webp_quality();
        text.pair(
            "webp.quality",
            (webp_quality != default.effective_webp_quality()).then_some(webp_quality),
        );
        text.pair("webp.lossless", lossless(self.effective_webp_lossless()));
        text.pair("webp.exact", self.webp_exact.then_some(true));
        text.pair("frame", self.frame);
        text.pair("ignoreicc", self.ignore_profile.then_some(true));
        text.pair("jpeg.progressive", self.jpeg_progressive.then_some(true));
        self.decoration.canonical(&mut text);
        self.filters.write_canonical(&mut text);
        self.geometry.canonical(&mut text);
        self.output.write_canonical(&mut text);
        self.write_canonical_avif(&mut text);
        self.write_canonical_jxl(&mut text);
        self.write_canonical_profile(&mut text);
        self.scaling.canonical(&mut text);
        let subsampling = self.effective_subsampling();
        text.pair(
            "subsampling",
            (subsampling != Subsampling::usual(quality)).then(|| subsampling.name()),
        );
        text.0
    }
}

/// The text while it is written.
#[derive(Default)]
pub(super) struct Text(String);

impl Text {
    /// Whether nothing was written.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Writes a pair, if there is a value.
    pub(super) fn pair(&mut self, key: &str, value: Option<impl std::fmt::Display>) {
        if let Some(value) = value {
            if !self.0.is_empty() {
                self.0.push('&');
            }
            self.0.push_str(key);
            // Writing to a String cannot fail.
            let _ = write!(self.0, "={value}");
        }
    }
}

fn merged(exact: Option<u32>, most: Option<u32>) -> (Option<u32>, Option<u32>) {
    match (exact, most) {
        (Some(exact), Some(most)) => (Some(exact.min(most)), None),
        other => other,
    }
}

/// `None` for the default mode.
pub(super) fn mode(mode: Mode) -> Option<&'static str> {
    match mode {
        Mode::Pad => None,
        Mode::Max => Some("max"),
        Mode::Crop => Some("crop"),
        Mode::Stretch => Some("stretch"),
        Mode::AspectCrop => Some("aspectcrop"),
    }
}

fn scale(scale: Scale) -> Option<&'static str> {
    match scale {
        Scale::Down => None,
        Scale::Up => Some("up"),
        Scale::Both => Some("both"),
        Scale::Canvas => Some("canvas"),
    }
}

pub(super) fn lossless(lossless: Lossless) -> Option<&'static str> {
    match lossless {
        Lossless::No => None,
        Lossless::Yes => Some("true"),
        Lossless::Keep => Some("keep"),
    }
}

fn anchor(Anchor { x, y }: Anchor) -> String {
    let align = |align: Align| match align {
        Align::Near => "0".to_owned(),
        // Not 50, because the middle is rounded down and a percentage to the nearest.
        Align::Centre => "centre".to_owned(),
        Align::Far => "100".to_owned(),
        Align::Percent(percent) => percent.to_string(),
    };
    format!("{},{}", align(x), align(y))
}

fn crop(
    CropWindow {
        edges: [x1, y1, x2, y2],
        x_units,
        y_units,
    }: CropWindow,
) -> String {
    format!(
        "{x1},{y1},{x2},{y2} of {},{}",
        x_units.unwrap_or_default(),
        y_units.unwrap_or_default()
    )
}

fn turn(turn: Orientation) -> Option<u16> {
    (turn != Orientation::IDENTITY).then(|| turn.to_exif())
}
