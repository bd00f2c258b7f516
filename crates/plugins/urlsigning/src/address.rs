//! Signed address: path and parameters of a request line in the normal form of `docs/signing.md`, and the string to
//! sign. Signatures and tokens are verified against it. Nothing here is decoded text.

use std::fmt::Write as _;

use crate::refusal::Refusal;

/// The parameter that holds a signature, and the ones that belong to it.
pub(crate) const SIG: &str = "sig";
/// The parameter that names the key of a signature.
pub(crate) const KID: &str = "kid";
/// The parameter with a signature's time of expiry.
pub(crate) const EXP: &str = "exp";

/// An address without scheme and host, in normal form.
#[derive(Debug, PartialEq, Eq)]
pub struct Address {
    path: String,
    /// In their order: those behind the `;` of the path, then those of the query.
    parameters: Vec<Parameter>,
    semicolon: bool,
}

#[derive(Debug, PartialEq, Eq)]
struct Parameter {
    name: String,
    /// `None` without a `=`.
    value: Option<String>,
}

impl Address {
    /// Reads a path and a query as they stand in the request line.
    ///
    /// # Errors
    /// `Malformed` for a `%` without two digits, and behind a `;` for what the page does not allow there.
    pub fn read(raw_path: &str, raw_query: &str) -> Result<Self, Refusal> {
        let mut parameters = Vec::new();
        let (path, commands) = split_at_semicolon(raw_path);
        if let Some(commands) = commands {
            let commands = decoded_once(commands)?;
            for part in commands.split(|byte| matches!(byte, b';' | b'&')) {
                parameters.extend(Parameter::read(part)?);
            }
        }
        for part in raw_query.as_bytes().split(|byte| *byte == b'&') {
            parameters.extend(Parameter::read(part)?);
        }
        Ok(Self {
            path: normal_form(path.as_bytes())?,
            parameters,
            semicolon: commands.is_some(),
        })
    }

    /// Whether the path had a `;`, behind which stood parameters.
    pub fn has_semicolon(&self) -> bool {
        self.semicolon
    }

    /// The value of a parameter, in normal form. Names compare exactly.
    ///
    /// # Errors
    /// `Repeated` if it stands there twice.
    pub fn single(&self, name: &str) -> Result<Option<&str>, Refusal> {
        let mut found = self.parameters.iter().filter(|parameter| parameter.name == name);
        let first = found.next().map(|parameter| parameter.value.as_deref().unwrap_or(""));
        match found.next() {
            Some(_) => Err(Refusal::Repeated),
            None => Ok(first),
        }
    }

    /// The string that signatures are made of: `path?name=value&…`, sorted and without `sig`.
    pub fn string_to_sign(&self) -> String {
        let mut sorted: Vec<_> = self
            .parameters
            .iter()
            .filter(|parameter| parameter.name != SIG)
            .map(|parameter| (parameter.name.as_str(), parameter.value.as_deref().unwrap_or("")))
            .collect();
        sorted.sort_unstable();
        let mut text = format!("{}?", self.path);
        for (index, (name, value)) in sorted.into_iter().enumerate() {
            let separator = if index == 0 { "" } else { "&" };
            let _ = write!(text, "{separator}{name}={value}");
        }
        text
    }

    /// Path and query without this parameter, in the order of the address, as tokens of RFC 9246 compare them.
    pub fn without(&self, name: &str) -> String {
        let mut text = self.path.clone();
        let kept = self.parameters.iter().filter(|parameter| parameter.name != name);
        for (index, parameter) in kept.enumerate() {
            text.push(if index == 0 { '?' } else { '&' });
            text.push_str(&parameter.name);
            if let Some(value) = &parameter.value {
                text.push('=');
                text.push_str(value);
            }
        }
        text
    }
}

impl Parameter {
    /// `None` for an empty part.
    fn read(part: &[u8]) -> Result<Option<Self>, Refusal> {
        if part.is_empty() {
            return Ok(None);
        }
        let equals = part.iter().position(|byte| *byte == b'=');
        let (name, value) = match equals {
            Some(at) => (&part[..at], Some(&part[at + 1..])),
            None => (part, None),
        };
        Ok(Some(Self {
            name: normal_form(name)?,
            value: value.map(normal_form).transpose()?,
        }))
    }
}

/// The path before its first `;`, plain or escaped, and what follows it.
pub(crate) fn split_at_semicolon(raw_path: &str) -> (&str, Option<&str>) {
    let bytes = raw_path.as_bytes();
    let plain = bytes.iter().position(|byte| *byte == b';').map(|at| (at, 1));
    let escaped = bytes
        .windows(3)
        .position(|window| window.eq_ignore_ascii_case(b"%3b"))
        .map(|at| (at, 3));
    match plain.into_iter().chain(escaped).min() {
        Some((at, length)) => (&raw_path[..at], Some(&raw_path[at + length..])),
        None => (raw_path, None),
    }
}

/// Decodes what stands behind a `;` once. White space is refused there, because commands in a path are trimmed and
/// those of a query are not.
fn decoded_once(text: &str) -> Result<Vec<u8>, Refusal> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = next_byte(rest)? {
        let byte = byte.value();
        if !byte.is_ascii_graphic() || byte == b'?' {
            return Err(Refusal::Malformed);
        }
        decoded.push(byte);
        rest = after;
    }
    Ok(decoded)
}

/// The normal form of RFC 3986, section 6.2.2: escapes in upper case, none for unreserved characters, and one for each
/// byte that may not stand in an address.
fn normal_form(text: &[u8]) -> Result<String, Refusal> {
    let mut normal = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, after)) = next_byte(rest)? {
        match byte {
            Byte::Escaped(byte) if is_unreserved(byte) => normal.push(char::from(byte)),
            Byte::Plain(byte) if is_unreserved(byte) || b"!$&'()*+,/:;=?@".contains(&byte) => {
                normal.push(char::from(byte));
            }
            Byte::Escaped(byte) | Byte::Plain(byte) => _ = write!(normal, "%{byte:02X}"),
        }
        rest = after;
    }
    Ok(normal)
}

enum Byte {
    Plain(u8),
    Escaped(u8),
}

impl Byte {
    fn value(&self) -> u8 {
        match self {
            Self::Plain(byte) | Self::Escaped(byte) => *byte,
        }
    }
}

/// The first byte or escape of a text, and the rest. `None` at the end.
fn next_byte(text: &[u8]) -> Result<Option<(Byte, &[u8])>, Refusal> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    match text {
        [] => Ok(None),
        [b'%', rest @ ..] => {
            let [high, low, rest @ ..] = rest else {
                return Err(Refusal::Malformed);
            };
            match (digit(*high), digit(*low)) {
                (Some(high), Some(low)) => Ok(Some((Byte::Escaped((high * 16 + low) as u8), rest))),
                _ => Err(Refusal::Malformed),
            }
        }
        [byte, rest @ ..] => Ok(Some((Byte::Plain(*byte), rest))),
    }
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}
