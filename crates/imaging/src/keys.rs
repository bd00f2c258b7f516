//! The table of querystring keys. One row per key drives the parser, the generated reference page, "did you mean" and
//! the question whether a URL is an image request at all.
//!
//! Keys that plugins read (presets, watermarks) are announced by those plugins; here stand only the ones imaging itself
//! knows, among them those of ImageResizer and Imageflow that are not supported yet, so that a typing error and a
//! missing feature are told apart.

mod table;

pub use table::KEYS;

use crate::instructions::Reading;

/// One querystring key.
#[derive(Debug)]
#[non_exhaustive]
pub struct Key {
    /// The name used in documentation; keys are matched without regard to case.
    pub name: &'static str,
    /// Other spellings. Where several are given with valid values, the name wins, then the earlier alias.
    pub aliases: &'static [&'static str],
    /// Whether its presence, even with an empty or invalid value, asks for processing.
    pub triggers: bool,
    /// Which values it takes, and what holds without it.
    pub values: &'static str,
    /// What it does, in a sentence or two.
    pub doc: &'static str,
    /// Whether anything is done about it.
    pub support: Support,
}

/// What happens to a key's value.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Support {
    /// It is read by this function.
    Yes(Read),
    /// The key is known from ImageResizer or Imageflow and is ignored, with a note.
    NotYet,
}

/// Reads a trimmed, non-empty value into the instructions, or says what is wrong with it. Opaque outside this crate.
#[derive(Clone, Copy, Debug)]
pub struct Read(pub(crate) fn(&mut Reading, &str) -> Result<(), String>);

impl Key {
    /// All spellings, in order of preference.
    pub fn spellings(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }

    /// The key with this spelling, in any case.
    pub(crate) fn find(spelling: &str) -> Option<&'static Self> {
        KEYS.iter()
            .find(|key| key.spellings().any(|known| known.eq_ignore_ascii_case(spelling)))
    }

    /// The known spelling nearest to one that is not known: at most two edits away, and fewer than half its letters.
    pub(crate) fn nearest(spelling: &str) -> Option<&'static str> {
        let most = (spelling.chars().count().saturating_sub(1) / 2).min(2);
        KEYS.iter()
            .flat_map(Self::spellings)
            .map(|known| (strsim::damerau_levenshtein(known, spelling), known))
            .filter(|(distance, _)| *distance <= most)
            .min_by_key(|(distance, _)| *distance)
            .map(|(_, known)| known)
    }
}

/// Whether the presence of this key, in any case, makes a URL an image request. `cache`, `process`, `scache` and
/// `useresizingpipeline` do not: they only steer what other keys ask for.
pub fn is_trigger(key: &str) -> bool {
    Key::find(key).is_some_and(|key| key.triggers)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_spelling_stands_twice_and_all_are_lower_case() {
        let mut seen = HashSet::new();
        for spelling in KEYS.iter().flat_map(Key::spellings) {
            assert!(seen.insert(spelling), "{spelling} stands twice");
            assert_eq!(spelling, spelling.to_ascii_lowercase());
        }
    }

    #[test]
    fn triggers_are_imageresizer_s() {
        let check = |key: &str, expected: bool| assert_eq!(is_trigger(key), expected, "{key}");
        for key in [
            "width",
            "W",
            "h",
            "maxheight",
            "crop",
            "zoom",
            "dpr",
            "srotate",
            "sourceFlip",
            "autorotate",
        ] {
            check(key, true);
        }
        for key in [
            "bgcolor",
            "borderwidth",
            "margin",
            "page",
            "frame",
            "format",
            "thumbnail",
            "quality",
            "s.sepia",
        ] {
            check(key, true);
        }
        for key in [
            "mode",
            "scale",
            "anchor",
            "stretch",
            "cropxunits",
            "cropyunits",
            "ignoreicc",
        ] {
            check(key, false);
        }
        for key in [
            "cache",
            "process",
            "scache",
            "useresizingpipeline",
            "autorotate.default",
            "404",
            "utm_source",
            "",
        ] {
            check(key, false);
        }
    }

    #[test]
    fn the_nearest_key_is_near() {
        let check = |spelling: &str, expected: Option<&str>| assert_eq!(Key::nearest(spelling), expected, "{spelling}");
        check("widht", Some("width"));
        check("heigth", Some("height"));
        check("crop.xunits", Some("cropxunits"));
        check("utm_source", None);
        check("v", None);
        check("id", None);
    }
}
