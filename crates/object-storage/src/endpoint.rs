//! Endpoint: the address of a store in the settings.

use std::fmt;

use resizer_plugin_api::text_setting;
use schemars::JsonSchema;
use url::{Host, Url};

/// The base URL of a store: scheme, host, optional port and path, never a user, a password or a query.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(inline, try_from = "String")]
pub struct Endpoint(String);

text_setting!(Endpoint, "an endpoint such as \"https://storage.example.com\"");

/// The reason why a text is no endpoint. It does not repeat the text, which may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// It is not a URL, or has another scheme.
    #[error("an endpoint is a URL such as \"https://storage.example.com\" or \"http://127.0.0.1:9000\"")]
    NoUrl,
    /// It has a user, a password, a query or a fragment.
    #[error("an endpoint has no user, no password, no query and no fragment; credentials have settings of their own")]
    TooMuch,
}

impl Endpoint {
    /// The URL without a trailing slash.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the connection is unencrypted HTTP.
    #[must_use]
    pub fn is_http(&self) -> bool {
        self.0.starts_with("http:")
    }

    /// The endpoint with a bucket's name before its host. `None` if the host is an IP address. `None` also for a name
    /// with capital letters: host names ignore case, so it would be another bucket.
    #[must_use]
    pub fn with_subdomain(&self, name: &str) -> Option<Self> {
        let url = Url::parse(&self.0).ok()?;
        let (scheme, rest) = self.0.split_once("://")?;
        let fits = matches!(url.host()?, Host::Domain(_)) && !name.contains(|c: char| c.is_ascii_uppercase());
        fits.then(|| Self(format!("{scheme}://{name}.{rest}")))
    }
}

impl TryFrom<String> for Endpoint {
    type Error = EndpointError;

    fn try_from(text: String) -> Result<Self, EndpointError> {
        let url = Url::parse(text.trim()).map_err(|_| EndpointError::NoUrl)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(EndpointError::NoUrl);
        }
        let bare = url.username().is_empty() && url.password().is_none();
        if !bare || url.query().is_some() || url.fragment().is_some() {
            return Err(EndpointError::TooMuch);
        }
        Ok(Self(url.as_str().trim_end_matches('/').to_owned()))
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoint_is_parsed_or_refused() {
        let check = |text: &str, expected: Result<&str, EndpointError>| {
            let parsed = Endpoint::try_from(text.to_owned());
            assert_eq!(
                parsed.as_ref().map(Endpoint::as_str),
                expected.as_ref().copied(),
                "{text}"
            );
        };
        check("https://minio.example:9000/", Ok("https://minio.example:9000"));
        check("http://127.0.0.1:10000/account", Ok("http://127.0.0.1:10000/account"));
        check("HTTPS://Example.COM", Ok("https://example.com"));
        for text in ["", "minio:9000", "minio.example", "ftp://a", "s3://bucket"] {
            check(text, Err(EndpointError::NoUrl));
        }
        for text in ["https://id:key@a", "https://a/?sig=x", "https://a#b"] {
            check(text, Err(EndpointError::TooMuch));
        }
    }

    #[test]
    fn bucket_goes_before_a_host_name_but_not_before_an_address() {
        let check = |text: &str, name: &str, expected: Option<&str>| {
            let endpoint = Endpoint::try_from(text.to_owned()).unwrap();
            let found = endpoint.with_subdomain(name);
            assert_eq!(found.as_ref().map(Endpoint::as_str), expected, "{text} {name}");
        };
        let named = "https://s3.example.com:9000";
        check(named, "photos", Some("https://photos.s3.example.com:9000"));
        check(named, "Photos", None);
        check("http://127.0.0.1:9000", "photos", None);
        check("http://[::1]:9000", "photos", None);
    }
}
