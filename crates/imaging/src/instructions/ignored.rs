//! Ignored pairs of a querystring, with the reason: for logs and diagnostics, never an error.

use std::fmt;

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
    /// The key is known and does nothing yet.
    NotSupported,
    /// This server deliberately does without the key, for this reason.
    Unsupported(&'static str),
    /// The value is invalid. The text names valid values.
    Invalid(String),
    /// The key, or another spelling of it, was read before.
    Duplicate,
}

impl fmt::Display for Ignored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, value, reason } = self;
        match reason {
            IgnoredReason::Unknown { nearest: Some(nearest) } => {
                write!(f, "`{key}` is no known key; did you mean `{nearest}`?")
            }
            IgnoredReason::Unknown { nearest: None } => write!(f, "`{key}` is no known key"),
            IgnoredReason::NotSupported => write!(f, "`{key}` is not supported yet"),
            IgnoredReason::Unsupported(reason) => write!(f, "`{key}` is not supported: {reason}"),
            IgnoredReason::Invalid(reason) => write!(f, "`{key}={value}`: {reason}"),
            IgnoredReason::Duplicate => write!(f, "`{key}={value}`: the key has already been given"),
        }
    }
}
