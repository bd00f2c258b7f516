//! Every kind of BMP, written by hand: headers of OS/2 and Windows, palettes, colour masks.

use resizer_imaging::{Cancel, Channels, Limits, inspect};

use crate::bitmap_runs::{self, Codes};
use crate::view::View;
use crate::{make, process};

pub(crate) const WIDTH: u32 = 13;
pub(crate) const HEIGHT: u32 = 7;

/// A BMP: an info header, then colour masks and a palette, then the pixels.
pub(crate) struct Bitmap {
    /// The length of the info header.
    pub(crate) header: usize,
    pub(crate) height: i32,
    pub(crate) bits: u16,
    pub(crate) compression: u32,
    /// Red, green, blue and alpha. They are written into headers that have a place for them, and behind shorter ones.
    pub(crate) masks: Vec<u32>,
    pub(crate) colours: Vec<[u8; 3]>,
    pub(crate) pixels: Vec<u8>,
}

impl Bitmap {
    pub(crate) fn new(header: usize, bits: u16, pixels: Vec<u8>) -> Self {
        Self {
            header,
            height: HEIGHT as i32,
            bits,
            compression: 0,
            masks: Vec::new(),
            colours: Vec::new(),
            pixels,
        }
    }

    pub(crate) fn file(&self) -> Vec<u8> {
        let mut info = vec![0; self.header.max(40 + 4 * self.masks.len())];
        let mut put = |at: usize, bytes: &[u8]| info[at..at + bytes.len()].copy_from_slice(bytes);
        put(0, &(self.header as u32).to_le_bytes());
        if self.header == 12 {
            put(4, &(WIDTH as u16).to_le_bytes());
            put(6, &(self.height as u16).to_le_bytes());
            put(8, &[1, 0]);
            put(10, &self.bits.to_le_bytes());
        } else {
            put(4, &WIDTH.to_le_bytes());
            put(8, &self.height.to_le_bytes());
            put(12, &[1, 0]);
            put(14, &self.bits.to_le_bytes());
            put(16, &self.compression.to_le_bytes());
            put(32, &(self.colours.len() as u32).to_le_bytes());
            for (index, mask) in self.masks.iter().enumerate() {
                put(40 + 4 * index, &mask.to_le_bytes());
            }
        }
        info.truncate(if self.header == 40 { info.len() } else { self.header });
        let entries = self.colours.iter().flat_map(|[red, green, blue]| {
            let entry = [*blue, *green, *red, 0];
            entry[..if self.header == 12 { 3 } else { 4 }].to_vec()
        });
        info.extend(entries);
        let start = 14 + info.len() as u32;
        let length = start + self.pixels.len() as u32;
        let file = [b"BM", &length.to_le_bytes()[..], &[0; 4], &start.to_le_bytes()].concat();
        [file, info, self.pixels.clone()].concat()
    }
}

/// Rows from the last to the first, each padded to four bytes.
fn rows(bits: u16, pixel: impl Fn(u32, u32) -> u32) -> Vec<u8> {
    (0..HEIGHT).rev().flat_map(|y| row(bits, y, &pixel)).collect()
}

fn row(bits: u16, y: u32, pixel: &impl Fn(u32, u32) -> u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    for x in 0..WIDTH {
        let value = pixel(x, y);
        if bits < 8 {
            let per_byte = 8 / u32::from(bits);
            if x % per_byte == 0 {
                bytes.push(0);
            }
            let shift = 8 - u32::from(bits) * (x % per_byte + 1);
            *bytes.last_mut().unwrap() |= (value << shift) as u8;
        } else {
            bytes.extend(&value.to_le_bytes()[..usize::from(bits / 8)]);
        }
    }
    bytes.resize(bytes.len().next_multiple_of(4), 0xa5);
    bytes
}

/// The colours of a palette of 2 to 256.
pub(crate) fn colours(count: usize) -> Vec<[u8; 3]> {
    (0..count).map(|i| [i as u8, 255 - i as u8, (i * 7) as u8]).collect()
}

fn index(x: u32, y: u32, count: u32) -> u32 {
    (x * 5 + y * 3 + x * y) % count
}

#[track_caller]
pub(crate) fn check<const N: usize>(about: &str, source: &[u8], colour: impl Fn(u32, u32) -> [u8; N]) {
    let view = View::of(&process(source, "format=png").unwrap());
    assert_eq!((view.width, view.height, view.channels), (WIDTH, HEIGHT, N), "{about}");
    let expected = make::pixels(WIDTH, HEIGHT, colour);
    assert!(view.pixels == expected, "{about}: {:?}, not {expected:?}", view.pixels);
}

/// Headers of OS/2 1.x, OS/2 2.x in several lengths, and of Windows.
const HEADERS: [usize; 11] = [12, 16, 20, 36, 40, 48, 52, 56, 64, 108, 124];

#[test]
fn palette_of_every_depth_and_header_is_read() {
    for header in HEADERS {
        for bits in [1, 2, 4, 8] {
            let count = 1 << bits;
            let bitmap = Bitmap {
                colours: colours(count),
                ..Bitmap::new(header, bits, rows(bits, |x, y| index(x, y, count as u32)))
            };
            check(&format!("{header} bytes, {bits} bits"), &bitmap.file(), |x, y| {
                colours(count)[index(x, y, count as u32) as usize]
            });
        }
    }
}

#[test]
fn full_colours_of_every_header_are_read() {
    let colour = |x: u32, y: u32| [(x * 19) as u8, (y * 30) as u8, (x * y) as u8];
    let number = |x: u32, y: u32| {
        let [red, green, blue] = colour(x, y);
        // The fourth byte means nothing.
        u32::from_be_bytes([77, red, green, blue])
    };
    for header in HEADERS {
        let about = format!("{header} bytes");
        check(&about, &Bitmap::new(header, 24, rows(24, number)).file(), colour);
        check(&about, &Bitmap::new(header, 32, rows(32, number)).file(), colour);
        // Five bits each: 0 to 31 become 0 to 255.
        let five = |x: u32, y: u32| (x % 32) << 10 | (y % 32) << 5 | ((x * y) % 32);
        let widened = |sample: u32| ((sample * 255 + 15) / 31) as u8;
        check(&about, &Bitmap::new(header, 16, rows(16, five)).file(), |x, y| {
            [widened(x), widened(y), widened(x * y % 32)]
        });
    }
}

#[test]
fn top_row_may_come_first() {
    let number = |x: u32, y: u32| x << 16 | y << 8 | 9;
    let pixels = (0..HEIGHT).flat_map(|y| row(24, y, &number)).collect();
    let bitmap = Bitmap {
        height: -(HEIGHT as i32),
        ..Bitmap::new(40, 24, pixels)
    };
    check("top down", &bitmap.file(), |x, y| [x as u8, y as u8, 9]);
}

/// Masks stand in long headers, or behind a short one.
#[test]
fn colour_masks_pick_the_samples() {
    const BITFIELDS: u32 = 3;
    const ALPHA_BITFIELDS: u32 = 6;
    // Six bits of green, as most cameras' and consoles' 16 bits have.
    let number = |x: u32, y: u32| (x % 32) << 11 | (y * 9) << 5 | ((x * y) % 32);
    let widened = |sample: u32, most: u32| ((sample * 255 + most / 2) / most) as u8;
    for header in [40, 52, 56, 108, 124] {
        let bitmap = Bitmap {
            compression: BITFIELDS,
            masks: vec![0xf800, 0x07e0, 0x001f],
            ..Bitmap::new(header, 16, rows(16, number))
        };
        check(&format!("565, {header} bytes"), &bitmap.file(), |x, y| {
            [widened(x, 31), widened(y * 9, 63), widened(x * y % 32, 31)]
        });
    }
    // Red in the lowest byte and alpha in the next.
    let number = |x: u32, y: u32| (x * 20) | ((255 - x * y) << 8) | (y * 40) << 16 | 5 << 24;
    for (header, compression) in [
        (40, ALPHA_BITFIELDS),
        (56, BITFIELDS),
        (108, BITFIELDS),
        (124, BITFIELDS),
    ] {
        let bitmap = Bitmap {
            compression,
            masks: vec![0xff, 0x00ff_0000, 0xff00_0000, 0xff00],
            ..Bitmap::new(header, 32, rows(32, number))
        };
        check(&format!("alpha, {header} bytes"), &bitmap.file(), |x, y| {
            [(x * 20) as u8, (y * 40) as u8, 5, (255 - x * y) as u8]
        });
    }
}

/// Without compression no mask means anything, that of alpha neither: as the documentation of BITMAPV5HEADER has it,
/// and as Pillow and libvips read.
#[test]
fn alpha_mask_without_compression_means_nothing() {
    let number = |x: u32, y: u32| (x * 15 + 1) << 24 | y << 16 | x << 8 | 3;
    for header in [56, 108, 124] {
        let bitmap = Bitmap {
            masks: vec![0, 0, 0, 0xff00_0000],
            ..Bitmap::new(header, 32, rows(32, number))
        };
        let about = format!("{header} bytes");
        check(&about, &bitmap.file(), |x, y| [y as u8, x as u8, 3]);
    }
}

#[test]
fn palette_of_grays_is_one_channel() {
    let bitmap = Bitmap {
        colours: (0..=255).map(|i| [255 - i; 3]).collect(),
        ..Bitmap::new(40, 8, rows(8, |x, y| x * y))
    };
    let source = bitmap.file();
    assert_eq!(
        inspect(&source, &Limits::default(), &Cancel::new()).unwrap().channels,
        Channels::Gray
    );
    check("grays", &source, |x, y| [255 - (x * y) as u8]);
}

/// Some writers of OS/2 2.x leave out the fourth byte of a colour. The place of the pixels gives them away.
#[test]
fn palette_of_three_bytes_behind_a_header_of_os2_is_read() {
    let mut bitmap = Bitmap {
        colours: colours(16),
        ..Bitmap::new(64, 4, rows(4, |x, y| index(x, y, 16)))
    };
    let expected = |x: u32, y: u32| colours(16)[index(x, y, 16) as usize];
    let pixels = std::mem::take(&mut bitmap.pixels);
    let file = bitmap.file();
    let (head, palette) = file.split_at(14 + 64);
    let palette = palette.chunks(4).flat_map(|entry| entry[..3].to_vec()).collect();
    let mut short = [head.to_vec(), palette, pixels].concat();
    short[10..14].copy_from_slice(&(14 + 64 + 3 * 16_u32).to_le_bytes());
    check("three bytes", &short, expected);
}

/// A palette may be shorter or longer than the header says, and indices may have no colour.
#[test]
fn palette_of_a_wrong_length_is_read() {
    let bitmap = |told: u32| {
        let bitmap = Bitmap {
            colours: colours(100),
            ..Bitmap::new(40, 8, rows(8, |x, y| index(x, y, 120)))
        };
        let mut source = bitmap.file();
        source[46..50].copy_from_slice(&told.to_le_bytes());
        source
    };
    for told in [100, 0, 20, 300, u32::MAX] {
        check(&format!("{told} colours"), &bitmap(told), |x, y| {
            colours(100).get(index(x, y, 120) as usize).copied().unwrap_or_default()
        });
    }
    // Without a place of the pixels they come right behind the palette.
    let mut source = bitmap(100);
    source[10..14].fill(0);
    check("no offset", &source, |x, y| {
        colours(100).get(index(x, y, 120) as usize).copied().unwrap_or_default()
    });
}

#[test]
fn missing_padding_of_the_last_row_is_no_damage() {
    let number = |x: u32, y: u32| x << 16 | y << 8 | 200;
    let source = Bitmap::new(40, 24, rows(24, number)).file();
    // 13 pixels of three bytes are 39, and one byte of padding.
    check("no padding", &source[..source.len() - 1], |x, y| {
        [x as u8, y as u8, 200]
    });
    let error = process(&source[..source.len() - 2], "format=png").unwrap_err();
    assert_eq!(
        error.to_string(),
        "the source BMP is damaged: it ends before all its pixels"
    );
}

/// Pictures for the tests of damage and for the fuzz targets.
pub(crate) fn samples() -> impl Iterator<Item = (String, Vec<u8>)> {
    let Codes { rle8, rle4, rle24 } = bitmap_runs::codes();
    let compressed = |bits, compression, pixels| Bitmap {
        compression,
        colours: if bits < 16 { colours(16) } else { Vec::new() },
        ..Bitmap::new(64, bits, pixels)
    };
    let masked = Bitmap {
        compression: 3,
        masks: vec![0xff, 0x00ff_0000, 0xff00_0000, 0xff00],
        ..Bitmap::new(108, 32, rows(32, |x, y| x << 10 | y << 20))
    };
    let indexed = Bitmap {
        colours: colours(4),
        ..Bitmap::new(12, 2, rows(2, |x, y| index(x, y, 4)))
    };
    [
        ("RLE8 BMP", compressed(8, 1, rle8)),
        ("RLE4 BMP", compressed(4, 2, rle4)),
        ("RLE24 BMP", compressed(24, 4, rle24)),
        ("masked BMP", masked),
        ("OS2 BMP", indexed),
    ]
    .into_iter()
    .map(|(name, bitmap)| (name.to_owned(), bitmap.file()))
}

#[test]
fn bitmap_that_cannot_be_read_is_named() {
    let check = |header: usize, bits: u16, compression: u32, expected: &str| {
        let bitmap = Bitmap {
            compression,
            ..Bitmap::new(header, bits, vec![0; 1000])
        };
        let error = inspect(&bitmap.file(), &Limits::default(), &Cancel::new()).unwrap_err();
        assert_eq!(
            error.to_string(),
            expected,
            "{header} bytes, {bits} bits, {compression}"
        );
    };
    let unsupported = |what: &str| format!("the source is a BMP {what}, which this server cannot decode");
    check(40, 0, 4, &unsupported("that holds a JPEG"));
    check(40, 0, 5, &unsupported("that holds a PNG"));
    check(64, 1, 3, &unsupported("with fax compression"));
    check(40, 32, 11, &unsupported("of inks"));
    check(40, 64, 0, &unsupported("with 64 bits a pixel"));
    check(40, 8, 99, &unsupported("with compression 99"));
    let damaged = |what: &str| format!("the source BMP is damaged: {what}");
    check(40, 24, 1, &damaged("its compression does not fit its bits a pixel"));
    check(14, 24, 0, &damaged("its header has an impossible length"));

    let mut source = Bitmap::new(40, 24, vec![0; 1000]).file();
    source[18..22].copy_from_slice(&(-13_i32).to_le_bytes());
    let error = inspect(&source, &Limits::default(), &Cancel::new()).unwrap_err();
    assert_eq!(error.to_string(), damaged("its width is negative"));
    source[18..22].fill(0);
    let error = inspect(&source, &Limits::default(), &Cancel::new()).unwrap_err();
    assert_eq!(error.to_string(), damaged("it has no pixels"));
    let error = inspect(&source[..30], &Limits::default(), &Cancel::new()).unwrap_err();
    assert_eq!(error.to_string(), damaged("it ends within its header"));
}
