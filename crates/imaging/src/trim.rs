//! Trimming: finds the content of a picture between even borders. The pipeline calls it before it plans the job again,
//! since the box decides the layout.
//!
//! An edge is a difference between neighbours. A sharp edge lies between two pixels that differ by more than the
//! threshold allows. A soft one lies on a pixel whose two neighbours do, where neither differs from the pixel itself.
//! The box holds all edges, so that a border may have any colour, and may change slowly. The picture is decoded once
//! more for it, at full size, row by row; an animation with all of its frames, so that nothing is cut off in any.

use resizer_kernel::{Kernel, with_widest};

use crate::cost::TRIM_ROWS;
use crate::damage::{Completed, Next};
use crate::instructions::Trim;
use crate::{Cancel, Channels, ImageError, Size, SourceInfo};

/// Sobel's operator weighs an edge with 1 + 2 + 1.
const WEIGHT: u8 = 4;

/// The part of the stored picture that is left, as x1, y1, x2, y2, never empty. A picture without an edge is left
/// whole. The decoder delivers full size. Unless all frames are `moving`, its first one decides. `grow` is told of the
/// bytes that the decoder holds beyond those predicted.
pub(crate) fn part(
    frames: &mut Completed<'_>,
    info: &SourceInfo,
    (trim, moving): (Trim, bool),
    grow: &mut dyn FnMut(u64) -> Result<(), ImageError>,
    cancel: &Cancel,
) -> Result<[u32; 4], ImageError> {
    let size = info.stored_size();
    let mut content = Content::new(size.width, info.channels, trim.threshold / WEIGHT);
    while frames.next_frame(cancel)?.is_some() {
        grow(frames.more_bytes())?;
        let whole = loop {
            let band = match frames.next_rows(cancel)? {
                Next::Rows(band) => band,
                Next::End => break true,
                Next::Dropped => break false,
            };
            for row in band.rows() {
                cancel.check()?;
                content.push(row);
            }
            grow(frames.more_bytes())?;
        };
        content.end_frame();
        if !whole || !moving {
            break;
        }
    }
    Ok(padded(content.area(size), trim, size))
}

/// The box with the border that is kept.
fn padded([x1, y1, x2, y2]: [u32; 4], trim: Trim, size: Size) -> [u32; 4] {
    let mean = (f64::from(x2 - x1) + f64::from(y2 - y1)) / 2.0;
    // A percentage beyond `u32` becomes its maximum, and every side the picture's.
    let border = (mean * trim.percent_padding / 100.0).ceil() as u32;
    [
        x1.saturating_sub(border),
        y1.saturating_sub(border),
        x2.saturating_add(border).min(size.width),
        y2.saturating_add(border).min(size.height),
    ]
}

/// The edges seen so far.
struct Content {
    channels: Channels,
    /// The largest difference between pixels of an even area.
    level: u8,
    across: Extent,
    down: Extent,
    /// The rows of the frame that were pushed.
    pushed: u32,
    /// The last rows, premultiplied. Row `y` is the one of index `y % TRIM_ROWS`.
    rows: [Vec<u8>; TRIM_ROWS],
}

/// The positions along an axis between which all edges lie.
#[derive(Clone, Copy)]
struct Extent {
    start: u32,
    end: u32,
}

impl Extent {
    const EMPTY: Self = Self {
        start: u32::MAX,
        end: 0,
    };

    /// Takes in an edge between this position and the one before.
    fn edge(&mut self, position: u32) {
        self.start = self.start.min(position);
        self.end = self.end.max(position);
    }

    /// Takes in the pixel at this position.
    fn pixel(&mut self, position: u32) {
        self.start = self.start.min(position);
        self.end = self.end.max(position + 1);
    }

    /// The extent, or all of the axis where nothing lies between the edges: nobody knows then which side is a border.
    fn within(self, length: u32) -> (u32, u32) {
        if self.start < self.end {
            (self.start, self.end)
        } else {
            (0, length)
        }
    }
}

impl Content {
    fn new(width: u32, channels: Channels, level: u8) -> Self {
        let row = || Vec::with_capacity(width as usize * channels.count());
        Self {
            channels,
            level,
            across: Extent::EMPTY,
            down: Extent::EMPTY,
            pushed: 0,
            rows: [row(), row(), row()],
        }
    }

    /// Takes the next row of the frame.
    fn push(&mut self, row: &[u8]) {
        let y = self.pushed;
        premultiplied(row, self.channels, &mut self.rows[y as usize % TRIM_ROWS]);
        self.pushed += 1;
        let count = self.channels.count();
        let row = &self.rows[y as usize % TRIM_ROWS];
        let length = row.len();

        // Within the row. The first two pixels have none before them.
        let first = row.iter().zip(&row[count..]).take(count);
        let mut found = Strongest {
            sharp: first.fold(0, |most, (a, b)| most.max(a.abs_diff(*b))),
            soft: 0,
        };
        if length > 2 * count {
            let (before, middle) = (&row[..length - 2 * count], &row[count..length - count]);
            let others = strongest(before, middle, &row[2 * count..], self.level);
            found.sharp = found.sharp.max(others.sharp);
            found.soft = others.soft;
        }
        if found.sharp > self.level {
            self.down.pixel(y);
            Self::take(&mut self.across, length, count, |at| {
                (at >= count && row[at].abs_diff(row[at - count]) > self.level).then_some(Kind::Edge)
            });
        }
        if found.soft > self.level {
            self.down.pixel(y);
            Self::take(&mut self.across, length, count, |at| {
                let inside = at >= count && at + count < length;
                (inside && is_soft(row[at - count], row[at], row[at + count], self.level)).then_some(Kind::Pixel)
            });
        }
        // Between rows. The second row has only one before it.
        let Some(above) = y.checked_sub(1) else { return };
        let middle = &self.rows[above as usize % TRIM_ROWS];
        let before = &self.rows[above.saturating_sub(1) as usize % TRIM_ROWS];
        let found = strongest(before, middle, row, self.level);
        if found.sharp > self.level {
            self.down.edge(y);
            Self::take(&mut self.across, length, count, |at| {
                (row[at].abs_diff(middle[at]) > self.level).then_some(Kind::Pixel)
            });
        }
        if found.soft > self.level {
            self.down.pixel(above);
            Self::take(&mut self.across, length, count, |at| {
                is_soft(before[at], middle[at], row[at], self.level).then_some(Kind::Pixel)
            });
        }
    }

    /// Takes in the outermost edges of a row. `found` says whether there is one at a sample. Only samples outside of
    /// the extent are looked at.
    fn take(across: &mut Extent, length: usize, count: usize, found: impl Fn(usize) -> Option<Kind>) {
        let (start, end) = (across.start, across.end);
        let start = (start as usize).saturating_mul(count).min(length);
        let end = (end as usize).saturating_mul(count).min(length);
        let mut take = |at: usize| {
            let kind = found(at);
            let position = (at / count) as u32;
            match kind {
                Some(Kind::Edge) => across.edge(position),
                Some(Kind::Pixel) => across.pixel(position),
                None => {}
            }
            kind.is_some()
        };
        _ = (0..start).any(&mut take);
        _ = (end..length).rev().any(&mut take);
    }

    fn end_frame(&mut self) {
        self.pushed = 0;
    }

    fn area(&self, size: Size) -> [u32; 4] {
        let (x1, x2) = self.across.within(size.width);
        let (y1, y2) = self.down.within(size.height);
        [x1, y1, x2, y2]
    }
}

/// The place of an edge: before a pixel, or on it.
#[derive(Clone, Copy)]
enum Kind {
    Edge,
    Pixel,
}

/// The row with colours times alpha, so that the colour of transparent pixels does not count.
fn premultiplied(row: &[u8], channels: Channels, target: &mut Vec<u8>) {
    target.clear();
    target.extend_from_slice(row);
    if channels.has_alpha() {
        for pixel in target.chunks_exact_mut(channels.count()) {
            if let [colours @ .., alpha] = pixel {
                for colour in colours {
                    *colour = ((u16::from(*colour) * u16::from(*alpha) + 127) / 255) as u8;
                }
            }
        }
    }
}

/// The largest differences of neighbouring samples.
#[derive(Clone, Copy)]
struct Strongest {
    /// Between a sample and the one after it.
    sharp: u8,
    /// Between the samples before and after one, where neither differs from it by more than the level.
    soft: u8,
}

/// The largest differences of three rows.
fn strongest(before: &[u8], middle: &[u8], after: &[u8], level: u8) -> Strongest {
    with_widest(Rows {
        before,
        middle,
        after,
        level,
    })
}

struct Rows<'r> {
    before: &'r [u8],
    middle: &'r [u8],
    after: &'r [u8],
    level: u8,
}

impl Kernel for Rows<'_> {
    type Output = Strongest;

    #[inline(always)]
    fn run(self) -> Strongest {
        const LANES: usize = 32;
        let (before, before_rest) = self.before.as_chunks::<LANES>();
        let (middle, middle_rest) = self.middle.as_chunks::<LANES>();
        let (after, after_rest) = self.after.as_chunks::<LANES>();
        let (mut sharp, mut soft) = ([0; LANES], [0; LANES]);
        for ((before, middle), after) in before.iter().zip(middle).zip(after) {
            for lane in 0..LANES {
                sharp[lane] = sharp[lane].max(middle[lane].abs_diff(after[lane]));
                soft[lane] = soft[lane].max(softness(before[lane], middle[lane], after[lane], self.level));
            }
        }
        for ((before, middle), after) in before_rest.iter().zip(middle_rest).zip(after_rest) {
            sharp[0] = sharp[0].max(middle.abs_diff(*after));
            soft[0] = soft[0].max(softness(*before, *middle, *after, self.level));
        }
        let largest = |lanes: [u8; LANES]| lanes.into_iter().fold(0, u8::max);
        Strongest {
            sharp: largest(sharp),
            soft: largest(soft),
        }
    }
}

/// The difference between the samples before and after one, or 0 where one of them differs from it by more than
/// `level`.
#[inline(always)]
fn softness(before: u8, middle: u8, after: u8, level: u8) -> u8 {
    let sharp = before.abs_diff(middle).max(middle.abs_diff(after));
    if sharp > level { 0 } else { before.abs_diff(after) }
}

fn is_soft(before: u8, middle: u8, after: u8, level: u8) -> bool {
    softness(before, middle, after, level) > level
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The box of a grey picture.
    fn area(width: u32, threshold: u8, rows: &[&[u8]]) -> [u32; 4] {
        let mut content = Content::new(width, Channels::Gray, threshold / WEIGHT);
        rows.iter().for_each(|row| content.push(row));
        content.area(Size::new(width, rows.len() as u32))
    }

    #[test]
    fn box_holds_the_edges_and_no_more() {
        let plain: &[u8] = &[9; 6];
        let line: &[u8] = &[9, 9, 200, 200, 9, 9];
        assert_eq!(area(6, 80, &[plain, line, line, plain, plain]), [2, 1, 4, 3]);
        // A line from side to side.
        assert_eq!(area(6, 80, &[plain, &[200; 6], plain]), [0, 1, 6, 2]);
        // Content that reaches the side.
        assert_eq!(area(6, 80, &[plain, &[200, 200, 9, 9, 9, 9], plain]), [0, 1, 2, 2]);
        // One pixel.
        assert_eq!(area(6, 80, &[plain, &[9, 9, 9, 200, 9, 9], plain]), [3, 1, 4, 2]);
    }

    #[test]
    fn difference_counts_above_a_quarter_of_the_threshold() {
        let plain: &[u8] = &[100; 5];
        let step = |value: u8| [100, 100, value, 100, 100];
        assert_eq!(area(5, 80, &[plain, &step(120), plain]), [0, 0, 5, 3]);
        assert_eq!(area(5, 80, &[plain, &step(121), plain]), [2, 1, 3, 2]);
        assert_eq!(area(5, 0, &[plain, &step(101), plain]), [2, 1, 3, 2]);
        assert_eq!(area(5, 0, &[plain, plain, plain]), [0, 0, 5, 3]);
    }

    /// 15 and 15 make 30: the pixel between is content, and the border is not.
    #[test]
    fn soft_edge_belongs_to_the_content() {
        let plain: &[u8] = &[100; 7];
        let soft: &[u8] = &[100, 100, 115, 130, 115, 100, 100];
        assert_eq!(area(7, 80, &[plain, soft, soft, plain]), [2, 1, 5, 3]);
        let columns: Vec<[u8; 3]> = soft.iter().map(|value| [100, *value, 100]).collect();
        let columns: Vec<&[u8]> = columns.iter().map(|row| &row[..]).collect();
        assert_eq!(area(3, 80, &columns), [1, 2, 2, 5]);
    }

    #[test]
    fn slow_change_is_a_border() {
        let slope: Vec<u8> = (0..60).map(|x| x * 4).collect();
        assert_eq!(area(60, 80, &[&slope, &slope, &slope]), [0, 0, 60, 3]);
        let mut content = slope.clone();
        content[30] = 255;
        assert_eq!(area(60, 80, &[&slope, &content, &slope]), [30, 1, 31, 2]);
    }

    #[test]
    fn border_is_kept_within_the_picture() {
        let trim = |percent_padding| Trim {
            threshold: 80,
            percent_padding,
        };
        let check = |percent, expected| {
            let found = padded([10, 20, 30, 60], trim(percent), Size::new(100, 64));
            assert_eq!(found, expected, "{percent}");
        };
        check(0.0, [10, 20, 30, 60]);
        // The mean of 20 and 40 is 30. A tenth is 3, and 4 % are 1.2, rounded up.
        check(10.0, [7, 17, 33, 63]);
        check(4.0, [8, 18, 32, 62]);
        check(40.0, [0, 8, 42, 64]);
        check(1e300, [0, 0, 100, 64]);
    }
}
