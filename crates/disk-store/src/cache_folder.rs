//! Life of a cache folder: opened when a server starts, then taken over in the background, with another try each second
//! while another process has the folder or the disk fails. Used by plugins that keep a cache in a folder. The threads,
//! and entries that wait to be written, belong to the plugin.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::{Bound, Contents, Counts, OpenError, Store};

/// How old the noted use of an entry may get. Enough to tell after a restart which entries are in use, and at most one
/// small write an hour for an entry that is read all the time.
const NOTE_USE_AFTER: Duration = Duration::from_secs(3600);
/// How often the folder is tried while another process has it, or the disk fails.
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(1);
/// How often the log hears of a disk that takes nothing.
const WARN_AFTER: Duration = Duration::from_secs(60);

/// A folder, and the store in it once the folder was opened.
pub struct CacheFolder {
    path: PathBuf,
    bound: Bound,
    contents: Option<Arc<dyn Contents>>,
    store: OnceLock<Store>,
    warning: Warning,
}

/// A warning that the log hears once a minute at most.
#[derive(Default)]
struct Warning(Mutex<Option<Instant>>);

impl CacheFolder {
    /// A folder that is not opened yet. It may take `max_size` bytes, or without one a [`Bound::ShareOfDisk`].
    /// `contents` are the files elsewhere that entries name, if they name any.
    #[must_use]
    pub fn new(path: PathBuf, max_size: Option<u64>, contents: Option<Arc<dyn Contents>>) -> Self {
        Self {
            path,
            bound: max_size.map_or(Bound::ShareOfDisk, Bound::Bytes),
            contents,
            store: OnceLock::new(),
            warning: Warning::default(),
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The store; `None` before [`Self::open`].
    #[must_use]
    pub fn store(&self) -> Option<&Store> {
        self.store.get()
    }

    /// The store, if this process may write to it.
    #[must_use]
    pub fn owned(&self) -> Option<&Store> {
        self.store().filter(|store| store.owns())
    }

    /// The counts of the store; all zero before [`Self::open`].
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.store().map(Store::counts).unwrap_or_default()
    }

    /// Opens the folder; `false` if it is open already. The caller then takes it over: [`Self::lock`], [`Self::list`].
    ///
    /// # Errors
    /// The folder cannot be used.
    pub fn open(&self) -> Result<bool, OpenError> {
        if self.store().is_some() {
            return Ok(false);
        }
        let opened = Store::open(&self.path, self.bound, NOTE_USE_AFTER)?;
        let store = match &self.contents {
            Some(contents) => opened.with_contents(Arc::clone(contents)),
            None => opened,
        };
        Ok(self.store.set(store).is_ok())
    }

    /// Whether the folder can be used: is open, or can be opened now.
    ///
    /// # Errors
    /// The folder cannot be used.
    pub fn check(&self) -> Result<(), OpenError> {
        match self.store() {
            Some(_) => Ok(()),
            None => Store::open(&self.path, self.bound, NOTE_USE_AFTER).map(drop),
        }
    }

    /// Waits until this process has the folder, for [`Store::write`] from then on. `closed_within` waits so long for
    /// the end of the cache and tells whether it has come; in that case, and before [`Self::open`], the answer is
    /// `false`.
    pub fn lock(&self, closed_within: impl Fn(Duration) -> bool) -> bool {
        let folder = self.path.display();
        let mut told = false;
        self.retry(closed_within, "locked", |store| {
            let locked = store.lock()?;
            if !locked && !told {
                told = true;
                tracing::warn!(%folder, "another server has the cache folder, or this one until a reload is done: \
                     entries are read, none written");
            }
            Ok(locked)
        })
    }

    /// Waits until all that lies in the locked folder is known. The arguments and the answer are those of
    /// [`Self::lock`].
    pub fn list(&self, closed_within: impl Fn(Duration) -> bool) -> bool {
        let folder = self.path.display();
        self.retry(closed_within, "looked through", |store| {
            store.list()?;
            let Counts {
                entries,
                bytes,
                bound: max_bytes,
                ..
            } = store.counts();
            let bound = store.bound_source();
            tracing::info!(%folder, entries, bytes, max_bytes, bound, "the cache folder is ready");
            Ok(true)
        })
    }

    fn retry(
        &self,
        closed_within: impl Fn(Duration) -> bool,
        what: &str,
        mut attempt: impl FnMut(&Store) -> io::Result<bool>,
    ) -> bool {
        let Some(store) = self.store() else { return false };
        let warning = Warning::default();
        loop {
            match attempt(store) {
                Ok(true) => return true,
                Ok(false) => {}
                Err(error) => {
                    let message = format!("the cache folder cannot be {what}, so nothing is written: {error}");
                    warning.give(&self.path, &message);
                }
            }
            if closed_within(TRY_AGAIN_AFTER) {
                return false;
            }
        }
    }

    /// Warns of this folder in the log, once a minute at most.
    pub fn warn(&self, message: &str) {
        self.warning.give(&self.path, message);
    }
}

impl Warning {
    fn give(&self, folder: &Path, message: &str) {
        let mut last = self.0.lock();
        if last.is_none_or(|last| last.elapsed() >= WARN_AFTER) {
            *last = Some(Instant::now());
            tracing::warn!(folder = %folder.display(), "{message}");
        }
    }
}

impl fmt::Debug for CacheFolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CacheFolder({})", self.path.display())
    }
}
