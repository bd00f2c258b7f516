//! Semicolon form: the syntax of the plugin `cloudfront`, `/a.jpg;width=400;mode=crop`, for CDNs that strip queries.
//! Both directions change the text of an address and keep its signature valid.

use crate::Error;

/// The address with its commands behind semicolons. Encoded once more, they survive the server's decoding of the path.
///
/// # Errors
/// [`Error::Semicolon`] if the path has a `;` or a `?`, encoded or not, or if a command has one that is not encoded.
pub fn to_semicolons(url: &str) -> Result<String, Error> {
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let lower = path.to_ascii_lowercase();
    if [";", "%3b", "%3f"].iter().any(|part| lower.contains(part)) || query.contains([';', '?']) {
        return Err(Error::Semicolon(url.to_owned()));
    }
    let separator = if query.is_empty() { "" } else { ";" };
    Ok(format!(
        "{path}{separator}{}",
        query.replace('%', "%25").replace('&', ";")
    ))
}

/// The address with its commands behind a question mark.
///
/// # Errors
/// [`Error::Semicolon`] if the address has commands in both places, or characters in the commands that no query has.
pub fn to_query(url: &str) -> Result<String, Error> {
    let lower = url.to_ascii_lowercase();
    let Some(at) = [";", "%3b"].iter().filter_map(|part| lower.find(part)).min() else {
        return Ok(url.to_owned());
    };
    let (path, commands) = url.split_at(at);
    if path.contains('?') {
        return Ok(url.to_owned());
    }
    let commands = commands.strip_prefix(';').unwrap_or_else(|| &commands[3..]);
    let decoded = decoded(commands).filter(|_| !commands.contains('?'));
    let decoded = decoded.ok_or_else(|| Error::Semicolon(url.to_owned()))?;
    let separator = if decoded.is_empty() { "" } else { "?" };
    Ok(format!("{path}{separator}{}", decoded.replace(';', "&")))
}

/// The text with its escapes decoded once, if a query may have all of its characters.
fn decoded(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut decoded = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2)?;
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        decoded.push(char::from(u8::from_str_radix(digits, 16).ok()?));
        decoded += rest;
    }
    let is_plain = |c: char| c.is_ascii_graphic() && !"?#".contains(c);
    decoded.chars().all(is_plain).then_some(decoded)
}
