//! Source of a local folder: the files below it, as images. The plugins `filereader` and `virtualfolder` mount it.
//!
//! `folder` opens files without ever leaving the folder, `reading` reads them in pieces, `source` answers the engine.
//! Settings belong to the plugins. The engine does caching, retries and timeouts.

#[cfg(not(unix))]
compile_error!(
    "a folder's source relies on Unix file systems to keep requests inside of it; build without its plugins"
);

mod folder;
mod reading;
mod source;

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use resizer_disk_store::IoPool;
use resizer_plugin_api::{Error, ErrorKind, Hooks, InstallError, ResourceKey, SourcePolicy, UrlPrefix};

use crate::folder::Folder;

/// Threads for each folder. This is more than a local disk needs, so that a slower network mount has several reads
/// under way.
const IO_THREADS: NonZeroUsize = NonZeroUsize::new(8).unwrap();

/// A served folder.
#[derive(Clone, Debug)]
pub struct FolderSource {
    /// The prefix of the keys of all its sources. It names the folder and no plugin, so that a file has one key under
    /// whatever address it is served.
    name: Arc<str>,
    folder: Arc<Folder>,
    io: Arc<IoPool>,
}

impl FolderSource {
    /// Serves a folder below a URL prefix, and checks it when the server starts. A relative path starts at the working
    /// directory. `plugin` names the threads.
    ///
    /// # Errors
    /// The path is empty, or the threads cannot be started. A fault is told of the setting `folder`.
    pub fn mount(
        hooks: &mut Hooks<'_>,
        plugin: &'static str,
        folder: &Path,
        prefix: UrlPrefix,
        policy: SourcePolicy,
    ) -> Result<(), InstallError> {
        let root = std::path::absolute(folder)
            .map_err(|error| InstallError::setting("folder", format!("this is no path: {error}")))?;
        // A pool for each folder, so that one that hangs does not block the others.
        let io = hooks.resource(ResourceKey::new(&["io", &root.to_string_lossy()]), || {
            IoPool::new(IO_THREADS, plugin).map_err(|error| {
                let message = "The threads that read files cannot be started.";
                InstallError::Failed(Error::new(ErrorKind::Internal, message).because(error))
            })
        })?;
        let name = ["file:", root.to_string_lossy().trim_end_matches('/'), "/"].concat();
        let source = Arc::new(Self {
            name: name.into(),
            folder: Arc::new(Folder::new(root)),
            io,
        });
        hooks.add_source(prefix, Arc::clone(&source) as _, policy);
        hooks.on_start(&source, Self::check_folder);
        hooks.on_connect(&source, Self::check_folder);
        Ok(())
    }

    /// Checks that the folder exists and can be read.
    async fn check_folder(self: Arc<Self>) -> Result<(), InstallError> {
        let folder = Arc::clone(&self.folder);
        match self.io.run(move || folder.check()).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(InstallError::setting("folder", hint(self.folder.root(), &error))),
            Err(error) => {
                let message = "The folder could not be looked at.";
                Err(InstallError::Failed(
                    Error::new(ErrorKind::Internal, message).because(error),
                ))
            }
        }
    }
}

/// The fault of the folder, and the remedy.
fn hint(root: &Path, error: &std::io::Error) -> String {
    use std::io::ErrorKind;
    let root = root.display();
    let way_out = match error.kind() {
        ErrorKind::NotFound => "create the folder or correct the path; a relative path starts at the working directory",
        ErrorKind::NotADirectory => "name the folder that holds the images, not a file",
        ErrorKind::PermissionDenied => "let the user that runs this server read and enter the folder",
        _ => "see that the disk or the network mount works",
    };
    format!("the folder {root} cannot be read ({error}); {way_out}")
}
