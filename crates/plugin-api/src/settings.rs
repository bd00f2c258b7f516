//! Types that parse themselves out of `plugins.toml`. Their errors point at the value and say how to write it, so that
//! no `install` checks again what a type already says.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, Visitor};

/// The part of a URL's path under which a source is mounted: begins and ends with `/`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UrlPrefix(String);

/// A value that is never shown: not by `Debug`, not in an error, not in the docs.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// A number of bytes: `"512MB"`, `"1GiB"`, `1048576`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(pub u64);

/// A stretch of time: `"250ms"`, `"30s"`, `"5m"`, `"24h"`, `"30d"`, or a number of seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seconds(pub Duration);

/// Why a setting's text is not what its type says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SettingError(String);

/// A default that stands in the source of a plugin.
#[doc(hidden)]
#[must_use]
#[expect(clippy::panic, reason = "a literal of ours; every plugin's tests read its defaults")]
pub fn built_in<T: FromStr<Err = SettingError>>(text: &'static str) -> T {
    text.parse()
        .unwrap_or_else(|error| panic!("the default {text:?} is wrong: {error}"))
}

impl UrlPrefix {
    /// `/`: every path.
    #[must_use]
    pub fn root() -> Self {
        Self("/".to_owned())
    }

    /// The prefix's text, from its first slash to its last.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for UrlPrefix {
    type Err = SettingError;

    /// Accepts `/s3/`, and as ImageResizer does `/s3` and `~/s3/`.
    fn from_str(text: &str) -> Result<Self, SettingError> {
        let fail = |why: &str| Err(SettingError(format!("a prefix {why}, as in \"/photos/\"")));
        let text = text.strip_prefix('~').unwrap_or(text);
        if !text.starts_with('/') {
            return fail("begins with \"/\"");
        }
        if text.chars().any(|c| c.is_control() || "?#%\\;".contains(c)) {
            return fail("is a plain path without ? # % ; or backslash");
        }
        let text = if text.ends_with('/') {
            text.to_owned()
        } else {
            format!("{text}/")
        };
        if text.contains("//") || text.split('/').any(|segment| segment == "." || segment == "..") {
            return fail("has no empty and no dot segments");
        }
        Ok(Self(text))
    }
}

impl Secret {
    /// A secret out of its text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself, for the one call that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl FromStr for ByteSize {
    type Err = SettingError;

    fn from_str(text: &str) -> Result<Self, SettingError> {
        let units: [(&str, u64); 9] = [
            ("KiB", 1 << 10),
            ("MiB", 1 << 20),
            ("GiB", 1 << 30),
            ("TiB", 1 << 40),
            ("KB", 1_000),
            ("MB", 1_000_000),
            ("GB", 1_000_000_000),
            ("TB", 1_000_000_000_000),
            ("B", 1),
        ];
        let wrong = || SettingError("a size is a number with a unit, as in \"512MB\" or \"1GiB\"".to_owned());
        let text = text.trim();
        let (number, factor) = units
            .iter()
            .find_map(|(unit, factor)| {
                let start = text.len().checked_sub(unit.len())?;
                let (number, end) = (text.get(..start)?, text.get(start..)?);
                end.eq_ignore_ascii_case(unit).then_some((number, *factor))
            })
            .unwrap_or((text, 1));
        scale(number, factor).map(Self).ok_or_else(wrong)
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [
            (1u64 << 40, "TiB"),
            (1 << 30, "GiB"),
            (1 << 20, "MiB"),
            (1 << 10, "KiB"),
        ];
        for (factor, unit) in units {
            if self.0 >= factor && self.0.is_multiple_of(factor) {
                return write!(f, "{}{unit}", self.0 / factor);
            }
        }
        write!(f, "{}B", self.0)
    }
}

impl FromStr for Seconds {
    type Err = SettingError;

    fn from_str(text: &str) -> Result<Self, SettingError> {
        let units: [(&str, u64); 5] = [
            ("ms", 1),
            ("s", 1_000),
            ("m", 60_000),
            ("h", 3_600_000),
            ("d", 86_400_000),
        ];
        let wrong =
            || SettingError("a time is a number with a unit, as in \"250ms\", \"30s\", \"5m\" or \"24h\"".to_owned());
        let text = text.trim();
        let (number, factor) = units
            .iter()
            .find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, *factor)))
            .unwrap_or((text, 1_000));
        scale(number, factor)
            .map(|milliseconds| Self(Duration::from_millis(milliseconds)))
            .ok_or_else(wrong)
    }
}

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milliseconds = self.0.as_millis();
        if milliseconds == 0 {
            return f.write_str("0s");
        }
        for (factor, unit) in [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s")] {
            if milliseconds >= factor && milliseconds.is_multiple_of(factor) {
                return write!(f, "{}{unit}", milliseconds / factor);
            }
        }
        write!(f, "{milliseconds}ms")
    }
}

/// A non-negative number, whole or with a fraction, times a factor; `None` if it is neither or too large.
fn scale(number: &str, factor: u64) -> Option<u64> {
    let number = number.trim();
    if let Ok(whole) = number.parse::<u64>() {
        return whole.checked_mul(factor);
    }
    let plain = number.chars().all(|c| c.is_ascii_digit() || c == '.');
    let scaled = number.parse::<f64>().ok().filter(|_| plain)? * factor as f64;
    (scaled < 9e15).then_some(scaled.round() as u64)
}

/// Reads a setting from a string or a number through `FromStr`, so that the error carries the value's place.
struct Text<T> {
    expecting: &'static str,
    parse: fn(&str) -> Result<T, SettingError>,
}

impl<T> Visitor<'_> for Text<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expecting)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        (self.parse)(text).map_err(E::custom)
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<T, E> {
        (self.parse)(&number.to_string()).map_err(E::custom)
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<T, E> {
        (self.parse)(&number.to_string()).map_err(E::custom)
    }
}

macro_rules! setting {
    ($type:ident, $method:ident, $expecting:literal, $schema:tt) => {
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.$method(Text {
                    expecting: $expecting,
                    parse: |text| text.parse(),
                })
            }
        }
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }
            fn inline_schema() -> bool {
                true
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    };
}

setting!(UrlPrefix, deserialize_str, "a URL prefix such as \"/photos/\"", { "type": "string", "format": "url-prefix" });
setting!(ByteSize, deserialize_any, "a size such as \"512MB\"", { "type": ["string", "integer"], "format": "byte-size" });
setting!(Seconds, deserialize_any, "a time such as \"30s\"", { "type": ["string", "number"], "format": "time" });

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text {
            expecting: "a text",
            parse: |text| Ok(Self::new(text)),
        })
    }
}

impl JsonSchema for Secret {
    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }
    fn inline_schema() -> bool {
        true
    }
    /// `writeOnly` is what tells the diagnostics to mask the line.
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "password", "writeOnly": true })
    }
}

/// Defaults appear in the docs as an operator would write them.
macro_rules! serialize_as_text {
    ($($type:ident),*) => { $(
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    )* };
}
serialize_as_text!(UrlPrefix, ByteSize, Seconds);

impl fmt::Display for UrlPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(
                text.parse::<UrlPrefix>().ok().as_ref().map(UrlPrefix::as_str),
                expected,
                "{text}"
            );
        };
        check("/", Some("/"));
        check("/s3/", Some("/s3/"));
        check("~/s3", Some("/s3/"));
        for wrong in ["", "s3", "/a//b/", "/../", "/a?b", "/a%20/", "/a\\b/", "/a\n/"] {
            check(wrong, None);
        }
    }

    #[test]
    fn sizes() {
        let check = |text: &str, expected: Option<u64>| {
            assert_eq!(text.parse::<ByteSize>().ok().map(|size| size.0), expected, "{text}");
        };
        check("1048576", Some(1 << 20));
        check("512MB", Some(512_000_000));
        check("1 GiB", Some(1 << 30));
        check("1.5kib", Some(1536));
        check("0B", Some(0));
        for wrong in ["", "MB", "-1MB", "1XB", "1e9", "99999999999TB", "ü", "1µB"] {
            check(wrong, None);
        }
    }

    #[test]
    fn times() {
        let check = |text: &str, expected: Option<u64>| {
            assert_eq!(
                text.parse::<Seconds>().ok().map(|time| time.0.as_millis() as u64),
                expected,
                "{text}"
            );
        };
        check("250ms", Some(250));
        check("30", Some(30_000));
        check("1.5s", Some(1_500));
        check("5m", Some(300_000));
        check("24h", Some(86_400_000));
        check("30d", Some(2_592_000_000));
        for wrong in ["", "s", "-1s", "1w", "5 minutes"] {
            check(wrong, None);
        }
    }

    #[test]
    fn what_is_shown_reads_back_the_same() {
        for text in ["1d", "90m", "1500ms", "0s"] {
            assert_eq!(text.parse::<Seconds>().unwrap().to_string(), text);
        }
        for text in ["1GiB", "3KiB", "1000B"] {
            assert_eq!(text.parse::<ByteSize>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_secret_is_not_shown() {
        assert!(!format!("{:?}", Secret::new("hunter2")).contains("hunter2"));
    }
}
