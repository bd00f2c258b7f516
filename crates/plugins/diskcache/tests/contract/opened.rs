//! A cache as a server has it: installed from its settings, started, and stopped.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use resizer_diskcache::DiskCache;
use resizer_engine::testing::{Installer, read_body};
use resizer_plugin_api::engine::HookTable;
use resizer_plugin_api::{Cache, CacheKey, Entry, EntryMeta, InstallError, Purge, SourceKey, Validator, Variant};
use tempfile::TempDir;

/// Settings with which every look-up goes to the disk, once the result is there.
pub(crate) const NO_MEMORY: &str = "max_size = '64MiB'\nmemory_tier = '0B'";

/// How long to wait before looking again.
const PAUSE: Duration = Duration::from_millis(10);

/// A cache that was installed and started.
pub(crate) struct Opened {
    table: HookTable,
    pub(crate) installer: Arc<Installer>,
    pub(crate) cache: Arc<dyn Cache>,
}

/// A place for a cache's folder. It goes away when the last cache that used it has written what it had.
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

impl Drop for Folder {
    fn drop(&mut self) {
        let Ok(lock) = fs::File::open(self.path().join("lock")) else {
            return;
        };
        for _ in 0..500 {
            if lock.try_lock().is_ok() {
                return;
            }
            thread::sleep(PAUSE);
        }
    }
}

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
        let settings = format!("folder = {:?}\n{settings}", folder.to_str().unwrap());
        let table = installer.install::<DiskCache>(&settings)?;
        installer.start(&table).await?;
        let cache = Arc::clone(&table.result_caches[0].value);
        Ok(Self {
            table,
            installer: Arc::clone(installer),
            cache,
        })
    }

    /// Waits until nothing waits to be written, as a server does that stops.
    pub(crate) async fn written(&self) {
        for handler in &self.table.on_stop {
            (handler.value)().await.unwrap();
        }
    }

    pub(crate) async fn put(&self, key: &CacheKey, bytes: Vec<u8>) {
        let meta = EntryMeta::new("image/jpeg", key.validator.clone());
        self.cache.put(key, Entry::new(meta, Bytes::from(bytes))).await.unwrap();
    }

    pub(crate) async fn get(&self, key: &CacheKey) -> Option<Vec<u8>> {
        let hit = self.cache.get(key).await.unwrap()?;
        assert_eq!(
            (hit.meta.content_type.as_str(), &hit.meta.validator),
            ("image/jpeg", &key.validator)
        );
        Some(read_body(hit.body).await.unwrap())
    }

    pub(crate) async fn purge(&self, what: Purge) -> u64 {
        self.cache.purge(&what).await.unwrap()
    }

    /// The value of a metric as an operator reads it.
    pub(crate) fn metric(&self, name: &str) -> i64 {
        metric(&self.installer, name)
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

pub(crate) fn metric(installer: &Installer, name: &str) -> i64 {
    let text = installer.metrics.render();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {name} in\n{text}")).parse().unwrap()
}

pub(crate) fn key(number: usize) -> CacheKey {
    CacheKey {
        source: SourceKey::new(format!("file:/{number}.jpg")),
        validator: Validator::new("1"),
        variant: Variant::of(["w=100"]),
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
