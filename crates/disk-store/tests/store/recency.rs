//! Hit rate: compared with the plainest cache that always evicts the least recently used entry.

use std::collections::{BTreeMap, HashMap};

use super::*;

const ENTRIES: u64 = 4_000;
const REQUESTS: u64 = 12_000;

/// A cache of so many bytes that knows nothing but the order of use.
struct Plain {
    room: u64,
    clock: u64,
    used: HashMap<u64, (u64, u64)>,
    order: BTreeMap<u64, u64>,
}

impl Plain {
    /// Whether it was there; if not, it is now.
    fn asks_for(&mut self, number: u64, bytes: u64) -> bool {
        self.clock += 1;
        let before = self.used.insert(number, (self.clock, bytes));
        self.order.insert(self.clock, number);
        if let Some((before, _)) = before {
            self.order.remove(&before);
            return true;
        }
        while bytes > self.room {
            let (_, oldest) = self.order.pop_first().unwrap();
            self.room += self.used.remove(&oldest).unwrap().1;
        }
        self.room -= bytes;
        false
    }
}

/// Numbers by Zipf's law with exponent 1: the n-th is asked for 1/n as often as the first.
fn trace() -> impl Iterator<Item = u64> {
    let mut sums = Vec::new();
    let mut sum = 0.0;
    for rank in 1..=ENTRIES {
        sum += 1.0 / rank as f64;
        sums.push(sum);
    }
    let mut random = 0x9E37_79B9_7F4A_7C15_u64;
    (0..REQUESTS).map(move |_| {
        // Xorshift.
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let point = (random >> 11) as f64 / (1_u64 << 53) as f64 * sum;
        sums.partition_point(|sum| *sum < point) as u64
    })
}

#[test]
fn hit_rate_equals_that_of_the_plainest_cache() {
    const BOUND: u64 = 8 * MIB;
    let folder = tempfile::tempdir().unwrap();
    let mut store = Some(store(folder.path(), BOUND));
    let mut plain = Plain {
        room: BOUND,
        clock: 0,
        used: HashMap::new(),
        order: BTreeMap::new(),
    };
    let (mut ours, mut theirs) = (0, 0);
    for (at, number) in trace().enumerate() {
        let length = 500 + number * 7919 % 20_000;
        let bytes = length.next_multiple_of(4096);
        theirs += u64::from(plain.asks_for(number, bytes));
        // A restart now and then.
        if at % 4_000 == 3_999 {
            drop(store.take());
        }
        let store = store.get_or_insert_with(|| super::store(folder.path(), BOUND));
        if is_kept(store, number) {
            ours += 1;
        } else {
            assert!(write(store, number, length as usize));
        }
    }
    let share = |hits: u64| hits as f64 / REQUESTS as f64;
    // `cargo xtask soak million` reads this line.
    println!("met {:.4} plain {:.4}", share(ours), share(theirs));
    assert!(
        (0.4..0.95).contains(&share(theirs)),
        "a trace that shows something: {:.3}",
        share(theirs)
    );
    assert!(
        share(ours) >= 0.95 * share(theirs),
        "{:.3} of the requests were met, {:.3} by the plain cache",
        share(ours),
        share(theirs)
    );
}
