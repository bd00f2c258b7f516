//! Metrics of the disk cache. Several caches, as while a reload changes the settings, add to the same metrics.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use resizer_disk_store::Counts;
use resizer_plugin_api::{Counter, Gauge, Metrics};

pub(crate) struct Numbers {
    bytes: Part,
    entries: Part,
    max_bytes: Part,
    write_behind: Part,
    evictions: Growing,
    damaged: Growing,
    /// Results found in memory, waiting ones among them.
    pub(crate) memory_hits: Counter,
    pub(crate) disk_hits: Counter,
    pub(crate) dropped_writes: Counter,
    pub(crate) failed_writes: Counter,
}

/// The part of a gauge that one cache adds; taken back when the cache is closed.
struct Part {
    gauge: Gauge,
    shown: AtomicI64,
}

/// The part of a counter that one cache adds.
struct Growing {
    counter: Counter,
    shown: AtomicU64,
}

impl Numbers {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let part = |name, help| Part {
            gauge: metrics.gauge(name, help, &[]),
            shown: AtomicI64::new(0),
        };
        let counter = |name, help| metrics.counter(name, help, &[]);
        let hits = |tier| {
            let help = "Results found, by where they were found.";
            metrics.counter("resizer_diskcache_hits_total", help, &[("tier", tier)])
        };
        let growing = |name, help| Growing {
            counter: counter(name, help),
            shown: AtomicU64::new(0),
        };
        Self {
            bytes: part(
                "resizer_diskcache_bytes",
                "Bytes of the cache folder, as du counts them.",
            ),
            entries: part("resizer_diskcache_entries", "Results in the cache folder."),
            max_bytes: part("resizer_diskcache_max_bytes", "Bytes that the cache folder may take."),
            write_behind: part(
                "resizer_diskcache_write_behind_bytes",
                "Bytes of results that wait to be written.",
            ),
            evictions: growing(
                "resizer_diskcache_evictions_total",
                "Results that gave way to others on disk.",
            ),
            damaged: growing(
                "resizer_diskcache_damaged_total",
                "Files that were not what was written.",
            ),
            memory_hits: hits("memory"),
            disk_hits: hits("disk"),
            dropped_writes: counter(
                "resizer_diskcache_dropped_writes_total",
                "Results not written because too much was waiting.",
            ),
            failed_writes: counter(
                "resizer_diskcache_failed_writes_total",
                "Results that the disk did not take.",
            ),
        }
    }

    /// The bytes of the memory tier, and its evictions.
    pub(crate) fn of_memory(metrics: &Metrics) -> (Gauge, Counter) {
        let help = "Bytes of results in the memory tier.";
        let bytes = metrics.gauge("resizer_diskcache_memory_bytes", help, &[]);
        let help = "Results that gave way to others in the memory tier.";
        let evictions = metrics.counter("resizer_diskcache_memory_evictions_total", help, &[]);
        (bytes, evictions)
    }

    pub(crate) fn show(&self, disk: Counts, write_behind: u64) {
        self.bytes.show(disk.bytes);
        self.entries.show(disk.entries);
        self.max_bytes.show(disk.bound);
        self.write_behind.show(write_behind);
        self.evictions.show(disk.evicted);
        self.damaged.show(disk.damaged);
    }
}

impl Part {
    fn show(&self, value: u64) {
        let value = i64::try_from(value).unwrap_or(i64::MAX);
        self.gauge.add(value - self.shown.swap(value, Ordering::Relaxed));
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        self.show(0);
    }
}

impl Growing {
    fn show(&self, value: u64) {
        let before = self.shown.fetch_max(value, Ordering::Relaxed);
        self.counter.add(value.saturating_sub(before));
    }
}
