//! Damaged files: each is a miss, is removed and counted.

use std::fs;
use std::os::unix::net::UnixListener;
use std::sync::mpsc;

use rustix::fs::{CWD, FileType, Mode, mknodat};

use super::*;

/// One entry in a folder of its own, and its file.
fn one_entry(folder: &Path, length: usize) -> (Store, PathBuf) {
    let store = store(folder, 64 * MIB);
    assert!(write(&store, 7, length));
    let files = entry_files(folder);
    let [file] = files.as_slice() else { panic!("{files:?}") };
    (store, file.clone())
}

/// Replaces the file of the entry, as a disk does that lost or changed a part of it.
fn is_a_miss(store: &Store, file: &Path, bytes: &[u8], what: &str) {
    fs::write(file, bytes).unwrap();
    let before = store.counts().damaged;
    assert!(read(store, 7).is_none(), "{what}: an entry was given out");
    assert!(!file.exists(), "{what}: the file is still there");
    assert_eq!(store.counts().damaged, before + 1, "{what}");
}

#[test]
fn file_cut_anywhere_is_a_miss() {
    let folder = tempfile::tempdir().unwrap();
    let (store, file) = one_entry(folder.path(), 500);
    let whole = fs::read(&file).unwrap();
    for length in 0..whole.len() {
        assert!(write(&store, 7, 500));
        is_a_miss(&store, &file, &whole[..length], &format!("cut to {length} bytes"));
    }
    for longer in [1, 4096] {
        assert!(write(&store, 7, 500));
        let bytes = [&whole[..], &vec![0; longer]].concat();
        is_a_miss(&store, &file, &bytes, &format!("{longer} bytes longer"));
    }
    assert!(write(&store, 7, 500));
    assert!(is_kept(&store, 7), "and what is written afterwards is found");
}

#[test]
fn file_with_any_bit_flipped_is_a_miss() {
    let folder = tempfile::tempdir().unwrap();
    let (store, file) = one_entry(folder.path(), 300);
    let whole = fs::read(&file).unwrap();
    for place in 0..whole.len() {
        for bit in 0..8 {
            let mut flipped = whole.clone();
            flipped[place] ^= 1 << bit;
            is_a_miss(&store, &file, &flipped, &format!("bit {bit} of byte {place}"));
        }
    }
    fs::write(&file, &whole).unwrap();
    assert!(write(&store, 7, 300) && is_kept(&store, 7));
}

#[test]
fn large_damaged_entry_gives_out_nothing() {
    let length = 3_000_001;
    let folder = tempfile::tempdir().unwrap();
    let (store, file) = one_entry(folder.path(), length);
    assert_eq!(read(&store, 7).unwrap().1, body(7, length));
    let whole = fs::read(&file).unwrap();
    for place in [0, 8, 40, 70, 90, 100_000, 1_000_000, whole.len() / 2, whole.len() - 1] {
        assert!(write(&store, 7, length));
        let mut flipped = whole.clone();
        flipped[place] ^= 0x10;
        is_a_miss(&store, &file, &flipped, &format!("byte {place}"));
    }
    for length in [0, 71, 65_536, 1 << 20, whole.len() / 2, whole.len() - 1] {
        assert!(write(&store, 7, 3_000_001));
        is_a_miss(&store, &file, &whole[..length], &format!("cut to {length} bytes"));
    }
}

#[test]
fn large_entry_that_changes_while_sent_breaks_off() {
    let folder = tempfile::tempdir().unwrap();
    let (store, file) = one_entry(folder.path(), 3_000_000);
    let Content::Long(mut long) = store.read(&key(7)).unwrap().unwrap().content else {
        panic!("three megabytes at once in memory")
    };
    let mut bytes = fs::read(&file).unwrap();
    bytes[2_500_000] ^= 1;
    fs::write(&file, bytes).unwrap();
    let mut came = 0;
    let end = loop {
        match long.next_piece() {
            Ok(Some(piece)) => came += piece.len(),
            end => break end.map(|_| ()),
        }
    };
    assert!(end.is_err() && came < 3_000_000, "{came} bytes came, and then {end:?}");
}

#[test]
fn file_under_the_name_of_another_is_a_miss() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path(), 64 * MIB);
    assert!(write(&store, 1, 100));
    let first = entry_files(folder.path()).remove(0);
    // The same group and the same half of the digest: the same file. The key in the file tells them apart.
    let mut digest = [0x5a; 32];
    digest[..8].copy_from_slice(&1_u64.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_le_bytes());
    let namesake = EntryKey::new("group 0", digest);
    assert!(store.may_have(&namesake));
    assert!(read_key(&store, &namesake).is_none());
    assert!(is_kept(&store, 1), "it does no harm to ask");
    // A sound file, copied over another.
    assert!(write(&store, 2, 100));
    let second = entry_files(folder.path())
        .into_iter()
        .find(|file| *file != first)
        .unwrap();
    fs::copy(&first, &second).unwrap();
    assert!(read(&store, 2).is_none());
}

#[test]
fn file_that_vanished_is_a_miss() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path(), 64 * MIB);
    for number in 0..20 {
        assert!(write(&store, number, 1000));
    }
    for path in fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            fs::remove_dir_all(path).unwrap();
        }
    }
    for number in 0..20 {
        assert!(!is_kept(&store, number));
    }
    assert_eq!((store.counts().entries, store.counts().damaged), (0, 0));
    assert!(write(&store, 1, 1000) && is_kept(&store, 1), "and the store goes on");
}

/// Something else in the place of an entry keeps no thread waiting, and goes.
#[test]
fn pipe_socket_or_directory_in_place_of_an_entry_is_a_miss() {
    type Place = fn(&Path);
    let places: [(&str, Place); 4] = [
        ("a pipe", |path| {
            mknodat(CWD, path, FileType::Fifo, Mode::RWXU, 0).unwrap();
        }),
        ("a socket", |path| drop(UnixListener::bind(path).unwrap())),
        ("a directory", |path| fs::create_dir(path).unwrap()),
        ("a link to a pipe", |path| {
            let pipe = path.parent().unwrap().join("pipe");
            mknodat(CWD, &pipe, FileType::Fifo, Mode::RWXU, 0).unwrap();
            std::os::unix::fs::symlink(pipe, path).unwrap();
        }),
    ];
    for (what, place) in places {
        let folder = tempfile::tempdir().unwrap();
        let (store, file) = one_entry(folder.path(), 500);
        fs::remove_file(&file).unwrap();
        place(&file);
        let (done, is_done) = mpsc::channel();
        std::thread::spawn(move || {
            let cached = store.read_cached(&key(7)).is_some();
            let found = read(&store, 7).is_some();
            let counted = store.counts().damaged;
            let group = store.remove_group("group 0").is_ok();
            let written = write(&store, 7, 500) && is_kept(&store, 7);
            done.send((cached, found, counted, group, written)).unwrap();
        });
        let outcome = is_done.recv_timeout(Duration::from_secs(30));
        assert_eq!(outcome, Ok((false, false, 1, true, true)), "{what}");
    }
}

/// A file that a killed process has left does not stop the next one.
#[test]
fn pipe_in_place_of_a_temporary_file_delays_no_write() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path(), 64 * MIB);
    for number in 0..9 {
        let path = folder.path().join(format!("tmp/{number}"));
        if !path.exists() {
            mknodat(CWD, &path, FileType::Fifo, Mode::RWXU, 0).unwrap();
        }
    }
    let (done, is_done) = mpsc::channel();
    std::thread::spawn(move || done.send(write(&store, 1, 1000) && is_kept(&store, 1)));
    assert_eq!(is_done.recv_timeout(Duration::from_secs(30)), Ok(true));
}

#[test]
fn write_that_fails_is_an_error_and_reads_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path(), 64 * MIB);
    assert!(write(&store, 1, 1000));
    let temporary = folder.path().join("tmp");
    fs::remove_dir_all(&temporary).unwrap();
    fs::write(&temporary, b"in the way").unwrap();
    assert!(store.write(&key(2), b"", &body(2, 1000)).is_err());
    assert!(store.write(&key(1), b"", &body(1, 2000)).is_err());
    assert!(is_kept(&store, 1) && !is_kept(&store, 2));
    fs::remove_file(&temporary).unwrap();
    assert!(write(&store, 2, 1000) && is_kept(&store, 2), "it recovers by itself");
}

#[test]
fn path_that_is_no_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, b"x").unwrap();
    for path in [file.clone(), file.join("below")] {
        let error = Store::open(&path, Bound::ShareOfDisk, Duration::ZERO).unwrap_err();
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    }
}
