//! Work pool: the threads that process pixels, fed by a queue that [`crate::admission`] bounds. Their priority is below
//! that of the threads that serve clients. A job whose clients left while it waited is never begun. A job that panics
//! is an error, and its thread lives on.
//!
//! One thread for each core takes all jobs. Half as many more take only jobs that are predicted to be short, and have a
//! higher priority than the others: a short job always finds a thread that is free soon. These are fewer than the
//! cores, so that long jobs keep at least half of the processor. `queue` has the order.

mod queue;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex, MutexGuard};
use resizer_foreign::allocator::{Unused, return_memory};
use resizer_plugin_api::{Counter, Error, ErrorKind, Gauge, Metrics};
use tokio::sync::oneshot;

use self::queue::{Id, Queue, Takes};
use crate::cancellation::Cancellation;
use crate::flight::panicked;

pub(crate) use self::queue::Turn;

/// The nice value of a work thread, of 19 at most. With it, an idle core takes up pixels at once, and a hit does not
/// wait behind them.
const NICENESS: i32 = 5;
/// The nice value of threads that take long jobs. On Linux, such a thread gets a third of the processor time of one
/// that takes none, where they share a core.
const NICENESS_OF_LONG: i32 = 10;
/// Threads that take all jobs, for one that takes short jobs only.
const ALL_FOR_ONE_SHORT: usize = 2;

/// After so long without a job, a thread returns the freed memory of its last job to the system.
const REST: Duration = Duration::from_secs(1);

/// The pool. After its drop, each thread ends with its present job.
pub(crate) struct WorkPool {
    shared: Arc<PoolShared>,
}

type Job = Box<dyn FnOnce() + Send>;

struct PoolShared {
    queue: Mutex<Waiting>,
    /// For threads that take all jobs, and for those that take short ones.
    wake_all: Condvar,
    wake_short: Condvar,
    metrics: PoolMetrics,
}

struct Waiting {
    jobs: Queue<Job>,
    /// Threads for short jobs that wait for one.
    idle_short: usize,
    closed: bool,
}

/// A job's ticket. Its drop removes the job from the queue, together with the memory that the job holds.
struct Ticket<'p> {
    shared: &'p PoolShared,
    id: Id,
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        let removed = self.shared.queue.lock().jobs.remove(self.id);
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
    /// Starts this many threads that take all jobs, and those that take short ones.
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
            queue: Mutex::new(Waiting {
                jobs: Queue::new(),
                idle_short: 0,
                closed: false,
            }),
            wake_all: Condvar::new(),
            wake_short: Condvar::new(),
            metrics,
        });
        let short = (threads / ALL_FOR_ONE_SHORT).max(1);
        for index in 0..threads + short {
            let shared = Arc::clone(&shared);
            let takes = if index < short { Takes::Short } else { Takes::All };
            std::thread::Builder::new()
                .name(format!("work-{index}"))
                .spawn(move || shared.serve(takes))?;
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

    fn enqueue(&self, turn: Turn, job: Job) -> Ticket<'_> {
        self.shared.metrics.queued.add(1);
        let mut queue = self.shared.queue.lock();
        let (id, long) = queue.jobs.push(turn, Instant::now(), job);
        // A thread that takes all jobs is woken for a short one only if the others have enough to do.
        let enough = queue.jobs.short_jobs() <= queue.idle_short;
        drop(queue);
        if long || !enough {
            self.shared.wake_all.notify_one();
        } else {
            self.shared.wake_short.notify_one();
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
    fn serve(&self, takes: Takes) {
        let (niceness, wake) = match takes {
            Takes::Short => (NICENESS, &self.wake_short),
            Takes::All => (NICENESS_OF_LONG, &self.wake_all),
        };
        #[cfg(target_os = "linux")]
        if let Err(error) = rustix::process::setpriority_process(None, niceness) {
            tracing::debug!(%error, "work threads keep the process's priority");
        }
        // A new thread has no memory to return.
        let mut rested = true;
        loop {
            let mut queue = self.queue.lock();
            let job = loop {
                if let Some(next) = queue.jobs.take(takes) {
                    break next;
                }
                if queue.closed {
                    return;
                }
                let idle = usize::from(takes == Takes::Short);
                queue.idle_short += idle;
                let timed_out = if rested {
                    wake.wait(&mut queue);
                    false
                } else {
                    wake.wait_for(&mut queue, REST).timed_out()
                };
                queue.idle_short -= idle;
                if timed_out {
                    rested = true;
                    MutexGuard::unlocked(&mut queue, || return_memory(Unused::AtAll));
                }
            };
            drop(queue);
            rested = false;
            job();
        }
    }
}

impl Drop for WorkPool {
    fn drop(&mut self) {
        self.shared.queue.lock().closed = true;
        self.shared.wake_all.notify_all();
        self.shared.wake_short.notify_all();
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

    const SHORT: Turn = Turn::After(Duration::from_millis(1));
    const LONG: Turn = Turn::After(Duration::from_secs(1));

    #[tokio::test]
    async fn panic_in_a_job_is_an_error_and_the_thread_lives() {
        let pool = WorkPool::start(1, &Metrics::default()).unwrap();
        let error = pool
            .run::<()>(LONG, Cancellation::default(), || panic!("boom"))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Internal);
        let done = pool.run(LONG, Cancellation::default(), || Ok(3)).await;
        assert_eq!(done.unwrap().value, 3);
    }

    #[tokio::test]
    async fn job_cancelled_in_the_queue_is_never_begun() {
        let pool = WorkPool::start(1, &Metrics::default()).unwrap();
        let (go, wait) = mpsc::channel::<()>();
        let busy = pool.run(LONG, Cancellation::default(), move || Ok(wait.recv().ok()));
        let cancellation = Cancellation::default();
        let waiting = pool.run(LONG, cancellation.clone(), || Ok(()));
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
        let busy = pool.run(LONG, Cancellation::default(), move || Ok(wait.recv().ok()));
        let held = Arc::new(());
        let holds = Arc::clone(&held);
        let waiting = pool.run(LONG, Cancellation::default(), move || {
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
    async fn long_jobs_leave_a_thread_to_short_jobs() {
        let pool = WorkPool::start(1, &Metrics::default()).unwrap();
        let (first, wait_first) = mpsc::channel::<()>();
        let one = pool.run(LONG, Cancellation::default(), move || Ok(wait_first.recv().ok()));
        let began = Arc::new(Mutex::new(false));
        let note = Arc::clone(&began);
        let two = pool.run(LONG, Cancellation::default(), move || {
            *note.lock() = true;
            Ok(())
        });
        let short = async {
            for _ in 0..9 {
                pool.run(SHORT, Cancellation::default(), || Ok(())).await.unwrap();
            }
            let second_began = *began.lock();
            first.send(()).unwrap();
            second_began
        };
        let (one, two, second_began) = tokio::join!(one, two, short);
        assert!(one.is_ok() && two.is_ok() && !second_began);
    }

    #[tokio::test]
    async fn short_jobs_leave_a_thread_to_long_jobs() {
        let pool = WorkPool::start(1, &Metrics::default()).unwrap();
        let order = Arc::new(Mutex::new(Vec::new()));
        let hold = |turn, name: &'static str| {
            let (go, wait) = mpsc::channel::<()>();
            let order = Arc::clone(&order);
            let held = pool.run(turn, Cancellation::default(), move || {
                wait.recv().ok();
                order.lock().push(name);
                Ok(())
            });
            (go, held)
        };
        // Both threads are busy, so that both jobs below wait.
        let ((free_long, long), (free_short, short)) = (hold(LONG, "long"), hold(SHORT, "short"));
        let ((free_next, next), (free_last, last)) = (hold(SHORT, "short again"), hold(LONG, "long again"));
        let free = async {
            free_next.send(()).unwrap();
            free_last.send(()).unwrap();
            free_long.send(()).unwrap();
            while order.lock().len() < 2 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            let first = order.lock().clone();
            free_short.send(()).unwrap();
            first
        };
        let (.., first) = tokio::join!(long, short, next, last, free);
        assert_eq!(first[..2], ["long", "long again"]);
    }

    #[tokio::test]
    async fn short_jobs_have_all_threads_while_no_long_one_waits() {
        let pool = WorkPool::start(2, &Metrics::default()).unwrap();
        let together = Arc::new(std::sync::Barrier::new(3));
        let meet = || {
            let together = Arc::clone(&together);
            pool.run(SHORT, Cancellation::default(), move || {
                together.wait();
                Ok(())
            })
        };
        let all = async { tokio::join!(meet(), meet(), meet()) };
        let met = tokio::time::timeout(Duration::from_secs(60), all).await;
        assert!(met.is_ok(), "three jobs run at once");
    }
}
