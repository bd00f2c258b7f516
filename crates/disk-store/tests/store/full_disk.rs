//! Full disk: a small file system of its own, only where `unshare` may mount one. Elsewhere the test says that it did
//! not run.

use std::env;
use std::process::Command;

use super::*;

const FOLDER: &str = "STORE_TEST_MOUNTS_ON";

/// Runs a test of this program again, with `FOLDER` a file system of 16 MiB that nobody else sees and that goes with
/// it.
fn on_a_small_disk(test: &str) {
    let folder = tempfile::tempdir().unwrap();
    let program = env::current_exe().unwrap();
    let script = format!(
        "mount -t tmpfs -o size=16m tmpfs '{folder}' || exit 77; '{program}' --exact {test} --nocapture",
        folder = folder.path().display(),
        program = program.display(),
    );
    let user = if rustix::process::geteuid().is_root() {
        "-m"
    } else {
        "-rm"
    };
    let run = Command::new("unshare")
        .args([user, "sh", "-c", &script])
        .env(FOLDER, folder.path())
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

/// The folder of the store, and the file with which others fill the disk.
fn places() -> Option<(PathBuf, PathBuf)> {
    let disk = PathBuf::from(env::var_os(FOLDER)?);
    Some((disk.join("cache"), disk.join("others")))
}

/// Fills what is free on the disk but for so many bytes, and takes what was filled before into account.
fn leave_free(others: &Path, bytes: u64) {
    let disk = rustix::fs::statvfs(others.parent().unwrap()).unwrap();
    let filled = fs::metadata(others).map_or(0, |file| file.len());
    let length = (filled + disk.f_bavail * disk.f_frsize).saturating_sub(bytes);
    fs::write(others, vec![1; length as usize]).unwrap();
}

#[test]
fn full_disk_evicts_older_entries_for_newer_ones() {
    let Some((folder, others)) = places() else {
        return on_a_small_disk("full_disk::full_disk_evicts_older_entries_for_newer_ones");
    };
    // More than the disk has.
    let store = store(&folder, 64 * MIB);
    for number in 0..100 {
        assert!(write(&store, number, 50_000));
    }
    leave_free(&others, 100_000);
    for number in 100..200 {
        assert!(write(&store, number, 50_000), "{number}");
        assert!(is_kept(&store, number));
    }
    assert!(!store.may_have(&key(0)) && is_kept(&store, 150), "the oldest are gone");
    let counts = store.counts();
    assert!((90..=102).contains(&counts.entries), "{counts:?}");
    assert_eq!(entry_files(&folder).len() as u64, counts.entries);
    assert_eq!(fs::read_dir(folder.join("tmp")).unwrap().count(), 0);
}

#[test]
fn full_disk_without_entries_to_evict_is_an_error() {
    let Some((folder, others)) = places() else {
        return on_a_small_disk("full_disk::full_disk_without_entries_to_evict_is_an_error");
    };
    let store = store(&folder, 64 * MIB);
    assert!(write(&store, 1, 50_000));
    leave_free(&others, 0);
    let refused = store.write(&key(2), b"", &body(2, 200_000)).unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::StorageFull);
    assert!(!is_kept(&store, 2));
    assert_eq!(fs::read_dir(folder.join("tmp")).unwrap().count(), 0);
    fs::remove_file(&others).unwrap();
    assert!(write(&store, 2, 200_000) && is_kept(&store, 2), "it recovers by itself");
}

#[test]
fn default_bound_shrinks_when_others_fill_the_disk() {
    let Some((folder, others)) = places() else {
        return on_a_small_disk("full_disk::default_bound_shrinks_when_others_fill_the_disk");
    };
    let store = Store::open(&folder, Bound::ShareOfDisk, Duration::ZERO).unwrap();
    assert!(store.take_over().unwrap());
    let at_start = store.counts().bound;
    assert_eq!(store.bound_source(), "a tenth of the file system");
    for number in 0..300 {
        assert!(write(&store, number, 5_000));
    }
    leave_free(&others, 200_000);
    assert!(write(&store, 300, 5_000) && is_kept(&store, 300));
    let shrunk = store.counts();
    assert!(
        shrunk.bound < at_start && shrunk.bytes <= shrunk.bound,
        "{shrunk:?}, {at_start} at start"
    );
    let disk = rustix::fs::statvfs(&folder).unwrap();
    assert!(disk.f_bavail * disk.f_frsize > 200_000, "others have room again");
    fs::remove_file(&others).unwrap();
    assert!(write(&store, 301, 5_000));
    assert_eq!(store.counts().bound, at_start);
}
