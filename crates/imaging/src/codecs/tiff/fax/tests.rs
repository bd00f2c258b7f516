//! Tests of the fax decompressor: codes written bit by bit.

use super::*;

const WIDTH: u32 = 9;

/// Bits written as a text, and the rows that they mean: `#` is black.
#[track_caller]
fn check(kind: Fax, bits: &str, rows: &[&str]) {
    let bits: Vec<u8> = bits.bytes().filter(|byte| matches!(byte, b'0' | b'1')).collect();
    let bytes: Vec<u8> = bits
        .chunks(8)
        .map(|bits| (0..8).fold(0, |byte, at| byte << 1 | u8::from(bits.get(at) == Some(&b'1'))))
        .collect();
    let mut out = vec![0xaa; rows.len() * 2];
    let reversed: Vec<u8> = bytes.iter().map(|byte| byte.reverse_bits()).collect();
    for (bytes, is_reversed) in [(&bytes, false), (&reversed, true)] {
        let mut decoder = Decoder::new(kind, WIDTH, bytes, is_reversed);
        for row in out.chunks_mut(2) {
            decoder.fill(row, &Cancel::new()).unwrap();
        }
        let found: Vec<String> = out
            .chunks(2)
            .map(|row| {
                let is_black = |at: usize| row[at / 8] >> (7 - at % 8) & 1 == 1;
                (0..9).map(|at| if is_black(at) { '#' } else { '.' }).collect()
            })
            .collect();
        assert_eq!(found, rows);
    }
}

/// Codes of T.4, tables 2 and 3: white 2 is 0111, 3 is 1000, 4 is 1011, 9 is 10100, 0 is 00110101; black 3 is 10,
/// 5 is 0011, 4 is 011, 9 is 000100 by table 2.
const ROW_A: &str = "0111 10 1011";
const A: &str = "..###....";
const ROW_B: &str = "00110101 011 1100";
const B: &str = "####.....";
const WHITE: &str = ".........";
const MARKER: &str = "000000000001";

#[test]
fn rows_at_bytes_are_decompressed() {
    // Ten bits and six of padding, then fifteen and one.
    let bits = format!("{ROW_A} 000000 {ROW_B} 0 10100");
    check(Fax::Rows { unit_bytes: 1 }, &bits, &[A, B, WHITE]);
    check(Fax::Rows { unit_bytes: 2 }, &bits, &[A, B, WHITE]);
    let bits = format!("10100 000 {ROW_A}");
    check(Fax::Rows { unit_bytes: 1 }, &bits, &[WHITE, A]);
    let bits = format!("10100 00000000000 {ROW_A}");
    check(Fax::Rows { unit_bytes: 2 }, &bits, &[WHITE, A]);
}

#[test]
fn group_3_of_one_dimension_is_decompressed() {
    let kind = Fax::Group3 { two_dimensional: false };
    check(kind, &format!("{MARKER}{ROW_A}{MARKER}{ROW_B}"), &[A, B]);
    // Fill bits before a marker, and six markers at the end, before which white rows are left out.
    let end = MARKER.repeat(6);
    check(
        kind,
        &format!("0000{MARKER}{ROW_A}0000000{MARKER}{ROW_B}{end}"),
        &[A, B, WHITE],
    );
    // Without markers.
    check(kind, &format!("{ROW_A}{ROW_B}"), &[A, B]);
}

/// Modes of T.4, table 4: vertical 1 for 0, 011 and 010 for one right and left; pass 0001; horizontal 001.
#[test]
fn group_3_of_two_dimensions_is_decompressed() {
    let kind = Fax::Group3 { two_dimensional: true };
    let bits = format!("{MARKER}1{ROW_A}{MARKER}0 1 1 1 {MARKER}0 011 010 1 {MARKER}1{ROW_B}");
    check(kind, &bits, &[A, A, "...#.....", B]);
}

#[test]
fn group_4_is_decompressed() {
    let end = MARKER.repeat(2);
    // Horizontal: white 2 and black 3; the rest is white. Then a pass, so that nothing is black, and one row that
    // begins with black: horizontal with white 0 and black 4.
    let bits = "001 0111 10 1 | 1 1 1 | 0001 1 | 001 00110101 011 1";
    check(Fax::Group4, &format!("{bits}{end}"), &[A, A, WHITE, B]);
    check(Fax::Group4, &format!("{bits}{end}"), &[A, A, WHITE, B, WHITE]);
    check(Fax::Group4, bits, &[A, A, WHITE, B]);
}

fn failure(kind: Fax, bytes: &[u8], rows: usize) -> (String, usize) {
    let mut out = vec![0; rows * 2];
    match Decoder::new(kind, WIDTH, bytes, false).fill(&mut out, &Cancel::new()) {
        Err(Failure::Damaged { reason, written }) => (reason, written),
        other => panic!("{other:?}"),
    }
}

#[test]
fn damaged_rows_are_told_from_missing_ones() {
    // White 9 and white 9 are 10100 and padding, then nothing.
    let kind = Fax::Rows { unit_bytes: 1 };
    assert_eq!(
        failure(kind, &[0b1010_0000, 0b1010_0000], 3),
        (INCOMPLETE.to_owned(), 4)
    );
    // The second row is cut off within its first code. In the other file no code begins with eight zeros and a one.
    assert_eq!(
        failure(kind, &[0b1010_0000, 0b0000_0001], 3),
        (INCOMPLETE.to_owned(), 2)
    );
    assert_eq!(
        failure(kind, &[0b1010_0000, 0, 0b1000_0000, 0xff], 3),
        (UNDECODABLE.to_owned(), 2)
    );
    assert_eq!(failure(Fax::Group4, &[0b1100_0000], 3).1, 4);
    assert_eq!(failure(Fax::Group4, &[], 1), (INCOMPLETE.to_owned(), 0));
}

/// Runs of no pixels, again and again: the changes of a row are bounded.
#[test]
fn endless_row_is_refused() {
    // White 0 is 00110101, black 0 is 0000110111: 18 bits.
    let bits = "001101010000110111".repeat(400);
    let bytes: Vec<u8> = (0..bits.len() / 8)
        .map(|at| u8::from_str_radix(&bits[at * 8..at * 8 + 8], 2).unwrap())
        .collect();
    let kind = Fax::Rows { unit_bytes: 1 };
    assert_eq!(failure(kind, &bytes, 1), (UNDECODABLE.to_owned(), 0));
}
