//! TIFF predictors: undo the differences that samples were stored as before compression.

use super::compression::Predictor;
use super::page::Page;
use super::values::Order;

/// Undoes the page's predictor in a row of `step` samples a pixel. `bytes` is the number of a sample's bytes.
pub(super) fn undo(row: &mut [u8], page: &Page<'_>, step: usize, bytes: usize) {
    match (page.predictor, bytes) {
        (Predictor::None, _) => {}
        (Predictor::Floating, _) => floating(row, page.order, step, bytes),
        (Predictor::Horizontal, 1) => sum_bytes(row, step),
        (Predictor::Horizontal, 2) => sum::<2>(row, page.order, step),
        (Predictor::Horizontal, 3) => sum::<3>(row, page.order, step),
        (Predictor::Horizontal, 4) => sum::<4>(row, page.order, step),
        (Predictor::Horizontal, _) => sum::<8>(row, page.order, step),
    }
}

/// Adds to each byte the one `step` before it. The usual steps have sums in registers.
fn sum_bytes(row: &mut [u8], step: usize) {
    match step {
        1 => sum_pixels::<1>(row),
        2 => sum_pixels::<2>(row),
        3 => sum_pixels::<3>(row),
        4 => sum_pixels::<4>(row),
        _ => {
            for index in step..row.len() {
                row[index] = row[index].wrapping_add(row[index - step]);
            }
        }
    }
}

fn sum_pixels<const STEP: usize>(row: &mut [u8]) {
    let mut sums = [0_u8; STEP];
    for pixel in row.as_chunks_mut::<STEP>().0 {
        for (sum, byte) in sums.iter_mut().zip(&*pixel) {
            *sum = sum.wrapping_add(*byte);
        }
        *pixel = sums;
    }
}

/// The same for samples of `N` bytes: TIFF 6.0, section 14.
fn sum<const N: usize>(row: &mut [u8], order: Order, step: usize) {
    let (samples, _) = row.as_chunks_mut::<N>();
    for index in step..samples.len() {
        let sum = order
            .read(samples[index])
            .wrapping_add(order.read(samples[index - step]));
        samples[index] = order.write(sum);
    }
}

/// Adobe's TIFF Technical Note 3: the first bytes of all samples, then the second ones, and so on from the highest; of
/// these the differences between bytes.
fn floating(row: &mut [u8], order: Order, step: usize, bytes: usize) {
    sum_bytes(row, step);
    let planes = row.to_vec();
    let count = row.len() / bytes;
    for (index, sample) in row.chunks_exact_mut(bytes).enumerate() {
        for (place, byte) in sample.iter_mut().enumerate() {
            let plane = match order {
                Order::BigEndian => place,
                Order::LittleEndian => bytes - 1 - place,
            };
            *byte = planes[plane * count + index];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_of_bytes_are_undone_for_any_number_of_samples() {
        for step in 1..=6 {
            let values: Vec<u8> = (0..step * 50)
                .map(|index| (index * index * 7 + index / 3) as u8)
                .collect();
            let before = |index: usize| index.checked_sub(step).map_or(0, |before| values[before]);
            let stored = values.iter().enumerate();
            let mut row: Vec<u8> = stored.map(|(index, value)| value.wrapping_sub(before(index))).collect();
            sum_bytes(&mut row, step);
            assert_eq!(row, values, "{step} samples");
        }
    }

    #[test]
    fn differences_of_any_width_are_undone() {
        let values = [[250_u64, 7], [900, 6], [70_000, 5], [17_000_000, 1 << 40], [3, 2]];
        for order in [Order::LittleEndian, Order::BigEndian] {
            check::<2>(order, &values);
            check::<3>(order, &values);
            check::<4>(order, &values);
            check::<8>(order, &values);
        }
    }

    /// Two samples a pixel, stored as differences modulo their width.
    fn check<const N: usize>(order: Order, values: &[[u64; 2]]) {
        let mut before = [0_u64; 2];
        let (mut stored, mut expected) = (Vec::new(), Vec::new());
        for pixel in values {
            for (value, before) in pixel.iter().zip(&mut before) {
                stored.extend(order.write::<N>(value.wrapping_sub(*before)));
                expected.extend(order.write::<N>(*value));
                *before = *value;
            }
        }
        sum::<N>(&mut stored, order, 2);
        assert_eq!(stored, expected, "{N} bytes");
    }

    /// 1.0 and -2.0 are 3f800000 and c0000000: the planes 3f c0, 80 00, 00 00, 00 00, as differences between bytes.
    #[test]
    fn differences_of_fractions_are_undone() {
        let stored = [0x3f, 0x81, 0xc0, 0x80, 0x00, 0x00, 0x00, 0x00];
        let mut row = stored;
        floating(&mut row, Order::BigEndian, 1, 4);
        assert_eq!(row, [0x3f, 0x80, 0, 0, 0xc0, 0, 0, 0]);
        let mut row = stored;
        floating(&mut row, Order::LittleEndian, 1, 4);
        assert_eq!(row, [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]);
    }
}
