//! Escaping: percent-encoding of paths and commands (RFC 3986), and character references in attributes of HTML.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// The characters to escape in a path: all but the unreserved ones and `/`. Proxies differ about the others, among them
/// `+` and `;`, so that an address with one of them as it is may not arrive as it was sent.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

/// The characters to escape in names and values of commands: all but the unreserved ones, `,` and `:`. A `/` is escaped
/// so that a value is the same text behind `?` and behind `;`.
const COMMAND: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b',')
    .remove(b':');

/// The path of an address.
pub(crate) fn path(text: &str) -> String {
    utf8_percent_encode(text, PATH).to_string()
}

/// The name or the value of a command.
pub(crate) fn command(text: &str) -> String {
    utf8_percent_encode(text, COMMAND).to_string()
}

/// The value of an attribute in double quotes.
pub(crate) fn attribute(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\'' => escaped += "&#39;",
            other => escaped.push(other),
        }
    }
    escaped
}
