//! One connection of a client: whether it waits for a request, and its timer. `conversion.rs` tells what happens on it,
//! and `connections.rs` closes it.

use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::{Connections, milliseconds};

/// One connection.
pub(crate) struct Connection {
    all: Arc<Connections>,
    socket: TcpStream,
    /// Milliseconds since `Connections::began`; [`NEVER`] while the timer is paused.
    overdue_at: AtomicU64,
    /// Milliseconds from `Connections::began` to the beginning of the wait for a request; [`NEVER`] while there is one.
    waits_since: AtomicU64,
    /// Whether the client has a response to read.
    reads: AtomicBool,
    /// Milliseconds that the client had left when the timer of a response was paused.
    left: AtomicU64,
    /// Whether a response said that it was the last one.
    has_ended: AtomicBool,
    /// Whether this server has shut the socket down.
    is_closed: AtomicBool,
}

const NEVER: u64 = u64::MAX;

impl Connection {
    /// A new connection, counted and with its timer started.
    pub(super) fn new(all: &Arc<Connections>, socket: TcpStream) -> Self {
        all.open.add(1);
        let connection = Self {
            all: Arc::clone(all),
            socket,
            overdue_at: AtomicU64::new(NEVER),
            waits_since: AtomicU64::new(all.exactly_now()),
            reads: AtomicBool::new(false),
            left: AtomicU64::new(NEVER),
            has_ended: AtomicBool::new(false),
            is_closed: AtomicBool::new(false),
        };
        connection.grant(all.limits.first_head);
        connection
    }

    /// A handler has a request: the client waits for this server. `false` if no request of this connection is to be
    /// answered any more.
    pub(crate) fn begin(&self) -> bool {
        self.waits_since.store(NEVER, Ordering::Relaxed);
        self.pause_timer();
        !self.has_ended.load(Ordering::Relaxed)
    }

    /// The response is the last of this connection.
    pub(crate) fn ends_after_response(&self) {
        self.has_ended.store(true, Ordering::Relaxed);
    }

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
        self.grant(self.all.limits.body);
    }

    /// Extends the timer: the client has read nearly all that was sent, these bytes, and is to read more. It has so
    /// much more time as the bytes take at the lowest rate, and at most `body_timeout`. So a client that stops for a
    /// moment and goes on is not closed, and one that is too slow all the time is.
    pub(crate) fn extend_timer(&self, bytes: usize) {
        let (most, rate) = (self.all.limits.body, self.all.limits.least_rate);
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

    /// Starts the timer of the next request, or of the end: all of a response is handed over to be sent.
    pub(crate) fn await_request(&self) {
        self.reads.store(false, Ordering::Relaxed);
        self.waits_since.store(self.all.exactly_now(), Ordering::Relaxed);
        match self.all.limits.next_head {
            // Then actix-web closes the connection, once the request that it has answered is all there.
            Duration::ZERO => self.grant(self.all.limits.body),
            time => self.grant(time),
        }
    }

    /// Whether the timer has run out at this time, in milliseconds since `Connections::began`. The timer of a client
    /// that reads a response runs out so much earlier.
    pub(super) fn is_overdue(&self, now: u64, earlier: u64) -> bool {
        let overdue_at = self.overdue_at.load(Ordering::Relaxed);
        let reads = self.reads.load(Ordering::Relaxed);
        let earlier = if reads && overdue_at != NEVER { earlier } else { 0 };
        overdue_at.saturating_sub(earlier) <= now
    }

    /// Since when it waits for a request, in milliseconds since `Connections::began`; `None` if it has one.
    pub(super) fn waits_since(&self) -> Option<u64> {
        let since = self.waits_since.load(Ordering::Relaxed);
        (since != NEVER).then_some(since)
    }

    /// Closes a connection that waits for a request. `false` if a request has come meanwhile and is not read yet, or if
    /// the client has not read its last response: nothing more can be written then.
    pub(super) fn gives_way(&self) -> bool {
        let mut socket = [PollFd::new(&self.socket, PollFlags::IN | PollFlags::OUT)];
        let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
        let is_quiet = poll(&mut socket, Some(&at_once)).is_ok() && socket[0].revents() == PollFlags::OUT;
        let gives_way = is_quiet && self.waits_since().is_some();
        if gives_way {
            self.close();
        }
        gives_way
    }

    pub(super) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Relaxed)
    }

    pub(super) fn close(&self) {
        self.is_closed.store(true, Ordering::Relaxed);
        // The only error is that the client closed it first.
        let _ = self.socket.shutdown(Shutdown::Both);
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

#[cfg(test)]
mod tests {
    use resizer_plugin_api::Metrics;

    use super::super::Limits;
    use super::*;

    /// Connections whose clock the test sets, with a `body_timeout` of 30 s and a `client_min_rate` of 1000 bytes.
    fn connections(most: usize) -> Arc<Connections> {
        let limits = Limits {
            connections: most,
            first_head: Duration::from_secs(5),
            next_head: Duration::from_secs(75),
            body: Duration::from_secs(30),
            least_rate: 1000,
        };
        Connections::new("open", limits, None, &Metrics::default())
    }

    /// A connection, and its other end.
    fn open(all: &Arc<Connections>) -> (Arc<Connection>, TcpStream) {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        client.set_nonblocking(true).unwrap();
        (all.add(listener.accept().unwrap().0), client)
    }

    fn connection() -> (Arc<Connection>, TcpStream) {
        open(&connections(100))
    }

    fn has_ended(mut client: &TcpStream) -> bool {
        use std::io::Read as _;
        client.read(&mut [0]).is_ok_and(|bytes| bytes == 0)
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
        // Of 30 s, 25 do not count in a hurry.
        let check = |start: fn(&Connection), left: u64, hurry: bool, closed: bool| {
            let (connection, client) = connection();
            start(&connection);
            let overdue_at = connection.all.now() + left * 1000;
            connection.overdue_at.store(overdue_at, Ordering::Relaxed);
            connection.all.close_overdue(hurry);
            assert_eq!(has_ended(&client), closed, "{left} s left, hurry: {hurry}");
        };
        check(Connection::restart_timer, 20, true, true);
        check(Connection::restart_timer, 20, false, false);
        check(Connection::restart_timer, 29, true, false);
        // An idle connection holds no memory of a response.
        check(Connection::await_request, 20, true, false);
    }

    #[test]
    fn client_that_reads_slowly_is_closed_early_while_there_are_too_many_connections() {
        let all = connections(1);
        let clients = [open(&all), open(&all)];
        clients.iter().for_each(|(connection, _)| connection.restart_timer());
        // One has 20 s left, and one has 30 s; 25 do not count.
        clients[0].0.overdue_at.fetch_sub(10_000, Ordering::Relaxed);
        all.close_overdue(false);
        assert_eq!([0, 1].map(|number| has_ended(&clients[number].1)), [true, false]);
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "no worker runs here")]
    fn connections_with_a_request_unread_bytes_or_a_short_wait_do_not_give_way() {
        use std::io::Write as _;
        let all = connections(1);
        // Nobody gives way while they are opened, however long that takes.
        all.living.lock().rests_until = u64::MAX;
        let (with_request, works) = open(&all);
        let (unread, mut sends) = open(&all);
        let (idle, idles) = open(&all);
        let (new, comes) = open(&all);
        with_request.begin();
        // Nobody reads the socket here, as a worker would, so the bytes stay unread.
        sends.write_all(b"GET").unwrap();
        for (connection, since) in [(&unread, 0), (&idle, 0), (&new, NEVER / 2)] {
            connection.waits_since.store(since, Ordering::Relaxed);
        }
        std::thread::sleep(super::super::KEPT);
        all.living.lock().rests_until = 0;
        all.make_room();
        let ended = [&works, &sends, &idles, &comes].map(has_ended);
        assert_eq!(ended, [false, false, true, false]);
    }
}
