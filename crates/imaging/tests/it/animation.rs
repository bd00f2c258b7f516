//! Animations: the pixels of each frame, its duration, and the number of repetitions.

use gif::{DisposalMethod, Repeat};
use resizer_imaging::{Cancel, Format, Limits, inspect, predict};

use crate::files::{self, Patch};
use crate::view::{Animation, View, near};
use crate::{job, make, process, process_within};

const RED: [u8; 4] = [255, 0, 0, 255];
const GREEN: [u8; 4] = [0, 255, 0, 255];
const BLUE: [u8; 4] = [0, 0, 255, 255];
const NOTHING: [u8; 4] = [0; 4];

/// All red, then a green patch that is cleared, a blue one that is restored, and a green one with a hole.
fn source(repeat: Option<Repeat>) -> Vec<u8> {
    let patch = |area, indices, delay, disposal| Patch {
        area,
        indices,
        delay,
        disposal,
    };
    let frames = [
        patch([0, 0, 8, 8], &[1], 5, DisposalMethod::Keep),
        patch([2, 2, 2, 2], &[2], 10, DisposalMethod::Background),
        patch([4, 4, 2, 2], &[3], 7, DisposalMethod::Previous),
        patch([0, 0, 2, 2], &[0, 2, 2, 2], 20, DisposalMethod::Any),
        // Half of the patch lies outside.
        patch([6, 0, 4, 8], &[3], 3, DisposalMethod::Any),
    ];
    files::gif(8, 8, repeat, &frames)
}

/// The visible pixels of a frame, worked out by hand.
fn seen(frame: usize) -> Vec<u8> {
    make::pixels(8, 8, |x, y| {
        let within = |left: u32, top: u32| (left..left + 2).contains(&x) && (top..top + 2).contains(&y);
        match frame {
            1 if within(2, 2) => GREEN,
            2.. if within(2, 2) => NOTHING,
            2 if within(4, 4) => BLUE,
            3.. if within(0, 0) && (x, y) != (0, 0) => GREEN,
            4 if x >= 6 => BLUE,
            _ => RED,
        }
    })
}

const DELAYS: [u32; 5] = [50, 100, 70, 200, 30];

/// The pixels with all transparent ones made equal, as their colours do not matter.
fn shown(pixels: &[u8]) -> Vec<[u8; 4]> {
    let pixels = pixels.as_chunks::<4>().0.iter();
    pixels
        .map(|pixel| if pixel[3] == 0 { NOTHING } else { *pixel })
        .collect()
}

#[test]
fn gif_frames_are_shown_as_they_were() {
    for format in ["format=gif", "format=webp&webp.lossless=true"] {
        let encoded = process(&source(None), format).unwrap();
        let animation = Animation::of(&encoded);
        assert_eq!(animation.frames.len(), 5, "{format}");
        for (index, frame) in animation.frames.iter().enumerate() {
            assert_eq!(shown(&frame.pixels), shown(&seen(index)), "{format}, frame {index}");
            assert_eq!(frame.delay, DELAYS[index], "{format}, frame {index}");
        }
    }
}

#[test]
fn frame_key_takes_one_frame() {
    let check = |query: &str, frame: usize| {
        let view = View::of(&process(&source(None), query).unwrap());
        let pixels = match view.channels {
            3 => view.pixels.chunks(3).flat_map(|p| [p[0], p[1], p[2], 255]).collect(),
            _ => view.pixels,
        };
        assert_eq!(shown(&pixels), shown(&seen(frame)), "{query}");
    };
    check("format=png", 0);
    check("format=png&frame=1", 0);
    check("format=png&frame=0", 0);
    check("format=png&frame=2", 1);
    check("format=png&page=4", 3);
    check("format=png&frame=5", 4);
    check("format=png&frame=99", 4);
    check("format=gif&frame=3", 2);
    check("format=webp&lossless=true&frame=3", 2);
    let alone = process(&source(Some(Repeat::Infinite)), "format=gif&frame=3").unwrap();
    assert_eq!(Animation::of(&alone).frames.len(), 1);
    let jpeg = View::of(&process(&source(None), "format=jpg&quality=100").unwrap());
    assert!(jpeg.is_all(&[255, 0, 0], 3), "the first frame");
}

/// A GIF stores the number of repetitions, a WebP the number of plays. 0 means for ever in both.
#[test]
fn number_of_plays_is_kept() {
    let check = |repeat: Option<Repeat>, gif: u32, webp: u32| {
        let source = source(repeat);
        let loops = |format: &str| Animation::of(&process(&source, format).unwrap()).loops;
        assert_eq!((loops("format=gif"), loops("format=webp")), (gif, webp), "{repeat:?}");
    };
    check(None, u32::MAX, 1);
    check(Some(Repeat::Infinite), 0, 0);
    check(Some(Repeat::Finite(4)), 4, 5);
    check(Some(Repeat::Finite(u16::MAX)), 65_535, 65_535);
}

#[test]
fn scaled_animation_has_all_frames_and_delays() {
    // Three frames of 40 x 20, left and right halves of two colours.
    let halves = |left: u8, right: u8| [[left; 20], [right; 20]].concat();
    let rows = [halves(1, 2), halves(2, 3), halves(3, 1)];
    let frames: Vec<Patch<'_>> = rows
        .iter()
        .map(|row| Patch {
            area: [0, 0, 40, 20],
            indices: row,
            delay: 4,
            disposal: DisposalMethod::Keep,
        })
        .collect();
    let source = files::gif(40, 20, Some(Repeat::Infinite), &frames);
    let info = inspect(&source, &Limits::default(), &Cancel::new()).unwrap();
    assert_eq!((info.format, info.frames, info.plays), (Format::Gif, 3, 0));
    let colours = [RED, GREEN, BLUE, RED];
    for query in [
        "format=gif&width=20",
        "format=webp&width=20&quality=100",
        "format=webp&width=20&lossless=keep",
        "format=gif&width=20&height=20&bgcolor=000",
        "format=webp&width=80&scale=both&quality=100",
    ] {
        let animation = Animation::of(&process(&source, query).unwrap());
        assert_eq!(animation.frames.len(), 3, "{query}");
        for (index, frame) in animation.frames.iter().enumerate() {
            assert_eq!(frame.delay, 40);
            let pixel = |x: u32| {
                let at = (frame.height / 2 * frame.width + x) as usize * 4;
                &frame.pixels[at..at + 4]
            };
            let tolerance = if query.contains("quality") { 12 } else { 0 };
            assert!(
                near(pixel(frame.width / 4), &colours[index], tolerance),
                "{query}, frame {index}"
            );
            assert!(
                near(pixel(frame.width * 3 / 4), &colours[index + 1], tolerance),
                "{query}, frame {index}"
            );
        }
    }
}

/// Frames of a WebP are blended or replace the pixels below, and may be cleared (RFC 9649, 2.7.1.1).
#[test]
fn webp_frames_are_shown_as_they_were() {
    const REPLACE: u8 = 2;
    const CLEAR: u8 = 1;
    let half_blue = [0, 0, 255, 128];
    let frames = [
        ([0, 0, 8, 8], RED, 33, 0),
        ([2, 2, 2, 2], half_blue, 33, CLEAR),
        ([4, 4, 4, 4], half_blue, 34, REPLACE),
        ([0, 0, 2, 8], GREEN, 1000, 0),
    ];
    // Half blue over red: 128/255 of blue, and red for the rest.
    let purple = [127, 0, 128, 255];
    let seen = |frame: usize| {
        make::pixels(8, 8, |x, y| {
            let within =
                |left: u32, top: u32, size: u32| (left..left + size).contains(&x) && (top..top + size).contains(&y);
            match frame {
                3 if x < 2 => GREEN,
                1 if within(2, 2, 2) => purple,
                2.. if within(2, 2, 2) => NOTHING,
                2.. if within(4, 4, 4) => half_blue,
                _ => RED,
            }
        })
    };
    let source = files::animated_webp(8, 8, 3, &frames);
    let info = inspect(&source, &Limits::default(), &Cancel::new()).unwrap();
    assert_eq!((info.format, info.frames, info.plays), (Format::WebP, 4, 3));
    let animation = Animation::of(&process(&source, "format=webp&lossless=true").unwrap());
    assert_eq!(animation.loops, 3);
    for (index, frame) in animation.frames.iter().enumerate() {
        assert!(
            near(&frame.pixels, &seen(index), 1),
            "frame {index}: {:?}",
            frame.pixels
        );
        assert_eq!(frame.delay, frames[index].2);
    }
    assert_eq!(animation.frames.len(), 4);
    // A GIF counts hundredths of a second. The rounding error is carried on to the next frame.
    let animation = Animation::of(&process(&source, "format=gif&bgcolor=fff").unwrap());
    let delays: Vec<u32> = animation.frames.iter().map(|frame| frame.delay).collect();
    assert_eq!(delays, [30, 40, 30, 1000]);
    assert_eq!(animation.loops, 2);
    let view = View::of(&process(&source, "format=png&frame=2").unwrap());
    assert!(near(view.pixel(2, 2), &purple[..view.channels], 1));
}

#[test]
fn animation_beyond_the_limits_is_refused() {
    let limits = |max_frames, max_total_pixels| Limits {
        max_frames,
        max_total_pixels,
        ..Limits::default()
    };
    let check = |query: &str, limits: &Limits, expected: Option<&str>| {
        let source = source(None);
        let info = inspect(&source, limits, &Cancel::new()).unwrap();
        let predicted = predict(&info, &job(query, limits)).err().map(|error| error.to_string());
        let run = process_within(&source, query, limits)
            .err()
            .map(|error| error.to_string());
        assert_eq!((predicted.as_deref(), run.as_deref()), (expected, expected), "{query}");
    };
    let frames = "the source image has 5 frames; `max_frames` allows 4";
    check("format=gif", &limits(4, 1000), Some(frames));
    check("format=gif&frame=5", &limits(4, 1000), None);
    check("format=png", &limits(4, 1000), None);
    check("format=gif", &limits(5, 320), None);
    let pixels = "the source image has 320 pixels in all its frames; `max_total_pixels` allows 319";
    check("format=gif", &limits(5, 319), Some(pixels));
    check("format=png&frame=5", &limits(5, 319), Some(pixels));
    check("format=png&frame=4", &limits(5, 319), None);
    let result = "the requested image has 1280 pixels in all its frames; `max_total_pixels` allows 1279";
    check("format=gif&width=16&scale=both", &limits(5, 1279), Some(result));
}

/// A frame far larger than the canvas counts with its own size.
#[test]
fn huge_frame_on_a_small_canvas_is_refused() {
    let mut source = files::still_gif(2, 2, &files::COLOURS, &[1; 4], false);
    let frame = source.windows(2).position(|bytes| bytes == [0x2c, 0]).unwrap();
    source[frame + 5..frame + 9].copy_from_slice(&[0xff; 4]);
    let error = inspect(&source, &Limits::default(), &Cancel::new()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the source image has 65535 pixels on its longest side; `max_source_side` allows 12000"
    );
}
