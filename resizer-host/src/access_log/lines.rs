//! Writer of the access log: queues finished lines for a thread of its own, which writes them to standard error in
//! batches. [`super::AccessLine`] fills the queue. All other log lines go through `tracing` and are not written here.

use std::io::{self, Write};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime};

use crate::settings::LogFormat;

/// Pause after each batch. Lines that come meanwhile make up the next batch: a system call for each line would be a
/// tenth of the cost of a cache hit.
const PAUSE: Duration = Duration::from_millis(20);
/// Most bytes in the queue. Further lines are dropped and counted: a reader of the log that stands still must neither
/// stop the server nor fill its memory.
const MOST: usize = 4 << 20;
/// Longest time that the end of the server waits for such a reader.
const LAST_WAIT: Duration = Duration::from_secs(1);

static LINES: OnceLock<Lines> = OnceLock::new();

/// The queue of this process.
pub(super) struct Lines {
    pub(super) format: LogFormat,
    queue: Sender<Message>,
    /// Bytes in the queue and in the batch that is being written.
    queued: AtomicUsize,
    /// Lines that were dropped since the log last said so.
    dropped: AtomicU64,
}

enum Message {
    Line(Vec<u8>),
    /// Asks for an answer once all earlier lines are written.
    Flush(Sender<()>),
}

/// Starts the thread that writes.
pub(crate) fn start(format: LogFormat) -> io::Result<()> {
    let (lines, queue) = Lines::new(format);
    let lines = LINES.get_or_init(|| lines);
    let thread = std::thread::Builder::new().name("access-log".to_owned());
    thread.spawn(move || lines.serve(&queue, io::stderr())).map(drop)
}

/// Waits until all queued lines are written.
pub(crate) fn flush() {
    if let Some(lines) = LINES.get() {
        lines.flush();
    }
}

impl Lines {
    fn new(format: LogFormat) -> (Self, Receiver<Message>) {
        let (queue, lines) = mpsc::channel();
        let of_process = Self {
            format,
            queue,
            queued: AtomicUsize::new(0),
            dropped: AtomicU64::new(0),
        };
        (of_process, lines)
    }

    /// The queue of this process, once it has been started.
    pub(super) fn get() -> Option<&'static Self> {
        LINES.get()
    }

    /// Queues a line; `compose` is given the time and writes all of the line but its end.
    pub(super) fn add(&self, compose: impl FnOnce(&str, &mut Vec<u8>)) {
        if self.queued.load(Ordering::Relaxed) >= MOST {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let mut line = Vec::with_capacity(256);
        compose(&now(), &mut line);
        line.push(b'\n');
        self.queued.fetch_add(line.len(), Ordering::Relaxed);
        // Fails only if the thread is gone, which lives as long as the process.
        let _ = self.queue.send(Message::Line(line));
    }

    fn flush(&self) {
        let (done, written) = mpsc::channel();
        let _ = self.queue.send(Message::Flush(done));
        let _ = written.recv_timeout(LAST_WAIT);
    }

    #[expect(clippy::disallowed_methods, reason = "a thread of its own, which serves no request")]
    fn serve(&self, queue: &Receiver<Message>, mut log: impl Write) {
        let mut batch = Vec::new();
        while let Ok(first) = queue.recv() {
            let mut flushed = None;
            for message in std::iter::once(first).chain(queue.try_iter()) {
                match message {
                    Message::Line(line) => batch.extend_from_slice(&line),
                    Message::Flush(done) => {
                        flushed = Some(done);
                        break;
                    }
                }
            }
            // The reader of the log may be gone, which must not stop the server.
            let _ = log.write_all(&batch);
            self.queued.fetch_sub(batch.len(), Ordering::Relaxed);
            batch.clear();
            let dropped = self.dropped.swap(0, Ordering::Relaxed);
            if dropped > 0 {
                tracing::warn!(
                    dropped,
                    "lines of the access log were not written: the reader of the log is too slow"
                );
            }
            match flushed {
                Some(done) => drop(done.send(())),
                None => std::thread::sleep(PAUSE),
            }
        }
    }
}

/// The time as all other log lines have it: RFC 3339, in UTC with microseconds.
fn now() -> String {
    let mut text = String::with_capacity(32);
    // Fails only if a string cannot be written to.
    let _ = SystemTime.format_time(&mut Writer::new(&mut text));
    text
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// A log in memory.
    #[derive(Clone, Default)]
    struct Log {
        written: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.written.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_are_all_written_in_order_before_a_flush_ends() {
        let log = Log::default();
        let (lines, queue) = Lines::new(LogFormat::Text);
        let lines = Arc::new(lines);
        let (thread, to) = (Arc::clone(&lines), log.clone());
        std::thread::spawn(move || thread.serve(&queue, to));
        for number in 0..1000 {
            lines.add(|_, line| line.extend_from_slice(number.to_string().as_bytes()));
        }
        lines.flush();
        let expected: String = (0..1000).map(|number| format!("{number}\n")).collect();
        assert_eq!(String::from_utf8_lossy(&log.written.lock().unwrap()), expected);
        assert_eq!(lines.queued.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn lines_beyond_the_bound_are_dropped_and_counted() {
        // No thread takes lines out, as behind a reader that stands still.
        let (lines, queue) = Lines::new(LogFormat::Text);
        let long = vec![b'x'; (1 << 20) - 1];
        for _ in 0..7 {
            lines.add(|_, line| line.extend_from_slice(&long));
        }
        assert_eq!(queue.try_iter().count(), 4);
        assert_eq!(lines.dropped.load(Ordering::Relaxed), 3);
    }

    /// Against the library that writes `Last-Modified`, whose dates end with the second.
    #[test]
    fn time_of_a_line_is_the_current_time_in_utc() {
        const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
        let http_date = || {
            let date = httpdate::fmt_http_date(std::time::SystemTime::now());
            let month = MONTHS.find(&date[8..11]).unwrap() / 3 + 1;
            format!("{}-{month:02}-{}T{}", &date[12..16], &date[5..7], &date[17..25])
        };
        let (before, time, after) = (http_date(), now(), http_date());
        assert_eq!(time.len(), "2026-11-22T17:43:15.000042Z".len(), "{time}");
        assert!(time.ends_with('Z') && time.as_bytes()[19] == b'.', "{time}");
        assert!(
            (before.as_str()..=after.as_str()).contains(&&time[..19]),
            "{before} {time} {after}"
        );
    }
}
