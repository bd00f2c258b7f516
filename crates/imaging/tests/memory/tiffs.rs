//! Memory of TIFF jobs: headers with false claims, and each compression.

use super::*;

/// Directories that share one array of strip offsets and lengths, each a byte; they lie before the array. The page has
/// ten columns and twenty rows.
fn tiff_of_shared_arrays(entries: u32, pages: u32, more_tags: &[(u16, u16, u32, u32)]) -> Vec<u8> {
    let count = 9 + more_tags.len() as u32;
    let directory_bytes = 2 + 12 * count + 4;
    let array = 8 + directory_bytes * pages;
    let mut bytes = b"II*\0\x08\0\0\0".to_vec();
    for page in 1..=pages {
        bytes.extend((count as u16).to_le_bytes());
        let tags = [
            (256, 4, 1, 10),
            (257, 4, 1, 20),
            (258, 3, 1, 8),
            (259, 3, 1, 1),
            (262, 3, 1, 1),
            (273, 1, entries, array),
            (277, 3, 1, 1),
            (278, 4, 1, 1),
            (279, 1, entries, array),
        ];
        for (tag, kind, count, value) in tags.iter().chain(more_tags) {
            bytes.extend(u16::to_le_bytes(*tag));
            bytes.extend(u16::to_le_bytes(*kind));
            bytes.extend(u32::to_le_bytes(*count));
            bytes.extend(u32::to_le_bytes(*value));
        }
        let next = if page < pages { 8 + directory_bytes * page } else { 0 };
        bytes.extend(next.to_le_bytes());
    }
    bytes.resize(bytes.len() + entries as usize, 200);
    bytes
}

/// Claims of millions of strips, and of millions of values of other tags, are checked before a value is read. A
/// thousand pages take what is known of them.
pub(crate) fn tiff_of_false_claims_takes_no_memory() {
    let check = |about: &str, source: &[u8], allowed: u64, is_refused: bool| {
        MEMORY.reset_peak_usage();
        let before = MEMORY.current_usage() as u64;
        let info = inspect(source, &Limits::default(), &Cancel::new());
        let taken = MEMORY.peak_usage() as u64 - before;
        assert_eq!(info.is_err(), is_refused, "{about}");
        assert!(taken <= allowed, "{about}: {taken} bytes, {allowed} allowed");
        println!("header of a TIFF, {about}: {taken} bytes");
    };
    const LITTLE: u64 = 16 * 1024;
    const OF_PAGES: u64 = 768 * 1024;
    check(
        "nine million strips",
        &tiff_of_shared_arrays(9_000_000, 1, &[]),
        LITTLE,
        true,
    );
    check(
        "a million strips on each page",
        &tiff_of_shared_arrays(1_000_000, 1000, &[]),
        LITTLE,
        true,
    );
    // A palette, kinds of extra samples and a profile of all the file's bytes.
    let many = [
        (320, 3, 4_000_000, 8),
        (338, 3, 4_000_000, 8),
        (34_675, 7, 8_000_000, 8),
    ];
    let with_values = |pages| {
        let mut source = tiff_of_shared_arrays(20, pages, &many);
        source.resize(source.len() + 8_000_000, 0);
        source
    };
    check("millions of other values", &with_values(1), LITTLE, false);
    check("a thousand pages", &with_values(1000), OF_PAGES, false);
    // The first page is sound, and all others claim too much.
    let mut source = tiff_of_shared_arrays(1_000_000, 1000, &[]);
    for tag in [5, 8] {
        source[8 + 2 + 12 * tag + 4..][..4].copy_from_slice(&20_u32.to_le_bytes());
    }
    check("a million strips on each page but one", &source, OF_PAGES, false);
}

/// One strip of each compression whose decompressor holds more than its output.
pub(crate) fn tiff_of_any_compression_is_predicted() {
    let pixels = noise(3);
    let stored: Vec<u8> = pixels
        .chunks(65_535)
        .flat_map(|piece| {
            let length = (piece.len() as u16).to_le_bytes();
            [&[0][..], &length, &length.map(|byte| !byte), piece].concat()
        })
        .collect();
    let (low, high) = pixels.iter().fold((1_u32, 0), |(low, high), byte| {
        let low = (low + u32::from(*byte)) % 65_521;
        (low, (high + low) % 65_521)
    });
    let checksum = (high << 16 | low).to_be_bytes();
    let deflate = [&[0x78, 0x01][..], &stored, &[1, 0, 0, 0xff, 0xff], &checksum].concat();
    // RFC 8878: a window of 128 MB, then blocks of up to 128 KiB that are not compressed.
    let mut zstandard = vec![0x28, 0xb5, 0x2f, 0xfd, 0, 17 << 3];
    let pieces = pixels.chunks(100_000);
    let last = pieces.len() - 1;
    for (index, piece) in pieces.enumerate() {
        let header = (piece.len() as u32) << 3 | u32::from(index == last);
        zstandard.extend_from_slice(&header.to_le_bytes()[..3]);
        zstandard.extend_from_slice(piece);
    }
    // The same window, of which the strip needs a small part: 1000 blocks of 128 KiB of one value.
    let mut bomb = zstandard[..6].to_vec();
    bomb.extend([2_u8, 0, 0x10, 7].repeat(1000));
    let fax = vec![0; (WIDTH * HEIGHT / 8) as usize];
    let jpeg = jpeg(jpeg_encoder::ColorType::Rgb, false, false);
    let progressive = self::jpeg(jpeg_encoder::ColorType::Rgb, true, false);
    let strips = [
        ("not compressed", 1, 8, 2, 3, &pixels, true),
        ("deflate", 8, 8, 2, 3, &deflate, true),
        ("Zstandard", 50_000, 8, 2, 3, &zstandard, true),
        ("Zstandard of many blocks", 50_000, 8, 2, 3, &bomb, true),
        ("JPEG", 7, 8, 6, 3, &jpeg, true),
        ("progressive JPEG", 7, 8, 6, 3, &progressive, true),
        ("fax without codes", 4, 1, 1, 1, &fax, false),
    ];
    for (name, compression, bits, meaning, samples, strip, is_sound) in strips {
        let start = 8 + 2 + 12 * 8 + 4;
        let mut source = b"II*\0\x08\0\0\0\x08\0".to_vec();
        for (tag, value) in [
            (256_u16, WIDTH),
            (257, HEIGHT),
            (258, bits),
            (259, compression),
            (262, meaning),
            (273, start),
            (277, samples),
            (279, strip.len() as u32),
        ] {
            source.extend(tag.to_le_bytes());
            source.extend([4, 0, 1, 0, 0, 0]);
            source.extend(value.to_le_bytes());
        }
        source.extend([0; 4]);
        source.extend_from_slice(strip);
        let (instructions, _) = Instructions::parse([("width", "50")]);
        let job = Job {
            instructions,
            format: Format::Jpeg,
            limits: Limits::default(),
        };
        let predicted = predict(&inspect(&source, &job.limits, &Cancel::new()).unwrap(), &job)
            .unwrap()
            .peak_bytes;
        MEMORY.reset_peak_usage();
        let before = MEMORY.current_usage() as u64;
        let result = resizer_imaging::run(&source, &job, &Cancel::new());
        let actual = MEMORY.peak_usage() as u64 - before;
        assert_eq!(result.is_ok(), is_sound, "{name}: {result:?}");
        let about = format!("TIFF, {name}: {actual} bytes, {predicted} predicted");
        assert!(actual <= predicted, "{about}");
        // The header does not tell whether a JPEG holds its coefficients, and how much a window repeats.
        let spare = if compression == 1 || compression == 8 {
            2_000_000
        } else {
            4_000_000
        };
        assert!(!is_sound || predicted <= actual * 3 / 2 + spare, "{about}");
        println!("{about}");
    }
}
