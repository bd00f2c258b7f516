//! Folder access: opens files of a folder and only of that folder, whatever links lie in it and however they change
//! meanwhile. Blocking, so it runs on the threads of the IO pool. The path is a [`SourcePath`], so it holds no dot
//! segments, control characters or backslashes.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use resizer_plugin_api::SourcePath;
use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::io::Errno;

/// The flags that open a directory on the way: to continue from there, not to list it.
#[cfg(target_os = "linux")]
const DIRECTORY: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
#[cfg(not(target_os = "linux"))]
const DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// The flags that open a file. `NONBLOCK` means nothing to a regular file, but without it opening a pipe would wait for
/// a writer.
const FILE: OFlags = OFlags::RDONLY
    .union(OFlags::CLOEXEC)
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY);

/// A folder by its absolute path. The path is resolved anew for each file, so that the folder may be a link whose
/// target changes.
#[derive(Debug)]
pub(crate) struct Folder {
    root: PathBuf,
}

/// The reason why a file is not read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    /// No served file has this name.
    #[error("{0}")]
    Absent(&'static str),
    /// The folder itself cannot be opened.
    #[error("the folder {} cannot be opened", .0.display())]
    Folder(PathBuf, #[source] io::Error),
    /// The file cannot be opened or read.
    #[error(transparent)]
    File(#[from] io::Error),
    /// The file changed since reading began.
    #[error("the file changed while it was read")]
    Changed,
    /// The requested range begins at the end of the file or behind it.
    #[error("the range begins behind the end of the file")]
    RangeBehindEnd,
}

impl From<Errno> for FileError {
    fn from(error: Errno) -> Self {
        Self::File(error.into())
    }
}

impl Folder {
    /// The folder at this absolute path, which need not exist yet.
    pub(crate) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// The folder's absolute path.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Whether the folder exists, can be listed and can be entered.
    pub(crate) fn check(&self) -> io::Result<()> {
        let root = openat(
            CWD,
            &self.root,
            OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC,
            Mode::empty(),
        )?;
        openat(root, ".", DIRECTORY, Mode::empty())?;
        Ok(())
    }

    /// Opens a regular file of the folder.
    pub(crate) fn open(&self, path: &SourcePath) -> Result<File, FileError> {
        let path = path.bytes();
        if path.split(|byte| *byte == b'/').any(<[u8]>::is_empty) {
            return Err(FileError::Absent("the path has an empty segment"));
        }
        regular(self.open_beneath(Path::new(OsStr::from_bytes(&path)))?)
    }

    /// Lets the system resolve the path without leaving the folder, in one call. [`Self::open_resolved`] decides about
    /// paths that the call refuses for reasons of its own: links with an absolute path (`XDEV`), a folder that changes
    /// at this moment (`AGAIN`), systems and sandboxes without this call (`NOSYS`, `PERM`).
    #[cfg(target_os = "linux")]
    fn open_beneath(&self, path: &Path) -> Result<OwnedFd, FileError> {
        use rustix::fs::{ResolveFlags, openat2};
        let root = openat(CWD, &self.root, DIRECTORY, Mode::empty()).map_err(|error| self.lost(error.into()))?;
        match openat2(
            root,
            path,
            FILE,
            Mode::empty(),
            ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS,
        ) {
            Err(Errno::XDEV | Errno::AGAIN | Errno::NOSYS | Errno::PERM) => self.open_resolved(path),
            opened => Ok(opened?),
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn open_beneath(&self, path: &Path) -> Result<OwnedFd, FileError> {
        self.open_resolved(path)
    }

    /// Resolves all links, checks that their target is in the folder, and then walks there without following any link.
    /// So a link that appears after the check is not followed.
    fn open_resolved(&self, path: &Path) -> Result<OwnedFd, FileError> {
        let root = fs::canonicalize(&self.root).map_err(|error| self.lost(error))?;
        let file = fs::canonicalize(root.join(path))?;
        let inside = file
            .strip_prefix(&root)
            .map_err(|_| FileError::Absent("a link leads out of the folder"))?;
        let name = inside
            .file_name()
            .ok_or(FileError::Absent("this is the folder itself"))?;
        let mut directory = openat(CWD, &root, DIRECTORY, Mode::empty()).map_err(|error| self.lost(error.into()))?;
        for segment in inside.parent().into_iter().flatten() {
            directory = openat(&directory, segment, DIRECTORY | OFlags::NOFOLLOW, Mode::empty())?;
        }
        Ok(openat(directory, name, FILE | OFlags::NOFOLLOW, Mode::empty())?)
    }

    fn lost(&self, error: io::Error) -> FileError {
        FileError::Folder(self.root.clone(), error)
    }
}

fn regular(opened: OwnedFd) -> Result<File, FileError> {
    let file = File::from(opened);
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(FileError::Absent("this is not a regular file"))
    }
}

#[cfg(test)]
mod tests;
