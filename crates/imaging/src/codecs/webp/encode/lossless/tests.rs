//! Predictors, one by one, also those that no picture may choose. image-webp decodes the files.

use super::*;
use crate::{Channels, Size};

/// The file of a picture that is written with these predictors.
fn file(picture: &Picture, modes: &Modes) -> Vec<u8> {
    let (width, height) = (picture.size.width, picture.size.height);
    let mut body = Vec::new();
    let mut output = BitWriter::new(&mut body);
    for (value, bits) in [(0x2f, 8), (width - 1, 14), (height - 1, 14), (1, 1), (0, 3)] {
        output.write(value, bits);
    }
    write_residuals(
        picture,
        Part::Colours { exact: true },
        Some(modes),
        output,
        &Cancel::new(),
    )
    .unwrap();
    let length = body.len() as u32;
    body.resize(body.len().next_multiple_of(2), 0);
    let whole = (12 + body.len()) as u32;
    [
        b"RIFF",
        &whole.to_le_bytes()[..],
        b"WEBPVP8L",
        &length.to_le_bytes(),
        &body,
    ]
    .concat()
}

#[test]
fn every_predictor_is_decoded_by_another_decoder() {
    let check = |width: u32, height: u32, mode: &dyn Fn(usize) -> u8| {
        let pixels = (0..width * height).flat_map(|at| {
            let (x, y) = (at % width, at / width);
            // Steep enough for sums that leave a byte on either side.
            [x * 40 + y, y * 70, x * x + y * 9, 255 - x * y % 256].map(|value| value as u8)
        });
        let picture = Picture {
            size: Size::new(width, height),
            channels: Channels::Rgba,
            pixels: pixels.collect(),
        };
        let tiles = (width.div_ceil(32) * height.div_ceil(32)) as usize;
        let modes = Modes::of_tiles(width as usize, (0..tiles).map(mode).collect());
        let file = file(&picture, &modes);
        let mut decoder = image_webp::WebPDecoder::new(std::io::Cursor::new(&file)).unwrap();
        let mut decoded = vec![0; picture.pixels.len()];
        decoder.read_image(&mut decoded).unwrap();
        assert!(decoded == picture.pixels, "{width} x {height}, first mode {}", mode(0));
    };
    for only in 0..14 {
        check(50, 40, &|_| only);
        check(1, 70, &|_| only);
        check(33, 2, &|_| only);
    }
    check(32 * 7, 70, &|tile| (tile % 14) as u8);
}
