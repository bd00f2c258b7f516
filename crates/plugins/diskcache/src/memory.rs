//! The tier in memory: a bounded map of results, before anything touches the disk.

use foldhash::quality::RandomState;
use moka::notification::RemovalCause;
use moka::sync::Cache as Entries;
use resizer_plugin_api::{ByteSize, CacheKey, Counter, Entry};

/// The part of the whole that one entry may take.
const LARGEST_PART: u64 = 4;

/// Results in memory. When full, those asked for more often lately stay.
pub(crate) struct Memory {
    entries: Entries<CacheKey, Entry, RandomState>,
    largest: u64,
}

impl Memory {
    /// A tier of no bytes holds nothing. What gives way to others is counted.
    pub(crate) fn new(size: ByteSize, evictions: Counter) -> Self {
        let entries = Entries::builder()
            .max_capacity(size.0)
            .weigher(|key, entry: &Entry| u32::try_from(entry.weight(key)).unwrap_or(u32::MAX))
            .eviction_listener(move |_, _, cause| {
                if cause == RemovalCause::Size {
                    evictions.increment();
                }
            })
            .build_with_hasher(RandomState::default());
        Self {
            entries,
            largest: (size.0 / LARGEST_PART).min(u64::from(u32::MAX)),
        }
    }

    /// Whether it holds anything at all.
    pub(crate) fn is_on(&self) -> bool {
        self.largest > 0
    }

    pub(crate) fn get(&self, key: &CacheKey) -> Option<Entry> {
        if self.is_on() { self.entries.get(key) } else { None }
    }

    /// Keeps an entry, or forgets what it replaces if it is too large to be kept.
    pub(crate) fn put(&self, key: &CacheKey, entry: &Entry) {
        if !self.is_on() {
            return;
        }
        if entry.weight(key) > self.largest {
            self.entries.invalidate(key);
        } else {
            self.entries.insert(key.clone(), entry.resident());
        }
        // By itself it evicts in batches, and may hold many entries too many.
        self.entries.run_pending_tasks();
    }

    /// The keys that are meant. Looks at every key: there are as many as fit into memory.
    pub(crate) fn keys(&self, is_meant: impl Fn(&CacheKey) -> bool) -> Vec<CacheKey> {
        self.entries
            .iter()
            .filter(|(key, _)| is_meant(key))
            .map(|(key, _)| CacheKey::clone(&key))
            .collect()
    }

    pub(crate) fn remove(&self, key: &CacheKey) {
        self.entries.invalidate(key);
    }

    /// What all entries count.
    pub(crate) fn bytes(&self) -> u64 {
        self.entries.run_pending_tasks();
        self.entries.weighted_size()
    }
}
