//! Listen addresses of the public and of the admin listener.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};

use schemars::JsonSchema;
use serde::Serialize;

/// An IP address with a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(into = "String")]
#[schemars(try_from = "String")]
pub struct ListenAddress(pub SocketAddr);

/// The address of the admin listener, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(into = "String")]
#[schemars(try_from = "String")]
pub struct AdminListen(pub Option<SocketAddr>);

resizer_plugin_api::text_setting!(ListenAddress, "an address with a port such as \"127.0.0.1:8080\"");
resizer_plugin_api::text_setting!(
    AdminListen,
    "an address with a port such as \"127.0.0.1:8081\", or \"off\""
);

impl ListenAddress {
    /// A port that only this machine reaches.
    #[must_use]
    pub const fn loopback(port: u16) -> Self {
        Self(SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), port))
    }
}

impl AdminListen {
    /// A port that only this machine reaches.
    #[must_use]
    pub const fn loopback(port: u16) -> Self {
        Self(Some(ListenAddress::loopback(port).0))
    }
}

impl TryFrom<String> for ListenAddress {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse().map(Self).map_err(
            |_| "an address is an IP address with a port, as in \"127.0.0.1:8080\", \"0.0.0.0:8080\" or \"[::]:8080\"",
        )
    }
}

impl TryFrom<String> for AdminListen {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.is_empty() || text == "off" {
            return Ok(Self(None));
        }
        ListenAddress::try_from(text)
            .map(|address| Self(Some(address.0)))
            .map_err(|_| "an admin address is an IP address with a port, as in \"127.0.0.1:8081\", or \"off\"")
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<ListenAddress> for String {
    fn from(address: ListenAddress) -> Self {
        address.0.to_string()
    }
}

impl From<AdminListen> for String {
    fn from(address: AdminListen) -> Self {
        address
            .0
            .map_or_else(|| "off".to_owned(), |address| address.to_string())
    }
}
