//! A plugin that keeps encoded results in a folder: its settings and what it hooks into. It mirrors ImageResizer's
//! DiskCache and HybridCache. `cache` is what the engine calls, `memory` and `write_behind` are what stands before the
//! disk, `writer` is the thread that writes. The page for operators is `docs.md`. Files, their order and their bound are
//! the work of `resizer-disk-store`.
#![doc = ""]
#![doc = include_str!("../docs.md")]

mod cache;
mod memory;
mod meta;
mod numbers;
mod write_behind;
mod writer;

use std::path::PathBuf;

use resizer_plugin_api::{ByteSize, Hooks, InstallError, Plugin, ResourceKey, register};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::cache::{FolderCache, Settings};

register!(DiskCache);

/// Less would be taken by directories for the most part: there are 256 of them, of a block each.
const LEAST_ON_DISK: ByteSize = ByteSize(16 << 20);
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
    /// How much memory the results asked for most may take; `"0B"` for none.
    pub memory_tier: ByteSize,
    /// How much memory the results that wait to be written may take, at least `"1MiB"`.
    pub write_behind: ByteSize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            folder: PathBuf::from("imagecache"),
            max_size: None,
            memory_tier: ByteSize(32 << 20),
            write_behind: ByteSize(32 << 20),
        }
    }
}

/// Keeps encoded results in a folder.
#[derive(Debug)]
pub struct DiskCache;

impl Plugin for DiskCache {
    const NAME: &'static str = "diskcache";
    const SUMMARY: &'static str = "Keeps encoded results in a folder, bounded by bytes.";
    const DOCS: &'static str = include_str!("../docs.md");
    const QUERY_KEYS: &'static [&'static str] = &[];
    type Config = Config;

    fn install(config: Config, hooks: &mut Hooks<'_>) -> Result<(), InstallError> {
        let folder = std::path::absolute(&config.folder)
            .map_err(|error| InstallError::setting("folder", format!("this is no path: {error}")))?;
        at_least("max_size", config.max_size.unwrap_or(LEAST_ON_DISK), LEAST_ON_DISK)?;
        at_least("write_behind", config.write_behind, LEAST_WAITING)?;
        let key = ResourceKey::new(&[
            &folder.to_string_lossy(),
            &config.max_size.map_or_else(String::new, |size| size.to_string()),
            &config.memory_tier.to_string(),
            &config.write_behind.to_string(),
        ]);
        let settings = Settings {
            folder,
            max_size: config.max_size,
            memory_tier: config.memory_tier,
            write_behind: config.write_behind,
        };
        let metrics = hooks.metrics().clone();
        let cache = hooks.resource(key, || FolderCache::new(settings, &metrics))?;
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
