//! Folders and settings that are refused.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use resizer_diskcache::DiskCache;
use resizer_engine::testing::Installer;
use resizer_plugin_api::InstallError;

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
    let table = installer.install::<DiskCache>("").unwrap();
    assert_eq!(
        (table.result_caches.len(), table.source_caches.len()),
        (1, 0),
        "it keeps results and no originals"
    );
    assert_eq!(
        (table.on_start.len(), table.on_connect.len(), table.on_stop.len()),
        (1, 1, 1)
    );
    assert!(!Path::new("imagecache").exists(), "installing touches no disk");
    let wrong = |settings: &str| {
        installer
            .install::<DiskCache>(settings)
            .map(drop)
            .unwrap_err()
            .to_string()
    };
    for (settings, part) in [
        ("folder = ''", "folder"),
        ("max_size = 'lots'", "as in \"512MB\""),
        (
            "max_size = '15MB'",
            "`max_size`: 15000000B is too little to work with; give it 16MiB or more",
        ),
        ("write_behind = '1000KB'", "give it 1MiB or more"),
        ("memory = '1MB'", "memory"),
    ] {
        assert!(wrong(settings).contains(part), "{settings:?}: {}", wrong(settings));
    }
}
