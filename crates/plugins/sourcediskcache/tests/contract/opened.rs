//! A source cache as a server has it, originals for it, and the files in its folder.

use std::fs;
use std::ops::Deref;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use resizer_engine::testing::{Installer, OpenedCache};
use resizer_plugin_api::InstallError;
use resizer_sourcediskcache::SourceDiskCache;

pub(crate) use resizer_engine::testing::{TemporaryFolder as Folder, numbered_key as key};

pub(crate) const ROOM: &str = "max_size = '64MiB'";

/// A cache that was installed and started.
pub(crate) struct Opened(OpenedCache);

impl Opened {
    /// In a process of its own, so to speak, once it has looked the folder through.
    pub(crate) async fn start(folder: &Path, settings: &str) -> Self {
        let opened = Self::begin(folder, settings).await;
        opened.ready().await;
        opened
    }

    /// As [`Opened::start`], without waiting.
    pub(crate) async fn begin(folder: &Path, settings: &str) -> Self {
        Self::reload(&Arc::default(), folder, settings).await.unwrap()
    }

    /// In a process that has read settings for such a cache before.
    pub(crate) async fn reload(
        installer: &Arc<Installer>,
        folder: &Path,
        settings: &str,
    ) -> Result<Self, InstallError> {
        let opened = OpenedCache::start::<SourceDiskCache>(installer, folder, settings).await?;
        Ok(Self(opened))
    }

    /// Waits until the folder has been looked through.
    pub(crate) async fn ready(&self) {
        let is_known = |cache: &OpenedCache| cache.metric("resizer_sourcediskcache_max_bytes") > 0;
        self.until("the folder is known", is_known).await;
    }
}

impl Deref for Opened {
    type Target = OpenedCache;

    fn deref(&self) -> &OpenedCache {
        &self.0
    }
}

/// Bytes that no other number has, in pieces that all differ.
pub(crate) fn original(number: usize, length: usize) -> Vec<u8> {
    let mut bytes = vec![number as u8; length];
    for (place, piece) in bytes.chunks_mut(1000).enumerate() {
        let words = [number as u64, place as u64].map(u64::to_le_bytes).concat();
        let most = piece.len().min(words.len());
        piece[..most].copy_from_slice(&words[..most]);
    }
    bytes
}

/// The files of originals' contents.
pub(crate) fn contents(folder: &Path) -> Vec<PathBuf> {
    files(&folder.join("content/content-v2"))
}

/// Every file below a folder.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .collect()
}

/// The bytes that `du` counts: the blocks of every file and directory.
pub(crate) fn disk_usage(folder: &Path) -> u64 {
    let own = fs::symlink_metadata(folder).unwrap().blocks() * 512;
    let Ok(entries) = fs::read_dir(folder) else { return own };
    own + entries.map(|entry| disk_usage(&entry.unwrap().path())).sum::<u64>()
}
