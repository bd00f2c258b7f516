//! Work pool: the threads that process pixels, one for each core, fed by a queue that [`crate::admission`] bounds.
//! Their priority is below that of the threads that serve clients. A job whose clients left while it waited is never
//! begun. A job that panics is an error, and its thread lives on.
//!
//! Large jobs take seconds and cannot be interrupted. So one thread takes none of them and has a higher priority than
//! the others: a small job always finds a thread that is free soon. A large job that has waited for long goes before
//! small ones.

use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex, MutexGuard};
use resizer_foreign::allocator::{Unused, give_back};
use resizer_imaging::Cost;
use resizer_plugin_api::{Counter, Error, ErrorKind, Gauge, Metrics};
use tokio::sync::oneshot;

use crate::cancellation::Cancellation;
use crate::flight::panicked;

/// The nice value of a work thread, of 19 at most. With it, an idle core takes up pixels at once, and a hit does not
/// wait behind them.
const NICENESS: i32 = 5;
/// The nice value of threads that take large jobs. On Linux, such a thread gets a third of the processor time of one
/// that takes none, where they share a core.
const NICENESS_OF_LARGE: i32 = 10;

/// After so long without a job, a thread returns the freed memory of its last job to the system.
const REST: Duration = Duration::from_secs(1);

/// The pool. After its drop, each thread ends with its present job.
pub(crate) struct WorkPool {
    shared: Arc<PoolShared>,
}

struct PoolShared {
    queue: Mutex<Queue>,
    wake: Condvar,
    metrics: PoolMetrics,
}

/// A job of more pixels, decoded and encoded together, is large. It takes in the order of half a second or more.
const LARGE_PIXELS: u64 = 32_000_000;
/// A large job that has waited for so long goes before small ones.
const OVERDUE: Duration = Duration::from_secs(1);

struct Queue {
    small: VecDeque<Queued>,
    large: VecDeque<Queued>,
    next_id: u64,
    closed: bool,
}

struct Queued {
    id: u64,
    since: Instant,
    job: Box<dyn FnOnce() + Send>,
}

/// A job's place in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Behind all other small jobs.
    Small,
    /// Behind all other large jobs. Small ones go first, but not for long.
    Large,
    /// Before all other jobs: for a health check.
    Next,
}

impl Turn {
    /// The turn of a job of this cost.
    pub(crate) fn of(cost: &Cost) -> Self {
        if cost.pixels > LARGE_PIXELS {
            Self::Large
        } else {
            Self::Small
        }
    }
}

impl Queue {
    /// The next job for a thread that takes large jobs, or does not.
    fn take(&mut self, takes_large: bool) -> Option<Queued> {
        let next = |queued: &Queued| self.small.is_empty() || queued.since.elapsed() > OVERDUE;
        if takes_large && self.large.front().is_some_and(next) {
            return self.large.pop_front();
        }
        self.small.pop_front()
    }

    fn remove(&mut self, id: u64) -> Option<Queued> {
        [&mut self.small, &mut self.large].into_iter().find_map(|jobs| {
            let place = jobs.iter().position(|queued| queued.id == id)?;
            jobs.remove(place)
        })
    }
}

/// A job's ticket. Its drop removes the job from the queue, together with the memory that the job holds.
struct Ticket<'p> {
    shared: &'p PoolShared,
    id: u64,
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        let removed = self.shared.queue.lock().remove(self.id);
        if removed.is_some() {
            self.shared.metrics.queued.add(-1);
            self.shared.metrics.cancelled.increment();
        }
    }
}

struct PoolMetrics {
    queued: Gauge,
    running: Gauge,
    cancelled: Counter,
    seconds: resizer_plugin_api::SecondsCounter,
    worst_stop: Gauge,
}

/// The value of a job, and how long the job waited for a thread.
#[derive(Debug)]
pub(crate) struct Done<T> {
    pub(crate) value: T,
    pub(crate) waited: Duration,
}

impl WorkPool {
    /// Starts the threads.
    pub(crate) fn start(threads: usize, metrics: &Metrics) -> std::io::Result<Self> {
        let metrics = PoolMetrics {
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
        let shared = Arc::new(PoolShared {
            queue: Mutex::new(Queue {
                small: VecDeque::new(),
                large: VecDeque::new(),
                next_id: 0,
                closed: false,
            }),
            wake: Condvar::new(),
            metrics,
        });
        for index in 0..threads {
            let shared = Arc::clone(&shared);
            let takes_large = index > 0 || threads == 1;
            std::thread::Builder::new()
                .name(format!("work-{index}"))
                .spawn(move || shared.serve(takes_large))?;
        }
        Ok(Self { shared })
    }

    /// Runs a job on a work thread. Dropping the future removes a waiting job from the queue. A job that has begun is
    /// ended by its `cancellation`.
    ///
    /// # Errors
    /// Those of the job, `Internal` if it panics, `Cancelled` if it was cancelled while it waited.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        turn: Turn,
        cancellation: Cancellation,
        job: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<Done<T>, Error> {
        let (sender, receiver) = oneshot::channel();
        let queued_at = Instant::now();
        let shared = Arc::clone(&self.shared);
        let task = move || {
            let result = shared.metrics.work(&cancellation, job);
            let waited = queued_at.elapsed().saturating_sub(result.took);
            sender.send(result.value.map(|value| Done { value, waited })).ok();
        };
        let _ticket = self.enqueue(turn, Box::new(task));
        receiver
            .await
            .unwrap_or_else(|_| Err(Error::new(ErrorKind::Overloaded, "The server is stopping.")))
    }

    fn enqueue(&self, turn: Turn, job: Box<dyn FnOnce() + Send>) -> Ticket<'_> {
        self.shared.metrics.queued.add(1);
        let mut queue = self.shared.queue.lock();
        let id = queue.next_id;
        queue.next_id += 1;
        let since = Instant::now();
        let queued = Queued { id, since, job };
        match turn {
            Turn::Small => queue.small.push_back(queued),
            Turn::Large => queue.large.push_back(queued),
            Turn::Next => queue.small.push_front(queued),
        }
        drop(queue);
        match turn {
            // All, because the one that wakes may take no large jobs.
            Turn::Large => drop(self.shared.wake.notify_all()),
            Turn::Small | Turn::Next => drop(self.shared.wake.notify_one()),
        }
        Ticket {
            shared: &self.shared,
            id,
        }
    }
}

struct Worked<T> {
    value: Result<T, Error>,
    took: Duration,
}

impl PoolMetrics {
    fn work<T>(&self, cancellation: &Cancellation, job: impl FnOnce() -> Result<T, Error>) -> Worked<T> {
        self.queued.add(-1);
        if cancellation.token().is_cancelled() {
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
        if let Some(at) = cancellation.cancelled_at() {
            self.cancelled.increment();
            let micros = i64::try_from(at.elapsed().as_micros()).unwrap_or(i64::MAX);
            self.worst_stop.raise_to(micros);
        }
        Worked { value, took }
    }
}

impl PoolShared {
    fn serve(&self, takes_large: bool) {
        let niceness = if takes_large { NICENESS_OF_LARGE } else { NICENESS };
        #[cfg(target_os = "linux")]
        if let Err(error) = rustix::process::setpriority_process(None, niceness) {
            tracing::debug!(%error, "work threads keep the process's priority");
        }
        // A new thread has no memory to return.
        let mut rested = true;
        loop {
            let mut queue = self.queue.lock();
            let queued = loop {
                match queue.take(takes_large) {
                    Some(next) => break next,
                    None if queue.closed => return,
                    None if rested => self.wake.wait(&mut queue),
                    None if self.wake.wait_for(&mut queue, REST).timed_out() => {
                        rested = true;
                        MutexGuard::unlocked(&mut queue, || give_back(Unused::AtAll));
                    }
                    None => {}
                }
            };
            drop(queue);
            rested = false;
            (queued.job)();
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
    async fn panic_in_a_job_is_an_error_and_the_thread_lives() {
        let pool = WorkPool::start(1, &Metrics::default()).unwrap();
        let error = pool
            .run::<()>(Turn::Small, Cancellation::default(), || panic!("boom"))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Internal);
        assert_eq!(
            pool.run(Turn::Small, Cancellation::default(), || Ok(3))
                .await
                .unwrap()
                .value,
            3
        );
    }

    #[tokio::test]
    async fn job_cancelled_in_the_queue_is_never_begun() {
        let pool = WorkPool::start(1, &Metrics::default()).unwrap();
        let (go, wait) = mpsc::channel::<()>();
        let busy = pool.run(Turn::Small, Cancellation::default(), move || Ok(wait.recv().ok()));
        let cancellation = Cancellation::default();
        let waiting = pool.run(Turn::Small, cancellation.clone(), || Ok(()));
        let free = async {
            cancellation.cancel();
            go.send(()).ok();
        };
        let (busy, waiting, ()) = tokio::join!(busy, waiting, free);
        assert!(busy.is_ok());
        assert_eq!(waiting.unwrap_err().kind(), ErrorKind::Cancelled);
    }

    #[tokio::test]
    async fn job_whose_future_is_dropped_leaves_the_queue_with_its_memory() {
        let pool = WorkPool::start(1, &Metrics::default()).unwrap();
        let (go, wait) = mpsc::channel::<()>();
        let busy = pool.run(Turn::Small, Cancellation::default(), move || Ok(wait.recv().ok()));
        let held = Arc::new(());
        let holds = Arc::clone(&held);
        let waiting = pool.run(Turn::Small, Cancellation::default(), move || {
            drop(holds);
            Ok(())
        });
        let both = async { tokio::join!(busy, tokio::time::timeout(Duration::from_millis(20), waiting)) };
        let free = async {
            tokio::time::sleep(Duration::from_millis(60)).await;
            let alone = Arc::strong_count(&held) == 1;
            go.send(()).ok();
            alone
        };
        let ((busy, waiting), alone) = tokio::join!(both, free);
        assert!(busy.is_ok() && waiting.is_err() && alone);
    }

    #[tokio::test]
    async fn health_check_goes_before_the_queue() {
        let pool = WorkPool::start(1, &Metrics::default()).unwrap();
        let (go, wait) = mpsc::channel::<()>();
        let order = Arc::new(Mutex::new(Vec::new()));
        let note = |name: &'static str| {
            let order = Arc::clone(&order);
            move || {
                order.lock().push(name);
                Ok(())
            }
        };
        let busy = pool.run(Turn::Small, Cancellation::default(), move || Ok(wait.recv().ok()));
        let last = pool.run(Turn::Small, Cancellation::default(), note("last"));
        let next = pool.run(Turn::Next, Cancellation::default(), note("next"));
        let free = async { go.send(()).ok() };
        let _ = tokio::join!(busy, last, next, free);
        assert_eq!(*order.lock(), ["next", "last"]);
    }

    #[tokio::test]
    async fn large_jobs_in_the_pool_leave_one_thread_to_small_jobs() {
        let pool = WorkPool::start(2, &Metrics::default()).unwrap();
        let (first, wait_first) = mpsc::channel::<()>();
        let one = pool.run(Turn::Large, Cancellation::default(), move || Ok(wait_first.recv().ok()));
        let began = Arc::new(Mutex::new(false));
        let note = Arc::clone(&began);
        let two = pool.run(Turn::Large, Cancellation::default(), move || {
            *note.lock() = true;
            Ok(())
        });
        let small = async {
            pool.run(Turn::Small, Cancellation::default(), || Ok(())).await.unwrap();
            let second_began = *began.lock();
            first.send(()).unwrap();
            second_began
        };
        let (one, two, second_began) = tokio::join!(one, two, small);
        assert!(one.is_ok() && two.is_ok() && !second_began);
    }
}
