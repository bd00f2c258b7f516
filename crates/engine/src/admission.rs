//! Who may start work: a bounded number of places, refused at once when taken, and bytes out of the memory that caches
//! leave, waited for. A job takes its place before anything is fetched, bytes for its source as they arrive, and bytes
//! for its pixels once the header is read; what is left of these in the end is the result, which counts until the last
//! client has it. Used by `produce`, `download`, `relay` and `unsent`; the two shares and their queues are `share`.
//!
//! Nobody waits in a circle. There are two shares, and an order between them: whoever waits for bytes of the share
//! "sources" holds none of either share; whoever waits for bytes of the share "pixels" may hold a source. Whoever holds
//! pixels waits for no bytes: a job runs to its end, and when its result grows it is given more at once or ended; a
//! result waits for its clients, each of whom is let go when it takes nothing for `body_timeout`. So pixels are always
//! given back, then sources are, and what was begun can always end.
//!
//! Nobody waits without bound. Whoever waits for bytes has a place, and there are no more of these than jobs that may
//! wait: further ones are refused at once.

mod share;

use std::sync::Arc;
use std::time::Duration;

use resizer_plugin_api::engine::Memory;
use resizer_plugin_api::{Counter, Error, ErrorKind, Metrics};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub(crate) use self::share::Reserved;
use self::share::Share;

/// Of eight parts of what is for work, those for sources and for what is sent as it is; the rest is for pixels. One large
/// photograph as a file has to fit into its share, and one as pixels, where a decoder cannot stream, into the other.
const SOURCES_PARTS: u64 = 3;
const PARTS: u64 = 8;

/// The gate before the work pool.
#[derive(Debug)]
pub(crate) struct Admission {
    places: Arc<Semaphore>,
    sources: Arc<Share>,
    pixels: Arc<Share>,
    memory: Memory,
    no_place: Counter,
}

/// A place in the queue; given back when dropped.
#[derive(Debug)]
pub(crate) struct Place(#[expect(dead_code, reason = "held, not read")] OwnedSemaphorePermit);

impl Admission {
    /// A gate for `places` jobs at once (working or waiting) and the memory that claims leave.
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

    /// A place, or `Overloaded` at once.
    pub(crate) fn place(&self) -> Result<Place, Error> {
        Arc::clone(&self.places).try_acquire_owned().map(Place).map_err(|_| {
            self.no_place.increment();
            Error::new(ErrorKind::Overloaded, "The server has as much work as it can take.")
        })
    }

    /// Bytes for pixels, for one who has a place; waits for them, `patience` at most.
    ///
    /// # Errors
    /// `TooLarge` for what can never fit, `Overloaded` when the wait was in vain.
    pub(crate) async fn pixels(&self, bytes: u64, patience: Duration) -> Result<Reserved, Error> {
        self.pixels.take(bytes, patience).await
    }

    /// Bytes for a source, as [`Admission::pixels`].
    ///
    /// # Errors
    /// As [`Admission::pixels`].
    pub(crate) async fn source(&self, bytes: u64, patience: Duration) -> Result<Reserved, Error> {
        self.sources.take(bytes, patience).await
    }

    /// Bytes for what is sent as it is, of the share for sources, for one who has no place: who has to wait for them takes
    /// one for as long.
    ///
    /// # Errors
    /// As [`Admission::pixels`]; `Overloaded` at once if there is no place to wait in.
    pub(crate) async fn sent(&self, bytes: u64, patience: Duration) -> Result<Reserved, Error> {
        if let Some(reserved) = self.sources.take_now(bytes)? {
            return Ok(reserved);
        }
        let _place = self.place()?;
        self.sources.take(bytes, patience).await
    }

    /// Waits until work under way leaves to claims what they have claimed; `false` if it does not soon enough.
    pub(crate) async fn makes_room(&self, patience: Duration) -> bool {
        const LOOK_AGAIN: Duration = Duration::from_millis(10);
        let room = async {
            while self.sources.used() + self.pixels.used() > self.memory.for_work() {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        tokio::time::timeout(patience, room).await.is_ok()
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
    fn places_are_refused_at_once_and_given_back() {
        let (admission, ..) = admission(1, 1 << 20);
        let place = admission.place().unwrap();
        assert_eq!(kind(admission.place()), ErrorKind::Overloaded);
        drop(place);
        assert!(admission.place().is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn bytes_are_waited_for_and_what_never_fits_is_said_so() {
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
        assert!(second.is_ok(), "what is given back goes to who waits");
        drop(second);
        assert_eq!(gauge.value(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn sources_never_take_what_pixels_need() {
        let (admission, ..) = admission(9, 1 << 20);
        let mut source = admission.source(250 << 10, SOON).await.unwrap();
        assert_eq!(kind(admission.source(250 << 10, SOON).await), ErrorKind::Overloaded);
        assert!(admission.pixels(640 << 10, SOON).await.is_ok());
        assert!(source.grow(100 << 10).is_ok());
        assert_eq!(kind(source.grow(100 << 10)), ErrorKind::TooLarge);
        drop(source);
        assert!(
            admission.source(250 << 10, SOON).await.is_ok(),
            "what was held is given back"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn who_has_no_place_is_refused_at_once_where_it_would_have_to_wait() {
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
