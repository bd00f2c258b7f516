//! Source files that no library writes as the tests need them: GIF frames, WebP chunks, TIFF tags.

use gif::{DisposalMethod, Encoder, Frame, Repeat};

/// The colours of the frames below. The first stands for transparency.
pub(crate) const COLOURS: [u8; 12] = [0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255];

/// A frame of one colour, or of several given as indices.
pub(crate) struct Patch<'p> {
    /// Left, top, width, height.
    pub(crate) area: [u16; 4],
    pub(crate) indices: &'p [u8],
    /// The delay in hundredths of a second.
    pub(crate) delay: u16,
    pub(crate) disposal: DisposalMethod,
}

/// A GIF whose colour 0 is transparent.
pub(crate) fn gif(width: u16, height: u16, repeat: Option<Repeat>, frames: &[Patch<'_>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, width, height, &COLOURS).unwrap();
    if let Some(repeat) = repeat {
        encoder.set_repeat(repeat).unwrap();
    }
    for Patch {
        area: [left, top, width, height],
        indices,
        delay,
        disposal,
    } in frames
    {
        let pixels = usize::from(*width) * usize::from(*height);
        let frame = Frame {
            left: *left,
            top: *top,
            width: *width,
            height: *height,
            delay: *delay,
            dispose: *disposal,
            transparent: Some(0),
            buffer: indices.iter().copied().cycle().take(pixels).collect(),
            ..Frame::default()
        };
        encoder.write_frame(&frame).unwrap();
    }
    drop(encoder);
    bytes
}

/// A GIF of one frame from indices into a palette.
pub(crate) fn still_gif(width: u16, height: u16, palette: &[u8], indices: &[u8], interlaced: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, width, height, palette).unwrap();
    let frame = Frame {
        width,
        height,
        interlaced,
        buffer: indices.to_vec().into(),
        ..Frame::default()
    };
    encoder.write_frame(&frame).unwrap();
    drop(encoder);
    bytes
}

/// A lossless WebP of three or four channels.
pub(crate) fn lossless_webp(width: u32, height: u32, pixels: &[u8]) -> Vec<u8> {
    let colour = if pixels.len() as u32 == width * height * 4 {
        image_webp::ColorType::Rgba8
    } else {
        image_webp::ColorType::Rgb8
    };
    let mut bytes = Vec::new();
    let encoder = image_webp::WebPEncoder::new(&mut bytes);
    encoder.encode(pixels, width, height, colour).unwrap();
    bytes
}

/// A lossy WebP of three or four channels.
pub(crate) fn lossy_webp(width: u32, height: u32, pixels: &[u8]) -> Vec<u8> {
    let layout = if pixels.len() as u32 == width * height * 4 {
        webp::PixelLayout::Rgba
    } else {
        webp::PixelLayout::Rgb
    };
    webp::Encoder::new(pixels, layout, width, height).encode(90.0).to_vec()
}

/// Puts the picture of a plain WebP into an extended file with chunks before and after it (RFC 9649, 2.7).
pub(crate) fn extended_webp(plain: &[u8], width: u32, height: u32, flags: u8, before: &[u8], after: &[u8]) -> Vec<u8> {
    let [w, h] = [(width - 1).to_le_bytes(), (height - 1).to_le_bytes()];
    let header = riff_chunk(b"VP8X", &[flags, 0, 0, 0, w[0], w[1], w[2], h[0], h[1], h[2]]);
    let body = [b"WEBP", &header[..], before, &plain[12..], after].concat();
    riff_chunk(b"RIFF", &body)
}

pub(crate) fn riff_chunk(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let padding = &[0][..body.len() % 2];
    [kind, &(body.len() as u32).to_le_bytes()[..], body, padding].concat()
}

/// An animated WebP: the colour of each frame's area (left, top, width, height), its delay, and its flags.
pub(crate) fn animated_webp(width: u32, height: u32, loops: u16, frames: &[([u32; 4], [u8; 4], u32, u8)]) -> Vec<u8> {
    const ANIMATION_AND_ALPHA: u8 = 0x12;
    let [low, high] = loops.to_le_bytes();
    let mut chunks = riff_chunk(b"ANIM", &[9, 9, 9, 255, low, high]);
    for ([left, top, width, height], colour, delay, flags) in frames {
        let picture = lossless_webp(*width, *height, &colour.repeat((width * height) as usize));
        let numbers = [left / 2, top / 2, width - 1, height - 1, *delay];
        let mut body: Vec<u8> = numbers.iter().flat_map(|n| n.to_le_bytes()[..3].to_vec()).collect();
        body.push(*flags);
        body.extend_from_slice(&picture[12..]);
        chunks.extend(riff_chunk(b"ANMF", &body));
    }
    let nothing = [0; 12];
    extended_webp(&nothing, width, height, ANIMATION_AND_ALPHA, &[], &chunks)
}

/// The value of a tag: numbers of two bytes, numbers of four bytes, or bytes.
pub(crate) enum Value {
    Shorts(Vec<u16>),
    Longs(Vec<u32>),
    Bytes(Vec<u8>),
}

impl Value {
    fn encode(&self, little_endian: bool) -> (u16, u32, Vec<u8>) {
        let order = |mut bytes: Vec<u8>, size: usize| {
            if little_endian {
                bytes.chunks_mut(size).for_each(<[u8]>::reverse);
            }
            bytes
        };
        match self {
            Self::Shorts(values) => {
                let bytes = values.iter().flat_map(|value| value.to_be_bytes()).collect();
                (3, values.len() as u32, order(bytes, 2))
            }
            Self::Longs(values) => {
                let bytes = values.iter().flat_map(|value| value.to_be_bytes()).collect();
                (4, values.len() as u32, order(bytes, 4))
            }
            Self::Bytes(bytes) => (7, bytes.len() as u32, bytes.clone()),
        }
    }
}

/// One page: its tags, and its strips or tiles.
pub(crate) struct Page {
    pub(crate) tags: Vec<(u16, Value)>,
    pub(crate) chunks: Vec<Vec<u8>>,
}

/// A TIFF (TIFF 6.0, section 2). The tags of strips (273, 279) are added, or with 322 among the tags those of tiles
/// (324, 325).
pub(crate) fn tiff(little_endian: bool, pages: Vec<Page>) -> Vec<u8> {
    let short = |value: u16| Value::Shorts(vec![value]).encode(little_endian).2;
    let long = |value: u32| Value::Longs(vec![value]).encode(little_endian).2;
    let mut file = if little_endian { b"II".to_vec() } else { b"MM".to_vec() };
    file.extend(short(42));
    let mut next = file.len();
    file.extend(long(0));
    for Page { mut tags, chunks } in pages {
        let mut offsets = Vec::new();
        let lengths = chunks.iter().map(|chunk| chunk.len() as u32).collect();
        for chunk in &chunks {
            offsets.push(file.len() as u32);
            file.extend_from_slice(chunk);
        }
        let tiled = tags.iter().any(|(tag, _)| *tag == 322);
        tags.push((if tiled { 324 } else { 273 }, Value::Longs(offsets)));
        tags.push((if tiled { 325 } else { 279 }, Value::Longs(lengths)));
        tags.sort_by_key(|(tag, _)| *tag);
        let mut directory = short(tags.len() as u16);
        for (tag, value) in tags {
            let (kind, count, mut bytes) = value.encode(little_endian);
            if bytes.len() > 4 {
                let place = long(file.len() as u32);
                file.extend(bytes);
                bytes = place;
            }
            bytes.resize(4, 0);
            directory.extend([short(tag), short(kind), long(count), bytes].concat());
        }
        let start = long(file.len() as u32);
        file[next..next + 4].copy_from_slice(&start);
        file.extend(directory);
        next = file.len();
        file.extend(long(0));
    }
    file
}

/// The tags that every page has: size, bits of each sample, compression and photometric interpretation.
pub(crate) fn tags(width: u32, height: u32, bits: &[u16], compression: u16, meaning: u16) -> Vec<(u16, Value)> {
    vec![
        (256, Value::Longs(vec![width])),
        (257, Value::Longs(vec![height])),
        (258, Value::Shorts(bits.to_vec())),
        (259, Value::Shorts(vec![compression])),
        (262, Value::Shorts(vec![meaning])),
        (277, Value::Shorts(vec![bits.len() as u16])),
    ]
}

/// A page of 8 bits a sample in one strip, not compressed.
pub(crate) fn plain_tiff(width: u32, height: u32, meaning: u16, samples: usize, pixels: &[u8]) -> Vec<u8> {
    let page = Page {
        tags: tags(width, height, &vec![8; samples], 1, meaning),
        chunks: vec![pixels.to_vec()],
    };
    tiff(true, vec![page])
}

/// A BMP of 24 bits, bottom row first, with rows padded to four bytes.
pub(crate) fn bmp(width: u32, height: u32, rgb: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = image::codecs::bmp::BmpEncoder::new(&mut bytes);
    encoder
        .encode(rgb, width, height, image::ExtendedColorType::Rgb8)
        .unwrap();
    bytes
}
