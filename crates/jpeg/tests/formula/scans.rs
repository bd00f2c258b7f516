//! Entropy coding for tests: writes sequential scans (T.81, F.1.2) and progressive ones (G.1.2).

use crate::file::{Block, Picture};

/// A scan to write: its components, the range of coefficients, the number of lowest bits that it leaves out, and the
/// number of MCUs between restart markers (0 means none).
#[derive(Clone, Debug)]
pub(crate) struct Scan {
    pub(crate) components: Vec<usize>,
    pub(crate) first: usize,
    pub(crate) last: usize,
    pub(crate) refines: bool,
    pub(crate) low: u8,
    pub(crate) interval: u32,
}

impl Scan {
    pub(crate) fn sequential(components: &[usize], interval: u32) -> Self {
        Self::progressive(components, (0, 63), false, 0, interval)
    }

    pub(crate) fn progressive(
        components: &[usize],
        (first, last): (usize, usize),
        refines: bool,
        low: u8,
        interval: u32,
    ) -> Self {
        Self {
            components: components.to_vec(),
            first,
            last,
            refines,
            low,
            interval,
        }
    }
}

/// Appends the entropy-coded data of a scan.
pub(crate) fn write(picture: &Picture, scan: &Scan, file: &mut Vec<u8>) {
    let mut writer = Writer {
        picture,
        scan,
        bits: Bits::default(),
        means: vec![0; picture.factors.len()],
        run: 0,
        waiting: Vec::new(),
    };
    let factors = picture.block_factors();
    let (most_across, most_down) = picture.most();
    // MCUs of the scan, across and down, and the blocks of each component in one.
    let ((across, down), blocks) = match scan.components[..] {
        [alone] => {
            let (columns, rows) = factors[alone];
            let size = (
                (picture.width * columns).div_ceil(8 * most_across),
                (picture.height * rows).div_ceil(8 * most_down),
            );
            (size, vec![(1, 1)])
        }
        _ => (
            picture.units(),
            scan.components.iter().map(|component| factors[*component]).collect(),
        ),
    };
    for unit in 0..across * down {
        if scan.interval > 0 && unit > 0 && unit % scan.interval == 0 {
            file.extend(writer.finish());
            file.extend([0xff, 0xd0 + (unit / scan.interval - 1) as u8 % 8]);
        }
        for (component, (columns, rows)) in scan.components.iter().zip(&blocks) {
            for row in 0..*rows {
                for column in 0..*columns {
                    let y = unit / across * rows + row;
                    let x = unit % across * columns + column;
                    writer.block(*component, &picture.blocks[*component][y as usize][x as usize]);
                }
            }
        }
    }
    file.extend(writer.finish());
}

struct Writer<'p> {
    picture: &'p Picture,
    scan: &'p Scan,
    bits: Bits,
    means: Vec<i32>,
    /// Blocks without further coefficients that are not written yet, and the bits of coefficients in them.
    run: u32,
    waiting: Vec<bool>,
}

impl Writer<'_> {
    fn block(&mut self, component: usize, block: &Block) {
        let Scan {
            first,
            last,
            refines,
            low,
            ..
        } = *self.scan;
        match (first, refines) {
            (0, true) => self.bits.push((block[0] >> low) as u32 & 1, 1),
            (0, false) => {
                let mean = block[0] >> low;
                let difference = mean - std::mem::replace(&mut self.means[component], mean);
                self.bits.push(size(difference), self.picture.lengths.0);
                self.bits.push_value(difference);
                if last > 0 {
                    self.begin(&block[1..=last]);
                }
            }
            (_, false) => self.begin(&block[first..=last]),
            (_, true) => self.refine(&block[first..=last]),
        }
    }

    fn symbol(&mut self, symbol: u32) {
        let index = others().iter().position(|other| u32::from(*other) == symbol).unwrap();
        self.bits.push(index as u32, self.picture.lengths.1);
    }

    /// Coefficients for the first time.
    fn begin(&mut self, coefficients: &[i32]) {
        let mut zeros = 0;
        for value in coefficients {
            let value = value / (1 << self.scan.low);
            if value == 0 {
                zeros += 1;
                continue;
            }
            self.write_run();
            while zeros > 15 {
                self.symbol(0xf0);
                zeros -= 16;
            }
            self.symbol(zeros << 4 | size(value));
            self.bits.push_value(value);
            zeros = 0;
        }
        if zeros > 0 {
            self.run += 1;
            // A sequential scan has no runs.
            if self.scan.first == 0 {
                self.write_run();
            }
        }
    }

    /// One more bit of each coefficient.
    fn refine(&mut self, coefficients: &[i32]) {
        let shifted = coefficients.iter().map(|value| value / (1 << self.scan.low));
        let last_new = shifted.clone().rposition(|value| value.abs() == 1);
        let mut zeros = 0;
        let mut corrections = Vec::new();
        for (place, value) in shifted.enumerate() {
            if value == 0 {
                zeros += 1;
                continue;
            }
            while zeros > 15 && last_new.is_some_and(|last| place <= last) {
                self.write_run();
                self.symbol(0xf0);
                self.push_all(&std::mem::take(&mut corrections));
                zeros -= 16;
            }
            if value.abs() == 1 {
                self.write_run();
                self.symbol(zeros << 4 | 1);
                self.bits.push_value(value);
                self.push_all(&std::mem::take(&mut corrections));
                zeros = 0;
            } else {
                corrections.push(value & 1 == 1);
            }
        }
        if zeros > 0 || !corrections.is_empty() {
            self.run += 1;
            self.waiting.extend(corrections);
        }
    }

    fn push_all(&mut self, bits: &[bool]) {
        bits.iter().for_each(|bit| self.bits.push(u32::from(*bit), 1));
    }

    /// Writes the run of blocks without further coefficients, and the bits in them.
    fn write_run(&mut self) {
        if let Some(bits) = self.run.checked_ilog2() {
            self.symbol(bits << 4);
            self.bits.push(self.run - (1 << bits), bits as u8);
            self.run = 0;
            let waiting = std::mem::take(&mut self.waiting);
            self.push_all(&waiting);
        }
    }

    /// The bytes since the last restart marker.
    fn finish(&mut self) -> Vec<u8> {
        self.write_run();
        self.means.fill(0);
        std::mem::take(&mut self.bits).finish()
    }
}

/// The DC symbols: sizes of differences.
pub(crate) const MEANS: [u8; 12] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];

/// The AC symbols: end of block and runs of such blocks, sixteen zeros, and all runs and sizes.
pub(crate) fn others() -> Vec<u8> {
    (0..16)
        .flat_map(|zeros| (0..=10).map(move |size| zeros << 4 | size))
        .collect()
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
