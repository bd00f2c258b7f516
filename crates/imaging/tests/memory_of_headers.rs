//! Memory of header readers: hostile files claim, repeat and compress whatever they can, and a header takes a fixed
//! amount. This binary has no other test, since it counts every allocation.

#![expect(
    clippy::unwrap_used,
    reason = "a failure in a function that the test calls is the test's failure"
)]

use std::io::Write;

use peak_alloc::PeakAlloc;
use resizer_imaging::{
    Cancel, Format, ImageError, Instructions, Job, Limits, SourceInfo, inspect, predict, run_within,
};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// The length of the hostile files, so that a reader that holds a part of one is found out.
const LENGTH: usize = 4 << 20;

/// The bytes that reading any header may take. Most of it decompresses a PNG's colour profile.
const HEADER_BYTES: u64 = 128 * 1024;

fn riff(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [kind, &(body.len() as u32).to_le_bytes()[..], body].concat()
}

/// An animation of 8 x 8 pixels: as many frames as there is room for, each with a picture of one pixel that has only a
/// header.
fn webp_of_frames() -> Vec<u8> {
    let picture = riff(b"VP8L", &[0x2f, 0, 0, 0, 0, 0]);
    let frame = riff(b"ANMF", &[&[0; 15][..], &[0], &picture].concat());
    let header = riff(b"VP8X", &[2, 0, 0, 0, 7, 0, 0, 7, 0, 0]);
    let frames = frame.repeat(LENGTH / frame.len());
    riff(b"RIFF", &[b"WEBP", &header[..], &frames].concat())
}

/// Chunks without contents before the picture.
fn webp_of_empty_chunks() -> Vec<u8> {
    let header = riff(b"VP8X", &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let chunks = riff(b"XXXX", &[]).repeat(LENGTH / 8);
    let picture = riff(b"VP8L", &[0x2f, 0, 0, 0, 0, 0]);
    riff(b"RIFF", &[b"WEBP", &header[..], &chunks, &picture].concat())
}

const GIF_HEADER: &[u8] = b"GIF89a\x08\0\x08\0\0\0\0";

/// A frame of one pixel: descriptor, code size, and the codes clear, 0, end.
const GIF_FRAME: &[u8] = b"\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0";

fn gif_of_frames() -> Vec<u8> {
    [GIF_HEADER, &GIF_FRAME.repeat(LENGTH / GIF_FRAME.len()), b";"].concat()
}

/// One extension of sub-blocks with this many bytes each.
fn gif_of_notes(label: u8, block_bytes: u8) -> Vec<u8> {
    let block = [&[block_bytes][..], &vec![b'N'; block_bytes.into()]].concat();
    let blocks = block.repeat(LENGTH / block.len());
    [GIF_HEADER, &[0x21, label], &blocks, &[0], GIF_FRAME, b";"].concat()
}

fn png_chunk(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut sum = flate2::Crc::new();
    sum.update(kind);
    sum.update(body);
    let length = (body.len() as u32).to_be_bytes();
    [&length[..], kind, body, &sum.sum().to_be_bytes()].concat()
}

fn deflated(zeros: usize) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    for _ in 0..zeros >> 20 {
        encoder.write_all(&vec![0; 1 << 20]).unwrap();
    }
    encoder.finish().unwrap()
}

/// A grey PNG of 1 x 1 with these chunks before its pixel.
fn png(chunks: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&[0, 99]).unwrap();
    [
        b"\x89PNG\r\n\x1a\n",
        &png_chunk(b"IHDR", &[0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0])[..],
        chunks,
        &png_chunk(b"IDAT", &encoder.finish().unwrap()),
        &png_chunk(b"IEND", &[]),
    ]
    .concat()
}

/// A header of 40 bytes: size, bits, compression, colours, and the place of the pixels.
fn bmp(width: u32, height: u32, bits: u16, compression: u32, colours: u32, start: u32, pixels: &[u8]) -> Vec<u8> {
    let fields = [
        &40_u32.to_le_bytes()[..],
        &width.to_le_bytes(),
        &height.to_le_bytes(),
        &[1, 0],
        &bits.to_le_bytes(),
        &compression.to_le_bytes(),
        &[0; 12],
        &colours.to_le_bytes(),
        &[0; 4],
    ]
    .concat();
    [b"BM", &[0; 8][..], &start.to_le_bytes(), &fields, pixels].concat()
}

/// Reads the header and checks the memory that this takes.
fn header(about: &str, source: &[u8]) -> Result<SourceInfo, ImageError> {
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage() as u64;
    let info = inspect(source, &Limits::default(), &Cancel::new());
    let taken = MEMORY.peak_usage() as u64 - before;
    assert!(taken <= HEADER_BYTES, "{about}: {taken} bytes for {}", source.len());
    println!("{about}: {taken} bytes");
    info
}

/// Runs a job to a small PNG, whatever comes of it, and checks the memory that this takes.
fn job(about: &str, source: &[u8], info: &SourceInfo) {
    let (instructions, _) = Instructions::parse([("width", "5"), ("height", "5")]);
    let job = Job {
        instructions,
        format: Format::Png,
        limits: Limits::default(),
    };
    let mut predicted = predict(info, &job).unwrap().peak_bytes;
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage() as u64;
    let mut grow = |bytes| {
        predicted += bytes;
        true
    };
    let result = run_within(source, &job, &Cancel::new(), &mut grow);
    let taken = MEMORY.peak_usage() as u64 - before;
    drop(result);
    assert!(
        taken <= predicted,
        "{about}: {taken} bytes taken, {predicted} predicted"
    );
}

#[test]
fn hostile_header_takes_a_fixed_amount_of_memory() {
    let bomb = [&b"name\0\0"[..], &deflated(512 << 20)].concat();
    let accepted = [
        ("WebP of frames", webp_of_frames()),
        ("WebP of empty chunks", webp_of_empty_chunks()),
        ("GIF of frames", gif_of_frames()),
        ("GIF of comments", gif_of_notes(0xfe, 1)),
        ("GIF of application data", gif_of_notes(0xff, 255)),
        ("GIF of a control extension", gif_of_notes(0xf9, 1)),
        ("PNG of empty chunks", png(&png_chunk(b"prVt", &[]).repeat(LENGTH / 12))),
        (
            "PNG of empty pixel chunks",
            png(&png_chunk(b"IDAT", &[]).repeat(LENGTH / 12)),
        ),
        ("PNG of EXIF", png(&png_chunk(b"eXIf", &vec![b'I'; LENGTH]))),
        ("PNG of text", png(&png_chunk(b"zTXt", &vec![b'I'; LENGTH]))),
        ("PNG of a profile", png(&png_chunk(b"iCCP", &bomb))),
        ("PNG of profiles", png(&png_chunk(b"iCCP", &bomb).repeat(100))),
        ("PNG of transparent colours", png(&png_chunk(b"tRNS", &vec![9; LENGTH]))),
        (
            "BMP of colours",
            bmp(8, 8, 8, 0, u32::MAX, 14 + 40 + LENGTH as u32, &vec![9; LENGTH + 64]),
        ),
        ("BMP without pixels", bmp(12_000, 8000, 32, 0, 0, u32::MAX, &[])),
        ("BMP of rows", bmp(1, 12_000, 8, 1, 0, 54, &[0, 0].repeat(LENGTH / 2))),
        (
            "BMP of a row",
            bmp(8000, 12_000, 8, 1, 0, 54, &[1, 1].repeat(LENGTH / 2)),
        ),
        (
            "BMP of skips",
            bmp(8000, 12_000, 4, 2, 0, 54, &[0, 2, 255, 0].repeat(LENGTH / 4)),
        ),
        ("BMP of an end", bmp(8000, 12_000, 8, 1, 0, 54, &[0, 1])),
    ];
    for (about, source) in &accepted {
        let info = header(about, source).unwrap();
        job(about, source, &info);
    }
    let refused = [
        ("PNG of a palette", png(&png_chunk(b"PLTE", &vec![9; LENGTH]))),
        ("GIF of zeros", [GIF_HEADER, &vec![0; LENGTH]].concat()),
        (
            "BMP of a huge size",
            bmp(u32::MAX >> 1, u32::MAX >> 1, 1, 1, 0, 54, &[0, 1]),
        ),
    ];
    for (about, source) in &refused {
        assert!(header(about, source).is_err(), "{about}");
    }
}
