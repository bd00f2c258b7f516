//! Odd files of PNG and WebP that other programs show: notes that are huge, ends that are missing.

use resizer_imaging::{Cancel, ImageError, Limits, Orientation, inspect};

use crate::view::View;
use crate::{files, make, process};

const RED: [u8; 4] = [255, 0, 0, 255];
const GREEN: [u8; 4] = [0, 255, 0, 255];
const BLUE: [u8; 4] = [0, 0, 255, 255];

/// All rows are there, and the last chunks are not.
#[test]
fn png_without_its_last_chunk_is_shown() {
    let pixels = make::busy(60, 50);
    let whole = make::png(60, 50, png::ColorType::Rgb, &pixels);
    let end = whole.windows(4).rposition(|kind| kind == b"IEND").unwrap() - 4;
    let expected = View::of(&process(&whole, "format=png").unwrap()).pixels;
    assert_eq!(expected, pixels);
    // Without the chunk, within it, and behind a note that is cut.
    let note = make::chunk(b"tEXt", &[b'a'; 100]);
    let cut_note = [&whole[..end], &note[..50]].concat();
    for source in [&whole[..end], &whole[..end + 6], &cut_note] {
        assert_eq!(View::of(&process(source, "format=png").unwrap()).pixels, pixels);
    }
    // Interlaced too: the seven passes of one pixel are one row.
    let header = make::png_header(1, 1, 8, 0, true);
    let tiny = make::png_by_hand(header, &[0, 200]);
    let view = View::of(&process(&tiny[..tiny.len() - 12], "format=png").unwrap());
    assert_eq!(view.pixels, [200]);
    // Pixels are missing.
    let error = process(&whole[..end - 40], "format=png").unwrap_err();
    assert_eq!(
        error.to_string(),
        "the source PNG is damaged: it ends before all its pixels"
    );
}

/// Notes of any length cost nothing, and a profile that is too long is as good as none.
#[test]
fn png_with_huge_notes_is_shown() {
    const HUGE: usize = 5 << 20;
    let pixels = make::busy(20, 20);
    let plain = make::png(20, 20, png::ColorType::Rgb, &pixels);
    let mut exif = make::exif(6);
    exif.resize(HUGE, 0);
    let source = make::with_chunk(&plain, b"eXIf", &exif);
    let info = inspect(&source, &Limits::default(), &Cancel::new()).unwrap();
    assert_eq!(info.orientation, Orientation::from_exif(6));
    assert!(process(&source, "format=png").is_ok());

    for kind in [b"zTXt", b"iTXt", b"tEXt", b"prVt"] {
        let source = make::with_chunk(&plain, kind, &exif);
        assert_eq!(View::of(&process(&source, "format=png").unwrap()).pixels, pixels);
    }
    let zeros = || std::iter::repeat_n(0_u8, HUGE).collect::<Vec<u8>>();
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut encoder, &zeros()).unwrap();
    for body in [encoder.finish().unwrap(), zeros()] {
        let profile = [&b"name\0\0"[..], &body].concat();
        let source = make::with_chunk(&plain, b"iCCP", &profile);
        assert_eq!(
            inspect(&source, &Limits::default(), &Cancel::new())
                .unwrap()
                .profile_bytes,
            0
        );
        assert_eq!(View::of(&process(&source, "format=png").unwrap()).pixels, pixels);
    }
}

/// A still picture needs the frames up to its own, in an animated WebP too.
#[test]
fn webp_cut_in_a_later_frame_is_shown_still() {
    let frames = [
        ([0, 0, 8, 8], RED, 40, 0),
        ([0, 0, 4, 8], BLUE, 40, 0),
        ([4, 0, 4, 8], GREEN, 40, 0),
    ];
    let source = files::animated_webp(8, 8, 0, &frames);
    let last = source.windows(4).rposition(|kind| kind == b"ANMF").unwrap();
    let halves = make::pixels(8, 8, |x, _| if x < 4 { [0, 0, 255] } else { [255, 0, 0] });
    for length in last..source.len() - 8 {
        let cut = &source[..length];
        let view = View::of(&process(cut, "format=png&frame=2").unwrap());
        assert_eq!(view.pixels, halves, "{length} bytes");
        for query in ["format=webp", "format=gif", "format=png&frame=3"] {
            let result = process(cut, query);
            assert!(
                matches!(result, Err(ImageError::Corrupt { .. })),
                "{length} bytes, {query}"
            );
        }
    }
}

/// Metadata behind the pixels may be cut off.
#[test]
fn webp_cut_behind_its_pixels_is_shown() {
    const EXIF: u8 = 0x08;
    let pixels = make::busy(16, 16);
    let plain = files::lossless_webp(16, 16, &pixels);
    let note = files::riff_chunk(b"EXIF", &[0; 100]);
    let source = files::extended_webp(&plain, 16, 16, EXIF, &[], &note);
    for missing in [1, 50, 104, 108] {
        let view = View::of(&process(&source[..source.len() - missing], "format=png").unwrap());
        assert_eq!(view.pixels, pixels, "without {missing} bytes");
    }
}
