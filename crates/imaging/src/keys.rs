//! Querystring keys: one table drives the parser, the generated reference page, "did you mean", and the question
//! whether a URL is an image request.
//!
//! Plugins announce the keys that they read (presets, watermarks). This table has the keys that imaging itself knows.
//! Among them are those of ImageResizer and Imageflow that are not supported, so that a missing feature is not
//! reported as a typing error.

mod table;

pub use table::KEYS;

use std::sync::LazyLock;

use crate::instructions::Reading;

/// Keys that belong together: a section of the reference page.
#[derive(Debug)]
#[non_exhaustive]
pub struct Group {
    /// The heading.
    pub title: &'static str,
    /// The keys, in the order a reader would learn them.
    pub keys: &'static [Key],
}

/// One querystring key.
#[derive(Debug)]
#[non_exhaustive]
pub struct Key {
    /// The name used in documentation. The case of keys does not matter.
    pub name: &'static str,
    /// Other spellings. If several have valid values, the name has priority, then the earlier alias.
    pub aliases: &'static [&'static str],
    /// Whether the key asks for processing, even with an empty or invalid value.
    pub triggers: bool,
    /// The valid values, and the default.
    pub values: &'static str,
    /// The effect, in a sentence or two.
    pub doc: &'static str,
    /// Whether the key has an effect.
    pub support: Support,
}

/// The treatment of a key's value.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Support {
    /// This function reads the value.
    Yes(Read),
    /// A plugin reads the key. Without such a plugin it is ignored, with a note.
    Plugin,
    /// ImageResizer or Imageflow know the key, and this server deliberately does without it.
    No {
        /// The reason, a sentence for the reference page.
        reason: &'static str,
    },
}

/// Reads a trimmed, non-empty value into the instructions, or returns the reason why it is invalid. Opaque outside of
/// this crate.
#[derive(Clone, Copy, Debug)]
pub struct Read(pub(crate) fn(&mut Reading, &str) -> Result<(), String>);

impl Key {
    /// All spellings, in order of preference.
    pub fn spellings(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }

    /// Every known key, group by group.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        KEYS.iter().flat_map(|group| group.keys)
    }

    /// The key with this spelling, in any case.
    pub(crate) fn find(spelling: &str) -> Option<&'static Self> {
        let lower = || spelling.bytes().map(|byte| byte.to_ascii_lowercase());
        let found = SPELLINGS.binary_search_by(|(known, _)| known.bytes().cmp(lower()));
        found.ok().map(|index| SPELLINGS[index].1)
    }

    /// The known spelling nearest to an unknown one: at most two edits away, and fewer than half of its letters.
    pub(crate) fn nearest(spelling: &str) -> Option<&'static str> {
        let most = (spelling.chars().count().saturating_sub(1) / 2).min(2);
        Self::all()
            .flat_map(Self::spellings)
            .map(|known| (strsim::damerau_levenshtein(known, spelling), known))
            .filter(|(distance, _)| *distance <= most)
            .min_by_key(|(distance, _)| *distance)
            .map(|(_, known)| known)
    }
}

/// All spellings in their order, each with its key. Every request looks up each of its keys several times, and the
/// table of keys is long.
static SPELLINGS: LazyLock<Vec<(&str, &Key)>> = LazyLock::new(|| {
    let mut spellings: Vec<_> = Key::all()
        .flat_map(|key| key.spellings().map(move |spelling| (spelling, key)))
        .collect();
    spellings.sort_unstable_by_key(|(spelling, _)| *spelling);
    spellings
});

/// Whether two spellings, in any case, are of one key, as `w` and `width` are.
pub fn is_same_key(one: &str, other: &str) -> bool {
    let knows = |key: &Key| key.spellings().any(|known| known.eq_ignore_ascii_case(other));
    one.eq_ignore_ascii_case(other) || Key::find(one).is_some_and(knows)
}

/// Whether this key, in any case, makes a URL an image request. `cache`, `process`, `scache` and `useresizingpipeline`
/// do not: they only modify what other keys ask for.
pub fn is_trigger(key: &str) -> bool {
    Key::find(key).is_some_and(|key| key.triggers)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn spellings_are_unique_and_lower_case() {
        let mut seen = HashSet::new();
        for spelling in Key::all().flat_map(Key::spellings) {
            assert!(seen.insert(spelling), "{spelling} stands twice");
            assert_eq!(spelling, spelling.to_ascii_lowercase());
        }
    }

    #[test]
    fn triggers_are_those_of_imageresizer() {
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
    fn spellings_of_one_key_are_the_same() {
        assert!(is_same_key("W", "width") && is_same_key("dpr", "ZOOM") && is_same_key("mine", "MINE"));
        assert!(!is_same_key("w", "h") && !is_same_key("mine", "yours"));
    }

    #[test]
    fn nearest_key_is_suggested_only_if_it_is_near() {
        let check = |spelling: &str, expected: Option<&str>| assert_eq!(Key::nearest(spelling), expected, "{spelling}");
        check("widht", Some("width"));
        check("heigth", Some("height"));
        check("crop.xunits", Some("cropxunits"));
        check("utm_source", None);
        check("v", None);
        check("id", None);
    }
}
