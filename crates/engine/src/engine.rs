//! Engine handle: starts and stops the runtime and the plugins, and serves requests. It lives as long as the process,
//! while a [`Site`] comes and goes with `plugins.toml`. Called by the host.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use resizer_foreign::allocator::{Unused, return_memory};
use resizer_imaging::{Cancel, Format, Instructions, Job, Limits};
use resizer_plugin_api::engine::{Given, LifeHandler, Resources};
use resizer_plugin_api::{Error, ErrorKind, InstallError, Metrics, Reply, RequestHead};
use tokio::runtime::{Handle, Runtime};

use crate::config::Loaded;
use crate::diagnostic::{Place, Problem, Problems};
use crate::flight::panicked;
use crate::image_error::public;
use crate::memory_limit::default_limit;
use crate::pool::Turn;
use crate::respond::error_reply;
use crate::server_settings::EngineSettings;
use crate::shared::Shared;
use crate::site::Site;
use crate::walk::walk;

/// How long `stop` waits for results that are still being put into caches.
const PUTS_TIMEOUT: Duration = Duration::from_secs(5);
/// The timeout of a health check. Its picture waits until one of the jobs on the work threads has ended.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(5);
/// The timeout of a plugin's `on_start`, `on_connect` and `on_stop`: a folder on a mount that hangs takes for ever.
const LIFE_TIMEOUT: Duration = Duration::from_secs(30);
/// How often freed memory is returned to the system. The allocator returns only memory that was free for a second.
const RETURN_MEMORY_EVERY: Duration = Duration::from_secs(1);
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
    pub fn new(server: &EngineSettings, metrics: Metrics, resources: Arc<Resources>) -> Result<Self, EngineError> {
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
        // Without this, nothing returns memory while nothing is allocated.
        runtime.spawn(async {
            loop {
                tokio::time::sleep(RETURN_MEMORY_EVERY).await;
                return_memory(Unused::ForLong);
            }
        });
        let shared = Shared::start(server, threads, metrics, resources, runtime.handle().clone())?;
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
        self.shared.instruments.metrics()
    }

    /// The plugins' objects that outlive one reading of `plugins.toml`.
    #[must_use]
    pub fn resources(&self) -> &Resources {
        &self.shared.resources
    }

    /// Makes a site of a configuration: runs every plugin's `on_start`, on the engine's runtime.
    ///
    /// # Errors
    /// The plugins' errors, each at its place in the file. An error if jobs in work take the memory that caches claim.
    pub async fn start(&self, loaded: Loaded) -> Result<Arc<Site>, Problems> {
        let site = Arc::new(Site::new(loaded));
        let mut problems = self.live(&site, |site| &site.table.on_start).await;
        if !self.shared.admission.makes_room(LIFE_TIMEOUT).await {
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

    /// Runs every plugin's `on_connect`. Returns the plugins' errors, each at its place in the file.
    pub async fn connect(&self, site: &Arc<Site>) -> Problems {
        self.live(site, |site| &site.table.on_connect).await
    }

    /// Answers one request. Dropping the future cancels the request.
    ///
    /// The future is polled by the worker that serves the client, because it mostly waits: results and downloads that
    /// others may want too are tasks on the engine's runtime. The body is read by the same worker, so that no piece of
    /// a stream changes its thread. That worker's tokio runtime needs timers and IO, and has to outlive the connections
    /// to stores that relays open on it.
    pub async fn handle(&self, site: Arc<Site>, head: impl Into<Arc<RequestHead>>) -> Reply {
        let (head, shared) = (head.into(), Arc::clone(&self.shared));
        let walk = AssertUnwindSafe(walk(shared, site, Arc::clone(&head))).catch_unwind();
        let error = match walk.await {
            Ok(reply) => return reply,
            Err(panic) => panicked(&*panic),
        };
        tracing::error!(id = head.id, cause = error.cause(), "a request failed: {error}");
        self.shared.instruments.failed(error.kind());
        let reply = error_reply(&error, &head.id);
        self.shared.instruments.count(None, reply.status);
        reply
    }

    /// Whether the work pool still resizes a tiny picture within five seconds. The picture goes before all waiting
    /// jobs, so that a busy server is healthy. Simultaneous checks share one picture.
    pub async fn healthy(&self) -> bool {
        let shared = Arc::clone(&self.shared);
        let work = move |_, cancellation| async move {
            let instructions = Instructions::parse([("width", "1")]).0;
            let job = Job {
                instructions,
                format: Format::Png,
                limits: Limits::default(),
            };
            let work = move || resizer_imaging::run(TINY_PNG, &job, &Cancel::new()).map_err(public);
            shared.pool.run(Turn::Next, cancellation, work).await.map(drop)
        };
        self.shared
            .probe_flights
            .join((), HEALTH_TIMEOUT, work)
            .await
            .result
            .is_ok()
    }

    /// Whether a response waits for memory that other responses hold until their clients have read them.
    #[must_use]
    pub fn waits_for_clients(&self) -> bool {
        self.shared.admission.waits_for_clients()
    }

    /// Waits until results in work are in their caches, for five seconds at most. Then runs every plugin's `on_stop`.
    pub async fn stop(&self, site: &Arc<Site>) {
        let shared = Arc::clone(&self.shared);
        let kept = async move {
            let since = Instant::now();
            while shared.result_flights.len() > 0 && since.elapsed() < PUTS_TIMEOUT {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        self.shared.runtime.spawn(kept).await.ok();
        for problem in self.live(site, |site| &site.table.on_stop).await.0 {
            tracing::warn!("while stopping: {}", problem.message);
        }
    }

    /// Runs one list of life handlers in file order and collects their errors.
    async fn live(&self, site: &Arc<Site>, list: fn(&Site) -> &Vec<Given<LifeHandler>>) -> Problems {
        let site = Arc::clone(site);
        let task = self.shared.runtime.spawn(async move {
            let mut problems = Problems::default();
            for handler in list(&site) {
                // Called inside the future, so that a panic is caught wherever it happens.
                let done = AssertUnwindSafe(async { (handler.value)().await }).catch_unwind();
                let done = match tokio::time::timeout(LIFE_TIMEOUT, done).await {
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
