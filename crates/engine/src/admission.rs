//! Who may start work: a bounded number of places, refused at once when taken, and bytes out of one budget, waited for.
//! A job takes its place before anything is fetched, bytes for its source as they arrive, and bytes for its pixels once
//! the header is read. Used by `produce`, `download` and `relay`.
//!
//! Sources and pixels have shares of their own. Whoever waits for pixels holds a source, and whoever holds pixels waits
//! for nothing, so that what was begun can always end.

use std::sync::Arc;
use std::time::Duration;

use resizer_plugin_api::{Counter, Error, ErrorKind, Gauge, Metrics};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes are counted in units of this size, so that a semaphore's 32 bits reach to 4 TiB.
const UNIT: u64 = 1024;
/// Pixels take several times the bytes of the file they come from: three quarters of the budget are theirs.
const SOURCES_SHARE: u64 = 4;

/// The gate before the work pool.
#[derive(Debug)]
pub(crate) struct Admission {
    places: Arc<Semaphore>,
    sources: Share,
    pixels: Share,
    no_place: Counter,
}

/// A part of the budget.
#[derive(Debug)]
struct Share {
    units: Arc<Semaphore>,
    bytes: u64,
    admitted: Gauge,
    refused: Counter,
}

/// A place in the queue; given back when dropped.
#[derive(Debug)]
pub(crate) struct Place(#[expect(dead_code, reason = "held, not read")] OwnedSemaphorePermit);

/// Bytes of the budget; given back when dropped.
#[derive(Debug)]
pub(crate) struct Reserved {
    permit: Option<OwnedSemaphorePermit>,
    bytes: u64,
    admitted: Gauge,
}

impl Admission {
    /// A gate for `places` jobs at once (working or waiting) and `limit` bytes.
    pub(crate) fn new(places: usize, limit: u64, metrics: &Metrics) -> Self {
        let refusals = |reason| {
            let help = "Requests refused before any work, by reason.";
            metrics.counter("resizer_refusals_total", help, &[("reason", reason)])
        };
        let share = |bytes: u64, what| Share {
            units: Arc::new(Semaphore::new(units(bytes) as usize)),
            bytes,
            admitted: metrics.gauge(
                "resizer_admitted_bytes",
                "Bytes reserved for work, by purpose.",
                &[("for", what)],
            ),
            refused: refusals("memory"),
        };
        let sources = limit / SOURCES_SHARE;
        Self {
            places: Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS))),
            sources: share(sources, "sources"),
            pixels: share(limit - sources, "pixels"),
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

    /// Bytes for pixels; waits for them, `patience` at most.
    ///
    /// # Errors
    /// `TooLarge` for what can never fit, `Overloaded` when the wait was in vain.
    pub(crate) async fn pixels(&self, bytes: u64, patience: Duration) -> Result<Reserved, Error> {
        self.pixels.take(None, bytes, patience).await
    }

    /// Bytes for a source, as [`Admission::pixels`].
    ///
    /// # Errors
    /// As [`Admission::pixels`].
    pub(crate) async fn source(&self, bytes: u64, patience: Duration) -> Result<Reserved, Error> {
        self.sources.take(None, bytes, patience).await
    }

    /// More bytes for a source whose length is not known. Does not wait: all who hold a part of what they need would
    /// wait for each other.
    ///
    /// # Errors
    /// As [`Admission::pixels`].
    pub(crate) async fn more(&self, reserved: Reserved, bytes: u64) -> Result<Reserved, Error> {
        self.sources.take(Some(reserved), bytes, Duration::ZERO).await
    }
}

impl Share {
    async fn take(&self, held: Option<Reserved>, bytes: u64, patience: Duration) -> Result<Reserved, Error> {
        let mut reserved = held.unwrap_or(Reserved {
            permit: None,
            bytes: 0,
            admitted: self.admitted.clone(),
        });
        self.fits(reserved.bytes + bytes)?;
        let permit = Arc::clone(&self.units).acquire_many_owned(units(bytes));
        let Ok(Ok(permit)) = tokio::time::timeout(patience, permit).await else {
            self.refused.increment();
            return Err(Error::new(
                ErrorKind::Overloaded,
                "The server's memory is taken by other images.",
            ));
        };
        match &mut reserved.permit {
            Some(held) => held.merge(permit),
            None => reserved.permit = Some(permit),
        }
        reserved.bytes += bytes;
        self.admitted.add(signed(bytes));
        Ok(reserved)
    }

    fn fits(&self, bytes: u64) -> Result<(), Error> {
        if bytes <= self.bytes {
            return Ok(());
        }
        let (need, have) = (bytes.div_ceil(1_000_000), self.bytes / 1_000_000);
        let message =
            format!("The image would need {need} MB of memory; `memory_limit` leaves {have} MB for one image.");
        Err(Error::new(ErrorKind::TooLarge, message))
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        self.admitted.add(-signed(self.bytes));
    }
}

/// Never more than a semaphore takes: a larger budget is counted as 4 TiB.
fn units(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX)
}

fn signed(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_millis(20);

    fn admission(places: usize, limit: u64) -> Admission {
        Admission::new(places, limit, &Metrics::default())
    }

    #[test]
    fn places_are_refused_at_once_and_given_back() {
        let admission = admission(1, 1 << 20);
        let place = admission.place().unwrap();
        assert_eq!(admission.place().unwrap_err().kind(), ErrorKind::Overloaded);
        drop(place);
        assert!(admission.place().is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn bytes_are_waited_for_and_what_never_fits_is_said_so() {
        // Of 1 MiB, 768 KiB are for pixels and 256 KiB for sources.
        let admission = admission(9, 1 << 20);
        assert_eq!(
            admission.pixels(769 << 10, SOON).await.unwrap_err().kind(),
            ErrorKind::TooLarge
        );
        assert_eq!(
            admission.source(257 << 10, SOON).await.unwrap_err().kind(),
            ErrorKind::TooLarge
        );
        let first = admission.pixels(600 << 10, SOON).await.unwrap();
        assert_eq!(
            admission.pixels(600 << 10, SOON).await.unwrap_err().kind(),
            ErrorKind::Overloaded
        );
        assert_eq!(admission.pixels.admitted.value(), 600 << 10);
        drop(first);
        assert_eq!(admission.pixels.admitted.value(), 0);
        assert!(admission.pixels(600 << 10, SOON).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn sources_never_take_what_pixels_need() {
        let admission = admission(9, 1 << 20);
        let source = admission.source(250 << 10, SOON).await.unwrap();
        assert_eq!(
            admission.source(250 << 10, SOON).await.unwrap_err().kind(),
            ErrorKind::Overloaded
        );
        assert!(admission.pixels(768 << 10, SOON).await.is_ok());
        let error = admission.more(source, 10 << 10).await.unwrap_err();
        assert_eq!(
            error.kind(),
            ErrorKind::TooLarge,
            "250 and 10 KiB are more than the share"
        );
        assert!(
            admission.source(250 << 10, SOON).await.is_ok(),
            "what was held is given back"
        );
    }
}
