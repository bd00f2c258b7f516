//! The threads that touch pixels: as many as there are cores, below the priority of those that talk to clients, fed by
//! a queue that [`crate::admission`] bounds. A job whose clients left while it waited is never begun; a job that panics
//! is an error, and the thread lives.

use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use resizer_plugin_api::{Counter, Error, ErrorKind, Gauge, Metrics};
use tokio::sync::oneshot;

use crate::flight::panicked;
use crate::leaving::Leaving;

/// How much nicer than the rest of the process a work thread is, on Unix' scale of 19: enough that an idle core still
/// goes to pixels at once while a hit is not kept waiting behind them.
const NICENESS: i32 = 5;

/// The pool. Dropping it lets the threads end after the job in hand.
pub(crate) struct WorkPool {
    shared: Arc<Shared>,
}

struct Shared {
    queue: Mutex<Queue>,
    wake: Condvar,
    instruments: Instruments,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Box<dyn FnOnce() + Send>>,
    closed: bool,
}

struct Instruments {
    queued: Gauge,
    running: Gauge,
    cancelled: Counter,
    seconds: resizer_plugin_api::metrics::SecondsCounter,
    worst_stop: Gauge,
}

/// What a job gives, and how long it waited for a thread.
#[derive(Debug)]
pub(crate) struct Done<T> {
    pub(crate) value: T,
    pub(crate) waited: Duration,
}

impl WorkPool {
    /// Starts the threads.
    pub(crate) fn start(threads: usize, metrics: &Metrics) -> std::io::Result<Self> {
        let instruments = Instruments {
            queued: metrics.gauge("resizer_work_queued", "Jobs that wait for a work thread.", &[]),
            running: metrics.gauge("resizer_work_running", "Jobs on a work thread.", &[]),
            cancelled: metrics.counter(
                "resizer_work_cancelled_total",
                "Jobs ended because nobody waited any more.",
                &[],
            ),
            seconds: metrics.seconds("resizer_work_seconds_total", "Time spent by work threads.", &[]),
            worst_stop: metrics.gauge(
                "resizer_work_slowest_stop_microseconds",
                "The longest that a job went on after its last client had left.",
                &[],
            ),
        };
        let shared = Arc::new(Shared {
            queue: Mutex::default(),
            wake: Condvar::new(),
            instruments,
        });
        for index in 0..threads {
            let shared = Arc::clone(&shared);
            std::thread::Builder::new()
                .name(format!("work-{index}"))
                .spawn(move || shared.serve())?;
        }
        Ok(Self { shared })
    }

    /// Runs a job on a work thread. Dropping the future does not end a job that has begun: its `leaving` does.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        leaving: Leaving,
        job: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<Done<T>, Error> {
        let (sender, receiver) = oneshot::channel();
        let queued_at = Instant::now();
        let shared = Arc::clone(&self.shared);
        let task = move || {
            let result = shared.instruments.work(&leaving, job);
            let waited = queued_at.elapsed().saturating_sub(result.took);
            sender.send(result.value.map(|value| Done { value, waited })).ok();
        };
        self.shared.instruments.queued.add(1);
        self.shared.queue.lock().jobs.push_back(Box::new(task));
        self.shared.wake.notify_one();
        receiver
            .await
            .unwrap_or_else(|_| Err(Error::new(ErrorKind::Overloaded, "The server is stopping.")))
    }
}

struct Worked<T> {
    value: Result<T, Error>,
    took: Duration,
}

impl Instruments {
    fn work<T>(&self, leaving: &Leaving, job: impl FnOnce() -> Result<T, Error>) -> Worked<T> {
        self.queued.add(-1);
        if leaving.cancel().is_cancelled() {
            self.cancelled.increment();
            return Worked {
                value: Err(Error::new(ErrorKind::Cancelled, "Nobody waits.")),
                took: Duration::ZERO,
            };
        }
        self.running.add(1);
        let begun = Instant::now();
        let value = catch_unwind(AssertUnwindSafe(job)).unwrap_or_else(|panic| Err(panicked(&*panic)));
        let took = begun.elapsed();
        self.running.add(-1);
        self.seconds.add(took);
        if let Some(at) = leaving.at() {
            self.cancelled.increment();
            let micros = i64::try_from(at.elapsed().as_micros()).unwrap_or(i64::MAX);
            self.worst_stop.raise_to(micros);
        }
        Worked { value, took }
    }
}

impl Shared {
    fn serve(&self) {
        #[cfg(unix)]
        if let Err(error) = rustix::process::setpriority_process(None, NICENESS) {
            tracing::debug!(%error, "work threads keep the process's priority");
        }
        loop {
            let mut queue = self.queue.lock();
            let job = loop {
                match queue.jobs.pop_front() {
                    Some(job) => break job,
                    None if queue.closed => return,
                    None => self.wake.wait(&mut queue),
                }
            };
            drop(queue);
            job();
        }
    }
}

impl Drop for WorkPool {
    fn drop(&mut self) {
        self.shared.queue.lock().closed = true;
        self.shared.wake.notify_all();
    }
}

impl fmt::Debug for WorkPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkPool").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn a_panic_is_an_error_and_the_thread_lives() {
        let pool = WorkPool::start(1, &Metrics::default()).unwrap();
        let error = pool.run::<()>(Leaving::default(), || panic!("boom")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Internal);
        assert_eq!(pool.run(Leaving::default(), || Ok(3)).await.unwrap().value, 3);
    }

    #[tokio::test]
    async fn a_job_whose_clients_left_in_the_queue_is_never_begun() {
        let pool = WorkPool::start(1, &Metrics::default()).unwrap();
        let (go, wait) = mpsc::channel::<()>();
        let busy = pool.run(Leaving::default(), move || Ok(wait.recv().ok()));
        let leaving = Leaving::default();
        let waiting = pool.run(leaving.clone(), || Ok(()));
        let free = async {
            leaving.leave();
            go.send(()).ok();
        };
        let (busy, waiting, ()) = tokio::join!(busy, waiting, free);
        assert!(busy.is_ok());
        assert_eq!(waiting.unwrap_err().kind(), ErrorKind::Cancelled);
    }
}
