//! Early writes: entries written between opening a folder and knowing its entries.

use std::thread;

use super::*;

const BOUND: u64 = 32 * MIB;
const TIGHT: u64 = 16 * MIB;

/// A folder that was filled to its bound.
fn full_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path(), BOUND);
    for number in 0..900 {
        assert!(write(&store, number, 50_000));
    }
    assert!(store.counts().evicted > 0, "it is full");
    folder
}

fn locked(folder: &Path, bound: u64) -> Store {
    let store = Store::open(folder, Bound::Bytes(bound), Duration::ZERO).unwrap();
    assert!(store.lock().unwrap());
    store
}

/// Writes so many entries of 20,000 bytes at most and tells how many went before the folder had to be listed, which
/// shows in what the store knows of.
#[track_caller]
fn written_early(store: &Store, from: u64, most: u64) -> u64 {
    (from..from + most)
        .take_while(|number| {
            assert!(write(store, *number, 20_000) && is_kept(store, *number));
            store.counts().entries < 300
        })
        .count() as u64
}

#[test]
fn early_writes_are_kept_as_far_as_they_certainly_fit() {
    let folder = full_folder();
    let second = locked(folder.path(), BOUND);
    assert_eq!(written_early(&second, 1000, 15), 15, "a 64th of the bound is free");
    assert!(disk_usage(folder.path()) <= BOUND);
    // As if it had crashed before it knew what is there.
    drop(second);

    let third = locked(folder.path(), BOUND);
    assert_eq!(written_early(&third, 2000, 1), 0, "nothing is certain now");
    assert!(is_kept(&third, 1000) && is_kept(&third, 1014) && is_kept(&third, 2000));
    assert_eq!(third.counts().bytes, disk_usage(folder.path()));
    assert!(third.counts().bytes <= BOUND);
    drop(third);

    let fourth = locked(folder.path(), BOUND);
    let written = written_early(&fourth, 3000, 100);
    assert!(
        (15..=BOUND / 64 / 20_000).contains(&written),
        "{written} entries fit into a 64th of the bound"
    );
    assert!(disk_usage(folder.path()) <= BOUND);
    drop(fourth);

    let fifth = locked(folder.path(), TIGHT);
    assert_eq!(written_early(&fifth, 4000, 1), 0, "it may take less now");
    assert!(disk_usage(folder.path()) <= TIGHT);
}

#[test]
fn larger_bound_leaves_more_room_for_early_writes() {
    let folder = full_folder();
    let second = locked(folder.path(), BOUND + 16 * MIB);
    assert_eq!(written_early(&second, 1000, 250), 250, "6 of 16 MiB");
}

#[test]
fn entry_written_while_listing_is_counted_once() {
    let folder = full_folder();
    for round in 0..5 {
        let store = locked(folder.path(), BOUND);
        thread::scope(|scope| {
            scope.spawn(|| store.list().unwrap());
            // New ones, and some that are listed at the same time; those that do not fit yet wait for the list.
            for number in 0..100 {
                let number = if number % 2 == 0 {
                    800 + number
                } else {
                    round * 100 + 1000 + number
                };
                assert!(write(&store, number, 30_000));
            }
        });
        let counts = store.counts();
        assert_eq!(counts.bytes, disk_usage(folder.path()));
        assert_eq!(counts.entries, entry_files(folder.path()).len() as u64);
        assert!(counts.bytes <= BOUND);
    }
}
