//! Fills a folder with a great many entries and measures a store on it. Run by `cargo xtask soak million`, which reads
//! the printed lines, `name value` each.
//!
//! `million fill FOLDER ENTRIES` adds so many entries of a few bytes; `million measure FOLDER` opens the folder,
//! removes groups and drives the folder over its bound.
#![expect(clippy::disallowed_methods, reason = "nobody waits for it but its user")]

use std::env;
use std::error::Error;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use peak_alloc::PeakAlloc;
use resizer_disk_store::{Bound, EntryKey, Store};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// More than all of it takes.
const ROOM: Bound = Bound::Bytes(64 << 30);
const NOTE_USE_AFTER: Duration = Duration::from_secs(3600);
/// Entries of one group: sizes and formats of one image.
const PER_GROUP: u64 = 10;
const GROUPS_REMOVED: u64 = 21;
const ROUNDS: u64 = 10;
const WRITES_A_ROUND: u64 = 2_000;
/// The bytes of each larger entry that drives the folder over its bound.
const LARGE: usize = 40_000;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["fill", folder, entries] => fill(folder.as_ref(), entries.parse()?)?,
        ["measure", folder] => measure(folder.as_ref())?,
        _ => return Err("usage: million fill FOLDER ENTRIES | million measure FOLDER".into()),
    }
    Ok(())
}

fn fill(folder: &Path, entries: u64) -> io::Result<()> {
    let store = Store::open(folder, ROOM, NOTE_USE_AFTER).map_err(io::Error::other)?;
    store.take_over()?;
    for number in 0..entries {
        store.write(&key(number), b"meta", &number.to_le_bytes())?;
    }
    println!("entries {}", store.counts().entries);
    Ok(())
}

fn measure(folder: &Path) -> io::Result<()> {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let begun = Instant::now();
    let store = Store::open(folder, ROOM, NOTE_USE_AFTER).map_err(io::Error::other)?;
    store.take_over()?;
    println!("list_seconds {:.3}", begun.elapsed().as_secs_f64());
    let counts = store.counts();
    let an_entry = |bytes: usize| (bytes - before) as f64 / counts.entries as f64;
    println!("index_bytes {:.1}", an_entry(MEMORY.current_usage()));
    println!("listing_bytes {:.1}", an_entry(MEMORY.peak_usage()));

    let mut times = Vec::new();
    for group in 0..GROUPS_REMOVED {
        let begun = Instant::now();
        let removed = store.remove_group(&group_of(group * 97 * PER_GROUP))?;
        times.push(begun.elapsed().as_secs_f64() * 1000.0);
        if removed != PER_GROUP {
            return Err(io::Error::other(format!(
                "a group of {PER_GROUP} had {removed} entries"
            )));
        }
    }
    times.sort_by(f64::total_cmp);
    println!("remove_group_ms {:.2}", times[times.len() / 2]);
    println!("remove_group_worst_ms {:.2}", times[times.len() - 1]);
    drop(store);
    drive_over(folder, counts.bytes)
}

/// A bound that is reached already: each write is one too many.
fn drive_over(folder: &Path, bound: u64) -> io::Result<()> {
    let store = Store::open(folder, Bound::Bytes(bound), NOTE_USE_AFTER).map_err(io::Error::other)?;
    store.take_over()?;
    let body = vec![7; LARGE];
    let (mut counted, mut used) = (0, 0);
    for round in 0..ROUNDS {
        for number in 0..WRITES_A_ROUND {
            // None that is there already.
            let number = u64::MAX - round * WRITES_A_ROUND - number;
            store.write(&key(number), b"meta", &body)?;
            counted = store.counts().bytes.max(counted);
        }
        used = disk_usage(folder)?.max(used);
    }
    println!("evicted {}", store.counts().evicted);
    println!("over_bound_bytes {}", counted.max(used).saturating_sub(bound));
    Ok(())
}

fn group_of(number: u64) -> String {
    format!("photos/{}.jpg", number / PER_GROUP)
}

fn key(number: u64) -> EntryKey {
    let mut digest = [0x5a; 32];
    digest[..8].copy_from_slice(&number.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_le_bytes());
    digest[24..].copy_from_slice(&number.to_le_bytes());
    EntryKey::new(&group_of(number), digest)
}

/// The bytes that `du` counts.
fn disk_usage(folder: &Path) -> io::Result<u64> {
    let mut bytes = fs::metadata(folder)?.blocks() * 512;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        bytes += match entry.metadata()? {
            metadata if metadata.is_dir() => disk_usage(&entry.path())?,
            metadata => metadata.blocks() * 512,
        };
    }
    Ok(bytes)
}
