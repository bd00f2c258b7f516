//! Progressive files: scripts of scans that encoders write and that they do not, and the scans that a scale needs.

use resizer_jpeg::{Damage, Decoder, Error, Header, Scale, Step};

use crate::file::{Picture, Random};
use crate::scans::Scan;
use crate::{FACTORS, check, check_file, decoder, reductions};

/// The script that libjpeg uses for colour pictures, with a restart interval for each scan.
pub(crate) fn usual(interval: impl Fn(usize) -> u32) -> Vec<Scan> {
    const ALL: &[usize] = &[0, 1, 2];
    let mut scans = vec![
        Scan::progressive(ALL, (0, 0), false, 1, 0),
        Scan::progressive(&[0], (1, 5), false, 2, 0),
        Scan::progressive(&[2], (1, 63), false, 1, 0),
        Scan::progressive(&[1], (1, 63), false, 1, 0),
        Scan::progressive(&[0], (6, 63), false, 2, 0),
        Scan::progressive(&[0], (1, 63), true, 1, 0),
        Scan::progressive(ALL, (0, 0), true, 0, 0),
        Scan::progressive(&[2], (1, 63), true, 0, 0),
        Scan::progressive(&[1], (1, 63), true, 0, 0),
        Scan::progressive(&[0], (1, 63), true, 0, 0),
    ];
    for (index, scan) in scans.iter_mut().enumerate() {
        scan.interval = interval(index);
    }
    scans
}

/// Bands of random length for each component, each refined bit by bit.
fn arbitrary(random: &mut Random, components: usize) -> Vec<Scan> {
    let all: Vec<usize> = (0..components).collect();
    let mut interval = {
        let mut random = Random(random.below(1000) + 1);
        move || [0, 0, 1, 3, 8][random.below(5) as usize]
    };
    let mut rounds: Vec<Vec<Scan>> = vec![Vec::new(); 4];
    let low = random.below(3) as u8;
    if random.below(2) == 0 {
        rounds[0].push(Scan::progressive(&all, (0, 0), false, low, interval()));
    } else {
        for component in &all {
            rounds[0].push(Scan::progressive(&[*component], (0, 0), false, low, interval()));
        }
    }
    for bit in (0..low).rev() {
        rounds[usize::from(low - bit)].push(Scan::progressive(&all, (0, 0), true, bit, interval()));
    }
    for component in all {
        let mut first = 1;
        while first <= 63 {
            let last = (first + random.below(40) as usize).min(63);
            let low = random.below(4) as u8;
            rounds[0].push(Scan::progressive(&[component], (first, last), false, low, interval()));
            for bit in (0..low).rev() {
                let scan = Scan::progressive(&[component], (first, last), true, bit, interval());
                rounds[usize::from(low - bit)].push(scan);
            }
            first = last + 1;
        }
    }
    rounds.concat()
}

#[test]
fn usual_progressive_file_matches_the_formula() {
    let mut random = Random(0x00c0_ffee);
    for factors in FACTORS.iter().filter(|factors| factors.len() == 3) {
        for size in reductions() {
            let (width, height) = (20 + random.below(30), 20 + random.below(30));
            let picture = Picture::random(&mut random, width, height, factors, 0, (4, 8));
            let intervals = [0, 1, 2, 5][random.below(4) as usize];
            check(
                &picture.in_scans(true, usual(|scan| intervals * (1 + scan as u32 % 3))),
                size,
            );
        }
    }
}

#[test]
fn arbitrary_progressive_script_matches_the_formula() {
    let mut random = Random(0x5eed_5eed);
    let factors: [&[(u32, u32)]; 5] = [
        &[(1, 1)],
        &[(2, 2), (1, 1), (1, 1)],
        &[(3, 1), (1, 2), (2, 1)],
        &[(4, 3), (1, 1), (2, 2)],
        &[(2, 1), (1, 1), (1, 1), (2, 1)],
    ];
    for factors in factors {
        for lengths in [(4, 8), (5, 9), (12, 12), (16, 16)] {
            for size in reductions() {
                let picture = Picture::random(&mut random, 37, 29, factors, 0, lengths);
                let script = arbitrary(&mut random, factors.len());
                check(&picture.in_scans(true, script), size);
            }
        }
    }
}

/// Bits that no scan codes are zero, and a component may have its DC coefficients only.
#[test]
fn script_that_leaves_bits_out_is_decoded_with_an_end_marker() {
    let mut random = Random(77);
    let scans = vec![
        Scan::progressive(&[0, 1, 2], (0, 0), false, 1, 0),
        Scan::progressive(&[0], (1, 10), false, 1, 2),
    ];
    for scale in Scale::ALL {
        let picture = Picture::random(&mut random, 40, 30, FACTORS[5], 0, (4, 8));
        let picture = picture.in_scans(true, scans.clone());
        check(&picture, scale);
        let file = picture.file();
        let cut = &file[..file.len() - 2];
        assert_eq!(decoder(cut, scale).unwrap_err(), Error::Truncated);
    }
}

/// At an eighth only DC scans are read: damage in the other scans does not show. Without an end marker all are read.
#[test]
fn scan_that_a_scale_does_not_need_is_skipped() {
    let mut random = Random(4242);
    let picture = Picture::random(&mut random, 50, 40, FACTORS[5], 0, (4, 8));
    let picture = picture.in_scans(true, usual(|_| 0));
    let mut file = picture.file();
    let scans: Vec<usize> = (0..file.len() - 1)
        .filter(|at| file[*at..].starts_with(&[0xff, 0xda]))
        .collect();
    assert_eq!(scans.len(), 10);
    let steps = |file: &[u8], scale| {
        let mut decoder = decoder(file, scale).unwrap();
        let mut steps = 0;
        while decoder.step().unwrap() != Step::Rows {
            steps += 1;
        }
        steps + 1
    };
    assert_eq!(steps(&file, Scale::Full), 10);
    assert_eq!(steps(&file, Scale::Eighth), 2);
    assert_eq!(steps(&file[..file.len() - 2], Scale::Eighth), 10);
    // Behind the header of the fourth scan, of AC coefficients: a marker that ends the data.
    file[scans[3] + 10..scans[3] + 12].copy_from_slice(&[0xff, 0x55]);
    check_file(&picture, &file, Scale::Eighth);
    assert_eq!(decoder(&file, Scale::Full).unwrap().advance(), Err(Error::Truncated));
}

/// A scan that breaks the rules of G.1.1.1 is refused, and so are more than 200 scans.
#[test]
fn contradictory_script_is_refused() {
    let mut random = Random(31);
    let mut refusal = |scan: Scan| {
        let picture = Picture::random(&mut random, 16, 16, FACTORS[2], 0, (4, 8));
        let first = Scan::progressive(&[0, 1, 2], (0, 0), false, 0, 0);
        let mut file = picture.in_scans(true, vec![first.clone(), first]).file();
        let at = file.windows(2).rposition(|pair| pair == [0xff, 0xda]).unwrap();
        let high = if scan.refines { scan.low + 1 } else { 0 };
        file[at + 11..at + 14].copy_from_slice(&[scan.first as u8, scan.last as u8, high << 4 | scan.low]);
        Header::read(&file, Damage::Refuse).map(|header| header.width())
    };
    let damaged = Err(Error::Corrupt("one of its scan headers is damaged"));
    assert_eq!(refusal(Scan::progressive(&[], (0, 0), false, 13, 0)), Ok(16));
    assert_eq!(refusal(Scan::progressive(&[], (0, 0), true, 0, 0)), Ok(16));
    // DC and AC together, AC of several components, an empty band, one too long, too many bits.
    assert_eq!(refusal(Scan::progressive(&[], (0, 5), false, 0, 0)), damaged);
    assert_eq!(refusal(Scan::progressive(&[], (1, 5), false, 0, 0)), damaged);
    assert_eq!(refusal(Scan::progressive(&[], (5, 4), false, 0, 0)), damaged);
    assert_eq!(refusal(Scan::progressive(&[], (1, 64), false, 0, 0)), damaged);
    assert_eq!(refusal(Scan::progressive(&[], (0, 0), false, 14, 0)), damaged);

    for (scans, expected) in [(200, Ok(16)), (201, Err(Error::Corrupt("it has more than 200 scans")))] {
        let picture = Picture::random(&mut random, 16, 16, FACTORS[0], 0, (4, 8));
        let scans = vec![Scan::progressive(&[0], (0, 0), false, 0, 0); scans];
        let file = picture.in_scans(true, scans).file();
        let found = Header::read(&file, Damage::Refuse).map(|header| header.width());
        assert_eq!(found, expected);
    }
}

/// The memory of a progressive photograph does not grow with its height.
#[test]
fn memory_of_a_progressive_picture_is_that_of_a_row() {
    let mut random = Random(8);
    let picture = Picture::random(&mut random, 16, 16, FACTORS[5], 0, (4, 8));
    let mut file = picture.in_scans(true, usual(|_| 0)).file();
    let frame = file.windows(2).position(|pair| pair == [0xff, 0xc2]).unwrap();
    let mut bytes = |height: u16, scale: Scale| {
        file[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
        file[frame + 7..frame + 9].copy_from_slice(&12_000_u16.to_be_bytes());
        Header::read(&file, Damage::Refuse).unwrap().decoder_bytes(scale)
    };
    assert_eq!(bytes(16, Scale::Full), bytes(8000, Scale::Full));
    // 4,500 blocks of 138 bytes, and 310 KB of samples.
    assert!(bytes(8000, Scale::Full) < 1_100_000, "{}", bytes(8000, Scale::Full));
    assert!(bytes(8000, Scale::Eighth) < 100_000, "{}", bytes(8000, Scale::Eighth));
    assert!(Decoder::new(&Header::read(&file, Damage::Refuse).unwrap(), Scale::Full).is_ok());
}
