//! Cache keys: the names of a source, of a version of a source, and of a variant made from a version. The raw query
//! never names a variant: order, case, aliases and unknown keys of a query make no new variant.

use std::fmt;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

/// Names a source for good: store, endpoint, bucket and key, never the URL prefix it was reached by, never a secret.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceKey(Arc<str>);

/// Names one version of a source's bytes, as its store does: an ETag, or length, time and inode of a file.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Validator(Arc<str>);

/// Names a variant of a source: a hash of the canonical instructions, the output format and all else that changes the
/// bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Variant([u8; 32]);

/// Names one result: a variant of a version of a source.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CacheKey {
    /// The source.
    pub source: SourceKey,
    /// The version of the source.
    pub validator: Validator,
    /// The variant that was made from that version.
    pub variant: Variant,
}

impl SourceKey {
    /// A key made of the store's own names.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The key's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SourceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Validator {
    /// Text of [`Validator::unasked`]. Caches on disk hold it, so it has to stay.
    const UNASKED: &str = "unasked";

    /// The validator of a source that was not asked for one. It tells no version from another.
    #[must_use]
    pub fn unasked() -> Self {
        Self::new(Self::UNASKED)
    }

    /// Whether this validator tells one version from another. Without that, no client may be told that its copy is
    /// current.
    #[must_use]
    pub fn names_a_version(&self) -> bool {
        *self.0 != *Self::UNASKED
    }

    /// A validator made of the store's metadata: its ETag, or length and time.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The validator's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Variant {
    /// A variant named by all parts that change its bytes. Each part is hashed with its length, so no two lists of
    /// parts run together.
    #[must_use]
    pub fn of<'p>(parts: impl IntoIterator<Item = &'p str>) -> Self {
        Self(digest(parts.into_iter().map(str::as_bytes)))
    }
}

impl Variant {
    /// This variant with further parts that change its bytes.
    #[must_use]
    pub fn with<'p>(&'p self, parts: impl IntoIterator<Item = &'p str>) -> Self {
        let parts = parts.into_iter().map(str::as_bytes);
        Self(digest(std::iter::once(&self.0[..]).chain(parts)))
    }
}

impl fmt::Debug for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Variant({})", hex(&self.0[..8]))
    }
}

impl CacheKey {
    /// 64 hexadecimal digits that name this result in every store and on every machine: SHA-256, so that no one who
    /// chooses a query can make two results meet.
    #[must_use]
    pub fn digest(&self) -> String {
        hex(&self.digest_bytes())
    }

    /// The digest's bytes, for stores that need no text.
    #[must_use]
    pub fn digest_bytes(&self) -> [u8; 32] {
        digest([
            self.source.as_str().as_bytes(),
            self.validator.as_str().as_bytes(),
            &self.variant.0,
        ])
    }
}

/// SHA-256 of the parts, each after its length in eight little-endian bytes. No two lists of parts so run together.
/// Not cached: a request takes two or three digests, each of 0.13 µs of CPU time (parts of 132 bytes in all, a
/// processor with SHA instructions, two million in a row).
fn digest<'p>(parts: impl IntoIterator<Item = &'p [u8]>) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| hex_digits(*byte))
        .map(char::from)
        .collect()
}

/// The two hexadecimal digits of a byte, in lower case.
#[must_use]
pub fn hex_digits(byte: u8) -> [u8; 2] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    [byte >> 4, byte & 0xF].map(|nibble| DIGITS[usize::from(nibble)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_of_bytes_is_two_digits_each() {
        assert_eq!(hex(&[0x00, 0x1f, 0xa0, 0xff]), "001fa0ff");
    }

    #[test]
    fn variant_of_parts_split_otherwise_differs() {
        assert_ne!(Variant::of(["ab", "c"]), Variant::of(["a", "bc"]));
        assert_eq!(Variant::of(["ab", "c"]), Variant::of(["ab", "c"]));
    }

    #[test]
    fn digest_of_a_key_differs_with_each_part() {
        let key = |source: &str, validator: &str, variant: &str| CacheKey {
            source: SourceKey::new(source),
            validator: Validator::new(validator),
            variant: Variant::of([variant]),
        };
        let digest = key("s", "v", "w").digest();
        assert_eq!(digest.len(), 64);
        for other in [key("S", "v", "w"), key("s", "V", "w"), key("s", "v", "W")] {
            assert_ne!(other.digest(), digest);
        }
    }

    /// Worked out with Python's `hashlib`: names of files and ETags of earlier versions rest on it.
    #[test]
    fn digest_of_a_key_is_the_same_in_every_version() {
        let key = CacheKey {
            source: SourceKey::new("file:/a.jpg"),
            validator: Validator::new("v1"),
            variant: Variant::of(["width=4", "jpeg"]),
        };
        assert_eq!(
            key.digest(),
            "79b0bb5e57c7dd7c15be850f07cbd569c9c4e9e8fbc52b24062eb55dade1a86b"
        );
    }
}
