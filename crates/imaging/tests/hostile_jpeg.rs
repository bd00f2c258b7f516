//! Memory of the readers of JPEG headers, EXIF blocks and ICC profiles on hostile files. This binary has no other test,
//! since it counts every allocation. The bounds are those of the table in `docs/architecture.md`.

#![expect(
    clippy::unwrap_used,
    reason = "a failure in a function that the test calls is the test's failure"
)]

use peak_alloc::PeakAlloc;
use resizer_imaging::{Cancel, Format, ImageError, Instructions, Job, Limits, SourceInfo, inspect, run};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// The most bytes that a reader may allocate, whatever the file holds.
const MOST_BYTES: usize = 64 * 1024;

/// The verdict, and the most bytes that were allocated for it.
fn inspected(source: &[u8]) -> (Result<SourceInfo, ImageError>, usize) {
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage();
    let info = inspect(source, &Limits::default(), &Cancel::new());
    (info, MEMORY.peak_usage() - before)
}

fn segment(marker: u8, body: &[u8]) -> Vec<u8> {
    let length = (body.len() as u16 + 2).to_be_bytes();
    [&[0xff, marker], &length[..], body].concat()
}

fn small_jpeg() -> Vec<u8> {
    let mut bytes = Vec::new();
    let encoder = jpeg_encoder::Encoder::new(&mut bytes, 90);
    encoder
        .encode(&[99; 3 * 64], 8, 8, jpeg_encoder::ColorType::Rgb)
        .unwrap();
    bytes
}

/// The small picture with bytes behind its start marker.
fn with(bytes: &[u8]) -> Vec<u8> {
    let jpeg = small_jpeg();
    [&jpeg[..2], bytes, &jpeg[2..]].concat()
}

/// A progressive picture of 8 x 8 pixels with this many scans.
fn scans(count: usize) -> Vec<u8> {
    let mut file = b"\xff\xd8".to_vec();
    file.extend(segment(0xdb, &[0].into_iter().chain([1; 64]).collect::<Vec<u8>>()));
    file.extend(segment(0xc2, &[8, 0, 8, 0, 8, 1, 1, 0x11, 0]));
    // No difference, and one bit of padding and more.
    let scan = [segment(0xda, &[1, 1, 0, 0, 0, 0]), vec![0x3f]].concat();
    file.extend(scan.repeat(count));
    file.extend([0xff, 0xd9]);
    file
}

fn piece(number: u8, count: u8, body: &[u8]) -> Vec<u8> {
    segment(0xe2, &[b"ICC_PROFILE\0", &[number, count][..], body].concat())
}

#[test]
fn hostile_header_takes_little_memory() {
    let text = |result: &Result<SourceInfo, ImageError>| match result {
        Ok(info) => format!("{} bytes of profile", info.profile_bytes),
        Err(error) => error.to_string(),
    };
    let none = "0 bytes of profile";
    let many = "the source JPEG is damaged: it has more than 10000 segments";
    let pieces: Vec<u8> = (1..=255).flat_map(|number| piece(number, 255, &[7; 60_000])).collect();
    // An EXIF block that claims more entries than there are, and one with as many as fit.
    let claim = [&b"Exif\0\0MM\0*\0\0\0\x08\xff\xff"[..], &[0; 60]].concat();
    let entries = [&b"Exif\0\0MM\0*\0\0\0\x08\xff\xff"[..], &[1; 65_000]].concat();
    let count = [
        &b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\xff\xff\xff\xff"[..],
        &[0; 60],
    ]
    .concat();
    let files: Vec<(&str, Vec<u8>, &str)> = vec![
        (
            "application segments",
            with(&segment(0xe5, &[]).repeat(1_000_000)),
            many,
        ),
        ("pieces of a profile", with(&piece(1, 1, &[7]).repeat(9_000)), none),
        ("pieces without end", with(&piece(1, 1, &[7]).repeat(100_000)), many),
        ("a profile of 15 MB", with(&pieces), none),
        (
            "pieces of one number",
            with(&piece(1, 2, &[7; 1000]).repeat(2)),
            "2000 bytes of profile",
        ),
        ("a claim of entries", with(&segment(0xe1, &claim)), none),
        ("entries", with(&segment(0xe1, &entries)), none),
        ("a claim of values", with(&segment(0xe1, &count)), none),
        ("EXIF blocks", with(&segment(0xe1, &entries).repeat(100)), none),
        ("tables", with(&segment(0xdb, &[1; 65 * 1000]).repeat(100)), none),
        ("stray bytes", with(&[0x55; 8 << 20]), none),
        ("fill bytes", with(&[0xff; 8 << 20]), none),
        ("restart markers", with(&[0xff, 0xd0].repeat(4 << 20)), none),
        ("200 scans", scans(200), none),
        (
            "100,000 scans",
            scans(100_000),
            "the source JPEG is damaged: it has more than 200 scans",
        ),
    ];
    for (about, source, expected) in &files {
        let (result, bytes) = inspected(source);
        assert_eq!(text(&result), *expected, "{about}");
        assert!(bytes <= MOST_BYTES, "{about}: {bytes} bytes");
        println!("{about}: {bytes} bytes for a file of {}", source.len());
    }
    // A job fails or succeeds by the same verdict, and a profile that is not one is left out.
    let (instructions, _) = Instructions::parse([("width", "4")]);
    let job = Job {
        instructions,
        format: Format::Png,
        limits: Limits::default(),
    };
    for (about, source, expected) in &files {
        let done = run(source, &job, &Cancel::new());
        assert_eq!(done.is_ok(), !expected.contains("damaged"), "{about}");
    }
}
