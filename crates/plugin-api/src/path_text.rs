//! Text of a decoded path: holds the bytes that are not UTF-8 too, so that files with names of another encoding can be
//! read. The engine makes the text from the bytes that a client sent; readers that know bytes turn it back.
//!
//! Each byte outside of UTF-8 stands as one character of the last 128 of Unicode, which are for private use or no
//! characters at all. Where a client sends one of these characters itself, its bytes are written so as well. So two
//! paths never have the same text.

use std::borrow::Cow;

/// The character of byte 0.
const ZERO: u32 = 0x10_FF00;

/// The text of a path with these bytes.
#[must_use]
pub fn text_of_path(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.chars().any(|character| byte_of(character).is_some()) => text.into(),
        _ => {
            let mut text = String::with_capacity(bytes.len());
            for chunk in bytes.utf8_chunks() {
                for character in chunk.valid().chars() {
                    match byte_of(character) {
                        None => text.push(character),
                        Some(_) => text.extend(character.encode_utf8(&mut [0; 4]).bytes().map(character_of)),
                    }
                }
                text.extend(chunk.invalid().iter().copied().map(character_of));
            }
            text.into()
        }
    }
}

/// The bytes of a path with this text.
#[must_use]
pub fn bytes_of_path(text: &str) -> Cow<'_, [u8]> {
    if !text.chars().any(|character| byte_of(character).is_some()) {
        return text.as_bytes().into();
    }
    let mut bytes = Vec::with_capacity(text.len());
    for character in text.chars() {
        match byte_of(character) {
            Some(byte) => bytes.push(byte),
            None => bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    bytes.into()
}

fn byte_of(character: char) -> Option<u8> {
    let byte = u8::try_from(u32::from(character).checked_sub(ZERO)?).ok()?;
    (!byte.is_ascii()).then_some(byte)
}

fn character_of(byte: u8) -> char {
    char::from_u32(ZERO + u32::from(byte)).unwrap_or(char::REPLACEMENT_CHARACTER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_any_encoding_come_back_from_their_text() {
        let check = |bytes: &[u8], text: &str| {
            assert_eq!(text_of_path(bytes), text, "{bytes:x?}");
            assert_eq!(bytes_of_path(text), bytes, "{text}");
        };
        check(b"/a.jpg", "/a.jpg");
        check("/caf\u{e9}.jpg".as_bytes(), "/caf\u{e9}.jpg");
        check(b"/caf\xe9.jpg", "/caf\u{10ffe9}.jpg");
        check(b"\xc0\xae\xff\x80", "\u{10ffc0}\u{10ffae}\u{10ffff}\u{10ff80}");
        // The text of the third, sent as UTF-8, is another path.
        check(
            "/caf\u{10ffe9}.jpg".as_bytes(),
            "/caf\u{10fff4}\u{10ff8f}\u{10ffbf}\u{10ffa9}.jpg",
        );
        check("\u{10ff7f}".as_bytes(), "\u{10ff7f}");
    }
}
