//! Chroma upsampling: computes a sample for each pixel of a component that is stored at a lower resolution.
//!
//! At half the resolution a new sample is three parts of the nearest sample and one part of the next ("triangle"
//! filter), in both directions, as nearly all decoders do and encoders expect. At a quarter of the resolution samples
//! are repeated.

use resizer_jpeg::Plane;

/// The samples of one row of pixels, as many as `row` has room for. `sums` is room for the samples before they are
/// upsampled along the row; its contents do not matter.
pub(super) fn row(plane: &Plane<'_>, y: u32, sums: &mut Vec<u16>, row: &mut [u8]) {
    let (across, down) = plane.ratios();
    let nearest = plane.row(y / down);
    let next = match (across, down, y % 2) {
        (1 | 2, 2, 0) => plane.row((y / 2).saturating_sub(1)),
        (1 | 2, 2, _) => plane.row(y / 2 + 1),
        _ => nearest,
    };
    sums.clear();
    let pairs = nearest.iter().zip(next);
    sums.extend(pairs.map(|(nearest, next)| 3 * u16::from(*nearest) + u16::from(*next)));
    match across {
        1 => {
            for (sample, sum) in row.iter_mut().zip(sums.iter()) {
                *sample = ((sum + 2) / 4) as u8;
            }
        }
        2 => double(sums, row),
        _ => {
            for (samples, sum) in row.chunks_mut(across as usize).zip(sums.iter()) {
                samples.fill(((sum + 2) / 4) as u8);
            }
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
