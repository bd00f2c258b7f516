//! Folders and settings that are refused.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use resizer_engine::testing::Installer;
use resizer_plugin_api::imaging::Instructions;
use resizer_plugin_api::{ImageRequest, InstallError, Query, RequestHead};
use resizer_sourcediskcache::SourceDiskCache;

use crate::opened::Opened;

async fn refused(folder: &Path) -> String {
    let refused = Opened::reload(&Arc::default(), folder, "").await;
    match refused.map(drop) {
        Err(InstallError::Setting { name, message }) if name == "folder" => {
            assert!(message.contains(folder.to_str().unwrap()), "{message}");
            message
        }
        other => panic!("{}: {other:?}", folder.display()),
    }
}

#[tokio::test]
async fn a_file_is_no_folder() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, b"").unwrap();
    for path in [file.clone(), file.join("below")] {
        assert!(refused(&path).await.contains("in the way"));
    }
}

/// Root writes where it likes, so as root this test runs once more, as nobody.
#[test]
fn a_folder_that_may_not_be_written_to_is_refused() {
    if !rustix::process::geteuid().is_root() {
        return refused_folders();
    }
    let mut again = Command::new(std::env::current_exe().unwrap());
    let arguments = [
        "--exact",
        "refusals::a_folder_that_may_not_be_written_to_is_refused",
        "--nocapture",
    ];
    again.args(arguments).env_remove("TMPDIR").uid(65534).gid(65534);
    match again.output() {
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(
                output.status.success() && said.contains("1 passed"),
                "{said}{}",
                String::from_utf8_lossy(&output.stderr)
            );
        }
        Err(error) => eprintln!("not tried, since nobody may not run this program: {error}"),
    }
}

fn refused_folders() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let read_only = folder.path().join("read-only");
    fs::create_dir(&read_only).unwrap();
    fs::set_permissions(&read_only, fs::Permissions::from_mode(0o500)).unwrap();
    for path in [read_only.clone(), read_only.join("below")] {
        let message = runtime.block_on(refused(&path));
        assert!(
            message.contains("let the user that runs this server write there"),
            "{message}"
        );
    }
    fs::set_permissions(&read_only, fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn settings() {
    let installer = Installer::default();
    let table = installer.install::<SourceDiskCache>("").unwrap();
    assert_eq!(
        (table.source_caches.len(), table.result_caches.len()),
        (1, 0),
        "it keeps originals and no results"
    );
    assert_eq!((table.on_start.len(), table.on_connect.len()), (1, 1));
    assert!(!Path::new("sourcecache").exists(), "installing touches no disk");
    let check = |settings: &str, part: &str| {
        let refused = installer.install::<SourceDiskCache>(settings);
        let message = refused.map(drop).unwrap_err().to_string();
        assert!(message.contains(part), "{settings}: {message}");
    };
    check("folder = ''", "folder");
    check("max_size = 'lots'", "as in \"512MB\"");
    check(
        "max_size = '15MB'",
        "`max_size`: 15000000B is too little to work with; give it 16MiB or more",
    );
    check("prefixes = ['s3']", "a prefix begins with \"/\"");
    check("prefix = '/s3/'", "prefix");
}

#[test]
fn originals_are_kept_where_the_url_or_the_prefix_says_so() {
    let check = |settings: &str, url: &str, expected: bool| {
        let table = Installer::default().install::<SourceDiskCache>(settings).unwrap();
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let request = ImageRequest::new(
            Arc::new(RequestHead::get(path, query)),
            path.to_owned(),
            Query::parse(query),
            Instructions::default(),
            Default::default(),
        );
        assert_eq!(
            table.source_caches[0].value.accepts(&request),
            expected,
            "{settings} {url}"
        );
    };
    check("", "/s3/a.jpg?w=100", false);
    check("", "/s3/a.jpg?w=100&SCache=Disk", true);
    check("", "/s3/a.jpg?scache=mem", false);
    let prefixes = "prefixes = ['/s3/']";
    check(prefixes, "/s3/a.jpg", true);
    check(prefixes, "/photos/a.jpg", false);
    check(prefixes, "/s3/a.jpg?scache=mem", false);
    check(prefixes, "/s3/a.jpg?scache=no", false);
    check(prefixes, "/s3/a.jpg?scache=tape", true);
}
