//! Timeouts of slow clients, where actix-web has none: it limits how long the *first* head of a connection may take,
//! but neither how slowly a response is taken nor how slowly a later head is sent. It could limit how long a connection
//! is idle, with a timer for each response; here the limit is a number. Each connection notes until when it may go on
//! without progress, as `conversion.rs` tells it. [`Connections::close_overdue`], which `serve.rs` calls every second,
//! shuts the socket of an overdue connection down, and actix-web then drops its request, body and buffers.
//!
//! This takes a second file descriptor for each connection, so [`raise_descriptor_limit`] is called at start.

use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use resizer_plugin_api::{Gauge, Metrics};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use socket2::SockRef;

use crate::settings::ServerSettings;

/// Every connection of one listener.
pub(crate) struct Connections {
    living: Mutex<Vec<Weak<Connection>>>,
    open: Gauge,
    began: Instant,
    /// Milliseconds from `began` to the last look at the clock, which [`Connections::close_overdue`] takes. A look for
    /// each piece of a body would cost more than it tells.
    now: AtomicU64,
    /// How long a client may read nothing of a response.
    body: Duration,
    /// Bytes of a response that a client has to read each second on average; 0 is no limit.
    least_rate: u64,
    /// How long after a response the next head may take to be complete.
    next_head: Duration,
}

/// One connection.
pub(crate) struct Connection {
    all: Arc<Connections>,
    socket: TcpStream,
    /// Milliseconds since `Connections::began`; [`NEVER`] while the timer is paused.
    overdue_at: AtomicU64,
    /// Whether the client has a response to read.
    reads: AtomicBool,
    /// Milliseconds that the client had left when the timer of a response was paused.
    left: AtomicU64,
}

const NEVER: u64 = u64::MAX;
/// Bytes of a response that the system takes and has not sent yet. More makes no transfer faster: what is on its way is
/// not counted.
const MOST_UNSENT: u32 = 128 * 1024;
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
            least_rate: settings.client_min_rate.0,
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
            reads: AtomicBool::new(false),
            left: AtomicU64::new(NEVER),
        });
        // Without this the system takes megabytes that the client has not read, of memory that no budget counts, and
        // for the timer they would be read. If the system refuses, it goes on as before.
        let _ = SockRef::from(stream).set_tcp_notsent_lowat(MOST_UNSENT);
        self.living.lock().push(Arc::downgrade(&connection));
        self.open.add(1);
        Some(connection)
    }

    /// Milliseconds from `began` to the next look at the clock. The last one may be a whole interval ago, and no client
    /// shall get less than its time.
    fn now(&self) -> u64 {
        self.now.load(Ordering::Relaxed) + milliseconds(LOOK_EVERY)
    }

    /// Closes every connection that has made no progress for too long. With `hurry`, other responses wait for memory
    /// until clients have read theirs, and a client that reads has a sixth of the time.
    pub(crate) fn close_overdue(&self, hurry: bool) {
        let earlier = if hurry { milliseconds(self.body) / 6 * 5 } else { 0 };
        let now = milliseconds(self.began.elapsed());
        self.now.store(now, Ordering::Relaxed);
        self.living.lock().retain(|connection| {
            let Some(connection) = connection.upgrade() else {
                return false;
            };
            let overdue_at = connection.overdue_at.load(Ordering::Relaxed);
            let reads = connection.reads.load(Ordering::Relaxed);
            let earlier = if reads && overdue_at != NEVER { earlier } else { 0 };
            if overdue_at.saturating_sub(earlier) <= now {
                // The only error is that the client closed it first.
                let _ = connection.socket.shutdown(Shutdown::Both);
            }
            true
        });
    }
}

impl Connection {
    /// Pauses the timer: the client waits for this server. The time that it has left is kept.
    pub(crate) fn pause_timer(&self) {
        let overdue_at = self.overdue_at.swap(NEVER, Ordering::Relaxed);
        if overdue_at != NEVER {
            let left = overdue_at.saturating_sub(self.all.now());
            self.left.store(left, Ordering::Relaxed);
        }
    }

    /// Restarts the timer: the client is to read a response from its beginning.
    pub(crate) fn restart_timer(&self) {
        self.reads.store(true, Ordering::Relaxed);
        self.grant(self.all.body);
    }

    /// Extends the timer: the client has read nearly all that was sent, these bytes, and is to read more. It has so
    /// much more time as the bytes take at the lowest rate, and at most `body_timeout`. So a client that stops for a
    /// moment and goes on is not closed, and one that is too slow all the time is.
    pub(crate) fn extend_timer(&self, bytes: usize) {
        let (most, rate) = (self.all.body, self.all.least_rate);
        if most.is_zero() || rate == 0 {
            return self.grant(most);
        }
        let left = match self.overdue_at.load(Ordering::Relaxed) {
            NEVER => self.left.load(Ordering::Relaxed),
            overdue_at => overdue_at.saturating_sub(self.all.now()),
        };
        let earned = (bytes as u64).saturating_mul(1000) / rate;
        let time = left.saturating_add(earned).min(milliseconds(most));
        self.overdue_at
            .store(self.all.now().saturating_add(time), Ordering::Relaxed);
    }

    /// Starts the timer of the next request, or of the end: all of a response is sent.
    pub(crate) fn await_request(&self) {
        self.reads.store(false, Ordering::Relaxed);
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
        let overdue_at = self.all.now().saturating_add(milliseconds(time));
        self.overdue_at.store(overdue_at, Ordering::Relaxed);
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A connection whose clock the test sets, with `body_timeout` 30 s and `client_min_rate` 1000 bytes; and its other
    /// end.
    fn connection() -> (Arc<Connection>, TcpStream) {
        let mut settings = ServerSettings::default();
        settings.client_min_rate.0 = 1000;
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let connection = Arc::new(Connection {
            all: Connections::new(&settings, &Metrics::default()),
            socket: listener.accept().unwrap().0,
            overdue_at: AtomicU64::new(NEVER),
            reads: AtomicBool::new(false),
            left: AtomicU64::new(NEVER),
        });
        connection.all.living.lock().push(Arc::downgrade(&connection));
        connection.all.open.add(1);
        (connection, client)
    }

    /// Seconds until the connection is closed.
    fn left(connection: &Connection) -> u64 {
        (connection.overdue_at.load(Ordering::Relaxed) - connection.all.now()) / 1000
    }

    fn passes(connection: &Connection, seconds: u64) {
        connection.all.now.fetch_add(seconds * 1000, Ordering::Relaxed);
    }

    #[test]
    fn client_below_the_lowest_rate_runs_out_of_time() {
        let (connection, _client) = connection();
        connection.restart_timer();
        assert_eq!(left(&connection), 30);
        // 500 bytes a second: each piece takes 8 s and earns 4 s.
        for expected in [26, 22, 18, 14, 10] {
            passes(&connection, 8);
            connection.extend_timer(4000);
            assert_eq!(left(&connection), expected);
        }
        // The server makes the client wait, which takes none of its time and adds none.
        connection.pause_timer();
        passes(&connection, 1000);
        connection.extend_timer(0);
        assert_eq!(left(&connection), 10);
    }

    #[test]
    fn client_above_the_lowest_rate_may_stop_for_body_timeout() {
        let (connection, _client) = connection();
        connection.restart_timer();
        for _ in 0..10 {
            passes(&connection, 2);
            connection.extend_timer(32_000);
            assert_eq!(left(&connection), 30);
        }
        passes(&connection, 29);
        assert_eq!(left(&connection), 1);
        connection.extend_timer(32_000);
        assert_eq!(left(&connection), 30);
    }

    #[test]
    fn client_that_reads_slowly_is_closed_early_while_others_wait_for_memory() {
        use std::io::Read as _;
        // Of 30 s, 25 do not count in a hurry.
        let check = |start: fn(&Connection), left: u64, hurry: bool, closed: bool| {
            let (connection, mut client) = connection();
            start(&connection);
            let overdue_at = connection.all.now() + left * 1000;
            connection.overdue_at.store(overdue_at, Ordering::Relaxed);
            connection.all.close_overdue(hurry);
            client.set_nonblocking(true).unwrap();
            let ended = client.read(&mut [0]).is_ok_and(|bytes| bytes == 0);
            assert_eq!(ended, closed, "{left} s left, hurry: {hurry}");
        };
        check(Connection::restart_timer, 20, true, true);
        check(Connection::restart_timer, 20, false, false);
        check(Connection::restart_timer, 29, true, false);
        // An idle connection holds no memory of a response.
        check(Connection::await_request, 20, true, false);
    }
}
