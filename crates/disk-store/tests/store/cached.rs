//! Cached reads: an entry that is read from the memory of the system alone is the entry that was written, or nothing.

use std::fs;

use super::*;

/// An open store that notes a use on the disk once an hour, with one entry, and its file.
fn one_entry(folder: &Path, length: usize) -> (Store, PathBuf) {
    let store = Store::open(folder, Bound::Bytes(64 * MIB), Duration::from_secs(3600)).unwrap();
    assert!(store.take_over().unwrap());
    assert!(write(&store, 7, length));
    let file = entry_files(folder).pop().unwrap();
    (store, file)
}

fn cached(store: &Store, number: u64) -> Option<(Vec<u8>, Vec<u8>)> {
    let found = store.read_cached(&key(number))?;
    let Content::Whole(body) = found.content else {
        panic!("a long entry was read at once")
    };
    Some((found.meta.to_vec(), body.to_vec()))
}

#[test]
fn cached_read_gives_what_was_written() {
    for length in [0, 1, 4095, 20_000, 250_000, 300_000, 2_000_000] {
        let folder = tempfile::tempdir().unwrap();
        let (store, _) = one_entry(folder.path(), length);
        // Which file systems can say that they have it in memory is not ours to tell.
        if let Some((meta, found)) = cached(&store, 7) {
            assert_eq!(meta, b"meta 7");
            assert!(found == body(7, length), "{length} bytes");
        }
        assert!(cached(&store, 8).is_none());
        assert!(is_kept(&store, 7));
    }
}

#[test]
fn cached_read_of_a_damaged_file_gives_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (store, file) = one_entry(folder.path(), 300);
    let whole = fs::read(&file).unwrap();
    for place in 0..whole.len() {
        let mut flipped = whole.clone();
        flipped[place] ^= 1 << (place % 8);
        fs::write(&file, &flipped).unwrap();
        assert!(cached(&store, 7).is_none(), "byte {place}");
        fs::write(&file, &whole[..place]).unwrap();
        assert!(cached(&store, 7).is_none(), "cut to {place} bytes");
    }
    assert!(file.exists(), "nothing is removed without a closer look");
    assert!(!is_kept(&store, 7) && store.counts().damaged == 1);
}

#[test]
fn cached_read_after_a_rewrite_gives_the_new_entry() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = one_entry(folder.path(), 300);
    let is_body = |number, length| {
        // Twice, so that the second time it is open already; and as above, a file system may have none of this.
        for _ in 0..2 {
            if let Some((_, found)) = cached(&store, number) {
                assert!(found == body(number, length), "entry {number}");
            }
        }
    };
    is_body(7, 300);
    assert!(write(&store, 7, 500), "replaced");
    is_body(7, 500);
    assert!(write(&store, 8, 400));
    for _ in 0..3 {
        is_body(7, 500);
        is_body(8, 400);
    }
    let other_process = Store::open(folder.path(), Bound::Bytes(64 * MIB), Duration::from_secs(3600)).unwrap();
    assert!(other_process.remove(&key(8)).unwrap());
    assert!(cached(&store, 8).is_none() && !is_kept(&store, 8));
    is_body(7, 500);
    assert!(store.remove(&key(7)).unwrap());
    assert!(cached(&store, 7).is_none());
    assert_eq!(
        open_and_removed(folder.path()),
        0,
        "a removed file still takes its blocks"
    );
}

/// How many files of a folder this process has open although they were removed, as Linux tells it.
fn open_and_removed(folder: &Path) -> usize {
    let Ok(open) = fs::read_dir("/proc/self/fd") else {
        return 0;
    };
    let open = open.filter_map(|descriptor| fs::read_link(descriptor.ok()?.path()).ok());
    open.filter(|file| file.starts_with(folder) && file.to_string_lossy().ends_with(" (deleted)"))
        .count()
}
