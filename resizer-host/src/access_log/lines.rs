//! Lines of the access log on their way to standard error: gathered for a moment and written together, because a system
//! call for each would be a tenth of what a cache hit costs. Filled by [`super::AccessLine`]; emptied by a thread of its
//! own, and once more when the server has stopped. What else the server has to say goes to `tracing` and is not here.

use std::io::Write as _;
use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use parking_lot::{Condvar, Mutex};
use resizer_engine::LogFormat;

/// How long the first line of a write waits for others.
const GATHERED_FOR: Duration = Duration::from_millis(20);
/// Bytes that may wait while whoever reads the log does not. Lines beyond that are dropped and counted: a log that stands
/// still must not stop the server, nor fill its memory.
const MOST: usize = 4 << 20;

static LINES: OnceLock<Lines> = OnceLock::new();

/// The lines of this process.
pub(super) struct Lines {
    pub(super) format: LogFormat,
    waiting: Mutex<Waiting>,
    filled: Condvar,
    /// What is being written; locked from the moment at which lines are taken, so that they stay in order.
    leaving: Mutex<Vec<u8>>,
}

#[derive(Default)]
struct Waiting {
    bytes: Vec<u8>,
    dropped: u64,
    clock: Clock,
}

/// Starts the thread that writes.
pub(crate) fn start(format: LogFormat) -> std::io::Result<()> {
    let lines = LINES.get_or_init(|| Lines {
        format,
        waiting: Mutex::default(),
        filled: Condvar::new(),
        leaving: Mutex::default(),
    });
    let thread = std::thread::Builder::new().name("access-log".to_owned());
    thread.spawn(move || lines.serve()).map(drop)
}

/// Writes what waits, on this thread.
pub(crate) fn flush() {
    if let Some(lines) = LINES.get() {
        lines.write();
    }
}

impl Lines {
    /// The lines of this process, once they have been started.
    pub(super) fn get() -> Option<&'static Self> {
        LINES.get()
    }

    /// Adds a line about what ended `now`; `compose` is given the time and writes all of the line but its end.
    pub(super) fn add(&self, now: Instant, compose: impl FnOnce(&str, &mut Vec<u8>)) {
        let mut waiting = self.waiting.lock();
        if waiting.bytes.len() >= MOST {
            waiting.dropped += 1;
            return;
        }
        let Waiting { bytes, clock, .. } = &mut *waiting;
        let first = bytes.is_empty();
        compose(clock.at_instant(now), bytes);
        bytes.push(b'\n');
        drop(waiting);
        if first {
            self.filled.notify_one();
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "a thread of its own, on which nobody is served"
    )]
    fn serve(&self) {
        loop {
            let mut waiting = self.waiting.lock();
            self.filled.wait_while(&mut waiting, |waiting| waiting.bytes.is_empty());
            drop(waiting);
            std::thread::sleep(GATHERED_FOR);
            self.write();
        }
    }

    fn write(&self) {
        let mut leaving = self.leaving.lock();
        let mut waiting = self.waiting.lock();
        std::mem::swap(&mut *leaving, &mut waiting.bytes);
        let dropped = std::mem::take(&mut waiting.dropped);
        drop(waiting);
        // Nobody may read it any more, which must not stop the server.
        let _ = std::io::stderr().lock().write_all(&leaving);
        leaving.clear();
        drop(leaving);
        if dropped > 0 {
            tracing::warn!(
                dropped,
                "lines of the access log were not written: whoever reads the log is too slow"
            );
        }
    }
}

/// The time as RFC 3339 writes it, in UTC with microseconds. The date and the second are worked out when the second
/// changes.
#[derive(Default)]
struct Clock {
    /// When the system's clock was looked at last, and what it showed.
    looked: Option<(Instant, Duration)>,
    second: u64,
    text: String,
}

impl Clock {
    /// As many characters as `2026-11-22T17:43:15.` has.
    const BEFORE_MICROSECONDS: usize = 20;

    /// The system's clock is looked at once a second, as it may be set; in between the time is told by the other clock, which
    /// whoever has a line has just looked at.
    fn at_instant(&mut self, now: Instant) -> &str {
        let known = self
            .looked
            .map(|(looked, showed)| (now.saturating_duration_since(looked), showed));
        let time = match known {
            Some((since, showed)) if since < Duration::from_secs(1) => showed + since,
            _ => {
                let showed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                self.looked = Some((Instant::now(), showed));
                showed
            }
        };
        self.at(time)
    }

    fn at(&mut self, now: Duration) -> &str {
        if self.second != now.as_secs() || self.text.is_empty() {
            self.second = now.as_secs();
            let (year, month, day) = date(self.second / 86_400);
            let (hour, minute, second) = (self.second / 3600 % 24, self.second / 60 % 60, self.second % 60);
            self.text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.");
        }
        self.text.truncate(Self::BEFORE_MICROSECONDS);
        // A leading one keeps the zeros.
        let microseconds = 1_000_000 + now.subsec_micros();
        self.text.push_str(&itoa::Buffer::new().format(microseconds)[1..]);
        self.text.push('Z');
        &self.text
    }
}

/// Year, month and day of a day counted from 1970-01-01, in the Gregorian calendar. Years are counted from March, so that
/// the leap day is the last of its year; the months from March on then begin at (153 m + 2) / 5 days.
fn date(day: u64) -> (u64, u64, u64) {
    /// From 0000-03-01 to 1970-01-01.
    const BEFORE_1970: u64 = 719_468;
    /// Days of 400 years, of 100 years without the leap day that the fourth century has, and of 4 years.
    const ERA: u64 = 146_097;
    const CENTURY: u64 = 36_524;
    const FOUR_YEARS: u64 = 1_461;
    let day = day + BEFORE_1970;
    let (era, day) = (day / ERA, day % ERA);
    let year = (day - day / (FOUR_YEARS - 1) + day / CENTURY - day / (ERA - 1)) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next_year) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year + next_year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_that_http_dates_name() {
        const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
        let mut clock = Clock::default();
        // Steps of a prime number of seconds, over four centuries, against the library that writes `Last-Modified`.
        for second in (0..12_600_000_000_u64).step_by(1_299_709) {
            let other = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(second));
            let month = MONTHS.find(&other[8..11]).unwrap() / 3 + 1;
            let expected = format!(
                "{}-{month:02}-{}T{}.000042Z",
                &other[12..16],
                &other[5..7],
                &other[17..25]
            );
            assert_eq!(clock.at(Duration::new(second, 42_999)), expected);
        }
    }
}
