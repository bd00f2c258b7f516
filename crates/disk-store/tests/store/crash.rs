//! Crash: a process that is killed while it writes leaves whole entries, or none.

use std::env;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use super::*;

/// Set in the process that is to be killed.
const FOLDER: &str = "STORE_TEST_WRITES_INTO";
const BOUND: u64 = 3 * MIB;

/// Bodies that take one write call and several, and one that is read in pieces.
fn length(number: u64) -> usize {
    [100, 4_000, 20_000, 70_000, 200_000, 700_000][number as usize % 6]
}

/// Not a test of its own: the process that the other one kills. It never ends by itself.
#[test]
fn writes_until_it_is_killed() {
    let Some(folder) = env::var_os(FOLDER) else { return };
    let store = store(Path::new(&folder), BOUND);
    // Made beforehand, so that the process is nearly always in the middle of a write.
    let bodies: Vec<Vec<u8>> = (0..60).map(|number| body(number, length(number))).collect();
    println!("writing");
    for number in (0..60).cycle() {
        let body = &bodies[number as usize];
        store
            .write(&key(number), format!("meta {number}").as_bytes(), body)
            .unwrap();
    }
}

fn writer(folder: &Path) -> Child {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "crash::writes_until_it_is_killed", "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(
        lines.any(|line| line.unwrap().ends_with("writing")),
        "the writer begins"
    );
    child
}

#[test]
fn killed_writer_leaves_whole_entries_or_none() {
    let folder = tempfile::tempdir().unwrap();
    let mut kept = 0;
    for round in 0..15_u64 {
        let mut child = writer(folder.path());
        // At another instant each time; which one does not matter.
        std::thread::sleep(Duration::from_micros(round * round * 700 + 500));
        child.kill().unwrap();
        child.wait().unwrap();
        let temporary = fs::read_dir(folder.path().join("tmp")).unwrap().count();
        assert!(temporary <= 1, "one file is written at a time");

        let store = store(folder.path(), BOUND);
        assert_eq!(
            fs::read_dir(folder.path().join("tmp")).unwrap().count(),
            0,
            "what was half written is gone"
        );
        let counts = store.counts();
        assert_eq!(entry_files(folder.path()).len() as u64, counts.entries);
        assert!(disk_usage(folder.path()) <= BOUND);
        kept = (0..60).filter(|number| is_kept(&store, *number)).count() as u64;
        assert_eq!(kept, store.counts().entries, "every file is a whole entry");
        assert_eq!(store.counts().damaged, 0);
    }
    assert!(kept > 0, "the writers had time to write something");
}
