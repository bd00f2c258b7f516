//! Access control plugin: decides by prefix which clients may have an image, by their address, a header or the page
//! that they come from. The page for operators is `docs.md`.
//!
//! Addresses that carry their own permission, signed by a key, are another plugin's task.

use std::borrow::Cow;
use std::sync::Arc;

use http::header::{AUTHORIZATION, HeaderMap, HeaderName, REFERER};
use resizer_plugin_api::{
    Authorizer, Error, ErrorKind, Hooks, ImageRequest, InstallError, Network, Plugin, Secret, UrlPrefix, async_trait,
    register,
};
use schemars::JsonSchema;
use serde::Deserialize;

register!(AccessControl, docs = "../docs.md");

/// The settings of one entry.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The rules. For each path the one with the longest prefix counts. A path below no prefix is open to all.
    pub rules: Vec<RuleConfig>,
}

/// One rule. A request needs all that the rule names. A rule with a prefix alone is open to all.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleConfig {
    /// The beginning of the paths, such as `"/private/"`.
    pub prefix: UrlPrefix,
    /// The networks that the client's address is in one of: `"10.0.0.0/8"`, a single address, `"private"` or
    /// `"loopback"`. Behind a proxy this needs `trusted_proxies` of `[server]`.
    #[serde(default)]
    pub networks: Vec<Network>,
    /// The header that carries a secret, such as one that the CDN adds. By default it is `Authorization`, and its value
    /// begins with `Bearer`.
    pub header: Option<String>,
    /// The secrets that the header holds one of: several while they are exchanged.
    #[serde(default)]
    pub secrets: Vec<Secret>,
    /// The hosts of the pages that may show the image, such as `"example.org"`, or `"*.example.org"` for all below it.
    #[serde(default)]
    pub referrers: Vec<String>,
    /// Whether a request without a `Referer` is denied where `referrers` are named. Many browsers send none.
    #[serde(default)]
    pub require_referrer: bool,
}

/// Authorizes requests.
#[derive(Debug)]
pub struct AccessControl {
    /// The longest prefix first.
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    prefix: UrlPrefix,
    networks: Vec<Network>,
    /// `None` for `Authorization: Bearer`.
    header: Option<HeaderName>,
    secrets: Vec<Secret>,
    referrers: Vec<String>,
    require_referrer: bool,
}

impl Plugin for AccessControl {
    const NAME: &'static str = "accesscontrol";
    const SUMMARY: &'static str = "Decides by prefix which clients may have an image.";
    type Config = Config;

    fn install(config: Config, hooks: &mut Hooks<'_>) -> Result<(), InstallError> {
        let mut rules = Vec::new();
        for (rule, number) in config.rules.into_iter().zip(1_u32..) {
            let rule =
                Rule::new(rule).map_err(|fault| InstallError::setting("rules", format!("rule {number}: {fault}")))?;
            let twice = |known: &Rule| known.prefix.as_str() == rule.prefix.as_str();
            if rules.iter().any(twice) {
                let message = format!("rule {number}: there is a rule for `{}` already", rule.prefix.as_str());
                return Err(InstallError::setting("rules", message));
            }
            rules.push(rule);
        }
        rules.sort_by_key(|rule| std::cmp::Reverse(rule.prefix.as_str().len()));
        hooks.add_authorizer(Arc::new(Self { rules }));
        Ok(())
    }
}

impl Rule {
    fn new(config: RuleConfig) -> Result<Self, String> {
        let header = config.header.as_deref().map(|name| {
            name.parse::<HeaderName>()
                .map_err(|_| format!("`{name}` is no name of a header"))
        });
        if config.header.is_some() && config.secrets.is_empty() {
            return Err("`header` has no `secrets` that it could hold".to_owned());
        }
        if config.secrets.iter().any(|secret| secret.expose().trim().is_empty()) {
            return Err("one of the `secrets` is empty".to_owned());
        }
        if config.require_referrer && config.referrers.is_empty() {
            return Err("`require_referrer` has no `referrers`".to_owned());
        }
        let is_host = |host: &String| {
            let name = host.strip_prefix("*.").unwrap_or(host);
            !name.is_empty() && !name.contains(['/', ':', '*', ' '])
        };
        if let Some(host) = config.referrers.iter().find(|host| !is_host(host)) {
            return Err(format!(
                "`{host}` in `referrers` is no host: write `example.org`, or `*.example.org` for all below it"
            ));
        }
        Ok(Self {
            prefix: config.prefix,
            networks: config.networks,
            header: header.transpose()?,
            secrets: config.secrets,
            referrers: config.referrers,
            require_referrer: config.require_referrer,
        })
    }

    fn allows(&self, request: &ImageRequest) -> bool {
        let client = request.head.client;
        let is_near = |network: &Network| client.is_some_and(|client| network.contains(client));
        (self.networks.is_empty() || self.networks.iter().any(is_near))
            && self.knows_secret(&request.head.headers)
            && self.likes_referrer(&request.head.headers)
    }

    fn knows_secret(&self, headers: &HeaderMap) -> bool {
        if self.secrets.is_empty() {
            return true;
        }
        let given = match &self.header {
            Some(name) => headers.get(name).map(http::HeaderValue::as_bytes),
            None => headers.get(AUTHORIZATION).and_then(|value| {
                let (scheme, token) = value.as_bytes().split_at_checked("bearer ".len())?;
                scheme.eq_ignore_ascii_case(b"bearer ").then_some(token)
            }),
        };
        // Each secret is compared, so that the time tells nothing about the others.
        given.is_some_and(|given| {
            let secrets = self.secrets.iter();
            secrets.fold(false, |found, secret| {
                found | is_same(given, secret.expose().as_bytes())
            })
        })
    }

    fn likes_referrer(&self, headers: &HeaderMap) -> bool {
        if self.referrers.is_empty() {
            return true;
        }
        let Some(referrer) = headers.get(REFERER) else {
            return !self.require_referrer;
        };
        let host = referrer.to_str().ok().and_then(host_of);
        host.is_some_and(|host| self.referrers.iter().any(|known| covers(known, &host)))
    }
}

#[async_trait]
impl Authorizer for AccessControl {
    async fn authorize(&self, request: &ImageRequest) -> Result<(), Error> {
        // Stores differ in what they make of empty segments. So these do not count.
        let has_empty = request.path.contains("//") || request.path.ends_with('/');
        let path = if has_empty {
            let segments = request.path.split('/').filter(|segment| !segment.is_empty());
            Cow::Owned(segments.fold(String::new(), |path, segment| path + "/" + segment))
        } else {
            Cow::Borrowed(request.path.as_str())
        };
        let rule = self.rules.iter().find(|rule| path.starts_with(rule.prefix.as_str()));
        match rule {
            Some(rule) if !rule.allows(request) => {
                Err(Error::new(ErrorKind::Forbidden, "This image is not for this client."))
            }
            _ => Ok(()),
        }
    }
}

/// Compares in the same time wherever the texts of equal length differ.
fn is_same(given: &[u8], secret: &[u8]) -> bool {
    let differences = given.iter().zip(secret).fold(0, |sum, (a, b)| sum | (a ^ b));
    given.len() == secret.len() && std::hint::black_box(differences) == 0
}

/// The host of a URL, in lower case.
fn host_of(url: &str) -> Option<String> {
    let uri: http::Uri = url.parse().ok()?;
    uri.host().map(str::to_ascii_lowercase)
}

/// Whether a host is the known one, or below it where that begins with `*.`.
fn covers(known: &str, host: &str) -> bool {
    let known = known.to_ascii_lowercase();
    match known.strip_prefix('*') {
        Some(ending) => host.ends_with(ending),
        None => host == known,
    }
}
