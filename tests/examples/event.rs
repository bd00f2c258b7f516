//! Event plugin: lets a link ask the browser to save the image, as in `lake.jpg?width=800&download=true`.

use std::sync::Arc;

use resizer_plugin_api::http::header::{CONTENT_DISPOSITION, HeaderValue};
use resizer_plugin_api::schemars::JsonSchema;
use resizer_plugin_api::serde::Deserialize;
use resizer_plugin_api::{Flow, HookResult, Hooks, InstallError, Plugin, PreHandleEvent, register};

register!(SaveAs);

/// The settings of one entry.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(crate = "resizer_plugin_api::serde", default, deny_unknown_fields)]
#[schemars(crate = "resizer_plugin_api::schemars")]
pub struct Config {
    /// The query key that asks for it.
    pub key: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            key: "download".to_owned(),
        }
    }
}

/// Marks images to be saved.
#[derive(Debug)]
pub struct SaveAs {
    key: String,
}

impl Plugin for SaveAs {
    const NAME: &'static str = "saveas";
    const SUMMARY: &'static str = "Lets a link ask the browser to save the image.";
    type Config = Config;

    fn install(config: Config, hooks: &mut Hooks<'_>) -> Result<(), InstallError> {
        let plugin = Arc::new(Self { key: config.key });
        hooks.on_pre_handle(&plugin, Self::mark);
        Ok(())
    }
}

impl SaveAs {
    fn mark(&self, event: &mut PreHandleEvent<'_>) -> HookResult {
        if event.request.query.contains(&self.key) {
            let value = HeaderValue::from_static("attachment");
            event.headers().insert(CONTENT_DISPOSITION, value);
        }
        Ok(Flow::Continue)
    }
}
