//! Admission: places in the queue, refused at once when all are taken, and bytes of the memory budget, which jobs wait
//! for. A job takes its place before anything is fetched. It reserves bytes for its source as they arrive, and bytes
//! for its pixels once the header is read. The result keeps the rest of that reservation until the last client has it.
//! Used by `produce`, `download`, `relay` and `reply_memory`. The shares and their queues are in `share`, the bounds of
//! each store that is waited for in `mounts`.
//!
//! Bodies that wait for their clients hold at most half of each share, so that clients that read slowly do not keep
//! others from getting new images. The half is a share of its own, reserved beside the bytes.
//!
//! There is no deadlock, because there is an order between the shares. A job that waits for the share "sources" holds
//! nothing but leave to wait for its store, or to send. A job that waits for the share "pixels" may hold a source. A
//! job that holds pixels runs to its end, and when its result grows, it gets more bytes at once or is ended. Then it
//! may wait for leave to send its result. Bodies have that leave, and wait for their clients only. Each client is
//! dropped when it reads nothing for `body_timeout`, or less than `client_min_rate`. So bodies always end, then pixels
//! are returned, then sources are, and every job that has begun can end.
//!
//! No wait is unbounded. A job that waits for bytes holds a place, and further jobs are refused at once.

mod mounts;
mod share;

use std::sync::Arc;
use std::time::{Duration, Instant};

use resizer_plugin_api::engine::Memory;
use resizer_plugin_api::{Counter, Error, ErrorKind, Metrics, UrlPrefix};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use self::mounts::Mounts;
pub(crate) use self::mounts::StoreWait;
pub(crate) use self::share::Reserved;
use self::share::Share;

/// Parts of the memory for work that are for sources and relays, of eight. The rest is for pixels. One large photograph
/// has to fit as a file into the one share, and as pixels, where a decoder cannot stream, into the other.
const SOURCES_PARTS: u64 = 3;
const PARTS: u64 = 8;
/// Bodies that wait for their clients may hold the share that they come from divided by this.
const BODIES_PART: u64 = 2;
/// The most bytes that reading a header allocates: `docs/architecture.md` has a table of all formats.
const HEADER_BYTES: u64 = 1 << 20;

/// Places and bytes for work.
#[derive(Debug)]
pub(crate) struct Admission {
    places: Arc<Semaphore>,
    sources: Arc<Share>,
    pixels: Arc<Share>,
    /// The part of `sources` that bodies may hold.
    unchanged_bodies: Arc<Share>,
    /// The part of `pixels` that bodies may hold.
    result_bodies: Arc<Share>,
    mounts: Mounts,
    memory: Memory,
    no_place: Counter,
}

/// Reserved bytes of a body that is being sent, out of the share for sources. Returned by the drop.
#[derive(Debug)]
pub(crate) struct Sent {
    sources: Reserved,
    leave: Reserved,
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
        let bodies = |parts, what| {
            let help = "The part of resizer_admitted_bytes that bodies hold until their clients have them, by purpose.";
            let sent = metrics.gauge("resizer_sending_bytes", help, &[("for", what)]);
            Share::new(
                memory.clone(),
                [parts, PARTS * BODIES_PART],
                sent,
                refusals("slow_clients"),
            )
        };
        let (sources, pixels) = (share(SOURCES_PARTS, "sources"), share(PARTS - SOURCES_PARTS, "pixels"));
        let unchanged_bodies = bodies(SOURCES_PARTS, "sources");
        let result_bodies = bodies(PARTS - SOURCES_PARTS, "pixels");
        let shares = [&sources, &pixels, &unchanged_bodies, &result_bodies].map(Arc::downgrade);
        memory.on_change(move || {
            for share in shares.iter().filter_map(std::sync::Weak::upgrade) {
                share.give_out();
            }
        });
        Self {
            places: Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS))),
            sources,
            pixels,
            unchanged_bodies,
            result_bodies,
            mounts: Mounts::new(memory, [SOURCES_PARTS, PARTS], metrics, refusals("store_waits")),
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

    /// Leave for a job that has a place to wait for the store of this prefix. `most` jobs may wait for one store. If
    /// `None`, as many as there are free places: a store that hangs takes half of all places, the next one a quarter.
    ///
    /// # Errors
    /// `Overloaded`, at once, if that many wait already.
    pub(crate) fn store_wait(&self, prefix: &UrlPrefix, most: Option<usize>) -> Result<StoreWait, Error> {
        let most = most.unwrap_or_else(|| self.places.available_permits()).max(1);
        self.mounts.wait(prefix, most)
    }

    /// Leave to hold memory for bytes that the store of this prefix has not sent yet, at most half of the share for
    /// sources for each store. Taken before the memory itself. Waits for `timeout` at most.
    ///
    /// # Errors
    /// `Overloaded` after the timeout.
    pub(crate) async fn awaited(&self, prefix: &UrlPrefix, bytes: u64, timeout: Duration) -> Result<Reserved, Error> {
        self.mounts.hold(prefix, bytes, timeout).await
    }

    /// Reserves bytes for pixels, for a job that has a place. Waits for `timeout` at most.
    ///
    /// # Errors
    /// `TooLarge` for more bytes than can ever be free, `Overloaded` after the timeout.
    pub(crate) async fn pixels(&self, bytes: u64, timeout: Duration) -> Result<Reserved, Error> {
        self.pixels.take(bytes, timeout).await
    }

    /// Reserves bytes for reading a header. They are returned before a job waits for its pixels.
    ///
    /// # Errors
    /// `Overloaded` after the timeout.
    pub(crate) async fn header(&self, timeout: Duration) -> Result<Reserved, Error> {
        self.pixels.take(self.pixels.at_most(HEADER_BYTES), timeout).await
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
    pub(crate) async fn sent(&self, bytes: u64, timeout: Duration) -> Result<Sent, Error> {
        let leave = self.unchanged_bodies.take_now(self.unchanged_bodies.at_most(bytes))?;
        if let Some(leave) = leave
            && let Some(sources) = self.sources.take_now(bytes)?
        {
            return Ok(Sent { sources, leave });
        }
        let _place = self.place()?;
        let begun = Instant::now();
        let leave = self.unchanged_bodies.at_most(bytes);
        let leave = self.unchanged_bodies.take(leave, timeout).await?;
        let left = timeout.saturating_sub(begun.elapsed());
        let sources = self.sources.take(bytes, left).await?;
        Ok(Sent { sources, leave })
    }

    /// Leave to send a source whose bytes are reserved already. Waits for a second at most: a body that has the leave
    /// may itself wait for the bytes of a source.
    ///
    /// # Errors
    /// `Overloaded` after that second.
    pub(crate) async fn sent_source(&self, bytes: u64) -> Result<Reserved, Error> {
        const WAIT: Duration = Duration::from_secs(1);
        let leave = self.unchanged_bodies.at_most(bytes);
        self.unchanged_bodies.take(leave, WAIT).await
    }

    /// Leave to send a result whose bytes are reserved already. Waits for `timeout` at most.
    ///
    /// # Errors
    /// `Overloaded` after the timeout.
    pub(crate) async fn sent_result(&self, bytes: u64, timeout: Duration) -> Result<Reserved, Error> {
        let leave = self.result_bodies.at_most(bytes);
        self.result_bodies.take(leave, timeout).await
    }

    /// Whether a body waits for memory that other bodies hold until their clients have them.
    pub(crate) fn waits_for_clients(&self) -> bool {
        self.unchanged_bodies.is_waited_for() || self.result_bodies.is_waited_for()
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

impl Sent {
    /// Reserves more bytes at once or not at all.
    ///
    /// # Errors
    /// As [`Reserved::grow`].
    pub(crate) fn grow(&mut self, bytes: u64) -> Result<(), Error> {
        self.sources.grow(bytes)?;
        self.leave.grow_at_most(bytes)
    }

    /// Returns all but these bytes.
    pub(crate) fn shrink_to(&mut self, bytes: u64) {
        self.sources.shrink_to(bytes);
        self.leave.shrink_to(bytes);
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

    #[tokio::test(start_paused = true)]
    async fn bodies_of_slow_clients_leave_half_of_each_share_to_new_images() {
        // Of 1 MiB, 384 KiB are for sources and 640 KiB for pixels.
        let (admission, ..) = admission(9, 1 << 20);
        let mut bodies = Vec::new();
        while let Ok(body) = admission.sent(16 << 10, SOON).await {
            bodies.push(body);
        }
        assert_eq!(bodies.len(), 10, "of 192 KiB, seven eighths");
        assert!(admission.source(192 << 10, SOON).await.is_ok());
        assert!(!admission.waits_for_clients());
        let look = async {
            tokio::task::yield_now().await;
            admission.waits_for_clients()
        };
        assert!(tokio::join!(admission.sent(16 << 10, SOON), look).1);
        let mut results = Vec::new();
        while let Ok(result) = admission.sent_result(32 << 10, SOON).await {
            results.push((result, admission.pixels(32 << 10, SOON).await.unwrap()));
        }
        assert_eq!(results.len(), 8, "of 320 KiB, seven eighths");
        assert!(admission.pixels(320 << 10, SOON).await.is_ok());
        bodies.pop();
        assert!(admission.sent(16 << 10, SOON).await.is_ok());
    }

    #[test]
    fn store_that_hangs_takes_half_of_the_places_and_the_next_a_quarter() {
        let (admission, ..) = admission(64, 1 << 20);
        let prefix = |text: &str| text.parse::<UrlPrefix>().unwrap();
        let hang = |text: &str| {
            let mut waiting = Vec::new();
            loop {
                let place = admission.place().unwrap();
                match admission.store_wait(&prefix(text), None) {
                    Ok(wait) => waiting.push((place, wait)),
                    Err(error) => {
                        assert_eq!(error.kind(), ErrorKind::Overloaded);
                        assert!(error.message().contains("`queue_per_store`"), "{error}");
                        return waiting;
                    }
                }
            }
        };
        let (first, second) = (hang("/a/"), hang("/b/"));
        assert_eq!((first.len(), second.len()), (32, 16));
        assert!(admission.store_wait(&prefix("/c/"), None).is_ok());
        drop((first, second));
        assert_eq!(hang("/b/").len(), 32, "those that left are not counted");
        let waits = admission.store_wait(&prefix("/d/"), Some(1)).unwrap();
        assert!(admission.store_wait(&prefix("/d/"), Some(1)).is_err());
        drop(waits);
        assert!(admission.store_wait(&prefix("/d/"), Some(1)).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn store_that_stops_sending_leaves_half_of_the_memory_to_others() {
        // 384 KiB are for sources.
        let (admission, ..) = admission(64, 1 << 20);
        let prefix = |text: &str| text.parse::<UrlPrefix>().unwrap();
        let first = admission.awaited(&prefix("/a/"), 192 << 10, SOON).await.unwrap();
        assert_eq!(
            kind(admission.awaited(&prefix("/a/"), 1 << 10, SOON).await),
            ErrorKind::Overloaded
        );
        assert!(admission.awaited(&prefix("/b/"), 192 << 10, SOON).await.is_ok());
        drop(first);
        assert!(
            admission.awaited(&prefix("/a/"), 300 << 10, SOON).await.is_ok(),
            "a larger source has all of it"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn body_larger_than_the_part_of_bodies_is_sent_alone() {
        let (admission, ..) = admission(9, 1 << 20);
        let mut large = admission.sent(300 << 10, SOON).await.unwrap();
        assert_eq!(kind(admission.sent(1 << 10, SOON).await), ErrorKind::Overloaded);
        assert!(large.grow(10 << 10).is_ok());
        large.shrink_to(1 << 10);
        assert!(admission.sent(1 << 10, SOON).await.is_ok());
        drop(large);
        assert!(admission.sent(300 << 10, SOON).await.is_ok());
    }
}
