//! Instructions about AVIF: its quality and the speed of its encoder.

use super::Instructions;
use super::canonical::Text;

/// The slowest speed: slower ones take seconds for a thumbnail.
const SLOWEST: u8 = 6;
const FASTEST: u8 = 10;
/// Speed 8 makes no smaller files than 9.
const DEFAULT_SPEED: u8 = 9;

/// `avif.speed`: 0 to 10, of which 0 to 5 count as 6.
pub(crate) fn speed(text: &str) -> Result<u8, String> {
    match text.parse::<i32>() {
        Ok(speed) if speed >= 0 => Ok(speed.clamp(SLOWEST.into(), FASTEST.into()) as u8),
        _ => Err("expected a whole number from 0 to 10".to_owned()),
    }
}

/// The quality of an AVIF that looks like a JPEG of this quality, 0 to 100.
fn like_jpeg(quality: u8) -> u8 {
    /// Not measured yet: rows by eye, from the sizes of three photographs. Between two rows values lie on a line.
    const ROWS: [[u16; 2]; 4] = [[0, 0], [80, 60], [90, 72], [100, 100]];
    let quality = u16::from(quality.min(100));
    let upper = ROWS
        .iter()
        .position(|row| row[0] >= quality)
        .unwrap_or(ROWS.len() - 1)
        .max(1);
    let ([from, low], [to, high]) = (ROWS[upper - 1], ROWS[upper]);
    (low + (high - low) * (quality - from) / (to - from)) as u8
}

impl Instructions {
    /// The quality of an AVIF, 0 to 100. `quality` is that of a JPEG with the same look; its default is 80.
    pub fn effective_avif_quality(&self) -> u8 {
        const DEFAULT_QUALITY: u8 = 80;
        let derived = || like_jpeg(self.quality.unwrap_or(DEFAULT_QUALITY));
        self.output.avif_quality.unwrap_or_else(derived)
    }

    /// The speed of the encoder of AVIF, 6 to 10. The default is 9.
    pub fn effective_avif_speed(&self) -> u8 {
        self.output.avif_speed.unwrap_or(DEFAULT_SPEED)
    }

    /// Appends the canonical text of the keys.
    pub(super) fn write_canonical_avif(&self, text: &mut Text) {
        text.pair("avif.quality", self.output.avif_quality);
        let speed = self.effective_avif_speed();
        text.pair("avif.speed", (speed != DEFAULT_SPEED).then_some(speed));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quality_of_an_avif_rises_with_that_of_a_jpeg() {
        let qualities: Vec<u8> = (0..=100).map(like_jpeg).collect();
        assert!(qualities.is_sorted());
        assert_eq!([0, 80, 85, 100].map(like_jpeg), [0, 60, 66, 100]);
    }

    #[test]
    fn keys_of_avif_go_before_the_common_one() {
        let read = |query: &[(&str, &str)]| Instructions::parse(query.iter().copied()).0;
        assert_eq!(
            read(&[("quality", "80"), ("avif.quality", "33")]).effective_avif_quality(),
            33
        );
        assert_eq!(read(&[("quality", "80")]).effective_avif_quality(), 60);
        assert_eq!(read(&[("avif.speed", "2")]).effective_avif_speed(), 6);
        assert_eq!(read(&[]).effective_avif_speed(), 9);
    }
}
