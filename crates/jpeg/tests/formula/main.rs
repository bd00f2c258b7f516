//! Decoded files against the formula of the transform: every sampling factor, scale and code length. The tests write
//! the files from coefficients, so that no encoder's or decoder's choices matter.

#![expect(
    clippy::unwrap_used,
    reason = "a failure in a function that tests share is the test's failure"
)]

mod file;

use file::{Block, Picture, Random, quantiser, zigzag};
use resizer_jpeg::{Decoder, Error, Header, Scale};

/// T.81, A.3.3, limited to the lowest frequencies, each a cosine over as many samples as there are.
fn samples(block: &Block, width: usize, height: usize) -> Vec<Vec<f64>> {
    let wave = |sample: usize, frequency: usize, points: usize| {
        let angle = (2 * sample + 1) as f64 * frequency as f64 * std::f64::consts::PI / (2 * points) as f64;
        if frequency == 0 { 0.5_f64.sqrt() } else { angle.cos() }
    };
    let coefficients: Vec<_> = zigzag().into_iter().zip(block).enumerate().collect();
    let sample = |x: usize, y: usize| {
        let terms = coefficients.iter().map(|(place, ((u, v), value))| {
            if *u < width && *v < height {
                f64::from(**value * i32::from(quantiser(*place))) * wave(x, *u, width) * wave(y, *v, height)
            } else {
                0.0
            }
        });
        (terms.sum::<f64>() / 4.0 + 128.0).clamp(0.0, 255.0)
    };
    (0..height)
        .map(|y| (0..width).map(|x| sample(x, y)).collect())
        .collect()
}

fn check(picture: &Picture, scale: Scale) {
    let about = format!(
        "{} x {}, {:?}, restarts {}, codes of {:?}, {scale:?}",
        picture.width, picture.height, picture.factors, picture.interval, picture.lengths
    );
    let file = picture.file();
    let mut decoder = Decoder::new(&file, scale).unwrap();
    let (most_across, most_down) = picture.most();
    let mut next = vec![0; picture.factors.len()];
    while decoder.advance().unwrap() {
        let rows = decoder.rows();
        for (component, (across, down)) in picture.block_factors().into_iter().enumerate() {
            let plane = rows.plane(component);
            let points = 8 / scale.denominator();
            let width = (points * most_across / across / plane.ratios().0) as usize;
            let height = (points * most_down / down / plane.ratios().1) as usize;
            assert!(width <= 8 && height <= 8);
            let end = rows.end().div_ceil(plane.ratios().1) as usize;
            for y in next[component]..end {
                let row = plane.row(y as u32);
                assert_eq!(row.len() as u32, decoder.width().div_ceil(plane.ratios().0), "{about}");
                let blocks = &picture.blocks[component][y / height];
                let expected = blocks
                    .iter()
                    .flat_map(|block| samples(block, width, height)[y % height].clone());
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

const FACTORS: [&[(u32, u32)]; 14] = [
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
];

#[test]
fn every_sampling_and_scale_matches_the_formula() {
    let mut random = Random(0x2545_f491);
    for factors in FACTORS {
        for scale in Scale::ALL {
            check(&Picture::random(&mut random, 37, 41, factors, 0, (4, 8)), scale);
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

/// A file that is cut off anywhere before its end is an error, at every scale, even if an end marker follows.
#[test]
fn truncated_file_is_an_error() {
    let mut random = Random(3);
    for interval in [0, 2] {
        let file = Picture::random(&mut random, 33, 20, FACTORS[5], interval, (4, 8)).file();
        let decode = |file: &[u8], scale| {
            let mut decoder = Decoder::new(file, scale)?;
            while decoder.advance()? {}
            Ok::<(), Error>(())
        };
        for scale in Scale::ALL {
            assert_eq!(decode(&file, scale), Ok(()));
            let start = file.windows(2).position(|pair| pair == [0xff, 0xda]).unwrap() + 14;
            for length in start..file.len() - 2 {
                let cut = &file[..length];
                // The last byte may consist of padding only.
                if length < file.len() - 3 {
                    assert_eq!(decode(cut, scale), Err(Error::Truncated), "{length} of {}", file.len());
                    let ended = [cut, &[0xff, 0xd9]].concat();
                    assert_eq!(
                        decode(&ended, scale),
                        Err(Error::Truncated),
                        "{length} of {}",
                        file.len()
                    );
                }
            }
            for length in 0..start {
                assert!(decode(&file[..length], scale).is_err());
            }
        }
    }
}

/// Any result is fine, as long as the decoder returns one.
#[test]
fn damaged_file_does_not_panic() {
    let mut random = Random(5);
    for (interval, factors) in [(0, FACTORS[0]), (2, FACTORS[5]), (0, FACTORS[10])] {
        let file = Picture::random(&mut random, 33, 20, factors, interval, (4, 8)).file();
        for bit in 0..file.len() * 8 {
            let mut changed = file.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            // The size is kept, as a larger picture takes longer.
            let Ok(header) = Header::read(&changed) else { continue };
            if header.width() > 300 || header.height() > 300 {
                continue;
            }
            for scale in Scale::ALL {
                let mut decoder = Decoder::new(&changed, scale).unwrap();
                while let Ok(true) = decoder.advance() {}
                // The decoder repeats its error.
                let again = decoder.advance();
                assert_eq!(again, decoder.advance());
            }
        }
    }
}

/// A damaged table or a contradictory header is refused.
#[test]
fn invalid_header_is_refused() {
    let mut random = Random(11);
    let picture = Picture::random(&mut random, 16, 16, FACTORS[5], 0, (4, 8));
    let file = picture.file();
    let place = |marker: u8| file.windows(2).position(|pair| pair == [0xff, marker]).unwrap();
    let refusal = |changes: &[(usize, u8)]| {
        let mut changed = file.clone();
        changes.iter().for_each(|(at, byte)| changed[*at] = *byte);
        Header::read(&changed)
            .map(|header| (header.width(), header.height()))
            .unwrap_err()
    };
    let unsupported =
        |changes: &[(usize, u8)]| assert!(matches!(refusal(changes), Error::Unsupported(_)), "{changes:?}");
    let corrupt = |changes: &[(usize, u8)]| assert!(matches!(refusal(changes), Error::Corrupt(_)), "{changes:?}");
    let (frame, scan, code) = (place(0xc1), place(0xda), place(0xc4));
    // Progressive, lossless, arithmetic, 12 bits, four components, a factor of 3 beside 1.
    unsupported(&[(frame + 1, 0xc2)]);
    unsupported(&[(frame + 1, 0xc3)]);
    unsupported(&[(frame + 1, 0xc9)]);
    unsupported(&[(frame + 4, 12)]);
    unsupported(&[(frame + 9, 4)]);
    unsupported(&[(frame + 11, 0x31)]);
    // A scan of two components, of one that does not exist, of some coefficients, with a table that does not exist.
    unsupported(&[(scan + 4, 2)]);
    unsupported(&[(scan + 5, 9)]);
    unsupported(&[(scan + 12, 5)]);
    unsupported(&[(scan + 6, 0x22)]);
    unsupported(&[(frame + 12, 3)]);
    // No columns, no rows, factors of 0 and 5, missing components.
    corrupt(&[(frame + 7, 0), (frame + 8, 0)]);
    corrupt(&[(frame + 5, 0), (frame + 6, 0)]);
    corrupt(&[(frame + 11, 0x01)]);
    corrupt(&[(frame + 11, 0x51)]);
    corrupt(&[(frame + 9, 1)]);
    // Three codes of one bit, a table of unknown class, more symbols than there are.
    corrupt(&[(code + 5, 3), (code + 8, 9)]);
    corrupt(&[(code + 4, 0x20)]);
    corrupt(&[(code + 8, 200)]);
}

/// A byte has 256 values (T.81, B.2.4.2), and other decoders have the same limit.
#[test]
fn huffman_table_of_more_than_256_symbols_is_refused() {
    let file = Picture::random(&mut Random(17), 16, 16, FACTORS[0], 0, (4, 8)).file();
    // An unused table with codes of 15 and 16 bits.
    for (symbols, sound) in [(256_usize, true), (257, false), (510, false)] {
        let counts = [(symbols / 2) as u8, symbols.div_ceil(2) as u8];
        let table: Vec<u8> = (0..symbols).map(|symbol| symbol as u8).collect();
        let length = (symbols as u16 + 19).to_be_bytes();
        let changed = [
            &file[..2],
            &[0xff, 0xc4],
            &length,
            &[0x11],
            &[0; 14],
            &counts,
            &table,
            &file[2..],
        ]
        .concat();
        assert_eq!(Header::read(&changed).is_ok(), sound, "{symbols} symbols");
    }
}

/// The largest possible picture with almost no data fails at once, and its memory is known beforehand.
#[test]
fn header_of_a_huge_picture_fails_without_work() {
    let mut random = Random(13);
    let mut file = Picture::random(&mut random, 16, 16, FACTORS[10], 0, (4, 8)).file();
    let frame = file.windows(2).position(|pair| pair == [0xff, 0xc1]).unwrap();
    file[frame + 5..frame + 9].fill(0xff);
    let header = Header::read(&file).unwrap();
    assert_eq!((header.width(), header.height()), (65_535, 65_535));
    assert!(header.decoder_bytes(Scale::Full) < 8_000_000);
    let mut decoder = Decoder::new(&file, Scale::Full).unwrap();
    assert_eq!(decoder.advance(), Err(Error::Truncated));
}
