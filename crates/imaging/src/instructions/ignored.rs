//! Ignored pairs of a querystring, with the reason: for logs and diagnostics, never an error.

use std::fmt;

use crate::Colour;
use crate::keys::Key;

/// A pair that was not used, or was used with a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ignored {
    /// The key, in lower case.
    pub key: String,
    /// Its value.
    pub value: String,
    /// The reason.
    pub reason: IgnoredReason,
}

/// The reason why a pair was not used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IgnoredReason {
    /// There is no such key. The nearest known key is suggested.
    Unknown {
        /// The nearest known key, if one is near.
        nearest: Option<&'static str>,
    },
    /// This server deliberately does without the key, for this reason.
    Unsupported(&'static str),
    /// A plugin reads the key, not imaging.
    NeedsPlugin,
    /// The value is invalid. The text names valid values.
    Invalid(String),
    /// The key, or another spelling of it, was read before.
    Duplicate,
}

impl Ignored {
    /// The nearest valid key for an unknown one, or the nearest valid value for an invalid one: a word that the reason
    /// or the reference page names, or a colour, at most two edits away and fewer than half of the value's letters; or
    /// the whole number that the value begins with.
    pub fn nearest(&self) -> Option<&str> {
        match &self.reason {
            IgnoredReason::Unknown { nearest } => *nearest,
            IgnoredReason::Invalid(reason) => {
                let named = nearest_word(&self.value, words(reason));
                let valid = || Key::find(&self.key).and_then(|key| nearest_word(&self.value, words(key.values)));
                let colour = || nearest_word(&self.value, Colour::names().filter(|_| reason.contains("colour")));
                let number = || leading_number(&self.value).filter(|_| reason.contains("whole number"));
                named.or_else(valid).or_else(colour).or_else(number)
            }
            _ => None,
        }
    }
}

/// The words between grave accents.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The word that is nearest to a value, if one is near.
fn nearest_word<'w>(value: &str, words: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    /// No valid word is longer, and the distance takes the product of both lengths.
    const LONGEST: usize = 32;
    let length = value.chars().count();
    if length > LONGEST {
        return None;
    }
    let most = (length.saturating_sub(1) / 2).min(2);
    let value = value.to_ascii_lowercase();
    words
        .map(|word| (strsim::damerau_levenshtein(word, &value), word))
        .filter(|(distance, _)| (1..=most).contains(distance))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// The digits that a value begins with, if other characters follow them.
fn leading_number(value: &str) -> Option<&str> {
    let end = value.find(|c: char| !c.is_ascii_digit())?;
    value[..end]
        .parse::<u16>()
        .is_ok_and(|number| number > 0)
        .then(|| &value[..end])
}

impl fmt::Display for Ignored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, value, reason } = self;
        match reason {
            IgnoredReason::Unknown { nearest: Some(nearest) } => {
                write!(f, "`{key}` is no known key; did you mean `{nearest}`?")
            }
            IgnoredReason::Unknown { nearest: None } => write!(f, "`{key}` is no known key"),
            IgnoredReason::Unsupported(reason) => write!(f, "`{key}` is not supported: {reason}"),
            IgnoredReason::NeedsPlugin => write!(f, "`{key}` is read by a plugin, and none of the enabled ones does"),
            IgnoredReason::Invalid(reason) => {
                write!(f, "`{key}={value}`: {reason}")?;
                match self.nearest() {
                    Some(nearest) => write!(f, "; did you mean `{nearest}`?"),
                    None => Ok(()),
                }
            }
            IgnoredReason::Duplicate => write!(f, "`{key}={value}`: the key has already been given"),
        }
    }
}
