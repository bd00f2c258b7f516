//! Removal of a great many entries: readers go on meanwhile.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::*;

#[test]
fn reader_during_an_eviction_waits_for_one_removal_at_most() {
    let folder = tempfile::tempdir().unwrap();
    let first = store(folder.path(), 64 * MIB);
    for number in 0..6_000 {
        assert!(write(&first, number, 100));
    }
    drop(first);
    // The newest 1,000 or so stay.
    let second = Store::open(folder.path(), Bound::Bytes(8 * MIB), Duration::ZERO).unwrap();
    let over = AtomicBool::new(false);
    let looks = thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut looks = 0_u64;
            while !over.load(Ordering::Relaxed) {
                if second.counts().evicted == 0 {
                    thread::yield_now();
                    continue;
                }
                assert!(second.may_have(&key(5_999)) && is_kept(&second, 5_999));
                looks += 1;
            }
            looks
        });
        assert!(second.take_over().unwrap());
        over.store(true, Ordering::Relaxed);
        reader.join().unwrap()
    });
    let evicted = second.counts().evicted;
    assert!(evicted > 4_000, "{evicted} evicted");
    assert!(looks > 20, "{looks} looks while {evicted} entries went");
}
