//! `resizer-host serve`: starts a server on actix-web and stops it, in this order. Start: read the configuration, bind
//! both listeners, start the engine and the plugins, serve. Stop, at SIGTERM: say "not ready" and go on serving for
//! `drain_delay`, so that a balancer notices; close the listener; let running requests end within `grace_period`; stop
//! the plugins. SIGINT skips the delay, and a second signal ends the process at once.

use std::convert::Infallible;
use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_http::{KeepAlive, Request};
use actix_web::dev::{Server, ServerHandle, fn_service};
use actix_web::rt::net::TcpStream;
use actix_web::{HttpServer, rt};
use resizer_engine::Engine;
use resizer_plugin_api::Metrics;
use resizer_plugin_api::engine::Resources;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::admin::Admin;
use crate::complaint::{Complaint, read_configuration};
use crate::connections::{Connections, LOOK_EVERY, raise_descriptor_limit};
use crate::conversion::Handler;
use crate::reload::Reload;
use crate::request_handler::{InForce, RequestHandler};
use crate::settings::{self, ServerSettings};
use crate::{access_log, conversion, logging};

/// Connections that wait in the system's queue while all workers are at their limit; the system may allow fewer.
const BACKLOG: i32 = 1024;
/// Most connections of the admin listener, which an operator and a scraper use.
const ADMIN_CONNECTIONS: usize = 64;
/// Seconds; a day.
const LONGER_THAN_ANY_GRACE: u64 = 86_400;
/// How long a connection that is to be closed goes on reading what the client is still sending. Closed at once, it
/// would take the response with it.
const LINGER: Duration = Duration::from_secs(1);
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
    let public = bind("listen", settings.listen.0)?;
    let admin = settings
        .admin_listen
        .0
        .map(|address| bind("admin_listen", address))
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
    handler: Arc<RequestHandler>,
    settings: &ServerSettings,
    public: TcpListener,
    admin: Option<TcpListener>,
) -> std::io::Result<u8> {
    let mut signals = Signals::listen()?;
    let connections = Connections::new(settings, handler.engine.metrics());
    let workers = match settings.workers {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        workers => workers,
    };
    let address = public.local_addr()?;
    let per_worker = settings.max_connections.div_ceil(workers).max(1);
    let server = start(
        handler.clone(),
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
            handler: Arc::clone(&handler),
            token: settings.admin_token.clone(),
        });
        let server = start(admin, listener, settings, 1, ADMIN_CONNECTIONS, None)?;
        stop_admin = Some(server.handle());
        rt::spawn(server);
        tracing::info!("admin on http://{address}");
    }
    let engine = handler.engine.clone();
    rt::spawn(async move {
        loop {
            rt::time::sleep(LOOK_EVERY).await;
            connections.close_overdue(engine.waits_for_clients());
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

/// Serves what comes in on `listener` once the server is awaited or spawned. Without `connections` slow clients are not
/// closed.
fn start<H: Handler>(
    handler: Arc<H>,
    listener: TcpListener,
    settings: &ServerSettings,
    workers: usize,
    connections_per_worker: usize,
    connections: Option<Arc<Connections>>,
) -> std::io::Result<Server> {
    let keep_alive = match &connections {
        Some(_) if !settings.keep_alive.0.is_zero() => KeepAlive::Os,
        _ => at_least(settings.keep_alive.0).into(),
    };
    HttpServer::new(move || {
        let handler = Arc::clone(&handler);
        fn_service(move |request: Request| {
            let handler = Arc::clone(&handler);
            async move { Ok::<_, Infallible>(conversion::serve(request, handler).await) }
        })
    })
    .workers(workers)
    .max_connections(connections_per_worker)
    .keep_alive(keep_alive)
    .client_request_timeout(at_least(settings.head_timeout.0))
    // A client that closed its side counts as gone, and its work is cancelled.
    .h1_allow_half_closed(false)
    .client_disconnect_timeout(LINGER)
    .h1_write_buffer_size(conversion::WRITE_BUFFER)
    .tcp_nodelay(true)
    // `stop` counts the grace period itself, as the configuration in force has it then, and logs when it is over.
    .shutdown_timeout(LONGER_THAN_ANY_GRACE)
    .disable_signals()
    .on_connect(move |stream, extensions| {
        let watched = connections.as_ref().zip(stream.downcast_ref::<TcpStream>());
        if let Some(connection) = watched.and_then(|(connections, stream)| connections.watch(stream)) {
            extensions.insert(connection);
        }
    })
    .listen(listener)
    .map(HttpServer::run)
}

/// A timeout as actix-web has to be told it. Its clock for timeouts ticks every half second, so it may be early by that
/// much. Zero, which is no timeout, stays zero.
fn at_least(timeout: Duration) -> Duration {
    const TICK: Duration = Duration::from_millis(500);
    if timeout.is_zero() { timeout } else { timeout + TICK }
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
