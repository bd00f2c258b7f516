//! The entries, their weights, and the numbers shown about them.

use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use moka::notification::RemovalCause;
use moka::sync::Cache as Entries;
use resizer_plugin_api::{Body, Cache, CacheKey, Claim, Entry, Error, Gauge, Hit, ImageRequest, Metrics, Purge};

/// The part of the whole that one entry may take.
const LARGEST_PART: u64 = 4;

/// A bounded cache of results. When full, it compares how often the new entry and the oldest ones were asked for lately,
/// and keeps those asked for more.
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
        let help = "Results that gave way to others in memory.";
        let evictions = metrics.counter("resizer_memcache_evictions_total", help, &[]);
        let entries = Entries::builder()
            .max_capacity(max_size)
            .weigher(|key, entry: &Entry| u32::try_from(entry.weight(key)).unwrap_or(u32::MAX))
            .eviction_listener(move |_, _, cause| {
                if cause == RemovalCause::Size {
                    evictions.increment();
                }
            })
            .build();
        Self {
            entries,
            largest: (max_size / LARGEST_PART).min(u64::from(u32::MAX)),
            bytes: metrics.gauge("resizer_memcache_bytes", "Bytes of results in memory.", &[]),
            shown: AtomicI64::new(0),
            _claim: claim,
        }
    }

    /// Lets moka evict what is too much now: by itself it does so in batches and may hold many entries too many.
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

fn is_meant(what: &Purge, key: &CacheKey) -> bool {
    match what {
        Purge::Key(meant) => key == meant,
        Purge::Source(source) => key.source == *source,
        Purge::Prefix(prefix) => key.source.as_str().starts_with(prefix),
        Purge::All => true,
    }
}

#[async_trait]
impl Cache for Store {
    fn accepts(&self, _: &ImageRequest) -> bool {
        true
    }

    async fn get(&self, key: &CacheKey) -> Result<Option<Hit>, Error> {
        Ok(self
            .entries
            .get(key)
            .map(|kept| Hit::new(kept.meta, Body::Bytes(kept.bytes))))
    }

    async fn put(&self, key: &CacheKey, entry: Entry) -> Result<(), Error> {
        if entry.weight(key) > self.largest {
            // What may be kept from before is out of date.
            self.entries.invalidate(key);
        } else {
            self.entries.insert(key.clone(), entry.resident());
        }
        self.settle();
        Ok(())
    }

    /// Looks at every key: there are as many as fit into memory, and purges are rare.
    async fn purge(&self, what: &Purge) -> Result<u64, Error> {
        self.settle();
        let meant = self.entries.iter().filter(|(key, _)| is_meant(what, key));
        let dropped = meant.filter(|(key, _)| self.entries.remove(&**key).is_some()).count();
        self.settle();
        Ok(dropped as u64)
    }
}
