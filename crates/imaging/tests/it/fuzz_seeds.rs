//! The seeds of the fuzz targets in `tests/fuzz`: small files of each format. `UPDATE_SEEDS=1` writes them; without it
//! the test only asks that no target is without seeds.
#![allow(clippy::disallowed_methods, reason = "a test may wait for a file")]

use std::fs;
use std::path::Path;

use crate::damage::{jpegs, others, pngs};
use crate::{jpeg_xl, make, odd_jpegs, profiles};

/// The contents of the first chunk of this kind in a WebP.
fn chunk<'w>(webp: &'w [u8], kind: &[u8; 4]) -> Option<&'w [u8]> {
    let at = webp.windows(4).position(|bytes| bytes == kind)? + 4;
    let length = u32::from_le_bytes(webp[at..at + 4].try_into().unwrap()) as usize;
    webp.get(at + 4..at + 4 + length)
}

/// Target, name of the seed, contents.
fn seeds() -> Vec<(&'static str, String, Vec<u8>)> {
    let mut seeds = Vec::new();
    for (name, source) in jpegs() {
        seeds.push(("jpeg", name.clone(), source.clone()));
        seeds.push(("jpeg_decoder", name, source));
    }
    let inks = make::pixels(17, 9, |x, y| [x as u8 * 9, y as u8 * 20, 40, (x * y) as u8]);
    let inks = make::jpeg_of_kind(make::Kind::Restarts, 17, 9, &inks, jpeg_encoder::ColorType::CmykAsYcck);
    seeds.push(("jpeg", "inks".to_owned(), inks));
    let thirds = odd_jpegs::flat_blocks(48, (3, 2), false, &[40, -30, 0, 60]);
    seeds.push(("jpeg", "thirds".to_owned(), thirds));
    // The carrier files of the targets for metadata.
    seeds.push(("jpeg", "small".to_owned(), make::jpeg(8, 8, &make::busy(8, 8))));
    seeds.extend(pngs().map(|(name, source)| ("png", name, source)));
    for (name, source) in others() {
        let target = match &source[..4] {
            b"GIF8" => "gif",
            b"RIFF" => "webp",
            b"II*\0" | b"MM\0*" | b"MM\0+" => "tiff",
            _ => "bmp",
        };
        if let Some(contents) = chunk(&source, b"VP8 ") {
            seeds.push(("webp_lossy", name.clone(), contents.to_vec()));
        }
        if let Some(contents) = chunk(&source, b"VP8L") {
            seeds.push(("webp_lossless", name.clone(), contents.to_vec()));
        }
        let query = b"width=9&height=5&mode=pad&rotate=90&format=webp&frame=1\n";
        seeds.push(("run", name.clone(), [query, &source[..]].concat()));
        seeds.push((target, name, source));
    }
    for (name, source) in jpeg_xl::sources() {
        let query = b"width=9&height=5&mode=pad&rotate=90&format=jxl\n";
        seeds.push(("run", format!("{name}_jpeg_xl"), [query, &source[..]].concat()));
        seeds.push(("jpeg_xl", name.to_owned(), source));
    }
    for orientation in [1, 6] {
        seeds.push(("exif", orientation.to_string(), make::exif(orientation)));
    }
    // A thumbnail, then IPTC records.
    let resources = b"8BIM\x04\x0c\0\0\0\0\0\x04\x01\x02\x03\x048BIM\x04\x04\0\0\0\0\0\x08\x1c\x02\x50\0\x03Ada";
    seeds.push(("photoshop", "records".to_owned(), resources.to_vec()));
    let curves = [("srgb", profiles::Curve::Srgb), ("gamma", profiles::Curve::Gamma(2.2))];
    for (name, curve) in curves {
        seeds.push(("icc", name.to_owned(), profiles::screen(profiles::DISPLAY_P3, curve)));
    }
    seeds.push(("icc", "gray".to_owned(), profiles::grays(profiles::Curve::Srgb)));
    let queries = [
        (
            "crop",
            "width=100&height=80&mode=crop&anchor=topleft&format=webp&quality=70&lossless=true",
        ),
        (
            "window",
            "crop=(10,10,-10,-10)&cropxunits=100&cropyunits=100&maxwidth=5&scale=both&bgcolor=ff00ff",
        ),
        (
            "short",
            "srcset=webp-70,sharp-15,100w,40h,2.5x,fit-crop,crop-20-30-90-100,png-lossless,jxl-d1-e4,qp-dpr-2,upscale",
        ),
        ("commands", "width=50;srotate=90;flip=xy;a=%26%3Db;a=c+d;;=;%zz"),
    ];
    seeds.extend(queries.map(|(name, query)| ("query", name.to_owned(), query.into())));
    seeds
}

#[test]
fn fuzz_target_of_every_kind_has_seeds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/seeds");
    for (target, name, contents) in seeds() {
        let folder = folder.join(target);
        if std::env::var_os("UPDATE_SEEDS").is_some() {
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join(name.to_lowercase().replace([' ', ':'], "_")), &contents).unwrap();
        }
        assert!(folder.is_dir(), "{}: run with UPDATE_SEEDS=1", folder.display());
    }
}
