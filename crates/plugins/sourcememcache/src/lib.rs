//! Source cache in memory: the settings of the plugin `sourcememcache`, its registration, and the choice of requests.
//! The cache itself, which survives a reload, is a [`MemoryStore`]. Mirrors ImageResizer's SourceMemCache. The page for
//! operators is `docs.md`.

use std::sync::Arc;

use async_trait::async_trait;
use resizer_memory_store::{Eviction, MemoryStore};
use resizer_plugin_api::{
    ByteSize, Cache, CacheKey, Entry, Error, Hit, Hooks, ImageRequest, InstallError, Plugin, Purge, ResourceKey,
    UrlPrefix, register,
};
use schemars::JsonSchema;
use serde::Deserialize;

register!(SourceMemCache, docs = "../docs.md");

/// The part of `memory_limit` that the cache takes by default, and the most of it.
const MEMORY_PART: u64 = 8;
const MOST_BY_DEFAULT: ByteSize = ByteSize(64 << 20);

/// The settings of one entry.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// How much memory the originals may take, out of `memory_limit` of `[server]`. If it is not set: an eighth of
    /// that, at most `"64MiB"`. An original that is larger than a quarter of it is not kept.
    pub max_size: Option<ByteSize>,
    /// Under which parts of the URL's path originals are kept without being asked to: `["/"]` for all. Elsewhere only
    /// those are kept whose URL says `scache=mem`.
    pub prefixes: Vec<UrlPrefix>,
}

/// Keeps originals in memory.
#[derive(Debug)]
pub struct SourceMemCache;

impl Plugin for SourceMemCache {
    const NAME: &'static str = "sourcememcache";
    const SUMMARY: &'static str = "Keeps originals in memory, bounded by bytes.";
    // `scache` says where an original is kept; by itself it asks for no image to be made, as in ImageResizer.
    type Config = Config;

    fn install(config: Config, hooks: &mut Hooks<'_>) -> Result<(), InstallError> {
        let metrics = hooks.metrics().clone();
        let most = hooks.part_of_memory(MEMORY_PART, MOST_BY_DEFAULT);
        let max_size = config.max_size.unwrap_or(most);
        let claim = hooks.claim("max_size", max_size)?;
        let key = ResourceKey::new(&["originals", &max_size.0.to_string()]);
        let store = hooks.resource(key, || {
            let help = "Bytes of originals in memory.";
            let bytes = metrics.gauge("resizer_sourcememcache_bytes", help, &[]);
            let help = "Originals that gave way to others in memory.";
            let evictions = metrics.counter("resizer_sourcememcache_evictions_total", help, &[]);
            // All sizes of a new photograph are requested shortly after each other, so a new original has to get in,
            // however often others were used.
            Ok(MemoryStore::new(claim, Eviction::LeastRecent, bytes, evictions))
        })?;
        let prefixes = config.prefixes;
        hooks.add_source_cache(Arc::new(Originals { store, prefixes }));
        Ok(())
    }
}

/// The store, for some requests.
struct Originals {
    store: Arc<MemoryStore>,
    prefixes: Vec<UrlPrefix>,
}

#[async_trait]
impl Cache for Originals {
    /// The URL has the last word, where it says something that this server knows.
    fn accepts(&self, request: &ImageRequest) -> bool {
        let said = request.query.get("scache").map(str::to_ascii_lowercase);
        match said.as_deref() {
            Some("mem") => true,
            Some("disk" | "no") => false,
            _ => self
                .prefixes
                .iter()
                .any(|prefix| request.path.starts_with(prefix.as_str())),
        }
    }

    async fn get(&self, key: &CacheKey) -> Result<Option<Hit>, Error> {
        self.store.get(key).await
    }

    async fn put(&self, key: &CacheKey, entry: Entry) -> Result<(), Error> {
        self.store.put(key, entry).await
    }

    async fn purge(&self, purge: &Purge) -> Result<u64, Error> {
        self.store.purge(purge).await
    }
}
