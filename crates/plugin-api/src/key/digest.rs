//! The digest of a list of parts. Hits ask for those of the same few results again and again, so each thread remembers
//! some. Used by `key`.

use std::cell::RefCell;
use std::hash::BuildHasher as _;

use foldhash::quality::RandomState;
use sha2::{Digest as _, Sha256};

/// How many digests each thread remembers.
const REMEMBERED: usize = 64;
/// Longest message that is remembered, in bytes; with what its buffer grew to, some 128 KiB a thread at most.
const LONGEST: usize = 1 << 10;

type Digest = [u8; 32];

#[derive(Default)]
struct Memory {
    random: RandomState,
    /// What was hashed, each in the place that its own hash gives it, and what came of it.
    made: Vec<(Vec<u8>, Digest)>,
    message: Vec<u8>,
}

thread_local! {
    static MEMORY: RefCell<Memory> = RefCell::default();
}

/// SHA-256 of the parts, each after its length, so that no two lists of parts run together.
pub(super) fn of_parts<'p>(parts: impl IntoIterator<Item = &'p [u8]>) -> Digest {
    MEMORY.with_borrow_mut(|memory| {
        let Memory { random, made, message } = memory;
        message.clear();
        for part in parts {
            message.extend_from_slice(&(part.len() as u64).to_le_bytes());
            message.extend_from_slice(part);
        }
        if message.len() > LONGEST {
            return Sha256::digest(std::mem::take(message)).into();
        }
        made.resize_with(REMEMBERED, || (Vec::new(), Sha256::digest([]).into()));
        let (of, digest) = &mut made[random.hash_one(&message[..]) as usize % REMEMBERED];
        if of != message {
            *digest = Sha256::digest(&*message).into();
            std::mem::swap(of, message);
        }
        *digest
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Twice, for those that are remembered, those that another took the place of, and those that are too long.
    #[test]
    fn what_is_remembered_is_the_digest_of_these_parts() {
        for _ in 0..2 {
            for length in 0..2 * LONGEST {
                let part = vec![length as u8; length];
                let mut hash = Sha256::new();
                hash.update((length as u64).to_le_bytes());
                hash.update(&part);
                let expected: Digest = hash.finalize().into();
                assert_eq!(of_parts([&part[..]]), expected, "{length} bytes");
            }
        }
        assert_eq!(of_parts([]), Digest::from(Sha256::digest([])));
    }
}
