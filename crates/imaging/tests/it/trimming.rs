//! Trimming of even borders: the box that is left, on pictures whose content is known.

use gif::DisposalMethod;
use png::ColorType;
use resizer_imaging::{Cancel, Limits, inspect, predict, run_within};

use crate::files::{self, Patch};
use crate::view::{Animation, View, near};
use crate::{job, make, process};

const WIDTH: u32 = 120;
const HEIGHT: u32 = 90;
/// The content: x1, y1, x2, y2.
const BOX: [u32; 4] = [20, 30, 80, 50];

fn is_content(x: u32, y: u32) -> bool {
    let [x1, y1, x2, y2] = BOX;
    (x1..x2).contains(&x) && (y1..y2).contains(&y)
}

/// A light border of some noise, and dark content with a darker frame. `noise` is the largest difference of two pixels
/// of the border.
fn picture(noise: u32) -> Vec<u8> {
    let pixels = make::pixels(WIDTH, HEIGHT, |x, y| {
        let random = (x.wrapping_mul(0x9e37_79b1) ^ y.wrapping_mul(0x85eb_ca77)).wrapping_mul(0xc2b2_ae3d) >> 16;
        if is_content(x, y) {
            [(40 + x) as u8, (20 + y) as u8, 60]
        } else {
            [(200 + random % (noise + 1)) as u8, 220, 210]
        }
    });
    make::png(WIDTH, HEIGHT, ColorType::Rgb, &pixels)
}

fn size(source: &[u8], query: &str) -> (u32, u32) {
    let view = View::of(&process(source, &format!("format=png&{query}")).unwrap());
    (view.width, view.height)
}

#[test]
fn content_is_left_exactly() {
    let view = View::of(&process(&picture(0), "format=png&trim.threshold=80").unwrap());
    assert_eq!((view.width, view.height), (60, 20));
    for y in 0..20 {
        for x in 0..60 {
            let expected = [(40 + x + 20) as u8, (20 + y + 30) as u8, 60];
            assert_eq!(view.pixel(x, y), expected, "{x}, {y}");
        }
    }
}

/// Differences up to a quarter of the threshold are no edges.
#[test]
fn noise_below_the_threshold_is_a_border() {
    assert_eq!(size(&picture(20), "trim.threshold=80"), (60, 20));
    assert_eq!(size(&picture(40), "trim.threshold=80"), (WIDTH, HEIGHT));
    assert_eq!(size(&picture(40), "trim.threshold=160"), (60, 20));
    assert_eq!(size(&picture(0), "trim.threshold=0"), (60, 20));
    // No difference is above 255.
    let even = make::png(30, 20, ColorType::Rgb, &[9; 1800]);
    assert_eq!(size(&even, "trim.threshold=80"), (30, 20));
}

#[test]
fn padding_is_kept_in_percent_of_the_content() {
    let source = picture(0);
    // The mean of 60 and 20 is 40.
    assert_eq!(size(&source, "trim.threshold=80&trim.percentpadding=5"), (64, 24));
    // At most 20 columns to the left, 40 to the right, 30 above and 40 below.
    assert_eq!(size(&source, "trim.threshold=80&trim.percentpadding=75"), (110, 80));
    assert_eq!(
        size(&source, "trim.threshold=80&trim.percentpadding=900"),
        (WIDTH, HEIGHT)
    );
}

/// Sizes and windows refer to the trimmed picture.
#[test]
fn size_and_window_count_from_the_content() {
    let source = picture(0);
    assert_eq!(size(&source, "trim.threshold=80&width=30"), (30, 10));
    assert_eq!(size(&source, "trim.threshold=80&srotate=90"), (20, 60));
    assert_eq!(
        size(&source, "trim.threshold=80&width=30&height=30&mode=crop&scale=both"),
        (30, 30)
    );
    let view = View::of(&process(&source, "format=png&trim.threshold=80&crop=1,2,11,7").unwrap());
    assert_eq!((view.width, view.height), (10, 5));
    assert_eq!(view.pixel(0, 0), [40 + 20 + 1, 20 + 30 + 2, 60]);
    let view = View::of(&process(&source, "format=png&trim.threshold=80&srotate=90&crop=1,2,11,7").unwrap());
    // Turned clockwise, the columns are the rows from the bottom: row 50 - 1 - 1, column 20 + 2.
    assert_eq!(view.pixel(0, 0), [40 + 22, 20 + 48, 60]);
}

/// A photograph on its side: the box is found in the stored picture.
#[test]
fn oriented_photograph_is_trimmed() {
    // 8 x 8 blocks of one colour survive a JPEG.
    let pixels = make::pixels(96, 64, |x, y| {
        if (16..80).contains(&x) && (24..40).contains(&y) {
            [30, 60, 90]
        } else {
            [250; 3]
        }
    });
    let jpeg = make::jpeg(96, 64, &pixels);
    for (orientation, expected) in [(1, (64, 16)), (3, (64, 16)), (6, (16, 64)), (8, (16, 64))] {
        let source = make::jpeg_with_orientation(&jpeg, orientation);
        let view = View::of(&process(&source, "format=png&trim.threshold=80").unwrap());
        assert_eq!((view.width, view.height), expected, "orientation {orientation}");
        assert!(view.is_all(&[30, 60, 90], 4), "orientation {orientation}");
    }
    // At an eighth of its size the decoder is used for the second pass only.
    assert_eq!(size(&jpeg, "trim.threshold=80&width=4"), (4, 1));
}

/// The colours of transparent pixels do not count, and opaque black on transparent black does.
#[test]
fn transparent_border_is_trimmed() {
    let pixels = make::pixels(WIDTH, HEIGHT, |x, y| {
        if is_content(x, y) {
            [0, 0, 0, 255]
        } else {
            [(x * 7) as u8, (y * 5) as u8, 9, 0]
        }
    });
    let source = make::png(WIDTH, HEIGHT, ColorType::Rgba, &pixels);
    let view = View::of(&process(&source, "format=png&trim.threshold=80").unwrap());
    assert_eq!((view.width, view.height), (60, 20));
    assert!(view.is_all(&[0, 0, 0], 0));
}

/// The box holds the content of all frames, or of the one that is taken.
#[test]
fn animation_is_trimmed_to_what_moves() {
    let patch = |area, indices, disposal| Patch {
        area,
        indices,
        delay: 4,
        disposal,
    };
    let frames = [
        patch([0, 0, 40, 30], &[1], DisposalMethod::Keep),
        patch([10, 5, 4, 4], &[2], DisposalMethod::Previous),
        patch([20, 12, 6, 3], &[3], DisposalMethod::Previous),
    ];
    let source = files::gif(40, 30, None, &frames);
    for format in ["gif", "webp&webp.lossless=true"] {
        let animation = Animation::of(&process(&source, &format!("format={format}&trim.threshold=80")).unwrap());
        let sizes: Vec<_> = animation
            .frames
            .iter()
            .map(|frame| (frame.width, frame.height, frame.delay))
            .collect();
        assert_eq!(sizes, [(16, 10, 40); 3], "{format}");
        let pixel = |frame: usize, x: usize, y: usize| &animation.frames[frame].pixels[(y * 16 + x) * 4..][..3];
        assert_eq!(
            (pixel(1, 0, 0), pixel(2, 15, 9)),
            (&make::GREEN[..], &make::BLUE[..]),
            "{format}"
        );
    }
    assert_eq!(size(&source, "trim.threshold=80&frame=2"), (4, 4));
    assert_eq!(size(&source, "trim.threshold=80&frame=3"), (6, 3));
    assert_eq!(size(&source, "trim.threshold=80"), (40, 30));
}

/// A thin line, trimmed and made as wide as asked, is far higher than the whole source would be. The job asks for the
/// memory, and is held to the limits.
#[test]
fn larger_result_of_trimmed_content_is_asked_for_and_limited() {
    let pixels = make::pixels(100, 100, |x, y| {
        if x == 50 && (10..90).contains(&y) {
            [0; 3]
        } else {
            [255; 3]
        }
    });
    let source = make::png(100, 100, ColorType::Rgb, &pixels);
    let limits = Limits::default();
    let job = job("format=png&trim.threshold=80&width=100&scale=both", &limits);
    let predicted = predict(&inspect(&source, &limits, &Cancel::new()).unwrap(), &job)
        .unwrap()
        .peak_bytes;
    let mut grown = 0;
    let encoded = run_within(&source, &job, &Cancel::new(), &mut |bytes| {
        grown += bytes;
        true
    });
    let view = View::of(&encoded.unwrap());
    assert_eq!((view.width, view.height), (100, 8000));
    assert!(view.is_all(&[0], 0) || view.is_all(&[0; 3], 0));
    // The picture alone has 2.4 MB.
    assert!(
        predicted < 2_000_000 && predicted + grown > 2_400_000,
        "{predicted} and {grown}"
    );
    let refused = run_within(&source, &job, &Cancel::new(), &mut |_| false).unwrap_err();
    assert_eq!(refused.to_string(), "there is no memory left for the result");
    let error = process(&source, "format=png&trim.threshold=80&width=126&scale=both").unwrap_err();
    assert_eq!(
        error.to_string(),
        "the requested image has 10080 pixels on its longest side; `max_output_side` allows 10000"
    );
}

#[test]
fn trimmed_result_is_decorated_as_any_other() {
    let query = "format=png&trim.threshold=80&borderwidth=3&bordercolor=00f";
    let view = View::of(&process(&picture(0), query).unwrap());
    assert_eq!((view.width, view.height), (66, 26));
    assert!(near(view.pixel(2, 2), &[0, 0, 255], 0) && near(view.pixel(3, 3), &[60, 50, 60], 0));
}
