//! `resizer-host serve`: starts a server on actix-web and stops it, in this order. Start: read the configuration, bind
//! both listeners, start the engine and the plugins, serve. Stop, at SIGTERM: say "not ready" and go on serving for
//! `drain_delay`, so that a balancer notices; close the listener; let running requests end within `grace_period`; stop
//! the plugins. SIGINT skips the delay, and a second signal ends the process at once.

use std::future::Future;
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::dev::ServerHandle;
use actix_web::rt;
use resizer_engine::Engine;
use resizer_plugin_api::Metrics;
use resizer_plugin_api::engine::{Memory, Resources};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::admin::Admin;
use crate::complaint::{Complaint, read_configuration};
use crate::connections::{CONNECTION_BYTES, Connections, LOOK_EVERY, Limits, ROOM_EVERY, raise_descriptor_limit};
use crate::listener::{self, Size};
use crate::reload::Reload;
use crate::request_handler::{InForce, RequestHandler};
use crate::settings::{self, ServerSettings};
use crate::{access_log, logging};

/// The part of `memory_limit` that connections may take.
const CONNECTIONS_PART: u64 = 8;
/// The bounds of the default of `max_connections`.
const CONNECTIONS: std::ops::RangeInclusive<u64> = 64..=25_000;
/// The limits of the admin listener, which an operator and a scraper use. Clients without a token give way to them.
const ADMIN_LIMITS: Limits = Limits {
    connections: 64,
    first_head: Duration::from_secs(5),
    next_head: Duration::from_secs(15),
    body: Duration::from_secs(30),
    least_rate: 0,
};
/// Time that plugins have to stop even if running requests used up the whole grace period.
const LEAST_STOP_TIME: Duration = Duration::from_secs(1);

/// Serves until a signal ends it; the answer is the process's exit code.
pub(crate) fn serve(path: &Path) -> Result<u8, Complaint> {
    let text = read_configuration(path)?;
    let (metrics, resources) = (Metrics::default(), Arc::new(Resources::default()));
    let (loaded, problems) = settings::load(path, &text, &resources, &metrics);
    let (loaded, settings) = loaded.ok_or_else(|| Complaint::report(problems.render(path, &text)))?;
    let logging = logging::start(&settings);
    access_log::start(settings.log_format)
        .map_err(|error| Complaint::new(format!("cannot start a thread: {error}")))?;
    if !problems.is_empty() {
        tracing::warn!("{}", problems.render(path, &text));
    }

    raise_descriptor_limit();
    let public = listener::bind("listen", settings.listen.0)?;
    let admin = settings
        .admin_listen
        .0
        .map(|address| listener::bind("admin_listen", address))
        .transpose()?;
    let engine = Engine::new(&loaded.server, metrics, resources).map_err(Complaint::new)?;
    let started = engine.runtime().block_on(engine.start(loaded));
    let site = started.map_err(|problems| Complaint::report(problems.render(path, &text)))?;

    let of_engine = site.server().clone();
    let in_force = InForce {
        site,
        settings: settings.clone(),
    };
    let handler = Arc::new(RequestHandler::new(engine, in_force));
    let reload = Reload {
        path: path.to_owned(),
        started: settings.clone(),
        of_engine,
        handler: Arc::clone(&handler),
        logging,
    };
    reload
        .spawn(text)
        .map_err(|error| Complaint::new(format!("cannot start the thread that watches the file: {error}")))?;
    let stopped = rt::System::new().block_on(run(handler, &settings, public, admin));
    access_log::flush();
    stopped.map_err(Complaint::new)
}

async fn run(
    handler: Arc<RequestHandler>,
    settings: &ServerSettings,
    public: TcpListener,
    admin: Option<TcpListener>,
) -> std::io::Result<u8> {
    let mut signals = Signals::listen()?;
    let (engine, queue) = (handler.engine.clone(), handler.in_force().site.server().queue);
    let (metrics, memory) = (engine.metrics(), engine.resources().memory());
    let limits = limits(settings, memory);
    let claim = memory.claim_for_connections(metrics);
    let connections = Connections::new("resizer_connections", limits, Some(claim), metrics);
    let workers = match settings.workers {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        workers => workers,
    };
    let address = public.local_addr()?;
    let size = Size {
        workers,
        // Requests in work give way to nobody, and clients with further ones are to hear at once that it is full.
        connections: limits.connections.saturating_add(queue),
        keep_alive: !settings.keep_alive.0.is_zero(),
    };
    let server = listener::start(&handler, public, &size, &connections)?;
    let stop_public = server.handle();
    rt::spawn(server);
    tracing::info!("up to {} connections", limits.connections);
    tracing::info!("listening on http://{address}");

    let mut stop_admin: Option<ServerHandle> = None;
    let of_admin = Connections::new("resizer_admin_connections", ADMIN_LIMITS, None, metrics);
    if let Some(listener) = admin {
        let address = listener.local_addr()?;
        let admin = Arc::new(Admin {
            handler: Arc::clone(&handler),
            token: settings.admin_token.clone(),
        });
        let size = Size {
            workers: 1,
            connections: 2 * ADMIN_LIMITS.connections,
            keep_alive: true,
        };
        let server = listener::start(&admin, listener, &size, &of_admin)?;
        stop_admin = Some(server.handle());
        rt::spawn(server);
        tracing::info!("admin on http://{address}");
    }
    rt::spawn(async move {
        loop {
            for _ in 0..LOOK_EVERY.as_millis() / ROOM_EVERY.as_millis() {
                rt::time::sleep(ROOM_EVERY).await;
                connections.make_room();
                of_admin.make_room();
            }
            connections.close_overdue(engine.waits_for_clients());
            of_admin.close_overdue(false);
        }
    });

    let first = signals.next().await;
    tokio::select! {
        () = stop(&handler, first, stop_public) => {}
        second = signals.next() => {
            tracing::warn!("a second signal: ending at once");
            return Ok(second.exit_code());
        }
    }
    if let Some(handle) = stop_admin {
        handle.stop(false).await;
    }
    tracing::info!("stopped");
    Ok(0)
}

/// The limits of the public listener. By default it has as many connections as its part of the memory holds.
fn limits(settings: &ServerSettings, memory: &Memory) -> Limits {
    let part = memory.limit() / CONNECTIONS_PART / CONNECTION_BYTES;
    let by_memory = part.clamp(*CONNECTIONS.start(), *CONNECTIONS.end());
    Limits {
        connections: settings.max_connections.unwrap_or(by_memory as usize),
        first_head: settings.head_timeout.0,
        next_head: settings.keep_alive.0,
        body: settings.body_timeout.0,
        least_rate: settings.client_min_rate.0,
    }
}

/// From the first signal to the end of the plugins.
async fn stop(handler: &RequestHandler, signal: StopSignal, public: ServerHandle) {
    handler.drain();
    let settings = handler.in_force().settings.clone();
    if signal == StopSignal::Terminate {
        tracing::info!(
            "SIGTERM: not ready any more, closing the listener in {}",
            settings.drain_delay
        );
        rt::time::sleep(settings.drain_delay.0).await;
    }
    tracing::info!("closing the listener, running requests have {}", settings.grace_period);
    let deadline = Instant::now() + settings.grace_period.0;
    if within(settings.grace_period.0, public.stop(true)).await.is_none() {
        tracing::warn!("the grace period is over and some requests were still running");
    }
    let left = deadline.saturating_duration_since(Instant::now()).max(LEAST_STOP_TIME);
    if within(left, handler.engine.stop(&handler.in_force().site))
        .await
        .is_none()
    {
        tracing::warn!("the grace period is over and some plugins had not stopped");
    }
}

/// The future's output, if it comes within this time.
async fn within<T>(time: Duration, what: impl Future<Output = T>) -> Option<T> {
    rt::time::timeout(time, what).await.ok()
}

/// A signal that asks the server to stop.
#[derive(Clone, Copy, PartialEq, Eq)]
enum StopSignal {
    Terminate,
    Interrupt,
}

impl StopSignal {
    /// The code that a shell reports for a process that such a signal killed: 128 and the signal's number.
    fn exit_code(self) -> u8 {
        match self {
            Self::Terminate => 143,
            Self::Interrupt => 130,
        }
    }
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) -> StopSignal {
        tokio::select! {
            _ = self.terminate.recv() => StopSignal::Terminate,
            _ = self.interrupt.recv() => StopSignal::Interrupt,
        }
    }
}
