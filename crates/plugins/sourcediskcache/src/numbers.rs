//! Metrics of the source cache on disk. Several caches, as while a reload changes the settings, add to the same
//! metrics.

use resizer_disk_store::Counts;
use resizer_plugin_api::{Counter, Gauge, Metrics};

pub(crate) struct Numbers {
    bytes: Gauge,
    entries: Gauge,
    max_bytes: Gauge,
    evictions: Counter,
    damaged: Counter,
    pub(crate) failed_writes: Counter,
    /// The counts that this cache has added to the sums so far.
    shown: Counts,
}

impl Numbers {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let gauge = |name, help| metrics.gauge(name, help, &[]);
        let counter = |name, help| metrics.counter(name, help, &[]);
        Self {
            bytes: gauge(
                "resizer_sourcediskcache_bytes",
                "Bytes of the folder of originals, as du counts them.",
            ),
            entries: gauge("resizer_sourcediskcache_entries", "Originals that can be found."),
            max_bytes: gauge(
                "resizer_sourcediskcache_max_bytes",
                "Bytes that the folder of originals may take.",
            ),
            evictions: counter(
                "resizer_sourcediskcache_evictions_total",
                "Originals that gave way to others on disk.",
            ),
            damaged: counter(
                "resizer_sourcediskcache_damaged_total",
                "Files that were not what was written.",
            ),
            failed_writes: counter(
                "resizer_sourcediskcache_failed_writes_total",
                "Originals that the disk did not take.",
            ),
            shown: Counts::default(),
        }
    }

    pub(crate) fn show(&mut self, now: Counts) {
        let before = std::mem::replace(&mut self.shown, now);
        self.bytes.add(difference(before.bytes, now.bytes));
        self.entries.add(difference(before.entries, now.entries));
        self.max_bytes.add(difference(before.bound, now.bound));
        self.evictions.add(now.evicted.saturating_sub(before.evicted));
        self.damaged.add(now.damaged.saturating_sub(before.damaged));
    }
}

impl Drop for Numbers {
    /// The gauges forget a closed cache; the counters keep its events.
    fn drop(&mut self) {
        let happened = Counts {
            evicted: self.shown.evicted,
            damaged: self.shown.damaged,
            ..Counts::default()
        };
        self.show(happened);
    }
}

fn difference(before: u64, now: u64) -> i64 {
    let signed = |value| i64::try_from(value).unwrap_or(i64::MAX);
    signed(now) - signed(before)
}
