//! Tests of the LZW decompressor: data of another encoder, and codes written by hand.

use weezl::{BitOrder, encode};

use super::*;

/// Bytes in which all kinds of strings occur: runs longer than any entry, short repeats, and noise.
fn sample(length: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let mut bytes = Vec::with_capacity(length + 4096);
    while bytes.len() < length {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let (kind, byte) = (state >> 30, (state >> 16) as u8);
        match kind {
            0 => bytes.resize(bytes.len() + usize::from(byte) * 8, byte),
            1 => bytes.extend((0..byte).map(|place| place % 3)),
            _ => bytes.extend([byte, byte >> 4, byte & 3]),
        }
    }
    bytes.truncate(length);
    bytes
}

/// Decompresses in pieces of this length.
fn decompressed(stored: &[u8], length: usize, piece: usize) -> Vec<u8> {
    let mut decompressor = Lzw::new(Cow::Borrowed(stored));
    let mut out = vec![0xaa; length];
    for piece in out.chunks_mut(piece) {
        decompressor.fill(piece, &Cancel::new()).unwrap();
    }
    out
}

#[test]
fn data_of_another_encoder_decompress_in_pieces_of_any_length() {
    let bytes = sample(300_000);
    let stored = encode::Encoder::with_tiff_size_switch(BitOrder::Msb, 8)
        .encode(&bytes)
        .unwrap();
    let old = encode::Encoder::new(BitOrder::Lsb, 8).encode(&bytes).unwrap();
    for piece in [1, 7, 8, 9, 1000, 4097, 300_000] {
        assert!(decompressed(&stored, bytes.len(), piece) == bytes, "pieces of {piece}");
        assert!(
            decompressed(&old, bytes.len(), piece) == bytes,
            "old, pieces of {piece}"
        );
    }
}

/// One long run makes the longest strings, and one of each length.
#[test]
fn run_of_the_longest_strings_decompresses() {
    let bytes = vec![7; 10_000_000];
    let stored = encode::Encoder::with_tiff_size_switch(BitOrder::Msb, 8)
        .encode(&bytes)
        .unwrap();
    assert!(decompressed(&stored, bytes.len(), 65_536) == bytes);
}

/// Codes of nine bits, the highest first.
fn codes(codes: &[u16]) -> Vec<u8> {
    let bits: String = codes.iter().map(|code| format!("{code:09b}")).collect();
    let padded = format!("{bits:0<width$}", width = bits.len().next_multiple_of(8));
    let byte = |at: usize| u8::from_str_radix(&padded[at..at + 8], 2).unwrap();
    (0..padded.len()).step_by(8).map(byte).collect()
}

fn failed(stored: &[u8], length: usize) -> (String, usize) {
    let mut out = vec![0; length];
    match Lzw::new(Cow::Borrowed(stored)).fill(&mut out, &Cancel::new()) {
        Err(Failure::Damaged { reason, written }) => (reason, written),
        other => panic!("{other:?}"),
    }
}

#[test]
fn string_that_its_own_code_makes_is_decompressed() {
    // a, then twice the string of the code that is being made: aa and aaa. Then the string ab, after a and b.
    let stored = codes(&[256, 97, 258, 259, 98, 256, 97, 98, 258]);
    assert_eq!(decompressed(&stored, 11, 11), b"aaaaaababab");
}

#[test]
fn damage_is_told_with_the_bytes_before_it() {
    // A code beyond the next one, and a new one without a string before.
    assert_eq!(failed(&codes(&[256, 97, 98, 260]), 20), (UNDECODABLE.to_owned(), 2));
    assert_eq!(failed(&codes(&[256, 258]), 20), (UNDECODABLE.to_owned(), 0));
    // The code of the end, and no more bytes.
    assert_eq!(failed(&codes(&[256, 97, 98, 257, 99]), 20), (INCOMPLETE.to_owned(), 2));
    assert_eq!(failed(&codes(&[256, 97, 98, 99]), 20), (INCOMPLETE.to_owned(), 3));
    assert_eq!(failed(&[], 20), (INCOMPLETE.to_owned(), 0));
}

#[test]
fn endless_cleared_tables_can_be_cancelled() {
    let cancel = Cancel::new();
    cancel.cancel();
    let stored = codes(&[256; 1000]);
    let result = Lzw::new(Cow::Borrowed(&stored)).fill(&mut [0; 8], &cancel);
    assert!(matches!(result, Err(Failure::Other(crate::ImageError::Cancelled))));
}
