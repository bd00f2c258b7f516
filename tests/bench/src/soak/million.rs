//! Soak of a cache folder with a million entries: time to the first answer, bytes of the index, time of a purge, and
//! the size bound; and the hit rate of a smaller cache beside the plainest one.

use std::collections::HashMap;
use std::fs;
use std::io::Write as _;
use std::net::TcpStream;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::{admin_address, all_is_written, at_most, is_short, shipped};
use crate::bench::http::{answer, get};
use crate::bench::server::{build_resizer, start_resizer};
use crate::command::{self, cargo, read};
use crate::{bench, tools, workspace};

const IMAGES: [&str; 3] = ["lake.jpg", "dusk.jpg", "mark.png"];
const PURGES_OF_EACH: u32 = 7;
/// A file of 40,000 bytes and its directory, which `measure` writes one at a time.
const IN_FLIGHT: f64 = 40_960.0 + 2.0 * 4096.0;

pub(super) fn run() -> Result<()> {
    let entries = if is_short() { 50_000 } else { 1_000_000 };
    tools::debian(&[("util-linux", "/usr/bin/taskset")]);
    build_resizer()?;
    command::run(&mut cargo(
        "build --profile dist --locked -p resizer-disk-store --example million",
    ))?;
    let folder = shipped("million", "64GiB")?;
    let cache = folder.join("imagecache");

    // Some real results, and then the many.
    let server = start_resizer(&folder)?;
    ask_for_all(&server.address, IMAGES[0])?;
    all_is_written(&folder)?;
    drop(server);
    let filled = example("fill", &cache, Some(entries))?;
    println!("{:.0} entries in the folder", number(&filled, "entries")?);

    let begun = Instant::now();
    let server = start_resizer(&folder)?;
    let first = get(&server.address, &target(IMAGES[0], 0))?;
    let first_hit = begun.elapsed().as_secs_f64();
    if first.header("x-cache") != Some("hit") {
        bail!("not from the cache: X-Cache: {:?}", first.header("x-cache"));
    }
    is_listed(&folder)?;
    println!("the folder is known after {:.2} s", begun.elapsed().as_secs_f64());
    let purge = purges(&folder, &server.address)?;
    drop(server);

    let measured = example("measure", &cache, None)?;
    let of = |name: &str| number(&measured, name);
    println!(
        "listed in {} s; a group of ten removed in {} ms at most; {} gave way",
        of("list_seconds")?,
        of("remove_group_worst_ms")?,
        of("evicted")?
    );
    let (met, plain) = shares()?;
    println!("of a Zipf trace {met} met, {plain} by the plainest cache");
    let met = [
        at_most("million, seconds to the first hit", first_hit, 2.0),
        at_most("million, bytes of index an entry", of("index_bytes")?, 150.0),
        at_most("million, the same while it is listed", of("listing_bytes")?, 150.0),
        at_most("million, ms of a purge by /purge?source=", purge, 10.0),
        at_most("million, ms of a purge in the store", of("remove_group_ms")?, 10.0),
        at_most("million, bytes above the bound", of("over_bound_bytes")?, IN_FLIGHT),
        bench::verdict("million, hit rate by that of ideal LRU", met / plain, 0.95),
    ];
    fs::remove_dir_all(folder)?;
    if met.contains(&false) {
        bail!("a bar is not met");
    }
    Ok(())
}

fn target(image: &str, size: u32) -> String {
    format!("/{image}?width={}", 40 + size)
}

fn ask_for_all(address: &str, image: &str) -> Result<()> {
    for size in 0..10 {
        get(address, &target(image, size))?;
    }
    Ok(())
}

fn is_listed(folder: &Path) -> Result<()> {
    for _ in 0..6_000 {
        if fs::read_to_string(folder.join("resizer.log"))?.contains("the cache folder is ready") {
            return Ok(());
        }
        sleep(Duration::from_millis(50));
    }
    bail!("the cache folder is never ready")
}

/// Purges images with ten results each; the median in milliseconds, as the client of the admin listener sees it.
fn purges(folder: &Path, address: &str) -> Result<f64> {
    let admin = admin_address(folder)?;
    let mut times = Vec::new();
    for _ in 0..PURGES_OF_EACH {
        for image in IMAGES {
            ask_for_all(address, image)?;
            all_is_written(folder)?;
            let begun = Instant::now();
            let mut stream = TcpStream::connect(&admin)?;
            write!(
                stream,
                "POST /purge?source=/{image} HTTP/1.1\r\nHost: {admin}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            )?;
            let report = answer(&mut stream)?;
            times.push(begun.elapsed().as_secs_f64() * 1000.0);
            if get(address, &target(image, 0))?.header("x-cache") == Some("hit") {
                bail!(
                    "{image} was purged and is there: {}",
                    String::from_utf8_lossy(&report.body)
                );
            }
        }
    }
    Ok(bench::median(times))
}

/// The figures that the store's own program prints, by name.
fn example(what: &str, cache: &Path, entries: Option<u64>) -> Result<HashMap<String, String>> {
    let program = workspace::target()?.join("dist/examples/million");
    let mut command = command::program(program, what);
    command.arg(cache).args(entries.map(|entries| entries.to_string()));
    let output = read(&mut command)?;
    let pairs = output.lines().filter_map(|line| line.split_once(' '));
    Ok(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

fn number(measured: &HashMap<String, String>, name: &str) -> Result<f64> {
    let value = measured
        .get(name)
        .with_context(|| format!("`{name}` was not measured"))?;
    value.parse().with_context(|| format!("`{name}` is no number"))
}

/// The hit rates of a store and of an ideal LRU, as the store's own test finds them.
fn shares() -> Result<(f64, f64)> {
    let output = read(&mut cargo(
        "test --locked -p resizer-disk-store --test store recency -- --nocapture",
    ))?;
    let line = output
        .lines()
        .find_map(|line| line.split_once("met ")?.1.split_once(" plain "));
    let (met, plain) = line.context("the test says no hit rates")?;
    Ok((met.trim().parse()?, plain.trim().parse()?))
}
