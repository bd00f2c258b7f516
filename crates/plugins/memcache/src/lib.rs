//! A plugin that keeps encoded results in memory: its settings and what it hooks into. `store` is the cache itself, which
//! a reload keeps. It mirrors ImageResizer's MemCache. The page for operators is `docs.md`.

mod store;

use resizer_plugin_api::{ByteSize, Hooks, InstallError, Plugin, ResourceKey, register};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::store::Store;

register!(MemCache, docs = "../docs.md");

/// The part of all memory that is taken by default, and the most of it.
const MEMORY_PART: u64 = 8;
const MOST_BY_DEFAULT: ByteSize = ByteSize(64 << 20);

/// The settings of one entry.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// How much memory the results may take, out of `memory_limit` of `[server]`. If it is not set: an eighth of that, at
    /// most `"64MiB"`.
    pub max_size: Option<ByteSize>,
}

/// Keeps encoded results in memory.
#[derive(Debug)]
pub struct MemCache;

impl Plugin for MemCache {
    const NAME: &'static str = "memcache";
    const SUMMARY: &'static str = "Keeps encoded results in memory, bounded by bytes.";
    type Config = Config;

    fn install(config: Config, hooks: &mut Hooks<'_>) -> Result<(), InstallError> {
        let metrics = hooks.metrics().clone();
        let most = hooks.part_of_memory(MEMORY_PART, MOST_BY_DEFAULT);
        let max_size = config.max_size.unwrap_or(most);
        let claim = hooks.claim("max_size", max_size)?;
        let key = ResourceKey::new(&["results", &max_size.0.to_string()]);
        let store = hooks.resource(key, || Ok(Store::new(claim, &metrics)))?;
        hooks.add_result_cache(store);
        Ok(())
    }
}
