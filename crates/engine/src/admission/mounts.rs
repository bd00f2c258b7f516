//! Bounds of stores that are waited for: a store that hangs keeps its own requests waiting, and leaves places and
//! memory to the images of other stores. Used by `produce`, `download` and `relay`, through [`super::Admission`].
//!
//! Places of the queue bound work. A request that waits for its store does no work, but holds a place, so that a full
//! server refuses it before anything is fetched. Without a bound of its own, one store that hangs would take all
//! places.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use resizer_plugin_api::engine::Memory;
use resizer_plugin_api::{Counter, Error, ErrorKind, Gauge, Metrics, UrlPrefix};

use super::share::{Reserved, Share};

/// One store may hold the share for sources divided by this, while its bytes have not come.
const STORE_PART: u64 = 2;

/// The stores of all prefixes that were ever waited for.
pub(super) struct Mounts {
    stores: Mutex<HashMap<UrlPrefix, Arc<Store>>>,
    memory: Memory,
    parts: [u64; 2],
    held: Gauge,
    refused: Counter,
}

/// The store of one prefix.
struct Store {
    waiting: AtomicUsize,
    bytes: Arc<Share>,
}

/// Leave to wait for a store, returned by its drop.
pub(crate) struct StoreWait(Arc<Store>);

impl Mounts {
    /// `parts` are the numerator and the denominator of the share for sources.
    pub(super) fn new(memory: &Memory, parts: [u64; 2], metrics: &Metrics, refused: Counter) -> Self {
        let help = "Bytes reserved for sources that have not come yet.";
        Self {
            stores: Mutex::default(),
            memory: memory.clone(),
            parts: [parts[0], parts[1] * STORE_PART],
            held: metrics.gauge("resizer_awaited_bytes", help, &[]),
            refused,
        }
    }

    fn store(&self, prefix: &UrlPrefix) -> Arc<Store> {
        let mut stores = self.stores.lock();
        if let Some(store) = stores.get(prefix) {
            return Arc::clone(store);
        }
        let bytes = Share::new(self.memory.clone(), self.parts, self.held.clone(), self.refused.clone());
        let waiting = AtomicUsize::new(0);
        let store = Arc::new(Store { waiting, bytes });
        stores.insert(prefix.clone(), Arc::clone(&store));
        store
    }

    /// Leave for one more request to wait, if fewer than `most` do.
    pub(super) fn wait(&self, prefix: &UrlPrefix, most: usize) -> Result<StoreWait, Error> {
        let store = self.store(prefix);
        let before = store.waiting.fetch_add(1, Ordering::Relaxed);
        // Its drop takes the request off the count again.
        let wait = StoreWait(store);
        if before < most {
            return Ok(wait);
        }
        self.refused.increment();
        let message = format!(
            "The store of this image keeps {before} requests waiting, and `queue_per_store` allows no more; images of \
             other stores are served."
        );
        Err(Error::new(ErrorKind::Overloaded, message))
    }

    /// Leave to hold memory for bytes that have not come yet. Waits for `timeout` at most.
    pub(super) async fn hold(&self, prefix: &UrlPrefix, bytes: u64, timeout: Duration) -> Result<Reserved, Error> {
        let store = self.store(prefix);
        store.bytes.take(store.bytes.at_most(bytes), timeout).await
    }
}

impl Drop for StoreWait {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

impl fmt::Debug for Mounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mounts").finish_non_exhaustive()
    }
}

impl fmt::Debug for StoreWait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreWait").finish_non_exhaustive()
    }
}
