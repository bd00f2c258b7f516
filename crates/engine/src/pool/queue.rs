//! Work queue: orders jobs by their predicted time, the shortest first, with ageing, so that none starves. Used by
//! [`super::WorkPool`]; nothing here knows of threads.
//!
//! A job cannot be interrupted, so the order of a queue alone does not help a job of a few milliseconds: all threads
//! may be at work on jobs of a second. Short jobs therefore have threads of their own, and the others prefer long jobs.
//! While both kinds wait, neither takes from the other: at full load the processor's time is divided by the numbers of
//! threads. While one kind waits, all threads that may take it do.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use resizer_imaging::Cost;

/// A job whose predicted time is at most this is short. A short job waits for no longer one than this.
const SHORT: Duration = Duration::from_millis(20);
/// A job goes before those that came after it by this many times its own predicted time or more, however short they
/// are. So shorter jobs pass by, and each job's wait is bounded by the jobs of its own kind that came before or soon
/// after.
const AGEING: u32 = 8;
/// Longer predictions count as this one, so that even their jobs get their turn within the deadline of a request.
const LONGEST: Duration = Duration::from_secs(2);

/// A job's place in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// By the job's predicted time.
    After(Duration),
    /// Before all other jobs: for a health check.
    Next,
}

impl Turn {
    /// The turn of a job of this cost.
    pub(crate) fn of(cost: &Cost) -> Self {
        Self::After(cost.time)
    }
}

/// The jobs that a thread takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    /// Short jobs only.
    Short,
    /// Long jobs, and short ones where no long one waits.
    All,
}

/// The number of a waiting job. Also the order of jobs that are due at the same time.
pub(super) type Id = u64;

/// Jobs that wait, each with its number.
pub(super) struct Queue<J> {
    next: VecDeque<(Id, J)>,
    /// By the time at which no later job goes first any more.
    short: BTreeMap<(Instant, Id), J>,
    long: BTreeMap<(Instant, Id), J>,
    last_id: Id,
}

impl<J> Queue<J> {
    pub(super) fn new() -> Self {
        Self {
            next: VecDeque::new(),
            short: BTreeMap::new(),
            long: BTreeMap::new(),
            last_id: 0,
        }
    }

    /// Adds a job that came at this time. Returns its number, and whether only threads that take all jobs take it.
    pub(super) fn push(&mut self, turn: Turn, came: Instant, job: J) -> (Id, bool) {
        self.last_id += 1;
        let id = self.last_id;
        let long = match turn {
            Turn::Next => {
                self.next.push_back((id, job));
                false
            }
            Turn::After(time) => {
                let due = came + time.min(LONGEST) * AGEING;
                let long = time > SHORT;
                let jobs = if long { &mut self.long } else { &mut self.short };
                jobs.insert((due, id), job);
                long
            }
        };
        (id, long)
    }

    /// Short jobs that wait.
    pub(super) fn short_jobs(&self) -> usize {
        self.next.len() + self.short.len()
    }

    /// The next job for a thread.
    pub(super) fn take(&mut self, takes: Takes) -> Option<J> {
        if let Some((_, job)) = self.next.pop_front() {
            return Some(job);
        }
        let long = match takes {
            Takes::All => self.long.pop_first(),
            Takes::Short => None,
        };
        long.or_else(|| self.short.pop_first()).map(|(_, job)| job)
    }

    /// Removes a job that still waits.
    pub(super) fn remove(&mut self, id: Id) -> Option<J> {
        if let Some(at) = self.next.iter().position(|(next, _)| *next == id) {
            return self.next.remove(at).map(|(_, job)| job);
        }
        [&mut self.short, &mut self.long].into_iter().find_map(|jobs| {
            let key = jobs.keys().find(|(_, waiting)| *waiting == id).copied()?;
            jobs.remove(&key)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn milliseconds(number: u64) -> Duration {
        Duration::from_millis(number)
    }

    /// The names of the waiting jobs in the order in which a thread takes them.
    fn order(queue: &mut Queue<&'static str>, takes: Takes) -> Vec<&'static str> {
        std::iter::from_fn(|| queue.take(takes)).collect()
    }

    /// Jobs by name, with the time at which each came and its predicted time, in milliseconds.
    fn queue(jobs: &[(&'static str, u64, u64)]) -> Queue<&'static str> {
        let (mut queue, begun) = (Queue::new(), Instant::now());
        for (name, came, time) in jobs {
            queue.push(Turn::After(milliseconds(*time)), begun + milliseconds(*came), *name);
        }
        queue
    }

    #[test]
    fn thread_for_short_jobs_takes_no_long_one() {
        let mut queue = queue(&[("a", 0, 900), ("b", 1, 5), ("c", 2, 300), ("d", 3, 2)]);
        assert_eq!(order(&mut queue, Takes::Short), ["d", "b"]);
        assert_eq!(order(&mut queue, Takes::All), ["c", "a"]);
    }

    #[test]
    fn thread_for_all_jobs_prefers_long_ones() {
        let mut queue = queue(&[("short", 0, 1), ("long", 500, 300)]);
        assert_eq!(order(&mut queue, Takes::All), ["long", "short"]);
    }

    #[test]
    fn shorter_job_passes_by_longer_ones_that_came_before() {
        let mut queue = queue(&[("a", 0, 1000), ("b", 10, 200), ("c", 20, 100), ("d", 30, 100)]);
        assert_eq!(order(&mut queue, Takes::All), ["c", "d", "b", "a"]);
    }

    #[test]
    fn job_that_waits_for_long_is_passed_by_no_more() {
        let aged = u64::from(AGEING) * (1000 - 100);
        let mut queue = queue(&[("late", aged + 1, 100), ("old", 0, 1000), ("early", aged - 1, 100)]);
        assert_eq!(order(&mut queue, Takes::All), ["early", "old", "late"]);
    }

    #[test]
    fn health_check_goes_first_on_every_thread() {
        for takes in [Takes::Short, Takes::All] {
            let mut queue = queue(&[("short", 0, 1), ("long", 0, 100)]);
            queue.push(Turn::Next, Instant::now(), "check");
            assert_eq!(queue.take(takes), Some("check"));
        }
    }

    #[test]
    fn removed_job_is_not_taken() {
        let mut queue = Queue::new();
        let now = Instant::now();
        let turns = [Turn::Next, Turn::After(milliseconds(1)), Turn::After(Duration::MAX)];
        let ids = turns.map(|turn| queue.push(turn, now, turn).0);
        for (id, turn) in ids.into_iter().zip(turns) {
            assert_eq!((queue.remove(id), queue.remove(id)), (Some(turn), None));
        }
        assert_eq!(queue.take(Takes::All), None);
    }
}
