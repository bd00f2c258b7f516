//! What lives as long as the process: the runtime, the work pool, the budget, the flights, the short memories and the
//! metrics. A [`Site`] comes and goes with `plugins.toml`; the engine stays. Called by the host.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use moka::sync::Cache;
use resizer_foreign::allocator::{Unused, give_back};
use resizer_imaging::{Cancel, Format, Instructions, Job, Limits};
use resizer_plugin_api::engine::{Given, LifeHandler, Resources};
use resizer_plugin_api::{
    CacheKey, Counter, Error, ErrorKind, InstallError, Metrics, Reply, RequestHead, SourceKey, Stat, Validator,
};
use tokio::runtime::{Handle, Runtime};

use crate::admission::Admission;
use crate::config::Loaded;
use crate::diagnostic::{Place, Problem, Problems};
use crate::download::SourceBytes;
use crate::flight::{Flights, panicked};
use crate::generation::Purges;
use crate::image_error::public;
use crate::instruments::Instruments;
use crate::locate::{Again, Stats, stats_of};
use crate::memory_limit::default_limit;
use crate::missing::Missing;
use crate::pool::{Turn, WorkPool};
use crate::produce::{Failure, Made};
use crate::respond::error_reply;
use crate::server_settings::ServerSettings;
use crate::site::Site;
use crate::walk::walk;

/// How many undecodable sources are remembered at most.
const FAILURES: u64 = 10_000;
/// How long `stop` waits for results that are still being kept.
const KEEPING: Duration = Duration::from_secs(5);

/// How long a tiny picture may take: it waits for one of the jobs that are on the threads to end.
const HEALTHY_WITHIN: Duration = Duration::from_secs(5);
/// How long a plugin may take to start, to connect or to stop: a folder on a mount that hangs takes for ever.
const LIFE_PATIENCE: Duration = Duration::from_secs(30);
/// How often freed memory is returned to the system; the allocator returns none that was free for less than a second.
const GIVE_BACK_EVERY: Duration = Duration::from_secs(1);
/// A chequerboard of two by two grey pixels.
const TINY_PNG: &[u8] =
    b"\x89\x50\x4E\x47\x0D\x0A\x1A\x0A\x00\x00\x00\x0D\x49\x48\x44\x52\x00\x00\x00\x02\x00\x00\x00\x02\x08\
    \x00\x00\x00\x00\x57\xDD\x52\xF8\x00\x00\x00\x0C\x49\x44\x41\x54\x78\x9C\x63\x60\xF8\x0F\x84\x00\x06\
    \x00\x01\xFF\x93\xD1\xE4\x89\x00\x00\x00\x00\x49\x45\x4E\x44\xAE\x42\x60\x82";

/// The engine. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    shared: Arc<Shared>,
    _runtime: Arc<OwnedRuntime>,
}

/// What walks share.
pub(crate) struct Shared {
    pub(crate) runtime: Handle,
    pub(crate) metrics: Metrics,
    pub(crate) resources: Arc<Resources>,
    pub(crate) pool: WorkPool,
    pub(crate) admission: Admission,
    pub(crate) purges: Arc<Purges>,
    /// By generation, as all that begins after a purge is apart from what was under way before.
    pub(crate) stat_flights: Flights<(SourceKey, u64), Stat>,
    pub(crate) source_flights: Flights<(SourceKey, Option<Validator>, u64), SourceBytes>,
    /// Those who want a result kept and those who do not are apart: what becomes of it is decided once per flight.
    pub(crate) result_flights: Flights<(CacheKey, bool, u64), Arc<Made>>,
    probe_flights: Flights<(), ()>,
    pub(crate) stats: Stats,
    pub(crate) again: Again,
    pub(crate) failures: Cache<(SourceKey, Validator), Failure>,
    pub(crate) missing: Missing,
    pub(crate) fetches: Counter,
    pub(crate) fetched_bytes: Counter,
    pub(crate) decodes: Counter,
    pub(crate) instruments: Instruments,
}

/// Why the engine cannot start.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The system gives no threads.
    #[error("cannot start the engine's threads: {0}")]
    Threads(#[from] std::io::Error),
}

impl Engine {
    /// Starts the runtime and the work threads.
    ///
    /// # Errors
    /// The system gives no threads.
    pub fn new(server: &ServerSettings, metrics: Metrics, resources: Arc<Resources>) -> Result<Self, EngineError> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let threads = if server.work_threads == 0 {
            cores
        } else {
            server.work_threads
        };
        let limit = server.memory_limit.map_or_else(default_limit, |limit| limit.0);
        resources.memory().limit_to(limit);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .thread_name("engine")
            .build()?;
        let handle = runtime.handle().clone();
        // Nobody else asks for it while nothing is allocated.
        handle.spawn(async {
            loop {
                tokio::time::sleep(GIVE_BACK_EVERY).await;
                give_back(Unused::ForLong);
            }
        });
        let shared = Shared {
            pool: WorkPool::start(threads, &metrics)?,
            admission: Admission::new(server.queue.saturating_add(threads), resources.memory(), &metrics),
            purges: Arc::default(),
            stat_flights: Flights::new(handle.clone(), &metrics, "stat"),
            source_flights: Flights::new(handle.clone(), &metrics, "source"),
            result_flights: Flights::new(handle.clone(), &metrics, "result"),
            probe_flights: Flights::new(handle.clone(), &metrics, "probe"),
            stats: stats_of(server.stat_cache_entries),
            again: Again::default(),
            failures: Cache::new(FAILURES),
            missing: Missing::new(),
            fetches: metrics.counter("resizer_fetches_total", "Downloads begun from sources.", &[]),
            fetched_bytes: metrics.counter("resizer_fetched_bytes_total", "Bytes received from sources.", &[]),
            decodes: metrics.counter(
                "resizer_decodes_total",
                "Sources whose pixels were begun to be decoded.",
                &[],
            ),
            runtime: handle,
            instruments: Instruments::new(&metrics),
            resources,
            metrics,
        };
        let limit = shared.resources.memory().limit();
        tracing::info!(work_threads = threads, memory_limit_bytes = limit, "engine started");
        Ok(Self {
            shared: Arc::new(shared),
            _runtime: Arc::new(OwnedRuntime(Some(runtime))),
        })
    }

    /// The runtime on which all of the engine's tasks run.
    #[must_use]
    pub fn runtime(&self) -> &Handle {
        &self.shared.runtime
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Every counter and gauge.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.shared.metrics
    }

    /// What outlives a reading of `plugins.toml`.
    #[must_use]
    pub fn resources(&self) -> &Resources {
        &self.shared.resources
    }

    /// Makes a site of a configuration: runs every plugin's `on_start`, on the engine's runtime.
    ///
    /// # Errors
    /// What the plugins say, each at its place in the file.
    pub async fn start(&self, loaded: Loaded) -> Result<Arc<Site>, Problems> {
        let site = Arc::new(Site::new(loaded));
        let mut problems = self.live(&site, |site| &site.table.on_start).await;
        if !self.shared.admission.makes_room(LIFE_PATIENCE).await {
            let message = "images in work take the memory that its caches would need, beside those of the last one";
            let help = "save it again when there is less to do, or change the caches one by one";
            problems.0.push(Problem::error(Place::File, message).help(help));
        }
        if problems.has_errors() {
            return Err(problems);
        }
        self.shared.resources.memory().settle(site.table.claimed_bytes);
        Ok(site)
    }

    /// Lets every plugin reach what its settings point at.
    pub async fn connect(&self, site: &Arc<Site>) -> Problems {
        self.live(site, |site| &site.table.on_connect).await
    }

    /// Answers one request; dropping the future means that the client left. It is polled where the client's connection is
    /// served, for it mostly waits: what is made or fetched for all who want the same is a task on the engine's runtime.
    /// Its body, too, is read where it is sent, so that a piece of a stream changes no thread on its way. Needs a tokio
    /// runtime around it that has timers and IO, and that outlives the connections to stores which relays open on it.
    pub async fn handle(&self, site: Arc<Site>, head: impl Into<Arc<RequestHead>>) -> Reply {
        let (head, shared) = (head.into(), Arc::clone(&self.shared));
        let walk = AssertUnwindSafe(walk(shared, site, Arc::clone(&head))).catch_unwind();
        let error = match walk.await {
            Ok(reply) => return reply,
            Err(panic) => panicked(&*panic),
        };
        tracing::error!(id = head.id, cause = error.cause(), "a request failed: {error}");
        self.shared.count_error(error.kind());
        let reply = error_reply(&error, &head.id);
        self.shared.instruments.count(&self.shared.metrics, None, reply.status);
        reply
    }

    /// Whether a tiny picture still passes through the real pool. It passes by all jobs that wait, so that a server that
    /// is merely busy is healthy; many who ask at once share one picture.
    pub async fn healthy(&self) -> bool {
        let shared = Arc::clone(&self.shared);
        let work = move |_, leaving| async move {
            let instructions = Instructions::parse([("width", "1")]).0;
            let job = Job {
                instructions,
                format: Format::Png,
                limits: Limits::default(),
            };
            let work = move || resizer_imaging::run(TINY_PNG, &job, &Cancel::new()).map_err(public);
            shared.pool.run(Turn::Next, leaving, work).await.map(drop)
        };
        self.shared
            .probe_flights
            .join((), HEALTHY_WITHIN, work)
            .await
            .result
            .is_ok()
    }

    /// Waits until results that are being kept are kept, then runs every plugin's `on_stop`.
    pub async fn stop(&self, site: &Arc<Site>) {
        let shared = Arc::clone(&self.shared);
        let kept = async move {
            let since = Instant::now();
            while shared.result_flights.len() > 0 && since.elapsed() < KEEPING {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        self.shared.runtime.spawn(kept).await.ok();
        for problem in self.live(site, |site| &site.table.on_stop).await.0 {
            tracing::warn!("while stopping: {}", problem.message);
        }
    }

    /// Runs one list of life handlers in file order and collects what they say.
    async fn live(&self, site: &Arc<Site>, list: fn(&Site) -> &Vec<Given<LifeHandler>>) -> Problems {
        let site = Arc::clone(site);
        let task = self.shared.runtime.spawn(async move {
            let mut problems = Problems::default();
            for handler in list(&site) {
                // Called inside the future, so that a panic is caught wherever it happens.
                let done = AssertUnwindSafe(async { (handler.value)().await }).catch_unwind();
                let done = match tokio::time::timeout(LIFE_PATIENCE, done).await {
                    Ok(Ok(done)) => done,
                    Ok(Err(panic)) => Err(InstallError::Failed(panicked(&*panic))),
                    Err(_) => Err(InstallError::Failed(Error::new(
                        ErrorKind::Timeout,
                        "it takes too long to answer",
                    ))),
                };
                if let Err(error) = done {
                    problems.0.push(site.file().problem(handler.entry, &error));
                }
            }
            problems
        });
        task.await.unwrap_or_default()
    }
}

impl Shared {
    pub(crate) fn count_error(&self, kind: ErrorKind) {
        let labels = [("kind", kind.name())];
        self.metrics
            .counter(
                "resizer_errors_total",
                "Requests that failed, by kind of error.",
                &labels,
            )
            .increment();
    }
}

/// A runtime that may be dropped anywhere, even on a thread of another runtime.
struct OwnedRuntime(Option<Runtime>);

impl Drop for OwnedRuntime {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}
