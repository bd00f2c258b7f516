//! Decoded files against the formula of the transform: every sampling factor, scale, kind of scan and code length. The
//! tests write the files from coefficients, so that no encoder's or decoder's choices matter.

#![expect(
    clippy::unwrap_used,
    reason = "a failure in a function that tests share is the test's failure"
)]

mod damage;
mod file;
mod fuzz_seeds;
mod headers;
mod progressive;
mod scans;

use file::{Block, Picture, Random, quantiser, zigzag};
use resizer_jpeg::{Chroma, Damage, Decoder, Error, Header, Reduction, Scale};
use scans::Scan;

/// T.81, A.3.3, limited to the lowest frequencies, each a cosine over as many samples as there are.
fn samples(block: &Block, width: usize, height: usize) -> Vec<Vec<f64>> {
    let wave = |sample: usize, frequency: usize, points: usize| {
        let angle = (2 * sample + 1) as f64 * frequency as f64 * std::f64::consts::PI / (2 * points) as f64;
        if frequency == 0 { 0.5_f64.sqrt() } else { angle.cos() }
    };
    let coefficients: Vec<_> = zigzag()
        .into_iter()
        .zip(block)
        .enumerate()
        .filter(|(_, ((u, v), value))| *u < width && *v < height && **value != 0)
        .map(|(place, ((u, v), value))| (u, v, f64::from(value * i32::from(quantiser(place)))))
        .collect();
    let sample = |x: usize, y: usize| {
        let terms = coefficients
            .iter()
            .map(|(u, v, value)| value * wave(x, *u, width) * wave(y, *v, height));
        (terms.sum::<f64>() / 4.0 + 128.0).clamp(0.0, 255.0)
    };
    (0..height)
        .map(|y| (0..width).map(|x| sample(x, y)).collect())
        .collect()
}

fn decoder(file: &[u8], size: impl Into<Reduction>) -> Result<Decoder<'_>, Error> {
    Decoder::new(&Header::read(file, Damage::Refuse)?, size)
}

/// Each scale with each resolution of chroma.
fn reductions() -> impl Iterator<Item = Reduction> {
    let chromas = [Chroma::Full, Chroma::Half];
    Scale::ALL
        .into_iter()
        .flat_map(move |scale| chromas.map(|chroma| Reduction { scale, chroma }))
}

/// Decodes the picture's file and compares each sample.
fn check(picture: &Picture, size: impl Into<Reduction>) {
    check_file(picture, &picture.file(), size);
}

fn check_file(picture: &Picture, file: &[u8], size: impl Into<Reduction>) {
    let size = size.into();
    let about = format!(
        "{} x {}, {:?}, {:?}, codes of {:?}, {size:?}",
        picture.width, picture.height, picture.factors, picture.scans, picture.lengths
    );
    let mut decoder = decoder(file, size).unwrap();
    let (most_across, most_down) = picture.most();
    let mut next = vec![0; picture.factors.len()];
    while decoder.advance().unwrap() {
        let rows = decoder.rows();
        for (component, (across, down)) in picture.block_factors().into_iter().enumerate() {
            let plane = rows.plane(component);
            let points = 8 / size.scale.denominator();
            // The samples of a block, as the ratios promise.
            let (ratio_across, ratio_down) = plane.ratios();
            let width = (points * most_across * ratio_across.samples / across / ratio_across.pixels) as usize;
            let height = (points * most_down * ratio_down.samples / down / ratio_down.pixels) as usize;
            assert!((1..=8).contains(&width) && (1..=8).contains(&height), "{about}");
            let all_across = (picture.width * across * width as u32).div_ceil(8 * most_across);
            let all_down = (picture.height * down * height as u32).div_ceil(8 * most_down) as usize;
            let end = if rows.are_last() {
                all_down
            } else {
                (rows.end() * ratio_down.samples / ratio_down.pixels) as usize
            };
            assert_eq!(plane.ready(), next[component] as u32..end as u32, "{about}");
            for y in next[component]..end {
                let row = plane.row(y as u32);
                assert_eq!(row.len() as u32, all_across, "{about}");
                let blocks = &picture.blocks[component][y / height];
                let expected = blocks
                    .iter()
                    .flat_map(|block| samples(&picture.coded(component, block), width, height)[y % height].clone());
                for (x, (found, expected)) in row.iter().zip(expected).enumerate() {
                    assert!(
                        (f64::from(*found) - expected).abs() <= 0.51,
                        "{about}: {found} for {expected}, component {component} at {x}, {y}"
                    );
                }
            }
            next[component] = end;
        }
    }
    assert!(next.iter().all(|end| *end > 0), "{about}");
}

const FACTORS: [&[(u32, u32)]; 16] = [
    &[(1, 1)],
    &[(2, 2)],
    &[(1, 1), (1, 1), (1, 1)],
    &[(2, 1), (1, 1), (1, 1)],
    &[(1, 2), (1, 1), (1, 1)],
    &[(2, 2), (1, 1), (1, 1)],
    &[(4, 1), (1, 1), (1, 1)],
    &[(1, 4), (1, 1), (1, 1)],
    &[(4, 2), (1, 1), (1, 1)],
    &[(2, 2), (2, 1), (1, 2)],
    &[(4, 4), (2, 2), (1, 1)],
    &[(2, 2), (2, 2), (2, 2)],
    &[(1, 1), (2, 2), (2, 2)],
    &[(3, 3), (3, 3), (3, 3)],
    &[(1, 1), (1, 1), (1, 1), (1, 1)],
    &[(2, 2), (1, 1), (1, 1), (2, 2)],
];

#[test]
fn usual_sampling_at_every_scale_matches_the_formula() {
    let mut random = Random(0x2545_f491);
    for factors in FACTORS {
        for size in reductions() {
            check(&Picture::random(&mut random, 37, 41, factors, 0, (4, 8)), size);
        }
    }
}

/// The second and the third of three components have a sample for 2 x 2 pixels at most. Luma and inks are not reduced.
#[test]
fn chroma_of_half_the_resolution_covers_two_pixels_or_more() {
    let mut random = Random(0x5eed_0001);
    for factors in FACTORS {
        let file = Picture::random(&mut random, 37, 41, factors, 0, (4, 8)).file();
        let header = Header::read(&file, Damage::Refuse).unwrap();
        for scale in [Scale::Full, Scale::Half, Scale::Quarter] {
            let ratios = |component, chroma| {
                let (across, down) = header.ratios(component, Reduction { scale, chroma });
                [across, down].map(|ratio| f64::from(ratio.pixels) / f64::from(ratio.samples))
            };
            for component in 0..factors.len() {
                let (full, half) = (ratios(component, Chroma::Full), ratios(component, Chroma::Half));
                if component == 0 || factors.len() == 4 {
                    assert_eq!(half, full, "{factors:?}");
                } else {
                    assert!(half.iter().all(|pixels| *pixels >= 2.0), "{factors:?}: {half:?}");
                }
            }
        }
    }
}

/// Each pair of factors from 1 to 4 (B.2.2), beside others: thirds, three of four, two of three.
#[test]
fn every_sampling_factor_matches_the_formula() {
    let mut random = Random(0x1234_5671);
    for across in 1..=4 {
        for down in 1..=4 {
            let other = (1 + random.below(4), 1 + random.below(4));
            let factors = [(across, down), (1, 1), other];
            for size in reductions() {
                check(&Picture::random(&mut random, 35, 33, &factors, 0, (4, 8)), size);
            }
        }
    }
}

/// Codes of up to ten bits are looked up and longer ones are not. From ten to twelve it depends on the lookup.
#[test]
fn codes_of_any_length_are_decoded() {
    let mut random = Random(7);
    for lengths in [(4, 8), (9, 9), (10, 10), (11, 11), (12, 12), (13, 13), (16, 16)] {
        for scale in Scale::ALL {
            check(&Picture::random(&mut random, 30, 20, FACTORS[5], 0, lengths), scale);
        }
    }
}

#[test]
fn any_size_and_restart_interval_is_decoded() {
    let mut random = Random(99);
    for (width, height) in [(1, 1), (8, 8), (9, 16), (17, 7), (65, 33), (300, 2)] {
        for interval in [0, 1, 2, 7] {
            for scale in Scale::ALL {
                check(
                    &Picture::random(&mut random, width, height, FACTORS[5], interval, (4, 8)),
                    scale,
                );
            }
        }
    }
}

/// Components in scans of their own, or two of them in one: each scan has its own MCUs (A.2) and counts its own restart
/// intervals (E.1.4). The order of the scans does not matter, and neither does that within a scan.
#[test]
fn sequential_file_in_several_scans_is_decoded() {
    let mut random = Random(0x0bad_cafe);
    let orders: [&[&[usize]]; 6] = [
        &[&[0], &[1], &[2]],
        &[&[0, 1], &[2]],
        &[&[0], &[1, 2]],
        &[&[2], &[0], &[1]],
        &[&[1], &[0, 2]],
        &[&[2, 0, 1]],
    ];
    for factors in [
        FACTORS[2],
        FACTORS[3],
        FACTORS[5],
        FACTORS[9],
        &[(3, 2), (1, 1), (2, 2)],
    ] {
        for scans in orders {
            let scans = scans.iter().map(|components| {
                let interval = [0, 1, 2, 5, 9][random.below(5) as usize];
                Scan::sequential(components, interval)
            });
            let scans: Vec<Scan> = scans.collect();
            for scale in Scale::ALL {
                let (width, height) = (20 + random.below(30), 20 + random.below(30));
                let picture = Picture::random(&mut random, width, height, factors, 0, (4, 8));
                check(&picture.in_scans(false, scans.clone()), scale);
            }
        }
    }
    let inks = Picture::random(&mut random, 33, 50, FACTORS[15], 0, (4, 8));
    let scans = [&[0, 1][..], &[3], &[2]].map(|components| Scan::sequential(components, 3));
    check(&inks.in_scans(false, scans.to_vec()), Scale::Full);
}

/// The largest possible picture with almost no data fails at once, and its memory is known beforehand.
#[test]
fn header_of_a_huge_picture_fails_without_work() {
    let mut random = Random(13);
    for (progressive, most) in [(false, 8_000_000), (true, 60_000_000)] {
        let scans = vec![Scan::progressive(&[0, 1, 2], (0, 0), false, 0, 0)];
        let mut picture = Picture::random(&mut random, 16, 16, FACTORS[10], 0, (4, 8));
        if progressive {
            picture = picture.in_scans(true, scans);
        }
        let mut file = picture.file();
        let marker = if progressive { 0xc2 } else { 0xc1 };
        let frame = file.windows(2).position(|pair| pair == [0xff, marker]).unwrap();
        file[frame + 5..frame + 9].fill(0xff);
        let header = Header::read(&file, Damage::Refuse).unwrap();
        assert_eq!((header.width(), header.height()), (65_535, 65_535));
        assert!(header.decoder_bytes(Scale::Full) < most);
        let mut decoder = Decoder::new(&header, Scale::Full).unwrap();
        assert_eq!(decoder.advance(), Err(Error::Truncated));
    }
}
