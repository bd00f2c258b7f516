//! Suite of the bounded memory store, with both ways of eviction: its bound, what it keeps, what it evicts, its
//! numbers.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::thread;

use bytes::Bytes;
use resizer_memory_store::{Eviction, MemoryStore};
use resizer_plugin_api::engine::HookTable;
use resizer_plugin_api::engine::Resources;
use resizer_plugin_api::{
    ByteSize, Cache as _, CacheKey, Entry, EntryMeta, Hooks, Metrics, Purge, SourceKey, Validator, Variant,
};

const BOTH: [Eviction; 2] = [Eviction::LeastFrequent, Eviction::LeastRecent];

/// A store, and the numbers that it shows.
struct Tested {
    store: Arc<MemoryStore>,
    metrics: Metrics,
}

impl Tested {
    fn new(max_size: u64, eviction: Eviction) -> Self {
        let metrics = Metrics::default();
        let store = open(&metrics, max_size, eviction);
        Self { store, metrics }
    }

    fn keep(&self, number: usize, length: usize) {
        self.store.keep(&key(number), &entry(length));
    }

    fn has(&self, number: usize) -> bool {
        self.store.find(&key(number)).is_some()
    }

    fn kept(&self, of: usize) -> usize {
        (0..of).filter(|number| self.has(*number)).count()
    }

    fn number(&self, name: &str) -> u64 {
        let text = self.metrics.render();
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {name} in\n{text}")).parse().unwrap()
    }
}

fn open(metrics: &Metrics, max_size: u64, eviction: Eviction) -> Arc<MemoryStore> {
    let (mut table, resources) = (HookTable::default(), Resources::default());
    let mut hooks = Hooks::new("tested", 0, &mut table, &resources, metrics);
    let claim = hooks.claim("max_size", ByteSize(max_size)).unwrap();
    let bytes = metrics.gauge("bytes", "Bytes of entries.", &[]);
    let evictions = metrics.counter("evictions_total", "Entries that gave way.", &[]);
    Arc::new(MemoryStore::new(claim, eviction, bytes, evictions))
}

fn key(number: usize) -> CacheKey {
    CacheKey {
        source: SourceKey::new(format!("file:/{number}.jpg")),
        validator: Validator::new("1"),
        variant: Variant::of(["w=100"]),
    }
}

fn entry(length: usize) -> Entry {
    let meta = EntryMeta::new("image/jpeg", Validator::new("1"));
    let bytes = Bytes::from(vec![1; length]);
    Entry::new(meta, bytes)
}

#[test]
fn store_filled_by_several_threads_stays_within_its_bound() {
    for eviction in BOTH {
        let tested = Tested::new(1_000_000, eviction);
        thread::scope(|scope| {
            for task in 0..4 {
                let tested = &tested;
                scope.spawn(move || (0..100).for_each(|number| tested.keep(task * 100 + number, 50_000)));
            }
        });
        let kept = tested.kept(400);
        assert!(
            (10..=19).contains(&kept),
            "{eviction:?}: 1,000,000 bytes hold at most 19 entries of 50,000 and more, not {kept}"
        );
        let bytes = tested.number("bytes");
        assert!(
            (kept as u64 * 50_000..=1_000_000).contains(&bytes),
            "{eviction:?}: {kept} entries in {bytes} bytes"
        );
        let evicted = tested.number("evictions_total");
        match eviction {
            Eviction::LeastRecent => assert_eq!(evicted, 400 - kept as u64, "each entry that gave way is counted"),
            Eviction::LeastFrequent => assert!(evicted > 0, "entries that gave way are counted"),
        }
    }
}

#[test]
fn empty_entries_count_with_their_keys() {
    for eviction in BOTH {
        let tested = Tested::new(100_000, eviction);
        (0..1000).for_each(|number| tested.keep(number, 0));
        let kept = tested.kept(1000);
        assert!(
            (100..200).contains(&kept),
            "{eviction:?}: an empty entry counts at least half a kilobyte, so 100 KB hold fewer than 200, not {kept}"
        );
    }
}

#[test]
fn entry_above_a_quarter_of_the_store_is_not_kept() {
    for eviction in BOTH {
        let tested = Tested::new(1_000_000, eviction);
        tested.keep(1, 240_000);
        tested.keep(2, 250_000);
        assert!(
            tested.has(1),
            "{eviction:?}: an entry below a quarter of the whole is kept"
        );
        assert!(!tested.has(2), "{eviction:?}: a larger one is not");
        tested.keep(1, 250_000);
        assert!(
            !tested.has(1),
            "{eviction:?}: nor does the smaller one before it remain"
        );
    }
}

#[test]
fn new_entry_evicts_the_least_recent_however_often_that_was_used() {
    let tested = Tested::new(1_000_000, Eviction::LeastRecent);
    (0..4).for_each(|number| tested.keep(number, 240_000));
    for _ in 0..100 {
        assert_eq!(tested.kept(4), 4);
    }
    tested.keep(4, 240_000);
    assert!(tested.has(4));
    assert!(!tested.has(0), "the one not used for the longest time");
}

#[test]
fn new_entries_used_once_leave_the_frequent_ones() {
    let tested = Tested::new(1_000_000, Eviction::LeastFrequent);
    (0..4).for_each(|number| tested.keep(number, 200_000));
    for _ in 0..100 {
        assert_eq!(tested.kept(4), 4);
    }
    (10..100).for_each(|number| tested.keep(number, 200_000));
    assert!(tested.kept(4) >= 3, "a crawler that passes through evicts little");
}

#[test]
fn store_of_no_bytes_keeps_nothing() {
    for eviction in BOTH {
        let tested = Tested::new(0, eviction);
        tested.keep(1, 0);
        assert!(!tested.has(1));
        assert_eq!(tested.store.forget(&Purge::All), 0);
    }
}

#[test]
fn purge_frees_the_bytes_and_is_no_eviction() {
    for eviction in BOTH {
        let tested = Tested::new(10_000_000, eviction);
        (0..100).for_each(|number| tested.keep(number, 1000));
        assert_eq!(tested.store.keys(&Purge::Prefix("file:/9".to_owned())).len(), 11);
        assert_eq!(tested.store.forget(&Purge::Key(key(1))), 1);
        assert_eq!(tested.store.forget(&Purge::Source(key(2).source)), 1);
        assert_eq!(tested.store.forget(&Purge::Prefix("file:/".to_owned())), 98);
        assert_eq!(tested.number("bytes"), 0);
        assert_eq!(tested.number("evictions_total"), 0);
    }
}

#[test]
fn dropped_store_takes_its_bytes_out_of_the_shared_gauge() {
    let first = Tested::new(10_000_000, Eviction::LeastRecent);
    let second = open(&first.metrics, 20_000_000, Eviction::LeastRecent);
    first.keep(1, 1000);
    let of_one = first.number("bytes");
    second.keep(&key(1), &entry(1000));
    assert_eq!(first.number("bytes"), 2 * of_one, "two stores add to one gauge");
    drop(second);
    assert_eq!(first.number("bytes"), of_one);
}

#[tokio::test]
async fn store_as_a_cache_answers_with_the_entry() {
    let tested = Tested::new(10_000_000, Eviction::LeastFrequent);
    tested.store.put(&key(1), entry(70_000)).await.unwrap();
    let hit = tested.store.get(&key(1)).await.unwrap().unwrap();
    assert_eq!(hit.body.length(), Some(70_000));
    assert_eq!(hit.meta.content_type, "image/jpeg");
    assert_eq!(tested.store.purge(&Purge::All).await.unwrap(), 1);
    assert!(tested.store.get(&key(1)).await.unwrap().is_none());
}
