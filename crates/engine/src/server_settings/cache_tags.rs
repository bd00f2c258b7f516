//! Cache tags: the headers in which a response names its tags to a CDN.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A header that names tags, by which a CDN forgets what carries them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CacheTagHeader {
    /// `Surrogate-Key`, with spaces between tags: Fastly.
    SurrogateKey,
    /// `Cache-Tag`, with commas between tags: Cloudflare.
    CacheTag,
}
