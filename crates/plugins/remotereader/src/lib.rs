//! Plugin `remotereader`: reads images from other HTTP servers. This file has its settings and its hooks. `target`
//! turns requests into URLs, `signature` verifies signed ones. `rules` and `address` decide which URLs and addresses
//! are allowed. `resolver` and `origin` send requests, `reading` reads responses, `source` implements the engine's
//! trait. The page for operators is `docs.md`. The plugin caches nothing.

mod address;
mod coding;
mod connect;
mod error;
mod origin;
mod reading;
mod resolver;
mod rules;
mod signature;
mod source;
mod target;

use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use reqwest::dns::Resolve;
use resizer_plugin_api::{
    ByteSize, Error, ErrorKind, Hooks, InstallError, Plugin, ResourceKey, Seconds, Secret, UrlPrefix, reader_settings,
    register,
};

use crate::address::Guard;
use crate::origin::{ClientSettings, client};
use crate::resolver::System;
use crate::rules::Rules;

pub use crate::address::{Network, NoNetwork};
pub use crate::rules::{Allow, Domain, NoDomain, Scheme};

register!(RemoteReader, docs = "../docs.md");

/// The keys of the signed form.
const URLB64: &str = "urlb64";
const HMAC: &str = "hmac";

reader_settings! {
    prefix = "/remote/", check_modified = "5m", untrusted_data = true;

    /// The settings of one entry.
    pub struct Config {
        /// The hosts to read from. Nothing is read from any other.
        #[serde(default)]
        pub allow: Vec<Allow>,
        /// The key that signs URLs: `hmac` is the first eight bytes of the HMAC-SHA256 of `urlb64`.
        #[serde(default)]
        pub signing_key: Option<Secret>,
        /// Whether a signed URL may name every host, whatever `allow` says.
        #[serde(default)]
        pub allow_all_signed_requests: bool,
        /// The allowed schemes. The first is used for URLs that name host and path only.
        #[serde(default = "default_schemes")]
        pub schemes: Vec<Scheme>,
        /// The allowed ports.
        #[serde(default = "default_ports")]
        pub ports: Vec<u16>,
        /// Addresses and networks that are allowed although they are not public, such as `"10.1.0.0/16"` or
        /// `"127.0.0.1"`.
        #[serde(default)]
        pub allow_addresses: Vec<Network>,
        /// The most redirects that one request follows.
        #[serde(default = "default_redirects")]
        pub allowed_redirects: u8,
        /// The longest image that is read, also where it is sent unchanged.
        #[serde(default = "default_max_bytes")]
        pub max_bytes: ByteSize,
        /// The `User-Agent` of requests to origins.
        #[serde(default = "default_user_agent")]
        pub user_agent: String,
        /// The timeout for resolving a name, connecting and the TLS handshake together.
        #[serde(default = "default_connect_timeout")]
        pub connect_timeout: Seconds,
        /// How long an origin may send nothing, before its response or within.
        #[serde(default = "default_read_timeout")]
        pub read_timeout: Seconds,
    }
}

fn default_schemes() -> Vec<Scheme> {
    vec![Scheme::Https]
}

fn default_ports() -> Vec<u16> {
    vec![80, 443]
}

fn default_redirects() -> u8 {
    5
}

fn default_max_bytes() -> ByteSize {
    ByteSize(1 << 30)
}

fn default_user_agent() -> String {
    "Resizer".to_owned()
}

fn default_connect_timeout() -> Seconds {
    Seconds(Duration::from_secs(3))
}

fn default_read_timeout() -> Seconds {
    Seconds(Duration::from_secs(10))
}

/// Reads from the hosts that one entry allows.
#[derive(Debug)]
pub struct RemoteReader {
    prefix: UrlPrefix,
    rules: Rules,
    signing_key: Option<Secret>,
    allowed_redirects: u8,
    max_bytes: u64,
    client: Arc<reqwest::Client>,
}

impl Plugin for RemoteReader {
    const NAME: &'static str = "remotereader";
    const SUMMARY: &'static str = "Reads images from other HTTP servers.";
    type Config = Config;

    fn install(config: Config, hooks: &mut Hooks<'_>) -> Result<(), InstallError> {
        let policy = config.policy();
        let prefix = config.prefix.clone();
        let reader = Arc::new(Self::new(config, System, hooks)?);
        hooks.query_key(URLB64);
        hooks.query_key(HMAC);
        hooks.on_rewrite(&reader, Self::rewrite);
        hooks.add_source(prefix, Arc::clone(&reader) as _, policy);
        hooks.on_connect(&reader, Self::connect);
        Ok(())
    }
}

impl RemoteReader {
    fn new(config: Config, resolver: impl Resolve + 'static, hooks: &mut Hooks<'_>) -> Result<Self, InstallError> {
        let problem = |name, message: &str| Err(InstallError::setting(name, message));
        if config.allow.is_empty() && !config.allow_all_signed_requests {
            let way_out = "nothing may be read; name a host, as in allow = [{ domain = \"images.example.com\" }]";
            return problem("allow", way_out);
        }
        let signs = config.signing_key.as_ref().is_some_and(|key| !key.expose().is_empty());
        if !signs && (config.signing_key.is_some() || config.allow_all_signed_requests) {
            return problem(
                "signing_key",
                "without a key every signature is wrong; set a long random text",
            );
        }
        if !signs && config.allow.iter().any(|allow| allow.only_when_signed) {
            let way_out = "a rule of `allow` is for signed URLs only, and there is no key; set a long random text";
            return problem("signing_key", way_out);
        }
        if config.schemes.is_empty() {
            return problem(
                "schemes",
                "no origin can be asked without one; leave it out for \"https\"",
            );
        }
        let Ok(user_agent) = HeaderValue::try_from(&config.user_agent) else {
            return problem(
                "user_agent",
                "this cannot stand in a header; use one line of plain text",
            );
        };
        let networks: Vec<String> = config.allow_addresses.iter().map(Network::to_string).collect();
        let (connect_timeout, read_timeout) = (config.connect_timeout, config.read_timeout);
        let key = ResourceKey::new(&[
            "client",
            &networks.join(","),
            &config.user_agent,
            &connect_timeout.to_string(),
            &read_timeout.to_string(),
        ]);
        let guard = Arc::new(Guard::new(config.allow_addresses));
        let settings = ClientSettings {
            guard: Arc::clone(&guard),
            user_agent,
            connect_timeout: connect_timeout.0,
            read_timeout: read_timeout.0,
        };
        let client = hooks.resource(key, || {
            client(settings, resolver).map_err(|error| {
                let message = "The HTTP client cannot be made; does this system have certificates to trust?";
                InstallError::Failed(Error::new(ErrorKind::Internal, message).because(error))
            })
        })?;
        Ok(Self {
            prefix: config.prefix,
            rules: Rules {
                allow: config.allow,
                allow_all_signed_requests: config.allow_all_signed_requests,
                schemes: config.schemes,
                ports: config.ports,
                guard,
            },
            signing_key: config.signing_key,
            allowed_redirects: config.allowed_redirects,
            max_bytes: config.max_bytes.0,
            client,
        })
    }
}

#[cfg(test)]
mod tests;
