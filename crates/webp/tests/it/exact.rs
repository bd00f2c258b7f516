//! Lossy pictures of every encoder setting: the same pixels as image-webp's and libwebp's.

use resizer_webp::{Decoder, Pixels};
use webp::WebPConfig;

use crate::pictures::Picture;
use crate::{decode, decode_by_image_webp, file};

fn check(name: &str, picture: &Picture, settings: impl Fn(&mut WebPConfig)) {
    let encoded = picture.encode(settings);
    let found = decode(&encoded, Pixels::Rgb).unwrap();
    assert_eq!(found.len(), picture.pixels.len(), "{name}");
    let differs = |other: &[u8]| found.iter().zip(other).position(|(found, other)| found != other);
    let other = decode_by_image_webp(&file(&encoded)).unwrap();
    assert_eq!(differs(&other), None, "{name}: first difference to image-webp");
    let other = webp::Decoder::new(&file(&encoded)).decode().unwrap();
    assert_eq!(differs(&other), None, "{name}: first difference to libwebp");

    let opaque = decode(&encoded, Pixels::Rgba).unwrap();
    let expected = found.as_chunks::<3>().0.iter().map(|[r, g, b]| [*r, *g, *b, 255]);
    assert!(opaque.as_chunks::<4>().0.iter().copied().eq(expected), "{name} as RGBA");
}

fn kinds(width: usize, height: usize) -> [(&'static str, Picture); 4] {
    [
        ("photograph", Picture::photograph(width, height)),
        ("noise", Picture::noise(width, height)),
        ("gradient", Picture::gradient(width, height)),
        ("drawing", Picture::drawing(width, height)),
    ]
}

#[test]
fn every_quality_decodes_exactly() {
    for (name, picture) in kinds(75, 61) {
        for quality in (0..=100).step_by(4) {
            check(&format!("{name}, quality {quality}"), &picture, |config| {
                config.quality = quality as f32;
            });
        }
    }
}

#[test]
fn every_method_and_number_of_segments_decodes_exactly() {
    for (name, picture) in kinds(90, 70) {
        for method in 0..=6 {
            for segments in 1..=4 {
                check(
                    &format!("{name}, method {method}, {segments} segments"),
                    &picture,
                    |config| {
                        config.quality = 60.0;
                        config.method = method;
                        config.segments = segments;
                        config.sns_strength = 100;
                    },
                );
            }
        }
    }
}

#[test]
fn every_loop_filter_decodes_exactly() {
    for (name, picture) in kinds(83, 66) {
        for (filter, simple) in [("simple", 0), ("normal", 1)] {
            for strength in [0, 1, 5, 15, 30, 45, 60, 75, 90, 100] {
                for sharpness in 0..=7 {
                    let about = format!("{name}, {filter} filter {strength}, sharpness {sharpness}");
                    check(&about, &picture, |config| {
                        config.quality = 25.0;
                        config.filter_type = simple;
                        config.filter_strength = strength;
                        config.filter_sharpness = sharpness;
                    });
                }
            }
        }
    }
}

#[test]
fn loop_filter_chosen_by_the_encoder_decodes_exactly() {
    for (name, picture) in kinds(120, 100) {
        for quality in [10.0, 50.0, 90.0] {
            check(&format!("{name}, quality {quality}"), &picture, |config| {
                config.quality = quality;
                config.autofilter = 1;
                config.method = 6;
            });
        }
    }
}

#[test]
fn every_number_of_partitions_decodes_exactly() {
    for (name, picture) in kinds(70, 300) {
        for partitions in 0..=3 {
            check(&format!("{name}, {} partitions", 1 << partitions), &picture, |config| {
                config.partitions = partitions;
            });
        }
    }
}

#[test]
fn every_size_of_the_last_macroblock_decodes_exactly() {
    for width in 1..=34 {
        for height in [1, 2, 3, 8, 9, 10, 15, 16, 17, 18, 23, 24, 25, 26, 31, 32, 33] {
            let picture = Picture::noise(width, height);
            check(&format!("{width}×{height}"), &picture, |config| config.quality = 40.0);
        }
    }
}

#[test]
fn extreme_and_large_sizes_decode_exactly() {
    for (width, height) in [(16_383, 3), (2, 16_383), (1, 1), (1300, 900)] {
        let picture = Picture::gradient(width, height);
        check(&format!("{width}×{height}"), &picture, |config| config.quality = 70.0);
    }
    check("photograph", &Picture::photograph(1300, 900), |_| {});
}

/// Pieces of at most 23 rows follow one another without a gap.
#[test]
fn rows_are_delivered_in_small_pieces() {
    for height in [1, 9, 16, 17, 25, 160, 161] {
        let encoded = Picture::gradient(50, height).encode(|_| {});
        let mut decoder = Decoder::new(&encoded, Pixels::Rgb).unwrap();
        assert_eq!((decoder.width(), usize::from(decoder.height())), (50, height));
        let mut next = 0;
        while let Some(rows) = decoder.next_rows().unwrap() {
            assert_eq!(rows.first as usize, next);
            assert_eq!(rows.pixels.len() % 150, 0);
            let count = rows.pixels.len() / 150;
            assert!((1..=23).contains(&count), "{count} of {height} rows");
            next += count;
        }
        assert_eq!(next, height);
    }
}
