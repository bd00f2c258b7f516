//! Start, stop, and the threads in between: one takes the folder over and then writes the queue, one result after the
//! other; another lists the folder meanwhile. Reads wait for neither.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use resizer_disk_store::OpenError;
use resizer_plugin_api::{Error, ErrorKind, InstallError};

use crate::cache::{FolderCache, Shared, entry_key, no_threads};
use crate::meta;

/// How long a server that stops waits for results that are still to be written.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

impl FolderCache {
    /// Opens the folder and starts the thread that writes. Does nothing if that was done before a reload.
    pub(crate) async fn start(self: Arc<Self>) -> Result<(), InstallError> {
        blocking(&self.shared, |shared| {
            if shared.settings.folder.open().map_err(unusable)? {
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
        blocking(&self.shared, |shared| shared.settings.folder.check().map_err(unusable)).await
    }

    /// Waits until the queue is written.
    pub(crate) async fn stop(self: Arc<Self>) -> Result<(), InstallError> {
        blocking(&self.shared, |shared| {
            let drained = shared.waiting.drain(DRAIN_TIMEOUT);
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

#[expect(clippy::needless_pass_by_value, reason = "it is a step of `map_err`")]
fn unusable(error: OpenError) -> InstallError {
    InstallError::setting("folder", error.to_string())
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

/// The writing thread: runs until the cache is closed and everything is written.
fn write(shared: &Shared) {
    let folder = &shared.settings.folder;
    if !folder.lock(|time| shared.waiting.has_ended_within(time)) {
        return;
    }
    let list = || {
        if folder.list(|time| shared.waiting.has_ended_within(time)) {
            shared.show();
        }
    };
    thread::scope(|scope| {
        let lists = thread::Builder::new().name("diskcache-list".to_owned());
        if lists.spawn_scoped(scope, list).is_err() {
            // Without a second thread the entries that wait have to wait longer.
            list();
        }
        write_queue(shared);
    });
}

fn write_queue(shared: &Shared) {
    let folder = &shared.settings.folder;
    while let Some(next) = shared.waiting.next() {
        let (Some(store), Some(meta)) = (folder.store(), meta::to_bytes(&next.entry.meta)) else {
            continue;
        };
        if let Err(error) = store.write(&entry_key(&next.key), &meta, &next.entry.bytes) {
            shared.numbers.failed_writes.increment();
            folder.warn(&format!(
                "a result was not written and is served without being kept: {error}"
            ));
        }
        drop(next);
        shared.show();
    }
}
