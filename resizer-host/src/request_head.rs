//! Checks of a request's head that actix-http leaves to its service: the length of the target, and the `Host` header
//! (RFC 9112, section 3). `request_handler.rs` and `admin.rs` ask here before they look at anything else of a request.

use std::net::Ipv6Addr;

use http::header::{self, HeaderValue};
use http::uri::Authority;
use http::{HeaderMap, StatusCode};
use resizer_plugin_api::{Reply, RequestHead};

/// Longest target of a request in bytes, which is nginx's default too. RFC 9112, section 3, asks for 8000 at least.
const LONGEST_TARGET: usize = 8 * 1024;

/// The answer to a request whose head cannot be served; `None` if the head is well-formed.
pub(crate) fn refusal(head: &RequestHead) -> Option<Reply> {
    let (status, sentence) = if head.raw_path.len() + head.raw_query.len() > LONGEST_TARGET {
        (StatusCode::URI_TOO_LONG, "The URL of this request is too long.\n")
    } else if !has_valid_host(&head.headers) {
        let sentence = "The Host header of this request names no host.\n";
        (StatusCode::BAD_REQUEST, sentence)
    } else {
        return None;
    };
    Some(Reply::text(status, sentence).header(header::CACHE_CONTROL, HeaderValue::from_static("no-store")))
}

/// Whether the header, if there is one, is a host with or without a port: `uri-host [ ":" port ]` (RFC 9110, section
/// 7.2). It may be empty. actix-http refuses a missing or a second one.
fn has_valid_host(headers: &HeaderMap) -> bool {
    headers.get(header::HOST).is_none_or(|host| is_host(host.as_bytes()))
}

fn is_host(text: &[u8]) -> bool {
    if text.is_empty() {
        return true;
    }
    let Ok(authority) = Authority::try_from(text) else {
        return false;
    };
    let Some(port) = authority.as_str().strip_prefix(authority.host()) else {
        // User information stands before the host.
        return false;
    };
    let is_port = port.is_empty()
        || port
            .strip_prefix(':')
            .is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit()));
    is_port && !authority.host().is_empty() && is_address_where_bracketed(authority.host())
}

fn is_address_where_bracketed(host: &str) -> bool {
    let inner = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    match inner {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => !host.contains(['[', ']']),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_is_a_name_or_an_address_with_or_without_a_port() {
        for valid in [
            "",
            "a",
            "example.org",
            "example.org:8080",
            "example.org:",
            "127.0.0.1:1",
            "[::1]",
            "[2001:db8::1]:80",
            "a_b",
            "xn--caf-dma.test",
        ] {
            assert!(is_host(valid.as_bytes()), "{valid}");
        }
        for invalid in [
            "a b",
            "user@a",
            "@a",
            ":80",
            "a:80:80",
            "a:eighty",
            "http://a",
            "a/b",
            "a?b",
            "a#b",
            "a\\b",
            "a%zz",
            "a%2",
            "[::1",
            "[]",
            "[::g]",
            "[::1]80",
            "a[::1]",
            "::1",
            "<a>",
            "\"a\"",
            "caf\u{e9}",
        ] {
            assert!(!is_host(invalid.as_bytes()), "{invalid}");
        }
    }

    #[test]
    fn target_of_more_than_8_kib_answers_414() {
        let status = |path: usize, query: usize| {
            let head = RequestHead::get("a".repeat(path), "b".repeat(query));
            refusal(&head).map(|reply| reply.status.as_u16())
        };
        assert_eq!((status(8192, 0), status(8000, 192)), (None, None));
        assert_eq!((status(8193, 0), status(1, 8192)), (Some(414), Some(414)));
    }
}
