//! Connections of a listener: their number, their memory, and the timeouts of idle and slow clients, as far as
//! actix-web lacks them. It limits how long the *first* head of a connection may take, and answers 408 even where
//! nothing was sent; it limits neither how long a later head takes nor how slowly a response is read. Each connection
//! notes until when it may go on without progress, as `conversion.rs` tells it. [`Connections::close_overdue`], which
//! `serve.rs` calls every second, shuts the socket of an overdue connection down, and actix-web then drops its request,
//! body and buffers.
//!
//! A connection that waits for a request gives way to others when there are too many: the one that has waited longest
//! is closed first. An idle connection and one with an unfinished head look alike here.
//!
//! This takes a second file descriptor for each connection, so [`raise_descriptor_limit`] is called at start.

mod connection;

use std::net::TcpStream;
use std::os::fd::AsFd as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use resizer_plugin_api::{Claim, Counter, Gauge, Metrics};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use socket2::SockRef;

pub(crate) use self::connection::Connection;

/// Every connection of one listener.
pub(crate) struct Connections {
    living: Mutex<Living>,
    open: Gauge,
    /// Connections that gave way to others.
    gave_way: Counter,
    /// The memory of all connections, as the memory budget sees it.
    claim: Option<Claim>,
    limits: Limits,
    began: Instant,
    /// Milliseconds from `began` to the last look at the clock, which [`Connections::close_overdue`] takes. A look for
    /// each piece of a body would cost more than it tells.
    now: AtomicU64,
}

#[derive(Default)]
struct Living {
    connections: Vec<Weak<Connection>>,
    /// Milliseconds from `Connections::began` to the end of the time for which no room is made again.
    rests_until: u64,
}

/// The limits of one listener. A time of zero is no limit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Connections open at once. Above them, those that wait for a request are closed.
    pub(crate) connections: usize,
    /// How long the head of the first request may take.
    pub(crate) first_head: Duration,
    /// How long after a response the next head may take to be complete.
    pub(crate) next_head: Duration,
    /// How long a client may read nothing of a response.
    pub(crate) body: Duration,
    /// Bytes of a response that a client has to read each second on average; 0 is no limit.
    pub(crate) least_rate: u64,
}

/// Most memory of a connection that waits for a request, in bytes. Measured as the growth of the resident memory over
/// 500 connections: 21 KiB each before the first request, 50 after a result of 29 kB and 86 after an image sent as it
/// is, since actix-http keeps the buffer of a piece. With 131,000 bytes of an unfinished head beside it, each took 191,
/// 175 and 211 KiB.
pub(crate) const CONNECTION_BYTES: u64 = 212 << 10;
/// How often [`Connections::close_overdue`] shall be called.
pub(crate) const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often [`Connections::make_room`] shall be called.
pub(crate) const ROOM_EVERY: Duration = Duration::from_millis(100);
/// When there are too many connections, this part of them is closed, so that the longest waiting are not looked for at
/// each further one.
const CLOSED_PART: usize = 8;
/// How long a connection may wait for a request before it gives way to others. A client sends its first request with
/// the last packet of the handshake, or right after. With ten times as much, a request behind a burst of thousands of
/// connections without one would wait for seconds.
const KEPT: Duration = Duration::from_millis(100);
/// The least time from one search for the longest waiting to the next, in milliseconds: it looks at all connections,
/// and may find that none of them waits.
const REST: u64 = 10;
/// Bytes of a response that the system takes and has not sent yet. More makes no transfer faster: what is on its way is
/// not counted.
const MOST_UNSENT: u32 = 128 * 1024;

impl Connections {
    /// The connections of a listener. `name` is that of the gauge of open ones.
    pub(crate) fn new(name: &'static str, limits: Limits, claim: Option<Claim>, metrics: &Metrics) -> Arc<Self> {
        Arc::new(Self {
            living: Mutex::default(),
            open: metrics.gauge(name, "Connections open on the listener.", &[]),
            gave_way: metrics.counter(
                "resizer_connections_gave_way_total",
                "Connections without a request, closed because there were too many.",
                &[],
            ),
            claim,
            limits,
            began: Instant::now(),
            now: AtomicU64::new(0),
        })
    }

    /// Watches a new connection. The connection is closed if it cannot be watched, because the system has no descriptor
    /// left: nothing else would ever close it.
    pub(crate) fn watch(self: &Arc<Self>, stream: &actix_web::rt::net::TcpStream) -> Option<Arc<Connection>> {
        let Ok(socket) = duplicate(stream) else {
            let _ = rustix::net::shutdown(stream, rustix::net::Shutdown::Both);
            return None;
        };
        // Without this the system takes megabytes that the client has not read, of memory that no budget counts, and
        // for the timer they would be read. If the system refuses, it goes on as before.
        let _ = SockRef::from(stream).set_tcp_notsent_lowat(MOST_UNSENT);
        Some(self.add(socket))
    }

    fn add(self: &Arc<Self>, socket: TcpStream) -> Arc<Connection> {
        let connection = Arc::new(Connection::new(self, socket));
        let mut living = self.living.lock();
        living.connections.push(Arc::downgrade(&connection));
        self.close_longest_waiting(&mut living);
        drop(living);
        connection
    }

    /// Milliseconds from `began` to the next look at the clock. The last one may be a whole interval ago, and no client
    /// shall get less than its time.
    fn now(&self) -> u64 {
        self.now.load(Ordering::Relaxed) + milliseconds(LOOK_EVERY)
    }

    /// Milliseconds from `began` to this moment.
    fn exactly_now(&self) -> u64 {
        milliseconds(self.began.elapsed())
    }

    /// Closes every connection that has made no progress for too long. With `hurry`, other responses wait for memory
    /// until clients have read theirs, and a client that reads has a sixth of the time. The same holds while there are
    /// too many connections.
    pub(crate) fn close_overdue(&self, hurry: bool) {
        let earlier = if hurry || self.excess(self.open()) > 0 {
            milliseconds(self.limits.body) / 6 * 5
        } else {
            0
        };
        let now = self.exactly_now();
        self.now.store(now, Ordering::Relaxed);
        let mut living = self.living.lock();
        living.connections.retain(|connection| {
            let Some(connection) = connection.upgrade() else {
                return false;
            };
            if connection.is_overdue(now, earlier) {
                connection.close();
            }
            true
        });
        if let Some(claim) = &self.claim {
            claim.set(self.open().min(self.limits.connections) as u64 * CONNECTION_BYTES);
        }
        self.close_longest_waiting(&mut living);
    }

    fn open(&self) -> usize {
        usize::try_from(self.open.value()).unwrap_or_default()
    }

    /// How many connections are to be closed where this many are open.
    fn excess(&self, open: usize) -> usize {
        let most = self.limits.connections;
        if open > most {
            open - most + most / CLOSED_PART
        } else {
            0
        }
    }

    /// If there are too many connections, closes those that have waited longest for a request. To be called every
    /// [`ROOM_EVERY`]: a new connection does the same, but there is none where actix-web accepts no more.
    pub(crate) fn make_room(&self) {
        if self.excess(self.open()) > 0 {
            self.close_longest_waiting(&mut self.living.lock());
        }
    }

    fn close_longest_waiting(&self, living: &mut Living) {
        let now = self.exactly_now();
        if self.excess(self.open()) == 0 || now < living.rests_until {
            return;
        }
        living.rests_until = now + REST;
        // The system has yet to close some of those that are counted.
        let open = living.connections.iter().filter_map(Weak::upgrade);
        let open: Vec<_> = open.filter(|connection| !connection.is_closed()).collect();
        let mut longest: Vec<_> = open
            .iter()
            .filter_map(|connection| Some((connection.waits_since()?, connection)))
            .filter(|(since, _)| since + milliseconds(KEPT) <= now)
            .collect();
        longest.sort_by_key(|(since, _)| *since);
        let mut excess = self.excess(open.len());
        for (_, connection) in longest {
            if excess == 0 {
                return;
            }
            if connection.gives_way() {
                self.gave_way.increment();
                excess -= 1;
            }
        }
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
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
