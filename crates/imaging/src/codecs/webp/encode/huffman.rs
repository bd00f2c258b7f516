//! Prefix codes of lossless pictures, and the bit writer (RFC 9649, section 3.7.2).

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Appends bits to the bytes of a file, the lowest first.
pub(super) struct BitWriter<'b> {
    bytes: &'b mut Vec<u8>,
    /// Fewer than 32 bits between calls.
    waiting: u64,
    count: u32,
}

impl<'b> BitWriter<'b> {
    pub(super) const fn new(bytes: &'b mut Vec<u8>) -> Self {
        Self {
            bytes,
            waiting: 0,
            count: 0,
        }
    }

    /// Appends a value of `count` bits, 0 to 32. Its higher bits must be 0.
    pub(super) fn write(&mut self, value: u32, count: u32) {
        self.waiting |= u64::from(value) << self.count;
        self.count += count;
        if self.count >= 32 {
            self.bytes.extend_from_slice(&(self.waiting as u32).to_le_bytes());
            self.waiting >>= 32;
            self.count -= 32;
        }
    }

    pub(super) fn reserve(&mut self, bits: u64) {
        self.bytes.reserve_exact(usize::try_from(bits / 8).unwrap_or(0) + 8);
    }

    /// Fills up the last byte.
    pub(super) fn finish(self) {
        let bytes = self.count.div_ceil(8) as usize;
        self.bytes.extend_from_slice(&self.waiting.to_le_bytes()[..bytes]);
    }
}

/// A canonical prefix code.
pub(super) struct Code {
    /// By symbol; 0 for symbols that do not occur. A lone symbol has length 1, but takes no bits.
    lengths: Vec<u8>,
    /// The bits of each symbol, as they are written.
    bits: Vec<u16>,
    alone: Option<usize>,
}

/// The longest code of a symbol, and of a code length.
const LONGEST: u8 = 15;
const LONGEST_OF_LENGTHS: u8 = 7;

/// The order in which the lengths of the code length code are stored.
const ORDER: [usize; 19] = [17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

impl Code {
    /// The Huffman code for symbols with these counts.
    pub(super) fn new(counts: &[u32]) -> Self {
        Self::within(counts, LONGEST)
    }

    /// The code for a symbol that is the only one.
    pub(super) fn alone(symbol: usize) -> Self {
        let mut counts = vec![0; symbol + 1];
        counts[symbol] = 1;
        Self::new(&counts)
    }

    fn within(counts: &[u32], longest: u8) -> Self {
        let mut used = (0..counts.len()).filter(|symbol| counts[*symbol] > 0);
        let alone = match (used.next(), used.next()) {
            (first, None) => Some(first.unwrap_or(0)),
            _ => None,
        };
        let mut lengths = vec![0; counts.len()];
        if let Some(symbol) = alone {
            lengths[symbol] = 1;
        } else {
            // Flatter counts make shorter codes; with all of them 1 none is longer than 9.
            let mut counts = counts.to_vec();
            set_lengths(&counts, &mut lengths);
            while lengths.iter().any(|length| *length > longest) {
                for count in counts.iter_mut().filter(|count| **count > 0) {
                    *count = count.div_ceil(2);
                }
                set_lengths(&counts, &mut lengths);
            }
        }
        let mut bits = vec![0; lengths.len()];
        let mut next = 0_u16;
        for length in 1..=longest {
            for symbol in (0..lengths.len()).filter(|symbol| lengths[*symbol] == length) {
                bits[symbol] = next.reverse_bits() >> (16 - length);
                next += 1;
            }
            next <<= 1;
        }
        Self { lengths, bits, alone }
    }

    /// The bits that a symbol takes.
    pub(super) fn length(&self, symbol: usize) -> u32 {
        if self.alone.is_some() {
            0
        } else {
            u32::from(self.lengths[symbol])
        }
    }

    pub(super) fn put(&self, symbol: usize, output: &mut BitWriter<'_>) {
        output.write(
            u32::from(self.bits[symbol]) & ((1 << self.length(symbol)) - 1),
            self.length(symbol),
        );
    }

    /// Writes the code itself: a lone symbol by its number, else the code length of every symbol.
    pub(super) fn describe(&self, output: &mut BitWriter<'_>) {
        if let Some(symbol) = self.alone {
            // A simple code of one symbol, of one bit or eight. (A lone green fits: the first pixel is a literal.)
            output.write(0b01, 2);
            let wide = u32::from(symbol > 1);
            output.write(wide, 1);
            output.write(symbol as u32, if wide == 1 { 8 } else { 1 });
            return;
        }
        output.write(0, 1);
        let runs = runs(&self.lengths);
        let mut counts = [0; ORDER.len()];
        for run in &runs {
            counts[run.symbol] += 1;
        }
        let code = Self::within(&counts, LONGEST_OF_LENGTHS);
        let last = ORDER.iter().rposition(|symbol| counts[*symbol] > 0).unwrap_or(0);
        let stored = (last + 1).max(4);
        output.write(stored as u32 - 4, 4);
        for symbol in &ORDER[..stored] {
            output.write(u32::from(code.lengths[*symbol]), 3);
        }
        // The lengths of all symbols follow.
        output.write(0, 1);
        for run in runs {
            code.put(run.symbol, output);
            output.write(run.extra, run.extra_bits);
        }
    }
}

/// A code length, or a run of zeros.
struct Run {
    symbol: usize,
    extra: u32,
    extra_bits: u32,
}

/// Code lengths, with zeros as runs.
fn runs(lengths: &[u8]) -> Vec<Run> {
    let mut runs = Vec::new();
    for equal in lengths.chunk_by(|a, b| *a == 0 && *b == 0) {
        let mut left = equal.len() as u32;
        while left > 0 {
            let (symbol, taken, extra, extra_bits) = match left {
                3..=10 if equal[0] == 0 => (17, left, left - 3, 3),
                11.. if equal[0] == 0 => (18, left.min(138), left.min(138) - 11, 7),
                _ => (usize::from(equal[0]), 1, 0, 0),
            };
            runs.push(Run {
                symbol,
                extra,
                extra_bits,
            });
            left -= taken;
        }
    }
    runs
}

/// Sets Huffman code lengths for two symbols or more: joins the two rarest nodes, again and again.
fn set_lengths(counts: &[u32], lengths: &mut [u8]) {
    let symbols: Vec<usize> = (0..counts.len()).filter(|symbol| counts[*symbol] > 0).collect();
    let leaves = symbols.iter().enumerate();
    let mut rarest: BinaryHeap<Reverse<(u64, usize)>> = leaves
        .map(|(node, symbol)| Reverse((u64::from(counts[*symbol]), node)))
        .collect();
    // The parent of each node has a higher number; the last node has none.
    let nodes = 2 * symbols.len() - 1;
    let mut parents = vec![nodes; nodes];
    for joined in symbols.len()..nodes {
        let (Some(Reverse((a, first))), Some(Reverse((b, second)))) = (rarest.pop(), rarest.pop()) else {
            break;
        };
        (parents[first], parents[second]) = (joined, joined);
        rarest.push(Reverse((a + b, joined)));
    }
    let mut depths = vec![0_u8; nodes];
    for node in (0..nodes - 1).rev() {
        depths[node] = depths[parents[node]].saturating_add(1);
    }
    for (symbol, depth) in symbols.iter().zip(depths) {
        lengths[*symbol] = depth;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every code is complete (Kraft's sum is 1), within its limit, and gives rarer symbols no shorter codes.
    #[test]
    fn code_of_any_counts_is_complete_and_within_its_limit() {
        let check = |counts: &[u32], longest: u8| {
            let code = Code::within(counts, longest);
            let used = counts.iter().filter(|count| **count > 0).count();
            if used < 2 {
                assert!(code.alone.is_some());
                return;
            }
            let shares = code.lengths.iter().filter(|length| **length > 0);
            let sum: f64 = shares.map(|length| 0.5_f64.powi(i32::from(*length))).sum();
            assert!((sum - 1.0).abs() < 1e-9, "{counts:?}");
            for (symbol, length) in code.lengths.iter().enumerate() {
                assert!(*length <= longest, "{counts:?}");
                assert_eq!(*length == 0, counts[symbol] == 0, "{counts:?}");
                for (other, longer) in code.lengths.iter().enumerate().filter(|other| *other.1 > 0) {
                    assert!(
                        counts[symbol] <= counts[other] || length <= longer,
                        "{counts:?}: {symbol}, {other}"
                    );
                }
            }
        };
        let fibonacci: Vec<u32> = std::iter::successors(Some((1, 1)), |(a, b)| Some((*b, a + b)))
            .map(|pair| pair.0)
            .take(40)
            .collect();
        check(&fibonacci, LONGEST);
        check(&fibonacci[..19], LONGEST_OF_LENGTHS);
        check(&[7; 256], LONGEST);
        check(&[0, 3, 0, 9, 1], LONGEST);
        check(&[0, 0, 5], LONGEST);
        check(&[0, 0], LONGEST);
    }

    /// Worked out by hand: four symbols with the codes 0, 10, 110 and 111, written from their first bit.
    #[test]
    fn bit_writer_fills_bytes_from_the_lowest_bit() {
        let code = Code::new(&[8, 4, 2, 1]);
        let mut bytes = Vec::new();
        let mut output = BitWriter::new(&mut bytes);
        for symbol in [0, 1, 2, 3] {
            code.put(symbol, &mut output);
        }
        output.finish();
        // 0, then 1 0, then 1 1 0, then 1 1 1.
        assert_eq!(bytes, [0b1101_1010, 0b1]);
    }
}
