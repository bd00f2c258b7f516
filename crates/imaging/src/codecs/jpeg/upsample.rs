//! Chroma upsampling: computes a sample for each pixel of a component that is stored at a lower resolution.
//!
//! At half the resolution a new sample is three parts of the nearest sample and one part of the next ("triangle"
//! filter), in both directions, as nearly all decoders do and encoders expect. At any other resolution the nearest
//! sample is taken: a quarter, a third, or three of four, which hardly any file has.

use resizer_jpeg::{Plane, Ratio};

/// Whether a sample covers two pixels.
pub(super) fn is_double(ratio: Ratio) -> bool {
    ratio == Ratio { pixels: 2, samples: 1 }
}

/// The samples of one row of pixels, as many as `row` has room for. `sums` is room for the samples before they are
/// upsampled along the row; its contents do not matter.
pub(super) fn row(plane: &Plane<'_>, y: u32, sums: &mut Vec<u16>, row: &mut [u8]) {
    let (across, down) = plane.ratios();
    let nearest = plane.row(down.sample_at(y));
    let next = if is_double(down) && (across == Ratio::ONE || is_double(across)) {
        let above = (y / 2).saturating_sub(1);
        plane.row(if y.is_multiple_of(2) { above } else { y / 2 + 1 })
    } else {
        nearest
    };
    sums.clear();
    let pairs = nearest.iter().zip(next);
    sums.extend(pairs.map(|(nearest, next)| 3 * u16::from(*nearest) + u16::from(*next)));
    let byte = |sum: &u16| ((sum + 2) / 4) as u8;
    if across == Ratio::ONE {
        for (sample, sum) in row.iter_mut().zip(sums.iter()) {
            *sample = byte(sum);
        }
    } else if is_double(across) {
        double(sums, row);
    } else {
        let last = sums.len().saturating_sub(1);
        for (x, sample) in (0..).zip(row) {
            *sample = sums.get(last.min(across.sample_at(x) as usize)).map_or(0, byte);
        }
    }
}

/// Twice as many samples. The first and the last are their own neighbours. Sums are of four samples.
fn double(sums: &[u16], row: &mut [u8]) {
    let sample = |nearest: u16, next: u16| ((3 * nearest + next + 8) / 16) as u8;
    let (Some(first), Some(last)) = (sums.first(), sums.last()) else {
        return;
    };
    if let Some(start) = row.first_mut() {
        *start = sample(*first, *first);
    }
    // Between two sums lie two samples, from the second on.
    let (pairs, rest) = row.get_mut(1..).unwrap_or_default().as_chunks_mut::<2>();
    for (pair, sums) in pairs.iter_mut().zip(sums.windows(2)) {
        *pair = [sample(sums[0], sums[1]), sample(sums[1], sums[0])];
    }
    if let Some(end) = rest.first_mut() {
        *end = sample(*last, *last);
    }
}
