//! Opened cache: a cache plugin as a server has it, installed from its settings and started, with numbered keys for its
//! tests; and the folders that every cache on disk has to refuse.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a suite fails by panicking and may wait for the disk"
)]

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use resizer_plugin_api::engine::HookTable;
use resizer_plugin_api::{
    Cache, CacheKey, Entry, EntryMeta, InstallError, Plugin, Purge, SourceKey, Validator, Variant,
};
use tempfile::TempDir;

use super::{Installer, fail, read_body};

/// How long to wait before looking again.
const PAUSE: Duration = Duration::from_millis(10);

/// A cache that was installed, and started if it has a folder.
#[expect(missing_debug_implementations, reason = "a cache has no text")]
pub struct OpenedCache {
    table: HookTable,
    /// The installer of the cache, which may install it again as a reload does.
    pub installer: Arc<Installer>,
    /// The one cache that the plugin added, of results or of originals.
    pub cache: Arc<dyn Cache>,
}

impl OpenedCache {
    /// Installs a cache that needs no start.
    ///
    /// # Errors
    /// The settings are refused.
    pub fn install<P: Plugin>(installer: &Arc<Installer>, settings: &str) -> Result<Self, InstallError> {
        let table = installer.install::<P>(settings)?;
        let caches: Vec<_> = table.result_caches.iter().chain(&table.source_caches).collect();
        let [cache] = &caches[..] else {
            fail("a cache plugin adds one cache");
        };
        Ok(Self {
            cache: Arc::clone(&cache.value),
            installer: Arc::clone(installer),
            table,
        })
    }

    /// Installs a cache that keeps its entries in this folder, and starts it.
    ///
    /// # Errors
    /// The settings are refused, or the folder cannot be used.
    pub async fn start<P: Plugin>(
        installer: &Arc<Installer>,
        folder: &Path,
        settings: &str,
    ) -> Result<Self, InstallError> {
        let settings = format!("folder = {:?}\n{settings}", folder.to_str().unwrap());
        let opened = Self::install::<P>(installer, &settings)?;
        installer.start(&opened.table).await?;
        Ok(opened)
    }

    /// Runs every `on_stop`, as a server does that stops: nothing waits to be written afterwards.
    pub async fn stop(&self) {
        for handler in &self.table.on_stop {
            (handler.value)().await.unwrap();
        }
    }

    /// Puts these bytes under a key, as a JPEG.
    pub async fn put(&self, key: &CacheKey, bytes: impl Into<Bytes>) {
        let meta = EntryMeta::new("image/jpeg", key.validator.clone());
        let bytes = bytes.into();
        self.cache.put(key, Entry::new(meta, bytes)).await.unwrap();
    }

    /// The bytes under a key, after a look at what is kept beside them.
    pub async fn get(&self, key: &CacheKey) -> Option<Vec<u8>> {
        let hit = self.cache.get(key).await.unwrap()?;
        let beside = (hit.meta.content_type.as_str(), &hit.meta.validator);
        assert_eq!(beside, ("image/jpeg", &key.validator));
        Some(read_body(hit.body).await.unwrap())
    }

    /// Purges, and tells how many entries that dropped.
    pub async fn purge(&self, purge: Purge) -> u64 {
        self.cache.purge(&purge).await.unwrap()
    }

    /// The value of a metric as an operator reads it.
    #[must_use]
    pub fn metric(&self, name: &str) -> i64 {
        self.installer.metric(name)
    }

    /// Waits until something is so, for twenty seconds at most.
    pub async fn until(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        for _ in 0..2000 {
            if is_so(self) {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
        let numbers = self.installer.metrics.render();
        panic!("it takes too long until {what}; the numbers are\n{numbers}");
    }
}

impl Installer {
    /// The value of a metric as an operator reads it.
    #[must_use]
    pub fn metric(&self, name: &str) -> i64 {
        let text = self.metrics.render();
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {name} in\n{text}")).parse().unwrap()
    }
}

/// A key that no other number has.
#[must_use]
pub fn numbered_key(number: usize) -> CacheKey {
    CacheKey {
        source: SourceKey::new(format!("file:/{number}.jpg")),
        validator: Validator::new("1"),
        variant: Variant::of(["w=100"]),
    }
}

/// A place for the folder of a cache. When dropped it waits until the last cache that used it has written what it had.
#[derive(Debug)]
pub struct TemporaryFolder(TempDir);

impl TemporaryFolder {
    /// An empty place.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "it touches the disk")]
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// The folder, which does not exist yet, nor does the one above it.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.0.path().join("made/by-the-cache")
    }
}

impl Drop for TemporaryFolder {
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

/// Folders for the caches that one suite opens, each of its own; they last as long as this.
#[derive(Debug, Default)]
pub struct TemporaryFolders(Mutex<Vec<TemporaryFolder>>);

impl TemporaryFolders {
    /// The next folder.
    #[must_use]
    pub fn next(&self) -> PathBuf {
        let folder = TemporaryFolder::new();
        let path = folder.path();
        self.0.lock().push(folder);
        path
    }
}

/// Suite of a cache's folder: a path with a file in its way is refused, and so is a folder that this user may not write
/// to. `test` is the full name of the test that calls this. Root may write anywhere, so as root that test runs once
/// more, as nobody.
pub fn unusable_folders_are_refused<P: Plugin>(test: &str) {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("file");
    fs::write(&file, b"").unwrap();
    for path in [file.clone(), file.join("below")] {
        refused::<P>(&path, "in the way");
    }
    if fs::metadata(&file).unwrap().uid() == 0 {
        return as_nobody(test);
    }
    let read_only = place.path().join("read-only");
    fs::create_dir(&read_only).unwrap();
    fs::set_permissions(&read_only, fs::Permissions::from_mode(0o500)).unwrap();
    for path in [read_only.clone(), read_only.join("below")] {
        refused::<P>(&path, "let the user that runs this server write there");
    }
    fs::set_permissions(&read_only, fs::Permissions::from_mode(0o700)).unwrap();
}

#[track_caller]
fn refused<P: Plugin>(folder: &Path, hint: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let installer = Arc::default();
    let opened = OpenedCache::start::<P>(&installer, folder, "");
    match runtime.unwrap().block_on(opened).map(drop) {
        Err(InstallError::Setting { name, message }) if name == "folder" => {
            let path = folder.to_str().unwrap();
            assert!(message.contains(path) && message.contains(hint), "{message}");
        }
        other => panic!("{}: {other:?}", folder.display()),
    }
}

fn as_nobody(test: &str) {
    let mut again = Command::new(std::env::current_exe().unwrap());
    again.args(["--exact", test, "--nocapture"]);
    match again.env_remove("TMPDIR").uid(65534).gid(65534).output() {
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stdout);
            let errors = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success() && said.contains("1 passed"), "{said}{errors}");
        }
        Err(error) => eprintln!("not tried, since nobody may not run this program: {error}"),
    }
}
