//! Layout of a folder on the disk: `<2 hex>/<name>` for entries, `tmp/` for those being written, `lock` for the one
//! process that may write, with a note in it of the bytes within which the folder was kept. Touches no other file of
//! the folder. Keeps no record of anything, which is left to the index.
#![expect(
    clippy::disallowed_methods,
    reason = "blocking is what this crate is for; its callers have threads for it"
)]

use std::fs::{self, DirEntry, File, Metadata, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use super::index::{BLOCK, push};
use super::key::{Name, shard};

/// The flags that open an entry. `NONBLOCK` means nothing to a regular file, but without it opening a pipe would wait
/// for a writer.
pub(super) const READ: OFlags = OFlags::RDONLY
    .union(OFlags::CLOEXEC)
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY);

/// Why a folder cannot be used, and what the operator can do.
#[derive(Debug, thiserror::Error)]
#[error("cannot {what} {}: {cause}; {}", path.display(), hint(cause.kind()))]
pub struct OpenError {
    what: &'static str,
    path: PathBuf,
    /// The error of the system.
    #[source]
    pub cause: io::Error,
}

fn hint(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists => "a file is in the way; name another folder",
        ErrorKind::PermissionDenied => "let the user that runs this server write there, or name another folder",
        ErrorKind::ReadOnlyFilesystem => "the file system is read-only; name a folder on another one",
        _ => "name a folder on a disk that works and has room",
    }
}

pub(super) struct Folder {
    root: PathBuf,
    lock: File,
}

/// An entry that lies in the folder: 48 bytes each, for as long as the index takes them in.
pub(super) struct Listed {
    pub(super) name: Name,
    pub(super) blocks: u32,
    /// When it was last used.
    pub(super) used: SystemTime,
}

impl Folder {
    /// Makes what is missing of the folder, and sees by that whether it can be written to.
    pub(super) fn open(root: &Path) -> Result<Self, OpenError> {
        let fail = |what, path: &Path| {
            let path = path.to_owned();
            move |cause| OpenError { what, path, cause }
        };
        fs::create_dir_all(root).map_err(fail("create the folder", root))?;
        let temporary = root.join("tmp");
        fs::create_dir_all(&temporary).map_err(fail("create the folder", &temporary))?;
        let lock = root.join("lock");
        let opened = File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .custom_flags(OFlags::NONBLOCK.bits().cast_signed())
            .open(&lock);
        let regular = opened.and_then(|file| match file.metadata()?.is_file() {
            true => Ok(file),
            false => Err(io::Error::other("this is not a regular file")),
        });
        let lock = regular.map_err(fail("write the file", &lock))?;
        Ok(Self {
            root: root.to_owned(),
            lock,
        })
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Takes the folder for this process, until the folder is dropped; `false` if another one has it.
    pub(super) fn try_lock(&self) -> io::Result<bool> {
        match self.lock.try_lock() {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Within how many bytes the folder was kept by whoever had it before, if that is certain. The note is gone then.
    pub(super) fn take_note(&self) -> io::Result<Option<u64>> {
        let mut digits = [0; 20];
        let length = self.lock.read_at(&mut digits, 0)?;
        self.lock.set_len(0)?;
        let text = std::str::from_utf8(&digits[..length]).ok();
        Ok(text.and_then(|text| text.trim_end().parse().ok()))
    }

    /// Notes within how many bytes the folder is kept.
    pub(super) fn put_note(&self, bytes: u64) -> io::Result<()> {
        self.lock.write_all_at(format!("{bytes}\n").as_bytes(), 0)
    }

    /// Opens an entry; `None` if something else lies in its place: a pipe, a socket, a device or a directory.
    pub(super) fn open_entry(&self, name: Name) -> io::Result<Option<File>> {
        match rustix::fs::open(self.path(name), READ, Mode::empty()) {
            // A socket, or a device without a driver.
            Err(Errno::NXIO | Errno::NODEV) => Ok(None),
            opened => {
                let file = File::from(opened?);
                Ok(file.metadata()?.is_file().then_some(file))
            }
        }
    }

    pub(super) fn has(&self, name: Name) -> bool {
        self.path(name).exists()
    }

    /// Writes a file that nobody sees yet, and tells what it takes on the disk.
    pub(super) fn write_temporary(&self, number: u64, parts: [&[u8]; 2]) -> io::Result<(PathBuf, u32)> {
        let path = self.root.join(format!("tmp/{number}"));
        // Only a new file is certain to be a file: opening a pipe would wait for its reader.
        let create = || File::options().create_new(true).write(true).open(&path);
        let file = create().or_else(|error| match error.kind() {
            ErrorKind::NotFound => fs::create_dir(self.root.join("tmp")).and_then(|()| create()),
            // A process that was killed has left it.
            ErrorKind::AlreadyExists => fs::remove_file(&path).and_then(|()| create()),
            _ => Err(error),
        });
        let written = file.and_then(|mut file| {
            for part in parts {
                file.write_all(part)?;
            }
            file.metadata()
        });
        match written {
            Ok(metadata) => Ok((path, blocks(&metadata))),
            Err(error) => {
                // It may not even exist; what remains is removed at the next start.
                let _ = fs::remove_file(&path);
                Err(error)
            }
        }
    }

    /// Makes a written file the entry, in place of an older one if there is one, all at once.
    pub(super) fn publish(&self, temporary: &Path, name: Name) -> io::Result<()> {
        let path = self.path(name);
        let directory = self.directory(shard(name.group));
        let renamed = fs::rename(temporary, &path).or_else(|error| match error.kind() {
            ErrorKind::NotFound => fs::create_dir(&directory).and_then(|()| fs::rename(temporary, &path)),
            _ => Err(error),
        });
        if renamed.is_err() {
            let _ = fs::remove_file(temporary);
        }
        renamed
    }

    /// The blocks of one of the 256 directories.
    pub(super) fn directory_blocks(&self, directory: u8) -> io::Result<u32> {
        Ok(blocks(&fs::metadata(self.directory(directory))?))
    }

    /// Removes an entry's file, or an empty directory in its place; `false` if there is none.
    pub(super) fn remove(&self, name: Name) -> io::Result<bool> {
        let path = self.path(name);
        let removed = fs::remove_file(&path).or_else(|error| match error.kind() {
            ErrorKind::IsADirectory => fs::remove_dir(&path),
            _ => Err(error),
        });
        match removed {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Removes what a process that was killed had begun to write.
    pub(super) fn clear_temporary(&self) -> io::Result<()> {
        for file in fs::read_dir(self.root.join("tmp"))? {
            let file = file?;
            let ours = file
                .file_name()
                .to_str()
                .is_some_and(|name| name.parse::<u64>().is_ok());
            if ours && !file.file_type()?.is_dir() {
                fs::remove_file(file.path())?;
            }
        }
        Ok(())
    }

    /// The names in one of the 256 directories.
    pub(super) fn names(&self, directory: u8) -> io::Result<Vec<Name>> {
        let mut names = Vec::new();
        self.each(directory, |name, _| {
            names.push(name);
            Ok(())
        })?;
        Ok(names)
    }

    /// Every entry in the folder, in no order.
    pub(super) fn list(&self) -> io::Result<Vec<Listed>> {
        let mut entries = Vec::new();
        for directory in 0..=u8::MAX {
            self.each(directory, |name, file| {
                let metadata = match file.metadata() {
                    Ok(metadata) if metadata.is_file() => metadata,
                    // Removed meanwhile, or not ours after all.
                    Ok(_) => return Ok(()),
                    Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
                    Err(error) => return Err(error),
                };
                let used = metadata.modified()?;
                let listed = Listed {
                    name,
                    blocks: blocks(&metadata),
                    used,
                };
                push(&mut entries, listed);
                Ok(())
            })?;
        }
        Ok(entries)
    }

    /// The blocks of all directories that exist.
    pub(super) fn all_directory_blocks(&self) -> io::Result<Vec<(u8, u32)>> {
        let mut all = Vec::new();
        for directory in 0..=u8::MAX {
            match self.directory_blocks(directory) {
                Ok(blocks) => all.push((directory, blocks)),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(all)
    }

    /// The blocks of the folder itself, of `tmp` and of the note.
    pub(super) fn fixed_blocks(&self) -> io::Result<u32> {
        Ok(blocks(&fs::metadata(&self.root)?) + blocks(&fs::metadata(self.root.join("tmp"))?) + 1)
    }

    /// Bytes of the whole file system, and those of them that are free for us.
    pub(super) fn file_system(&self) -> io::Result<(u64, u64)> {
        let system = rustix::fs::statvfs(&self.root)?;
        let bytes = |blocks: u64| blocks.saturating_mul(system.f_frsize);
        Ok((bytes(system.f_blocks), bytes(system.f_bavail)))
    }

    fn each(&self, directory: u8, mut found: impl FnMut(Name, &DirEntry) -> io::Result<()>) -> io::Result<()> {
        let files = match fs::read_dir(self.directory(directory)) {
            Ok(files) => files,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        for file in files {
            let file = file?;
            if let Some(name) = file.file_name().to_str().and_then(|text| Name::parse(directory, text)) {
                found(name, &file)?;
            }
        }
        Ok(())
    }

    fn directory(&self, directory: u8) -> PathBuf {
        self.root.join(format!("{directory:02x}"))
    }

    pub(super) fn path(&self, name: Name) -> PathBuf {
        self.root.join(format!("{:02x}/{name}", shard(name.group)))
    }
}

/// The blocks of a file or directory on the disk, as `du` counts them. Not less than its length says: file systems that
/// allocate late or compress do not know yet, or tell less than what a copy of the folder would take.
pub(super) fn blocks(metadata: &Metadata) -> u32 {
    let taken = metadata.blocks().saturating_mul(512);
    let length = if metadata.is_file() { metadata.len() } else { 0 };
    u32::try_from(taken.max(length).div_ceil(BLOCK)).unwrap_or(u32::MAX)
}
