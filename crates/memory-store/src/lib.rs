//! Bounded memory store: keeps cache entries in memory, within a claim of bytes, and counts them for operators. Used by
//! plugins that hold results or originals in memory. The settings and the names of the metrics belong to the plugin.
//!
//! [`weight`] says how many bytes an entry counts for, and [`resident`] copies an entry so that it takes no more.

mod resident;

use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use foldhash::quality::RandomState;
use moka::notification::RemovalCause;
use moka::policy::EvictionPolicy;
use moka::sync::Cache as Entries;
use resizer_plugin_api::{Body, Cache, CacheKey, Claim, Counter, Entry, Error, Gauge, Hit, ImageRequest, Purge};

pub use resident::{resident, weight};

/// The part of the whole that one entry may take, so that no single entry empties the store.
const LARGEST_PART: u64 = 4;

/// Which entries a full store evicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Eviction {
    /// The less frequently used of the new entry and the oldest ones: a crawler that passes through evicts little.
    LeastFrequent,
    /// The least recently used entry: a new entry always gets in.
    LeastRecent,
}

/// Entries in memory, bounded by the bytes of a claim. A store of no bytes keeps nothing.
#[derive(Debug)]
pub struct MemoryStore {
    entries: Entries<CacheKey, Entry, RandomState>,
    largest: u64,
    bytes: Gauge,
    /// The bytes that this store has added to the gauge. Two stores share the gauge while a reload changes the size.
    shown: AtomicI64,
    /// Held for as long as the store lives.
    _claim: Claim,
}

impl MemoryStore {
    /// An empty store. `bytes` shows the weight of all entries; `evictions` counts entries that gave way to others, but
    /// not purged ones.
    #[must_use]
    pub fn new(claim: Claim, eviction: Eviction, bytes: Gauge, evictions: Counter) -> Self {
        let max_size = claim.bytes();
        let policy = match eviction {
            Eviction::LeastFrequent => EvictionPolicy::tiny_lfu(),
            Eviction::LeastRecent => EvictionPolicy::lru(),
        };
        let entries = Entries::builder()
            .max_capacity(max_size)
            .eviction_policy(policy)
            .weigher(|key, entry| u32::try_from(weight(key, entry)).unwrap_or(u32::MAX))
            .eviction_listener(move |_, _, cause| {
                if cause == RemovalCause::Size {
                    evictions.increment();
                }
            })
            .build_with_hasher(RandomState::default());
        Self {
            entries,
            largest: (max_size / LARGEST_PART).min(u64::from(u32::MAX)),
            bytes,
            shown: AtomicI64::new(0),
            _claim: claim,
        }
    }

    /// The entry under a key.
    #[must_use]
    pub fn find(&self, key: &CacheKey) -> Option<Entry> {
        if self.largest == 0 { None } else { self.entries.get(key) }
    }

    /// Keeps a [resident] copy of an entry. An entry above a quarter of the store is not kept, and the entry that it
    /// would replace is out of date and goes.
    pub fn keep(&self, key: &CacheKey, entry: &Entry) {
        if self.largest == 0 {
            return;
        }
        if weight(key, entry) > self.largest {
            self.entries.invalidate(key);
        } else {
            self.entries.insert(key.clone(), resident(entry));
        }
        self.settle();
    }

    /// The keys that a purge covers. Looks at every key: there are as many as fit into memory, and purges are rare.
    #[must_use]
    pub fn keys(&self, purge: &Purge) -> Vec<CacheKey> {
        let covered = self.entries.iter().filter(|(key, _)| purge.covers(key));
        covered.map(|(key, _)| CacheKey::clone(&key)).collect()
    }

    /// Drops the entries that a purge covers, and tells how many these were.
    pub fn forget(&self, purge: &Purge) -> u64 {
        self.settle();
        let keys = self.keys(purge).into_iter();
        let dropped = keys.filter(|key| self.entries.remove(key).is_some()).count();
        self.settle();
        dropped as u64
    }

    /// Lets moka evict at once: by itself moka evicts in batches, and may hold many entries too many in between.
    fn settle(&self) {
        self.entries.run_pending_tasks();
        self.show(i64::try_from(self.entries.weighted_size()).unwrap_or(i64::MAX));
    }

    fn show(&self, bytes: i64) {
        let before = self.shown.swap(bytes, Ordering::Relaxed);
        self.bytes.add(bytes - before);
    }
}

impl Drop for MemoryStore {
    fn drop(&mut self) {
        self.show(0);
    }
}

/// The store as a cache that takes part in every request.
#[async_trait]
impl Cache for MemoryStore {
    fn accepts(&self, _: &ImageRequest) -> bool {
        true
    }

    async fn get(&self, key: &CacheKey) -> Result<Option<Hit>, Error> {
        Ok(self
            .find(key)
            .map(|entry| Hit::new(entry.meta, Body::Bytes(entry.bytes))))
    }

    async fn put(&self, key: &CacheKey, entry: Entry) -> Result<(), Error> {
        self.keep(key, &entry);
        Ok(())
    }

    async fn purge(&self, purge: &Purge) -> Result<u64, Error> {
        Ok(self.forget(purge))
    }
}
