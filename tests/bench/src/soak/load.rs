//! Load generators: clients that ask again as soon as they are answered, and clients that ask at a fixed rate.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// The outcome of one request.
pub(crate) struct Outcome {
    /// The HTTP status; 0 without a whole response.
    pub(crate) status: u16,
    pub(crate) retry_after: bool,
    pub(crate) body: Vec<u8>,
    /// Time since the request was due.
    pub(crate) took: Duration,
}

impl Outcome {
    pub(crate) fn is_good(&self) -> bool {
        self.status == 200
    }

    /// A refusal with its reason and `Retry-After`, or a deadline that passed.
    pub(crate) fn is_honest(&self) -> bool {
        (self.status == 503 && self.retry_after) || self.status == 504
    }
}

/// Asks once.
pub(crate) fn ask(address: &str, target: &str, due: Instant) -> Outcome {
    let (status, retry_after, body) = try_ask(address, target).unwrap_or((0, false, Vec::new()));
    Outcome {
        status,
        retry_after,
        body,
        took: due.elapsed(),
    }
}

fn try_ask(address: &str, target: &str) -> Result<(u16, bool, Vec<u8>)> {
    const TIMEOUT: Duration = Duration::from_secs(90);
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    write!(
        stream,
        "GET {target} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let end = answer
        .windows(4)
        .position(|bytes| bytes == b"\r\n\r\n")
        .context("no head")?;
    let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
    let value = |name: &str| {
        head.lines()
            .find_map(|line| Some(line.strip_prefix(name)?.trim().to_owned()))
    };
    let body = answer.split_off(end + 4);
    let length: usize = value("content-length:").context("no length")?.parse()?;
    let status = head.split(' ').nth(1).context("no status")?.parse()?;
    // A body cut short is no answer.
    (body.len() == length).then_some(()).context("half an answer")?;
    Ok((status, value("retry-after:").is_some(), body))
}

/// Closed loop: each of `clients` asks for the next target as soon as it has an answer, until the time is over.
pub(crate) fn closed(
    address: &str,
    clients: usize,
    time: Duration,
    target: impl Fn(u64) -> String + Sync,
    note: impl Fn(&str, Outcome) + Sync,
) {
    let (count, begun) = (AtomicU64::new(0), Instant::now());
    scope(|scope| {
        for _ in 0..clients {
            scope.spawn(|| {
                while begun.elapsed() < time {
                    let target = target(count.fetch_add(1, Ordering::Relaxed));
                    note(&target, ask(address, &target, Instant::now()));
                }
            });
        }
    });
}

/// Open loop: so many requests a second at even distances, and the time of each since it was due.
pub(crate) fn open(address: &str, rate: f64, time: Duration, target: impl Fn(u64) -> String + Sync) -> Vec<Outcome> {
    /// More than are ever under way at once, or the rate would depend on the answers.
    const CLIENTS: usize = 64;
    let (count, begun) = (AtomicU64::new(0), Instant::now());
    let outcomes = Mutex::new(Vec::new());
    scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                loop {
                    let index = count.fetch_add(1, Ordering::Relaxed);
                    let due = Duration::from_secs_f64(index as f64 / rate);
                    if due > time {
                        return;
                    }
                    sleep(due.saturating_sub(begun.elapsed()));
                    let outcome = ask(address, &target(index), begun + due);
                    if let Ok(mut outcomes) = outcomes.lock() {
                        outcomes.push(outcome);
                    }
                }
            });
        }
    });
    outcomes.into_inner().unwrap_or_default()
}

/// The time within which this share of the requests was answered.
pub(crate) fn quantile(outcomes: &[Outcome], share: f64) -> Duration {
    let mut times: Vec<Duration> = outcomes.iter().map(|outcome| outcome.took).collect();
    times.sort();
    let index = (times.len() as f64 * share).ceil() as usize;
    times.get(index.saturating_sub(1)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Outcome, quantile};

    #[test]
    fn quantile_is_the_time_within_which_the_share_was_answered() {
        let outcome = |milliseconds| Outcome {
            status: 200,
            retry_after: false,
            body: Vec::new(),
            took: Duration::from_millis(milliseconds),
        };
        let outcomes: Vec<Outcome> = (1..=200).rev().map(outcome).collect();
        for (share, expected) in [(0.5, 100), (0.95, 190), (0.99, 198), (1.0, 200)] {
            assert_eq!(quantile(&outcomes, share), Duration::from_millis(expected));
        }
        assert_eq!(quantile(&[], 0.5), Duration::ZERO);
    }
}
