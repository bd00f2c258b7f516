//! Setting types: they parse themselves out of `plugins.toml`. Their errors point at the value and say how to write it,
//! so that no `install` checks the same thing again.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// The part of a URL's path under which a source is mounted: begins and ends with `/`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UrlPrefix(String);

/// A secret text, which neither `Debug` nor errors nor docs show.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// A number of bytes: `"512MB"`, `"1GiB"`, `1048576`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(pub u64);

/// A duration: `"250ms"`, `"30s"`, `"5m"`, `"24h"`, `"30d"`, or a number of seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seconds(pub Duration);

/// Why a setting's text does not fit its type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SettingError(String);

/// The default of a setting, as it would be written in `plugins.toml`: `built_in::<Seconds>("30s")`.
///
/// # Panics
/// The text does not fit the type: a mistake in the plugin, which any test that reads its defaults finds.
#[must_use]
#[expect(
    clippy::panic,
    reason = "a literal in a plugin's source; every plugin's tests read its defaults"
)]
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
    /// A secret with this text.
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

/// A non-negative number times a factor; `None` if the text is not a number, or the product too large.
fn scale(number: &str, factor: u64) -> Option<u64> {
    let number = number.trim();
    if let Ok(whole) = number.parse::<u64>() {
        return whole.checked_mul(factor);
    }
    let plain = number.chars().all(|c| c.is_ascii_digit() || c == '.');
    let scaled = number.parse::<f64>().ok().filter(|_| plain)? * factor as f64;
    (scaled < 9e15).then_some(scaled.round() as u64)
}

/// Reads a type out of a text in `plugins.toml` through its `TryFrom<String>`, whose error is shown to the operator.
/// The text is parsed inside of serde's visitor, so that the error points at this very value, also within a list.
/// `#[serde(try_from = "String")]` would point at the whole list.
///
/// ```
/// use resizer_plugin_api::schemars::{self, JsonSchema};
///
/// #[derive(JsonSchema)]
/// #[schemars(try_from = "String")]
/// pub struct Region(String);
///
/// resizer_plugin_api::text_setting!(Region, "a region such as \"eu-west-1\"");
///
/// impl TryFrom<String> for Region {
///     type Error = &'static str;
///
///     fn try_from(text: String) -> Result<Self, Self::Error> {
///         if text.is_empty() { Err("a region is not empty") } else { Ok(Self(text)) }
///     }
/// }
/// ```
///
/// With `schema = { "type": "string" }` behind it, the type gets this JSON schema, and no `JsonSchema` is derived. With
/// `or_number` before the schema, a number without quotes is read as its text.
#[macro_export]
macro_rules! text_setting {
    ($type:ty, $expecting:literal) => {
        $crate::text_setting!(@read $type, $expecting, deserialize_str);
    };
    ($type:ident, $expecting:literal, schema = $schema:tt) => {
        $crate::text_setting!(@read $type, $expecting, deserialize_str);
        $crate::text_setting!(@schema $type, $schema);
    };
    ($type:ident, $expecting:literal, or_number, schema = $schema:tt) => {
        $crate::text_setting!(@read $type, $expecting, deserialize_any
            fn visit_i64<E: $crate::serde::de::Error>(self, number: i64) -> ::std::result::Result<$type, E> {
                self.visit_str(&number.to_string())
            }

            fn visit_f64<E: $crate::serde::de::Error>(self, number: f64) -> ::std::result::Result<$type, E> {
                self.visit_str(&number.to_string())
            }
        );
        $crate::text_setting!(@schema $type, $schema);
    };
    (@read $type:ty, $expecting:literal, $method:ident $($numbers:tt)*) => {
        impl<'de> $crate::serde::Deserialize<'de> for $type {
            fn deserialize<D: $crate::serde::Deserializer<'de>>(deserializer: D) -> ::std::result::Result<Self, D::Error> {
                struct Text;
                impl $crate::serde::de::Visitor<'_> for Text {
                    type Value = $type;

                    fn expecting(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                        f.write_str($expecting)
                    }

                    fn visit_str<E: $crate::serde::de::Error>(self, text: &str) -> ::std::result::Result<$type, E> {
                        <$type as ::std::convert::TryFrom<::std::string::String>>::try_from(text.to_owned()).map_err(E::custom)
                    }

                    $($numbers)*
                }
                deserializer.$method(Text)
            }
        }
    };
    (@schema $type:ident, $schema:tt) => {
        impl $crate::schemars::JsonSchema for $type {
            fn schema_name() -> ::std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut $crate::schemars::SchemaGenerator) -> $crate::schemars::Schema {
                $crate::schemars::json_schema!($schema)
            }
        }
    };
}

text_setting!(UrlPrefix, "a URL prefix such as \"/photos/\"", schema = { "type": "string", "format": "url-prefix" });
text_setting!(ByteSize, "a size such as \"512MB\"", or_number, schema = {
    "type": ["string", "integer"], "format": "byte-size"
});
text_setting!(Seconds, "a time such as \"30s\"", or_number, schema = {
    "type": ["string", "number"], "format": "time"
});
// `writeOnly` tells the diagnostics to mask the line.
text_setting!(Secret, "a text", or_number, schema = { "type": "string", "format": "password", "writeOnly": true });

macro_rules! from_text {
    ($($type:ident),*) => { $(
        impl TryFrom<String> for $type {
            type Error = SettingError;

            fn try_from(text: String) -> Result<Self, SettingError> {
                text.parse()
            }
        }
    )* };
}
from_text!(UrlPrefix, ByteSize, Seconds);

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
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
    fn prefix_of_a_plain_path_is_parsed_and_others_are_refused() {
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
    fn size_with_a_unit_is_parsed_and_others_are_refused() {
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
    fn time_with_a_unit_is_parsed_and_others_are_refused() {
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
    fn size_and_time_displayed_and_parsed_are_equal() {
        for text in ["1d", "90m", "1500ms", "0s"] {
            assert_eq!(text.parse::<Seconds>().unwrap().to_string(), text);
        }
        for text in ["1GiB", "3KiB", "1000B"] {
            assert_eq!(text.parse::<ByteSize>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn secret_in_debug_output_is_hidden() {
        assert!(!format!("{:?}", Secret::new("hunter2")).contains("hunter2"));
    }
}
