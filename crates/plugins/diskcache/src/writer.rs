//! Starting and stopping, and the threads in between: one takes the folder over and writes what waits, one result after
//! the other; another looks meanwhile what is there. Reads wait for neither.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use resizer_disk_store::Store;
use resizer_plugin_api::{Error, ErrorKind, InstallError};

use crate::cache::{FolderCache, Shared, entry_key, no_threads};
use crate::meta;

/// How often the folder is tried while another process has it, or the disk fails.
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// How often the log hears of a disk that takes nothing.
const WARN_AFTER: Duration = Duration::from_secs(60);

/// How long a server that stops waits for what is still to be written.
const PATIENCE: Duration = Duration::from_secs(10);

impl FolderCache {
    /// Opens the folder and starts the thread that writes. Does nothing if that was done before a reload.
    pub(crate) async fn start(self: Arc<Self>) -> Result<(), InstallError> {
        blocking(&self.shared, |shared| {
            if shared.store.get().is_some() {
                return Ok(());
            }
            let store = shared.open()?;
            if shared.store.set(store).is_ok() {
                let shared = Arc::clone(shared);
                let writer = thread::Builder::new().name("diskcache-write".to_owned());
                writer.spawn(move || write(&shared)).map_err(no_threads)?;
            }
            Ok(())
        })
        .await
    }

    /// Whether the folder can be used.
    pub(crate) async fn connect(self: Arc<Self>) -> Result<(), InstallError> {
        blocking(&self.shared, |shared| match shared.store.get() {
            Some(_) => Ok(()),
            None => shared.open().map(drop),
        })
        .await
    }

    /// Waits until what waits is written.
    pub(crate) async fn stop(self: Arc<Self>) -> Result<(), InstallError> {
        blocking(&self.shared, |shared| {
            let drained = shared.waiting.drain(PATIENCE);
            shared.show();
            if drained {
                return Ok(());
            }
            let message = "The disk was too slow: some results in memory were not written.";
            Err(InstallError::Failed(Error::new(ErrorKind::Internal, message)))
        })
        .await
    }
}

async fn blocking(
    shared: &Arc<Shared>,
    operation: impl FnOnce(&Arc<Shared>) -> Result<(), InstallError> + Send + 'static,
) -> Result<(), InstallError> {
    let operand = Arc::clone(shared);
    let done = shared.io.run(move || operation(&operand)).await;
    done.unwrap_or_else(|error| {
        let message = "The cache folder could not be looked at.";
        Err(InstallError::Failed(
            Error::new(ErrorKind::Internal, message).because(error),
        ))
    })
}

/// The thread's life: until the cache is closed and everything is written.
fn write(shared: &Shared) {
    let Some(store) = shared.store.get() else { return };
    if !lock(shared, store) {
        return;
    }
    thread::scope(|scope| {
        let lists = thread::Builder::new().name("diskcache-list".to_owned());
        if lists.spawn_scoped(scope, || list(shared, store)).is_err() {
            // Then what waits has to wait.
            list(shared, store);
        }
        write_what_waits(shared, store);
    });
}

fn write_what_waits(shared: &Shared, store: &Store) {
    let mut warned = None;
    while let Some(next) = shared.waiting.next() {
        let Some(meta) = meta::to_bytes(&next.entry.meta) else {
            continue;
        };
        let written = store.write(&entry_key(&next.key), &meta, &next.entry.bytes);
        if let Err(error) = written {
            shared.numbers.failed_writes.increment();
            let folder = shared.settings.folder.display();
            sampled(
                &mut warned,
                || tracing::warn!(%folder, "a result was not written and is served without being kept: {error}"),
            );
        }
        drop(next);
        shared.show();
    }
}

/// Waits until the folder is ours; `false` if the cache is closed before.
fn lock(shared: &Shared, store: &Store) -> bool {
    let folder = shared.settings.folder.display();
    let mut warned = None;
    let mut told = false;
    loop {
        match store.lock() {
            Ok(true) => return true,
            Ok(false) if told => {}
            Ok(false) => {
                told = true;
                tracing::warn!(%folder, "another server has the cache folder, or this one until a reload is done: results are read, none written");
            }
            Err(error) => sampled(&mut warned, || {
                tracing::warn!(%folder, "the cache folder cannot be locked, so nothing is written: {error}");
            }),
        }
        if shared.waiting.has_ended_within(TRY_AGAIN_AFTER) {
            return false;
        }
    }
}

/// Until it is known what is in the folder, or the cache is closed.
fn list(shared: &Shared, store: &Store) {
    let folder = shared.settings.folder.display();
    let mut warned = None;
    loop {
        match store.list() {
            Ok(()) => {
                let counts = store.counts();
                let (entries, bytes, max_bytes) = (counts.entries, counts.bytes, counts.bound);
                let bound = store.bound_source();
                tracing::info!(%folder, entries, bytes, max_bytes, bound, "the cache folder is ready");
                return shared.show();
            }
            Err(error) => sampled(&mut warned, || {
                tracing::warn!(%folder, "the cache folder cannot be looked through, so nothing is written: {error}");
            }),
        }
        if shared.waiting.has_ended_within(TRY_AGAIN_AFTER) {
            return;
        }
    }
}

fn sampled(last: &mut Option<Instant>, warn: impl FnOnce()) {
    if last.is_none_or(|last| last.elapsed() >= WARN_AFTER) {
        *last = Some(Instant::now());
        warn();
    }
}
