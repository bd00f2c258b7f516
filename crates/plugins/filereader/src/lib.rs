//! A plugin that serves a folder: its settings and what it hooks into. `folder` opens files without ever leaving the
//! folder, `reading` reads them in pieces, `source` is what the engine calls. The page for operators is `docs.md`.
//! Nothing here caches, retries or times out.
#![doc = ""]
#![doc = include_str!("../docs.md")]

#[cfg(not(unix))]
compile_error!("filereader relies on Unix file systems to keep requests inside its folder; build without it");

mod folder;
mod reading;
mod source;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use resizer_disk_store::IoPool;
use resizer_plugin_api::{
    Error, ErrorKind, Hooks, InstallError, Plugin, ResourceKey, Seconds, SourcePolicy, UrlPrefix, register,
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::folder::Folder;

register!(FileReader);

/// Threads for each folder. More than a local disk needs, so that a network mount, which answers slower, still has a
/// few reads under way.
const IO_THREADS: NonZeroUsize = NonZeroUsize::new(8).unwrap();

/// The settings of one entry.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The part of the URL's path under which the folder appears: with `/photos/`, the URL `/photos/a/b.jpg` is the
    /// file `a/b.jpg` of the folder.
    #[serde(default = "everywhere")]
    pub prefix: UrlPrefix,
    /// The folder with the images. A relative path starts at the working directory of the server.
    pub folder: PathBuf,
    /// How long the server may take a file for unchanged before it looks at the disk again. At `"0s"` it looks at each
    /// request, which takes microseconds on a local disk, and a replaced file shows at once; raise it for slow network
    /// mounts.
    #[serde(default = "always")]
    pub check_modified: Seconds,
    /// How long a file may take to be read before the request is given up.
    #[serde(default = "half_a_minute")]
    pub fetch_timeout: Seconds,
    /// Serve files without an image's extension too. What such a file holds still decides whether it is an image.
    #[serde(default)]
    pub any_extension: bool,
}

fn everywhere() -> UrlPrefix {
    UrlPrefix::root()
}

fn always() -> Seconds {
    Seconds(Duration::ZERO)
}

fn half_a_minute() -> Seconds {
    Seconds(Duration::from_secs(30))
}

/// Serves one folder.
#[derive(Clone, Debug)]
pub struct FileReader {
    folder: Arc<Folder>,
    io: Arc<IoPool>,
}

impl Plugin for FileReader {
    const NAME: &'static str = "filereader";
    const SUMMARY: &'static str = "Serves images from a local folder.";
    const DOCS: &'static str = include_str!("../docs.md");
    const QUERY_KEYS: &'static [&'static str] = &[];
    type Config = Config;

    fn install(config: Config, hooks: &mut Hooks<'_>) -> Result<(), InstallError> {
        let root = std::path::absolute(&config.folder)
            .map_err(|error| InstallError::setting("folder", format!("this is no path: {error}")))?;
        // A pool for each folder: one that hangs leaves the others alone.
        let io = hooks.resource(ResourceKey::new(&["io", &root.to_string_lossy()]), || {
            IoPool::new(IO_THREADS, "filereader").map_err(|error| {
                let message = "The threads that read files cannot be started.";
                InstallError::Failed(Error::new(ErrorKind::Internal, message).because(error))
            })
        })?;
        let reader = Arc::new(Self {
            folder: Arc::new(Folder::new(root)),
            io,
        });
        let policy = SourcePolicy {
            check_modified: config.check_modified.0,
            fetch_timeout: config.fetch_timeout.0,
            any_extension: config.any_extension,
        };
        hooks.add_source(config.prefix, Arc::clone(&reader) as _, policy);
        hooks.on_start(&reader, Self::check_folder);
        hooks.on_connect(&reader, Self::check_folder);
        Ok(())
    }
}

impl FileReader {
    /// Whether the folder is there and can be read.
    async fn check_folder(self: Arc<Self>) -> Result<(), InstallError> {
        let folder = Arc::clone(&self.folder);
        match self.io.run(move || folder.check()).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(InstallError::setting("folder", advice(self.folder.root(), &error))),
            Err(error) => {
                let message = "The folder could not be looked at.";
                Err(InstallError::Failed(
                    Error::new(ErrorKind::Internal, message).because(error),
                ))
            }
        }
    }
}

/// What is wrong with the folder and what to do about it.
fn advice(root: &Path, error: &std::io::Error) -> String {
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
