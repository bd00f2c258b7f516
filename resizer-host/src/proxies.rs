//! Trusted proxies: read the address of the client, its scheme and its host from `X-Forwarded-*` and `Forwarded`. The
//! headers of a peer that `trusted_proxies` does not name are ignored, because any client can send them.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;
use resizer_plugin_api::RequestHead;

use crate::settings::Network;

/// One hop as a proxy reports it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Hop {
    client: Option<IpAddr>,
    scheme: Option<&'static str>,
    host: Option<String>,
}

/// Replaces the address of the peer by that of the client, if every hop in between is trusted.
///
/// The hops are read from the right, nearest proxy first: the client is the first address that is not itself a trusted
/// proxy. The `X-Forwarded-*` headers are read if there are any, else `Forwarded` (RFC 7239): nearly every balancer
/// writes the former and passes on the latter as the client sent it.
pub(crate) fn apply(trusted: &[Network], head: &mut RequestHead) {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    if !head.client.is_some_and(is_trusted) {
        return;
    }
    let hops = hops(&head.headers);
    for hop in hops.into_iter().rev() {
        head.scheme = hop.scheme.unwrap_or(head.scheme);
        if let Some(host) = hop.host {
            head.host = host.into();
        }
        let Some(client) = hop.client else { return };
        head.client = Some(client);
        if !is_trusted(client) {
            return;
        }
    }
}

/// The reported hops, nearest last.
fn hops(headers: &HeaderMap) -> Vec<Hop> {
    let clients = list(headers, "x-forwarded-for");
    let schemes = list(headers, "x-forwarded-proto");
    let hosts = list(headers, "x-forwarded-host");
    if clients.is_empty() && schemes.is_empty() && hosts.is_empty() {
        return list(headers, "forwarded")
            .iter()
            .map(|element| forwarded_hop(element))
            .collect();
    }
    let length = clients.len().max(schemes.len().min(1)).max(hosts.len().min(1));
    // Proxies append to the list of addresses but often replace the other two. A value belongs to its hop, counted from
    // the right; the leftmost also belongs to all hops further left.
    let value = |list: &[String], from_right: usize| list.iter().rev().nth(from_right).or(list.first()).cloned();
    (0..length)
        .rev()
        .map(|from_right| Hop {
            client: clients.iter().rev().nth(from_right).and_then(|text| address(text)),
            scheme: value(&schemes, from_right).and_then(|text| scheme(&text)),
            host: value(&hosts, from_right).and_then(|text| host(&text)),
        })
        .collect()
}

/// The elements of a header that is a comma-separated list, over all its lines. No element of these headers contains a
/// comma.
fn list(headers: &HeaderMap, name: &str) -> Vec<String> {
    let lines = headers.get_all(name).into_iter().filter_map(|line| line.to_str().ok());
    lines
        .flat_map(|line| line.split(','))
        .map(|element| element.trim().to_owned())
        .collect()
}

/// `for=192.0.2.60;proto=https;host="example.org"`
fn forwarded_hop(element: &str) -> Hop {
    let mut hop = Hop::default();
    for pair in element.split(';') {
        let Some((name, value)) = pair.split_once('=') else {
            continue;
        };
        let value = value.trim().trim_matches('"');
        match name.trim().to_ascii_lowercase().as_str() {
            "for" => hop.client = address(value),
            "proto" => hop.scheme = scheme(value),
            "host" => hop.host = host(value),
            _ => {}
        }
    }
    hop
}

/// An address as these headers write it: bare, with a port, or in brackets.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let address = bare
        .parse()
        .or_else(|_| text.parse().map(|with_port: SocketAddr| with_port.ip()));
    address.ok().map(|address| address.to_canonical())
}

fn scheme(text: &str) -> Option<&'static str> {
    ["http", "https"]
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(text))
}

fn host(text: &str) -> Option<String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
    (!text.is_empty() && text.len() <= 255 && text.bytes().all(plain)).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(peer: &str, headers: &[(&'static str, &str)], expected: (&str, &str, &str)) {
        let trusted = ["10.0.0.0/8", "fd00::/8"].map(|network| Network::try_from(network.to_owned()).unwrap());
        let mut head = RequestHead::get("/a.jpg", "");
        head.client = Some(peer.parse().unwrap());
        head.host = "origin".into();
        for (name, value) in headers {
            head.headers.append(*name, value.parse().unwrap());
        }
        apply(&trusted, &mut head);
        let client = head.client.unwrap().to_string();
        assert_eq!(
            (client.as_str(), head.scheme, &*head.host),
            expected,
            "{peer} {headers:?}"
        );
    }

    #[test]
    fn headers_of_an_untrusted_peer_are_ignored() {
        let all = [
            ("x-forwarded-for", "1.2.3.4"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "cdn.test"),
        ];
        check("192.0.2.1", &all, ("192.0.2.1", "http", "origin"));
        check("10.0.0.1", &all, ("1.2.3.4", "https", "cdn.test"));
        check("10.0.0.1", &[], ("10.0.0.1", "http", "origin"));
        check("10.0.0.1", &all[1..], ("10.0.0.1", "https", "cdn.test"));
    }

    #[test]
    fn client_is_the_rightmost_address_that_is_no_trusted_proxy() {
        let chain = |value| [("x-forwarded-for", value)];
        check(
            "10.0.0.1",
            &chain("6.6.6.6, 1.2.3.4, 10.9.9.9"),
            ("1.2.3.4", "http", "origin"),
        );
        check("10.0.0.1", &chain("10.1.1.1, 10.2.2.2"), ("10.1.1.1", "http", "origin"));
        check("10.0.0.1", &chain("1.2.3.4, nonsense"), ("10.0.0.1", "http", "origin"));
        check("10.0.0.1", &chain("1.2.3.4:5555"), ("1.2.3.4", "http", "origin"));
        check(
            "fd00::1",
            &chain("[2001:db8::7]:443"),
            ("2001:db8::7", "http", "origin"),
        );
        check("10.0.0.1", &chain("::ffff:1.2.3.4"), ("1.2.3.4", "http", "origin"));
        let lines = [("x-forwarded-for", "6.6.6.6"), ("x-forwarded-for", "1.2.3.4")];
        check("10.0.0.1", &lines, ("1.2.3.4", "http", "origin"));
    }

    #[test]
    fn scheme_and_host_are_those_of_the_hop_of_the_client() {
        let two = [
            ("x-forwarded-for", "1.2.3.4, 10.9.9.9"),
            ("x-forwarded-proto", "https, http"),
        ];
        check("10.0.0.1", &two, ("1.2.3.4", "https", "origin"));
        let forged = [
            ("x-forwarded-for", "6.6.6.6, 1.2.3.4"),
            ("x-forwarded-proto", "https, http"),
        ];
        check("10.0.0.1", &forged, ("1.2.3.4", "http", "origin"));
        let one = [("x-forwarded-for", "1.2.3.4, 10.9.9.9"), ("x-forwarded-proto", "https")];
        check("10.0.0.1", &one, ("1.2.3.4", "https", "origin"));
        check(
            "10.0.0.1",
            &[("x-forwarded-proto", "gopher")],
            ("10.0.0.1", "http", "origin"),
        );
        check(
            "10.0.0.1",
            &[("x-forwarded-host", "evil\"<script>")],
            ("10.0.0.1", "http", "origin"),
        );
    }

    #[test]
    fn forwarded_is_read_without_x_forwarded_headers() {
        let chain = "for=6.6.6.6, for=\"[2001:db8::1]:80\";proto=https;host=\"a.test:443\", For=10.3.3.3";
        check(
            "10.0.0.1",
            &[("forwarded", chain)],
            ("2001:db8::1", "https", "a.test:443"),
        );
        check(
            "10.0.0.1",
            &[("forwarded", chain), ("x-forwarded-for", "5.5.5.5")],
            ("5.5.5.5", "http", "origin"),
        );
        check(
            "10.0.0.1",
            &[("forwarded", "for=unknown;proto=https")],
            ("10.0.0.1", "https", "origin"),
        );
    }
}
