//! Signed URLs: verifies signatures as ImageResizer makes them. `urlb64` is the URL in URL-safe base64. `hmac` is the
//! first eight bytes of the HMAC-SHA256 over the *text* of `urlb64`, in the same base64. Sizes and other commands are
//! not signed.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use resizer_plugin_api::Secret;
use sha2::Sha256;

/// Bytes of the HMAC that a signature has.
const KEPT: usize = 8;

/// Whether `hmac` is the signature of `urlb64` under the key. Takes the same time wherever they differ.
pub(crate) fn is_genuine(key: &Secret, urlb64: &str, hmac: &str) -> bool {
    let Ok(claimed) = URL_SAFE_NO_PAD.decode(hmac.trim_end_matches('=')) else {
        return false;
    };
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.expose().as_bytes()) else {
        return false;
    };
    mac.update(urlb64.as_bytes());
    // A shorter signature would be compared in its own length only.
    claimed.len() == KEPT && mac.verify_truncated_left(&claimed).is_ok()
}

/// The text behind `urlb64`.
pub(crate) fn decoded(urlb64: &str) -> Option<String> {
    let bytes = URL_SAFE_NO_PAD.decode(urlb64.trim_end_matches('=')).ok()?;
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "ag383ht23sag#laf#lafF#oyfafqewt;2twfqw";
    const URLB64: &str = "aHR0cDovL2Zhcm03LnN0YXRpYy5mbGlja3IuY29tLzYwMjEvNTk1OTg1NDE3OF8xYzJlYzZiZDc3X2IuanBn";

    #[test]
    fn signature_of_imageresizer_is_genuine_and_altered_ones_are_not() {
        let check = |key: &str, urlb64: &str, hmac: &str, expected| {
            assert_eq!(is_genuine(&Secret::new(key), urlb64, hmac), expected, "{hmac}");
        };
        check(KEY, URLB64, "k_RU-UFkOaA", true);
        check(KEY, URLB64, "k_RU-UFkOaA=", true);
        check(KEY, URLB64, "k_RU-UFkOaE", false);
        check(KEY, URLB64, "k_RU-UFkOa", false);
        check(KEY, URLB64, "k_RU-UFk", false);
        check(KEY, URLB64, "kw", false);
        check(KEY, URLB64, "k_RU-UFkOaAA", false);
        check(KEY, URLB64, "K_RU-UFkOaA", false);
        check(KEY, URLB64, "k/RU+UFkOaA", false);
        check(KEY, URLB64, "", false);
        check("another key", URLB64, "k_RU-UFkOaA", false);
        check(KEY, &format!("{URLB64}="), "k_RU-UFkOaA", false);
        check(KEY, &URLB64[..URLB64.len() - 4], "k_RU-UFkOaA", false);
    }

    #[test]
    fn base64_with_and_without_padding() {
        let check = |urlb64: &str, expected: Option<&str>| assert_eq!(decoded(urlb64).as_deref(), expected, "{urlb64}");
        check(
            URLB64,
            Some("http://farm7.static.flickr.com/6021/5959854178_1c2ec6bd77_b.jpg"),
        );
        check("w6Q_", Some("ä?"));
        check("YQ", Some("a"));
        check("YQ==", Some("a"));
        check("w6Q/", None);
        check("Y", None);
        check("_w", None);
    }
}
