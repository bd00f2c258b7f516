//! Instructions of decoration: rings around the image, a shadow, and round corners. Read through the table of keys;
//! layout and plan use them.

use super::canonical::Text;
use super::values::{Value, list, number};
use crate::Colour;

/// The widest ring, and the farthest offset of a shadow, in pixels. No result may have a longer side.
const MOST_PIXELS: f64 = 65_535.0;

/// The rings around the image, from the inside to the outside, and the image's corners. Widths are pixels at the left,
/// top, right and bottom.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Decoration {
    /// The width of the padding.
    pub padding: [u32; 4],
    /// The colour of the padding, and of everything else between the image and the border, if there is padding. `None`
    /// means the background.
    pub padding_colour: Option<Colour>,
    /// The width of the border.
    pub border: [u32; 4],
    /// The colour of the border. `None` means that the background shows.
    pub border_colour: Option<Colour>,
    /// The distance over which the shadow fades, in pixels. 0 means no shadow.
    pub shadow_width: u32,
    /// The shadow's displacement to the right and to the bottom, in pixels.
    pub shadow_offset: [i32; 2],
    /// The colour of the shadow. `None` means that the shadow takes its space and is not visible.
    pub shadow_colour: Option<Colour>,
    /// The width of the margin.
    pub margin: [u32; 4],
    /// The radii of the image's corners: top left, top right, bottom right, bottom left.
    pub corners: [Radius; 4],
}

/// The radius of a corner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Radius {
    /// A percentage, 0 to 100, of the largest possible radius: half of the image's shorter side.
    Percent(f64),
    /// Pixels of the result, from 0. More than the largest possible radius counts as that.
    Pixels(f64),
}

impl Default for Radius {
    fn default() -> Self {
        Self::Percent(0.0)
    }
}

impl Radius {
    /// The radius in pixels, for an image whose shorter side has this many.
    pub(crate) fn pixels(self, side: u32) -> f64 {
        let most = f64::from(side) / 2.0;
        match self {
            Self::Percent(percent) => most * percent / 100.0,
            Self::Pixels(pixels) => pixels.min(most),
        }
    }

    fn is_none(self) -> bool {
        matches!(self, Self::Percent(0.0) | Self::Pixels(0.0))
    }
}

impl Decoration {
    /// Whether nothing was asked for that changes a pixel.
    pub fn is_none(&self) -> bool {
        let widths = [self.padding, self.border, self.margin];
        widths == [[0; 4]; 3] && self.shadow_width == 0 && !self.has_corners()
    }

    /// Whether a corner is round.
    pub(crate) fn has_corners(&self) -> bool {
        !self.corners.iter().all(|radius| radius.is_none())
    }

    /// The width of the ring that the shadow takes.
    pub(crate) fn shadow_ring(&self) -> [u32; 4] {
        if self.shadow_width == 0 {
            return [0; 4];
        }
        let width = i64::from(self.shadow_width);
        let [x, y] = self.shadow_offset.map(i64::from);
        // Neither reaches beyond twice `MOST_PIXELS`.
        [width - x, width - y, width + x, width + y].map(|side| side.max(0) as u32)
    }

    pub(super) fn canonical(&self, text: &mut Text) {
        let ring = |width: [u32; 4]| (width != [0; 4]).then(|| width.map(|side| side.to_string()).join(","));
        text.pair("borderwidth", ring(self.border));
        let colour = self.border_colour.filter(|_| self.border != [0; 4]);
        text.pair("bordercolor", colour.map(Colour::to_hex));
        text.pair("margin", ring(self.margin));
        text.pair("paddingwidth", ring(self.padding));
        let colour = self.padding_colour.filter(|_| self.padding != [0; 4]);
        text.pair("paddingcolor", colour.map(Colour::to_hex));
        if self.has_corners() {
            let radius = |radius: Radius| match radius {
                Radius::Percent(percent) => percent.to_string(),
                Radius::Pixels(pixels) => format!("{pixels}px"),
            };
            text.pair("s.roundcorners", Some(self.corners.map(radius).join(",")));
        }
        if self.shadow_width > 0 {
            let [x, y] = self.shadow_offset;
            text.pair("shadowwidth", Some(self.shadow_width));
            text.pair("shadowoffset", Some(format!("{x},{y}")));
            text.pair("shadowcolor", self.shadow_colour.map(Colour::to_hex));
        }
    }
}

/// One width for all sides, or four: left, top, right and bottom. Rounded to whole pixels, so that rings have sharp
/// edges.
pub(crate) fn ring(text: &str) -> Value<[u32; 4]> {
    let widths = list(text).map(|item| number(item).filter(|width| (0.0..=MOST_PIXELS).contains(width)));
    let widths: Option<Vec<f64>> = widths.collect();
    let whole = |width: f64| width.round() as u32;
    match widths.as_deref() {
        Some([all]) => Ok([whole(*all); 4]),
        Some([left, top, right, bottom]) => Ok([*left, *top, *right, *bottom].map(whole)),
        _ => Err("expected a width in pixels, or four: left, top, right, bottom".to_owned()),
    }
}

pub(crate) fn shadow_width(text: &str) -> Value<u32> {
    match number(text) {
        Some(width) if (0.0..=MOST_PIXELS).contains(&width) => Ok(width.round() as u32),
        _ => Err("expected a width in pixels".to_owned()),
    }
}

pub(crate) fn shadow_offset(text: &str) -> Value<[i32; 2]> {
    let numbers: Option<Vec<f64>> = list(text).map(number).collect();
    match numbers.as_deref() {
        Some([x, y]) if x.abs() <= MOST_PIXELS && y.abs() <= MOST_PIXELS => {
            Ok([*x, *y].map(|side| side.round() as i32))
        }
        _ => Err("expected two distances in pixels, such as `4,4`".to_owned()),
    }
}

/// One radius for all corners, or four: top left, top right, bottom right, bottom left.
pub(crate) fn corners(text: &str) -> Value<[Radius; 4]> {
    let radii: Option<Vec<Radius>> = list(text).map(radius).collect();
    match radii.as_deref() {
        Some([all]) => Ok([*all; 4]),
        Some([top_left, top_right, bottom_right, bottom_left]) => {
            Ok([*top_left, *top_right, *bottom_right, *bottom_left])
        }
        _ => Err("expected a percentage from 0 to 100 or pixels such as `12px`, or four of them".to_owned()),
    }
}

/// A percentage above 100 counts as 100.
fn radius(text: &str) -> Option<Radius> {
    let text = text.to_ascii_lowercase();
    if let Some(pixels) = text.strip_suffix("px") {
        let pixels = number(pixels).filter(|pixels| *pixels >= 0.0)?;
        return Some(match pixels {
            0.0 => Radius::default(),
            pixels => Radius::Pixels(pixels.min(MOST_PIXELS)),
        });
    }
    let percent = number(text.strip_suffix('%').unwrap_or(&text)).filter(|percent| *percent >= 0.0)?;
    Some(Radius::Percent(percent.min(100.0)))
}
