//! Lossless pictures of every encoder setting: every pixel as it was encoded. Damaged ones: an error, or the same
//! pixels as image-webp's, and never a panic.

use resizer_webp::{DecodeError, LosslessDecoder, Pixels};
use webp::WebPConfig;

use crate::pictures::{Chance, Picture};
use crate::{all_rows, decode_by_image_webp, decode_lossless, lossless_file};

fn check(name: &str, picture: &Picture, settings: impl Fn(&mut WebPConfig)) {
    let encoded = picture.encode_lossless(&settings);
    let found = decode_lossless(&encoded, Pixels::Rgb).unwrap();
    assert!(found == picture.pixels, "{name}");
    let opaque = decode_lossless(&encoded, Pixels::Rgba).unwrap();
    let expected = found.as_chunks::<3>().0.iter().map(|[r, g, b]| [*r, *g, *b, 255]);
    assert!(opaque.as_chunks::<4>().0.iter().copied().eq(expected), "{name} as RGBA");

    let (encoded, pixels) = picture.encode_transparent(settings);
    assert!(LosslessDecoder::new(&encoded, Pixels::Rgba).unwrap().has_alpha());
    assert!(
        decode_lossless(&encoded, Pixels::Rgba).unwrap() == pixels,
        "{name} with alpha"
    );
}

fn kinds(width: usize, height: usize) -> Vec<(String, Picture)> {
    let mut kinds = vec![
        ("photograph".to_owned(), Picture::photograph(width, height)),
        ("noise".to_owned(), Picture::noise(width, height)),
        ("gradient".to_owned(), Picture::gradient(width, height)),
        ("drawing".to_owned(), Picture::drawing(width, height)),
    ];
    for colours in [1, 2, 3, 4, 5, 16, 17, 250, 256, 257] {
        let picture = Picture::photograph(width, height).with_colours(colours);
        kinds.push((format!("{colours} colours"), picture));
    }
    kinds
}

#[test]
fn every_method_and_effort_decodes_exactly() {
    for (name, picture) in kinds(75, 61) {
        for method in 0..=6 {
            for quality in [0, 30, 75, 100] {
                check(&format!("{name}, method {method}, {quality}"), &picture, |config| {
                    config.method = method;
                    config.quality = quality as f32;
                });
            }
        }
    }
}

#[test]
fn every_width_and_height_decodes_exactly() {
    for side in (1..=40).chain([63, 64, 65, 127, 128, 129, 300]) {
        for other in [1, 2, 7, 33] {
            for (width, height) in [(side, other), (other, side)] {
                let picture = Picture::photograph(width, height);
                check(&format!("{width} x {height}"), &picture, |_| {});
                let few = picture.with_colours(3);
                check(&format!("{width} x {height} of 3 colours"), &few, |_| {});
            }
        }
    }
}

/// The picture has more pixels than the decoder holds, and back-references of nearly the largest distance.
#[test]
fn picture_larger_than_the_window_decodes_exactly() {
    let (width, height) = (1_001, 2_100);
    let mut picture = Picture::photograph(width, 700);
    let far = picture.pixels.clone();
    picture.pixels.extend(Picture::noise(width, 300).pixels);
    picture.pixels.extend_from_slice(&far);
    let rest = Picture::gradient(width, height - 1_700);
    picture.pixels.extend(rest.pixels);
    picture.height = height;
    check("large", &picture, |config| {
        config.method = 4;
        config.quality = 100.0;
    });
}

#[test]
fn alpha_channel_decodes_to_the_green_channel() {
    // An alpha channel is stored as green, without the header.
    let picture = Picture::photograph(130, 50);
    let encoded = picture.encode_lossless(|_| {});
    let found = all_rows(LosslessDecoder::alpha(&encoded[5..], 130, 50).unwrap()).unwrap();
    let expected = picture.pixels.as_chunks::<3>().0.iter().map(|[_, green, _]| *green);
    assert!(found.into_iter().eq(expected));
}

/// Both decoders return the same pixels, or both refuse the picture. Returns whether it was decoded.
fn agrees(about: &str, picture: &[u8]) -> bool {
    let pixels = match LosslessDecoder::new(picture, Pixels::Rgba) {
        Ok(decoder) if decoder.has_alpha() => Pixels::Rgba,
        _ => Pixels::Rgb,
    };
    match (
        decode_lossless(picture, pixels),
        decode_by_image_webp(&lossless_file(picture)),
    ) {
        (Ok(found), Some(other)) => {
            assert!(found == other, "{about}: other pixels than image-webp's");
            true
        }
        (Err(_), None) => false,
        (Ok(_), None) => panic!("{about}: refused by image-webp only"),
        (Err(error), Some(_)) => panic!("{about}: decoded by image-webp, but {error}"),
    }
}

fn small() -> [Vec<u8>; 3] {
    [
        Picture::photograph(37, 35).encode_transparent(|_| {}).0,
        Picture::photograph(50, 30).with_colours(12).encode_lossless(|_| {}),
        Picture::drawing(40, 30).encode_lossless(|config| config.quality = 100.0),
    ]
}

#[test]
fn picture_cut_anywhere_decodes_as_by_image_webp() {
    for (number, whole) in small().iter().enumerate() {
        assert!(agrees("whole", whole));
        for length in 0..whole.len() {
            agrees(&format!("{length} bytes of number {number}"), &whole[..length]);
        }
        assert!(decode_lossless(&whole[..whole.len() / 2], Pixels::Rgb).is_err());
    }
}

#[test]
fn picture_with_any_bit_flipped_decodes_as_by_image_webp() {
    for (number, whole) in small().iter().enumerate() {
        // Width and height stay, as a large picture takes long.
        for bit in 28..whole.len() * 8 {
            let mut changed = whole.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            agrees(&format!("bit {bit} of number {number}"), &changed);
        }
    }
}

/// Random bits are mostly invalid. They must not take longer or more memory than a picture.
#[test]
fn random_bits_decode_as_by_image_webp() {
    let mut chance = Chance(0x9e37_79b9);
    for number in 0..2_000 {
        let mut picture = vec![0x2f];
        let [width, height] = [(); 2].map(|()| chance.number() % 70);
        picture.extend((width | height << 14).to_le_bytes());
        // Zeros mean shorter codes and fewer transforms, so the decoder comes further.
        let mask = chance.byte() | chance.byte();
        picture.extend((0..2_000).map(|_| chance.byte() & mask));
        agrees(&format!("number {number}"), &picture);
    }
}

#[test]
fn invalid_header_is_refused() {
    let [whole, ..] = small();
    let check = |place: usize, value: u8, expected: DecodeError| {
        let mut changed = whole.clone();
        changed[place] = value;
        assert_eq!(LosslessDecoder::new(&changed, Pixels::Rgb).unwrap_err(), expected);
    };
    check(0, 0x2e, DecodeError::StartCode);
    check(4, whole[4] | 0x20, DecodeError::Version(1));
    let short = LosslessDecoder::new(&whole[..4], Pixels::Rgb).unwrap_err();
    assert_eq!(short, DecodeError::Truncated("its header"));
}

/// The decoder delivers rows before it reads the rest of the data.
#[test]
fn rows_before_the_damage_are_delivered() {
    let picture = Picture::photograph(640, 500);
    let whole = picture.encode_lossless(|_| {});
    let mut decoder = LosslessDecoder::new(&whole[..whole.len() * 2 / 3], Pixels::Rgb).unwrap();
    let mut delivered = 0;
    let error = loop {
        match decoder.step() {
            Ok(_) => {
                let rows = decoder.rows();
                assert!(rows == &picture.pixels[delivered..delivered + rows.len()]);
                delivered += rows.len();
            }
            Err(error) => break error,
        }
    };
    assert_eq!(error, DecodeError::Truncated("its pixels"));
    assert!(delivered > picture.pixels.len() / 4, "{delivered}");
}

/// RFC 9649, 5.2.3: every pixel goes into the colour cache, also the zero pixel of an unset entry. image-webp leaves
/// that one out, so the test cannot compare with it.
#[test]
fn pixel_read_from_the_colour_cache_is_cached_again() {
    let place = |pixel: u32| 0x1e35_a7bd_u32.wrapping_mul(pixel) >> 31;
    // An opaque pixel with this red and blue, and a green that puts it into the first of two entries.
    let green = (0..=255)
        .find(|green| place(0xFF00_0000 | 7 << 16 | green << 8 | 9) == 0)
        .unwrap();
    let mut bits = Vec::new();
    let mut put = |value: u32, count: u32| bits.extend((0..count).map(|bit| value >> bit & 1 == 1));
    // Three pixels in a row, with alpha. No transform, a colour cache of two entries, one prefix code group.
    for (value, count) in [
        (0x2F, 8),
        (2, 14),
        (0, 14),
        (1, 1),
        (0, 3),
        (0, 1),
        (1, 1),
        (1, 4),
        (0, 1),
    ] {
        put(value, count);
    }
    // Green's code: the lengths 0, 1 and 2 are coded as 0, 10 and 11. The symbols are this green and both cache
    // entries.
    for (value, count) in [(0, 1), (1, 4), (0, 3), (0, 3), (1, 3), (2, 3), (2, 3), (0, 1)] {
        put(value, count);
    }
    for symbol in 0..256 + 24 + 2 {
        match symbol {
            280.. => put(0b11, 2),
            _ if symbol == green => put(0b01, 2),
            _ => put(0, 1),
        }
    }
    // Red, blue, alpha and distance: one symbol each, which takes no bits.
    for symbol in [7, 9, 255, 0] {
        put(0b101, 3);
        put(symbol, 8);
    }
    // The literal, the unset entry, and the entry that the unset one's pixel goes to.
    put(0b0, 1);
    put(0b11, 2);
    put(0b01, 2);
    let picture: Vec<u8> = bits
        .chunks(8)
        .map(|byte| byte.iter().rev().fold(0, |byte, bit| byte << 1 | u8::from(*bit)))
        .collect();
    let found = decode_lossless(&picture, Pixels::Rgba).unwrap();
    assert_eq!(found, [7, green as u8, 9, 255, 0, 0, 0, 0, 0, 0, 0, 0]);
}
