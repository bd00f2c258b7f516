//! `a.equalize`, `a.balancewhite` and `a.posterize`: one table of values for each channel.

use png::ColorType;

use super::filtered;

/// 1000 grey pixels, so many of each value.
fn gray(counts: &[(u8, usize)]) -> Vec<u8> {
    let pixels: Vec<u8> = counts.iter().flat_map(|(value, count)| vec![*value; *count]).collect();
    assert_eq!(pixels.len(), 1000);
    pixels
}

/// The value that each of the given ones became.
fn mapped(counts: &[(u8, usize)], query: &str) -> Vec<u8> {
    let before = gray(counts);
    let after = filtered(100, 10, ColorType::Grayscale, &before, query);
    let place = |value: u8| before.iter().position(|found| *found == value).unwrap();
    let found: Vec<u8> = counts.iter().map(|(value, _)| after[place(*value)]).collect();
    for (before, after) in before.iter().zip(&after) {
        let index = counts.iter().position(|(value, _)| value == before).unwrap();
        assert_eq!(*after, found[index], "{query}: each {before} became the same");
    }
    found
}

#[test]
fn equalised_values_are_spread_by_their_share() {
    // Darker than or like each value, without those of the darkest: 0, 250, 500 and 750 of 750.
    let quarters = [(50, 250), (60, 250), (70, 250), (80, 250)];
    assert_eq!(mapped(&quarters, "a.equalize=true"), [0, 85, 170, 255]);
    // 0, 100 and 400 of 400.
    let others = [(10, 600), (100, 100), (101, 300)];
    assert_eq!(mapped(&others, "a.equalize=true"), [0, 64, 255]);
    assert_eq!(mapped(&[(7, 1000)], "a.equalize=true"), [7]);
}

/// The formula: from the darkest value that counts to the lightest one, in a straight line.
#[test]
fn balanced_white_stretches_from_the_first_value_that_counts() {
    let counts = [(0, 3), (50, 300), (80, 300), (150, 200), (200, 194), (255, 3)];
    let stretched = |low: f64, high: f64| -> Vec<u8> {
        counts
            .iter()
            .map(|(value, _)| {
                ((f64::from(*value) - low) / (high - low) * 255.0)
                    .round()
                    .clamp(0.0, 255.0) as u8
            })
            .collect()
    };
    let check = |query: &str, low: f64, high: f64| assert_eq!(mapped(&counts, query), stretched(low, high), "{query}");
    // 0.6 % of 1000 pixels are 6.
    check("a.balancewhite=true", 50.0, 200.0);
    check("a.balancewhite=area", 50.0, 200.0);
    check("a.balancethreshold=0.6", 50.0, 200.0);
    check("a.balancethreshold=0.2", 0.0, 255.0);
    check("a.balancethreshold=35", 80.0, 150.0);
    // A value counts from 0.06 % on, or from 19.7 %.
    check("a.balancewhite=simple", 0.0, 255.0);
    check("a.balancewhite=simple&a.balancethreshold=19.7", 50.0, 150.0);
    // 3 is nearer to 6 than 303 is: the first value after it, at either end.
    check("a.balancewhite=gimp", 50.0, 200.0);
    // 303 is nearer to 250 than 3 and 603, and 197 nearer than 3 and 397. Before that, `area` stops.
    check("a.balancewhite=gimp&a.balancethreshold=25", 80.0, 150.0);
    check("a.balancewhite=area&a.balancethreshold=25", 50.0, 150.0);
    assert_eq!(mapped(&[(7, 1000)], "a.balancewhite=true"), [7]);
    assert_eq!(mapped(&[(7, 1000)], "a.balancewhite=gimp"), [7]);
}

/// Each channel has its own curve, and transparent pixels have no share in it.
#[test]
fn channels_are_balanced_apart() {
    let mut pixels = Vec::new();
    for at in 0..1000_u32 {
        let step = (at % 101) as u8;
        pixels.extend([50 + step, 2 * step, 255 - step, 255]);
    }
    pixels.extend([0, 255, 0, 0].repeat(100));
    for query in ["a.balancewhite=true&a.balancethreshold=0", "a.equalize=true"] {
        let after = filtered(110, 10, ColorType::Rgba, &pixels, query);
        for (before, after) in pixels.chunks(4).zip(after.chunks(4)).take(1000) {
            let expected = f64::from(before[0] - 50) / 100.0 * 255.0;
            for (channel, expected) in [expected, expected, 255.0 - expected].into_iter().enumerate() {
                // A hundred steps of nearly the same size, of 9 or 10 pixels each.
                let tolerance = if query.contains("equalize") { 3.0 } else { 0.51 };
                let error = f64::from(after[channel]) - expected;
                assert!(error.abs() < tolerance, "{query}: {before:?} to {after:?}");
            }
            assert_eq!(after[3], 255);
        }
    }
}

#[test]
fn posterised_values_are_the_middle_of_their_range() {
    let all: Vec<u8> = (0..=255).collect();
    let check = |levels: usize| {
        let after = filtered(256, 1, ColorType::Grayscale, &all, &format!("a.posterize={levels}"));
        for (value, found) in after.iter().enumerate() {
            let expected = (value / levels * levels + levels / 2).min(255);
            assert_eq!(usize::from(*found), expected, "{value} of {levels}");
        }
    };
    for levels in [2, 3, 64, 100, 255] {
        check(levels);
    }
}
