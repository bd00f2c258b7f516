//! The originals, their weights, and the numbers shown about them. Called by the cache in `lib.rs`.

use std::sync::atomic::{AtomicI64, Ordering};

use moka::notification::RemovalCause;
use moka::policy::EvictionPolicy;
use moka::sync::Cache as Entries;
use resizer_plugin_api::{Body, CacheKey, Claim, Entry, Gauge, Hit, Metrics, Purge};

/// The part of the whole that one original may take.
const LARGEST_PART: u64 = 4;

/// A bounded cache of originals. When full, the one not used for the longest time gives way: all sizes of a new photograph
/// are asked for shortly after each other, so a new one has to get in whatever was asked for often before.
pub(crate) struct Store {
    entries: Entries<CacheKey, Entry>,
    largest: u64,
    bytes: Gauge,
    /// What this store has added to the gauge; two stores share it while a reload changes the size.
    shown: AtomicI64,
    _claim: Claim,
}

impl Store {
    pub(crate) fn new(claim: Claim, metrics: &Metrics) -> Self {
        let max_size = claim.bytes();
        let help = "Originals that gave way to others in memory.";
        let evictions = metrics.counter("resizer_sourcememcache_evictions_total", help, &[]);
        let entries = Entries::builder()
            .max_capacity(max_size)
            .eviction_policy(EvictionPolicy::lru())
            .weigher(|key, entry: &Entry| u32::try_from(entry.weight(key)).unwrap_or(u32::MAX))
            .eviction_listener(move |_, _, cause| {
                if cause == RemovalCause::Size {
                    evictions.increment();
                }
            })
            .build();
        let help = "Bytes of originals in memory.";
        Self {
            entries,
            largest: (max_size / LARGEST_PART).min(u64::from(u32::MAX)),
            bytes: metrics.gauge("resizer_sourcememcache_bytes", help, &[]),
            shown: AtomicI64::new(0),
            _claim: claim,
        }
    }

    pub(crate) fn get(&self, key: &CacheKey) -> Option<Hit> {
        let Entry { meta, bytes, .. } = self.entries.get(key)?;
        let body = Body::Bytes(bytes);
        Some(Hit::new(meta, body))
    }

    pub(crate) fn put(&self, key: &CacheKey, entry: &Entry) {
        if entry.weight(key) > self.largest {
            // What may be kept from before is out of date.
            self.entries.invalidate(key);
        } else {
            self.entries.insert(key.clone(), entry.resident());
        }
        self.settle();
    }

    /// Looks at every key: there are as many as fit into memory, and purges are rare.
    pub(crate) fn purge(&self, what: &Purge) -> u64 {
        let is_meant = |key: &CacheKey| match what {
            Purge::Key(meant) => key == meant,
            Purge::Source(source) => key.source == *source,
            Purge::Prefix(prefix) => key.source.as_str().starts_with(prefix),
            Purge::All => true,
        };
        self.settle();
        let meant = self.entries.iter().filter(|(key, _)| is_meant(key));
        let dropped = meant.filter(|(key, _)| self.entries.remove(&**key).is_some()).count();
        self.settle();
        dropped as u64
    }

    /// Lets moka evict what is too much now: by itself it does so in batches and may hold several originals too many.
    fn settle(&self) {
        self.entries.run_pending_tasks();
        self.show(i64::try_from(self.entries.weighted_size()).unwrap_or(i64::MAX));
    }

    fn show(&self, bytes: i64) {
        let before = self.shown.swap(bytes, Ordering::Relaxed);
        self.bytes.add(bytes - before);
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.show(0);
    }
}
