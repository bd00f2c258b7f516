//! Crash soak: kills the server at random moments under load and damages its cache files. Every body is compared with
//! the answer of a server without a cache, and the size of the folder is measured all the time.

mod client;

use std::fs;
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, sleep};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Result, bail};

use self::client::{Clients, Image, Random};
use super::{all_is_written, at_most, is_short, metric, shipped};
use crate::bench::http::get;
use crate::bench::server::{build_resizer, start_resizer};
use crate::{bench, tools};

const BOUND: u64 = 16 << 20;
const CLIENTS: u64 = 4;
/// How long a server lives at most before it is killed.
const LONGEST_LIFE: u64 = 1_500;

struct Size {
    kills: u32,
    damages: u64,
    widths: u64,
}

pub(super) fn run() -> Result<()> {
    let size = if is_short() {
        Size {
            kills: 5,
            damages: 50,
            widths: 60,
        }
    } else {
        Size {
            kills: 100,
            damages: 1_000,
            widths: 400,
        }
    };
    tools::debian(&[("util-linux", "/usr/bin/taskset")]);
    build_resizer()?;
    let folder = shipped("crash", &format!("{BOUND}B"))?;
    let seed = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos() as u64;
    println!("random numbers from {seed}");
    let mut random = Random::new(seed);
    let images = first_answers(&folder, size.widths)?;
    let whole: usize = images.iter().map(|image| image.body.len()).sum();
    println!(
        "{} images of {whole} bytes in all, {BOUND} bytes of cache",
        images.len()
    );

    let killed = kill(&folder, &images, size.kills, &mut random)?;
    println!(
        "{} kills: {} answers compared, {} of them hits, {} requests cut off or refused; {} bytes on disk at most",
        size.kills, killed.compared, killed.hits, killed.failed, killed.usage
    );
    let found = damage(&folder, &images, size.damages, &mut random)?;

    let largest = images.iter().map(|image| image.body.len()).max().unwrap_or(0);
    // The file that is being written, and its directory.
    let in_flight = (largest as u64).next_multiple_of(4096) + 2 * 4096;
    let over = killed.usage.saturating_sub(BOUND);
    let met = [
        at_most("crash, wrong bodies", (killed.wrong + found.wrong) as f64, 0.0),
        at_most("crash, bytes above the bound", over as f64, in_flight as f64),
        bench::verdict(
            "crash, answers from the cache",
            killed.hits as f64,
            f64::from(size.kills),
        ),
        bench::verdict("crash, damaged files found", found.found as f64, size.damages as f64),
    ];
    if met.contains(&false) {
        bail!("a bar is not met");
    }
    Ok(fs::remove_dir_all(folder)?)
}

/// The answers of a server that looks into no cache and keeps nothing.
fn first_answers(folder: &Path, widths: u64) -> Result<Vec<Image>> {
    let server = start_resizer(folder)?;
    let mut images = Vec::new();
    for name in ["lake.jpg", "dusk.jpg", "mark.png"] {
        for step in 0..widths {
            let width = 20 + step * 1_200 / widths;
            let format = ["jpg", "png", "webp"][step as usize % 3];
            let target = format!("/{name}?width={width}&format={format}");
            let body = get(&server.address, &format!("{target}&cache=no"))?.body;
            images.push(Image { target, body });
        }
    }
    Ok(images)
}

/// Observations while the server was killed again and again.
struct Killed {
    compared: u64,
    hits: u64,
    failed: u64,
    wrong: u64,
    /// The most that `du` counted.
    usage: u64,
}

fn kill(folder: &Path, images: &[Image], kills: u32, random: &mut Random) -> Result<Killed> {
    let clients = Clients::new(images);
    let (over, usage) = (AtomicBool::new(false), AtomicU64::new(0));
    let cache = folder.join("imagecache");
    let look = || usage.fetch_max(disk_usage(&cache).unwrap_or(0), Ordering::Relaxed);
    let ended = thread::scope(|scope| -> Result<()> {
        for _ in 0..CLIENTS {
            let random = Random::new(random.next());
            scope.spawn(|| clients.ask_until(&over, random));
        }
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                look();
                sleep(Duration::from_millis(50));
            }
        });
        let rounds = || -> Result<()> {
            for _ in 0..kills {
                let server = start_resizer(folder)?;
                clients.meet(&server.address);
                sleep(Duration::from_millis(random.next() % LONGEST_LIFE));
                // With SIGKILL.
                drop(server);
                look();
                if fs::read_to_string(folder.join("resizer.log"))?.contains("panicked") {
                    bail!("the server panicked; see {}", folder.join("resizer.log").display());
                }
            }
            Ok(())
        }();
        over.store(true, Ordering::Relaxed);
        rounds
    });
    ended?;
    Ok(Killed {
        compared: clients.compared(),
        hits: clients.hits(),
        failed: clients.failed(),
        wrong: clients.wrong(),
        usage: usage.into_inner(),
    })
}

struct Found {
    wrong: u64,
    found: u64,
}

/// Keeps small images, damages some of their files, and asks for all of them again; until enough was damaged.
fn damage(folder: &Path, images: &[Image], damages: u64, random: &mut Random) -> Result<Found> {
    let cache = folder.join("imagecache");
    fs::remove_dir_all(&cache)?;
    let small: Vec<Image> = images
        .iter()
        .filter(|image| image.body.len() < 20_000)
        .take(400)
        .cloned()
        .collect();
    let clients = Clients::new(&small);
    let (mut left, mut found) = (damages, 0);
    loop {
        let server = start_resizer(folder)?;
        clients.meet(&server.address);
        clients.ask_for_each()?;
        all_is_written(folder)?;
        found += metric(folder, "resizer_diskcache_damaged_total")?;
        drop(server);
        if left == 0 {
            break;
        }
        let mut files = entry_files(&cache)?;
        random.shuffle(&mut files);
        let now = left.min(files.len() as u64 * 3 / 4);
        for file in files.iter().take(now as usize) {
            damage_file(file, random)?;
        }
        left -= now;
    }
    Ok(Found {
        wrong: clients.wrong(),
        found,
    })
}

/// Cuts a file short, or turns one of its bits over.
fn damage_file(path: &Path, random: &mut Random) -> io::Result<()> {
    let file = fs::File::options().read(true).write(true).open(path)?;
    let at = random.next() % file.metadata()?.len();
    if random.next().is_multiple_of(2) {
        return file.set_len(at);
    }
    let mut byte = [0];
    file.read_exact_at(&mut byte, at)?;
    byte[0] ^= 1 << (random.next() % 8);
    file.write_all_at(&byte, at)
}

/// The files of entries: those in the directories of two digits.
fn entry_files(cache: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for directory in fs::read_dir(cache)? {
        let directory = directory?;
        if directory.file_name().len() == 2 {
            for file in fs::read_dir(directory.path())? {
                files.push(file?.path());
            }
        }
    }
    Ok(files)
}

/// The bytes that `du` counts; a file that vanishes meanwhile counts nothing.
fn disk_usage(path: &Path) -> io::Result<u64> {
    let metadata = fs::symlink_metadata(path)?;
    let mut bytes = metadata.blocks() * 512;
    if metadata.is_dir() {
        for entry in fs::read_dir(path)? {
            bytes += disk_usage(&entry?.path()).unwrap_or(0);
        }
    }
    Ok(bytes)
}
