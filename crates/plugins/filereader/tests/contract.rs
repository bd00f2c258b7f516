//! Source contract for a folder, and this plugin's errors for changing or unreadable files and missing folders.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test fails by panicking and may wait for the disk"
)]

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use futures_util::StreamExt as _;
use resizer_engine::testing::{Installer, SourceStore, read_all, source_contract};
use resizer_filereader::FileReader;
use resizer_plugin_api::{Download, Error, ErrorKind, Fetch, InstallError, Source, SourcePath, Validator, Want};

/// A folder and the plugin that serves it.
struct Served {
    folder: tempfile::TempDir,
    source: Arc<dyn Source>,
}

fn install(settings: &str) -> Arc<dyn Source> {
    let table = Installer::default().install::<FileReader>(settings).unwrap();
    Arc::clone(&table.sources[0].value.source)
}

fn settings_for(folder: &Path) -> String {
    format!("folder = {:?}", folder.to_str().unwrap())
}

impl Served {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let source = install(&settings_for(folder.path()));
        Self { folder, source }
    }

    fn path(&self, path: &str) -> std::path::PathBuf {
        self.folder.path().join(path)
    }

    /// Writes a file that was last changed an hour ago, so that any later change is visible in its time.
    fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        set_modified(&path, SystemTime::now() - Duration::from_secs(3600));
    }

    async fn download(&self, path: &str) -> Result<Download, Error> {
        match self
            .source
            .fetch(&SourcePath::parse(path).unwrap(), Want::whole())
            .await?
        {
            Fetch::Download(download) => Ok(download),
            Fetch::Unchanged => panic!("nothing was said to be known"),
        }
    }

    async fn validator(&self, path: &str) -> Validator {
        self.download(path).await.unwrap().stat.validator.unwrap()
    }
}

fn set_modified(path: &Path, time: SystemTime) {
    File::options()
        .write(true)
        .open(path)
        .unwrap()
        .set_modified(time)
        .unwrap();
}

#[async_trait]
impl SourceStore for Served {
    fn source(&self) -> Arc<dyn Source> {
        Arc::clone(&self.source)
    }

    async fn put(&self, path: &str, bytes: &[u8]) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let finished = tempfile::NamedTempFile::new_in(self.folder.path()).unwrap();
        finished.as_file().write_all(bytes).unwrap();
        finished.persist(path).unwrap();
    }

    async fn remove(&self, path: &str) {
        fs::remove_file(self.path(path)).unwrap();
    }

    fn can_hold(&self, _: &str) -> bool {
        true
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn folder_satisfies_the_source_contract() {
    source_contract(&Served::new()).await;
}

#[tokio::test]
async fn each_way_to_change_a_file_changes_the_validator() {
    let served = Served::new();
    let hour_ago = SystemTime::now() - Duration::from_secs(3600);
    served.write("a.jpg", b"first");
    set_modified(&served.path("a.jpg"), hour_ago);
    let first = served.validator("a.jpg").await;

    fs::write(served.path("a.jpg"), b"secnd").unwrap();
    let in_place = served.validator("a.jpg").await;
    assert_ne!(in_place, first, "the same length in place, at another time");

    fs::write(served.path("new.jpg"), b"third").unwrap();
    set_modified(&served.path("new.jpg"), hour_ago);
    fs::rename(served.path("new.jpg"), served.path("a.jpg")).unwrap();
    let renamed = served.validator("a.jpg").await;
    assert_ne!(renamed, first, "the same length and time, but another file");

    fs::write(served.path("a.jpg"), b"longer than that").unwrap();
    set_modified(&served.path("a.jpg"), hour_ago);
    assert_ne!(
        served.validator("a.jpg").await,
        renamed,
        "the same file and time, but longer"
    );

    let time = hour_ago + Duration::from_nanos(100);
    let before = served.validator("a.jpg").await;
    set_modified(&served.path("a.jpg"), time);
    assert_ne!(
        served.validator("a.jpg").await,
        before,
        "a ten-millionth of a second later"
    );
}

/// The result of a download of 3 MB if something happens after its first piece.
async fn after_first_piece(happens: impl FnOnce(&Path)) -> Result<Vec<u8>, Error> {
    let served = Served::new();
    served.write("a.jpg", &vec![7; 3_000_000]);
    let mut download = served.download("a.jpg").await.unwrap();
    let first = download.bytes.next().await.unwrap().unwrap();
    happens(&served.path("a.jpg"));
    let mut all = first.to_vec();
    all.extend(read_all(download.bytes).await?);
    Ok(all)
}

#[tokio::test]
async fn file_changed_while_it_is_read_is_an_error() {
    type Change = fn(&Path);
    fn open(path: &Path) -> File {
        File::options().append(true).open(path).unwrap()
    }
    let changes: [(&str, Change); 4] = [
        ("cut in the middle", |path| open(path).set_len(1_000_000).unwrap()),
        ("cut to nothing", |path| open(path).set_len(0).unwrap()),
        ("longer", |path| open(path).write_all(b"x").unwrap()),
        ("rewritten", |path| fs::write(path, vec![8; 3_000_000]).unwrap()),
    ];
    for (what, change) in changes {
        let error = after_first_piece(change).await.expect_err(what);
        assert_eq!(error.kind(), ErrorKind::Upstream, "{what}: {error:?}");
    }
}

#[tokio::test]
async fn file_replaced_or_removed_while_it_is_read_arrives_unchanged() {
    let replaced = after_first_piece(|path| {
        let new = path.with_extension("new");
        fs::write(&new, b"new").unwrap();
        fs::rename(new, path).unwrap();
    });
    assert_eq!(replaced.await.unwrap(), vec![7; 3_000_000]);
    assert_eq!(
        after_first_piece(|path| fs::remove_file(path).unwrap()).await.unwrap(),
        vec![7; 3_000_000]
    );
}

#[tokio::test]
async fn folder_that_is_a_link_is_followed_anew() {
    let releases = tempfile::tempdir().unwrap();
    for release in ["one", "two"] {
        fs::create_dir(releases.path().join(release)).unwrap();
        fs::write(releases.path().join(release).join("a.jpg"), release).unwrap();
    }
    let current = releases.path().join("current");
    symlink("one", &current).unwrap();
    let served = Served {
        source: install(&settings_for(&current)),
        folder: releases,
    };
    let identity = |served: &Served| served.source.identity(&SourcePath::parse("a.jpg").unwrap());
    let before = identity(&served);
    assert_eq!(
        read_all(served.download("a.jpg").await.unwrap().bytes).await.unwrap(),
        b"one"
    );
    symlink("two", served.path("next")).unwrap();
    fs::rename(served.path("next"), &current).unwrap();
    assert_eq!(
        read_all(served.download("a.jpg").await.unwrap().bytes).await.unwrap(),
        b"two"
    );
    assert_eq!(identity(&served), before, "what is purged by its name is still found");

    fs::remove_file(&current).unwrap();
    let error = served.download("a.jpg").await.unwrap_err();
    assert_eq!(
        error.kind(),
        ErrorKind::Upstream,
        "a lost folder is no proof that an image does not exist: {error:?}"
    );
    tells_no_path(&error, &current);
}

/// The client learns nothing about this machine, and the log has the cause.
fn tells_no_path(error: &Error, path: &Path) {
    assert!(!error.message().contains(path.to_str().unwrap()), "{}", error.message());
    assert!(error.cause().is_some(), "the log hears why: {error:?}");
}

/// Root may read everything, so as root these tests run again as the user nobody.
#[test]
fn unreadable_file_is_forbidden() {
    if !rustix::process::geteuid().is_root() {
        return unreadable_files_and_folders_are_refused();
    }
    let mut again = Command::new(std::env::current_exe().unwrap());
    again
        .args(["--exact", "unreadable_file_is_forbidden"])
        .env_remove("TMPDIR")
        .uid(65534)
        .gid(65534);
    match again.output() {
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(
                output.status.success() && said.contains("1 passed"),
                "as nobody: {said}"
            );
        }
        Err(error) => eprintln!("not shown: as root, and nobody may not run this test: {error}"),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn unreadable_files_and_folders_are_refused() {
    let served = Served::new();
    served.write("a.jpg", b"bytes");
    let mode = |path: &str, mode| fs::set_permissions(served.path(path), PermissionsExt::from_mode(mode)).unwrap();
    mode("a.jpg", 0o200);
    let error = served.download("a.jpg").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Forbidden, "{error:?}");
    tells_no_path(&error, served.folder.path());

    mode("", 0o300);
    let message = start(&settings_for(served.folder.path()))
        .await
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("ermission denied") && message.contains("read and enter"),
        "{message}"
    );
    mode("", 0o700);
}

async fn start(settings: &str) -> Result<(), InstallError> {
    let installer = Installer::default();
    let table = installer.install::<FileReader>(settings)?;
    installer.start(&table).await
}

#[tokio::test]
async fn unusable_folder_is_refused_with_advice() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.jpg");
    fs::write(&file, b"").unwrap();
    let missing = folder.path().join("missing");
    start(&settings_for(folder.path())).await.unwrap();
    for (path, advice) in [
        (&missing, "create the folder"),
        (&file, "not a file"),
        (&file.join("x"), "not a file"),
    ] {
        match start(&settings_for(path)).await {
            Err(InstallError::Setting { name, message }) if name == "folder" => {
                assert!(message.contains(path.to_str().unwrap()), "names the folder: {message}");
                assert!(
                    message.contains("os error") && message.contains(advice),
                    "says why and what to do: {message}"
                );
            }
            other => panic!("{path:?}: {other:?}"),
        }
    }
}

#[test]
fn settings_are_parsed_or_refused() {
    let installer = Installer::default();
    let table = installer.install::<FileReader>("folder = 'photos'").unwrap();
    let mounted = &table.sources[0].value;
    assert_eq!(mounted.prefix.as_str(), "/");
    assert_eq!(mounted.policy.check_modified, Duration::ZERO);
    assert_eq!(mounted.policy.fetch_timeout, Duration::from_secs(30));
    assert!(mounted.policy.require_image_extension);
    let expected = std::env::current_dir().unwrap().join("photos/a/b.jpg");
    let identity = mounted.source.identity(&SourcePath::parse("a/b.jpg").unwrap());
    assert_eq!(
        identity.as_str(),
        format!("file:{}", expected.display()),
        "relative to the working directory"
    );
    assert_eq!((table.on_start.len(), table.on_connect.len()), (1, 1));

    let wrong = |settings: &str| {
        installer
            .install::<FileReader>(settings)
            .map(drop)
            .unwrap_err()
            .to_string()
    };
    for (settings, part) in [
        ("", "folder"),
        ("folder = ''", "folder"),
        ("folder = 'a'\nfoldr = 'b'", "foldr"),
        ("folder = 'a'\nprefix = 'a'", "prefix"),
    ] {
        assert!(wrong(settings).contains(part), "{settings:?}: {}", wrong(settings));
    }
}
