//! Origins of web pages, for CORS.

use schemars::JsonSchema;
use serde::Serialize;

/// A scheme and a host, with a port where it is not the scheme's own, as a browser's `Origin` header has it; or `*`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(into = "String")]
#[schemars(try_from = "String")]
pub struct CorsOrigin(String);

resizer_plugin_api::text_setting!(CorsOrigin, "an origin such as \"https://www.example.org\"");

impl CorsOrigin {
    /// The origin, or `*`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is `*`.
    #[must_use]
    pub fn is_any(&self) -> bool {
        self.0 == "*"
    }
}

impl TryFrom<String> for CorsOrigin {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text == "*" {
            return Ok(Self(text));
        }
        // Browsers send scheme and host in lower case and compare them byte by byte.
        let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let plain = |host: &str| {
            !host.is_empty()
                && host
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-:[]".contains(&b))
        };
        match host {
            Some(host) if plain(host) => Ok(Self(text)),
            _ => Err("an origin is a scheme and a host in lower case without a path, as in \
                      \"https://www.example.org\" or \"http://localhost:3000\", or \"*\""),
        }
    }
}

impl From<CorsOrigin> for String {
    fn from(origin: CorsOrigin) -> Self {
        origin.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origin_of_a_browser_is_valid_and_a_url_is_not() {
        let check =
            |text: &str, valid: bool| assert_eq!(CorsOrigin::try_from(text.to_owned()).is_ok(), valid, "{text}");
        for text in [
            "*",
            "https://www.example.org",
            "http://localhost:3000",
            "http://[::1]:80",
        ] {
            check(text, true);
        }
        for text in [
            "",
            "example.org",
            "https://",
            "https://example.org/",
            "https://Example.org",
            "ftp://example.org",
        ] {
            check(text, false);
        }
    }
}
