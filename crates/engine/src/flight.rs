//! Single flight: one shared run of a job for all requests that want the same at the same time. The first request
//! starts a task on the engine's runtime, the others wait for it. When the last waiter leaves before the end, the task
//! is cancelled. Used by `locate` (stats), `download` (sources) and `produce` (results). No cache and no reader
//! coalesces by itself.
//!
//! Not here: the deadlines of waiters, which `walk` holds. The timeout of the job is the `cap` of [`Flights::join`].

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::future::Future;
use std::hash::Hash;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use parking_lot::Mutex;
use resizer_plugin_api::{Counter, Error, ErrorKind, Metrics};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::cancellation::Cancellation;

/// The flights of one kind. Cheap to clone.
pub(crate) struct Flights<K, V> {
    shared: Arc<FlightsShared<K, V>>,
}

struct FlightsShared<K, V> {
    runtime: Handle,
    flying: Mutex<Flying<K, V>>,
    started: Counter,
    joined: Counter,
    abandoned: Counter,
}

struct Flying<K, V> {
    next_id: u64,
    by_key: HashMap<K, Flight<V>>,
}

struct Flight<V> {
    id: u64,
    waiters: usize,
    landed: watch::Receiver<Outcome<V>>,
    task: AbortHandle,
    cancellation: Cancellation,
}

/// The result of the job, once there is one.
type Outcome<V> = Option<Result<V, Error>>;

/// The end of a flight, as a waiter sees it.
pub(crate) struct Landed<V> {
    /// The result of the job.
    pub(crate) result: Result<V, Error>,
    /// Whether this waiter started the flight.
    pub(crate) started_here: bool,
}

/// Hands the result to all waiters before the task ends. The rest of the task, the puts into caches, does not hold them
/// up. Meanwhile newcomers still find the flight and its result.
pub(crate) struct Landing<V>(Arc<watch::Sender<Outcome<V>>>);

impl<V> Landing<V> {
    pub(crate) fn hand_out(&self, result: Result<V, Error>) {
        self.0.send_replace(Some(result));
    }
}

impl<K, V> Flights<K, V>
where
    K: Eq + Hash + Clone + Send + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// Flights whose tasks run on `runtime`, and whose metrics have the label `kind`.
    pub(crate) fn new(runtime: Handle, metrics: &Metrics, kind: &str) -> Self {
        let count = |name, help| metrics.counter(name, help, &[("kind", kind)]);
        let shared = FlightsShared {
            runtime,
            flying: Mutex::new(Flying {
                next_id: 0,
                by_key: HashMap::new(),
            }),
            started: count(
                "resizer_flights_started_total",
                "Pieces of work begun for the first who asked.",
            ),
            joined: count(
                "resizer_flights_joined_total",
                "Requests that waited on work begun for another.",
            ),
            abandoned: count(
                "resizer_flights_abandoned_total",
                "Pieces of work cancelled because nobody waited any more.",
            ),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Waits for the flight under this key, and starts it with `work` if there is none. Dropping the returned future
    /// leaves the flight.
    ///
    /// `work` may hand out its result early, by its [`Landing`]. Otherwise the value that it returns is handed out.
    ///
    /// # Errors
    /// Those of `work`, `Timeout` after `cap`, and `Internal` if `work` panics.
    pub(crate) fn join<F, W>(
        &self,
        key: K,
        cap: Duration,
        work: W,
    ) -> impl Future<Output = Landed<V>> + Send + use<F, W, K, V>
    where
        F: Future<Output = Result<V, Error>> + Send + 'static,
        W: FnOnce(Landing<V>, Cancellation) -> F,
    {
        let (waiter, mut landed, started_here) = self.board(key, cap, work);
        async move {
            let result = match landed.wait_for(Option::is_some).await {
                Ok(result) => result.clone().unwrap_or_else(|| Err(gone())),
                Err(_) => Err(gone()),
            };
            drop(waiter);
            Landed { result, started_here }
        }
    }

    /// Flights under way.
    pub(crate) fn len(&self) -> usize {
        self.shared.flying.lock().by_key.len()
    }

    fn board<F>(
        &self,
        key: K,
        cap: Duration,
        work: impl FnOnce(Landing<V>, Cancellation) -> F,
    ) -> (Waiter<K, V>, watch::Receiver<Outcome<V>>, bool)
    where
        F: Future<Output = Result<V, Error>> + Send + 'static,
    {
        let shared = &self.shared;
        let mut flying = shared.flying.lock();
        let id = flying.next_id;
        let (id, landed, started_here) = match flying.by_key.entry(key.clone()) {
            Entry::Occupied(mut entry) => {
                let flight = entry.get_mut();
                flight.waiters += 1;
                shared.joined.increment();
                (flight.id, flight.landed.clone(), false)
            }
            Entry::Vacant(place) => {
                let (sender, landed) = watch::channel(None);
                let sender = Arc::new(sender);
                let cancellation = Cancellation::default();
                let work = work(Landing(Arc::clone(&sender)), cancellation.clone());
                let task = shared.runtime.spawn(fly(
                    Arc::clone(shared),
                    key.clone(),
                    id,
                    cap,
                    sender,
                    cancellation.clone(),
                    work,
                ));
                let task = task.abort_handle();
                place.insert(Flight {
                    id,
                    waiters: 1,
                    landed: landed.clone(),
                    task,
                    cancellation,
                });
                shared.started.increment();
                (id, landed, true)
            }
        };
        flying.next_id += 1;
        (
            Waiter {
                shared: Arc::clone(shared),
                key,
                id,
            },
            landed,
            started_here,
        )
    }
}

async fn fly<K, V, F>(
    shared: Arc<FlightsShared<K, V>>,
    key: K,
    id: u64,
    cap: Duration,
    landing: Arc<watch::Sender<Outcome<V>>>,
    cancellation: Cancellation,
    work: F,
) where
    K: Eq + Hash,
    F: Future<Output = Result<V, Error>>,
{
    let result = match tokio::time::timeout(cap, AssertUnwindSafe(work).catch_unwind()).await {
        Ok(Ok(result)) => result,
        Ok(Err(panic)) => Err(panicked(&*panic)),
        Err(_) => {
            cancellation.cancel();
            Err(Error::new(ErrorKind::Timeout, "The image took too long to produce."))
        }
    };
    // Removed before it lands, so that a request that comes after an answer starts a new flight.
    {
        let mut flying = shared.flying.lock();
        if flying.by_key.get(&key).is_some_and(|flight| flight.id == id) {
            flying.by_key.remove(&key);
        }
    }
    landing.send_if_modified(|landed| {
        let late = landed.is_some();
        landed.get_or_insert(result);
        !late
    });
}

/// One waiter. Its drop leaves the flight.
struct Waiter<K: Eq + Hash, V> {
    shared: Arc<FlightsShared<K, V>>,
    key: K,
    id: u64,
}

impl<K: Eq + Hash, V> Drop for Waiter<K, V> {
    fn drop(&mut self) {
        let mut flying = self.shared.flying.lock();
        let Some(flight) = flying.by_key.get_mut(&self.key).filter(|flight| flight.id == self.id) else {
            return;
        };
        flight.waiters -= 1;
        let landed = flight.landed.borrow().is_some();
        if flight.waiters == 0 && !landed {
            flight.cancellation.cancel();
            flight.task.abort();
            flying.by_key.remove(&self.key);
            self.shared.abandoned.increment();
        }
    }
}

/// The error for a panic. The client sees a general sentence, the log the panic's text.
pub(crate) fn panicked(panic: &(dyn std::any::Any + Send)) -> Error {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    let text = text
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    Error::new(ErrorKind::Internal, "The server failed.").because(format!("panic: {text}"))
}

fn gone() -> Error {
    Error::new(ErrorKind::Internal, "The server failed.").because("a flight ended without a result")
}

impl<K, V> Clone for Flights<K, V> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<K, V> fmt::Debug for Flights<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flights").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const CAP: Duration = Duration::from_secs(10);

    fn flights() -> Flights<&'static str, u32> {
        Flights::new(Handle::current(), &Metrics::default(), "test")
    }

    #[tokio::test]
    async fn work_wanted_by_many_runs_once() {
        let flights = flights();
        let runs = Arc::new(AtomicUsize::new(0));
        let waiters: Vec<_> = (0..50)
            .map(|_| {
                let runs = Arc::clone(&runs);
                flights.join("a", CAP, |_, _| async move {
                    runs.fetch_add(1, Ordering::SeqCst);
                    tokio::task::yield_now().await;
                    Ok(7)
                })
            })
            .collect();
        for landed in futures_util::future::join_all(waiters).await {
            assert_eq!(landed.result.unwrap(), 7);
        }
        assert_eq!(runs.load(Ordering::SeqCst), 1);
        assert_eq!(flights.len(), 0);
    }

    #[tokio::test]
    async fn flight_is_cancelled_only_when_its_last_waiter_leaves() {
        let flights = flights();
        let (go, wait) = tokio::sync::oneshot::channel::<()>();
        let (told, tell) = tokio::sync::oneshot::channel();
        let first = flights.join("a", CAP, |_, cancellation| async move {
            told.send(cancellation).ok();
            wait.await.ok();
            Ok(1)
        });
        let cancellation = tell.await.unwrap();
        let second = flights.join("a", CAP, |_, _| async { Ok(2) });
        drop(first);
        assert!(!cancellation.token().is_cancelled(), "one waiter is left");
        go.send(()).ok();
        let landed = second.await;
        assert_eq!(landed.result.unwrap(), 1, "served from the flight it joined");
        assert!(!landed.started_here);

        let (told, tell) = tokio::sync::oneshot::channel();
        let alone = flights.join("a", CAP, |_, cancellation| async move {
            told.send(cancellation).ok();
            std::future::pending().await
        });
        let cancellation = tell.await.unwrap();
        drop(alone);
        assert!(cancellation.token().is_cancelled());
        assert_eq!(flights.len(), 0, "the next request starts a new flight");
    }

    #[tokio::test]
    async fn panic_in_the_work_is_an_error_for_all_waiters() {
        let flights = flights();
        let first = flights.join("a", CAP, |_, _| async { panic!("boom") });
        let second = flights.join("a", CAP, |_, _| async { Ok(2) });
        for landed in [first.await, second.await] {
            let error = landed.result.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Internal);
            assert_eq!(error.cause().as_deref(), Some("panic: boom"));
        }
        assert_eq!(flights.join("a", CAP, |_, _| async { Ok(3) }).await.result.unwrap(), 3);
    }

    #[tokio::test]
    async fn result_handed_out_early_serves_newcomers_until_the_work_ends() {
        let flights = flights();
        let (go, wait) = tokio::sync::oneshot::channel::<()>();
        let landed = flights
            .join("a", CAP, |landing, _| async move {
                landing.hand_out(Ok(1));
                wait.await.ok();
                Ok(1)
            })
            .await;
        assert_eq!(landed.result.unwrap(), 1, "handed out before the work ends");
        assert_eq!(flights.len(), 1, "the work goes on");
        assert_eq!(flights.join("a", CAP, |_, _| async { Ok(2) }).await.result.unwrap(), 1);
        go.send(()).unwrap();
        while flights.len() > 0 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn work_beyond_its_cap_times_out_and_is_cancelled() {
        let (told, tell) = tokio::sync::oneshot::channel();
        let landed = flights().join("a", Duration::from_secs(1), |_, cancellation| async move {
            told.send(cancellation).ok();
            std::future::pending().await
        });
        assert_eq!(landed.await.result.unwrap_err().kind(), ErrorKind::Timeout);
        assert!(
            tell.await.unwrap().token().is_cancelled(),
            "a job that the work started stops too"
        );
    }
}
