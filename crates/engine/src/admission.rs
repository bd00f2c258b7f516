//! Admission: places in the queue, refused at once when all are taken, and bytes of the memory budget, which jobs wait
//! for. A job takes its place before anything is fetched. It reserves bytes for its source as they arrive, and bytes
//! for its pixels once the header is read. The result keeps the rest of that reservation until the last client has it.
//! Used by `produce`, `download`, `relay` and `reply_memory`. The two shares and their queues are in `share`.
//!
//! There is no deadlock, because there is an order between the two shares. A job that waits for the share "sources"
//! holds nothing of either share. A job that waits for the share "pixels" may hold a source. A job that holds pixels
//! waits for no bytes: it runs to its end, and when its result grows, it gets more bytes at once or is ended. A result
//! waits for its clients only, and each of them is dropped when it takes nothing for `body_timeout`. So pixels are
//! always returned, then sources are, and every job that has begun can end.
//!
//! No wait is unbounded. A job that waits for bytes holds a place, and further jobs are refused at once.

mod share;

use std::sync::Arc;
use std::time::Duration;

use resizer_plugin_api::engine::Memory;
use resizer_plugin_api::{Counter, Error, ErrorKind, Metrics};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub(crate) use self::share::Reserved;
use self::share::Share;

/// Parts of the memory for work that are for sources and relays, of eight. The rest is for pixels. One large photograph
/// has to fit as a file into the one share, and as pixels, where a decoder cannot stream, into the other.
const SOURCES_PARTS: u64 = 3;
const PARTS: u64 = 8;

/// Places and bytes for work.
#[derive(Debug)]
pub(crate) struct Admission {
    places: Arc<Semaphore>,
    sources: Arc<Share>,
    pixels: Arc<Share>,
    memory: Memory,
    no_place: Counter,
}

/// A place in the queue, returned by its drop.
#[derive(Debug)]
pub(crate) struct QueuePlace(#[expect(dead_code, reason = "held, not read")] OwnedSemaphorePermit);

impl Admission {
    /// Admission for `places` jobs at once, working or waiting, and for the memory that claims of caches leave.
    pub(crate) fn new(places: usize, memory: &Memory, metrics: &Metrics) -> Self {
        let refusals = |reason| {
            let help = "Requests refused before any work, by reason.";
            metrics.counter("resizer_refusals_total", help, &[("reason", reason)])
        };
        let share = |parts, what| {
            let (help, labels) = ("Bytes reserved for work, by purpose.", [("for", what)]);
            let admitted = metrics.gauge("resizer_admitted_bytes", help, &labels);
            Share::new(memory.clone(), [parts, PARTS], admitted, refusals("memory"))
        };
        let (sources, pixels) = (share(SOURCES_PARTS, "sources"), share(PARTS - SOURCES_PARTS, "pixels"));
        let shares = [Arc::downgrade(&sources), Arc::downgrade(&pixels)];
        memory.on_change(move || {
            for share in shares.iter().filter_map(std::sync::Weak::upgrade) {
                share.give_out();
            }
        });
        Self {
            places: Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS))),
            sources,
            pixels,
            memory: memory.clone(),
            no_place: refusals("queue_full"),
        }
    }

    /// Takes a place.
    ///
    /// # Errors
    /// `Overloaded`, at once, if all are taken.
    pub(crate) fn place(&self) -> Result<QueuePlace, Error> {
        let place = Arc::clone(&self.places).try_acquire_owned();
        place.map(QueuePlace).map_err(|_| {
            self.no_place.increment();
            Error::new(ErrorKind::Overloaded, "The server has as much work as it can take.")
        })
    }

    /// Reserves bytes for pixels, for a job that has a place. Waits for `timeout` at most.
    ///
    /// # Errors
    /// `TooLarge` for more bytes than can ever be free, `Overloaded` after the timeout.
    pub(crate) async fn pixels(&self, bytes: u64, timeout: Duration) -> Result<Reserved, Error> {
        self.pixels.take(bytes, timeout).await
    }

    /// Reserves bytes for a source, as [`Admission::pixels`].
    ///
    /// # Errors
    /// As [`Admission::pixels`].
    pub(crate) async fn source(&self, bytes: u64, timeout: Duration) -> Result<Reserved, Error> {
        self.sources.take(bytes, timeout).await
    }

    /// Reserves bytes for a body that is sent unchanged, out of the share for sources. For a request without a place:
    /// it takes one for as long as it waits.
    ///
    /// # Errors
    /// As [`Admission::pixels`]. `Overloaded` at once if there is no place to wait in.
    pub(crate) async fn sent(&self, bytes: u64, timeout: Duration) -> Result<Reserved, Error> {
        if let Some(reserved) = self.sources.take_now(bytes)? {
            return Ok(reserved);
        }
        let _place = self.place()?;
        self.sources.take(bytes, timeout).await
    }

    /// Waits until work under way leaves the memory that caches have claimed. `false` after the timeout.
    pub(crate) async fn makes_room(&self, timeout: Duration) -> bool {
        const LOOK_AGAIN: Duration = Duration::from_millis(10);
        let room = async {
            while self.sources.used() + self.pixels.used() > self.memory.for_work() {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        tokio::time::timeout(timeout, room).await.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_millis(20);

    fn admission(places: usize, limit: u64) -> (Admission, Memory, Metrics) {
        let (memory, metrics) = (Memory::default(), Metrics::default());
        memory.limit_to(limit);
        (Admission::new(places, &memory, &metrics), memory, metrics)
    }

    fn kind<T: std::fmt::Debug>(result: Result<T, Error>) -> ErrorKind {
        result.unwrap_err().kind()
    }

    #[test]
    fn place_beyond_the_last_is_refused_until_one_is_returned() {
        let (admission, ..) = admission(1, 1 << 20);
        let place = admission.place().unwrap();
        assert_eq!(kind(admission.place()), ErrorKind::Overloaded);
        drop(place);
        assert!(admission.place().is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn bytes_beyond_the_share_are_refused_and_bytes_in_use_waited_for() {
        // Of 1 MiB, 640 KiB are for pixels and 384 KiB for sources.
        let (admission, _, metrics) = admission(9, 1 << 20);
        assert_eq!(kind(admission.pixels(641 << 10, SOON).await), ErrorKind::TooLarge);
        assert_eq!(kind(admission.source(385 << 10, SOON).await), ErrorKind::TooLarge);
        let first = admission.pixels(600 << 10, SOON).await.unwrap();
        assert_eq!(kind(admission.pixels(600 << 10, SOON).await), ErrorKind::Overloaded);
        let gauge = metrics.gauge("resizer_admitted_bytes", "", &[("for", "pixels")]);
        assert_eq!(gauge.value(), 600 << 10);
        let waiting = admission.pixels(600 << 10, SOON);
        let (second, ()) = tokio::join!(waiting, async { drop(first) });
        assert!(second.is_ok(), "returned bytes go to the job that waits");
        drop(second);
        assert_eq!(gauge.value(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn sources_at_their_limit_leave_the_share_of_pixels() {
        let (admission, ..) = admission(9, 1 << 20);
        let mut source = admission.source(250 << 10, SOON).await.unwrap();
        assert_eq!(kind(admission.source(250 << 10, SOON).await), ErrorKind::Overloaded);
        assert!(admission.pixels(640 << 10, SOON).await.is_ok());
        assert!(source.grow(100 << 10).is_ok());
        assert_eq!(kind(source.grow(100 << 10)), ErrorKind::TooLarge);
        drop(source);
        assert!(
            admission.source(250 << 10, SOON).await.is_ok(),
            "the reservation is returned"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn body_that_would_wait_without_a_free_place_is_refused_at_once() {
        let (admission, ..) = admission(1, 1 << 20);
        let held = admission.sent(384 << 10, SOON).await.unwrap();
        let place = admission.place().unwrap();
        let begun = tokio::time::Instant::now();
        assert_eq!(kind(admission.sent(1 << 10, SOON).await), ErrorKind::Overloaded);
        assert_eq!(begun.elapsed(), Duration::ZERO);
        drop(place);
        let (sent, ()) = tokio::join!(admission.sent(1 << 10, SOON), async { drop(held) });
        assert!(sent.is_ok());
        assert!(admission.place().is_ok(), "the place was only for the wait");
    }
}
