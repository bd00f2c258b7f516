//! URI containers, the claim `cdniuc` of RFC 9246: a pattern for whole addresses, or the hash of one.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use regex_lite::RegexBuilder;
use sha2::{Digest as _, Sha256};

/// Bytes that a compiled pattern may take.
const MOST_PATTERN_BYTES: usize = 64 << 10;

/// Whether a container holds an address in normal form.
///
/// `regex:` is followed by a POSIX extended regular expression. It has to match the whole address, where Traffic Server
/// is content with its beginning. `hash:` is followed by a hash in the form of RFC 6920, section 5: `sha-256;`, then
/// the hash in base64url. A container that cannot be read holds nothing.
pub(crate) fn contains(container: &str, uri: &str) -> bool {
    if let Some(pattern) = container.strip_prefix("regex:") {
        let whole = RegexBuilder::new(&format!(r"\A(?:{pattern})\z"))
            .size_limit(MOST_PATTERN_BYTES)
            .build();
        return whole.is_ok_and(|pattern| pattern.is_match(uri));
    }
    let hash = container.strip_prefix("hash:sha-256;");
    hash.is_some_and(|hash| hash == URL_SAFE_NO_PAD.encode(Sha256::digest(uri)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn container_holds_the_addresses_of_its_pattern_or_hash_and_no_others() {
        let check = |container: &str, uri: &str, expected: bool| {
            assert_eq!(contains(container, uri), expected, "{container} {uri}");
        };
        let address = "https://cdn.example/photos/a.jpg?width=400";
        check(r"regex:https://cdn\.example/photos/.*", address, true);
        check(
            r"regex:https://cdn\.example/photos/[a-z]+\.jpg\?width=(200|400)",
            address,
            true,
        );
        // The whole address, also where an alternative is shorter.
        check(r"regex:https://cdn\.example/photos/", address, false);
        check(r"regex:https|.*/a\.jpg", address, false);
        check(r"regex:photos/.*", address, false);
        check("regex:(", address, false);
        check("regex:a{1000}{1000}{1000}", address, false);
        check("regex", address, false);
        check("glob:*", address, false);
        check("", address, false);
        // From `printf %s ADDRESS | openssl dgst -sha256 -binary | basenc --base64url`.
        check(
            "hash:sha-256;OLyjC4Vhs1PYd-t6pyiTz67mMwSeCwD-35KxTIjNfE0",
            address,
            true,
        );
        check(
            "hash:sha-256;OLyjC4Vhs1PYd-t6pyiTz67mMwSeCwD-35KxTIjNfE0",
            "https://cdn.example/photos/a.jpg?width=401",
            false,
        );
        check("hash:sha-256;", address, false);
        check("hash:md5;OLyjC4Vhs1PYd-t6pyiTz67mMwSeCwD-35KxTIjNfE0", address, false);
    }
}
