//! Who may start work: a bounded number of places, refused at once when taken, and bytes out of one budget, waited for.
//! A job takes its place before anything is fetched, bytes for its source as they arrive, and bytes for its pixels once
//! the header is read. Used by `produce` alone.

use std::sync::Arc;
use std::time::Duration;

use resizer_plugin_api::{Counter, Error, ErrorKind, Gauge, Metrics};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes are counted in units of this size, so that a semaphore's 32 bits reach to 4 TiB.
const UNIT: u64 = 1024;

/// The gate before the work pool.
#[derive(Debug)]
pub(crate) struct Admission {
    places: Arc<Semaphore>,
    bytes: Arc<Semaphore>,
    /// What downloads may hold of the budget: half, so that those waiting for pixels can always go on.
    downloads: Arc<Semaphore>,
    limit: u64,
    admitted: Gauge,
    no_place: Counter,
    no_memory: Counter,
}

/// A place in the queue; given back when dropped.
#[derive(Debug)]
pub(crate) struct Place(#[expect(dead_code, reason = "held, not read")] OwnedSemaphorePermit);

/// Bytes of the budget; given back when dropped.
#[derive(Debug)]
pub(crate) struct Reserved {
    permits: Vec<OwnedSemaphorePermit>,
    bytes: u64,
    admitted: Gauge,
}

impl Admission {
    /// A gate for `places` jobs at once (working or waiting) and `limit` bytes.
    pub(crate) fn new(places: usize, limit: u64, metrics: &Metrics) -> Self {
        let refusals = |reason| {
            metrics.counter(
                "resizer_refusals_total",
                "Requests refused before any work, by reason.",
                &[("reason", reason)],
            )
        };
        Self {
            places: Arc::new(Semaphore::new(places)),
            bytes: Arc::new(Semaphore::new(units(limit) as usize)),
            downloads: Arc::new(Semaphore::new(units(limit / 2) as usize)),
            limit,
            admitted: metrics.gauge(
                "resizer_admitted_bytes",
                "Bytes reserved by sources and pixels in work.",
                &[],
            ),
            no_place: refusals("queue_full"),
            no_memory: refusals("memory"),
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
        let mut reserved = self.nothing();
        self.fits(bytes, self.limit)?;
        self.take(&mut reserved, &self.bytes, bytes, patience).await?;
        reserved.grow(bytes);
        Ok(reserved)
    }

    /// Bytes for a source that is being downloaded, on top of what is already `reserved` for it.
    ///
    /// # Errors
    /// As [`Admission::pixels`].
    pub(crate) async fn download(&self, reserved: &mut Reserved, bytes: u64, patience: Duration) -> Result<(), Error> {
        self.fits(reserved.bytes + bytes, self.limit / 2)?;
        self.take(reserved, &self.downloads, bytes, patience).await?;
        self.take(reserved, &self.bytes, bytes, patience).await?;
        reserved.grow(bytes);
        Ok(())
    }

    /// An empty reservation to download into.
    pub(crate) fn nothing(&self) -> Reserved {
        Reserved {
            permits: Vec::new(),
            bytes: 0,
            admitted: self.admitted.clone(),
        }
    }

    fn fits(&self, bytes: u64, limit: u64) -> Result<(), Error> {
        if bytes <= limit {
            return Ok(());
        }
        let need = bytes.div_ceil(1_000_000);
        let have = limit / 1_000_000;
        let message =
            format!("The image would need {need} MB of memory; `memory_limit` leaves {have} MB for one image.");
        Err(Error::new(ErrorKind::TooLarge, message))
    }

    async fn take(
        &self,
        reserved: &mut Reserved,
        from: &Arc<Semaphore>,
        bytes: u64,
        patience: Duration,
    ) -> Result<(), Error> {
        let permits = Arc::clone(from).acquire_many_owned(units(bytes));
        match tokio::time::timeout(patience, permits).await {
            Ok(Ok(permit)) => {
                reserved.permits.push(permit);
                Ok(())
            }
            _ => {
                self.no_memory.increment();
                Err(Error::new(
                    ErrorKind::Overloaded,
                    "The server's memory is taken by other images.",
                ))
            }
        }
    }
}

impl Reserved {
    fn grow(&mut self, bytes: u64) {
        self.bytes += bytes;
        self.admitted.add(signed(bytes));
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        self.admitted.add(-signed(self.bytes));
    }
}

fn units(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT))
        .unwrap_or(u32::MAX >> 3)
        .min(u32::MAX >> 3)
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
        let admission = admission(9, 1 << 20);
        assert_eq!(
            admission.pixels(2 << 20, SOON).await.unwrap_err().kind(),
            ErrorKind::TooLarge
        );
        let first = admission.pixels(800 << 10, SOON).await.unwrap();
        assert_eq!(
            admission.pixels(800 << 10, SOON).await.unwrap_err().kind(),
            ErrorKind::Overloaded
        );
        assert_eq!(admission.admitted.value(), 800 << 10);
        drop(first);
        assert!(admission.pixels(800 << 10, SOON).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn downloads_leave_half_for_pixels() {
        let admission = admission(9, 1 << 20);
        let (mut one, mut two) = (admission.nothing(), admission.nothing());
        admission.download(&mut one, 500 << 10, SOON).await.unwrap();
        assert_eq!(
            admission.download(&mut two, 500 << 10, SOON).await.unwrap_err().kind(),
            ErrorKind::Overloaded
        );
        assert!(admission.pixels(500 << 10, SOON).await.is_ok());
        assert_eq!(
            admission.download(&mut one, 100 << 10, SOON).await.unwrap_err().kind(),
            ErrorKind::TooLarge
        );
    }
}
