//! Result cache on disk: the settings of the plugin `diskcache` and its registration. `cache` is the cache that the
//! engine calls, `write_behind` its queue, `writer` the thread that writes. Mirrors ImageResizer's DiskCache and
//! HybridCache. The page for operators is `docs.md`. Files, their order and their bound are the work of
//! `resizer-disk-store`; the memory tier is `resizer-memory-store`.

mod cache;
mod meta;
mod numbers;
mod write_behind;
mod writer;

use std::path::PathBuf;

use resizer_disk_store::CacheFolder;
use resizer_plugin_api::{ByteSize, Hooks, InstallError, Plugin, ResourceKey, register};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::cache::{FolderCache, Settings};

register!(DiskCache, docs = "../docs.md");

/// Less would be taken by directories for the most part: there are 256 of them, of a block each.
const LEAST_ON_DISK: ByteSize = ByteSize(16 << 20);
/// The part of `memory_limit` that each of the two places in memory takes by default, and the most of it.
const MEMORY_PART: u64 = 16;
const MOST_BY_DEFAULT: ByteSize = ByteSize(32 << 20);
/// Less would not hold one result of the larger sort.
const LEAST_WAITING: ByteSize = ByteSize(1 << 20);

/// The settings of one entry.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The folder for the results; it is created if it does not exist. A relative path starts at the working directory
    /// of the server.
    pub folder: PathBuf,
    /// How much the folder may take on the disk, at least `"16MiB"`. If it is not set: a tenth of the file system, or
    /// half of what is free on it if that is less.
    pub max_size: Option<ByteSize>,
    /// How much memory the results asked for most may take, out of `memory_limit` of `[server]`; `"0B"` for none. If it
    /// is not set: a sixteenth of that, at most `"32MiB"`.
    pub memory_tier: Option<ByteSize>,
    /// How much memory the results that wait to be written may take, out of `memory_limit` of `[server]`, at least
    /// `"1MiB"`. If it is not set: a sixteenth of that, at most `"32MiB"`.
    pub write_behind: Option<ByteSize>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            folder: PathBuf::from("imagecache"),
            max_size: None,
            memory_tier: None,
            write_behind: None,
        }
    }
}

/// Keeps encoded results in a folder.
#[derive(Debug)]
pub struct DiskCache;

impl Plugin for DiskCache {
    const NAME: &'static str = "diskcache";
    const SUMMARY: &'static str = "Keeps encoded results in a folder, bounded by bytes.";
    type Config = Config;

    fn install(config: Config, hooks: &mut Hooks<'_>) -> Result<(), InstallError> {
        let folder = std::path::absolute(&config.folder)
            .map_err(|error| InstallError::setting("folder", format!("this is no path: {error}")))?;
        at_least("max_size", config.max_size.unwrap_or(LEAST_ON_DISK), LEAST_ON_DISK)?;
        let by_default = hooks.part_of_memory(MEMORY_PART, MOST_BY_DEFAULT);
        let memory_tier = config.memory_tier.unwrap_or(by_default);
        let write_behind = config.write_behind.unwrap_or(by_default.max(LEAST_WAITING));
        at_least("write_behind", write_behind, LEAST_WAITING)?;
        let key = ResourceKey::new(&[
            &folder.to_string_lossy(),
            &config.max_size.map_or_else(String::new, |size| size.to_string()),
            &memory_tier.to_string(),
            &write_behind.to_string(),
        ]);
        let memory_tier = hooks.claim("memory_tier", memory_tier)?;
        let settings = Settings {
            folder: CacheFolder::new(folder, config.max_size.map(|size| size.0), None),
            write_behind: hooks.claim("write_behind", write_behind)?,
            index: hooks.claim_as_it_grows("index"),
        };
        let metrics = hooks.metrics().clone();
        let cache = hooks.resource(key, || FolderCache::new(settings, memory_tier, &metrics))?;
        hooks.on_start(&cache, FolderCache::start);
        hooks.on_connect(&cache, FolderCache::connect);
        hooks.on_stop(&cache, FolderCache::stop);
        hooks.add_result_cache(cache);
        Ok(())
    }
}

fn at_least(setting: &'static str, size: ByteSize, least: ByteSize) -> Result<(), InstallError> {
    if size < least {
        return Err(InstallError::setting(
            setting,
            format!("{size} is too little to work with; give it {least} or more"),
        ));
    }
    Ok(())
}
