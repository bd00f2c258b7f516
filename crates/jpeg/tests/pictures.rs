//! Whole pictures against two other decoders, and scaled pictures against the means of full ones.

#![expect(
    clippy::unwrap_used,
    reason = "a failure in a function that tests share is the test's failure"
)]

mod make;

use make::{FACTORS, busy, encode, restarting};
use resizer_jpeg::{Colours, Damage, Decoder, Header, Ratio, Scale};

/// All rows of a component in its own resolution.
struct Samples {
    width: usize,
    /// How many pixels a sample covers, across and down.
    ratios: (u32, u32),
    rows: Vec<Vec<u8>>,
}

fn read(source: &[u8]) -> Header<'_> {
    Header::read(source, Damage::Refuse).unwrap()
}

fn decode(source: &[u8], scale: Scale) -> (u32, u32, Vec<Samples>) {
    let header = read(source);
    let mut decoder = Decoder::new(&header, scale).unwrap();
    let (width, height) = (decoder.width(), decoder.height());
    let count = decoder.colours().components();
    let mut planes: Vec<Samples> = Vec::new();
    let mut next = 0;
    while decoder.advance().unwrap() {
        let rows = decoder.rows();
        for index in 0..count {
            let plane = rows.plane(index);
            if planes.len() == index {
                let pixels = |ratio: Ratio| {
                    assert_eq!(ratio.samples, 1);
                    ratio.pixels
                };
                let (across, down) = plane.ratios();
                planes.push(Samples {
                    width: plane.row(0).len(),
                    ratios: (pixels(across), pixels(down)),
                    rows: Vec::new(),
                });
            }
            let samples = &mut planes[index];
            let end = rows.end().div_ceil(samples.ratios.1);
            let seen = samples.rows.len() as u32;
            if seen > 0 {
                assert_eq!(
                    plane.row(seen - 1),
                    samples.rows.last().unwrap(),
                    "the row before is kept"
                );
            }
            samples.rows.extend((seen..end).map(|row| plane.row(row).to_vec()));
        }
        assert!(rows.end() > next);
        next = rows.end();
        assert_eq!(rows.are_last(), next == height);
    }
    assert_eq!(next, height);
    assert!(!decoder.advance().unwrap(), "it stays at its end");
    (width, height, planes)
}

/// The picture by zune-jpeg without colour conversion. It upsamples chroma by repetition or by a triangle filter.
fn zune(source: &[u8], gray: bool) -> Vec<u8> {
    use zune_core::colorspace::ColorSpace;
    let options = zune_core::options::DecoderOptions::default().jpeg_set_out_colorspace(if gray {
        ColorSpace::Luma
    } else {
        ColorSpace::YCbCr
    });
    let mut decoder = zune_jpeg::JpegDecoder::new_with_options(zune_core::bytestream::ZCursor::new(source), options);
    decoder.decode().unwrap()
}

/// Compares luma, and chroma where it is not subsampled.
#[test]
fn full_picture_matches_other_decoders() {
    let sizes = [(1, 1), (7, 9), (16, 16), (33, 17), (50, 75), (129, 40)];
    for factor in FACTORS {
        for (width, height) in sizes {
            for quality in [20, 85, 100] {
                for interval in [0, 1, 5] {
                    let source = restarting(&busy(width, height), width, height, factor, quality, interval);
                    let about = format!("{factor:?}, {width} x {height}, quality {quality}, restarts {interval}");
                    let (found_width, found_height, planes) = decode(&source, Scale::Full);
                    assert_eq!((found_width, found_height), (width, height), "{about}");
                    let theirs = zune(&source, false);
                    for (index, plane) in planes.iter().enumerate() {
                        if plane.ratios != (1, 1) {
                            continue;
                        }
                        assert_eq!(plane.width, width as usize);
                        let pixels = theirs.iter().skip(index).step_by(3);
                        for (place, (found, expected)) in plane.rows.iter().flatten().zip(pixels).enumerate() {
                            assert!(
                                found.abs_diff(*expected) <= 1,
                                "{about}: {found} for {expected}, component {index}, sample {place}"
                            );
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn grey_picture_matches_other_decoders() {
    for (width, height) in [(1, 1), (8, 8), (17, 31), (100, 60)] {
        let gray: Vec<u8> = busy(width, height).into_iter().step_by(3).collect();
        let source = encode(&gray, width, height, jpeg_encoder::ColorType::Luma, 90, |encoder| {
            encoder.set_restart_interval(3);
        });
        let (_, _, planes) = decode(&source, Scale::Full);
        let mut other = jpeg_decoder::Decoder::new(&source[..]);
        let expected = other.decode().unwrap();
        assert_eq!(planes.len(), 1);
        for (found, expected) in planes[0].rows.iter().flatten().zip(&expected) {
            assert!(
                found.abs_diff(*expected) <= 1,
                "{width} x {height}: {found} for {expected}"
            );
        }
        assert_eq!(zune(&source, true).len(), expected.len());
    }
}

/// Each sample of a smooth picture's scaled form is the mean of the full samples it covers: in a ramp all frequencies
/// but the lowest are almost zero.
#[test]
fn scaled_picture_is_the_mean_of_the_full_one() {
    let (width, height) = (150, 94);
    let smooth = make::pixels(width, height, |x, y| {
        let wave = (f64::from(x) / 19.0).sin() + (f64::from(y) / 23.0).cos();
        [(128.0 + 50.0 * wave) as u8, (x + y) as u8, 200 - y as u8]
    });
    for (factor, progressive) in FACTORS.into_iter().flat_map(|factor| [(factor, false), (factor, true)]) {
        let source = encode(&smooth, width, height, jpeg_encoder::ColorType::Rgb, 100, |encoder| {
            encoder.set_sampling_factor(factor);
            encoder.set_progressive(progressive);
        });
        let (_, _, full) = decode(&source, Scale::Full);
        for scale in [Scale::Half, Scale::Quarter, Scale::Eighth] {
            let (found_width, found_height, planes) = decode(&source, scale);
            assert_eq!((found_width, found_height), (scale.apply(width), scale.apply(height)));
            for (index, (plane, full)) in planes.iter().zip(&full).enumerate() {
                // Samples of the full component for one of the scaled component.
                let across = (scale.denominator() * plane.ratios.0 / full.ratios.0) as usize;
                let down = (scale.denominator() * plane.ratios.1 / full.ratios.1) as usize;
                assert_eq!(plane.width, full.width.div_ceil(across));
                assert_eq!(plane.rows.len(), full.rows.len().div_ceil(down));
                // Only samples that lie wholly in the picture.
                for (y, rows) in full.rows.chunks_exact(down).enumerate() {
                    for x in 0..full.width / across {
                        let samples = rows.iter().flat_map(|row| &row[x * across..(x + 1) * across]);
                        let mean = samples.map(|sample| f64::from(*sample)).sum::<f64>() / (across * down) as f64;
                        let found = plane.rows[y][x];
                        assert!(
                            (f64::from(found) - mean).abs() <= 2.5,
                            "{factor:?}, {scale:?}, component {index} at {x}, {y}: {found} for {mean}"
                        );
                    }
                }
            }
        }
    }
}

/// The mean of a block is its DC coefficient, whatever the others are.
#[test]
fn picture_at_an_eighth_is_the_mean_of_each_block() {
    let (width, height) = (160, 96);
    let gray: Vec<u8> = busy(width, height).into_iter().step_by(3).collect();
    let source = encode(&gray, width, height, jpeg_encoder::ColorType::Luma, 90, |_| {});
    let (_, _, full) = decode(&source, Scale::Full);
    let (_, _, means) = decode(&source, Scale::Eighth);
    let mut checked = 0;
    for (y, rows) in full[0].rows.chunks_exact(8).enumerate() {
        for x in 0..20 {
            let block: Vec<u8> = rows.iter().flat_map(|row| row[x * 8..x * 8 + 8].to_vec()).collect();
            // Clamped samples had larger values in the coefficients.
            if block.iter().any(|sample| matches!(sample, 0 | 255)) {
                continue;
            }
            let mean = block.iter().map(|sample| f64::from(*sample)).sum::<f64>() / 64.0;
            let found = means[0].rows[y][x];
            assert!((f64::from(found) - mean).abs() <= 0.6, "{found} for {mean}");
            checked += 1;
        }
    }
    assert!(checked > 50, "{checked}");
}

#[test]
fn header_tells_size_and_colours() {
    let pixels = busy(20, 10);
    let source = encode(&pixels, 20, 10, jpeg_encoder::ColorType::Rgb, 90, |_| {});
    let header = read(&source);
    assert_eq!(
        (header.width(), header.height(), header.colours()),
        (20, 10, Colours::YCbCr)
    );
    assert!(header.decoder_bytes(Scale::Full) < 100_000);
}

/// Progressive files, and sequential ones with a scan for each component, which the encoder writes with tables of its
/// own. zune-jpeg decodes these right as long as there are no restart markers.
#[test]
fn picture_in_several_scans_matches_other_decoders() {
    for factor in FACTORS {
        for (width, height) in [(1, 1), (7, 9), (33, 17), (129, 40)] {
            for progressive in [false, true] {
                let source = encode(
                    &busy(width, height),
                    width,
                    height,
                    jpeg_encoder::ColorType::Rgb,
                    90,
                    |encoder| {
                        encoder.set_sampling_factor(factor);
                        encoder.set_progressive(progressive);
                        encoder.set_optimized_huffman_tables(true);
                    },
                );
                let about = format!("{factor:?}, {width} x {height}, progressive: {progressive}");
                let scans = source.windows(2).filter(|pair| *pair == [0xff, 0xda]).count();
                assert!(scans >= 3, "{about}");
                let (_, _, planes) = decode(&source, Scale::Full);
                let theirs = zune(&source, false);
                for (index, plane) in planes.iter().enumerate().filter(|(_, plane)| plane.ratios == (1, 1)) {
                    let pixels = theirs.iter().skip(index).step_by(3);
                    for (found, expected) in plane.rows.iter().flatten().zip(pixels) {
                        assert!(found.abs_diff(*expected) <= 1, "{about}: {found} for {expected}");
                    }
                }
            }
        }
    }
}

/// The encoder writes the tables of T.81, K.3.3, into each file. A decoder has them anyway.
#[test]
fn standard_huffman_tables_may_be_left_out() {
    let source = restarting(&busy(60, 40), 60, 40, FACTORS[3], 90, 2);
    let mut without = source.clone();
    let mut tables = 0;
    while let Some(at) = without.windows(2).position(|pair| pair == [0xff, 0xc4]) {
        let length = usize::from(u16::from_be_bytes([without[at + 2], without[at + 3]]));
        without.drain(at..at + 2 + length);
        tables += 1;
    }
    assert!(tables > 0);
    let (_, _, expected) = decode(&source, Scale::Full);
    let (_, _, found) = decode(&without, Scale::Full);
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!(found.rows, expected.rows);
    }
}
