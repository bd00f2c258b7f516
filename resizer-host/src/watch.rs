//! File watcher by polling: hands out each new version of a file once. `reload.rs` calls [`Watched::look`] five times a
//! second.
//!
//! Polling treats a file that is rewritten in place, one that is renamed over, and a symlink that is pointed elsewhere
//! alike; Kubernetes swaps a mounted ConfigMap by such a symlink. It also works on network and container mounts, where
//! the system's events get lost.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// A file that changed this recently is read even if its metadata is the same. Two writes of one length within one tick
/// of the file system's clock leave the same metadata, and the coarsest clock in use ticks every two seconds.
const FRESH: Duration = Duration::from_secs(3);

/// A watched file, and its last version.
pub(crate) struct Watched {
    path: PathBuf,
    /// The version that was handed out last.
    text: String,
    /// Another version, read once.
    candidate: Option<String>,
    /// The metadata at the last reading; `None` if it could not be read.
    seen: Option<Stamp>,
    /// Whether the log already says that the file cannot be read.
    complained: bool,
}

impl Watched {
    /// Watches a file that holds this text.
    pub(crate) fn new(path: PathBuf, text: String) -> Self {
        Self {
            path,
            text,
            candidate: None,
            seen: None,
            complained: false,
        }
    }

    /// A new version of the file, once two readings gave the same, so that a half-written file is passed over.
    pub(crate) fn look(&mut self) -> Option<&str> {
        let text = self.read()?;
        if text == self.text {
            self.candidate = None;
        } else if self.candidate.as_ref() == Some(&text) {
            self.candidate = None;
            self.text = text;
            return Some(&self.text);
        } else {
            self.candidate = Some(text);
        }
        None
    }

    /// The file's text. `None` if there is no reason to read it, or if it cannot be read.
    fn read(&mut self) -> Option<String> {
        let stamp = Stamp::of(&self.path);
        if let (Ok(stamp), Some(seen), None) = (&stamp, &self.seen, &self.candidate)
            && stamp == seen
            && !stamp.is_fresh()
        {
            return None;
        }
        match stamp.and_then(|stamp| Ok((stamp, read(&self.path)?))) {
            Ok((stamp, text)) => {
                self.seen = Some(stamp);
                self.complained = false;
                Some(text)
            }
            Err(error) => {
                // A file that is being replaced may be missing for a moment. Only a lasting failure is worth a line.
                let lasts = self.seen.take().is_none();
                if lasts && !self.complained {
                    self.complained = true;
                    let path = self.path.display();
                    tracing::warn!("{path} cannot be read ({error}); the last configuration goes on serving");
                }
                None
            }
        }
    }
}

/// The part of a file's metadata that changes with its content.
#[derive(PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    length: u64,
    modified: Option<SystemTime>,
    changed: (i64, i64),
}

impl Stamp {
    /// Reads the metadata through symlinks, so that a link that points elsewhere is a change.
    #[expect(clippy::disallowed_methods, reason = "on the watcher's own thread")]
    fn of(path: &Path) -> std::io::Result<Self> {
        let metadata = std::fs::metadata(path)?;
        Ok(Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            length: metadata.len(),
            modified: metadata.modified().ok(),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        })
    }

    /// Whether the file changed so recently, by this machine's clock, that another change may leave the same stamp.
    fn is_fresh(&self) -> bool {
        self.modified
            .is_none_or(|modified| modified.elapsed().is_ok_and(|age| age < FRESH))
    }
}

#[expect(clippy::disallowed_methods, reason = "on the watcher's own thread")]
fn read(path: &Path) -> std::io::Result<String> {
    std::fs::read_to_string(path)
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test keeps nobody waiting")]
mod tests {
    use super::*;

    struct File(tempfile::TempDir);

    impl File {
        fn path(&self) -> PathBuf {
            self.0.path().join("plugins.toml")
        }

        fn write(&self, text: &str) {
            std::fs::write(self.path(), text).unwrap();
        }
    }

    fn watched() -> (File, Watched) {
        let file = File(tempfile::tempdir().unwrap());
        file.write("one");
        let watched = Watched::new(file.path(), "one".to_owned());
        (file, watched)
    }

    /// Looks often enough for any new version to be found.
    fn nothing_new(watched: &mut Watched, why: &str) {
        for _ in 0..3 {
            assert_eq!(watched.look(), None, "{why}");
        }
    }

    #[test]
    fn new_version_read_twice_is_handed_out_once() {
        let (file, mut watched) = watched();
        nothing_new(&mut watched, "it is as it was");
        // As long as the one before, and written within the same tick of the clock.
        file.write("two");
        assert_eq!(watched.look(), None);
        assert_eq!(watched.look(), Some("two"));
        nothing_new(&mut watched, "it is handed out once");
        file.write("two");
        nothing_new(&mut watched, "the same text is no new version");
    }

    #[test]
    fn half_written_file_is_not_handed_out() {
        let (file, mut watched) = watched();
        for (step, looks) in [
            ("", None),
            ("ha", None),
            ("half no more", None),
            ("half no more", Some("half no more")),
        ] {
            file.write(step);
            assert_eq!(watched.look(), looks, "{step:?}");
        }
        file.write("ha");
        assert_eq!(watched.look(), None);
        file.write("half no more");
        nothing_new(&mut watched, "it is as it was after all");
    }

    #[test]
    fn missing_file_that_returns_is_read() {
        let (file, mut watched) = watched();
        std::fs::remove_file(file.path()).unwrap();
        nothing_new(&mut watched, "it is missing");
        file.write("one");
        nothing_new(&mut watched, "it came back as it was");
        std::fs::remove_file(file.path()).unwrap();
        assert_eq!(watched.look(), None);
        file.write("two");
        assert_eq!(watched.look(), None);
        assert_eq!(watched.look(), Some("two"));
    }
}
