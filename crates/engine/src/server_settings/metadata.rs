//! Setting of copied metadata: whether the query decides, or the server.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether a result carries the metadata of its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CopyMetadata {
    /// Where the query asks for it.
    AsAsked,
    /// In each result.
    Always,
    /// In no result.
    Never,
}
