//! JPEG writer for tests: builds a file from chosen coefficients, written from the specification (T.81) alone.

use crate::scans::{self, Scan};

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
    /// The length in bits of every DC code and of every AC code.
    pub(crate) lengths: (u8, u8),
    pub(crate) progressive: bool,
    pub(crate) scans: Vec<Scan>,
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
    /// A picture with blocks of every kind: flat ones, and ones with few or many coefficients. It is sequential, in one
    /// scan.
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
            lengths,
            progressive: false,
            scans: vec![Scan::sequential(&(0..factors.len()).collect::<Vec<_>>(), interval)],
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

    /// The same picture in these scans.
    pub(crate) fn in_scans(mut self, progressive: bool, scans: Vec<Scan>) -> Self {
        (self.progressive, self.scans) = (progressive, scans);
        self
    }

    pub(crate) fn most(&self) -> (u32, u32) {
        let factors = self.block_factors();
        let across = factors.iter().map(|factor| factor.0).max().unwrap();
        (across, factors.iter().map(|factor| factor.1).max().unwrap())
    }

    /// The blocks in an MCU. In a scan of one component it is one block (T.81, A.2.2).
    pub(crate) fn block_factors(&self) -> Vec<(u32, u32)> {
        if self.factors.len() == 1 {
            vec![(1, 1)]
        } else {
            self.factors.clone()
        }
    }

    /// MCUs of all components, across and down.
    pub(crate) fn units(&self) -> (u32, u32) {
        let (across, down) = self.most();
        (self.width.div_ceil(8 * across), self.height.div_ceil(8 * down))
    }

    /// The coefficients that the scans hold: bits that no scan codes are 0 (G.1.1.1). DC coefficients are shifted, and
    /// AC coefficients divided.
    pub(crate) fn coded(&self, component: usize, block: &Block) -> Block {
        let mut coded = [0; 64];
        for scan in self.scans.iter().filter(|scan| scan.components.contains(&component)) {
            for place in scan.first..=scan.last {
                let step = 1 << scan.low;
                coded[place] = match place {
                    0 => block[0] >> scan.low << scan.low,
                    _ => block[place] / step * step,
                };
            }
        }
        coded
    }

    pub(crate) fn file(&self) -> Vec<u8> {
        let [w, h] = [self.width, self.height].map(|side| (side as u16).to_be_bytes());
        let mut frame = vec![8, h[0], h[1], w[0], w[1], self.factors.len() as u8];
        for (id, (across, down)) in (1..).zip(&self.factors) {
            frame.extend([id, (across << 4 | down) as u8, 0]);
        }
        let quantisers: Vec<u8> = [0].into_iter().chain((0..64).map(quantiser)).collect();
        // The code of a symbol is its index in the list, in `length` bits.
        let code = |kind: u8, length: u8, symbols: &[u8]| {
            let mut counts = [0; 16];
            counts[usize::from(length) - 1] = symbols.len() as u8;
            [&[kind], &counts[..], symbols].concat()
        };
        let mut file = vec![0xff, 0xd8];
        segment(&mut file, 0xdb, &quantisers);
        segment(&mut file, 0xc4, &code(0x00, self.lengths.0, &scans::MEANS));
        segment(&mut file, 0xc4, &code(0x10, self.lengths.1, &scans::others()));
        segment(&mut file, if self.progressive { 0xc2 } else { 0xc1 }, &frame);
        for scan in &self.scans {
            segment(&mut file, 0xdd, &(scan.interval as u16).to_be_bytes());
            let mut header = vec![scan.components.len() as u8];
            header.extend(scan.components.iter().flat_map(|component| [*component as u8 + 1, 0]));
            let high = if scan.refines { scan.low + 1 } else { 0 };
            header.extend([scan.first as u8, scan.last as u8, high << 4 | scan.low]);
            segment(&mut file, 0xda, &header);
            scans::write(self, scan, &mut file);
        }
        file.extend([0xff, 0xd9]);
        file
    }
}

fn segment(file: &mut Vec<u8>, marker: u8, body: &[u8]) {
    file.extend([0xff, marker]);
    file.extend((body.len() as u16 + 2).to_be_bytes());
    file.extend(body);
}
