//! Freshness of the pictures in `docs/pictures/`: each is what the pipeline makes of its sample today, within a
//! tolerance. Those of the plugins' pages are made by the server. `UPDATE_DOCS=1` (or `cargo xtask docs`) writes those
//! that differ.

use std::collections::BTreeSet;
use std::fs;
use std::io::Cursor;
use std::path::Path;

use resizer_engine::docs::PICTURES;
use resizer_imaging::{Cancel, Instructions, Job, Limits, output_format, run};

use super::plugin_pages;

/// The mean difference, in levels, at which a picture is no longer the same. A viewer sees none of it.
const TOLERANCE: f64 = 1.5;

#[test]
fn pictures_are_fresh() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folder = root.join("docs/pictures");
    let update = std::env::var_os("UPDATE_DOCS").is_some();
    let mut stale = Vec::new();
    let mut wanted = BTreeSet::new();
    let mut pictures = plugin_pages::pictures();
    for row in PICTURES {
        let source = fs::read(root.join("samples").join(row.sample)).unwrap();
        for picture @ (file, _) in row.pictures {
            let query = row.query(*picture);
            let rendered = render(&source, &query);
            pictures.push(((*file).to_owned(), query, rendered));
        }
    }
    for (file, query, rendered) in pictures {
        let path = folder.join(&file);
        let difference = fs::read(&path).map_or(f64::MAX, |committed| difference(&committed, &rendered));
        if difference > TOLERANCE {
            stale.push(format!("{file} ({query})"));
            if update {
                fs::create_dir_all(&folder).unwrap();
                fs::write(&path, &rendered).unwrap();
            }
        }
        assert!(wanted.insert(file), "{query}: its file's name stands twice");
    }
    for found in fs::read_dir(&folder).into_iter().flatten() {
        let name = found.unwrap().file_name().into_string().unwrap();
        if !wanted.contains(&name) {
            stale.push(format!("{name} (in no row)"));
            if update {
                fs::remove_file(folder.join(&name)).unwrap();
            }
        }
    }
    assert!(
        update || stale.is_empty(),
        "docs/pictures is behind the code: {}; {}",
        stale.join(", "),
        super::MEND
    );
}

fn render(source: &[u8], query: &str) -> Vec<u8> {
    let (instructions, ignored) = Instructions::parse(query.split('&').filter_map(|pair| pair.split_once('=')));
    assert!(ignored.is_empty(), "{query}: {ignored:?}");
    let job = Job {
        format: output_format(&instructions, None),
        instructions,
        limits: Limits::default(),
    };
    run(source, &job, &Cancel::new()).unwrap().bytes
}

/// The mean difference of two pictures in levels, over all channels.
fn difference(committed: &[u8], rendered: &[u8]) -> f64 {
    match (pixels(committed), pixels(rendered)) {
        (Some((a_size, a)), Some((b_size, b))) if a_size == b_size && a.len() == b.len() => {
            let sum: u64 = a.iter().zip(&b).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
            sum as f64 / a.len() as f64
        }
        _ => f64::MAX,
    }
}

/// Width, height and samples of a JPEG or PNG.
fn pixels(file: &[u8]) -> Option<([u32; 2], Vec<u8>)> {
    if file.starts_with(&[0xff, 0xd8]) {
        let mut decoder = jpeg_decoder::Decoder::new(file);
        let samples = decoder.decode().ok()?;
        let info = decoder.info()?;
        return Some(([info.width.into(), info.height.into()], samples));
    }
    let mut decoder = png::Decoder::new(Cursor::new(file));
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().ok()?;
    let mut samples = vec![0; reader.output_buffer_size()?];
    let frame = reader.next_frame(&mut samples).ok()?;
    Some(([frame.width, frame.height], samples))
}
