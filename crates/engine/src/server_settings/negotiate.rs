//! Setting of negotiated formats: whether the query decides, or the server.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// For which images the format is negotiated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Negotiate {
    /// Where the query asks for it.
    AsAsked,
    /// Wherever the query names no format.
    Always,
    /// Nowhere.
    Never,
}
