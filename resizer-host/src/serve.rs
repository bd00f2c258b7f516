//! `resizer-host serve`: the order in which a server starts and stops. Start: read the configuration, bind both
//! listeners, start the engine and the plugins, serve. Stop, at SIGTERM: say "not ready" and go on serving for
//! `drain_delay`, so that a balancer has noticed; close the listener; let running requests end within `grace_period`;
//! stop the plugins. SIGINT skips the delay, and a second signal ends the process at once.

use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::dev::ServerHandle;
use actix_web::rt;
use resizer_engine::{Engine, Environment, ServerSettings};
use resizer_plugin_api::Metrics;
use resizer_plugin_api::engine::Resources;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::admin::Admin;
use crate::complaint::{Complaint, read_configuration};
use crate::connections::{Connections, LOOK_EVERY, raise_descriptor_limit};
use crate::front::Front;
use crate::linked::KNOWN_PLUGINS;
use crate::listener::start;
use crate::reload::Reload;
use crate::{access_log, logging};

/// Connections that wait in the system's queue while all workers are at their limit; the system may allow fewer.
const BACKLOG: i32 = 1024;
/// Most connections of the admin listener, which an operator and a scraper use.
const ADMIN_CONNECTIONS: usize = 64;
/// What plugins may take to stop even if running requests used up the whole grace period.
const LEAST_STOP_TIME: Duration = Duration::from_secs(1);

/// Serves until a signal ends it; the answer is the process's exit code.
pub(crate) fn serve(path: &Path) -> Result<u8, Complaint> {
    let text = read_configuration(path)?;
    let (metrics, resources) = (Metrics::default(), Arc::new(Resources::default()));
    let environment = Environment::process();
    let (loaded, problems) = resizer_engine::load(path, &text, &environment, KNOWN_PLUGINS, &resources, &metrics);
    let loaded = loaded.ok_or_else(|| Complaint::report(problems.render(path, &text)))?;
    let settings = loaded.server.clone();
    let logging = logging::start(&settings);
    access_log::start(settings.log_format)
        .map_err(|error| Complaint::new(format!("cannot start a thread: {error}")))?;
    if !problems.is_empty() {
        tracing::warn!("{}", problems.render(path, &text));
    }

    raise_descriptor_limit();
    let public = bind("listen", settings.listen.0)?;
    let admin = settings
        .admin_listen
        .0
        .map(|address| bind("admin_listen", address))
        .transpose()?;
    let engine = Engine::new(&settings, metrics, resources).map_err(Complaint::new)?;
    let started = engine.runtime().block_on(engine.start(loaded));
    let site = started.map_err(|problems| Complaint::report(problems.render(path, &text)))?;

    let front = Arc::new(Front::new(engine, site));
    let reload = Reload {
        path: path.to_owned(),
        started: settings.clone(),
        front: Arc::clone(&front),
        logging,
    };
    reload
        .spawn(text)
        .map_err(|error| Complaint::new(format!("cannot start the thread that watches the file: {error}")))?;
    let stopped = rt::System::new().block_on(run(front, &settings, public, admin));
    access_log::flush();
    stopped.map_err(Complaint::new)
}

fn bind(setting: &str, address: SocketAddr) -> Result<TcpListener, Complaint> {
    let listener = TcpListener::bind(address).map_err(|error| {
        let (reason, hint) = match error.kind() {
            std::io::ErrorKind::AddrInUse => ("address already in use", "another program has it; "),
            std::io::ErrorKind::AddrNotAvailable => ("this machine has no such address", ""),
            std::io::ErrorKind::PermissionDenied => ("permission denied", "low ports are for privileged programs; "),
            _ => return Complaint::new(format!("cannot listen on {address}: {error}")),
        };
        Complaint::new(format!(
            "cannot listen on {address}: {reason} ({hint}change `{setting}` in [server])"
        ))
    })?;
    // The standard library asks for a queue of 128; asking again changes it. A shorter queue does no harm.
    let _ = rustix::net::listen(&listener, BACKLOG);
    Ok(listener)
}

async fn run(
    front: Arc<Front>,
    settings: &ServerSettings,
    public: TcpListener,
    admin: Option<TcpListener>,
) -> std::io::Result<u8> {
    let mut signals = Signals::listen()?;
    let connections = Connections::new(settings, front.engine.metrics());
    let workers = match settings.workers {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        workers => workers,
    };
    let address = public.local_addr()?;
    let per_worker = settings.max_connections.div_ceil(workers).max(1);
    let server = start(
        front.clone(),
        public,
        settings,
        workers,
        per_worker,
        Some(Arc::clone(&connections)),
    )?;
    let stop_public = server.handle();
    rt::spawn(server);
    tracing::info!("listening on http://{address}");

    let mut stop_admin: Option<ServerHandle> = None;
    if let Some(listener) = admin {
        let address = listener.local_addr()?;
        let admin = Arc::new(Admin {
            front: Arc::clone(&front),
            token: settings.admin_token.clone(),
        });
        let server = start(admin, listener, settings, 1, ADMIN_CONNECTIONS, None)?;
        stop_admin = Some(server.handle());
        rt::spawn(server);
        tracing::info!("admin on http://{address}");
    }
    rt::spawn(async move {
        loop {
            rt::time::sleep(LOOK_EVERY).await;
            connections.close_overdue();
        }
    });

    let first = signals.next().await;
    tokio::select! {
        () = stop(&front, first, stop_public) => {}
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

/// From the first signal to the end of the plugins.
async fn stop(front: &Front, signal: StopSignal, public: ServerHandle) {
    front.drain();
    let settings = front.site().server().clone();
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
    if within(left, front.engine.stop(&front.site())).await.is_none() {
        tracing::warn!("the grace period is over and some plugins had not stopped");
    }
}

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
    /// What a shell reports of a process that such a signal killed: 128 and the signal's number.
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
