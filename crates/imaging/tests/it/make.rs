//! Source images, computed from formulas.

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

pub(crate) const RED: [u8; 3] = [255, 0, 0];
pub(crate) const GREEN: [u8; 3] = [0, 255, 0];
pub(crate) const BLUE: [u8; 3] = [0, 0, 255];
pub(crate) const WHITE: [u8; 3] = [255, 255, 255];

/// Pixels from a function of column and row.
pub(crate) fn pixels<const N: usize>(width: u32, height: u32, colour: impl Fn(u32, u32) -> [u8; N]) -> Vec<u8> {
    (0..height)
        .flat_map(|y| (0..width).map(move |x| (x, y)))
        .flat_map(|(x, y)| colour(x, y))
        .collect()
}

/// Red and green above, blue and white below.
pub(crate) fn quadrants(width: u32, height: u32) -> Vec<u8> {
    pixels(width, height, |x, y| match (x < width / 2, y < height / 2) {
        (true, true) => RED,
        (false, true) => GREEN,
        (true, false) => BLUE,
        (false, false) => WHITE,
    })
}

/// A picture with detail in every block, the same each time.
pub(crate) fn busy(width: u32, height: u32) -> Vec<u8> {
    pixels(width, height, |x, y| {
        let stripes = if (x / 5 + y / 7) % 2 == 0 { 60 } else { 0 };
        [(x * 5 + stripes) as u8, (y * 7 + x) as u8, ((x ^ y) * 3) as u8]
    })
}

/// The kinds of JPEG that are decoded in different ways.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Baseline420,
    Baseline444,
    Restarts,
    SeparateScans,
    Progressive,
}

pub(crate) const KINDS: [Kind; 5] = [
    Kind::Baseline420,
    Kind::Baseline444,
    Kind::Restarts,
    Kind::SeparateScans,
    Kind::Progressive,
];

pub(crate) fn jpeg_of_kind(kind: Kind, width: u32, height: u32, pixels: &[u8], colour: ColorType) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 92);
    encoder.set_sampling_factor(match kind {
        Kind::Baseline444 => SamplingFactor::F_1_1,
        _ => SamplingFactor::F_2_2,
    });
    match kind {
        Kind::Baseline420 | Kind::Baseline444 => {}
        Kind::Restarts => encoder.set_restart_interval(2),
        // With these tables the encoder writes each component in a scan of its own.
        Kind::SeparateScans => encoder.set_optimized_huffman_tables(true),
        Kind::Progressive => encoder.set_progressive(true),
    }
    encoder.encode(pixels, width as u16, height as u16, colour).unwrap();
    bytes
}

pub(crate) fn jpeg(width: u32, height: u32, pixels: &[u8]) -> Vec<u8> {
    jpeg_of_kind(Kind::Baseline444, width, height, pixels, ColorType::Rgb)
}

/// A JPEG of a strip, repeated `times` times from top to bottom. The data between restart markers is independent, so
/// the strip is encoded only once. It is as high as a row of MCUs: 16.
pub(crate) fn repeated(strip: &[u8], width: u32, height: u32, times: u32) -> Vec<u8> {
    let mut jpeg = Vec::new();
    let mut encoder = Encoder::new(&mut jpeg, 85);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    encoder.set_restart_interval(width.div_ceil(16) as u16);
    encoder
        .encode(strip, width as u16, height as u16, ColorType::Rgb)
        .unwrap();
    let place = |marker: u8| jpeg.windows(2).position(|pair| pair == [0xff, marker]).unwrap();
    let (frame, scan) = (place(0xc0), place(0xda) + 14);
    let data = jpeg[scan..].strip_suffix(&[0xff, 0xd9]).unwrap();
    let mut result = jpeg[..scan].to_vec();
    result[frame + 5..frame + 7].copy_from_slice(&((height * times) as u16).to_be_bytes());
    for index in 0..times {
        if index > 0 {
            result.extend([0xff, 0xd0 + ((index - 1) % 8) as u8]);
        }
        result.extend_from_slice(data);
    }
    result.extend([0xff, 0xd9]);
    result
}

/// Inserts a segment right after the start marker.
pub(crate) fn with_segment(jpeg: &[u8], marker: u8, body: &[u8]) -> Vec<u8> {
    let length = (body.len() as u16 + 2).to_be_bytes();
    [&jpeg[..2], &[0xff, marker], &length, body, &jpeg[2..]].concat()
}

/// An EXIF block that holds only the orientation (TIFF 6.0, section 2: header, one entry of type SHORT).
pub(crate) fn exif(orientation: u16) -> Vec<u8> {
    let mut block = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01".to_vec();
    block.extend(orientation.to_be_bytes());
    block.extend([0; 6]);
    block
}

pub(crate) fn jpeg_with_orientation(jpeg: &[u8], orientation: u16) -> Vec<u8> {
    with_segment(jpeg, 0xe1, &[b"Exif\0\0", &exif(orientation)[..]].concat())
}

pub(crate) fn png(width: u32, height: u32, colour: png::ColorType, pixels: &[u8]) -> Vec<u8> {
    png_with(width, height, colour, png::BitDepth::Eight, pixels, |_| {})
}

/// A PNG whose encoder the caller may set up further, with palettes or transparent colours.
pub(crate) fn png_with(
    width: u32,
    height: u32,
    colour: png::ColorType,
    depth: png::BitDepth,
    pixels: &[u8],
    set_up: impl Fn(&mut png::Encoder<'_, &mut Vec<u8>>),
) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(colour);
    encoder.set_depth(depth);
    set_up(&mut encoder);
    encoder.write_header().unwrap().write_image_data(pixels).unwrap();
    bytes
}

/// Inserts a chunk right after the header chunk of a PNG.
pub(crate) fn with_chunk(png: &[u8], kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    const HEADER_END: usize = 33;
    [&png[..HEADER_END], &chunk(kind, body), &png[HEADER_END..]].concat()
}

/// A PNG chunk: length, kind, body, checksum (PNG, third edition, 5.3).
pub(crate) fn chunk(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let sum = crc(&[&kind[..], body].concat());
    [&(body.len() as u32).to_be_bytes()[..], kind, body, &sum.to_be_bytes()].concat()
}

/// An uncompressed PNG from its header and filtered rows.
pub(crate) fn png_by_hand(header: [u8; 13], rows: &[u8]) -> Vec<u8> {
    [
        b"\x89PNG\r\n\x1a\n".to_vec(),
        chunk(b"IHDR", &header),
        chunk(b"IDAT", &stored(rows)),
        chunk(b"IEND", &[]),
    ]
    .concat()
}

/// A zlib stream of one stored block, without compression (RFC 1950 and 1951).
pub(crate) fn stored(bytes: &[u8]) -> Vec<u8> {
    let length = bytes.len() as u16;
    let (mut low, mut high) = (1_u32, 0_u32);
    for byte in bytes {
        low = (low + u32::from(*byte)) % 65_521;
        high = (high + low) % 65_521;
    }
    let adler = high << 16 | low;
    [
        &[0x78, 0x01, 0x01][..],
        &length.to_le_bytes(),
        &(!length).to_le_bytes(),
        bytes,
        &adler.to_be_bytes(),
    ]
    .concat()
}

/// The header of a PNG: sizes, bits, colour type and interlacing.
pub(crate) fn png_header(width: u32, height: u32, depth: u8, colour: u8, interlaced: bool) -> [u8; 13] {
    let [w, h] = [width.to_be_bytes(), height.to_be_bytes()];
    [
        w[0],
        w[1],
        w[2],
        w[3],
        h[0],
        h[1],
        h[2],
        h[3],
        depth,
        colour,
        0,
        0,
        u8::from(interlaced),
    ]
}

fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 }
        })
    })
}
