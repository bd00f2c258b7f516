//! Starting: the folder is opened at once, which shows whether it can be used, and looked through in the background, by a
//! thread that also waits for another process that has it.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use resizer_disk_store::{Bound, Contents as NamedContents, Store};
use resizer_plugin_api::{Error, ErrorKind, InstallError};

use crate::cache::{FolderCache, Shared, no_threads};

/// How old the noted use of an original may get. Enough to tell after a restart what is in use and what is not, and at
/// most one small write an hour for what is read all the time.
const NOTE_USE_AFTER: Duration = Duration::from_secs(3600);

/// How often the folder is tried while another process has it, or the disk fails.
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// How often the log hears of a disk that takes nothing.
const WARN_AFTER: Duration = Duration::from_secs(60);

impl FolderCache {
    /// Opens the folder and begins to look through it. Does nothing if that was done before a reload.
    pub(crate) async fn start(self: Arc<Self>) -> Result<(), InstallError> {
        let cache = Arc::clone(&self);
        blocking(&self.shared, move |shared| {
            if shared.store.get().is_some() {
                return Ok(());
            }
            let store = open(shared)?;
            if shared.store.set(store).is_ok() {
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
        blocking(&self.shared, |shared| match shared.store.get() {
            Some(_) => Ok(()),
            None => open(shared).map(drop),
        })
        .await
    }
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

fn open(shared: &Shared) -> Result<Store, InstallError> {
    let settings = &shared.settings;
    let bound = settings
        .max_size
        .map_or(Bound::ShareOfDisk, |size| Bound::Bytes(size.0));
    let opened = Store::open(&settings.folder, bound, NOTE_USE_AFTER).map_err(|error| {
        let way_out = match error.cause.kind() {
            io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => "a file is in the way; name another folder",
            io::ErrorKind::PermissionDenied => "let the user that runs this server write there, or name another folder",
            io::ErrorKind::ReadOnlyFilesystem => "the file system is read-only; name a folder on another one",
            _ => "name a folder on a disk that works and has room",
        };
        InstallError::setting("folder", format!("{error}; {way_out}"))
    })?;
    let contents: Arc<dyn NamedContents> = Arc::<crate::contents::Contents>::clone(&shared.contents);
    Ok(opened.with_contents(contents))
}

/// The thread's life: until the folder is ours and known, or the cache is closed.
fn take_over(shared: &Shared, closed: &Receiver<()>) {
    let Some(store) = shared.store.get() else { return };
    let folder = shared.settings.folder.display();
    let mut warned = None;
    let mut told = false;
    loop {
        match store.take_over() {
            Ok(true) => {
                let counts = store.counts();
                let (originals, bytes, max_bytes) = (counts.entries, counts.bytes, counts.bound);
                tracing::info!(%folder, originals, bytes, max_bytes, "the folder of originals is ready");
                return shared.show();
            }
            Ok(false) if told => {}
            Ok(false) => {
                told = true;
                tracing::warn!(%folder, "another server has the folder of originals, or this one until a reload is done: originals are read, none written");
            }
            Err(error) => sampled(&mut warned, || {
                tracing::warn!(%folder, "the folder of originals cannot be looked through, so nothing is written: {error}");
            }),
        }
        if closed.recv_timeout(TRY_AGAIN_AFTER) != Err(RecvTimeoutError::Timeout) {
            return;
        }
    }
}

/// Warns if it is long enough since the last time.
pub(crate) fn sampled(last: &mut Option<Instant>, warn: impl FnOnce()) {
    if last.is_none_or(|last| last.elapsed() >= WARN_AFTER) {
        *last = Some(Instant::now());
        warn();
    }
}
