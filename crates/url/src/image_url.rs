//! Image URL: a path and the commands for its image, written with types. [`crate::Generator`] makes an address of it.

use crate::words::{Anchor, Flip, Format, Mode, Scale};
use crate::{Error, escape};

/// The largest side that an address may ask for: that of a JPEG, far above the limits of a server.
pub const LARGEST_SIDE: u32 = 65_535;

/// The largest number that is written: one with six decimals is exact in 64 bits up to here.
const LARGEST_NUMBER: f64 = 1e9;

/// The commands that have a method, with the other spellings that servers know for the same command. A command that is
/// set replaces all its spellings.
pub const COMMANDS: &[(&str, &[&str])] = &[
    ("width", &["w"]),
    ("height", &["h"]),
    ("maxwidth", &[]),
    ("maxheight", &[]),
    ("mode", &[]),
    ("scale", &[]),
    ("anchor", &[]),
    ("crop", &[]),
    ("cropxunits", &[]),
    ("cropyunits", &[]),
    ("c", &[]),
    ("c.gravity", &[]),
    ("zoom", &["dpr", "dppx"]),
    ("srotate", &[]),
    ("sflip", &["sourceflip"]),
    ("rotate", &[]),
    ("flip", &[]),
    ("bgcolor", &[]),
    ("format", &["thumbnail"]),
    ("quality", &[]),
    ("frame", &["page"]),
    ("preset", &[]),
];

/// The commands of a signature, which [`crate::Generator`] adds.
pub(crate) const OF_SIGNATURES: &[&str] = &["kid", "exp", "sig"];

/// A path and commands. The first fault, such as a width of 0, comes out when the address is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageUrl {
    path: String,
    commands: Vec<(String, String)>,
    fault: Option<Error>,
}

impl ImageUrl {
    /// The image at this path, which is plain text: an address has `/caf%C3%A9.jpg` for `/café.jpg`.
    #[must_use]
    pub fn new(path: impl Into<String>) -> Self {
        let path = path.into();
        let fault = if !path.starts_with('/') || path.starts_with("//") {
            Some(Error::Path(path.clone()))
        } else if path.split('/').any(|segment| matches!(segment, "." | "..")) {
            Some(Error::Dots(path.clone()))
        } else {
            None
        };
        Self {
            path,
            commands: Vec::new(),
            fault,
        }
    }

    /// The width of the result, in pixels.
    #[must_use]
    pub fn width(self, pixels: u32) -> Self {
        self.side("width", pixels)
    }

    /// The height of the result, in pixels.
    #[must_use]
    pub fn height(self, pixels: u32) -> Self {
        self.side("height", pixels)
    }

    /// The largest width of the result, in pixels.
    #[must_use]
    pub fn max_width(self, pixels: u32) -> Self {
        self.side("maxwidth", pixels)
    }

    /// The largest height of the result, in pixels.
    #[must_use]
    pub fn max_height(self, pixels: u32) -> Self {
        self.side("maxheight", pixels)
    }

    /// What to do when image and asked size differ in proportions.
    #[must_use]
    pub fn mode(self, mode: Mode) -> Self {
        self.command("mode", mode.word())
    }

    /// Whether the image may become smaller, larger or both.
    #[must_use]
    pub fn scale(self, scale: Scale) -> Self {
        self.command("scale", scale.word())
    }

    /// Which part is kept when the image is cut, and where the image stands inside of padding.
    #[must_use]
    pub fn anchor(self, anchor: Anchor) -> Self {
        self.command("anchor", anchor.word())
    }

    /// The same as a point of the image: percentages from 0 to 100, from the left and from the top.
    #[must_use]
    pub fn anchor_at(self, x: f64, y: f64) -> Self {
        self.numbers("anchor", &[x, y], 0.0, 100.0)
    }

    /// The window that is cut out of the source: left, top, right and bottom in pixels, or in the units of
    /// [`Self::crop_units`]. Negative numbers, and 0 for right and bottom, count from the right and bottom edge.
    #[must_use]
    pub fn crop(self, left: f64, top: f64, right: f64, bottom: f64) -> Self {
        let edges = [left, top, right, bottom];
        self.numbers("crop", &edges, -LARGEST_NUMBER, LARGEST_NUMBER)
    }

    /// Width and height of the source in the units of [`Self::crop`].
    #[must_use]
    pub fn crop_units(self, x: f64, y: f64) -> Self {
        self.numbers("cropxunits", &[x], 0.0, LARGEST_NUMBER)
            .numbers("cropyunits", &[y], 0.0, LARGEST_NUMBER)
    }

    /// The window that is cut out of the source: left, top, right and bottom in percent.
    #[must_use]
    pub fn crop_percent(self, left: f64, top: f64, right: f64, bottom: f64) -> Self {
        self.numbers("c", &[left, top, right, bottom], -100.0, 100.0)
    }

    /// The point that is kept in view when the image is cut: percentages from 0 to 100, from the left and from the top.
    #[must_use]
    pub fn gravity(self, x: f64, y: f64) -> Self {
        self.numbers("c.gravity", &[x, y], 0.0, 100.0)
    }

    /// The factor by which the asked size is multiplied: above 0, to six decimals.
    #[must_use]
    pub fn zoom(self, factor: f64) -> Self {
        self.factor("zoom", factor)
    }

    /// The same, for a screen with so many pixels per CSS pixel.
    #[must_use]
    pub fn dpr(self, density: f64) -> Self {
        self.factor("dpr", density)
    }

    /// Degrees clockwise by which the source is turned before it is cut: a multiple of 90, or rounded to one.
    #[must_use]
    pub fn source_rotate(self, degrees: f64) -> Self {
        self.numbers("srotate", &[degrees], -LARGEST_NUMBER, LARGEST_NUMBER)
    }

    /// How the source is mirrored before it is cut.
    #[must_use]
    pub fn source_flip(self, flip: Flip) -> Self {
        self.command("sflip", flip.word())
    }

    /// Degrees clockwise by which the finished image is turned.
    #[must_use]
    pub fn rotate(self, degrees: f64) -> Self {
        self.numbers("rotate", &[degrees], -LARGEST_NUMBER, LARGEST_NUMBER)
    }

    /// How the finished image is mirrored.
    #[must_use]
    pub fn flip(self, flip: Flip) -> Self {
        self.command("flip", flip.word())
    }

    /// The colour of padding and behind transparent pixels: hexadecimal digits, or a name of CSS.
    #[must_use]
    pub fn background(self, colour: &str) -> Self {
        self.command("bgcolor", colour)
    }

    /// The format of the result.
    #[must_use]
    pub fn format(self, format: Format) -> Self {
        self.command("format", format.word())
    }

    /// The quality of the result: 0 to 100.
    #[must_use]
    pub fn quality(self, percent: u8) -> Self {
        self.numbers("quality", &[f64::from(percent)], 0.0, 100.0)
    }

    /// One frame of an animation or page of a document, counted from 1.
    #[must_use]
    pub fn frame(self, number: u32) -> Self {
        self.numbers("frame", &[f64::from(number)], 1.0, LARGEST_NUMBER)
    }

    /// A set of commands that the server's plugin `presets` names, or several, separated by commas.
    #[must_use]
    pub fn preset(self, names: &str) -> Self {
        self.command("preset", names)
    }

    /// Any command by its name, in place of all values that it had. The value is plain text.
    #[must_use]
    pub fn command(mut self, name: &str, value: &str) -> Self {
        if name.is_empty() {
            return self.failed(Error::Unnamed);
        }
        if OF_SIGNATURES.iter().any(|reserved| reserved.eq_ignore_ascii_case(name)) {
            return self.failed(Error::Reserved(name.to_owned()));
        }
        let new = (name.to_owned(), value.to_owned());
        match self.commands.iter().position(|(given, _)| is_same(given, name)) {
            Some(first) => {
                let after = self.commands.split_off(first + 1);
                self.commands[first] = new;
                self.commands
                    .extend(after.into_iter().filter(|(given, _)| !is_same(given, name)));
            }
            None => self.commands.push(new),
        }
        self
    }

    /// Without a command, whichever of its spellings it has.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.commands.retain(|(given, _)| !is_same(given, name));
        self
    }

    /// The value of a command, whichever of its spellings it has.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.commands.iter().find(|(given, _)| is_same(given, name));
        found.map(|(_, value)| value.as_str())
    }

    /// The path, percent-encoded.
    pub(crate) fn encoded_path(&self) -> Result<String, Error> {
        match &self.fault {
            Some(fault) => Err(fault.clone()),
            None => Ok(escape::path(&self.path)),
        }
    }

    /// The commands, percent-encoded.
    pub(crate) fn encoded_commands(&self) -> Vec<String> {
        self.commands
            .iter()
            .map(|(name, value)| format!("{}={}", escape::command(name), escape::command(value)))
            .collect()
    }

    fn side(self, name: &'static str, pixels: u32) -> Self {
        if (1..=LARGEST_SIDE).contains(&pixels) {
            self.command(name, &pixels.to_string())
        } else {
            self.failed(Error::Side(pixels))
        }
    }

    fn factor(self, name: &'static str, factor: f64) -> Self {
        // The smallest number that is not written as 0.
        self.numbers(name, &[factor], 0.000_001, LARGEST_NUMBER)
    }

    fn numbers(self, name: &'static str, numbers: &[f64], least: f64, most: f64) -> Self {
        if let Some(wrong) = numbers.iter().find(|number| !(least..=most).contains(*number)) {
            return self.failed(Error::Number {
                command: name,
                value: wrong.to_string(),
            });
        }
        let texts: Vec<String> = numbers.iter().map(|number| written(*number)).collect();
        self.command(name, &texts.join(","))
    }

    fn failed(mut self, fault: Error) -> Self {
        self.fault.get_or_insert(fault);
        self
    }
}

/// A number with at most six decimals, without an exponent. A half is rounded up, as only that is the same in every
/// language.
pub(crate) fn written(number: f64) -> String {
    let rounded = (number * 1e6 + 0.5).floor() / 1e6;
    let text = format!("{rounded:.6}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// Whether two names are spellings of one command.
fn is_same(one: &str, other: &str) -> bool {
    let spells = |row: &(&str, &[&str]), name: &str| {
        let mut spellings = std::iter::once(&row.0).chain(row.1);
        spellings.any(|known| known.eq_ignore_ascii_case(name))
    };
    one.eq_ignore_ascii_case(other) || COMMANDS.iter().any(|row| spells(row, one) && spells(row, other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_has_at_most_six_decimals_and_no_exponent() {
        let check = |number: f64, expected: &str| assert_eq!(written(number), expected, "{number}");
        check(2.0, "2");
        check(1.5, "1.5");
        check(-0.25, "-0.25");
        check(1e9, "1000000000");
        check(0.000_001, "0.000001");
        check(0.000_000_1, "0");
        check(-0.000_000_1, "0");
        // A tie: 2 to the power of -7.
        check(0.007_812_5, "0.007813");
        check(100.0 / 3.0, "33.333333");
        check(1200.0, "1200");
    }

    #[test]
    fn command_replaces_every_spelling_in_place() {
        let image = ImageUrl::new("/a.jpg").command("W", "5").height(3).command("w", "7");
        assert_eq!(image.encoded_commands(), ["w=7", "height=3"]);
        assert_eq!(image.width(9).encoded_commands(), ["width=9", "height=3"]);
        let image = ImageUrl::new("/a.jpg").zoom(2.0).quality(80).dpr(3.0);
        assert_eq!(image.encoded_commands(), ["dpr=3", "quality=80"]);
        assert_eq!(image.get("ZOOM"), Some("3"));
        assert_eq!(image.without("dppx").encoded_commands(), ["quality=80"]);
    }

    #[test]
    fn first_fault_comes_out_when_the_address_is_written() {
        let image = ImageUrl::new("/a.jpg").width(0).dpr(f64::NAN);
        assert_eq!(image.encoded_path(), Err(Error::Side(0)));
        assert_eq!(
            ImageUrl::new("//evil.test/a.jpg").encoded_path(),
            Err(Error::Path("//evil.test/a.jpg".to_owned()))
        );
    }
}
