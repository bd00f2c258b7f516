//! Grants, the claim `resizer` of a token: a prefix, and the sizes, formats, presets and commands that addresses below
//! it may have. All that is not granted is refused, commands that this server does not know included.

use resizer_plugin_api::imaging::is_same_key;
use serde::Deserialize;

use crate::path::covers;
use crate::refusal::Refusal;

/// The addresses of a token.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Grant {
    /// A folder with a `/` at its end, or one image.
    prefix: String,
    /// The least and the most of `width` and `maxwidth`, in pixels.
    width: Option<[u32; 2]>,
    /// The least and the most of `height` and `maxheight`, in pixels.
    height: Option<[u32; 2]>,
    /// Values of `format`.
    #[serde(default)]
    formats: Vec<String>,
    /// Names in `preset`.
    #[serde(default)]
    presets: Vec<String>,
    /// Other commands: `name=value`, or `name` with any value.
    #[serde(default)]
    commands: Vec<String>,
}

impl Grant {
    /// Whether the path and all commands are granted.
    ///
    /// # Errors
    /// `OtherPath`, `OtherCommand`, or `NoSize` where sizes are granted and the address has neither size nor preset:
    /// the whole image might be larger than all of them.
    pub(crate) fn allow(&self, path: &str, commands: &[(&str, &str)]) -> Result<(), Refusal> {
        if !covers(&self.prefix, path) {
            return Err(Refusal::OtherPath);
        }
        let mut sized = self.width.is_none() && self.height.is_none();
        for (key, value) in commands {
            let is = |name: &str| is_same_key(key, name);
            let granted = if is("width") || is("maxwidth") {
                sized = true;
                is_within(value, self.width)
            } else if is("height") || is("maxheight") {
                sized = true;
                is_within(value, self.height)
            } else if is("format") {
                self.formats.iter().any(|format| is_same_format(format, value))
            } else if key.eq_ignore_ascii_case("preset") {
                let mut names = value
                    .split(',')
                    .map(str::trim)
                    .filter(|name| !name.is_empty())
                    .peekable();
                sized |= names.peek().is_some();
                names.all(|name| {
                    self.presets
                        .iter()
                        .any(|known| known.to_lowercase() == name.to_lowercase())
                })
            } else {
                false
            };
            if !granted && !self.names(key, value) {
                return Err(Refusal::OtherCommand);
            }
        }
        if sized { Ok(()) } else { Err(Refusal::NoSize) }
    }

    /// Whether `commands` has this one.
    fn names(&self, key: &str, value: &str) -> bool {
        self.commands.iter().any(|command| match command.split_once('=') {
            Some((name, known)) => is_same_key(name, key) && known == value,
            None => is_same_key(command, key),
        })
    }
}

/// Plain digits only: whatever else a codec might read as a number is refused.
fn is_within(value: &str, range: Option<[u32; 2]>) -> bool {
    let plain = (1..=6).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_digit());
    let value: Option<u32> = value.parse().ok().filter(|_| plain);
    match (value, range) {
        (Some(value), Some([least, most])) => least <= value && value <= most,
        _ => false,
    }
}

/// Whether two names of formats mean one. Those of JPEG are many.
fn is_same_format(one: &str, other: &str) -> bool {
    let plain = |name: &str| {
        let name = name.to_ascii_lowercase();
        match name.as_str() {
            "jpeg" | "jpe" | "jif" | "jfif" | "jfi" | "exif" => "jpg".to_owned(),
            _ => name,
        }
    };
    plain(one) == plain(other)
}
