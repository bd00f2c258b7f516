//! A plugin that keeps originals in memory: its settings, what it hooks into, and which requests it has to do with.
//! `store` is the cache itself, which a reload keeps. It mirrors ImageResizer's SourceMemCache. The page for operators is
//! `docs.md`.

mod store;

use std::sync::Arc;

use async_trait::async_trait;
use resizer_plugin_api::{
    ByteSize, Cache, CacheKey, Entry, Error, Hit, Hooks, ImageRequest, InstallError, Plugin, Purge, ResourceKey,
    UrlPrefix, register,
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::store::Store;

register!(SourceMemCache, docs = "../docs.md");

/// The part of all memory that is taken by default, and the most of it.
const MEMORY_PART: u64 = 8;
const MOST_BY_DEFAULT: ByteSize = ByteSize(64 << 20);

/// The settings of one entry.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// How much memory the originals may take, out of `memory_limit` of `[server]`. If it is not set: an eighth of that, at
    /// most `"64MiB"`. An original that is larger than a quarter of it is not kept.
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
        let store = hooks.resource(key, || Ok(Store::new(claim, &metrics)))?;
        let prefixes = config.prefixes;
        hooks.add_source_cache(Arc::new(Originals { store, prefixes }));
        Ok(())
    }
}

/// The store, for some requests.
struct Originals {
    store: Arc<Store>,
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
        Ok(self.store.get(key))
    }

    async fn put(&self, key: &CacheKey, entry: Entry) -> Result<(), Error> {
        self.store.put(key, &entry);
        Ok(())
    }

    async fn purge(&self, what: &Purge) -> Result<u64, Error> {
        Ok(self.store.purge(what))
    }
}
