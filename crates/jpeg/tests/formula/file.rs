//! JPEG writer for tests: builds a file from chosen coefficients, written from the specification (T.81) alone.

/// Random number generator (Marsaglia's xorshift) with a fixed seed, so that failures can be repeated.
pub(crate) struct Random(pub(crate) u32);

impl Random {
    pub(crate) fn below(&mut self, end: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 % end
    }
}

/// Quantised coefficients of a block in zigzag order.
pub(crate) type Block = [i32; 64];

pub(crate) struct Picture {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// The sampling factors of each component: blocks in an MCU, across and down.
    pub(crate) factors: Vec<(u32, u32)>,
    /// MCUs between restart markers. 0 means none.
    pub(crate) interval: u32,
    /// The length in bits of every DC code and of every AC code.
    pub(crate) lengths: (u8, u8),
    /// For each component its rows of blocks, padded to whole MCUs.
    pub(crate) blocks: Vec<Vec<Vec<Block>>>,
}

/// The quantisation step of the coefficient at this index in zigzag order.
pub(crate) fn quantiser(place: usize) -> u8 {
    1 + place as u8 / 3
}

/// The column and row of each index in zigzag order: along the diagonals, up and down in turn (T.81, figure A.6).
pub(crate) fn zigzag() -> Vec<(usize, usize)> {
    (0..15_usize)
        .flat_map(|sum| {
            let rows = sum.saturating_sub(7)..=sum.min(7);
            let mut places: Vec<_> = rows.map(|row| (sum - row, row)).collect();
            if sum % 2 == 0 {
                places.reverse();
            }
            places
        })
        .collect()
}

impl Picture {
    /// A picture with blocks of every kind: flat ones, and ones with few or many coefficients.
    pub(crate) fn random(
        random: &mut Random,
        width: u32,
        height: u32,
        factors: &[(u32, u32)],
        interval: u32,
        lengths: (u8, u8),
    ) -> Self {
        let mut picture = Self {
            width,
            height,
            factors: factors.to_vec(),
            interval,
            lengths,
            blocks: Vec::new(),
        };
        let (units_across, units_down) = picture.units();
        for (across, down) in picture.block_factors() {
            let mut rows = Vec::new();
            for _ in 0..units_down * down {
                let row = (0..units_across * across).map(|_| {
                    let mut block = [0; 64];
                    block[0] = random.below(800) as i32 - 400;
                    let coefficients = [0, 3, 20, 63, 63][random.below(5) as usize];
                    for _ in 0..coefficients {
                        let place = 1 + random.below(63) as usize;
                        let most = [2, 9, 40][random.below(3) as usize];
                        block[place] = random.below(2 * most + 1) as i32 - most as i32;
                    }
                    block
                });
                rows.push(row.collect());
            }
            picture.blocks.push(rows);
        }
        picture
    }

    pub(crate) fn most(&self) -> (u32, u32) {
        let across = self.block_factors().iter().map(|factor| factor.0).max().unwrap();
        (
            across,
            self.block_factors().iter().map(|factor| factor.1).max().unwrap(),
        )
    }

    /// The blocks in an MCU. In a scan of one component it is one block (T.81, A.2.2).
    pub(crate) fn block_factors(&self) -> Vec<(u32, u32)> {
        if self.factors.len() == 1 {
            vec![(1, 1)]
        } else {
            self.factors.clone()
        }
    }

    fn units(&self) -> (u32, u32) {
        let (across, down) = self.most();
        (self.width.div_ceil(8 * across), self.height.div_ceil(8 * down))
    }

    pub(crate) fn file(&self) -> Vec<u8> {
        let [w, h] = [self.width, self.height].map(|side| (side as u16).to_be_bytes());
        let count = self.factors.len() as u8;
        let mut frame = vec![8, h[0], h[1], w[0], w[1], count];
        let mut scan = vec![count];
        for (id, (across, down)) in (1..).zip(&self.factors) {
            frame.extend([id, (across << 4 | down) as u8, 0]);
            scan.extend([id, 0]);
        }
        scan.extend([0, 63, 0]);
        let quantisers: Vec<u8> = [0].into_iter().chain((0..64).map(quantiser)).collect();
        // The code of a symbol is its index in the list, in `length` bits.
        let code = |kind: u8, length: u8, symbols: &[u8]| {
            let mut counts = [0; 16];
            counts[usize::from(length) - 1] = symbols.len() as u8;
            [&[kind], &counts[..], symbols].concat()
        };
        let mut file = vec![0xff, 0xd8];
        for (marker, body) in [
            (0xdb, quantisers),
            (0xc4, code(0x00, self.lengths.0, &MEANS)),
            (0xc4, code(0x10, self.lengths.1, &others())),
            (0xdd, (self.interval as u16).to_be_bytes().to_vec()),
            (0xc1, frame),
            (0xda, scan),
        ] {
            file.extend([0xff, marker]);
            file.extend((body.len() as u16 + 2).to_be_bytes());
            file.extend(body);
        }
        self.write_data(&mut file);
        file.extend([0xff, 0xd9]);
        file
    }

    fn write_data(&self, file: &mut Vec<u8>) {
        let mut bits = Bits::default();
        let mut means = vec![0; self.factors.len()];
        let (across, down) = self.units();
        for unit in 0..across * down {
            if self.interval > 0 && unit > 0 && unit % self.interval == 0 {
                file.extend(std::mem::take(&mut bits).finish());
                file.extend([0xff, 0xd0 + (unit / self.interval - 1) as u8 % 8]);
                means.fill(0);
            }
            for (component, (columns, rows)) in self.block_factors().into_iter().enumerate() {
                for row in 0..rows {
                    for column in 0..columns {
                        let y = unit / across * rows + row;
                        let x = unit % across * columns + column;
                        let block = &self.blocks[component][y as usize][x as usize];
                        self.write_block(&mut bits, block, &mut means[component]);
                    }
                }
            }
        }
        file.extend(bits.finish());
    }

    /// Encodes a block as T.81, F.1.2 says.
    fn write_block(&self, bits: &mut Bits, block: &Block, mean: &mut i32) {
        let (means, others) = self.lengths;
        let difference = block[0] - *mean;
        *mean = block[0];
        bits.push(size(difference), means);
        bits.push_value(difference);
        let symbols = others_index;
        let mut zeros = 0;
        for value in &block[1..] {
            if *value == 0 {
                zeros += 1;
                continue;
            }
            while zeros > 15 {
                bits.push(symbols(0xf0), others);
                zeros -= 16;
            }
            bits.push(symbols((zeros << 4) as u8 | size(*value) as u8), others);
            bits.push_value(*value);
            zeros = 0;
        }
        if zeros > 0 {
            bits.push(symbols(0), others);
        }
    }
}

/// The DC symbols: sizes of differences.
const MEANS: [u8; 12] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];

/// The AC symbols: end of block, sixteen zeros, and all runs and sizes.
fn others() -> Vec<u8> {
    let mut symbols = vec![0, 0xf0];
    symbols.extend((0..16).flat_map(|zeros| (1..=10).map(move |size| zeros << 4 | size)));
    symbols
}

fn others_index(symbol: u8) -> u32 {
    others().iter().position(|other| *other == symbol).unwrap() as u32
}

/// The number of bits of a value.
fn size(value: i32) -> u32 {
    32 - value.unsigned_abs().leading_zeros()
}

#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    held: u32,
    count: u8,
}

impl Bits {
    fn push(&mut self, number: u32, count: u8) {
        for bit in (0..count).rev() {
            self.held = self.held << 1 | (number >> bit & 1);
            self.count += 1;
            if self.count == 8 {
                self.bytes.push(self.held as u8);
                if self.held as u8 == 0xff {
                    self.bytes.push(0);
                }
                self.count = 0;
            }
        }
    }

    fn push_value(&mut self, value: i32) {
        let size = size(value);
        let number = if value < 0 { value + (1 << size) - 1 } else { value };
        self.push(number as u32, size as u8);
    }

    fn finish(mut self) -> Vec<u8> {
        while self.count > 0 {
            self.push(1, 1);
        }
        self.bytes
    }
}
