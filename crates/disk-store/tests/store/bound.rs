//! Bound and eviction of the disk store, and the part of both that outlives the process.

use std::fs;
use std::time::SystemTime;

use super::*;

/// Lengths from nothing to over a megabyte, most of them small.
fn length(number: u64) -> usize {
    let random = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20;
    (random % [5_000, 30_000, 60_000, 700_000][(random >> 30) as usize % 4]) as usize
}

#[test]
fn folder_after_each_write_is_within_its_bound_as_du_counts() {
    let folder = tempfile::tempdir().unwrap();
    let bound = 12 * MIB;
    let store = store(folder.path(), bound);
    for number in 0..700 {
        // Some are written again, with another length.
        write(&store, number - number % 7 / 6 * 3, length(number));
        let counted = store.counts().bytes;
        assert!(counted <= bound, "after {number}: counted {counted}");
        if number % 50 == 0 {
            let used = disk_usage(folder.path());
            assert!(used <= bound, "after {number}: du counts {used}");
            assert!(
                used <= counted && counted < used + used / 50,
                "du counts {used}, the store {counted}"
            );
        }
    }
    let counts = store.counts();
    assert!(counts.bytes > bound * 9 / 10, "it uses what it may: {counts:?}");
    assert_eq!(entry_files(folder.path()).len() as u64, counts.entries);
    assert!(counts.evicted > 100, "{counts:?}");
}

#[test]
fn small_entries_count_with_whole_blocks() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path(), 8 * MIB);
    for number in 0..4000 {
        assert!(write(&store, number, 1));
    }
    assert!(disk_usage(folder.path()) <= 8 * MIB);
    let entries = store.counts().entries;
    assert!(
        (1000..2048).contains(&entries),
        "8 MiB are 2048 blocks, and directories take some; {entries} entries"
    );
}

#[test]
fn full_store_evicts_the_least_recently_used() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path(), 8 * MIB);
    for number in 0..50 {
        assert!(write(&store, number, 100_000));
    }
    assert_eq!(store.counts().evicted, 0, "five of eight megabytes");
    for number in 0..10 {
        assert!(is_kept(&store, number));
    }
    for number in 50..100 {
        assert!(write(&store, number, 100_000));
    }
    let kept: Vec<u64> = (0..100).filter(|number| store.may_have(&key(*number))).collect();
    let expected: Vec<u64> = (0..10).chain(100 - (kept.len() as u64 - 10)..100).collect();
    assert_eq!(kept, expected, "the ten that were used, and the newest");
}

#[test]
fn entry_above_a_quarter_of_the_bound_is_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path(), 8 * MIB);
    assert!(write(&store, 1, 1000) && write(&store, 2, 1000));
    assert!(!write(&store, 1, 2 * MIB as usize));
    assert!(!is_kept(&store, 1), "nor what it replaces");
    assert!(is_kept(&store, 2));
    assert!(write(&store, 1, 2 * MIB as usize - 8192) && is_kept(&store, 1));
    let endless = EntryKey::new(&"g".repeat(70_000), [1; 32]);
    assert!(
        !store.write(&endless, b"", b"").unwrap(),
        "nor one whose name is longer than a header may be"
    );
}

#[test]
fn reopened_store_keeps_entries_and_their_order() {
    let folder = tempfile::tempdir().unwrap();
    let first = store(folder.path(), 64 * MIB);
    for number in 0..100 {
        assert!(write(&first, number, 50_000));
        set_used(folder.path(), number, 1000 - number);
    }
    for number in 20..30 {
        assert!(is_kept(&first, number), "used just now, which is noted in the file");
    }
    drop(first);
    let second = store(folder.path(), 64 * MIB);
    assert_eq!(second.counts().entries, 100);
    assert_eq!(second.counts().bytes, disk_usage(folder.path()));
    for number in 0..100 {
        assert!(second.may_have(&key(number)), "{number}");
    }
    drop(second);
    // 20 of them, their directories and a little.
    let third = store(folder.path(), 20 * 53_248 + MIB / 2);
    let kept: Vec<u64> = (0..100).filter(|number| third.may_have(&key(*number))).collect();
    assert!(
        disk_usage(folder.path()) <= 20 * 53_248 + MIB / 2,
        "the bound is a smaller one now"
    );
    let newest = kept.len() as u64 - 10;
    let expected: Vec<u64> = (20..30).chain(100 - newest..100).collect();
    assert_eq!(kept, expected, "those used last stay");
    for number in kept {
        assert!(is_kept(&third, number));
    }
}

/// Sets when the entry was last used, in seconds before now.
fn set_used(folder: &Path, number: u64, seconds: u64) {
    let digest = format!("{:016x}", number.wrapping_mul(0x9E37_79B9_7F4A_7C15).swap_bytes());
    let file = entry_files(folder)
        .into_iter()
        .find(|file| file.to_str().unwrap().contains(&digest))
        .unwrap();
    let file = fs::File::options().write(true).open(file).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(seconds))
        .unwrap();
}

#[test]
fn foreign_files_in_the_folder_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let first = store(folder.path(), 8 * MIB);
    assert!(write(&first, 1, 1000));
    drop(first);
    let entry = entry_files(folder.path()).remove(0);
    let others = [
        folder.path().join("photo.jpg"),
        folder.path().join("tmp/photo.jpg"),
        entry.with_file_name("photo.jpg"),
        entry.with_extension("jpg"),
    ];
    for other in &others {
        fs::write(other, vec![1; 100_000]).unwrap();
    }
    fs::write(folder.path().join("tmp/17"), b"half").unwrap();
    let second = store(folder.path(), 8 * MIB);
    assert!(
        !folder.path().join("tmp/17").exists(),
        "what was begun and never finished is removed"
    );
    assert_eq!(second.counts().entries, 1);
    assert_eq!(second.clear().unwrap(), 1);
    assert_eq!(second.counts().entries, 0);
    for number in 0..500 {
        assert!(write(&second, number, 30_000));
    }
    for other in &others {
        assert!(other.exists(), "{}", other.display());
    }
}

#[test]
fn default_bound_is_a_share_of_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), Bound::ShareOfDisk, Duration::ZERO).unwrap();
    assert!(store.take_over().unwrap());
    let system = rustix::fs::statvfs(folder.path()).unwrap();
    let bound = store.counts().bound;
    let all = system.f_blocks * system.f_frsize;
    assert!(
        bound <= all / 10 && bound <= system.f_bfree * system.f_frsize,
        "{bound} of {all}"
    );
    assert!(bound > 0);
}
