//! Attackers of the soak: each goes on until it is told that the attack is over, and says how often it struck.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::soak::load::ask;

/// The server under attack.
pub(super) struct Target {
    pub(super) address: String,
    pub(super) admin: String,
    /// The port of an origin that never answers.
    pub(super) hung: u16,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Attack {
    TiffOfMillionStrips,
    TiffOfThousandPages,
    HalfHeads,
    IdleConnections,
    SlowReaders,
    HungOrigin,
    LargeMisses,
    LongHeaderName,
    SilentAdminSockets,
}

impl Attack {
    pub(super) const ALL: [Self; 9] = [
        Self::TiffOfMillionStrips,
        Self::TiffOfThousandPages,
        Self::HalfHeads,
        Self::IdleConnections,
        Self::SlowReaders,
        Self::HungOrigin,
        Self::LargeMisses,
        Self::LongHeaderName,
        Self::SilentAdminSockets,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::TiffOfMillionStrips => "a TIFF that claims nine million strips",
            Self::TiffOfThousandPages => "a TIFF of a thousand pages that share a million strips",
            Self::HalfHeads => "2,000 connections with half a head each",
            Self::IdleConnections => "3,500 idle connections",
            Self::SlowReaders => "64 clients that read a large file at 2 KB/s",
            Self::HungOrigin => "256 requests for an origin that never answers",
            Self::LargeMisses => "100 clients that ask for large images",
            Self::LongHeaderName => "header names of 70,000 bytes",
            Self::SilentAdminSockets => "64 silent sockets at the admin listener",
        }
    }

    /// Attacks until it is over. The result says how often.
    pub(super) fn run(self, target: &Target, over: &AtomicBool) -> String {
        match self {
            Self::TiffOfMillionStrips => requests(target, over, 4, |index| format!("/entries.tif?width={}", 1 + index)),
            Self::TiffOfThousandPages => requests(target, over, 4, |index| {
                format!("/pages.tif?width={}&page=7", 1 + index)
            }),
            Self::HalfHeads => hold(over, 2_000, || half_head(&target.address)),
            Self::IdleConnections => hold(over, 3_500, || idle(&target.address)),
            Self::SlowReaders => slow_readers(target, over),
            Self::HungOrigin => requests(target, over, 256, |index| {
                format!("/far/127.0.0.1:{}/{index}.jpg?width=100", target.hung)
            }),
            Self::LargeMisses => requests(target, over, 100, |index| {
                format!("/poster.jpg?width={}", 1_000 + index)
            }),
            Self::LongHeaderName => long_header_names(target, over),
            Self::SilentAdminSockets => silent_admin_sockets(target, over),
        }
    }
}

/// So many clients ask without a pause.
fn requests(target: &Target, over: &AtomicBool, clients: usize, path: impl Fn(u64) -> String + Sync) -> String {
    let (count, slowest) = (AtomicU64::new(0), AtomicU64::new(0));
    scope(|scope| {
        for _ in 0..clients {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    let path = path(count.fetch_add(1, Ordering::Relaxed));
                    let outcome = ask(&target.address, &path, Instant::now());
                    slowest.fetch_max(outcome.took.as_millis() as u64, Ordering::Relaxed);
                }
            });
        }
    });
    format!(
        "{} requests, the slowest {} ms",
        count.into_inner(),
        slowest.into_inner()
    )
}

/// Holds so many connections, and opens one anew wherever the server has closed one.
fn hold(over: &AtomicBool, number: usize, connect: impl Fn() -> Result<TcpStream>) -> String {
    let mut held: Vec<TcpStream> = Vec::with_capacity(number);
    let (mut opened, mut refused) = (0_u64, 0_u64);
    while !over.load(Ordering::Relaxed) {
        while held.len() < number && !over.load(Ordering::Relaxed) {
            match connect() {
                Ok(stream) => {
                    opened += 1;
                    held.push(stream);
                }
                Err(_) => {
                    refused += 1;
                    sleep(Duration::from_millis(20));
                }
            }
        }
        sleep(Duration::from_millis(200));
        held.retain(is_open);
    }
    format!("{opened} connections, {refused} refused, {} at the end", held.len())
}

/// Whether the server has not closed this connection, which has nothing else to say.
fn is_open(stream: &TcpStream) -> bool {
    let mut byte = [0];
    stream.set_nonblocking(true).is_ok()
        && matches!(stream.peek(&mut byte), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
}

/// All of a head of 30 KB but its end.
fn half_head(address: &str) -> Result<TcpStream> {
    let mut stream = connect(address)?;
    write!(stream, "GET /photograph0.jpg?width=80 HTTP/1.1\r\nHost: {address}\r\n")?;
    for index in 0..30 {
        write!(stream, "X-Filler-{index}: {}\r\n", "a".repeat(1_000))?;
    }
    Ok(stream)
}

/// A connection that waits after its answer.
fn idle(address: &str) -> Result<TcpStream> {
    let mut stream = connect(address)?;
    write!(
        stream,
        "HEAD /photograph0.jpg?width=80 HTTP/1.1\r\nHost: {address}\r\n\r\n"
    )?;
    let mut answer = [0; 4096];
    anyhow::ensure!(stream.read(&mut answer)? > 0, "closed before an answer");
    Ok(stream)
}

fn connect(address: &str) -> Result<TcpStream> {
    const TIMEOUT: Duration = Duration::from_secs(5);
    let stream = TcpStream::connect_timeout(&address.parse()?, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    Ok(stream)
}

/// Relays of the largest file as it is, read in drops.
fn slow_readers(target: &Target, over: &AtomicBool) -> String {
    const READERS: usize = 64;
    let opened = AtomicU64::new(0);
    scope(|scope| {
        for _ in 0..READERS {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    opened.fetch_add(1, Ordering::Relaxed);
                    if read_slowly(&target.address, over).is_err() {
                        sleep(Duration::from_millis(200));
                    }
                }
            });
        }
    });
    format!("{} downloads begun", opened.into_inner())
}

fn read_slowly(address: &str, over: &AtomicBool) -> Result<()> {
    let mut stream = connect(address)?;
    write!(stream, "GET /poster.jpg HTTP/1.1\r\nHost: {address}\r\n\r\n")?;
    let mut drop = [0; 200];
    while !over.load(Ordering::Relaxed) && stream.read(&mut drop)? > 0 {
        sleep(Duration::from_millis(100));
    }
    Ok(())
}

fn long_header_names(target: &Target, over: &AtomicBool) -> String {
    let mut count = 0;
    while !over.load(Ordering::Relaxed) {
        let sent = connect(&target.address).and_then(|mut stream| {
            let name = "a".repeat(70_000);
            write!(stream, "GET /lake.jpg HTTP/1.1\r\n{name}: b\r\nHost: a\r\n\r\n")?;
            stream.read_exact(&mut [0])?;
            Ok(())
        });
        count += u64::from(sent.is_ok());
        sleep(Duration::from_millis(20));
    }
    format!("{count} requests with an answer")
}

/// While the sockets are held, the metrics are asked for once a second.
fn silent_admin_sockets(target: &Target, over: &AtomicBool) -> String {
    let (answered, asked) = (AtomicU64::new(0), AtomicU64::new(0));
    let held = scope(|scope| {
        let holder = scope.spawn(|| hold(over, 64, || connect(&target.admin)));
        while !over.load(Ordering::Relaxed) {
            sleep(Duration::from_secs(1));
            asked.fetch_add(1, Ordering::Relaxed);
            let outcome = ask(&target.admin, "/metrics", Instant::now());
            answered.fetch_add(u64::from(outcome.is_good()), Ordering::Relaxed);
        }
        holder.join().unwrap_or_default()
    });
    format!(
        "{held}; metrics answered {} times of {}",
        answered.into_inner(),
        asked.into_inner()
    )
}
