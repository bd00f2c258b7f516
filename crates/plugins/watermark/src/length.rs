//! Length setting: pixels or percent, as ImageResizer writes them in a layer's attributes.

use std::fmt;
use std::str::FromStr;

use resizer_plugin_api::imaging::Length;
use resizer_plugin_api::text_setting;

/// A length in `plugins.toml`: `20`, `"20px"` or `"5%"`. Negative lengths lead out of the container.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LengthSetting(pub Length);

text_setting!(LengthSetting, "a length such as 20 or \"5%\"", or_number, schema = {
    "type": ["string", "number"], "format": "length"
});

impl LengthSetting {
    /// In pixels, where a percentage refers to `whole`.
    pub(crate) fn of(self, whole: f64) -> f64 {
        match self.0 {
            Length::Pixels(pixels) => pixels,
            Length::Percent(percent) => whole * percent / 100.0,
        }
    }
}

impl FromStr for LengthSetting {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        /// No result is longer, and a percentage above it is a mistake.
        const LONGEST: f64 = 100_000.0;
        let text = text.trim().to_ascii_lowercase();
        let units = ["%", "pct", "percent"];
        let percent = units.iter().find_map(|unit| text.strip_suffix(unit));
        let number = percent
            .unwrap_or_else(|| text.strip_suffix("px").unwrap_or(&text))
            .trim();
        let plain = number.chars().all(|c| c.is_ascii_digit() || ".+-".contains(c));
        let number = number
            .parse::<f64>()
            .ok()
            .filter(|number| plain && number.abs() <= LONGEST);
        let number = number.ok_or("a length is a number of pixels, or a percentage such as \"5%\"")?;
        Ok(Self(match percent {
            Some(_) => Length::Percent(number),
            None => Length::Pixels(number),
        }))
    }
}

impl TryFrom<String> for LengthSetting {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl fmt::Display for LengthSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Length::Pixels(pixels) => write!(f, "{pixels}"),
            Length::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

impl serde::Serialize for LengthSetting {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A default of a setting.
pub(crate) const fn percent(number: f64) -> LengthSetting {
    LengthSetting(Length::Percent(number))
}

impl From<LengthSetting> for Length {
    fn from(setting: LengthSetting) -> Self {
        setting.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_is_pixels_or_percent() {
        let check = |text: &str, expected: Option<Length>| {
            assert_eq!(
                text.parse::<LengthSetting>().ok().map(|setting| setting.0),
                expected,
                "{text}"
            );
        };
        check("20", Some(Length::Pixels(20.0)));
        check("-1.5px", Some(Length::Pixels(-1.5)));
        check("5%", Some(Length::Percent(5.0)));
        check("12.5 percent", Some(Length::Percent(12.5)));
        check("3pct", Some(Length::Percent(3.0)));
        for wrong in ["", "%", "px", "wide", "1e9", "nan", "inf", "200000", "5em"] {
            check(wrong, None);
        }
    }
}
