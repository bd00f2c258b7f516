//! Damaged lossy pictures: an error, or the same pixels as image-webp's, and never a panic.

use resizer_webp::{DecodeError, Decoder, Pixels};

use crate::pictures::{Chance, Picture};
use crate::{decode, decode_by_image_webp, file};

/// Both decoders return the same pixels, or both refuse the picture. Returns whether it was decoded.
fn check(about: &str, picture: &[u8]) -> bool {
    match (decode(picture, Pixels::Rgb), decode_by_image_webp(&file(picture))) {
        (Ok(found), Some(other)) => {
            assert!(found == other, "{about}: other pixels than image-webp's");
            true
        }
        // libwebp refuses these as well, image-webp decodes them.
        (Err(DecodeError::Hidden | DecodeError::Version(_)), _) | (Err(_), None) => false,
        (Ok(_), None) => panic!("{about}: refused by image-webp only"),
        (Err(error), Some(_)) => panic!("{about}: decoded by image-webp, but {error}"),
    }
}

fn small() -> Vec<u8> {
    Picture::photograph(37, 35).encode(|config| {
        config.quality = 50.0;
        config.partitions = 1;
    })
}

#[test]
fn picture_cut_anywhere_decodes_as_by_image_webp() {
    let whole = small();
    assert!(check("whole", &whole));
    for length in 0..whole.len() {
        check(&format!("{length} of {} bytes", whole.len()), &whole[..length]);
    }
    assert!(decode(&whole[..whole.len() / 2], Pixels::Rgb).is_err());
}

#[test]
fn picture_with_any_bit_flipped_decodes_as_by_image_webp() {
    let whole = small();
    for bit in 0..whole.len() * 8 {
        let mut changed = whole.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        check(&format!("bit {bit}"), &changed);
    }
}

/// Any sequence of bits is some header, some modes and some coefficients. So the test covers all of the format, and
/// values that no encoder writes.
#[test]
fn random_bits_decode_as_by_image_webp() {
    let mut chance = Chance(0x9e37_79b9);
    let mut decoded = 0;
    for number in 0..600 {
        let (width, height) = (chance.number() % 70 + 1, chance.number() % 70 + 1);
        let first = 100 + chance.number() % 700;
        let tag = first << 5 | 1 << 4;
        let mut picture = tag.to_le_bytes()[..3].to_vec();
        picture.extend([0x9d, 0x01, 0x2a]);
        picture.extend((width as u16).to_le_bytes());
        picture.extend((height as u16).to_le_bytes());
        // The highest bit is the colour space, of which one value is reserved.
        picture.push(chance.byte() & 0x7f);
        picture.extend((1..first).map(|_| chance.byte()));
        // The sizes of up to seven partitions. With one partition they are just more bits.
        picture.extend([0xd0, 0x07, 0].repeat(7));
        // Low bytes are small coefficients; high ones are large.
        let most = chance.byte();
        picture.extend((0..16_000).map(|_| chance.byte().min(most)));
        decoded += usize::from(check(&format!("number {number}"), &picture));
    }
    assert!(decoded > 200, "{decoded} of 600 could be decoded");
}

#[test]
fn invalid_header_is_refused() {
    let whole = small();
    let check = |place: usize, value: u8, expected: DecodeError| {
        let mut changed = whole.clone();
        changed[place] = value;
        assert_eq!(Decoder::new(&changed, Pixels::Rgb).unwrap_err(), expected);
    };
    check(0, whole[0] | 1, DecodeError::NotAKeyFrame);
    check(0, whole[0] | 8, DecodeError::Version(4));
    check(0, whole[0] & !16, DecodeError::Hidden);
    check(3, 0, DecodeError::StartCode);
    check(6, 0, DecodeError::Empty);
    check(8, 0, DecodeError::Empty);
    check(2, 0xff, DecodeError::Truncated("its header"));
    check(10, 0xff, DecodeError::ColourSpace);
    // The scale for display changes nothing.
    let mut scaled = whole.clone();
    scaled[7] |= 0xc0;
    scaled[9] |= 0x40;
    assert_eq!(decode(&scaled, Pixels::Rgb), decode(&whole, Pixels::Rgb));
}

/// The decoder delivers rows before it reads the rest of the data.
#[test]
fn rows_before_the_damage_are_delivered() {
    let whole = Picture::photograph(64, 200).encode(|_| {});
    let expected = decode(&whole, Pixels::Rgb).unwrap();
    let mut decoder = Decoder::new(&whole[..whole.len() * 2 / 3], Pixels::Rgb).unwrap();
    let mut delivered = 0;
    let error = loop {
        match decoder.next_rows() {
            Ok(rows) => {
                let rows = rows.unwrap();
                assert_eq!(rows.pixels, &expected[delivered..delivered + rows.pixels.len()]);
                delivered += rows.pixels.len();
            }
            Err(error) => break error,
        }
    };
    assert_eq!(error, DecodeError::Exhausted);
    assert!(delivered > expected.len() / 4, "{delivered} of {}", expected.len());
}
