//! Two processes on one folder: one writes, the other reads, until the first is killed.

use std::env;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use super::*;

/// Set in the process that has the folder.
const FOLDER: &str = "STORE_TEST_HAS_THE_FOLDER";

/// Not a test of its own: the process that has the folder. It ends when it is killed.
#[test]
fn has_the_folder_until_it_is_killed() {
    let Some(folder) = env::var_os(FOLDER) else { return };
    let store = store(Path::new(&folder), 8 * MIB);
    for number in 0..10 {
        assert!(write(&store, number, 10_000));
    }
    println!("written");
    loop {
        std::thread::park();
    }
}

#[test]
fn second_process_writes_when_the_first_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = Command::new(env::current_exe().unwrap())
        .args([
            "--exact",
            "two_processes::has_the_folder_until_it_is_killed",
            "--nocapture",
        ])
        .env(FOLDER, folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(first.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().ends_with("written")));

    let second = Store::open(folder.path(), Bound::Bytes(8 * MIB), Duration::ZERO).unwrap();
    let before = everything(folder.path());
    assert!(!second.owns() && !second.take_over().unwrap());
    for number in 0..10 {
        assert!(is_kept(&second, number));
    }
    assert!(!write(&second, 11, 1000));
    assert_eq!(everything(folder.path()), before, "it writes nothing");

    first.kill().unwrap();
    first.wait().unwrap();
    assert!(second.take_over().unwrap(), "the lock went with the process");
    assert!(write(&second, 11, 1000) && is_kept(&second, 11) && is_kept(&second, 9));
}
