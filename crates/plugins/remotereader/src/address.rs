//! Address guard: decides which addresses may be connected to. `resolver` asks it for the addresses of a name, `rules`
//! for hosts that are addresses themselves. Names are resolved elsewhere.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use resizer_plugin_api::text_setting;
use schemars::JsonSchema;

/// Addresses that begin with the same bits: `"10.0.0.0/8"`, `"fd00::/8"`, or one alone: `"127.0.0.1"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(with = "String")]
pub struct Network(IpNet);

text_setting!(Network, "a network such as \"10.0.0.0/8\"");

/// The error for a text that is no [`Network`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an address is written as in \"127.0.0.1\", a network as in \"10.0.0.0/8\" or \"fd00::/8\"")]
pub struct NoNetwork;

/// Refuses every address that is not public, except those that the operator opens.
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

/// All public addresses of IPv6, and some that are not public.
const IPV6_UNICAST: IpNet = v6([0x2000, 0, 0], 3);

/// Networks that are not public, after IANA's registries of special-purpose addresses.
const FORBIDDEN: &[(IpNet, &str)] = &[
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
    // These lie outside of `IPV6_UNICAST` and stand here for their names.
    (v6([0x0064, 0xff9b, 0], 96), "an IPv4 address in IPv6 (NAT64)"),
    (v6([0x0064, 0xff9b, 1], 48), "an IPv4 address in IPv6 (NAT64)"),
    (v6([0xfc00, 0, 0], 7), "private"),
    (v6([0xfe80, 0, 0], 10), "link-local"),
    (v6([0xff00, 0, 0], 8), "multicast"),
];

const fn v4([a, b, c, d]: [u8; 4], bits: u8) -> IpNet {
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), bits))
}

const fn v6([a, b, c]: [u16; 3], bits: u8) -> IpNet {
    IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0), bits))
}

impl TryFrom<String> for Network {
    type Error = NoNetwork;

    fn try_from(text: String) -> Result<Self, NoNetwork> {
        let single = || text.parse::<IpAddr>().map(IpNet::from);
        text.parse().or_else(|_| single()).map(Self).map_err(|_| NoNetwork)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Guard {
    pub(crate) fn new(opened: Vec<Network>) -> Self {
        Self { opened }
    }

    /// Whether this address may be connected to. An IPv4 address written in IPv6 is another address than the IPv4 one:
    /// an entry of `allow_addresses` opens only the form that it names.
    pub(crate) fn check(&self, address: IpAddr) -> Result<(), ForbiddenAddress> {
        if self.opened.iter().any(|network| network.0.contains(&address)) {
            return Ok(());
        }
        let forbidden = FORBIDDEN.iter().find(|(network, _)| network.contains(&address));
        let what = match forbidden {
            Some((_, what)) => what,
            None if address.is_ipv4() || IPV6_UNICAST.contains(&address) => return Ok(()),
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

    /// The first and the last address of each forbidden network, and their neighbours, which are public.
    #[test]
    fn forbidden_network_is_refused_to_its_edges() {
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
    fn allowed_address_opens_itself_and_no_other() {
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
    fn malformed_network_is_an_error() {
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
