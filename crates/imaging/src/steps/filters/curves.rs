//! Curves: filters that replace each value of a channel by another one, from a table. The curves of `a.equalize` and of
//! `a.balancewhite` come from histograms.

use std::cell::OnceCell;

use crate::filter_plan::Curves;
use crate::picture::Picture;
use crate::{Cancel, Compat, ImageError, WhiteBalance};

/// How often each value occurs in a channel. A pixel counts as much as it is opaque, out of 255.
pub(super) type Histogram = [u64; 256];

type Curve = [u8; 256];

/// Applies the curves of the picture's histograms. If `known` has curves, which an earlier frame left there, those are
/// applied. By ImageResizer's rules each frame has its own.
pub(super) fn measured(
    picture: Picture,
    known: &OnceCell<Curves>,
    compat: Compat,
    curve: impl Fn(&Histogram) -> Curve,
    cancel: &Cancel,
) -> Result<Picture, ImageError> {
    let curves = match known.get() {
        Some(curves) if compat == Compat::None => *curves,
        _ => {
            let curves = histograms(&picture, compat, cancel)?.map(|histogram| curve(&histogram));
            known.get_or_init(|| curves);
            curves
        }
    };
    applied(picture, &curves, cancel)
}

/// Joins `levels` values that follow each other into one, the middle of them.
pub(super) fn posterized(picture: Picture, levels: u8, cancel: &Cancel) -> Result<Picture, ImageError> {
    let joined = |value: usize| (value / usize::from(levels) * usize::from(levels) + usize::from(levels / 2)).min(255);
    let curve: Curve = std::array::from_fn(|value| joined(value) as u8);
    applied(picture, &[curve; 3], cancel)
}

/// The curve after which all values occur equally often, as far as that is possible: the share of the samples that are
/// darker, where the darkest value becomes black. A channel of one value stays as it is.
pub(super) fn equalizing(histogram: &Histogram) -> Curve {
    let total: u64 = histogram.iter().sum();
    let darkest = histogram.iter().copied().find(|count| *count > 0).unwrap_or_default();
    let Some(others) = total.checked_sub(darkest).filter(|others| *others > 0) else {
        return identity();
    };
    let mut sum = 0;
    histogram.map(|count| {
        sum += count;
        let darker = u128::from(sum.saturating_sub(darkest));
        ((darker * 255 + u128::from(others) / 2) / u128::from(others)) as u8
    })
}

/// ImageResizer's curve of `a.equalize`: the share of the samples up to each value. So the lightest value becomes
/// white, also of a channel that has no other.
pub(super) fn shares(histogram: &Histogram) -> Curve {
    let total: u64 = histogram.iter().sum();
    let mut sum = 0;
    histogram.map(|count| {
        sum += count;
        (u128::from(sum) * 255 / u128::from(total.max(1))) as u8
    })
}

/// The straight line from the darkest value to 0 and from the lightest one to 255. The threshold is a share of all
/// pixels. A channel without a darkest and a lightest value stays as it is.
pub(super) fn balancing(histogram: &Histogram, kind: WhiteBalance, threshold: f64) -> Curve {
    let total: u64 = histogram.iter().sum();
    let threshold = threshold * total as f64;
    let reversed: Vec<u64> = histogram.iter().rev().copied().collect();
    let (low, high) = (
        first_value(histogram, kind, threshold),
        255 - first_value(&reversed, kind, threshold),
    );
    if low >= high {
        return identity();
    }
    let scale = 255.0 / (high - low) as f64;
    std::array::from_fn(|value| ((value as f64 - low as f64) * scale).round().clamp(0.0, 255.0) as u8)
}

/// The first value that counts, from the dark end of this histogram. The threshold is a number of samples.
fn first_value(histogram: &[u64], kind: WhiteBalance, threshold: f64) -> usize {
    let mut sums = histogram.iter().scan(0.0, |sum, count| {
        *sum += *count as f64;
        Some(*sum)
    });
    let found = match kind {
        WhiteBalance::Area => sums.position(|sum| sum > threshold),
        WhiteBalance::Simple => histogram
            .iter()
            .position(|count| *count as f64 >= threshold && *count > 0),
        WhiteBalance::Gimp => {
            let sums: Vec<f64> = sums.collect();
            let distance = |sum: f64| (sum - threshold).abs();
            let before = sums.windows(2).position(|pair| distance(pair[0]) < distance(pair[1]));
            before.map(|value| value + 1)
        }
    };
    found.unwrap_or_default()
}

fn identity() -> Curve {
    std::array::from_fn(|value| value as u8)
}

/// Of red, green and blue. Grey fills the first. By ImageResizer's rules transparent pixels count as others do.
fn histograms(picture: &Picture, compat: Compat, cancel: &Cancel) -> Result<[Histogram; 3], ImageError> {
    let channels = picture.channels.count();
    let colours = channels - usize::from(picture.channels.has_alpha());
    let mut histograms = [[0; 256]; 3];
    for row in picture.rows() {
        cancel.check()?;
        for pixel in row.chunks_exact(channels) {
            let alpha = pixel.get(colours).copied();
            let weight = alpha.filter(|_| compat == Compat::None).unwrap_or(u8::MAX);
            for (histogram, value) in histograms.iter_mut().zip(&pixel[..colours]) {
                histogram[usize::from(*value)] += u64::from(weight);
            }
        }
    }
    Ok(histograms)
}

fn applied(mut picture: Picture, curves: &Curves, cancel: &Cancel) -> Result<Picture, ImageError> {
    let channels = picture.channels.count();
    let colours = channels - usize::from(picture.channels.has_alpha());
    let row_bytes = picture.row_bytes();
    for row in picture.pixels.chunks_exact_mut(row_bytes) {
        cancel.check()?;
        for pixel in row.chunks_exact_mut(channels) {
            for (value, curve) in pixel[..colours].iter_mut().zip(curves) {
                *value = curve[usize::from(*value)];
            }
        }
    }
    Ok(picture)
}
