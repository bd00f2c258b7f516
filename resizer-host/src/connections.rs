//! Patience with slow clients, where actix-web has none of its own: it limits how long the *first* head of a connection
//! may take, but neither how slowly a response is taken nor how slowly a later head is sent. How long a connection may be
//! idle it would limit too, with a timer for each response; here that is a number. Each connection notes (`outbox.rs` says
//! when) until when it may go on without progress; [`Connections::close_overdue`], called every second, shuts the socket
//! down under it, and actix-web then drops the request, the body and the buffers.
//!
//! This takes a second file descriptor for each connection, which is why [`raise_descriptor_limit`] is called at start.

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
    /// Milliseconds after that at the last look at the clock, in [`Connections::close_overdue`]: one for each piece that
    /// is sent would cost more than it tells.
    now: AtomicU64,
    /// How long a client may take to take the next piece of a body.
    body: Duration,
    /// How long after a response the next head may take to be complete.
    next_head: Duration,
}

/// One connection.
pub(crate) struct Connection {
    all: Arc<Connections>,
    socket: TcpStream,
    /// Milliseconds since `Connections::began`; [`NEVER`] while it is ours to be slow.
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

    /// Watches a new connection. One that cannot be watched, because the system has no descriptor left, is closed: nothing
    /// else would.
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
    /// It is for us to do something.
    pub(crate) fn is_ours(&self) {
        self.overdue_at.store(NEVER, Ordering::Relaxed);
    }

    /// The client has taken some of a response, and is to take more.
    pub(crate) fn takes_more(&self) {
        self.grant(self.all.body);
    }

    /// The client is to take some of a response; if it was already, its time goes on.
    pub(crate) fn takes_first(&self) {
        if self.overdue_at.load(Ordering::Relaxed) == NEVER {
            self.takes_more();
        }
    }

    /// The client is to send the next request, or to leave.
    pub(crate) fn sends_next(&self) {
        match self.all.next_head {
            // Then actix-web closes the connection, when the request that it has answered is all there.
            Duration::ZERO => self.grant(self.all.body),
            time => self.grant(time),
        }
    }

    /// No time at all means no limit.
    fn grant(&self, time: Duration) {
        if time.is_zero() {
            return self.is_ours();
        }
        // The last look may be as long ago as the next one is away: nobody gets less than is granted.
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

/// Raises the number of files this process may open from the soft to the hard limit: the soft one is kept low for
/// programs that use `select`, which this one does not.
pub(crate) fn raise_descriptor_limit() {
    let limit = getrlimit(Resource::Nofile);
    // Where it is refused, the soft limit holds, as it did before.
    let _ = setrlimit(
        Resource::Nofile,
        Rlimit {
            current: limit.maximum,
            maximum: limit.maximum,
        },
    );
}
