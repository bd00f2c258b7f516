//! Headers: refused kinds, tolerated irregularities, and the colour model.

use resizer_jpeg::{Colours, Damage, Decoder, Error, Header, Scale};

use crate::file::{Picture, Random};
use crate::{FACTORS, check_file};

fn place(file: &[u8], marker: u8) -> usize {
    file.windows(2).position(|pair| pair == [0xff, marker]).unwrap()
}

/// A damaged table or a contradictory header is refused.
#[test]
fn invalid_header_is_refused() {
    let mut random = Random(11);
    let picture = Picture::random(&mut random, 16, 16, FACTORS[5], 0, (4, 8));
    let file = picture.file();
    let refusal = |changes: &[(usize, u8)]| {
        let mut changed = file.clone();
        changes.iter().for_each(|(at, byte)| changed[*at] = *byte);
        Header::read(&changed, Damage::Refuse)
            .map(|header| (header.width(), header.height()))
            .unwrap_err()
    };
    let unsupported =
        |changes: &[(usize, u8)]| assert!(matches!(refusal(changes), Error::Unsupported(_)), "{changes:?}");
    let corrupt = |changes: &[(usize, u8)]| assert!(matches!(refusal(changes), Error::Corrupt(_)), "{changes:?}");
    let (frame, scan, code) = (place(&file, 0xc1), place(&file, 0xda), place(&file, 0xc4));
    // Lossless, differential, arithmetic, hierarchical, 12 bits, two and five components.
    unsupported(&[(frame + 1, 0xc3)]);
    unsupported(&[(frame + 1, 0xc5)]);
    unsupported(&[(frame + 1, 0xc9)]);
    unsupported(&[(frame + 1, 0xde)]);
    unsupported(&[(frame + 4, 12)]);
    unsupported(&[(frame + 9, 2)]);
    unsupported(&[(frame + 9, 5)]);
    // The height comes after the pixels.
    unsupported(&[(frame + 5, 0), (frame + 6, 0)]);
    // A scan of no component, of one that does not exist, with tables that do not exist.
    corrupt(&[(scan + 4, 0)]);
    corrupt(&[(scan + 4, 2)]);
    corrupt(&[(scan + 5, 9)]);
    corrupt(&[(scan + 6, 0x22)]);
    corrupt(&[(frame + 12, 3)]);
    // No columns, factors of 0 and 5, missing components, a second frame, a second start.
    corrupt(&[(frame + 7, 0), (frame + 8, 0)]);
    corrupt(&[(frame + 11, 0x01)]);
    corrupt(&[(frame + 11, 0x51)]);
    corrupt(&[(frame + 9, 1)]);
    corrupt(&[(place(&file, 0xdd) + 1, 0xc0)]);
    corrupt(&[(code + 1, 0xd8)]);
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
        assert_eq!(
            Header::read(&changed, Damage::Refuse).is_ok(),
            sound,
            "{symbols} symbols"
        );
    }
}

/// Between any two segments: stray bytes, fill bytes, markers without a segment, comments and application segments,
/// also with a length that is too small, and a table that no scan uses and that is invalid.
#[test]
fn irregular_bytes_between_segments_are_skipped() {
    let picture = Picture::random(&mut Random(23), 20, 30, FACTORS[5], 3, (4, 8));
    let file = picture.file();
    let segments: Vec<usize> = [0xdb, 0xc4, 0xc1, 0xdd, 0xda].map(|marker| place(&file, marker)).into();
    let inserts: [&[u8]; 12] = [
        b"\0\0",
        b"rubbish",
        b"\xff\xff\xff",
        b"\xff\0\xff\0",
        b"\xff\x01",
        b"\xff\xd3\xff\xd7",
        b"\xff\xfe\0\x02",
        b"\xff\xfe\0\x04abcdef",
        b"\xff\xe1\0\x08Exif\0\0MM",
        b"\xff\xed\0\x03xyz\xff\x20",
        b"\xff\xdc\0\x04\0\x10",
        // Three codes of one bit.
        b"\xff\xc4\0\x16\x03\x03\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x02\x03",
    ];
    for at in segments {
        for insert in inserts.iter().copied() {
            let changed = [&file[..at], insert, &file[at..]].concat();
            check_file(&picture, &changed, Scale::Half);
        }
    }
    check_file(&picture, &[&file[..], b"more"].concat(), Scale::Full);
}

/// Names of components do not have to differ, and a sequential scan may announce any coefficients.
#[test]
fn contradictory_scan_header_is_decoded_as_by_libjpeg() {
    let picture = Picture::random(&mut Random(29), 20, 30, FACTORS[5], 0, (4, 8));
    let mut file = picture.file();
    let (frame, scan) = (place(&file, 0xc1), place(&file, 0xda));
    for component in 0..3 {
        file[frame + 10 + 3 * component] = 7;
        file[scan + 5 + 2 * component] = 7;
    }
    file[scan + 11..scan + 14].copy_from_slice(&[0, 0, 0x21]);
    check_file(&picture, &file, Scale::Full);
}

/// The colour model by the segments in front, and the names of the components.
#[test]
fn colour_model_follows_the_rules_of_libjpeg() {
    const JFIF: &[u8] = b"\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0";
    let adobe = |transform: u8| [b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0", &[transform][..]].concat();
    // Too short to hold a transform.
    let short = b"\xff\xee\0\x0cAdobe\0\x64\0\0\0".to_vec();
    let check = |count: usize, names: &[u8], segments: &[&[u8]], expected: Colours| {
        let factors = vec![(1, 1); count];
        let mut file = Picture::random(&mut Random(37), 8, 8, &factors, 0, (4, 8)).file();
        let (frame, scan) = (place(&file, 0xc1), place(&file, 0xda));
        for (component, name) in names.iter().enumerate() {
            file[frame + 10 + 3 * component] = *name;
            file[scan + 5 + 2 * component] = *name;
        }
        let file = [&file[..2], &segments.concat(), &file[2..]].concat();
        let header = Header::read(&file, Damage::Refuse).unwrap();
        assert_eq!(header.colours(), expected, "{count} components {names:?}, {segments:?}");
        assert!(Decoder::new(&header, Scale::Full).unwrap().advance().unwrap());
    };
    for transform in [0, 1, 2, 9] {
        check(1, &[], &[&adobe(transform)], Colours::Gray);
        let unknown = if transform == 0 { Colours::Rgb } else { Colours::YCbCr };
        for names in [&[1, 2, 3][..], b"RGB", &[0, 1, 2]] {
            check(3, names, &[&adobe(transform)], unknown);
            check(3, names, &[&adobe(transform), JFIF], Colours::YCbCr);
            check(3, names, &[JFIF, &adobe(transform)], Colours::YCbCr);
        }
        let unknown = if transform == 0 { Colours::Cmyk } else { Colours::Ycck };
        check(4, &[], &[&adobe(transform)], unknown);
        check(4, &[], &[JFIF, &adobe(transform)], unknown);
    }
    for (names, expected) in [
        (&[1, 2, 3][..], Colours::YCbCr),
        (b"RGB", Colours::Rgb),
        (b"rgb", Colours::YCbCr),
        (b"BGR", Colours::YCbCr),
        (&[0, 1, 2], Colours::YCbCr),
    ] {
        check(3, names, &[], expected);
        check(3, names, &[&short], expected);
        check(3, names, &[JFIF], Colours::YCbCr);
    }
    check(1, &[], &[], Colours::Gray);
    check(4, &[], &[], Colours::Cmyk);
    check(4, &[], &[&short], Colours::Cmyk);
}
