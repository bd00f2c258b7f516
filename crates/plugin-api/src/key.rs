//! Keys: names of a source, of a version of its bytes, and of a variant made from it. The raw query never names a
//! variant: order, case, aliases and unknown keys of a query make no new one.

mod digest;

use std::fmt;
use std::sync::Arc;

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
    /// Which version of it.
    pub validator: Validator,
    /// The variant made from it.
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
        Self(digest::of_parts(parts.into_iter().map(str::as_bytes)))
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
        digest::of_parts([
            self.source.as_str().as_bytes(),
            self.validator.as_str().as_bytes(),
            &self.variant.0,
        ])
    }
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
    fn bytes_in_hexadecimal_have_two_digits_each() {
        assert_eq!(hex(&[0x00, 0x1f, 0xa0, 0xff]), "001fa0ff");
    }

    #[test]
    fn variant_of_other_parts_with_the_same_text_differs() {
        assert_ne!(Variant::of(["ab", "c"]), Variant::of(["a", "bc"]));
        assert_eq!(Variant::of(["ab", "c"]), Variant::of(["ab", "c"]));
    }

    #[test]
    fn key_with_another_part_has_another_digest() {
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
}
