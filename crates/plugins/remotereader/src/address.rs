//! The guard: which addresses of the network may be connected to. A pure function over addresses, asked by `resolver`
//! for names and by `rules` for hosts that are addresses themselves. Nothing here looks a name up.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use schemars::JsonSchema;
use serde::Deserialize;

/// Addresses that begin with the same bits: `"10.0.0.0/8"`, `"fd00::/8"`, or one alone: `"127.0.0.1"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub struct Network {
    first: IpAddr,
    bits: u32,
}

/// A text that is no [`Network`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an address is written as in \"127.0.0.1\", a network as in \"10.0.0.0/8\" or \"fd00::/8\"")]
pub struct NoNetwork;

/// Refuses every address that is not public, save those that the operator opens.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    opened: Vec<Network>,
}

/// An address that must not be connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the address {address} is {what}; only `allow_addresses` opens it")]
pub(crate) struct ForbiddenAddress {
    address: IpAddr,
    what: &'static str,
}

/// What is public of IPv6 lies in here, and so does some that is not.
const IPV6_UNICAST: Network = v6([0x2000, 0, 0], 3);

/// What is not public, after the registries of special addresses that IANA keeps.
const FORBIDDEN: &[(Network, &str)] = &[
    (v4([0, 0, 0, 0], 8), "this host"),
    (v4([10, 0, 0, 0], 8), "private"),
    (v4([100, 64, 0, 0], 10), "shared behind a carrier's NAT"),
    (v4([127, 0, 0, 0], 8), "loopback"),
    (v4([168, 63, 129, 16], 32), "a cloud's own service"),
    (v4([169, 254, 0, 0], 16), "link-local, where clouds keep their metadata"),
    (v4([172, 16, 0, 0], 12), "private"),
    (v4([192, 0, 0, 0], 24), "for protocols"),
    (v4([192, 0, 2, 0], 24), "for documentation"),
    (v4([192, 31, 196, 0], 24), "for protocols"),
    (v4([192, 52, 193, 0], 24), "for protocols"),
    (v4([192, 88, 99, 0], 24), "a relay to IPv6"),
    (v4([192, 168, 0, 0], 16), "private"),
    (v4([192, 175, 48, 0], 24), "for protocols"),
    (v4([198, 18, 0, 0], 15), "for benchmarks"),
    (v4([198, 51, 100, 0], 24), "for documentation"),
    (v4([203, 0, 113, 0], 24), "for documentation"),
    (v4([224, 0, 0, 0], 4), "multicast"),
    (v4([255, 255, 255, 255], 32), "broadcast"),
    (v4([240, 0, 0, 0], 4), "reserved"),
    (v6([0x2001, 0, 0], 32), "an IPv4 address in IPv6 (Teredo)"),
    (v6([0x2001, 0, 0], 23), "for protocols"),
    (v6([0x2001, 0x0db8, 0], 32), "for documentation"),
    (v6([0x2002, 0, 0], 16), "an IPv4 address in IPv6 (6to4)"),
    (v6([0x2620, 0x004f, 0x8000], 48), "for protocols"),
    (v6([0x3fff, 0, 0], 20), "for documentation"),
    // Names for what lies outside of `IPV6_UNICAST` anyway.
    (v6([0x0064, 0xff9b, 0], 96), "an IPv4 address in IPv6 (NAT64)"),
    (v6([0x0064, 0xff9b, 1], 48), "an IPv4 address in IPv6 (NAT64)"),
    (v6([0xfc00, 0, 0], 7), "private"),
    (v6([0xfe80, 0, 0], 10), "link-local"),
    (v6([0xff00, 0, 0], 8), "multicast"),
];

const fn v4([a, b, c, d]: [u8; 4], bits: u32) -> Network {
    let first = IpAddr::V4(Ipv4Addr::new(a, b, c, d));
    Network { first, bits }
}

const fn v6([a, b, c]: [u16; 3], bits: u32) -> Network {
    let first = IpAddr::V6(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0));
    Network { first, bits }
}

impl Network {
    fn contains(&self, address: IpAddr) -> bool {
        // A shift by all bits leaves none to differ.
        match (self.first, address) {
            (IpAddr::V4(first), IpAddr::V4(address)) => {
                let different = first.to_bits() ^ address.to_bits();
                different.checked_shr(32 - self.bits).unwrap_or(0) == 0
            }
            (IpAddr::V6(first), IpAddr::V6(address)) => {
                let different = first.to_bits() ^ address.to_bits();
                different.checked_shr(128 - self.bits).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

impl TryFrom<String> for Network {
    type Error = NoNetwork;

    fn try_from(text: String) -> Result<Self, NoNetwork> {
        let (first, bits) = match text.split_once('/') {
            Some((first, bits)) => (first, Some(bits.parse().map_err(|_| NoNetwork)?)),
            None => (text.as_str(), None),
        };
        let first: IpAddr = first.parse().map_err(|_| NoNetwork)?;
        let most = if first.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(most);
        if bits > most {
            return Err(NoNetwork);
        }
        Ok(Self { first, bits })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.bits)
    }
}

impl Guard {
    pub(crate) fn new(opened: Vec<Network>) -> Self {
        Self { opened }
    }

    /// Whether this address may be connected to. An IPv4 address written in IPv6 is never taken for the IPv4 address:
    /// what opens the one does not open the other.
    pub(crate) fn check(&self, address: IpAddr) -> Result<(), ForbiddenAddress> {
        if self.opened.iter().any(|network| network.contains(address)) {
            return Ok(());
        }
        let forbidden = FORBIDDEN.iter().find(|(network, _)| network.contains(address));
        let what = match forbidden {
            Some((_, what)) => what,
            None if address.is_ipv4() || IPV6_UNICAST.contains(address) => return Ok(()),
            None => "no public address of IPv6",
        };
        Err(ForbiddenAddress { address, what })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(opened: &[&str]) -> Guard {
        Guard::new(
            opened
                .iter()
                .map(|text| Network::try_from((*text).to_owned()).unwrap())
                .collect(),
        )
    }

    fn passes(guard: &Guard, address: &str) -> bool {
        guard.check(address.parse().unwrap()).is_ok()
    }

    /// The first and the last address of each network that is refused, and their neighbours, which are public.
    #[test]
    fn what_is_not_public_is_refused_to_its_edges() {
        let guard = guard(&[]);
        let check = |public: bool, addresses: &[&str]| {
            for address in addresses {
                assert_eq!(passes(&guard, address), public, "{address}");
            }
        };
        check(false, &["0.0.0.0", "0.255.255.255", "10.0.0.0", "10.255.255.255"]);
        check(true, &["1.0.0.0", "9.255.255.255", "11.0.0.0"]);
        check(false, &["100.64.0.0", "100.100.100.200", "100.127.255.255"]);
        check(true, &["100.63.255.255", "100.128.0.0"]);
        check(false, &["127.0.0.0", "127.0.0.1", "127.255.255.255"]);
        check(true, &["126.255.255.255", "128.0.0.0"]);
        check(
            false,
            &["168.63.129.16", "169.254.0.0", "169.254.169.254", "169.254.255.255"],
        );
        check(
            true,
            &["168.63.129.15", "168.63.129.17", "169.253.255.255", "169.255.0.0"],
        );
        check(
            false,
            &["172.16.0.0", "172.31.255.255", "192.168.0.0", "192.168.255.255"],
        );
        check(
            true,
            &["172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0"],
        );
        check(
            false,
            &["192.0.0.0", "192.0.0.192", "192.0.0.255", "192.0.2.1", "192.88.99.1"],
        );
        check(
            true,
            &[
                "191.255.255.255",
                "192.0.1.0",
                "192.0.3.0",
                "192.88.98.255",
                "192.88.100.0",
            ],
        );
        check(false, &["198.18.0.0", "198.19.255.255", "198.51.100.7", "203.0.113.7"]);
        check(
            true,
            &[
                "198.17.255.255",
                "198.20.0.0",
                "198.51.101.0",
                "203.0.112.255",
                "203.0.114.0",
            ],
        );
        check(
            false,
            &[
                "224.0.0.0",
                "239.255.255.255",
                "240.0.0.0",
                "255.255.255.254",
                "255.255.255.255",
            ],
        );
        check(true, &["223.255.255.255"]);
        check(
            false,
            &[
                "::",
                "::1",
                "::127.0.0.1",
                "::8.8.8.8",
                "::ffff:127.0.0.1",
                "::ffff:8.8.8.8",
            ],
        );
        check(
            false,
            &[
                "::ffff:0:127.0.0.1",
                "64:ff9b::a00:1",
                "64:ff9b::8.8.8.8",
                "64:ff9b:1::1",
                "100::1",
            ],
        );
        check(
            false,
            &[
                "2001::1",
                "2001:0:ffff::1",
                "2001:1ff::1",
                "2001:db8::1",
                "2002:7f00:1::1",
                "3fff:fff::1",
            ],
        );
        check(
            true,
            &[
                "2000::1",
                "2001:200::1",
                "2001:4860:4860::8888",
                "2003::1",
                "2606:4700::1111",
                "3ffe::1",
            ],
        );
        check(
            false,
            &[
                "4000::1",
                "5f00::1",
                "fc00::1",
                "fd00:ec2::254",
                "fe80::1",
                "fec0::1",
                "ff02::1",
            ],
        );
    }

    #[test]
    fn the_operator_opens_what_is_listed_and_no_more() {
        let check = |opened: &str, open: &[&str], closed: &[&str]| {
            let guard = guard(&[opened]);
            assert!(open.iter().all(|address| passes(&guard, address)), "{opened}");
            assert!(!closed.iter().any(|address| passes(&guard, address)), "{opened}");
        };
        check("127.0.0.1", &["127.0.0.1"], &["127.0.0.2", "::1", "::ffff:127.0.0.1"]);
        check(
            "10.1.0.0/16",
            &["10.1.0.0", "10.1.255.255"],
            &["10.0.255.255", "10.2.0.0"],
        );
        check("fd00:1::/32", &["fd00:1:2::3"], &["fd00:2::3", "10.0.0.1"]);
        check("0.0.0.0/0", &["127.0.0.1", "255.255.255.255"], &["::1"]);
        check("::/0", &["::1", "fe80::1"], &["127.0.0.1"]);
        check("64:ff9b::/96", &["64:ff9b::8.8.8.8"], &["64:ff9b:1::1"]);
    }

    #[test]
    fn what_is_no_network_is_said_so() {
        for wrong in [
            "",
            "localhost",
            "10.0.0.0/33",
            "10.0.0/8",
            "::/129",
            "10.0.0.0/",
            "1/8",
            "10.0.0.0/-1",
        ] {
            assert_eq!(Network::try_from(wrong.to_owned()), Err(NoNetwork), "{wrong}");
        }
    }
}
