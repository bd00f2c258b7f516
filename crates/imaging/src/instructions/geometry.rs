//! Instructions of geometry beyond sizes and windows: free rotation, trimming, and cutting around a focus. Read through
//! the table of keys; layout and pipeline use them.

use super::canonical::Text;
use super::values::{Value, list, number};
use super::{Mode, Reading, canonical};
use crate::{Compat, Orientation};

/// Free rotation, trimming and focus.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Geometry {
    /// The part of `rotate` that is no quarter turn, in thousandths of a degree clockwise, -45,000 to 45,000. It comes
    /// after `result_turn`, as the very last.
    pub tilt: i32,
    /// The trimming of even borders.
    pub trim: Option<Trim>,
    /// The part of the source that cutting keeps in view.
    pub focus: Option<Focus>,
    /// Whether the source stays as it is stored, whatever its EXIF orientation says.
    pub ignores_orientation: bool,
}

/// The trimming of even borders.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trim {
    /// The strongest edge that still counts as even, 0 to 255: four times the difference of two pixels, as Sobel's
    /// operator weighs an edge.
    pub threshold: u8,
    /// The border that is kept around the content, in percent of the mean of the content's width and height.
    pub percent_padding: f64,
}

/// The part of the source that cutting keeps in view.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Focus {
    /// x1, y1, x2, y2 in pixels of the source, after its EXIF orientation, `srotate` and `sflip`. x1 is not above x2,
    /// nor y1 above y2.
    pub area: [f64; 4],
    /// Whether to cut as near to the area as the requested proportions allow.
    pub zoom: bool,
    /// The mode for a part that cannot have the requested proportions. The default is `Pad`.
    pub final_mode: Mode,
}

/// Values while they are read.
#[derive(Debug, Default)]
pub(crate) struct Unfinished {
    tilt: i32,
    threshold: Option<u8>,
    percent_padding: f64,
    focus: Option<[f64; 4]>,
    zoom: bool,
    final_mode: Option<Mode>,
    /// `autorotate`, and `autorotate.default`.
    pub(crate) upright: [Option<bool>; 2],
}

impl Unfinished {
    /// The values together. `result_flip` comes after the rotation in a querystring, and before the tilt here. A single
    /// mirroring reverses the sense of a rotation that comes after it.
    ///
    /// By ImageResizer's rules an EXIF orientation counts if `autorotate` asks for it.
    pub(super) fn finish(self, result_flip: Orientation, compat: Compat) -> Geometry {
        let [asked, default] = self.upright;
        let mirrored = result_flip.flip_x != result_flip.flip_y;
        Geometry {
            tilt: if mirrored { -self.tilt } else { self.tilt },
            trim: self.threshold.map(|threshold| Trim {
                threshold,
                percent_padding: self.percent_padding,
            }),
            focus: self.focus.map(|area| Focus {
                area,
                zoom: self.zoom,
                final_mode: self.final_mode.unwrap_or(Mode::Pad),
            }),
            ignores_orientation: compat.is_imageresizer() && !asked.or(default).unwrap_or(false),
        }
    }
}

impl Geometry {
    pub(super) fn canonical(&self, text: &mut Text) {
        if let Some(Focus { area, zoom, final_mode }) = self.focus {
            text.pair("c.focus", Some(area.map(|edge| edge.to_string()).join(",")));
            text.pair("c.zoom", zoom.then_some(true));
            text.pair("c.finalmode", canonical::mode(final_mode));
        }
        text.pair("autorotate", self.ignores_orientation.then_some(false));
        text.pair("tilt", (self.tilt != 0).then_some(self.tilt));
        if let Some(Trim {
            threshold,
            percent_padding,
        }) = self.trim
        {
            text.pair("trim.threshold", Some(threshold));
            text.pair(
                "trim.percentpadding",
                (percent_padding > 0.0).then_some(percent_padding),
            );
        }
    }
}

/// `rotate`: degrees clockwise, to a thousandth. The nearest quarter turns are exact.
pub(crate) fn rotate(reading: &mut Reading, text: &str) -> Value<()> {
    const QUARTER: i64 = 90_000;
    let degrees = number(text).ok_or_else(|| "expected degrees".to_owned())?;
    let thousandths = (degrees.rem_euclid(360.0) * 1000.0).round() as i64;
    let quarters = (thousandths + QUARTER / 2) / QUARTER;
    reading.result_rotation = (quarters % 4) as u8;
    reading.geometry.tilt = (thousandths - quarters * QUARTER) as i32;
    Ok(())
}

/// `trim.threshold`: a whole number. One below 0 counts as 0, and one above 255 as 255.
pub(crate) fn threshold(reading: &mut Reading, text: &str) -> Value<()> {
    let threshold: i32 = text
        .parse()
        .map_err(|_| "expected a whole number from 0 to 255".to_owned())?;
    reading.geometry.threshold = Some(threshold.clamp(0, 255) as u8);
    Ok(())
}

/// `trim.percentpadding`: more than the source holds is the whole source.
pub(crate) fn percent_padding(reading: &mut Reading, text: &str) -> Value<()> {
    match number(text) {
        Some(percent) if percent >= 0.0 => {
            reading.geometry.percent_padding = percent;
            Ok(())
        }
        _ => Err("expected a percentage from 0".to_owned()),
    }
}

/// `c.focus`: a point, or rectangles whose union counts.
pub(crate) fn focus(reading: &mut Reading, text: &str) -> Value<()> {
    let expected = || "expected a point `x,y` or rectangles `x1,y1,x2,y2`; faces are not found".to_owned();
    let numbers: Option<Vec<f64>> = list(text).map(number).collect();
    let numbers = numbers.ok_or_else(expected)?;
    let (points, rest) = numbers.as_chunks::<2>();
    // A single point, or pairs of corners.
    if !rest.is_empty() || points.is_empty() || (points.len() > 1 && points.len() % 2 == 1) {
        return Err(expected());
    }
    let [mut x1, mut y1, mut x2, mut y2] = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
    for [x, y] in points {
        (x1, y1, x2, y2) = (x1.min(*x), y1.min(*y), x2.max(*x), y2.max(*y));
    }
    reading.geometry.focus = Some([x1, y1, x2, y2]);
    Ok(())
}

pub(crate) fn focus_zoom(reading: &mut Reading, text: &str) -> Value<()> {
    reading.geometry.zoom = super::values::truth(text)?;
    Ok(())
}

pub(crate) fn final_mode(reading: &mut Reading, text: &str) -> Value<()> {
    reading.geometry.final_mode = super::values::mode(text)?;
    Ok(())
}
