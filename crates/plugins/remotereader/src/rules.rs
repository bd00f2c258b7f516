//! URL rules: decide by scheme, port and host whether a URL is allowed, and by the guard where the host is an address.
//! They are checked for the URL of a request and for the target of every redirect.

use std::sync::Arc;

use resizer_plugin_api::{UrlPrefix, text_setting};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::{Host, Url};

use crate::address::{ForbiddenAddress, Guard};

/// Hosts to read from.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Allow {
    /// A host, `"images.example.com"`, or all below one, `"*.example.com"`, which is not `example.com` itself.
    pub domain: Domain,
    /// The part of the origin's paths under which images are read.
    #[serde(default = "UrlPrefix::root")]
    pub path: UrlPrefix,
    /// Only for signed URLs.
    #[serde(default)]
    pub only_when_signed: bool,
}

/// One host, or all below one.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(with = "String")]
pub enum Domain {
    /// This host.
    Exactly(Host),
    /// Every host whose name ends so; begins with a dot.
    Below(String),
}

text_setting!(Domain, "a domain such as \"images.example.com\"");

/// The error for a text that is no [`Domain`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a domain is a host as in \"images.example.com\" or all below one as in \"*.example.com\", without scheme or port"
)]
pub struct NoDomain;

/// The scheme of a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scheme {
    /// HTTP over TLS: nobody on the way can read or change an image.
    Https,
    /// HTTP without encryption.
    Http,
}

/// The settings about URLs.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) allow: Vec<Allow>,
    pub(crate) allow_all_signed_requests: bool,
    pub(crate) schemes: Vec<Scheme>,
    pub(crate) ports: Vec<u16>,
    pub(crate) guard: Arc<Guard>,
}

/// Why a URL is not allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("its scheme is not among `schemes`")]
    Scheme,
    #[error("it has a user name or a password")]
    UserInfo,
    #[error("its port is not among `ports`")]
    Port,
    #[error("no rule of `allow` names its host and path")]
    Host,
    #[error("it is not signed, and `allow` names its host for signed URLs only")]
    Unsigned,
    #[error(transparent)]
    Address(ForbiddenAddress),
}

impl TryFrom<String> for Domain {
    type Error = NoDomain;

    fn try_from(text: String) -> Result<Self, NoDomain> {
        // Parsed as the host of a URL is: in lower case, internationalized names in their ASCII form.
        let host = |text: &str| Host::parse(text).map_err(|_| NoDomain);
        match text.strip_prefix("*.") {
            None if text.contains('*') => Err(NoDomain),
            None => Ok(Self::Exactly(host(&text)?)),
            Some(parent) => match host(parent)? {
                Host::Domain(parent) => Ok(Self::Below(format!(".{parent}"))),
                Host::Ipv4(_) | Host::Ipv6(_) => Err(NoDomain),
            },
        }
    }
}

impl Domain {
    fn covers(&self, host: &Host<&str>) -> bool {
        match self {
            Self::Exactly(own) => own == host,
            Self::Below(parent) => {
                matches!(host, Host::Domain(name) if name.len() > parent.len() && name.ends_with(parent))
            }
        }
    }
}

impl Scheme {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Http => "http",
        }
    }
}

impl Allow {
    fn covers(&self, url: &Url, host: &Host<&str>) -> bool {
        let prefix = self.path.as_str();
        let within = || {
            // An origin that decodes `%2F..%2F` before it resolves dot segments would leave the prefix.
            let path = url.path().to_ascii_lowercase();
            url.path().starts_with(&crate::target::encoded(prefix)) && !path.contains("%2f") && !path.contains("%5c")
        };
        self.domain.covers(host) && (prefix == "/" || within())
    }
}

impl Rules {
    /// Whether this URL is allowed.
    pub(crate) fn check(&self, url: &Url, signed: bool) -> Result<(), Refusal> {
        if !self.schemes.iter().any(|scheme| scheme.name() == url.scheme()) {
            return Err(Refusal::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refusal::UserInfo);
        }
        if !url
            .port_or_known_default()
            .is_some_and(|port| self.ports.contains(&port))
        {
            return Err(Refusal::Port);
        }
        let Some(host) = url.host() else {
            return Err(Refusal::Host);
        };
        if !(signed && self.allow_all_signed_requests) {
            let mut covering = self.allow.iter().filter(|allow| allow.covers(url, &host)).peekable();
            if covering.peek().is_none() {
                return Err(Refusal::Host);
            }
            if !signed && covering.all(|allow| allow.only_when_signed) {
                return Err(Refusal::Unsigned);
            }
        }
        let address = match host {
            Host::Ipv4(address) => address.into(),
            Host::Ipv6(address) => address.into(),
            // The addresses of a name are checked when it is resolved.
            Host::Domain(_) => return Ok(()),
        };
        self.guard.check(address).map_err(Refusal::Address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Network;

    fn allow(domain: &str, path: &str, only_when_signed: bool) -> Allow {
        Allow {
            domain: Domain::try_from(domain.to_owned()).unwrap(),
            path: path.parse().unwrap(),
            only_when_signed,
        }
    }

    fn rules(allow: Vec<Allow>) -> Rules {
        Rules {
            allow,
            allow_all_signed_requests: false,
            schemes: vec![Scheme::Https],
            ports: vec![80, 443],
            guard: Arc::new(Guard::new(Vec::new())),
        }
    }

    #[test]
    fn domain_covers_a_host_or_all_hosts_below_it() {
        let check = |domain: &str, host: &str, expected: bool| {
            let rules = rules(vec![allow(domain, "/", false)]);
            let url = Url::parse(&format!("https://{host}/a.jpg")).unwrap();
            assert_eq!(rules.check(&url, false).is_ok(), expected, "{domain} {host}");
        };
        check("a.example.com", "a.example.com", true);
        check("A.Example.COM", "a.eXample.com", true);
        check("a.example.com", "b.example.com", false);
        check("a.example.com", "a.example.com.", false);
        check("a.example.com", "a.example.com.evil.org", false);
        check("a.example.com", "xa.example.com", false);
        check("*.example.com", "a.example.com", true);
        check("*.example.com", "a.b.example.com", true);
        check("*.example.com", "example.com", false);
        check("*.example.com", ".example.com", false);
        check("*.example.com", "evilexample.com", false);
        check("*.example.com", "a.example.com.", false);
        check("*.example.com", "example.com.evil.org", false);
        check("bücher.example", "xn--bcher-kva.example", true);
        check("xn--bcher-kva.example", "BÜCHER.example", true);
        check("8.8.8.8", "8.8.8.8", true);
        check("8.8.8.8", "0x8.0x8.0x8.0x8", true);
        check("*.8.8.example", "8.8.8.8", false);
        check("[2606:4700::1111]", "[2606:4700:0::1111]", true);
    }

    #[test]
    fn malformed_domain_is_an_error() {
        for wrong in [
            "",
            "*",
            "*.",
            "a.*.com",
            "*example.com",
            "https://a.com",
            "a.com:80",
            "a.com/",
            "*.1.2.3.4",
            "a b",
        ] {
            assert_eq!(Domain::try_from(wrong.to_owned()), Err(NoDomain), "{wrong}");
        }
    }

    #[test]
    fn a_path_keeps_to_its_prefix() {
        let rules = rules(vec![allow("a.example", "/my photos/", false)]);
        let check = |path: &str, expected: bool| {
            let url = Url::parse(&format!("https://a.example{path}")).unwrap();
            assert_eq!(rules.check(&url, false).is_ok(), expected, "{path}");
        };
        check("/my%20photos/a.jpg", true);
        check("/my%20photos/b/../a.jpg", true);
        check("/my%20photos", false);
        check("/a.jpg", false);
        check("/my%20photos/../a.jpg", false);
        check("/my%20photos/%2e%2E/a.jpg", false);
        check("/my%20photos/..%2Fa.jpg", false);
        check("/my%20photos/..%5ca.jpg", false);
    }

    #[test]
    fn each_part_of_a_url_is_looked_at() {
        let mut rules = rules(vec![allow("a.example", "/", false), allow("s.example", "/", true)]);
        let check = |rules: &Rules, url: &str, signed: bool, expected: Result<(), Refusal>| {
            assert_eq!(rules.check(&Url::parse(url).unwrap(), signed), expected, "{url}");
        };
        check(&rules, "https://a.example/a.jpg", false, Ok(()));
        check(&rules, "https://a.example:80/a.jpg", false, Ok(()));
        check(&rules, "http://a.example/a.jpg", false, Err(Refusal::Scheme));
        check(&rules, "ftp://a.example/a.jpg", false, Err(Refusal::Scheme));
        check(&rules, "file:///etc/passwd", true, Err(Refusal::Scheme));
        check(&rules, "https://u@a.example/", true, Err(Refusal::UserInfo));
        check(&rules, "https://:p@a.example/", true, Err(Refusal::UserInfo));
        check(&rules, "https://a.example@s.example/", true, Err(Refusal::UserInfo));
        check(&rules, "https://a.example:8443/", true, Err(Refusal::Port));
        check(&rules, "https://s.example/", false, Err(Refusal::Unsigned));
        check(&rules, "https://s.example/", true, Ok(()));
        check(&rules, "https://o.example/", true, Err(Refusal::Host));
        rules.allow_all_signed_requests = true;
        check(&rules, "https://o.example/", true, Ok(()));
        check(&rules, "https://o.example/", false, Err(Refusal::Host));
        check(&rules, "https://s.example/", false, Err(Refusal::Unsigned));
        let address = "10.0.0.1".parse().unwrap();
        let refused = rules.guard.check(address).unwrap_err();
        check(&rules, "https://10.1/", true, Err(Refusal::Address(refused)));
        rules.guard = Arc::new(Guard::new(vec![Network::try_from("10.0.0.0/8".to_owned()).unwrap()]));
        check(&rules, "https://10.1/", true, Ok(()));
    }
}
