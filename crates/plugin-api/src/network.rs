//! Networks of IP addresses, in settings: the host's `trusted_proxies`, and those of plugins.

use std::net::IpAddr;

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::Serialize;

/// A network such as `10.0.0.0/8`, a single address, or one of the names `loopback` and `private`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(into = "String")]
#[schemars(try_from = "String")]
pub struct Network {
    text: String,
    nets: Vec<IpNet>,
}

/// RFC 1122 section 3.2.1.3, RFC 4291 section 2.5.3.
const LOOPBACK: [&str; 2] = ["127.0.0.0/8", "::1"];
/// RFC 1918, RFC 6598 (carrier-grade NAT, used inside clouds), RFC 3927, RFC 4193, RFC 4291 section 2.5.6.
const PRIVATE: [&str; 7] = [
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "169.254.0.0/16",
    "fc00::/7",
    "fe80::/10",
];

crate::text_setting!(Network, "a network such as \"10.0.0.0/8\"");

impl Network {
    /// Whether the network contains the address. An IPv4-mapped IPv6 address (`::ffff:10.0.0.1`) counts as IPv4.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.nets.iter().any(|net| net.contains(&address))
    }
}

impl TryFrom<String> for Network {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let single = [text.as_str()];
        let parts = match text.as_str() {
            "loopback" => &LOOPBACK[..],
            "private" => &PRIVATE[..],
            _ => &single[..],
        };
        let single = |part: &str| part.parse::<IpAddr>().map(IpNet::from);
        let nets: Result<Vec<IpNet>, _> = parts
            .iter()
            .map(|part| part.parse().or_else(|_| single(part)))
            .collect();
        match nets {
            Ok(nets) => Ok(Self { text, nets }),
            Err(_) => Err(
                "a network is an address or an address with a length, as in \"10.0.0.0/8\" or \
                         \"2001:db8::/32\", or \"loopback\" or \"private\"",
            ),
        }
    }
}

impl From<Network> for String {
    fn from(network: Network) -> Self {
        network.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn network_contains_addresses_with_its_first_bits() {
        let check = |network: &str, address: &str, expected: bool| {
            let parsed = Network::try_from(network.to_owned()).unwrap();
            assert_eq!(
                parsed.contains(address.parse().unwrap()),
                expected,
                "{address} in {network}"
            );
        };
        check("10.0.0.0/8", "10.255.0.1", true);
        check("10.0.0.0/8", "11.0.0.0", false);
        check("192.0.2.7", "192.0.2.7", true);
        check("192.0.2.7", "192.0.2.6", false);
        check("192.0.2.128/25", "192.0.2.127", false);
        check("192.0.2.200/25", "192.0.2.128", true);
        check("0.0.0.0/0", "203.0.113.9", true);
        check("0.0.0.0/0", "::1", false);
        check("10.0.0.0/8", "::ffff:10.1.2.3", true);
        check("2001:db8::/32", "2001:db8:ffff::1", true);
        check("2001:db8::/32", "2001:db9::1", false);
        check("::/0", "2001:db9::1", true);
        check("loopback", "127.9.9.9", true);
        check("loopback", "::1", true);
        check("loopback", "10.0.0.1", false);
        check("private", "172.31.255.255", true);
        check("private", "172.32.0.0", false);
        check("private", "fd00::1", true);
        check("private", "127.0.0.1", false);
    }

    #[test]
    fn malformed_network_is_an_error() {
        for text in [
            "",
            "10.0.0.0/33",
            "::/129",
            "10.0.0/8",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "10.0.0.0/-1",
            "all",
            "a/8",
        ] {
            assert!(Network::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
