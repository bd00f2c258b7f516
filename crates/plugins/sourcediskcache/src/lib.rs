//! Source cache on disk: the settings of the plugin `sourcediskcache`, its registration, and the choice of requests.
//! `cache` is the cache that the engine calls, `contents` the files of the originals, `reading` their reader, `named`
//! the record that a key leads to, `opening` the start. Mirrors ImageResizer's SourceDiskCache. The page for operators
//! is `docs.md`. The keys, their order and the bound are the work of `resizer-disk-store`.

mod cache;
mod contents;
mod named;
mod numbers;
mod opening;
mod reading;

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use resizer_plugin_api::{
    ByteSize, Cache, CacheKey, Entry, Error, Hit, Hooks, ImageRequest, InstallError, Plugin, Purge, ResourceKey,
    UrlPrefix, register,
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::cache::{FolderCache, Settings};

register!(SourceDiskCache, docs = "../docs.md");

/// Less would not hold one photograph of the larger sort: a quarter is the most for one.
const LEAST: ByteSize = ByteSize(16 << 20);

/// The settings of one entry.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The folder for the originals; it is created if it does not exist. A relative path starts at the working
    /// directory of the server.
    pub folder: PathBuf,
    /// How much the folder may take on the disk, at least `"16MiB"`. If it is not set: a tenth of the file system, or
    /// half of what is free on it if that is less. An original that is larger than a quarter of it is not kept.
    pub max_size: Option<ByteSize>,
    /// Under which parts of the URL's path originals are kept without being asked to: `["/"]` for all. Elsewhere only
    /// those are kept whose URL says `scache=disk`.
    pub prefixes: Vec<UrlPrefix>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            folder: PathBuf::from("sourcecache"),
            max_size: None,
            prefixes: Vec::new(),
        }
    }
}

/// Keeps originals in a folder.
#[derive(Debug)]
pub struct SourceDiskCache;

impl Plugin for SourceDiskCache {
    const NAME: &'static str = "sourcediskcache";
    const SUMMARY: &'static str = "Keeps originals in a folder, bounded by bytes.";
    // `scache` says where an original is kept; by itself it asks for no image to be made, as in ImageResizer.
    type Config = Config;

    fn install(config: Config, hooks: &mut Hooks<'_>) -> Result<(), InstallError> {
        let folder = std::path::absolute(&config.folder)
            .map_err(|error| InstallError::setting("folder", format!("this is no path: {error}")))?;
        if let Some(size) = config.max_size.filter(|size| *size < LEAST) {
            let message = format!("{size} is too little to work with; give it {LEAST} or more");
            return Err(InstallError::setting("max_size", message));
        }
        let size = config.max_size.map_or_else(String::new, |size| size.to_string());
        let key = ResourceKey::new(&[&folder.to_string_lossy(), &size]);
        let settings = Settings {
            folder,
            max_size: config.max_size,
            index: hooks.claim_as_it_grows("index"),
        };
        let metrics = hooks.metrics().clone();
        let cache = hooks.resource(key, || FolderCache::new(settings, &metrics))?;
        hooks.on_start(&cache, FolderCache::start);
        hooks.on_connect(&cache, FolderCache::connect);
        let prefixes = config.prefixes;
        hooks.add_source_cache(Arc::new(Originals { cache, prefixes }));
        Ok(())
    }
}

/// The cache, for some requests.
struct Originals {
    cache: Arc<FolderCache>,
    prefixes: Vec<UrlPrefix>,
}

#[async_trait]
impl Cache for Originals {
    /// The URL has the last word, where it says something that this server knows.
    fn accepts(&self, request: &ImageRequest) -> bool {
        let said = request.query.get("scache").map(str::to_ascii_lowercase);
        match said.as_deref() {
            Some("disk") => true,
            Some("mem" | "no") => false,
            _ => self
                .prefixes
                .iter()
                .any(|prefix| request.path.starts_with(prefix.as_str())),
        }
    }

    async fn get(&self, key: &CacheKey) -> Result<Option<Hit>, Error> {
        self.cache.get(key).await
    }

    async fn put(&self, key: &CacheKey, entry: Entry) -> Result<(), Error> {
        self.cache.put(key, entry).await
    }

    async fn purge(&self, what: &Purge) -> Result<u64, Error> {
        self.cache.purge(what).await
    }
}
