//! Start of the cache: opens the folder at once, which shows whether the folder can be used, and has a thread take the
//! folder over in the background.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use resizer_disk_store::OpenError;
use resizer_plugin_api::{Error, ErrorKind, InstallError};

use crate::cache::{FolderCache, Shared, no_threads};

impl FolderCache {
    /// Opens the folder and begins to look through it. Does nothing if that was done before a reload.
    pub(crate) async fn start(self: Arc<Self>) -> Result<(), InstallError> {
        let cache = Arc::clone(&self);
        blocking(&self.shared, move |shared| {
            if shared.folder.open().map_err(unusable)? {
                let (open, closed) = channel();
                let _ = cache.open.set(open);
                let shared = Arc::clone(shared);
                let thread = thread::Builder::new().name("sources-open".to_owned());
                thread.spawn(move || take_over(&shared, &closed)).map_err(no_threads)?;
            }
            Ok(())
        })
        .await
    }

    /// Whether the folder can be used.
    pub(crate) async fn connect(self: Arc<Self>) -> Result<(), InstallError> {
        blocking(&self.shared, |shared| shared.folder.check().map_err(unusable)).await
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
    let done = shared.readers.run(move || operation(&operand)).await;
    done.unwrap_or_else(|error| {
        let message = "The folder of originals could not be looked at.";
        Err(InstallError::Failed(
            Error::new(ErrorKind::Internal, message).because(error),
        ))
    })
}

/// The thread's life: until this process has the folder and knows it, or the cache is closed.
fn take_over(shared: &Shared, closed: &Receiver<()>) {
    let closed_within = |time: Duration| closed.recv_timeout(time) != Err(RecvTimeoutError::Timeout);
    if shared.folder.lock(closed_within) && shared.folder.list(closed_within) {
        shared.show();
    }
}
