//! Full disk: a small file system of its own, only where `unshare` may mount one. Elsewhere the test says that it did
//! not run.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use crate::opened::{NO_MEMORY, Opened, key};

const DISK: &str = "DISKCACHE_TEST_MOUNTS_ON";
const THIS: &str = "full_disk::full_disk_is_no_error";

#[tokio::test(flavor = "multi_thread")]
async fn full_disk_is_no_error() {
    let Some(disk) = env::var_os(DISK).map(PathBuf::from) else {
        return on_a_small_disk();
    };
    let cache = Opened::start(&disk.join("cache"), NO_MEMORY).await;
    cache
        .until("the folder is known", |cache| {
            cache.metric("resizer_diskcache_max_bytes") > 0
        })
        .await;
    cache.put(&key(1), vec![1; 1000]).await;
    cache.written().await;
    let others = disk.join("others");
    fill(&others);
    cache.put(&key(2), vec![2; 200_000]).await;
    cache.written().await;
    assert_eq!(cache.metric("resizer_diskcache_failed_writes_total"), 1);
    assert!(cache.get(&key(2)).await.is_none(), "it was served, and not kept");
    fs::remove_file(&others).unwrap();
    cache.put(&key(2), vec![2; 200_000]).await;
    cache.written().await;
    assert!(cache.get(&key(2)).await.is_some(), "it recovers by itself");
}

/// Runs the test again with `DISK` a file system of 16 MiB that nobody else sees and that goes with it.
fn on_a_small_disk() {
    let disk = tempfile::tempdir().unwrap();
    let program = env::current_exe().unwrap();
    let script = format!(
        "mount -t tmpfs -o size=16m tmpfs '{}' || exit 77; '{}' --exact {THIS} --nocapture",
        disk.path().display(),
        program.display(),
    );
    let user = if rustix::process::geteuid().is_root() {
        "-m"
    } else {
        "-rm"
    };
    let run = Command::new("unshare")
        .args([user, "sh", "-c", &script])
        .env(DISK, disk.path())
        .output();
    match run {
        Ok(output) if output.status.success() => {
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(said.contains("1 passed"), "{said}");
        }
        Ok(output) if output.status.code() == Some(101) => panic!("{}", String::from_utf8_lossy(&output.stderr)),
        other => eprintln!("not tried, since nothing may be mounted here: {other:?}"),
    }
}

/// Takes what is free, to the last block.
fn fill(file: &Path) {
    let _ = fs::write(file, vec![1; 32 << 20]).unwrap_err();
}
