//! A cache as a server has it: installed from its settings and started.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use resizer_engine::testing::{Installer, read_body};
use resizer_plugin_api::engine::HookTable;
use resizer_plugin_api::{Cache, CacheKey, Entry, EntryMeta, InstallError, Purge, SourceKey, Validator, Variant};
use resizer_sourcediskcache::SourceDiskCache;
use tempfile::TempDir;

pub(crate) const ROOM: &str = "max_size = '64MiB'";

/// How long to wait before looking again.
const PAUSE: Duration = Duration::from_millis(10);

/// A cache that was installed and started.
pub(crate) struct Opened {
    _table: HookTable,
    pub(crate) installer: Arc<Installer>,
    pub(crate) cache: Arc<dyn Cache>,
}

/// A place for a cache's folder.
pub(crate) struct Folder {
    place: TempDir,
}

impl Folder {
    pub(crate) fn new() -> Self {
        Self {
            place: tempfile::tempdir().unwrap(),
        }
    }

    /// Not made yet, nor is the one above it.
    pub(crate) fn path(&self) -> PathBuf {
        self.place.path().join("made/by-the-cache")
    }
}

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
        let settings = format!("folder = {:?}\n{settings}", folder.to_str().unwrap());
        let table = installer.install::<SourceDiskCache>(&settings)?;
        installer.start(&table).await?;
        let cache = Arc::clone(&table.source_caches[0].value);
        Ok(Self {
            _table: table,
            installer: Arc::clone(installer),
            cache,
        })
    }

    /// Waits until the folder has been looked through.
    pub(crate) async fn ready(&self) {
        self.until("the folder is known", |cache| {
            cache.metric("resizer_sourcediskcache_max_bytes") > 0
        })
        .await;
    }

    pub(crate) async fn put(&self, key: &CacheKey, bytes: impl Into<Bytes>) {
        let meta = EntryMeta::new("application/octet-stream", key.validator.clone());
        let bytes = bytes.into();
        self.cache.put(key, Entry::new(meta, bytes)).await.unwrap();
    }

    pub(crate) async fn get(&self, key: &CacheKey) -> Option<Vec<u8>> {
        let hit = self.cache.get(key).await.unwrap()?;
        assert_eq!(hit.meta.validator, key.validator);
        Some(read_body(hit.body).await.unwrap())
    }

    pub(crate) async fn purge(&self, what: Purge) -> u64 {
        self.cache.purge(&what).await.unwrap()
    }

    /// The value of a metric as an operator reads it.
    pub(crate) fn metric(&self, name: &str) -> i64 {
        let text = self.installer.metrics.render();
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {name} in\n{text}")).parse().unwrap()
    }

    /// Waits until something is so.
    pub(crate) async fn until(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        for _ in 0..2000 {
            if is_so(self) {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
        panic!(
            "it takes too long until {what}; the numbers are\n{}",
            self.installer.metrics.render()
        );
    }
}

pub(crate) fn key(number: usize) -> CacheKey {
    CacheKey {
        source: SourceKey::new(format!("file:/{number}.jpg")),
        validator: Validator::new("1"),
        variant: Variant::of(["relay"]),
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

/// What `du` counts: the blocks of every file and directory.
pub(crate) fn disk_usage(folder: &Path) -> u64 {
    let own = fs::symlink_metadata(folder).unwrap().blocks() * 512;
    let Ok(entries) = fs::read_dir(folder) else { return own };
    own + entries.map(|entry| disk_usage(&entry.unwrap().path())).sum::<u64>()
}
