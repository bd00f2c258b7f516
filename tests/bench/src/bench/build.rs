//! Build bench: seconds from a clean clone to the first picture, beside the build with all plugins.
//!
//! The sources of dependencies are fetched beforehand. The clone has the last commit, not later changes. Run the bench
//! while nothing else runs.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};

use super::http::get;
use super::server::Server;
use crate::command::{self, cargo, program, read};
use crate::soak::at_most;
use crate::workspace;

/// Of the time that the build with all plugins takes.
const SHARE: f64 = 0.40;

/// Crates that a first build compiles.
const CRATES: f64 = 240.0;

pub(super) fn run() -> Result<()> {
    let folder = workspace::target()?.join("bench/build");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let clone = folder.join("clone");
    command::run(program("git", "clone --quiet").arg(workspace::root()).arg(&clone))?;
    command::run(cargo("fetch --locked").current_dir(&clone))?;
    let tree = "tree --locked -p resizer-host -e normal,build --prefix none";
    let tree = read(cargo(tree).current_dir(&clone))?;
    let crates = tree
        .lines()
        .map(|line| line.trim_end_matches(" (*)"))
        .collect::<BTreeSet<_>>()
        .len();

    let first = first_picture(&clone, &folder)?;
    println!("`cargo run --release` to the first picture: {first:.0} s, {crates} crates");
    let begun = Instant::now();
    let mut everything = cargo("build --release --locked -p resizer-host --features all");
    command::run(
        everything
            .current_dir(&clone)
            .env("CARGO_TARGET_DIR", folder.join("all")),
    )?;
    let all = begun.elapsed().as_secs_f64();
    println!("the build with all plugins: {all:.0} s");

    let fast = at_most("build, first picture by all plugins", first / all, SHARE);
    let few = at_most("build, crates", crates as f64, CRATES);
    fs::remove_dir_all(&folder)?;
    ensure!(fast && few, "a bar is not met");
    Ok(())
}

/// Seconds until the server that `cargo run --release` builds and starts answers with a picture.
fn first_picture(clone: &Path, folder: &Path) -> Result<f64> {
    let log = folder.join("run.log");
    let begun = Instant::now();
    let mut run = cargo("run --release --locked");
    run.current_dir(clone)
        .env("CARGO_TARGET_DIR", folder.join("default"))
        .env("RESIZER__SERVER__LISTEN", "127.0.0.1:0")
        .env("RESIZER__SERVER__ADMIN_LISTEN", "127.0.0.1:0")
        .stdout(Stdio::null())
        .stderr(fs::File::create(&log)?);
    // On Unix cargo becomes the server, so that this value ends it.
    let mut server = Server::of(run.spawn()?);
    loop {
        let said = fs::read_to_string(&log)?;
        let address = said
            .lines()
            .find_map(|line| Some(line.split_once("listening on http://")?.1.trim()));
        if address.is_some_and(|address| get(address, "/lake.jpg?width=400").is_ok()) {
            return Ok(begun.elapsed().as_secs_f64());
        }
        if !server.runs() {
            bail!("`cargo run --release` ended:\n{said}");
        }
        sleep(Duration::from_millis(100));
    }
}
