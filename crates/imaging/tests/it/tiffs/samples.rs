//! Samples of every depth, in planes or together, and their colours.

use super::{DEFLATE, GRAY, RGB, YCBCR, page, pixels, refusal, shorts};
use crate::files::{Value, tiff};
use crate::make::{self, Kind};
use crate::process;
use crate::view::{View, near};

/// Values from 0 to 1, and beyond, in every width and byte order.
#[test]
fn fractions_are_decoded() {
    let values = [0.0_f32, 0.25, 0.5, 1.0, 1.5, -0.5];
    let expected = [0, 64, 128, 255, 255, 0];
    let half = [0x0000_u16, 0x3400, 0x3800, 0x3c00, 0x3e00, 0xb800];
    for little_endian in [true, false] {
        let in_order = |mut bytes: Vec<u8>, width: usize| {
            if little_endian {
                bytes.chunks_mut(width).for_each(<[u8]>::reverse);
            }
            bytes
        };
        let check = |bits: u16, bytes: Vec<u8>| {
            let strip = in_order(bytes, usize::from(bits) / 8);
            let page = page([6, 1], &[bits], 1, GRAY, vec![shorts(339, &[3])], &strip);
            let found = View::of(&process(&tiff(little_endian, vec![page]), "format=png").unwrap()).pixels;
            assert_eq!(found, expected, "{bits} bits");
        };
        check(16, half.iter().flat_map(|value| value.to_be_bytes()).collect());
        check(32, values.iter().flat_map(|value| value.to_be_bytes()).collect());
        check(
            64,
            values
                .iter()
                .flat_map(|value| f64::from(*value).to_be_bytes())
                .collect(),
        );
    }
    // The third predictor: all first bytes, all second ones and so on, as differences (Adobe's Technical Note 3).
    let plane = |index: usize| values.iter().map(move |value| value.to_be_bytes()[index]);
    let planes: Vec<u8> = (0..4).flat_map(plane).collect();
    let before = [0].iter().chain(&planes);
    let differences: Vec<u8> = planes.iter().zip(before).map(|(a, b)| a.wrapping_sub(*b)).collect();
    for (little_endian, width) in [(true, 6), (false, 6)] {
        let more = vec![shorts(339, &[3]), shorts(317, &[3])];
        let page = page([width, 1], &[32], DEFLATE, GRAY, more, &make::stored(&differences));
        let found = View::of(&process(&tiff(little_endian, vec![page]), "format=png").unwrap()).pixels;
        assert_eq!(found, expected);
    }
}

/// Twelve bits are packed; 24, 32 and 64 are in the file's byte order. The upper 8 bits are kept.
#[test]
fn whole_numbers_of_any_width_are_decoded() {
    let packed = [0x12, 0x34, 0x56, 0xff, 0xf0, 0x00];
    assert_eq!(
        pixels(page([4, 1], &[12], 1, GRAY, vec![], &packed)),
        [0x12, 0x45, 0xff, 0x00]
    );
    // An odd number of samples in a row: each row begins at a byte.
    let rows = [0x12, 0x30, 0x45, 0x60];
    assert_eq!(pixels(page([1, 2], &[12], 1, GRAY, vec![], &rows)), [0x12, 0x45]);
    // Five bits: 0, 31 and 15 of 31.
    assert_eq!(
        pixels(page([3, 1], &[5], 1, GRAY, vec![], &[0b0000_0111, 0b1101_1110])),
        [0, 255, 123]
    );
    for bits in [24_u16, 32, 64] {
        let width = usize::from(bits) / 8;
        let strip: Vec<u8> = [0x12_u8, 0xff, 0x00]
            .iter()
            .flat_map(|upper| {
                let mut sample = vec![0xee; width];
                sample[width - 1] = *upper;
                sample
            })
            .collect();
        assert_eq!(
            pixels(page([3, 1], &[bits], 1, GRAY, vec![], &strip)),
            [0x12, 0xff, 0x00],
            "{bits} bits"
        );
    }
    // Differences of 32 bits: 0x01ffffff and 1 more are 0x02000000.
    let strip = [0xff, 0xff, 0xff, 0x01, 1, 0, 0, 0];
    let found = pixels(page(
        [2, 1],
        &[32],
        DEFLATE,
        GRAY,
        vec![shorts(317, &[2])],
        &make::stored(&strip),
    ));
    assert_eq!(found, [1, 2]);
    // Signed bytes are taken for bytes, as by Pillow and ImageMagick.
    assert_eq!(
        pixels(page([2, 1], &[8], 1, GRAY, vec![shorts(339, &[2])], &[7, 200])),
        [7, 200]
    );
    let signed = refusal(page([2, 1], &[16], 1, GRAY, vec![shorts(339, &[2])], &[0; 4]));
    assert!(signed.contains("of signed numbers"), "{signed}");
}

/// Planes of each sample, for depths and compressions that differ from bytes.
#[test]
fn planes_of_any_depth_are_decoded() {
    let planar = shorts(284, &[2]);
    let planes = |bits: u16, compression: u16, more: Vec<(u16, Value)>, chunks: [&[u8]; 3]| {
        let mut page = page([2, 1], &[bits; 3], compression, RGB, more, &[]);
        page.tags.push((284, Value::Shorts(vec![2])));
        page.chunks = chunks.map(<[u8]>::to_vec).into();
        pixels(page)
    };
    assert_eq!(
        planes(16, 1, vec![], [&[0, 1, 0, 2], &[0, 3, 0, 4], &[0, 5, 0, 6]]),
        [1, 3, 5, 2, 4, 6]
    );
    assert_eq!(
        planes(1, 1, vec![], [&[0x80], &[0x40], &[0xc0]]),
        [255, 0, 255, 0, 255, 255]
    );
    assert_eq!(
        planes(12, 1, vec![], [&[1, 0, 0x02], &[3, 0, 0x04], &[5, 0, 0x06]]),
        [1, 3, 5, 0, 0, 0]
    );
    let fractions = |first: f32, second: f32| [first.to_le_bytes(), second.to_le_bytes()].concat();
    let chunks = [fractions(1.0, 0.0), fractions(0.0, 1.0), fractions(0.5, 0.5)];
    let found = planes(32, 1, vec![shorts(339, &[3])], [&chunks[0], &chunks[1], &chunks[2]]);
    assert_eq!(found, [255, 0, 128, 0, 255, 128]);
    // A plane that is a fax: white 1 and black 1 are 000111 and 010.
    let fax = [0b0001_1101, 0b0000_0000];
    assert_eq!(planes(1, 2, vec![], [&fax, &fax, &fax]), [0, 0, 0, 255, 255, 255]);
    // A plane that is not shown is not read: here it has no bytes.
    let mut source = page(
        [2, 1],
        &[8; 2],
        1,
        GRAY,
        vec![shorts(284, &[2]), shorts(338, &[0])],
        &[],
    );
    source.chunks = vec![vec![10, 20], vec![]];
    assert_eq!(pixels(source), [10, 20]);
    // Each plane is a grey JPEG.
    let jpegs = [200, 100, 50].map(|value| {
        let samples = [value].repeat(16 * 16);
        make::jpeg_of_kind(Kind::Baseline444, 16, 16, &samples, jpeg_encoder::ColorType::Luma)
    });
    let mut source = page([16, 16], &[8; 3], 7, RGB, vec![planar], &[]);
    source.chunks = jpegs.into();
    let view = View::of(&process(&tiff(true, vec![source]), "format=png").unwrap());
    assert!(view.is_all(&[200, 100, 50], 2), "{:?}", &view.pixels[..3]);
}

/// Values of 16 bits, or of 8 bits if all are below 256 (as libtiff tells them apart).
#[test]
fn palette_of_8_bit_values_is_decoded() {
    let with = |values: [u16; 6]| pixels(page([2, 1], &[1], 1, 3, vec![shorts(320, &values)], &[0b0100_0000]));
    assert_eq!(with([10, 250, 20, 255, 30, 0]), [10, 20, 30, 250, 255, 0]);
    assert_eq!(with([10, 0xfa00, 20, 0xff00, 30, 0]), [0, 0, 0, 250, 255, 0]);
    let short = refusal(page([2, 1], &[1], 1, 3, vec![shorts(320, &[1, 2, 3])], &[0]));
    assert!(short.contains("palette is too short"), "{short}");
}

#[test]
fn unnamed_extra_sample_is_alpha() {
    let extra = |bits: usize, meaning: u16, kinds: Option<&[u16]>, strip: &[u8]| {
        let more = kinds.map(|kinds| shorts(338, kinds)).into_iter().collect();
        pixels(page([2, 1], &vec![8; bits], 1, meaning, more, strip))
    };
    let rgba = [10, 20, 30, 0, 40, 50, 60, 70];
    assert_eq!(extra(4, RGB, None, &rgba), rgba);
    assert_eq!(extra(2, GRAY, None, &[10, 0, 20, 70]), [10, 0, 20, 70]);
    assert_eq!(extra(2, 0, None, &[10, 0, 20, 70]), [245, 0, 235, 70]);
    // Named as of no known meaning, or one of several: not shown.
    assert_eq!(extra(4, RGB, Some(&[0]), &rgba), [10, 20, 30, 40, 50, 60]);
    let five = [10, 20, 30, 99, 0, 40, 50, 60, 99, 70];
    assert_eq!(extra(5, RGB, None, &five), [10, 20, 30, 40, 50, 60]);
    // The second of two is alpha.
    assert_eq!(extra(5, RGB, Some(&[0, 2]), &five), rgba);
}

/// The red of sRGB in CIELab (Lindbloom's calculator), and grey.
#[test]
fn cielab_is_decoded() {
    let red = [138, 81, 70];
    let check = |meaning: u16, bits: u16, more: Vec<(u16, Value)>, strip: &[u8]| {
        let found = pixels(page([2, 1], &[bits; 3], 1, meaning, more, strip));
        assert!(
            near(&found, &[255, 0, 0, 128, 128, 128], 4),
            "{meaning}, {bits} bits: {found:?}"
        );
    };
    check(8, 8, vec![], &[red[0], red[1], red[2], 137, 0, 0]);
    check(9, 8, vec![], &[red[0], red[1] + 128, red[2] + 128, 137, 128, 128]);
    // Lightness of 54.29 and 53.59 of 100; the axes times 256.
    let wide = [35_579_u16, 20_687, 17_892, 35_120, 0, 0];
    let strip: Vec<u8> = wide.iter().flat_map(|value| value.to_le_bytes()).collect();
    check(8, 16, vec![], &strip);
    // libvips' numbers are signed and relative to D65, for which the red has other coordinates.
    let wide = [34_891_u16, 20_503, 17_203, 35_120, 0, 0];
    let strip: Vec<u8> = wide.iter().flat_map(|value| value.to_le_bytes()).collect();
    check(8, 16, vec![shorts(339, &[2; 3])], &strip);
    // So are its fractions.
    let fractions = [53.24_f32, 80.09, 67.2, 53.59, 0.0, 0.0];
    let strip: Vec<u8> = fractions.iter().flat_map(|value| value.to_le_bytes()).collect();
    check(8, 32, vec![shorts(339, &[3; 3])], &strip);
    // In planes.
    let mut planes = page([2, 1], &[16; 3], 1, 8, vec![shorts(284, &[2])], &[]);
    planes.chunks = [[35_579_u16, 35_120], [20_687, 0], [17_892, 0]]
        .map(|plane| plane.map(u16::to_le_bytes).concat())
        .into();
    assert!(near(&pixels(planes), &[255, 0, 0, 128, 128, 128], 4));
    let double = refusal(page([1, 1], &[64; 3], 1, 8, vec![shorts(339, &[3])], &[0; 24]));
    assert!(double.contains("CIELab"), "{double}");
}

/// Luma and chroma of Rec. 601 in blocks of each size, plain and compressed.
#[test]
fn luma_and_chroma_are_decoded() {
    let colours = [[220, 40, 40], [40, 180, 60], [40, 70, 210], [230, 210, 50]];
    let of = |[red, green, blue]: [i32; 3]| {
        let [red, green, blue] = [red, green, blue].map(f64::from);
        let y = 0.299 * red + 0.587 * green + 0.114 * blue;
        [y, (blue - y) / 1.772 + 128.0, (red - y) / 1.402 + 128.0].map(|value| value.round() as u8)
    };
    // Four columns of 4 x 4 pixels and one more pixel at the right and at the bottom: blocks are cut at the edges.
    let colour = |x: u32| colours[(x / 4 % 4) as usize];
    let (width, height) = (17, 5);
    let expected = make::pixels(width, height, |x, _| colour(x).map(|value| value as u8));
    for (columns, rows) in [(1, 1), (2, 1), (1, 2), (2, 2), (4, 1), (4, 2), (4, 4)] {
        let mut strip = Vec::new();
        for _ in 0..height.div_ceil(rows) {
            for block in 0..width.div_ceil(columns) {
                let [y, cb, cr] = of(colour(block * columns));
                strip.extend([y].repeat((columns * rows) as usize));
                strip.extend([cb, cr]);
            }
        }
        let sampling = shorts(530, &[columns as u16, rows as u16]);
        for (compression, strip) in [(1, strip.clone()), (DEFLATE, make::stored(&strip))] {
            let more = vec![shorts(530, &[columns as u16, rows as u16])];
            let found = pixels(page([width, height], &[8; 3], compression, YCBCR, more, &strip));
            assert!(near(&found, &expected, 3), "{columns} x {rows}: {:?}", &found[..6]);
        }
        let short = make::stored(&strip[..strip.len() - 1]);
        let reason = refusal(page([width, height], &[8; 3], DEFLATE, YCBCR, vec![sampling], &short));
        assert!(reason.contains("ends before all its pixels"), "{reason}");
    }
    // Without the tag of sampling there are two by two.
    let [y, cb, cr] = of(colours[0]);
    let found = pixels(page([2, 2], &[8; 3], 1, YCBCR, vec![], &[y, y, y, y, cb, cr]));
    assert!(near(&found, &[220, 40, 40].repeat(4), 3), "{found:?}");
    // Planes.
    let mut planes = page(
        [2, 1],
        &[8; 3],
        1,
        YCBCR,
        vec![shorts(530, &[1, 1]), shorts(284, &[2])],
        &[],
    );
    planes.chunks = [y, cb, cr].map(|value| vec![value; 2]).into();
    assert!(near(&pixels(planes), &[220, 40, 40].repeat(2), 3));
}
