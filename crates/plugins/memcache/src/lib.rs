//! Result cache in memory: the settings of the plugin `memcache` and its registration. The cache itself, which survives
//! a reload, is a [`MemoryStore`]. Mirrors ImageResizer's MemCache. The page for operators is `docs.md`.

use resizer_memory_store::{Eviction, MemoryStore};
use resizer_plugin_api::{ByteSize, Hooks, InstallError, Plugin, ResourceKey, register};
use schemars::JsonSchema;
use serde::Deserialize;

register!(MemCache, docs = "../docs.md");

/// The part of `memory_limit` that the cache takes by default, and the most of it.
const MEMORY_PART: u64 = 8;
const MOST_BY_DEFAULT: ByteSize = ByteSize(64 << 20);

/// The settings of one entry.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// How much memory the results may take, out of `memory_limit` of `[server]`. If it is not set: an eighth of that,
    /// at most `"64MiB"`.
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
        let store = hooks.resource(key, || {
            let bytes = metrics.gauge("resizer_memcache_bytes", "Bytes of results in memory.", &[]);
            let help = "Results that gave way to others in memory.";
            let evictions = metrics.counter("resizer_memcache_evictions_total", help, &[]);
            Ok(MemoryStore::new(claim, Eviction::LeastFrequent, bytes, evictions))
        })?;
        hooks.add_result_cache(store);
        Ok(())
    }
}
