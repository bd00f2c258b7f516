//! Write-behind queue: results that wait to be written, bounded by bytes and open to look-ups. Filled by requests,
//! emptied by the one thread that writes. A request that adds to the queue never waits.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use resizer_memory_store::weight;
use resizer_plugin_api::{ByteSize, CacheKey, Entry, Purge};

pub(crate) struct WriteBehind {
    state: Mutex<State>,
    /// Notified at every change that somebody may wait for.
    changed: Condvar,
    limit: u64,
}

#[derive(Default)]
struct State {
    entries: HashMap<CacheKey, Waiting>,
    /// Keys in the order they came; a key whose entry was replaced or removed since then is passed over.
    order: VecDeque<(CacheKey, u64)>,
    bytes: u64,
    last: u64,
    /// The one that is being written; it still stands in `entries`, unless it was removed or replaced meanwhile.
    writing: Option<(CacheKey, u64)>,
    stopping: bool,
}

struct Waiting {
    number: u64,
    entry: Entry,
}

/// An entry that is being written, until this is dropped.
pub(crate) struct Writing<'q> {
    queue: &'q WriteBehind,
    pub(crate) key: CacheKey,
    pub(crate) entry: Entry,
    number: u64,
}

impl WriteBehind {
    pub(crate) fn new(limit: ByteSize) -> Self {
        Self {
            state: Mutex::default(),
            changed: Condvar::new(),
            limit: limit.0,
        }
    }

    pub(crate) fn get(&self, key: &CacheKey) -> Option<Entry> {
        self.state.lock().entries.get(key).map(|waiting| waiting.entry.clone())
    }

    /// The weight of the waiting entries, in bytes.
    pub(crate) fn bytes(&self) -> u64 {
        self.state.lock().bytes
    }

    /// Adds an entry, in place of one that waits under the same key; `false` if there is no room.
    pub(crate) fn put(&self, key: &CacheKey, entry: Entry) -> bool {
        let mut state = self.state.lock();
        state.remove(key);
        let weight = weight(key, &entry);
        if state.bytes + weight > self.limit {
            return false;
        }
        state.last += 1;
        let number = state.last;
        state.bytes += weight;
        state.entries.insert(key.clone(), Waiting { number, entry });
        state.order.push_back((key.clone(), number));
        self.changed.notify_all();
        true
    }

    /// Waits for the next entry to write; `None` when all is written and nothing more is to come.
    pub(crate) fn next(&self) -> Option<Writing<'_>> {
        let mut state = self.state.lock();
        loop {
            while let Some((key, number)) = state.order.pop_front() {
                let waiting = state.entries.get(&key).filter(|waiting| waiting.number == number);
                if let Some(entry) = waiting.map(|waiting| waiting.entry.clone()) {
                    state.writing = Some((key.clone(), number));
                    return Some(Writing {
                        queue: self,
                        key,
                        entry,
                        number,
                    });
                }
            }
            if state.stopping {
                return None;
            }
            self.changed.wait(&mut state);
        }
    }

    /// Removes the entries that a purge covers, and tells their keys. On return none of these is being written either.
    pub(crate) fn remove(&self, purge: &Purge) -> Vec<CacheKey> {
        let mut state = self.state.lock();
        let keys: Vec<CacheKey> = state.entries.keys().filter(|key| purge.covers(key)).cloned().collect();
        for key in &keys {
            state.remove(key);
        }
        let covered = state.writing.clone().filter(|(key, _)| purge.covers(key));
        if covered.is_some() {
            self.changed.wait_while(&mut state, |state| state.writing == covered);
        }
        keys
    }

    /// Waits until the queue is empty, for so long at most; tells whether it is.
    pub(crate) fn drain(&self, timeout: Duration) -> bool {
        let until = Instant::now() + timeout;
        let mut state = self.state.lock();
        self.changed
            .wait_while_until(&mut state, |state| !state.entries.is_empty(), until);
        state.entries.is_empty()
    }

    /// Nothing more is to come.
    pub(crate) fn end(&self) {
        self.state.lock().stopping = true;
        self.changed.notify_all();
    }

    /// Waits for the end or for some time; tells whether it is the end.
    pub(crate) fn has_ended_within(&self, time: Duration) -> bool {
        let mut state = self.state.lock();
        self.changed.wait_while_for(&mut state, |state| !state.stopping, time);
        state.stopping
    }
}

impl State {
    fn remove(&mut self, key: &CacheKey) {
        if let Some(waiting) = self.entries.remove(key) {
            self.bytes -= weight(key, &waiting.entry);
        }
    }
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        let mut state = self.queue.state.lock();
        state.writing = None;
        if state
            .entries
            .get(&self.key)
            .is_some_and(|waiting| waiting.number == self.number)
        {
            state.remove(&self.key);
        }
        drop(state);
        self.queue.changed.notify_all();
    }
}
