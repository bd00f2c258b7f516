//! Tests of escapes from a folder, each through both ways of opening.
#![expect(clippy::disallowed_methods, reason = "a test may wait for the disk")]

use std::collections::HashSet;
use std::fs::{self, create_dir};
use std::io::Read as _;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use resizer_plugin_api::{Error, ErrorKind};
use rustix::fs::{FileType, RenameFlags, mknodat, renameat_with};

use super::*;

/// A folder `root` beside folders that must not be read.
struct Place {
    around: tempfile::TempDir,
    folder: Folder,
}

impl Place {
    fn new() -> Self {
        let around = tempfile::tempdir().unwrap();
        let place = Self {
            folder: Folder::new(around.path().join("root")),
            around,
        };
        for folder in ["root", "root/sub", "outside", "root2"] {
            create_dir(place.path(folder)).unwrap();
        }
        for file in [
            "root/in.jpg",
            "root/sub/deep.jpg",
            "outside/secret.jpg",
            "root2/secret.jpg",
        ] {
            fs::write(place.path(file), file).unwrap();
        }
        place
    }

    fn path(&self, path: &str) -> PathBuf {
        self.around.path().join(path)
    }

    /// The contents of the file under this path. Both ways of opening have to agree.
    fn read(&self, path: &str) -> Result<String, ErrorKind> {
        let text = |opened: Result<File, FileError>| {
            let mut text = String::new();
            opened
                .map_err(|error| Error::from(error).kind())?
                .read_to_string(&mut text)
                .unwrap();
            Ok(text)
        };
        let one = text(self.folder.open(&SourcePath::parse(path).unwrap()));
        let other = text(self.folder.open_resolved(Path::new(path)).and_then(regular));
        assert_eq!(one, other, "the two ways of opening {path:?}");
        one
    }

    fn serves(&self, path: &str, file: &str) {
        assert_eq!(self.read(path).as_deref(), Ok(file), "{path:?}");
    }

    fn lacks(&self, path: &str) {
        assert_eq!(self.read(path), Err(ErrorKind::NotFound), "{path:?}");
    }
}

#[test]
fn link_is_followed_inside_the_folder_and_not_outside() {
    let place = Place::new();
    let link = |to: &str, name: &str| symlink(to, place.path(name)).unwrap();
    let absolute = |to: &str, name: &str| symlink(place.path(to), place.path(name)).unwrap();

    link("in.jpg", "root/beside.jpg");
    link("../in.jpg", "root/sub/above.jpg");
    link("beside.jpg", "root/chain.jpg");
    link("sub", "root/folder");
    absolute("root/in.jpg", "root/absolute.jpg");
    absolute("root/sub", "root/absolute folder");
    link("../outside/back.jpg", "root/there and back.jpg");
    link("../root/in.jpg", "outside/back.jpg");
    place.serves("in.jpg", "root/in.jpg");
    place.serves("beside.jpg", "root/in.jpg");
    place.serves("sub/above.jpg", "root/in.jpg");
    place.serves("chain.jpg", "root/in.jpg");
    place.serves("folder/deep.jpg", "root/sub/deep.jpg");
    place.serves("absolute.jpg", "root/in.jpg");
    place.serves("absolute folder/deep.jpg", "root/sub/deep.jpg");
    place.serves("there and back.jpg", "root/in.jpg");

    link("../outside/secret.jpg", "root/out.jpg");
    link("../outside", "root/out");
    link("out.jpg", "root/chain out.jpg");
    link("../out", "root/sub/chain out");
    link("../root2/secret.jpg", "root/a name that begins the same.jpg");
    absolute("outside/secret.jpg", "root/absolute out.jpg");
    absolute("outside", "root/absolute out");
    link("/", "root/slash");
    link("/proc/self/root", "root/magic");
    link("..", "root/up");
    link("loop", "root/loop");
    link("nowhere", "root/dangling.jpg");
    for path in [
        "out.jpg",
        "out/secret.jpg",
        "chain out.jpg",
        "sub/chain out/secret.jpg",
        "a name that begins the same.jpg",
        "absolute out.jpg",
        "absolute out/secret.jpg",
        "slash/etc/passwd",
        "magic/etc/passwd",
        "up/outside/secret.jpg",
        "loop",
        "loop/in.jpg",
        "dangling.jpg",
    ] {
        place.lacks(path);
    }
}

#[test]
fn unusual_path_names_nothing() {
    let place = Place::new();
    let absolute = place.path("outside/secret.jpg");
    for path in [
        absolute.to_str().unwrap(),
        "/etc/passwd",
        "//etc/passwd",
        "/in.jpg",
        "in.jpg/",
        "sub//deep.jpg",
        "sub/",
        "/",
    ] {
        let error = place
            .folder
            .open(&SourcePath::parse(path).unwrap())
            .map(drop)
            .map_err(Error::from)
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{path:?}");
    }
    place.lacks("C:/in.jpg");
    place.lacks("C:in.jpg");
    place.lacks("%2e%2e/outside/secret.jpg");
    place.lacks("in.jpg/below.jpg");
    place.lacks(&"x".repeat(300));
    place.lacks("x/".repeat(3000).trim_end_matches('/'));
}

#[test]
fn only_regular_file_is_opened() {
    let place = Place::new();
    let node = |name: &str, kind, device| mknodat(CWD, place.path(name), kind, Mode::from(0o666), device);
    node("root/pipe.jpg", FileType::Fifo, 0).unwrap();
    let _socket = UnixListener::bind(place.path("root/socket.jpg")).unwrap();
    symlink(".", place.path("root/itself")).unwrap();
    symlink(place.path("root"), place.path("root/itself absolutely")).unwrap();
    let mut paths = vec!["sub", "pipe.jpg", "socket.jpg", "itself", "itself absolutely"];
    // Only root can make one: the device of endless zeros.
    if node("root/zero.jpg", FileType::CharacterDevice, rustix::fs::makedev(1, 5)).is_ok() {
        paths.push("zero.jpg");
    }
    let (done, finished) = mpsc::channel();
    let tried = thread::spawn(move || {
        paths.into_iter().for_each(|path| place.lacks(path));
        done.send(()).unwrap();
    });
    let waits = finished.recv_timeout(Duration::from_secs(20)) == Err(mpsc::RecvTimeoutError::Timeout);
    assert!(!waits, "opening a pipe waits for somebody who writes into it");
    tried.join().unwrap();
}

/// A writer into the folder keeps replacing a folder by a link that leads outside.
#[test]
fn link_that_appears_during_opening_is_not_followed() {
    let place = Place::new();
    create_dir(place.path("root/album")).unwrap();
    fs::write(place.path("root/album/secret.jpg"), "root/album/secret.jpg").unwrap();
    symlink(place.path("outside"), place.path("root/other")).unwrap();
    let done = AtomicBool::new(false);
    let texts: HashSet<String> = thread::scope(|scope| {
        scope.spawn(|| {
            let (album, other) = (place.path("root/album"), place.path("root/other"));
            while !done.load(Ordering::Relaxed) {
                renameat_with(CWD, &album, CWD, &other, RenameFlags::EXCHANGE).unwrap();
            }
        });
        let path = SourcePath::parse("album/secret.jpg").unwrap();
        let both = || {
            [
                place.folder.open(&path),
                place.folder.open_resolved(Path::new(path.as_str())).and_then(regular),
            ]
        };
        let opened = (0..3000).flat_map(|_| both()).flatten();
        let texts = opened.map(|mut file| {
            let mut text = String::new();
            file.read_to_string(&mut text)
                .map_or_else(|error| error.to_string(), |_| text)
        });
        let texts = texts.collect();
        done.store(true, Ordering::Relaxed);
        texts
    });
    assert_eq!(
        texts,
        HashSet::from(["root/album/secret.jpg".to_owned()]),
        "never what lies outside"
    );
}
