//! Crowd: clients that hold connections and ask for nothing, some idle after a response, some in the middle of a head.
//! A connection that the server closes is opened anew, so the crowd stays as large as the server lets it be.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{scope, sleep};
use std::time::Duration;

use anyhow::{Context as _, Result};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Connections that are idle after a response.
pub(super) const IDLE: usize = 3_500;
/// Connections with an unfinished head of 31 KB.
pub(super) const HALF_HEADS: usize = 1_500;
const HEAD_BYTES: usize = 31_000;
const THREADS: usize = 4;

/// Numbers of a crowd's connections.
#[derive(Default)]
pub(super) struct Counts {
    /// Connections that were opened, the first and those in place of closed ones.
    pub(super) opened: AtomicU64,
    /// Connections that the system did not let be opened at once.
    pub(super) failed: AtomicU64,
}

/// Runs `work` while the crowd holds its connections.
pub(super) fn beside<T: Send>(address: &str, counts: &Counts, work: impl FnOnce() -> T + Send) -> Result<T> {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    setrlimit(Resource::Nofile, raised).context("the limit of open files cannot be raised")?;
    let address: SocketAddr = address.parse()?;
    let is_over = AtomicBool::new(false);
    Ok(scope(|scope| {
        for thread in 0..THREADS {
            let is_over = &is_over;
            scope.spawn(move || {
                let share = |all: usize| all / THREADS + usize::from(thread < all % THREADS);
                hold(address, share(IDLE), share(HALF_HEADS), counts, is_over);
            });
        }
        // The crowd is there before the work begins.
        sleep(Duration::from_secs(5));
        let done = work();
        is_over.store(true, Ordering::Relaxed);
        done
    }))
}

fn hold(address: SocketAddr, idle: usize, half_heads: usize, counts: &Counts, is_over: &AtomicBool) {
    let mut half_head = b"GET /healthz HTTP/1.1\r\nHost: crowd\r\nCookie: ".to_vec();
    half_head.resize(HEAD_BYTES, b'x');
    let idle = std::iter::repeat_n(&b"GET /healthz HTTP/1.1\r\nHost: crowd\r\n\r\n"[..], idle);
    let half_heads = std::iter::repeat_n(half_head.as_slice(), half_heads);
    let mut places: Vec<(&[u8], Option<TcpStream>)> = idle.chain(half_heads).map(|text| (text, None)).collect();
    while !is_over.load(Ordering::Relaxed) {
        for (text, connection) in &mut places {
            if connection.as_ref().is_some_and(is_open) {
                continue;
            }
            *connection = open(address, text);
            let counter = if connection.is_some() {
                &counts.opened
            } else {
                &counts.failed
            };
            counter.fetch_add(1, Ordering::Relaxed);
            if is_over.load(Ordering::Relaxed) {
                return;
            }
        }
        sleep(Duration::from_millis(200));
    }
}

fn open(address: SocketAddr, text: &[u8]) -> Option<TcpStream> {
    let mut connection = TcpStream::connect_timeout(&address, Duration::from_millis(200)).ok()?;
    connection.set_nonblocking(true).ok()?;
    // Bytes that the system does not take at once are left out.
    let _ = connection.write(text);
    Some(connection)
}

/// Reads away what has come; the connection is open unless that was its end.
fn is_open(mut connection: &TcpStream) -> bool {
    let mut bytes = [0; 4096];
    loop {
        match connection.read(&mut bytes) {
            Ok(0) => return false,
            Ok(_) => {}
            Err(error) => return error.kind() == ErrorKind::WouldBlock,
        }
    }
}
