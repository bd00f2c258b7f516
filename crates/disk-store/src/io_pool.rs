//! Thread pool for blocking IO: a fixed number of threads that run file operations for async callers. Deadlines are not
//! kept here: the engine keeps them by dropping the future. The pool knows nothing of the operations that it runs.

use std::any::Any;
use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, io, thread};

use parking_lot::{Condvar, Mutex, MutexGuard};
use resizer_foreign::allocator::{Unused, return_memory};
use tokio::sync::{Semaphore, oneshot};

/// Operations that one thread may have before it: the one it runs and one more, so that it need not wait for a runtime
/// between two. All others wait in [`IoPool::run`], first come, first served.
const PLACES_PER_THREAD: usize = 2;
/// A thread that was idle for so long returns its free memory to the system. Bytes that it read are mostly freed by
/// other threads, which the allocator of a sleeping thread does not notice: 30 MB stayed after a load of photographs.
const REST: Duration = Duration::from_secs(1);

type Job = Box<dyn FnOnce() + Send>;

/// Threads for blocking file operations. They end when the pool is dropped, each after what it is doing.
pub struct IoPool {
    queue: Arc<Queue>,
    places: Arc<Semaphore>,
    threads: NonZeroUsize,
}

#[derive(Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    filled: Condvar,
}

#[derive(Default)]
struct Waiting {
    jobs: VecDeque<Job>,
    /// The pool is gone.
    closed: bool,
}

/// Why an operation has no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IoPoolError {
    /// The operation panicked; the thread it ran on goes on.
    #[error("a file operation panicked: {0}")]
    Panicked(String),
    /// Every thread of the pool has ended.
    #[error("the file threads have ended")]
    Ended,
}

impl IoPool {
    /// Starts the threads; `name` is what the system's tools show for them (Linux cuts it at 15 bytes).
    ///
    /// # Errors
    /// The system refuses another thread.
    pub fn new(threads: NonZeroUsize, name: &str) -> io::Result<Self> {
        let pool = Self {
            queue: Arc::default(),
            places: Arc::new(Semaphore::new(threads.get().saturating_mul(PLACES_PER_THREAD))),
            threads,
        };
        // If one is refused, those before it end with the pool.
        for _ in 0..threads.get() {
            let queue = Arc::clone(&pool.queue);
            thread::Builder::new()
                .name(name.to_owned())
                .spawn(move || queue.work())?;
        }
        Ok(pool)
    }

    /// Runs a blocking operation on one of the threads, after all that asked before.
    ///
    /// A caller that drops the future hears no result any more: an operation that has begun runs to its end, one that
    /// has not never runs.
    ///
    /// # Errors
    /// The operation panicked.
    pub async fn run<T: Send + 'static>(
        &self,
        operation: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, IoPoolError> {
        let place = Arc::clone(&self.places)
            .acquire_owned()
            .await
            .map_err(|_| IoPoolError::Ended)?;
        let (answer, answered) = oneshot::channel();
        let job = move || {
            if answer.is_closed() {
                return;
            }
            let result = catch_unwind(AssertUnwindSafe(operation));
            drop(place);
            // The caller may have left meanwhile.
            let _ = answer.send(result.map_err(|panic| IoPoolError::Panicked(words_of(panic.as_ref()))));
        };
        self.queue.waiting.lock().jobs.push_back(Box::new(job));
        self.queue.filled.notify_one();
        answered.await.map_err(|_| IoPoolError::Ended)?
    }
}

impl fmt::Debug for IoPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IoPool({} threads)", self.threads)
    }
}

impl Drop for IoPool {
    fn drop(&mut self) {
        self.queue.waiting.lock().closed = true;
        self.queue.filled.notify_all();
    }
}

impl Queue {
    /// One thread's life: until the pool is gone and the queue is empty.
    fn work(&self) {
        // A thread that has just begun has nothing to give back.
        let mut rested = true;
        loop {
            let mut waiting = self.waiting.lock();
            let job = loop {
                match waiting.jobs.pop_front() {
                    Some(job) => break job,
                    None if waiting.closed => return,
                    None if rested => self.filled.wait(&mut waiting),
                    None if self.filled.wait_for(&mut waiting, REST).timed_out() => {
                        rested = true;
                        MutexGuard::unlocked(&mut waiting, || return_memory(Unused::AtAll));
                    }
                    None => {}
                }
            };
            drop(waiting);
            rested = false;
            // A panic of the operation itself is caught where its caller hears of it. This one catches a panic from
            // dropping the operation's value.
            drop(catch_unwind(AssertUnwindSafe(job)));
        }
    }
}

fn words_of(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("without a message").to_owned()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;
    use std::time::Duration;

    use futures_util::future::{Either, join_all, select};

    use super::*;

    const LONG: Duration = Duration::from_secs(20);

    fn pool(threads: usize) -> IoPool {
        IoPool::new(NonZeroUsize::new(threads).unwrap(), "test-io").unwrap()
    }

    /// An operation that holds its thread until the sender is used or dropped, and a sign that it has begun.
    fn held() -> (mpsc::Sender<()>, mpsc::Receiver<()>, impl FnOnce() + Send + 'static) {
        let (release, released) = mpsc::channel::<()>();
        let (begin, begun) = mpsc::channel();
        let operation = move || {
            begin.send(()).unwrap();
            let _ = released.recv();
        };
        (release, begun, operation)
    }

    #[tokio::test]
    async fn no_more_operations_run_at_once_than_there_are_threads() {
        let pool = pool(3);
        let running = Arc::new(AtomicUsize::new(0));
        let results = join_all((0..200).map(|number| {
            let running = Arc::clone(&running);
            pool.run(move || {
                let at_once = running.fetch_add(1, Ordering::SeqCst) + 1;
                thread::yield_now();
                running.fetch_sub(1, Ordering::SeqCst);
                (number, at_once)
            })
        }))
        .await;
        for (expected, result) in results.into_iter().enumerate() {
            let (number, at_once) = result.unwrap();
            assert_eq!(number, expected, "each caller has its own answer");
            assert!(at_once <= 3, "{at_once} operations at once on 3 threads");
        }
    }

    #[tokio::test]
    async fn who_asks_first_is_served_first() {
        let pool = pool(1);
        let (release, begun, operation) = held();
        let order = Arc::new(Mutex::new(Vec::new()));
        let all = join_all((0..50).map(|number| {
            let order = Arc::clone(&order);
            pool.run(move || order.lock().push(number))
        }));
        let (first, _, ()) = tokio::join!(pool.run(operation), all, async {
            begun.recv_timeout(LONG).unwrap();
            drop(release);
        });
        first.unwrap();
        assert_eq!(*order.lock(), (0..50).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn a_panic_is_an_error_and_the_thread_lives() {
        let pool = pool(1);
        let panicked = pool.run(|| panic!("the disk of {}", "horrors")).await;
        assert_eq!(
            panicked,
            Err::<(), _>(IoPoolError::Panicked("the disk of horrors".to_owned()))
        );
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                panic!("dropped");
            }
        }
        let (release, begun, operation) = held();
        let left = pool.run(move || {
            operation();
            Bomb
        });
        let begun = async { begun.recv_timeout(LONG).unwrap() };
        assert!(
            matches!(select(Box::pin(left), Box::pin(begun)).await, Either::Right(_)),
            "the caller leaves"
        );
        drop(release);
        assert_eq!(pool.run(|| 7).await, Ok(7));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn a_caller_that_leaves_takes_no_place_with_it() {
        let pool = Arc::new(pool(1));
        let (release, begun, operation) = held();
        let ran = Arc::new(AtomicUsize::new(0));
        let mut callers = vec![tokio::spawn({
            let pool = Arc::clone(&pool);
            async move { pool.run(operation).await.is_ok() }
        })];
        begun.recv_timeout(LONG).unwrap();
        for _ in 0..20 {
            let (pool, ran) = (Arc::clone(&pool), Arc::clone(&ran));
            callers.push(tokio::spawn(async move {
                pool.run(move || ran.fetch_add(1, Ordering::SeqCst)).await.is_ok()
            }));
        }
        for caller in callers {
            caller.abort();
            assert!(caller.await.unwrap_err().is_cancelled());
        }
        drop(release);
        assert_eq!(pool.run(|| 7).await, Ok(7), "the pool serves those who come later");
        assert_eq!(ran.load(Ordering::SeqCst), 0, "what nobody waits for is not begun");
    }

    #[tokio::test]
    async fn the_threads_end_with_the_pool() {
        struct Farewell(mpsc::Sender<()>);
        impl Drop for Farewell {
            fn drop(&mut self) {
                let _ = self.0.send(());
            }
        }
        thread_local!(static FAREWELL: std::cell::RefCell<Option<Farewell>> = const { std::cell::RefCell::new(None) });

        let pool = pool(2);
        let (ended, end) = mpsc::channel();
        // Both threads have to hold an operation at once, so that each gets its own farewell.
        let meeting = Arc::new(std::sync::Barrier::new(2));
        let greet = || {
            let (ended, meeting) = (ended.clone(), Arc::clone(&meeting));
            move || {
                FAREWELL.with(|place| *place.borrow_mut() = Some(Farewell(ended)));
                meeting.wait();
            }
        };
        let (first, second) = tokio::join!(pool.run(greet()), pool.run(greet()));
        first.and(second).unwrap();
        assert!(end.try_recv().is_err(), "they live as long as the pool");
        drop(pool);
        assert_eq!(end.recv_timeout(LONG), Ok(()), "the first thread ends");
        assert_eq!(end.recv_timeout(LONG), Ok(()), "the second thread ends");
    }
}
