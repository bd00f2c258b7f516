//! Memory account: `memory_limit`, and how much of it caches have claimed. The engine shares out the rest among images
//! in work. The account lives as long as the process. A plugin reaches it by [`Hooks::claim`](crate::Hooks::claim),
//! [`Hooks::claim_as_it_grows`](crate::Hooks::claim_as_it_grows) and
//! [`Hooks::part_of_memory`](crate::Hooks::part_of_memory).
//!
//! Not here: waiting. A claim never waits; work waits until claims leave room for it.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use crate::{ByteSize, Gauge, Metrics};

/// Claims may take the limit divided by this; the rest is for images in work.
const CLAIMS_PART: u64 = 2;
/// The limit in bytes where nobody has said one, as in tests that install a plugin by itself.
const UNSAID: u64 = 1 << 30;

/// The account. Cheap to clone: clones are the same account.
#[derive(Clone, Default)]
pub struct Memory(Arc<Account>);

#[derive(Default)]
struct Account {
    limit: OnceLock<u64>,
    /// The sum of living claims, in bytes.
    claimed: AtomicU64,
    /// The sum of claims of the configuration in force, and of those that grow. Less than `claimed` while a reload
    /// keeps old and new caches alive.
    settled: AtomicU64,
    grown: AtomicU64,
    changed: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

/// Memory that a cache may fill. The cache keeps its claim; dropping the claim frees the memory for work.
#[derive(Debug)]
pub struct Claim {
    memory: Memory,
    bytes: AtomicU64,
    gauge: Gauge,
    grows: bool,
}

impl Memory {
    /// Sets the limit in bytes; only the first call has an effect.
    pub fn limit_to(&self, bytes: u64) {
        self.0.limit.get_or_init(|| bytes);
    }

    /// `memory_limit` of `[server]` or its default, in bytes.
    #[must_use]
    pub fn limit(&self) -> u64 {
        *self.0.limit.get().unwrap_or(&UNSAID)
    }

    /// Bytes that claims leave for work now.
    #[must_use]
    pub fn for_work(&self) -> u64 {
        self.limit().saturating_sub(self.0.claimed.load(Ordering::SeqCst))
    }

    /// Bytes that claims leave for work once the caches of former configurations are gone.
    #[must_use]
    pub fn for_work_in_the_end(&self) -> u64 {
        let claimed = self.0.settled.load(Ordering::SeqCst) + self.0.grown.load(Ordering::SeqCst);
        self.limit().saturating_sub(claimed)
    }

    /// Sets the sum of all claims of the configuration that is now in force, in bytes.
    pub fn settle(&self, bytes: u64) {
        self.0.settled.store(bytes, Ordering::SeqCst);
    }

    /// Called whenever claims change; only the first call has an effect.
    pub fn on_change(&self, call: impl Fn() + Send + Sync + 'static) {
        self.0.changed.get_or_init(|| Box::new(call));
    }

    /// A claim for the connections of clients, which follows their number. Work waits while they take much, and no work
    /// is refused for ever because of them.
    #[must_use]
    pub fn claim_for_connections(&self, metrics: &Metrics) -> Claim {
        self.claim(metrics, "none", "connections", 0, false)
    }

    /// Whether a configuration whose claims so far are `before` may claim so much more; says what to do if not.
    pub(crate) fn allows(&self, before: u64, bytes: u64) -> Result<(), String> {
        let (limit, together) = (self.limit(), before.saturating_add(bytes));
        let most = limit / CLAIMS_PART;
        if together <= most {
            return Ok(());
        }
        let [together, limit, left] = [together, limit, most.saturating_sub(before)].map(ByteSize);
        Err(format!(
            "with it, caches in memory would take {together}, which is more than half of `memory_limit` ({limit}); \
             give it {left} or less, take from the caches above it, or raise `memory_limit` of [server]"
        ))
    }

    pub(crate) fn claim(&self, metrics: &Metrics, plugin: &str, what: &str, bytes: u64, grows: bool) -> Claim {
        let help = "Memory that caches may fill, by plugin and setting; it is taken from memory_limit.";
        let labels = [("plugin", plugin), ("for", what)];
        let claim = Claim {
            memory: self.clone(),
            bytes: AtomicU64::new(0),
            gauge: metrics.gauge("resizer_memory_claimed_bytes", help, &labels),
            grows,
        };
        claim.change(bytes);
        claim
    }
}

impl Claim {
    /// The claim's size in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::SeqCst)
    }

    /// Sets the claim's size in bytes, for an index that grows with its entries. Never refused: less is left for work.
    pub fn set(&self, bytes: u64) {
        if bytes != self.bytes() {
            self.change(bytes);
        }
    }

    fn change(&self, bytes: u64) {
        let before = self.bytes.swap(bytes, Ordering::SeqCst);
        let account = &self.memory.0;
        // Wrapping, as adding a negative number is.
        let difference = bytes.wrapping_sub(before);
        account.claimed.fetch_add(difference, Ordering::SeqCst);
        if self.grows {
            account.grown.fetch_add(difference, Ordering::SeqCst);
        }
        self.gauge.add(difference.cast_signed());
        if let Some(changed) = account.changed.get() {
            changed();
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.set(0);
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Memory({} of {} for work)", self.for_work(), self.limit())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claim_set_and_dropped_moves_memory_from_work_and_back() {
        let (memory, metrics) = (Memory::default(), Metrics::default());
        memory.limit_to(1000);
        let tier = memory.claim(&metrics, "cache", "tier", 300, false);
        let index = memory.claim(&metrics, "cache", "index", 0, true);
        index.set(50);
        assert_eq!(memory.for_work(), 650);
        memory.settle(300);
        let newer = memory.claim(&metrics, "cache", "tier", 400, false);
        assert_eq!(memory.for_work(), 250, "old and new count while both live");
        assert_eq!(memory.for_work_in_the_end(), 650, "and that will pass");
        assert!(metrics.render().contains("{plugin=\"cache\",for=\"tier\"} 700"));
        drop((tier, newer));
        index.set(20);
        assert_eq!(memory.for_work(), 980);
        drop(index);
        assert_eq!(memory.for_work(), 1000);
    }

    #[test]
    fn claims_beyond_half_of_the_limit_are_refused() {
        let memory = Memory::default();
        memory.limit_to(128 << 20);
        assert_eq!(memory.allows(16 << 20, 48 << 20), Ok(()));
        let refused = memory.allows(16 << 20, 49 << 20).unwrap_err();
        for part in ["65MiB", "128MiB", "48MiB or less", "raise `memory_limit`"] {
            assert!(refused.contains(part), "{refused}");
        }
    }
}
