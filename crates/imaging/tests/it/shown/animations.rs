//! Damaged animations that are shown: they end before the frame that is damaged.

use resizer_imaging::ImageError;

use super::{SIDE, noise, shown};
use crate::files::{self, Patch};
use crate::process;
use crate::view::{Animation, View};

/// Three frames of noise.
fn animated_gif() -> (Vec<u8>, Vec<usize>) {
    let indices: Vec<u8> = noise::<1>().iter().map(|value| 1 + value % 3).collect();
    let patch = || Patch {
        area: [0, 0, SIDE as u16, SIDE as u16],
        indices: &indices,
        delay: 7,
        disposal: gif::DisposalMethod::Keep,
    };
    let source = files::gif(SIDE as u16, SIDE as u16, None, &[patch(), patch(), patch()]);
    let frame = [0x2c, 0, 0, 0, 0, SIDE as u8, 0];
    let frames = (0..source.len())
        .filter(|at| source[*at..].starts_with(&frame))
        .collect();
    (source, frames)
}

fn animated_webp() -> (Vec<u8>, Vec<usize>) {
    let frame = |colour: u8| ([0, 0, SIDE, SIDE], [colour, 9, 200, 255], 70, 0);
    let source = files::animated_webp(SIDE, SIDE, 0, &[frame(1), frame(2), frame(3)]);
    let frames = (0..source.len())
        .filter(|at| source[*at..].starts_with(b"VP8L"))
        .collect();
    (source, frames)
}

#[test]
fn animation_that_is_cut_off_ends_before_the_damage() {
    for (name, (source, frames)) in [("gif", animated_gif()), ("webp", animated_webp())] {
        assert_eq!(frames.len(), 3, "{name}");
        let query = format!("format={name}");
        let whole = Animation::of(&shown(&source, &query).unwrap());
        for (cut, expected) in [(frames[2] + 16, 2), (frames[1] + 16, 1)] {
            let refused = process(&source[..cut], &query);
            assert!(matches!(refused, Err(ImageError::Corrupt { .. })), "{name}");
            let found = shown(&source[..cut], &query).unwrap();
            assert!(found.damaged, "{name}");
            let found = Animation::of(&found).frames;
            assert_eq!(found.len(), expected, "{name}");
            for (found, whole) in found.iter().zip(&whole.frames) {
                assert!(found.pixels == whole.pixels, "{name}");
            }
        }
        let still = shown(&source[..frames[2] + 16], "format=png").unwrap();
        assert!(!still.damaged, "{name}: the first frame is whole");
    }
}

/// The first frame is shown as far as it goes.
#[test]
fn animation_that_is_cut_off_in_its_first_frame_is_shown_as_a_still() {
    let (source, frames) = animated_gif();
    let cut = &source[..usize::midpoint(frames[0], frames[1])];
    for query in ["format=gif", "format=png"] {
        assert!(
            matches!(process(cut, query), Err(ImageError::Corrupt { .. })),
            "{query}"
        );
        let found = shown(cut, query).unwrap();
        assert!(found.damaged, "{query}");
        let view = View::of(&found);
        assert_eq!((view.pixel(3, 3)[3], view.pixel(3, SIDE - 3)[3]), (255, 0), "{query}");
    }
}
