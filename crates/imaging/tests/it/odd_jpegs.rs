//! JPEGs that break a rule and that all other programs show: the same pixels as from a regular file.

use jpeg_encoder::ColorType;
use resizer_imaging::ImageError;

use crate::make::{self, Kind};
use crate::view::View;
use crate::{files, process};

const JFIF: &[u8] = b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0";

fn pixels(source: &[u8]) -> Vec<u8> {
    View::of(&process(source, "format=png").unwrap()).pixels
}

fn segments(jpeg: &[u8]) -> Vec<usize> {
    let markers = [0xe0, 0xdb, 0xc4, 0xc0, 0xda];
    markers
        .into_iter()
        .filter_map(|marker| jpeg.windows(2).position(|pair| pair == [0xff, marker]))
        .collect()
}

#[test]
fn stray_bytes_between_segments_are_skipped() {
    let source = make::jpeg(20, 12, &make::busy(20, 12));
    let expected = pixels(&source);
    let places = segments(&source);
    assert_eq!(
        (places.len(), places[0]),
        (5, 2),
        "also between the start marker and the first segment"
    );
    for place in places {
        for stray in [&b"\0\0"[..], b"rubbish", b"\xff\xff", b"\xff\xd0"] {
            let changed = [&source[..place], stray, &source[place..]].concat();
            assert!(pixels(&changed) == expected, "{stray:?} at {place}");
        }
    }
}

/// The rest of the segment is skipped. The orientation is in the part that is left.
#[test]
fn segment_with_a_length_that_is_too_small_is_read() {
    let source = make::jpeg(20, 12, &make::busy(20, 12));
    let turned = make::jpeg_with_orientation(&source, 6);
    assert_eq!(turned[4..6], [0, 34]);
    let mut short = turned.clone();
    short[5] = 32;
    assert!(pixels(&short) == pixels(&turned));
    let comment = make::with_segment(&source, 0xfe, b"a comment");
    for length in 2..11 {
        let mut short = comment.clone();
        short[5] = length;
        assert!(pixels(&short) == pixels(&source), "{length}");
    }
}

/// JFIF comes before Adobe's segment and before the names of components, and a transform that does not fit the number
/// of components does not count.
#[test]
fn colours_follow_jfif() {
    let source = make::jpeg(20, 12, &make::busy(20, 12));
    assert!(source[6..].starts_with(b"JFIF"));
    let expected = pixels(&source);
    let adobe = |transform: u8| [&b"Adobe\0\x64\0\0\0\0"[..], &[transform]].concat();
    let named = |source: &[u8]| {
        let mut named = source.to_vec();
        let place = |marker: u8| source.windows(2).position(|pair| pair == [0xff, marker]).unwrap();
        for (component, name) in b"RGB".iter().enumerate() {
            named[place(0xc0) + 10 + 3 * component] = *name;
            named[place(0xda) + 5 + 2 * component] = *name;
        }
        named
    };
    for transform in [0, 1, 2] {
        let with = make::with_segment(&source, 0xee, &adobe(transform));
        assert!(pixels(&with) == expected, "transform {transform} before JFIF");
        assert!(pixels(&named(&with)) == expected, "names, transform {transform}");
    }
    assert!(pixels(&named(&source)) == expected, "names");
    // Without JFIF they count.
    let without = [&source[..2], &source[20..]].concat();
    assert!(pixels(&without) == expected, "nothing says otherwise");
    let stored = pixels(&named(&without));
    assert!(stored != expected, "names without JFIF");
    let with = make::with_segment(&without, 0xee, &adobe(0));
    assert!(pixels(&with) == stored, "transform 0 without JFIF");
    let with = make::with_segment(&with, 0xe0, JFIF);
    assert!(pixels(&with) == expected, "transform 0 with JFIF");

    let gray = make::pixels(20, 12, |x, y| [(x * 9 + y) as u8]);
    let source = make::jpeg_of_kind(Kind::Baseline444, 20, 12, &gray, ColorType::Luma);
    for transform in [0, 1, 2] {
        let with = make::with_segment(&source, 0xee, &adobe(transform));
        assert!(pixels(&with) == pixels(&source), "grey, transform {transform}");
    }
}

/// The memory of a TIFF is predicted from its own header, so that a JPEG in it has to fit. Rows that fill the last
/// blocks may be there.
#[test]
fn jpeg_larger_than_its_place_in_a_tiff_is_refused() {
    let inside = |width: u32, height: u32| {
        let strip = make::jpeg(width, height, &make::busy(width, height));
        let page = files::Page {
            tags: files::tags(20, 20, &[8; 3], 7, 6),
            chunks: vec![strip],
        };
        process(&files::tiff(true, vec![page]), "format=png")
    };
    assert!(inside(20, 20).is_ok());
    assert!(inside(20, 32).is_ok());
    for (width, height) in [(20, 400), (40, 20)] {
        let error = inside(width, height).unwrap_err();
        assert!(
            matches!(error, ImageError::Corrupt { .. }),
            "{width} x {height}: {error}"
        );
    }
}

/// A JPEG whose blocks have one colour each, with standard tables that it leaves out. Luma is 128. `blue` holds the
/// blue differences of one row of MCUs, or of one column. Factors are those of luma and of chroma along it.
pub(crate) fn flat_blocks(length: u16, factors: (u8, u8), down: bool, blue: &[i32]) -> Vec<u8> {
    let mut file = b"\xff\xd8".to_vec();
    let mut segment = |marker: u8, body: &[u8]| {
        file.extend([0xff, marker]);
        file.extend((body.len() as u16 + 2).to_be_bytes());
        file.extend(body);
    };
    // Steps of 8, by which the first coefficient is the mean.
    segment(0xdb, &[&[0][..], &[8; 64]].concat());
    let (width, height) = if down { (8, length) } else { (length, 8) };
    let [h1, h0, w1, w0] = (u32::from(height) << 16 | u32::from(width)).to_be_bytes();
    let [luma, chroma] = [factors.0, factors.1].map(|factor| if down { 0x10 | factor } else { factor << 4 | 1 });
    segment(0xc0, &[8, h1, h0, w1, w0, 3, 1, luma, 0, 2, chroma, 0, 3, chroma, 0]);
    segment(0xda, &[3, 1, 0x00, 2, 0x11, 3, 0x11, 0, 63, 0]);
    // The codes of T.81, K.3.3: no difference and the end of the block, of luma and of chroma.
    let mut bits = String::new();
    let mut before = 0;
    for mcu in blue.chunks(usize::from(factors.1)) {
        (0..factors.0).for_each(|_| bits.push_str("001010"));
        for value in mcu {
            let difference = value - before;
            before = *value;
            let size = 32 - difference.unsigned_abs().leading_zeros();
            let code = ["00", "01", "10", "110", "1110", "11110", "111110", "1111110"][size as usize];
            bits.push_str(code);
            if size > 0 {
                let number = if difference < 0 {
                    difference + (1 << size) - 1
                } else {
                    difference
                };
                bits.push_str(&format!("{number:0width$b}", width = size as usize));
            }
            bits.push_str("00");
        }
        (0..factors.1).for_each(|_| bits.push_str("0000"));
    }
    while !bits.len().is_multiple_of(8) {
        bits.push('1');
    }
    for byte in bits.as_bytes().chunks(8) {
        let byte = byte.iter().fold(0, |byte, bit| byte << 1 | (bit - b'0'));
        file.push(byte);
        if byte == 0xff {
            file.push(0);
        }
    }
    file.extend([0xff, 0xd9]);
    file
}

/// Factors that no common divisor joins: 3 and 1, 3 and 2, 4 and 3. A pixel takes the chroma of the block that it lies
/// in.
#[test]
fn chroma_of_unusual_sampling_factors_keeps_its_place() {
    let blue = [40, -30, 0, 60, 10, -50, 30, -10, 50, 20, -40, 5];
    let cases = [((3, 1), 12), ((3, 2), 6), ((4, 3), 4), ((4, 1), 12), ((1, 1), 12)];
    for ((factors, mcus), down) in cases.into_iter().flat_map(|case| [(case, false), (case, true)]) {
        let length = mcus * 8 * u16::from(factors.0);
        let source = flat_blocks(length, factors, down, &blue);
        let view = View::of(&process(&source, "format=png").unwrap());
        let (width, height) = if down {
            (8, u32::from(length))
        } else {
            (u32::from(length), 8)
        };
        assert_eq!((view.width, view.height), (width, height));
        for at in 0..u32::from(length) {
            // The centre of the pixel, in blocks of chroma.
            let place = (f64::from(at) + 0.5) * f64::from(factors.1) / (8.0 * f64::from(factors.0));
            let value = f64::from(blue[place as usize]);
            // ITU-T T.871, 7.
            let expected = [128.0, 128.0 - 0.344_14 * value, 128.0 + 1.772 * value];
            let pixel = if down { view.pixel(3, at) } else { view.pixel(at, 3) };
            for (found, expected) in pixel.iter().zip(expected) {
                let difference = (f64::from(*found) - expected).abs();
                assert!(difference <= 1.01, "{factors:?}, {down}, at {at}: {found}, {expected}");
            }
        }
    }
}
