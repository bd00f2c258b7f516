//! Size limiting plugin: bounds the size of every result, whatever its URL asks for. It mirrors ImageResizer's
//! SizeLimiting. The page for operators is `docs.md`.
//!
//! Layout and plan of imaging carry the bounds out. The limits that protect the server itself are settings of
//! `[server]`.

use std::num::NonZeroU32;
use std::sync::Arc;

use resizer_plugin_api::imaging::SizeLimits;
use resizer_plugin_api::{Flow, HookResult, Hooks, InstallError, Plugin, RewriteEvent, register};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

register!(SizeLimiting, docs = "../docs.md");

/// The settings of one entry.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The most pixels across that an image may have, with the area that it is padded to, before borders and turning.
    /// A larger image is shrunk. 0 is no limit.
    pub image_width: u32,
    /// The same downwards.
    pub image_height: u32,
    /// The most pixels across that a whole result may have.
    pub total_width: u32,
    /// The same downwards.
    pub total_height: u32,
    /// The answer to a URL whose result would be larger than the total.
    pub total_behavior: TotalBehavior,
}

/// The answer to a result beyond the total; ImageResizer's names are understood too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TotalBehavior {
    /// It is refused with 422.
    #[default]
    #[serde(alias = "throwexception", alias = "ThrowException")]
    Refuse,
    /// It is served: the total is no limit.
    #[serde(alias = "ignorelimits", alias = "IgnoreLimits")]
    Ignore,
}

impl Default for Config {
    fn default() -> Self {
        /// ImageResizer's.
        const TOTAL_SIDE: u32 = 3200;
        Self {
            image_width: 0,
            image_height: 0,
            total_width: TOTAL_SIDE,
            total_height: TOTAL_SIDE,
            total_behavior: TotalBehavior::Refuse,
        }
    }
}

/// Limits the size of results.
#[derive(Debug)]
pub struct SizeLimiting(SizeLimits);

impl Plugin for SizeLimiting {
    const NAME: &'static str = "sizelimiting";
    const SUMMARY: &'static str = "Limits the size of results, whatever the URL asks for.";
    type Config = Config;

    fn install(config: Config, hooks: &mut Hooks<'_>) -> Result<(), InstallError> {
        let total = |setting: &'static str, side: u32| match (config.total_behavior, NonZeroU32::new(side)) {
            (TotalBehavior::Ignore, _) => Ok(None),
            (TotalBehavior::Refuse, Some(side)) => Ok(Some(side)),
            (TotalBehavior::Refuse, None) => {
                let message = "0 would refuse every image; for no limit write `total_behavior = \"ignore\"`";
                Err(InstallError::setting(setting, message))
            }
        };
        let plugin = Arc::new(Self(SizeLimits {
            image_width: NonZeroU32::new(config.image_width),
            image_height: NonZeroU32::new(config.image_height),
            total_width: total("total_width", config.total_width)?,
            total_height: total("total_height", config.total_height)?,
        }));
        hooks.on_post_rewrite(&plugin, Self::limit);
        Ok(())
    }
}

impl SizeLimiting {
    fn limit(&self, event: &mut RewriteEvent<'_>) -> HookResult {
        event.limit_size(self.0);
        Ok(Flow::Continue)
    }
}
