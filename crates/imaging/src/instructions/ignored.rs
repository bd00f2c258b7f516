//! What of a querystring was not used, and why: for logs and diagnostics, never an error.

use std::fmt;

/// A pair that was not used, or not as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ignored {
    /// The key, in lower case.
    pub key: String,
    /// Its value.
    pub value: String,
    /// Why.
    pub reason: IgnoredReason,
}

/// Why a pair was not used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IgnoredReason {
    /// No such key; with the known key that is spelled most like it.
    Unknown {
        /// The nearest known key, if one is near.
        nearest: Option<&'static str>,
    },
    /// The key is known and does nothing yet.
    NotSupported,
    /// The value makes no sense; the text says what would.
    Invalid(String),
    /// The key, or another spelling of it, has already been read.
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
            IgnoredReason::Invalid(reason) => write!(f, "`{key}={value}`: {reason}"),
            IgnoredReason::Duplicate => write!(f, "`{key}={value}`: the key has already been given"),
        }
    }
}
