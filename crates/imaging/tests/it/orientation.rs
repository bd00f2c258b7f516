//! Orientation: four coloured quarters under every EXIF value, turn and mirroring.

use resizer_imaging::{Cancel, Limits, inspect};

use crate::make::{self, BLUE, GREEN, RED, WHITE};
use crate::view::{View, near};
use crate::{files, process};

/// The displayed positions of the quarters of a stored picture (red, green above; blue, white below) after EXIF 2.32,
/// 4.6.4. The value says at which side of the displayed picture the stored first row and first column are.
const SEEN: [(u16, [[[u8; 3]; 2]; 2]); 8] = [
    (1, [[RED, GREEN], [BLUE, WHITE]]), // row 0 at the top, column 0 at the left
    (2, [[GREEN, RED], [WHITE, BLUE]]), // top, right
    (3, [[WHITE, BLUE], [GREEN, RED]]), // bottom, right
    (4, [[BLUE, WHITE], [RED, GREEN]]), // bottom, left
    (5, [[RED, BLUE], [GREEN, WHITE]]), // left, top
    (6, [[BLUE, RED], [WHITE, GREEN]]), // right, top
    (7, [[WHITE, GREEN], [BLUE, RED]]), // right, bottom
    (8, [[GREEN, WHITE], [RED, BLUE]]), // left, bottom
];

#[track_caller]
fn check(source: &[u8], query: &str, seen: [[[u8; 3]; 2]; 2]) -> View {
    let view = View::of(&process(source, query).unwrap());
    for (row, colours) in (0..).zip(seen) {
        for (column, colour) in (0..).zip(colours) {
            let found = view.cell(column, row, 2, 2);
            assert!(
                near(found, &colour, 6),
                "`{query}`, row {row}, column {column}: {found:?}, not {colour:?}"
            );
        }
    }
    view
}

fn sources(orientation: u16) -> [Vec<u8>; 4] {
    let pixels = make::quadrants(64, 32);
    let jpeg = make::jpeg_with_orientation(&make::jpeg(64, 32, &pixels), orientation);
    let png = make::with_chunk(
        &make::png(64, 32, png::ColorType::Rgb, &pixels),
        b"eXIf",
        &make::exif(orientation),
    );
    // Files of some programs have the prefix of JPEG before the block.
    const EXIF: u8 = 0x08;
    let prefix: &[u8] = if orientation.is_multiple_of(2) {
        b"Exif\0\0"
    } else {
        b""
    };
    let exif = files::riff_chunk(b"EXIF", &[prefix, &make::exif(orientation)].concat());
    let webp = files::extended_webp(&files::lossless_webp(64, 32, &pixels), 64, 32, EXIF, &[], &exif);
    let mut tags = files::tags(64, 32, &[8; 3], 1, 2);
    tags.push((274, files::Value::Shorts(vec![orientation])));
    let chunks = vec![pixels];
    let tiff = files::tiff(false, vec![files::Page { tags, chunks }]);
    [jpeg, png, webp, tiff]
}

#[test]
fn every_exif_orientation_is_applied() {
    for (orientation, seen) in SEEN {
        for source in sources(orientation) {
            let info = inspect(&source, &Limits::default(), &Cancel::new()).unwrap();
            let (width, height) = if orientation < 5 { (64, 32) } else { (32, 64) };
            assert_eq!(
                (info.oriented_size().width, info.oriented_size().height),
                (width, height)
            );
            for format in ["format=png", "format=jpg&quality=95"] {
                let view = check(&source, format, seen);
                assert_eq!((view.width, view.height), (width, height));
                // Half as wide as displayed.
                let view = check(&source, &format!("{format}&width={}", width / 2), seen);
                assert_eq!((view.width, view.height), (width / 2, height / 2));
            }
        }
    }
}

/// Windows refer to the displayed picture: its top left quarter has the colour that is displayed there.
#[test]
fn window_is_cut_from_the_displayed_picture() {
    for (orientation, seen) in SEEN {
        for source in sources(orientation) {
            for (row, colours) in (0..).zip(seen) {
                for (column, colour) in (0..).zip(colours) {
                    // The window lies a tenth inside the quarter, as JPEG's edges are not exact.
                    let (x, y) = (column * 50 + 10, row * 50 + 10);
                    let query = format!("c={x},{y},{},{}&format=png&width=6", x + 30, y + 30);
                    let view = View::of(&process(&source, &query).unwrap());
                    assert!(
                        view.is_all(&colour, 6),
                        "orientation {orientation}, `{query}`: {:?}",
                        view.pixels
                    );
                }
            }
        }
    }
}

/// A clockwise quarter turn brings the left column to the top.
#[test]
fn turns_and_mirrorings_add_up() {
    let source = &sources(1)[1];
    let png = |query: &str, seen| check(source, &format!("{query}&format=png"), seen);
    for key in ["srotate", "rotate"] {
        png(&format!("{key}=90"), [[BLUE, RED], [WHITE, GREEN]]);
        png(&format!("{key}=180"), [[WHITE, BLUE], [GREEN, RED]]);
        png(&format!("{key}=-90"), [[GREEN, WHITE], [RED, BLUE]]);
    }
    for key in ["sflip", "flip"] {
        png(&format!("{key}=x"), [[GREEN, RED], [WHITE, BLUE]]);
        png(&format!("{key}=v"), [[BLUE, WHITE], [RED, GREEN]]);
        png(&format!("{key}=both"), [[WHITE, BLUE], [GREEN, RED]]);
    }
    // Turned, then mirrored left to right.
    png("srotate=90&sflip=x", [[RED, BLUE], [GREEN, WHITE]]);
    png("rotate=90&flip=x", [[RED, BLUE], [GREEN, WHITE]]);
    // Turned and turned back.
    png("srotate=90&rotate=270", [[RED, GREEN], [BLUE, WHITE]]);
    // EXIF first: the displayed picture of value 6 is turned once more.
    check(&sources(6)[1], "srotate=90&format=png", [[WHITE, BLUE], [GREEN, RED]]);
}

#[test]
fn padding_turns_with_the_picture() {
    // 20 columns of black to the right of the picture. After a clockwise turn they lie below it.
    let source = &sources(1)[1];
    let query = "width=84&height=32&scale=canvas&anchor=topleft&bgcolor=black&rotate=90&format=png";
    let view = View::of(&process(source, query).unwrap());
    assert_eq!((view.width, view.height), (32, 84));
    assert_eq!(view.pixel(5, 5), BLUE);
    assert_eq!(view.pixel(5, 63), WHITE);
    assert_eq!(view.pixel(5, 64), [0, 0, 0]);
    assert_eq!(view.pixel(31, 83), [0, 0, 0]);
}
