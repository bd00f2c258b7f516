//! Extra response headers: names and values that the operator adds to every response.

use std::cmp::Ordering;

use http::{HeaderName, HeaderValue};
use schemars::JsonSchema;
use serde::Serialize;

/// The name of an extra header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(into = "String")]
#[schemars(try_from = "String")]
pub struct ExtraHeaderName(HeaderName);

/// The value of an extra header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(into = "String")]
#[schemars(try_from = "String")]
pub struct ExtraHeaderValue(HeaderValue);

/// Headers that the server sets itself, because they frame or describe one response.
const OWN: [&str; 18] = [
    "access-control-allow-origin",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-range",
    "content-security-policy",
    "content-type",
    "date",
    "etag",
    "keep-alive",
    "last-modified",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "vary",
    "x-content-type-options",
];

resizer_plugin_api::text_setting!(ExtraHeaderName, "a header name");
resizer_plugin_api::text_setting!(ExtraHeaderValue, "a string");

impl ExtraHeaderName {
    /// The name.
    #[must_use]
    pub fn name(&self) -> &HeaderName {
        &self.0
    }
}

impl ExtraHeaderValue {
    /// The value.
    #[must_use]
    pub fn value(&self) -> &HeaderValue {
        &self.0
    }
}

impl PartialOrd for ExtraHeaderName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ExtraHeaderName {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.as_str().cmp(other.0.as_str())
    }
}

impl TryFrom<String> for ExtraHeaderName {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let name =
            HeaderName::try_from(text).map_err(|_| "this is not a header name, which is letters, digits and -")?;
        if OWN.contains(&name.as_str()) {
            return Err("the server sets this header itself");
        }
        Ok(Self(name))
    }
}

impl TryFrom<String> for ExtraHeaderValue {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let visible = text.bytes().all(|byte| matches!(byte, b'\t' | b' '..=b'~'));
        match HeaderValue::try_from(text) {
            Ok(value) if visible => Ok(Self(value)),
            _ => Err("a header value is plain ASCII on one line"),
        }
    }
}

impl From<ExtraHeaderName> for String {
    fn from(name: ExtraHeaderName) -> Self {
        name.0.as_str().to_owned()
    }
}

impl From<ExtraHeaderValue> for String {
    fn from(value: ExtraHeaderValue) -> Self {
        // Checked to be ASCII above, so nothing is lost.
        String::from_utf8_lossy(value.0.as_bytes()).into_owned()
    }
}
