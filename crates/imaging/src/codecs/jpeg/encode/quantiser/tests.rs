//! Tests of the quantiser: coefficients beside the formula of the transform, and the rounding of each frequency.

use super::*;

/// The transform of A.3.3, at row `v` and column `u`.
fn frequency(samples: &[Octet; SIDE], v: usize, u: usize) -> f64 {
    let scale = |frequency: usize| {
        if frequency == 0 {
            std::f64::consts::FRAC_1_SQRT_2
        } else {
            1.0
        }
    };
    let wave = |place: usize, frequency: usize| {
        ((2 * place + 1) as f64 * frequency as f64 * std::f64::consts::PI / 16.0).cos()
    };
    let sum: f64 = (0..SIDE)
        .flat_map(|y| (0..SIDE).map(move |x| (y, x)))
        .map(|(y, x)| f64::from(samples[y][x]) * wave(y, v) * wave(x, u))
        .sum();
    sum * scale(v) * scale(u) / 4.0
}

/// Positions and values of coefficients, for noise (Marsaglia's xorshift) of several amplitudes.
#[test]
fn coefficients_match_the_formula() {
    let mut state = 0x2545_f491_u32;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state
    };
    for (quality, amplitude) in [(10, 255), (50, 255), (80, 30), (90, 255), (100, 255), (95, 1)] {
        for quantiser in [Quantiser::luma(quality), Quantiser::chroma(quality)] {
            let samples: [Octet; SIDE] =
                std::array::from_fn(|_| std::array::from_fn(|_| (next() % (amplitude + 1)) as f32 - 128.0));
            let block = quantiser.quantised(frequencies(samples));
            let steps: Vec<u8> = quantiser.steps().collect();
            let mut found = [0; 64];
            for (position, coefficient) in block.nonzero(&(0..64)) {
                assert_ne!(coefficient, 0, "position {position}");
                found[usize::from(position)] = coefficient;
            }
            assert_eq!(found[0], block.mean());
            for (position, place) in ZIGZAG.iter().enumerate() {
                let (row, column) = (usize::from(*place) / SIDE, usize::from(*place) % SIDE);
                let exact = frequency(&samples, row, column) / f64::from(steps[position]);
                let difference = (f64::from(found[position]) - exact).abs();
                assert!(difference < 0.516, "quality {quality}, position {position}: {exact}");
            }
        }
    }
}

/// A block whose only frequency is at row `v` and column `u`, of so many steps.
fn wave(quantiser: &Quantiser, [v, u]: [usize; 2], parts: f64) -> i16 {
    let scale = |frequency: usize| if frequency == 0 { 0.5_f64.sqrt() } else { 1.0 };
    let step = f64::from(quantiser.steps[v * SIDE + u]);
    let at = |place: usize, frequency: usize| {
        ((2 * place + 1) as f64 * frequency as f64 * std::f64::consts::PI / 16.0).cos() * scale(frequency)
    };
    let samples: [Octet; SIDE] =
        std::array::from_fn(|y| std::array::from_fn(|x| (parts * step * at(y, v) * at(x, u) / 4.0) as f32));
    let block = quantiser.quantised(frequencies(samples));
    block.coefficients[u * SIDE + v]
}

#[test]
fn luma_of_a_high_frequency_is_rounded_toward_zero() {
    let (luma, chroma) = (Quantiser::luma(80), Quantiser::chroma(80));
    let check = |quantiser: &Quantiser, place: [usize; 2], parts: f64, expected: i16| {
        assert_eq!(wave(quantiser, place, parts), expected, "{place:?}, {parts}");
        assert_eq!(wave(quantiser, place, -parts), -expected, "{place:?}, {parts}");
    };
    // The dead zone is 0.015 of a step at 7, 7, half of it at 7, 0, and none for the mean.
    for (place, below, above) in [([7, 7], 0.514, 0.516), ([7, 0], 0.507, 0.508), ([0, 0], 0.4995, 0.5005)] {
        check(&luma, place, below, 0);
        check(&luma, place, above, 1);
        check(&luma, place, 1.0 + below, 1);
        check(&luma, place, 1.0 + above, 2);
        check(&chroma, place, 0.4995, 0);
        check(&chroma, place, 0.5005, 1);
    }
}

#[test]
fn range_holds_its_positions_only() {
    let coefficients = std::array::from_fn(|place| place as i16 % 3);
    let block = Block::new(coefficients);
    for range in [0..64, 1..64, 1..6, 6..64, 63..64, 0..1] {
        let found: Vec<(u8, i16)> = block.nonzero(&range).collect();
        let expected: Vec<(u8, i16)> = range
            .map(|position| {
                let place = usize::from(ZIGZAG[usize::from(position)]);
                (position, coefficients[place % SIDE * SIDE + place / SIDE])
            })
            .filter(|(_, coefficient)| *coefficient != 0)
            .collect();
        assert_eq!(found, expected);
    }
}
