//! Odd GIFs that other programs show, and the GIFs that are written for other programs. The files are made by hand, and
//! their pixels are known.

use resizer_imaging::{Cancel, ImageError, Limits, inspect};

use crate::view::{Animation, View};
use crate::{files, make, process};

const RED: [u8; 4] = [255, 0, 0, 255];
const GREEN: [u8; 4] = [0, 255, 0, 255];
const BLUE: [u8; 4] = [0, 0, 255, 255];
const BLACK: [u8; 4] = [0, 0, 0, 255];
const NOTHING: [u8; 4] = [0; 4];

/// The first four colours of the GIFs below: black, red, green, blue.
const TABLE: [u8; 12] = files::COLOURS;

/// The header and the global colour table of a GIF. The flags tell of a table of four colours.
fn gif_header(width: u16, height: u16, table: &[u8]) -> Vec<u8> {
    let flags = if table.is_empty() { 0 } else { 0x81 };
    let [w, h] = [width.to_le_bytes(), height.to_le_bytes()];
    [b"GIF89a", &w[..], &h, &[flags, 0, 0], table].concat()
}

/// A graphic control extension with this block.
fn control(block: &[u8]) -> Vec<u8> {
    [&[0x21, 0xf9, block.len() as u8][..], block, &[0]].concat()
}

/// A frame of four colours: left, top, width, height, and its indices.
fn gif_frame(area: [u16; 4], indices: &[u8]) -> Vec<u8> {
    let descriptor = area.iter().flat_map(|number| number.to_le_bytes());
    let codes = weezl::encode::Encoder::new(weezl::BitOrder::Lsb, 2)
        .encode(indices)
        .unwrap();
    let data = codes
        .chunks(255)
        .flat_map(|block| [&[block.len() as u8][..], block].concat());
    let mut frame = vec![0x2c];
    frame.extend(descriptor);
    frame.extend([0, 2]);
    frame.extend(data);
    frame.push(0);
    frame
}

const TRAILER: [u8; 1] = [0x3b];

/// The pixels of a result as RGBA, transparent ones without a colour.
fn seen(source: &[u8], query: &str) -> (u32, u32, Vec<[u8; 4]>) {
    let view = View::of(&process(source, query).unwrap());
    let pixels = view.pixels.chunks(view.channels).map(|pixel| match *pixel {
        [gray] => [gray, gray, gray, 255],
        [.., 0] if view.channels.is_multiple_of(2) => NOTHING,
        [gray, alpha] => [gray, gray, gray, alpha],
        [red, green, blue] => [red, green, blue, 255],
        [red, green, blue, alpha] => [red, green, blue, alpha],
        _ => panic!("{} channels", view.channels),
    });
    (view.width, view.height, pixels.collect())
}

#[track_caller]
fn check_gif(about: &str, blocks: &[&[u8]], size: (u32, u32), expected: &[[u8; 4]]) {
    let (width, height, pixels) = seen(&blocks.concat(), "format=png");
    assert_eq!((width, height), size, "{about}");
    assert_eq!(pixels, expected, "{about}");
}

/// A canvas too small for the first frame grows, as in browsers, Pillow and libvips. Later frames are cut.
#[test]
fn gif_canvas_grows_to_the_first_frame() {
    let header = gif_header(2, 1, &TABLE);
    let wide = gif_frame([0, 0, 3, 2], &[1, 2, 3, 3, 2, 1]);
    let all = [RED, GREEN, BLUE, BLUE, GREEN, RED];
    check_gif("larger", &[&header, &wide, &TRAILER], (3, 2), &all);
    // Two columns from the second on need three.
    let shifted = gif_frame([1, 0, 2, 1], &[1, 2]);
    check_gif(
        "shifted",
        &[&header, &shifted, &TRAILER],
        (3, 1),
        &[NOTHING, RED, GREEN],
    );
    let tall = gif_header(0, 2, &TABLE);
    check_gif(
        "no width",
        &[&tall, &gif_frame([0, 0, 2, 1], &[1, 2]), &TRAILER],
        (2, 2),
        &[RED, GREEN, NOTHING, NOTHING],
    );
    let source = [&header[..], &gif_frame([0, 0, 2, 1], &[1, 1]), &wide, &TRAILER].concat();
    let info = inspect(&source, &Limits::default(), &Cancel::new()).unwrap();
    assert_eq!(info.stored_size().width, 2);
    assert_eq!(seen(&source, "format=png&frame=2"), (2, 1, vec![RED, GREEN]));
}

/// Indices without a colour are black. So is everything without any table.
#[test]
fn gif_without_a_colour_table_is_black() {
    let frame = gif_frame([0, 0, 4, 1], &[0, 1, 2, 3]);
    let header = gif_header(4, 1, &[]);
    check_gif("no table", &[&header, &frame, &TRAILER], (4, 1), &[BLACK; 4]);
}

/// A block of five bytes and more begins with the four of the specification. A shorter one is passed over.
#[test]
fn gif_control_block_of_any_length_is_read() {
    let header = gif_header(2, 1, &TABLE);
    let frame = gif_frame([0, 0, 2, 1], &[1, 2]);
    let block = [1, 0, 0, 1, 77, 88, 99];
    for length in 0..=block.len() {
        let first = if length < 4 { RED } else { NOTHING };
        check_gif(
            &format!("{length} bytes"),
            &[&header, &control(&block[..length]), &frame, &TRAILER],
            (2, 1),
            &[first, GREEN],
        );
    }
}

/// A frame without a size has the canvas's, as in browsers. Without pixels it is passed over if it comes first.
#[test]
fn gif_frame_of_no_size_is_read() {
    let header = gif_header(2, 1, &TABLE);
    let red = gif_frame([0, 0, 2, 1], &[1, 1]);
    let empty = gif_frame([0, 0, 0, 0], &[]);
    check_gif("first", &[&header, &empty, &red, &TRAILER], (2, 1), &[RED; 2]);
    let full = gif_frame([0, 0, 0, 1], &[1, 2]);
    check_gif("full", &[&header, &full, &TRAILER], (2, 1), &[RED, GREEN]);
    let source = [&header[..], &red, &empty, &gif_frame([1, 0, 1, 1], &[3]), &TRAILER].concat();
    let animation = Animation::of(&process(&source, "format=gif").unwrap());
    assert_eq!(animation.frames.len(), 3, "a later frame keeps its time");
    assert_eq!(animation.frames[2].pixels, [RED, BLUE].concat());
    let nothing = [&header[..], &empty, &TRAILER].concat();
    assert!(matches!(
        process(&nothing, "format=png"),
        Err(ImageError::Corrupt { .. })
    ));
}

#[test]
fn gif_with_terminators_too_many_is_read() {
    let header = gif_header(2, 1, &TABLE);
    let frame = gif_frame([0, 0, 2, 1], &[1, 2]);
    check_gif(
        "zeros",
        &[&header, &[0, 0], &frame, &[0], &TRAILER],
        (2, 1),
        &[RED, GREEN],
    );
}

/// A still picture needs the frames up to its own. An animation needs all.
#[test]
fn gif_cut_in_a_later_frame_is_shown_still() {
    let header = gif_header(8, 8, &TABLE);
    let frames: Vec<Vec<u8>> = (1..=3)
        .map(|shift| {
            let indices: Vec<u8> = (0..64).map(|at| ((at * at + shift) % 4) as u8).collect();
            [control(&[0, 4, 0, 0]), gif_frame([0, 0, 8, 8], &indices)].concat()
        })
        .collect();
    let source = [&header[..], &frames[0], &frames[1], &frames[2], &TRAILER].concat();
    let first = seen(&source, "format=png");
    let second = seen(&source, "format=png&frame=2");
    let two = header.len() + frames[0].len() + frames[1].len();
    for length in two + 1..source.len() - 6 {
        let cut = &source[..length];
        assert_eq!(seen(cut, "format=png"), first, "{length} bytes");
        assert_eq!(seen(cut, "format=png&frame=2"), second, "{length} bytes");
        assert_eq!(View::of(&process(cut, "format=jpg").unwrap()).width, 8);
        for query in ["format=gif", "format=webp", "format=png&frame=3"] {
            let result = process(cut, query);
            assert!(
                matches!(result, Err(ImageError::Corrupt { .. })),
                "{length} bytes, {query}"
            );
        }
    }
}

/// Where a picture is transparent around its middle, the first frame covers all and declares the transparent index:
/// Other programs show what no frame covers in colours of their own.
#[test]
fn written_gif_declares_its_transparent_surround() {
    let source = make::png(20, 10, png::ColorType::Rgb, &make::quadrants(20, 10));
    let encoded = process(&source, "format=gif&width=20&height=20&scale=canvas").unwrap();
    let mut options = gif::DecodeOptions::new();
    options.set_color_output(gif::ColorOutput::Indexed);
    let mut decoder = options.read_info(&encoded.bytes[..]).unwrap();
    let frame = decoder.read_next_frame().unwrap().unwrap();
    assert_eq!((frame.left, frame.top, frame.width, frame.height), (0, 0, 20, 20));
    let transparent = frame.transparent.unwrap();
    for (at, index) in frame.buffer.iter().enumerate() {
        let surround = !(5..15).contains(&(at / 20));
        assert_eq!(*index == transparent, surround, "pixel {at}");
    }
}

/// An animation whose first frame covers a part of the canvas.
#[test]
fn written_animation_begins_with_a_frame_of_full_size() {
    let patch = |area, indices| files::Patch {
        area,
        indices,
        delay: 5,
        disposal: gif::DisposalMethod::Keep,
    };
    let source = files::gif(8, 8, None, &[patch([2, 2, 4, 4], &[1]), patch([0, 0, 2, 2], &[2])]);
    let encoded = process(&source, "format=gif").unwrap();
    let mut decoder = gif::DecodeOptions::new().read_info(&encoded.bytes[..]).unwrap();
    let first = decoder.read_next_frame().unwrap().unwrap();
    assert_eq!((first.width, first.height), (8, 8));
    assert!(first.transparent.is_some());
    let second = decoder.read_next_frame().unwrap().unwrap();
    assert_eq!((second.width, second.height), (2, 2), "only what changed");
}
