//! Filters on animations: each frame is filtered, and keeps its duration.

use gif::DisposalMethod;

use crate::files::{self, Patch};
use crate::process;
use crate::view::Animation;

/// Red; a half of it green; then a small blue patch.
fn source() -> Vec<u8> {
    let patch = |area, indices, delay| Patch {
        area,
        indices,
        delay,
        disposal: DisposalMethod::Keep,
    };
    let frames = [
        patch([0, 0, 40, 20], &[1], 5),
        patch([20, 0, 20, 20], &[2], 12),
        patch([0, 0, 4, 4], &[3], 7),
    ];
    files::gif(40, 20, None, &frames)
}

#[test]
fn every_frame_is_filtered_and_keeps_its_delay() {
    for query in [
        "s.grayscale=true",
        "s.sepia=true",
        "s.invert=true",
        "s.alpha=0.5",
        "s.contrast=-0.5",
        "s.overlay=00f8",
        "a.blur=50",
        "a.sharpen=50",
        "a.removenoise=true",
        "a.sobel=true",
        "a.equalize=true",
        "a.balancewhite=true",
        "a.posterize=100",
        "a.brightness=0.3",
        "a.featheredges=200",
    ] {
        for format in ["gif", "webp&lossless=true"] {
            let animation = Animation::of(&process(&source(), &format!("format={format}&{query}")).unwrap());
            let delays: Vec<u32> = animation.frames.iter().map(|frame| frame.delay).collect();
            // A frame that looks like the one before may be joined with it.
            assert_eq!(delays.iter().sum::<u32>(), 240, "{format}, {query}: {delays:?}");
            if !query.contains("sobel") {
                assert_eq!(delays, [50, 120, 70], "{format}, {query}");
            }
        }
    }
}

#[test]
fn colours_of_every_frame_are_inverted() {
    let animation = Animation::of(&process(&source(), "format=webp&lossless=true&s.invert=true").unwrap());
    let at = |frame: usize, x: usize, y: usize| &animation.frames[frame].pixels[(y * 40 + x) * 4..][..4];
    const CYAN: [u8; 4] = [0, 255, 255, 255];
    const MAGENTA: [u8; 4] = [255, 0, 255, 255];
    const YELLOW: [u8; 4] = [255, 255, 0, 255];
    assert_eq!([at(0, 1, 1), at(0, 30, 10)], [CYAN, CYAN]);
    assert_eq!([at(1, 1, 1), at(1, 30, 10)], [CYAN, MAGENTA]);
    assert_eq!([at(2, 1, 1), at(2, 30, 10), at(2, 10, 10)], [YELLOW, MAGENTA, CYAN]);
}

/// The curves of all frames are those of the first one: an area that does not change keeps its colour.
#[test]
fn curves_of_an_animation_do_not_flicker() {
    let mut source = Vec::new();
    let palette = [50, 100, 200].map(|gray| [gray; 3]);
    let mut encoder = gif::Encoder::new(&mut source, 40, 20, palette.as_flattened()).unwrap();
    for right in [0, 2] {
        let frame = gif::Frame {
            width: 40,
            height: 20,
            delay: 5,
            buffer: [[1; 20], [right; 20]].concat().repeat(20).into(),
            ..gif::Frame::default()
        };
        encoder.write_frame(&frame).unwrap();
    }
    drop(encoder);
    for query in ["a.equalize=true", "a.balancewhite=true"] {
        let animation = Animation::of(&process(&source, &format!("format=webp&lossless=true&{query}")).unwrap());
        let left: Vec<&[u8]> = animation.frames.iter().map(|frame| &frame.pixels[..4]).collect();
        // 100 is the lightest value of the first frame, and the darkest of the second.
        assert_eq!(left, [[255; 4], [255; 4]], "{query}");
    }
}
