//! Object key from the path of a URL. The client library drops or refuses parts that it cannot send unchanged. Here
//! such a key is refused with a reason for the log, so that no key ever reads another object.

use object_store::path::Path;

/// The longest key that S3 (in bytes) and Azure Blob (in characters) allow.
const LONGEST: usize = 1024;

/// The reason why no object has this key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KeyError {
    /// It begins or ends with a slash, or has two in a row.
    #[error("a key with an empty segment cannot be addressed")]
    EmptySegment,
    /// It is longer than any store allows.
    #[error("the key has more than {LONGEST} characters")]
    TooLong,
    /// It has dot segments or control characters.
    #[error("a key with a dot segment or a control character cannot be addressed")]
    Refused,
}

/// Accepts a key unchanged, byte for byte, or refuses it.
pub(crate) fn parse(key: &str) -> Result<Path, KeyError> {
    if key.split('/').any(str::is_empty) {
        return Err(KeyError::EmptySegment);
    }
    if key.chars().count() > LONGEST {
        return Err(KeyError::TooLong);
    }
    Path::parse(key).map_err(|_| KeyError::Refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_is_accepted_unchanged_or_refused() {
        let check = |key: &str, expected: Result<(), KeyError>| {
            let parsed = parse(key);
            if let Ok(path) = &parsed {
                assert_eq!(path.as_ref(), key, "unchanged");
            }
            assert_eq!(parsed.map(drop), expected, "{key:?}");
        };
        for key in ["a/b c+d%2F%.jpg", "ä~*#?", "cafe\u{301}", "...", " "] {
            check(key, Ok(()));
        }
        for key in ["", "/a", "a/", "a//b", "/"] {
            check(key, Err(KeyError::EmptySegment));
        }
        for key in [".", "a/../b", "a\nb", "a\u{7f}"] {
            check(key, Err(KeyError::Refused));
        }
        check(&"ä".repeat(1024), Ok(()));
        check(&"a".repeat(1025), Err(KeyError::TooLong));
    }
}
