//! Suite of the disk store: its promises, tested from outside, through its public functions and on its files.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test fails by panicking and may wait for the disk"
)]

mod bound;
mod cached;
mod cleaning;
mod contents;
mod crash;
mod damage;
mod full_disk;
mod recency;
mod several;
mod starting;
mod two_processes;

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use resizer_disk_store::{Bound, Content, EntryKey, Store};

const MIB: u64 = 1 << 20;

/// An open store that notes each use on the disk at once.
fn store(folder: &Path, bytes: u64) -> Store {
    let store = Store::open(folder, Bound::Bytes(bytes), Duration::ZERO).unwrap();
    assert!(store.take_over().unwrap(), "nobody else has the folder");
    store
}

/// The key of a numbered entry; ten to a group.
fn key(number: u64) -> EntryKey {
    let mut digest = [0x5a; 32];
    digest[..8].copy_from_slice(&number.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_le_bytes());
    digest[24..].copy_from_slice(&number.to_le_bytes());
    EntryKey::new(&format!("group {}", number / 10), digest)
}

/// The bytes written under a numbered key: they follow from the number and the length.
fn body(number: u64, length: usize) -> Vec<u8> {
    (0..)
        .flat_map(|word: u64| (word ^ number.wrapping_mul(0x2545_F491_4F6C_DD1D)).to_le_bytes())
        .take(length)
        .collect()
}

fn write(store: &Store, number: u64, length: usize) -> bool {
    store
        .write(&key(number), format!("meta {number}").as_bytes(), &body(number, length))
        .unwrap()
}

/// The bytes kept under a numbered key.
fn read(store: &Store, number: u64) -> Option<(Vec<u8>, Vec<u8>)> {
    read_key(store, &key(number))
}

fn read_key(store: &Store, key: &EntryKey) -> Option<(Vec<u8>, Vec<u8>)> {
    let found = store.read(key).unwrap()?;
    let body = match found.content {
        Content::Whole(bytes) => bytes.to_vec(),
        Content::Long(mut long) => {
            let mut all = Vec::new();
            while let Some(piece) = long.next_piece().unwrap() {
                all.extend_from_slice(&piece);
            }
            assert_eq!(all.len() as u64, long.length());
            all
        }
    };
    Some((found.meta.to_vec(), body))
}

/// Whether an entry is kept; if so, it has to be what was written.
#[track_caller]
fn is_kept(store: &Store, number: u64) -> bool {
    let Some((meta, found)) = read(store, number) else {
        return false;
    };
    assert_eq!(String::from_utf8(meta).unwrap(), format!("meta {number}"));
    assert!(
        found == body(number, found.len()),
        "entry {number} holds other bytes than were written"
    );
    true
}

/// All files and directories below a folder.
fn everything(folder: &Path) -> Vec<PathBuf> {
    let mut all = vec![folder.to_owned()];
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            all.extend(everything(&entry.path()));
        } else {
            all.push(entry.path());
        }
    }
    all
}

/// The files of entries.
fn entry_files(folder: &Path) -> Vec<PathBuf> {
    everything(folder)
        .into_iter()
        .filter(|path| path.is_file() && path.file_name().unwrap().len() > 40)
        .collect()
}

/// The bytes that `du` counts.
fn disk_usage(folder: &Path) -> u64 {
    everything(folder)
        .iter()
        .map(|path| fs::symlink_metadata(path).unwrap().blocks() * 512)
        .sum()
}
