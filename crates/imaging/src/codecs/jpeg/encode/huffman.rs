//! Optimal Huffman code of a scan: computes code lengths from the counts of its symbols (K.2).

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::symbols::Counts;

/// The longest code there may be.
const LONGEST: usize = 16;

/// A prefix code for up to 256 symbols.
pub(super) struct Code {
    /// The number of symbols with codes of 1 to 16 bits.
    counts: [u8; LONGEST],
    /// The symbols, from the shortest code to the longest.
    symbols: Vec<u8>,
    /// By symbol: the code, and its length.
    codes: [(u16, u32); 256],
}

impl Code {
    pub(super) fn new(Counts(counts): Counts) -> Self {
        let lengths = lengths(&counts);
        let mut symbols: Vec<u8> = (0..=255).filter(|symbol| counts[usize::from(*symbol)] > 0).collect();
        symbols.sort_by_key(|symbol| lengths[usize::from(*symbol)]);
        let counts = limited(&lengths);
        let mut codes = [(0, 0); 256];
        let mut code = 0;
        let mut next = symbols.iter();
        for (length, count) in (1..).zip(counts) {
            for symbol in next.by_ref().take(usize::from(count)) {
                codes[usize::from(*symbol)] = (code, length);
                code += 1;
            }
            code <<= 1;
        }
        Self { counts, symbols, codes }
    }

    /// The code of a symbol that was counted, and its length.
    pub(super) const fn of(&self, symbol: u8) -> (u16, u32) {
        self.codes[symbol as usize]
    }

    /// Appends the code's description in a file: B.2.4.2.
    pub(super) fn describe(&self, body: &mut Vec<u8>) {
        body.extend_from_slice(&self.counts);
        body.extend_from_slice(&self.symbols);
    }
}

/// A symbol that never occurs. It takes the code that consists of ones only, which no symbol may have.
const RESERVED: usize = 256;

/// Huffman code lengths of all symbols that occur, and of [`RESERVED`]. The lengths are below 64: a length of n needs
/// more symbols than the nth Fibonacci number.
fn lengths(counts: &[u32; 256]) -> [usize; 257] {
    let mut heap: BinaryHeap<_> = (0..256)
        .filter(|symbol| counts[*symbol] > 0)
        .map(|symbol| Reverse((u64::from(counts[symbol]), vec![symbol])))
        .collect();
    // Before all others, so that it gets one of the longest codes.
    heap.push(Reverse((0, vec![RESERVED])));
    let mut lengths = [0; 257];
    while let (Some(Reverse((one, mut symbols))), Some(Reverse((other, more)))) = (heap.pop(), heap.pop()) {
        symbols.extend(more);
        for symbol in &symbols {
            lengths[*symbol] += 1;
        }
        heap.push(Reverse((one + other, symbols)));
    }
    lengths
}

/// The number of codes of each length, without the reserved one, once all are limited to 16 bits: figure K.3. Of two
/// codes that are too long, one takes their common prefix, and the other one shares the place of a shorter code.
fn limited(lengths: &[usize; 257]) -> [u8; LONGEST] {
    let mut counts = [0_u16; 64];
    for length in lengths.iter().filter(|length| **length > 0) {
        counts[*length] += 1;
    }
    for length in (LONGEST + 1..64).rev() {
        while counts[length] > 0 {
            let shorter = (1..length - 1).rev().find(|length| counts[*length] > 0).unwrap_or(1);
            counts[length] -= 2;
            counts[length - 1] += 1;
            counts[shorter + 1] += 2;
            counts[shorter] -= 1;
        }
    }
    if let Some(longest) = counts.iter_mut().rev().find(|count| **count > 0) {
        *longest -= 1;
    }
    std::array::from_fn(|index| counts[index + 1] as u8)
}
