//! The seeds of the fuzz target `jpeg_decoder` in `tests/fuzz`: small files with scans of every kind. `UPDATE_SEEDS=1`
//! writes them; without it the test only asks that they are decoded.
#![allow(clippy::disallowed_methods, reason = "a test may wait for a file")]

use std::fs;
use std::path::Path;

use resizer_jpeg::Scale;

use crate::file::{Picture, Random};
use crate::scans::Scan;
use crate::{check, damage, progressive};

fn seeds() -> Vec<(&'static str, Picture)> {
    let mut random = Random(0x00fe_ed5e);
    let mut picture = |factors: &[(u32, u32)]| Picture::random(&mut random, 19, 17, factors, 2, (4, 8));
    let [(_, sequential), (_, refined)] = damage::scripts();
    let pairs = vec![Scan::sequential(&[0, 1], 2), Scan::sequential(&[2], 1)];
    let inks = [(2, 1), (1, 1), (1, 1), (2, 1)];
    vec![
        ("formula_thirds", picture(&[(3, 2), (1, 1), (2, 1)])),
        ("formula_inks", picture(&inks)),
        (
            "formula_scans",
            picture(&[(2, 2), (1, 1), (1, 1)]).in_scans(false, sequential),
        ),
        (
            "formula_pairs",
            picture(&[(2, 2), (1, 1), (1, 1)]).in_scans(false, pairs),
        ),
        (
            "formula_refined",
            picture(&[(2, 2), (1, 1), (1, 1)]).in_scans(true, refined),
        ),
        (
            "formula_usual",
            picture(&[(2, 1), (1, 1), (1, 1)]).in_scans(true, progressive::usual(|_| 2)),
        ),
    ]
}

#[test]
fn fuzz_seed_of_every_kind_is_decoded() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/seeds/jpeg_decoder");
    for (name, picture) in seeds() {
        if std::env::var_os("UPDATE_SEEDS").is_some() {
            fs::write(folder.join(name), picture.file()).unwrap();
        }
        assert!(folder.join(name).is_file(), "{name}: run with UPDATE_SEEDS=1");
        check(&picture, Scale::Quarter);
    }
}
