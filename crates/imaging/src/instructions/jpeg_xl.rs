//! Instructions about JPEG XL: quality or distance, effort, and whether the picture is lossless.

use super::canonical::Text;
use super::{Instructions, Lossless, values};

/// The keys `jxl.*`. The default asks for nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct JpegXl {
    /// `jxl.quality`, 0 to 100.
    pub quality: Option<u8>,
    /// `jxl.distance`: 0 to 25, in units of the just noticeable difference.
    pub distance: Option<f32>,
    /// `jxl.effort`, 1 to 9.
    pub effort: Option<u8>,
    /// `jxl.lossless`.
    pub lossless: Option<Lossless>,
}

/// The smallest distance of a lossy picture: the encoder's own bound.
pub(crate) const LEAST_DISTANCE: f32 = 0.05;
const MOST_DISTANCE: f32 = 25.0;

/// The look of a WebP at its default of 80: see `docs/which-format.md`.
const DEFAULT_QUALITY: u8 = 84;
const DEFAULT_EFFORT: u8 = 3;

/// `jxl.distance`: 0 to 25.
pub(crate) fn distance(text: &str) -> Result<f32, String> {
    match values::number(text) {
        Some(distance) if distance >= 0.0 => Ok(distance.min(f64::from(MOST_DISTANCE)) as f32),
        _ => Err("expected a number from 0 to 25".to_owned()),
    }
}

/// `jxl.effort`: 1 to 9. 0, which Imageflow allows, counts as 1.
pub(crate) fn effort(text: &str) -> Result<u8, String> {
    match text.parse::<i32>() {
        Ok(effort) if effort >= 0 => Ok(effort.clamp(1, 9) as u8),
        _ => Err("expected a whole number from 1 to 9".to_owned()),
    }
}

/// The distance that libjxl's tools take for a quality (`JxlEncoderDistanceFromQuality`), bounded from below by what
/// the encoder does.
pub(crate) fn distance_of(quality: f32) -> f32 {
    let distance = if quality >= 100.0 {
        0.0
    } else if quality >= 30.0 {
        0.1 + (100.0 - quality) * 0.09
    } else {
        53.0 / 3000.0 * quality * quality - 23.0 / 20.0 * quality + 25.0
    };
    distance.clamp(LEAST_DISTANCE, MOST_DISTANCE)
}

impl Instructions {
    /// The distance of a lossy JPEG XL: 0.05 to 25. A distance goes before a quality.
    pub fn effective_jxl_distance(&self) -> f32 {
        let jxl = &self.output.jxl;
        match self.profile_jxl_distance().or(jxl.distance) {
            Some(distance) => distance.max(LEAST_DISTANCE),
            None => distance_of(jxl.quality.or(self.quality).unwrap_or(DEFAULT_QUALITY).into()),
        }
    }

    /// The effort of a JPEG XL, 1 to 9. The default is 3.
    pub fn effective_jxl_effort(&self) -> u8 {
        self.output.jxl.effort.unwrap_or(DEFAULT_EFFORT)
    }

    /// Whether a JPEG XL is written lossless. The default is lossy; a distance of 0 is lossless, as in libjxl's tools.
    pub fn effective_jxl_lossless(&self) -> Lossless {
        let by_distance = self.output.jxl.distance.filter(|distance| *distance == 0.0);
        let asked = self.output.jxl.lossless.or(self.lossless);
        let by_profile = || self.profile_is_lossless().then_some(Lossless::Yes);
        let derived = by_distance.map(|_| Lossless::Yes).or_else(by_profile);
        asked.or(derived).unwrap_or(Lossless::No)
    }

    /// Whether a result whose format is negotiated has to be lossless.
    pub(crate) fn effective_lossless(&self) -> Lossless {
        let by_profile = || self.profile_is_lossless().then_some(Lossless::Yes);
        self.lossless.or_else(by_profile).unwrap_or(Lossless::No)
    }

    /// Appends the canonical text of the keys.
    pub(super) fn write_canonical_jxl(&self, text: &mut Text) {
        let default = Self::default();
        let distance = self.effective_jxl_distance();
        text.pair(
            "jxl.distance",
            (distance != default.effective_jxl_distance()).then_some(distance),
        );
        let effort = self.effective_jxl_effort();
        text.pair("jxl.effort", (effort != DEFAULT_EFFORT).then_some(effort));
        text.pair(
            "jxl.lossless",
            super::canonical::lossless(self.effective_jxl_lossless()),
        );
        // A negotiated format follows this one.
        text.pair("lossless", super::canonical::lossless(self.effective_lossless()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values that libjxl's documentation states: 90 is a distance of 1, 100 the least one, 0 the largest; and one of
    /// each formula, worked out by hand.
    #[test]
    fn distance_of_a_quality_is_that_of_libjxl() {
        let check = |quality: f32, expected: f32| {
            let found = distance_of(quality);
            assert!((found - expected).abs() < 1e-4, "{quality}: {found}");
        };
        check(100.0, 0.05);
        check(99.0, 0.19);
        check(90.0, 1.0);
        check(70.0, 2.8);
        check(30.0, 6.4);
        check(10.0, 15.266_667);
        check(0.0, 25.0);
    }

    #[test]
    fn distance_goes_before_quality_and_zero_is_lossless() {
        let read = |query: &[(&str, &str)]| Instructions::parse(query.iter().copied()).0;
        let check = |query: &[(&str, &str)], distance: f32, lossless: Lossless| {
            let read = read(query);
            assert!((read.effective_jxl_distance() - distance).abs() < 1e-5, "{query:?}");
            assert_eq!(read.effective_jxl_lossless(), lossless, "{query:?}");
        };
        check(&[("quality", "90")], 1.0, Lossless::No);
        check(&[("quality", "10"), ("jxl.quality", "90")], 1.0, Lossless::No);
        check(&[("jxl.quality", "90"), ("jxl.distance", "2.5")], 2.5, Lossless::No);
        check(&[("jxl.distance", "0")], 0.05, Lossless::Yes);
        check(&[("jxl.distance", "0"), ("jxl.lossless", "false")], 0.05, Lossless::No);
        check(&[("jxl.distance", "99")], 25.0, Lossless::No);
        check(&[("jxl.distance", "1"), ("lossless", "keep")], 1.0, Lossless::Keep);
    }
}
