//! Folder plugin: serves images from a local folder. This file has its settings and hooks. `folder` opens files without
//! ever leaving the folder, `reading` reads them in pieces, `source` answers the engine. The page for operators is
//! `docs.md`. The engine does caching, retries and timeouts.

#[cfg(not(unix))]
compile_error!("filereader relies on Unix file systems to keep requests inside its folder; build without it");

mod folder;
mod reading;
mod source;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use resizer_disk_store::IoPool;
use resizer_plugin_api::{Error, ErrorKind, Hooks, InstallError, Plugin, ResourceKey, reader_settings, register};

use crate::folder::Folder;

register!(FileReader, docs = "../docs.md");

/// Threads for each folder. This is more than a local disk needs, so that a slower network mount has several reads
/// under way.
const IO_THREADS: NonZeroUsize = NonZeroUsize::new(8).unwrap();

reader_settings! {
    prefix = "/", check_modified = "0s", untrusted_data = false;

    /// The settings of one entry.
    pub struct Config {
        /// The folder with the images: with the prefix `/photos/`, the URL `/photos/a/b.jpg` is the file `a/b.jpg` in
        /// it. A relative path starts at the working directory of the server.
        pub folder: PathBuf,
    }
}

/// Serves one folder.
#[derive(Clone, Debug)]
pub struct FileReader {
    /// The prefix of the keys of all its sources.
    name: Arc<str>,
    folder: Arc<Folder>,
    io: Arc<IoPool>,
}

impl Plugin for FileReader {
    const NAME: &'static str = "filereader";
    const SUMMARY: &'static str = "Serves images from a local folder.";
    type Config = Config;

    fn install(config: Config, hooks: &mut Hooks<'_>) -> Result<(), InstallError> {
        let root = std::path::absolute(&config.folder)
            .map_err(|error| InstallError::setting("folder", format!("this is no path: {error}")))?;
        // A pool for each folder, so that one that hangs does not block the others.
        let io = hooks.resource(ResourceKey::new(&["io", &root.to_string_lossy()]), || {
            IoPool::new(IO_THREADS, "filereader").map_err(|error| {
                let message = "The threads that read files cannot be started.";
                InstallError::Failed(Error::new(ErrorKind::Internal, message).because(error))
            })
        })?;
        let name = ["file:", root.to_string_lossy().trim_end_matches('/'), "/"].concat();
        let reader = Arc::new(Self {
            name: name.into(),
            folder: Arc::new(Folder::new(root)),
            io,
        });
        let policy = config.policy();
        hooks.add_source(config.prefix, Arc::clone(&reader) as _, policy);
        hooks.on_start(&reader, Self::check_folder);
        hooks.on_connect(&reader, Self::check_folder);
        Ok(())
    }
}

impl FileReader {
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
