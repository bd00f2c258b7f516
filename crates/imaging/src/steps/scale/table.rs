//! Filter table: the values of Lanczos with three lobes. The sines of all weights of a job would take longer than a
//! small picture takes to be scaled. Called by `filter`, which computes all other curves.

use std::sync::LazyLock;

/// The lobes on either side.
pub(super) const LOBES: f64 = 3.0;

/// The steps of a lobe. Between two of them the curve is taken for straight. That is less than 2e-6 off: its second
/// derivative is up to 3.7, and an eighth of that times the square of a step is 1.8e-6.
const STEPS: usize = 512;

/// The values at the steps, from the centre to the end of the last lobe, and a 0 behind it.
static VALUES: LazyLock<Vec<f64>> = LazyLock::new(|| {
    let end = LOBES as usize * STEPS + 1;
    (0..=end).map(|step| formula(step as f64 / STEPS as f64)).collect()
});

/// The curve at a distance from the centre, 0 outside of the lobes.
#[inline]
pub(super) fn lanczos(distance: f64) -> f64 {
    let place = distance.abs() * STEPS as f64;
    let step = place as usize;
    match VALUES.get(step..).and_then(|rest| rest.first_chunk()) {
        Some([left, right]) => left + (right - left) * (place - step as f64),
        None => 0.0,
    }
}

/// The Lanczos kernel: sinc(x) sinc(x / lobes) inside the lobes, 0 outside, with sinc(x) = sin(pi x) / (pi x).
fn formula(x: f64) -> f64 {
    if x == 0.0 {
        1.0
    } else if x.abs() < LOBES {
        let angle = std::f64::consts::PI * x;
        LOBES * angle.sin() * (angle / LOBES).sin() / (angle * angle)
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn value_between_two_steps_is_that_of_the_formula() {
        for index in -40_000..=40_000 {
            let x = f64::from(index) / 10_000.0;
            let sinc = |x: f64| {
                if x == 0.0 {
                    1.0
                } else {
                    (std::f64::consts::PI * x).sin() / (std::f64::consts::PI * x)
                }
            };
            let expected = if x.abs() < 3.0 { sinc(x) * sinc(x / 3.0) } else { 0.0 };
            assert!(
                (lanczos(x) - expected).abs() < 2e-6,
                "{x}: {} for {expected}",
                lanczos(x)
            );
        }
        assert_eq!([0.0, 1.0, -2.0].map(|x| (lanczos(x) * 1e9).round()), [1e9, 0.0, 0.0]);
        assert_eq!([3.0, -3.5, f64::MAX].map(lanczos), [0.0; 3]);
    }
}
