//! Optimal Huffman code of a scan: computes code lengths from the counts of its symbols (K.2).

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
///
/// The two rarest nodes get a common parent, until one node is left. Parents come up in the order of their counts, so
/// that the rarest node is always the next symbol or the next parent.
fn lengths(counts: &[u32; 256]) -> [usize; 257] {
    let mut leaves: Vec<(u64, usize)> = (0..256)
        .filter(|symbol| counts[*symbol] > 0)
        .map(|symbol| (u64::from(counts[symbol]), symbol))
        .collect();
    // Before all others, so that it gets one of the longest codes.
    leaves.push((0, RESERVED));
    leaves.sort_unstable();
    let mut nodes: Vec<u64> = leaves.iter().map(|(count, _)| *count).collect();
    let mut parents = vec![0; 2 * leaves.len() - 1];
    let (mut leaf, mut inner) = (0, leaves.len());
    while nodes.len() < parents.len() {
        let mut sum = 0;
        for _ in 0..2 {
            let is_leaf = leaf < leaves.len() && nodes.get(inner).is_none_or(|count| nodes[leaf] <= *count);
            let next = if is_leaf { &mut leaf } else { &mut inner };
            sum += nodes[*next];
            parents[*next] = nodes.len();
            *next += 1;
        }
        nodes.push(sum);
    }
    // The last node is the root. A parent stands behind its children.
    let mut depths = vec![0; nodes.len()];
    for node in (0..nodes.len() - 1).rev() {
        depths[node] = depths[parents[node]] + 1;
    }
    let mut lengths = [0; 257];
    for ((_, symbol), depth) in leaves.into_iter().zip(depths) {
        lengths[symbol] = depth;
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

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(counts: [u32; 256]) -> [usize; 257] {
        let lengths = lengths(&counts);
        for symbol in 0..256 {
            assert_eq!(lengths[symbol] > 0, counts[symbol] > 0, "symbol {symbol}");
        }
        // Kraft's inequality holds with equality: no code is left over.
        let sum: f64 = lengths
            .iter()
            .filter(|length| **length > 0)
            .map(|length| 0.5_f64.powi(*length as i32))
            .sum();
        assert!(
            (sum - 1.0).abs() < 1e-12 || lengths.iter().all(|length| *length == 0),
            "{sum}"
        );
        lengths
    }

    /// Every symbol is twice as frequent as the one before, so that each code is longer by a bit than the next.
    #[test]
    fn lengths_are_those_of_a_huffman_code() {
        let mut counts = [0; 256];
        for (symbol, count) in counts.iter_mut().enumerate().take(5) {
            *count = 1 << symbol;
        }
        let lengths = checked(counts);
        assert_eq!(lengths[..5], [5, 4, 3, 2, 1]);
        assert_eq!(lengths[RESERVED], 5);

        let equal = checked([7; 256]);
        assert!(equal[..256].iter().filter(|length| **length == 8).count() == 255);
        assert_eq!(checked([0; 256])[RESERVED], 0);
    }

    /// Counts like Fibonacci's numbers give the longest codes, which are then limited to 16 bits.
    #[test]
    fn codes_have_at_most_sixteen_bits() {
        let mut counts = [0; 256];
        let (mut one, mut two) = (1, 1);
        for count in counts.iter_mut().take(30) {
            *count = one;
            (one, two) = (two, one + two);
        }
        assert!(checked(counts).iter().max() > Some(&20));
        let code = Code::new(Counts(counts));
        let all: Vec<(u16, u32)> = (0..30).map(|symbol| code.of(symbol)).collect();
        assert!(all.iter().all(|(_, length)| (1..=16).contains(length)), "{all:?}");
        for (index, (code, length)) in all.iter().enumerate() {
            assert_ne!(u32::from(*code), (1 << length) - 1, "no code consists of ones only");
            for (other, longer) in all.iter().skip(index + 1) {
                let (short, long) = if length <= longer {
                    ((*code, *length), (*other, *longer))
                } else {
                    ((*other, *longer), (*code, *length))
                };
                assert_ne!(long.0 >> (long.1 - short.1), short.0, "no code begins another");
            }
        }
    }
}
