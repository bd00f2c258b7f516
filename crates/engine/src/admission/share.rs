//! Memory share: a part of the memory for work, its reservations, and the queue for the rest. Reservations are large or
//! small. Each class is served in the order of arrival. Small reservations pass by large ones that wait, and large ones
//! leave room for small ones, so that a thumbnail does not wait for a poster. When a large one has waited for long,
//! small ones leave it the room that it needs.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use resizer_plugin_api::engine::Memory;
use resizer_plugin_api::{Counter, Error, ErrorKind, Gauge};
use tokio::sync::oneshot;

/// A reservation is large above this part of the share.
const LARGE_PART: u64 = 8;
/// The part of the share that large reservations leave to small ones, unless there is only one large one.
const SMALL_PART: u64 = 4;
/// A large reservation that has waited for so long is overdue.
const OVERDUE: Duration = Duration::from_secs(1);

pub(super) struct Share {
    memory: Memory,
    /// Numerator and denominator of this share.
    parts: [u64; 2],
    state: Mutex<State>,
    admitted: Gauge,
    refused: Counter,
}

#[derive(Default)]
struct State {
    used: u64,
    /// The part of `used` that large reservations hold.
    used_by_large: u64,
    small: VecDeque<Waiter>,
    large: VecDeque<Waiter>,
}

struct Waiter {
    bytes: u64,
    since: Instant,
    /// Closed when the waiter is gone.
    grant: oneshot::Sender<Reserved>,
}

/// Reserved bytes of a share, returned by the drop.
#[derive(Debug)]
pub(crate) struct Reserved {
    share: Arc<Share>,
    bytes: u64,
    large: bool,
}

impl Share {
    pub(super) fn new(memory: Memory, parts: [u64; 2], admitted: Gauge, refused: Counter) -> Arc<Self> {
        Arc::new(Self {
            memory,
            parts,
            state: Mutex::default(),
            admitted,
            refused,
        })
    }

    /// Bytes that are reserved.
    pub(super) fn used(&self) -> u64 {
        self.state.lock().used
    }

    /// Whether a reservation waits.
    pub(super) fn is_waited_for(&self) -> bool {
        let mut state = self.state.lock();
        state.remove_cancelled();
        !(state.small.is_empty() && state.large.is_empty())
    }

    /// Reserves bytes if they are free and no reservation of the same class waits.
    pub(super) fn take_now(self: &Arc<Self>, bytes: u64) -> Result<Option<Reserved>, Error> {
        self.fits(bytes)?;
        let mut state = self.state.lock();
        state.remove_cancelled();
        let large = self.is_large(bytes);
        let first = state.queue(large).is_empty();
        let taken = first && state.has_room(self.most(), bytes, large);
        Ok(taken.then(|| self.reserve(&mut state, bytes, large)))
    }

    /// Reserves bytes, and waits for them.
    pub(super) async fn take(self: &Arc<Self>, bytes: u64, timeout: Duration) -> Result<Reserved, Error> {
        if let Some(reserved) = self.take_now(bytes)? {
            return Ok(reserved);
        }
        let (grant, granted) = oneshot::channel();
        let waiter = Waiter {
            bytes,
            since: Instant::now(),
            grant,
        };
        self.state.lock().queue(self.is_large(bytes)).push_back(waiter);
        // Declared before the wait, so that its drop comes after it, even when the wait is cancelled.
        let _next = ServeNext(self);
        self.give_out();
        let granted = tokio::time::timeout(timeout, granted).await;
        granted.ok().and_then(Result::ok).ok_or_else(|| self.refuse())
    }

    /// Gives free bytes to waiting reservations.
    pub(super) fn give_out(self: &Arc<Self>) {
        let mut granted = Vec::new();
        let mut state = self.state.lock();
        let most = self.most();
        loop {
            state.remove_cancelled();
            // The large queue first: its head has room only if small ones have had enough.
            let next = [true, false].into_iter().find(|large| {
                let bytes = state.queue(*large).front().map(|waiter| waiter.bytes);
                bytes.is_some_and(|bytes| state.has_room(most, bytes, *large))
            });
            let waiter = next.and_then(|large| Some((large, state.queue(large).pop_front()?)));
            let Some((large, waiter)) = waiter else { break };
            let reserved = self.reserve(&mut state, waiter.bytes, large);
            granted.push((waiter.grant, reserved));
        }
        drop(state);
        for (grant, reserved) in granted {
            // If the waiter is gone by now, the reservation is dropped here, and its bytes are returned.
            let _ = grant.send(reserved);
        }
    }

    fn reserve(self: &Arc<Self>, state: &mut State, bytes: u64, large: bool) -> Reserved {
        state.used += bytes;
        state.used_by_large += if large { bytes } else { 0 };
        self.admitted.add(bytes.cast_signed());
        Reserved {
            share: Arc::clone(self),
            bytes,
            large,
        }
    }

    fn most(&self) -> u64 {
        self.part_of(self.memory.for_work())
    }

    /// These bytes, or as many as can ever be free: for a share beside another one that holds the bytes themselves.
    pub(super) fn at_most(&self, bytes: u64) -> u64 {
        bytes.min(self.part_of(self.memory.for_work_in_the_end()))
    }

    fn part_of(&self, bytes: u64) -> u64 {
        bytes / self.parts[1] * self.parts[0]
    }

    fn is_large(&self, bytes: u64) -> bool {
        bytes > self.part_of(self.memory.for_work_in_the_end()) / LARGE_PART
    }

    fn fits(&self, bytes: u64) -> Result<(), Error> {
        let most = self.part_of(self.memory.for_work_in_the_end());
        if bytes <= most {
            return Ok(());
        }
        let (need, have) = (bytes.div_ceil(1_000_000), most / 1_000_000);
        let message =
            format!("The image would need {need} MB of memory; `memory_limit` leaves {have} MB for one image.");
        Err(Error::new(ErrorKind::TooLarge, message))
    }

    fn refuse(&self) -> Error {
        self.refused.increment();
        Error::new(ErrorKind::Overloaded, "The server's memory is taken by other images.")
    }
}

impl State {
    fn queue(&mut self, large: bool) -> &mut VecDeque<Waiter> {
        if large { &mut self.large } else { &mut self.small }
    }

    fn remove_cancelled(&mut self) {
        for queue in [&mut self.small, &mut self.large] {
            while queue.front().is_some_and(|waiter| waiter.grant.is_closed()) {
                queue.pop_front();
            }
        }
    }

    fn has_room(&self, most: u64, bytes: u64, large: bool) -> bool {
        let within = |used: u64, most: u64| used.saturating_add(bytes) <= most;
        if !within(self.used, most) {
            return false;
        }
        if large {
            return self.used_by_large == 0 || within(self.used_by_large, most - most / SMALL_PART);
        }
        let overdue = self.large.front().filter(|waiter| waiter.since.elapsed() > OVERDUE);
        overdue.is_none_or(|waiter| {
            let left = most.saturating_sub(waiter.bytes).min(most / SMALL_PART);
            within(self.used - self.used_by_large, left)
        })
    }
}

impl Reserved {
    /// Reserves more bytes at once or not at all. Jobs that hold a part of their bytes and wait for the rest would wait
    /// for each other.
    ///
    /// # Errors
    /// `TooLarge` for more bytes than can ever be free, `Overloaded` for more than are free now.
    pub(crate) fn grow(&mut self, bytes: u64) -> Result<(), Error> {
        self.share.fits(self.bytes.saturating_add(bytes))?;
        let mut state = self.share.state.lock();
        if state.used.saturating_add(bytes) > self.share.most() {
            drop(state);
            return Err(self.share.refuse());
        }
        state.used += bytes;
        state.used_by_large += if self.large { bytes } else { 0 };
        drop(state);
        self.bytes += bytes;
        self.share.admitted.add(bytes.cast_signed());
        Ok(())
    }

    /// As [`Reserved::grow`], but by no more bytes than can ever be free: see [`Share::at_most`].
    pub(crate) fn grow_at_most(&mut self, bytes: u64) -> Result<(), Error> {
        let together = self.share.at_most(self.bytes.saturating_add(bytes));
        self.grow(together.saturating_sub(self.bytes))
    }

    /// Returns all but these bytes.
    pub(crate) fn shrink_to(&mut self, bytes: u64) {
        let left = self.bytes.min(bytes);
        let mut state = self.share.state.lock();
        state.used -= self.bytes - left;
        if self.large {
            self.large = self.share.is_large(left);
            state.used_by_large -= if self.large { self.bytes - left } else { self.bytes };
        }
        drop(state);
        self.share.admitted.add(-(self.bytes - left).cast_signed());
        self.bytes = left;
        self.share.give_out();
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        self.shrink_to(0);
    }
}

/// Guard of a wait: when a waiter leaves the queue, those behind it may have room.
struct ServeNext<'s>(&'s Arc<Share>);

impl Drop for ServeNext<'_> {
    fn drop(&mut self) {
        self.0.give_out();
    }
}

impl fmt::Debug for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Share({} of {})", self.used(), self.most())
    }
}

#[cfg(test)]
mod tests {
    use resizer_plugin_api::Metrics;

    use super::*;

    const SOON: Duration = Duration::from_millis(50);

    /// A share of 800 bytes. Reservations above 100 bytes are large, and 200 bytes are left to small ones.
    fn share() -> Arc<Share> {
        let (memory, metrics) = (Memory::default(), Metrics::default());
        memory.limit_to(800);
        let (gauge, counter) = (metrics.gauge("g", "", &[]), metrics.counter("c_total", "", &[]));
        Share::new(memory, [1, 1], gauge, counter)
    }

    #[tokio::test]
    async fn small_reservation_passes_by_a_large_one_that_waits() {
        let share = share();
        let first = share.take(500, SOON).await.unwrap();
        let waiting = share.take(500, SOON);
        let small = async {
            tokio::task::yield_now().await;
            share.take(50, SOON).await
        };
        let (second, small) = tokio::join!(waiting, small);
        assert!(second.is_err() && small.is_ok());
        drop(first);
        assert!(share.take(500, SOON).await.is_ok());
    }

    #[tokio::test]
    async fn several_large_reservations_leave_room_for_small_ones() {
        let share = share();
        let whole = share.take(800, SOON).await.unwrap();
        drop(whole);
        let large = share.take(500, SOON).await.unwrap();
        assert!(
            share.take(110, SOON).await.is_err(),
            "several may have 600 of 800 bytes"
        );
        let small = share.take(100, SOON).await.unwrap();
        drop((large, small));
        assert_eq!(share.used(), 0);
    }

    #[tokio::test]
    async fn overdue_large_reservation_is_served_before_small_ones() {
        let share = share();
        let mut small: VecDeque<Reserved> = VecDeque::new();
        for _ in 0..8 {
            small.push_back(share.take(100, SOON).await.unwrap());
        }
        let large = tokio::spawn({
            let share = Arc::clone(&share);
            async move { share.take(600, Duration::from_secs(60)).await }
        });
        // Small reservations come and go all the time.
        let until = Instant::now() + Duration::from_secs(30);
        while !large.is_finished() && Instant::now() < until {
            small.pop_front();
            tokio::task::yield_now().await;
            small.extend(share.take(100, SOON).await.ok());
        }
        assert!(large.await.unwrap().is_ok());
    }

    #[tokio::test]
    async fn reservation_that_grows_gets_its_bytes_at_once_or_an_error() {
        let share = share();
        let mut first = share.take(500, SOON).await.unwrap();
        let second = share.take(90, SOON).await.unwrap();
        assert_eq!(first.grow(220).unwrap_err().kind(), ErrorKind::Overloaded);
        assert_eq!(first.grow(400).unwrap_err().kind(), ErrorKind::TooLarge);
        first.grow(210).unwrap();
        assert_eq!(share.used(), 800);
        let waiting = share.take(300, SOON);
        let (third, ()) = tokio::join!(waiting, async { first.shrink_to(10) });
        assert!(third.is_ok());
        drop((first, second, third));
        assert_eq!((share.used(), share.state.lock().used_by_large), (0, 0));
    }

    #[tokio::test]
    async fn waiter_that_left_holds_up_no_other() {
        let share = share();
        let mut small = Vec::new();
        for _ in 0..5 {
            small.push(share.take(100, SOON).await.unwrap());
        }
        let first = tokio::time::timeout(SOON, share.take(400, 100 * SOON));
        let (first, second) = tokio::join!(first, share.take(250, 100 * SOON));
        assert!(first.is_err() && second.is_ok());
        drop((small, second));
        assert_eq!(share.used(), 0);
    }
}
