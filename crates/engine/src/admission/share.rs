//! Memory share: a part of the memory for work, its reservations, and the queues for the rest. Reservations are tiny,
//! small or large. Each class is served in the order of arrival. Lesser reservations pass by greater ones that wait,
//! and greater ones leave room for lesser ones, so that a thumbnail waits neither for a poster nor for photographs.
//! When a large one has waited for long, the others leave it the room that it needs.

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
/// A reservation is tiny up to this part of the share.
const TINY_PART: u64 = 32;
/// The part of the share that large reservations leave to the others, unless there is only one large one.
const LEFT_BY_LARGE: u64 = 4;
/// The part of the share that small and large reservations leave to tiny ones.
const LEFT_BY_SMALL: u64 = 8;
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

/// The classes of reservations, by their size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Tiny,
    Small,
    Large,
}

#[derive(Default)]
struct State {
    /// Bytes by class.
    used: [u64; 3],
    /// Waiters by class.
    waiting: [VecDeque<Waiter>; 3],
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
    class: Class,
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
        self.state.lock().used()
    }

    /// Whether a reservation waits.
    pub(super) fn is_waited_for(&self) -> bool {
        let mut state = self.state.lock();
        state.remove_cancelled();
        state.waiting.iter().any(|queue| !queue.is_empty())
    }

    /// Reserves bytes if they are free and no reservation of the same class waits.
    pub(super) fn take_now(self: &Arc<Self>, bytes: u64) -> Result<Option<Reserved>, Error> {
        self.fits(bytes)?;
        let mut state = self.state.lock();
        state.remove_cancelled();
        let class = self.class(bytes);
        let first = state.waiting[class as usize].is_empty();
        let taken = first && state.has_room(self.most(), bytes, class);
        Ok(taken.then(|| self.reserve(&mut state, bytes, class)))
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
        let class = self.class(bytes);
        self.state.lock().waiting[class as usize].push_back(waiter);
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
            // Large ones first: the head of their queue has room only if the others have had enough.
            let next = [Class::Large, Class::Small, Class::Tiny].into_iter().find(|class| {
                let waiter = state.waiting[*class as usize].front();
                waiter.is_some_and(|waiter| state.has_room(most, waiter.bytes, *class))
            });
            let waiter = next.and_then(|class| Some((class, state.waiting[class as usize].pop_front()?)));
            let Some((class, waiter)) = waiter else { break };
            let reserved = self.reserve(&mut state, waiter.bytes, class);
            granted.push((waiter.grant, reserved));
        }
        drop(state);
        for (grant, reserved) in granted {
            // If the waiter is gone by now, the reservation is dropped here, and its bytes are returned.
            let _ = grant.send(reserved);
        }
    }

    fn reserve(self: &Arc<Self>, state: &mut State, bytes: u64, class: Class) -> Reserved {
        state.used[class as usize] += bytes;
        self.admitted.add(bytes.cast_signed());
        Reserved {
            share: Arc::clone(self),
            bytes,
            class,
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

    fn class(&self, bytes: u64) -> Class {
        let most = self.part_of(self.memory.for_work_in_the_end());
        match bytes {
            _ if bytes > most / LARGE_PART => Class::Large,
            _ if bytes > most / TINY_PART => Class::Small,
            _ => Class::Tiny,
        }
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
    fn used(&self) -> u64 {
        self.used.iter().sum()
    }

    fn remove_cancelled(&mut self) {
        for queue in &mut self.waiting {
            while queue.front().is_some_and(|waiter| waiter.grant.is_closed()) {
                queue.pop_front();
            }
        }
    }

    fn has_room(&self, most: u64, bytes: u64, class: Class) -> bool {
        let within = |used: u64, most: u64| used.saturating_add(bytes) <= most;
        if !within(self.used(), most) {
            return false;
        }
        let [tiny, small, large] = self.used;
        // An overdue large reservation gets its bytes once the others have no more than these two parts.
        let overdue = self.waiting[Class::Large as usize].front();
        let overdue = overdue.filter(|waiter| waiter.since.elapsed() > OVERDUE);
        let part = overdue.map(|waiter| most.saturating_sub(waiter.bytes).min(most / LEFT_BY_LARGE) / 2);
        match class {
            Class::Tiny => part.is_none_or(|part| within(tiny, part)),
            Class::Small => {
                let leaves = small == 0 || within(small + large, most - most / LEFT_BY_SMALL);
                leaves && part.is_none_or(|part| within(small, part))
            }
            Class::Large => large == 0 || within(large, most - most / LEFT_BY_LARGE),
        }
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
        if state.used().saturating_add(bytes) > self.share.most() {
            drop(state);
            return Err(self.share.refuse());
        }
        state.used[self.class as usize] += bytes;
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
        state.used[self.class as usize] -= self.bytes;
        self.class = self.share.class(left);
        state.used[self.class as usize] += left;
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

    /// A share of 800 bytes. Reservations above 100 bytes are large and leave 200 bytes to the others. Those up to 25
    /// bytes are tiny, and 100 bytes are left to them.
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
    async fn small_reservations_leave_room_for_tiny_ones() {
        let share = share();
        let mut held = Vec::new();
        while let Ok(small) = share.take(50, SOON).await {
            held.push(small);
        }
        assert_eq!(share.used(), 700);
        let waiting = share.take(50, 100 * SOON);
        let tiny = async {
            tokio::task::yield_now().await;
            let tiny = share.take(25, SOON).await;
            held.pop();
            tiny
        };
        let (small, tiny) = tokio::join!(waiting, tiny);
        assert!(small.is_ok() && tiny.is_ok());
    }

    #[tokio::test]
    async fn overdue_large_reservation_is_served_before_small_ones() {
        let share = share();
        let mut small: VecDeque<Reserved> = VecDeque::new();
        for _ in 0..7 {
            small.push_back(share.take(100, SOON).await.unwrap());
        }
        let large = tokio::spawn({
            let share = Arc::clone(&share);
            async move { share.take(600, Duration::from_secs(60)).await }
        });
        // Small and tiny reservations come and go all the time.
        let until = Instant::now() + Duration::from_secs(30);
        while !large.is_finished() && Instant::now() < until {
            small.pop_front();
            tokio::task::yield_now().await;
            small.extend(share.take(100, SOON).await.ok());
            small.extend(share.take(20, SOON).await.ok());
            small.pop_front();
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
        assert_eq!(share.state.lock().used, [0; 3]);
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
