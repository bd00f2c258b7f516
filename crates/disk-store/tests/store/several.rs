//! Concurrent use of one folder: by threads, and by stores as other processes open them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::*;

#[test]
fn concurrent_readers_writers_and_removers_mix_nothing_up() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path(), 2 * MIB);
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let writers: Vec<_> = (0..2)
            .map(|thread| {
                let store = &store;
                scope.spawn(move || {
                    for round in 0..700_u64 {
                        let number = (round * 7 + thread) % 60;
                        write(store, number, (1000 + round * 37 % 60_000) as usize);
                        match round % 100 {
                            30 => drop(store.remove(&key(number)).unwrap()),
                            60 => drop(store.remove_group(&format!("group {}", number / 10)).unwrap()),
                            90 => drop(store.remove_groups_beginning("group 3").unwrap()),
                            _ => {}
                        }
                    }
                })
            })
            .collect();
        let (store, over) = (&store, &over);
        let readers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(move || {
                    let (mut round, mut kept) = (0_u64, 0);
                    while !over.load(Ordering::Relaxed) {
                        kept += u64::from(is_kept(store, round % 60));
                        round += 1;
                    }
                    kept
                })
            })
            .collect();
        for writer in writers {
            writer.join().unwrap();
        }
        over.store(true, Ordering::Relaxed);
        for reader in readers {
            assert!(reader.join().unwrap() > 0, "readers find entries");
        }
    });
    let counts = store.counts();
    assert_eq!(counts.damaged, 0, "{counts:?}");
    assert_eq!(
        entry_files(folder.path()).len() as u64,
        counts.entries,
        "folder and index agree"
    );
    assert_eq!(disk_usage(folder.path()), counts.bytes);
    assert!(counts.bytes <= 2 * MIB);
}

#[test]
fn second_store_only_reads_until_the_first_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let first = store(folder.path(), 8 * MIB);
    assert!(write(&first, 1, 1000));
    let second = Store::open(folder.path(), Bound::Bytes(8 * MIB), Duration::ZERO).unwrap();
    assert!(!second.owns() && !second.take_over().unwrap());
    assert!(is_kept(&second, 1));
    assert!(write(&first, 2, 2_000_000));
    assert!(is_kept(&second, 2), "also what came later");
    assert!(!write(&second, 3, 1000));
    // Damage is a miss; to remove it is up to the first.
    let damaged = entry_files(folder.path())
        .into_iter()
        .find(|file| fs::metadata(file).unwrap().len() < 10_000)
        .unwrap();
    fs::write(&damaged, b"").unwrap();
    assert!(!is_kept(&second, 1));
    assert!(damaged.exists());
    assert!(!is_kept(&first, 1));
    assert!(!damaged.exists());

    drop(first);
    assert!(second.take_over().unwrap(), "the lock is free");
    assert!(second.owns() && second.counts().entries == 1);
    assert!(write(&second, 3, 1000) && is_kept(&second, 3) && is_kept(&second, 2));
}

#[test]
fn removal_in_the_second_store_removes_from_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let first = store(folder.path(), 8 * MIB);
    let second = Store::open(folder.path(), Bound::Bytes(8 * MIB), Duration::ZERO).unwrap();
    for number in 0..20 {
        assert!(write(&first, number, 1000));
    }
    assert_eq!(second.remove_group("group 1").unwrap(), 10);
    let kept: Vec<u64> = (0..20).filter(|number| is_kept(&first, *number)).collect();
    assert_eq!(kept, (0..10).collect::<Vec<_>>());
    assert_eq!(first.counts().entries, 10, "what was found missing is forgotten");
}

#[test]
fn store_before_listing_gives_out_entries() {
    let folder = tempfile::tempdir().unwrap();
    let first = store(folder.path(), 8 * MIB);
    for number in 0..20 {
        assert!(write(&first, number, 1000));
    }
    drop(first);
    let second = Store::open(folder.path(), Bound::Bytes(8 * MIB), Duration::ZERO).unwrap();
    assert!(is_kept(&second, 3) && !is_kept(&second, 100));
    assert!(second.remove(&key(4)).unwrap() && !is_kept(&second, 4));
    assert!(second.take_over().unwrap());
    assert_eq!(second.counts().entries, 19);
    assert_eq!(second.counts().bytes, disk_usage(folder.path()));
}

#[test]
fn group_is_removed_whole_and_alone() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path(), 64 * MIB);
    let fill = || {
        for number in 0..300 {
            assert!(write(&store, number, 100));
        }
    };
    let kept = || (0..300).filter(|number| is_kept(&store, *number)).count();
    fill();
    assert_eq!(store.remove_group("group 2").unwrap(), 10);
    assert!(!is_kept(&store, 20) && !is_kept(&store, 29) && is_kept(&store, 19) && is_kept(&store, 200));
    assert_eq!(kept(), 290);
    assert_eq!(store.remove_group("group").unwrap(), 0);
    fill();
    assert_eq!(
        store.remove_groups_beginning("group 2").unwrap(),
        110,
        "2, and 20 to 29"
    );
    assert_eq!(kept(), 190);
    assert!(store.remove(&key(0)).unwrap() && !store.remove(&key(0)).unwrap());
    assert_eq!(store.clear().unwrap(), 189);
    assert_eq!((kept(), store.counts().entries), (0, 0));
}
