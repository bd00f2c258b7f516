//! HTTP bench: whole jobs over HTTP without any cache, beside ipx, a server in Node with sharp inside.
//!
//! Both servers have core 0 in turn, the clients core 1. There are many names for two photographs of 12 megapixels, and
//! each request is for another one: a server that produces one result for all who wait for it would have an advantage
//! that is measured elsewhere.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rustix::thread::{CpuSet, sched_setaffinity};

use super::http::get;
use super::installed::{add_script, npm};
use super::pictures::Pictures;
use super::server::{Server, build_resizer, on_core, start_resizer};
use super::sharp::Sharp;
use super::wrk::{rate, wrk};
use super::{median, page, verdict};
use crate::soak::load::{Outcome, open, quantile};
use crate::{tools, workspace};

const PACKAGE: &str = "ipx@3.1.1";
const SOURCES: [&str; 2] = ["p12_bark_420.jpg", "p12_koi_420.jpg"];
const NAMES: usize = 1000;
const PLUGINS: &str = "[[plugin]]\nname = \"filereader\"\nfolder = \"images\"\nprefix = \"/\"\n";
const CONNECTIONS: u32 = 8;
const ROUNDS: usize = 5;
const SECONDS: u32 = 6;
/// Of the open loop.
const TIME: Duration = Duration::from_secs(60);
/// Of the slower server's requests per second.
const LOAD: f64 = 0.5;
/// Our requests per second, as a multiple of ipx'.
const BAR: f64 = 2.0;

/// A server, and its target for a file, in which `%d` is the number.
struct Measured {
    name: &'static str,
    server: Server,
    target: &'static str,
}

/// With `write` the result goes into `docs/benchmarks.md`, too.
pub(super) fn run(write: bool) -> Result<()> {
    tools::debian(&[("wrk", "/usr/bin/wrk"), ("util-linux", "/usr/bin/taskset")]);
    build_resizer()?;
    let target = workspace::target()?;
    let folder = target.join("bench/http");
    let pixels = target.join("bench/pixels");
    let pictures = Pictures::prepare(&pixels, &Sharp::install(&pixels)?)?;
    let modules = npm(PACKAGE, &folder.join("ipx"))?;
    provide(&folder, &pictures)?;
    let (ipx, versions) = start_ipx(&folder, &modules)?;
    let servers = [
        Measured {
            name: "resizer",
            server: start_resizer(&folder)?,
            target: "/%d.jpg?width=400&quality=80&format=jpg",
        },
        Measured {
            name: "ipx",
            server: ipx,
            target: "/w_400,q_80,f_jpeg/%d.jpg",
        },
    ];
    let about = format!(
        "Measured on {}, beside {versions}. {}\n",
        page::machine()?,
        pictures.origin
    );
    println!("{about}");
    // The load generators are threads of this process and programs that it starts.
    let mut core = CpuSet::new();
    core.set(1);
    sched_setaffinity(None, &core)?;

    for measured in &servers {
        let bytes = get(&measured.server.address, &measured.target.replace("%d", "0"))?
            .body
            .len();
        println!("{}: {}: {bytes} bytes", measured.name, measured.target);
    }
    let idle = memory(&servers, "VmRSS:")?;
    let mut rates = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        for (measured, rates) in servers.iter().zip(&mut rates) {
            rates.push(closed(measured)?);
        }
    }
    let multiple = median(
        rates[0]
            .iter()
            .zip(&rates[1])
            .map(|(ours, theirs)| ours / theirs)
            .collect(),
    );
    let rates = rates.map(median);
    let rate = rates[0].min(rates[1]) * LOAD;
    let mut lines = format!(
        "| server | requests/s, closed loop | p50, p95, p99 at {rate:.1} requests/s, ms | resident: idle, peak, MB |\n\
         |---|---|---|---|\n"
    );
    let mut times = Vec::new();
    for measured in &servers {
        times.push(arrivals(measured, rate)?);
    }
    let peak = memory(&servers, "VmHWM:")?;
    for (index, measured) in servers.iter().enumerate() {
        lines.push_str(&format!(
            "| {} | {:.1} | {} | {:.0}, {:.0} |\n",
            measured.name, rates[index], times[index], idle[index], peak[index]
        ));
    }
    print!("\n{lines}\n");
    let met = verdict("http, closed loop, times ipx' requests/s", multiple, BAR);
    if write {
        let said = format!("Our requests per second are {multiple:.2} times ipx'; the bar is {BAR:.0}.\n");
        page::write("http", &[&about, "\n", &lines, "\n", &said].concat())?;
    }
    if !met {
        bail!("a bar is not met");
    }
    Ok(())
}

/// The images under their names, and a configuration without caches.
fn provide(folder: &Path, pictures: &Pictures) -> Result<()> {
    let images = folder.join("images");
    if images.exists() {
        fs::remove_dir_all(&images)?;
    }
    fs::create_dir_all(&images)?;
    for (index, source) in SOURCES.iter().enumerate() {
        // Its bytes, not its rights.
        fs::write(images.join(format!("{index}.jpg")), fs::read(pictures.path(source)?)?)?;
    }
    for index in SOURCES.len()..NAMES {
        let same = images.join(format!("{}.jpg", index % SOURCES.len()));
        fs::hard_link(same, images.join(format!("{index}.jpg")))?;
    }
    Ok(fs::write(folder.join("plugins.toml"), PLUGINS)?)
}

/// The server, and the versions of what is in it.
fn start_ipx(folder: &Path, modules: &Path) -> Result<(Server, String)> {
    let mut command = on_core(0);
    command.arg("node");
    add_script(&mut command, modules, "ipx/ipx.cjs");
    let mut child = command.arg(folder.join("images")).stdout(Stdio::piped()).spawn()?;
    let said = child.stdout.take().context("no standard output")?;
    let mut server = Server::of(child);
    let mut line = String::new();
    BufReader::new(said).read_line(&mut line)?;
    let words: Vec<&str> = line.split_whitespace().collect();
    let &[address, sharp, vips] = words.as_slice() else {
        bail!("ipx does not start");
    };
    server.address = address.to_owned();
    Ok((server, format!("{PACKAGE} with sharp {sharp} and libvips {vips}")))
}

/// Requests per second of clients that ask again as soon as they are answered.
fn closed(measured: &Measured) -> Result<f64> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/bench/ipx/next.lua");
    let mut wrk = wrk(CONNECTIONS, SECONDS);
    wrk.arg("-s")
        .arg(script)
        .arg(format!("http://{}", measured.server.address));
    wrk.args(["--", measured.target, &NAMES.to_string()]);
    rate(&mut wrk).context(measured.name)
}

/// The quantiles of the time since a request was due, at so many requests a second.
fn arrivals(measured: &Measured, rate: f64) -> Result<String> {
    let target = |index: u64| measured.target.replace("%d", &(index % NAMES as u64).to_string());
    let outcomes = open(&measured.server.address, rate, TIME, target);
    ensure!(
        outcomes.iter().all(Outcome::is_good),
        "{}: a request failed",
        measured.name
    );
    let times = [0.5, 0.95, 0.99].map(|share| quantile(&outcomes, share).as_secs_f64() * 1000.0);
    Ok(times.map(|time| format!("{time:.0}")).join(", "))
}

/// Megabytes of each server.
fn memory(servers: &[Measured; 2], line: &str) -> Result<Vec<f64>> {
    let megabytes = |measured: &Measured| Ok(measured.server.status_bytes(line)? as f64 / 1024.0 / 1024.0);
    servers.iter().map(megabytes).collect()
}
