//! Damaged JPEGs that are shown: rows up to the damage, intervals behind it, and coarse progressive pictures.

use super::{Rows, SIDE, is_refused, noise, pixels, shown};
use crate::make::{self, Kind};
use crate::process;
use crate::view::View;

fn jpeg(kind: Kind) -> (Vec<u8>, Vec<u8>) {
    let source = make::jpeg_of_kind(kind, SIDE, SIDE, &noise::<3>(), jpeg_encoder::ColorType::Rgb);
    let whole = View::of(&process(&source, "format=png").unwrap()).pixels;
    (source, whole)
}

/// A row of MCUs and the chroma of the next one may differ.
#[test]
fn jpeg_that_is_cut_off_is_shown_to_its_last_blocks() {
    for (kind, slack) in [(Kind::Baseline444, 9), (Kind::Baseline420, 18), (Kind::Restarts, 18)] {
        let (source, whole) = jpeg(kind);
        let scan = source.windows(2).position(|marker| marker == [0xff, 0xda]).unwrap();
        Rows {
            name: &format!("{kind:?}"),
            source: &source,
            whole: &whole,
            missing: &[128; 3],
            header: scan + 14,
            slack,
            bottom_up: false,
        }
        .check();
    }
}

/// Behind the next restart marker everything is right again. Two bytes of data become a reserved marker.
#[test]
fn jpeg_with_damage_between_restart_markers_is_shown_around_it() {
    let (mut source, whole) = jpeg(Kind::Restarts);
    let end = |number: u8| {
        source
            .windows(2)
            .position(|marker| marker == [0xff, 0xd0 + number])
            .unwrap()
    };
    let (from, to) = (end(2), end(3));
    let middle = usize::midpoint(from, to);
    source[middle..middle + 2].copy_from_slice(&[0xff, 0x01]);
    is_refused("restarts", &source);
    let found = pixels("restarts", &source);
    let row = 3 * SIDE as usize;
    // An interval has two of the four MCUs in a row, each of 16 rows. The fourth interval is the right half of the
    // second row, and chroma of a neighbour reaches one row or column further.
    assert!(found[..15 * row] == whole[..15 * row], "above");
    assert!(found[33 * row..] == whole[33 * row..], "below");
    let left = |pixels: &[u8]| {
        pixels
            .chunks(row)
            .skip(16)
            .take(16)
            .flat_map(|row| row[..3 * 31].to_vec())
            .collect::<Vec<u8>>()
    };
    assert!(left(&found) == left(&whole), "beside");
    assert!(
        found[16 * row..32 * row] != whole[16 * row..32 * row],
        "the interval itself"
    );
}

/// All of a progressive picture is there after its first scan, if coarsely.
#[test]
fn progressive_jpeg_that_is_cut_off_is_shown_coarsely() {
    let soft = make::pixels(SIDE, SIDE, |x, y| [(x * 3) as u8, (y * 3) as u8, (x + y) as u8]);
    let source = make::jpeg_of_kind(Kind::Progressive, SIDE, SIDE, &soft, jpeg_encoder::ColorType::Rgb);
    let scans: Vec<usize> = (0..source.len() - 1)
        .filter(|at| source[*at..*at + 2] == [0xff, 0xda])
        .collect();
    let last = scans[scans.len() - 1];
    is_refused("progressive", &source[..last]);
    let found = pixels("progressive", &source[..last]);
    let error: u32 = found.iter().zip(&soft).map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
    assert!(error / (soft.len() as u32) < 12, "{error}");
    for query in ["width=8&format=png", "width=32&format=png"] {
        assert!(shown(&source[..last], query).unwrap().damaged, "{query}");
    }
}
