//! Signatures of one address: `kid`, `exp` and `sig`, as `docs/signing.md` defines them; and Imageflow Server's
//! `signature`, for addresses from there.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::Hmac;
use percent_encoding::percent_decode_str;
use resizer_plugin_api::Query;
use resizer_plugin_api::imaging::is_same_key;
use sha2::Sha256;

use crate::address::{Address, EXP, KID};
use crate::keys::{Keys, is_genuine};
use crate::refusal::Refusal;

/// The parameter of Imageflow Server's signatures.
pub(crate) const IMAGEFLOW: &str = "signature";
/// Bytes of the HMAC that Imageflow Server's signatures have.
const IMAGEFLOW_BYTES: usize = 16;

/// Verifies the signature of an address. `now` is in seconds since 1970.
///
/// # Errors
/// The address is not signed so, or not any longer.
pub(crate) fn verify(address: &Address, sig: &str, keys: &Keys, now: u64) -> Result<(), Refusal> {
    let mac = keys.find(address.single(KID)?.ok_or(Refusal::UnknownKey)?, now)?;
    let claimed = URL_SAFE_NO_PAD.decode(sig).map_err(|_| Refusal::WrongSignature)?;
    let message = address.string_to_sign();
    if !is_genuine(mac, message.as_bytes(), &claimed) {
        return Err(Refusal::WrongSignature);
    }
    if let Some(exp) = address.single(EXP)? {
        let plain = (1..=12).contains(&exp.len()) && exp.bytes().all(|byte| byte.is_ascii_digit());
        let exp: u64 = exp.parse().ok().filter(|_| plain).ok_or(Refusal::WrongTime)?;
        if now >= exp {
            return Err(Refusal::Expired);
        }
    }
    let query = message.split_once('?').map_or("", |(_, query)| query);
    if has_key_twice(&Query::parse(query)) {
        return Err(Refusal::Repeated);
    }
    Ok(())
}

/// Whether a client could choose between two values by their order, which is not signed.
fn has_key_twice(query: &Query) -> bool {
    let names: Vec<&str> = query.iter().map(|(name, _)| name).collect();
    names.iter().enumerate().any(|(index, name)| {
        let later = &names[index + 1..];
        later.iter().any(|other| is_same_key(name, other))
    })
}

/// Verifies a signature of Imageflow Server, which signs decoded text in its order: a `%26` in a value and a `&`
/// between two are the same to it.
///
/// # Errors
/// The address is not signed so.
pub(crate) fn verify_imageflow(
    raw_path: &str,
    raw_query: &str,
    signature: &str,
    macs: &[Hmac<Sha256>],
) -> Result<(), Refusal> {
    let message = imageflow_message(raw_path, raw_query).ok_or(Refusal::Malformed)?;
    let claimed = URL_SAFE_NO_PAD.decode(signature).map_err(|_| Refusal::WrongSignature)?;
    let genuine = |mac: &Hmac<Sha256>| is_genuine(mac.clone(), message.as_bytes(), &claimed);
    if claimed.len() == IMAGEFLOW_BYTES && macs.iter().any(genuine) {
        Ok(())
    } else {
        Err(Refusal::WrongSignature)
    }
}

/// Path and query, each part decoded, without the signature. `None` for text that is not UTF-8, and for a path in which
/// an escape hides a separator.
fn imageflow_message(raw_path: &str, raw_query: &str) -> Option<String> {
    let decode = |text: &str| {
        let text = text.replace('+', " ");
        percent_decode_str(&text).decode_utf8().ok().map(String::from)
    };
    let path = decode(raw_path)?;
    if path.contains(['?', ';']) {
        return None;
    }
    let pairs: Option<Vec<String>> = raw_query
        .split('&')
        .filter(|pair| !pair.starts_with("signature="))
        .map(|pair| {
            let parts: Option<Vec<String>> = pair.split('=').map(decode).collect();
            Some(parts?.join("="))
        })
        .collect();
    let query = pairs?.join("&");
    let query = query.trim_start_matches('&');
    let separator = if query.is_empty() { "" } else { "?" };
    Some(format!("{path}{separator}{query}"))
}
