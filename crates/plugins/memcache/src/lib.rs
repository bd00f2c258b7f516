//! A plugin that keeps encoded results in memory: its settings and what it hooks into. `store` is the cache itself, which
//! a reload keeps. It mirrors ImageResizer's MemCache. The page for operators is `docs.md`.
#![doc = ""]
#![doc = include_str!("../docs.md")]

mod store;

use resizer_plugin_api::{ByteSize, Hooks, InstallError, Plugin, ResourceKey, register};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::store::Store;

register!(MemCache);

/// The settings of one entry.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// How much memory the results may take.
    pub max_size: ByteSize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_size: ByteSize(64 << 20),
        }
    }
}

/// Keeps encoded results in memory.
#[derive(Debug)]
pub struct MemCache;

impl Plugin for MemCache {
    const NAME: &'static str = "memcache";
    const SUMMARY: &'static str = "Keeps encoded results in memory, bounded by bytes.";
    const DOCS: &'static str = include_str!("../docs.md");
    const QUERY_KEYS: &'static [&'static str] = &[];
    type Config = Config;

    fn install(config: Config, hooks: &mut Hooks<'_>) -> Result<(), InstallError> {
        let metrics = hooks.metrics().clone();
        let key = ResourceKey::new(&["results", &config.max_size.0.to_string()]);
        let store = hooks.resource(key, || Ok(Store::new(config.max_size, &metrics)))?;
        hooks.add_result_cache(store);
        Ok(())
    }
}
