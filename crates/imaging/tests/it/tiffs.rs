//! Every kind of TIFF that programs write.

mod compression;
mod headers;
mod libtiff;
mod samples;

use crate::files::{Page, Value, tags, tiff};
use crate::make;
use crate::process;
use crate::view::View;
use libtiff::{G3, G3_2D, G4, LZMA, RLE, ZSTD};

/// Deflate without compression allows a predictor.
const DEFLATE: u16 = 8;
const GRAY: u16 = 1;
const RGB: u16 = 2;
const INKS: u16 = 5;
const YCBCR: u16 = 6;

const T4_OPTIONS: u16 = 292;
const FILL_ORDER: u16 = 266;

/// The bytes of a hexadecimal text.
fn bytes(text: &str) -> Vec<u8> {
    let byte = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(byte).collect()
}

fn reversed(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|byte| byte.reverse_bits()).collect()
}

fn shorts(tag: u16, values: &[u16]) -> (u16, Value) {
    (tag, Value::Shorts(values.to_vec()))
}

fn page(size: [u32; 2], bits: &[u16], compression: u16, meaning: u16, more: Vec<(u16, Value)>, chunk: &[u8]) -> Page {
    let mut tags = tags(size[0], size[1], bits, compression, meaning);
    tags.extend(more);
    Page {
        tags,
        chunks: vec![chunk.to_vec()],
    }
}

fn pixels(page: Page) -> Vec<u8> {
    View::of(&process(&tiff(true, vec![page]), "format=png").unwrap()).pixels
}

/// The error of a page.
fn refusal(page: Page) -> String {
    process(&tiff(true, vec![page]), "format=png").unwrap_err().to_string()
}

/// BigTIFF written by hand: offsets, counts and the places of strips have 64 bits.
fn big_tiff(little_endian: bool, width: u32, height: u32, rows: u32, gray: &[u8]) -> Vec<u8> {
    let number = |value: u64, bytes: usize| {
        let mut number = value.to_be_bytes()[8 - bytes..].to_vec();
        if little_endian {
            number.reverse();
        }
        number
    };
    let mut file = if little_endian { b"II".to_vec() } else { b"MM".to_vec() };
    let strips: Vec<&[u8]> = gray.chunks((width * rows) as usize).collect();
    let pixels = 16 + 16 * strips.len() as u64;
    let directory = pixels + gray.len() as u64;
    file.extend([number(43, 2), number(8, 2), number(0, 2), number(directory, 8)].concat());
    let mut place = pixels;
    for strip in &strips {
        file.extend(number(place, 8));
        place += strip.len() as u64;
    }
    strips
        .iter()
        .for_each(|strip| file.extend(number(strip.len() as u64, 8)));
    file.extend_from_slice(gray);
    let count = strips.len() as u64;
    let tags = [
        (256, 4, 1, u64::from(width)),
        (257, 16, 1, u64::from(height)),
        (258, 3, 1, 8),
        (262, 3, 1, 1),
        (273, 16, count, if count == 1 { pixels } else { 16 }),
        (278, 4, 1, u64::from(rows)),
        (
            279,
            16,
            count,
            if count == 1 { gray.len() as u64 } else { 16 + 8 * count },
        ),
    ];
    file.extend(number(tags.len() as u64, 8));
    for (tag, kind, count, value) in tags {
        let bytes = [0, 1, 1, 2, 4][usize::min(kind as usize, 4)].max(if kind == 16 { 8 } else { 0 });
        let mut field = number(value, if count > 1 { 8 } else { bytes });
        field.resize(8, 0);
        file.extend([number(tag, 2), number(kind, 2), number(count, 8), field].concat());
    }
    file.extend(number(0, 8));
    file
}

/// Sources of all these kinds, for tests of damage and as seeds of the fuzz target.
pub(crate) fn kinds() -> impl Iterator<Item = (String, Vec<u8>)> {
    let fax = |compression, options: u32, strip: &str| {
        let options = (T4_OPTIONS, Value::Longs(vec![options]));
        tiff(
            true,
            vec![page([70, 12], &[1], compression, GRAY, vec![options], &bytes(strip))],
        )
    };
    let modern = |compression, strip: &str| {
        let page = page(
            [40, 12],
            &[8; 3],
            compression,
            RGB,
            vec![shorts(317, &[2])],
            &bytes(strip),
        );
        tiff(false, vec![page])
    };
    let gray = make::pixels(9, 7, |x, y| [(x * 20 + y) as u8]);
    let fractions: Vec<u8> = (0..30_u8).map(|at| at.wrapping_mul(37)).collect();
    let predicted = vec![shorts(339, &[3]), shorts(317, &[3])];
    let deep = page([3, 2], &[32], DEFLATE, GRAY, predicted, &make::stored(&fractions[..24]));
    let blocks = page([5, 3], &[8; 3], 1, YCBCR, vec![], &fractions.repeat(2));
    let lab = page([3, 3], &[8; 3], 1, 8, vec![], &fractions);
    let alpha = page([5, 1], &[12; 4], 1, RGB, vec![shorts(338, &[1])], &fractions);
    [
        ("TIFF of Group 3", fax(3, 0, G3)),
        ("TIFF of Group 3 in two dimensions", fax(3, 1, G3_2D)),
        ("TIFF of Group 4", fax(4, 0, G4)),
        ("TIFF of fax rows", fax(2, 0, RLE)),
        ("TIFF of Zstandard", modern(50_000, ZSTD)),
        ("TIFF of LZMA", modern(34_925, LZMA)),
        ("big TIFF", big_tiff(false, 9, 7, 2, &gray)),
        ("TIFF of fractions", tiff(true, vec![deep])),
        ("TIFF of luma and chroma", tiff(true, vec![blocks])),
        ("TIFF of CIELab", tiff(true, vec![lab])),
        ("TIFF of 12 bits", tiff(false, vec![alpha])),
    ]
    .into_iter()
    .map(|(name, source)| (name.to_owned(), source))
}
