//! Engine state that all requests share: runtime, work pool, admission, flights, short memories and counters. Built by
//! `engine`, and handed to each step of the walk. This file knows the types that it holds, and none of the steps.

use std::io;
use std::sync::Arc;

use resizer_plugin_api::engine::Resources;
use resizer_plugin_api::{CacheKey, Counter, Metrics, SourceKey, Stat, Validator};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use crate::admission::Admission;
use crate::failure_memory::FailureMemory;
use crate::flight::Flights;
use crate::instruments::Instruments;
use crate::negative_cache::NegativeCache;
use crate::pool::WorkPool;
use crate::produced::{LayerPart, Made, SourceBytes};
use crate::purge_epoch::PurgeEpochs;
use crate::server_settings::EngineSettings;
use crate::stat_cache::StatCache;

/// Everything that lives as long as the engine.
pub(crate) struct Shared {
    pub(crate) runtime: Handle,
    pub(crate) resources: Arc<Resources>,
    pub(crate) pool: WorkPool,
    pub(crate) admission: Admission,
    /// Leave to read a header. As many are read at once as pictures are processed.
    pub(crate) headers: Arc<Semaphore>,
    pub(crate) purge_epochs: Arc<PurgeEpochs>,
    /// The number in each key is the purge epoch: a request that begins after a purge never joins older work.
    pub(crate) stat_flights: Flights<(SourceKey, u64), Stat>,
    pub(crate) source_flights: Flights<(SourceKey, Option<Validator>, u64), SourceBytes>,
    /// The flag tells whether the result is to be cached: that is decided once for each flight.
    pub(crate) result_flights: Flights<(CacheKey, bool, u64), Arc<Made>>,
    pub(crate) layer_flights: Flights<(CacheKey, u64), LayerPart>,
    pub(crate) probe_flights: Flights<(), ()>,
    pub(crate) stat_cache: StatCache,
    pub(crate) failure_memory: FailureMemory,
    pub(crate) negative_cache: NegativeCache,
    pub(crate) fetches: Counter,
    pub(crate) fetched_bytes: Counter,
    pub(crate) decodes: Counter,
    pub(crate) damaged: Counter,
    pub(crate) instruments: Instruments,
}

impl Shared {
    /// Starts `threads` work threads, and empty flights and memories whose tasks run on `runtime`.
    ///
    /// # Errors
    /// The system gives no threads.
    pub(crate) fn start(
        server: &EngineSettings,
        threads: usize,
        metrics: Metrics,
        resources: Arc<Resources>,
        runtime: Handle,
    ) -> io::Result<Self> {
        Ok(Self {
            pool: WorkPool::start(threads, &metrics)?,
            admission: Admission::new(server.queue.saturating_add(threads), resources.memory(), &metrics),
            headers: Arc::new(Semaphore::new(threads)),
            purge_epochs: Arc::default(),
            stat_flights: Flights::new(runtime.clone(), &metrics, "stat"),
            source_flights: Flights::new(runtime.clone(), &metrics, "source"),
            result_flights: Flights::new(runtime.clone(), &metrics, "result"),
            layer_flights: Flights::new(runtime.clone(), &metrics, "layer"),
            probe_flights: Flights::new(runtime.clone(), &metrics, "probe"),
            stat_cache: StatCache::new(server.stat_cache_entries),
            failure_memory: FailureMemory::new(),
            negative_cache: NegativeCache::new(),
            fetches: metrics.counter("resizer_fetches_total", "Downloads begun from sources.", &[]),
            fetched_bytes: metrics.counter("resizer_fetched_bytes_total", "Bytes received from sources.", &[]),
            decodes: metrics.counter(
                "resizer_decodes_total",
                "Sources whose pixels were begun to be decoded.",
                &[],
            ),
            damaged: metrics.counter(
                "resizer_damaged_total",
                "Results of damaged sources, of which a part is missing.",
                &[],
            ),
            runtime,
            instruments: Instruments::new(metrics),
            resources,
        })
    }
}
