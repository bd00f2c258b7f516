//! Damaged files: an error by default; grey where pixels are missing if the caller asks for it.

use resizer_jpeg::{Damage, Decoder, Error, Header, Scale};

use crate::file::{Picture, Random};
use crate::scans::Scan;
use crate::{FACTORS, decoder};

fn decode(file: &[u8], scale: Scale) -> Result<(), Error> {
    let mut decoder = decoder(file, scale)?;
    while decoder.advance()? {}
    Ok(())
}

/// The rows of a component.
type Samples = Vec<Vec<u8>>;

/// The samples of each component, and whether some are missing.
fn shown(file: &[u8], scale: Scale) -> Result<(Vec<Samples>, bool), Error> {
    let header = Header::read(file, Damage::Show)?;
    let mut decoder = Decoder::new(&header, scale)?;
    let mut planes = vec![Vec::new(); header.colours().components()];
    while decoder.advance()? {
        let rows = decoder.rows();
        for (component, plane) in planes.iter_mut().enumerate() {
            let (_, down) = rows.plane(component).ratios();
            for row in plane.len() as u32..rows.end().div_ceil(down.pixels) {
                plane.push(rows.plane(component).row(row).to_vec());
            }
        }
    }
    Ok((planes, decoder.is_damaged()))
}

/// A file that is cut off anywhere before its end is an error, at every scale, even if an end marker follows.
#[test]
fn truncated_file_is_an_error() {
    let mut random = Random(3);
    for interval in [0, 2] {
        let file = Picture::random(&mut random, 33, 20, FACTORS[5], interval, (4, 8)).file();
        for scale in Scale::ALL {
            assert_eq!(decode(&file, scale), Ok(()));
            let start = file.windows(2).position(|pair| pair == [0xff, 0xda]).unwrap() + 14;
            for length in start..file.len() - 2 {
                let cut = &file[..length];
                // The last byte may consist of padding only.
                if length < file.len() - 3 {
                    assert_eq!(decode(cut, scale), Err(Error::Truncated), "{length} of {}", file.len());
                    let ended = [cut, &[0xff, 0xd9]].concat();
                    assert_eq!(
                        decode(&ended, scale),
                        Err(Error::Truncated),
                        "{length} of {}",
                        file.len()
                    );
                }
            }
            for length in 0..start {
                assert!(decode(&file[..length], scale).is_err());
            }
        }
    }
}

/// The scripts of files in several scans.
pub(crate) fn scripts() -> [(bool, Vec<Scan>); 2] {
    let sequential = [0, 1, 2].map(|component| Scan::sequential(&[component], 3));
    let progressive = vec![
        Scan::progressive(&[0, 1, 2], (0, 0), false, 1, 2),
        Scan::progressive(&[0], (1, 63), false, 1, 0),
        Scan::progressive(&[1], (1, 63), false, 0, 3),
        Scan::progressive(&[2], (1, 63), false, 0, 0),
        Scan::progressive(&[0], (1, 63), true, 0, 5),
        Scan::progressive(&[0, 1, 2], (0, 0), true, 0, 0),
    ];
    [(false, sequential.into()), (true, progressive)]
}

#[test]
fn truncated_file_in_several_scans_is_an_error() {
    let mut random = Random(41);
    for (progressive, scans) in scripts() {
        let picture = Picture::random(&mut random, 25, 20, FACTORS[5], 0, (4, 8));
        let file = picture.in_scans(progressive, scans).file();
        assert_eq!(decode(&file, Scale::Full), Ok(()));
        for length in 2..file.len() - 4 {
            for scale in [Scale::Full, Scale::Eighth] {
                assert!(decode(&file[..length], scale).is_err(), "{length} of {}", file.len());
            }
        }
        // The last byte may consist of padding only.
        assert!(decode(&file[..file.len() - 2], Scale::Full).is_ok());
    }
}

/// Any result is fine, as long as the decoder returns one.
#[test]
fn damaged_file_does_not_panic() {
    let mut random = Random(5);
    let picture = |random: &mut Random, interval, factors| Picture::random(random, 33, 20, factors, interval, (4, 8));
    let mut files = vec![
        picture(&mut random, 0, FACTORS[0]).file(),
        picture(&mut random, 2, FACTORS[5]).file(),
        picture(&mut random, 0, FACTORS[10]).file(),
    ];
    for (progressive, scans) in scripts() {
        const FACTORS: &[(u32, u32)] = &[(3, 2), (1, 1), (2, 1)];
        files.push(picture(&mut random, 0, FACTORS).in_scans(progressive, scans).file());
    }
    for file in files {
        for bit in 0..file.len() * 8 {
            let mut changed = file.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            for damage in [Damage::Refuse, Damage::Show] {
                // The size is kept, as a larger picture takes longer.
                let Ok(header) = Header::read(&changed, damage) else {
                    continue;
                };
                if header.width() > 300 || header.height() > 300 {
                    continue;
                }
                for scale in Scale::ALL {
                    let mut decoder = Decoder::new(&header, scale).unwrap();
                    while let Ok(true) = decoder.advance() {}
                    // The decoder repeats its error.
                    let again = decoder.advance();
                    assert_eq!(again, decoder.advance());
                    if damage == Damage::Show {
                        assert_eq!(again, Ok(false), "bit {bit}");
                    }
                }
            }
        }
    }
}

/// Pixels before the end of a file are there, and those behind it are grey.
#[test]
fn shown_truncated_file_ends_in_grey() {
    let mut random = Random(43);
    let picture = Picture::random(&mut random, 24, 80, FACTORS[2], 0, (4, 8));
    let file = picture.file();
    let (whole, damaged) = shown(&file, Scale::Full).unwrap();
    assert!(!damaged);
    let data = file.windows(2).position(|pair| pair == [0xff, 0xda]).unwrap() + 14;
    for length in [data, data + 1, (data + file.len()) / 2, file.len() - 40] {
        let (found, damaged) = shown(&file[..length], Scale::Full).unwrap();
        assert!(damaged, "{length}");
        for (found, whole) in found.iter().zip(&whole) {
            let blocks = |plane: &[Vec<u8>]| -> Vec<Vec<u8>> {
                let block = |index: usize| {
                    let (x, y) = (index % 3 * 8, index / 3 * 8);
                    plane[y..y + 8].iter().flat_map(|row| row[x..x + 8].to_vec()).collect()
                };
                (0..30).map(block).collect()
            };
            let (found, whole) = (blocks(found), blocks(whole));
            // In the order of the file: right, perhaps one that is damaged, then grey.
            let right = found
                .iter()
                .zip(&whole)
                .take_while(|(found, whole)| found == whole)
                .count();
            assert!(
                found[(right + 1).min(30)..].iter().all(|block| *block == [128; 64]),
                "{length}"
            );
            let expected = 30 * (length - data) / (file.len() - 2 - data);
            assert!(right.abs_diff(expected) < 8, "{right} blocks of {length} bytes");
        }
    }
}

/// Damage reaches up to the next restart marker.
#[test]
fn shown_damage_ends_at_a_restart_marker() {
    let mut random = Random(47);
    // Four MCUs of one block in a row, and a marker after each row.
    let picture = Picture::random(&mut random, 32, 96, FACTORS[0], 4, (4, 8));
    let file = picture.file();
    let (whole, _) = shown(&file, Scale::Full).unwrap();
    let marker = |number: u8| file.windows(2).position(|pair| pair == [0xff, 0xd0 + number]).unwrap();
    let row = |plane: &[Vec<u8>], row: usize| plane[row * 8..row * 8 + 8].concat();
    let check = |about: &str, changed: &[u8], lost: &[usize]| {
        assert!(decode(changed, Scale::Full).is_err(), "{about}");
        let (found, damaged) = shown(changed, Scale::Full).unwrap();
        assert!(damaged, "{about}");
        for index in 0..12 {
            let found = row(&found[0], index);
            if lost.contains(&index) {
                assert_eq!(found, [128; 256], "{about}: row {index}");
            } else {
                assert_eq!(found, row(&whole[0], index), "{about}: row {index}");
            }
        }
    };
    // The data of the fourth row, from its first byte on.
    let mut changed = file.clone();
    changed[marker(2) + 2..marker(2) + 4].copy_from_slice(&[0xff, 0x55]);
    check("data", &changed, &[3]);
    // The marker before the fourth row.
    let without = [&file[..marker(2)], &file[marker(3)..]].concat();
    check("a row", &without, &[3]);
    let mut changed = file.clone();
    changed[marker(4) + 1] = 0xd3;
    check("a wrong number", &changed, &[5]);
    // Of two scans, one is cut off.
    let scans = [0, 1, 2].map(|component| Scan::sequential(&[component], 0));
    let picture = Picture::random(&mut random, 32, 32, FACTORS[2], 0, (4, 8)).in_scans(false, scans.to_vec());
    let file = picture.file();
    let last = file.windows(2).rposition(|pair| pair == [0xff, 0xda]).unwrap();
    let (whole, _) = shown(&file, Scale::Full).unwrap();
    let (found, damaged) = shown(&file[..last], Scale::Full).unwrap();
    assert!(damaged);
    assert_eq!(found[..2], whole[..2]);
    assert!(found[2].iter().flatten().all(|sample| *sample == 128));
}

/// A progressive file that is cut off shows all pixels with less detail.
#[test]
fn shown_truncated_progressive_file_lacks_detail() {
    let mut random = Random(53);
    let [_, (progressive, scans)] = scripts();
    let picture = Picture::random(&mut random, 40, 40, FACTORS[5], 0, (4, 8));
    let file = picture.in_scans(progressive, scans.clone()).file();
    let picture = Picture::random(&mut Random(53), 40, 40, FACTORS[5], 0, (4, 8));
    let fewer = picture.in_scans(progressive, scans[..3].to_vec()).file();
    let fourth = (0..file.len())
        .filter(|at| file[*at..].starts_with(&[0xff, 0xda]))
        .nth(3)
        .unwrap();
    let (found, damaged) = shown(&file[..fourth], Scale::Full).unwrap();
    assert!(damaged);
    assert_eq!(found, shown(&fewer, Scale::Full).unwrap().0);
    // Without any pixels there is nothing to show.
    let first = file.windows(2).position(|pair| pair == [0xff, 0xda]).unwrap();
    assert!(shown(&file[..first], Scale::Full).is_err());
}
