//! Timeouts of slow clients, where actix-web has none: it limits how long the *first* head of a connection may take,
//! but neither how slowly a response is taken nor how slowly a later head is sent. It could limit how long a connection
//! is idle, with a timer for each response; here the limit is a number. Each connection notes until when it may go on
//! without progress, as `conversion.rs` tells it. [`Connections::close_overdue`], which `serve.rs` calls every second,
//! shuts the socket of an overdue connection down, and actix-web then drops its request, body and buffers.
//!
//! This takes a second file descriptor for each connection, so [`raise_descriptor_limit`] is called at start.

use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use resizer_plugin_api::{Gauge, Metrics};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::settings::ServerSettings;

/// Every connection of one listener.
pub(crate) struct Connections {
    living: Mutex<Vec<Weak<Connection>>>,
    open: Gauge,
    began: Instant,
    /// Milliseconds from `began` to the last look at the clock, which [`Connections::close_overdue`] takes. A look for
    /// each piece of a body would cost more than it tells.
    now: AtomicU64,
    /// How long a client may take to read the next piece of a response.
    body: Duration,
    /// How long after a response the next head may take to be complete.
    next_head: Duration,
}

/// One connection.
pub(crate) struct Connection {
    all: Arc<Connections>,
    socket: TcpStream,
    /// Milliseconds since `Connections::began`; [`NEVER`] while the timer is paused.
    overdue_at: AtomicU64,
}

const NEVER: u64 = u64::MAX;
/// How often [`Connections::close_overdue`] shall be called.
pub(crate) const LOOK_EVERY: Duration = Duration::from_secs(1);

impl Connections {
    pub(crate) fn new(settings: &ServerSettings, metrics: &Metrics) -> Arc<Self> {
        Arc::new(Self {
            living: Mutex::new(Vec::new()),
            open: metrics.gauge("resizer_connections", "Connections open on the public listener.", &[]),
            began: Instant::now(),
            now: AtomicU64::new(0),
            body: settings.body_timeout.0,
            next_head: settings.keep_alive.0,
        })
    }

    /// Watches a new connection. The connection is closed if it cannot be watched, because the system has no descriptor
    /// left: nothing else would ever close it.
    pub(crate) fn watch(self: &Arc<Self>, stream: &actix_web::rt::net::TcpStream) -> Option<Arc<Connection>> {
        let Ok(socket) = duplicate(stream) else {
            let _ = rustix::net::shutdown(stream, rustix::net::Shutdown::Both);
            return None;
        };
        let connection = Arc::new(Connection {
            all: Arc::clone(self),
            socket,
            overdue_at: AtomicU64::new(NEVER),
        });
        self.living.lock().push(Arc::downgrade(&connection));
        self.open.add(1);
        Some(connection)
    }

    /// Closes every connection that has made no progress for too long.
    pub(crate) fn close_overdue(&self) {
        let now = milliseconds(self.began.elapsed());
        self.now.store(now, Ordering::Relaxed);
        self.living.lock().retain(|connection| {
            let Some(connection) = connection.upgrade() else {
                return false;
            };
            if connection.overdue_at.load(Ordering::Relaxed) <= now {
                // The only error is that the client closed it first.
                let _ = connection.socket.shutdown(Shutdown::Both);
            }
            true
        });
    }
}

impl Connection {
    /// Pauses the timer: the client waits for this server.
    pub(crate) fn pause_timer(&self) {
        self.overdue_at.store(NEVER, Ordering::Relaxed);
    }

    /// Restarts the timer: the client has read nearly all that was sent, and is to read more of a response.
    pub(crate) fn restart_timer(&self) {
        self.grant(self.all.body);
    }

    /// Starts the timer of the next request, or of the end: all of a response is sent.
    pub(crate) fn await_request(&self) {
        match self.all.next_head {
            // Then actix-web closes the connection, once the request that it has answered is all there.
            Duration::ZERO => self.grant(self.all.body),
            time => self.grant(time),
        }
    }

    /// Zero is no limit.
    fn grant(&self, time: Duration) {
        if time.is_zero() {
            return self.pause_timer();
        }
        // The last look at the clock may be a whole interval ago, and no client shall get less than its time.
        let now = self.all.now.load(Ordering::Relaxed) + milliseconds(LOOK_EVERY);
        self.overdue_at
            .store(now.saturating_add(milliseconds(time)), Ordering::Relaxed);
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.all.open.add(-1);
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(NEVER)
}

fn duplicate(stream: &actix_web::rt::net::TcpStream) -> std::io::Result<TcpStream> {
    stream.as_fd().try_clone_to_owned().map(TcpStream::from)
}

/// Raises the number of files that this process may open from the soft limit to the hard one. The soft limit is kept
/// low for programs that use `select`, and this program does not.
pub(crate) fn raise_descriptor_limit() {
    let limit = getrlimit(Resource::Nofile);
    // If the system refuses, the soft limit holds as before.
    let _ = setrlimit(
        Resource::Nofile,
        Rlimit {
            current: limit.maximum,
            maximum: limit.maximum,
        },
    );
}
