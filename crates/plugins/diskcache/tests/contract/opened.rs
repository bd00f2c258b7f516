//! A disk cache as a server has it, and the files in its folder.

use std::fs;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use resizer_diskcache::DiskCache;
use resizer_engine::testing::{Installer, OpenedCache};
use resizer_plugin_api::InstallError;

pub(crate) use resizer_engine::testing::{TemporaryFolder as Folder, numbered_key as key};

/// Settings with which every look-up goes to the disk, once the result is there.
pub(crate) const NO_MEMORY: &str = "max_size = '64MiB'\nmemory_tier = '0B'";

/// A cache that was installed and started.
pub(crate) struct Opened(OpenedCache);

impl Opened {
    /// In a process of its own, so to speak.
    pub(crate) async fn start(folder: &Path, settings: &str) -> Self {
        Self::reload(&Arc::default(), folder, settings).await.unwrap()
    }

    /// In a process that has read settings for such a cache before.
    pub(crate) async fn reload(
        installer: &Arc<Installer>,
        folder: &Path,
        settings: &str,
    ) -> Result<Self, InstallError> {
        OpenedCache::start::<DiskCache>(installer, folder, settings)
            .await
            .map(Self)
    }

    /// Waits until nothing waits to be written.
    pub(crate) async fn written(&self) {
        self.stop().await;
    }
}

impl Deref for Opened {
    type Target = OpenedCache;

    fn deref(&self) -> &OpenedCache {
        &self.0
    }
}

/// The files of results.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let directories = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir());
    let all = directories.flat_map(|directory| fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()));
    all.collect()
}
