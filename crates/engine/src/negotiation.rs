//! Negotiation of a format: whether it takes place, and the class of the client, out of its `Accept` (RFC 9110, 12.5.1)
//! or out of the keys `accept.*`. Called by `prepare` and `explain`. The choice itself is imaging's.
//!
//! A client is in one of four classes, whatever it sends. Only the class is part of keys.

use http::HeaderMap;
use http::header::{ACCEPT, HeaderValue};
use resizer_imaging::{Accepted, FormatWish, Instructions};

use crate::server_settings::Negotiate;

/// The way in which the format of a result is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Negotiation {
    /// By the query and the name of the source.
    None,
    /// By the formats that the query says the client takes. The header is not looked at.
    ByQuery(Accepted),
    /// By the formats that the header names.
    ByHeader(Accepted),
}

/// Decides for a request that is processed.
pub(crate) fn negotiation(setting: Negotiate, instructions: &Instructions, headers: &HeaderMap) -> Negotiation {
    let negotiates = match (setting, instructions.format_wish()) {
        (Negotiate::Never, _) | (_, FormatWish::Named(_) | FormatWish::Keep) => false,
        (_, FormatWish::Auto) | (Negotiate::Always, FormatWish::Absent) => true,
        (Negotiate::AsAsked, FormatWish::Absent) => false,
    };
    match (negotiates, instructions.output.accepted) {
        (false, _) => Negotiation::None,
        (true, Some(accepted)) => Negotiation::ByQuery(accepted),
        (true, None) => Negotiation::ByHeader(accepted(headers)),
    }
}

/// The formats beyond JPEG, PNG and GIF that the header names, with a weight above 0 and not below that of JPEG. `*/*`
/// and `image/*` name none of them: all clients send them, those too that show neither.
pub(crate) fn accepted(headers: &HeaderMap) -> Accepted {
    let lines = headers.get_all(ACCEPT).into_iter().map(HeaderValue::as_bytes);
    let ranges = lines.flat_map(|line| line.split(|byte| *byte == b','));
    let (mut webp, mut jpeg_xl, mut jpeg) = (None, None, None);
    for range in ranges {
        let mut parts = range.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
        let name = parts.next().unwrap_or_default();
        let weight = match name {
            _ if name.eq_ignore_ascii_case(b"image/webp") => &mut webp,
            _ if name.eq_ignore_ascii_case(b"image/jxl") => &mut jpeg_xl,
            _ if name.eq_ignore_ascii_case(b"image/jpeg") => &mut jpeg,
            _ => continue,
        };
        // Of a type that is named twice the first counts.
        weight.get_or_insert(parts.find_map(weight_of).unwrap_or(WHOLE));
    }
    let is_taken =
        |weight: Option<u16>| weight.is_some_and(|weight| weight > 0 && jpeg.is_none_or(|jpeg| weight >= jpeg));
    Accepted {
        webp: is_taken(webp),
        jpeg_xl: is_taken(jpeg_xl),
    }
}

/// The weight 1, in thousandths.
const WHOLE: u16 = 1000;

/// The weight of a parameter `q=0.8`, in thousandths. A weight that cannot be read counts as 0, so that a format is not
/// sent by mistake. `None` for other parameters.
fn weight_of(parameter: &[u8]) -> Option<u16> {
    let (name, value) = parameter.split_at_checked(2)?;
    if !name.eq_ignore_ascii_case(b"q=") {
        return None;
    }
    let weight = match value {
        [b'1'] => WHOLE,
        [b'1', b'.', zeros @ ..] if zeros.len() <= 3 && zeros.iter().all(|digit| *digit == b'0') => WHOLE,
        [b'0'] => 0,
        [b'0', b'.', digits @ ..] if digits.len() <= 3 && digits.iter().all(u8::is_ascii_digit) => {
            let value = digits
                .iter()
                .fold(0, |value, digit| value * 10 + u16::from(digit - b'0'));
            value * 10_u16.pow(3 - digits.len() as u32)
        }
        _ => 0,
    };
    Some(weight)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(lines: &[&str]) -> &'static str {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(ACCEPT, HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        accepted(&headers).class()
    }

    #[test]
    fn header_of_a_browser_is_in_its_class() {
        let check = |line: &str, expected: &str| assert_eq!(class(&[line]), expected, "{line}");
        check(
            "image/jxl,image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8",
            "jxl+webp",
        );
        check(
            "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8",
            "webp",
        );
        check(
            "image/webp,image/avif,image/jxl,image/heic,image/*;q=0.8,*/*;q=0.5",
            "jxl+webp",
        );
        check("image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5", "none");
        check("*/*", "none");
        check("image/*", "none");
        check("", "none");
        assert_eq!(class(&[]), "none");
        assert_eq!(
            class(&["image/webp", "image/jxl"]),
            "jxl+webp",
            "two lines are one list"
        );
    }

    #[test]
    fn weight_of_a_type_decides() {
        let check = |line: &str, expected: &str| assert_eq!(class(&[line]), expected, "{line}");
        check("image/webp;q=0", "none");
        check("image/webp;q=0.0, image/jxl;q=0.001", "jxl");
        check("image/webp ; q=0.5", "webp");
        check("image/webp;level=1;Q=0", "none");
        check("IMAGE/WebP", "webp");
        check("image/webp;q=0.5,image/jpeg;q=0.8", "none");
        check("image/webp;q=0.8,image/jpeg;q=0.8", "webp");
        check("image/webp;q=0,image/webp", "none");
    }

    #[test]
    fn malformed_header_names_no_format_by_mistake() {
        let check = |line: &str, expected: &str| assert_eq!(class(&[line]), expected, "{line}");
        for line in [
            "image/webp;q=",
            "image/webp;q=1.5",
            "image/webp;q=-1",
            "image/webp;q=0.1234",
            "image/webp;q=nan",
            "image/webpx",
            "ximage/webp",
            "image / webp",
            "image/webp\u{b5}",
            ";;;,,,",
        ] {
            check(line, "none");
        }
        check(&",".repeat(10_000), "none");
        check("image/webp;", "webp");
    }
}
