//! Quality profile (`qp`): one word, or a percentage, that means the same look in every lossy format. Turns it into
//! each format's own setting, by a table.
//!
//! The names and their percentages are Imageflow's. The settings were measured with SSIMULACRA2: see
//! `docs/which-format.md`.

use super::canonical::Text;
use super::jpeg_xl::LEAST_DISTANCE;
use super::{Instructions, values};

/// A profile, as a percentage from 0 to 100.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QualityProfile(pub(crate) f32);

/// A row: percentage, score of SSIMULACRA2, quality of JPEG and of WebP, distance of JPEG XL.
struct Row {
    percent: f32,
    score: f32,
    jpeg: f32,
    webp: f32,
    jxl: f32,
}

const fn row(percent: f32, score: f32, jpeg: f32, webp: f32, jxl: f32) -> Row {
    Row {
        percent,
        score,
        jpeg,
        webp,
        jxl,
    }
}

/// In ascending order. Between two rows values lie on a line.
const ROWS: [Row; 8] = [
    row(15.0, 10.0, 14.0, 1.0, 13.0),
    row(20.0, 30.0, 19.0, 10.0, 8.6),
    row(34.0, 50.0, 31.0, 31.0, 4.3),
    row(55.0, 60.0, 45.0, 46.0, 2.9),
    row(73.0, 70.0, 67.0, 69.0, 1.97),
    row(91.0, 85.0, 91.0, 94.0, 0.82),
    row(96.0, 90.0, 94.0, 100.0, 0.44),
    row(100.0, 100.0, 100.0, 100.0, LEAST_DISTANCE),
];

/// Names and percentages.
const NAMES: [(&str, f32); 9] = [
    ("lowest", 15.0),
    ("low", 20.0),
    ("medium-low", 34.0),
    ("medium", 55.0),
    ("good", 73.0),
    ("medium-high", 73.0),
    ("high", 91.0),
    ("highest", 96.0),
    ("lossless", 100.0),
];

/// `qp`: a name, or a percentage.
pub(crate) fn profile(text: &str) -> Result<QualityProfile, String> {
    let named = NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
    let percent = match named {
        Some((_, percent)) => Some(f64::from(*percent)),
        None => values::number(text.strip_suffix('%').unwrap_or(text)).filter(|percent| *percent >= 0.0),
    };
    match percent {
        Some(percent) => Ok(QualityProfile(percent.min(100.0) as f32)),
        None => Err(
            "expected `lowest`, `low`, `medium-low`, `medium`, `good`, `high`, `highest`, `lossless`, or a \
                     percentage"
                .to_owned(),
        ),
    }
}

/// `qp.dpr`: the density of the screen, in thousandths. Beyond 0.1 to 12 it counts as these, as in Imageflow.
pub(crate) fn density(text: &str) -> Result<u16, String> {
    match values::number(text.strip_suffix(['x', 'X']).unwrap_or(text)) {
        Some(density) if density > 0.0 => Ok((density.clamp(0.1, 12.0) * 1000.0).round() as u16),
        _ => Err("expected a number above 0, such as `2`".to_owned()),
    }
}

impl QualityProfile {
    /// The profile for a screen of this density, in thousandths. Differences that are smaller on the screen are seen
    /// less: Imageflow's rule is that the score at a density of 3 is that of the profile, and falls as the density
    /// rises.
    fn at_density(self, thousandths: u16) -> Self {
        const REFERENCE: f32 = 3000.0;
        let score = between(self.0, |row| row.percent, |row| row.score);
        let score = (score * REFERENCE / f32::from(thousandths)).clamp(10.0, 90.0);
        Self(between(score, |row| row.score, |row| row.percent))
    }
}

/// The value of one column where another one has this value.
fn between(at: f32, known: fn(&Row) -> f32, wanted: fn(&Row) -> f32) -> f32 {
    let upper = ROWS
        .iter()
        .position(|row| known(row) >= at)
        .unwrap_or(ROWS.len() - 1)
        .max(1);
    let (below, above) = (&ROWS[upper - 1], &ROWS[upper]);
    let part = ((at - known(below)) / (known(above) - known(below))).clamp(0.0, 1.0);
    wanted(below) + (wanted(above) - wanted(below)) * part
}

impl Instructions {
    /// The percentage of the profile that applies, with the density.
    fn profile(&self) -> Option<QualityProfile> {
        let profile = self.output.profile?;
        Some(match self.output.profile_density {
            Some(density) if profile.0 < 100.0 => profile.at_density(density),
            _ => profile,
        })
    }

    /// Whether the profile asks for lossless pixels.
    pub(super) fn profile_is_lossless(&self) -> bool {
        self.profile().is_some_and(|profile| profile.0 >= 100.0)
    }

    /// The quality of a JPEG that the profile asks for.
    pub(super) fn profile_jpeg_quality(&self) -> Option<u8> {
        self.profile()
            .map(|profile| between(profile.0, |row| row.percent, |row| row.jpeg).round() as u8)
    }

    /// The quality of a WebP that the profile asks for.
    pub(super) fn profile_webp_quality(&self) -> Option<u8> {
        self.profile()
            .map(|profile| between(profile.0, |row| row.percent, |row| row.webp).round() as u8)
    }

    /// The distance of a JPEG XL that the profile asks for, to a hundredth.
    pub(super) fn profile_jxl_distance(&self) -> Option<f32> {
        let distance = |profile: QualityProfile| between(profile.0, |row| row.percent, |row| row.jxl);
        self.profile()
            .map(|profile| ((distance(profile) * 100.0).round() / 100.0).max(LEAST_DISTANCE))
    }

    /// Appends the canonical text. The settings that a profile stands for have keys of their own.
    pub(super) fn write_canonical_profile(&self, text: &mut Text) {
        text.pair("qp", self.profile_is_lossless().then_some("lossless"));
        text.pair("max_bytes", self.output.max_bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FormatWish, Lossless};

    fn read(query: &[(&str, &str)]) -> Instructions {
        let (instructions, ignored) = Instructions::parse(query.iter().copied());
        assert_eq!(ignored, [], "{query:?}");
        instructions
    }

    #[test]
    fn profile_beats_the_keys_of_each_format() {
        let read = read(&[
            ("qp", "good"),
            ("quality", "5"),
            ("jpeg.quality", "6"),
            ("webp.quality", "7"),
            ("jxl.distance", "9"),
        ]);
        assert_eq!((read.effective_jpeg_quality(), read.effective_webp_quality()), (67, 69));
        assert!((read.effective_jxl_distance() - 1.97).abs() < 1e-6);
    }

    #[test]
    fn percentage_lies_between_the_names() {
        let quality = |value: &str| read(&[("qp", value)]).effective_jpeg_quality();
        assert_eq!([quality("34"), quality("medium-low"), quality("34%")], [31; 3]);
        // Half way from 55 to 73: half way from 45 to 67.
        assert_eq!(quality("64"), 56);
        assert_eq!([quality("0"), quality("15")], [14; 2]);
        let all: Vec<u8> = (0..=100).map(|percent| quality(&percent.to_string())).collect();
        assert!(all.is_sorted(), "{all:?}");
        let distances: Vec<f32> = (0..=100)
            .map(|percent| read(&[("qp", &percent.to_string())]).effective_jxl_distance())
            .collect();
        assert!(distances.is_sorted_by(|a, b| a >= b), "{distances:?}");
    }

    #[test]
    fn lossless_profile_is_lossless_in_every_format() {
        let read = read(&[("qp", "lossless")]);
        assert_eq!(read.effective_webp_lossless(), Lossless::Yes);
        assert_eq!(read.effective_jxl_lossless(), Lossless::Yes);
        assert_eq!(read.effective_lossless(), Lossless::Yes);
    }

    /// Imageflow's rule by hand: a score of 60 at a density of 3 is 30 at 6, which is the profile `low`.
    #[test]
    fn density_moves_the_profile() {
        let quality = |density: &str| read(&[("qp", "medium"), ("qp.dpr", density)]).effective_jpeg_quality();
        assert_eq!([quality("3"), quality("3x"), quality("6")], [45, 45, 19]);
        // 60 * 3 / 2 = 90: the profile `highest`.
        assert_eq!(quality("2"), 94);
        assert_eq!(quality("0.01"), 94);
    }

    #[test]
    fn profile_without_a_format_negotiates() {
        assert_eq!(read(&[("qp", "low")]).format_wish(), FormatWish::Auto);
        assert_eq!(
            read(&[("qp", "low"), ("format", "keep")]).format_wish(),
            FormatWish::Keep
        );
        assert_eq!(read(&[("quality", "5")]).format_wish(), FormatWish::Absent);
    }
}
