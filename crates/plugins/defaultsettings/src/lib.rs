//! Default settings plugin: gives URLs without a `scale` one, by the kind of size that they ask for. It mirrors
//! ImageResizer's DefaultSettings. The page for operators is `docs.md`.
//!
//! Other defaults are `default_commands` of `[server]`, which needs no plugin.

use std::sync::Arc;

use resizer_plugin_api::imaging::is_same_key;
use resizer_plugin_api::{Flow, HookResult, Hooks, InstallError, Plugin, RewriteEvent, register};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

register!(DefaultSettings, docs = "../docs.md");

/// The settings of one entry.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The scale where a width or a height is asked for.
    pub explicit_size_scale_mode: ScaleMode,
    /// The scale where only a greatest width or height is asked for, or `mode=max`.
    pub max_size_scale_mode: ScaleMode,
}

/// A value of `scale`; ImageResizer's names are understood too.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ScaleMode {
    /// Images only become smaller, as without this plugin.
    #[default]
    #[serde(alias = "DownscaleOnly", alias = "downscaleonly")]
    Down,
    /// Images only become larger.
    #[serde(alias = "UpscaleOnly", alias = "upscaleonly")]
    Up,
    /// Images become smaller or larger.
    #[serde(alias = "Both")]
    Both,
    /// Images become smaller. Small ones get a larger canvas.
    #[serde(alias = "UpscaleCanvas", alias = "upscalecanvas")]
    Canvas,
}

impl ScaleMode {
    const fn value(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::Up => "up",
            Self::Both => "both",
            Self::Canvas => "canvas",
        }
    }
}

/// Adds `scale`.
#[derive(Debug)]
pub struct DefaultSettings(Config);

impl Plugin for DefaultSettings {
    const NAME: &'static str = "defaultsettings";
    const SUMMARY: &'static str = "Decides whether images are enlarged where the URL does not say.";
    type Config = Config;

    fn install(config: Config, hooks: &mut Hooks<'_>) -> Result<(), InstallError> {
        let plugin = Arc::new(Self(config));
        hooks.on_post_rewrite(&plugin, Self::add_scale);
        Ok(())
    }
}

impl DefaultSettings {
    /// Runs last, so that the sizes of presets and defaults count as those of the URL do.
    fn add_scale(&self, event: &mut RewriteEvent<'_>) -> HookResult {
        let (mut exact, mut most) = (false, false);
        for (key, _) in event.query.iter().filter(|(_, value)| !value.trim().is_empty()) {
            let is = |known: &str| is_same_key(key, known);
            if is("width") || is("height") {
                exact = true;
            } else if is("maxwidth") || is("maxheight") {
                most = true;
            } else if is("scale") {
                return Ok(Flow::Continue);
            }
        }
        let is_max = event
            .query
            .get("mode")
            .is_some_and(|mode| mode.eq_ignore_ascii_case("max"));
        let mode = match (exact, is_max, most) {
            (true, false, _) => self.0.explicit_size_scale_mode,
            (true, true, _) | (false, _, true) => self.0.max_size_scale_mode,
            (false, _, false) => return Ok(Flow::Continue),
        };
        event.query.set("scale", mode.value());
        Ok(Flow::Continue)
    }
}
