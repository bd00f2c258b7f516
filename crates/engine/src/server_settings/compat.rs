//! Setting of compatibility: whose rules hold where ImageResizer makes other pixels of a querystring.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whose rules hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Compat {
    /// This server's own rules.
    #[default]
    None,
    /// The rules of ImageResizer 4.
    ImageResizer4,
}

impl From<Compat> for resizer_imaging::Compat {
    fn from(compat: Compat) -> Self {
        match compat {
            Compat::None => Self::None,
            Compat::ImageResizer4 => Self::ImageResizer4,
        }
    }
}
