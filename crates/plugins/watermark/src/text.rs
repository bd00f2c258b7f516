//! Text of a layer: wraps a text into the room that it gets, and draws it by way of an SVG that resvg renders.
//!
//! The SVG is written here (`svg`), from escaped text and numbers, and refers to nothing. resvg shapes the text, from
//! right to left too. The size of the font follows the result, and a text that does not fit is drawn smaller.

use std::sync::Arc;

use resizer_plugin_api::imaging::{Align, Cancel, Colour, Size};
use resizer_plugin_api::{Drawing, Drawn, Error, ErrorKind, Room};
use resvg::tiny_skia::Pixmap;
use resvg::usvg::{ImageHrefResolver, Node, Options, Rect, Transform, Tree};

use crate::fonts::{Fonts, SHIPPED_FAMILY};
use crate::length::LengthSetting;
use crate::svg;

/// The most characters of a text, some of which may come from a URL.
const MOST_CHARACTERS: usize = 500;
/// The pixels that are rendered at once. A fresh look at the flag follows.
const BAND_PIXELS: u32 = 256 * 1024;
/// Parsing and shaping of the longest text. Measured: 1.5 MB.
const SHAPING_BYTES: u64 = 4 << 20;
/// Sizes of fonts in pixels.
const SIZES: std::ops::RangeInclusive<f64> = 1.0..=2000.0;

/// The look of a text.
#[derive(Clone, Debug)]
pub(crate) struct Style {
    pub(crate) family: Option<String>,
    pub(crate) weight: u16,
    pub(crate) italic: bool,
    pub(crate) size: LengthSetting,
    pub(crate) colour: Colour,
    pub(crate) outline: Colour,
    pub(crate) outline_width: LengthSetting,
    pub(crate) shadow: Option<Colour>,
    pub(crate) shadow_offset: [LengthSetting; 2],
    /// Degrees clockwise.
    pub(crate) angle: f64,
    /// Of the lines.
    pub(crate) align: Align,
}

impl Style {
    /// # Errors
    /// A sentence about the setting that is wrong.
    pub(crate) fn check(&self) -> Result<(), String> {
        let checks = [
            (self.size.of(100.0) > 0.0, "`font_size` is above 0"),
            (self.outline_width.of(100.0) >= 0.0, "`outline_width` is not negative"),
            ((1..=1000).contains(&self.weight), "`font_weight` is from 1 to 1000"),
            (self.angle.abs() <= 360.0, "`angle` is from -360 to 360 degrees"),
        ];
        match checks.iter().find(|(is_right, _)| !is_right) {
            Some((_, message)) => Err((*message).to_owned()),
            None => Ok(()),
        }
    }

    pub(crate) fn family(&self) -> &str {
        self.family.as_deref().unwrap_or(SHIPPED_FAMILY)
    }
}

/// A text with its look.
#[derive(Debug)]
pub(crate) struct Text {
    lines: Vec<String>,
    style: Style,
    fonts: Arc<Fonts>,
    name: String,
}

impl Text {
    /// `None` for a text without a visible character. A text that is too long is cut.
    pub(crate) fn new(text: &str, style: Style, fonts: Arc<Fonts>) -> Option<Self> {
        let text: String = text.chars().take(MOST_CHARACTERS).collect();
        let lines: Vec<String> = text.lines().map(svg::plain).collect();
        if lines.iter().all(|line| line.trim().is_empty()) {
            return None;
        }
        // The fields are numbers, flags, a family and the lines, so that the text of all of them tells them apart.
        let name = format!("text 1 {} {style:?} {lines:?}", fonts.digest());
        Some(Self {
            lines,
            style,
            fonts,
            name,
        })
    }

    fn options(&self) -> Options<'_> {
        Options {
            fontdb: Arc::clone(self.fonts.database()),
            font_family: SHIPPED_FAMILY.to_owned(),
            // The SVG has no images.
            image_href_resolver: ImageHrefResolver {
                resolve_data: Box::new(|_, _, _| None),
                resolve_string: Box::new(|_, _| None),
            },
            ..Options::default()
        }
    }

    fn parsed(&self, svg: &str) -> Result<Tree, Error> {
        Tree::from_str(svg, &self.options())
            .map_err(|error| Error::new(ErrorKind::Internal, "A text cannot be drawn.").because(error))
    }

    /// The lines that are not wider than `width`, as far as words allow. Shaping across words is not considered.
    fn wrapped(&self, font_size: f64, width: f64) -> Result<Vec<String>, Error> {
        let words: Vec<&str> = self.lines.iter().flat_map(|line| line.split_whitespace()).collect();
        let tree = self.parsed(&svg::words(&self.style, font_size, &words))?;
        // Of "n n" and of "nn", and then of the words. A word of invisible characters may be missing.
        let mut widths = vec![0.0; words.len() + 2];
        measure(tree.root().children(), &mut widths);
        let space = widths[0] - widths[1];
        let mut widths = widths.into_iter().skip(2);
        let mut lines = Vec::new();
        for line in &self.lines {
            let (mut wrapped, mut used) = (String::new(), 0.0);
            for word in line.split_whitespace() {
                let length = widths.next().unwrap_or_default();
                if !wrapped.is_empty() && used + space + length > width {
                    lines.push(std::mem::take(&mut wrapped));
                    used = 0.0;
                }
                if !wrapped.is_empty() {
                    wrapped.push(' ');
                    used += space;
                }
                wrapped.push_str(word);
                used += length;
            }
            lines.push(wrapped);
        }
        Ok(lines)
    }
}

/// The widths of all texts, each at the index that is its id.
fn measure(nodes: &[Node], widths: &mut [f64]) {
    for node in nodes {
        match node {
            Node::Group(group) => measure(group.children(), widths),
            Node::Text(text) => {
                if let Some(width) = text.id().parse::<usize>().ok().and_then(|index| widths.get_mut(index)) {
                    *width = f64::from(text.bounding_box().width());
                }
            }
            _ => {}
        }
    }
}

impl Drawing for Text {
    fn name(&self) -> &str {
        &self.name
    }

    fn peak_bytes(&self, room: Room) -> u64 {
        const PIXEL_BYTES: u64 = 4;
        PIXEL_BYTES * (room.size.pixels() + u64::from(BAND_PIXELS.max(room.size.width))) + SHAPING_BYTES
    }

    fn draw(&self, room: Room, cancel: &Cancel) -> Result<Drawn, Error> {
        let shorter = f64::from(room.container.width.min(room.container.height));
        let font_size = self.style.size.of(shorter).clamp(*SIZES.start(), *SIZES.end());
        let [width, height] = [room.size.width, room.size.height].map(f64::from);
        // The ring that outline and shadow take beside the letters.
        let [right, down] = self.style.shadow_offset.map(|offset| match self.style.shadow {
            Some(_) => offset.of(font_size).abs(),
            None => 0.0,
        });
        let ring = 2.0 * self.style.outline_width.of(font_size) + right.max(down);
        let lines = self.wrapped(font_size, (width - ring).max(1.0))?;
        check(cancel)?;
        let tree = self.parsed(&svg::text(&self.style, font_size, &lines))?;
        check(cancel)?;
        let Some(bounds) = visible(&tree) else {
            // Spaces only, as far as the fonts know.
            return Ok(Drawn {
                size: Size::new(1, 1),
                pixels: vec![0; 4],
            });
        };
        let [across, high] = [bounds.width(), bounds.height()].map(f64::from);
        let scale = (width / across).min(height / high).min(1.0);
        let side = |length: f64, most: u32| ((length * scale - 0.001).ceil() as u32).clamp(1, most);
        let size = Size::new(side(across, room.size.width), side(high, room.size.height));
        let place = Transform::from_translate(-bounds.x(), -bounds.y()).post_scale(scale as f32, scale as f32);
        let mut pixels = Vec::with_capacity(size.pixels() as usize * 4);
        let rows = (BAND_PIXELS / size.width).clamp(1, size.height);
        for top in (0..size.height).step_by(rows as usize) {
            check(cancel)?;
            let rows = rows.min(size.height - top);
            let mut band = Pixmap::new(size.width, rows)
                .ok_or_else(|| Error::new(ErrorKind::Internal, "A text cannot be drawn."))?;
            resvg::render(&tree, place.post_translate(0.0, -(top as f32)), &mut band.as_mut());
            pixels.extend(band.pixels().iter().flat_map(|pixel| {
                let colour = pixel.demultiply();
                [colour.red(), colour.green(), colour.blue(), colour.alpha()]
            }));
        }
        Ok(Drawn { size, pixels })
    }
}

/// The rectangle of all that is seen, and of the lines' full height. `None` if nothing is.
fn visible(tree: &Tree) -> Option<Rect> {
    let root = tree.root();
    let seen = root.abs_stroke_bounding_box();
    (seen.width() > 0.0 && seen.height() > 0.0).then_some(seen)
}

fn check(cancel: &Cancel) -> Result<(), Error> {
    match cancel.is_cancelled() {
        true => Err(Error::new(ErrorKind::Cancelled, "Nobody waits for the text any more.")),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests;
