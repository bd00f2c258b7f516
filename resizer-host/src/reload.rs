//! Reload: puts each saved version of `plugins.toml` in force unless it has a problem. A version with a problem is
//! reported in full, and the last good one goes on serving. Running requests keep the configuration they began with.
//! `serve.rs` starts the thread, and `watch.rs` notices a saved version.
//!
//! Files that values refer to by `${file:…}` are not watched. They are read again when `plugins.toml` itself changes.

use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use resizer_engine::EngineSettings;
use resizer_plugin_api::{Counter, Gauge};

use crate::logging::Logging;
use crate::request_handler::{InForce, RequestHandler};
use crate::settings::{self, ServerSettings};
use crate::watch::Watched;

/// Time between two looks at the file. A change is read within one interval, read again within two, and in force well
/// within a second.
const INTERVAL: Duration = Duration::from_millis(200);

/// The watched file, and the parts of the server that a new version changes.
pub(crate) struct Reload {
    /// The file.
    pub(crate) path: PathBuf,
    /// The settings that the server started with. It cannot change some of them while it runs.
    pub(crate) started: ServerSettings,
    /// The same of the engine.
    pub(crate) of_engine: EngineSettings,
    /// Serves the configuration.
    pub(crate) handler: Arc<RequestHandler>,
    /// Follows its log filter.
    pub(crate) logging: Logging,
}

impl Reload {
    /// Watches until the process ends, on a thread of its own, because a network mount may let it wait for long.
    pub(crate) fn spawn(self, text: String) -> std::io::Result<()> {
        let metrics = self.handler.engine.metrics();
        let help = "Saved versions of the configuration, by whether they were put in force.";
        let instruments = Instruments {
            ok: metrics.counter("resizer_reloads_total", help, &[("result", "ok")]),
            failed: metrics.counter("resizer_reloads_total", help, &[("result", "failed")]),
            generation: metrics.gauge(
                "resizer_config_generation",
                "Counts configurations put in force, from 1.",
                &[],
            ),
        };
        instruments.generation.set(1);
        let mut watched = Watched::new(self.path.clone(), text);
        let watch = move || {
            loop {
                std::thread::park_timeout(INTERVAL);
                let Some(text) = watched.look() else { continue };
                let attempt = AssertUnwindSafe(|| self.put_in_force(text, &instruments));
                if std::panic::catch_unwind(attempt).is_err() {
                    self.refuse("a plugin panicked; the log tells where", &instruments);
                }
            }
        };
        std::thread::Builder::new()
            .name("reload".to_owned())
            .spawn(watch)
            .map(drop)
    }

    fn put_in_force(&self, text: &str, instruments: &Instruments) {
        let engine = &self.handler.engine;
        let (loaded, problems) = settings::load(&self.path, text, engine.resources(), engine.metrics());
        let (started, settings) = match loaded {
            Some((loaded, settings)) => (engine.runtime().block_on(engine.start(loaded)), settings),
            None => {
                self.refuse(&problems.render(&self.path, text), instruments);
                return;
            }
        };
        let site = match started {
            Ok(site) => site,
            Err(problems) => {
                self.refuse(&problems.render(&self.path, text), instruments);
                return;
            }
        };
        if !problems.is_empty() {
            tracing::warn!("{}", problems.render(&self.path, text));
        }
        let stuck = self.needs_restart(&settings, site.server());
        if !stuck.is_empty() {
            tracing::warn!("a restart is needed for the new value of: {}", stuck.join(", "));
        }
        self.logging.follow(&settings);
        let plugins = site.file().entries().iter().filter(|entry| entry.enabled).count();
        self.handler.swap(InForce { site, settings });
        instruments.ok.increment();
        instruments.generation.add(1);
        let generation = instruments.generation.value();
        tracing::info!(generation, plugins, "configuration reloaded");
    }

    /// The settings that differ and are read only at start.
    fn needs_restart(&self, now: &ServerSettings, engine_now: &EngineSettings) -> Vec<&'static str> {
        macro_rules! changed {
            ($started:expr, $now:expr, $($name:ident),*) => {
                [$((stringify!($name), $started.$name != $now.$name)),*]
            };
        }
        let of_host = changed!(
            self.started,
            now,
            listen,
            admin_listen,
            workers,
            keep_alive,
            head_timeout,
            body_timeout,
            client_min_rate,
            max_connections,
            log_format
        );
        let of_engine = changed!(
            self.of_engine,
            engine_now,
            queue,
            work_threads,
            memory_limit,
            stat_cache_entries
        );
        let all = of_host.into_iter().chain(of_engine);
        all.filter(|(_, changed)| *changed).map(|(name, _)| name).collect()
    }

    fn refuse(&self, report: &str, instruments: &Instruments) {
        instruments.failed.increment();
        tracing::error!("the new configuration is not used, the last one goes on serving:\n{report}");
    }
}

struct Instruments {
    ok: Counter,
    failed: Counter,
    generation: Gauge,
}
